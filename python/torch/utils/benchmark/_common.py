"""Measurements and what describes them."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Optional

import numpy as np

import torch

__all__ = ["Measurement", "TaskSpec", "ordered_unique", "select_unit", "trim_sigfig", "unit_to_english"]

# How far quartiles may lie from the median before a measurement warns, and how many samples say anything about it.
_IQR_WARN, _IQR_GROSS_WARN, _MIN_SAMPLES = 0.1, 0.25, 4
_MIN_CONFIDENCE = 25e-6  # seconds: shorter snippets are dominated by the timer

_UNITS = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1))


@dataclasses.dataclass(init=True, repr=False, eq=True, frozen=True)
class TaskSpec:
    """What is measured, and how it is called in tables."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: Optional[str] = None
    sub_label: Optional[str] = None
    description: Optional[str] = None
    env: Optional[str] = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """Label and sub-label, or the statement."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        return (
            f"stmt:{f' ({self.sub_label})' if self.sub_label else ''}\n"
            f"{textwrap.indent(self.stmt, '  ')}"
        )  # fmt: skip

    def setup_str(self) -> str:
        """The line that shows the setup."""
        if self.setup in ("", "pass") or not self.setup:
            return ""
        if "\n" in self.setup:
            return f"setup:\n{textwrap.indent(self.setup, '  ')}"
        return f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup."""
        lines = [self.title, self.description or "(no description)", self.setup_str()]
        return "\n".join(line for line in lines if line)


@dataclasses.dataclass(init=True, repr=False)
class Measurement:
    """Times of a snippet.

    ``times`` are seconds for one run each; ``median``, ``mean``, ``iqr`` (the distance of the quartiles) and
    ``significant_figures`` describe them.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: Optional[dict[Any, Any]] = None

    def __post_init__(self) -> None:
        if not self.raw_times:
            raise ValueError("Measurement: there are no times")

    def __getattr__(self, name: str) -> Any:
        # The names of the task are those of its measurement.
        if (
            name != "task_spec"
            and hasattr(TaskSpec, "__dataclass_fields__")
            and (name in TaskSpec.__dataclass_fields__ or name in ("summarize", "setup_str"))
        ):
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """Seconds for one run, of each measurement."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def _sorted_times(self) -> tuple[float, ...]:
        return tuple(sorted(self.times))

    @property
    def median(self) -> float:
        """The middle of the times."""
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The distance of the quartiles: how noisy the times are."""
        low, high = np.percentile(self.times, (25, 75))
        return float(high - low)

    @property
    def significant_figures(self) -> int:
        """How many digits of the median can be trusted, from the spread of the times."""
        n = len(self.raw_times)
        lower, upper = max(int(n // 4), 0), int(math.ceil(3 * n / 4))
        middle = self._sorted_times[lower:upper] or self._sorted_times
        std = float(np.std(middle))
        # Half a distribution is that much narrower than all of it.
        spread = max(std / math.sqrt(len(middle)) * 1.645, 0.05 * self.median * 0.1)
        return min(1 + max(0, math.floor(math.log10(self.median / spread))) if spread else 3, 3) if self.median else 1

    @property
    def has_warnings(self) -> bool:
        """Whether the times are too noisy or the snippet is too short."""
        return bool(self._warnings)

    @property
    def _warnings(self) -> str:
        if len(self.raw_times) < _MIN_SAMPLES or not self.median:
            return ""
        relative = self.iqr / self.median
        if relative > _IQR_GROSS_WARN:
            return f"  WARNING: Interquartile range is {relative * 100:.1f}% of the median measurement.\n" \
                   "           This suggests significant environmental influence."  # fmt: skip
        if relative > _IQR_WARN:
            return f"  WARNING: Interquartile range is {relative * 100:.1f}% of the median measurement.\n" \
                   "           This could indicate system fluctuation."  # fmt: skip
        return ""

    def meets_confidence(self, threshold: float = _IQR_WARN) -> bool:
        """Whether the quartiles lie close enough."""
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        """Label and sub-label, or the statement."""
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        """What the row of a table is called."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        unit, scale = select_unit(self.median)
        count = len(self.raw_times)
        runs = f"{self.number_per_run} runs {'per measurement' if count > 1 else ''}"
        threads = f"{self.num_threads} thread{'s' if self.num_threads > 1 else ''}"
        lines = [super().__repr__(), self.task_spec.summarize()]
        if count > 1:
            lines.append(f"  Median: {self.median / scale:.2f} {unit}")
            if count >= _MIN_SAMPLES:
                low, high = np.percentile(self.times, (25, 75)) / scale
                lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
            lines.append(f"  {count} measurements, {runs}, {threads}")
        else:
            lines.append(f"  {self.median / scale:.2f} {unit}")
            lines.append(f"  1 measurement, {runs}, {threads}")
        if self._warnings:
            lines.append(self._warnings)
        return "\n".join(lines)

    __str__ = __repr__

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Those of the same task as one each, with times for a single run."""
        groups: dict[TaskSpec, list[Measurement]] = {}
        for m in measurements:
            groups.setdefault(m.task_spec, []).append(m)
        return [
            Measurement(number_per_run=1, raw_times=[t for m in group for t in m.times], task_spec=spec)
            for spec, group in groups.items()
        ]


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which a time has a short number, and its length in seconds."""
    exponent = math.floor(math.log10(t)) // 3 if t > 0 else 0
    unit = {-1: "ms", -2: "us", -3: "ns"}.get(max(exponent, -3), "s")
    return unit, dict(_UNITS)[unit]


def unit_to_english(u: str) -> str:
    """The name of a unit of time."""
    return {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}[u]


def trim_sigfig(x: float, n: int) -> float:
    """A number with so many digits, the others 0."""
    if n != int(n):
        raise ValueError("n must be an integer")
    if x == 0:
        return 0.0
    scale = 10 ** (math.floor(math.log10(abs(x))) + 1 - n)
    return float(round(x / scale) * scale)


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """Each element once, where it came first."""
    return list(dict.fromkeys(elements))


@contextlib.contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """Within, operators use so many threads."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(n)
        yield
    finally:
        torch.set_num_threads(before)
