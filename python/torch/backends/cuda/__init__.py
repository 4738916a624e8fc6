"""Switches of CUDA. ``matmul.allow_tf32`` takes effect; the others keep their values and change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import _C, _absent

__getattr__ = _absent.names_of(__name__)


class _Matmul(SimpleNamespace):
    """Switches of products of matrices. TF32 has three names, torch.set_float32_matmul_precision being the third."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "allow_tf32":
            torch.set_float32_matmul_precision("high" if value else "highest")
        elif name == "fp32_precision":
            torch.set_float32_matmul_precision("high" if value == "tf32" else "highest")
        else:
            super().__setattr__(name, value)

    def _follow(self, precision: str) -> None:
        tf32 = precision != "highest"
        self.__dict__.update(allow_tf32=tf32, fp32_precision="tf32" if tf32 else "ieee")
        _C._cuda_allowTF32(tf32)


matmul = _Matmul(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    allow_fp16_accumulation=False,
    fp32_precision="none",
)
_attention = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True, "reduction": False}


def is_built() -> bool:
    """Whether this build has the CUDA library."""
    return _C._cuda_built()


def is_flash_attention_available() -> bool:
    """False."""
    return False


def flash_sdp_enabled() -> bool:
    """What :func:`enable_flash_sdp` was told."""
    return _attention["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Keeps the value."""
    _attention["flash"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """What :func:`enable_mem_efficient_sdp` was told."""
    return _attention["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Keeps the value."""
    _attention["mem_efficient"] = bool(enabled)


def math_sdp_enabled() -> bool:
    """What :func:`enable_math_sdp` was told."""
    return _attention["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Keeps the value."""
    _attention["math"] = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    """What :func:`enable_cudnn_sdp` was told."""
    return _attention["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Keeps the value."""
    _attention["cudnn"] = bool(enabled)


def fp16_bf16_reduction_math_sdp_allowed() -> bool:
    """What :func:`allow_fp16_bf16_reduction_math_sdp` was told."""
    return _attention["reduction"]


def allow_fp16_bf16_reduction_math_sdp(enabled: bool) -> None:
    """Keeps the value."""
    _attention["reduction"] = bool(enabled)


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True, enable_cudnn: bool = True
) -> Iterator[Any]:
    """Within, the switches of attention have these values."""
    before = dict(_attention)
    _attention.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield {}
    finally:
        _attention.update(before)
