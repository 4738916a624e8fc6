"""A classifier for scikit-learn's breast-cancer data: 30 measurements of a tumour, benign or malignant.

A small network with a sigmoid at its end is trained with ``BCELoss``; batches come from ``TensorDataset`` and
``DataLoader``. A fifth of the 569 patients is kept apart for testing.

Run: ``python docs/examples/breast_cancer.py``. It prints the loss of each epoch and the test accuracy,
and writes a plot.
"""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import progress, save_plot
from sklearn.datasets import load_breast_cancer  # type: ignore[import-untyped]
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = 40


def main() -> None:
    torch.manual_seed(0)
    measured, benign = load_breast_cancer(return_X_y=True)
    features = torch.tensor(measured, dtype=torch.float32)
    labels = torch.tensor(benign, dtype=torch.float32).unsqueeze(1)

    train, test = random_split(TensorDataset(features, labels), [0.8, 0.2], generator=torch.Generator().manual_seed(1))
    known = features[train.indices]
    mean, std = known.mean(0), known.std(0)
    batches = DataLoader(train, batch_size=32, shuffle=True)

    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
    loss_fn = nn.BCELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

    losses = []
    for epoch in progress(range(EPOCHS), "breast cancer"):
        total = 0.0
        for x, y in batches:
            optimizer.zero_grad()
            loss = loss_fn(model((x - mean) / std), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        losses.append(total / len(train))
        print(f"epoch {epoch:2d}  loss {losses[-1]:.8f}")

    model.eval()
    x, y = features[test.indices], labels[test.indices]
    with torch.no_grad():
        probability = model((x - mean) / std)
    accuracy = ((probability > 0.5).float() == y).float().mean().item()
    print(f"test accuracy {accuracy:.2%} on {len(test)} patients")
    assert accuracy > 0.93, "the classifier did not learn"

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.semilogy(losses)
    left.set_xlabel("epoch")
    left.set_ylabel("binary cross entropy")
    for value, name in ((0.0, "malignant"), (1.0, "benign")):
        right.hist(probability[y == value].numpy(), bins=20, range=(0, 1), alpha=0.6, label=name)
    right.set_xlabel("probability of benign")
    right.legend()
    save_plot(figure, "breast_cancer")


if __name__ == "__main__":
    main()
