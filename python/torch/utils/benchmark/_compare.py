"""Measurements side by side."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable
from typing import Optional

from torch.utils.benchmark._common import (
    Measurement,
    ordered_unique,
    select_unit,
    trim_sigfig,
    unit_to_english,
)

__all__ = ["Colorize", "Compare"]


class Colorize(enum.Enum):
    """Within what the best and the worst are coloured."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


_BEST, _GOOD, _BAD, _VERY_BAD, _END = "\033[92m\033[1m", "\033[34m", "\033[2m\033[91m", "\033[31m\033[1m", "\033[0m"


class Compare:
    """Tables of measurements: one for each label, a row for each sub-label, a column for each description.

    Args:
        results: the measurements.
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim_significant_figures = False
        self._colorize = Colorize.NONE
        self._highlight_warnings = False

    def __str__(self) -> str:
        return "\n".join(self._render())

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Puts further measurements in."""
        results = list(results)
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)} instead.")
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Shows digits that can be trusted only."""
        self._trim_significant_figures = True

    def colorize(self, rowwise: bool = False) -> None:
        """Colours the best and the worst of each column, or of each row."""
        self._colorize = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Marks noisy measurements with how far their quartiles lie."""
        self._highlight_warnings = True

    def print(self) -> None:
        """Prints the tables."""
        print(str(self))

    def _render(self) -> list[str]:
        merged = Measurement.merge(self._results)
        labels = ordered_unique(m.task_spec.label or m.task_spec.stmt for m in merged)
        return [
            self._table(label, [m for m in merged if (m.task_spec.label or m.task_spec.stmt) == label])
            for label in labels
        ]

    def _table(self, label: str, results: list[Measurement]) -> str:
        unit, scale = select_unit(min(m.median for m in results))
        columns = ordered_unique(m.task_spec.description for m in results)
        rows = ordered_unique((m.task_spec.num_threads, m.task_spec.env, m.as_row_name) for m in results)
        threads = sorted({row[0] for row in rows})
        found = {(m.task_spec.num_threads, m.task_spec.env, m.as_row_name, m.task_spec.description): m for m in results}
        envs = ordered_unique(row[1] for row in rows)

        def number(m: Optional[Measurement]) -> str:
            if m is None:
                return ""
            value = m.median / scale
            digits = m.significant_figures
            if self._trim_significant_figures:
                value = trim_sigfig(value, digits)
            places = 0 if self._trim_significant_figures and value >= 10 ** (digits - 1) else 1
            text = f"{value:.{places}f}"
            if self._highlight_warnings and m.has_warnings:
                text += f" (! {m.iqr / m.median * 100:.0f}%)"
            return text

        cells = {(row, column): number(found.get((*row, column))) for row in rows for column in columns}
        widths = [max([len(column or ""), *(len(cells[row, column]) for row in rows)]) + 2 for column in columns]
        names = {row: f"      {row[2]}" + (f" ({row[1]})" if len(envs) > 1 and row[1] else "") for row in rows}
        first = max([*(len(name) for name in names.values()), len("      ")]) + 2

        def line(name: str, texts: Iterable[str]) -> str:
            return name.ljust(first) + "".join("|" + text for text in texts)

        header = line("", ((column or "").center(width) for column, width in zip(columns, widths)))
        length = len(header)
        title = f" {label} "
        lines = ["[" + title.center(length - 2, "-") + "]", header.rstrip() if not columns else header]
        for count in threads:
            lines.append(f"{count} threads: ".ljust(length, "-"))
            of_threads = [row for row in rows if row[0] == count]
            for row in of_threads:
                texts = []
                for column, width in zip(columns, widths):
                    text = cells[row, column].rjust(width - 1) + " "
                    texts.append(self._coloured(text, found.get((*row, column)), row, column, found))
                lines.append(line(names[row], texts))
        return "\n".join([*lines, "", f"Times are in {unit_to_english(unit)}s ({unit}).", ""])

    def _coloured(self, text: str, m: Optional[Measurement], row: tuple, column: Optional[str], found: dict) -> str:
        if m is None or self._colorize is Colorize.NONE:
            return text
        if self._colorize is Colorize.COLUMNWISE:
            group = [v for key, v in found.items() if key[0] == row[0] and key[3] == column]
        else:
            group = [v for key, v in found.items() if key[:3] == row]
        best = min(v.median for v in itertools.chain(group))
        ratio = m.median / best
        colour = _BEST if ratio <= 1.05 else _GOOD if ratio <= 1.25 else _BAD if ratio <= 2 else _VERY_BAD
        return f"{colour}{text}{_END}"
