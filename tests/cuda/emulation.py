"""The emulated device, on which these tests run where there is no GPU: `make test-cuda-emulated` builds it and sets the
two variables that put it in the place of the driver. On a machine with a GPU, `make test-cuda` runs the same tests on that.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import Any, Callable

import pytest
import torch

EMULATED = os.environ.get("TORCH_CUDA_DRIVER", "")


needs_device = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="neither a GPU nor the emulated device (make test-cuda-emulated)"
)


class Emulated:
    """The controls of the emulated device."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(EMULATED)
        self._library.emulated_launches.restype = ctypes.c_char_p
        self._library.emulated_calls.restype = ctypes.c_int64

    def fail(self, call: str, status: int) -> None:
        """The next call of this driver function fails."""
        self._library.emulated_fail(call.encode(), status)

    def calls(self, call: str) -> int:
        return self._library.emulated_calls(call.encode())

    def launches(self) -> list[str]:
        """Kernels that were launched since the last time."""
        return self._library.emulated_launches().decode().split()

    def hold(self, stream: Any, held: bool = True) -> None:
        """Nothing that is put on the stream gets done, as far as events show."""
        self._library.emulated_hold(ctypes.c_uint64(stream.cuda_stream), int(held))


@pytest.fixture
def emulated() -> Emulated:
    if not EMULATED:
        pytest.skip("controls the emulated device")
    device = Emulated()
    device.launches()
    return device


@pytest.fixture
def fresh() -> Callable[..., str]:
    """Runs code in a process of its own, with other variables; its output."""

    def run(code: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    return run


def on_device(value: Any) -> Any:
    """The same tensors with their layout on the device."""
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided:
            return value.to("cuda")
        flat = value.detach().as_strided((value.untyped_storage().nbytes() // value.element_size(),), (1,), 0)
        moved = flat.cuda().as_strided(value.shape, value.stride(), value.storage_offset())
        return moved.requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        items = [on_device(item) for item in value]
        return items if isinstance(value, list) else type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value
