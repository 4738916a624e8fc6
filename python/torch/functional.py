"""Functions of ``torch`` that take sequences or flexible arguments, over operators of the table."""

from __future__ import annotations

import builtins
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
    """Whether ``obj`` is a tensor.

    Example:

        >>> torch.is_tensor(torch.ones(1)), torch.is_tensor([1])
        (True, False)
    """
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    """Whether ``obj`` is a storage.

    Example:

        >>> torch.is_storage(torch.ones(1).untyped_storage())
        True
    """
    from torch.storage import TypedStorage

    return isinstance(obj, (TypedStorage, _C.StorageBase))


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating-point type.

    Example:

        >>> torch.is_floating_point(torch.tensor([1.5]))
        True
    """
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex.

    Example:

        >>> torch.is_complex(torch.tensor([1j]))
        True
    """
    return input.is_complex()


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative values.

    Example:

        >>> torch.is_signed(torch.tensor([1], dtype=torch.uint8))
        False
    """
    return input.is_signed()


def is_nonzero(input: Tensor) -> bool:
    """Truth of a one-element tensor.

    Example:

        >>> torch.is_nonzero(torch.tensor([2.0]))
        True
    """
    return bool(input)


def is_conj(input: Tensor) -> bool:
    """Whether the conjugate is still to be taken when values are read.

    Example:

        >>> torch.is_conj(torch.tensor([1j]))
        False
    """
    return input.is_conj()


def is_neg(input: Tensor) -> bool:
    """Whether the negative is still to be taken when values are read.

    Example:

        >>> torch.is_neg(torch.tensor([1.0]))
        False
    """
    return input.is_neg()


def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made in inference mode.

    Example:

        >>> torch.is_inference(torch.ones(1))
        False
    """
    return input.is_inference()


def get_device(input: Tensor) -> int:
    """Index of the CUDA device that holds the tensor, -1 for the CPU.

    Example:

        >>> torch.get_device(torch.ones(1))
        -1
    """
    return input.get_device()


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Changes the shape of ``input`` in place to that of another tensor.

    Example:

        >>> x = torch.arange(6)
        >>> torch.resize_as_(x, torch.zeros(2, 2))
        tensor([[0, 1],
                [2, 3]])
    """
    return input.resize_as_(the_template, memory_format=memory_format)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape.

    Example:

        >>> torch.is_same_size(torch.zeros(2, 3), torch.ones(2, 3))
        True
    """
    return input.shape == other.shape


def numel(input: Tensor) -> int:
    """Number of elements of the tensor.

    Example:

        >>> torch.numel(torch.zeros(2, 3))
        6
    """
    return input.numel()


def typename(obj: Any) -> str:
    """Name of an object's type; of a tensor its legacy type.

    Example:

        >>> torch.typename(torch.ones(1))
        'torch.FloatTensor'
        >>> torch.typename(1)
        'int'
    """
    if isinstance(obj, Tensor):
        return obj.type()
    cls = type(obj)
    return cls.__qualname__ if cls.__module__ in ("", "builtins") else f"{cls.__module__}.{cls.__qualname__}"


def set_default_dtype(d: Any) -> None:
    """Sets the dtype of new floating-point tensors (float32 at first).

    Example:

        >>> torch.set_default_dtype(torch.float64)
        >>> torch.tensor([1.5]).dtype
        torch.float64
        >>> torch.set_default_dtype(torch.float32)
    """
    _C._set_default_dtype(d)


def set_printoptions(
    precision: Optional[int] = None,
    threshold: Optional[float] = None,
    edgeitems: Optional[int] = None,
    linewidth: Optional[int] = None,
    profile: Optional[str] = None,
    sci_mode: Optional[bool] = None,
) -> None:
    """Sets how tensors are printed; what is not given keeps its value.

    Args:
        precision: digits after the point of floating point numbers (4).
        threshold: number of elements above which a tensor is shown in part (1000).
        edgeitems: items shown at each end of a dimension that is shown in part (3).
        linewidth: characters in a line (80).
        profile: ``"default"``, ``"short"`` or ``"full"``, applied before the other arguments.
        sci_mode: scientific notation always (True) or never (False); None, also when not given, lets the values decide.

    Example:

        >>> torch.set_printoptions(precision=2)
        >>> torch.tensor([1 / 3])
        tensor([0.33])
        >>> torch.set_printoptions(profile="default")
    """
    from torch import _tensor_str

    _tensor_str.set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: Optional[bool] = None) -> Tensor:
    """Tensor over the memory of an object with ``__dlpack__``, or of a DLPack capsule.

    Args:
        device: where the tensor shall be; the CPU.
        copy: True copies always, False raises where a copy is needed, None copies where needed.

    Example:

        >>> x = torch.tensor([1, 2])
        >>> torch.from_dlpack(x)
        tensor([1, 2])
    """
    return _C._from_dlpack(ext_tensor, device=device, copy=copy)


