"""Values known from elsewhere, where PyTorch's own are less exact than the dtype allows."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import is_ours

ours_only = pytest.mark.skipif(not is_ours(), reason="asks for more digits than PyTorch has")
CATALAN = 0.915965594177219015


@ours_only
@pytest.mark.parametrize(
    "x,expected",
    [
        (0.25, math.pi**2 + 8 * CATALAN),
        (0.5, math.pi**2 / 2),
        (0.75, math.pi**2 - 8 * CATALAN),
        (1.0, math.pi**2 / 6),
        (2.0, math.pi**2 / 6 - 1),
        (3.0, math.pi**2 / 6 - 1.25),
        (-0.5, math.pi**2 / 2 + 4),
    ],
)
def test_trigamma(x: float, expected: float) -> None:
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    torch.digamma(at).backward()
    assert at.grad is not None
    assert at.grad.item() == pytest.approx(expected, rel=1e-14)


@ours_only
def test_slope_of_hardsigmoid() -> None:
    x = torch.tensor([-4.0, -1.0, 0.0, 2.5, 4.0], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.hardsigmoid(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1 / 6, 1 / 6, 1 / 6, 0.0]


@ours_only
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_infinity(dtype: torch.dtype, approximate: str) -> None:
    """Infinity stays; PyTorch's vector loop of float32 makes NaN of it."""
    y = torch.nn.functional.gelu(torch.tensor([math.inf] * 17, dtype=dtype), approximate=approximate)
    assert y.tolist() == [math.inf] * 17


@ours_only
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape,dim", [((67, 2), 0), ((2, 67), 1), ((3, 5000), 1), ((5000, 3), 0), ((7,), 0)])
def test_equal_values_have_no_variance(dtype: torch.dtype, shape: tuple, dim: int) -> None:
    x = torch.full(shape, 0.1, dtype=dtype, requires_grad=True)
    y = torch.std(x, dim)
    assert not y.any()
    y.sum().backward()
    assert x.grad is not None and not x.grad.any()
