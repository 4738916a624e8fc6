"""Which transforms of torch.func the calling thread runs in."""

from __future__ import annotations

import threading


class _State(threading.local):
    transforms = 0
    derivatives = 0


_state = _State()


def depth() -> int:
    """How many transforms are running."""
    return _state.transforms


def differentiating() -> bool:
    """Whether a transform that differentiates is running."""
    return _state.derivatives > 0


class Running:
    """Context manager: inside, one more transform runs."""

    def __init__(self, differentiates: bool = True) -> None:
        self._differentiates = differentiates

    def __enter__(self) -> None:
        _state.transforms += 1
        _state.derivatives += self._differentiates

    def __exit__(self, *exc: object) -> None:
        _state.transforms -= 1
        _state.derivatives -= self._differentiates
