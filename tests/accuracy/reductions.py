"""Reductions over data that is hard to add up, and their errors against exact values.

Runs under either interpreter, and takes the oracle's results as arrays too: `measure` gives, for each operation and
set of data, the largest error in units of the last place of the exact result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Callable, Optional

import numpy as np

# ---- hard data: name -> array of n numbers of a dtype ----


def _mixed(random: np.random.RandomState, n: int, low: float, high: float) -> np.ndarray:
    return np.exp2(random.uniform(low, high, n)) * random.choice([-1.0, 1.0], n)


def _cancelling(random: np.random.RandomState, n: int) -> np.ndarray:
    half = random.randn(n // 2)
    rest = n - 2 * len(half)
    return random.permutation(np.concatenate([half, -half, np.full(rest, 1e-3)]))


DATA: dict[str, Callable[[np.random.RandomState, int], np.ndarray]] = {
    "normal": lambda r, n: r.randn(n),
    "uniform": lambda r, n: r.rand(n),
    "offset": lambda r, n: 1e4 + r.randn(n),
    "wide": lambda r, n: _mixed(r, n, -30, 30),
    "growing": lambda r, n: np.sort(np.exp2(r.uniform(-20, 20, n))),
    "alternating": lambda r, n: (1 + np.arange(n) / n) * (1 - 2 * (np.arange(n) % 2)),
    "cancelling": _cancelling,
    "denormal": lambda r, n: r.randn(n) * 1e-40,
    "outlier": lambda r, n: np.where(np.arange(n) == n // 3, 1e6, r.rand(n)),
}


def data(name: str, n: int, dtype: Any, seed: int = 5) -> np.ndarray:
    return DATA[name](np.random.RandomState(seed), n).astype(dtype)


# ---- exact sums ----


def exact_sum(values: np.ndarray) -> Fraction:
    """The sum without any error.  float32: whole mantissas are added up by exponent."""
    if values.dtype != np.float32:
        return _exact_sum_of_doubles(values.astype(np.float64).ravel())
    mantissa, exponent = np.frexp(values.ravel().astype(np.float64))
    whole = np.ldexp(mantissa, 24)
    sums = np.bincount(exponent + 200, weights=whole)  # below 2^53: exact
    return sum((Fraction(int(s)) * Fraction(2) ** (k - 224) for k, s in enumerate(sums) if s), Fraction(0))


def _exact_sum_of_doubles(values: np.ndarray) -> Fraction:
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    total = Fraction(0)
    high, low = whole >> 27, whole & ((1 << 27) - 1)
    for part, shift in ((high, 27), (low, 0)):
        sums = np.bincount(exponent + 1100, weights=part.astype(np.float64))
        total += sum(
            (Fraction(int(s)) * Fraction(2) ** (k - 1153 + shift) for k, s in enumerate(sums) if s), Fraction(0)
        )
    return total


def ulps(found: float, exact: Fraction, digits: int = 24, smallest: int = -149) -> float:
    """|found - exact| in units of the last place of the exact value."""
    if not math.isfinite(found):
        return math.inf
    difference = abs(Fraction(found) - exact)
    if difference == 0:
        return 0.0
    size = abs(exact)
    exponent = smallest
    if size:
        e = size.numerator.bit_length() - size.denominator.bit_length()
        if Fraction(2) ** e > size:
            e -= 1
        exponent = max(e + 1 - digits, smallest)
    ratio = difference / Fraction(2) ** exponent
    return float(ratio) if ratio < 1e300 else 1e300


# ---- operations on matrices, with their exact results ----
#
# `exact` takes long doubles (on x86 with 11 bits more than float64). The error is counted in units of 2^-24 (or 2^-53)
# of the scale: the exact result, or what the operation adds up, where it may cancel.

Long = np.longdouble


def _exact_sums(x: np.ndarray) -> np.ndarray:
    return np.array([float_of(exact_sum(row)) for row in x])


def float_of(exact: Fraction) -> np.longdouble:
    """A fraction as a long double, without passing a double."""
    high = float(exact)
    return Long(high) + Long(float(exact - Fraction(high)))


def _center(x: np.ndarray) -> np.ndarray:
    return x - (x.sum(-1, keepdims=True) / x.shape[-1])


def _variance(x: np.ndarray) -> np.ndarray:
    d = _center(x)
    return (d * d).sum(-1) / (x.shape[-1] - 1)


def _normalized(x: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    d = _center(x)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + Long(eps))


def _log_sum_exp(x: np.ndarray) -> np.ndarray:
    largest = x.max(-1, keepdims=True)
    return largest + np.log(np.exp(x - largest).sum(-1, keepdims=True))


def _log_softmax(x: np.ndarray) -> np.ndarray:
    """The largest goes first: it may be all digits of a long double."""
    d = x - x.max(-1, keepdims=True)
    return d - np.log(np.exp(d).sum(-1, keepdims=True))


def _targets(x: Any) -> np.ndarray:
    return np.arange(x.shape[0]) * 7 % x.shape[1]


def _cross_entropy(x: np.ndarray) -> np.ndarray:
    return -_log_softmax(x)[np.arange(len(x)), _targets(x)].mean().reshape(1)


def _one(x: np.ndarray, exact: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(exact), Long(1))


def _largest(x: np.ndarray, exact: np.ndarray) -> np.ndarray:
    return exact.max(-1, keepdims=True)


def _softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(_log_softmax(x))


@dataclass
class Operation:
    """`function` of a matrix; its exact result over the last dimension, from long doubles (or from the array itself)."""

    function: Callable
    exact: Callable
    scale: Optional[Callable] = None  # of the long doubles and the exact result; the result itself where missing
    from_array: bool = False
    prepare: Optional[Callable] = None  # the data


def operations(torch: Any) -> dict[str, Operation]:
    F = torch.nn.functional

    def turned(x: Any) -> Any:
        return x.T.contiguous()

    return {
        "sum": Operation(lambda t: t.sum(1), _exact_sums, from_array=True),
        "sum over columns": Operation(lambda t: turned(t).sum(0), _exact_sums, from_array=True),
        "sum, strided": Operation(lambda t: torch.stack([t, t], 2)[:, :, 1].sum(1), _exact_sums, from_array=True),
        "mean": Operation(lambda t: t.mean(1), lambda x: _exact_sums(x) / x.shape[1], from_array=True),
        "var": Operation(lambda t: t.var(1), _variance),
        "var over columns": Operation(lambda t: turned(t).var(0), _variance),
        "std": Operation(lambda t: t.std(1), lambda x: np.sqrt(_variance(x))),
        "norm": Operation(lambda t: t.norm(dim=1), lambda x: np.sqrt((x * x).sum(1))),
        "norm over columns": Operation(lambda t: turned(t).norm(dim=0), lambda x: np.sqrt((x * x).sum(1))),
        "1-norm": Operation(lambda t: t.norm(1, dim=1), lambda x: np.abs(x).sum(1)),
        "3-norm": Operation(lambda t: t.norm(3, dim=1), lambda x: (np.abs(x) ** 3).sum(1) ** (Long(1) / 3)),
        "logsumexp": Operation(lambda t: t.logsumexp(1), lambda x: _log_sum_exp(x)[:, 0], _one),
        "logsumexp over columns": Operation(lambda t: turned(t).logsumexp(0), lambda x: _log_sum_exp(x)[:, 0], _one),
        "softmax": Operation(lambda t: t.softmax(1), _softmax, _largest),
        "softmax over columns": Operation(lambda t: turned(t).softmax(0).T, _softmax, _largest),
        "log_softmax": Operation(lambda t: t.log_softmax(1), _log_softmax, _one),
        "log_softmax over columns": Operation(lambda t: turned(t).log_softmax(0).T, _log_softmax, _one),
        "cross_entropy": Operation(
            lambda t: F.cross_entropy(t, torch.from_numpy(_targets(t))).reshape(1), _cross_entropy, _one
        ),
        "layer_norm": Operation(lambda t: F.layer_norm(t, t.shape[1:]), _normalized, _one),
        "batch_norm": Operation(lambda t: F.batch_norm(turned(t), None, None, training=True).T, _normalized, _one),
        "batch_norm of images": Operation(
            lambda t: F.batch_norm(t[None], None, None, training=True)[0], _normalized, _one
        ),
        "group_norm": Operation(lambda t: F.group_norm(t[None], len(t))[0], _normalized, _one),
        "cumsum": Operation(lambda t: t.cumsum(1), lambda x: np.cumsum(x, 1), lambda x, exact: np.abs(x).cumsum(1)),
        "prod": Operation(lambda t: t.prod(1), lambda x: np.prod(x, 1), prepare=_near_one),
        "matmul": Operation(lambda t: t @ turned(t), lambda x: x @ x.T, lambda x, exact: np.abs(x) @ np.abs(x.T)),
        "dot": Operation(lambda t: torch.stack([torch.dot(row, row) for row in t]), lambda x: (x * x).sum(1)),
    }


def _near_one(x: np.ndarray) -> np.ndarray:
    """Factors whose product neither vanishes nor overflows."""
    one = x.dtype.type(1)
    return (np.copysign(one, x) * (np.abs(x) % one * x.dtype.type(2**-6) + one)).astype(x.dtype)


# One result for all data, or results whose errors are luck for the most part: counted over all sets of data together.
POOLED = ("cross_entropy", "prod")


def errors(torch: Any, name: str, dtype: str, shape: tuple = (24, 301), seeds: int = 3) -> dict:
    """For each set of data: (largest, root mean square) of the errors over all results and seeds."""
    operation = operations(torch)[name]
    eps, least = {"float32": (2.0**-24, 2.0**-126), "float64": (2.0**-53, 2.0**-1000)}[dtype]
    found: dict = {}
    for kind in DATA:
        parts = found.setdefault("all" if name in POOLED else kind, [])
        for seed in range(seeds):
            x = data(kind, shape[0] * shape[1], np.dtype(dtype), seed).reshape(shape)
            if operation.prepare:
                x = operation.prepare(x)
            wide = x.astype(Long)
            true = operation.exact(x if operation.from_array else wide)
            got = np.array(operation.function(torch.from_numpy(x))).astype(Long)
            size = operation.scale(wide, true) if operation.scale else np.abs(true)
            parts.append(np.ravel(np.abs(got - true) / (np.maximum(size, Long(least)) * Long(eps))))
    every = {kind: np.concatenate(parts) for kind, parts in found.items()}
    return {kind: (float(e.max()), float(np.sqrt((e * e).mean()))) for kind, e in every.items()}
