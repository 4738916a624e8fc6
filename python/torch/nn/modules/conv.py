"""Convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch.nn import functional as F, init
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.modules.module import Module
from torch.nn.modules.utils import _ntuple, _reverse_repeat_tuple
from torch.nn.parameter import Parameter, UninitializedParameter

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


class _ConvNd(Module):
    """What convolutions of every number of dimensions share."""

    __constants__ = [
        "stride",
        "padding",
        "dilation",
        "groups",
        "padding_mode",
        "output_padding",
        "in_channels",
        "out_channels",
        "kernel_size",
    ]

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: Any,
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        if in_channels % groups != 0:
            raise ValueError(f"in_channels must be divisible by groups, got {in_channels} and {groups}")
        if out_channels % groups != 0:
            raise ValueError(f"out_channels must be divisible by groups, got {out_channels} and {groups}")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, "
                f"but got padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        # The same padding in the order of F.pad, last dimension first, for the modes that pad beforehand.
        if isinstance(padding, str):
            self._reversed_padding_repeated_twice = [0, 0] * len(kernel_size)
            if padding == "same":
                for d, k, i in zip(dilation, kernel_size, range(len(kernel_size) - 1, -1, -1)):
                    total = d * (k - 1)
                    self._reversed_padding_repeated_twice[2 * i] = total // 2
                    self._reversed_padding_repeated_twice[2 * i + 1] = total - total // 2
        else:
            self._reversed_padding_repeated_twice = list(_reverse_repeat_tuple(self.padding, 2))

        if transposed:
            shape = (in_channels, out_channels // groups, *kernel_size)
        else:
            shape = (out_channels, in_channels // groups, *kernel_size)
        self.weight = Parameter(torch.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(torch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform within 1 / sqrt(channels of a group * size of the kernel)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * len(self.dilation):
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * len(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")


class _Conv(_ConvNd):
    """Convolutions whose sizes may be given as one number for all dimensions."""

    _dims: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        each = _ntuple(self._dims)
        super().__init__(
            in_channels,
            out_channels,
            each(kernel_size),
            each(stride),
            padding if isinstance(padding, str) else each(padding),
            each(dilation),
            False,
            each(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = (0,) * self._dims
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self._dims - 1]
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    r"""Cross-correlates a signal of several channels with a kernel.

    Args: as those of :class:`Conv2d`, in one dimension.

    Shape:
        - Input: :math:`(N, C_{in}, L)` or :math:`(C_{in}, L)`
        - Output: :math:`(N, C_{out}, L_{out})` or :math:`(C_{out}, L_{out})` with
          :math:`L_{out} = \lfloor (L + 2p - d(k-1) - 1) / s \rfloor + 1`
    """

    _dims = 1


class Conv2d(_Conv):
    r"""Cross-correlates an image of several channels with a kernel.

    .. math:: \text{out}_{n,o} = b_o + \sum_{c} W_{o,c} \star \text{input}_{n,c}

    Args:
        in_channels: number of channels of the input.
        out_channels: number of channels of the output.
        kernel_size: height and width of the kernel, or one number for both; likewise the following three.
        stride: step of the kernel. Default: 1
        padding: what is added at each of the four sides; ``"valid"`` for nothing, ``"same"`` for as much as keeps
            the size. Default: 0
        dilation: distance between the points of the kernel. Default: 1
        groups: channels are split into as many groups that do not mix. Default: 1
        bias: whether a bias is added. Default: ``True``
        padding_mode: what is added: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: where the parameters are.
        dtype: of the parameters.

    Shape:
        - Input: :math:`(N, C_{in}, H, W)` or :math:`(C_{in}, H, W)`
        - Output: :math:`(N, C_{out}, H_{out}, W_{out})` or without :math:`N`, where
          :math:`H_{out} = \lfloor (H + 2p - d(k-1) - 1) / s \rfloor + 1`, and likewise :math:`W_{out}`

    Attributes:
        weight: of shape (out_channels, in_channels / groups, kernel height, kernel width), drawn from
            :math:`\mathcal{U}(-\sqrt{k}, \sqrt{k})`, 1 / k being the number of weights of one output channel.
        bias: of shape (out_channels), from the same distribution.

    Examples::

        >>> nn.Conv2d(16, 33, 3, stride=2)(torch.zeros(20, 16, 50, 100)).shape
        torch.Size([20, 33, 24, 49])
    """

    _dims = 2


class Conv3d(_Conv):
    r"""Cross-correlates a volume of several channels with a kernel.

    Args: as those of :class:`Conv2d`, in three dimensions.

    Shape:
        - Input: :math:`(N, C_{in}, D, H, W)` or :math:`(C_{in}, D, H, W)`
        - Output: :math:`(N, C_{out}, D_{out}, H_{out}, W_{out})` or without :math:`N`, each size as for :class:`Conv2d`
    """

    _dims = 3


class _ConvTransposeNd(_ConvNd):
    """The gradient of a convolution with respect to its input, as a layer."""

    _dims: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        each = _ntuple(self._dims)
        super().__init__(
            in_channels,
            out_channels,
            each(kernel_size),
            each(stride),
            each(padding),
            each(dilation),
            True,
            each(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(
        self,
        input: torch.Tensor,
        output_size: Sequence | None,
        stride: Sequence,
        padding: Sequence,
        kernel_size: Sequence,
        num_spatial_dims: int,
        dilation: Sequence | None = None,
    ) -> list[int]:
        """What must be added at the ends for the output to have ``output_size``."""
        if output_size is None:
            return list(_ntuple(num_spatial_dims)(self.output_padding))
        n = num_spatial_dims
        sizes = list(output_size)
        non_spatial = input.dim() - n
        if len(sizes) == non_spatial + n:
            sizes = sizes[non_spatial:]
        if len(sizes) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {non_spatial + n} elements "
                f"(got {len(sizes)})"
            )
        least = []
        for d in range(n):
            reach = (dilation[d] if dilation is not None else 1) * (kernel_size[d] - 1) + 1
            least.append((input.size(d + non_spatial) - 1) * stride[d] - 2 * padding[d] + reach)
        most = [size + stride[d] - 1 for d, size in enumerate(least)]
        if any(not low <= size <= high for size, low, high in zip(sizes, least, most)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {least} to {most} (for an "
                f"input of {input.size()[2:]})"
            )
        return [size - low for size, low in zip(sizes, least)]

    def forward(self, input: torch.Tensor, output_size: Sequence | None = None) -> torch.Tensor:
        extra = self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, self._dims, self.dilation
        )
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self._dims - 1]
        return convolve(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)


_ConvTransposeMixin = _ConvTransposeNd  # the name that some programs look for


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution of a signal. Arguments: :class:`ConvTranspose2d`, in one dimension."""

    _dims = 1


