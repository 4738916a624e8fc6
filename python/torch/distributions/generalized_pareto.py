"""The generalized Pareto distribution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.distribution import Distribution
from torch.distributions.utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """What exceeds a high threshold.

    More than ``x`` has the probability ``(1 + concentration * z) ** (-1 / concentration)``, ``z = (x - loc) / scale``.

    Args:
        loc: the threshold
        scale: unit of the excess
        concentration: heaviness of the tail; 0 is the exponential distribution, below 0 the support is bounded
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: Any = None) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> GeneralizedPareto:
        return self._expanded(GeneralizedPareto, batch_shape, _instance, "loc", "scale", "concentration")

    def _split(self) -> tuple:
        """Where the concentration is as good as 0, and the concentration with 1 there."""
        zero = torch.isclose(self.concentration, torch.zeros_like(self.concentration))
        return zero, torch.where(zero, torch.ones_like(self.concentration), self.concentration)

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:  # type: ignore[override]
        end = torch.where(self.concentration < 0, self.loc - self.scale / self.concentration, torch.inf)
        return constraints.interval(self.loc, end)

    @property
    def mean(self) -> Tensor:
        heavy = self.concentration >= 1
        under = torch.where(heavy, 0.5, self.concentration)
        return torch.where(heavy, torch.nan, self.loc + self.scale / (1 - under))

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        heavy = self.concentration >= 0.5
        under = torch.where(heavy, 0.25, self.concentration)
        return torch.where(heavy, torch.nan, self.scale**2 / ((1 - under) ** 2 * (1 - 2 * under)))

    def rsample(self, sample_shape: Any = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, concentration = self._split()
        exact = torch.log1p(concentration * z) * (1 + 1 / concentration)
        return -self.scale.log() - torch.where(zero, z, exact)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """Logarithm of the probability of more than ``value``."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, concentration = self._split()
        return -torch.where(zero, z, torch.log1p(concentration * z) / concentration)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Logarithm of :meth:`cdf`."""
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value: Tensor) -> Tensor:
        return torch.exp(self.log_cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        zero, concentration = self._split()
        logu = torch.log1p(-value)
        return self.loc + self.scale * torch.where(zero, -logu, torch.expm1(-concentration * logu) / concentration)

    def entropy(self) -> Tensor:
        return torch.log(self.scale) + self.concentration + 1
