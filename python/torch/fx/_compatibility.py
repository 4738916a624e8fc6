"""The mark of functions whose behaviour stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


def compatibility(is_backward_compatible: bool) -> Callable[[_T], _T]:
    """Decorator: returns what it is given."""

    def mark(fn: Any) -> Any:
        return fn

    return mark
