"""Marks that decorators of :mod:`torch.jit` leave on functions, and functions chosen by a flag."""

from __future__ import annotations

import functools
import types
import typing
import warnings
from collections.abc import Callable
from typing import Any, Final as Final, Optional, TypeVar, Union

_F = TypeVar("_F", bound=Callable[..., Any])


class FunctionModifiers:
    """What a mark says, as it stands in the attribute ``_torchscript_modifier``."""

    UNUSED = "unused (ignored and replaced with raising of an exception)"
    IGNORE = "ignore (leave as a call to Python, cannot be torch.jit.save'd)"
    EXPORT = "export (compile this function even if nothing calls it)"
    DEFAULT = "default (compile if called from an exported function / forward)"
    COPY_TO_SCRIPT_WRAPPER = "if this method is not scripted, copy the python method onto the scripted model"
    _DROP = "_drop (function is fully ignored, declaration can be unscriptable)"


def _mark(fn: Any, modifier: str) -> Any:
    functions: list[Any] = [f for f in (fn.fget, fn.fset) if f is not None] if isinstance(fn, property) else [fn]
    for function in functions:
        function._torchscript_modifier = modifier
    return fn


def export(fn: _F) -> _F:
    """Marks a method that TorchScript compiles even if nothing calls it. Returns it."""
    return _mark(fn, FunctionModifiers.EXPORT)


def unused(fn: _F) -> _F:
    """Marks a function or property that compiled code never calls. Returns it."""
    return _mark(fn, FunctionModifiers.UNUSED)


def _drop(fn: _F) -> _F:
    """Marks a function that TorchScript doesn't even look at. Returns it."""
    return _mark(fn, FunctionModifiers._DROP)


def _copy_to_script_wrapper(fn: _F) -> _F:
    """Marks a method that scripted modules keep as it is. Returns it."""
    return _mark(fn, FunctionModifiers.COPY_TO_SCRIPT_WRAPPER)


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Marks a function that TorchScript leaves to Python. A decorator, or one made with ``drop=``."""
    if callable(drop):
        return _mark(drop, FunctionModifiers.IGNORE)
    if not isinstance(drop, bool):
        raise RuntimeError(f"Argument to @torch.jit.ignore must be a bool or a function but got {drop}")
    on_export = kwargs.pop("drop_on_export", None)
    if on_export is not None:
        warnings.warn(
            "ignore(drop_on_export=True) has been deprecated. TorchScript will now drop the function call on "
            "compilation. Use torch.jit.unused now. {}",
            FutureWarning,
            stacklevel=2,
        )
        drop = on_export
    elif drop:
        warnings.warn(
            "ignore(True) has been deprecated. TorchScript will now drop the function call on compilation. "
            "Use torch.jit.unused now. {}",
            FutureWarning,
            stacklevel=2,
        )
    return functools.partial(_mark, modifier=FunctionModifiers.UNUSED if drop else FunctionModifiers.IGNORE)


def get_torchscript_modifier(fn: Any) -> Optional[str]:
    """The mark of a function; None where it can't have one."""
    if not callable(fn):
        return None
    fn = getattr(fn, "__func__", fn)
    return getattr(fn, "_torchscript_modifier", FunctionModifiers.DEFAULT)


def copy_torchscript_modifier(orig: Any, new: Any) -> None:
    """Gives a function the mark of another."""
    modifier = get_torchscript_modifier(orig)
    if modifier is not None:
        new._torchscript_modifier = modifier


def module_has_exports(mod: Any) -> bool:
    """Whether a method of a module is marked by :func:`export`."""
    return any(
        get_torchscript_modifier(getattr(mod, name)) is FunctionModifiers.EXPORT
        for name in dir(mod)
        if callable(getattr(mod, name, None))
    )


def should_drop(fn: Any) -> bool:
    """Whether compiled code never calls a function."""
    return get_torchscript_modifier(fn) in (FunctionModifiers.UNUSED, FunctionModifiers._DROP)


def is_ignored_fn(fn: Any) -> bool:
    """Whether TorchScript compiles a function not."""
    return should_drop(fn) or get_torchscript_modifier(fn) == FunctionModifiers.IGNORE


def is_scripting() -> bool:
    """Whether the caller runs as TorchScript: never."""
    return False


# ---------------------------------------------------------------- overloads and choice by a flag

_overloaded_fns: dict[str, list[Callable[..., Any]]] = {}
_overloaded_methods: dict[str, dict[str, list[Callable[..., Any]]]] = {}


def _qualified_name(obj: Any, mangle_name: bool = True) -> str:
    """Name of a function or class for TorchScript: ``__torch__.module.name``."""
    name = getattr(obj, "_jit_override_qualname", None)
    if name is not None:
        return name
    name, module = obj.__name__, obj.__module__
    if name == "<lambda>":
        name = "_lambda"
    if module == "__main__":
        module = "__torch__"
    elif mangle_name:
        module = "__torch__." + module
    return f"{module}.{name}"


def _overload(func: _F) -> _F:
    """Marks a declaration of one overload of the function defined next. Returns it."""
    _overloaded_fns.setdefault(_qualified_name(func), []).append(func)
    return func


def _get_fn_overloads(qual_name: str) -> Optional[list[Callable[..., Any]]]:
    return _overloaded_fns.get(qual_name)


