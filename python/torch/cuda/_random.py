"""Generators of CUDA devices: a seed, and how much was drawn since. None of these makes a context."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Union

import torch
from torch import _C

__all__ = [
    "manual_seed",
    "manual_seed_all",
    "seed",
    "seed_all",
    "initial_seed",
    "get_rng_state",
    "set_rng_state",
    "get_rng_state_all",
    "set_rng_state_all",
    "default_generators",  # noqa: F822
]

_generators: list[torch.Generator] = []


def __getattr__(name: str) -> tuple[torch.Generator, ...]:
    """``default_generators``: those that ops use when none is given, one for each device."""
    if name != "default_generators":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for device in range(len(_generators), torch.cuda.device_count()):
        _generators.append(_C._cuda_defaultGenerator(device))
    return tuple(_generators)


_Device = Union[torch.device, str, int]


def _number(device: _Device) -> int:
    if isinstance(device, int):
        return device
    index = torch.device(device).index
    return _C._cuda_getDevice() if index is None else index


def manual_seed(seed: int) -> None:
    """Seeds the generator of the current device."""
    _C._cuda_setRandomState(_number("cuda") if torch.cuda.is_initialized() else -1, int(seed) % 2**64, 0)


def manual_seed_all(seed: int) -> None:
    """Seeds the generators of all devices."""
    _C._cuda_setRandomState(-1, int(seed) % 2**64, 0)


def seed() -> None:
    """Seeds the generator of the current device with a random number."""
    manual_seed(secrets.randbits(64))


def seed_all() -> None:
    """Seeds the generators of all devices with one random number."""
    manual_seed_all(secrets.randbits(64))


def initial_seed() -> int:
    """The seed of the current device's generator."""
    return _C._cuda_randomState(_number("cuda"))[0]


def get_rng_state(device: _Device = "cuda") -> torch.Tensor:
    """The state of a device's generator: 16 bytes, the seed and how many words were drawn."""
    return torch.tensor(
        list(b"".join(n.to_bytes(8, "little") for n in _C._cuda_randomState(_number(device)))), dtype=torch.uint8
    )


def set_rng_state(new_state: torch.Tensor, device: _Device = "cuda") -> None:
    """Sets the state of a device's generator to one that :func:`get_rng_state` gave."""
    state = bytes(new_state.tolist())
    if new_state.dtype != torch.uint8 or len(state) != 16:
        raise RuntimeError("RNG state is wrong size: 16 bytes of torch.uint8 are expected")
    words = int.from_bytes(state[:8], "little"), int.from_bytes(state[8:], "little")
    if words[1] % 4:
        raise RuntimeError("offset must be a multiple of 4")
    _C._cuda_setRandomState(_number(device), *words)


def get_rng_state_all() -> list[torch.Tensor]:
    """The states of the generators of all devices."""
    return [get_rng_state(i) for i in range(torch.cuda.device_count())]


def set_rng_state_all(new_states: Iterable[torch.Tensor]) -> None:
    """Sets the states of the generators, one for each device."""
    for i, state in enumerate(new_states):
        set_rng_state(state, i)
