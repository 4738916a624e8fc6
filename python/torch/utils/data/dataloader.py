"""Iterating over the batches of a dataset."""

from __future__ import annotations

import functools
import itertools
import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Generic, TypeVar

import torch
from torch._utils import ExceptionWrapper
from torch.utils.data import _utils
from torch.utils.data._utils.fetch import _IterableDatasetFetcher, _MapDatasetFetcher
from torch.utils.data._utils.progress import Progress, RandomState, between_iterations, check_state, resumed
from torch.utils.data._utils.rows import batches_of_indices
from torch.utils.data._utils.worker import BEGIN, Task, _IterableDatasetStopIteration, get_worker_info
from torch.utils.data.datapipes.datapipe import (
    IterDataPipe,
    MapDataPipe,
    _IterDataPipeSerializationWrapper,  # noqa: F401
    _MapDataPipeSerializationWrapper,  # noqa: F401
)
from torch.utils.data.dataset import Dataset, IterableDataset
from torch.utils.data.graph_settings import apply_random_seed, apply_sharding, apply_shuffle_settings
from torch.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "get_worker_info", "default_collate", "default_convert"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_worker_init_fn_t = Callable[[int], None]
_collate_fn_t = Callable[[list], Any]

default_collate = _utils.collate.default_collate
default_convert = _utils.collate.default_convert


class _DatasetKind:
    Map = 0
    Iterable = 1

    @staticmethod
    def create_fetcher(kind: int, dataset: Any, auto_collation: bool, collate_fn: Callable, drop_last: bool) -> Any:
        cls = _MapDatasetFetcher if kind == _DatasetKind.Map else _IterableDatasetFetcher
        return cls(dataset, auto_collation, collate_fn, drop_last)


def _sharding_worker_init_fn(worker_init_fn: Callable | None, world_size: int, rank_id: int, worker_id: int) -> None:
    """In a worker: has the data pipe keep this worker's samples, then calls the user's function."""
    info = get_worker_info()
    if info is None:
        raise AssertionError("_sharding_worker_init_fn is to be called in a worker")
    apply_sharding(info.dataset, info.num_workers * world_size, info.num_workers * rank_id + worker_id)
    if worker_init_fn is not None:
        worker_init_fn(worker_id)