class ConvTranspose2d(_ConvTransposeNd):
    r"""Transposed convolution of an image: the gradient of :class:`Conv2d` with respect to its input, as a layer.

    Args:
        in_channels: number of channels of the input.
        out_channels: number of channels of the output.
        kernel_size: height and width of the kernel, or one number for both; likewise the following.
        stride: distance in the output between two points of the input. Default: 1
        padding: what is cut off at each of the four sides, less ``dilation * (kernel_size - 1)``. Default: 0
        output_padding: what is added at the ends: of several sizes of the output, which :class:`Conv2d` with the same
            stride brings to the input's, it chooses one. Default: 0
        groups: channels are split into as many groups that do not mix. Default: 1
        bias: whether a bias is added. Default: ``True``
        dilation: distance between the points of the kernel. Default: 1
        padding_mode: ``"zeros"``.
        device: where the parameters are.
        dtype: of the parameters.

    Shape:
        - Input: :math:`(N, C_{in}, H, W)` or :math:`(C_{in}, H, W)`
        - Output: :math:`(N, C_{out}, H_{out}, W_{out})` or without :math:`N`, where
          :math:`H_{out} = (H - 1) s - 2p + d (k - 1) + o + 1`, and likewise :math:`W_{out}`

    Examples::

        >>> nn.ConvTranspose2d(16, 33, 3, stride=2)(torch.zeros(20, 16, 50, 100)).shape
        torch.Size([20, 33, 101, 201])
    """

    _dims = 2


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution of a volume. Arguments: :class:`ConvTranspose2d`, in three dimensions."""

    _dims = 3


class _LazyConvXdMixin(LazyModuleMixin):
    """A convolution that takes ``in_channels`` from its first input."""

    def _construct(self, arguments: dict[str, Any]) -> None:
        """Make it without channels and bias for now. Takes the ``locals()`` of a constructor."""
        options = {name: value for name, value in arguments.items() if name not in ("self", "__class__")}
        out_channels, bias = options.pop("out_channels"), options.pop("bias")
        super().__init__(0, 0, bias=False, **options)
        module: Any = self
        place = {"device": options["device"], "dtype": options["dtype"]}
        module.weight = UninitializedParameter(**place)
        module.out_channels = out_channels
        if bias:
            module.bias = UninitializedParameter(**place)

    def reset_parameters(self) -> None:
        module: Any = self
        if not self.has_uninitialized_params() and module.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        if not self.has_uninitialized_params():
            return
        module: Any = self
        module.in_channels = self._get_in_channels(input)
        if module.in_channels % module.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        channels = (module.in_channels, module.out_channels)
        first, second = channels if module.transposed else reversed(channels)
        module.weight.materialize((first, second // module.groups, *module.kernel_size))
        if module.bias is not None:
            module.bias.materialize((module.out_channels,))
        self.reset_parameters()

    def _get_in_channels(self, input: torch.Tensor) -> int:
        dims = self._get_num_spatial_dims()
        if input.dim() not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {type(self).__name__}, but got "
                f"input of size: {input.shape}"
            )
        return input.shape[-dims - 1]

    def _get_num_spatial_dims(self) -> int:
        return self._dims  # type: ignore[attr-defined]


class _LazyConv(_LazyConvXdMixin, _Conv):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._construct(locals())


class LazyConv1d(_LazyConv, Conv1d):
    """:class:`Conv1d` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """:class:`Conv2d` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """:class:`Conv3d` that takes ``in_channels`` from its first input."""

    cls_to_become = Conv3d


class _LazyConvTranspose(_LazyConvXdMixin, _ConvTransposeNd):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._construct(locals())


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """:class:`ConvTranspose1d` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """:class:`ConvTranspose2d` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """:class:`ConvTranspose3d` that takes ``in_channels`` from its first input."""

    cls_to_become = ConvTranspose3d
