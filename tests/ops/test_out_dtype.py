"""Products of matrices with a dtype for the result: of float16 and bfloat16 in float32. PyTorch has them on GPUs only."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import torch
from conftest import is_ours

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference has no such kernels for the CPU")

CALLS = {
    "mm": ((3, 4), (4, 2)),
    "bmm": ((2, 3, 4), (2, 4, 2)),
    "addmm": ((3, 2), (3, 4), (4, 2)),
    "baddbmm": ((2, 3, 2), (2, 3, 4), (2, 4, 2)),
}


def arguments(name: str, dtype: torch.dtype, **facts: Any) -> list:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(shape, generator=generator).to(dtype).requires_grad_(bool(facts)) for shape in CALLS[name]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", CALLS)
def test_half_in_float32(name: str, dtype: torch.dtype) -> None:
    call: Callable[..., torch.Tensor] = getattr(torch, name)
    halves = arguments(name, dtype)
    found = call(*halves, torch.float32)
    assert found.dtype == torch.float32
    # Exact products, rounded once: what float64 gives, to float32's precision.
    exact = call(*(t.double() for t in halves))
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=1e-6)
    assert torch.equal(call(*halves, out_dtype=torch.float32), found)
    out = torch.empty(0)
    assert call(*halves, torch.float32, out=out) is out and torch.equal(out, found)


@pytest.mark.parametrize("name", CALLS)
def test_own_dtype(name: str) -> None:
    call = getattr(torch, name)
    for dtype in (torch.float16, torch.float32, torch.float64, torch.int64):
        values = arguments(name, dtype)
        assert torch.equal(call(*values, out_dtype=dtype), call(*values))


def test_scales() -> None:
    values = arguments("addmm", torch.bfloat16)
    found = torch.addmm(*values, torch.float32, beta=2, alpha=3)
    torch.testing.assert_close(found, torch.addmm(*(t.float() for t in values), beta=2, alpha=3))


@pytest.mark.parametrize("name", CALLS)
def test_gradient(name: str) -> None:
    halves = arguments(name, torch.float16, grad=True)
    getattr(torch, name)(*halves, torch.float32).square().sum().backward()
    wide = [t.detach().float().requires_grad_() for t in halves]
    getattr(torch, name)(*wide).square().sum().backward()
    for half, full in zip(halves, wide):
        assert half.grad is not None and full.grad is not None and half.grad.dtype == torch.float16
        torch.testing.assert_close(half.grad, full.grad.half())


@pytest.mark.parametrize("name", CALLS)
def test_meta(name: str) -> None:
    found = getattr(torch, name)(*(t.to("meta") for t in arguments(name, torch.bfloat16)), torch.float32)
    assert found.device.type == "meta" and found.dtype == torch.float32
    assert found.shape == getattr(torch, name)(*arguments(name, torch.float32)).shape


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("given, wanted", [("bfloat16", "float64"), ("float32", "float64"), ("int32", "float32")])
def test_other_dtypes_are_refused(name: str, given: str, wanted: str, both: Any) -> None:
    shapes = ", ".join(f"torch.ones({shape}, dtype=torch.{given}, device='meta')" for shape in CALLS[name])
    if name == "baddbmm":  # PyTorch stumbles over its own message
        with pytest.raises(RuntimeError, match="baddbmm: out_dtype must be the same as input dtype or fp32"):
            eval(f"torch.baddbmm({shapes}, torch.{wanted})")
        return
    both(f"result = torch.{name}({shapes}, torch.{wanted})", contains=("out_dtype",))


def test_mixed_operands_are_refused() -> None:
    with pytest.raises(RuntimeError, match="mm: expected both matrices to have the same dtype"):
        torch.mm(torch.ones(2, 2), torch.ones(2, 2).half(), torch.float32)


def test_methods_have_no_out_dtype(both: Any) -> None:
    both("result = torch.ones(2, 2).mm(torch.ones(2, 2), out_dtype=torch.float32)")
    both("result = torch.mm(torch.ones(2, 2), torch.ones(2, 2), None)")
