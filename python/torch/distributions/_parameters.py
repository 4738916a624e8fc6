"""Parameters that several distributions have in common."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions.utils import broadcast_all, lazy_property, logits_to_probs, probs_to_logits


def require_one(probs: Any, logits: Any) -> None:
    """Raise unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class BinaryParameter:
    """Mixin: a probability, given as such (``probs``) or as log odds (``logits``); the other follows from it."""

    def _take(self, probs: Any, logits: Any, **others: Any) -> None:
        """Keep the one that is given, and other parameters by name, broadcast to one shape."""
        require_one(probs, logits)
        given = {**others, **({"probs": probs} if logits is None else {"logits": logits})}
        self.__dict__.update(zip(given, broadcast_all(*given.values())))

    @lazy_property
    def logits(self) -> Tensor:
        """Log odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        """Probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self) -> Tensor:
        return self.probs if "probs" in self.__dict__ else self.logits

    @property
    def param_shape(self) -> torch.Size:
        """Shape of the parameter."""
        return self._param.size()

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._param.new(*args, **kwargs)


class OfCategorical:
    """Mixin of what is built upon ``self._categorical``, whose parameters it shows as its own."""

    _categorical: Any

    @property
    def logits(self) -> Tensor:
        """Normalised log probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._categorical.probs

    @property
    def _param(self) -> Tensor:
        return self._categorical._param

    @property
    def param_shape(self) -> torch.Size:
        """Shape of the parameter."""
        return self._categorical.param_shape

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._categorical._new(*args, **kwargs)
