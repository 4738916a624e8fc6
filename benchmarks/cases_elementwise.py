"""Elementwise work and reductions of float32 at several sizes."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator


def pointwise() -> Iterator[tuple]:
    """Elementwise work, new result each time."""
    import torch
    import torch.nn.functional as F

    for size in (10_000, 1_000_000, 10_000_000):
        torch.manual_seed(0)
        x, y = torch.rand(size) + 0.1, torch.rand(size) + 0.1
        mask = x > 0.6
        tag = f"1e{len(str(size)) - 1}"
        yield f"add {tag}", lambda x=x, y=y: x + y, ("bytes", 12 * size)
        yield f"mul {tag}", lambda x=x, y=y: x * y, ("bytes", 12 * size)
        yield f"mul scalar {tag}", lambda x=x: x * 2.0, ("bytes", 8 * size)
        yield f"div {tag}", lambda x=x, y=y: x / y, ("bytes", 12 * size)
        yield f"exp {tag}", lambda x=x: x.exp(), ("bytes", 8 * size)
        yield f"log {tag}", lambda x=x: x.log(), ("bytes", 8 * size)
        yield f"tanh {tag}", lambda x=x: x.tanh(), ("bytes", 8 * size)
        yield f"sigmoid {tag}", lambda x=x: x.sigmoid(), ("bytes", 8 * size)
        yield f"gelu {tag}", lambda x=x: F.gelu(x), ("bytes", 8 * size)
        yield f"relu {tag}", lambda x=x: x.relu(), ("bytes", 8 * size)
        yield f"sqrt {tag}", lambda x=x: x.sqrt(), ("bytes", 8 * size)
        yield f"pow 2.5 {tag}", lambda x=x: x**2.5, ("bytes", 8 * size)
        yield f"where {tag}", lambda x=x, y=y, mask=mask: torch.where(mask, x, y), ("bytes", 13 * size)
        yield f"gt {tag}", lambda x=x, y=y: x > y, ("bytes", 9 * size)
        yield f"clamp {tag}", lambda x=x: x.clamp(0.2, 0.8), ("bytes", 8 * size)
        yield f"to bfloat16 {tag}", lambda x=x: x.to(torch.bfloat16), ("bytes", 6 * size)
        yield f"to float64 {tag}", lambda x=x: x.to(torch.float64), ("bytes", 12 * size)
        yield f"add_ {tag}", lambda x=x, y=y: x.add_(y, alpha=1e-9), ("bytes", 12 * size)
        rows = x[: size // 100 * 100].view(-1, 100)
        bias = y[:100]
        yield f"add row {tag}", lambda rows=rows, bias=bias: rows + bias, ("bytes", 8 * size)
        across = x[:10_000].view(100, 100) if size == 10_000 else x[: (int(size**0.5)) ** 2].view(int(size**0.5), -1)
        yield f"add transposed {tag}", lambda across=across: across + across.t(), ("bytes", 12 * size)


def reduce() -> Iterator[tuple]:
    import torch

    torch.manual_seed(0)
    flat, square = torch.randn(10_000_000), torch.randn(4096, 1024)
    small = torch.randn(1024, 1024)
    yield "sum 1e7", lambda: flat.sum(), ("read", 4e7)
    yield "sum dim 0 4096x1024", lambda: square.sum(0), ("read", 4 * 4096 * 1024)
    yield "sum dim 1 4096x1024", lambda: square.sum(1), ("read", 4 * 4096 * 1024)
    yield "mean dim 1", lambda: square.mean(1), ("read", 4 * 4096 * 1024)
    yield "max dim 1", lambda: square.max(1), ("read", 4 * 4096 * 1024)
    yield "amax dim 1", lambda: square.amax(1), ("read", 4 * 4096 * 1024)
    yield "argmax dim 1", lambda: square.argmax(1), ("read", 4 * 4096 * 1024)
    yield "var dim 1", lambda: square.var(1), ("read", 4 * 4096 * 1024)
    yield "norm", lambda: square.norm(), ("read", 4 * 4096 * 1024)
    yield "logsumexp dim 1", lambda: square.logsumexp(1), ("read", 4 * 4096 * 1024)
    yield "softmax dim 1 1024x1024", lambda: small.softmax(1), ("bytes", 8 * 1024 * 1024)
    yield "log_softmax dim 1", lambda: small.log_softmax(1), ("bytes", 8 * 1024 * 1024)
    yield "softmax dim 0", lambda: small.softmax(0), ("bytes", 8 * 1024 * 1024)
    yield "cumsum dim 1", lambda: small.cumsum(1), ("bytes", 8 * 1024 * 1024)
    yield "layer_norm 1024x768", lambda x=torch.randn(1024, 768): torch.nn.functional.layer_norm(x, (768,))
    yield (
        "batch_norm 16x64x28x28",
        lambda x=torch.randn(16, 64, 28, 28): torch.nn.functional.batch_norm(x, None, None, training=True),
    )
    yield "sort 1e5", lambda x=torch.randn(100_000): x.sort()
    yield "topk 10 of 1000x1000", lambda x=torch.randn(1000, 1000): x.topk(10)
    yield "nonzero 1e6", lambda x=torch.randn(1_000_000) > 0: x.nonzero()
    yield "masked_select 1e6", lambda x=torch.randn(1_000_000): x[x > 0]
    yield "gather 1e6", lambda x=small, i=torch.randint(0, 1024, (1024, 1024)): x.gather(1, i)
    yield "index_select rows", lambda x=square, i=torch.randint(0, 4096, (2048,)): x[i]
    yield "transpose copy 2000x2000", lambda x=torch.randn(2000, 2000): x.t().contiguous()
    yield "cat 4 x 1e6", lambda x=[torch.randn(1_000_000)] * 4: torch.cat(x)
    yield "randn 1e6", lambda: torch.randn(1_000_000)
    yield "dropout 1e6", lambda x=torch.randn(1_000_000): torch.nn.functional.dropout(x, 0.5)


GROUPS = {"pointwise": pointwise, "reduce": reduce}
