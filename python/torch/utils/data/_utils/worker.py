"""What runs in a worker, and what code in it can learn about it."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
import threading
from dataclasses import dataclass
from typing import Any, Callable

import torch
from torch._utils import ExceptionWrapper
from torch.utils.data._utils import HAS_NUMPY, IS_WINDOWS, MP_STATUS_CHECK_INTERVAL, signal_handling  # noqa: F401


@dataclass
class _RNG:
    """Generators of a worker thread. The global ones belong to all threads of the process."""

    random_generator: random.Random
    torch_generator: torch.Generator
    numpy_generator: Any = None


@dataclass
class WorkerInfo:
    """What is known about a worker.

    Attributes:
        id: 0 for the first worker.
        num_workers: how many there are.
        seed: of its random numbers, other than that of all other workers.
        dataset: the dataset, in a worker process its copy.
        rng: generators of its own, in a worker thread; None in a process, which has the global ones for itself.
        worker_method: ``"multiprocessing"`` or ``"thread"``.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: _RNG | None = None
    worker_method: str = "multiprocessing"


class _ThreadState(threading.local):
    info: WorkerInfo | None = None


_worker_info: WorkerInfo | None = None
_thread_state = _ThreadState()


def get_worker_info() -> WorkerInfo | None:
    """What is known about the worker that the caller runs in; None outside of workers.

    An iterable dataset asks it in ``__iter__``, so that each worker gives a part of the samples of its own.
    """
    return _thread_state.info or _worker_info


@dataclass(frozen=True)
class _IterableDatasetStopIteration:
    """Says that the dataset of a worker has no more samples."""

    worker_id: int


@dataclass(frozen=True)
class _ResumeIteration:
    """Has a persistent worker begin another iteration."""

    seed: int | None = None


class ManagerWatchdog:
    """Tells whether the process that started this one is still there."""

    def __init__(self) -> None:
        self.manager_pid = os.getppid()
        self.manager_dead = False

    def is_alive(self) -> bool:
        if not self.manager_dead:
            self.manager_dead = os.getppid() != self.manager_pid
        return not self.manager_dead


def _generate_state(base_seed: int, worker_id: int) -> list[int]:
    """The four words that seed NumPy's global generator in a worker; others for each worker and iteration."""
    import numpy

    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return numpy.random.SeedSequence(entropy).generate_state(4).tolist()


class _NumPySeeder:
    """Seeds NumPy where the worker imports it later. Importing it for everybody would cost 0.1 s a worker."""

    def __init__(self, base_seed: int, worker_id: int) -> None:
        self._seed = base_seed, worker_id

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "numpy":
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_seed(module: Any) -> None:
                execute(module)
                module.random.seed(_generate_state(*self._seed))

            spec.loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec


def seed_globally(base_seed: int, worker_id: int) -> None:
    """Seeds the global generators: torch's and Python's with ``base_seed + worker_id``, and NumPy's."""
    seed = base_seed + worker_id
    random.seed(seed)
    torch.manual_seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(_generate_state(base_seed, worker_id))
    else:
        sys.meta_path.insert(0, _NumPySeeder(base_seed, worker_id))  # type: ignore[arg-type]


def generators(base_seed: int, worker_id: int) -> _RNG:
    """Generators for a worker thread with the seeds that a process would have."""
    numpy = sys.modules.get("numpy")
    return _RNG(
        random.Random(base_seed + worker_id),
        torch.Generator().manual_seed(base_seed + worker_id),
        None if numpy is None else numpy.random.default_rng(_generate_state(base_seed, worker_id)),
    )


# Messages to a worker are tuples: (BEGIN, samples to leave out, state of the dataset, seed of data pipes),
# then (epoch, number of the
# batch, indices) for each batch. It answers a batch by (epoch, number, data, state of the dataset); data may be an
# ExceptionWrapper or an _IterableDatasetStopIteration.
BEGIN = "begin"
_ITERABLE = 1  # as _DatasetKind says it


@dataclass
class Task:
    """What a worker has to know."""

    dataset_kind: int
    dataset: Any
    auto_collation: bool
    collate_fn: Callable
    drop_last: bool
    base_seed: int
    init_fn: Callable | None
    worker_id: int
    num_workers: int


class Loop:
    """The work of a worker, one message after the other.

    Args:
        task: what to load.
        where: the worker, as errors say it.
        begun: called with epoch and number when a batch is begun; returns False if nobody wants it any more.
        progress: item 0 is kept at the position of the sample that is being loaded, in its batch; -1 for none.
    """

    def __init__(self, task: Task, where: str, begun: Callable[[int, int], bool], progress: Any = None) -> None:
        self._task = task
        self._where = where
        self._begun = begun
        self._progress = progress
        self._error: ExceptionWrapper | None = None
        self._ended = False
        self._fetcher: Any = None

    def initialize(self) -> None:
        """Calls the user's function. An error is reported for the first batch, when somebody waits for it."""
        if self._task.init_fn is not None:
            try:
                self._task.init_fn(self._task.worker_id)
            except Exception:
                self._error = ExceptionWrapper(where=self._where)

    def _begin(self, leave_out: int, state: Any, shared_seed: int | None) -> None:
        from torch.utils.data.dataloader import _DatasetKind

        task = self._task
        self._ended = False
        self._fetcher = None
        if self._error is not None:
            return
        try:
            if state is not None:
                task.dataset.load_state_dict(state)
            if shared_seed is not None:
                from torch.utils.data.graph_settings import apply_random_seed

                apply_random_seed(task.dataset, torch.Generator().manual_seed(shared_seed))
            self._fetcher = _DatasetKind.create_fetcher(
                task.dataset_kind, task.dataset, task.auto_collation, task.collate_fn, task.drop_last
            )
            self._fetcher.progress = self._progress
            if leave_out:
                self._fetcher.leave_out(leave_out)
        except Exception:
            self._error = ExceptionWrapper(where=self._where)

    def answer(self, message: tuple) -> tuple | None:
        """The answer to a message, None if there is none."""
        if message[0] == BEGIN:
            self._begin(*message[1:])
            return None
        epoch, number, indices = message
        if self._ended or not self._begun(epoch, number):
            return None
        data: Any
        state = None
        if self._error is not None:
            data, self._error = self._error, None
        elif self._fetcher is None:
            return None  # it has failed before, and said so
        else:
            try:
                data = self._fetcher.fetch(indices)
                state = self._fetcher.state()
            except Exception as error:
                if isinstance(error, StopIteration) and self._task.dataset_kind == _ITERABLE:
                    data, self._ended = _IterableDatasetStopIteration(self._task.worker_id), True
                else:
                    data = ExceptionWrapper(where=self._where)
        return epoch, number, data, state
