"""Decompositions of low rank by random projection.

N. Halko, P. Martinsson, J. Tropp, "Finding structure with randomness: probabilistic algorithms for constructing
approximate matrix decompositions" (2009): algorithms 4.4 and 5.1.
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor, _override


def _range_of(A: Tensor, q: int, niter: int, M: Optional[Tensor]) -> Tensor:
    """Orthonormal columns whose span holds nearly that of the ``q`` leading left singular vectors of ``A - M``."""

    def times(x: Tensor) -> Tensor:
        return A @ x if M is None else A @ x - M @ x

    def adjoint_times(x: Tensor) -> Tensor:
        return A.mH @ x if M is None else A.mH @ x - M.mH @ x

    basis = torch.linalg.qr(times(torch.randn(A.shape[-1], q, dtype=A.dtype, device=A.device))).Q
    for _ in range(niter):
        basis = torch.linalg.qr(adjoint_times(basis)).Q
        basis = torch.linalg.qr(times(basis)).Q
    return basis


def svd_lowrank(
    A: Tensor, q: Optional[int] = 6, niter: Optional[int] = 2, M: Optional[Tensor] = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Leading ``q`` singular values and vectors of ``A``, or of ``A - M``, approximately: ``U``, ``S`` and ``V``.

    Example:

        >>> _ = torch.manual_seed(0)
        >>> x = torch.ones(4, 1) @ torch.ones(1, 3)
        >>> U, S, V = torch.svd_lowrank(x, q=1)
        >>> torch.allclose(U * S @ V.mT, x)
        True
    """
    q = 6 if q is None else q
    niter = 2 if niter is None else niter
    m, n = A.shape[-2:]
    if not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if M is not None:
        M = M.broadcast_to(A.shape)
    # The smaller side is the one projected onto.
    turned = m < n
    if turned:
        A, M = A.mH, None if M is None else M.mH
    basis = _range_of(A, q, niter, M)
    small = basis.mH @ A if M is None else basis.mH @ (A - M)
    U, S, Vh = torch.linalg.svd(small, full_matrices=False)
    U, V = basis @ U, Vh.mH
    return (V, S, U) if turned else (U, S, V)


def pca_lowrank(
    A: Tensor, q: Optional[int] = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """Principal components of the rows of ``A``, approximately: ``U``, ``S`` and ``V`` of ``A`` less its mean row.

    Example:

        >>> _ = torch.manual_seed(0)
        >>> U, S, V = torch.pca_lowrank(torch.randn(5, 3), q=2)
        >>> U.shape, S.shape, V.shape
        (torch.Size([5, 2]), torch.Size([2]), torch.Size([3, 2]))
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if center:
        A = A - A.mean(dim=-2, keepdim=True)
    return svd_lowrank(A, q, niter=niter)


_override.make_overridable(globals())
