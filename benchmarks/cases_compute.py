"""Cases bound by arithmetic: products of matrices, convolutions and pooling forward and backward, inference of one sample
and training steps of small models. Imported by ``cases.py``; the same rules hold."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

Case = tuple[str, Callable[[], Any]]


def matmul() -> Iterator[Case]:
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    for n in (32, 64, 128, 256, 512, 1024, 2048):
        a, b = torch.randn(n, n), torch.randn(n, n)
        yield f"mm {n}", lambda a=a, b=b: torch.mm(a, b)
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    yield "mm transposed 512", lambda a=a, b=b: a @ b.t()
    yield "mm first transposed 512", lambda a=a, b=b: a.t() @ b
    for name, (m, k, n) in {"tall": (4096, 64, 64), "wide": (64, 64, 4096), "deep": (64, 4096, 64)}.items():
        a, b = torch.randn(m, k), torch.randn(k, n)
        yield f"mm {name} {m}x{k}x{n}", lambda a=a, b=b: a @ b
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


def _both(name: str, call: Callable[..., Any], *given: Any) -> Iterator[Case]:
    """A call without gradients, and the gradients alone by all that is given."""
    import torch

    yield name, lambda: call(*given)
    leaves = [t.clone(memory_format=torch.preserve_format).requires_grad_() for t in given]
    result = call(*leaves)
    grad = torch.randn_like(result)
    yield f"{name} bwd", lambda: torch.autograd.grad(result, leaves, grad, retain_graph=True)


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
        yield from _both(f"{name} b{batch}", lambda x, w: F.conv2d(x, w, **options), x, w)

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


def _resnet18(classes: int, small: bool) -> Any:
    """ResNet-18; small: the stem for pictures of 32 x 32."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.down: Any = None
            if stride != 1 or inputs != outputs:
                self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x: Any) -> Any:
            kept = x if self.down is None else self.down(x)
            x = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(x)) + kept)

    stem = [nn.Conv2d(3, 64, 3, 1, 1, bias=False)] if small else [nn.Conv2d(3, 64, 7, 2, 3, bias=False)]
    layers = [*stem, nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    if not small:
        layers.append(nn.MaxPool2d(3, 2, 1))
    inputs = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


def _gpt(width: int, heads: int, depth: int, words: int, length: int) -> Any:
    """A decoder of attention blocks; forward(tokens, cache) attends to the keys and values in the cache too."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

        def forward(self, x: Any, past: Any) -> Any:
            batch, steps, _ = x.shape
            q, k, v = (
                t.view(batch, steps, heads, width // heads).transpose(1, 2)
                for t in self.qkv(self.ln1(x)).split(width, 2)
            )
            if past is not None:
                k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=past is None)
            x = x + self.out(y.transpose(1, 2).reshape(batch, steps, width))
            return x + self.mlp(self.ln2(x))

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(words, width), nn.Embedding(length, width)
            self.blocks = nn.ModuleList([Block() for _ in range(depth)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)

        def forward(self, tokens: Any, past: Any = None) -> Any:
            first = 0 if past is None else past[0][0].shape[2]
            x = self.words(tokens) + self.places(torch.arange(first, first + tokens.shape[1]))
            for i, block in enumerate(self.blocks):
                x = block(x, None if past is None else past[i])
            return self.head(self.norm(x))

    return Decoder()


def inference() -> Iterator[Case]:
    """One sample through a model, without gradients."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def case(name: str, model: Any, *given: Any) -> Case:
        model.eval()

        def call() -> Any:
            with torch.no_grad():
                return model(*given)

        return name, call

    mlp = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    yield case("MLP 784-512-512-10 b1", mlp, torch.randn(1, 784))
    yield case("MLP 784-512-512-10 b16", mlp, torch.randn(16, 784))
    small = nn.Sequential(nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 4))
    yield case("MLP 32-32-4 b1", small, torch.randn(1, 32))
    yield case("LeNet b1", _lenet(), torch.randn(1, 1, 28, 28))
    yield case("ResNet-18 224^2 b1", _resnet18(1000, False), torch.randn(1, 3, 224, 224))
    yield case(
        "ResNet-18 224^2 b1 channels_last",
        _resnet18(1000, False).to(memory_format=torch.channels_last),
        torch.randn(1, 3, 224, 224).contiguous(memory_format=torch.channels_last),
    )
    yield case("ResNet-18 32^2 b1", _resnet18(10, True), torch.randn(1, 3, 32, 32))
    gpt = _gpt(384, 6, 6, 5000, 256)
    past = [(torch.randn(1, 6, 128, 64), torch.randn(1, 6, 128, 64)) for _ in range(6)]
    yield case("GPT 6x384 one token after 128", gpt, torch.randint(0, 5000, (1, 1)), past)
    yield case("GPT 6x384 128 tokens", gpt, torch.randint(0, 5000, (1, 128)))
    yield case("LSTM 128 of 32 steps b1", nn.LSTM(64, 128, batch_first=True), torch.randn(1, 32, 64))
    yield case("GRU 128 of 32 steps b1", nn.GRU(64, 128, batch_first=True), torch.randn(1, 32, 64))
    yield case("LSTMCell 128 b1", nn.LSTMCell(64, 128), torch.randn(1, 64))
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(128, 4, 512, batch_first=True), 2)
    yield case("TransformerEncoder 2x128 32 tokens", encoder, torch.randn(1, 32, 128))


