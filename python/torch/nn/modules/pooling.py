"""Pooling."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = ["MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"]


class _MaxPoolNd(Module):
    __constants__ = ["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool2d(_MaxPoolNd):
    r"""Takes the maximum over each window of an image.

    Args:
        kernel_size: height and width of the window, or one number for both; likewise the following three.
        stride: step of the window. Default: ``kernel_size``
        padding: points of minus infinity added at each side, at most half the window. Default: 0
        dilation: distance between the points of a window. Default: 1
        return_indices: return the places of the maxima as well. Default: ``False``
        ceil_mode: let windows that start inside reach over the end. Default: ``False``

    Shape:
        - Input: :math:`(N, C, H, W)` or :math:`(C, H, W)`
        - Output: :math:`(N, C, H_{out}, W_{out})` or without :math:`N`, where
          :math:`H_{out} = \lfloor (H + 2p - d(k-1) - 1) / s \rfloor + 1`, and likewise :math:`W_{out}`

    Examples::

        >>> nn.MaxPool2d(2)(torch.zeros(20, 16, 50, 32)).shape
        torch.Size([20, 16, 25, 16])
    """

    def forward(self, input: torch.Tensor) -> Any:
        return F.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class AvgPool2d(Module):
    r"""Takes the mean over each window of an image.

    Args:
        kernel_size: height and width of the window, or one number for both; likewise the following two.
        stride: step of the window. Default: ``kernel_size``
        padding: zeros added at each side. Default: 0
        ceil_mode: let windows that start inside reach over the end. Default: ``False``
        count_include_pad: count added zeros as points. Default: ``True``
        divisor_override: divide by this rather than by the number of points.

    Shape:
        - Input: :math:`(N, C, H, W)` or :math:`(C, H, W)`
        - Output: :math:`(N, C, H_{out}, W_{out})` or without :math:`N`, where
          :math:`H_{out} = \lfloor (H + 2p - k) / s \rfloor + 1`, and likewise :math:`W_{out}`
    """

    __constants__ = ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Module):
    r"""Takes means over windows chosen such that the output has a given size, whatever the input's.

    Args:
        output_size: height and width of the output, or one number for both; ``None`` keeps that of the input.

    Shape:
        - Input: :math:`(N, C, H, W)` or :math:`(C, H, W)`
        - Output: :math:`(N, C, S_0, S_1)` or :math:`(C, S_0, S_1)`, with S = ``output_size``
    """

    __constants__ = ["output_size"]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
