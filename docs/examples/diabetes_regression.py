"""How fast will diabetes progress? Regression with honest error bars, on scikit-learn's diabetes data.

Ten measurements of 442 patients, and a number for how far the illness had come a year later. With so few patients a
large network learns them by heart; so an ensemble of small ones is used, each trained on its own draw of the
patients, with weight decay, for as long as it gets better on those that were not drawn. Each predicts a mean and a
spread, a normal distribution. Least squares with the same patients is the baseline, and tells what there is to gain.

Run: ``python docs/examples/diabetes_regression.py``. It prints the explained variance, how often the truth is within
the predicted range, and writes a plot.
"""

from __future__ import annotations

import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import check, progress, rounds, save_plot
from sklearn.datasets import load_diabetes  # type: ignore[import-untyped]
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

NETWORKS = rounds(12, 2)
EPOCHS = rounds(300, 3)


def predict(model: nn.Module, x: torch.Tensor) -> Normal:
    mean, log_scale = model(x).unbind(1)
    return Normal(mean, log_scale.exp())


def train(x: torch.Tensor, y: torch.Tensor) -> nn.Module:
    """One network, trained on a draw with replacement; those not drawn say when to stop."""
    drawn = torch.randint(len(x), (len(x),))
    apart = torch.ones(len(x), dtype=torch.bool).index_fill_(0, drawn, False)
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.1)
    best, kept = float("inf"), {k: v.clone() for k, v in model.state_dict().items()}
    for _ in range(EPOCHS):
        model.train()
        for batch in drawn.split(64):
            optimizer.zero_grad()
            loss = -predict(model, x[batch]).log_prob(y[batch]).mean()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            found = -predict(model, x[apart]).log_prob(y[apart]).mean().item()
        if found < best:
            best, kept = found, {k: v.clone() for k, v in model.state_dict().items()}
        elif found > best + 0.2:
            break
    model.load_state_dict(kept)
    return model


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    measured, progression = load_diabetes(return_X_y=True, scaled=False)
    x, y = torch.tensor(measured, dtype=torch.float32), torch.tensor(progression, dtype=torch.float32)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    test, rest = order[:110], order[110:]
    x = (x - x[rest].mean(0)) / x[rest].std(0)
    mean, scale = y[rest].mean(), y[rest].std()
    y = (y - mean) / scale

    def explained(guess: torch.Tensor) -> float:
        error = (guess - y[test]).square().mean() / (y[test] - y[test].mean()).square().mean()
        return 1 - float(error)

    with_one = torch.cat([x, torch.ones(len(x), 1)], 1)
    weights = torch.linalg.lstsq(with_one[rest], y[rest].unsqueeze(1)).solution
    linear = explained((with_one[test] @ weights).squeeze(1))

    ensemble = [train(x[rest], y[rest]) for _ in progress(range(NETWORKS), "networks")]
    with torch.no_grad():
        each = [predict(model, x[test]) for model in ensemble]
        parts = Normal(torch.stack([d.loc for d in each], 1), torch.stack([d.scale for d in each], 1))
        mixture = MixtureSameFamily(Categorical(torch.ones(len(test), NETWORKS)), parts)
        single = sum(explained(d.loc) for d in each) / NETWORKS
        result = explained(mixture.mean)
        level = mixture.cdf(y[test])
    inside = ((level > 0.1) & (level < 0.9)).float().mean().item()
    print(f"explained variance: least squares {linear:.3f}, one network {single:.3f} on average")
    print(f"ensemble of {NETWORKS}: explained variance {result:.3f}, {inside:.0%} within the range of 80 %, ", end="")
    print(f"{time.perf_counter() - start:.1f} s")

    figure, axes = plt.subplots(figsize=(5, 4.5), layout="constrained")
    guess, spread = mixture.mean * scale + mean, mixture.stddev * scale
    truth = y[test] * scale + mean
    axes.errorbar(truth.numpy(), guess.numpy(), spread.numpy(), fmt="o", markersize=3, linewidth=0.5)
    axes.plot([25, 350], [25, 350], color="gray", linestyle=":")
    axes.set_xlabel("progression after a year")
    axes.set_ylabel("predicted, with its standard deviation")
    save_plot(figure, "diabetes_regression")
    check(result > 0.4 and result > linear - 0.02, "the ensemble explains as much as least squares, 40 % at least")
    check(0.7 < inside < 0.9, "80 % of the truth is within the range of 80 %, give or take 10 %")


if __name__ == "__main__":
    main()
