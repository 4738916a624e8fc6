"""Schemas from annotated Python functions."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Optional, Union

import torch

_BASES: dict[Any, tuple[str, bool, bool]] = {  # name in the schema; lists of it; lists of options of it
    torch.Tensor: ("Tensor", True, True),
    int: ("SymInt", True, False),
    float: ("float", True, False),
    bool: ("bool", True, False),
    str: ("str", False, False),
    torch.dtype: ("ScalarType", False, False),
    torch.device: ("Device", False, False),
}
_NUMBERS = ({int, float, bool}, {int, float}, {int, float, complex, bool}, {int, float, complex})


def _union_members(kind: Any) -> Optional[tuple[Any, ...]]:
    import types

    origin = typing.get_origin(kind)
    if origin is Union or (hasattr(types, "UnionType") and origin is types.UnionType):
        return typing.get_args(kind)
    return None


def _base(kind: Any) -> Optional[tuple[str, bool, bool]]:
    try:
        if kind in _BASES:
            return _BASES[kind]
    except TypeError:
        return None
    members = _union_members(kind)
    if members is not None and set(members) in _NUMBERS:
        return "Scalar", True, False
    return None


def _type_text(kind: Any) -> Optional[str]:
    """A parameter's type in the schema's words; None for those that it has no word for."""
    found = _base(kind)
    if found is not None:
        return found[0]
    members = _union_members(kind)
    if members is not None:
        inner = [member for member in members if member is not type(None)]
        if len(inner) == len(members):
            return None
        rest = inner[0] if len(inner) == 1 else Union[tuple(inner)]  # type: ignore[valid-type]
        text = _type_text(rest)
        return None if text is None or text.endswith("?") else text + "?"
    if typing.get_origin(kind) in (list, collections.abc.Sequence) and typing.get_args(kind):
        item = typing.get_args(kind)[0]
        found = _base(item)
        if found is not None:
            return found[0] + "[]" if found[1] else None
        members = _union_members(item) or ()
        inner = [member for member in members if member is not type(None)]
        if len(inner) == 1 and len(members) == 2 and (found := _base(inner[0])) is not None and found[2]:
            return found[0] + "?[]"
    return None


def _return_text(kind: Any, error: Callable[[str], NoReturn]) -> str:
    if kind in (None, type(None)):
        return "()"

    def one(item: Any) -> str:
        found = _base(item)
        if found is not None and found[0] in ("Tensor", "SymInt", "float", "bool", "Scalar"):
            return found[0]
        if typing.get_origin(item) in (list, collections.abc.Sequence) and typing.get_args(item) == (torch.Tensor,):
            return "Tensor[]"
        error(
            f"Return has unsupported type {item}. The valid types are: Tensor, a list of Tensors, int, float, bool, "
            "a number, or a tuple of them."
        )

    if typing.get_origin(kind) is tuple:
        return f"({', '.join(one(item) for item in typing.get_args(kind))})"
    return one(kind)


def _default_text(value: Any) -> Optional[str]:
    if value is None or isinstance(value, (bool, int, float)):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, torch.device):
        return f'"{value}"'
    return None


def infer_schema(
    prototype_function: Callable[..., Any],
    /,
    *,
    mutates_args: Union[str, Iterable[str]],
    op_name: Optional[str] = None,
    tags: Any = (),
) -> str:
    """The schema of a function whose parameters and result are annotated.

    Args:
        prototype_function: the function; no parameter may be positional-only, ``*args`` or ``**kwargs``.
        mutates_args: names of the parameters that are written, or ``"unknown"``.
        op_name: stands before the parenthesis.
        tags: of the operator; they change nothing in the schema.
    """
    signature = inspect.signature(prototype_function)

    def error(what: str) -> NoReturn:
        raise ValueError(f"infer_schema(func): {what} Got func with signature {signature})")

    mutable = {mutates_args} if isinstance(mutates_args, str) else set(mutates_args)
    anything = mutates_args == "unknown"
    parts: list[str] = []
    starred = False
    hints = _hints(prototype_function, error)
    for i, (name, parameter) in enumerate(signature.parameters.items()):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            error("We do not support positional-only args, varargs, or varkwargs.")
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        if parameter.annotation is parameter.empty:
            error(f"Parameter {name} must have a type annotation.")
        kind = hints[name]
        text = _type_text(kind)
        if text is None:
            if typing.get_origin(kind) is tuple:
                error(
                    f"Parameter {name} has unsupported type {kind}. Tuple types are not supported; "
                    "use a List, for example List[int] in place of Tuple[int, ...]."
                )
            known = sorted(base for base, *_ in _BASES.values())
            error(
                f"Parameter {name} has unsupported type {kind}. The valid types are: {', '.join(known)}, Scalar, "
                "their options, and lists of tensors and numbers."
            )
        if name in mutable or (anything and text.startswith("Tensor")):
            if not text.startswith("Tensor"):
                error(f"Parameter {name} is in mutable_args but only Tensors or collections of Tensors can be mutated")
            text = f"Tensor(a{i}!){text[len('Tensor') :]}"
        if parameter.default is not parameter.empty:
            default = _default_text(parameter.default)
            if default is None:
                error(f"Parameter {name} has an unsupported default value type {type(parameter.default)}.")
            name = f"{name}={default}"
        parts.append(f"{text} {name}")
    if not anything and (unknown := mutable - set(signature.parameters)):
        error(
            f"{unknown} in mutates_args were not found in the custom op's signature. mutates_args should contain "
            "the names of all args that the custom op mutates, or just the string 'unknown' if you don't know."
        )
    if signature.return_annotation is signature.empty:
        error("No return type annotation was provided. Please add one.")
    return f"{op_name or ''}({', '.join(parts)}) -> {_return_text(hints['return'], error)}"


def _hints(function: Callable[..., Any], error: Callable[[str], NoReturn]) -> dict[str, Any]:
    """Annotations, those written as text evaluated."""
    annotations = dict(getattr(function, "__annotations__", {}))
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    for name, kind in annotations.items():
        if isinstance(kind, str):
            try:
                annotations[name] = eval(kind, scope, {"torch": torch, "typing": typing})
            except Exception as problem:  # noqa: BLE001
                error(f"Unsupported type annotation {kind}. It is not a type ({problem}).")
        elif kind is None:
            annotations[name] = type(None)
    return annotations
