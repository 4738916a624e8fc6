"""Questions about sizes, which are numbers here: every answer is known."""

from __future__ import annotations

from typing import Any

import torch

__all__ = [
    "ShapeEnv",
    "free_symbols",
    "guard_bool",
    "guard_float",
    "guard_int",
    "guard_or_false",
    "guard_or_true",
    "guard_scalar",
    "guard_size_oblivious",
    "has_free_symbols",
    "has_symbolic_sizes_strides",
    "is_concrete_bool",
    "is_concrete_float",
    "is_concrete_int",
    "statically_known_false",
    "statically_known_true",
    "sym_and",
    "sym_eq",
    "sym_or",
]


class ShapeEnv:
    """Not supported: symbols and what is known of them.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("ShapeEnv: symbolic sizes are not supported")


class ConstraintViolationError(RuntimeError):
    """Sizes are not what was said of them. Never raised here."""


class GuardOnDataDependentSymNode(RuntimeError):
    """A size depends on data. Never raised here."""


def guard_int(a: Any) -> int:
    """A size as a number."""
    return int(a)


def guard_float(a: Any) -> float:
    """A number as a float."""
    return float(a)


def guard_bool(a: Any) -> bool:
    """A condition as a bool."""
    return bool(a)


def guard_scalar(a: Any) -> Any:
    """A number itself."""
    return a


def guard_size_oblivious(expr: Any) -> bool:
    """A condition on sizes."""
    return bool(expr)


guard_or_false = guard_or_true = statically_known_true = definitely_true = guard_size_oblivious


def statically_known_false(x: Any) -> bool:
    """Whether a condition does not hold."""
    return not x


def is_concrete_int(a: Any) -> bool:
    """Whether a size is a number: always."""
    return isinstance(a, int)


def is_concrete_float(a: Any) -> bool:
    """Whether a number is a number: always."""
    return isinstance(a, float)


def is_concrete_bool(a: Any) -> bool:
    """Whether a condition is a bool: always."""
    return isinstance(a, bool)


def is_symbolic(val: Any) -> bool:
    """Whether a size is a symbol: never."""
    return isinstance(val, (torch.SymInt, torch.SymFloat, torch.SymBool))


def free_symbols(val: Any) -> set[Any]:
    """The symbols in a size: none."""
    return set()


free_unbacked_symbols = free_symbols


def has_free_symbols(val: Any) -> bool:
    """Whether there are symbols in a size: never."""
    return False


has_free_unbacked_symbols = has_free_symbols


def has_symbolic_sizes_strides(elem: Any) -> bool:
    """Whether a tensor has symbols as sizes: never."""
    return False


def is_nested_int(s: Any) -> bool:
    """Whether a size stands for lengths that differ: never."""
    return False


def sym_and(*conditions: Any) -> bool:
    """Whether all conditions hold."""
    return all(conditions)


def sym_or(*conditions: Any) -> bool:
    """Whether one of the conditions holds."""
    return any(conditions)


def sym_eq(x: Any, y: Any) -> bool:
    """Whether two sizes, or two tuples of them, are equal."""
    if isinstance(x, (tuple, list)) and isinstance(y, (tuple, list)):
        return len(x) == len(y) and all(sym_eq(a, b) for a, b in zip(x, y))
    return x == y
