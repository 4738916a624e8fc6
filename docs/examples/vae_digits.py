"""A variational autoencoder draws digits: it learns a plane in which every point is an image.

Encoder and decoder are small networks between scikit-learn's 8 x 8 digits and two numbers. The loss is the negative
evidence lower bound: how badly the image is rebuilt, plus the divergence of the encoder's distribution from a standard
normal one (Kingma and Welling, 2014), written with ``torch.distributions``.

Run: ``python docs/examples/vae_digits.py``. It prints the bound on training and test images, and plots the plane and
the images that the decoder sees in it.
"""

from __future__ import annotations

import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import check, progress, rounds, save_plot
from sklearn.datasets import load_digits  # type: ignore[import-untyped]
from torch import nn
from torch.distributions import ContinuousBernoulli, Independent, Normal, kl_divergence
from torch.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = rounds(100)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 4))
        self.decoder = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64))

    def encode(self, images: torch.Tensor) -> Independent[Normal]:
        """The distribution of the two numbers of each image."""
        mean, log_scale = self.encoder(images).chunk(2, -1)
        return Independent(Normal(mean, log_scale.exp()), 1)

    def decode(self, places: torch.Tensor) -> Independent[ContinuousBernoulli]:
        """The distribution of the image at each place."""
        return Independent(ContinuousBernoulli(logits=self.decoder(places)), 1)

    def bound(self, images: torch.Tensor) -> torch.Tensor:
        """The evidence lower bound of each image, estimated with one draw."""
        posterior = self.encode(images)
        prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1).expand(posterior.batch_shape)
        return self.decode(posterior.rsample()).log_prob(images) - kl_divergence(posterior, prior)


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    points, digits = load_digits(return_X_y=True)
    images = torch.tensor(points, dtype=torch.float32) / 16
    train, test = random_split(TensorDataset(images), [0.8, 0.2], generator=torch.Generator().manual_seed(1))
    unseen = images[test.indices]

    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    bounds = []
    with torch.no_grad():
        before = model.bound(unseen).mean().item()
    for epoch in progress(range(EPOCHS), "autoencoder"):
        total = 0.0
        for (x,) in DataLoader(train, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            loss = -model.bound(x).mean()
            loss.backward()
            optimizer.step()
            total -= loss.item() * len(x)
        with torch.no_grad():
            bounds.append((total / len(train), model.bound(unseen).mean().item()))
        if epoch % 20 == 19:
            print(f"epoch {epoch + 1:3d}  bound {bounds[-1][0]:.2f}, test {bounds[-1][1]:.2f} nats")

    with torch.no_grad():
        places = model.encode(images).mean
        steps = torch.linspace(-2, 2, 12)
        grid = torch.stack(torch.meshgrid(steps.flip(0), steps, indexing="ij"), -1).flip(-1)
        drawn = model.decode(grid).mean.view(12, 12, 8, 8)
    gained = bounds[-1][1] - before
    print(f"test bound {bounds[-1][1]:.2f} nats, {gained:.2f} gained by training, {time.perf_counter() - start:.1f} s")

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    shown = left.scatter(places[:, 0].numpy(), places[:, 1].numpy(), c=digits, cmap="tab10", s=5)
    figure.colorbar(shown, ax=left, ticks=range(10))
    left.set_title("where the digits lie")
    right.imshow(drawn.permute(0, 2, 1, 3).reshape(96, 96).numpy(), cmap="gray_r")
    right.set_title("images of the places from -2 to 2")
    right.axis("off")
    save_plot(figure, "vae_digits")
    check(gained > 20 and bounds[-1][0] - bounds[-1][1] < 3, "20 nats are gained, on images not seen as well")


if __name__ == "__main__":
    main()