class _InfiniteConstantSampler(Sampler):
    """What stands for the indices of an iterable dataset, which has none: None without end."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[_T_co]):
    """Iterates over a dataset in batches.

    Args:
        dataset: the samples.
        batch_size: samples in a batch; ``None`` for the samples themselves. Default: 1
        shuffle: visit the samples at random, in another order each time. Default: ``False``
        sampler: an iterable of indices; excludes ``shuffle``.
        batch_sampler: an iterable of lists of indices; excludes ``batch_size``, ``shuffle``, ``sampler`` and
            ``drop_last``.
        num_workers: processes that load batches; 0 to load them in this one. Default: 0
        collate_fn: makes a batch of a list of samples. Default: :func:`default_collate`
        pin_memory: put batches where a device reads them directly; without an accelerator only a warning.
        drop_last: leave out the last batch where it is smaller. Default: ``False``
        timeout: seconds to wait for a batch of a worker; 0 for no limit. Default: 0
        worker_init_fn: called with its number in each worker, after the random generators have been seeded.
        multiprocessing_context: how workers are started: ``"fork"``, ``"spawn"``, ``"forkserver"`` or a context of
            :mod:`multiprocessing`. Default: that of the program
        generator: where random numbers come from. Default: the global generator
        prefetch_factor: batches loaded in advance by each worker. Default: 2
        persistent_workers: keep workers from one iteration to the next; needs ``num_workers > 0``.
        pin_memory_device: deprecated, without effect.
        in_order: return the batches of workers in order. Default: ``True``
        worker_type: ``"process"``, or ``"thread"`` for workers that share this process: nothing is copied, and nothing
            must be picklable; Python code runs in one of them at a time, so that they serve datasets that read or
            compute outside of it. They share the global random generators; ``get_worker_info().rng`` has generators
            for each. Default: ``"process"``

    Workers run with one thread, and with random generators seeded by a number drawn when the iteration begins plus
    their own number. The end of a worker is reported at once, with the sample that it was loading and its Python stack.

    :meth:`state_dict` says how far the iteration is; after :meth:`load_state_dict` the next iteration of such a loader
    gives the samples that were still to come.
    """

    dataset: Dataset[_T_co]
    batch_size: int | None
    num_workers: int
    pin_memory: bool
    drop_last: bool
    timeout: float
    sampler: Sampler | Iterable
    prefetch_factor: int | None
    _iterator: Any
    __initialized = False
    worker_type = "process"
    _progress: Progress | None = None  # of the last iteration
    _state_to_resume: dict[str, Any] | None = None

    def __init__(
        self,
        dataset: Dataset[_T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        worker_type: str = "process",
    ) -> None:
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing."
                "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
            )
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
        elif prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if worker_type not in ("process", "thread"):
            raise ValueError(f"worker_type option should be 'process' or 'thread', but got {worker_type!r}")
        if worker_type == "thread" and multiprocessing_context is not None:
            raise ValueError("multiprocessing_context option is of no use with worker_type='thread'")

        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.worker_type = worker_type

        if isinstance(dataset, IterableDataset):
            self._dataset_kind = _DatasetKind.Iterable
            if isinstance(dataset, IterDataPipe):
                if shuffle is not None:
                    self.dataset = apply_shuffle_settings(dataset, shuffle=shuffle)
                    shuffle = None
            # False is the same as not given: nothing could be shuffled.
            for name, value in (("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None and value is not False:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                    )
        else:
            self._dataset_kind = _DatasetKind.Map
            shuffle = bool(shuffle)

        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
            drop_last = False
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if self._dataset_kind == _DatasetKind.Iterable:
                sampler = _InfiniteConstantSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]
            else:
                sampler = SequentialSampler(dataset)  # type: ignore[arg-type]
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)  # type: ignore[arg-type]

        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self.__initialized = True
        self._IterableDataset_len_called: int | None = None
        self._iterator = None
        self.check_worker_number_rationality()

    def __setattr__(self, attr: str, val: Any) -> None:
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if self.__initialized and attr in fixed:
            raise ValueError(f"{attr} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(attr, val)

    @property
    def multiprocessing_context(self) -> Any:
        """How workers are started."""
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, multiprocessing_context: Any) -> None:
        if multiprocessing_context is not None:
            if not self.num_workers > 0:
                raise ValueError(
                    "multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
                    f"but got num_workers={self.num_workers}"
                )
            import multiprocessing.context

            if isinstance(multiprocessing_context, str):
                valid = multiprocessing.get_all_start_methods()
                if multiprocessing_context not in valid:
                    raise ValueError(
                        "multiprocessing_context option should specify a valid start method in "
                        f"{valid!r}, but got multiprocessing_context={multiprocessing_context!r}"
                    )
                multiprocessing_context = multiprocessing.get_context(multiprocessing_context)
            elif not isinstance(multiprocessing_context, multiprocessing.context.BaseContext):
                raise TypeError(
                    "multiprocessing_context option should be a valid context object or a string specifying the start "
                    f"method, but got multiprocessing_context={multiprocessing_context}"
                )
        self.__multiprocessing_context = multiprocessing_context

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        """What gives the indices of each batch, or without automatic batches those of each sample."""
        return self.batch_sampler if self._auto_collation else self.sampler

    def _get_iterator(self) -> _BaseDataLoaderIter:
        return _SingleProcessDataLoaderIter(self) if self.num_workers == 0 else _MultiProcessingDataLoaderIter(self)

    def __iter__(self) -> _BaseDataLoaderIter:
        if not (self.persistent_workers and self.num_workers > 0):
            return self._get_iterator()
        if self._iterator is None:
            self._iterator = self._get_iterator()
        else:
            self._iterator._reset(self)
        return self._iterator

    def check_worker_number_rationality(self) -> None:
        """Warn where there are more worker processes than processors for them."""
        available = len(os.sched_getaffinity(0))
        if self.num_workers > available and self.worker_type == "process":
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total. Our suggested max number "
                f"of worker in current system is {available}, which is smaller than what this DataLoader is going to "
                "create. Please be aware that excessive worker creation might get DataLoader running slow or even "
                "freeze, lower the worker number to avoid potential slowness/freeze if necessary.",
                stacklevel=3,
            )

    def _get_base_seed(self) -> int:
        return int(torch.empty((), dtype=torch.int64).random_(generator=self.generator).item())

    def state_dict(self) -> dict[str, Any]:
        """Return how far the iteration over this loader is: numbers, lists and tensors.

        Batches that workers have loaded in advance do not count, only those that the caller has got. Where an
        iteration has come to its end, or none has begun, the state is that of the random generators that decide about
        the next one.
        """
        if self._state_to_resume is not None:
            return self._state_to_resume
        if self._progress is None or self._progress.finished:
            return between_iterations(self)
        return self._progress.state_dict(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next iteration go on where :meth:`state_dict` was called.

        The loader must have the same dataset, sampler and batch size. Indices are not loaded again. The number of
        workers may be another one, unless the dataset is an iterable one; that is passed over from its beginning,
        unless it has ``state_dict`` and ``load_state_dict`` itself. Random numbers that workers draw for their samples
        begin anew.
        """
        check_state(self, state_dict)
        self._state_to_resume = state_dict

    def __len__(self) -> int:
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        length = self._IterableDataset_len_called = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


