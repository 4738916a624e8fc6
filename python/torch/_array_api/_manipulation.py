"""Functions that change shapes, join and split; and those that pick elements by position."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Optional, Union

import torch
from torch import Tensor
from torch._array_api._dtypes import promoted

__all__ = """broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze
stack take take_along_axis tile unstack""".split()


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """Views of arrays in their common shape."""
    return list(torch.broadcast_tensors(*arrays))


def broadcast_to(x: Tensor, /, shape: tuple[int, ...]) -> Tensor:
    """A view of the array in a larger shape."""
    return torch.broadcast_to(x, shape)


def concat(arrays: Sequence[Tensor], /, *, axis: Optional[int] = 0) -> Tensor:
    """Arrays one after another along an axis; flattened first where that is None."""
    parts = promoted(*arrays)
    if axis is None:
        parts, axis = tuple(x.reshape(-1) for x in parts), 0
    wrong = {x.ndim for x in parts}
    if len(wrong) > 1:  # torch passes over vectors of no elements
        raise ValueError(f"concat: arrays must have the same number of dimensions, got {sorted(wrong)}")
    return torch.cat(parts, axis)


def expand_dims(x: Tensor, /, axis: int = 0) -> Tensor:
    """The array with a dimension of size one put in."""
    return torch.unsqueeze(x, axis)


def flip(x: Tensor, /, *, axis: Any = None) -> Tensor:
    """Elements in reverse order along the axes, all of them by default."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return torch.flip(x, tuple(axes))


def moveaxis(x: Tensor, source: Any, destination: Any, /) -> Tensor:
    """Dimensions moved to other places, the rest staying in order."""
    return torch.movedim(x, source, destination)


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """The dimensions in another order."""
    return torch.permute(x, tuple(axes))


def repeat(x: Tensor, repeats: Union[int, Tensor], /, *, axis: Optional[int] = None) -> Tensor:
    """Each element several times in a row, the same number of times or as an array says."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    if isinstance(repeats, Tensor):
        counts = repeats.to(torch.int64)
        return torch.repeat_interleave(x, counts.expand(x.shape[axis]) if counts.numel() == 1 else counts, dim=axis)
    return torch.repeat_interleave(x, repeats, dim=axis)


def reshape(x: Tensor, /, shape: tuple[int, ...], *, copy: Optional[builtins.bool] = None) -> Tensor:
    """The elements in another shape; a view where possible, always with ``copy=False``, never with ``copy=True``."""
    if copy:
        return x.clone(memory_format=torch.contiguous_format).view(shape)
    if copy is None:
        return torch.reshape(x, shape)
    try:
        return x.view(shape)
    except RuntimeError as error:
        raise ValueError(f"reshape: {tuple(x.shape)} to {tuple(shape)} is not possible with copy=False") from error


def roll(x: Tensor, /, shift: Any, *, axis: Any = None) -> Tensor:
    """Elements moved along axes, those that leave at the end coming in at the start."""
    if axis is None:
        return torch.roll(x, shift)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = (shift,) * len(axes) if isinstance(shift, int) else tuple(shift)
    return torch.roll(x, shifts, axes)


def squeeze(x: Tensor, /, axis: Any) -> Tensor:
    """The array without some of its dimensions of size one."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in axes:
        if -x.ndim <= one < x.ndim and x.shape[one] != 1:
            raise ValueError(f"squeeze: dimension {one} of shape {tuple(x.shape)} is not of size one")
    return torch.squeeze(x, axes)


def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
    """Arrays of one shape along a new axis."""
    return torch.stack(promoted(*arrays), axis)


def take(x: Tensor, indices: Tensor, /, *, axis: Optional[int] = None) -> Tensor:
    """Elements, rows, ... at positions along an axis, which only a vector may leave out."""
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take: axis must be given for an array of {x.ndim} dimensions")
        axis = 0
    if not -x.ndim <= axis < x.ndim:
        raise IndexError(f"take: axis {axis} is out of range for an array of {x.ndim} dimensions")
    return x[(slice(None),) * (axis % x.ndim) + (indices.to(torch.int64),)]


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """For each position the element that an index names along the axis."""
    return torch.take_along_dim(x, indices.to(torch.int64), axis)


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """The array repeated as a whole along each axis."""
    return torch.tile(x, tuple(repetitions))


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts of the array along an axis."""
    return torch.unbind(x, axis)
