"""A transformer learns to write Python's documentation, letter by letter.

The text are the help topics that ship with Python itself (``pydoc_data.topics``). A small transformer with causal
attention predicts each next character; the last tenth of the text is kept apart for testing. The same text under a
table of character pairs tells how much the model knows beyond which letter follows which.

Run: ``python docs/examples/transformer_text.py``, with ``EXAMPLES_DEVICE=cuda`` on a GPU. It prints the loss in bits
per character, a paragraph that the model writes, and writes a plot.
"""

from __future__ import annotations

import math
import pydoc_data.topics
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from common import check, device, progress, rounds, save_plot
from torch import nn

CONTEXT = 64
BATCH = 32
STEPS = rounds(600, 3)
WIDTH = 96


class Block(nn.Module):
    """Causal self-attention and a feed-forward layer, each on normalised inputs and added to them."""

    def __init__(self, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_forward = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.project = nn.Linear(WIDTH, 3 * WIDTH)
        self.merge = nn.Linear(WIDTH, WIDTH)
        self.forward_layer = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, length, _ = x.shape
        parts = self.project(self.before_attention(x)).view(n, length, 3, self.heads, WIDTH // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.merge(mixed.transpose(1, 2).reshape(n, length, WIDTH))
        result: torch.Tensor = x + self.forward_layer(self.before_forward(x))
        return result


class Writer(nn.Module):
    """Scores of the next character at each place of a text."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.character = nn.Embedding(characters, WIDTH)
        self.place = nn.Parameter(0.02 * torch.randn(CONTEXT, WIDTH))
        self.blocks = nn.Sequential(Block(), Block(), nn.LayerNorm(WIDTH))
        self.score = nn.Linear(WIDTH, characters)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        x = self.character(text) + self.place[: text.shape[1]]
        scores: torch.Tensor = self.score(self.blocks(x))
        return scores


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    text = "\n".join(pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics))
    letters = sorted(set(text))
    code = {letter: i for i, letter in enumerate(letters)}
    encoded = torch.tensor([code[letter] for letter in text], device=device())
    cut = len(encoded) * 9 // 10
    train, test = encoded[:cut], encoded[cut:]
    print(f"{len(text)} characters, {len(letters)} different ones")

    def windows(of: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        begin = torch.randint(len(of) - CONTEXT - 1, (count, 1), device=of.device)
        rows = of[begin + torch.arange(CONTEXT + 1, device=of.device)]
        return rows[:, :-1], rows[:, 1:]

    pairs = torch.ones(len(letters), len(letters), device=device())
    pairs.index_put_((train[:-1], train[1:]), torch.ones(len(train) - 1, device=device()), accumulate=True)
    table = (pairs / pairs.sum(1, keepdim=True)).log()
    of_pairs = -table[test[:-1], test[1:]].mean().item() / math.log(2)

    model = Writer(len(letters)).to(device())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=STEPS)
    bits = []
    for step in progress(range(STEPS), "text"):
        x, y = windows(train, BATCH)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        bits.append(loss.item() / math.log(2))
        if step % 100 == 99:
            print(f"step {step + 1:3d}  {sum(bits[-100:]) / 100:.3f} bits per character")

    model.eval()
    with torch.no_grad():
        x, y = windows(test, rounds(256, 8))
        result = F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item() / math.log(2)
        written = encoded[:1].unsqueeze(0)
        for _ in range(rounds(300, 5)):
            probabilities = F.softmax(model(written[:, -CONTEXT:])[:, -1] / 0.7, -1)
            written = torch.cat([written, torch.multinomial(probabilities, 1)], 1)
    print("it writes:\n" + "".join(letters[i] for i in written[0, 1:].tolist()))
    seconds = time.perf_counter() - start
    print(f"test loss {result:.3f} bits per character, {of_pairs:.3f} by pairs of characters, {seconds:.1f} s")

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(bits, linewidth=0.5, label="training")
    axes.axhline(of_pairs, color="gray", linestyle=":", label="pairs of characters")
    axes.axhline(result, color="C1", label="test")
    axes.set_xlabel("step")
    axes.set_ylabel("bits per character")
    axes.legend()
    save_plot(figure, "transformer_text")
    check(result < of_pairs - 0.8, "the model knows 0.8 bits more of each character than a table of pairs")


if __name__ == "__main__":
    main()
