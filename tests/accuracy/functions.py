"""Functions of one or two numbers with their exact values: what `test_functions.py` holds to a limit and
`python tests/accuracy/report.py` tabulates.  Runs under either interpreter; needs mpmath.

An error is counted in units of the last place (ulp) of the exact value in the dtype at hand; a result that should
be denormal in units of the smallest denormal, an infinite one as the first power of two that the dtype lacks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

import mpmath
import numpy as np
import torch

SP = torch.special
HUGE = {torch.float32: 3.4e38, torch.float64: 1.79e308}
TINY = {torch.float32: 1.5e-45, torch.float64: 5e-324}
BITS = {torch.float32: (24, -149, 128), torch.float64: (53, -1074, 1024)}  # of the mantissa; ends of the exponents
NUMPY = {torch.float32: np.float32, torch.float64: np.float64}

Region = Callable[[np.random.RandomState, torch.dtype, int], np.ndarray]


# ---- where ----


def span(low: float, high: float) -> Region:
    """Uniform between two numbers."""
    return lambda random, dtype, count: random.uniform(low, high, count)


def scale(low: float = 0.0, high: float = math.inf, sign: int = 1) -> Region:
    """All orders of magnitude between two positive numbers, or as far as the dtype goes; sign 0: both signs."""

    def draw(random: np.random.RandomState, dtype: torch.dtype, count: int) -> np.ndarray:
        bottom, top = math.log(max(low, TINY[dtype])), math.log(min(high, HUGE[dtype]))
        signs = random.choice([-1.0, 1.0], count) if sign == 0 else float(sign)
        return np.exp(random.uniform(bottom, top, count)) * signs

    return draw


def near(*centres: float, reach: float = 0.01) -> Region:
    """Around given numbers, at all distances from `reach` down to the last place."""

    def draw(random: np.random.RandomState, dtype: torch.dtype, count: int) -> np.ndarray:
        offsets = reach * np.exp(random.uniform(math.log(1e-8 if dtype == torch.float32 else 1e-17), 0, count))
        return random.choice(centres, count) + offsets * random.choice([-1.0, 1.0], count)

    return draw


def multiples(step: float, most: float) -> Region:
    """Next to whole multiples of a number."""

    def draw(random: np.random.RandomState, dtype: torch.dtype, count: int) -> np.ndarray:
        return np.round(np.exp(random.uniform(0, math.log(most), count))) * step * random.choice([-1.0, 1.0], count)

    return draw


def arguments(regions: Sequence[Sequence[Region]], dtype: torch.dtype, count: int) -> list:
    """Tuples of numbers of the dtype: `regions` has a list of alternatives for each operand."""
    random = np.random.RandomState(7)
    columns = []
    with np.errstate(over="ignore", under="ignore"):
        for alternatives in regions:
            parts = [region(random, dtype, count) for region in alternatives]
            columns.append(np.concatenate(parts).astype(NUMPY[dtype]).astype(np.float64))
    longest = max(len(column) for column in columns)
    for k, column in enumerate(columns):  # every pair of alternatives meets
        columns[k] = np.resize(random.permutation(column) if k else column, longest)
    return [t for t in zip(*(c.tolist() for c in columns)) if all(math.isfinite(x) for x in t)]


# ---- exact values that mpmath lacks or is slow at ----


def hurwitz(s: Any, q: Any) -> Any:
    """The first 300 terms, and Euler's and Maclaurin's formula for the rest."""
    a = q + 300
    total = mpmath.fsum((q + k) ** -s for k in range(300)) + a ** (1 - s) / (s - 1) + a**-s / 2
    return total + s * a ** (-s - 1) / 12 - s * (s + 1) * (s + 2) * a ** (-s - 3) / 720


def log_gamma(x: Any) -> Any:
    if x == mpmath.floor(x) and x <= 0:
        return mpmath.inf
    return mpmath.loggamma(x) if x > 0 else mpmath.re(mpmath.loggamma(x))


def inverse(forward: Callable, slope: Callable, start: Callable) -> Callable:
    """Newton's steps from a value in double precision to the exact inverse."""

    def solve(y: Any) -> Any:
        x = mpmath.mpf(start(y))
        for _ in range(4):
            x -= (forward(x) - y) / slope(x)
        return x

    return solve


