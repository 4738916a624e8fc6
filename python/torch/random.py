"""Seeds and states of the default random number generators."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from typing import Any, Optional

import torch
from torch import _C
from torch._C import default_generator as default_generator

__all__ = [
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
    "thread_safe_generator",
]


def set_rng_state(new_state: torch.Tensor) -> None:
    """Sets the state of the CPU generator to one that :func:`get_rng_state` gave (a uint8 tensor).

    Example:

        >>> state = torch.get_rng_state()
        >>> x = torch.rand(1)
        >>> torch.set_rng_state(state)
        >>> torch.equal(torch.rand(1), x)
        True
    """
    _C.default_generator.set_state(new_state)


def get_rng_state() -> torch.Tensor:
    """The state of the CPU generator as a uint8 tensor.

    Example:

        >>> torch.get_rng_state().dtype
        torch.uint8
    """
    return _C.default_generator.get_state()


def manual_seed(seed: int) -> torch._C.Generator:
    """Seeds the generators of all devices and returns that of the CPU.

    Args:
        seed: from -2^63 to 2^64 - 1; negative ones count as 2^64 + seed.

    Example:

        >>> generator = torch.manual_seed(0)
        >>> torch.rand(2)
        tensor([0.4963, 0.7682])
    """
    try:
        seed = int(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"manual_seed: a seed is an integer, got {seed!r} ({error})") from None
    if not -(2**63) <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long: a seed is from -2^63 to 2^64 - 1")
    _C._cuda_setRandomState(-1, seed % 2**64, 0)
    return _C.default_generator.manual_seed(seed)


def seed() -> int:
    """Seeds the generators with a number from the system's source of randomness, and returns it.

    Example:

        >>> generator_seed = torch.seed()
        >>> torch.initial_seed() == generator_seed
        True
    """
    return _C.default_generator.seed()


def initial_seed() -> int:
    """The seed of the CPU generator: the last one given.

    Example:

        >>> _ = torch.manual_seed(7)
        >>> torch.initial_seed()
        7
    """
    return _C.default_generator.initial_seed()


@contextlib.contextmanager
def fork_rng(
    devices: Optional[Iterable[Any]] = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: Optional[str] = None,
) -> Generator[None, None, None]:
    """Restores the state of the generators at the end of a ``with`` block.

    Args:
        devices: CUDA devices whose generators are restored too.
        enabled: False makes the block do nothing.
        device_type: kind of the ``devices``.
    """
    if not enabled:
        yield
        return
    numbers = list(devices) if devices is not None else list(range(torch.cuda.device_count()))
    if numbers and not torch._C._cuda_built():
        raise NotImplementedError(f"{_caller}: generators of other devices than the CPU are not supported yet")
    if device_type is not None and device_type not in ("cpu", "meta"):
        if device_type not in ("cuda", "mps", "mtia", "xpu"):
            raise RuntimeError(f"torch has no module of `{device_type}`, you should register a module by "
                               "`torch._register_device_module`.")  # fmt: skip
    state, others = get_rng_state(), [(i, torch.cuda.get_rng_state(i)) for i in numbers]
    try:
        yield
    finally:
        set_rng_state(state)
        for i, other in others:
            torch.cuda.set_rng_state(other, i)


def thread_safe_generator() -> Optional[torch._C.Generator]:
    """The generator of a worker thread of a data loader; ``None``, the program's, elsewhere."""
    from torch.utils.data import get_worker_info

    return getattr(get_worker_info(), "generator", None)


def _rebuild_generator(state: torch.Tensor, device: Any = "cpu") -> _C.Generator:
    """Generator in the given state; what pickled generators name."""
    generator = _C.Generator(device)
    generator.set_state(state)
    return generator
