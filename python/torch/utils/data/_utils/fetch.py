"""Getting the samples of one batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Callable

from torch.utils.data._utils.collate import default_collate
from torch.utils.data._utils.rows import Indices, Rows


class _BaseDatasetFetcher:
    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable, drop_last: bool) -> None:
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.progress: Any = None  # in a worker: item 0 is to be the position in its batch of the sample being loaded

    def fetch(self, possibly_batched_index: Any) -> Any:
        """Return the batch, or without automatic batches the sample, for what the sampler gave."""
        raise NotImplementedError

    def leave_out(self, samples: int) -> None:
        """Pass over samples that were loaded in a former life."""

    def state(self) -> Any:
        """Return what says how far the dataset is, None if the dataset does not know."""
        return None

    def _watched(self, items: Iterable) -> Iterator:
        """Yield the items, noting the position of each while it is used."""
        progress = self.progress
        for position, item in enumerate(items):
            progress[0] = position
            yield item
        progress[0] = -1


class _IterableDatasetFetcher(_BaseDatasetFetcher):
    """Takes the next samples of an iterable dataset, however the index looks."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable, drop_last: bool) -> None:
        super().__init__(dataset, auto_collation, collate_fn, drop_last)
        self.dataset_iter = iter(dataset)
        self.ended = False

    def fetch(self, possibly_batched_index: Any) -> Any:
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.dataset_iter))
        samples = islice(self.dataset_iter, len(possibly_batched_index))
        if self.progress is None:
            data = list(samples)
        else:
            data = self._watched_samples(samples)
        if len(data) < len(possibly_batched_index):
            self.ended = True
            if not data or self.drop_last:
                raise StopIteration
        return self.collate_fn(data)

    def _watched_samples(self, samples: Iterator) -> list:
        data: list = []
        progress = self.progress
        progress[0] = 0
        for sample in samples:
            data.append(sample)
            progress[0] = len(data)
        progress[0] = -1
        return data

    def leave_out(self, samples: int) -> None:
        for _ in islice(self.dataset_iter, samples):
            pass

    def state(self) -> Any:
        if hasattr(self.dataset, "state_dict") and hasattr(self.dataset, "load_state_dict"):
            return self.dataset.state_dict()
        return None


class _MapDatasetFetcher(_BaseDatasetFetcher):
    """Looks samples up by index."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable, drop_last: bool) -> None:
        super().__init__(dataset, auto_collation, collate_fn, drop_last)
        self._rows = Rows.of(dataset) if auto_collation and collate_fn is default_collate else None

    def fetch(self, possibly_batched_index: Any) -> Any:
        if not self.auto_collation:
            return self.collate_fn(self.dataset[possibly_batched_index])
        if self._rows is not None:
            index = self._rows.index(possibly_batched_index)
            if index is not None:
                return self._rows.fetch(index)
        if type(possibly_batched_index) is Indices:
            possibly_batched_index = possibly_batched_index.tolist()
        getitems = getattr(self.dataset, "__getitems__", None)
        if getitems:
            return self.collate_fn(getitems(possibly_batched_index))
        indices = possibly_batched_index if self.progress is None else self._watched(possibly_batched_index)
        return self.collate_fn([self.dataset[index] for index in indices])
