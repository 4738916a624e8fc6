"""Reductions: values as on the CPU for every dtype, over dimensions of every layout, alone and shared between blocks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from emulation import emulated as emulated, needs_device
from test_pointwise import ALL, COMPLEX, FLOATS, INTS, LAYOUTS, values

pytestmark = needs_device


def close(ours: torch.Tensor, expected: torch.Tensor, scale: float = 1) -> None:
    assert ours.device.type == "cuda" and ours.dtype == expected.dtype and ours.shape == expected.shape
    if expected.dtype.is_floating_point or expected.dtype.is_complex:
        tolerance = 16 * scale * torch.finfo(expected.dtype).eps
        torch.testing.assert_close(ours.cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        assert torch.equal(ours.cpu(), expected)


DIMS: list[Any] = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (-1, 0, 1)]


@pytest.mark.parametrize("dim", DIMS, ids=str)
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_dimensions(dtype: torch.dtype, dim: Any) -> None:
    a = values(dtype, 5, 40, 7)
    for view in (a, a.transpose(0, 2), a[:, ::3], a[:1].expand(4, 40, 7), a[:, :0], a[1:2]):
        x = view.to("cuda") if view.stride(0) != 0 else a[:1].cuda().expand(4, 40, 7)
        keepdim = len(dim) == 1
        close(x.sum(dim, keepdim), view.sum(dim, keepdim), 40)
        close(x.ne(0).all(dim), view.ne(0).all(dim))
        close(x.any(dim), view.any(dim))
        if dtype.is_floating_point or dtype.is_complex:
            close(x.mean(dim), view.mean(dim), 4)
        if not dtype.is_complex and view.numel():
            close(x.amax(dim, keepdim), view.amax(dim, keepdim))
            close(x.amin(dim), view.amin(dim))
        if len(dim) == 1:
            close((x % 3 if dtype in INTS else x).prod(dim[0]), (view % 3 if dtype in INTS else view).prod(dim[0]), 40)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    a = values(torch.float32, 37, 70)
    close(LAYOUTS[layout](a.cuda()).sum(), LAYOUTS[layout](a).sum(), 70)


@pytest.mark.parametrize(
    "shape",
    [(1,), (255,), (256, 3), (3, 257), (1, 100_000), (100_000, 1), (50_000, 2), (2, 50_000), (9, 5000, 3)],
    ids=str,
)
def test_sizes(shape: Any) -> None:
    torch.manual_seed(0)
    a = torch.rand(shape, dtype=torch.float64)
    for d in range(len(shape)):
        close(a.float().cuda().sum(d), a.sum(d).float(), 4)
        close(a.half().cuda().amax(d), a.half().amax(d))
    close(a.cuda().mean(), a.mean())


def test_few_outputs_are_shared_between_blocks(emulated: Any) -> None:
    x = torch.ones(100_000, device="cuda")
    emulated.launches()
    assert x.sum().item() == 100_000
    assert emulated.launches() == ["Sum_f32_f32", "Sum_f32_f32"]
    assert torch.ones(4096, 64, device="cuda").sum(1).shape == (4096,)
    assert emulated.launches()[-1:] == ["Sum_f32_f32"]


def test_nan_and_infinities() -> None:
    a = torch.tensor([[1.0, float("nan"), 3.0], [float("-inf"), 2.0, -0.0]])
    close(a.cuda().amax(1), a.amax(1))
    close(a.cuda().amin(0), a.amin(0))
    close(a.cuda().sum(), a.sum())
    close(torch.empty(0, 3, device="cuda").mean(0), torch.empty(0, 3).mean(0))
    close(torch.empty(0, 3, device="cuda").sum(0), torch.empty(0, 3).sum(0))


def test_dtypes_that_are_asked_for() -> None:
    a = values(torch.float32, 90) * 10
    close(a.cuda().sum(dtype=torch.int64), a.sum(dtype=torch.int64))
    close(a.half().cuda().sum(dtype=torch.float64), a.half().sum(dtype=torch.float64))
    close(torch.ones(70, dtype=torch.uint8).cuda().mul(9).sum(), torch.tensor(630))
    with pytest.raises(RuntimeError):
        torch.ones(3, dtype=torch.int64, device="cuda").mean()


def test_gradients() -> None:
    for dtype in FLOATS[:2] + COMPLEX[:1]:
        a = values(dtype, 4, 5).requires_grad_()
        x = a.detach().cuda().requires_grad_()
        (a * a).sum(0).mean().abs().backward()
        (x * x).sum(0).mean().abs().backward()
        assert a.grad is not None and x.grad is not None
        close(x.grad, a.grad, 4)
    x = torch.randn(3).cuda().requires_grad_()
    assert torch.allclose(x, x) and torch.equal(x, x.clone())
    torch.nn.functional.mse_loss(x, torch.zeros(3, device="cuda")).backward()
    assert x.grad is not None
    close(x.grad, 2 * x.detach().cpu() / 3)
