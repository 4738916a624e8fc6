"""The CPU with the functions that modules of accelerators have, for code that is written for any device."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.cpu import amp as amp

__all__ = ["current_device", "device_count", "is_available", "is_initialized", "set_device", "synchronize"]


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


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module("torch.cpu.amp")
    raise AttributeError(f"module 'torch.cpu' has no attribute {name!r}")
