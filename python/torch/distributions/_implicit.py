"""Gradients of gamma and Dirichlet draws with respect to their parameters.

A draw x with distribution function F(x; a) moves with its parameter such that its quantile stays:
``dx/da = -(dF/da) / p(x)``  (implicit reparametrisation; Figurnov, Mohamed and Mnih, 2018).

Note [Tail integrals]. For both families ``dF/da`` is the integral of ``p(t) (log t - E[log t])`` over ``t < x``,
and minus that over ``t > x``. The tail away from the mode is taken, in the variable ``s``: the distance from x in
log t for gamma, in logit t for beta. There the density is log-concave and falls from ``s = 0`` on, as
``exp(-h(s))``. The integral runs to where ``h`` has passed 36 (``exp(-36)`` is 2e-16), over two panels of 24 Gauss-
Legendre nodes, of 16 for float32: one around the bend of the density, one over its exponential tail. The relative
error is below 1e-7, for float32 below 1e-6, see tests/distributions/test_implicit.py.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_DEPTH = 36.0
_CHUNK = 1 << 15  # elements at a time: 24 nodes for each make 6 MB


@functools.lru_cache(maxsize=2)
def _rule(count: int) -> tuple:
    """Nodes and weights of the Gauss-Legendre rule on [0, 1], from the eigenvalues of its Jacobi matrix."""
    k = torch.arange(1, count, dtype=torch.float64)
    beside = k / (4 * k * k - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return (nodes + 1) / 2, vectors[0] ** 2


def _tail_integral(integrand: Callable[[Tensor], Tensor], bend: Tensor, end: Tensor, rule: tuple) -> Tensor:
    """The integral of a function of ``s`` from 0 to ``end``, with a panel that ends at ``bend``."""
    nodes, weights = rule
    middle = torch.minimum(bend, end / 2)
    first = (integrand(middle.unsqueeze(-1) * nodes) * weights).sum(-1) * middle
    rest = end - middle
    second = (integrand(middle.unsqueeze(-1) + rest.unsqueeze(-1) * nodes) * weights).sum(-1) * rest
    return first + second


def _where_quadratic_reaches(slope: Tensor, curvature: Tensor) -> Tensor:
    """The ``s > 0`` at which ``slope s + curvature s^2 / 2`` is 36."""
    return 2 * _DEPTH / (slope + (slope * slope + 2 * _DEPTH * curvature).sqrt())


def _gamma_derivative(rule: tuple, a: Tensor, x: Tensor) -> Tensor:
    """dx/da of draws of Gamma(a, 1)."""
    lower = x <= a
    slope = (a - x).abs()
    # Below: h(s) = a s + x expm1(-s), with h'' = x exp(-s). Above: h(s) = x expm1(s) - a s, with h'' = x exp(s).
    near = _where_quadratic_reaches(slope, x * torch.where(lower, math.exp(-1.0), 1.0))
    # Where the bound from the curvature does not hold or is a bad one: h > a s - x below, and above
    # x (expm1(s) - s) > 0.6 x expm1(s) for s > 2.
    far = torch.where(lower, (_DEPTH + x) / a, torch.log1p(_DEPTH / 0.6 / x).clamp(min=2.0))
    end = torch.where(near <= torch.where(lower, 1.0, 2.0), near, far)
    bend = x.clamp(min=1.0).log() + 12
    side = torch.where(lower, -1.0, 1.0).to(a.dtype).unsqueeze(-1)
    a_, x_ = a.unsqueeze(-1), x.unsqueeze(-1)
    offset = (x.log() - torch.digamma(a)).unsqueeze(-1)

    def integrand(s: Tensor) -> Tensor:
        along = side * s
        return torch.exp(a_ * along - x_ * torch.expm1(along)) * (offset + along)

    return side.squeeze(-1) * x * _tail_integral(integrand, bend, end, rule)


def _beta_derivative(rule: tuple, a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """dx/da of draws of Beta(a, b), divided by 1 - x."""
    total = a + b
    lower = x * total <= a
    # r is the share on the side that is left behind, rate the exponential rate of the tail:
    # h(s) = rate s + total log1p(r expm1(-s)).
    r, rate = torch.where(lower, x, 1 - x), torch.where(lower, a, b)
    rest = torch.where(lower, 1 - x, x)
    near = _where_quadratic_reaches((rate - total * r).clamp(min=0.0), total * r * rest / math.e)
    far = (_DEPTH - total * rest.log()) / rate
    end = torch.where(near <= 1, near, far)
    bend = (r.log() - rest.log()).clamp(min=0.0) + 12
    r_, rate_, total_ = r.unsqueeze(-1), rate.unsqueeze(-1), total.unsqueeze(-1)
    below = torch.where(lower, 1.0, 0.0).to(a.dtype).unsqueeze(-1)
    offset = (x.log() - torch.digamma(a) + torch.digamma(total)).unsqueeze(-1)

    def integrand(s: Tensor) -> Tensor:
        turned = torch.log1p(r_ * torch.expm1(-s))
        return torch.exp(-rate_ * s - total_ * turned) * (offset - turned - below * s)

    return torch.where(lower, -x, x) * _tail_integral(integrand, bend, end, rule)


def _in_chunks(function: Callable[..., Tensor], *values: Tensor) -> Tensor:
    """A function of float64 vectors, applied to tensors piece by piece."""
    shape, dtype = values[0].shape, values[0].dtype
    flat = [value.detach().expand(shape).reshape(-1).double() for value in values]
    rule = _rule(24 if dtype is torch.float64 else 16)
    pieces = [function(rule, *piece) for piece in zip(*(value.split(_CHUNK) for value in flat))]
    return torch.cat(pieces).reshape(shape).to(dtype)


class _StandardGamma(Function):
    """Draws of Gamma(concentration, 1)."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor) -> Tensor:  # type: ignore[override]
        draw = torch._standard_gamma(concentration)
        ctx.save_for_backward(concentration, draw)
        return draw

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> Tensor:  # type: ignore[override]
        concentration, draw = ctx.saved_tensors
        tiny = torch.finfo(draw.dtype).tiny
        return grad_output * _in_chunks(_gamma_derivative, concentration, draw.clamp(min=tiny))


class _Dirichlet(Function):
    """Draws of Dirichlet(concentration).

    Each component is a beta draw that moves with its own concentration; the others make room in proportion.
    """

    @staticmethod
    def forward(ctx: Any, concentration: Tensor) -> Tensor:  # type: ignore[override]
        draw = torch._sample_dirichlet(concentration)
        ctx.save_for_backward(draw, concentration)
        return draw

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> Tensor:  # type: ignore[override]
        draw, concentration = ctx.saved_tensors
        limits = torch.finfo(draw.dtype)
        others = concentration.sum(-1, keepdim=True) - concentration
        inside = draw.clamp(min=limits.tiny, max=1 - limits.eps / 2)
        slope = _in_chunks(_beta_derivative, concentration, others, inside)
        return slope * (grad_output - (draw * grad_output).sum(-1, keepdim=True))


standard_gamma = _StandardGamma.apply
dirichlet = _Dirichlet.apply
