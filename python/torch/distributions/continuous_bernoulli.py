"""The continuous Bernoulli distribution (Loaiza-Ganem and Cunningham, 2019)."""

from __future__ import annotations

import math
from typing import Any, Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import constraints
from torch.distributions._parameters import BinaryParameter
from torch.distributions.exp_family import ExponentialFamily
from torch.distributions.utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(BinaryParameter, ExponentialFamily):
    """Numbers between 0 and 1 with density proportional to ``probs ** x * (1 - probs) ** (1 - x)``.

    Args:
        probs: the parameter, between 0 and 1
        logits: its log odds, instead
        lims: around 1/2, between these limits, the formulas divide 0 by 0 and Taylor series are used
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple = (0.499, 0.501),
        validate_args: Optional[bool] = None,
    ) -> None:
        self._take(probs, logits)
        if probs is not None:
            if validate_args is not None and not self.arg_constraints["probs"].check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> ContinuousBernoulli:
        new = self._expanded(ContinuousBernoulli, batch_shape, _instance, "probs", "logits")
        new._lims = self._lims
        return new

    @lazy_property
    def probs(self) -> Tensor:
        """The parameter."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _outside_unstable_region(self) -> Tensor:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut_probs(self) -> Tensor:
        """The parameter where it is far enough from 1/2, else a number at the edge."""
        return torch.where(self._outside_unstable_region(), self.probs, self._lims[0] * torch.ones_like(self.probs))

    def _log_odds_and_slope(self) -> tuple:
        """``log(1 - p) - log(p)`` and ``1 - 2 p``, away from 1/2."""
        p = self._cut_probs()
        return torch.log1p(-p) - torch.log(p), 1 - 2 * p

    def _near_half(self, exact: Tensor, series: Tensor) -> Tensor:
        return torch.where(self._outside_unstable_region(), exact, series)

    def _cont_bern_log_norm(self) -> Tensor:
        """Logarithm of the factor that makes the density integrate to 1."""
        odds, slope = self._log_odds_and_slope()
        square = (self.probs - 0.5) ** 2
        return self._near_half(
            odds.abs().log() - slope.abs().log(), math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * square) * square
        )

    @property
    def mean(self) -> Tensor:
        odds, slope = self._log_odds_and_slope()
        x = self.probs - 0.5
        return self._near_half(1 / odds - self._cut_probs() / slope, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x * x) * x)

    @property
    def stddev(self) -> Tensor:
        return torch.sqrt(self.variance)

    @property
    def variance(self) -> Tensor:
        odds, slope = self._log_odds_and_slope()
        p = self._cut_probs()
        square = (self.probs - 0.5) ** 2
        return self._near_half(
            p * (p - 1) / slope**2 + 1 / odds**2, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * square) * square
        )

    def sample(self, sample_shape: Any = torch.Size()) -> Tensor:
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none") + self._cont_bern_log_norm()

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        p = self._cut_probs()
        exact = (torch.pow(p, value) * torch.pow(1 - p, 1 - value) + p - 1) / (2 * p - 1)
        return self._near_half(exact, value).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        p = self._cut_probs()
        exact = (torch.log1p(-p + value * (2 * p - 1)) - torch.log1p(-p)) / (torch.log(p) - torch.log1p(-p))
        return self._near_half(exact, value)

    def entropy(self) -> Tensor:
        log_not = torch.log1p(-self.probs)
        return self.mean * (log_not - torch.log(self.probs)) - self._cont_bern_log_norm() - log_not

    @property
    def _natural_params(self) -> tuple:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        outside = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        away = torch.where(outside, x, (self._lims[0] - 0.5) * torch.ones_like(x))
        exact = torch.log(torch.abs(torch.special.expm1(away))) - torch.log(torch.abs(away))
        return torch.where(outside, exact, 0.5 * x + x**2 / 24.0 - x**4 / 2880.0)
