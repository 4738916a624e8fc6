"""Functions of complex numbers with their exact values; errors are those of the number as a whole, in units of 2^-24
(2^-53) of its magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable

import mpmath
import numpy as np
import torch

EPS = {torch.complex64: 2.0**-24, torch.complex128: 2.0**-53}
NUMPY = {torch.complex64: np.complex64, torch.complex128: np.complex128}


def plane(count: int, low: float, high: float) -> np.ndarray:
    """Numbers all over the plane, parts of all sizes between two."""
    random = np.random.RandomState(11)
    parts = np.exp(random.uniform(math.log(low), math.log(high), (2, count))) * random.choice([-1.0, 1.0], (2, count))
    return parts[0] + 1j * parts[1]


def around(centre: complex, count: int) -> np.ndarray:
    """Numbers around a given one, at distances down to 1e-6."""
    random = np.random.RandomState(12)
    return centre + np.exp(random.uniform(math.log(1e-6), math.log(0.1), count)) * np.exp(
        2j * np.pi * random.rand(count)
    )


@dataclass
class Case:
    function: Callable
    exact: Callable
    points: np.ndarray
    limit: float = 4.0


SMALL = plane(150, 1e-3, 20)
WIDE = np.concatenate([SMALL, plane(100, 1e-15, 1e15), around(1, 40), around(1j, 40), around(-1, 40)])
CASES: dict[str, Case] = {
    "exp": Case(torch.exp, mpmath.exp, SMALL),
    "expm1": Case(torch.expm1, mpmath.expm1, np.concatenate([SMALL, plane(60, 1e-9, 1)])),
    "exp2": Case(torch.exp2, lambda z: mpmath.mpf(2) ** z, SMALL),
    "log": Case(torch.log, mpmath.log, WIDE),
    "log2": Case(torch.log2, lambda z: mpmath.log(z) / mpmath.log(2), WIDE),
    "log10": Case(torch.log10, mpmath.log10, WIDE),
    "log1p": Case(torch.log1p, lambda z: mpmath.log(1 + z), np.concatenate([SMALL, plane(100, 1e-9, 1)])),
    "sqrt": Case(torch.sqrt, mpmath.sqrt, WIDE),
    "rsqrt": Case(torch.rsqrt, lambda z: 1 / mpmath.sqrt(z), WIDE),
    "reciprocal": Case(torch.reciprocal, lambda z: 1 / z, WIDE),
    "sigmoid": Case(torch.sigmoid, lambda z: 1 / (1 + mpmath.exp(-z)), plane(150, 1e-3, 2)),
    "abs": Case(torch.abs, abs, WIDE),
    "angle": Case(torch.angle, mpmath.arg, WIDE),
    "square": Case(torch.square, lambda z: z * z, WIDE),
}
for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
    CASES[_name] = Case(getattr(torch, _name), getattr(mpmath, _name), SMALL)
for _name in ("asin", "acos", "atan", "asinh", "acosh", "atanh"):
    CASES[_name] = Case(getattr(torch, _name), getattr(mpmath, _name), WIDE)


def worst(case: Case, dtype: torch.dtype) -> tuple:
    """(largest error, where)."""
    points = case.points.astype(NUMPY[dtype])
    found = case.function(torch.from_numpy(points)).tolist()
    error, where = 0.0, None
    with mpmath.workdps(60):
        for value, z in zip(found, points.tolist()):
            exact: Any = case.exact(mpmath.mpc(z))
            here = float(abs(mpmath.mpmathify(value) - exact) / abs(exact)) / EPS[dtype]
            if not here <= error:
                error, where = here, z
    return error, where
