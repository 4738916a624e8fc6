"""Which module may this program want to import as well? A recommender by matrix factorisation.

Users are the source files of Python's own standard library, and what they rate are the modules that they import. Each
file and each module gets a short vector; products of the vectors rank the modules (Bayesian personalised ranking;
Rendle et al., 2009). Of every file one import is hidden; the question is whether it is among the first ten
recommendations, and whether these are better than always recommending the most popular modules.

Run: ``python docs/examples/recommend_imports.py``. It prints losses, the shares of hidden imports found, and modules
that are alike, and writes a plot.
"""

from __future__ import annotations

import re
import sysconfig
import time
from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from common import check, is_short, progress, rounds, save_plot
from torch import nn

EPOCHS = rounds(60, 2)
WIDTH = 24


def imports(path: Path) -> set[str]:
    """The top-level modules that a source file imports, by its lines."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found = set(re.findall(r"^[ \t]*from (\w+)[\w.]* import ", text, re.MULTILINE))
    for names in re.findall(r"^[ \t]*import (\w[\w., ]*)$", text, re.MULTILINE):
        found.update(name.split()[0].split(".")[0] for name in names.split(",") if name.strip())
    return found - {"__future__"}


def library() -> tuple[list[set[str]], list[str]]:
    """The imports of each file of the standard library, and the modules that at least five files import."""
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts)
    files = [imports(path) for path in (paths[::8] if is_short() else paths)]
    counts = Counter(module for found in files for module in found)
    modules = sorted(module for module, count in counts.items() if count >= 5)
    files = [found & set(modules) for found in files]
    return [found for found in files if len(found) >= 4], modules


class Ranking(nn.Module):
    def __init__(self, files: int, modules: int) -> None:
        super().__init__()
        self.file = nn.Embedding(files, WIDTH)
        self.module = nn.Embedding(modules, WIDTH)
        self.popularity = nn.Embedding(modules, 1)
        for table in (self.file, self.module, self.popularity):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, file: torch.Tensor, module: torch.Tensor) -> torch.Tensor:
        """How well a module suits a file."""
        score: torch.Tensor = (self.file(file) * self.module(module)).sum(-1) + self.popularity(module).squeeze(-1)
        return score


def main() -> None:
    start = time.perf_counter()
    torch.manual_seed(0)
    files, modules = library()
    number = {module: i for i, module in enumerate(modules)}
    used = torch.zeros(len(files), len(modules), dtype=torch.bool)
    for i, wanted in enumerate(files):
        used[i, [number[module] for module in sorted(wanted)]] = True
    hidden = torch.multinomial(used.float(), 1).squeeze(1)
    known = used.clone()
    known[torch.arange(len(files)), hidden] = False
    print(f"{len(files)} files, {len(modules)} modules, {int(used.sum())} imports")

    def found(scores: torch.Tensor) -> float:
        """The share of hidden imports among the ten best of what is not known to be imported."""
        best = scores.masked_fill(known, -torch.inf).topk(10).indices
        return float((best == hidden.unsqueeze(1)).any(1).float().mean())

    popular = found(known.sum(0).float().expand(len(files), -1))
    model = Ranking(len(files), len(modules))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    pairs = known.nonzero()
    losses = []
    for epoch in progress(range(EPOCHS), "recommending"):
        total = 0.0
        for batch in pairs[torch.randperm(len(pairs))].split(1024):
            file, module = batch.unbind(1)
            other = torch.randint(len(modules), (len(batch),))
            better = model(file, module) - model(file, other)
            size = sum(p.square().sum() for p in (model.file(file), model.module(module), model.module(other)))
            optimizer.zero_grad()
            loss = (F.softplus(-better) * ~known[file, other]).mean() + 0.01 * size / len(batch)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(pairs))
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:2d}  loss {losses[-1]:.4f}")

    with torch.no_grad():
        scores = model.file.weight @ model.module.weight.T + model.popularity.weight.squeeze(1)
        result = found(scores)
        directions = F.normalize(model.module.weight, dim=1)
        for name in ("asyncio", "pickle", "socket", "xml"):
            if name in number:
                near = (directions @ directions[number[name]]).topk(5).indices[1:].tolist()
                print(f"like {name}: " + ", ".join(modules[i] for i in near))
    seconds = time.perf_counter() - start
    print(f"hidden imports found {result:.1%}, by popularity {popular:.1%}, {seconds:.1f} s")

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.plot(losses)
    left.set_xlabel("epoch")
    left.set_ylabel("ranking loss")
    right.bar(["popularity", "factorisation"], [popular, result])
    right.set_ylabel("hidden imports among the first ten")
    save_plot(figure, "recommend_imports")
    check(result > popular + 0.1, "10 % more of the hidden imports are found than by popularity")


if __name__ == "__main__":
    main()
