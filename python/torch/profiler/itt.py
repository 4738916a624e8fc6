"""Ranges for VTune, which is not there."""

from __future__ import annotations

from typing import Any

__all__ = ["is_available", "mark", "range", "range_pop", "range_push"]


def is_available() -> bool:
    """False."""
    return False


def _none(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("torch.profiler.itt: there is no VTune here; use torch.profiler.record_function")


range_push = range_pop = mark = range = _none
