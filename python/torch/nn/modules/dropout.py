"""Dropout."""

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    __constants__ = ["p", "inplace"]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training, sets elements to zero at random and divides the others by ``1 - p``; else returns its input.

    Args:
        p: probability of a zero. Default: 0.5
        inplace: change the input. Default: ``False``

    Shape:
        - Input and output have the same shape, any.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """As :class:`Dropout`, for whole channels of signals, :math:`(N, C, L)` or :math:`(C, L)`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """As :class:`Dropout`, for whole channels of images, :math:`(N, C, H, W)`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """As :class:`Dropout`, for whole channels of volumes, :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """In training, keeps mean 0 and variance 1 of its input while it drops elements, as :class:`SELU` needs it.

    Klambauer et al., Self-normalizing neural networks (2017).

    Args:
        p: probability that an element takes the value to which SELU saturates. Default: 0.5
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_DropoutNd):
    """As :class:`AlphaDropout`, for whole channels."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
