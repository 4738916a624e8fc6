"""Steps of pipes in which samples are found by a key."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from typing import Any, Callable

import torch
from torch.utils.data.datapipes._decorator import functional_datapipe
from torch.utils.data.datapipes.datapipe import DataChunk, IterDataPipe, MapDataPipe
from torch.utils.data.datapipes.utils.common import _check_unpickable_fn

__all__ = ["Batcher", "Concater", "Mapper", "SequenceWrapper", "Shuffler", "Zipper"]


class SequenceWrapper(MapDataPipe):
    """A pipe of the items of a sequence or mapping.

    Args:
        sequence: the items.
        deepcopy: take a copy of it.
    """

    def __init__(self, sequence: Any, deepcopy: bool = True) -> None:
        self.sequence = sequence
        if deepcopy:
            try:
                self.sequence = copy.deepcopy(sequence)
            except TypeError:
                warnings.warn("The input sequence can not be deepcopied: changes of it reach the pipe", stacklevel=2)

    def __getitem__(self, index: Any) -> Any:
        return self.sequence[index]

    def __len__(self) -> int:
        return len(self.sequence)


def default_fn(data: Any) -> Any:
    """The sample itself."""
    return data


@functional_datapipe("map")
class Mapper(MapDataPipe):
    """Applies a function to every sample.

    Args:
        datapipe: the pipe.
        fn: the function.
    """

    def __init__(self, datapipe: MapDataPipe, fn: Callable = default_fn) -> None:
        _check_unpickable_fn(fn)
        self.datapipe = datapipe
        self.fn = fn

    def __len__(self) -> int:
        return len(self.datapipe)  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        return self.fn(self.datapipe[index])


@functional_datapipe("concat")
class Concater(MapDataPipe):
    """Puts pipes behind one another."""

    def __init__(self, *datapipes: MapDataPipe) -> None:
        if not datapipes:
            raise ValueError("Expected at least one DataPipe, but got nothing")
        if not all(isinstance(pipe, MapDataPipe) for pipe in datapipes):
            raise TypeError("Expected all inputs to be `MapDataPipe`")
        self.datapipes = datapipes

    def __getitem__(self, index: int) -> Any:
        offset = 0
        for pipe in self.datapipes:
            if index - offset < len(pipe):  # type: ignore[arg-type]
                return pipe[index - offset]
            offset += len(pipe)  # type: ignore[arg-type]
        raise IndexError(f"Index {index} is out of range.")

    def __len__(self) -> int:
        return sum(len(pipe) for pipe in self.datapipes)  # type: ignore[arg-type]


@functional_datapipe("zip")
class Zipper(MapDataPipe):
    """Joins the samples of pipes into tuples."""

    def __init__(self, *datapipes: MapDataPipe) -> None:
        if not datapipes:
            raise ValueError("Expected at least one DataPipe, but got nothing")
        self.datapipes = datapipes

    def __getitem__(self, index: int) -> tuple:
        return tuple(pipe[index] for pipe in self.datapipes)

    def __len__(self) -> int:
        return min(len(pipe) for pipe in self.datapipes)  # type: ignore[arg-type]


@functional_datapipe("batch")
class Batcher(MapDataPipe):
    """Collects neighbouring samples in batches.

    Args:
        datapipe: the pipe.
        batch_size: samples in a batch.
        drop_last: leave out the last batch where it is shorter.
        wrapper_class: of the batches.
    """

    def __init__(
        self, datapipe: MapDataPipe, batch_size: int, drop_last: bool = False, wrapper_class: Any = DataChunk
    ) -> None:
        if batch_size <= 0:
            raise AssertionError("Batch size is required to be larger than 0!")
        self.datapipe = datapipe
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.wrapper_class = wrapper_class

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"Index {index} is out of bound.")
        end = min((index + 1) * self.batch_size, len(self.datapipe))  # type: ignore[arg-type]
        return self.wrapper_class([self.datapipe[i] for i in range(index * self.batch_size, end)])

    def __len__(self) -> int:
        length = len(self.datapipe)  # type: ignore[arg-type]
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


class Shuffler(IterDataPipe):
    """Iterates over the samples at random.

    Args:
        datapipe: the pipe.
        indices: its keys. Default: 0 to its length
    """

    def __init__(self, datapipe: MapDataPipe, *, indices: list | None = None) -> None:
        self.datapipe = datapipe
        self.indices = list(range(len(datapipe))) if indices is None else indices  # type: ignore[arg-type]
        self._enabled = True
        self._seed: int | None = None
        self._rng = random.Random()
        self._shuffled = self.indices

    def set_shuffle(self, shuffle: bool = True) -> Shuffler:
        """Switches the shuffling on or off."""
        self._enabled = shuffle
        return self

    def set_seed(self, seed: int) -> Shuffler:
        """Seeds the next iteration."""
        self._seed = seed
        return self

    def reset(self) -> None:
        self._shuffled = self.indices[::-1]
        if self._enabled:
            if self._seed is None:
                self._seed = int(torch.empty((), dtype=torch.int64).random_().item())
            self._rng.seed(self._seed)
            self._seed = None
            self._shuffled = self._rng.sample(self.indices, len(self.indices))

    def __iter__(self) -> Iterator:
        for index in reversed(self._shuffled):  # PyTorch's order
            yield self.datapipe[index]

    def __len__(self) -> int:
        return len(self.datapipe)  # type: ignore[arg-type]


# A function among the methods of map pipes, though its result is iterated over.
MapDataPipe.register_datapipe_as_function("shuffle", Shuffler)
