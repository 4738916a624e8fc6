"""Linear regression on noisy points of a line, trained by gradient descent.

The data are y = 2.5 x - 1.2 plus noise. The model is one ``nn.Linear``; every step is the usual four lines. At the
end the line found is compared with the closed form of least squares.

Run: ``python docs/examples/linear_regression.py``. It prints the losses, the line found, and writes a plot.
"""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import progress, save_plot
from torch import nn

EPOCHS = 200


def main() -> None:
    torch.manual_seed(0)
    x = torch.rand(100, 1) * 4 - 2
    y = 2.5 * x - 1.2 + 0.3 * torch.randn(100, 1)

    model = nn.Linear(1, 1)
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    losses = []
    for epoch in progress(range(EPOCHS), "regression"):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if epoch % 20 == 0 or epoch == EPOCHS - 1:
            print(f"epoch {epoch:3d}  loss {losses[-1]:.8f}")

    slope, offset = (parameter.item() for parameter in model.parameters())
    dx, dy = x - x.mean(), y - y.mean()
    best_slope = ((dx * dy).sum() / (dx * dx).sum()).item()
    best_offset = (y.mean() - best_slope * x.mean()).item()
    print(f"found  y = {slope:.4f} x + {offset:.4f}")
    print(f"least squares  y = {best_slope:.4f} x + {best_offset:.4f}")
    assert abs(slope - best_slope) < 1e-2 and abs(offset - best_offset) < 1e-2, (
        "training did not reach the least squares line"
    )

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.scatter(x.numpy(), y.numpy(), s=12, label="data")
    ends = torch.tensor([[-2.0], [2.0]])
    with torch.no_grad():
        left.plot(ends.numpy(), model(ends).numpy(), color="C1", label="model")
    left.legend()
    right.semilogy(losses)
    right.set_xlabel("epoch")
    right.set_ylabel("mean squared error")
    save_plot(figure, "linear_regression")


if __name__ == "__main__":
    main()
