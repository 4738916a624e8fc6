"""Attention in tiles: values and gradients as by products of whole matrices in double precision, over tiles that are cut,
masks, heads that share keys, layouts and dropout; which kernels run."""

from __future__ import annotations

import math
from typing import Any, Optional

import pytest
import torch
from emulation import emulated as emulated, needs_device
from torch.nn import functional as F

pytestmark = needs_device

TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def operands(dtype: torch.dtype, q: tuple, k: tuple, v: tuple) -> list[torch.Tensor]:
    torch.manual_seed(3)
    return [torch.randn(shape, dtype=torch.float64).to(dtype) for shape in (q, k, v)]


def exact(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: Any, causal: bool, kept: Optional[torch.Tensor] = None
) -> torch.Tensor:
    group = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -math.inf)
    weights = scores.softmax(-1).nan_to_num(0.0)
    return (weights if kept is None else weights * kept) @ v


def check(dtype: torch.dtype, tensors: list[torch.Tensor], mask: Any = None, causal: bool = False) -> None:
    ours = [t.cuda().requires_grad_() for t in tensors]
    wide = [t.double().detach().clone().requires_grad_() for t in tensors]
    device_mask = mask if mask is None else mask.cuda()
    gqa = tensors[0].shape[1] != tensors[1].shape[1]
    out = F.scaled_dot_product_attention(*ours, attn_mask=device_mask, is_causal=causal, enable_gqa=gqa)
    wanted = exact(*wide, mask.double() if mask is not None and mask.dtype != torch.bool else mask, causal)
    grad = torch.randn(wanted.shape, dtype=torch.float64).to(dtype)
    out.backward(grad.cuda())
    wanted.backward(grad.double())
    bound = TOLERANCES[dtype]
    assert out.dtype == dtype and (out.cpu().double() - wanted).abs().max() <= bound * max(1, wanted.abs().max())
    for own, other in zip(ours, wide):
        assert own.grad.shape == other.grad.shape
        assert (own.grad.cpu().double() - other.grad).abs().max() <= 2 * bound * max(1, other.grad.abs().max())


SHAPES = {
    "one tile": ((1, 2, 16, 16),) * 3,
    "cut tiles": ((1, 1, 70, 24), (1, 1, 130, 24), (1, 1, 130, 40)),
    "wide": ((1, 1, 66, 100), (1, 1, 65, 100), (1, 1, 65, 128)),
    "wider than a block": ((1, 1, 20, 160), (1, 1, 36, 160), (1, 1, 36, 136)),
    "shared heads": ((2, 4, 9, 8), (2, 2, 13, 8), (2, 2, 13, 8)),
}


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_values_and_gradients(dtype: torch.dtype, shapes: tuple) -> None:
    check(dtype, operands(dtype, *shapes))


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_causal_tiles_are_skipped(dtype: torch.dtype) -> None:
    check(dtype, operands(dtype, *((1, 1, 100, 16),) * 3), causal=True)
    check(dtype, operands(dtype, (1, 1, 100, 16), (1, 1, 40, 16), (1, 1, 40, 16)), causal=True)
    check(dtype, operands(dtype, (1, 2, 40, 16), (1, 1, 100, 16), (1, 1, 100, 16)), causal=True)


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_masks(dtype: torch.dtype) -> None:
    tensors = operands(dtype, (2, 2, 20, 16), (2, 2, 70, 16), (2, 2, 70, 16))
    seen = torch.rand(2, 1, 20, 70) > 0.5
    seen[0, 0, 3] = False  # a query that sees nothing
    check(dtype, tensors, seen)
    check(dtype, tensors, torch.randn(20, 70).to(dtype))
    check(dtype, tensors, torch.randn(1, 2, 1, 70).to(dtype), causal=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_layouts(dtype: torch.dtype) -> None:
    q, k, v = operands(dtype, *((2, 30, 3, 16),) * 3)
    check(dtype, [t.transpose(1, 2) for t in (q, k, v)])
    check(dtype, [t.movedim(3, 2).contiguous().movedim(2, 3).transpose(1, 2) for t in (q, k, v)])
    packed = torch.randn(2, 30, 3 * 48).to(dtype)
    check(dtype, [t.view(2, 30, 3, 16).transpose(1, 2) for t in packed.split(48, -1)])
    check(dtype, [F.pad(t.transpose(1, 2), (1, 0))[..., 1:] for t in (q, k, v)])


def test_empty_operands() -> None:
    for dtype in (torch.float32, torch.float16):
        q = torch.randn(1, 2, 3, 8, dtype=dtype, device="cuda")
        none = q[:, :, :0]
        assert F.scaled_dot_product_attention(q, none, none).eq(0).all()
        assert F.scaled_dot_product_attention(none, q, q).shape == (1, 2, 0, 8)
        assert F.scaled_dot_product_attention(q[:0], q[:0], q[:0]).shape == (0, 2, 3, 8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_dropout(dtype: torch.dtype) -> None:
    tensors = operands(dtype, (2, 2, 70, 16), (2, 2, 66, 16), (2, 2, 66, 16))
    torch.manual_seed(5)
    ours = [t.cuda().requires_grad_() for t in tensors]
    before = torch.cuda.get_rng_state()
    out = F.scaled_dot_product_attention(*ours, dropout_p=0.25)
    assert not torch.equal(torch.cuda.get_rng_state(), before)
    # With values of one-hot rows the result is the weights: which of them were dropped.
    torch.cuda.set_rng_state(before)
    eye = torch.eye(66).expand(2, 2, 66, 66).to(dtype).contiguous()
    weights = F.scaled_dot_product_attention(ours[0], ours[1], eye.cuda(), dropout_p=0.25)
    kept = weights.detach().cpu().ne(0).double() / 0.75
    assert abs(kept.mean().item() - 1) < 0.02
    wide = [t.double().detach().clone().requires_grad_() for t in tensors]
    wanted = exact(*wide, None, False, kept)
    bound = TOLERANCES[dtype]
    assert (out.cpu().double() - wanted).abs().max() <= bound * wanted.abs().max()
    grad = torch.randn(out.shape, dtype=torch.float64).to(dtype)
    out.backward(grad.cuda())
    wanted.backward(grad.double())
    for own, other in zip(ours, wide):
        assert (own.grad.cpu().double() - other.grad).abs().max() <= 2 * bound * other.grad.abs().max()


def test_second_gradients() -> None:
    q, k, v = (t.cuda().requires_grad_() for t in operands(torch.float64, *((1, 1, 5, 4),) * 3))
    assert torch.autograd.gradgradcheck(lambda *a: F.scaled_dot_product_attention(*a, is_causal=True), (q, k, v))

    def dropped(*a: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        return F.scaled_dot_product_attention(*a, dropout_p=0.5)

    assert torch.autograd.gradcheck(dropped, (q, k, v)) and torch.autograd.gradgradcheck(dropped, (q, k, v))


def test_half_types_take_tensor_cores(emulated: Any) -> None:
    for dtype, columns, name in (
        (torch.bfloat16, 64, "TensorAttention64_f32_bf16"),
        (torch.float16, 72, "TensorAttention128_f32_f16"),
        (torch.float16, 160, "Attention_f32_f16"),
        (torch.float32, 64, "Attention_f32_f32"),
    ):
        x = torch.randn(1, 1, 4, columns, dtype=dtype, device="cuda")
        emulated.launches()
        F.scaled_dot_product_attention(x, x, x)
        assert emulated.launches() == [name]
