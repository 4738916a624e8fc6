"""Functions of ``torch`` that take sequences or flexible arguments, over operators of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, Union

from torch import _C, _override
from torch._C import _VariableFunctions as _F
from torch._tensor import Tensor

_call: dict[str, Any] = {}


def _op(name: str, overload: str = "") -> Any:
    """The boxed operator, found at first use."""
    key = f"{name}.{overload}"
    if key not in _call:
        _call[key] = _C._find_op(name, overload)
    return _call[key]


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    """Whether ``obj`` is a storage."""
    from torch.storage import TypedStorage

    return isinstance(obj, (TypedStorage, _C.StorageBase))


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating-point type."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    return input.is_complex()


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative values."""
    return input.is_signed()


def is_nonzero(input: Tensor) -> bool:
    """Truth of a one-element tensor."""
    return bool(input)


def is_conj(input: Tensor) -> bool:
    """Whether the conjugate is still to be taken when values are read."""
    return input.is_conj()


def is_neg(input: Tensor) -> bool:
    """Whether the negative is still to be taken when values are read."""
    return input.is_neg()


def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made in inference mode."""
    return input.is_inference()


def get_device(input: Tensor) -> int:
    """Index of the CUDA device that holds the tensor, -1 for the CPU."""
    return input.get_device()


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Changes the shape of ``input`` in place to that of another tensor."""
    return input.resize_as_(the_template, memory_format=memory_format)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape."""
    return input.shape == other.shape


def numel(input: Tensor) -> int:
    """Number of elements."""
    return input.numel()


def typename(obj: Any) -> str:
    """Name of an object's type; of a tensor its legacy type."""
    if isinstance(obj, Tensor):
        return obj.type()
    cls = type(obj)
    return cls.__qualname__ if cls.__module__ in ("", "builtins") else f"{cls.__module__}.{cls.__qualname__}"


def set_default_dtype(d: Any) -> None:
    """Sets the dtype of new floating-point tensors (float32 at first)."""
    _C._set_default_dtype(d)


def set_printoptions(*args: Any, **kwargs: Any) -> None:
    """Sets how tensors print: precision, threshold, edgeitems, linewidth, profile, sci_mode."""
    from torch import _tensor_str

    _tensor_str.set_printoptions(*args, **kwargs)


def from_dlpack(ext_tensor: Any, **kwargs: Any) -> Tensor:
    """Tensor over the memory of an object with ``__dlpack__``, or of a DLPack capsule."""
    return _C._from_dlpack(ext_tensor, **kwargs)


def to_dlpack(tensor: Tensor) -> Any:
    """DLPack capsule of a tensor."""
    return _C._to_dlpack(tensor)


def _tensors(args: tuple[Any, ...]) -> list[Tensor]:
    return list(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple)) else list(args)


def broadcast_shapes(*shapes: Any) -> _C.Size:
    """Shape that tensors of the given shapes broadcast to; RuntimeError if they do not."""
    tuples = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    result: list[int] = []
    for shape in tuples:
        if len(shape) > len(result):
            result = [1] * (len(shape) - len(result)) + result
        for i in range_(len(shape)):
            size, at = shape[-1 - i], len(result) - 1 - i
            if size < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({size}): ({size})")
            if size != 1 and result[at] not in (1, size):
                raise RuntimeError(
                    "Shape mismatch: objects cannot be broadcast to a single shape: " + ", ".join(map(str, tuples))
                )
            if size != 1:
                result[at] = size
    return _C.Size(result)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to their common shape."""
    ts = _tensors(tensors)
    shape = broadcast_shapes(*(t.shape for t in ts))
    return tuple(t.expand(shape) for t in ts)


def split(tensor: Tensor, split_size_or_sections: Union[int, Sequence[int]], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along a dimension, of one size or of the given sizes (views)."""
    return tensor.split(split_size_or_sections, dim)


