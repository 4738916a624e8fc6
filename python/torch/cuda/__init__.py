"""CUDA devices. This build has no CUDA kernels: there is no device, and what needs one says so."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.cuda import amp as amp


def is_available() -> bool:
    """False: this build has no CUDA support."""
    return False


def device_count() -> int:
    """0."""
    return 0


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def manual_seed(seed: int) -> None:
    """Seeds the generators of all devices, of which there are none."""


def manual_seed_all(seed: int) -> None:
    """Seeds the generators of all devices, of which there are none."""


def empty_cache() -> None:
    """Gives cached device memory back; there is none."""


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def _none(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("Torch not compiled with CUDA enabled")


synchronize = set_device = current_device = get_device_name = get_device_properties = get_device_capability = _none
current_stream = stream = Stream = Event = init = _none


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module("torch.cuda.amp")
    raise AttributeError(f"module 'torch.cuda' has no attribute {name!r}")
