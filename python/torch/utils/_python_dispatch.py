"""Modes that see every operator below the public functions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from torch import _C


class TorchDispatchMode:
    """Context manager whose ``__torch_dispatch__(func, types, args, kwargs)`` is called for each operator.

    ``func`` is a :class:`torch._ops.OpOverload`. Inside the method the mode is off: calling ``func`` goes one level
    down, to the mode entered before or to the operator itself. Operators of a backward pass are seen as well.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __torch_dispatch__")

    def __enter__(self) -> TorchDispatchMode:
        _C._push_dispatch_mode(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        _C._pop_dispatch_mode()


def _get_current_dispatch_mode() -> Any:
    stack = _C._dispatch_mode_stack()
    return stack[-1] if stack else None


def _get_current_dispatch_mode_stack() -> list[Any]:
    return _C._dispatch_mode_stack()


def _len_torch_dispatch_stack() -> int:
    return len(_C._dispatch_mode_stack())


@contextlib.contextmanager
def _disable_current_modes() -> Iterator[list[Any]]:
    """Inside, no mode is on."""
    stack = _C._dispatch_mode_stack()
    for _ in stack:
        _C._pop_dispatch_mode()
    try:
        yield stack
    finally:
        for mode in stack:
            _C._push_dispatch_mode(mode)


def is_in_torch_dispatch_mode(include_infra_modes: bool = True) -> bool:
    """Whether a TorchDispatchMode is on."""
    return bool(_C._dispatch_mode_stack())


def is_traceable_wrapper_subclass(t: object) -> bool:
    """Whether an object is a tensor of a class that can be taken apart by ``__tensor_flatten__``."""
    from torch import Tensor

    is_subclass = isinstance(t, Tensor) and type(t) is not Tensor
    return is_subclass and hasattr(t, "__tensor_flatten__") and hasattr(t, "__tensor_unflatten__")


def is_traceable_wrapper_subclass_type(t: type) -> bool:
    """Whether instances of a class can be taken apart by ``__tensor_flatten__``."""
    return hasattr(t, "__tensor_flatten__") and hasattr(t, "__tensor_unflatten__")


def transform_subclass(
    t: Any, callback: Callable[[str, Any], Any], outer_size: Any = None, outer_stride: Any = None
) -> Any:
    """A tensor put together again from what ``callback(name, inner)`` makes of its parts."""
    names, context = t.__tensor_flatten__()
    parts = {name: callback(name, getattr(t, name)) for name in names}
    size = t.size() if outer_size is None else outer_size
    stride = t.stride() if outer_stride is None else outer_stride
    return type(t).__tensor_unflatten__(parts, context, size, stride)


def return_and_correct_aliasing(func: Any, args: Any, kwargs: Any, out: Any) -> Any:
    """What a ``__torch_dispatch__`` returns for an operator that writes: the argument that was written itself."""
    schema = func._schema
    names = {argument.name: value for argument, value in zip(schema.arguments, args)}
    names.update(kwargs)
    written = {
        alias: names.get(argument.name)
        for argument in schema.arguments
        if argument.is_write
        for alias in argument.alias_info.before_set
    }

    def corrected(result: Any, value: Any) -> Any:
        info = result.alias_info
        if info is None or not info.is_write:
            return value
        return written.get(next(iter(info.before_set), ""), value)

    if len(schema.returns) == 1:
        return corrected(schema.returns[0], out)
    if isinstance(out, (tuple, list)) and len(out) == len(schema.returns):
        return type(out)(corrected(result, value) for result, value in zip(schema.returns, out))
    return out
