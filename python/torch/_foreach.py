"""Operators over lists of tensors: ``torch._foreach_add`` and its kin, of which optimizers and packages make use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import torch
from torch import _C

Tensors = Sequence[torch.Tensor]
Operand = Union[torch.Tensor, Tensors, int, float, complex, bool, Sequence[Any]]


def _paired(name: str, tensors: Tensors, other: Operand) -> list[Any]:
    """What stands beside each tensor: a number or 0-dim tensor beside all, or the item of a list at the same place."""
    if len(tensors) == 0:
        raise RuntimeError(f"{name}: Tensor list must have at least one tensor.")
    if isinstance(other, torch.Tensor):
        if other.dim() != 0:
            raise RuntimeError(
                f"{name}: scalar tensor expected to be 0 dim but it has {other.dim()} dimensions and "
                f"{other.numel()} elements."
            )
        return [other] * len(tensors)
    if isinstance(other, (list, tuple)):
        if len(other) != len(tensors):
            if isinstance(other[0] if other else None, torch.Tensor):
                raise RuntimeError(
                    f"{name}: Tensor lists must have the same number of tensors, got {len(tensors)} and {len(other)}"
                )
            raise RuntimeError(
                f"{name}: Tensor list must have same number of elements as scalar list, got {len(tensors)} and "
                f"{len(other)}"
            )
        return list(other)
    if not isinstance(other, (int, float, complex)):
        raise TypeError(f"{name}: expected a number, a tensor or a list of them, but got {type(other).__name__}")
    return [other] * len(tensors)


def _foreach_add(self: Tensors, other: Operand, *, alpha: Any = 1) -> tuple[torch.Tensor, ...]:
    """The sums ``tensor + alpha * other`` for the tensors of a list.

    ``other`` is a number, a 0-dim tensor, or a list with a number or a tensor for each.
    """
    return tuple(torch.add(a, b, alpha=alpha) for a, b in zip(self, _paired("_foreach_add", self, other)))


def _foreach_add_(self: Tensors, other: Operand, *, alpha: Any = 1) -> Tensors:
    """Adds ``alpha * other`` to the tensors of a list, in place; see ``torch._foreach_add``. Returns the list."""
    if isinstance(other, (int, float)) and alpha == 1 and len(self) and not any(t.requires_grad for t in self):
        _C._VariableFunctions._foreach_add_(self, other)
        return self
    for a, b in zip(self, _paired("_foreach_add_", self, other)):
        a.add_(b, alpha=alpha)
    return self


def _foreach_mul(self: Tensors, other: Operand) -> tuple[torch.Tensor, ...]:
    """The products ``tensor * other`` for the tensors of a list; ``other`` as for ``torch._foreach_add``."""
    return tuple(torch.mul(a, b) for a, b in zip(self, _paired("_foreach_mul", self, other)))


def _foreach_mul_(self: Tensors, other: Operand) -> Tensors:
    """Multiplies the tensors of a list in place; ``other`` as for ``torch._foreach_add``. Returns the list."""
    for a, b in zip(self, _paired("_foreach_mul_", self, other)):
        a.mul_(b)
    return self


def _foreach_copy_(self: Tensors, src: Tensors, non_blocking: bool = False) -> Tensors:
    """Copies the tensors of a list into those of another. Returns the list written to."""
    for a, b in zip(self, _paired("_foreach_copy_", self, src)):
        a.copy_(b, non_blocking)
    return self
