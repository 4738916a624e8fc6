"""Constructors that pickled tensors name, and small helpers.

The names and arguments of the ``_rebuild`` functions are part of PyTorch's file format.
"""

from __future__ import annotations

import contextlib
import copyreg
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

import torch
from torch import _C

_Ints = Sequence[int]


def _rebuild_tensor(storage: Any, storage_offset: int, size: _Ints, stride: _Ints) -> torch.Tensor:
    """Tensor over a part of a :class:`~torch.storage.TypedStorage`; RuntimeError if the part lies outside."""
    return _C._tensor_from_storage(storage._untyped_storage, storage.dtype, storage_offset, size, stride)


def _rebuild_tensor_v2(
    storage: Any,
    storage_offset: int,
    size: _Ints,
    stride: _Ints,
    requires_grad: bool,
    backward_hooks: Any,
    metadata: Any = None,
) -> torch.Tensor:
    tensor = _with_pending_signs(_rebuild_tensor(storage, storage_offset, size, stride), metadata)
    return _with_history_flags(tensor, requires_grad, backward_hooks)


def _rebuild_tensor_v3(
    storage: Any,
    storage_offset: int,
    size: _Ints,
    stride: _Ints,
    requires_grad: bool,
    backward_hooks: Any,
    dtype: torch.dtype,
    metadata: Any = None,
) -> torch.Tensor:
    memory = getattr(storage, "_untyped_storage", storage)
    tensor = _with_pending_signs(_C._tensor_from_storage(memory, dtype, storage_offset, size, stride), metadata)
    return _with_history_flags(tensor, requires_grad, backward_hooks)


def _with_pending_signs(tensor: torch.Tensor, metadata: Any) -> torch.Tensor:
    """PyTorch's tensors may be the conjugate or the negative of what is in their memory; files say so here."""
    if not metadata:
        return tensor
    if not isinstance(metadata, dict) or not metadata.keys() <= {"conj", "neg"}:
        raise RuntimeError("the file has facts on a tensor that are not understood")
    if metadata.get("conj"):
        tensor = tensor.conj()
    return -tensor if metadata.get("neg") else tensor


def _with_history_flags(tensor: torch.Tensor, requires_grad: bool, backward_hooks: Any) -> torch.Tensor:
    if requires_grad:
        tensor.requires_grad_(True)
    if backward_hooks:
        tensor._backward_hooks = backward_hooks
    return tensor


def _rebuild_meta_tensor_no_storage(
    dtype: torch.dtype, size: _Ints, stride: _Ints, requires_grad: bool
) -> torch.Tensor:
    return torch.empty_strided(tuple(size), tuple(stride), dtype=dtype, device="meta", requires_grad=requires_grad)


def _rebuild_parameter(data: torch.Tensor, requires_grad: bool, backward_hooks: Any) -> torch.Tensor:
    parameter = torch.nn.Parameter(data, requires_grad)
    if backward_hooks:
        parameter._backward_hooks = backward_hooks
    return parameter


def _rebuild_parameter_with_state(
    data: torch.Tensor, requires_grad: bool, backward_hooks: Any, state: Any
) -> torch.Tensor:
    return _set_obj_state(_rebuild_parameter(data, requires_grad, backward_hooks), state)


class _Unfilled(threading.local):
    """The sparse tensors made while their parts have no contents yet; None when they have."""

    parts: Optional[list[tuple[Any, Any]]] = None


_unfilled = _Unfilled()


@contextlib.contextmanager
def _checks_sparse_tensors_later() -> Iterator[Callable[[], None]]:
    """For formats in which the contents of storages come last: the function it gives is called when they are there."""
    before, pending = _unfilled.parts, []  # type: ignore[var-annotated]
    _unfilled.parts = pending

    def check() -> None:
        _unfilled.parts = before
        for layout, data in pending:
            _rebuild_sparse_tensor(layout, data)

    try:
        yield check
    finally:
        _unfilled.parts = before


