"""Modes that see every operator below the public functions."""

from __future__ import annotations

from typing import Any

from torch import _C


class TorchDispatchMode:
    """Context manager whose ``__torch_dispatch__(func, types, args, kwargs)`` is called for each operator.

    ``func`` is a :class:`torch._ops.OpOverload`. Inside the method the mode is off: calling ``func`` goes one level
    down, to the mode entered before or to the operator itself. Operators of a backward pass are seen as well.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __torch_dispatch__")

    def __enter__(self) -> TorchDispatchMode:
        _C._push_dispatch_mode(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        _C._pop_dispatch_mode()


def _get_current_dispatch_mode() -> Any:
    stack = _C._dispatch_mode_stack()
    return stack[-1] if stack else None


def _get_current_dispatch_mode_stack() -> list[Any]:
    return _C._dispatch_mode_stack()
