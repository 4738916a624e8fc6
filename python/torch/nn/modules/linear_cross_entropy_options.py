"""Options of the loss of linear scores; imported at first use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

import torch

__all__ = ["LinearCrossEntropyOptions"]

_ACC_DTYPES = (None, torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How :func:`~torch.nn.functional.linear_cross_entropy` cuts a batch, so that never all scores are in memory.

    The scores of a part are computed again in backward.

    Args:
        allow_retain_graph: accepted; the graph can always be used again.
        batch_chunk_size: samples of a part. Default: as ``chunking_method`` says
        chunking_method: ``"aspect_ratio:K"``: the scores of a part take K times as much memory as the weight;
            ``"aspect_ratio"`` and ``"auto"``: K = 2; ``None``: one part. Default: ``"auto"``
        acc_policy: ``"accurate"``: gradients of a float16 or bfloat16 weight are summed in float32; ``"balanced"``,
            ``"compact"`` and ``"auto"``: in the weight's dtype. Default: ``"auto"``
        acc_dtype: the dtype in which they are summed.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: Optional[int] = None
    chunking_method: Optional[str] = "auto"
    acc_policy: str = "auto"
    acc_dtype: Optional[torch.dtype] = None

    def __post_init__(self) -> None:
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size}")
        if self.acc_policy not in ("accurate", "balanced", "compact", "auto"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        method = self.chunking_method
        if method not in (None, "auto") and not re.fullmatch(r"aspect_ratio(:0*[1-9]\d*)?", str(method)):
            raise ValueError(f"invalid chunking_method: {method!r}")
        if self.acc_dtype not in _ACC_DTYPES:
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, torch.float64}, got "
                f"{self.acc_dtype}. Pass acc_dtype=None to let the op pick automatically."
            )

    def _samples(self, in_features: int, batch: int) -> int:
        """Samples of a part of a batch."""
        if self.batch_chunk_size is not None:
            return self.batch_chunk_size
        if self.chunking_method is None:
            return max(batch, 1)
        return max(1, int((self.chunking_method.partition(":")[2]) or 2) * in_features)

    def _sums_in(self, dtype: torch.dtype) -> torch.dtype:
        """The dtype in which gradients of a weight are summed."""
        if self.acc_dtype is not None:
            return self.acc_dtype
        return torch.promote_types(dtype, torch.float32) if self.acc_policy == "accurate" else dtype
