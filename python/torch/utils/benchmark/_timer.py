"""``Timer``: the time of a statement after its setup."""

from __future__ import annotations

import enum
import textwrap
import timeit
from collections.abc import Callable
from typing import Any, Optional

import numpy as np

import torch
from torch.utils.benchmark._common import Measurement, TaskSpec, set_torch_threads

__all__ = ["CallgrindStats", "CopyIfCallgrind", "FunctionCounts", "Language", "Timer", "timer"]


def timer() -> float:
    """Seconds of a clock that does not go back."""
    return timeit.default_timer()


class Language(enum.Enum):
    """In what a statement is written."""

    PYTHON = 0
    CPP = 1


class Timer:
    """Measures a statement as :class:`timeit.Timer` does, after a warm-up and with one thread unless told otherwise.

    Args:
        stmt: the statement.
        setup: what comes before, once for each measurement.
        global_setup: for C++, which is not supported.
        timer: the clock.
        globals: names that both see, besides ``torch``.
        label, sub_label, description, env: how it is called in tables: the table, the row, the column, the suffix.
        num_threads: threads that operators use.
        language: ``"python"``; C++ is not supported.
    """

    _timer_cls: type = timeit.Timer

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: Optional[dict[str, Any]] = None,
        label: Optional[str] = None,
        sub_label: Optional[str] = None,
        description: Optional[str] = None,
        env: Optional[str] = None,
        num_threads: int = 1,
        language: Any = Language.PYTHON,
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if language not in (Language.PYTHON, "py", "python"):
            raise NotImplementedError("Timer: only statements in Python can be measured")
        if global_setup:
            raise ValueError(f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be "
                             "moved to `setup`.")  # fmt: skip
        names = dict(globals or {})
        names.setdefault("torch", torch)
        stmt, setup = textwrap.dedent(stmt).strip(), textwrap.dedent(setup).strip()
        self._globals = names
        self._language = Language.PYTHON
        self._timer = self._timer_cls(stmt=stmt, setup=setup, timer=timer, globals=names)
        self._task_spec = TaskSpec(
            stmt=stmt,
            setup=setup,
            global_setup=global_setup,
            label=label,
            sub_label=sub_label,
            description=description,
            env=env,
            num_threads=num_threads,
        )

    def _timeit(self, number: int) -> float:
        return max(self._timer.timeit(number), 1e-9)

    def timeit(self, number: int = 1000000) -> Measurement:
        """The time of ``number`` runs, after a hundredth as many to warm up."""
        with set_torch_threads(self._task_spec.num_threads):
            self._timeit(max(int(number // 100), 2))
            return Measurement(number_per_run=number, raw_times=[self._timeit(number)], task_spec=self._task_spec)

    def autorange(self, callback: Optional[Callable[[int, float], Any]] = None) -> None:
        """Not supported, as in PyTorch; :meth:`blocked_autorange` is what it would be."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def _block_size(self, min_run_time: float) -> int:
        """Runs of which the clock itself is a thousandth."""
        with set_torch_threads(self._task_spec.num_threads):
            overhead = float(np.median([self._timeit(0) for _ in range(5)]))
            number = 1
            while True:
                taken = self._timeit(number)
                if overhead / taken <= 1e-4 and taken >= min_run_time / 1000 or taken > min_run_time:
                    return number
                number *= 10

    def _measure(
        self, number: int, enough: Callable[[list[float]], bool], callback: Optional[Callable[[int, float], Any]]
    ) -> Measurement:
        times: list[float] = []
        with set_torch_threads(self._task_spec.num_threads):
            while not enough(times):
                taken = self._timeit(number)
                if callback is not None:
                    callback(number, taken)
                times.append(taken)
        return Measurement(number_per_run=number, raw_times=times, task_spec=self._task_spec)

    def blocked_autorange(
        self, callback: Optional[Callable[[int, float], Any]] = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Measures blocks of runs, as many in one that the clock does not count, for ``min_run_time`` seconds."""
        number = self._block_size(min_run_time)
        return self._measure(number, lambda times: bool(times) and sum(times) >= min_run_time, callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Optional[Callable[[int, float], Any]] = None,
    ) -> Measurement:
        """Measures blocks until the quartiles lie within ``threshold`` of the median, or ``max_run_time`` is over."""
        number = self._block_size(min_run_time)

        def enough(times: list[float]) -> bool:
            total = sum(times)
            if total < min_run_time or len(times) < 4:
                return total >= max_run_time
            return total >= max_run_time or Measurement(number, times, self._task_spec).meets_confidence(threshold)

        return self._measure(number, enough, callback)

    def collect_callgrind(
        self,
        number: int = 100,
        *,
        repeats: Optional[int] = None,
        collect_baseline: bool = True,
        retain_out_file: bool = False,
    ) -> Any:
        """Not supported: counting instructions with Valgrind.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Timer.collect_callgrind: counting instructions with Valgrind is not supported")


class _NoCallgrind:
    """Counts of instructions by Valgrind: not supported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("counting instructions with Valgrind is not supported")


class CallgrindStats(_NoCallgrind):
    """Counts of instructions by Valgrind: not supported."""


class FunctionCounts(_NoCallgrind):
    """Counts of instructions by Valgrind: not supported."""


class CopyIfCallgrind(_NoCallgrind):
    """Counts of instructions by Valgrind: not supported."""