def _rebuild_sparse_tensor(layout: Any, data: Any) -> torch.Tensor:
    """Sparse tensor of (indices, values, size[, is_coalesced]), or of the three parts of a compressed one and its size.

    RuntimeError if the parts do not fit each other.
    """
    if not all(isinstance(part, torch.Tensor) for part in data[: 2 if layout == torch.sparse_coo else 3]):
        raise TypeError("the parts of a pickled sparse tensor must be tensors")
    checked = _unfilled.parts is None
    if _unfilled.parts is not None:
        _unfilled.parts.append((layout, data))
    if layout == torch.sparse_coo:
        indices, values, size, *rest = data
        if len(rest) > 1:
            raise ValueError(f"pickled COO tensor: expected 3 or 4 parts, got {len(data)}")
        return torch.sparse_coo_tensor(
            indices, values, size, check_invariants=checked, is_coalesced=rest[0] if rest else None
        )
    compressed_indices, plain_indices, values, size = data
    return torch.sparse_compressed_tensor(
        compressed_indices, plain_indices, values, size, layout=layout, check_invariants=checked
    )


def _set_obj_state(obj: Any, state: Any) -> Any:
    """Gives an object its attributes back: a dict, or a pair of a dict and of the values of slots."""
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    if isinstance(state, tuple) and len(state) != 2:
        raise RuntimeError(f"invalid pickled state of {type(obj).__name__}: expected two parts, got {len(state)}")
    for part in (attributes, slots):
        for name, value in (part or {}).items():
            setattr(obj, name, value)
    return obj


def _get_obj_state(obj: Any) -> Optional[Any]:
    """The attributes of an object, as :func:`_set_obj_state` takes them."""
    attributes = getattr(obj, "__dict__", None)
    names = copyreg._slotnames(type(obj))  # type: ignore[attr-defined]
    slots = {name: getattr(obj, name) for name in names if hasattr(obj, name)} if names else None
    if slots:
        return attributes, slots
    return attributes or None


def _import_dotted_name(name: str) -> Any:
    """Object of a dotted name below an imported module: ``"torch.float32"``."""
    parts = name.split(".")
    found = __import__(parts[0])
    for part in parts[1:]:
        found = getattr(found, part)
    return found


def _flatten_dense_tensors(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """All elements one after the other, in one dimension."""
    return torch.cat([t.contiguous().view(-1) for t in tensors])


def _unflatten_dense_tensors(flat: torch.Tensor, tensors: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Views of ``flat`` in the shapes of ``tensors``: the reverse of :func:`_flatten_dense_tensors`."""
    views, start = [], 0
    for t in tensors:
        views.append(flat[start : start + t.numel()].view(t.shape))
        start += t.numel()
    return tuple(views)


class KeyErrorMessage(str):
    """Text of a KeyError that prints as it is, lines and all, rather than as a quoted key."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ExceptionWrapper:
    """An exception of another process or thread: its class and, as text, its traceback.

    Args:
        exc_info: as :func:`sys.exc_info` gives it, which is also the default.
        where: said in the message: ``"in DataLoader worker process 0"``.
    """

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        import sys
        import traceback

        # Text, and not the traceback: that would keep alive whatever its frames hold.
        info = sys.exc_info() if exc_info is None else exc_info
        self.exc_type: Any = info[0]
        self.exc_msg = "".join(traceback.format_exception(*info))
        self.where = where

    def reraise(self) -> None:
        """Raises an exception of the same class; RuntimeError where it cannot be made of a text."""
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        try:
            if issubclass(self.exc_type, KeyError):
                exception = self.exc_type(KeyErrorMessage(message))
            elif getattr(self.exc_type, "message", None):
                exception = self.exc_type(message=message)
            else:
                exception = self.exc_type(message)
        except Exception:
            raise RuntimeError(message) from None
        try:
            raise exception
        finally:
            del exception  # or its traceback and this frame would keep each other, and all that their callers hold


def _get_available_device_type() -> Any:
    """The kind of accelerator that can be used: none."""
    return None


def _get_device_module(device_type: str) -> Any:
    """The module of a kind of device."""
    import torch

    return torch.get_device_module(device_type)
