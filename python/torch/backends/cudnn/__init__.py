"""cuDNN, which convolutions of floating-point tensors on CUDA devices take.

``enabled``, ``benchmark``, ``benchmark_limit``, ``deterministic`` and ``allow_tf32`` take effect; the others keep their
values.
"""

from __future__ import annotations

import sys
import types
from types import SimpleNamespace
from typing import Any, Optional

import torch
from torch import _C

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True
benchmark_limit = 10
fp32_precision = "none"
conv = SimpleNamespace(fp32_precision="none")
rnn = SimpleNamespace(fp32_precision="none")


def is_available() -> bool:
    """Whether this build has the CUDA library, and the package nvidia-cudnn-cu13 is there."""
    return version() is not None


def version() -> Optional[int]:
    """As a number, 91300 for 9.13.0; None where it is not there."""
    return _C._cuda_cudnnVersion() or None


def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Any:
    """Within, the switches have these values."""
    from torch.backends import _switched

    return _switched(
        sys.modules[__name__],
        enabled=enabled,
        benchmark=benchmark,
        benchmark_limit=benchmark_limit,
        deterministic=deterministic,
        allow_tf32=allow_tf32,
        fp32_precision=fp32_precision,
    )


def is_acceptable(tensor: Any) -> bool:
    """Whether convolutions of tensors like this one are cuDNN's."""
    floats = ("torch.float32", "torch.float64", "torch.float16", "torch.bfloat16")
    return enabled and tensor.device.type == "cuda" and str(tensor.dtype) in floats and is_available()


def _tell() -> None:
    """Tells the CUDA library of the switches, and of torch.use_deterministic_algorithms."""
    ordered = deterministic or torch.are_deterministic_algorithms_enabled()
    _C._cuda_setConvolutions(enabled, benchmark, ordered, allow_tf32, benchmark_limit)


class _Switches(types.ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("enabled", "benchmark", "deterministic", "allow_tf32", "benchmark_limit"):
            _tell()


sys.modules[__name__].__class__ = _Switches
