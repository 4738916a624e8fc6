"""What the processor has."""

from __future__ import annotations

from torch import _C

_NAMES = {"v2": "DEFAULT", "avx2": "AVX2", "avx512": "AVX512"}


def get_cpu_capability() -> str:
    """The instruction set that the kernels use, by PyTorch's names: ``"DEFAULT"``, ``"AVX2"`` or ``"AVX512"``."""
    return _NAMES[_C._cpu_isa()]
