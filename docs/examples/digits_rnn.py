"""A recurrent network reads handwritten digits line by line: sequence classification.

Each of scikit-learn's 1797 digits is a sequence of 8 rows with 8 points. A bidirectional GRU of two layers reads the
rows; the mean of its outputs says which digit it was. Some sequences are cut short at random in training, as packed
sequences, so that the network also learns to guess from the upper part of a digit.

Run: ``python docs/examples/digits_rnn.py``. It prints losses and the test accuracy, for whole digits and for those of
which only the first rows are seen, and writes a plot.
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
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = rounds(40)


class Reader(nn.Module):
    """Rows of a digit in, scores of the ten digits out."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(8, 48, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.score = nn.Linear(96, 10)

    def forward(self, rows: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        mean: torch.Tensor = outputs.sum(1) / lengths.unsqueeze(1)
        scores: torch.Tensor = self.score(mean)
        return scores


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    points, digits = load_digits(return_X_y=True)
    rows = torch.tensor(points, dtype=torch.float32).view(-1, 8, 8) / 16
    data = TensorDataset(rows, torch.tensor(digits))
    train, test = random_split(data, [0.8, 0.2], generator=torch.Generator().manual_seed(1))
    test_rows, test_digits = rows[test.indices], torch.tensor(digits)[test.indices]

    model = Reader()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)

    def accuracy(seen: int) -> float:
        model.eval()
        with torch.no_grad():
            scores = model(test_rows[:, :seen], torch.full((len(test_rows),), seen))
        return float((scores.argmax(1) == test_digits).float().mean())

    losses = []
    for epoch in progress(range(EPOCHS), "digits by row"):
        model.train()
        total = 0.0
        for x, y in DataLoader(train, batch_size=64, shuffle=True):
            lengths = torch.where(torch.rand(len(x)) < 0.3, torch.randint(3, 9, (len(x),)), 8)
            optimizer.zero_grad()
            loss = loss_fn(model(x, lengths), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(x)
        schedule.step()
        losses.append(total / len(train))
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:2d}  loss {losses[-1]:.4f}  test accuracy {accuracy(8):.2%}")

    seen = list(range(1, 9))
    scores = [accuracy(count) for count in seen]
    print("rows seen  " + "  ".join(f"{count}: {score:.0%}" for count, score in zip(seen, scores)))
    print(f"test accuracy {scores[-1]:.2%} on {len(test)} digits, {time.perf_counter() - start:.1f} s")

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.semilogy(losses)
    left.set_xlabel("epoch")
    left.set_ylabel("cross entropy")
    right.plot(seen, scores, "o-")
    right.set_xlabel("rows seen")
    right.set_ylabel("test accuracy")
    save_plot(figure, "digits_rnn")
    check(scores[-1] > 0.94, "94 % of the digits are read rightly")


if __name__ == "__main__":
    main()
