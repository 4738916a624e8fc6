"""A few extreme eigenpairs of large symmetric matrices.

A. Knyazev, "Toward the optimal preconditioned eigensolver: locally optimal block preconditioned conjugate gradient
method" (2001); with method "ortho" the basis is kept orthonormal as in J. Duersch, M. Shao, C. Yang, M. Gu, "A robust
and efficient implementation of LOBPCG" (2018), by the scaled decompositions of A. Stathopoulos and K. Wu, "A block
orthogonalization procedure with constant synchronization requirements" (2002).
"""

from __future__ import annotations

from typing import Any, Optional

import torch
from torch import Tensor, _override


def _product(B: Optional[Tensor], x: Tensor) -> Tensor:
    return x if B is None else B @ x


def _orthonormal(S: Tensor, B: Optional[Tensor]) -> Tensor:
    """Columns that span what those of ``S`` do, orthonormal in the inner product of ``B``, dependent ones left out."""
    for _ in range(3):
        gram = S.mH @ _product(B, S)
        size = gram.diagonal().real.clamp(min=torch.finfo(_size_dtype(S)).tiny).rsqrt().to(S.dtype)
        w, v = torch.linalg.eigh(size.unsqueeze(-1) * gram * size)
        keep = w > w[-1] * w.shape[0] * torch.finfo(w.dtype).eps
        S = S @ (size.unsqueeze(-1) * v[:, keep] * w[keep].rsqrt().to(S.dtype))
    return S


def _size_dtype(t: Tensor) -> Any:
    """Dtype of the absolute values of ``t``."""
    return t.abs().dtype if t.is_complex() else t.dtype


def _rayleigh_ritz(S: Tensor, A: Tensor, B: Optional[Tensor], n: int, largest: bool, ortho: bool) -> Any:
    """The ``n`` extreme eigenvalues of the problem on the span of ``S``, and their coefficients in it."""
    small = S.mH @ (A @ S)
    if ortho:
        w, z = torch.linalg.eigh(small)
    else:
        gram = S.mH @ _product(B, S)
        factor, info = torch.linalg.cholesky_ex(gram)
        if int(info):
            return None
        half = torch.linalg.solve_triangular(factor, small, upper=False)
        w, z = torch.linalg.eigh(torch.linalg.solve_triangular(factor, half.mH, upper=False))
        z = torch.linalg.solve_triangular(factor.mH, z, upper=True)
    return (w.flip(0)[:n], z.flip(1)[:, :n]) if largest else (w[:n], z[:, :n])


def _iterate(
    A: Tensor,
    B: Optional[Tensor],
    X: Tensor,
    iK: Optional[Tensor],
    k: int,
    niter: int,
    tol: float,
    largest: bool,
    ortho: bool,
) -> tuple[Tensor, Tensor]:
    n = X.shape[-1]
    norm_a = torch.linalg.norm(A @ X) / torch.linalg.norm(X)
    norm_b = torch.linalg.norm(_product(B, X)) / torch.linalg.norm(X)
    basis = _orthonormal(X, B)
    values, z = _rayleigh_ritz(basis, A, B, n, largest, True)
    X = basis @ z
    P: Optional[Tensor] = None
    for _ in range(niter) if niter >= 0 else iter(int, 1):
        residual = A @ X - _product(B, X) * values.to(X.dtype)
        scale = torch.linalg.norm(X, dim=0) * (norm_a + values.abs() * norm_b)
        active = torch.linalg.norm(residual, dim=0) / scale > tol
        if not bool(active[:k].any()):
            break
        W = residual[:, active]
        if iK is not None:
            W = iK @ W
        directions = W if P is None else torch.cat([W, P], 1)
        # Apart from X, so that the first columns stay X's.
        directions = directions - X @ (X.mH @ _product(B, directions))
        directions = _orthonormal(directions, B)
        S = torch.cat([X, directions], 1)
        found = _rayleigh_ritz(S, A, B, n, largest, ortho)
        if found is None:
            break
        values, z = found
        P = directions @ z[n:]
        X = S @ z
        # The coefficients of old directions, orthonormal, as far as they are independent.
        P = P[:, torch.linalg.norm(P, dim=0) > 0]
        if P.shape[1] == 0:
            P = None
    return values[:k], X[:, :k]


