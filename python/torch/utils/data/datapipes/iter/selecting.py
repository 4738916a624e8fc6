"""Steps that leave samples out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from torch.utils.data.datapipes._decorator import functional_datapipe
from torch.utils.data.datapipes.datapipe import IterDataPipe
from torch.utils.data.datapipes.utils.common import _check_unpickable_fn, validate_input_col

__all__ = ["FilterIterDataPipe"]


@functional_datapipe("filter")
class FilterIterDataPipe(IterDataPipe):
    """Keeps the samples for which a function returns True.

    Args:
        datapipe: the pipe.
        filter_fn: the function.
        input_col: the columns that it gets; the whole sample by default.
    """

    def __init__(self, datapipe: IterDataPipe, filter_fn: Callable, input_col: Any = None) -> None:
        _check_unpickable_fn(filter_fn)
        self.datapipe = datapipe
        self.filter_fn = filter_fn
        self.input_col = input_col
        if input_col is not None:
            validate_input_col(filter_fn, input_col)

    def _keeps(self, data: Any) -> bool:
        if self.input_col is None:
            keep = self.filter_fn(data)
        elif isinstance(self.input_col, (list, tuple)):
            keep = self.filter_fn(*(data[col] for col in self.input_col))
        else:
            keep = self.filter_fn(data[self.input_col])
        if not isinstance(keep, bool):
            raise ValueError(f"Boolean output is required for `filter_fn` of FilterIterDataPipe, got {type(keep)}")
        return keep

    def __iter__(self) -> Iterator:
        for data in self.datapipe:
            if self._keeps(data):
                yield data
