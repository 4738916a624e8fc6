"""Long runs of the loader's workers, in full size by ``python tests/data/long_runs.py forks|memory``."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset


class Objects(Dataset):
    """A list of Python objects: what reading them does to the pages shared with the parent shows in the memory."""

    def __init__(self, count: int) -> None:
        self.rows = [(i, str(i), {"value": float(i)}) for i in range(count)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> float:
        return self.rows[index][2]["value"]


def forks(count: int) -> None:
    """Starts ``count`` workers while other threads of the process compute, allocate and share."""
    stop = threading.Event()

    def compute() -> None:
        x = torch.randn(256, 256)
        while not stop.is_set():
            x = (x @ x).tanh_() + torch.randn(256, 256)
            torch.zeros(1000).share_memory_()

    threads = [threading.Thread(target=compute, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    begin = time.monotonic()
    slowest = 0.0
    for start in range(0, count, 2):
        epoch = time.monotonic()
        loader = DataLoader(torch.arange(32.0), batch_size=4, num_workers=2, timeout=20)
        total = sum(float((batch @ batch).sum()) for batch in loader)
        assert total == float((torch.arange(32.0) ** 2).sum()), start
        slowest = max(slowest, time.monotonic() - epoch)
    stop.set()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - begin
    print(f"{count} forks, 0 hangs: {spent:.1f} s, the slowest epoch of two workers {slowest * 1e3:.0f} ms")


def resident() -> int:
    """Bytes of this process's memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def proportional(pids: list[Any]) -> int:
    """Bytes of memory of some processes, each shared page counted once in all."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024
    return total


def memory(epochs: int, objects: int, limit: float = 0.02) -> None:
    """Reads all objects again and again with two workers; the memory after the second epoch must stay what it is."""
    data = Objects(objects)
    loader = DataLoader(data, batch_size=1000, num_workers=2)
    rows = []
    begin = time.monotonic()
    for epoch in range(epochs):
        iterator = iter(loader)
        last = torch.zeros(0)
        count = 0
        for last in iterator:
            count += len(last)
            if count == objects - objects % 1000 - 1000:
                everybody = proportional(["self", *(worker.pid for worker in iterator._workers)])
        assert count == objects and float(last[-1]) == objects - 1
        del iterator
        rows.append((resident(), everybody))
        if epoch % 10 == 1:
            print(f"epoch {epoch}: {rows[-1][0] >> 20} MiB, with workers {rows[-1][1] >> 20} MiB", flush=True)
    for name, column in (("process", 0), ("process and workers", 1)):
        first, final = rows[1][column], max(row[column] for row in rows[-3:])
        growth = final / first - 1
        print(
            f"{epochs} epochs of {objects} objects, {name}: {first / 2**20:.1f} MiB after 2 epochs, "
            f"{final / 2**20:.1f} at the end: {growth:+.2%}"
        )
        assert growth < limit, (name, growth)
    print(f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:] == ["forks"]:
        forks(1000)
    elif sys.argv[1:] == ["memory"]:
        memory(100, 1_000_000)
    else:
        sys.exit(__doc__)
