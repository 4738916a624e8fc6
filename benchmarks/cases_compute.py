"""Matrix products, convolutions and attention."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def matmul() -> Iterator[tuple[str, Callable[[], Any]]]:
    import torch

    torch.manual_seed(0)
    for n in (64, 128, 256, 512, 1024):
        a, b = torch.randn(n, n), torch.randn(n, n)
        yield f"mm {n}", lambda a=a, b=b: torch.mm(a, b)


def matmul_more() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Other products, told but not part of the target."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    for n in (8, 16, 32):
        a, b = torch.randn(n, n), torch.randn(n, n)
        yield f"mm {n}", lambda a=a, b=b: torch.mm(a, b)
    x, w, bias = torch.randn(64, 784), torch.randn(512, 784), torch.randn(512)
    yield "linear 64x784x512", lambda: F.linear(x, w, bias)
    yield "mm transposed 512", lambda a=torch.randn(512, 512), b=torch.randn(512, 512): a @ b.t()
    yield "mm float64 512", lambda a=torch.randn(512, 512).double(), b=torch.randn(512, 512).double(): a @ b
    yield "mm bfloat16 256", lambda a=torch.randn(256, 256).bfloat16(), b=torch.randn(256, 256).bfloat16(): a @ b
    yield "bmm 64 x 64^3", lambda a=torch.randn(64, 64, 64), b=torch.randn(64, 64, 64): a @ b
    yield "mv 2048", lambda a=torch.randn(2048, 2048), b=torch.randn(2048): a @ b
    yield (
        "einsum bihd,bjhd",
        lambda a=torch.randn(2, 64, 4, 32), b=torch.randn(2, 64, 4, 32): torch.einsum("bihd,bjhd->bhij", a, b),
    )


def conv() -> Iterator[tuple[str, Callable[[], Any]]]:
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    yield (
        "conv 3x3 64ch 28^2 b4",
        lambda x=torch.randn(4, 64, 28, 28), w=torch.randn(64, 64, 3, 3): F.conv2d(x, w, padding=1),
    )
    yield "conv 1x1 256->64 28^2", lambda x=torch.randn(4, 256, 28, 28), w=torch.randn(64, 256, 1, 1): F.conv2d(x, w)
    yield (
        "conv 7x7 s2 stem 112^2",
        lambda x=torch.randn(2, 3, 112, 112), w=torch.randn(64, 3, 7, 7): F.conv2d(x, w, stride=2, padding=3),
    )
    yield (
        "conv depthwise 3x3",
        lambda x=torch.randn(4, 64, 28, 28), w=torch.randn(64, 1, 3, 3): F.conv2d(x, w, padding=1, groups=64),
    )
    yield (
        "conv LeNet 5x5 b64",
        lambda x=torch.randn(64, 1, 28, 28), w=torch.randn(6, 1, 5, 5): F.conv2d(x, w, padding=2),
    )
    yield "max_pool2d 16x64x28x28", lambda x=torch.randn(16, 64, 28, 28): F.max_pool2d(x, 2)
    yield "avg_pool2d 16x64x28x28", lambda x=torch.randn(16, 64, 28, 28): F.avg_pool2d(x, 2)
    x = torch.randn(4, 32, 28, 28, requires_grad=True)
    w = torch.randn(32, 32, 3, 3, requires_grad=True)

    def both_ways() -> None:
        F.conv2d(x, w, padding=1).sum().backward()
        x.grad = w.grad = None

    yield "conv 3x3 32ch fwd+bwd", both_ways


def attention() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Attention of 8 heads of 64, forward and backward."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    torch.manual_seed(0)
    for length, dtype, options in (
        (512, torch.float32, {"is_causal": True}),
        (2048, torch.float32, {"is_causal": True}),
        (2048, torch.float32, {}),
        (512, torch.float32, {"is_causal": True, "dropout_p": 0.1}),
        (512, torch.bfloat16, {"is_causal": True}),
    ):
        q, k, v = (torch.randn(1, 8, length, 64).to(dtype).requires_grad_() for _ in range(3))
        grad = torch.randn(1, 8, length, 64).to(dtype)

        def both_ways(given: tuple = (q, k, v), grad: torch.Tensor = grad, options: dict = options) -> None:
            torch.autograd.grad(scaled_dot_product_attention(*given, **options), given, grad)

        yield " ".join([f"length {length}", str(dtype).removeprefix("torch."), *options]), both_ways


GROUPS = {"matmul": matmul, "matmul (more)": matmul_more, "conv": conv, "attention": attention}
