"""Functions that pickles of tensors and parameters name, so that they can be rebuilt."""

from __future__ import annotations

from typing import Any

import torch

__all__: list[str] = []


def _set_obj_state(obj: Any, state: Any) -> Any:
    """Give ``obj`` the attributes that :func:`_get_obj_state` found: a dict, or a pair (dict, slots)."""
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    for mapping in (attributes, slots):
        for name, value in (mapping or {}).items():
            setattr(obj, name, value)
    return obj


def _get_obj_state(obj: Any) -> Any:
    """Return the Python attributes of ``obj`` that a pickle of it has to carry."""
    getstate = type(obj).__dict__.get("__getstate__")
    if getstate is not None:
        return getstate(obj)
    attributes = getattr(obj, "__dict__", None)
    names = [name for cls in type(obj).__mro__ for name in getattr(cls, "__slots__", ()) if name != "__weakref__"]
    slots = {name: getattr(obj, name) for name in names if hasattr(obj, name)}
    return (attributes, slots) if slots else attributes


def _rebuild_parameter(data: torch.Tensor, requires_grad: bool, backward_hooks: Any) -> Any:
    param = torch.nn.Parameter(data, requires_grad)
    param._backward_hooks = backward_hooks
    return param


def _rebuild_parameter_with_state(data: torch.Tensor, requires_grad: bool, backward_hooks: Any, state: Any) -> Any:
    return _set_obj_state(_rebuild_parameter(data, requires_grad, backward_hooks), state)
