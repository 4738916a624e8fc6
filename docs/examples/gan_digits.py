"""Two networks against each other: one draws digits, the other tells drawn from written ones.

A generative adversarial network (Goodfellow et al., 2014) on scikit-learn's 8 x 8 digits. Each gets the digit's number
as well, so that it can be asked for a 7. A third network, trained on written digits only, says whether the drawn ones
are read as what they were meant to be.

Run: ``python docs/examples/gan_digits.py``. It prints both losses and the share of drawn digits that are read rightly,
and writes a plot of them.
"""

from __future__ import annotations

import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from common import check, progress, rounds, save_plot
from sklearn.datasets import load_digits  # type: ignore[import-untyped]
from torch import nn

STEPS = rounds(2500, 5)
BATCH = 64
NOISE = 16


def network(inputs: int, outputs: int, width: int = 128) -> nn.Sequential:
    layers = [nn.Linear(inputs, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    points, digits = load_digits(return_X_y=True)
    images = torch.tensor(points, dtype=torch.float32) / 8 - 1
    numbers = torch.tensor(digits)

    reader = network(64, 10)
    optimizer = torch.optim.Adam(reader.parameters(), lr=2e-3)
    for _ in range(rounds(300, 5)):
        picked = torch.randint(len(images), (BATCH,))
        optimizer.zero_grad()
        F.cross_entropy(reader(images[picked]), numbers[picked]).backward()
        optimizer.step()

    generator = nn.Sequential(network(NOISE + 10, 64), nn.Tanh())
    critic = network(64 + 10, 1)
    of_generator = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.99))
    of_critic = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.99))

    def draw(wanted: torch.Tensor) -> torch.Tensor:
        drawn: torch.Tensor = generator(torch.cat([torch.randn(len(wanted), NOISE), F.one_hot(wanted, 10)], 1))
        return drawn

    def judge(x: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        score: torch.Tensor = critic(torch.cat([x, F.one_hot(number, 10)], 1))
        return score

    losses = []
    for step in progress(range(STEPS), "two networks"):
        picked = torch.randint(len(images), (BATCH,))
        real, number = images[picked], numbers[picked]
        of_critic.zero_grad()
        # a written digit must be known as such, a drawn one too: softplus(-s) is -log sigmoid(s)
        critic_loss = F.softplus(-judge(real, number)).mean() + F.softplus(judge(draw(number).detach(), number)).mean()
        critic_loss.backward()
        of_critic.step()

        of_generator.zero_grad()
        generator_loss = F.softplus(-judge(draw(number), number)).mean()
        generator_loss.backward()
        of_generator.step()
        losses.append((critic_loss.item(), generator_loss.item()))
        if step % 500 == 499:
            print(f"step {step + 1:4d}  critic {losses[-1][0]:.3f}  generator {losses[-1][1]:.3f}")

    with torch.no_grad():
        wanted = torch.arange(10).repeat(100)
        drawn = draw(wanted)
        right = (reader(drawn).argmax(1) == wanted).float().mean().item()
        spread = drawn.view(100, 10, 64).std(0).mean().item() / images.std(0).mean().item()
    print(f"read as asked for {right:.2%}, spread {spread:.2f} of that of written digits, ", end="")
    print(f"{time.perf_counter() - start:.1f} s")

    figure, (left, middle) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    left.plot(torch.tensor(losses).numpy(), linewidth=0.5, label=["critic", "generator"])
    left.set_xlabel("step")
    left.legend()
    middle.imshow(drawn[:100].view(10, 10, 8, 8).permute(0, 2, 1, 3).reshape(80, 80).numpy(), cmap="gray_r")
    middle.set_title("ten drawings of each digit")
    middle.axis("off")
    save_plot(figure, "gan_digits")
    check(right > 0.85 and spread > 0.4, "85 % of the drawn digits are read as asked for, and they differ")


if __name__ == "__main__":
    main()
