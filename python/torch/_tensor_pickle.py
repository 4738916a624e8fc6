"""How tensors are pickled and copied: what implements ``Tensor.__reduce_ex__``, ``__deepcopy__`` and their kin."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import _C
from torch._utils import (
    _get_obj_state,
    _rebuild_meta_tensor_no_storage,
    _rebuild_sparse_tensor,
    _rebuild_tensor,
    _rebuild_tensor_v2,
    _rebuild_tensor_v3,
    _set_obj_state,
)
from torch.storage import _STORAGE_CLASSES, _STORAGE_NAMES, TypedStorage


def rebuild_from_type(func: Callable[..., Any], new_type: type, args: tuple[Any, ...], state: Any) -> Any:
    """Makes subclass instances and of tensors with attributes: rebuild, set the class, set the state."""
    tensor = func(*args)
    if type(tensor) is not new_type:
        tensor = tensor.as_subclass(new_type)
    set_state = getattr(type(tensor), "__setstate__", None)
    if set_state is not None and set_state is not torch.Tensor.__setstate__:
        tensor.__setstate__(state)
        return tensor
    return _set_obj_state(tensor, state)


def typed_storage(self: torch.Tensor) -> Any:
    """``Tensor.storage()``: the memory under the tensor, counted in elements of its dtype."""
    return TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype)


def storage_type(self: torch.Tensor) -> Any:
    """``Tensor.storage_type()``: the class of storages of this dtype, None if it has none."""
    return _STORAGE_CLASSES.get(_STORAGE_NAMES.get(self.dtype, ""))


def _reduce_sparse(self: torch.Tensor) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    from torch._sparse_tensors import parts_of

    parts: tuple[Any, ...] = (*parts_of(self).values(), self.size())
    if self.layout == torch.sparse_coo:
        parts += (self.is_coalesced(),)
    return _rebuild_sparse_tensor, (self.layout, parts)


def _reduce_plain(self: torch.Tensor) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    if self.layout != torch.strided:
        return _reduce_sparse(self)
    if self.is_meta:
        return _rebuild_meta_tensor_no_storage, (self.dtype, tuple(self.size()), self.stride(), self.requires_grad)
    # hooks are no data: they stay behind
    layout: tuple = (self.storage_offset(), tuple(self.size()), self.stride(), self.requires_grad, OrderedDict())
    if self.dtype not in _STORAGE_NAMES:  # files know no storages of these
        return _rebuild_tensor_v3, (self.untyped_storage(), *layout, self.dtype)
    return _rebuild_tensor_v2, (typed_storage(self), *layout)


def reduce_ex(self: torch.Tensor, protocol: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """``Tensor.__reduce_ex__``."""
    func, args = _reduce_plain(self)
    state = _get_obj_state(self)
    if type(self) is torch.Tensor and not state:
        return func, args
    return torch._tensor._rebuild_from_type_v2, (func, type(self), args, state)


def setstate(self: torch.Tensor, state: Any) -> None:
    """``Tensor.__setstate__``: (storage, storage_offset, size, stride), as pickles of very old versions have it, with
    (requires_grad, hooks) behind it in later ones."""
    if not isinstance(state, tuple) or len(state) not in (4, 6):
        raise ValueError(
            "Tensor.__setstate__: expected (storage, storage_offset, size, stride[, requires_grad, hooks])"
        )
    self.set_(_rebuild_tensor(*state[:4]))  # not by the parts: set_() enlarges storages that are too small
    if len(state) == 6:
        self.requires_grad_(state[4])
        self._backward_hooks = state[5]


def deepcopy(self: torch.Tensor, memo: dict[Any, Any]) -> torch.Tensor:
    """``Tensor.__deepcopy__``: copies memory, gradient and attributes; tensors that share memory share the copy."""
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment. "
            "Use tensor.detach() or tensor.clone() for results of operations."
        )
    if id(self) in memo:
        return memo[id(self)]
    with torch.no_grad():
        if self.layout != torch.strided:
            new = self.clone()
        elif self.is_meta:
            new = torch.empty_strided(self.size(), self.stride(), dtype=self.dtype, device="meta")
        else:
            storage = self.untyped_storage().__deepcopy__(memo)
            new = _C._tensor_from_storage(storage, self.dtype, self.storage_offset(), self.size(), self.stride())
        if type(self) is not torch.Tensor:
            new = new.as_subclass(type(self))
        if self.requires_grad:
            new.requires_grad_(True)
        if self.grad is not None:
            new.grad = self.grad.__deepcopy__(memo)
        memo[id(self)] = new
        state = _get_obj_state(self)
        if state:
            _set_obj_state(new, copy.deepcopy(state, memo))
    return new
