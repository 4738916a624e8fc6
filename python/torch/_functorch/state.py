"""Which transforms of torch.func the calling thread runs in."""

from __future__ import annotations

import threading


class _State(threading.local):
    levels = 0


_state = _State()


def depth() -> int:
    """How many transforms are running."""
    return _state.levels


class Running:
    """Context manager: inside, one more transform runs."""

    def __enter__(self) -> None:
        _state.levels += 1

    def __exit__(self, *exc: object) -> None:
        _state.levels -= 1
