"""Checks of parameters and values: who raises what, and the base classes."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
import warnings
from typing import Any

import pytest
import torch
import torch.distributions as D
from conftest import is_ours
from torch.distributions import constraints

PRELUDE = """
import warnings
import torch.distributions as D
D.Distribution.set_default_validate_args(True)  # which PyTorch's compiler switches off
from torch.distributions import *
t = torch.tensor
z = torch.zeros

def attempt(f):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        try:
            result = f()
        except Exception as e:
            result = (type(e).__name__, str(e))
    if isinstance(result, D.Distribution):
        result = repr(result)
    return result, [(w.category.__name__, str(w.message)) for w in seen]
"""

CALLS = """Normal(t(0.), t(-1.)) | Normal(t([0., float('nan')]), 1.) | Normal(t(0.), 1.).log_prob(1.0) | Normal(t(0.), 1.).log_prob(t(float('nan'))) | Normal(z(2, 3), 1.).log_prob(z(4)) | Normal(z(2, 3), 1.).log_prob(z(4, 3))
Normal(z(2, 3), 1., validate_args=False).log_prob(z(5, 1, 3)) | Normal(t(0.), t(-1.), validate_args=False) | MultivariateNormal(z(3), torch.eye(3)).log_prob(t(1.)) | MultivariateNormal(z(3), torch.eye(3)).log_prob(z(2))
Bernoulli(t(1.5)) | Bernoulli(t(.5)).log_prob(t(.5)) | Bernoulli() | Bernoulli(t(.5), t(.5)) | Bernoulli(.5).rsample() | Bernoulli(.5).cdf(t(1.)) | Normal(0., 1.).enumerate_support()
Binomial(2) | Binomial(t(2.5), t(.5)) | Binomial(t([2, 3]), t([.5, .1])).enumerate_support() | Binomial(t([2, 3]), t([.5, .1])).entropy() | Binomial(3, t(.5)).log_prob(t(4.))
Categorical() | Categorical(t(1.)) | Categorical(logits=t(1.)) | Categorical(t([1., -2.])) | Categorical(t([0., 0.])) | Categorical(t([1., 2.])).log_prob(t(2)) | Multinomial(t(3), t([1., 2.])) | Multinomial(3, t([1., 2.])).log_prob(t([4., 0.]))
OneHotCategorical(t([1., 2.])).log_prob(t([1., 1.])) | Dirichlet(t(1.)) | Dirichlet(t([1., -1.])) | Dirichlet(t([1., 1.])).log_prob(t([.5, .6])) | Beta(1., -1.) | Uniform(2., 1.) | Uniform(1., 1.) | Uniform(0., 1.).log_prob(t(2.)) | Uniform(0., 1.).log_prob(t(1.))
Independent(Normal(z(2), 1.), 2) | Independent(Bernoulli(torch.ones(2) / 2), 1).enumerate_support() | MultivariateNormal(t(1.), torch.eye(2)) | MultivariateNormal(z(2), t(1.)) | MultivariateNormal(z(2), precision_matrix=t(1.)) | MultivariateNormal(z(2), scale_tril=t(1.))
MultivariateNormal(z(2)) | MultivariateNormal(z(2), torch.eye(2), scale_tril=torch.eye(2)) | MultivariateNormal(z(2), -torch.eye(2)) | LowRankMultivariateNormal(t(1.), t(1.), t(1.)) | LowRankMultivariateNormal(t([1.]), t([1.]), t([1.]))
LowRankMultivariateNormal(t([1.]), t([[1.], [2.]]), t([1.])) | LowRankMultivariateNormal(t([1.]), t([[1.]]), t([1., 2.])) | LowRankMultivariateNormal(z(2, 1), torch.ones(3, 1, 1), torch.ones(1))
MixtureSameFamily(Normal(0., 1.), Normal(t([0., 1.]), 1.)) | MixtureSameFamily(Categorical(torch.ones(2)), 3) | MixtureSameFamily(Categorical(torch.ones(3)), Normal(t([0., 1.]), 1.)) | MixtureSameFamily(Categorical(torch.ones(4, 2)), Normal(z(3, 2), 1.))
MixtureSameFamily(Categorical(torch.ones(2)), Normal(t([0., 1.]), 1.)) | TransformedDistribution(Normal(0., 1.), 3) | TransformedDistribution(Normal(0., 1.), [3]) | TransformedDistribution(Normal(0., 1.), [StickBreakingTransform()]) | TransformedDistribution(Normal(0., 1.), [ExpTransform()]).mean
TransformedDistribution(Normal(0., 1.), [AbsTransform()]).log_prob(t(1.)) | HalfNormal(1.).log_prob(t(-1.)) | HalfCauchy(1.).log_prob(t([1., -1.])) | LogNormal(0., -1.) | LogisticNormal(z(2), 1.).mode | LKJCholesky(1) | LKJCholesky(3, -1.) | LKJCholesky(3).log_prob(torch.eye(2))
LKJCholesky(3).log_prob(torch.ones(3, 3)) | NegativeBinomial(-1, t(.5)) | NegativeBinomial(2, t(1.)) | Poisson(-1) | Poisson(2).log_prob(t(1.5)) | Geometric(t(0.)) | Geometric(t(1.5)) | RelaxedOneHotCategorical(t(1.), t(.5)) | ContinuousBernoulli(1.5, validate_args=True)
Wishart(t(.5), torch.eye(2)) | Wishart(t(3.)) | Wishart(t(3.), torch.ones(2)) | Wishart(t(1.5), torch.eye(2)) | Distribution() | Distribution(torch.Size([2])).mean | Normal(0., 1.).sample_n(2).shape | Normal(0., 1.)._extended_shape(2) | Normal(0., 1.).sample([2, 3]).shape
Distribution.set_default_validate_args(3) | Gamma(t([1., 0.]), 1.) | Chi2(t(-1.)) | StudentT(t(-2.)) | FisherSnedecor(1., 0.) | Weibull(0., 1.) | Pareto(1., 0.) | Gumbel(0., 0.) | Kumaraswamy(0., 1.) | InverseGamma(0., 1.) | VonMises(0., 0.) | GeneralizedPareto(0., 0., 1.)
Exponential(0.) | Exponential(1.).cdf(t(-1.)) | Laplace(0., 0.) | Cauchy(0., 0.) | Cauchy(float('nan'), 1.) | RelaxedBernoulli(t(1.), t(2.)) | Pareto(2., 1.).log_prob(t(1.)) | kl_divergence(Normal(0., 1.), LKJCholesky(2)) | Normal(z(3), 1.).expand((3, 2))"""


@pytest.mark.parametrize("call", [call.strip() for line in CALLS.split("\n") for call in line.split("|")])
def test_call(both: Any, call: str) -> None:
    both(f"{PRELUDE}\nresult = attempt(lambda: {call})")


def test_subclass_with_its_own_init_needs_expand() -> None:
    class Mine(D.Normal):
        def __init__(self) -> None:
            super().__init__(0.0, 1.0)

    with pytest.raises(NotImplementedError, match="Subclass Mine of Normal that defines a custom __init__ method must"):
        Mine().expand((2,))


def test_subclass_without_support_warns() -> None:
    class Mine(D.Distribution):
        arg_constraints: dict = {}

        def log_prob(self, value: torch.Tensor) -> torch.Tensor:
            self._validate_sample(value)
            return value

    with pytest.warns(UserWarning, match="does not define `support` to enable sample validation"):
        Mine().log_prob(torch.ones(()))


def test_default_of_checks() -> None:
    try:
        D.Distribution.set_default_validate_args(False)
        assert D.Normal(0.0, -1.0).scale == -1
        with pytest.raises(ValueError, match="scale"):
            D.Normal(0.0, -1.0, validate_args=True)
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="scale"):
        D.Normal(0.0, -1.0)
    code = "import torch.distributions as D; D.Normal(0.0, -1.0); print('unchecked')"
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "unchecked\n", done.stderr


@pytest.mark.skipif(not is_ours(), reason="PyTorch takes every sound draw for a singular one")
def test_wishart_draws_once() -> None:
    d = D.Wishart(torch.tensor(5.5), torch.eye(3))
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = d.sample((3,))
    torch.manual_seed(0)
    assert torch.equal(x, d._bartlett_sampling(torch.Size((3,))))
    # ndim - 1 < df < ndim: rounding makes draws singular, which are drawn anew
    with pytest.warns(UserWarning, match="Low df values detected"):
        low = D.Wishart(torch.tensor(2.0001), torch.eye(3))
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="Singular sample detected"):
        draws = low.sample((1000,))
    found = low.support.check(draws).double().mean()
    torch.manual_seed(0)
    assert found >= low.support.check(low._bartlett_sampling(torch.Size((1000,)))).double().mean()


@pytest.mark.skipif(not is_ours(), reason="NaN or other values in PyTorch")
def test_more_exact_values() -> None:
    a, b = torch.tensor([1.3, 5.5], dtype=torch.float64), torch.tensor([1.4, 2.5], dtype=torch.float64)
    d = D.Kumaraswamy(a, b)
    x = torch.linspace(0.001, 0.999, 9999, dtype=torch.float64).unsqueeze(-1)
    assert (x[d.log_prob(x).argmax(0), 0] - d.mode).abs().max() < 1e-3
    assert D.Normal(0.0, 1.0).cdf(torch.tensor(-10.0)).item() == pytest.approx(7.619853e-24, rel=1e-4)
    assert D.GeneralizedPareto(torch.zeros(1).double(), 1.0, 0.5).log_prob(torch.ones(1).double()).isfinite()


@pytest.mark.parametrize(
    "name", [n for n in D.__all__ if isinstance(getattr(D, n), type) and issubclass(getattr(D, n), D.Distribution)]
)
def test_documented(name: str) -> None:
    kind = getattr(D, name)
    assert kind.__doc__ and kind.__module__.startswith("torch.distributions.")
    if is_ours():
        assert len(kind.__doc__.split()) > 5
        arguments = [a for a in kind.__init__.__code__.co_varnames[1 : kind.__init__.__code__.co_argcount]]
        assert not [a for a in arguments if a != "validate_args" and f"{a}:" not in kind.__doc__]


def test_examples_hold() -> None:
    count = 0
    for module in pkgutil.iter_modules(D.__path__):
        found = importlib.import_module(f"torch.distributions.{module.name}")
        for test in doctest.DocTestFinder(exclude_empty=True).find(found, globs={**vars(D), "torch": torch}):
            result = doctest.DocTestRunner(verbose=False).run(test)
            assert not result.failed, test.name
            count += result.attempted
    assert count >= 8 or not is_ours()


def test_constraints_are_exported() -> None:
    assert not [n for n in constraints.__all__ if not hasattr(constraints, n)]
