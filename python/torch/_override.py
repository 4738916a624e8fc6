"""``__torch_function__`` for functions written in Python."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any, Callable, TypeVar

from torch import _C

_Function = TypeVar("_Function", bound=Callable[..., Any])


def overridable(function: _Function) -> _Function:
    """``function``, but classes of arguments that override ``__torch_function__`` are asked first.

    An override gets the parameters without a default by position and the others, defaults included, by name.
    """
    return update_wrapper(_C._OverridableFunction(function), function)  # type: ignore[attr-defined,return-value]


def call_override(public: Any, args: Any, kwargs: Any) -> Any:
    """A call of the overridable function ``public`` in which some argument, or item of one, overrides."""
    import inspect

    from torch.overrides import handle_torch_function

    overridden: list[Any] = []
    for value in (*args, *kwargs.values()):
        overridden.extend(value if isinstance(value, (tuple, list)) else (value,))
    signature = inspect.signature(public.__wrapped__)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # what the function itself would say comes from the function
        return handle_torch_function(public, overridden, *args, **kwargs)
    bound.apply_defaults()
    by_position: list[Any] = []
    by_name: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        value = bound.arguments[parameter.name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            by_position.extend(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            by_name.update(value)
        elif parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            by_position.append(value)
        else:
            by_name[parameter.name] = value
    return handle_torch_function(public, overridden, *by_position, **by_name)


def make_overridable(module: dict[str, Any], but: frozenset[str] = frozenset()) -> None:
    """Replaces the public functions written in a module, given by its ``globals()``, by overridable ones."""
    for name, value in list(module.items()):
        if (
            type(value) is type(overridable)
            and value.__module__ == module["__name__"]
            and not name.startswith("_")
            and name not in but
            and not hasattr(value, "__wrapped__")
        ):
            module[name] = overridable(value)
