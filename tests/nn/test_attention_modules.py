"""Causal biases, masks by blocks and attention with functions of places, against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
import torch

PRELUDE = """
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.bias import CausalBias, CausalVariant, causal_lower_right, causal_upper_left
from torch.nn.attention.flex_attention import *

def attempt(f):
    try:
        return f()
    except Exception as e:
        return type(e).__name__

def causal(b, h, q, kv): return q >= kv
def window(b, h, q, kv): return (q - kv).abs() <= 20 + 3 * h
def parts(m): return [None if t is None else t for t in m.as_tuple()[2:10]] + [m.shape, m.BLOCK_SIZE, m.seq_lengths, m.numel(), m.sparsity(), m.to_dense(), str(m)]

torch.manual_seed(0)
q, k, v = torch.randn(2, 4, 150, 8), torch.randn(2, 4, 170, 8), torch.randn(2, 4, 170, 5)
"""

SNIPPETS = {
    "causal bias": "result = [F.scaled_dot_product_attention(q, k, v, attn_mask=m) for m in (causal_lower_right(150, 170), causal_upper_left(150, 170))] + [F.scaled_dot_product_attention(k, q, q, attn_mask=causal_lower_right(170, 150)), causal_lower_right(2, 3)._materialize(), repr(causal_upper_left(2, 3)), isinstance(causal_upper_left(2, 3), torch.Tensor)]",
    "causal bias, errors": "b = causal_lower_right(150, 170); result = [attempt(f) for f in (lambda: F.scaled_dot_product_attention(q, k, v, attn_mask=b, is_causal=True), lambda: F.scaled_dot_product_attention(q, q, q, attn_mask=b), lambda: CausalBias('x', 2, 3), lambda: causal_lower_right(2.0, 3))]",
    "kernels": "result = []\nwith sdpa_kernel(SDPBackend.MATH): result.append(F.scaled_dot_product_attention(q, k, v))\nwith sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION], set_priority=True): result.append(F.scaled_dot_product_attention(q, k, v))\nresult.append(attempt(lambda: sdpa_kernel('x').__enter__()))",
    "block masks": "result = [parts(create_block_mask(f, *size, device='cpu', **o)) for f, size, o in ((causal, (None, None, 300, 260), dict(BLOCK_SIZE=(128, 64))), (window, (2, 4, 150, 170), dict(BLOCK_SIZE=32)), (causal, (1, 2, 64, 64), dict(BLOCK_SIZE=32, separate_full_blocks=False)), (noop_mask, (1, 1, 5, 5), {}))]",
    "parts of block masks": "m = create_block_mask(window, 2, 4, 150, 170, device='cpu', BLOCK_SIZE=32); result = [parts(x) for x in (m[0], m[1, 2], m[0, 1, 2], m[:1], m[0, :, 1:3], m.to('cpu'))] + [m._adjust(100, 70).to_dense(), m._adjust(100, 70).shape, attempt(lambda: flex_attention(q[:1], k[:1], v[:1], block_mask=m[0]))]",
    "made of blocks": "m = create_block_mask(causal, 1, 2, 64, 96, device='cpu', BLOCK_SIZE=32); result = [parts(BlockMask.from_kv_blocks(m.kv_num_blocks, m.kv_indices, BLOCK_SIZE=32)), parts(BlockMask.from_kv_blocks(m.kv_num_blocks, m.kv_indices, m.full_kv_num_blocks, m.full_kv_indices, 32, causal, (60, 90))), attempt(lambda: BlockMask.from_kv_blocks(m.kv_num_blocks, m.kv_indices, m.kv_num_blocks))]",
    "masks": "result = [create_mask(causal, 2, 3, 4, 5, device='cpu'), create_mask(lambda s, b, h, i, j: torch.where(i > j, s, -float('inf')), 1, 2, 3, 4, device='cpu'), create_mask(and_masks(causal, window), 1, 2, 30, 40, device='cpu'), create_mask(or_masks(causal, window), 1, 2, 30, 40, device='cpu'), attempt(lambda: and_masks(3)), attempt(lambda: create_mask(lambda a: a, 1, 1, 2, 2))]",
    "attention": "result = [flex_attention(q, k, v), flex_attention(q, k, v, scale=0.3, return_lse=True), flex_attention(q, k[:, :2], v[:, :2], enable_gqa=True), tuple(flex_attention(q, k, v, return_aux=AuxRequest(lse=True))[1])]",
    "scores": """
