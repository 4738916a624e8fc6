"""Convolutions with one filter for each channel: the kernels for planes and for pixels against sums in float64."""

from __future__ import annotations

import itertools
from typing import Optional

import pytest
import torch

F = torch.nn.functional
LAYOUTS = (torch.contiguous_format, torch.channels_last)


def both_ways(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, grad: Optional[torch.Tensor], **options: int) -> tuple:
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    y = F.conv2d(x, w, b, groups=w.shape[0], **options)
    if grad is None:
        grad = torch.randint_like(y.detach(), -4, 5)
    return (y.detach(), *torch.autograd.grad(y, (x, w), grad), grad)


def given(channels: int, kernel: int, size: tuple) -> tuple:
    torch.manual_seed(0)
    shapes = ((2, channels, *size), (channels, 1, kernel, kernel), (channels,))
    return tuple(torch.randint(-4, 5, shape).to(torch.float32) for shape in shapes)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("kernel", (2, 3, 5, 7))
@pytest.mark.parametrize("stride", (1, 2, 3))
def test_against_float64(layout: torch.memory_format, kernel: int, stride: int) -> None:
    """Integers: sums are exact in any order."""
    for padding, size, channels in itertools.product((0, 1, 2), ((28, 28), (7, 9), (13, 35), (40, 17)), (32, 19)):
        x, w, b = given(channels, kernel, size)
        options = {"stride": stride, "padding": padding}
        *found, grad = both_ways(x.contiguous(memory_format=layout), w, b, None, **options)
        assert found[0].is_contiguous(memory_format=layout)
        *wanted, _ = both_ways(x.double(), w.double(), b.double(), grad.double().contiguous(), **options)
        for ours, exact in zip(found, wanted):
            assert torch.equal(ours.double(), exact)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("stride", (1, 2))
def test_infinity_stays_in_its_window(layout: torch.memory_format, stride: int) -> None:
    x, w, b = given(32, 3, (13, 19))
    x[1, 3, 6, 18] = float("inf")
    options = {"stride": stride, "padding": 1}
    *found, grad = both_ways(x.contiguous(memory_format=layout), w, b, None, **options)
    *wanted, _ = both_ways(x.double(), w.double(), b.double(), grad.double().contiguous(), **options)
    for ours, exact in zip(found, wanted):
        torch.testing.assert_close(ours.double(), exact, rtol=0, atol=0, equal_nan=True)
