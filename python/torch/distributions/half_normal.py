"""The half-normal distribution."""

from __future__ import annotations

import math
from typing import Any, Optional

from torch import Tensor
from torch.distributions._half import Half
from torch.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(Half):
    """Absolute values of a normal distribution around 0.

    Args:
        scale: standard deviation of that distribution
    """

    base_dist: Normal

    def __init__(self, scale: Any, validate_args: Optional[bool] = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> HalfNormal:
        return self._expanded_half(HalfNormal, batch_shape, _instance)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)
