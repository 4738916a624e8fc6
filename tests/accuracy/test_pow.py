"""The corners of pow, from Annex F of C99 (F.10.4.4)."""

from __future__ import annotations

import math

import pytest
import torch

INF, NAN = math.inf, math.nan
CORNERS = [
    # base, exponent, result
    (0.0, -3.0, INF),
    (-0.0, -3.0, -INF),
    (-0.0, -2.0, INF),
    (0.0, -INF, INF),
    (-0.0, -INF, INF),
    (-0.0, -0.5, INF),
    (0.0, 3.0, 0.0),
    (-0.0, 3.0, -0.0),
    (-0.0, 2.0, 0.0),
    (-0.0, 0.5, 0.0),
    (0.0, INF, 0.0),
    (-1.0, INF, 1.0),
    (-1.0, -INF, 1.0),
    (1.0, NAN, 1.0),
    (1.0, INF, 1.0),
    (NAN, 0.0, 1.0),
    (NAN, -0.0, 1.0),
    (INF, 0.0, 1.0),
    (-8.0, 1 / 3, NAN),
    (-8.0, 3.0, -512.0),
    (-8.0, -3.0, -1 / 512),
    (0.5, -INF, INF),
    (2.0, -INF, 0.0),
    (-0.5, -INF, INF),
    (-2.0, -INF, 0.0),
    (0.5, INF, 0.0),
    (2.0, INF, INF),
    (-INF, -3.0, -0.0),
    (-INF, -2.0, 0.0),
    (-INF, -0.5, 0.0),
    (-INF, 3.0, -INF),
    (-INF, 2.0, INF),
    (-INF, 0.5, INF),
    (-INF, INF, INF),
    (INF, -1.0, 0.0),
    (INF, 0.5, INF),
    (NAN, 2.0, NAN),
    (2.0, NAN, NAN),
    (2.0, 0.5, math.sqrt(2)),
    (-2.0, 1.0, -2.0),
    (-2.0, -1.0, -0.5),
    (3.0, -2.0, 1 / 9),
]


def assert_same(found: list, expected: list, dtype: torch.dtype, corners: list) -> None:
    rounded = torch.tensor(expected, dtype=dtype).tolist()
    for value, exact, corner in zip(found, rounded, corners):
        if math.isnan(exact):
            assert math.isnan(value), (corner, value)
        elif math.isinf(exact) or exact == 0:
            assert value == exact and math.copysign(1, value) == math.copysign(1, exact), (corner, value)
        else:
            assert value == pytest.approx(exact, rel=torch.finfo(dtype).eps), (corner, value)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.float16, torch.bfloat16), ids=str)
def test_corners(dtype: torch.dtype) -> None:
    bases, exponents, results = zip(*CORNERS)
    x, y = torch.tensor(bases, dtype=dtype), torch.tensor(exponents, dtype=dtype)
    assert_same((x**y).tolist(), list(results), dtype, CORNERS)
    if dtype.itemsize >= 4:  # each exponent as a number, for which there are shorter ways
        assert_same([(x[k] ** b).item() for k, (_, b, _) in enumerate(CORNERS)], list(results), dtype, CORNERS)
        many = [(x[k].repeat(19) ** b)[-1].item() for k, (_, b, _) in enumerate(CORNERS)]
        assert_same(many, list(results), dtype, CORNERS)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_ends_of_the_range(dtype: torch.dtype) -> None:
    """Denormal results, and the last ones before infinity."""
    least, most = {torch.float32: (-149, 127), torch.float64: (-1074, 1023)}[dtype]
    two = torch.tensor(2.0, dtype=dtype)
    exponents = torch.tensor([least, least - 2, most, most + 1, least + 10.0], dtype=dtype)
    expected = [2.0**least, 0.0, 2.0**most, INF, 2.0 ** (least + 10)]
    assert (two**exponents).tolist() == expected
    assert torch.exp2(exponents).tolist() == expected
