"""Helpers of the ``__torch_function__`` protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import _C

__all__ = ["handle_torch_function", "has_torch_function", "is_tensor_like", "TorchFunctionMode"]


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether one of the arguments is of a class that overrides ``__torch_function__``."""
    return any(_C._has_torch_function(a) for a in relevant_args)


def has_torch_function_unary(obj: Any) -> bool:
    """:func:`has_torch_function` of one object."""
    return _C._has_torch_function(obj)


def has_torch_function_variadic(*objs: Any) -> bool:
    """:func:`has_torch_function` of several objects."""
    return has_torch_function(objs)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Calls the overrides of the relevant arguments, subclasses first, until one does not decline."""
    overloaded: list[Any] = []
    for arg in relevant_args:
        if not _C._has_torch_function(arg) or any(type(o) is type(arg) for o in overloaded):
            continue
        at = next((i for i, o in enumerate(overloaded) if issubclass(type(arg), type(o))), len(overloaded))
        overloaded.insert(at, arg)
    types = tuple(type(o) for o in overloaded)
    for arg in overloaded:
        result = type(arg).__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    names = list(types)
    raise TypeError(f"no implementation found for '{public_api}' on types that implement __torch_function__: {names}")


def is_tensor_like(inp: Any) -> bool:
    """Whether an object is a tensor or has ``__torch_function__``."""
    from torch import Tensor

    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")


class TorchFunctionMode:
    """Not supported yet."""

    def __init__(self) -> None:
        raise NotImplementedError("TorchFunctionMode is not supported yet; TorchDispatchMode sees every operator")
