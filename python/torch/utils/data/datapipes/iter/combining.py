"""Steps that join pipes, and that divide them."""

from __future__ import annotations

import copy
import warnings
from collections import deque
from collections.abc import Iterator
from typing import Any, Callable

from torch.utils.data.datapipes._decorator import functional_datapipe
from torch.utils.data.datapipes.datapipe import IterDataPipe
from torch.utils.data.datapipes.utils.common import _check_unpickable_fn

__all__ = [
    "ConcaterIterDataPipe",
    "DemultiplexerIterDataPipe",
    "ForkerIterDataPipe",
    "MultiplexerIterDataPipe",
    "ZipperIterDataPipe",
]


class _Several(IterDataPipe):
    def __init__(self, *datapipes: IterDataPipe) -> None:
        if not datapipes:
            raise ValueError("Expected at least one DataPipe, but got nothing")
        if not all(isinstance(pipe, IterDataPipe) for pipe in datapipes):
            raise TypeError("Expected all inputs to be `IterDataPipe`")
        self.datapipes = datapipes

    def _lengths(self) -> list[int]:
        if not all(hasattr(type(pipe), "__len__") for pipe in self.datapipes):
            raise TypeError(f"{type(self).__name__} instance doesn't have valid length")
        return [len(pipe) for pipe in self.datapipes]  # type: ignore[arg-type]


@functional_datapipe("concat")
class ConcaterIterDataPipe(_Several):
    """Puts pipes behind one another."""

    def __iter__(self) -> Iterator:
        for pipe in self.datapipes:
            yield from pipe

    def __len__(self) -> int:
        return sum(self._lengths())


@functional_datapipe("zip")
class ZipperIterDataPipe(_Several):
    """Joins the samples of pipes into tuples, until one of them ends."""

    def __iter__(self) -> Iterator:
        yield from zip(*self.datapipes)

    def __len__(self) -> int:
        return min(self._lengths())


@functional_datapipe("mux")
class MultiplexerIterDataPipe(_Several):
    """One sample of each pipe in turn, until one of them ends."""

    def __iter__(self) -> Iterator:
        for row in zip(*self.datapipes):
            yield from row

    def __len__(self) -> int:
        return min(self._lengths()) * len(self.datapipes)


class _Source(IterDataPipe):
    """A pipe whose samples go to several others, each at its own pace. It begins anew with any of them."""

    def __init__(self, datapipe: IterDataPipe, count: int, buffer_size: int) -> None:
        if count < 1:
            raise ValueError(f"Expected `num_instances` larger than 0, but {count} is found")
        if buffer_size == 0:
            raise ValueError("`buffer_size` must be nonzero: negative for no limit")
        if buffer_size < 0:
            warnings.warn("Unlimited buffer size is set, please be aware of OOM risks", UserWarning, stacklevel=4)
        self.main_datapipe = datapipe
        self.count = count
        self.buffer_size = buffer_size
        self._restart()

    def _restart(self) -> None:
        self._iterator: Iterator | None = None
        self._buffers: list[deque] = [deque() for _ in range(self.count)]
        self._begun: set[int] = set()

    def __getstate__(self) -> Any:
        return {**self.__dict__, "_iterator": None, "_buffers": [deque() for _ in range(self.count)], "_begun": set()}

    def places(self, sample: Any) -> list[tuple[int, Any]]:
        """Which pipes get a sample."""
        raise NotImplementedError

    def __iter__(self) -> Iterator:
        raise TypeError(f"{type(self).__name__} is iterated over by the pipes that it feeds")

    def samples(self, which: int) -> Iterator:
        """The samples of one of the pipes."""
        if which in self._begun:
            self._restart()
        self._begun.add(which)
        buffers = self._buffers
        while buffers is self._buffers:
            if not buffers[which]:
                if self._iterator is None:
                    self._iterator = iter(self.main_datapipe)
                try:
                    sample = next(self._iterator)
                except StopIteration:
                    return
                for place, value in self.places(sample):
                    if place != which and 0 < self.buffer_size <= len(buffers[place]):
                        raise BufferError(
                            f"{type(self).__name__} buffer overflow, buffer size {self.buffer_size} is insufficient."
                        )
                    buffers[place].append(value)
                continue
            yield buffers[which].popleft()


class _Child(IterDataPipe):
    """One of the pipes that another one has been divided into."""

    def __init__(self, main_datapipe: _Source, instance_id: int) -> None:
        self.main_datapipe = main_datapipe
        self.instance_id = instance_id

    def __iter__(self) -> Iterator:
        yield from self.main_datapipe.samples(self.instance_id)

    def __len__(self) -> int:
        if isinstance(self.main_datapipe, _Forked):
            return len(self.main_datapipe.main_datapipe)  # type: ignore[arg-type]
        raise TypeError(f"{type(self).__name__} instance doesn't have valid length")


class _Forked(_Source):
    copy_fn: Callable | None = None

    def places(self, sample: Any) -> list[tuple[int, Any]]:
        change = self.copy_fn or (lambda value: value)
        return [(place, change(sample)) for place in range(self.count)]


class _Divided(_Source):
    classifier_fn: Callable
    drop_none: bool

    def places(self, sample: Any) -> list[tuple[int, Any]]:
        place = self.classifier_fn(sample)
        if place is None and self.drop_none:
            return []
        if place is None or not 0 <= place < self.count:
            raise ValueError(
                f"Output of the classification fn should be between 0 and {self.count - 1}. {place} is returned."
            )
        return [(place, sample)]


@functional_datapipe("fork")
class ForkerIterDataPipe(IterDataPipe):
    """Gives ``num_instances`` pipes of the same samples.

    Args:
        datapipe: the pipe.
        num_instances: number of pipes.
        buffer_size: samples that one of them may be ahead. Default: 1000
        copy: ``None``, ``"shallow"`` or ``"deep"``.
    """

    def __new__(  # type: ignore[misc]
        cls, datapipe: IterDataPipe, num_instances: int, buffer_size: int = 1000, copy: str | None = None
    ) -> Any:
        if num_instances == 1:
            return datapipe
        source = _Forked(datapipe, num_instances, buffer_size)
        source.copy_fn = _copies(copy)
        return [_Child(source, number) for number in range(num_instances)]


def _copies(kind: str | None) -> Callable | None:
    if kind not in (None, "shallow", "deep"):
        raise ValueError(f"Unknown copy method `{kind}` requested, choose one of None, `shallow` or `deep`.")
    return {None: None, "shallow": copy.copy, "deep": copy.deepcopy}[kind]


@functional_datapipe("demux")
class DemultiplexerIterDataPipe(IterDataPipe):
    """Divides the samples among ``num_instances`` pipes.

    Args:
        datapipe: the pipe.
        num_instances: number of pipes.
        classifier_fn: gives the number of the pipe of a sample, or None.
        drop_none: leave samples out for which it gives None.
        buffer_size: samples that may wait for one of the pipes. Default: 1000
    """

    def __new__(  # type: ignore[misc]
        cls,
        datapipe: IterDataPipe,
        num_instances: int,
        classifier_fn: Callable,
        drop_none: bool = False,
        buffer_size: int = 1000,
    ) -> Any:
        _check_unpickable_fn(classifier_fn)
        source = _Divided(datapipe, num_instances, buffer_size)
        source.classifier_fn = classifier_fn
        source.drop_none = drop_none
        return [_Child(source, number) for number in range(num_instances)]