class _Lobpcg(torch.autograd.Function):
    """Eigenpairs of dense symmetric matrices with the derivatives of all of them, as in perturbation theory."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, run: Any) -> tuple[Tensor, Tensor]:
        values, vectors = run(A)
        ctx.save_for_backward(A, values, vectors)
        return values, vectors

    @staticmethod
    def backward(ctx: Any, grad_values: Any, grad_vectors: Any) -> tuple[Tensor, None]:
        A, values, U = ctx.saved_tensors
        result = torch.zeros_like(A)
        if grad_values is not None:
            result = result + (U * grad_values.unsqueeze(-2).to(U.dtype)) @ U.mH
        if grad_vectors is not None:
            gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
            gaps.diagonal(dim1=-2, dim2=-1).fill_(float("inf"))
            inner = U.mH @ grad_vectors
            result = result + U @ (inner / gaps) @ U.mH
            # In the complement of the span: du = (value - A)^+ dA u.
            identity = torch.eye(A.shape[-1], dtype=A.dtype)
            span = U @ U.mH
            outside = identity - span
            for i in range(U.shape[-1]):
                shifted = outside @ (values[..., i, None, None] * identity - A) @ outside + span
                part = outside @ torch.linalg.solve(shifted, outside @ grad_vectors[..., i : i + 1])
                result = result + part @ U[..., i : i + 1].mH
        return result, None


def lobpcg(
    A: Tensor,
    k: Optional[int] = None,
    B: Optional[Tensor] = None,
    X: Optional[Tensor] = None,
    n: Optional[int] = None,
    iK: Optional[Tensor] = None,
    niter: Optional[int] = None,
    tol: Optional[float] = None,
    largest: Optional[bool] = None,
    method: Optional[str] = None,
    tracker: Any = None,
    ortho_iparams: Optional[dict[str, int]] = None,
    ortho_fparams: Optional[dict[str, float]] = None,
    ortho_bparams: Optional[dict[str, bool]] = None,
) -> tuple[Tensor, Tensor]:
    """The ``k`` largest (or smallest) eigenvalues of ``A x = value B x``, and their vectors.

    ``A`` is symmetric, ``B`` positive-definite (None: the identity), ``X`` holds first approximations (``n`` random
    ones by default), ``iK`` is a preconditioner. It stops when all residuals are below ``tol``, or after ``niter``
    steps (a negative number: never before).

    Example:

        >>> _ = torch.manual_seed(0)
        >>> values, vectors = torch.lobpcg(torch.diag(torch.arange(1.0, 13.0)), k=1)
        >>> torch.allclose(values, torch.tensor([12.0]))
        True
    """
    for name, given in (
        ("tracker", tracker),
        ("ortho_iparams", ortho_iparams),
        ("ortho_fparams", ortho_fparams),
        ("ortho_bparams", ortho_bparams),
    ):
        if given is not None:
            raise NotImplementedError(f"lobpcg: {name} is not supported")
    if method not in (None, "basic", "ortho"):
        raise NotImplementedError(f"lobpcg: method {method!r} is not known: 'basic' or 'ortho'")
    if A.dim() < 2 or A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"lobpcg: A must be batches of square matrices, got shape {tuple(A.shape)}")
    if A.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise NotImplementedError(f"lobpcg: not implemented for {A.dtype}")
    m = A.shape[-1]
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if X is None else X.shape[-1]) if n is None else n
    if m < 3 * n:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={m})"
            f" is smaller than 3 x the number of requested eigenpairs (={n})"
        )
    if not 0 < k <= n:
        raise ValueError(f"lobpcg: k(={k}) must be positive and at most n(={n})")
    steps = 1000 if niter is None else niter
    limit = torch.finfo(_size_dtype(A)).eps ** 0.5 if tol is None else tol
    most = True if largest is None else largest
    ortho = method != "basic"
    start = torch.randn((*A.shape[:-2], m, n), dtype=A.dtype) if X is None else X
    if tuple(start.shape) != (*A.shape[:-2], m, n):
        raise RuntimeError(f"lobpcg: X has shape {tuple(start.shape)}, expected {(*A.shape[:-2], m, n)}")
    if B is not None and B.requires_grad and torch.is_grad_enabled():
        raise ValueError("lobpcg: a B that requires grad is not supported")

    def run(a: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            if a.dim() == 2:
                return _iterate(a, B, start, iK, k, steps, limit, most, ortho)
            parts = [
                _iterate(
                    a[i],
                    None if B is None else B.expand(a.shape)[i],
                    start[i],
                    None if iK is None else iK.expand(a.shape)[i],
                    k,
                    steps,
                    limit,
                    most,
                    ortho,
                )
                for i in _batch_places(a.shape[:-2])
            ]
            values = torch.stack([p[0] for p in parts]).reshape(*a.shape[:-2], k)
            return values, torch.stack([p[1] for p in parts]).reshape(*a.shape[:-2], m, k)

    if A.requires_grad and torch.is_grad_enabled():
        if B is not None:
            raise ValueError("lobpcg: gradients are there for B=None only")
        symmetric = (A + A.mH) / 2
        return _Lobpcg.apply(symmetric, run)
    return run(A)


def _batch_places(sizes: Any) -> list[tuple[int, ...]]:
    """Indices of all elements of a batch, in order."""
    places: list[tuple[int, ...]] = [()]
    for size in sizes:
        places = [(*p, i) for p in places for i in range(size)]
    return places


_override.make_overridable(globals())