def einsum(*args: Any) -> Tensor:
    """Sum of products by Einstein's convention.

    ``einsum("ij,jk->ik", a, b)``, or with sublists ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, "
            "or at least one operand and its subscripts list"
        )
    if isinstance(args[0], Tensor):
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

        def text(sublist: Sequence[Any]) -> str:
            return "".join("..." if s is Ellipsis else letters[s] for s in sublist)

        operands = list(args[: len(args) // 2 * 2 : 2])
        equation = ",".join(text(s) for s in args[1::2])
        if len(args) % 2:
            equation += "->" + text(args[-1])
        return einsum(equation, *operands)
    equation, operands = args[0], _tensors(args[1:])
    return _op("einsum")(equation, operands)


def meshgrid(*tensors: Any, indexing: Optional[str] = None) -> tuple[Tensor, ...]:
    """Grids of coordinates of vectors, in matrix ("ij", the default) or Cartesian ("xy") order."""
    ts = [t if isinstance(t, Tensor) else _C.tensor(t) for t in _tensors(tensors)]
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if indexing == "xy" and len(ts) > 1:
        ts[0], ts[1] = ts[1], ts[0]
        second, first, *others = (grid.transpose(0, 1) for grid in _op("meshgrid", "indexing")(ts, indexing="ij"))
        # exchanging the vectors and the dimensions gives the grids of matrix order: one exchange is left to do
        return tuple(grid.transpose(0, 1) for grid in (first, second, *others))
    return tuple(_op("meshgrid", "indexing")(ts, indexing="ij"))


def nonzero(input: Tensor, *, out: Optional[Tensor] = None, as_tuple: bool = False) -> Any:
    """Indices of the non-zero elements, in row-major order.

    A tensor of shape (count, dimensions), or with ``as_tuple`` one vector of indices for each dimension, such that
    ``input[torch.nonzero(input, as_tuple=True)]`` are the elements; a 0-dim tensor then counts as one of one element.
    """
    if as_tuple:
        if out is not None:
            raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
        return _C.TensorBase.nonzero(input if input.dim() else input.reshape(1)).unbind(1)
    return _C.TensorBase.nonzero(input) if out is None else _op("nonzero", "out")(input, out=out)


def _atleast(name: str, tensors: tuple[Any, ...]) -> Any:
    one = getattr(_F, name)
    if len(tensors) == 1 and not isinstance(tensors[0], (list, tuple)):
        return one(tensors[0])
    return tuple(one(t) for t in _tensors(tensors))


def atleast_1d(*tensors: Any) -> Any:
    """The tensor, with a dimension if it has none; of several tensors, or a sequence of them, a tuple."""
    return _atleast("atleast_1d", tensors)


def atleast_2d(*tensors: Any) -> Any:
    """The tensor with dimensions of size 1 in front, so that it has two; of several tensors a tuple."""
    return _atleast("atleast_2d", tensors)


def atleast_3d(*tensors: Any) -> Any:
    """The tensor with dimensions of size 1 around its own, so that it has three; of several tensors a tuple."""
    return _atleast("atleast_3d", tensors)


def _triangle(name: str, row: int, col: int, offset: int, dtype: Any, layout: Any, device: Any) -> Tensor:
    for size, text in ((row, "row"), (col, "col")):
        if size < 0:
            raise RuntimeError(f"{name}: {text} must be non-negative, got {size}")
    dtype = _C.int64 if dtype is None else dtype
    if dtype not in (_C.int16, _C.int32, _C.int64):
        raise NotImplementedError(f"{name}: not implemented for {dtype}")
    if layout not in (None, _C.strided):
        raise NotImplementedError(f"{name}: not implemented for layout {layout}")
    if device is not None and _C.device(device).type == "meta":  # the size alone, without making the matrix
        lower = name == "tril_indices"
        lengths = (min(max(i + offset + lower, 0), col) for i in range_(row))  # up to the diagonal, or before it
        count = sum_([n if lower else col - n for n in lengths])
        return _F.empty((2, count), dtype=dtype, device=device)
    ones = _F.ones((row, col), dtype=_C.bool, device="cpu")
    marked = ones.tril(offset) if name == "tril_indices" else ones.triu(offset)
    return _C.TensorBase.nonzero(marked).t().contiguous().to(device=device, dtype=dtype)


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: Optional[bool] = None,
) -> Tensor:
    """Indices, of shape (2, count), of the lower triangle of a ``row`` by ``col`` matrix up to diagonal ``offset``."""
    _no_pinning("tril_indices", pin_memory)
    return _triangle("tril_indices", row, col, offset, dtype, layout, device)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: Optional[bool] = None,
) -> Tensor:
    """Indices, of shape (2, count), of the upper triangle of a ``row`` by ``col`` matrix from diagonal ``offset``."""
    _no_pinning("triu_indices", pin_memory)
    return _triangle("triu_indices", row, col, offset, dtype, layout, device)


def _no_pinning(name: str, pin_memory: Optional[bool]) -> None:
    if pin_memory:
        raise NotImplementedError(f"{name}: pin_memory=True is not supported")


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Optional[Tensor] = None) -> Tensor:
    """Contraction over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over given lists."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, (tuple, list)):
        dims_a, dims_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    else:
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims_a, dims_b = list(range_(a.dim() - dims, a.dim())), list(range_(dims))
    if out is None:
        return _op("tensordot")(a, b, dims_a, dims_b)
    return _op("tensordot", "out")(a, b, dims_a, dims_b, out=out)


