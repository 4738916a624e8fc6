"""Settings of all the pipes that a data pipe is made of."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.utils.data.datapipes.iter.sharding import SHARDING_PRIORITIES, _ShardingIterDataPipe
from torch.utils.data.graph import DataPipeGraph, traverse_dps

__all__ = [
    "apply_random_seed",
    "apply_sharding",
    "apply_shuffle_seed",
    "apply_shuffle_settings",
    "get_all_graph_pipes",
]


def get_all_graph_pipes(graph: DataPipeGraph) -> list:
    """The pipes of a graph, each once."""
    found: dict[int, Any] = {}

    def collect(part: DataPipeGraph) -> None:
        for number, (pipe, below) in part.items():
            if number not in found:
                found[number] = pipe
                collect(below)

    collect(graph)
    return list(found.values())


def apply_sharding(
    datapipe: Any, num_of_instances: int, instance_id: int, sharding_group: Any = SHARDING_PRIORITIES.DEFAULT
) -> Any:
    """Has every sharding step keep the samples of instance ``instance_id``.

    RuntimeError where there is one sharding step behind another.
    """

    def apply(graph: DataPipeGraph, before: Any) -> None:
        for pipe, below in graph.values():
            applied = before
            method = getattr(pipe, "apply_sharding", None) if hasattr(type(pipe), "apply_sharding") else None
            if method is not None:
                if before is not None:
                    raise RuntimeError(
                        "Sharding twice on a single pipeline is likely unintended and will cause data loss. "
                        f"Sharding already applied to {before} while trying to apply to {pipe}"
                    )
                if isinstance(pipe, _ShardingIterDataPipe) or len(inspect.signature(method).parameters) >= 3:
                    method(num_of_instances, instance_id, sharding_group=sharding_group)
                else:
                    method(num_of_instances, instance_id)
                applied = pipe
            apply(below, applied)

    apply(traverse_dps(datapipe), None)
    return datapipe


def _is_shuffler(pipe: Any) -> bool:
    return all(inspect.ismethod(getattr(pipe, name, None)) for name in ("set_shuffle", "set_seed"))


def apply_shuffle_settings(datapipe: Any, shuffle: bool | None = None) -> Any:
    """Switches all shufflers on or off; with ``True`` one is put at the end where there is none."""
    if shuffle is None:
        return datapipe
    shufflers = [pipe for pipe in get_all_graph_pipes(traverse_dps(datapipe)) if _is_shuffler(pipe)]
    if not shufflers and shuffle:
        import warnings

        warnings.warn(
            "`shuffle=True` was set, but the datapipe does not contain a `Shuffler`. Adding one at the end. Be aware "
            "that the default buffer size might not be sufficient for your task.",
            stacklevel=2,
        )
        datapipe = datapipe.shuffle()
        shufflers = [datapipe]
    for shuffler in shufflers:
        shuffler.set_shuffle(shuffle)
    return datapipe


def apply_shuffle_seed(datapipe: Any, rng: Any) -> Any:
    """Deprecated name of :func:`apply_random_seed`."""
    return apply_random_seed(datapipe, rng)


def apply_random_seed(datapipe: Any, rng: torch.Generator) -> Any:
    """Gives every pipe that takes one a seed drawn from ``rng``."""
    for pipe in get_all_graph_pipes(traverse_dps(datapipe)):
        if hasattr(type(pipe), "set_seed"):
            pipe.set_seed(int(torch.empty((), dtype=torch.int64).random_(generator=rng).item()))
    return datapipe
