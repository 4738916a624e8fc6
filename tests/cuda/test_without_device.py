"""What torch.cuda says where there is no GPU."""

from __future__ import annotations

from typing import Callable

from emulation import fresh as fresh


def test_no_driver_is_no_device(fresh: Callable[..., str]) -> None:
    code = """
import torch
assert not torch.cuda.is_available() and torch.cuda.device_count() == 0 and not torch.cuda.is_initialized()
torch.cuda.empty_cache()
try:
    torch.ones(2, device="cuda")
except (RuntimeError, AssertionError) as e:
    print("Found no NVIDIA driver" in str(e) or "not compiled with CUDA" in str(e))
"""
    assert fresh(code, TORCH_CUDA_DRIVER="/nonexistent/libcuda.so") == "True"
