"""Kullback-Leibler divergences between distributions, in a table by the classes of both.

Most of the formulas are ``-entropy(p) - E_p[log q]``: a distribution ``q`` says which expectations under ``p`` its log
density needs, and ``p`` has them. What diverges because ``p`` goes beyond the support of ``q`` is infinite.
"""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any, Callable

import torch
from torch import Tensor
from torch.distributions.bernoulli import Bernoulli
from torch.distributions.beta import Beta
from torch.distributions.binomial import Binomial
from torch.distributions.categorical import Categorical
from torch.distributions.cauchy import Cauchy
from torch.distributions.continuous_bernoulli import ContinuousBernoulli
from torch.distributions.dirichlet import Dirichlet
from torch.distributions.distribution import Distribution
from torch.distributions.exp_family import ExponentialFamily
from torch.distributions.exponential import Exponential
from torch.distributions.gamma import Gamma
from torch.distributions.geometric import Geometric
from torch.distributions.gumbel import Gumbel
from torch.distributions.half_normal import HalfNormal
from torch.distributions.independent import Independent
from torch.distributions.laplace import Laplace
from torch.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal, _batch_lowrank_mahalanobis
from torch.distributions.multivariate_normal import MultivariateNormal, _batch_mahalanobis
from torch.distributions.normal import Normal
from torch.distributions.one_hot_categorical import OneHotCategorical
from torch.distributions.pareto import Pareto
from torch.distributions.poisson import Poisson
from torch.distributions.transformed_distribution import TransformedDistribution
from torch.distributions.uniform import Uniform
from torch.distributions.utils import _sum_rightmost, euler_constant
from torch.nn.functional import softplus

__all__ = ["register_kl", "kl_divergence"]

_KL_REGISTRY: dict = {}
_KL_MEMOIZE: dict = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Callable], Callable]:
    """Decorator: register a function ``(p, q) -> divergence`` for two classes and their subclasses.

    Of several functions that fit, the one for the nearest classes is used; where one is nearer for ``p`` and another
    for ``q``, the former, with a warning.

    Args:
        type_p: class of the first distribution
        type_q: class of the second

    Example::

        @register_kl(Normal, Normal)
        def kl_normal_normal(p, q): ...
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        # Any class will do: other libraries have distributions of their own.
        if not isinstance(kind, type):
            raise TypeError(f"Expected {name} to be a class but got {kind}")

    def decorator(fun: Callable) -> Callable:
        _KL_REGISTRY[type_p, type_q] = fun
        _KL_MEMOIZE.clear()
        return fun

    return decorator


def _nearest(pairs: list, first: int) -> tuple:
    """The pair whose class at place ``first`` is the most derived one, the other class deciding between equals."""

    def nearer(one: tuple, two: tuple) -> tuple:
        for place in (first, 1 - first):
            if one[place] is not two[place]:
                return one if issubclass(one[place], two[place]) else two
        return one

    return functools.reduce(nearer, pairs)


def _dispatch_kl(type_p: type, type_q: type) -> Any:
    """The function for two classes, or NotImplemented."""
    pairs = [pair for pair in _KL_REGISTRY if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not pairs:
        return NotImplemented
    left, right = _nearest(pairs, 0), _nearest(pairs, 1)
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({left[0].__name__}, {right[1].__name__})",
            RuntimeWarning,
            stacklevel=2,
        )
    return _KL_REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The divergence of ``q`` from ``p``, the expected value of ``log p(x) - log q(x)`` under ``p``.

    Args:
        p: the first distribution
        q: the second

    Raises:
        NotImplementedError: if there is no formula for the two classes

    Example::

        >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
        tensor(0.5000)
    """
    key = type(p), type(q)
    if key not in _KL_MEMOIZE:
        _KL_MEMOIZE[key] = _dispatch_kl(*key)
    fun = _KL_MEMOIZE[key]
    if fun is NotImplemented:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}"
        )
    return fun(p, q)


# ---------------------------------------------------------------- within a family


def _infinite_where(beyond: Any, value: Tensor) -> Tensor:
    return torch.where(beyond, math.inf, value)


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    def outcome(chance: Tensor, other: Tensor, sign: int) -> Tensor:
        term = chance * (softplus(-sign * q.logits) - softplus(-sign * p.logits))
        return torch.where(chance == 0, 0.0, _infinite_where(other == 0, term))

    return outcome(p.probs, q.probs, 1) + outcome(1 - p.probs, 1 - q.probs, -1)


@register_kl(Beta, Beta)
def _kl_beta_beta(p: Beta, q: Beta) -> Tensor:
    return _kl_dirichlet_dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _kl_binomial_binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    trial = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return _infinite_where(p.total_count > q.total_count, p.total_count * trial)


