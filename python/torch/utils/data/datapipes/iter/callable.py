"""Steps that apply a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from torch.utils.data._utils.collate import default_collate
from torch.utils.data.datapipes._decorator import functional_datapipe
from torch.utils.data.datapipes.datapipe import IterDataPipe
from torch.utils.data.datapipes.utils.common import _check_unpickable_fn, validate_input_col

__all__ = ["CollatorIterDataPipe", "MapperIterDataPipe"]


@functional_datapipe("map")
class MapperIterDataPipe(IterDataPipe):
    """Applies a function to every sample.

    Args:
        datapipe: the pipe.
        fn: the function.
        input_col: the columns that it gets; the whole sample by default.
        output_col: the column that the result goes to; -1 appends it. By default that of the input.
    """

    def __init__(self, datapipe: IterDataPipe, fn: Callable, input_col: Any = None, output_col: Any = None) -> None:
        _check_unpickable_fn(fn)
        if input_col is None and output_col is not None:
            raise ValueError("`output_col` must be None when `input_col` is None.")
        if isinstance(output_col, (list, tuple)):
            if len(output_col) > 1:
                raise ValueError("`output_col` must be a single-element list or tuple")
            output_col = output_col[0]
        self.datapipe = datapipe
        self.fn = fn
        self.input_col = input_col
        self.output_col = output_col
        if input_col is not None:
            validate_input_col(fn, input_col)

    def _apply_fn(self, data: Any) -> Any:
        if self.input_col is None:
            return self.fn(data)
        several = isinstance(self.input_col, (list, tuple))
        result = self.fn(*(data[col] for col in self.input_col)) if several else self.fn(data[self.input_col])
        kind = type(data)
        data = dict(data) if isinstance(data, dict) else list(data)
        if self.output_col == -1 and not isinstance(data, dict):
            data.append(result)
        elif self.output_col is not None:
            data[self.output_col] = result
        elif several:
            data[self.input_col[0]] = result
            for col in sorted(self.input_col[1:], reverse=True):
                del data[col]
        else:
            data[self.input_col] = result
        return tuple(data) if issubclass(kind, tuple) else data

    def __iter__(self) -> Iterator:
        for data in self.datapipe:
            yield self._apply_fn(data)

    def __len__(self) -> int:
        return _length(self, self.datapipe)


def _length(pipe: Any, source: Any) -> int:
    if hasattr(type(source), "__len__"):
        return len(source)
    raise TypeError(f"{type(pipe).__name__} instance doesn't have valid length")


@functional_datapipe("collate")
class CollatorIterDataPipe(MapperIterDataPipe):
    """Makes a batch of every list of samples.

    Args:
        datapipe: the pipe.
        conversion: in place of ``collate_fn``: a function.
        collate_fn: makes a batch. Default: :func:`torch.utils.data.default_collate`
    """

    def __init__(
        self, datapipe: IterDataPipe, conversion: Any = default_collate, collate_fn: Callable | None = None
    ) -> None:
        if collate_fn is None and not callable(conversion):
            raise NotImplementedError("collate: dictionaries of functions by column are not supported")
        super().__init__(datapipe, fn=conversion if collate_fn is None else collate_fn)
