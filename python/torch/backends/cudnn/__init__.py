"""cuDNN: not part of this build. The switches keep their values and change nothing, since nothing uses cuDNN."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True
benchmark_limit = 10
fp32_precision = "none"
conv = SimpleNamespace(fp32_precision="none")
rnn = SimpleNamespace(fp32_precision="none")


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None."""
    return None


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
    """False."""
    return False
