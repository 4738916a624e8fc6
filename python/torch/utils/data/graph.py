"""The pipes that a data pipe is made of."""

from __future__ import annotations

import warnings
from typing import Any

from torch.utils.data.datapipes.datapipe import IterDataPipe, MapDataPipe

__all__ = ["traverse", "traverse_dps"]

DataPipeGraph = dict[int, tuple[Any, "DataPipeGraph"]]  # type: ignore[misc]


def _inner(value: Any, found: list, seen: set[int]) -> None:
    if isinstance(value, (IterDataPipe, MapDataPipe)):
        found.append(value)
    elif isinstance(value, (list, tuple, set, frozenset, dict)) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            _inner(item, found, seen)


def traverse_dps(datapipe: Any) -> DataPipeGraph:
    """The pipe and those that it refers to, nested: ``{id: (pipe, {id: ...})}``."""
    return _traverse(datapipe, set())


def _traverse(datapipe: Any, above: set[int]) -> DataPipeGraph:
    if id(datapipe) in above:
        return {}
    found: list = []
    for value in datapipe.__dict__.values():
        _inner(value, found, set())
    below: DataPipeGraph = {}
    for pipe in found:
        below.update(_traverse(pipe, above | {id(datapipe)}))
    return {id(datapipe): (datapipe, below)}


def traverse(datapipe: Any, only_datapipe: bool | None = None) -> DataPipeGraph:
    """Deprecated name of :func:`traverse_dps`."""
    warnings.warn("`traverse` function is deprecated: use `traverse_dps`", FutureWarning, stacklevel=2)
    return traverse_dps(datapipe)
