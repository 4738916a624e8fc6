"""Finding the kinds of flowers and wines without being told: clustering with a mixture of normal distributions.

On scikit-learn's iris and wine data a mixture is fitted by gradient descent on its likelihood, written with
``torch.distributions``: centres, covariances and weights are free tensors, and ``transform_to`` keeps them valid. It
starts from k-means. The adjusted Rand index tells how well the clusters are the kinds, 0 by chance and 1 exactly.

Run: ``python docs/examples/clustering.py``. It prints likelihoods and indices of both methods, and writes a plot.
"""

from __future__ import annotations

import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from common import check, progress, rounds, save_plot
from sklearn.datasets import load_iris, load_wine  # type: ignore[import-untyped]
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, constraints, transform_to

STEPS = rounds(300, 3)


def k_means(x: torch.Tensor, count: int, starts: int = 10) -> torch.Tensor:
    """The cluster of each point: the best of several starts, each from points far apart (k-means++)."""
    best, result = float("inf"), torch.zeros(len(x), dtype=torch.int64)
    for _ in range(starts):
        centres = x[torch.randint(len(x), (1,))]
        while len(centres) < count:
            away = torch.cdist(x, centres).min(1).values.square()
            centres = torch.cat([centres, x[torch.multinomial(away, 1)]])
        for _ in range(20):
            cluster = torch.cdist(x, centres).argmin(1)
            sums = torch.zeros_like(centres).index_add_(0, cluster, x)
            centres = sums / torch.bincount(cluster, minlength=count).clamp(min=1).unsqueeze(1)
        spread = (x - centres[cluster]).square().sum().item()
        if spread < best:
            best, result = spread, cluster
    return result


def rand_index(one: torch.Tensor, two: torch.Tensor) -> float:
    """Share of pairs of points that both partitions treat alike, adjusted for chance (Hubert and Arabie, 1985)."""
    table = torch.zeros(int(one.max()) + 1, int(two.max()) + 1, dtype=torch.float64)
    table.index_put_((one, two), torch.ones(len(one), dtype=torch.float64), accumulate=True)

    def pairs(counts: torch.Tensor) -> float:
        return float((counts * (counts - 1) / 2).sum())

    rows, columns = pairs(table.sum(1)), pairs(table.sum(0))
    expected = rows * columns / (len(one) * (len(one) - 1) / 2)
    return (pairs(table) - expected) / ((rows + columns) / 2 - expected)


class Mixture:
    """Normal distributions with weights, all of them functions of free tensors."""

    def __init__(self, x: torch.Tensor, cluster: torch.Tensor, count: int) -> None:
        groups = [x[cluster == i] for i in range(count)]
        ridge = 0.01 * torch.eye(x.shape[1])
        self.to_weights = transform_to(constraints.simplex)
        self.to_factor = transform_to(constraints.lower_cholesky)
        self.centres = torch.stack([group.mean(0) for group in groups])
        self.weights = self.to_weights.inv(torch.tensor([len(group) / len(x) for group in groups]))
        factors = [torch.linalg.cholesky(group.T.cov() + ridge) for group in groups]
        self.factors = self.to_factor.inv(torch.stack(factors))
        self.free = [self.centres, self.weights, self.factors]
        for tensor in self.free:
            tensor.requires_grad_()

    def components(self) -> MultivariateNormal:
        return MultivariateNormal(self.centres, scale_tril=self.to_factor(self.factors))

    def distribution(self) -> MixtureSameFamily:
        return MixtureSameFamily(Categorical(self.to_weights(self.weights)), self.components())

    def cluster(self, x: torch.Tensor) -> torch.Tensor:
        """The component that most likely gave each point."""
        score = self.components().log_prob(x.unsqueeze(1)) + self.to_weights(self.weights).log()
        result: torch.Tensor = score.argmax(1)
        return result


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    results = {}
    for (name, load), axes in zip((("iris", load_iris), ("wine", load_wine)), panels):
        measured, kinds = load(return_X_y=True)
        x, kind = torch.tensor(measured, dtype=torch.float32), torch.tensor(kinds)
        x = (x - x.mean(0)) / x.std(0)
        first = k_means(x, 3)
        mixture = Mixture(x, first, 3)
        optimizer = torch.optim.Adam(mixture.free, lr=0.01)
        for step in progress(range(STEPS), name):
            optimizer.zero_grad()
            loss = -mixture.distribution().log_prob(x).mean()
            loss.backward()
            optimizer.step()
            if step % 100 == 99:
                print(f"{name} step {step + 1:3d}  loss {loss.item():.4f}")
        with torch.no_grad():
            found = mixture.cluster(x)
        results[name] = rand_index(found, kind)
        print(f"{name}: adjusted Rand index {results[name]:.3f}, of k-means {rand_index(first, kind):.3f}")

        _, _, directions = torch.pca_lowrank(x, 2)
        flat = (x @ directions).numpy()
        axes.scatter(flat[:, 0], flat[:, 1], c=found.numpy(), cmap="tab10", vmax=9, s=12)
        wrong = torch.ones(len(x), dtype=torch.bool)
        for i in range(3):
            group = found == i
            wrong[group] = kind[group] != kind[group].mode().values if group.any() else False
        axes.scatter(flat[wrong, 0], flat[wrong, 1], facecolors="none", edgecolors="red", s=40, linewidths=0.8)
        axes.set_title(f"{name}, circles: not of the cluster's kind")
    print(f"adjusted Rand index {results['iris']:.3f} and {results['wine']:.3f}, {time.perf_counter() - start:.1f} s")
    save_plot(figure, "clustering")
    check(results["iris"] > 0.8 and results["wine"] > 0.8, "both kinds are found with an index above 0.8")


if __name__ == "__main__":
    main()
