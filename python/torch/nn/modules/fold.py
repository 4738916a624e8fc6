"""Windows of an image as columns, and back."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = ["Fold", "Unfold"]


class _Windows(Module):
    """The windows of a convolution."""

    __constants__ = ["kernel_size", "dilation", "padding", "stride"]

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Unfold(_Windows):
    r"""Takes the windows of a convolution out of an image, as columns.

    Args:
        kernel_size: height and width of a window, or one number for both; likewise the following.
        dilation: distance between the points of a window. Default: 1
        padding: zeros added at each side. Default: 0
        stride: distance between windows. Default: 1

    Shape:
        - Input: :math:`(N, C, H, W)` or :math:`(C, H, W)`
        - Output: :math:`(N, C \cdot k_h k_w, L)` or without :math:`N`, L being the number of windows
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(_Windows):
    r"""Adds the windows of a convolution, given as columns, to an image. Where windows overlap, it sums.

    Args:
        output_size: height and width of the image.
        kernel_size, dilation, padding, stride: as for :class:`Unfold`.

    Shape:
        - Input: :math:`(N, C \cdot k_h k_w, L)` or :math:`(C \cdot k_h k_w, L)`
        - Output: :math:`(N, C, H, W)` or :math:`(C, H, W)`, with :math:`(H, W)` = ``output_size``
    """

    __constants__ = ["output_size", "kernel_size", "dilation", "padding", "stride"]

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, {super().extra_repr()}"
