"""Pooling."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module
from torch.nn.modules.utils import _ntuple, _single

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPoolNd(Module):
    __constants__ = ["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"]
    _pool: ClassVar[str]  # the function's name

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

    def forward(self, input: torch.Tensor) -> Any:
        return getattr(F, self._pool)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )


class MaxPool1d(_MaxPoolNd):
    """Takes the maximum over each window of a signal. Arguments: :class:`MaxPool2d`, in one dimension."""

    _pool = "max_pool1d"


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

    _pool = "max_pool2d"


class MaxPool3d(_MaxPoolNd):
    """Takes the maximum over each window of a volume. Arguments: :class:`MaxPool2d`, in three dimensions."""

    _pool = "max_pool3d"


# ---- means -------------------------------------------------------------------------------------------------------


class _AvgPoolNd(Module):
    __constants__ = ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"]

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """Takes the mean over each window of a signal. Arguments: :class:`AvgPool2d`, in one dimension."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class _AvgPoolDivided(_AvgPoolNd):
    """Means whose divisor can be given."""

    __constants__ = [*_AvgPoolNd.__constants__, "divisor_override"]
    _pool: ClassVar[str]  # the function's name

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
        return getattr(F, self._pool)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPoolDivided):
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

    _pool = "avg_pool2d"


class AvgPool3d(_AvgPoolDivided):
    """Takes the mean over each window of a volume. Arguments: :class:`AvgPool2d`, in three dimensions."""

    _pool = "avg_pool3d"


class _LPPoolNd(Module):
    __constants__ = ["norm_type", "kernel_size", "stride", "ceil_mode"]
    _pool: ClassVar[str]  # the function's name

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return getattr(F, self._pool)(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """Takes the p-th root of the sum of p-th powers over each window. Arguments: :class:`LPPool2d`."""

    _pool = "lp_pool1d"


class LPPool2d(_LPPoolNd):
    r"""Computes :math:`\sqrt[p]{\sum x^p}` over each window of an image.

    Args:
        norm_type: p.
        kernel_size: height and width of the window, or one number for both; likewise stride.
        stride: step of the window. Default: ``kernel_size``
        ceil_mode: let windows that start inside reach over the end. Default: ``False``
    """

    _pool = "lp_pool2d"


class LPPool3d(_LPPoolNd):
    """Takes the p-th root of the sum of p-th powers over each window. Arguments: :class:`LPPool2d`."""

    _pool = "lp_pool3d"


# ---- windows from the output's size ------------------------------------------------------------------------------


class _AdaptivePoolNd(Module):
    __constants__ = ["output_size"]
    _pool: ClassVar[str]  # the function's name

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: torch.Tensor) -> Any:
        return getattr(F, self._pool)(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveAvgPoolNd(_AdaptivePoolNd):
    pass


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Takes means over windows chosen such that the output has a given length. See :class:`AdaptiveAvgPool2d`."""

    _pool = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    r"""Takes means over windows chosen such that the output has a given size, whatever the input's.

    Args:
        output_size: height and width of the output, or one number for both; ``None`` keeps that of the input.

    Shape:
        - Input: :math:`(N, C, H, W)` or :math:`(C, H, W)`
        - Output: :math:`(N, C, S_0, S_1)` or :math:`(C, S_0, S_1)`, with S = ``output_size``
    """

    _pool = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Takes means over windows chosen such that the output has a given size. See :class:`AdaptiveAvgPool2d`."""

    _pool = "adaptive_avg_pool3d"


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    __constants__ = ["output_size", "return_indices"]

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: torch.Tensor) -> Any:
        return getattr(F, self._pool)(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Takes maxima over windows chosen such that the output has a given length. See :class:`AdaptiveMaxPool2d`."""

    _pool = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Takes maxima over windows chosen such that the output has a given size, whatever the input's.

    Args:
        output_size: height and width of the output, or one number for both; ``None`` keeps that of the input.
        return_indices: return the places of the maxima as well. Default: ``False``
    """

    _pool = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Takes maxima over windows chosen such that the output has a given size. See :class:`AdaptiveMaxPool2d`."""

    _pool = "adaptive_max_pool3d"


class _FractionalMaxPoolNd(Module):
    __constants__ = ["kernel_size", "return_indices", "output_size", "output_ratio"]
    _dims: ClassVar[int]
    _pool: ClassVar[str]  # the function's name

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        each, name = _ntuple(self._dims), type(self).__name__
        self.kernel_size = each(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = each(output_size) if output_size is not None else None
        self.output_ratio = each(output_ratio) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: torch.Tensor) -> Any:
        return getattr(F, self._pool)(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Takes maxima over windows at random places (Graham, Fractional max-pooling, 2015).

    Args:
        kernel_size: height and width of the window, or one number for both.
        output_size: height and width of the output, or one number for both; or
        output_ratio: what the input's are multiplied by, between 0 and 1.
        return_indices: return the places of the maxima as well. Default: ``False``
    """

    _dims = 2
    _pool = "fractional_max_pool2d"


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Takes maxima over windows at random places of a volume. Arguments: see :class:`FractionalMaxPool2d`."""

    _dims = 3
    _pool = "fractional_max_pool3d"


# ---- back from maxima --------------------------------------------------------------------------------------------


class _MaxUnpoolNd(Module):
    _dims: ClassVar[int]
    _unpool: ClassVar[str]  # the function's name

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        each = _ntuple(self._dims)
        self.kernel_size = each(kernel_size)
        self.stride = each(stride if stride is not None else kernel_size)
        self.padding = each(padding)

    def forward(self, input: torch.Tensor, indices: torch.Tensor, output_size: Any = None) -> torch.Tensor:
        return getattr(F, self._unpool)(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts maxima back to their places in a signal; all else is zero. Arguments: see :class:`MaxUnpool2d`."""

    _dims = 1
    _unpool = "max_unpool1d"


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts maxima back to their places in an image; all else is zero.

    Args:
        kernel_size: height and width of the window, or one number for both; likewise the following two.
        stride: step of the window. Default: ``kernel_size``
        padding: as given to :class:`MaxPool2d`. Default: 0

    Called with the maxima, their places (``return_indices=True``) and, where several sizes of the image were possible,
    ``output_size``.
    """

    _dims = 2
    _unpool = "max_unpool2d"


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts maxima back to their places in a volume; all else is zero. Arguments: see :class:`MaxUnpool2d`."""

    _dims = 3
    _unpool = "max_unpool3d"
