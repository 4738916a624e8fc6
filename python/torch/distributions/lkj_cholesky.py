"""Cholesky factors of correlation matrices (Lewandowski, Kurowicka and Joe, 2009)."""

from __future__ import annotations

import math
from typing import Any, Optional

import torch
from torch import Tensor
from torch.distributions import Beta, constraints
from torch.distributions.distribution import Distribution
from torch.distributions.utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices ``M``, with density proportional to ``det(M) ** (concentration - 1)``.

    Draws are made by the onion method: row by row, a direction and a beta distributed length.

    Args:
        dim: size of the matrices, at least 2
        concentration: 1 makes all correlation matrices equally likely, more prefers those near the identity
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: Optional[bool] = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        event_shape = torch.Size((dim, dim))
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # The squared length of the off-diagonal part of each row; the first row has none.
        before = torch.arange(dim - 1, dtype=self.concentration.dtype, device=self.concentration.device)
        before = torch.cat([before.new_zeros(1), before])
        beta1 = before + 0.5
        beta0 = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * before
        self._beta = Beta(beta1, beta0)
        super().__init__(self.concentration.size(), event_shape, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> LKJCholesky:
        new = self._expanded(LKJCholesky, batch_shape, _instance, "concentration")
        new.dim = self.dim
        new._beta = self._beta.expand(new._batch_shape + (self.dim,))
        return new

    def sample(self, sample_shape: Any = torch.Size()) -> Tensor:
        with torch.no_grad():
            length = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            normal = torch.randn(shape, dtype=length.dtype, device=length.device).tril(-1)
            direction = normal / normal.norm(dim=-1, keepdim=True)
            direction[..., 0, :].fill_(0.0)
            rows = torch.sqrt(length) * direction
            eps = torch.finfo(rows.dtype).tiny
            return rows + torch.clamp(1 - torch.sum(rows**2, dim=-1), min=eps).sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        # The density of the factors is the matrices' times the Jacobian: the i-th diagonal element has the exponent
        # dim - i + 2 (concentration - 1), i from 2. The constant is that of p. 1999 of the paper.
        if self._validate_args:
            self._validate_sample(value)
        below = torch.arange(2, self.dim + 1, device=self.concentration.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - below
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        unnormalized = torch.sum(order * diagonal.log(), dim=-1)
        count = self.dim - 1
        alpha = self.concentration + 0.5 * count
        normalizer = 0.5 * count * math.log(math.pi) + torch.mvlgamma(alpha - 0.5, count) - torch.lgamma(alpha) * count
        return unnormalized - normalizer