def normal_quantile(p: Any) -> Any:
    """Start from the tail's logarithm, then Newton's steps on log ncdf, which is nearly straight there."""
    if p >= 0.5:
        return -normal_quantile(1 - p) if p > 0.5 else mpmath.mpf(0)
    t = mpmath.sqrt(-2 * mpmath.log(p))
    x = -(t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t))
    for _ in range(7):
        below = mpmath.ncdf(x)
        x -= (mpmath.log(below) - mpmath.log(p)) * below / mpmath.npdf(x)
    return x


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def logit(x: Any) -> Any:
    return mpmath.log(x) - mpmath.log1p(-x) if x < 0.25 else mpmath.log1p((2 * x - 1) / (1 - x))


def sinc(x: Any) -> Any:
    return mpmath.sinpi(x) / (mpmath.pi * x) if x else mpmath.mpf(1)


def power(x: Any, y: Any) -> Any:
    if x > 0:
        return mpmath.exp(y * mpmath.log(x))
    if x == 0 or y != mpmath.floor(y):
        return None
    return mpmath.exp(y * mpmath.log(-x)) * (-1 if int(y) % 2 else 1)


def erfc(x: Any) -> Any:
    return mpmath.erfc(x) if x < 1e4 else mpmath.mpf(0)


def scaled_erfc(x: Any) -> Any:
    if x < 1e4:
        return mpmath.exp(x * x) * mpmath.erfc(x)
    return (1 - 1 / (2 * x * x)) / (x * mpmath.sqrt(mpmath.pi))


def normal_cdf(x: Any) -> Any:
    return erfc(-x / mpmath.sqrt(2)) / 2


def log_add_exp(x: Any, y: Any) -> Any:
    high, low = max(x, y), min(x, y)
    return high + mpmath.log1p(mpmath.exp(low - high))


# ---- the size of a function around its zeros, against which the error there is counted ----


def envelope_of_bessel(x: float, dtype: torch.dtype) -> float:
    return 0.8 / math.sqrt(max(abs(x), 1.0))


def envelope_of_airy(x: float, dtype: torch.dtype) -> float:
    return 0.56 * max(abs(x), 1.0) ** -0.25 if x < 0 else 0.0


def envelope_of_gamma(x: float, dtype: torch.dtype) -> float:
    """lgamma and digamma have a zero between each pair of poles; there the terms of the reflection formula cancel."""
    return 0.0 if x > 0 else max(1.0, abs(x) * math.log(abs(x) + 1))


def envelope_of_digamma(x: float, dtype: torch.dtype) -> float:
    return 0.0 if x > 0 else 1.0 + math.log(1 + abs(x))


def argument_itself(x: float, dtype: torch.dtype) -> float:
    return abs(x)


def argument_of_denormals(x: float, dtype: torch.dtype) -> float:
    """For products of the argument and what may be a denormal number."""
    return abs(x) * torch.finfo(dtype).tiny


def one(x: float, dtype: torch.dtype) -> float:
    return 1.0


@dataclass
class Case:
    """A function, its exact value, where to try it, and how many ulp it may be off (float32, float64)."""

    function: Callable
    exact: Callable
    regions: Sequence[Sequence[Region]]
    limits: tuple
    envelope: Optional[Callable] = None
    count: int = 100


ALL = [scale(sign=0)]
PLAIN = [span(-4, 4), scale(1e-3, 100, 0), scale(sign=0)]
ENDS = [*PLAIN, span(-90, 90), span(-711, 711), span(88, 89.5), span(709, 710.5)]  # of sinh and cosh
PI = math.pi
BESSEL = [span(0.01, 12), scale(1e-5, 300), scale(high=1e4)]
BESSEL_BOTH = [span(-12, 12), scale(1e-5, 300, 0), scale(high=1e4, sign=0)]

