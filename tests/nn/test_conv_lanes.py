"""Convolutions of at least 16 channels with strides, dilations and wide kernels, both ways, against float64."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import pytest
import torch

F = torch.nn.functional


def integers(*shape: int) -> torch.Tensor:
    return torch.randint(-3, 4, shape).to(torch.float32)


def compare(call: Callable, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> None:
    """Integers: sums are exact in any order."""
    found: list[Any] = []
    grad = None
    for dtype in (torch.float32, torch.float64):
        leaves = [t.to(dtype).requires_grad_() for t in (x, w)]
        y = call(*leaves, b.to(dtype))
        grad = integers(*y.shape) if grad is None else grad
        found.append((y.detach(), *torch.autograd.grad(y, leaves, grad.to(dtype))))
    for ours, exact in zip(*found):
        assert torch.equal(ours.double(), exact)


@pytest.mark.parametrize("kernel", (1, 2, 3, 5))
@pytest.mark.parametrize("channels", ((16, 16), (20, 40), (32, 64)), ids=str)
def test_planes(kernel: int, channels: tuple) -> None:
    torch.manual_seed(0)
    inputs, outputs = channels
    for stride, padding, dilation, size in itertools.product((1, 2, 3), (0, 2), (1, 2), ((14, 14), (9, 70))):
        if kernel * dilation > 9 or padding > kernel:
            continue
        options = {"stride": stride, "dilation": dilation}
        for groups in (1, 2):
            x, b = integers(2, inputs * groups, *size), integers(outputs * groups)
            down = integers(outputs * groups, inputs, kernel, kernel)
            compare(lambda x, w, b: F.conv2d(x, w, b, padding=padding, groups=groups, **options), x, down, b)
            if stride < 3:
                options["output_padding"] = stride - 1
                inside, up = min(padding, kernel - 1), integers(inputs * groups, outputs, kernel, kernel)
                compare(lambda x, w, b: F.conv_transpose2d(x, w, b, padding=inside, groups=groups, **options), x, up, b)
                del options["output_padding"]


@pytest.mark.parametrize("stride", (1, 2))
def test_lines_and_volumes(stride: int) -> None:
    torch.manual_seed(0)
    volume, line = integers(2, 16, 7, 9, 11), integers(5, 20, 101)
    weight = integers(24, 16, 3, 3, 3)
    compare(lambda x, w, b: F.conv3d(x, w, b, stride=stride, padding=1), volume, weight, integers(24))
    weight = weight.transpose(0, 1).contiguous()
    compare(lambda x, w, b: F.conv_transpose3d(x, w, b, stride=stride, padding=1), volume, weight, integers(24))
    weight = integers(33, 20, 5)
    compare(lambda x, w, b: F.conv1d(x, w, b, stride=stride, padding=2), line, weight, integers(33))
    weight = weight.transpose(0, 1).contiguous()
    compare(lambda x, w, b: F.conv_transpose1d(x, w, b, stride=stride, padding=2), line, weight, integers(33))


@pytest.mark.parametrize("kernel", ((5,), (4, 4), (1, 3), (2, 3, 2)), ids=str)
def test_kernels_that_cover_the_image(kernel: tuple) -> None:
    torch.manual_seed(0)
    dims = len(kernel)
    for images, inputs, outputs in ((1, 3, 8), (5, 32, 20)):
        x, w, b = integers(images, inputs, *kernel), integers(outputs, inputs, *kernel), integers(outputs)
        down = getattr(F, f"conv{dims}d")
        compare(down, x, w, b)
        assert torch.equal(down(x, w, b).flatten(1), x.flatten(1) @ w.flatten(1).T + b)
        x, w = integers(images, inputs, *[1] * dims), integers(inputs, outputs, *kernel)
        up = getattr(F, f"conv_transpose{dims}d")
        compare(up, x, w, b)
        product = (x.flatten(1) @ w.flatten(1)).reshape(images, outputs, *kernel)
        assert torch.equal(up(x, w, b), product + b.reshape(-1, *[1] * dims))


@pytest.mark.parametrize("size", (7, 20))
@pytest.mark.parametrize("channels", ((32, 40), (29, 70), (24, 25)), ids=str)
def test_channels_last_weights(channels: tuple, size: int) -> None:
    torch.manual_seed(0)
    inputs, outputs = channels
    layout = torch.channels_last
    for kernel, stride, groups in itertools.product((3, 5), (1, 2), (1, 2)):
        x, b = integers(2, inputs * groups, size, size), integers(outputs * groups)
        w = integers(outputs * groups, inputs, kernel, kernel)
        options = {"stride": stride, "padding": kernel // 2, "groups": groups}
        last = w.contiguous(memory_format=layout)
        compare(lambda x, w, b: F.conv2d(x, w, b, **options), x.contiguous(memory_format=layout), last, b)
        assert torch.equal(F.conv2d(x, last, b, **options), F.conv2d(x, w, b, **options))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.complex64], ids=str)
def test_gradients_take_channels_last_weights(dtype: torch.dtype) -> None:
    real = torch.arange(2 * 4 * 6 * 5).remainder(17).view(2, 4, 6, 5) - 8
    x, w = (real + 1j * real.flip(0) if dtype.is_complex else real).to(dtype), real[:, :3, :3, :2].to(dtype)
    w = torch.cat([w, w * 2])  # 4 inputs of a transposed convolution, 4 outputs of the other
    slopes = []
    for weight in (w, w.contiguous(memory_format=torch.channels_last)):
        a, b = x.clone().requires_grad_(), x[:, :3].clone().requires_grad_()
        (F.conv_transpose2d(a, weight).sum() + F.conv2d(b, weight).sum()).abs().backward()
        slopes.append((a.grad, b.grad))
    for one, other in zip(*slopes):
        torch.testing.assert_close(one, other)