def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Optional[Tensor] = None,
    dtype: Any = None,
) -> Tensor:
    """Vector norm of order ``p`` ("fro" is 2) over the given dimensions, or over all elements; "nuc" is the sum of the
    singular values of matrices."""
    dims = [dim] if isinstance(dim, int) else dim
    if p == "nuc":
        return _C._linalg.matrix_norm(input, "nuc", (-2, -1) if dims is None else dims, keepdim, dtype=dtype, out=out)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"torch.norm: order {p!r} is not supported; the orders with a name are 'fro' and 'nuc'")
    order: Any = 2 if p in (None, "fro") else p
    return _C._linalg.vector_norm(input, order, dims, keepdim, dtype=dtype, out=out)


def block_diag(*tensors: Any) -> Tensor:
    """Block diagonal matrix of the given tensors of at most two dimensions."""
    parts = []
    for i, t in enumerate(tensors):
        if t.dim() > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t.dim()} dimensions"
            )
        parts.append(_F.atleast_2d(t))
    if not parts:
        return _F.empty((1, 0))
    dtype, device = parts[0].dtype, parts[0].device
    for t in parts[1:]:
        dtype = _C.promote_types(dtype, t.dtype)
    columns = sum_([t.shape[1] for t in parts])
    rows, at = [], 0
    for t in parts:
        n, m = t.shape
        left = _F.zeros((n, at), dtype=dtype, device=device)
        right = _F.zeros((n, columns - at - m), dtype=dtype, device=device)
        rows.append(_F.cat([left, t.to(dtype), right], 1))
        at += m
    return _F.cat(rows, 0)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of the elements of vectors, one row each."""
    for t in tensors:
        if t.dim() != 1:
            raise RuntimeError(f"cartesian_prod: Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return _F.stack([t.reshape(-1) for t in meshgrid(*tensors, indexing="ij")], 1)


def chain_matmul(*matrices: Any, out: Optional[Tensor] = None) -> Tensor:
    """Product of matrices in the cheapest order."""
    ms = _tensors(matrices)
    if not ms:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for m in ms:
        if m.dim() != 2:
            raise RuntimeError(f"Tensor dimension is {m.dim()}, expected 2 instead.")
    if len(ms) == 1:
        return ms[0].clone() if out is None else out.resize_(ms[0].shape).copy_(ms[0])
    return _C._linalg.multi_dot(ms, out=out)


def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """LU factors of matrices and their pivots, and with ``get_infos`` where each factorization met a zero.

    :func:`torch.linalg.lu_factor` is its newer form.
    """
    result = _F._lu_with_info(A, pivot, False)
    if out is not None:
        if not isinstance(out, (tuple, list)) or len(out) != 2 + get_infos:
            raise TypeError(f"lu(): expected out to be a tuple of {2 + get_infos} tensors")
        for target, value in zip(out, result):
            target.resize_(value.shape).copy_(value)
        return out
    return result if get_infos else (result[0], result[1])


def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """Unique elements in ascending order, with inverse positions and counts when asked for.

    With ``dim`` the slices along it are compared, in lexicographic order.
    """
    if dim is None:
        values, inverse, counts = _F._unique2(input, sorted, return_inverse, return_counts)
    else:
        values, inverse, counts = _op("unique_dim")(input, dim, sorted, return_inverse, return_counts)
    extra = ([inverse] if return_inverse else []) + ([counts] if return_counts else [])
    return (values, *extra) if extra else values


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """Elements (with ``dim``: slices along it) that differ from the one before, with inverse positions and counts."""
    values, inverse, counts = _op("unique_consecutive")(input, return_inverse, return_counts, dim)
    extra = ([inverse] if return_inverse else []) + ([counts] if return_counts else [])
    return (values, *extra) if extra else values


range_, sum_ = range, sum


def range(start: Any, end: Any = None, step: Any = 1, **kwargs: Any) -> Tensor:  # noqa: A001
    """Deprecated: numbers from ``start`` to ``end`` with both ends; use :func:`torch.arange`."""
    if end is None:
        start, end = 0, start
    count = int((end - start) / step) + 1
    kwargs.setdefault("dtype", _C.get_default_dtype())
    return _F.arange(count, dtype=_C.float64).mul_(step).add_(start).to(kwargs["dtype"])


_TAKE_NO_TENSORS = frozenset(
    (
        "broadcast_shapes from_dlpack is_storage is_tensor range set_default_dtype set_printoptions to_dlpack "
        "tril_indices triu_indices typename"
    ).split()
)
_override.make_overridable(globals(), _TAKE_NO_TENSORS)
