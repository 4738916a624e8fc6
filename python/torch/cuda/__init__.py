"""CUDA devices.

A build without the CUDA library has no device, and what needs one says so. docs/cuda.md tells what a build with it
can do.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import torch
from torch import AcceleratorError as AcceleratorError, OutOfMemoryError as OutOfMemoryError, _absent

if TYPE_CHECKING:
    from torch.cuda import amp as amp, nvtx as nvtx

_listed = _absent.names_of(__name__)  # what needs a device, and the figures of none


def __getattr__(name: str) -> Any:
    if name in ("amp", "nvtx"):
        return importlib.import_module(f"torch.cuda.{name}")
    if torch._C._cuda_built():
        for part in ("_runtime", "_random", "_graphs"):
            module = importlib.import_module(f"torch.cuda.{part}")
            if name in module.__all__:
                return getattr(module, name)
    return _listed(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_absent.listed(__name__)} - {"annotations", "torch"})


def is_available() -> bool:
    """Whether there is a CUDA device. Makes no context, so that a process may fork afterwards."""
    return device_count() > 0


def device_count() -> int:
    """How many CUDA devices there are. Makes no context, so that a process may fork afterwards."""
    return torch._C._cuda_getDeviceCount()


def is_initialized() -> bool:
    """Whether this process uses CUDA."""
    return torch._C._cuda_isInitialized()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the current device computes in bfloat16."""
    return is_available() and (including_emulation or torch.cuda.get_device_capability()[0] >= 8)


class device:
    """Makes a device the current one for a block; ``None`` and a negative index leave it as it is."""

    def __init__(self, device: Any) -> None:
        index = device if device is None or isinstance(device, int) else torch.device(device).index
        self.idx = -1 if index is None else index
        self.prev_idx = -1

    def __enter__(self) -> None:
        if self.idx < 0:
            return
        if not torch._C._cuda_built():
            raise RuntimeError("torch was compiled without CUDA support")
        self.prev_idx = torch._C._cuda_getDevice()
        torch._C._cuda_setDevice(self.idx)

    def __exit__(self, *exception: Any) -> None:
        if self.idx >= 0:
            torch._C._cuda_setDevice(self.prev_idx)


class device_of(device):
    """Makes the device of a tensor the current one; there is nothing to do for tensors of the CPU."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else -1)


class StreamContext:
    """Runs a block on a stream, whose device becomes the current one; ``None`` leaves all as it is."""

    def __init__(self, stream: Any) -> None:
        if stream is not None and not torch._C._cuda_built():
            raise AssertionError("Torch not compiled with CUDA enabled")
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is None:
            return
        self._device = torch._C._cuda_getDevice()
        self._given = torch._C._cuda_getCurrentRawStream(self.stream.device_index)
        torch._C._cuda_setDevice(self.stream.device_index)
        torch._C._cuda_setStream(self.stream.device_index, self.stream.cuda_stream)

    def __exit__(self, *exception: Any) -> None:
        if self.stream is not None:
            torch._C._cuda_setStream(self.stream.device_index, self._given)
            torch._C._cuda_setDevice(self._device)


def stream(stream: Any) -> StreamContext:
    """A :class:`StreamContext`."""
    return StreamContext(stream)


def set_rng_state_all(new_states: Any) -> None:
    """Sets the generators' states, one for each device."""
    if torch._C._cuda_built():
        return importlib.import_module("torch.cuda._random").set_rng_state_all(new_states)
    if list(new_states):
        raise AssertionError("Torch not compiled with CUDA enabled")
