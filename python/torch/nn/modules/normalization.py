"""Normalization of each sample by itself."""

from __future__ import annotations

import numbers
from typing import Any

import torch
from torch.nn import functional as F
from torch.nn import init
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


def _register_affine(module: Module, size: Any, affine: bool, bias: bool, device: Any, dtype: Any) -> None:
    for name, present in (("weight", affine), ("bias", affine and bias)):
        value = Parameter(torch.empty(size, device=device, dtype=dtype)) if present else None
        module.register_parameter(name, value)


def _reset_affine(module: Any) -> None:
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)


class LayerNorm(Module):
    r"""Normalizes over the last dimensions.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \gamma + \beta

    Mean and (biased) variance are those of one sample over the dimensions of ``normalized_shape``.

    Args:
        normalized_shape: the sizes of the last dimensions, or the size of the last one.
        eps: :math:`\epsilon`. Default: 1e-5
        elementwise_affine: whether there are :math:`\gamma` and :math:`\beta`, which start as 1 and 0.
        bias: whether there is :math:`\beta`. Default: ``True``
        device: where the parameters are.
        dtype: of the parameters.

    Shape:
        - Input: :math:`(*, \text{normalized\_shape})`; the output has the same shape.

    Attributes:
        weight: :math:`\gamma`, of shape ``normalized_shape``.
        bias: :math:`\beta`, of shape ``normalized_shape``.
    """

    __constants__ = ["normalized_shape", "eps", "elementwise_affine"]
    normalized_shape: tuple[int, ...]

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(normalized_shape, numbers.Integral):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        _register_affine(self, self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        _reset_affine(self)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(Module):
    r"""Normalizes each sample over groups of channels. The formula is that of :class:`LayerNorm`.

    Args:
        num_groups: the number of groups.
        num_channels: the number of channels, a multiple of it.
        eps: added to the variance. Default: 1e-5
        affine: whether there are a scale and a shift for each channel, which start as 1 and 0. Default: ``True``
        device: where the parameters are.
        dtype: of the parameters.
        bias: whether there is the shift. Default: ``True``

    Shape:
        - Input: :math:`(N, C, *)`; the output has the same shape.
    """

    __constants__ = ["num_groups", "num_channels", "eps", "affine"]

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        _register_affine(self, num_channels, affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set scale to 1 and shift to 0."""
        _reset_affine(self)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    r"""Divides by the root of the mean square over the last dimensions.

    .. math:: y = \frac{x}{\sqrt{\epsilon + \mathrm{E}[x^2]}} \gamma

    Args:
        normalized_shape: the sizes of the last dimensions, or the size of the last one.
        eps: :math:`\epsilon`; by default the distance from 1 to the next number of the input's dtype.
        elementwise_affine: whether there is :math:`\gamma`, which starts as 1. Default: ``True``
        device: where the parameter is.
        dtype: of the parameter.

    Shape:
        - Input: :math:`(*, \text{normalized\_shape})`; the output has the same shape.
    """

    __constants__ = ["normalized_shape", "eps", "elementwise_affine"]
    normalized_shape: tuple[int, ...]

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(normalized_shape, numbers.Integral):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = (
            Parameter(torch.empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        )
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    r"""Divides by a power of the mean square of neighbouring channels (Krizhevsky et al., 2012).

    .. math:: b_c = a_c \left(k + \frac{\alpha}{n} \sum_{c' = c - n/2}^{c + n/2} a_{c'}^2\right)^{-\beta}

    Args:
        size: the number n of neighbouring channels.
        alpha: :math:`\alpha`. Default: 1e-4
        beta: :math:`\beta`. Default: 0.75
        k: k. Default: 1

    Shape:
        - Input: :math:`(N, C, *)`; the output has the same shape.
    """

    __constants__ = ["size", "alpha", "beta", "k"]

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """The older form of :class:`LocalResponseNorm`, for images :math:`(N, C, H, W)` only."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        # Windows that begin before the channel, so that for an even size they hold one channel less after it.
        before = (self.size - 1) // 2
        squares = F.pad(input.square(), (0, 0, 0, 0, before, before))
        total = squares.unfold(1, 2 * before + 1, 1).sum(-1)
        return input * (self.k + total * (self.alpha / self.size)) ** -self.beta

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
