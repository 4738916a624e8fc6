"""Special functions against mpmath: the error in units of the last place of float64."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np
import pytest
import torch

mpmath = pytest.importorskip("mpmath")


def points(low: float, high: float, count: int = 120) -> list:
    return [float(x) for x in np.random.RandomState(7).uniform(low, high, count)]


def magnitudes(low: float, high: float, count: int = 120) -> list:
    return [float(x) for x in np.exp(np.random.RandomState(8).uniform(math.log(low), math.log(high), count))]


def envelope_of_bessel(x: float) -> float:
    """Size of the wave around a zero: next to one the error is measured against that."""
    return 0.8 / math.sqrt(max(abs(x), 1.0))


def envelope_of_airy(x: float) -> float:
    return 0.56 * max(abs(x), 1.0) ** -0.25 if x < 0 else 0.0


def nothing(x: float) -> float:
    return 0.0


def hurwitz(s: Any, q: Any) -> Any:
    """The first 300 terms, and Euler's and Maclaurin's formula for the rest."""
    a = q + 300
    total = mpmath.fsum((q + k) ** -s for k in range(300)) + a ** (1 - s) / (s - 1) + a**-s / 2
    return total + s * a ** (-s - 1) / 12 - s * (s + 1) * (s + 2) * a ** (-s - 3) / 720


POSITIVE = points(0.01, 12) + magnitudes(1e-5, 300)
BOTH = POSITIVE + [-x for x in POSITIVE]
SP = torch.special
# name: (function, exact function, points, envelope, limit)
ONE: dict[str, tuple[Callable, Callable, list, Callable, float]] = {
    "i0": (SP.i0, lambda x: mpmath.besseli(0, x), BOTH, nothing, 4),
    "i1": (SP.i1, lambda x: mpmath.besseli(1, x), BOTH, nothing, 4),
    "i0e": (SP.i0e, lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)), BOTH, nothing, 4),
    "i1e": (SP.i1e, lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)), BOTH, nothing, 4),
    "k0": (SP.modified_bessel_k0, lambda x: mpmath.besselk(0, x), POSITIVE, nothing, 4),
    "k1": (SP.modified_bessel_k1, lambda x: mpmath.besselk(1, x), POSITIVE, nothing, 4),
    "k0e": (SP.scaled_modified_bessel_k0, lambda x: mpmath.besselk(0, x) * mpmath.exp(x), POSITIVE, nothing, 4),
    "k1e": (SP.scaled_modified_bessel_k1, lambda x: mpmath.besselk(1, x) * mpmath.exp(x), POSITIVE, nothing, 4),
    "j0": (SP.bessel_j0, lambda x: mpmath.besselj(0, x), BOTH, envelope_of_bessel, 4),
    "j1": (SP.bessel_j1, lambda x: mpmath.besselj(1, x), BOTH, envelope_of_bessel, 4),
    "y0": (SP.bessel_y0, lambda x: mpmath.bessely(0, x), POSITIVE, envelope_of_bessel, 4),
    "y1": (SP.bessel_y1, lambda x: mpmath.bessely(1, x), POSITIVE, envelope_of_bessel, 4),
    "spherical_j0": (SP.spherical_bessel_j0, lambda x: mpmath.sin(x) / x, BOTH, nothing, 4),
    "airy_ai": (SP.airy_ai, mpmath.airyai, points(-60, 60) + points(-5, 5), envelope_of_airy, 4),
    "erfcx": (
        SP.erfcx,
        lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
        points(-25, 25) + magnitudes(1e-5, 1e6),
        nothing,
        4,
    ),
    "ndtr": (SP.ndtr, mpmath.ncdf, points(-37, 8), nothing, 6),
    "log_ndtr": (SP.log_ndtr, lambda x: mpmath.log(mpmath.ncdf(x)), points(-60, 8) + points(-3, 3), nothing, 4),
    "digamma": (SP.digamma, mpmath.digamma, points(0.01, 12) + points(1.4, 1.5) + magnitudes(1e-4, 1e6), nothing, 4),
    "erfinv": (SP.erfinv, mpmath.erfinv, points(-1, 1), nothing, 4),
    "entr": (SP.entr, lambda x: -x * mpmath.log(x), POSITIVE, nothing, 4),
    "sinc": (SP.sinc, lambda x: mpmath.sinpi(x) / (mpmath.pi * x), BOTH, nothing, 5),
}


def worst(function: Callable, exact: Callable, arguments: list, envelope: Callable) -> tuple:
    """(error in units of the last place, where)."""
    found = function(*(torch.tensor(c, dtype=torch.float64) for c in zip(*arguments))).tolist()
    error, where = 0.0, None
    with mpmath.workdps(60):
        for value, at in zip(found, arguments):
            true = exact(*(mpmath.mpf(x) for x in at))
            scale = max(abs(float(true)), envelope(at[0]))
            if not 1e-290 < scale < 1e300:
                continue
            here = float(abs(mpmath.mpf(value) - true)) / math.ulp(scale)
            if not here <= error:
                error, where = here, at
    return error, where


@pytest.mark.parametrize("name", ONE)
def test_error(name: str) -> None:
    function, exact, xs, envelope, limit = ONE[name]
    error, where = worst(function, exact, [(x,) for x in xs], envelope)
    assert error <= limit, f"{error:.1f} units of the last place at {where}"


TWO: dict[str, tuple[Callable, Callable, list, float]] = {
    "zeta": (SP.zeta, hurwitz, [(1 + a, b) for a, b in zip(magnitudes(0.05, 20), points(0.05, 60))], 4),
    "igamma": (
        torch.igamma,
        lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
        list(zip(magnitudes(0.05, 90), points(0.5, 90)[::-1])),
        64,
    ),
    "igammac": (
        torch.igammac,
        lambda a, x: mpmath.gammainc(a, x, mpmath.inf, regularized=True),
        list(zip(magnitudes(0.05, 90), points(0.5, 90)[::-1])),
        64,
    ),
}


@pytest.mark.parametrize("name", TWO)
def test_error_of_two(name: str) -> None:
    function, exact, arguments, limit = TWO[name]
    error, where = worst(function, exact, arguments, nothing)
    assert error <= limit, f"{error:.1f} units of the last place at {where}"


@pytest.mark.parametrize("n", (2, 3, 6))
def test_error_of_polygamma(n: int) -> None:
    error, where = worst(
        lambda x: torch.polygamma(n, x),
        lambda x: mpmath.polygamma(n, x),
        [(x,) for x in magnitudes(0.01, 100)],
        nothing,
    )
    assert error <= 6, f"{error:.1f} units of the last place at {where}"


def test_error_of_ndtri() -> None:
    xs = [-x for x in magnitudes(0.01, 30)] + points(0.01, 5)
    with mpmath.workdps(60):
        ps = [float(mpmath.ncdf(x)) for x in xs]
    found = SP.ndtri(torch.tensor(ps, dtype=torch.float64)).tolist()
    with mpmath.workdps(60):
        for p, value in zip(ps, found):
            exact = mpmath.mpf(value)
            for _ in range(3):  # Newton's steps to the exact inverse of the rounded p
                exact -= (mpmath.ncdf(exact) - mpmath.mpf(p)) / mpmath.npdf(exact)
            assert float(abs(exact - mpmath.mpf(value))) <= 4 * math.ulp(abs(value)), p


def test_values_beyond() -> None:
    inf, nan = math.inf, math.nan
    x = torch.tensor([0.0, -1.0, inf, nan], dtype=torch.float64)
    expected = {
        SP.modified_bessel_k0: [inf, nan, 0.0, nan],
        SP.modified_bessel_k1: [inf, nan, 0.0, nan],
        SP.bessel_y0: [-inf, nan, 0.0, nan],
        SP.i0e: [1.0, SP.i0e(torch.tensor(1.0, dtype=torch.float64)).item(), 0.0, nan],
        SP.log_ndtr: [math.log(0.5), SP.log_ndtr(torch.tensor(-1.0, dtype=torch.float64)).item(), 0.0, nan],
        SP.ndtri: [-inf, nan, nan, nan],
        SP.entr: [0.0, -inf, -inf, nan],
    }
    for function, values in expected.items():
        torch.testing.assert_close(
            function(x), torch.tensor(values, dtype=torch.float64), equal_nan=True, rtol=1e-15, atol=0.0
        )


def test_degree_without_end() -> None:
    """A polynomial of a huge degree ends in infinity or in its closed form, not in a loop."""
    x = torch.tensor([0.3, 1.0, 2.0], dtype=torch.float64)
    found = SP.chebyshev_polynomial_t(x, 1e15)
    assert abs(found[0].item()) <= 1 and found[1].item() == 1 and not math.isfinite(found[2].item())
