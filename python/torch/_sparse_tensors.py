"""Making tensors of sparse layouts, and the conversions that are methods of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import torch
from torch import _C

_LAYOUTS = (torch.strided, _C.sparse_coo, _C.sparse_csr, _C.sparse_csc, _C.sparse_bsr, _C.sparse_bsc)
_NUMBER = {layout: number for number, layout in enumerate(_LAYOUTS)}
_ROWS_COMPRESSED = (_C.sparse_csr, _C.sparse_bsr)
_BLOCKED = (_C.sparse_bsr, _C.sparse_bsc)
_COMPRESSED = _LAYOUTS[2:]

_functions: Any = _C._VariableFunctions


def _checked(check_invariants: Optional[bool]) -> bool:
    from torch.sparse import check_sparse_tensor_invariants

    return check_sparse_tensor_invariants.is_enabled() if check_invariants is None else check_invariants


def _part(data: Any, dtype: Any, device: Any) -> torch.Tensor:
    return torch.as_tensor(data, dtype=dtype, device=device)


def _refuse_pinned(pin_memory: bool) -> None:
    if pin_memory:
        raise RuntimeError("Cannot access accelerator device when none is available (pin_memory=True needs CUDA)")


def _sizes_of(name: str, size: Any) -> tuple[int, ...]:
    if isinstance(size, torch.Tensor) or not isinstance(size, Sequence) or isinstance(size, str):
        raise TypeError(f"{name}(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    sizes = tuple(int(n) for n in size)
    for n in sizes:
        if n < 0:
            raise RuntimeError(f"{name}(): Trying to create tensor with negative dimension {n}: {list(sizes)}")
    return sizes


def sparse_coo_tensor(
    indices: Any = None,
    values: Any = None,
    size: Any = None,
    *,
    dtype: Optional[torch.dtype] = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: Optional[bool] = None,
    is_coalesced: Optional[bool] = None,
) -> torch.Tensor:
    """Make a tensor in COO layout: the places of its entries, and their values.

    Entries of one place count as their sum. ``sparse_coo_tensor(size)`` has none.

    Args:
        indices: of shape (sparse_dim, nnz): a column for each entry.
        values: of shape (nnz, *dense sizes).
        size: of the tensor. Default: what the indices need
        dtype: of the values. Default: theirs
        device: where the tensor is. Default: where the values are
        pin_memory: only ``False`` is possible.
        requires_grad: whether the tensor is a leaf that gets a gradient. Default: ``False``
        check_invariants: whether the parts are checked. Default: as set by
            :class:`torch.sparse.check_sparse_tensor_invariants`
        is_coalesced: declares that entries are in order and no two of one place.

    Example:

        >>> x = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3))
        >>> x.to_dense()
        tensor([[0., 0., 3.],
                [4., 0., 5.]])
    """
    _refuse_pinned(pin_memory)
    if values is None:
        if size is None:
            indices, size = None, indices
        if indices is not None:
            raise TypeError("sparse_coo_tensor(): missing values")
        sizes = _sizes_of("sparse_coo_tensor", size)
        places = torch.empty((len(sizes), 0), dtype=torch.int64, device=device)
        made = _functions._sparse_coo_tensor_unsafe(places, torch.empty(0, dtype=dtype, device=device), sizes, True)
        return made.requires_grad_() if requires_grad else made
    entries = _part(values, dtype, device)
    if entries.dim() == 0:
        entries = entries.reshape(1)
    places = _part(indices, torch.int64, entries.device)
    if size is None:
        sizes = _inferred_size(places, entries)
    else:
        sizes = _sizes_of("sparse_coo_tensor", size)
    if _checked(check_invariants):
        _functions._validate_sparse_coo_tensor_args(places, entries, sizes, bool(is_coalesced))
    made = _functions._sparse_coo_tensor_unsafe(places, entries, sizes, bool(is_coalesced))
    return made.requires_grad_() if requires_grad else made


def _inferred_size(places: torch.Tensor, entries: torch.Tensor) -> tuple[int, ...]:
    if places.dim() != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(places.shape)}")
    dense = tuple(entries.shape[1:])
    if places.numel() == 0:
        return (0,) * places.size(0) + dense
    for dim, least in enumerate(places.amin(1).tolist()):
        if least < 0:
            raise RuntimeError(f"found negative index {least} for dim {dim}")
    return (*(n + 1 for n in places.amax(1).tolist()), *dense)


def sparse_compressed_tensor(
    compressed_indices: Any,
    plain_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Optional[torch.dtype] = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: Optional[bool] = None,
) -> torch.Tensor:
    """Make a tensor of a compressed layout: CSR, CSC, BSR or BSC.

    Args:
        compressed_indices: where the entries of each row (CSR, BSR) or column begin, and the number of all.
        plain_indices: column (CSR, BSR) or row of each entry.
        values: of the entries, which are matrices for BSR and BSC.
        size: of the tensor. Default: what the indices need
        layout: ``torch.sparse_csr``, ``torch.sparse_csc``, ``torch.sparse_bsr`` or ``torch.sparse_bsc``.
        dtype, device, pin_memory, requires_grad, check_invariants: as for :func:`torch.sparse_coo_tensor`.

    Example:

        >>> begins, columns = torch.tensor([0, 1, 2]), torch.tensor([1, 0])
        >>> x = torch.sparse_compressed_tensor(begins, columns, torch.tensor([3.0, 4.0]), layout=torch.sparse_csr)
        >>> x.to_dense()
        tensor([[0., 3.],
                [4., 0.]])
    """
    _refuse_pinned(pin_memory)
    if layout not in _COMPRESSED:
        raise RuntimeError(
            "sparse_compressed_tensor expected sparse compressed tensor layout but got "
            + ("none" if layout is None else str(layout))
        )
    entries = _part(values, dtype, device)
    begins, plain = (
        t if isinstance(t, torch.Tensor) and t.dtype == torch.int32 else _part(t, torch.int64, entries.device)
        for t in (compressed_indices, plain_indices)
    )
    if size is None:
        sizes = _inferred_compressed_size(begins, plain, entries, layout)
    else:
        sizes = _sizes_of("sparse_compressed_tensor", size)
    if _checked(check_invariants):
        _functions._validate_sparse_compressed_args(begins, plain, entries, sizes, _NUMBER[layout])
    made = _functions._sparse_compressed_tensor_unsafe(begins, plain, entries, sizes, _NUMBER[layout])
    return made.requires_grad_() if requires_grad else made


def _inferred_compressed_size(
    begins: torch.Tensor, plain: torch.Tensor, entries: torch.Tensor, layout: Any
) -> tuple[int, ...]:
    if begins.dim() == 0:
        raise RuntimeError("compressed_indices must have dimensionality >= 1 but got 0")
    batch = begins.dim() - 1
    lines = begins.size(-1) - 1
    extent = int(plain.amax()) + 1 if plain.numel() else 0
    by_rows, blocked = layout in _ROWS_COMPRESSED, layout in _BLOCKED
    height, width = entries.shape[batch + 1 : batch + 3] if blocked else (1, 1)
    matrix = (lines * height, extent * width) if by_rows else (extent * height, lines * width)
    return (*begins.shape[:-1], *matrix, *entries.shape[batch + (3 if blocked else 1) :])


def _compressed_maker(name: str, layout: Any, first: str, second: str, what: str) -> Any:
    def make(*args: Any, **kwargs: Any) -> torch.Tensor:
        named = {first: "compressed_indices", second: "plain_indices"}
        given = {named.get(key, key): value for key, value in kwargs.items()}
        if given.pop("layout", None) not in (None, layout):
            raise RuntimeError(f"{name}: layout must be {layout}")
        return sparse_compressed_tensor(*args, layout=layout, **given)

    import inspect

    model = inspect.signature(sparse_compressed_tensor)
    renamed = {"compressed_indices": first, "plain_indices": second}
    make.__signature__ = model.replace(  # type: ignore[attr-defined]
        parameters=[p.replace(name=renamed.get(k, k)) for k, p in model.parameters.items() if k != "layout"]
    )
    make.__annotations__ = {renamed.get(k, k): p.annotation for k, p in model.parameters.items() if k != "layout"}
    make.__annotations__["return"] = model.return_annotation
    make.__name__ = make.__qualname__ = name
    make.__module__ = "torch"
    blocks = "torch.ones(2, 1, 1)" if "b" in name.split("_")[1] else "torch.tensor([3.0, 4.0])"
    make.__doc__ = f"""Make a tensor in {what}. See :func:`torch.sparse_compressed_tensor`.

    Example:

        >>> begins, places, entries = torch.tensor([0, 1, 2]), torch.tensor([1, 0]), {blocks}
        >>> torch.{name}(begins, places, entries).to_dense().shape
        torch.Size([2, 2])
    """
    return make


sparse_csr_tensor = _compressed_maker(
    "sparse_csr_tensor", _C.sparse_csr, "crow_indices", "col_indices", "CSR layout: where rows begin, columns, values"
)
sparse_csc_tensor = _compressed_maker(
    "sparse_csc_tensor", _C.sparse_csc, "ccol_indices", "row_indices", "CSC layout: where columns begin, rows, values"
)
sparse_bsr_tensor = _compressed_maker(
    "sparse_bsr_tensor", _C.sparse_bsr, "crow_indices", "col_indices", "BSR layout: CSR whose entries are blocks"
)
sparse_bsc_tensor = _compressed_maker(
    "sparse_bsc_tensor", _C.sparse_bsc, "ccol_indices", "row_indices", "BSC layout: CSC whose entries are blocks"
)


# ---- conversions ----


_TO_SPARSE = (
    "expected one of:\n * (*, torch.layout layout = None, tuple of ints blocksize = None, int dense_dim = None)\n"
    " * (int sparse_dim)"
)


def to_sparse(self: torch.Tensor, sparse_dim: Any = None, **kwargs: Any) -> torch.Tensor:
    """``to_sparse(sparse_dim)`` gives a COO tensor with that many dimensions listed (default: all);
    ``to_sparse(layout=None, blocksize=None, dense_dim=None)`` one of another layout."""
    if sparse_dim is not None:
        if kwargs or not isinstance(sparse_dim, int) or isinstance(sparse_dim, bool):
            raise TypeError(
                f"to_sparse() received an invalid combination of arguments - got ({type(sparse_dim).__name__}), but "
                + _TO_SPARSE
            )
        return self._to_sparse(sparse_dim)
    return _converted(self, kwargs.get("layout") or _C.sparse_coo, kwargs.get("blocksize"), kwargs.get("dense_dim"))


def _converted(self: torch.Tensor, layout: Any, blocksize: Any = None, dense_dim: Optional[int] = None) -> torch.Tensor:
    if layout in _BLOCKED and self.layout != layout:
        raise NotImplementedError(f"to_sparse: conversion from {self.layout} to {layout} is not implemented")
    if blocksize is not None and layout not in _BLOCKED:
        raise RuntimeError(
            f"to_sparse for {self.layout} to {layout} conversion does not use the specified blocksize {blocksize}"
        )
    if self.layout == layout:
        return self
    if self.layout == torch.strided:
        dense = dense_dim or 0
        if not 0 <= dense <= max(self.dim() - 2, 0) and layout in _COMPRESSED:
            raise RuntimeError(f"number of dense dimensions ({dense}) does not fit a tensor of {self.dim()} dimensions")
        if layout == _C.sparse_coo:
            return self._to_sparse(self.dim() - dense)
        if self.dim() < 2:
            raise RuntimeError(f"to_sparse: conversion to {layout} expects a matrix, got {self.dim()} dimensions")
        if self.dim() - dense != 2:
            raise NotImplementedError(
                f"to_sparse: conversion of a batch of dense matrices to {layout} is not implemented"
            )
    elif dense_dim is not None:
        raise RuntimeError(
            f"to_sparse for {self.layout} to {layout} conversion does not support specifying number of dense dimensions"
        )
    return _functions._to_sparse_layout(self, _NUMBER[layout], _NUMBER[self.layout])


def to_sparse_coo(self: torch.Tensor) -> torch.Tensor:
    """The tensor in COO layout."""
    return _converted(self, _C.sparse_coo)


def to_sparse_csr(self: torch.Tensor, dense_dim: Optional[int] = None) -> torch.Tensor:
    """The matrix in CSR layout; the last ``dense_dim`` dimensions are those of its entries."""
    return _converted(self, _C.sparse_csr, None, dense_dim)


def to_sparse_csc(self: torch.Tensor, dense_dim: Optional[int] = None) -> torch.Tensor:
    """The matrix in CSC layout; the last ``dense_dim`` dimensions are those of its entries."""
    return _converted(self, _C.sparse_csc, None, dense_dim)


def to_sparse_bsr(self: torch.Tensor, blocksize: Any, dense_dim: Optional[int] = None) -> torch.Tensor:
    """The matrix in BSR layout. Only for tensors that have it."""
    return _converted(self, _C.sparse_bsr, blocksize, dense_dim)


def to_sparse_bsc(self: torch.Tensor, blocksize: Any, dense_dim: Optional[int] = None) -> torch.Tensor:
    """The matrix in BSC layout. Only for tensors that have it."""
    return _converted(self, _C.sparse_bsc, blocksize, dense_dim)


# ---- parts, for pickles and text ----


def parts_of(self: torch.Tensor) -> dict[str, torch.Tensor]:
    """The tensors that make up a sparse tensor, by name."""
    if self.layout == _C.sparse_coo:
        return {"indices": self._indices(), "values": self._values()}
    values = self.detach().values()
    if self.layout in _ROWS_COMPRESSED:
        return {"crow_indices": self.crow_indices(), "col_indices": self.col_indices(), "values": values}
    return {"ccol_indices": self.ccol_indices(), "row_indices": self.row_indices(), "values": values}


def spmm(input: torch.Tensor, mat2: torch.Tensor) -> torch.Tensor:
    """The product of matrices, of which either may be sparse: :func:`torch.mm` by another name.

    Example:

        >>> torch.spmm(torch.eye(2).to_sparse(), torch.ones(2, 1))
        tensor([[1.],
                [1.]])
    """
    return torch.mm(input, mat2)


def dsmm(input: torch.Tensor, mat2: torch.Tensor) -> torch.Tensor:
    """The product of matrices, of which either may be sparse: :func:`torch.mm` by another name.

    Example:

        >>> torch.dsmm(torch.eye(2).to_sparse(), torch.ones(2, 1))
        tensor([[1.],
                [1.]])
    """
    return torch.mm(input, mat2)
