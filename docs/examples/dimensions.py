"""Digits in the plane, three ways: principal components, an autoencoder, and t-SNE.

Scikit-learn's 1797 digits have 64 points each; here each becomes two numbers. The measure is how often the nearest
neighbour in the plane is the same digit. Principal components are one call, the autoencoder is a network with a narrow
middle, and t-SNE (van der Maaten and Hinton, 2008) moves the points until their neighbourhoods in the plane resemble
those of the images; its gradient is autograd's.

Run: ``python docs/examples/dimensions.py``. It prints the share of like neighbours of each, and plots all three.
"""

from __future__ import annotations

import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import check, is_short, progress, rounds, save_plot
from sklearn.datasets import load_digits  # type: ignore[import-untyped]
from torch import nn

EPOCHS = rounds(60)
MOVES = rounds(250, 2)
NEIGHBOURS = 30.0


def principal(x: torch.Tensor) -> torch.Tensor:
    _, _, directions = torch.pca_lowrank(x, 2)
    return x @ directions


def autoencoded(x: torch.Tensor) -> torch.Tensor:
    encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 2))
    decoder = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 64))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    for _ in progress(range(EPOCHS), "autoencoder"):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.mse_loss(decoder(encoder(x[batch])), x[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        result: torch.Tensor = encoder(x)
    return result


def likeness(x: torch.Tensor) -> torch.Tensor:
    """How likely each pair are neighbours: normal weights, as wide as gives each point its number of neighbours."""
    square = torch.cdist(x, x).square().fill_diagonal_(torch.inf)
    low, high = torch.zeros(len(x), 1), torch.full((len(x), 1), 10.0)
    for _ in range(30):  # the width of each point by bisection
        middle = (low + high) / 2
        weights = torch.softmax(-square * middle, 1)
        narrow = torch.special.entr(weights).sum(1, keepdim=True).exp() < NEIGHBOURS
        low, high = torch.where(narrow, low, middle), torch.where(narrow, middle, high)
    return (weights + weights.T) / (2 * len(x))


def neighbour_embedding(x: torch.Tensor) -> torch.Tensor:
    wanted = likeness(x)
    place = (principal(x) * 1e-2).requires_grad_()
    optimizer = torch.optim.SGD([place], lr=200.0, momentum=0.5)
    for move in progress(range(MOVES), "t-SNE"):
        if move == 80:
            optimizer.param_groups[0]["momentum"] = 0.8
        pull = 12.0 if move < 80 else 1.0  # at first neighbours are pulled together more than they should
        optimizer.zero_grad()
        length = place.square().sum(1, keepdim=True)
        near = 1 / (1 + (length + length.T - 2 * place @ place.T).clamp(min=0))
        near = near * (1 - torch.eye(len(x)))
        # the divergence between the two neighbourhoods, without what does not depend on the places
        loss = near.sum().log() - pull * (wanted * near.clamp(min=1e-12).log()).sum()
        loss.backward()
        optimizer.step()
    return place.detach()


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    points, digits = load_digits(return_X_y=True)
    if is_short():
        points, digits = points[:300], digits[:300]
    x, digit = torch.tensor(points, dtype=torch.float32) / 16, torch.tensor(digits)
    x = x - x.mean(0)

    figure, panels = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    results = {}
    methods = {"principal components": principal, "autoencoder": autoencoded, "t-SNE": neighbour_embedding}
    for (name, method), axes in zip(methods.items(), panels):
        place = method(x)
        nearest = torch.cdist(place, place).fill_diagonal_(torch.inf).argmin(1)
        results[name] = (digit[nearest] == digit).float().mean().item()
        print(f"{name}: {results[name]:.1%} of the nearest neighbours are the same digit")
        axes.scatter(place[:, 0].numpy(), place[:, 1].numpy(), c=digits, cmap="tab10", s=4)
        axes.set_title(f"{name}, {results[name]:.1%}")
    print(f"same digit nearest: {results['t-SNE']:.1%} with t-SNE, {time.perf_counter() - start:.1f} s")
    save_plot(figure, "dimensions")
    check(results["t-SNE"] > 0.95, "95 % of the neighbours in the plane of t-SNE are the same digit")
    check(results["autoencoder"] > results["principal components"], "the autoencoder keeps more than a linear map")


if __name__ == "__main__":
    main()
