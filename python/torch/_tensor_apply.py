"""Python functions over the elements of a tensor: ``Tensor.apply_`` and ``Tensor.map_``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch


def _element(value: Any, dtype: torch.dtype) -> Any:
    """A function's result as an element: integers are truncated, as a conversion would."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    if dtype == torch.bool:
        return bool(value)
    if dtype.is_complex:
        return complex(value)
    return float(value) if dtype.is_floating_point else math.trunc(value)


def _check(self: torch.Tensor, name: str, *others: torch.Tensor) -> None:
    if any(t.requires_grad for t in (self, *others)):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    if any(t.device.type != "cpu" for t in (self, *others)):
        raise TypeError(f"{name}: only implemented for tensors on the CPU, got device {self.device}")


def _write(self: torch.Tensor, values: list[Any]) -> torch.Tensor:
    elements = [_element(v, self.dtype) for v in values]
    return self.copy_(torch.tensor(elements, dtype=self.dtype).reshape(self.shape))


def apply_(self: torch.Tensor, callable: Callable[[Any], Any]) -> torch.Tensor:
    """Replaces each element by what ``callable(element)`` returns. Slow: for small tensors on the CPU only."""
    _check(self, "apply_")
    return _write(self, [callable(v) for v in self.reshape(-1).tolist()])


def map_(self: torch.Tensor, tensor: torch.Tensor, callable: Callable[[Any, Any], Any]) -> torch.Tensor:
    """Replaces each element by ``callable(element, other)`` with the element of ``tensor``, expanded, beside it.

    Raises:
        TypeError: ``tensor`` has another dtype.
        RuntimeError: its shape does not expand to that of ``self``, or one of both requires grad.
    """
    _check(self, "map_", tensor)
    if tensor.dtype != self.dtype:
        raise TypeError(f"map_: expected {self.type()} for 'other' (got {tensor.type()})")
    other = tensor.expand(self.shape)
    return _write(self, [callable(a, b) for a, b in zip(self.reshape(-1).tolist(), other.reshape(-1).tolist())])
