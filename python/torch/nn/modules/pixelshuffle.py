"""Channels to finer images and back."""

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    r"""Makes an image finer: r x r channels become r x r points (Shi et al., 2016).

    Args:
        upscale_factor: r.

    Shape:
        - Input: :math:`(*, C r^2, H, W)`
        - Output: :math:`(*, C, H r, W r)`
    """

    __constants__ = ["upscale_factor"]

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    r"""Makes an image coarser: r x r points become r x r channels. The inverse of :class:`PixelShuffle`.

    Args:
        downscale_factor: r.

    Shape:
        - Input: :math:`(*, C, H r, W r)`
        - Output: :math:`(*, C r^2, H, W)`
    """

    __constants__ = ["downscale_factor"]

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"
