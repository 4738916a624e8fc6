"""Marks and ranges in the time line of NVIDIA's profilers, by the package `nvtx <https://pypi.org/project/nvtx/>`_
(``pip install nvtx``). They work on any machine and cost next to nothing while no profiler watches.

NVTX is described at https://nvidia.github.io/NVTX/; names and arguments here are PyTorch's.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["mark", "range", "range_end", "range_pop", "range_push", "range_start"]

_open = threading.local()  # .depth: ranges that this thread has pushed
_numbers = itertools.count(1)
_started: dict[int, Any] = {}


def _nvtx() -> ModuleType:
    try:
        import nvtx
    except ImportError as error:
        raise RuntimeError("NVTX functions not installed: they take the package nvtx (pip install nvtx)") from error
    return nvtx


def range_push(msg: str) -> int:
    """Begin a range named ``msg`` inside those that this thread has open; returns its depth, 0 for the outermost."""
    _nvtx().push_range(msg)
    depth: int = getattr(_open, "depth", 0)
    _open.depth = depth + 1
    return depth


def range_pop() -> int:
    """End the range that this thread pushed last; returns its depth, or a negative number if there is none."""
    _nvtx().pop_range()
    depth: int = getattr(_open, "depth", 0) - 1
    _open.depth = max(depth, 0)
    return depth


def range_start(msg: str) -> int:
    """Begin a range that any thread may end, at any depth; returns its number for :func:`range_end`."""
    handle = _nvtx().start_range(msg)
    number = next(_numbers)
    _started[number] = handle
    return number


def range_end(range_id: int) -> None:
    """End the range with this number. A number that is not of an open range is ignored."""
    handle = _started.pop(range_id, None)
    if handle is not None:
        _nvtx().end_range(handle)


def mark(msg: str) -> None:
    """Mark this moment."""
    _nvtx().mark(msg)


@contextlib.contextmanager
def range(msg: str, *args: Any, **kwargs: Any) -> Iterator[None]:
    """A context, or decorator of functions, whose inside is a range named ``msg.format(*args, **kwargs)``."""
    range_push(msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop()
