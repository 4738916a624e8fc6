"""Recurrent networks, packed sequences and multi-head attention against the oracle; attention of long sequences."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from conftest import is_ours, is_sanitized

PRELUDE = """
import warnings
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.rnn as rnn

def attempt(f):
    try:
        return f()
    except Exception as e:
        return type(e).__name__

def flat(x):
    if isinstance(x, torch.Tensor):
        return [x]
    return [t for y in x if y is not None for t in flat(y)]

def run(layer, *inputs, **kwargs):
    given = [i.requires_grad_() for x in inputs for i in flat(x) if i.is_floating_point()]
    out = layer(*inputs, **kwargs)
    parts = [t for t in flat(out) if t.is_floating_point()]
    sum((t * torch.linspace(0.5, 1.5, t.numel(), dtype=t.dtype).reshape(t.shape)).sum() for t in parts).backward()
    return (repr(layer), out, [i.grad for i in given], [p.grad for p in layer.parameters()], layer.state_dict())

warnings.simplefilter("ignore")
torch.manual_seed(11)
"""

CASES = {
    "attention key is value": "(lambda k: run(nn.MultiheadAttention(8, 2), torch.randn(5, 2, 8), k, k, need_weights=False))(torch.randn(3, 2, 8))",
    "attention extras": "run(nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True), torch.randn(5, 2, 8), torch.randn(3, 2, 8), torch.randn(3, 2, 8), average_attn_weights=False)",
    "attention masks": (
        "run(nn.MultiheadAttention(8, 2), torch.randn(5, 2, 8), torch.randn(3, 2, 8), torch.randn(3, 2, 8), "
        "key_padding_mask=torch.tensor([[False, False, True], [False, True, False]]), attn_mask=torch.randn(5, 3))"
    ),
    "attention masks unweighted": (
        "run(nn.MultiheadAttention(8, 2), torch.randn(5, 2, 8), torch.randn(3, 2, 8), torch.randn(3, 2, 8), "
        "key_padding_mask=torch.tensor([[False, False, True], [False, True, False]]), need_weights=False, "
        "attn_mask=torch.randn(4, 5, 3) > 1)"
    ),
    "attention causal": "run(nn.MultiheadAttention(8, 2), *[torch.randn(5, 2, 8)] * 3, attn_mask=torch.ones(5, 5, dtype=torch.bool).triu(1), is_causal=True, need_weights=False)",
    "pack and pad": (
        "(lambda p: (p, rnn.pad_packed_sequence(p), rnn.pad_packed_sequence(p, True, -1.0, 6), rnn.unpack_sequence(p)))"
        "(rnn.pack_padded_sequence(torch.randn(4, 3, 2), [2, 4, 1], enforce_sorted=False))"
    ),
    "pad": "[rnn.pad_sequence([torch.randn(n, 2) for n in (2, 3)], first, -1.0, side) for first in (True, False) for side in ('left', 'right')]",
    "packed dtypes": "(lambda p: (p.double().data.dtype, p.cpu() is p, p.is_cuda, repr(p)))(rnn.pack_sequence([torch.ones(2), torch.ones(1)]))",
}

ERRORS = """
nn.RNN(3, 4, nonlinearity='x')
nn.LSTM(3, 4, dropout=2.0)
nn.LSTM(3, 0)
nn.LSTM(3, 4, 0)
nn.LSTM(3, 4, proj_size=5)
nn.GRU(3, 4, proj_size=2)
nn.LSTM('a', 4)
nn.RNNBase('XX', 3, 4)
nn.LSTM(3, 4)(torch.rand(3, 2, 6))
nn.LSTM(3, 4)(torch.rand(3, 2, 3, 1))
nn.LSTM(3, 4)(torch.rand(3, 2, 3), (torch.rand(1, 2, 4), torch.rand(1, 3, 4)))
nn.LSTM(3, 4)(torch.rand(3, 2, 3).double())
nn.GRU(3, 4)(torch.rand(3, 2, 3), torch.rand(2, 2, 4))
nn.GRU(3, 4)(torch.rand(3, 3), torch.rand(2, 2, 4))
nn.LSTM(3, 4)(torch.rand(0, 2, 3))
nn.LSTMCell(3, 4)(torch.rand(1, 1, 3))
nn.RNNCell(3, 4, nonlinearity='x')(torch.rand(2, 3))
nn.MultiheadAttention(8, 3)
nn.MultiheadAttention(0, 1)
nn.MultiheadAttention(8, 2)(*[torch.rand(5, 2, 6)] * 3)
nn.MultiheadAttention(8, 2)(torch.rand(5, 8), torch.rand(5, 1, 8), torch.rand(5, 1, 8))
nn.MultiheadAttention(8, 2)(*[torch.rand(5, 2, 8)] * 3, is_causal=True)
nn.MultiheadAttention(8, 2)(*[torch.rand(5, 2, 8)] * 3, attn_mask=torch.rand(4, 5))
nn.MultiheadAttention(8, 2)(*[torch.rand(5, 2, 8)] * 3, key_padding_mask=torch.rand(2, 4) > 0)
rnn.pack_padded_sequence(torch.rand(3, 2), [1, 3])
rnn.pack_padded_sequence(torch.rand(3, 2), [3, 0])
rnn.pack_padded_sequence(torch.rand(3, 2), [3])
rnn.pad_sequence([])
rnn.pad_sequence([torch.rand(2), torch.rand(3, 2)])
""".strip().splitlines()


@pytest.mark.parametrize("name", CASES)
def test_layer(both: Any, name: str) -> None:
    both(PRELUDE + f"result = {CASES[name]}", scale=10.0, strides=False)


def test_errors(both: Any) -> None:
    tries = ", ".join(f"attempt(lambda: {text})" for text in ERRORS)
    both(PRELUDE + f"result = [{tries}]")


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["all", "causal", "bool", "float"])
@pytest.mark.parametrize("heads, keys", [((4, 2), 1300), ((1, 1), 4500)])
def test_attention_over_many_blocks(heads: tuple, keys: int, kind: str, dropout: float) -> None:
    """More queries and keys than a block has, with gradients, against products of whole matrices.

    Dropout takes the same numbers from the generator as on the matrix of weights.
    """
    torch.manual_seed(0)
    make = [
        torch.randn(1, h, n, 16, dtype=torch.float64) for h, n in zip((heads[0], *heads[1:] * 2), (700, keys, keys))
    ]
    mine = [t.clone().requires_grad_() for t in make]
    other = [t.clone().requires_grad_() for t in make]
    masks = {"bool": torch.rand(700, keys) > 0.3, "float": torch.randn(1, 1, 1, keys, dtype=torch.float64)}
    options: dict = {
        "attn_mask": masks.get(kind),
        "dropout_p": dropout,
        "is_causal": kind == "causal",
        "enable_gqa": heads[0] != heads[1],
    }
    if kind == "bool":
        options["attn_mask"][5] = False  # a query that sees nothing
    torch.manual_seed(1)
    out = torch.nn.functional.scaled_dot_product_attention(*mine, **options)
    after = torch.rand(1)
    torch.manual_seed(1)
    expected, _ = torch._scaled_dot_product_attention_math(*other, **options)
    assert torch.equal(after, torch.rand(1))
    weight = torch.randn_like(out)
    (out * weight).sum().backward()
    (expected * weight).sum().backward()
    assert torch.allclose(out, expected, rtol=1e-10, atol=1e-12)
    for a, b in zip(mine, other):
        assert torch.allclose(a.grad, b.grad, rtol=1e-9, atol=1e-11)


def test_attention_with_dropout_is_differentiable_twice() -> None:
    torch.manual_seed(0)
    given = [torch.randn(1, 2, n, 3, dtype=torch.float64, requires_grad=True) for n in (4, 5, 5)]

    def attention(*qkv: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        return torch.nn.functional.scaled_dot_product_attention(*qkv, dropout_p=0.4)

    assert torch.autograd.gradcheck(attention, given)
    assert torch.autograd.gradgradcheck(attention, given)


MEMORY = """
import sys, torch
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
torch.set_num_threads(2)
q, k, v = (torch.randn(1, 1, 8192, 64).requires_grad_() for _ in range(3))
grad = torch.randn(1, 1, 8192, 64)
open("/proc/self/clear_refs", "w").write("5")
before = peak()
torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=float(sys.argv[1])).backward(grad)
print(peak() - before)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="measures by /proc")
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_memory_of_attention_is_linear_in_the_length(dropout: float) -> None:
    """Forward and backward over 8192 positions: the matrix of weights alone would take 256 MB, q, k and v are 6."""
    if is_sanitized() or not is_ours():
        pytest.skip("the memory of this library alone")
    done = subprocess.run([sys.executable, "-c", MEMORY, str(dropout)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 40


def test_attention_does_not_depend_on_threads() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, 3, 700, 32, requires_grad=True) for _ in range(3))
    results = []
    threads = torch.get_num_threads()
    for n in (1, 4):
        torch.set_num_threads(n)
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        results.append((out, *torch.autograd.grad(out.square().sum(), (q, k, v))))
    torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for a, b in zip(*results))


def test_gradient_of_ctc_loss() -> None:
    """Under a log_softmax the gradient is the derivative."""
    torch.manual_seed(0)
    x = torch.randn(7, 2, 5, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([[1, 2, 2], [3, 4, 0]])

    def loss(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.ctc_loss(x.log_softmax(-1), targets, (7, 6), (3, 2), reduction="none")

    assert torch.autograd.gradcheck(loss, (x,))
    first = torch.autograd.grad(loss(x).sum(), x, create_graph=True)[0]
    with pytest.raises(NotImplementedError, match="ctc_loss"):
        first.sum().backward()