class _BaseDataLoaderIter:
    """One pass over the batches of a loader."""

    def __init__(self, loader: DataLoader) -> None:
        self._dataset = loader.dataset
        self._dataset_kind = loader._dataset_kind
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        self._auto_collation = loader._auto_collation
        self._drop_last = loader.drop_last
        self._index_sampler = loader._index_sampler
        self._num_workers = loader.num_workers
        self._timeout = loader.timeout
        self._collate_fn = loader.collate_fn
        self._persistent_workers = loader.persistent_workers
        self._pin_memory_device = loader.pin_memory_device
        self._pin_memory = loader.pin_memory and torch.cuda.is_available()
        if loader.pin_memory and not self._pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't "
                "be used.",
                stacklevel=5,
            )
        self._begin(loader)

    def _begin(self, loader: DataLoader, again: bool = False) -> None:
        """Begin an iteration: the first one, or another one of persistent workers, or one that was interrupted."""
        # Libraries hand over loaders of their own, which have no state to resume.
        state, loader._state_to_resume = getattr(loader, "_state_to_resume", None), None
        self._num_yielded = 0
        self._numbers: Iterator[int] = itertools.count()
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        if state is not None and state["finished"]:
            RandomState.restore(state["start"], loader, only_own=True)
            state = None
        if state is None:
            start = RandomState(loader).states
            self._seed_pipes(loader)
            self._sampler_iter = self._iterate_indices()
            # Seeds workers; drawn in any case, so that the stream of numbers does not depend on their number. Workers
            # that are there already go on with the numbers that they have.
            if not again:
                self._base_seed = loader._get_base_seed()
            self._progress = loader._progress = Progress(loader, start, self._base_seed, not again)
            return
        now = RandomState(loader).states
        RandomState.restore(state["start"], loader)
        try:
            self._seed_pipes(loader)
            self._sampler_iter = self._iterate_indices()
            if state["seeded"]:
                loader._get_base_seed()
            self._progress = loader._progress = resumed(loader, state)
            self._base_seed = self._progress.base_seed
            if self._dataset_kind == _DatasetKind.Map:
                self._pass_over(self._progress)
            else:
                self._numbers = itertools.count(self._progress.yielded)
            self._num_yielded = self._progress.yielded + len(self._progress.ahead)
        finally:
            # The loader's own generators go on from where they are now.
            own = RandomState(loader).states["generators"]
            RandomState.restore({**now, "generators": own}, loader)

    def _reset(self, loader: DataLoader, first_iter: bool = False) -> None:
        """Begin another iteration."""
        self._begin(loader, again=True)

    def _seed_pipes(self, loader: DataLoader) -> None:
        """Seed the steps of a data pipe, alike for all workers: they must divide the same samples among them."""
        self._shared_seed: int | None = None
        if isinstance(self._dataset, IterDataPipe):
            self._shared_seed = loader._get_base_seed()
            generator = torch.Generator().manual_seed(self._shared_seed)
            self._dataset = apply_random_seed(self._dataset, generator)

    def _iterate_indices(self) -> Iterator:
        if self._dataset_kind == _DatasetKind.Map and self._auto_collation and self._collate_fn is default_collate:
            batches = batches_of_indices(self._index_sampler, self._dataset)
            if batches is not None:
                return batches
        return iter(self._index_sampler)

    def _pass_over(self, progress: Progress) -> None:
        """Draw the indices of batches that were given before; keep those between them that were not."""
        end = max(progress.ahead, default=progress.yielded - 1) + 1
        missing = {
            number: indices
            for number, indices in zip(range(end), self._sampler_iter)
            if number >= progress.yielded and number not in progress.ahead
        }
        # A sampler draws its order when asked for the first index, which must be while the random state is the old one.
        first = list(itertools.islice(self._sampler_iter, 1))
        self._sampler_iter = itertools.chain(missing.values(), first, self._sampler_iter)
        self._numbers = itertools.chain(missing, itertools.count(end))

    def _to_leave_out(self, loader: DataLoader, worker: int) -> tuple[int, Any]:
        """How many samples of an iterable dataset a worker has given before, or the state of the dataset after them."""
        if self._dataset_kind == _DatasetKind.Map:
            return 0, None
        state = self._progress.dataset_states[worker]
        if state is not None:
            return 0, state
        return self._progress.by_worker[worker] * (loader.batch_size or 1), None

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def _next_index(self) -> Any:
        return next(self._sampler_iter)

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        data = self._next_data()
        self._num_yielded += 1
        expected = self._IterableDataset_len_called
        if self._dataset_kind == _DatasetKind.Iterable and expected is not None and self._num_yielded > expected:
            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be {expected} (when accessing "
                f"len(dataloader)), but {self._num_yielded} samples have been fetched. ",
                stacklevel=2,
            )
        return data

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """Loads in this process."""

    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        if self._timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        if self._num_workers != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires num_workers == 0")
        leave_out, dataset_state = self._to_leave_out(loader, 0)
        if dataset_state is not None:
            self._dataset.load_state_dict(dataset_state)  # type: ignore[attr-defined]
        self._dataset_fetcher = _DatasetKind.create_fetcher(
            self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last
        )
        if leave_out:
            self._dataset_fetcher.leave_out(leave_out)

    def _next_data(self) -> Any:
        try:
            data = self._dataset_fetcher.fetch(self._next_index())
        except StopIteration:
            self._progress.finished = True
            raise
        self._progress.note(next(self._numbers), 0, self._dataset_fetcher.state())
        return _utils.pin_memory.pin_memory(data) if self._pin_memory else data


