"""Methods of :class:`torch.Tensor` about the order of elements in memory that are used too seldom to load at once."""

from __future__ import annotations

import warnings
from typing import Any

import torch


def dim_order(self: torch.Tensor, ambiguity_check: Any) -> tuple[int, ...]:
    """``Tensor.dim_order``: dimensions by falling stride; with a check, RuntimeError where that leaves a choice."""
    formats: list[torch.memory_format] = []
    if isinstance(ambiguity_check, (list, tuple)) and all(isinstance(f, torch.memory_format) for f in ambiguity_check):
        formats, unique = list(ambiguity_check), False
    elif isinstance(ambiguity_check, bool):
        unique = ambiguity_check
    else:
        raise TypeError(
            "The ambiguity_check argument must be a bool or a list of memory formats, "
            f"got {type(ambiguity_check).__name__}"
        )
    sizes, strides = self.size(), self.stride()
    wide = [stride for size, stride in zip(sizes, strides) if size > 1 and stride > 0]
    ambiguous = len(set(wide)) != len(sizes)
    if formats and ambiguous:
        if sum(self.is_contiguous(memory_format=f) for f in formats) != 1:
            raise RuntimeError("The tensor does not have unique dim order, or cannot map to exact one of the formats")
    elif unique and ambiguous:
        raise RuntimeError("The tensor does not have unique dim order, or cannot map to exact one of the formats")
    # Insertion, so that dimensions between which strides do not decide keep their order.
    order: list[int] = []
    for i, stride in enumerate(strides):
        at = len(order)
        while at > 0 and 0 < strides[order[at - 1]] < stride:
            at -= 1
        order.insert(at, i)
    return tuple(order)


def resized(self: torch.Tensor, sizes: Any, name: str = "resize") -> torch.Tensor:
    """``Tensor.resize`` and ``resize_as``: the elements in another shape, differentiable."""
    warnings.warn(f"non-inplace {name} is deprecated", stacklevel=3)
    shape = torch.Size(sizes)
    if shape.numel() != self.numel():
        raise RuntimeError(
            f"requested resize to {'x'.join(map(str, shape))} ({shape.numel()} elements in total), but the given "
            f"tensor has a size of {'x'.join(map(str, self.size()))} ({self.numel()} elements). autograd's resize can "
            "only change the shape of a given tensor, while preserving the number of elements."
        )
    return self.contiguous().view(shape)
