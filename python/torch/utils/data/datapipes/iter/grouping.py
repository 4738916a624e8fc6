"""Steps that make lists of samples, and take them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any, Callable

from torch.utils.data.datapipes._decorator import functional_datapipe
from torch.utils.data.datapipes.datapipe import DataChunk, IterDataPipe
from torch.utils.data.datapipes.iter.callable import _length
from torch.utils.data.datapipes.iter.sharding import SHARDING_PRIORITIES  # noqa: F401
from torch.utils.data.datapipes.utils.common import _check_unpickable_fn

__all__ = ["BatcherIterDataPipe", "GrouperIterDataPipe", "UnBatcherIterDataPipe"]


@functional_datapipe("batch")
class BatcherIterDataPipe(IterDataPipe):
    """Collects samples in batches.

    Args:
        datapipe: the pipe.
        batch_size: samples in a batch.
        drop_last: leave out the last batch where it is shorter.
        wrapper_class: of the batches.
    """

    def __init__(
        self, datapipe: IterDataPipe, batch_size: int, drop_last: bool = False, wrapper_class: Any = DataChunk
    ) -> None:
        if batch_size <= 0:
            raise AssertionError("Batch size is required to be larger than 0!")
        self.datapipe = datapipe
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.wrapper_class = wrapper_class

    def __iter__(self) -> Iterator:
        iterator = iter(self.datapipe)
        while batch := list(islice(iterator, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.wrapper_class(batch)

    def __len__(self) -> int:
        length = _length(self, self.datapipe)
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


@functional_datapipe("unbatch")
class UnBatcherIterDataPipe(IterDataPipe):
    """Takes batches apart.

    Args:
        datapipe: the pipe.
        unbatch_level: how many levels of lists; -1 for all.
    """

    def __init__(self, datapipe: IterDataPipe, unbatch_level: int = 1) -> None:
        self.datapipe = datapipe
        self.unbatch_level = unbatch_level

    def __iter__(self) -> Iterator:
        for element in self.datapipe:
            yield from self._dive(element, self.unbatch_level)

    def _dive(self, element: Any, level: int) -> Iterator:
        if level < -1:
            raise ValueError("unbatch_level must be -1 or >= 0")
        if level == 0 or (level == -1 and not isinstance(element, (list, DataChunk))):
            yield element
            return
        if not isinstance(element, (list, DataChunk)):
            raise IndexError(f"unbatch_level {self.unbatch_level} exceeds the depth of the DataPipe")
        for item in element:
            yield from self._dive(item, level if level == -1 else level - 1)


@functional_datapipe("groupby")
class GrouperIterDataPipe(IterDataPipe):
    """Collects samples of one kind in lists.

    Args:
        datapipe: the pipe.
        group_key_fn: gives the kind of a sample.
        keep_key: give pairs of the kind and the list.
        buffer_size: samples that may wait; then the largest list is given, or left out.
        group_size: length of a list that is given at once.
        guaranteed_group_size: shorter lists are an error, or left out.
        drop_remaining: leave too short lists out.
    """

    def __init__(
        self,
        datapipe: IterDataPipe,
        group_key_fn: Callable,
        *,
        keep_key: bool = False,
        buffer_size: int = 10000,
        group_size: int | None = None,
        guaranteed_group_size: int | None = None,
        drop_remaining: bool = False,
    ) -> None:
        _check_unpickable_fn(group_key_fn)
        if guaranteed_group_size is None:
            guaranteed_group_size = group_size
        elif group_size is not None and not 0 < guaranteed_group_size <= group_size:
            raise AssertionError("guaranteed_group_size must be > 0 and <= group_size")
        self.datapipe = datapipe
        self.group_key_fn = group_key_fn
        self.keep_key = keep_key
        self.max_buffer_size = buffer_size
        self.group_size = group_size
        self.guaranteed_group_size = guaranteed_group_size
        self.drop_remaining = drop_remaining

    def _result(self, key: Any, group: list) -> Any:
        chunk = DataChunk(group)
        return (key, chunk) if self.keep_key else chunk

    def __iter__(self) -> Iterator:
        groups: defaultdict[Any, list] = defaultdict(list)
        waiting = 0
        for sample in self.datapipe:
            key = self.group_key_fn(sample)
            groups[key].append(sample)
            waiting += 1
            if self.group_size is not None and len(groups[key]) == self.group_size:
                group = groups.pop(key)
                waiting -= len(group)
                yield self._result(key, group)
            if waiting == self.max_buffer_size:
                key = max(groups, key=lambda name: len(groups[name]))
                group = groups.pop(key)
                waiting -= len(group)
                if self._is_long_enough(key, group):
                    yield self._result(key, group)
        while groups:
            key = next(iter(groups))
            yield self._result(key, groups.pop(key))

    def _is_long_enough(self, key: Any, group: list) -> bool:
        if self.guaranteed_group_size is None or len(group) >= self.guaranteed_group_size:
            return True
        if self.drop_remaining:
            return False
        raise RuntimeError(f"Failed to group items: the buffer is full, and the group {key!r} has {len(group)} items")