CASES: dict[str, Case] = {
    "sqrt": Case(torch.sqrt, mpmath.sqrt, [[scale()]], (0.5, 0.5)),
    "rsqrt": Case(torch.rsqrt, lambda x: 1 / mpmath.sqrt(x), [[scale()]], (1.5, 1.5)),
    "reciprocal": Case(torch.reciprocal, lambda x: 1 / x, [ALL], (0.5, 0.5)),
    "exp": Case(torch.exp, mpmath.exp, [[*PLAIN, span(-110, 90), span(-750, 710)]], (1, 1)),
    "exp2": Case(torch.exp2, lambda x: mpmath.mpf(2) ** x, [[*PLAIN, span(-150, 128), span(-1075, 1024)]], (1, 1)),
    "expm1": Case(torch.expm1, mpmath.expm1, [[*PLAIN, span(-110, 90), span(-750, 710)]], (2, 2)),
    "log": Case(torch.log, mpmath.log, [[scale(), span(0.4, 2.5), near(1.0)]], (1, 1)),
    "log2": Case(torch.log2, lambda x: mpmath.log(x, 2), [[scale(), span(0.4, 2.5), near(1.0)]], (1, 1)),
    "log10": Case(torch.log10, mpmath.log10, [[scale(), span(0.4, 2.5), near(1.0)]], (1, 1)),
    "log1p": Case(torch.log1p, mpmath.log1p, [[scale(), scale(high=1, sign=-1), near(-1.0), span(-0.9, 3)]], (2, 2)),
    "sin": Case(torch.sin, mpmath.sin, [[*PLAIN, multiples(PI / 2, 1e12)]], (1, 1)),
    "cos": Case(torch.cos, mpmath.cos, [[*PLAIN, multiples(PI / 2, 1e12)]], (1, 1)),
    "tan": Case(torch.tan, mpmath.tan, [[*PLAIN, multiples(PI / 2, 1e12)]], (1, 1)),
    "asin": Case(torch.asin, mpmath.asin, [[span(-1, 1), scale(high=1, sign=0), near(-1, 1)]], (1, 1)),
    "acos": Case(torch.acos, mpmath.acos, [[span(-1, 1), scale(high=1, sign=0), near(-1, 1)]], (1, 1)),
    "atan": Case(torch.atan, mpmath.atan, [PLAIN], (1, 1)),
    "sinh": Case(torch.sinh, mpmath.sinh, [ENDS], (2, 2)),
    "cosh": Case(torch.cosh, mpmath.cosh, [ENDS], (2, 2)),
    "tanh": Case(torch.tanh, mpmath.tanh, [PLAIN], (2, 1)),
    "asinh": Case(torch.asinh, mpmath.asinh, [PLAIN], (1.5, 1.5)),
    "acosh": Case(torch.acosh, mpmath.acosh, [[span(1, 5), scale(low=1), near(1)]], (1.5, 1.5)),
    "atanh": Case(torch.atanh, mpmath.atanh, [[span(-1, 1), scale(high=1, sign=0), near(-1, 1)]], (1.5, 1.5)),
    "sigmoid": Case(torch.sigmoid, sigmoid, [[*PLAIN, span(-100, 100), span(-750, 40)]], (2, 2)),
    "logit": Case(torch.logit, logit, [[span(0, 1), scale(high=1), near(0.5)]], (4, 4)),
    "logsigmoid": Case(
        torch.nn.functional.logsigmoid, lambda x: -mpmath.log1p(mpmath.exp(-x)), [[*PLAIN, span(-40, 40)]], (4, 4)
    ),
    "softplus": Case(
        lambda x: torch.nn.functional.softplus(x, threshold=1000),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        [[*PLAIN, span(-40, 40)]],
        (4, 4),
    ),
    "silu": Case(
        torch.nn.functional.silu,
        lambda x: x * sigmoid(x),
        [[*PLAIN, span(-100, 100), span(-750, 40)]],
        (4, 4),
        argument_of_denormals,
    ),
    "gelu": Case(
        torch.nn.functional.gelu, lambda x: x * normal_cdf(x), [[*PLAIN, span(-14, 14)]], (4, 4), argument_itself
    ),
    "elu": Case(torch.nn.functional.elu, lambda x: x if x > 0 else mpmath.expm1(x), [[*PLAIN, span(-40, 1)]], (2, 2)),
    "mish": Case(
        torch.nn.functional.mish,
        lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
        [[*PLAIN, span(-40, 40)]],
        (4, 4),
        argument_of_denormals,
    ),
    "erf": Case(torch.erf, mpmath.erf, [PLAIN], (2, 1)),
    "erfc": Case(torch.erfc, erfc, [[*PLAIN, span(-7, 11), span(-3, 28)]], (2, 2)),
    "erfinv": Case(
        torch.erfinv,
        mpmath.erfinv,
        [[span(-1, 1), scale(high=1, sign=0), near(-1, 1)]],
        (4, 4),
    ),
    "lgamma": Case(
        torch.lgamma,
        log_gamma,
        [
            [
                span(0.01, 12),
                scale(),
                span(-20, 0),
                near(1, 2),
                scale(high=1e5, sign=-1),
                scale(1e36, 5e36),
                scale(1e305),
            ]
        ],
        (4, 4),
        envelope_of_gamma,
    ),
    "digamma": Case(
        torch.digamma,
        mpmath.digamma,
        [[span(0.01, 12), span(1.4, 1.5), scale(), span(-20, 0), scale(1e-4, 1e5, sign=-1)]],
        (4, 4),
        envelope_of_digamma,
    ),
    "sinc": Case(torch.sinc, sinc, [[span(-12, 12), scale(1e-5, 300, 0), scale(high=1e15, sign=0)]], (4, 4)),
    "i0": Case(SP.i0, lambda x: mpmath.besseli(0, x), [[*BESSEL_BOTH, span(-90, 90), span(-713, 713)]], (4, 4)),
    "i1": Case(SP.i1, lambda x: mpmath.besseli(1, x), [[*BESSEL_BOTH, span(-90, 90), span(-713, 713)]], (4, 4)),
    "i0e": Case(SP.i0e, lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)), [BESSEL_BOTH], (4, 4)),
    "i1e": Case(SP.i1e, lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)), [BESSEL_BOTH], (4, 4)),
    "modified_bessel_k0": Case(SP.modified_bessel_k0, lambda x: mpmath.besselk(0, x), [BESSEL], (4, 4), count=30),
    "modified_bessel_k1": Case(SP.modified_bessel_k1, lambda x: mpmath.besselk(1, x), [BESSEL], (4, 4), count=30),
    "scaled_modified_bessel_k0": Case(
        SP.scaled_modified_bessel_k0, lambda x: mpmath.besselk(0, x) * mpmath.exp(x), [BESSEL], (4, 4), count=30
    ),
    "scaled_modified_bessel_k1": Case(
        SP.scaled_modified_bessel_k1, lambda x: mpmath.besselk(1, x) * mpmath.exp(x), [BESSEL], (4, 4), count=30
    ),
    "bessel_j0": Case(SP.bessel_j0, lambda x: mpmath.besselj(0, x), [BESSEL_BOTH], (4, 4), envelope_of_bessel),
    "bessel_j1": Case(SP.bessel_j1, lambda x: mpmath.besselj(1, x), [BESSEL_BOTH], (4, 4), envelope_of_bessel),
    "bessel_y0": Case(SP.bessel_y0, lambda x: mpmath.bessely(0, x), [BESSEL], (4, 4), envelope_of_bessel),
    "bessel_y1": Case(SP.bessel_y1, lambda x: mpmath.bessely(1, x), [BESSEL], (4, 4), envelope_of_bessel),
    "spherical_bessel_j0": Case(SP.spherical_bessel_j0, lambda x: mpmath.sin(x) / x, [[*BESSEL_BOTH, *ALL]], (4, 4)),
    "airy_ai": Case(
        SP.airy_ai, mpmath.airyai, [[span(-60, 60), span(-5, 5), scale(high=100, sign=0)]], (4, 4), envelope_of_airy
    ),
    "erfcx": Case(
        SP.erfcx,
        scaled_erfc,
        [[span(-27, 27), span(-9, 9), scale(1e-5, 1e6), scale()]],
        (4, 4),
    ),
    "ndtr": Case(SP.ndtr, mpmath.ncdf, [[span(-38, 8), span(-14, 8), scale(high=8, sign=0)]], (4, 4)),
    "log_ndtr": Case(
        SP.log_ndtr,
        lambda x: mpmath.log(mpmath.ncdf(x)) if x < 5 else mpmath.log1p(-mpmath.ncdf(-x)),
        [[span(-60, 8), span(-3, 3), span(-14, 14), scale(high=1e5, sign=-1)]],
        (4, 4),
    ),
    "ndtri": Case(SP.ndtri, normal_quantile, [[span(0, 1), scale(high=0.5), near(0.5)]], (4, 4), count=50),
    "entr": Case(SP.entr, lambda x: -x * mpmath.log(x), [[span(0, 3), scale(), near(1)]], (4, 4)),
    "polygamma 1": Case(
        lambda x: torch.polygamma(1, x),
        lambda x: mpmath.polygamma(1, x),
        [[span(0.01, 12), scale(1e-15, 1e15), span(-20, 0)]],
        (4, 4),
    ),
    "polygamma 2": Case(
        lambda x: torch.polygamma(2, x), lambda x: mpmath.polygamma(2, x), [[span(0.01, 12), scale(1e-9, 1e9)]], (4, 4)
    ),
    "polygamma 3": Case(
        lambda x: torch.polygamma(3, x), lambda x: mpmath.polygamma(3, x), [[span(0.01, 12), scale(1e-9, 1e9)]], (4, 4)
    ),
    "polygamma 5": Case(
        lambda x: torch.polygamma(5, x), lambda x: mpmath.polygamma(5, x), [[span(0.01, 12), scale(1e-5, 1e5)]], (4, 4)
    ),
    "zeta": Case(
        SP.zeta, hurwitz, [[span(1.05, 21), scale(1.001, 1.5)], [span(0.05, 60), scale(1e-3, 1e3)]], (4, 4), count=40
    ),
    "igamma": Case(
        torch.igamma,
        lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
        [[scale(0.05, 90), span(0.5, 20)], [span(0.5, 90), scale(1e-3, 100)]],
        (4, 4),
    ),
    "igammac": Case(
        torch.igammac,
        lambda a, x: mpmath.gammainc(a, x, mpmath.inf, regularized=True),
        [[scale(0.05, 90), span(0.5, 20)], [span(0.5, 90), scale(1e-3, 100)]],
        (4, 4),
    ),
    "multigammaln 2": Case(
        lambda x: SP.multigammaln(x, 2),
        lambda x: mpmath.log(mpmath.pi) / 2 + mpmath.loggamma(x) + mpmath.loggamma(x - 0.5),
        [[span(0.6, 12), scale(1, 1e6)]],
        (4, 4),
        one,
    ),
    "atan2": Case(torch.atan2, mpmath.atan2, [[*PLAIN], [*PLAIN]], (1, 1)),
    "hypot": Case(torch.hypot, mpmath.hypot, [[*PLAIN], [*PLAIN]], (1, 1)),
    "pow": Case(
        torch.pow,
        power,
        [
            [span(0, 4), scale(1e-3, 1e3), scale(), near(1.0), scale(1e-3, 1e3), span(-9, -1)],
            [span(-80, 80), span(-20, 20), span(-1, 1), scale(1, 1e9, 0), span(-99, 99), multiples(1, 300)],
        ],
        (1, 1),
    ),
    "logaddexp": Case(torch.logaddexp, log_add_exp, [[span(-9, 9), *ALL], [span(-9, 9), *ALL]], (4, 4)),
    "logaddexp2": Case(
        torch.logaddexp2,
        lambda x, y: max(x, y) + mpmath.log(1 + mpmath.mpf(2) ** -abs(x - y), 2),
        [[span(-9, 9), *ALL], [span(-9, 9), *ALL]],
        (4, 4),
    ),
    "xlogy": Case(SP.xlogy, lambda x, y: x * mpmath.log(y), [PLAIN, [span(0, 3), scale(), near(1)]], (2, 2)),
    "xlog1py": Case(SP.xlog1py, lambda x, y: x * mpmath.log1p(y), [PLAIN, [span(-1, 3), scale()]], (3, 3)),
}


