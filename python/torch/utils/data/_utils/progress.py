"""How far the iteration over a loader is, and how another one goes on from there."""

from __future__ import annotations

import random
import sys
from typing import Any

import torch
from torch.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

_VERSION = 1
# They draw from torch's generators only.
_KNOWN = (RandomSampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler)


def _is_known(sampler: Any) -> bool:
    if type(sampler) is BatchSampler:
        sampler = sampler.sampler
    return type(sampler) in _KNOWN


def _generators_of(loader: Any) -> list[torch.Generator]:
    """The generators that the order of the samples comes from, each once."""
    inner = getattr(loader.batch_sampler, "sampler", None)
    found = [loader.generator, *(getattr(s, "generator", None) for s in (loader.sampler, loader.batch_sampler, inner))]
    unique: dict[int, torch.Generator] = {}
    for generator in found:
        if isinstance(generator, torch.Generator):
            unique.setdefault(id(generator), generator)
    return list(unique.values())


def _as_plain(value: Any) -> Any:
    """State of a generator in numbers, lists and tuples, which every way of saving takes."""
    return value.tolist() if hasattr(value, "tolist") else value


class RandomState:
    """The states of all generators that may decide the order of a loader's samples."""

    def __init__(self, loader: Any) -> None:
        self.states: dict[str, Any] = {
            "torch": torch.get_rng_state(),
            "generators": [generator.get_state() for generator in _generators_of(loader)],
        }
        if not _is_known(loader._index_sampler) and loader._dataset_kind == 0:
            self.states["python"] = random.getstate()
            numpy = sys.modules.get("numpy")
            if numpy is not None:
                self.states["numpy"] = tuple(map(_as_plain, numpy.random.get_state(legacy=True)))

    @staticmethod
    def restore(states: dict[str, Any], loader: Any, *, only_own: bool = False) -> None:
        """Sets the generators; with ``only_own`` those that belong to the loader and its samplers."""
        own = _generators_of(loader)
        if len(own) != len(states["generators"]):
            raise ValueError(
                f"load_state_dict: the state has {len(states['generators'])} generators, the loader and its samplers "
                f"have {len(own)}"
            )
        for generator, state in zip(own, states["generators"]):
            generator.set_state(state)
        if only_own:
            return
        torch.set_rng_state(states["torch"])
        if "python" in states:
            version, words, gauss = states["python"]
            random.setstate((version, tuple(words), gauss))
        if "numpy" in states:
            import numpy

            name, words, *rest = states["numpy"]
            numpy.random.set_state((name, numpy.array(words, dtype=numpy.uint32), *rest))


class Progress:
    """How far one iteration is.

    Attributes:
        start: the states of the generators when it began.
        base_seed: the seed of its workers.
        seeded: whether it was drawn then; persistent workers keep theirs.
        yielded: batches given so far.
        ahead: numbers of later batches that were given out of order.
        by_worker: for iterable datasets the batches that each worker has given.
        last_worker: the worker that gave the last batch.
        dataset_states: for iterable datasets with a ``state_dict`` the last state of each worker's.
        finished: whether there are no more batches.
    """

    def __init__(self, loader: Any, start: dict[str, Any], base_seed: int, seeded: bool) -> None:
        workers = max(1, loader.num_workers)
        self.start = start
        self.base_seed = base_seed
        self.seeded = seeded
        self.yielded = 0
        self.ahead: set[int] = set()
        self.by_worker = [0] * workers
        self.last_worker = workers - 1
        self.dataset_states: list[Any] = [None] * workers
        self.finished = False

    def note(self, number: int, worker: int, dataset_state: Any) -> None:
        """The batch of this number has been given."""
        self.by_worker[worker] += 1
        self.last_worker = worker
        self.dataset_states[worker] = dataset_state
        if number != self.yielded:
            self.ahead.add(number)
            return
        self.yielded += 1
        while self.yielded in self.ahead:
            self.ahead.discard(self.yielded)
            self.yielded += 1

    def state_dict(self, loader: Any) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "iterable": loader._dataset_kind == 1,
            "batch_size": loader.batch_size,
            "yielded": self.yielded,
            "ahead": sorted(self.ahead),
            "by_worker": list(self.by_worker),
            "last_worker": self.last_worker,
            "dataset_states": list(self.dataset_states),
            "base_seed": self.base_seed,
            "seeded": self.seeded,
            "start": self.start,
            "finished": self.finished,
        }


def between_iterations(loader: Any) -> dict[str, Any]:
    """The state of a loader whose next iteration begins anew."""
    return {
        "version": _VERSION,
        "iterable": loader._dataset_kind == 1,
        "start": RandomState(loader).states,
        "finished": True,
    }


def check_state(loader: Any, state: Any) -> None:
    """ValueError where a state cannot be that of such a loader."""
    if not isinstance(state, dict) or state.get("version") != _VERSION:
        raise ValueError("load_state_dict: this is no state of a DataLoader")
    iterable = loader._dataset_kind == 1
    if state["iterable"] != iterable:
        kinds = ("a map-style", "an iterable")
        raise ValueError(
            f"load_state_dict: the state is of {kinds[state['iterable']]} dataset, the loader has {kinds[iterable]} one"
        )
    if state["finished"]:
        return
    if state["batch_size"] != loader.batch_size:
        raise ValueError(
            f"load_state_dict: the state is of batches of {state['batch_size']} samples, the loader makes batches of "
            f"{loader.batch_size}"
        )
    workers = max(1, loader.num_workers)
    if iterable and len(state["by_worker"]) != workers:
        raise ValueError(
            f"load_state_dict: the workers of an iterable dataset divide its samples among them, and the state is of "
            f"{len(state['by_worker'])}; the loader has {workers}"
        )


def resumed(loader: Any, state: dict[str, Any]) -> Progress:
    """The progress of an iteration that goes on where ``state`` is."""
    progress = Progress(loader, state["start"], state["base_seed"], state["seeded"])
    progress.yielded = state["yielded"]
    progress.ahead = set(state["ahead"])
    if state["iterable"]:
        progress.by_worker = list(state["by_worker"])
        progress.last_worker = state["last_worker"]
        progress.dataset_states = list(state["dataset_states"])
    return progress
