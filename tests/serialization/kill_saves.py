"""Kills processes that are saving: python tests/serialization/kill_saves.py [KILLS] [FOLDER]

A process writes checkpoints 1, 2, 3 ... to one name and reports each that torch.save has finished. It is killed with
SIGKILL at a random moment; then the file must be a whole checkpoint, and not an older one than the last reported.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

SIZE = 50_000  # floats in each of three tensors


def checkpoint(step: int) -> dict[str, Any]:
    return {"step": step, "weights": [torch.full((SIZE,), float(step)) for _ in range(3)]}


def read_step(path: Path) -> int:
    """The number of the checkpoint in a file; AssertionError unless it is whole."""
    found = torch.load(path)
    step = found["step"]
    assert found.keys() == {"step", "weights"} and len(found["weights"]) == 3
    assert all(w.shape == (SIZE,) and bool((w == step).all()) for w in found["weights"]), "parts of two checkpoints"
    return int(step)


def _save_forever(path: Path, step: int, report: int) -> None:
    while True:
        step += 1
        torch.save(checkpoint(step), path)
        os.write(report, struct.pack("<q", step))


def kill_once(path: Path, delay: float) -> tuple[int, int]:
    """The step last reported by a process that is killed `delay` seconds after its first report, and that of the file."""
    before = read_step(path)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _save_forever(path, before, writer)
        finally:
            os._exit(1)
    os.close(writer)
    reports = b""
    try:
        reports = os.read(reader, 8)
        time.sleep(delay)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while piece := os.read(reader, 1 << 16):
            reports += piece
        os.close(reader)
    assert len(reports) >= 8, "the process died by itself"
    return struct.unpack("<q", reports[len(reports) // 8 * 8 - 8 :][:8])[0], read_step(path)


def run(kills: int, folder: Path, seed: int = 0) -> dict[str, int]:
    """Counts: kills, saves reported, kills between two reports, files left behind."""
    path = folder / "checkpoint.pt"
    torch.save(checkpoint(0), path)
    rng = random.Random(seed)
    start = time.perf_counter()
    torch.save(checkpoint(0), path)
    one = time.perf_counter() - start
    ahead = 0
    for _ in range(kills):
        reported, found = kill_once(path, rng.random() * 2 * one)
        assert reported <= found <= reported + 1, f"checkpoint {found} where {reported} had been finished"
        ahead += found > reported
    left = [p.name for p in folder.iterdir() if p != path]
    return {"kills": kills, "saves": read_step(path), "killed between rename and report": ahead, "left": len(left)}


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        start = time.perf_counter()
        counts = run(kills, Path(folder))
    print(", ".join(f"{name}: {count}" for name, count in counts.items()), f"in {time.perf_counter() - start:.1f} s")
    print("nothing lost")


if __name__ == "__main__":
    main()
