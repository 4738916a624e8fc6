"""What the examples share: a progress bar that needs no package, the place for plots, a short form, the device."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")


def progress(steps: Iterable[Item], what: str) -> Iterable[Item]:
    """``steps`` with a bar on the error output, so that the results alone are on the standard output."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:  # without the package the bar is left out, the example runs all the same
        return steps
    bar: Iterable[Item] = tqdm(steps, desc=what, file=sys.stderr, leave=False)
    return bar


def save_plot(figure: Any, name: str) -> Path:
    """Write a matplotlib figure into ``plots/`` of the current folder and tell where it is."""
    folder = Path("plots")
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=110)
    print(f"plot: {path}")
    return path


def is_short() -> bool:
    """Whether the example only shows that it runs, ``EXAMPLES_SHORT=1``: fewer rounds, no demands on the result."""
    return os.environ.get("EXAMPLES_SHORT", "0") != "0"


def rounds(full: int, short: int = 1) -> int:
    """Number of rounds of training: ``full``, or ``short`` in the short form."""
    return short if is_short() else full


def device() -> str:
    """Where an example computes that can do so on a GPU: ``EXAMPLES_DEVICE=cuda``, or the CPU."""
    return os.environ.get("EXAMPLES_DEVICE", "cpu")


def check(holds: bool, what: str) -> None:
    """Fail with ``what`` unless the result is as promised; the short form promises none."""
    if not holds and not is_short():
        raise SystemExit(f"not as promised: {what}")