@register_kl(Categorical, Categorical)
def _kl_categorical_categorical(p: Categorical, q: Categorical) -> Tensor:
    term = _infinite_where(q.probs == 0, p.probs * (p.logits - q.logits))
    return torch.where(p.probs == 0, 0.0, term).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_onehotcategorical_onehotcategorical(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _kl_categorical_categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _kl_cauchy_cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    # Chyzak and Nielsen, 2019
    square = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return square.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli_continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    constants = [d._cont_bern_log_norm() + torch.log1p(-d.probs) for d in (p, q)]
    return p.mean * (p.logits - q.logits) + constants[0] - constants[1]


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    normalizers = total.lgamma() - b.sum(-1).lgamma() + (b.lgamma() - a.lgamma()).sum(-1)
    return normalizers + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Exponential, Exponential)
def _kl_exponential_exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p: ExponentialFamily, q: ExponentialFamily) -> Tensor:
    """The Bregman divergence of the log normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot "
            "be computed using Bregman divergences"
        )
    ours = [parameter.detach().requires_grad_() for parameter in p._natural_params]
    theirs = q._natural_params
    with torch.enable_grad():
        normalizer = p._log_normalizer(*ours)
        slopes = torch.autograd.grad(normalizer.sum(), ours, create_graph=True)
    result = q._log_normalizer(*theirs) - normalizer
    for one, two, slope in zip(ours, theirs, slopes):
        result = result - _sum_rightmost((two - one) * slope, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p: Gamma, q: Gamma) -> Tensor:
    return (
        q.concentration * (p.rate / q.rate).log()
        + torch.lgamma(q.concentration)
        - torch.lgamma(p.concentration)
        + (p.concentration - q.concentration) * torch.digamma(p.concentration)
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(Geometric, Geometric)
def _kl_geometric_geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _kl_halfnormal_halfnormal(p: HalfNormal, q: HalfNormal) -> Tensor:
    return _kl_normal_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio = p.scale / q.scale
    away = (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * torch.exp(-away / p.scale) - 1


@register_kl(Normal, Normal)
def _kl_normal_normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _kl_pareto_pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return _infinite_where(p.scale < q.scale, result)


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p: Uniform, q: Uniform) -> Tensor:
    return _infinite_where((q.low > p.low) | (q.high < p.high), ((q.high - q.low) / (p.high - p.low)).log())


@register_kl(Gumbel, Gumbel)
def _kl_gumbel_gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    return _minus_entropy_and_cross(p, q)


# ---------------------------------------------------------------- multivariate normals


def _same_events(p: Distribution, q: Distribution) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot be computed"
        )


def _log_det(d: Any) -> Tensor:
    return d._log_det() if isinstance(d, LowRankMultivariateNormal) else 2 * d._half_log_det()


def _factors(d: Any) -> list:
    """Matrices whose products with their transposes sum to the covariance."""
    if isinstance(d, LowRankMultivariateNormal):
        return [d._unbroadcasted_cov_factor, torch.diag_embed(d._unbroadcasted_cov_diag.sqrt())]
    return [d._unbroadcasted_scale_tril]


def _distance(d: Any, x: Tensor) -> Tensor:
    """``x^T covariance^-1 x``"""
    if isinstance(d, LowRankMultivariateNormal):
        return _batch_lowrank_mahalanobis(
            d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag, x, d._capacitance_tril
        )
    return _batch_mahalanobis(d._unbroadcasted_scale_tril, x)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_of_normals(p: Any, q: Any) -> Tensor:
    _same_events(p, q)
    result = _log_det(q) - _log_det(p) + _distance(q, q.loc - p.loc) - p.event_shape[0]
    for factor in _factors(p):
        # The trace of covariance_q^-1 F F^T is the sum of the distances of F's columns.
        columns = factor.movedim(-1, 0)
        missing = max(len(q.batch_shape) - (columns.dim() - 2), 0)
        columns = columns.reshape(columns.shape[:1] + (1,) * missing + columns.shape[1:])
        result = result + _distance(q, columns).sum(0)
    return 0.5 * result


# ---------------------------------------------------------------- distributions made of others


@register_kl(Independent, Independent)
def _kl_independent_independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    divergence = kl_divergence(p.base_dist, q.base_dist)
    return _sum_rightmost(divergence, len(p.event_shape) - len(p.base_dist.event_shape))


# ---------------------------------------------------------------- between families


def _x_log_x(x: Tensor) -> Tensor:
    return torch.special.xlogy(x, x)


def _mean_of_log(p: Any) -> Tensor:
    """The expected value of log(x)."""
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Exponential):
        return -euler_constant - p.rate.log()
    if isinstance(p, Gamma):
        return p.concentration.digamma() - p.rate.log()
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    assert isinstance(p, Uniform)
    return (_x_log_x(p.high) - _x_log_x(p.low)) / (p.high - p.low) - 1


def _mean_of_exp(p: Any, t: Tensor) -> Tensor:
    """The expected value of exp(-t x), for t > 0."""
    if isinstance(p, Exponential):
        return p.rate / (p.rate + t)
    if isinstance(p, Gamma):
        return (1 + t / p.rate).pow(-p.concentration)
    if isinstance(p, Gumbel):
        return torch.exp(torch.lgamma(1 + t * p.scale) - t * p.loc)
    if isinstance(p, Normal):
        return torch.exp(0.5 * (t * p.scale).pow(2) - t * p.loc)
    assert isinstance(p, Uniform)
    return (torch.exp(-t * p.low) - torch.exp(-t * p.high)) / (t * (p.high - p.low))


def _mean_log_density(p: Any, q: Any) -> Tensor:
    """The expected value under ``p`` of the log density of ``q``."""
    if isinstance(q, Exponential):
        return q.rate.log() - q.rate * p.mean
    if isinstance(q, Gamma):
        constant = q.concentration * q.rate.log() - torch.lgamma(q.concentration)
        return constant + (q.concentration - 1) * _mean_of_log(p) - q.rate * p.mean
    if isinstance(q, Gumbel):
        t = q.scale.reciprocal()
        return -q.scale.log() - (p.mean - q.loc) * t - torch.exp(q.loc * t) * _mean_of_exp(p, t)
    if isinstance(q, Normal):
        square = (p.mean - q.loc).pow(2) + p.variance
        return -0.5 * math.log(2 * math.pi) - q.scale.log() - 0.5 * square / q.scale.pow(2)
    if isinstance(q, ContinuousBernoulli):
        return p.mean * q.logits + torch.log1p(-q.probs) + q._cont_bern_log_norm()
    if isinstance(q, Pareto):
        return q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_of_log(p)
    assert isinstance(q, Uniform)
    return -(q.high - q.low).log()


def _minus_entropy_and_cross(p: Any, q: Any) -> Tensor:
    return -p.entropy() - _mean_log_density(p, q)


_WITH_CROSS_ENTROPY: tuple = (
    (Beta, ContinuousBernoulli),
    (Beta, Exponential),
    (Beta, Gamma),
    (Beta, Normal),
    (ContinuousBernoulli, Exponential),
    (ContinuousBernoulli, Normal),
    (Exponential, Gamma),
    (Exponential, Gumbel),
    (Exponential, Normal),
    (Gamma, Exponential),
    (Gamma, Gumbel),
    (Gamma, Normal),
    (Gumbel, Normal),
    (Laplace, Normal),
    (Normal, Gumbel),
)
for _p, _q in _WITH_CROSS_ENTROPY:
    register_kl(_p, _q)(_minus_entropy_and_cross)


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _kl_unit_interval_uniform(p: Any, q: Uniform) -> Tensor:
    return _infinite_where((q.low > 0) | (q.high < 1), _minus_entropy_and_cross(p, q))


@register_kl(Bernoulli, Poisson)
def _kl_bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Normal, Laplace)
def _kl_normal_laplace(p: Normal, q: Laplace) -> Tensor:
    away = p.loc - q.loc
    ratio = away / p.scale
    distance = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * ratio.pow(2)) + away * torch.erf(
        ratio * math.sqrt(0.5)
    )
    return -p.entropy() + (2 * q.scale).log() + distance / q.scale


@register_kl(Pareto, Exponential)
@register_kl(Pareto, Gamma)
def _kl_pareto_with_mean(p: Pareto, q: Any) -> Tensor:
    return _infinite_where(p.alpha <= 1, _minus_entropy_and_cross(p, q))


@register_kl(Pareto, Normal)
def _kl_pareto_normal(p: Pareto, q: Normal) -> Tensor:
    return _infinite_where(p.alpha <= 2, _minus_entropy_and_cross(p, q))


@register_kl(Uniform, Beta)
def _kl_uniform_beta(p: Uniform, q: Beta) -> Tensor:
    width = p.high - p.low
    mean_of_log_rest = (_x_log_x(1 - p.low) - _x_log_x(1 - p.high)) / width - 1
    cross = (
        (q.concentration1 - 1) * _mean_of_log(p)
        + (q.concentration0 - 1) * mean_of_log_rest
        - q._log_normalizer(q.concentration1, q.concentration0)
    )
    return _infinite_where((p.high > 1) | (p.low < 0), -width.log() - cross)


@register_kl(Uniform, ContinuousBernoulli)
def _kl_uniform_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Tensor:
    return _infinite_where((p.high > 1) | (p.low < 0), _minus_entropy_and_cross(p, q))


@register_kl(Uniform, Exponential)
@register_kl(Uniform, Gamma)
def _kl_uniform_positive(p: Uniform, q: Any) -> Tensor:
    return _infinite_where(p.low < 0, _minus_entropy_and_cross(p, q))


@register_kl(Uniform, Gumbel)
@register_kl(Uniform, Normal)
def _kl_uniform_real(p: Uniform, q: Any) -> Tensor:
    return _minus_entropy_and_cross(p, q)


@register_kl(Uniform, Pareto)
def _kl_uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    return _infinite_where(p.low < q.scale, _minus_entropy_and_cross(p, q))


def _kl_infinity(p: Any, q: Any) -> Tensor:
    """The divergence where ``p`` always gives something that ``q`` can't."""
    return p.mean.new_full(torch.broadcast_shapes(p.batch_shape, q.batch_shape), math.inf)


_INFINITE: dict = {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}
for _p, _others in _INFINITE.items():
    for _q in _others:
        register_kl(_p, _q)(_kl_infinity)
