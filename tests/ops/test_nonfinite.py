"""Infinities and NaNs in the operands reach the results that depend on them, and no others."""

from __future__ import annotations

from typing import Any

import pytest

BAD = ("inf", "-inf", "nan")
SHAPES = {
    "same": ((2, 3, 5, 6), (4, 3, 3, 3), {"padding": 1}),
    "no padding": ((2, 3, 5, 6), (4, 3, 3, 3), {}),
    "strided": ((2, 3, 7, 6), (4, 3, 3, 2), {"stride": 2, "padding": 1}),
    "dilated": ((1, 2, 7, 7), (2, 2, 3, 3), {"dilation": 2, "padding": 2}),
    "grouped": ((2, 4, 5, 5), (8, 2, 3, 3), {"padding": 1, "groups": 2}),
    "depthwise": ((2, 4, 5, 5), (4, 1, 3, 3), {"padding": 1, "groups": 4}),
    "many weights": ((1, 40, 4, 5), (48, 40, 3, 3), {"padding": 1}),
    "pointwise": ((2, 3, 4, 4), (5, 3, 1, 1), {}),
}
PROGRAM = """
def run(x_shape, w_shape, options, bad, place):
    x = torch.arange(float(torch.Size(x_shape).numel())).reshape(x_shape) % 7 - 3
    w = (torch.arange(float(torch.Size(w_shape).numel())).reshape(w_shape) % 5 + 1).requires_grad_()
    x[(0, 0, *place)] = bad
    x.requires_grad_()
    y = torch.nn.functional.conv2d(x, w, **options)
    y.backward(torch.arange(float(y.numel())).reshape(y.shape) % 3 + 1)
    return y.detach(), x.grad, w.grad
"""


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bad", BAD)
def test_conv2d_input(shape: str, bad: str, both: Any) -> None:
    """One bad pixel, in every corner and in the middle: outputs and gradients, finite ones included."""
    places = [(0, 0), (0, -1), (-1, -1), (1, -1), (2, 2), (-1, 1)]
    x, w, options = SHAPES[shape]
    both(f"{PROGRAM}\nresult = [run({x}, {w}, {options}, float({bad!r}), place) for place in {places}]")