def _lenet() -> Any:
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def training_models() -> Iterator[Case]:
    """One step of a model: forward, loss, backward, update."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.manual_seed(0)

    def step(model: Any, loss: Callable[[], Any], optimizer: Any = None) -> Callable[[], None]:
        update = optimizer or torch.optim.Adam(model.parameters(), lr=1e-4)

        def run() -> None:
            update.zero_grad()
            loss().backward()
            update.step()

        return run

    lenet, digits, labels = _lenet(), torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    yield "LeNet b64", step(lenet, lambda: F.cross_entropy(lenet(digits), labels))

    resnet, pictures, kinds = _resnet18(10, True), torch.randn(16, 3, 32, 32), torch.randint(0, 10, (16,))
    momentum = torch.optim.SGD(resnet.parameters(), lr=1e-3, momentum=0.9)
    yield "ResNet-18 32^2 b16", step(resnet, lambda: F.cross_entropy(resnet(pictures), kinds), momentum)

    for kind in (nn.LSTM, nn.GRU):
        cells, head = kind(64, 128, batch_first=True), nn.Linear(128, 10)
        whole = nn.ModuleList([cells, head])
        series, of_series = torch.randn(16, 32, 64), torch.randint(0, 10, (16,))
        yield (
            f"{kind.__name__} 128 of 32 steps b16",
            step(whole, lambda cells=cells, head=head: F.cross_entropy(head(cells(series)[0][:, -1]), of_series)),
        )

    encode = nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 40))
    decode = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))
    flat = torch.rand(64, 784)

    def vae() -> Any:
        mean, log_var = encode(flat).chunk(2, 1)
        made = decode(mean + torch.randn_like(mean) * (log_var / 2).exp())
        divergence = -0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum()
        return F.binary_cross_entropy_with_logits(made, flat, reduction="sum") + divergence

    yield "VAE 784-400-20 b64", step(nn.ModuleList([encode, decode]), vae)

    def up(a: int, b: int, *options: int) -> list:
        return [nn.ConvTranspose2d(a, b, 4, *options, bias=False), nn.BatchNorm2d(b), nn.ReLU()]

    def down(a: int, b: int) -> list:
        return [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]

    generator = nn.Sequential(
        *up(64, 128, 1, 0), *up(128, 64, 2, 1), *up(64, 32, 2, 1), *up(32, 1, 2, 1)[:1], nn.Tanh()
    )
    critic = nn.Sequential(*down(1, 32), *down(32, 64), *down(64, 128), nn.Conv2d(128, 1, 4), nn.Flatten(0))
    real, ones, zeros = torch.randn(16, 1, 32, 32), torch.ones(16), torch.zeros(16)
    two = [torch.optim.Adam(m.parameters(), lr=1e-4, betas=(0.5, 0.999)) for m in (generator, critic)]

    def gan() -> None:
        made = generator(torch.randn(16, 64, 1, 1))
        two[1].zero_grad()
        judged = F.binary_cross_entropy_with_logits
        (judged(critic(real), ones) + judged(critic(made.detach()), zeros)).backward()
        two[1].step()
        two[0].zero_grad()
        judged(critic(made), ones).backward()
        two[0].step()

    yield "DCGAN 32^2 b16", gan

    gpt, text = _gpt(128, 4, 4, 1000, 64), torch.randint(0, 1000, (8, 65))
    adamw = torch.optim.AdamW(gpt.parameters(), lr=1e-4)
    yield (
        "GPT 4x128 8x64 tokens",
        step(gpt, lambda: F.cross_entropy(gpt(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten()), adamw),
    )

    autoencoder = nn.Sequential(
        *(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 16, 2, 2), nn.ReLU(), nn.ConvTranspose2d(16, 3, 2, 2)),
    )
    yield "conv autoencoder 32^2 b16", step(autoencoder, lambda: F.mse_loss(autoencoder(pictures), pictures))


GROUPS = {"matmul": matmul, "conv": conv, "inference": inference, "training (models)": training_models}