def to_dlpack(tensor: Tensor) -> Any:
    """DLPack capsule of a tensor.

    Example:

        >>> torch.from_dlpack(torch.to_dlpack(torch.tensor([1, 2])))
        tensor([1, 2])
    """
    return _C._to_dlpack(tensor)


def from_file(
    filename: Any,
    shared: Optional[bool] = None,
    size: Optional[int] = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: Optional[bool] = None,
    requires_grad: bool = False,
) -> Tensor:
    """Vector of ``size`` elements over the bytes of a file, which is mapped into memory, not read.

    With ``shared=True`` what is written to the tensor is written to the file, which is made or enlarged where it is
    too small. Otherwise writes stay in memory, and the file must be large enough.

    Raises:
        RuntimeError: the file cannot be opened or is too small; ``size`` is negative.
        NotImplementedError: ``device`` is not the CPU.

    Example:

        >>> import tempfile
        >>> file = tempfile.NamedTemporaryFile()
        >>> _ = file.write(bytes(range(4)))
        >>> file.flush()
        >>> torch.from_file(file.name, size=4, dtype=torch.uint8)
        tensor([0, 1, 2, 3], dtype=torch.uint8)
    """
    from torch.storage import UntypedStorage

    new: Tensor = _F.empty(0, dtype=dtype, layout=layout, device=device, pin_memory=pin_memory)
    if new.device.type != "cpu":
        raise NotImplementedError(f"from_file: files are mapped on the CPU only, got device {new.device}")
    count = size or 0
    storage = UntypedStorage.from_file(filename, bool(shared), count * new.element_size())
    return new.set_(storage, 0, (count,)).requires_grad_(requires_grad)


def _tensors(args: tuple[Any, ...]) -> list[Tensor]:
    return list(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple)) else list(args)


def _common_shape(shapes: Sequence[Sequence[int]], misfit: str) -> _C.Size:
    """What the shapes broadcast to; ``misfit`` is the text where one does not fit those before it."""
    result: list[int] = []
    for number, shape in enumerate(shapes):
        if len(shape) > len(result):
            result = [1] * (len(shape) - len(result)) + result
        for i in builtins.range(len(shape)):
            size, at = shape[-1 - i], len(result) - 1 - i
            if size < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({size}): ({size})")
            if size != 1 and result[at] not in (1, size):
                text = misfit.format(known=result[at], size=size, at=at, number=number)
                raise RuntimeError(f"{text} (shapes {', '.join(str(list(s)) for s in shapes)})")
            if size != 1:
                result[at] = size
    return _C.Size(result)


def broadcast_shapes(*shapes: Any) -> _C.Size:
    """Shape that tensors of the given shapes broadcast to; RuntimeError if they do not.

    Example:

        >>> torch.broadcast_shapes((2, 1), (3,))
        torch.Size([2, 3])
    """
    return _common_shape(
        [(s,) if isinstance(s, int) else tuple(s) for s in shapes],
        "Shape mismatch: objects cannot be broadcast to a single shape. Mismatching argument at index {number} has "
        "size {size} where those before have {known}",
    )


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to their common shape.

    Example:

        >>> x, y = torch.broadcast_tensors(torch.zeros(2, 1), torch.zeros(3))
        >>> x.shape, y.shape
        (torch.Size([2, 3]), torch.Size([2, 3]))
    """
    ts = _tensors(tensors)
    shape = _common_shape(
        [t.shape for t in ts],
        "The size of tensor a ({known}) must match the size of tensor b ({size}) at non-singleton dimension {at}",
    )
    return tuple(t.expand(shape) for t in ts)


def split(tensor: Tensor, split_size_or_sections: Union[int, Sequence[int]], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along a dimension, of one size or of the given sizes (views).

    Example:

        >>> torch.split(torch.arange(5), 2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    return tensor.split(split_size_or_sections, dim)


def einsum(*args: Any) -> Tensor:
    """Sum of products by Einstein's convention.

    ``einsum("ij,jk->ik", a, b)``, or with sublists ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.

    Example:

        >>> x = torch.tensor([[1, 2], [3, 4]])
        >>> torch.einsum("ij,jk->ik", x, x)
        tensor([[ 7, 10],
                [15, 22]])
        >>> torch.einsum("ii", x)
        tensor(5)
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
    given = args[1] if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
    if any(_C._has_torch_function(operand) for operand in given):  # each operand is an argument of its own
        from torch.overrides import handle_torch_function

        return handle_torch_function(einsum, given, args[0], *given)
    return _op("einsum")(args[0], _tensors(tuple(given)))


