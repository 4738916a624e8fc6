"""Cases bound by arithmetic: products of matrices, convolutions and pooling forward and backward, attention, inference."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

Case = tuple[Any, ...]  # name, callable, work (see cases.py)


def matmul() -> Iterator[Case]:
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    for n in (32, 64, 128, 256, 512, 1024, 2048):
        a, b = torch.randn(n, n), torch.randn(n, n)
        yield f"mm {n}", lambda a=a, b=b: torch.mm(a, b), ("flops", 2 * n**3)
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    yield "mm transposed 512", lambda a=a, b=b: a @ b.t()
    yield "mm first transposed 512", lambda a=a, b=b: a.t() @ b
    for name, (m, k, n) in {"tall": (4096, 64, 64), "wide": (64, 64, 4096), "deep": (64, 4096, 64)}.items():
        a, b = torch.randn(m, k), torch.randn(k, n)
        yield f"mm {name} {m}x{k}x{n}", lambda a=a, b=b: a @ b, ("flops", 2 * m * k * n)
    a, b = torch.randn(127, 129), torch.randn(129, 131)
    yield "mm odd 127x129x131", lambda a=a, b=b: a @ b
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    yield "mm float64 512", lambda a=a.double(), b=b.double(): a @ b
    for dtype in (torch.bfloat16, torch.float16):
        for n in (64, 256, 1024):
            a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
            yield f"mm {str(dtype)[6:]} {n}", lambda a=a, b=b: a @ b
    yield "mm complex64 256", lambda a=torch.randn(256, 256) + 0j, b=torch.randn(256, 256) + 0j: a @ b
    yield "bmm 64 x 64^3", lambda a=torch.randn(64, 64, 64), b=torch.randn(64, 64, 64): a @ b
    yield "bmm 256 x 16^3", lambda a=torch.randn(256, 16, 16), b=torch.randn(256, 16, 16): a @ b
    yield "bmm 16 x 128x64x128^T", lambda a=torch.randn(16, 128, 64), b=torch.randn(16, 128, 64): a @ b.mT
    yield "baddbmm", lambda c=torch.randn(16, 64, 64), a=torch.randn(16, 64, 64): torch.baddbmm(c, a, a)
    x, w, bias = torch.randn(64, 784), torch.randn(512, 784), torch.randn(512)
    yield "addmm 64x784x512", lambda x=x, w=w.t().contiguous(), bias=bias: torch.addmm(bias, x, w)
    yield "linear 64x784x512", lambda x=x, w=w, bias=bias: F.linear(x, w, bias)
    yield "linear 1x784x512", lambda x=x[:1], w=w, bias=bias: F.linear(x, w, bias)
    yield "linear 8x784x512", lambda x=x[:8], w=w, bias=bias: F.linear(x, w, bias)
    yield "linear 32x64x256 of 3 dims", lambda x=torch.randn(4, 8, 64), w=torch.randn(256, 64): F.linear(x, w)
    yield "mv 2048", lambda a=torch.randn(2048, 2048), b=torch.randn(2048): a @ b
    yield "mv transposed 2048", lambda a=torch.randn(2048, 2048), b=torch.randn(2048): a.t() @ b
    yield "mv 256", lambda a=torch.randn(256, 256), b=torch.randn(256): a @ b
    yield "dot 1e4", lambda a=torch.randn(10_000), b=torch.randn(10_000): a @ b
    yield "outer 512", lambda a=torch.randn(512), b=torch.randn(512): torch.outer(a, b)
    yield (
        "einsum bihd,bjhd",
        lambda a=torch.randn(2, 64, 4, 32), b=torch.randn(2, 64, 4, 32): torch.einsum("bihd,bjhd->bhij", a, b),
    )
    yield (
        "einsum ij,jk,kl",
        lambda a=torch.randn(64, 128), b=torch.randn(128, 96), c=torch.randn(96, 64): torch.einsum(
            "ij,jk,kl->il", a, b, c
        ),
    )
    yield (
        "tensordot",
        lambda a=torch.randn(16, 32, 64), b=torch.randn(32, 64, 48): torch.tensordot(a, b, 2),
    )
    yield (
        "bilinear 64x32x32x16",
        lambda a=torch.randn(64, 32), b=torch.randn(64, 32), w=torch.randn(16, 32, 32): F.bilinear(a, b, w),
    )
    w = torch.randn(512, 512, requires_grad=True)
    x = torch.randn(64, 512, requires_grad=True)
    grad = torch.randn(64, 512)
    yield "linear 64x512x512 fwd+bwd", lambda x=x, w=w, grad=grad: torch.autograd.grad(F.linear(x, w), (x, w), grad)


def _both(name: str, call: Callable[..., Any], *given: Any, flops: float = 0.0) -> Iterator[Case]:
    """A call without gradients, and the gradients alone by all that is given. ``flops``: of the call."""
    import torch

    yield name, lambda: call(*given), *([("flops", flops)] if flops else [])
    leaves = [t.clone(memory_format=torch.preserve_format).requires_grad_() for t in given]
    result = call(*leaves)
    grad = torch.randn_like(result)
    backward = [("flops", len(given) * flops)] if flops else []
    yield f"{name} bwd", lambda: torch.autograd.grad(result, leaves, grad, retain_graph=True), *backward


def conv() -> Iterator[Case]:
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)

    def conv2d(
        name: str, batch: int, inputs: int, size: int, outputs: int, kernel: int, **options: Any
    ) -> Iterator[Case]:
        last = options.pop("last", False)
        x = torch.randn(batch, inputs, size, size)
        w = torch.randn(outputs, inputs // options.get("groups", 1), kernel, kernel)
        if last:
            x = x.contiguous(memory_format=torch.channels_last)
        flops = 2.0 * w.numel() * F.conv2d(x, w, **options).numel() / outputs
        yield from _both(f"{name} b{batch}", lambda x, w: F.conv2d(x, w, **options), x, w, flops=flops)

    for batch in (1, 4):
        for channels, size in ((64, 56), (128, 28), (256, 14), (512, 7)):
            yield from conv2d(f"conv 3x3 {channels}ch {size}^2", batch, channels, size, channels, 3, padding=1)
    yield from conv2d("conv 3x3 32ch 28^2", 4, 32, 28, 32, 3, padding=1)
    yield from conv2d("conv 3x3 64->128 s2 56^2", 4, 64, 56, 128, 3, padding=1, stride=2)
    yield from conv2d("conv 3x3 256->512 s2 14^2", 4, 256, 14, 512, 3, padding=1, stride=2)
    yield from conv2d("conv 3x3 dilated 64ch 28^2", 4, 64, 28, 64, 3, padding=2, dilation=2)
    yield from conv2d("conv 3x3 64ch 28^2 channels_last", 4, 64, 28, 64, 3, padding=1, last=True)
    yield from conv2d("conv 1x1 256->64 28^2", 4, 256, 28, 64, 1)
    yield from conv2d("conv 1x1 64->128 s2 56^2", 4, 64, 56, 128, 1, stride=2)
    yield from conv2d("conv 7x7 s2 stem 112^2", 2, 3, 112, 64, 7, padding=3, stride=2)
    yield from conv2d("conv 3x3 rgb 32^2", 16, 3, 32, 64, 3, padding=1)
    yield from conv2d("conv 4x4 s4 patches 64^2", 4, 3, 64, 96, 4, stride=4)
    yield from conv2d("conv LeNet 5x5 1->6", 64, 1, 28, 6, 5, padding=2)
    yield from conv2d("conv LeNet 5x5 6->16", 64, 6, 14, 16, 5)
    yield from conv2d("conv 5x5 64ch 14^2", 4, 64, 14, 64, 5, padding=2)
    yield from conv2d("conv depthwise 3x3", 4, 64, 28, 64, 3, padding=1, groups=64)
    yield from conv2d("conv depthwise 3x3 s2", 4, 64, 28, 64, 3, padding=1, groups=64, stride=2)
    yield from conv2d("conv depthwise 7x7", 2, 96, 28, 96, 7, padding=3, groups=96)
    yield from conv2d("conv depthwise 3x3 channels_last", 4, 64, 28, 64, 3, padding=1, groups=64, last=True)
    yield from conv2d(
        "conv depthwise 3x3 s2 channels_last", 4, 64, 28, 64, 3, padding=1, groups=64, stride=2, last=True
    )
    yield from conv2d("conv 3x3 groups 4 64ch 28^2", 4, 64, 28, 64, 3, padding=1, groups=4)
    yield from conv2d("conv 3x3 groups 32 128ch 28^2", 4, 128, 28, 128, 3, padding=1, groups=32)
    yield from _both(
        "conv1d 64->64 k3 256 b8",
        lambda x, w: F.conv1d(x, w, padding=1),
        torch.randn(8, 64, 256),
        torch.randn(64, 64, 3),
    )
    yield from _both(
        "conv3d 16->32 3^3 16^3 b2",
        lambda x, w: F.conv3d(x, w, padding=1),
        torch.randn(2, 16, 16, 16, 16),
        torch.randn(32, 16, 3, 3, 3),
    )
    yield from _both(
        "conv_transpose2d 64->32 k4 s2 16^2 b8",
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
        torch.randn(8, 64, 16, 16),
        torch.randn(64, 32, 4, 4),
    )
    yield from _both(
        "conv_transpose2d 64->32 k2 s2 28^2 b4",
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        torch.randn(4, 64, 28, 28),
        torch.randn(64, 32, 2, 2),
    )
    for dtype in (torch.bfloat16, torch.float16):
        w = torch.randn(64, 64, 3, 3).to(dtype)
        yield (
            f"conv 3x3 64ch 28^2 {str(dtype)[6:]}",
            lambda x=torch.randn(4, 64, 28, 28).to(dtype), w=w: F.conv2d(x, w, padding=1),
        )
    image = torch.randn(16, 64, 28, 28)
    last = image.contiguous(memory_format=torch.channels_last)
    yield from _both("max_pool2d 2 16x64x28x28", lambda x: F.max_pool2d(x, 2), image)
    yield from _both("max_pool2d 2 channels_last", lambda x: F.max_pool2d(x, 2), last)
    yield from _both("max_pool2d 3 s2 stem 56^2", lambda x: F.max_pool2d(x, 3, 2, 1), torch.randn(2, 64, 56, 56))
    yield from _both("avg_pool2d 2 16x64x28x28", lambda x: F.avg_pool2d(x, 2), image)
    yield from _both("avg_pool2d 3 s1", lambda x: F.avg_pool2d(x, 3, 1, 1), image[:4])
    yield from _both("adaptive_avg_pool2d 1", lambda x: F.adaptive_avg_pool2d(x, 1), image)
    yield from _both("adaptive_avg_pool2d 7", lambda x: F.adaptive_avg_pool2d(x, 7), image)
    yield from _both("adaptive_max_pool2d 7", lambda x: F.adaptive_max_pool2d(x, 7), image)
    yield from _both("max_pool1d 2", lambda x: F.max_pool1d(x, 2), torch.randn(16, 64, 256))
    small = torch.randn(4, 32, 28, 28)
    for mode in ("nearest", "bilinear", "bicubic"):
        yield from _both(
            f"interpolate x2 {mode}", lambda x, mode=mode: F.interpolate(x, scale_factor=2, mode=mode), small
        )
    grid = F.affine_grid(torch.tensor([[[0.9, 0.1, 0.0], [-0.1, 0.9, 0.1]]]).repeat(4, 1, 1), [4, 32, 28, 28], False)
    yield from _both("grid_sample", lambda x, g: F.grid_sample(x, g, align_corners=False), small, grid)
    yield from _both("unfold 3x3", lambda x: F.unfold(x, 3, padding=1), small)
    yield from _both("fold 3x3", lambda x: F.fold(x, (28, 28), 3, padding=1), torch.randn(4, 288, 784))


def attention() -> Iterator[Case]:
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

        # Forward two products of length x length x 64, backward five; half of it where causal.
        flops = 7 * 2 * 8 * length**2 * 64 / (2 if options.get("is_causal") else 1)
        yield " ".join([f"length {length}", str(dtype).removeprefix("torch."), *options]), both_ways, ("flops", flops)


def inference() -> Iterator[Case]:
    """One sample through a model, without gradients."""
    import models
    import torch
    from torch import nn

    torch.manual_seed(0)

    def case(name: str, model: Any, *given: Any) -> Case:
        model.eval()

        def call() -> Any:
            with torch.no_grad():
                return model(*given)

        return name, call

    mlp = models.mlp(784, 512, 512, 10)
    yield case("MLP 784-512-512-10 b1", mlp, torch.randn(1, 784))
    yield case("MLP 784-512-512-10 b16", mlp, torch.randn(16, 784))
    small = nn.Sequential(nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 4))
    yield case("MLP 32-32-4 b1", small, torch.randn(1, 32))
    yield case("LeNet b1", models.lenet(), torch.randn(1, 1, 28, 28))
    yield case("ResNet-18 224^2 b1", models.resnet18("large", 1000), torch.randn(1, 3, 224, 224))
    yield case(
        "ResNet-18 224^2 b1 channels_last",
        models.resnet18("large", 1000).to(memory_format=torch.channels_last),
        torch.randn(1, 3, 224, 224).contiguous(memory_format=torch.channels_last),
    )
    yield case("ResNet-18 32^2 b1", models.resnet18("small", 10), torch.randn(1, 3, 32, 32))
    gpt = models.GPT(6, 384, 6, 5000, 256)
    past = [(torch.randn(1, 6, 128, 64), torch.randn(1, 6, 128, 64)) for _ in range(6)]
    yield case("GPT 6x384 one token after 128", gpt, torch.randint(0, 5000, (1, 1)), past)
    yield case("GPT 6x384 128 tokens", gpt, torch.randint(0, 5000, (1, 128)))
    yield case("LSTM 128 of 32 steps b1", nn.LSTM(64, 128, batch_first=True), torch.randn(1, 32, 64))
    yield case("GRU 128 of 32 steps b1", nn.GRU(64, 128, batch_first=True), torch.randn(1, 32, 64))
    yield case("LSTMCell 128 b1", nn.LSTMCell(64, 128), torch.randn(1, 64))
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(128, 4, 512, batch_first=True), 2)
    yield case("TransformerEncoder 2x128 32 tokens", encoder, torch.randn(1, 32, 128))


GROUPS = {"matmul": matmul, "conv": conv, "attention": attention, "inference": inference}