import sys, types
sys.modules["snippet"] = types.ModuleType("snippet")  # where the oracle looks up what functions use
sys.modules["snippet"].__dict__.update(globals())
def changes(slopes, table):
    return (lambda s, b, h, i, j: s - slopes[h] * (i - j).abs(), lambda s, b, h, i, j: s + table[h, i - j + 200], lambda s, b, h, i, j: torch.where(i >= j, s, -float('inf')), lambda s, b, h, i, j: 5 * torch.tanh(s / 5) + 0.1 * b)
result = [flex_attention(q, k, v, score_mod=f) for f in changes(torch.tensor([1.0, 0.5, 0.25, 0.125]), torch.randn(4, 400))]
""",
    "masked": "result = []\nfor f, size in ((causal, (None, None)), (window, (None, 4)), (lambda b, h, i, j: (i >= j) & (i != 3) & (j > 90), (2, 4))):\n    m = create_block_mask(f, *size, 150, 170, device='cpu', BLOCK_SIZE=32); result += flex_attention(q, k, v, block_mask=m, return_lse=True)",
    "dtypes": "result = [flex_attention(*(t.to(d) for t in (q, k, v)), score_mod=lambda s, b, h, i, j: s + 0.01 * i).double() for d in (torch.float64,)]",
    "errors": "m = create_block_mask(causal, 3, None, 150, 170, device='cpu'); result = [attempt(f) for f in (lambda: flex_attention(q, k[:, :2], v[:, :2]), lambda: flex_attention(q[0], k[0], v[0]), lambda: flex_attention(q, k, v, block_mask=create_block_mask(causal, 1, 1, 150, 150, device='cpu')), lambda: flex_attention(q[:1], k, v), lambda: flex_attention(q, k[..., :7], v), lambda: flex_attention(q, k, v, return_lse=True, return_aux=AuxRequest()))]",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name], strides=False, scale=4.0)


def test_gradients_of_flex_attention() -> None:
    """Which the oracle does not give on the CPU: of queries, keys, values and what the function uses."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    torch.manual_seed(0)
    q, k, v = (torch.randn(1, 2, n, 3, dtype=torch.float64, requires_grad=True) for n in (5, 6, 6))
    slope = torch.tensor([0.1, 0.3], dtype=torch.float64, requires_grad=True)
    mask = create_block_mask(lambda b, h, i, j: (i >= j) & (i != 2), None, None, 5, 6, BLOCK_SIZE=2)

    def attend(*given: torch.Tensor) -> torch.Tensor:
        return flex_attention(
            *given[:3], score_mod=lambda s, b, h, i, j: s - given[3][h] * (i - j).abs(), block_mask=mask
        )

    assert torch.autograd.gradcheck(attend, (q, k, v, slope))


def test_functions_see_rows_of_scores() -> None:
    """Never the whole matrix, and only keys that one of the rows may see."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    seen = []

    def watch(score: torch.Tensor, b: Any, h: Any, i: Any, j: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(score.shape))
        return score

    q = torch.randn(1, 1, 300, 4)
    mask = create_block_mask(lambda b, h, i, j: (i - j).abs() < 10, None, None, 300, 300, BLOCK_SIZE=100)
    flex_attention(q, q, q, score_mod=watch, block_mask=mask)
    assert seen == [(1, 1, 100, 200), (1, 1, 100, 300), (1, 1, 100, 200)]
