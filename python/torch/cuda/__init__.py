"""CUDA devices. This build has no CUDA kernels: there is no device, and what needs one says so."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import torch
from torch import AcceleratorError as AcceleratorError, OutOfMemoryError as OutOfMemoryError, _absent

if TYPE_CHECKING:
    from torch.cuda import amp as amp

_listed = _absent.names_of(__name__)  # what needs a device, and the figures of none


def __getattr__(name: str) -> Any:
    return importlib.import_module("torch.cuda.amp") if name == "amp" else _listed(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_absent.listed(__name__)} - {"annotations", "torch"})


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


class device:
    """Makes a device the current one for a block; only none at all, ``None`` or a negative index, can be chosen."""

    def __init__(self, device: Any) -> None:
        index = device if device is None or isinstance(device, int) else torch.device(device).index
        self.idx = -1 if index is None else index

    def __enter__(self) -> None:
        if self.idx >= 0:
            raise RuntimeError("torch was compiled without CUDA support")

    def __exit__(self, *exception: Any) -> None:
        pass


class device_of(device):
    """Makes the device of a tensor the current one; there is nothing to do for tensors of the CPU."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else -1)


class StreamContext:
    """Runs a block on a stream, of which there are none: ``None`` leaves all as it is."""

    def __init__(self, stream: Any) -> None:
        if stream is not None:
            raise AssertionError("Torch not compiled with CUDA enabled")
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        pass


def stream(stream: Any) -> StreamContext:
    """A :class:`StreamContext`."""
    return StreamContext(stream)


def set_rng_state_all(new_states: Any) -> None:
    """Sets the generators' states, one for each device: there are none, so that any state is one too many."""
    if list(new_states):
        raise AssertionError("Torch not compiled with CUDA enabled")
