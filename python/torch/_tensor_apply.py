"""Python functions over the elements of a tensor: ``Tensor.apply_``, ``Tensor.map_`` and ``Tensor.map2_``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
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
    """See :meth:`torch.Tensor.apply_`."""
    _check(self, "apply_")
    return _write(self, [callable(v) for v in self.reshape(-1).tolist()])


def _elements(self: torch.Tensor, name: str, others: dict[str, torch.Tensor]) -> Iterator[tuple[Any, ...]]:
    """The elements of ``self`` with those of the others, expanded, beside them."""
    _check(self, name, *others.values())
    for what, other in others.items():
        if other.dtype != self.dtype:
            raise TypeError(f"{name}: expected {self.type()} for {what!r} (got {other.type()})")
    beside = [other.expand(self.shape) for other in others.values()]
    return zip(*(t.reshape(-1).tolist() for t in (self, *beside)))


def map_(self: torch.Tensor, tensor: torch.Tensor, callable: Callable[[Any, Any], Any]) -> torch.Tensor:
    """See :meth:`torch.Tensor.map_`."""
    return _write(self, [callable(a, b) for a, b in _elements(self, "map_", {"other": tensor})])


def map2_(
    self: torch.Tensor, x: torch.Tensor, y: torch.Tensor, callable: Callable[[Any, Any, Any], Any]
) -> torch.Tensor:
    """See :meth:`torch.Tensor.map2_`."""
    return _write(self, [callable(a, b, c) for a, b, c in _elements(self, "map2_", {"x": x, "y": y})])