def ulps(found: float, exact: Any, dtype: torch.dtype, size: float = 0.0) -> float:
    """|found - exact| in units of the last place of the exact value, or of `size` where that is larger."""
    if math.isnan(found):
        return math.inf
    digits, smallest, top = BITS[dtype]
    if math.isinf(found):
        found = math.copysign(2.0, found) * mpmath.mpf(2) ** (top - 1)
    if abs(exact) >= mpmath.mpf(2) ** top:
        exact = mpmath.sign(exact) * mpmath.mpf(2) ** top
    largest = max(abs(exact), mpmath.mpf(size))
    unit = mpmath.mpf(2) ** max(mpmath.frexp(largest)[1] - digits, smallest) if largest else mpmath.mpf(2) ** smallest
    return float(abs(mpmath.mpf(found) - exact) / unit)


def value_at(case: Case, at: tuple) -> Optional[Any]:
    """The exact value; None outside of the function's domain and at a pole."""
    try:
        exact = case.exact(*(mpmath.mpf(x) for x in at))
    except (ValueError, ZeroDivisionError):
        return None
    if exact is None or isinstance(exact, mpmath.mpc) or not mpmath.isfinite(exact):
        return None
    return exact


def worst(case: Case, dtype: torch.dtype, count: Optional[int] = None) -> tuple:
    """(largest error in ulp, the arguments at which it occurs)."""
    tuples = arguments(case.regions, dtype, count or case.count)
    found = case.function(*(torch.tensor(column, dtype=dtype) for column in zip(*tuples))).tolist()
    error, where = 0.0, tuples[0]
    with mpmath.workdps(40):
        for value, at in zip(found, tuples):
            exact = value_at(case, at)
            if exact is None:
                continue
            here = ulps(value, exact, dtype, case.envelope(at[0], dtype) if case.envelope else 0.0)
            if here > error:
                error, where = here, at
    return error, where
