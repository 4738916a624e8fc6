"""Steps of training: forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def training() -> Iterator[tuple[str, Callable[[], Any]]]:
    import models
    import torch
    from torch import nn
    from torch.nn import functional as F

    def steps(model: Any, loss: Callable[[], Any], optimizer: Any) -> Callable[[], None]:
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
    yield "regression", steps(line, lambda: summed(line(powers), y), torch.optim.SGD(line.parameters(), lr=1e-7))

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
        steps(net, lambda: F.cross_entropy(net(images), labels), torch.optim.SGD(net.parameters(), 0.01)),
    )
    other = models.mlp(784, 512, 512, 10)
    yield (
        "MLP b64 Adam",
        steps(other, lambda: F.cross_entropy(other(images), labels), torch.optim.Adam(other.parameters())),
    )

    lenet, pictures = models.lenet(), torch.randn(64, 1, 28, 28)
    yield (
        "LeNet b64",
        steps(lenet, lambda: F.cross_entropy(lenet(pictures), labels), torch.optim.SGD(lenet.parameters(), 0.01)),
    )

    resnet, small = models.resnet18("small", 10), torch.randn(16, 3, 32, 32)
    momentum = torch.optim.SGD(resnet.parameters(), 0.01, momentum=0.9)
    yield "ResNet-18 32x32 b16", steps(resnet, lambda: F.cross_entropy(resnet(small), labels[:16]), momentum)

    tagger, series = models.Tagger(), torch.randn(16, 64, 32)
    yield (
        "LSTM 2x128 b16 64 steps",
        steps(tagger, lambda: F.cross_entropy(tagger(series), labels[:16]), torch.optim.Adam(tagger.parameters())),
    )

    gpt, tokens = models.GPT(4, 256, 4, 1000, 64), torch.randint(0, 1000, (8, 65))

    def next_token() -> Any:
        return F.cross_entropy(gpt(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())

    yield "GPT 4x256 b8 64 tokens AdamW", steps(gpt, next_token, torch.optim.AdamW(gpt.parameters()))

    vae, pixels = models.VAE(), torch.rand(128, 784)
    yield "VAE b128 Adam", steps(vae, lambda: vae(pixels), torch.optim.Adam(vae.parameters()))

    maker, judge = models.mlp(64, 256, 784), models.mlp(784, 256, 1)
    makes, judges = torch.optim.Adam(maker.parameters(), 2e-4), torch.optim.Adam(judge.parameters(), 2e-4)
    true, false = torch.ones(64, 1), torch.zeros(64, 1)

    def gan() -> None:
        made = maker(torch.randn(64, 64)).tanh()
        judges.zero_grad()
        score = F.binary_cross_entropy_with_logits
        (score(judge(images), true) + score(judge(made.detach()), false)).backward()
        judges.step()
        makes.zero_grad()
        score(judge(made), true).backward()
        makes.step()

    yield "GAN b64 Adam", gan


GROUPS = {"training": training}
