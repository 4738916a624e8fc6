"""Functions of complex numbers: errors, branch cuts, infinities."""

from __future__ import annotations

import cmath
import math

import complex_functions
import pytest
import torch

DTYPES = (torch.complex64, torch.complex128)
PARTS = (-math.inf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, math.inf)
LIKE_C = "exp log log10 sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh".split()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", complex_functions.CASES)
def test_error(name: str, dtype: torch.dtype) -> None:
    case = complex_functions.CASES[name]
    error, where = complex_functions.worst(case, dtype)
    assert error <= case.limit, f"{error:.3g} at {where}"


def same_part(found: float, expected: float, size: float, tolerance: float) -> bool:
    if math.isnan(expected) or math.isinf(expected):
        return math.isnan(found) if math.isnan(expected) else found == expected
    if expected == 0:  # the sign says on which side of a cut the result is
        return abs(found) <= tolerance * size and (found != 0 or math.copysign(1, found) == math.copysign(1, expected))
    return abs(found - expected) <= tolerance * size


@pytest.mark.parametrize("dtype,tolerance", list(zip(DTYPES, (1e-6, 2e-15))))
@pytest.mark.parametrize("name", LIKE_C)
def test_cuts_and_infinities(name: str, dtype: torch.dtype, tolerance: float) -> None:
    """Python's cmath, which follows Annex G of C99, on both sides of the cuts (by the sign of zero) and at infinity."""
    points = [complex(re, im) for re in PARTS for im in PARTS]
    found = getattr(torch, name)(torch.tensor(points, dtype=dtype)).tolist()
    compared = 0
    for z, value in zip(points, found):
        try:
            expected = getattr(cmath, name)(z)
        except (ValueError, OverflowError):  # poles: cmath raises where C99 gives infinities
            continue
        compared += 1
        size = abs(expected)
        parts = ((value.real, expected.real), (value.imag, expected.imag))
        if cmath.isnan(expected) and cmath.isinf(expected):  # the sign of the infinite part is open
            parts = tuple((abs(a), abs(b)) for a, b in parts)
        elif cmath.isnan(expected):  # and so is that of a zero
            parts = tuple((a, b) for a, b in parts if b != 0)
        elif math.isinf(z.real) and math.isinf(z.imag):  # an angle without end: any sign of zero
            parts = tuple((abs(a), 0.0) if b == 0 else (a, b) for a, b in parts)
        assert all(same_part(a, b, size, tolerance) for a, b in parts), (z, value, expected)
    assert compared >= 80


def test_poles() -> None:
    """Infinities where cmath raises."""
    z = torch.tensor([0j, complex(-0.0, 0.0)], dtype=torch.complex128)
    logs = torch.log(z)
    assert logs.real.tolist() == [-math.inf] * 2 and logs.imag.tolist() == [0.0, math.pi]
    ends = torch.atanh(torch.tensor([1 + 0j, -1 + 0j], dtype=torch.complex128))
    assert ends.real.tolist() == [math.inf, -math.inf]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_conjugates(dtype: torch.dtype) -> None:
    """f(conj z) = conj f(z), signs of zeros included: what the cuts rest on."""
    z = torch.tensor([complex(re, im) for re in PARTS[1:-1] for im in PARTS[1:-1]], dtype=dtype)
    for name in LIKE_C:
        function = getattr(torch, name)
        here, there = function(z).conj().resolve_conj(), function(z.conj().resolve_conj())
        torch.testing.assert_close(there, here, rtol=2 * torch.finfo(dtype).eps, atol=0, equal_nan=True)
        for part in (torch.real, torch.imag):
            known = ~torch.isnan(part(here))
            assert torch.equal(part(there)[known].signbit(), part(here)[known].signbit()), name
