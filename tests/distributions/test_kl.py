"""Divergences: every pair that PyTorch has, against the oracle and against draws; the choice of the formula."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.distributions as D
from torch.distributions import kl
from torch.distributions.kl import _KL_REGISTRY

PRELUDE = """
import warnings
import torch.distributions as D
warnings.simplefilter('ignore')
t = lambda *v: torch.tensor(v, dtype=torch.float64)
a, b, c, e = t(0.5, 1.3, 2.6), t(0.9, 2.4, 3.1), t(4.1, 2.5, 1.7), t(3.2, 0.6, 2.9)
l, m, u, v = t(-0.7, 0.3, 1.9), t(0.2, -0.5, 0.8), t(0.2, 0.45, 0.85), t(0.3, 0.5, 0.6)
w, x = t([0.2, 0.5, 0.3], [0.6, 0.1, 0.3]), t([0.3, 0.3, 0.4], [0.2, 0.2, 0.6])
cov = t([2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 0.9])
fac = t([0.3], [-0.8], [0.5])
n = t(3.0, 5.0, 2.0)
"""

# One of each class, and another one. Uniform and Pareto come in two kinds, with and without a common support.
ONE = {
    "Bernoulli": "D.Bernoulli(u)",
    "Beta": "D.Beta(a, b)",
    "Binomial": "D.Binomial(n, u)",
    "Categorical": "D.Categorical(w)",
    "Cauchy": "D.Cauchy(l, a)",
    "ContinuousBernoulli": "D.ContinuousBernoulli(u)",
    "Dirichlet": "D.Dirichlet(w)",
    "Exponential": "D.Exponential(a)",
    "Gamma": "D.Gamma(b, c)",
    "Geometric": "D.Geometric(u)",
    "Gumbel": "D.Gumbel(l, a)",
    "HalfNormal": "D.HalfNormal(a)",
    "Independent": "D.Independent(D.Normal(w, 0.5), 1)",
    "Laplace": "D.Laplace(l, a)",
    "LowRankMultivariateNormal": "D.LowRankMultivariateNormal(l, fac, a)",
    "MultivariateNormal": "D.MultivariateNormal(m, cov)",
    "Normal": "D.Normal(l, a)",
    "OneHotCategorical": "D.OneHotCategorical(w)",
    "Pareto": "D.Pareto(c, b)",
    "Poisson": "D.Poisson(a)",
    "TransformedDistribution": "D.LogNormal(l, a)",
    "Uniform": "D.Uniform(v - 0.2, v + 0.3)",
}
TWO = {
    "Bernoulli": "D.Bernoulli(v)",
    "Beta": "D.Beta(c, e)",
    "Binomial": "D.Binomial(n, v)",
    "Categorical": "D.Categorical(x)",
    "Cauchy": "D.Cauchy(m, c)",
    "ContinuousBernoulli": "D.ContinuousBernoulli(v)",
    "Dirichlet": "D.Dirichlet(x)",
    "Exponential": "D.Exponential(c)",
    "Gamma": "D.Gamma(c, e)",
    "Geometric": "D.Geometric(v)",
    "Gumbel": "D.Gumbel(m, c)",
    "HalfNormal": "D.HalfNormal(c)",
    "Independent": "D.Independent(D.Normal(x, 1.5), 1)",
    "Laplace": "D.Laplace(m, c)",
    "LowRankMultivariateNormal": "D.LowRankMultivariateNormal(m, fac * 2, c)",
    "MultivariateNormal": "D.MultivariateNormal(l, cov * 3)",
    "Normal": "D.Normal(m, c)",
    "OneHotCategorical": "D.OneHotCategorical(x)",
    "Pareto": "D.Pareto(v - 0.25, b)",
    "Poisson": "D.Poisson(c)",
    "TransformedDistribution": "D.LogNormal(m, c)",
    "Uniform": "D.Uniform(v * 0.1, 1 + v * 0)",
}
PAIRS = sorted({(p.__name__, q.__name__) for p, q in _KL_REGISTRY} - {("ExponentialFamily", "ExponentialFamily")})
MORE = [
    ("D.Uniform(l, l + a)", "D.Uniform(l - 1, l + c)"),
    ("D.Uniform(l, l + a)", "D.Exponential(a)"),
    ("D.Uniform(l, l + a)", "D.Beta(a, b)"),
    ("D.Uniform(l, l + a)", "D.Gamma(a, b)"),
    ("D.Uniform(c, c + a)", "D.Pareto(v, a)"),
    ("D.Beta(a, b)", "D.Uniform(u - 0.5, 1.5 + u)"),
    ("D.Pareto(c, b)", "D.Pareto(c / 2, a)"),
    ("D.Bernoulli(t(0.0, 1.0, 0.5))", "D.Bernoulli(t(0.5, 0.5, 1.0))"),
    ("D.Categorical(t(0.0, 0.5, 0.5))", "D.Categorical(t(0.3, 0.7, 0.0))"),
    ("D.Categorical(t(0.0, 0.5, 0.5))", "D.Categorical(t(0.3, 0.4, 0.3))"),
    ("D.Binomial(5, u)", "D.Binomial(4, v)"),
    ("D.Chi2(a)", "D.Gamma(a, b)"),
    ("D.Chi2(a)", "D.Chi2(b)"),
    ("D.Normal(l, a)", "D.Normal(0.0, 1.0)"),
    ("D.MultivariateNormal(l, torch.stack([cov, cov * 2]))", "D.MultivariateNormal(m, cov)"),
    ("D.MultivariateNormal(m, cov)", "D.MultivariateNormal(l, torch.stack([cov, cov * 2]))"),
    ("D.MultivariateNormal(w, cov)", "D.LowRankMultivariateNormal(l, fac, a)"),
    ("D.LowRankMultivariateNormal(w, fac, a)", "D.MultivariateNormal(l, torch.stack([cov, cov * 2]))"),
    ("D.Independent(D.Normal(w, 1.0), 2)", "D.Independent(D.Normal(x, 2.0), 2)"),
    ("D.RelaxedBernoulli(t(0.5), u)", "D.RelaxedBernoulli(t(0.5), u)"),
    ("D.Normal(l, a)", "D.Poisson(a)"),
    ("D.Normal(l, a)", "D.VonMises(l, a)"),
    ("D.Independent(D.Normal(w, 1.0), 2)", "D.Independent(D.Normal(x, 2.0), 1)"),
    ("D.LogNormal(l, a)", "D.HalfNormal(a)"),
    ("D.Binomial(2, u)", "D.Binomial(4, v)"),
    ("D.MultivariateNormal(l, cov)", "D.MultivariateNormal(l[:2], cov[:2, :2])"),
]


def test_same_pairs(both: Any) -> None:
    both("from torch.distributions import kl; result = sorted((p.__name__, q.__name__) for p, q in kl._KL_REGISTRY)")


# Where both supports end at the same point, PyTorch gives infinity.
TOUCHING = [(TWO["Uniform"], ONE["ContinuousBernoulli"]), (ONE["ContinuousBernoulli"], TWO["Uniform"])]
ALL = [(ONE[p], TWO[q]) for p, q in PAIRS] + [(TWO[p], ONE[q]) for p, q in PAIRS] + MORE


@pytest.mark.parametrize("p, q", [pair for pair in ALL if pair not in TOUCHING])
def test_divergence(both: Any, p: str, q: str) -> None:
    both(f"{PRELUDE}\nresult = D.kl_divergence({p}, {q})", strides=False, scale=1e5)


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Distributions made in the test do not check values."""
    D.Distribution.set_default_validate_args(False)
    yield
    D.Distribution.set_default_validate_args(True)


