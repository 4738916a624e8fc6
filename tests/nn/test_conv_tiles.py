"""3x3 convolutions with enough channels to be computed on transformed tiles, against plain sums in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch

F = torch.nn.functional

# batch, channels in and out of one group, height, width, padding, groups
SIZES = (
    (1, 64, 64, 56, 56, 1, 1),
    (2, 32, 48, 15, 17, 1, 1),
    (2, 32, 48, 15, 33, 0, 1),
    (3, 40, 24, 9, 9, 2, 2),
    (2, 24, 40, 20, 70, (0, 2), 1),
    (1, 600, 30, 14, 14, 1, 1),
    (16, 64, 64, 4, 4, 1, 1),
    (2, 32, 32, 16, 16, 3, 1),
)


def draw(integers: bool, *sizes: int) -> torch.Tensor:
    values = torch.randint(-4, 5, sizes) if integers else torch.randn(sizes)
    return values.to(torch.float32)


def both_ways(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, grad: torch.Tensor, options: dict) -> tuple:
    x, w, b = (t.clone().requires_grad_() for t in (x, w, b))
    y = F.conv2d(x, w, b, **options)
    return (y.detach(), *torch.autograd.grad(y, (x, w, b), grad))


def given(size: tuple, integers: bool) -> Any:
    batch, inputs, outputs, height, width, padding, groups = size
    torch.manual_seed(0)
    options = {"padding": padding, "groups": groups}
    x = draw(integers, batch, inputs * groups, height, width)
    w, b = draw(integers, outputs * groups, inputs, 3, 3), draw(integers, outputs * groups)
    return x, w, b, draw(integers, *F.conv2d(x, w, b, **options).shape), options


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("integers", (False, True), ids=("reals", "integers"))
def test_against_float64(size: tuple, integers: bool) -> None:
    *tensors, options = given(size, integers)
    found = both_ways(*tensors, options)
    wanted = both_ways(*(t.double() for t in tensors), options)
    for ours, exact in zip(found, wanted):
        if integers:  # the transforms only add and halve
            assert torch.equal(ours.double(), exact)
        else:
            assert ((ours - exact).abs().max() / exact.abs().max()).item() < 2e-6


@pytest.mark.parametrize("layout", (torch.contiguous_format, torch.channels_last), ids=str)
def test_layouts(layout: torch.memory_format) -> None:
    x, w, b, grad, options = given(SIZES[1], True)
    found = both_ways(x.contiguous(memory_format=layout), w.contiguous(memory_format=layout), b, grad, options)
    for ours, wanted in zip(found, both_ways(x, w, b, grad, options)):
        assert torch.equal(ours, wanted)
    assert found[0].is_contiguous(memory_format=layout)


@pytest.mark.parametrize("value", (float("inf"), float("nan"), 2e38))
def test_not_finite(value: float) -> None:
    """Spreads to the results whose window holds it, and no further."""
    *tensors, options = given(SIZES[1], True)
    for which, at in ((0, (0, 3, 5, 6)), (1, (7, 3, 1, 2)), (3, (1, 2, 14, 3))):
        changed = [t.clone() for t in tensors]
        changed[which][at] = value
        found = both_ways(*changed, options)
        wanted = both_ways(*(c.double() for c in changed), options)
        for ours, exact in zip(found, wanted):
            torch.testing.assert_close(ours, exact.float(), rtol=1e-5, atol=1e-4, equal_nan=True)


def test_transposed() -> None:
    torch.manual_seed(0)
    x, w = draw(True, 2, 32, 15, 17), draw(True, 32, 40, 3, 3)
    found = F.conv_transpose2d(x, w, padding=1)
    assert torch.equal(found.double(), F.conv_transpose2d(x.double(), w.double(), padding=1))
