"""Maxima of two or three neighbours are taken of strided views where nobody asks for positions: the same values."""

from __future__ import annotations

import itertools

import pytest
import torch

F = torch.nn.functional


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.bfloat16, torch.int32, torch.uint8), ids=str)
def test_max_pool1d(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    for length, kernel, stride, dilation in itertools.product((4, 5, 16, 37), (1, 2, 3, 4), (None, 1, 2, 3), (1, 2)):
        if dilation * (kernel - 1) >= length:
            continue
        x = torch.randint(0, 200, (2, 3, length)).to(dtype)
        if dtype.is_floating_point:
            x[1, 2, 3], x[0, 1] = float("nan"), -float("inf")
        for data in (x, x[0], x.transpose(0, 1)):
            values = F.max_pool1d(data, kernel, stride, 0, dilation)
            both, _ = F.max_pool1d(data, kernel, stride, 0, dilation, return_indices=True)
            assert values.dtype == dtype and values.stride() == both.stride()
            torch.testing.assert_close(values, both, rtol=0, atol=0, equal_nan=True)


def test_errors_stay() -> None:
    x = torch.zeros(2, 3, 4)
    for arguments in ((5,), (2, 0), (0,), (2, 2, 0, 0), ([2, 2],)):
        with pytest.raises(RuntimeError):
            F.max_pool1d(x, *arguments)
    assert F.max_pool1d(x.requires_grad_(), 2).requires_grad


@pytest.mark.parametrize("size", (7, 4, 1))
def test_equal_boxes(size: int) -> None:
    """Adaptive maxima over boxes of one size are windows."""
    torch.manual_seed(0)
    x = torch.randn(2, 5, 28, 28)
    x[0, 0, 3, 3], x[1, 2] = float("nan"), -float("inf")
    values, places = F.adaptive_max_pool2d(x, size, return_indices=True)
    same, here = F.max_pool2d(x, 28 // size, return_indices=True)
    torch.testing.assert_close(values, same, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(places, here)


@pytest.mark.parametrize("images", (1, 5))
def test_channels_last_backward(images: int) -> None:
    torch.manual_seed(0)
    x = torch.randint(-9, 9, (images, 83, 14, 15)).float()
    found = []
    for layout in (torch.contiguous_format, torch.channels_last):
        leaf = x.contiguous(memory_format=layout).requires_grad_()
        y = F.max_pool2d(leaf, 3, 2, 1)
        found += torch.autograd.grad(y, leaf, torch.arange(y.numel()).reshape(y.shape).float())
    assert torch.equal(*found)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.int32), ids=str)
@pytest.mark.parametrize("channels", (2, 20, 83))
def test_channels_last(dtype: torch.dtype, channels: int) -> None:
    """Windows of a row that lie inside the image share their taps; those at its edges do not."""
    torch.manual_seed(0)
    for size in ((9, 14), (4, 5, 8)):
        x = torch.randint(-9, 9, (2, channels, *size)).to(dtype)
        if dtype.is_floating_point:
            x[1, 1, ..., 3:5], x[0, 0] = float("nan"), -float("inf")
        layout = torch.channels_last if len(size) == 2 else torch.channels_last_3d
        pool = F.max_pool2d if len(size) == 2 else F.max_pool3d
        for kernel, stride, padding, dilation in ((2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 1), (2, 1, 1, 2), (2, 3, 1, 1)):
            last = x.contiguous(memory_format=layout)
            values, places = pool(x, kernel, stride, padding, dilation, return_indices=True)
            found, there = pool(last, kernel, stride, padding, dilation, return_indices=True)
            assert found.is_contiguous(memory_format=layout)
            torch.testing.assert_close(found, values, rtol=0, atol=0, equal_nan=True, check_stride=False)
            assert torch.equal(there, places)
            alone = pool(last, kernel, stride, padding, dilation)
            torch.testing.assert_close(alone, found, rtol=0, atol=0, equal_nan=True)
