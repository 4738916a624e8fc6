"""Arguments of calls under the names of parameters."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple, Optional

import torch
from torch.fx.node import Node

__all__ = ["ArgsKwargsPair", "normalize_function", "normalize_module"]


class ArgsKwargsPair(NamedTuple):
    """Arguments of a call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def _signature_of(target: Any) -> Optional[inspect.Signature]:
    schema = getattr(target, "_schema", None)
    if schema is not None:
        kinds = inspect.Parameter
        return inspect.Signature(
            [
                kinds(
                    argument.name if argument.name != "self" else "input",
                    kinds.KEYWORD_ONLY if argument.kwarg_only else kinds.POSITIONAL_OR_KEYWORD,
                    default=argument.default_value if argument.has_default_value() else kinds.empty,
                )
                for argument in schema.arguments
            ]
        )
    try:
        return inspect.signature(target)
    except (TypeError, ValueError):
        return None


def _bound(
    signature: Optional[inspect.Signature], args: tuple[Any, ...], kwargs: dict[str, Any], by_name_only: bool
) -> Optional[ArgsKwargsPair]:
    if signature is None:
        return None
    kinds = inspect.Parameter
    if any(p.kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD) for p in signature.parameters.values()):
        return None
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    values = dict(bound.arguments)
    if by_name_only:
        return ArgsKwargsPair((), values)
    given = tuple(values.pop(name) for name in list(values)[: len(args)])
    return ArgsKwargsPair(given, values)


def normalize_function(
    target: Any,
    args: tuple[Any, ...],
    kwargs: Optional[dict[str, Any]] = None,
    arg_types: Any = None,
    kwarg_types: Any = None,
    normalize_to_only_use_kwargs: bool = False,
) -> Optional[ArgsKwargsPair]:
    """The arguments of a call of a function with those left out at their defaults; None if they can't be known."""
    return _bound(_signature_of(target), args, kwargs or {}, normalize_to_only_use_kwargs)


def normalize_module(
    root: torch.nn.Module,
    target: str,
    args: tuple[Any, ...],
    kwargs: Optional[dict[str, Any]] = None,
    normalize_to_only_use_kwargs: bool = False,
) -> Optional[ArgsKwargsPair]:
    """The arguments of a call of a submodule with those left out at their defaults."""
    forward = root.get_submodule(target).forward
    return _bound(inspect.signature(forward), args, kwargs or {}, normalize_to_only_use_kwargs)


def normalize_node(node: Node, root: torch.nn.Module, by_name_only: bool) -> Optional[ArgsKwargsPair]:
    """The arguments of a node likewise."""
    if node.op == "call_function":
        return normalize_function(node.target, node.args, dict(node.kwargs), normalize_to_only_use_kwargs=by_name_only)
    if node.op == "call_module":
        return normalize_module(root, str(node.target), node.args, dict(node.kwargs), by_name_only)
    return None
