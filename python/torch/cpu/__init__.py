"""The CPU with the functions that modules of accelerators have, for code that is written for any device."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.cpu import amp as amp

__all__ = [
    "Event",
    "Stream",
    "StreamContext",
    "current_device",
    "current_stream",
    "device_count",
    "is_available",
    "is_initialized",
    "set_device",
    "stream",
    "synchronize",
]


def is_available() -> bool:
    """True: there is always a CPU."""
    return True


def is_initialized() -> bool:
    """True: the CPU needs no preparation."""
    return True


def device_count() -> int:
    """1: all cores are one device."""
    return 1


def current_device() -> str:
    """The name of the device."""
    return "cpu"


def set_device(device: Any) -> None:
    """Does nothing: there is only one."""


def synchronize(device: Any = None) -> None:
    """Does nothing: operators are done when their call returns."""


class Stream:
    """The order in which operators run: there is one, that of the calls.

    Args:
        priority: without effect, as there is nothing to come before.
    """

    def __init__(self, priority: int = -1) -> None:
        pass

    def wait_stream(self, stream: Any) -> None:
        """Does nothing: what was called before is done."""

    def record_event(self) -> None:
        """Does nothing."""

    def wait_event(self, event: Any) -> None:
        """Does nothing: what was called before is done."""


class Event:
    """A point in the order of operators, which is always reached."""

    def query(self) -> bool:
        """True: operators are done when their call returns."""
        return True

    def record(self, stream: Any = None) -> None:
        """Does nothing."""

    def synchronize(self) -> None:
        """Does nothing."""

    def wait(self, stream: Any = None) -> None:
        """Does nothing."""


_the_stream = Stream()


def current_stream(device: Any = None) -> Stream:
    """The stream."""
    return _the_stream


class StreamContext:
    """Context manager that does nothing: all streams are one.

    Args:
        stream: the stream.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *args: object) -> None:
        pass


def stream(stream: Stream) -> StreamContext:
    """Context manager that does nothing: all streams are one."""
    return StreamContext(stream)


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module("torch.cpu.amp")
    raise AttributeError(f"module 'torch.cpu' has no attribute {name!r}")
