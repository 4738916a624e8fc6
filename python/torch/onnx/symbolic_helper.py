"""For functions that write operators in ONNX."""

from __future__ import annotations

from typing import Any, Callable

from torch import _absent

__getattr__ = _absent.names_of(__name__)


def parse_args(*arg_descriptors: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: notes the kind of each input, such as ``"v"`` for a value and ``"i"`` for an integer.

    Args:
        *arg_descriptors: the kinds.
    """

    def decorator(fn: Callable[..., Any]) -> Callable[..., Any]:
        fn._arg_descriptors = arg_descriptors  # type: ignore[attr-defined]
        return fn

    return decorator
