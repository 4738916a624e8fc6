"""Exponential families: entropies, and with them divergences, from the log normalizer alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    r"""A distribution whose density is ``exp(<t(x), theta> - F(theta) + k(x))``.

    ``theta`` are the natural parameters, ``t`` the sufficient statistic, ``F`` the log normalizer and ``k`` the
    carrier measure. A subclass gives ``_natural_params``, ``_log_normalizer`` and ``_mean_carrier_measure``.

    Args:
        batch_shape: shape of the batch of distributions
        event_shape: shape of one outcome
    """

    @property
    def _natural_params(self) -> tuple:
        """The natural parameters, a tuple of tensors."""
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Tensor:
        """``F`` of natural parameters."""
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> float:
        """The expected value of ``k(x)``."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy ``F(theta) - <theta, dF/dtheta> - E[k(x)]``, with the derivative from autograd."""
        natural = [parameter.detach().requires_grad_() for parameter in self._natural_params]
        with torch.enable_grad():
            normalizer = self._log_normalizer(*natural)
            slopes = torch.autograd.grad(normalizer.sum(), natural, create_graph=True)
        result = normalizer - self._mean_carrier_measure
        for parameter, slope in zip(natural, slopes):
            term = parameter * slope
            result = result - term.reshape(self._batch_shape + (-1,)).sum(-1)
        return result
