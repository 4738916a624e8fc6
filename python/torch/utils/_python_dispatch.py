"""Modes that see every operator below the public functions, and what tensor subclasses need beside them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Optional

import torch
from torch import _C

__all__ = [
    "BaseTorchDispatchMode",
    "TorchDispatchMode",
    "any_torch_dispatch_mode_on_stack",
    "get_alias_info",
    "is_in_torch_dispatch_mode",
    "is_traceable_wrapper_subclass",
    "is_traceable_wrapper_subclass_type",
    "return_and_correct_aliasing",
    "transform_subclass",
]


class TorchDispatchMode:
    """Context manager whose ``__torch_dispatch__(func, types, args, kwargs)`` is called for each operator.

    ``func`` is a :class:`torch._ops.OpOverload`. Inside the method the mode is off: calling ``func`` goes one level
    down, to the mode entered before or to the operator itself. Operators of a backward pass are seen as well.
    Compositions are not seen, but the operators that they call. What ``func`` records for backward is recorded as in a
    call outside, so that gradients flow through what the method does.
    """

    supports_higher_order_operators = False

    def __init__(self, _dispatch_key: Any = None) -> None:
        if _dispatch_key is not None:
            raise NotImplementedError("TorchDispatchMode: modes of one dispatch key are not supported")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __torch_dispatch__")

    def __enter__(self) -> Any:
        _push_mode(self)
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        _pop_mode()

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> TorchDispatchMode:
        """Deprecated: an instance, to be entered."""
        warnings.warn("`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`", stacklevel=2)
        return cls(*args, **kwargs)

    @classmethod
    def is_infra_mode(cls) -> bool:
        """False: none of these modes is the library's own."""
        return False


