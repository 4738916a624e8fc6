"""Arithmetic that also takes symbolic numbers in PyTorch. Sizes are numbers here."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable
from typing import Any


def sym_int(a: Any) -> int:
    """A number truncated to an int.

    Example:

        >>> torch.sym_int(2.7)
        2
    """
    return math.trunc(a)


def sym_float(a: Any) -> float:
    """A number as a float.

    Example:

        >>> torch.sym_float(2)
        2.0
    """
    return float(a)


def sym_not(a: Any) -> bool:
    """The negation of a bool.

    Example:

        >>> torch.sym_not(True)
        False
    """
    return not a


def sym_max(a: Any, b: Any) -> Any:
    """The larger of two numbers; a float if one of them is.

    Example:

        >>> torch.sym_max(3, 2.5)
        3.0
    """
    return _joined(a, b, builtins.max(a, b))


def sym_min(a: Any, b: Any) -> Any:
    """The smaller of two numbers; a float if one of them is.

    Example:

        >>> torch.sym_min(2, 2.5)
        2.0
    """
    return _joined(a, b, builtins.min(a, b))


def _joined(a: Any, b: Any, value: Any) -> Any:
    return float(value) if isinstance(a, float) or isinstance(b, float) else value


def sym_sum(args: Iterable[Any]) -> Any:
    """The sum of some numbers.

    Example:

        >>> torch.sym_sum([1, 2, 3])
        6
    """
    return builtins.sum(args)


def sym_ite(b: bool, t: Any, f: Any) -> Any:
    """``t`` if ``b`` holds, else ``f``; both are of one type.

    Example:

        >>> torch.sym_ite(True, 1, 2)
        1
    """
    if type(t) is not type(f) or not isinstance(b, bool):
        raise AssertionError(f"sym_ite: expected a bool and two values of one type, got {b!r}, {t!r}, {f!r}")
    return t if b else f


def sym_fresh_size(expr: Any) -> Any:
    """Not supported: sizes are numbers.

    Raises:
        NotImplementedError: always.

    Example:

        >>> torch.sym_int(3)
        3
    """
    raise NotImplementedError("sym_fresh_size: symbolic sizes are not supported")
