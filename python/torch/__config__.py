"""How this build was made."""

from __future__ import annotations

import torch
from torch import _C


def show() -> str:
    """A description of the build, one fact a line."""
    capability = torch.backends.cpu.get_cpu_capability()
    lines = [
        f"version {torch.__version__}",
        "BLAS and LAPACK: OpenBLAS",
        f"CPU capability usage: {capability}",
        "Build settings: USE_CUDA=OFF, USE_DISTRIBUTED=OFF, USE_MKL=OFF, USE_MKLDNN=OFF, USE_OPENMP=OFF",
    ]
    return "Torch built with:\n" + "".join(f"  - {line}\n" for line in lines)


def parallel_info() -> str:
    """How operators are run side by side."""
    return (
        "Parallel:\n"
        f"\ttorch.get_num_threads() : {_C.get_num_threads()}\n"
        f"\ttorch.get_num_interop_threads() : {torch.get_num_interop_threads()}\n"
        "Threads of the library's own; no OpenMP\n"
    )
