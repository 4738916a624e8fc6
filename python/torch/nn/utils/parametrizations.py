"""Parametrizations: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvTransposeNd
from torch.nn.modules.module import Module
from torch.nn.utils import parametrize
from torch.nn.utils.weight_norm import _of_length

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


# ---- orthogonal matrices -----------------------------------------------------------------------------------------


def _is_orthogonal(q: torch.Tensor) -> bool:
    identity = torch.eye(q.size(-1), dtype=q.dtype, device=q.device)
    error = 10 * q.size(-2) * torch.finfo(q.dtype).eps
    return torch.allclose(q.mH @ q, identity, atol=error)


def _make_orthogonal(a: torch.Tensor) -> torch.Tensor:
    """The factor Q of a QR decomposition whose R has a positive diagonal."""
    factored, tau = torch.geqrf(a)
    q = torch.linalg.householder_product(factored, tau)
    return q * factored.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    base: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        wide = X.size(-2) < X.size(-1)
        X = X.mT if wide else X
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            below = X.tril(diagonal=-1)
            tau = 2.0 / (1.0 + (below * below).sum(dim=-2))
            Q = torch.linalg.householder_product(below, tau)
            # The diagonal holds signs.
            Q = Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            X = X.tril()
            if n != k:
                X = torch.cat([X, X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)], dim=-1)
            A = X - X.mH
            if self.orthogonal_map == "matrix_exp":
                Q = torch.linalg.matrix_exp(A)
            else:
                identity = torch.eye(n, dtype=A.dtype, device=A.device)
                Q = torch.linalg.solve(identity - A / 2, identity + A / 2)
            Q = Q[..., :k]
        if getattr(self, "base", None) is not None:
            Q = self.base @ Q
        return Q.mT if wide else Q

    @torch.autograd.no_grad()
    def right_inverse(self, Q: torch.Tensor) -> torch.Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.size(-2) < Q.size(-1)
        tall = Q.mT if wide else Q
        n, k = tall.shape[-2:]
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            factored, _ = torch.geqrf(tall)
            diagonal = factored.diagonal(dim1=-2, dim2=-1)
            diagonal.sign_()
            diagonal[diagonal == 0.0] = 1.0
            return factored.mT if wide else factored
        # The given matrix becomes the base, and the free part such that it stands for the identity.
        if n == k:
            base = tall.clone() if _is_orthogonal(tall) else _make_orthogonal(tall)
        else:
            more = torch.randn(*tall.shape[:-2], n, n - k, dtype=tall.dtype, device=tall.device)
            base = _make_orthogonal(torch.cat([tall, more], dim=-1))
        self.base = base
        free = torch.zeros_like(tall)
        free.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return free.mT if wide else free


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    r"""Let a matrix, or a batch of them, be orthogonal, or unitary if complex; rows or columns, whichever are fewer.

    Args:
        module: the module, which is changed.
        name: the name of the tensor. Default: ``"weight"``
        orthogonal_map: ``"matrix_exp"``: :math:`\exp(A)`, ``"cayley"``: :math:`(I + A/2)(I - A/2)^{-1}`, both of a
            skew-symmetric A, or ``"householder"``: a product of reflections. Default: the first for square and complex
            matrices, else the last
        use_trivialization: multiply with a constant matrix, so that any orthogonal one can be assigned (Lezcano-Casado,
            Trivializations for gradient-based optimization on manifolds, 2019). Default: ``True``

    Returns:
        the module.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, torch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, made, unsafe=True)


# ---- weight norm -------------------------------------------------------------------------------------------------


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: torch.Tensor, weight_v: torch.Tensor) -> torch.Tensor:
        return _of_length(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    r"""Let a tensor be :math:`g \, v / \lVert v \rVert`, with length and direction apart (Salimans and Kingma, 2016).

    Args:
        module: the module, which is changed.
        name: the name of the tensor. Default: ``"weight"``
        dim: each slice along this dimension has a length of its own; ``None`` for one length. Default: 0

    Returns:
        the module; ``parametrizations.NAME.original0`` is g, ``original1`` is v.
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: dict, prefix: str, *_: Any) -> None:
        # Names of the older function of the same name.
        for old, new in (("_g", "original0"), ("_v", "original1")):
            key = f"{prefix}{name}{old}"
            if f"{prefix}{name}_g" in state_dict or key in state_dict:
                state_dict[f"{prefix}parametrizations.{name}.{new}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


# ---- spectral norm -----------------------------------------------------------------------------------------------


class _SpectralNorm(Module):
    _u: torch.Tensor
    _v: torch.Tensor

    def __init__(self, weight: torch.Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if dim >= ndim or dim < -ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            rows, columns = matrix.shape
            for name, size in (("_u", rows), ("_v", columns)):
                self.register_buffer(name, F.normalize(matrix.new_empty(size).normal_(0, 1), dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.movedim(self.dim, 0).flatten(1)

    @torch.autograd.no_grad()
    def _power_method(self, matrix: torch.Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u = F.normalize(torch.mv(matrix, self._v), dim=0, eps=self.eps, out=self._u)
            self._v = F.normalize(torch.mv(matrix.H, self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # Copies: the next call changes the vectors, and backward needs these.
        u, v = self._u.clone(), self._v.clone()
        return weight / torch.vdot(u, torch.mv(matrix, v))

    def right_inverse(self, value: torch.Tensor) -> torch.Tensor:
        return value


def _default_dim(module: Module) -> int:
    """The dimension of a weight that counts outputs."""
    return 1 if isinstance(module, _ConvTransposeNd) else 0


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    r"""Divide a tensor, seen as a matrix, by its largest singular value (Miyato et al., 2018).

    The value is estimated by power iterations, of which each call in training mode does some more.

    Args:
        module: the module, which is changed.
        name: the name of the tensor. Default: ``"weight"``
        n_power_iterations: iterations of each call. Default: 1
        eps: the least norm that is divided by. Default: 1e-12
        dim: the dimension that counts the rows of the matrix. Default: 1 for transposed convolutions, else 0

    Returns:
        the module.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, torch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    made = _SpectralNorm(weight, n_power_iterations, _default_dim(module) if dim is None else dim, eps)
    return parametrize.register_parametrization(module, name, made)
