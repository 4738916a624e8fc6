"""A policy learns to balance a pole on a cart by trial and error.

The environment is written below: the cart-pole of Barto, Sutton and Anderson (1983), many of them side by side as one
tensor. The policy gradient (REINFORCE; Williams, 1992) follows ``log_prob(action) * return``, with the mean return of
the same moment as the baseline. An episode ends when the pole falls, the cart leaves its track, or after 200 steps.

Run: ``python docs/examples/reinforce_cartpole.py``. It prints the mean length of the episodes, and writes a plot.
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
from torch.distributions import Categorical

ROUNDS = rounds(60, 2)
CARTS = 64
LIMIT = 200
DISCOUNT = 0.98


class Carts:
    """Carts with a pole: position, speed, angle and turning speed of each; a push of 10 N to the left or right."""

    gravity, cart, pole, half_length, force, interval = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02

    def __init__(self, count: int) -> None:
        self.state = torch.rand(count, 4) * 0.1 - 0.05

    def push(self, action: torch.Tensor) -> torch.Tensor:
        """Push each cart, 0 to the left and 1 to the right; tell which of them still stand."""
        position, speed, angle, turning = self.state.unbind(1)
        push = self.force * (2.0 * action - 1.0)
        total = self.cart + self.pole
        sine, cosine = angle.sin(), angle.cos()
        shared = (push + self.pole * self.half_length * turning**2 * sine) / total
        turn = (self.gravity * sine - cosine * shared) / (self.half_length * (4 / 3 - self.pole * cosine**2 / total))
        change = torch.stack([speed, shared - self.pole * self.half_length * turn * cosine / total, turning, turn], 1)
        self.state = self.state + self.interval * change
        return (self.state[:, 0].abs() < 2.4) & (self.state[:, 2].abs() < math.radians(12))


def play(policy: nn.Module, count: int, learn: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """One episode on each cart: log probabilities of the actions, and which carts stood, ``steps x count``."""
    carts = Carts(count)
    standing = torch.ones(count, dtype=torch.bool)
    log_probs, stood = [], []
    with torch.set_grad_enabled(learn):
        for _ in range(LIMIT):
            choice = Categorical(logits=policy(carts.state), validate_args=False)
            action = choice.sample() if learn else choice.mode
            log_probs.append(choice.log_prob(action))
            stood.append(standing)
            standing = standing & carts.push(action.float())
            if not standing.any():
                break
    return torch.stack(log_probs), torch.stack(stood)


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    policy = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
    lengths = []
    for i in progress(range(ROUNDS), "balancing"):
        log_probs, stood = play(policy, CARTS, learn=True)
        # what is still to come at each moment, later steps counting less
        returns = torch.zeros_like(log_probs)
        ahead = torch.zeros(CARTS)
        for moment in reversed(range(len(stood))):
            ahead = stood[moment] * (1 + DISCOUNT * ahead)
            returns[moment] = ahead
        weight = stood.float()
        baseline = (returns * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)
        advantage = (returns - baseline) * weight
        advantage = advantage / (advantage.square().sum() / weight.sum()).sqrt().clamp(min=1e-3)
        optimizer.zero_grad()
        loss = -(log_probs * advantage).sum() / weight.sum()
        loss.backward()
        optimizer.step()
        lengths.append(stood.sum(0).float().mean().item())
        if i % 10 == 9:
            print(f"round {i + 1:2d}  mean length {lengths[-1]:.1f} steps")

    result = play(policy, rounds(500, 10), learn=False)[1].sum(0).float()
    share = (result == LIMIT).float().mean().item()
    print(f"tested: mean length {result.mean().item():.1f} of {LIMIT} steps, {share:.1%} to the end, ", end="")
    print(f"{time.perf_counter() - start:.1f} s")

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(lengths)
    axes.set_xlabel("round")
    axes.set_ylabel("mean length of an episode")
    save_plot(figure, "reinforce_cartpole")
    check(result.mean().item() > 195, "episodes last 195 of 200 steps")


if __name__ == "__main__":
    main()
