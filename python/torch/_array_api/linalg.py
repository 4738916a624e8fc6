"""The linear algebra extension, and the products that the main namespace has too."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union

import torch
from torch import Tensor
from torch._array_api._dtypes import promoted
from torch._array_api._reductions import sum_dtype

__all__ = """cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose
outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm""".split()


class EighResult(NamedTuple):
    """Result of :func:`eigh`."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """Result of :func:`qr`."""

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """Result of :func:`slogdet`."""

    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    """Result of :func:`svd`."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Matrix product; vectors count as a row on the left and a column on the right."""
    return torch.matmul(*promoted(x1, x2))


def matrix_transpose(x: Tensor, /) -> Tensor:
    """The array with its last two dimensions exchanged."""
    return x.mT


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: Union[int, tuple[Sequence[int], Sequence[int]]] = 2) -> Tensor:
    """Sum of products over pairs of dimensions: the last and first ``axes`` ones, or those of two lists."""
    if not isinstance(axes, int):
        axes = tuple(list(one) for one in axes)  # type: ignore[assignment]
    return torch.tensordot(*promoted(x1, x2), dims=axes)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Sum of products along an axis, the first operand conjugated."""
    x1, x2 = promoted(x1, x2)
    if x1.ndim and x2.ndim and -min(x1.ndim, x2.ndim) <= axis < 0 and x1.shape[axis] != x2.shape[axis]:
        raise ValueError(f"vecdot: sizes {x1.shape[axis]} and {x2.shape[axis]} of dimension {axis} differ")
    return torch.sum(torch.conj(x1) * x2, axis, dtype=x1.dtype)


def cholesky(x: Tensor, /, *, upper: builtins.bool = False) -> Tensor:
    """The triangular factor of positive definite matrices."""
    return torch.linalg.cholesky(x, upper=upper)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Cross product of vectors of three elements along an axis."""
    return torch.linalg.cross(*promoted(x1, x2), dim=axis)


def det(x: Tensor, /) -> Tensor:
    """Determinants."""
    return torch.linalg.det(x)


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The ``offset``-th diagonals of matrices."""
    return torch.diagonal(x, offset, -2, -1)


def eigh(x: Tensor, /) -> EighResult:
    """Eigenvalues and eigenvectors of symmetric (Hermitian) matrices."""
    return EighResult(*torch.linalg.eigh(x))


def eigvalsh(x: Tensor, /) -> Tensor:
    """Eigenvalues of symmetric (Hermitian) matrices."""
    return torch.linalg.eigvalsh(x)


def inv(x: Tensor, /) -> Tensor:
    """Inverses."""
    return torch.linalg.inv(x)


def matrix_norm(x: Tensor, /, *, keepdims: builtins.bool = False, ord: Any = "fro") -> Tensor:
    """Norms of matrices: "fro", "nuc", 1, 2, inf and their negatives; None is "fro"."""
    return torch.linalg.matrix_norm(x, "fro" if ord is None else ord, keepdim=keepdims)


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Products of matrices with themselves, of their inverses for negative powers."""
    return torch.linalg.matrix_power(x, n)


def _rank_tolerance(x: Tensor, rtol: Any) -> Any:
    if rtol is None:  # of the standard; max(M, N) times the precision
        return max(x.shape[-2:]) * torch.finfo(x.dtype).eps
    return rtol


def matrix_rank(x: Tensor, /, *, rtol: Union[float, Tensor, None] = None) -> Tensor:
    """How many singular values exceed ``rtol`` times the largest."""
    return torch.linalg.matrix_rank(x, rtol=_rank_tolerance(x, rtol))


def pinv(x: Tensor, /, *, rtol: Union[float, Tensor, None] = None) -> Tensor:
    """Pseudo-inverses; singular values up to ``rtol`` times the largest count as zero."""
    return torch.linalg.pinv(x, rtol=_rank_tolerance(x, rtol))


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Products of all elements of one vector with all of another."""
    return torch.outer(*promoted(x1, x2))


def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """An orthogonal and an upper triangular factor."""
    return QRResult(*torch.linalg.qr(x, mode=mode))


def slogdet(x: Tensor, /) -> SlogdetResult:
    """Signs of determinants and logarithms of their magnitudes."""
    return SlogdetResult(*torch.linalg.slogdet(x))


def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Solutions of linear systems; the right-hand side is a vector only if it has one dimension."""
    x1, x2 = promoted(x1, x2)
    if x2.ndim == 1:
        return torch.linalg.solve(x1, x2.unsqueeze(-1)).squeeze(-1)
    batch = torch.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    return torch.linalg.solve(x1.expand(*batch, *x1.shape[-2:]), x2.expand(*batch, *x2.shape[-2:]))


def svd(x: Tensor, /, *, full_matrices: builtins.bool = True) -> SVDResult:
    """Singular value decomposition."""
    return SVDResult(*torch.linalg.svd(x, full_matrices=full_matrices))


def svdvals(x: Tensor, /) -> Tensor:
    """Singular values."""
    return torch.linalg.svdvals(x)


def trace(x: Tensor, /, *, offset: int = 0, dtype: Optional[torch.dtype] = None) -> Tensor:
    """Sums along the ``offset``-th diagonals of matrices."""
    return torch.sum(diagonal(x, offset=offset), -1, dtype=sum_dtype(x, dtype))


def vector_norm(
    x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False, ord: Union[int, float] = 2
) -> Tensor:
    """Norms of vectors along axes, of all elements by default."""
    axes = (axis,) if isinstance(axis, int) else axis
    if axes == ():
        return torch.linalg.vector_norm(x.unsqueeze(-1), ord, -1)
    return torch.linalg.vector_norm(x, ord, axes, keepdims)