class _Pending:
    """A batch that a worker is to load, or has loaded."""

    __slots__ = ["worker", "indices", "answer"]

    def __init__(self, worker: int, indices: Any) -> None:
        self.worker = worker
        self.indices = indices
        self.answer: tuple | None = None


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Has workers load: processes, or threads.

    Batches are dealt out to the workers in turn, a few in advance; those that arrive early wait for their turn.
    """

    def __init__(self, loader: DataLoader) -> None:
        self._shutdown = True  # nothing to shut down yet
        self._pid = os.getpid()
        self._epoch = 0
        super().__init__(loader)
        if self._shared_seed is not None:
            loader._get_base_seed()  # PyTorch draws once more here, for nothing
        self._prefetch_factor = loader.prefetch_factor or 0
        self._in_order = loader.in_order
        if self._num_workers <= 0:
            raise AssertionError("_MultiProcessingDataLoaderIter requires num_workers > 0")
        if not self._prefetch_factor:
            raise AssertionError("prefetch_factor should be positive: a worker loads so many batches in advance")
        init_fn = loader.worker_init_fn
        if isinstance(self._dataset, (IterDataPipe, MapDataPipe)):
            init_fn = functools.partial(_sharding_worker_init_fn, init_fn, 1, 0)
        tasks = [
            Task(
                self._dataset_kind,
                self._dataset,
                self._auto_collation,
                self._collate_fn,
                self._drop_last,
                self._base_seed,
                init_fn,
                number,
                self._num_workers,
            )
            for number in range(self._num_workers)
        ]
        self._pool: Any
        if loader.worker_type == "thread":
            from torch.utils.data._utils.threads import Threads

            self._pool = Threads(tasks)
        else:
            import multiprocessing

            from torch.utils.data._utils.processes import Processes

            self._pool = Processes(loader.multiprocessing_context or multiprocessing.get_context(), tasks)
        self._shutdown = False
        self._start_dealing(loader)

    @property
    def _workers(self) -> list:
        return self._pool.workers

    def _reset(self, loader: DataLoader, first_iter: bool = False) -> None:
        """Begin another iteration with the same workers."""
        if self._shutdown:
            raise RuntimeError("the workers of this DataLoader have ended; make a new one")
        super()._reset(loader, first_iter)
        self._start_dealing(loader)

    def _start_dealing(self, loader: DataLoader) -> None:
        self._epoch += 1
        self._pool.begin_epoch(self._epoch)
        self._workers_status = [True] * self._num_workers
        self._outstanding = [0] * self._num_workers
        self._task_info: dict[int, _Pending] = {}
        self._order: deque[int] = deque()
        self._exhausted = False
        for number in range(self._num_workers):
            self._pool.post(number, (BEGIN, *self._to_leave_out(loader, number), self._shared_seed))
        self._next_worker = (self._progress.last_worker + 1) % self._num_workers
        for _ in range(self._prefetch_factor * self._num_workers):
            self._try_put_index()

    def _choose_worker(self) -> int | None:
        """The worker whose turn it is; without order, the next one that has too little to do."""
        for step in range(self._num_workers):
            number = (self._next_worker + step) % self._num_workers
            if self._workers_status[number] and (self._in_order or self._outstanding[number] < self._prefetch_factor):
                self._next_worker = (number + 1) % self._num_workers
                return number
        return None

    def _try_put_index(self) -> None:
        """Deal out another batch, if there is one."""
        if self._exhausted or not any(self._workers_status):
            return
        try:
            indices = self._next_index()
        except StopIteration:
            self._exhausted = True
            return
        worker = self._choose_worker()
        if worker is None:
            raise AssertionError("no worker is free")
        number = next(self._numbers)
        self._task_info[number] = _Pending(worker, indices)
        self._order.append(number)
        self._outstanding[worker] += 1
        self._pool.post(worker, (self._epoch, number, indices))

    def _try_get_data(self, timeout: float | None = None) -> tuple[bool, Any]:
        """Return whether a message of a worker came in time, and the message."""
        try:
            received = self._pool.receive(timeout)
        except Exception as error:
            if type(error).__name__ != "WorkerEnded":
                raise
            text = self._describe_end(error)
            self._shutdown_workers(grace=0)
            raise RuntimeError(text) from None
        return received is not None, received

    def _get_data(self) -> tuple[int, tuple]:
        success, data = self._try_get_data(self._timeout or None)
        if not success:
            waiting = {number: pending for number, pending in self._task_info.items() if pending.answer is None}
            first = next(iter(waiting), None)
            what = "" if first is None else f"; it waits for batch {first} of worker {waiting[first].worker}"
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds{what}")
        return data

    def _describe_end(self, end: Any) -> str:
        how = _utils.signal_handling.describe_end(end.exit_code)
        text = f"DataLoader worker (pid(s) {end.pid}) exited unexpectedly: worker {end.worker} (pid {end.pid}) {how}"
        pending = self._task_info.get(end.number) if end.number is not None else None
        if pending is not None:
            indices = pending.indices
            batch = f"batch {end.number}"
            if end.position is None:
                text += f" while making {batch}"
            elif self._dataset_kind == _DatasetKind.Iterable or not self._auto_collation:
                index = "" if self._dataset_kind == _DatasetKind.Iterable else f", sample {indices!r}"
                text += f" while loading sample {end.position} of {batch}{index}"
            else:
                text += f" while loading sample {indices[end.position]!r} (position {end.position} of {batch})"
        text += "."
        if end.exit_code == -9:
            text += " The system sends this signal also to the process that takes too much memory."
        if end.stack:
            text += f"\nThe worker's last Python stack, as far as known:\n{end.stack}"
        return text

    def _next_data(self) -> Any:
        try:
            return self._next_batch()
        except KeyboardInterrupt:
            self._shutdown_workers(grace=0)
            raise

    def _next_batch(self) -> Any:
        while True:
            number = self._find_answer()
            if number is not None:
                pending = self._task_info.pop(number)
                self._order.remove(number)
                return self._give(number, pending)
            if not self._order:
                self._progress.finished = True
                if not self._persistent_workers:
                    self._shutdown_workers()
                raise StopIteration
            self._take(*self._get_data())

    def _find_answer(self) -> int | None:
        """The batch to be given now, if it has arrived; passes over those that will not come."""
        while self._order:
            number = self._order[0]
            pending = self._task_info[number]
            if pending.answer is not None or self._workers_status[pending.worker]:
                break
            self._order.popleft()  # its worker had no more samples
            del self._task_info[number]
        if not self._order:
            return None
        if self._task_info[self._order[0]].answer is not None:
            return self._order[0]
        if self._in_order:
            return None
        return next((n for n in self._order if self._task_info[n].answer is not None), None)

    def _take(self, worker: int, answer: tuple) -> None:
        """Keep an answer until its turn."""
        epoch, number, data, _ = answer
        if epoch != self._epoch:
            return  # of an iteration that was left
        self._outstanding[worker] -= 1
        if isinstance(data, _IterableDatasetStopIteration):
            self._workers_status[worker] = False
            if not self._persistent_workers:
                self._pool.finish(worker)
            self._try_put_index()
            return
        self._task_info[number].answer = answer

    def _give(self, number: int, pending: _Pending) -> Any:
        _, _, data, dataset_state = pending.answer  # type: ignore[misc]
        self._try_put_index()
        if isinstance(data, ExceptionWrapper):
            self._progress.note(number, pending.worker, self._progress.dataset_states[pending.worker])
            data.reraise()
        self._progress.note(number, pending.worker, dataset_state)
        return _utils.pin_memory.pin_memory(data) if self._pin_memory else data

    def _shutdown_workers(self, grace: float = _utils.MP_STATUS_CHECK_INTERVAL) -> None:
        """End the workers, by force after ``grace`` seconds."""
        if self._shutdown or self._pid != os.getpid():
            return
        self._shutdown = True
        self._pool.close(0 if _utils.python_exit_status else grace)

    def __del__(self) -> None:
        self._shutdown_workers()
