"""Padding of the last dimensions."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module
from torch.nn.modules.utils import _ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _PadNd(Module):
    """Padding of a number of last dimensions.

    Args:
        padding: how many points are added before and after each dimension, the last one first; or one number for all.
    """

    __constants__ = ["padding"]
    _dims: ClassVar[int]
    _mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _ntuple(2 * self._dims)(padding)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        low, high = self._dims + 1, self._dims + 2
        if input.dim() not in (low, high):
            raise ValueError(f"expected {low}D or {high}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """Continues a signal from its other end. Arguments: see :class:`ConstantPad1d`."""

    _dims = 1


class CircularPad2d(_CircularPadNd):
    """Continues an image from its other sides. Arguments: see :class:`ConstantPad2d`."""

    _dims = 2


class CircularPad3d(_CircularPadNd):
    """Continues a volume from its other sides. Arguments: see :class:`ConstantPad3d`."""

    _dims = 3


class _ConstantPadNd(_PadNd):
    __constants__ = ["padding", "value"]

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Adds a value at both ends of a signal.

    Args:
        padding: how much is added (left, right), or one number for both; a negative number cuts off.
        value: the value.
    """

    _dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Adds a value around an image.

    Args:
        padding: how much is added (left, right, top, bottom), or one number for all; a negative number cuts off.
        value: the value.

    Examples::

        >>> nn.ConstantPad2d((1, 0, 0, 1), 7.0)(torch.ones(1, 1, 1))
        tensor([[[7., 1.],
                 [7., 7.]]])
    """

    _dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Adds a value around a volume.

    Args:
        padding: how much is added (left, right, top, bottom, front, back), or one number for all; a negative
            number cuts off.
        value: the value.
    """

    _dims = 3


class _ReflectionPadNd(_PadNd):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """Mirrors a signal at its ends, without repeating them. Arguments: see :class:`ConstantPad1d`."""

    _dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Mirrors an image at its sides, without repeating them. Arguments: see :class:`ConstantPad2d`."""

    _dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Mirrors a volume at its sides, without repeating them. Arguments: see :class:`ConstantPad3d`."""

    _dims = 3


class _ReplicationPadNd(_PadNd):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """Repeats the ends of a signal. Arguments: see :class:`ConstantPad1d`."""

    _dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Repeats the sides of an image. Arguments: see :class:`ConstantPad2d`."""

    _dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Repeats the sides of a volume. Arguments: see :class:`ConstantPad3d`."""

    _dims = 3


class _ZeroPad:
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)  # type: ignore[call-arg]

    def extra_repr(self) -> str:
        return f"{self.padding}"  # type: ignore[attr-defined]


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Adds zeros at both ends of a signal. Arguments: see :class:`ConstantPad1d`."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Adds zeros around an image. Arguments: see :class:`ConstantPad2d`."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Adds zeros around a volume. Arguments: see :class:`ConstantPad3d`."""
