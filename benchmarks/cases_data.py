"""Loading: batches of datasets, tensors of lists of arrays, files."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def data() -> Iterator[tuple[str, Callable[[], Any]]]:
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, RandomSampler, TensorDataset

    torch.manual_seed(0)
    dataset = TensorDataset(torch.randn(10_000, 784), torch.randint(0, 10, (10_000,)))
    shuffled, ordered = DataLoader(dataset, batch_size=64, shuffle=True), DataLoader(dataset, batch_size=64)

    def epoch(loader: Any) -> int:
        return sum(1 for _ in loader)

    yield "TensorDataset 1e4x784 b64 shuffled", lambda: epoch(shuffled)
    yield "TensorDataset 1e4x784 b64 in order", lambda: epoch(ordered)

    class Rows(torch.utils.data.Dataset):
        def __init__(self) -> None:
            self.rows = torch.randn(5000, 32)

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, i: int) -> Any:
            return self.rows[i], i

    for count, shape in ((1000, (10,)), (64, (28, 28)), (16, (3, 224, 224))):
        rows = list(np.ones((count, *shape), dtype=np.float32))
        size = "x".join(map(str, shape))
        yield f"tensor of {count} arrays {size}", lambda rows=rows: torch.tensor(rows)
        yield f"from_numpy(stack) of {count} arrays {size}", lambda rows=rows: torch.from_numpy(np.stack(rows))

    own = DataLoader(Rows(), batch_size=50)
    yield "own Dataset 5000x32 b50", lambda: epoch(own)
    yield "RandomSampler 1e5", lambda: list(RandomSampler(range(100_000)))


def rows() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Epochs over tensors, of the size of MNIST."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset, random_split

    torch.manual_seed(0)
    dataset = TensorDataset(torch.randn(60_000, 784), torch.randint(0, 10, (60_000,)))
    part = random_split(dataset, [50_000, 10_000])[0]
    for name, loader in (
        ("in order", DataLoader(dataset, batch_size=64)),
        ("shuffled", DataLoader(dataset, batch_size=64, shuffle=True)),
        ("part of random_split, shuffled", DataLoader(part, batch_size=64, shuffle=True)),
    ):
        yield f"TensorDataset 60000x784 b64 {name}", lambda loader=loader: sum(1 for _ in loader)


def workers() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Epochs over datasets in Python with two worker processes, their start included."""
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset

    torch.manual_seed(0)

    class Data(Dataset):
        def __init__(self, count: int, get: Callable[[int], Any]) -> None:
            self.count, self.get = count, get

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, i: int) -> Any:
            return self.get(i)

    small, large = torch.randn(2048, 3, 32, 32), np.random.rand(32, 3, 224, 224).astype(np.float32)

    def normalized(i: int) -> Any:
        return (small[i] - small[i].mean()) / small[i].std(), i % 10

    for name, data, batch in (
        ("numbers, b8", Data(6400, lambda i: i), 8),
        ("images 32x32 normalized, b64", Data(2048, normalized), 64),
        ("NumPy images 224x224, b32", Data(640, lambda i: large[i % 32] * 2), 32),
        ("dictionaries, b32", Data(3200, lambda i: {"x": torch.ones(10), "y": float(i), "name": "row"}), 32),
    ):
        loader = DataLoader(data, batch_size=batch, num_workers=2)
        yield f"2 workers: {name}", lambda loader=loader: sum(1 for _ in loader)


def files() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Saving and loading 200 MB in one tensor, and a dictionary of 5,000 small tensors."""
    import os
    import tempfile

    import models
    import torch

    torch.manual_seed(0)
    folder = tempfile.TemporaryDirectory()
    for name, value in (
        ("200 MB", {"x": torch.randn(50_000_000)}),
        ("5000 small tensors", {str(i): torch.randn(64) for i in range(5000)}),
        ("ResNet-18", models.resnet18("large", 1000).state_dict()),
    ):
        path = os.path.join(folder.name, name.replace(" ", "_") + ".pt")
        yield f"save {name}", lambda value=value, path=path: torch.save(value, path)
        yield f"load {name}", lambda path=path, folder=folder: torch.load(path)
        yield f"load {name}, mmap", lambda path=path: torch.load(path, mmap=True)


GROUPS = {"files": files, "data": data, "rows": rows, "workers": workers}
