"""What functions registered by ``register_fake`` may ask for."""

from __future__ import annotations

import threading
from typing import Any, Optional


class FakeImplCtx:
    """Handed out by ``torch.library.get_ctx()`` while a fake implementation runs."""

    def __init__(self, _fake_mode: Any = None, _op: Any = None) -> None:
        self._op = _op

    def new_dynamic_size(self, *, min: int = 0, max: Optional[int] = None) -> Any:  # noqa: A002
        """Not supported: sizes are numbers.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{self._op}: sizes that depend on data are not supported, sizes are numbers")

    create_unbacked_symint = new_dynamic_size


class _Running(threading.local):
    context: Optional[FakeImplCtx] = None


running = _Running()


def run(op: Any, fake: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a fake implementation."""
    before, running.context = running.context, FakeImplCtx(None, op)
    try:
        return fake(*args, **kwargs)
    finally:
        running.context = before


def get_ctx() -> Optional[FakeImplCtx]:
    """The context of the fake implementation that is running."""
    return running.context