def meshgrid(*tensors: Any, indexing: Optional[str] = None) -> tuple[Tensor, ...]:
    """Grids of coordinates of vectors, in matrix ("ij", the default) or Cartesian ("xy") order.

    Example:

        >>> x, y = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4, 5]), indexing="ij")
        >>> x
        tensor([[1, 1, 1],
                [2, 2, 2]])
        >>> y
        tensor([[3, 4, 5],
                [3, 4, 5]])
    """
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

    Example:

        >>> torch.nonzero(torch.tensor([0, 5, 6]))
        tensor([[1],
                [2]])
        >>> torch.nonzero(torch.tensor([0, 5, 6]), as_tuple=True)
        (tensor([1, 2]),)
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
    """The tensor, with a dimension if it has none; of several tensors, or a sequence of them, a tuple.

    Example:

        >>> torch.atleast_1d(torch.tensor(3))
        tensor([3])
    """
    return _atleast("atleast_1d", tensors)


def atleast_2d(*tensors: Any) -> Any:
    """The tensor with dimensions of size 1 in front, so that it has two; of several tensors a tuple.

    Example:

        >>> torch.atleast_2d(torch.tensor([1, 2]))
        tensor([[1, 2]])
    """
    return _atleast("atleast_2d", tensors)


def atleast_3d(*tensors: Any) -> Any:
    """The tensor with dimensions of size 1 around its own, so that it has three; of several tensors a tuple.

    Example:

        >>> torch.atleast_3d(torch.tensor([1, 2])).shape
        torch.Size([1, 2, 1])
    """
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
        lengths = (min(max(i + offset + lower, 0), col) for i in builtins.range(row))  # to the diagonal, or before it
        count = builtins.sum([n if lower else col - n for n in lengths])
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
    """Indices, of shape (2, count), of the lower triangle of a ``row`` by ``col`` matrix up to diagonal ``offset``.

    Example:

        >>> torch.tril_indices(2, 3)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
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
    """Indices, of shape (2, count), of the upper triangle of a ``row`` by ``col`` matrix from diagonal ``offset``.

    Example:

        >>> torch.triu_indices(2, 3)
        tensor([[0, 0, 0, 1, 1],
                [0, 1, 2, 1, 2]])
    """
    _no_pinning("triu_indices", pin_memory)
    return _triangle("triu_indices", row, col, offset, dtype, layout, device)


def _no_pinning(name: str, pin_memory: Optional[bool]) -> None:
    if pin_memory:
        raise NotImplementedError(f"{name}: pin_memory=True is not supported")


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Optional[Tensor] = None) -> Tensor:
    """Contraction over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over given lists.

    Example:

        >>> x, y = torch.ones(2, 3, 4), torch.ones(4, 3, 5)
        >>> torch.tensordot(x, y, dims=([1, 2], [1, 0])).shape
        torch.Size([2, 5])
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, (tuple, list)):
        dims_a, dims_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    else:
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims_a, dims_b = list(builtins.range(a.dim() - dims, a.dim())), list(builtins.range(dims))
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
    singular values of matrices.

    Example:

        >>> torch.norm(torch.tensor([3.0, 4.0]))
        tensor(5.)
        >>> torch.norm(torch.tensor([[3.0, 4.0], [0.0, 2.0]]), p=1, dim=1)
        tensor([7., 2.])
    """
    dims = [dim] if isinstance(dim, int) else dim
    if p == "nuc":
        return _C._linalg.matrix_norm(input, "nuc", (-2, -1) if dims is None else dims, keepdim, dtype=dtype, out=out)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"torch.norm: order {p!r} is not supported; the orders with a name are 'fro' and 'nuc'")
    order: Any = 2 if p in (None, "fro") else p
    return _C._linalg.vector_norm(input, order, dims, keepdim, dtype=dtype, out=out)


def block_diag(*tensors: Any) -> Tensor:
    """Block diagonal matrix of the given tensors of at most two dimensions.

    Example:

        >>> torch.block_diag(torch.tensor([[1, 2]]), torch.tensor([[3], [4]]))
        tensor([[1, 2, 0],
                [0, 0, 3],
                [0, 0, 4]])
    """
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
    columns = builtins.sum([t.shape[1] for t in parts])
    rows, at = [], 0
    for t in parts:
        n, m = t.shape
        left = _F.zeros((n, at), dtype=dtype, device=device)
        right = _F.zeros((n, columns - at - m), dtype=dtype, device=device)
        rows.append(_F.cat([left, t.to(dtype), right], 1))
        at += m
    return _F.cat(rows, 0)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of the elements of vectors, one row each.

    Example:

        >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([4, 5]))
        tensor([[1, 4],
                [1, 5],
                [2, 4],
                [2, 5]])
    """
    for t in tensors:
        if t.dim() != 1:
            raise RuntimeError(f"cartesian_prod: Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return _F.stack([t.reshape(-1) for t in meshgrid(*tensors, indexing="ij")], 1)


def chain_matmul(*matrices: Any, out: Optional[Tensor] = None) -> Tensor:
    """Product of matrices in the cheapest order.

    Example:

        >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> torch.chain_matmul(x, x, x)
        tensor([[ 37.,  54.],
                [ 81., 118.]])
    """
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

    Example:

        >>> LU, pivots = torch.lu(torch.tensor([[4.0, 2.0], [2.0, 3.0]]))
        >>> LU
        tensor([[4.0000, 2.0000],
                [0.5000, 2.0000]])
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

    Example:

        >>> x = torch.tensor([3, 1, 3, 2])
        >>> torch.unique(x)
        tensor([1, 2, 3])
        >>> torch.unique(x, return_counts=True)
        (tensor([1, 2, 3]), tensor([1, 1, 2]))
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
    """Elements (with ``dim``: slices along it) that differ from the one before, with inverse positions and counts.

    Example:

        >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
        tensor([1, 2, 1])
    """
    values, inverse, counts = _op("unique_consecutive")(input, return_inverse, return_counts, dim)
    extra = ([inverse] if return_inverse else []) + ([counts] if return_counts else [])
    return (values, *extra) if extra else values


def range(  # noqa: A001
    start: Any,
    end: Any,
    step: Any = 1,
    *,
    out: Optional[Tensor] = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: Optional[bool] = None,
    requires_grad: bool = False,
) -> Tensor:
    """Deprecated: numbers from ``start`` to ``end``, both ends included; :func:`torch.arange` leaves the end out.

    dtype: ``dtype``, or that of ``out``, or the default dtype.

    Raises:
        RuntimeError: ``step`` is 0 or leads away from ``end``, or a bound is not finite.

    Example:

        >>> torch.range(1, 4)
        tensor([1., 2., 3., 4.])
    """
    import math
    import warnings

    warnings.warn(
        "torch.range is deprecated and will be removed: its result includes the end, which torch.arange and Python's "
        "range leave out",
        UserWarning,
        stacklevel=2,
    )
    if step == 0:
        raise RuntimeError("range: step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"range: unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(f"range: upper bound and lower bound inconsistent with step sign: {start} -> {end}, {step}")
    count = int((end - start) / step) + 1
    if dtype is None:
        dtype = _C.get_default_dtype() if out is None else out.dtype
    places = _F.arange(count, dtype=_C.float64, layout=layout, device=device, pin_memory=pin_memory)
    values: Tensor = places.mul_(step).add_(start).to(dtype)
    if out is not None:
        return out.resize_(count).copy_(values)
    return values.requires_grad_(requires_grad)


_TAKE_NO_TENSORS = frozenset(
    (
        "broadcast_shapes from_dlpack is_storage is_tensor range set_default_dtype set_printoptions to_dlpack "
        "tril_indices triu_indices typename"
    ).split()
)
_TAKE_NO_TENSORS |= {"einsum"}  # asks its operands itself
_override.make_overridable(globals(), _TAKE_NO_TENSORS)