def _clear_fn_overloads(qual_name: str) -> None:
    del _overloaded_fns[qual_name]


def _overload_method(func: _F) -> _F:
    """Marks a declaration of one overload of the method defined next. Returns it."""
    cls = func.__qualname__.rpartition(".")[0].rpartition(".")[2]
    _overloaded_methods.setdefault(_qualified_name(func), {}).setdefault(cls, []).append(func)
    return func


def _get_overloaded_methods(method: Any, mod_class: type) -> Optional[list[Callable[..., Any]]]:
    if not hasattr(method, "__name__"):
        return None
    return _overloaded_methods.get(_qualified_name(method), {}).get(mod_class.__name__)


boolean_dispatched: dict[Any, dict[str, Any]] = {}


def boolean_dispatch(
    arg_name: str,
    arg_index: int,
    default: bool,
    if_true: Callable[..., Any],
    if_false: Callable[..., Any],
    module_name: Optional[str],
    func_name: Optional[str],
) -> Callable[..., Any]:
    """A function that calls one of two, by the value of a flag, given by name or position."""

    def fn(*args: Any, **kwargs: Any) -> Any:
        flag = kwargs.get(arg_name, args[arg_index] if arg_index < len(args) else default)
        return (if_true if flag else if_false)(*args, **kwargs)

    fn.__doc__ = if_true.__doc__ or if_false.__doc__
    if module_name is not None:
        fn.__module__ = module_name
    if func_name is not None:
        fn.__name__ = func_name
    boolean_dispatched[fn] = {
        "if_true": if_true,
        "if_false": if_false,
        "index": arg_index,
        "default": default,
        "arg_name": arg_name,
    }
    return fn


# ---------------------------------------------------------------- types in annotations


class BroadcastingListCls:
    """``BroadcastingList2[int]`` in annotations: a list of two, or a number that stands for both."""

    def __getitem__(self, types: Any) -> None:
        return


BroadcastingList1 = BroadcastingListCls()
BroadcastingList2 = BroadcastingList3 = BroadcastingList4 = BroadcastingList5 = BroadcastingList6 = BroadcastingList1


def _origin(ann: Any) -> Any:
    return typing.get_origin(ann)


def is_tuple(ann: Any) -> bool:
    """Whether an annotation is a tuple type."""
    return _BARE.get(ann) == "Tuple" or _origin(ann) is tuple


def is_list(ann: Any) -> bool:
    """Whether an annotation is a list type."""
    return _BARE.get(ann) == "List" or _origin(ann) is list


def is_dict(ann: Any) -> bool:
    """Whether an annotation is a dict type."""
    return _BARE.get(ann) == "Dict" or _origin(ann) is dict


def is_union(ann: Any) -> bool:
    """Whether an annotation is a union."""
    return ann is Union or _origin(ann) is Union or _origin(ann) is getattr(types, "UnionType", Union)


def is_optional(ann: Any) -> bool:
    """Whether an annotation is a union of one type and None."""
    arguments = typing.get_args(ann)
    return ann is Optional or (is_union(ann) and len(arguments) == 2 and type(None) in arguments)


def is_final(ann: Any) -> bool:
    """Whether an annotation is ``Final``."""
    return ann is Final or _origin(ann) is Final


def is_future(ann: Any) -> bool:
    """Whether an annotation is a future."""
    from torch.futures import Future

    return ann is Future or _origin(ann) is Future


# Container types that say nothing of their items.
_BARE = {list: "list", tuple: "tuple", dict: "dict", Optional: "Optional"}
_BARE.update({getattr(typing, name): name for name in ("List", "Tuple", "Dict")})


def _isinstance(obj: Any, target_type: Any) -> bool:
    """``isinstance`` that understands ``List[int]`` and its kin, looking into containers."""
    name = _BARE.get(target_type) if not isinstance(target_type, (tuple, str)) else None
    if name is not None:
        inner = "int, int" if name in ("dict", "Dict") else "int"
        raise RuntimeError(
            f"Attempted to use {name} without a contained type. Please add a contained type, e.g. {name}[{inner}]"
        )
    if isinstance(target_type, tuple):
        return any(_isinstance(obj, each) for each in target_type)
    if is_union(target_type):
        return any(_isinstance(obj, each) for each in typing.get_args(target_type))
    origin, arguments = typing.get_origin(target_type), typing.get_args(target_type)
    if origin is None:
        return isinstance(obj, target_type)
    if not isinstance(obj, origin):
        return False
    if isinstance(obj, (list, dict)) and not obj:
        warnings.warn(
            "The inner type of a container is lost when calling torch.jit.isinstance in eager mode. For example, "
            "List[int] would become list and therefore falsely return True for List[float] or List[str].",
            stacklevel=3,
        )
    if origin is list:
        return all(_isinstance(item, arguments[0]) for item in obj)
    if origin is dict:
        return all(_isinstance(k, arguments[0]) and _isinstance(v, arguments[1]) for k, v in obj.items())
    if origin is tuple:
        return len(obj) == len(arguments) and all(_isinstance(i, each) for i, each in zip(obj, arguments))
    return True


def get_callable_argument_names(fn: Any) -> list[str]:
    """Names of a function's parameters that go by position or name; none if it has others."""
    import inspect

    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return []
    if any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in parameters):
        return []
    return [p.name for p in parameters]
