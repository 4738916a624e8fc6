"""What the examples share: a progress bar that needs no package, and the place for plots."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

try:
    from tqdm import tqdm
except ImportError:  # without the package the bar is left out, the example runs all the same

    def tqdm(steps: Iterable, **_: object) -> Iterable:  # type: ignore[no-redef]
        return steps


def progress(steps: Iterable, what: str) -> Iterable:
    """``steps`` with a bar on the error output, so that the results alone are on the standard output."""
    return tqdm(steps, desc=what, file=sys.stderr, leave=False)


def save_plot(figure: object, name: str) -> Path:
    """Write a matplotlib figure into ``plots/`` of the current folder and tell where it is."""
    folder = Path("plots")
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=110)  # type: ignore[attr-defined]
    print(f"plot: {path}")
    return path
