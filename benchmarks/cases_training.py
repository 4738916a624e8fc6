"""Steps of training: forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def training() -> Iterator[tuple[str, Callable[[], Any]]]:
    import models
    import torch
    from torch import nn
    from torch.nn import functional as F

    def steps(loss: Callable[[], Any], optimizer: Any) -> Callable[[], None]:
        def step() -> None:
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()

        return step

    torch.manual_seed(0)
    x = torch.linspace(-3.14, 3.14, 2000)
    powers, y = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3])), torch.sin(x)
    line = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0, 1))
    summed = nn.MSELoss(reduction="sum")
    yield "regression", steps(lambda: summed(line(powers), y), torch.optim.SGD(line.parameters(), lr=1e-7))

    coefficients = [torch.randn((), requires_grad=True) for _ in range(4)]

    def by_hand() -> None:
        a, b, c, d = coefficients
        (a + b * x + c * x**2 + d * x**3 - y).pow(2).sum().backward()
        with torch.no_grad():
            for p in coefficients:
                p -= 1e-7 * p.grad
                p.grad = None

    yield "regression by hand", by_hand

    images, labels = torch.randn(64, 784), torch.randint(0, 10, (64,))
    net = models.mlp(784, 512, 512, 10)
    yield (
        "MLP b64 SGD",
        steps(lambda: F.cross_entropy(net(images), labels), torch.optim.SGD(net.parameters(), 0.01)),
    )
    other = models.mlp(784, 512, 512, 10)
    yield (
        "MLP b64 Adam",
        steps(lambda: F.cross_entropy(other(images), labels), torch.optim.Adam(other.parameters())),
    )

    lenet, pictures = models.lenet(), torch.randn(64, 1, 28, 28)
    yield (
        "LeNet b64",
        steps(lambda: F.cross_entropy(lenet(pictures), labels), torch.optim.SGD(lenet.parameters(), 0.01)),
    )

    resnet, small = models.resnet18("small", 10), torch.randn(16, 3, 32, 32)
    momentum = torch.optim.SGD(resnet.parameters(), 0.01, momentum=0.9)
    yield "ResNet-18 32x32 b16", steps(lambda: F.cross_entropy(resnet(small), labels[:16]), momentum)

    for kind in (nn.LSTM, nn.GRU):
        tagger, series = models.Tagger(kind), torch.randn(16, 64, 32)
        adam = torch.optim.Adam(tagger.parameters())

        def classes(tagger: Any = tagger, series: Any = series) -> Any:
            return F.cross_entropy(tagger(series), labels[:16])

        yield f"{kind.__name__} 2x128 b16 64 steps Adam", steps(classes, adam)

    gpt, tokens = models.GPT(4, 256, 4, 1000, 64), torch.randint(0, 1000, (8, 65))

    def next_token() -> Any:
        return F.cross_entropy(gpt(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())

    yield "GPT 4x256 b8 64 tokens AdamW", steps(next_token, torch.optim.AdamW(gpt.parameters()))

    vae, pixels = models.VAE(), torch.rand(128, 784)
    yield "VAE b128 Adam", steps(lambda: vae(pixels), torch.optim.Adam(vae.parameters()))

    for name, (maker, judge), noise, real in (
        ("GAN b64", (models.mlp(64, 256, 784), models.mlp(784, 256, 1)), (64, 64), images),
        ("DCGAN 32x32 b16", models.dcgan(), (16, 64, 1, 1), torch.randn(16, 1, 32, 32)),
    ):
        adams = [torch.optim.Adam(m.parameters(), 2e-4) for m in (maker, judge)]

        def gan(
            maker: Any = maker, judge: Any = judge, noise: Any = noise, real: Any = real, adams: Any = adams
        ) -> None:
            score = F.binary_cross_entropy_with_logits
            made = maker(torch.randn(noise)).tanh()
            adams[1].zero_grad()
            true, false = judge(real), judge(made.detach())
            (score(true, torch.ones_like(true)) + score(false, torch.zeros_like(false))).backward()
            adams[1].step()
            adams[0].zero_grad()
            false = judge(made)
            score(false, torch.ones_like(false)).backward()
            adams[0].step()

        yield f"{name} Adam", gan


GROUPS = {"training": training}
