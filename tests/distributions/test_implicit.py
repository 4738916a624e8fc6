"""Gradients of gamma and Dirichlet draws against exact derivatives of their distribution functions."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Beta, Dirichlet, Gamma

_implicit = pytest.importorskip("torch.distributions._implicit")  # ours
mpmath = pytest.importorskip("mpmath")


def exact_gamma(a: float, x: float) -> float:
    """dx/da where the distribution function of Gamma(a, 1) stays the same; by its upper part above the median."""
    with mpmath.workdps(40):
        a, x = mpmath.mpf(a), mpmath.mpf(x)
        lower = x <= a

        def part(b):  # type: ignore[no-untyped-def]
            limits = (0, x) if lower else (x, mpmath.inf)
            return mpmath.gammainc(b, *limits, regularized=True) * (1 if lower else -1)

        step = a / 10**12
        slope = (part(a + step) - part(a - step)) / (2 * step)
        return float(-slope / mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a)))


def exact_beta(a: float, b: float, x: float) -> float:
    """dx/da / (1 - x) where the distribution function of Beta(a, b) stays the same."""
    with mpmath.workdps(40):
        a, b, x = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)
        lower = x * (a + b) <= a

        def part(c):  # type: ignore[no-untyped-def]
            limits = (0, x) if lower else (x, 1)
            return mpmath.betainc(c, b, *limits, regularized=True) * (1 if lower else -1)

        step = a / 10**12
        slope = (part(a + step) - part(a - step)) / (2 * step)
        density = (a - 1) * mpmath.log(x) + (b - 1) * mpmath.log(1 - x) - mpmath.log(mpmath.beta(a, b))
        return float(-slope / mpmath.exp(density) / (1 - x))


@pytest.mark.parametrize("a", [0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0, 1000.0])
def test_gamma_derivative(a: float) -> None:
    torch.manual_seed(0)
    draws = torch._standard_gamma(torch.full((4,), a, dtype=torch.float64)).clamp(min=1e-300)
    draws = torch.cat([draws, a * torch.tensor([0.5, 1.0, 1.5], dtype=torch.float64)])
    found = _implicit._in_chunks(_implicit._gamma_derivative, torch.full_like(draws, a), draws)
    assert found.tolist() == pytest.approx([exact_gamma(a, x) for x in draws.tolist()], rel=1e-7)
    single = draws.clamp(min=1e-30).float()
    found = _implicit._in_chunks(_implicit._gamma_derivative, torch.full_like(single, a), single)
    a = torch.tensor(a, dtype=torch.float32).item()
    assert found.tolist() == pytest.approx([exact_gamma(a, x) for x in single.tolist()], rel=1e-6)


@pytest.mark.parametrize("a", [0.01, 0.1, 0.5, 1.0, 3.0, 20.0, 300.0])
def test_beta_derivative(a: float) -> None:
    torch.manual_seed(0)
    for b in (0.01, 0.5, 1.0, 20.0, 300.0):
        ab = torch.tensor([[a, b]] * 2, dtype=torch.float64)
        draws = torch._sample_dirichlet(ab)[:, 0].clamp(1e-100, 1 - 1e-15)
        found = _implicit._in_chunks(_implicit._beta_derivative, ab[:, 0], ab[:, 1], draws)
        assert found.tolist() == pytest.approx([exact_beta(a, b, x) for x in draws.tolist()], rel=1e-7)
        inputs = [value.float() for value in (ab[:, 0], ab[:, 1], draws.clamp(1e-30, 1 - 1e-6))]
        found = _implicit._in_chunks(_implicit._beta_derivative, *inputs)
        exact = [exact_beta(*each) for each in zip(*(value.tolist() for value in inputs))]
        assert found.tolist() == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_means(dtype: torch.dtype) -> None:
    """The gradient of the mean of many draws is that of the mean, within five standard errors."""
    torch.manual_seed(0)
    a = torch.tensor([0.3, 1.2, 8.0], dtype=dtype, requires_grad=True)
    for make in (lambda: Gamma(a, 2.0), lambda: Beta(a, 1.5), lambda: Dirichlet(a)):
        (expected,) = torch.autograd.grad((make().mean * torch.arange(1.0, 4.0)).sum(), a)
        each = a.detach().expand(20_000, 3).clone().requires_grad_()
        kind = type(make())
        d = kind(each) if kind is Dirichlet else kind(each, 2.0 if kind is Gamma else 1.5)
        (slopes,) = torch.autograd.grad((d.rsample() * torch.arange(1.0, 4.0)).sum(), each)
        error = slopes.std(0) / 20_000**0.5
        assert ((slopes.mean(0) - expected).abs() < 5 * error).all(), (slopes.mean(0), expected, error)


def test_extreme_draws_have_finite_gradients() -> None:
    for dtype in (torch.float32, torch.float64):
        a = torch.tensor([1e-6, 1e-3, 1e-2, 1.0, 1e4, 1e8], dtype=dtype, requires_grad=True)
        torch.manual_seed(0)
        Gamma(a, 1.0).rsample((50,)).sum().backward()
        assert a.grad is not None and a.grad.isfinite().all()
        b = torch.tensor([1e-6, 1e-3, 1.0, 1e4], dtype=dtype, requires_grad=True)
        Dirichlet(b).rsample((50,)).pow(2).sum().backward()
        assert b.grad is not None and b.grad.isfinite().all()


def test_empty() -> None:
    a = torch.ones(0, requires_grad=True)
    Gamma(a, 1.0).rsample().sum().backward()
    assert a.grad is not None and a.grad.shape == (0,)
