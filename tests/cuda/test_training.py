"""Training on a CUDA device gives the losses that it gives on the CPU: networks of linear layers, of convolutions, of
attention and of recurrent cells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

import pytest
import torch
from emulation import EMULATED, needs_device
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import models

pytestmark = needs_device

# The emulated device takes a processor's time for what a GPU does in none.
SMALL = bool(EMULATED)
VOCABULARY = 50


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 128), nn.LayerNorm(128), nn.GELU(), nn.Linear(128, 10))


def gpt() -> nn.Module:
    return models.GPT(1, 32, 2, VOCABULARY, 16) if SMALL else models.GPT(4, 256, 4, VOCABULARY, 128)


def resnet() -> nn.Module:
    if not SMALL:
        return models.resnet18("small", 10)
    small = [nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)]
    blocks = [models.Residual(8, 8, 1), models.Residual(8, 16, 2)]
    return nn.Sequential(*small, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def losses(make: Callable[[], nn.Module], shape: tuple[int, ...], device: str, steps: int) -> list[float]:
    torch.manual_seed(0)
    model = make()
    words = make is gpt
    x = torch.randint(VOCABULARY, shape) if words else torch.randn(shape)
    y = x.roll(1, 1) if words else torch.arange(shape[0]) % 10
    model, x, y = model.to(device), x.to(device), y.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).flatten(0, -2), y.flatten())
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (network, (128, 64)),
        (resnet, (4, 3, 16, 16) if SMALL else (64, 3, 32, 32)),
        (gpt, (2, 16) if SMALL else (16, 128)),
        (models.Tagger, (4, 5, 32) if SMALL else (64, 50, 32)),
    ],
    ids=["linear", "ResNet", "GPT", "LSTM"],
)
def test_losses_as_on_the_cpu(make: Any, shape: Any) -> None:
    tf32 = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        steps = 5 if SMALL else 20
        ours, expected = (losses(make, shape, device, steps) for device in ("cuda", "cpu"))
    finally:
        torch.backends.cudnn.allow_tf32 = tf32
    assert expected[-1] < expected[0]
    assert ours == pytest.approx(expected, rel=1e-4 if SMALL else 1e-3)