class BaseTorchDispatchMode(TorchDispatchMode):
    """A mode that passes every operator on."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


# ---- the stack of this thread ----------------------------------------------------------------------------------------


def _push_mode(mode: Any) -> None:
    _C._push_dispatch_mode(mode)


def _pop_mode(k: Any = None) -> Any:
    return _C._pop_dispatch_mode()


@contextlib.contextmanager
def _pop_mode_temporarily(k: Any = None) -> Iterator[Any]:
    mode = _pop_mode(k)
    try:
        yield mode
    finally:
        _push_mode(mode)


@contextlib.contextmanager
def _disable_current_modes() -> Iterator[list[Any]]:
    """Within, no mode is active."""
    modes = _get_current_dispatch_mode_stack()
    for _ in modes:
        _pop_mode()
    try:
        yield modes
    finally:
        for mode in modes:
            _push_mode(mode)


def _get_current_dispatch_mode_stack() -> list[Any]:
    return _C._dispatch_mode_stack()


def _get_current_dispatch_mode() -> Any:
    stack = _get_current_dispatch_mode_stack()
    return stack[-1] if stack else None


def _len_torch_dispatch_stack() -> int:
    return len(_get_current_dispatch_mode_stack())


def _get_dispatch_stack_at(index: int) -> Any:
    return _get_current_dispatch_mode_stack()[index]


def is_in_torch_dispatch_mode(include_infra_modes: bool = True) -> bool:
    """Whether a mode is active on this thread."""
    return bool(_get_current_dispatch_mode_stack())


def any_torch_dispatch_mode_on_stack() -> bool:
    """Whether a mode is active on this thread."""
    return is_in_torch_dispatch_mode()


# ---- wrapper subclasses ----------------------------------------------------------------------------------------------


def is_traceable_wrapper_subclass_type(t: type) -> bool:
    """Whether a class of tensors can be taken apart and put together: it has ``__tensor_flatten__`` and its inverse."""
    return issubclass(t, torch.Tensor) and t is not torch.Tensor and _has_protocol(t)


def is_traceable_wrapper_subclass(t: object) -> bool:
    """Whether a tensor can be taken apart and put together: its class has ``__tensor_flatten__`` and its inverse."""
    return isinstance(t, torch.Tensor) and type(t) is not torch.Tensor and _has_protocol(type(t))


def _has_protocol(cls: type) -> bool:
    return hasattr(cls, "__tensor_flatten__") and hasattr(cls, "__tensor_unflatten__")


def transform_subclass(
    t: Any,
    callback: Callable[[str, Any], Any],
    outer_size: Optional[Sequence[int]] = None,
    outer_stride: Optional[Sequence[int]] = None,
) -> Any:
    """A tensor like ``t`` made of ``callback(name, inner)`` for each tensor inside."""
    names, context = t.__tensor_flatten__()
    size = t.size() if outer_size is None else outer_size
    stride = t.stride() if outer_stride is None else outer_stride
    inner = {name: callback(name, getattr(t, name)) for name in names}
    result = type(t).__tensor_unflatten__(inner, context, size, stride)
    if result.shape != torch.Size(size):
        raise AssertionError(
            f"Expected return value from {type(t).__name__}__tensor_unflatten__() to have shape equal to "
            f"{tuple(size)}, but got: {tuple(result.shape)}"
        )
    return result


# ---- aliases ---------------------------------------------------------------------------------------------------------


@dataclass
class AliasInfo:
    """Which memory an argument or result shares, and whether it is written."""

    alias_set: set[str]
    is_write: bool
    name: Optional[str]


@dataclass
class SchemaInfo:
    """The aliases of an operator."""

    args: list[AliasInfo]
    outs: list[AliasInfo]


def _info(part: Any) -> AliasInfo:
    """The aliases of an argument or result of a schema."""
    alias = part.alias_info
    if alias is None:
        return AliasInfo(set(), False, part.name)
    return AliasInfo(set(alias.before_set), bool(alias.is_write), part.name)


@lru_cache(None)
def get_alias_info(func: Any) -> SchemaInfo:
    """What the arguments and results of an operator share, as its schema says."""
    schema = func._schema
    return SchemaInfo([_info(part) for part in schema.arguments], [_info(part) for part in schema.returns])


def _same_storage(of: torch.Tensor, to: torch.Tensor) -> None:
    with torch.no_grad():
        to.set_(of.untyped_storage(), to.storage_offset(), to.shape, to.stride())


def return_and_correct_aliasing(func: Any, args: Any, kwargs: Any, out: Any) -> Any:
    """``out`` of a ``__torch_dispatch__`` with the aliases that the operator promises.

    What the operator writes in place is returned as the very argument. A view shares its argument's storage already
    where ``func`` made it; where the class made a tensor of its own, the storage is put in.
    """
    info = get_alias_info(func)
    named = [a.name for a in info.args]
    kwargs = kwargs or {}

    def argument(letters: set[str], write: bool) -> Any:
        for i, a in enumerate(info.args):
            if a.alias_set & letters and a.is_write == write:
                return args[i] if i < len(args) else kwargs.get(named[i])
        return None

    if any(o.is_write for o in info.outs):
        given = [argument(o.alias_set, True) if o.is_write else None for o in info.outs]
        if len(given) == 1:
            return given[0]
        return type(out)(g if g is not None else o for g, o in zip(given, out))
    for i, o in enumerate(info.outs):
        base = argument(o.alias_set, False) if o.alias_set else None
        if isinstance(base, (list, tuple)) or base is None:
            continue
        results = out if len(info.outs) == 1 else out[i]
        for result in results if isinstance(results, (list, tuple)) else [results]:
            if (
                isinstance(result, torch.Tensor)
                and not is_traceable_wrapper_subclass(result)
                and result.untyped_storage()._cdata != base.untyped_storage()._cdata
            ):
                _same_storage(base, result)
    return out


def autograd_would_have_decomposed(func: Any, flat_args: Sequence[Any]) -> bool:
    """Whether an operator is a composition, which reaches a mode in parts when it is called outside."""
    return bool(getattr(func, "_composite", False))
