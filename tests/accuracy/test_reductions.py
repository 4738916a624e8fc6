"""Reductions against exact results: at least as good as the oracle's, whose errors the same code measures there."""

from __future__ import annotations

import hashlib
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import reductions
import torch
from conftest import get_oracle

DTYPES = ("float32", "float64")
NAMES = list(reductions.operations(torch))


@pytest.fixture(scope="module")
def theirs(request: pytest.FixtureRequest) -> dict:
    """The oracle's errors by operation and dtype."""
    version = hashlib.sha256(Path(reductions.__file__).read_bytes()).hexdigest()[:16]
    code = f"""
import json, sys
sys.path.insert(0, "accuracy")
import reductions  # {version}
result = json.dumps([[reductions.errors(torch, name, dtype) for dtype in {DTYPES!r}] for name in {NAMES!r}])
"""
    answer = get_oracle(request.config).ask([{"code": code, "names": {}}])[0]
    assert answer[0] == "ok", answer
    rows = json.loads(answer[1][1])
    return {(name, dtype): rows[i][k] for i, name in enumerate(NAMES) for k, dtype in enumerate(DTYPES)}


# What two libraries add up in different orders.
ALIKE = {"matmul": 2.5, "dot": 1.5}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_no_worse_than_the_oracle(name: str, dtype: str, theirs: dict) -> None:
    """For each set of data the root mean square of the errors, with room for luck where both are below half an ulp."""
    ours = reductions.errors(torch, name, dtype)
    worse = {}
    for kind, (largest, mean) in ours.items():
        their_largest, their_mean = theirs[name, dtype][kind]
        if mean > ALIKE.get(name, 1.05) * their_mean + 0.05:
            worse[kind] = (mean, their_mean, largest, their_largest)
    assert not worse, worse


def exact(x: torch.Tensor) -> Fraction:
    return reductions.exact_sum(x.numpy())


def assert_rounded(found: torch.Tensor, rows: list, limit: float) -> None:
    for value, row in zip(found.reshape(-1).tolist(), rows):
        error = reductions.ulps(value, exact(row))
        assert error <= limit, (value, error)


def test_sum_that_cancels_to_nothing() -> None:
    """All whole numbers and a half from -2048000 to 2048000, in order: each half of the array adds up to 2e12."""
    count = 8 * 80**3
    x = torch.from_numpy((np.arange(count) - count // 2 + 0.5).astype(np.float32))
    for threads in (1, 2, 5):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            assert x.sum().item() == 0
            assert x.reshape(8, -1).sum(0).sum().item() == 0
            assert x.reshape(-1, 8).sum(0).sum().item() == 0
        finally:
            torch.set_num_threads(before)


@pytest.mark.parametrize("kind", reductions.DATA)
@pytest.mark.parametrize("count", (1, 2, 7, 15, 16, 17, 100, 129, 1000, 4097, 65537, 1_000_003))
def test_sums_of_float32(kind: str, count: int) -> None:
    """Within one ulp of the exact sum, and 0 where that is 0."""
    x = torch.from_numpy(reductions.data(kind, count, np.float32))
    assert_rounded(x.sum(), [x], 1)
    if count < 1_000_000:
        apart = torch.stack([x, x], 1)
        assert_rounded(apart[:, 1].sum(), [x], 1)
        assert_rounded(apart.sum(0), [x, x], 1)


@pytest.mark.parametrize("kind", ("normal", "offset", "cancelling"))
def test_sums_of_ten_million(kind: str) -> None:
    x = torch.from_numpy(reductions.data(kind, 10_000_000, np.float32))
    assert_rounded(x.sum(), [x], 1)


@pytest.mark.parametrize("shape", ((40, 50, 60), (3, 5000, 7), (2, 3, 20000)))
@pytest.mark.parametrize("dims", ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)))
def test_sums_over_all_dims(shape: tuple, dims: tuple) -> None:
    x = torch.from_numpy(reductions.data("cancelling", math.prod(shape), np.float32).reshape(shape))
    for t in (x, x.permute(2, 0, 1), x.transpose(0, 1)):
        kept = [d for d in range(3) if d not in dims]
        rows = t.permute(*kept, *dims).reshape(math.prod(t.shape[d] for d in kept), -1)
        step = max(1, len(rows) // 50)
        assert_rounded(t.sum(dims).reshape(-1)[::step], list(rows[::step]), 1)


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16), ids=str)
def test_sums_of_half_types(dtype: torch.dtype) -> None:
    """Rounded once, at the end."""
    for count in (10, 1000, 30011):
        x = torch.from_numpy(reductions.data("normal", count, np.float32)).to(dtype)
        rounded = torch.tensor(float(exact(x.float())), dtype=torch.float64).to(dtype)
        assert torch.equal(x.sum(), rounded)
        assert torch.equal(torch.stack([x, x], 1).sum(0), rounded.repeat(2))


@pytest.mark.parametrize("count", (10, 1000, 100_003))
def test_infinities_in_sums(count: int) -> None:
    inf, nan = math.inf, math.nan
    for dtype in (torch.float32, torch.float64):
        for values, expected in (([inf], inf), ([-inf], -inf), ([inf, inf], inf), ([inf, -inf], nan), ([nan], nan)):
            x = torch.ones(count, dtype=dtype)
            for k, value in enumerate(values):
                x[(k + 1) * count // 3] = value
            for found in (
                x.sum(),
                torch.stack([x, x], 1).sum(0)[1],
                x.mean(),
                x.reshape(1, -1).expand(3, -1).sum(1)[2],
            ):
                assert found.item() == expected or (math.isnan(expected) and math.isnan(found.item()))


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_equal_values_have_no_variance(dtype: torch.dtype) -> None:
    for value in (0.1, 1e5 + 1 / 3, -7e-30):
        for count in (2, 3, 5, 17, 999, 1025, 5000):
            x = torch.full((3, count), value, dtype=dtype)
            for t, dim in ((x, 1), (x.T.contiguous(), 0)):
                var, mean = torch.var_mean(t, dim)
                assert torch.equal(var, torch.zeros(3, dtype=dtype)) and torch.equal(mean, x[:, 0]), (value, count, dim)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_deviation_of_tiny_numbers(dtype: torch.dtype) -> None:
    """Their squares are no numbers of the dtype."""
    unit = 2.0**-130 if dtype == torch.float32 else 2.0**-500
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=dtype) * unit
    torch.testing.assert_close(x.std() / unit, torch.tensor(math.sqrt(5 / 3), dtype=dtype))
    std, mean = torch.std_mean(x)
    assert torch.equal(std, x.std()) and mean.item() == 2.5 * unit
