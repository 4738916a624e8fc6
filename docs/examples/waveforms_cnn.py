"""A one-dimensional convolutional network tells waveforms apart by ear.

The sounds are generated: sine, square, sawtooth and triangle waves, a chirp and a pulse train, of random pitch, phase
and loudness, in noise as loud as a quarter of them. The network sees 512 samples of the raw sound. On the same sounds,
the ten strongest lines of the spectrum with a linear classifier serve as a baseline.

Run: ``python docs/examples/waveforms_cnn.py``. It prints losses, the test accuracy and which sounds are confused, and
writes a plot.
"""

from __future__ import annotations

import math
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import check, progress, rounds, save_plot
from torch import nn

KINDS = ["sine", "square", "sawtooth", "triangle", "chirp", "pulses"]
SAMPLES = 512
STEPS = rounds(400, 3)
BATCH = 64


def sounds(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sounds of a random kind each, ``count x 1 x samples``, and the numbers of the kinds."""
    kind = torch.randint(len(KINDS), (count,))
    time = torch.linspace(0, 1, SAMPLES)
    pitch = torch.empty(count, 1).uniform_(math.log(4), math.log(40)).exp()
    turns = torch.rand(count, 1) + pitch * time
    part = turns - turns.floor()
    rising = torch.rand(count, 1) + pitch * (time + time**2) / 2
    waves = torch.stack(
        [
            (2 * math.pi * turns).sin(),
            (part < 0.5).float() * 2 - 1,
            2 * part - 1,
            4 * (part - 0.5).abs() - 1,
            (2 * math.pi * rising).sin(),
            (part < 0.15).float() * 2 - 0.3,
        ]
    )
    wave = waves[kind, torch.arange(count)]
    loudness = torch.empty(count, 1).uniform_(0.3, 1.0)
    return (loudness * (wave + 0.25 * torch.randn(count, SAMPLES))).unsqueeze(1), kind


def layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, 9, padding=4), nn.BatchNorm1d(outputs), nn.ReLU(), nn.MaxPool1d(2))


def spectrum(x: torch.Tensor) -> torch.Tensor:
    """Place and height of the ten strongest lines."""
    lines = torch.fft.rfft(x.squeeze(1)).abs().topk(10)
    return torch.cat([lines.indices / 50, lines.values / lines.values[:, :1]], 1)


def fit(model: nn.Module, seen: bool) -> list[float]:
    """Train on fresh sounds, or on their spectra; return the losses."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=STEPS)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.02)
    losses = []
    for step in progress(range(STEPS), "spectra" if seen else "sounds"):
        x, y = sounds(BATCH)
        optimizer.zero_grad()
        loss = loss_fn(model(spectrum(x) if seen else x), y)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % 100 == 99 and not seen:
            print(f"step {step + 1:3d}  loss {sum(losses[-100:]) / 100:.4f}")
    return losses


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    model = nn.Sequential(
        layer(1, 16),
        layer(16, 32),
        layer(32, 32),
        layer(32, 48),
        nn.AdaptiveAvgPool1d(8),
        nn.Flatten(),
        nn.Linear(8 * 48, len(KINDS)),
    )
    losses = fit(model, seen=False)
    linear = nn.Linear(20, len(KINDS))
    fit(linear, seen=True)

    model.eval()
    x, y = sounds(rounds(2000, 50))
    with torch.no_grad():
        heard = model(x).argmax(1)
        baseline = (linear(spectrum(x)).argmax(1) == y).float().mean().item()
    accuracy = (heard == y).float().mean().item()
    confused = torch.zeros(len(KINDS), len(KINDS), dtype=torch.int64)
    confused.index_put_((y, heard), torch.ones_like(y), accumulate=True)
    for kind, row in zip(KINDS, confused.tolist()):
        print(f"{kind:>9} heard as " + "  ".join(f"{name} {count}" for name, count in zip(KINDS, row) if count))
    print(f"test accuracy {accuracy:.2%}, {baseline:.2%} from the spectrum, {time.perf_counter() - start:.1f} s")

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for i, kind in enumerate(KINDS):
        left.plot(x[(y == i).nonzero()[0, 0], 0, :256].numpy() - 2.5 * i, linewidth=0.8)
        left.text(0, 1.0 - 2.5 * i, kind, fontsize=8)
    left.axis("off")
    right.semilogy(losses, linewidth=0.6)
    right.set_xlabel("step")
    right.set_ylabel("cross entropy")
    save_plot(figure, "waveforms_cnn")
    check(accuracy > 0.95 and accuracy > baseline + 0.1, "95 % of the sounds are heard rightly")


if __name__ == "__main__":
    main()