MULTIVARIATE = ("Independent", "LowRankMultivariateNormal", "MultivariateNormal", "TransformedDistribution")


@pytest.mark.parametrize("p, q", [(p, q) for p, q in PAIRS if p not in MULTIVARIATE])
def test_against_draws(p: str, q: str, unchecked: None) -> None:
    """The divergence is the mean of the log ratio of the densities, within five standard errors."""
    names: dict = {"torch": torch}
    exec(PRELUDE, names)
    light = ONE[p].replace("Pareto(c, b)", "Pareto(c, b + 8)")  # of heavy tails the mean of draws tells little
    one, two = eval(light, names), eval(TWO[q], names)
    divergence = D.kl_divergence(one, two)
    torch.manual_seed(0)
    x = one.sample((40_000,))
    beyond = ~two.support.check(x)
    ratio = one.log_prob(x) - two.log_prob(x)
    for i, value in enumerate(divergence.flatten().tolist()):
        if beyond.any() and beyond.reshape(len(x), -1)[:, i].any():
            assert value == float("inf")
            continue
        values = ratio.reshape(len(x), -1)[:, i]
        error = float(values.std() / len(x) ** 0.5)
        assert abs(float(values.mean()) - value) < 5 * error + 1e-9, (i, float(values.mean()), value, error)


def test_choice_of_the_formula() -> None:
    class A(D.Normal):
        pass

    class B(A):
        pass

    try:
        D.register_kl(A, D.Normal)(lambda p, q: "left")
        D.register_kl(D.Normal, A)(lambda p, q: "right")
        assert D.kl_divergence(A(0.0, 1.0), D.Normal(0.0, 1.0)) == "left"
        assert D.kl_divergence(D.Normal(0.0, 1.0), B(0.0, 1.0)) == "right"
        assert D.kl_divergence(D.Normal(0.0, 1.0), D.Normal(0.0, 1.0)) == 0
        with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(B, B\). Please register_kl\(A, A\)"):
            assert D.kl_divergence(B(0.0, 1.0), B(0.0, 1.0)) == "left"
        D.register_kl(A, A)(lambda p, q: "both")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert D.kl_divergence(B(0.0, 1.0), B(0.0, 1.0)) == "both"
    finally:
        for pair in ((A, D.Normal), (D.Normal, A), (A, A)):
            _KL_REGISTRY.pop(pair, None)
        kl._KL_MEMOIZE.clear()


def test_register_kl_takes_any_class() -> None:
    class Own:
        pass

    try:
        D.register_kl(Own, Own)(lambda p, q: "own")
        assert D.kl_divergence(Own(), Own()) == "own"
    finally:
        _KL_REGISTRY.pop((Own, Own), None)
        kl._KL_MEMOIZE.clear()
    with pytest.raises(TypeError, match="Expected type_q to be a class but got 3"):
        D.register_kl(D.Normal, 3)  # type: ignore[arg-type]


def test_divergence_for_an_abstract_class() -> None:
    class Abstract:
        pass

    class Mine(D.Normal, Abstract):  # type: ignore[misc]
        pass

    try:
        D.register_kl(Mine, Abstract)(lambda p, q: "abstract")
        assert D.kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0)) == "abstract"
    finally:
        _KL_REGISTRY.pop((Mine, Abstract), None)
        kl._KL_MEMOIZE.clear()
