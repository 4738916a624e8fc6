"""Functions of tensors in sparse layouts (COO, CSR, CSC) whose gradients keep the places of their entries.

``torch.mm`` and its kin take sparse tensors too; their gradients are dense.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import torch
from torch import _C

__all__ = [
    "addmm",
    "check_sparse_tensor_invariants",
    "log_softmax",
    "mm",
    "softmax",
    "sum",
]

_functions: Any = _C._VariableFunctions


def mm(sparse: torch.Tensor, dense: torch.Tensor, reduce: Optional[str] = None) -> torch.Tensor:
    """Multiply matrices of which at least one is sparse.

    The product of two sparse matrices is sparse. The gradient of a sparse one has the places of its entries.

    Args:
        sparse: the first matrix.
        dense: the second one.
        reduce: ``"sum"``, ``"mean"``, ``"amax"`` or ``"amin"``: how the terms of an element are put together, for a
            CSR matrix times a dense one. Default: their sum

    Example::

        >>> a = torch.eye(2).to_sparse()
        >>> torch.sparse.mm(a, torch.ones(2, 2))
        tensor([[1., 1.],
                [1., 1.]])
    """
    return _functions._sparse_mm(sparse, dense) if reduce is None else _functions._sparse_mm(sparse, dense, reduce)


def addmm(
    mat: torch.Tensor, mat1: torch.Tensor, mat2: torch.Tensor, *, beta: Any = 1.0, alpha: Any = 1.0
) -> torch.Tensor:
    """``beta * mat + alpha * (mat1 @ mat2)`` for sparse ``mat1``, whose gradient has the places of its entries."""
    return _functions._sparse_addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def sampled_addmm(
    input: torch.Tensor, mat1: torch.Tensor, mat2: torch.Tensor, *, beta: Any = 1.0, alpha: Any = 1.0, out: Any = None
) -> torch.Tensor:
    """``beta * input + alpha * (mat1 @ mat2)`` at the places of the entries of ``input``, a CSR matrix."""
    result = _functions.sparse_sampled_addmm(input, mat1, mat2, beta=beta, alpha=alpha)
    return result if out is None else out.copy_(result)


def sum(input: torch.Tensor, dim: Any = None, dtype: Optional[torch.dtype] = None) -> torch.Tensor:
    """Sum of a COO tensor over dimensions, or over all.

    Sparse as long as a listed dimension stays. The gradient has the places of the entries of ``input``.

    Args:
        input: a tensor in COO layout.
        dim: a dimension or several. Default: all
        dtype: of the result. Default: that of ``input``, or int64 for integers
    """
    dims = None if dim is None else [dim] if isinstance(dim, int) else list(dim)
    return _functions._sparse_sum(input, dims, dtype)


def softmax(input: torch.Tensor, dim: int, *, dtype: Optional[torch.dtype] = None) -> torch.Tensor:
    """Softmax along a dimension over the entries of a COO tensor; what is not listed counts as minus infinity."""
    return _functions._sparse_softmax(input, dim, dtype)


def log_softmax(input: torch.Tensor, dim: int, *, dtype: Optional[torch.dtype] = None) -> torch.Tensor:
    """Logarithm of :func:`softmax`."""
    return _functions._sparse_log_softmax(input, dim, dtype)


def spdiags(diagonals: torch.Tensor, offsets: torch.Tensor, shape: Any, layout: Any = None) -> torch.Tensor:
    """Make a sparse matrix of diagonals.

    Element ``j`` of a row of ``diagonals`` goes to column ``j``.

    Args:
        diagonals: a row for each diagonal.
        offsets: which diagonal each is: 0 is the main one, positive ones are above.
        shape: of the matrix.
        layout: ``torch.sparse_coo`` (default), ``torch.sparse_csr`` or ``torch.sparse_csc``.
    """
    made = _functions._spdiags(diagonals, offsets, tuple(shape))
    if layout in (None, torch.sparse_coo):
        return made
    if layout not in (torch.sparse_csr, torch.sparse_csc):
        raise ValueError(f"Only output layouts (Sparse, SparseCsr, SparseCsc) are supported, got {layout}")
    return made.to_sparse(layout=layout)


class check_sparse_tensor_invariants:
    """Whether the parts of sparse tensors are checked when a tensor is made of them; off at first.

    ``check_sparse_tensor_invariants.enable()`` and ``.disable()`` set it for good;
    ``with check_sparse_tensor_invariants(enable=True):`` for a block, and as a decorator for a function.

    Example::

        >>> with torch.sparse.check_sparse_tensor_invariants():
        ...     x = torch.sparse_coo_tensor([[0, 1]], [1.0, 2.0], (2,))
    """

    _enabled = False

    @staticmethod
    def is_enabled() -> bool:
        """Whether parts are checked."""
        return check_sparse_tensor_invariants._enabled

    @staticmethod
    def enable() -> None:
        """Check parts from now on."""
        check_sparse_tensor_invariants._enabled = True

    @staticmethod
    def disable() -> None:
        """Do not check parts from now on."""
        check_sparse_tensor_invariants._enabled = False

    def __init__(self, enable: bool = True) -> None:
        self.state = enable
        self.saved_state: Optional[bool] = None

    def __enter__(self) -> None:
        if self.saved_state is not None:
            raise RuntimeError("This context manager instance is already activated. Use a different instance.")
        self.saved_state = self.is_enabled()
        check_sparse_tensor_invariants._enabled = self.state

    def __exit__(self, *args: object) -> None:
        if self.saved_state is None:
            raise RuntimeError("check_sparse_tensor_invariants: left without being entered")
        check_sparse_tensor_invariants._enabled = self.saved_state
        self.saved_state = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self.state):
                return function(*args, **kwargs)

        return checked


def __getattr__(name: str) -> Any:
    # The old names of types of tensors, made at first use.
    if name.endswith("Tensor") and name != "BoolTensor":
        from torch import _legacy_types

        if name in _legacy_types._NAMES:
            globals()[name] = made = _legacy_types.sparse_type(name)
            return made
    raise AttributeError(f"module 'torch.sparse' has no attribute {name!r}")
