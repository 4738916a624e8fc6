"""Subclasses of Tensor whose operators go to ``__torch_dispatch__``."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import _C
from torch._C import TensorBase

_prepared: weakref.WeakSet[type] = weakref.WeakSet()


def interposes(cls: Any) -> bool:
    """Whether operators on instances of a class go to its ``__torch_dispatch__``."""
    handler = getattr(cls, "__torch_dispatch__", None)
    if handler is None or getattr(handler, "__func__", handler) is _disabled_torch_dispatch_impl:
        return False
    if cls not in _prepared:
        _prepared.add(cls)
        if cls.detach is TensorBase.detach:  # which makes an alias by itself, without an operator

            def detach(self: Any) -> Any:
                """The tensor outside the graph, as ``__torch_dispatch__`` gives it."""
                kind: Any = type(self)
                return kind.__torch_dispatch__(_detach(), (kind,), (self,), {})

            cls.detach = detach  # type: ignore[attr-defined]
    return True


def _detach() -> Any:
    from torch._ops import ops

    return ops.aten.detach.default


def _disabled_torch_dispatch_impl(*args: Any, **kwargs: Any) -> Any:
    """In place of ``__torch_dispatch__``: operators take the usual way."""
    raise NotImplementedError("__torch_dispatch__ is disabled for this class")


_C._disabled_torch_dispatch_impl = _disabled_torch_dispatch_impl  # type: ignore[attr-defined]


def make_wrapper_subclass(
    cls: type,
    size: Any,
    strides: Any = None,
    storage_offset: Any = None,
    memory_format: Any = None,
    dtype: Any = None,
    layout: Any = torch.strided,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    dispatch_sizes_strides_policy: Any = None,
    dispatch_device: bool = False,
    dispatch_layout: bool = False,
    _extra_dispatch_keys: Any = None,
    storage_size: Any = None,
) -> Any:
    """An instance without data of its own, of the size, dtype and device given."""
    if not interposes(cls):
        raise TypeError(f"{cls.__name__} must define __torch_dispatch__")
    if layout is not torch.strided:
        raise NotImplementedError(f"_make_wrapper_subclass: layout {layout} is not supported")
    if dispatch_sizes_strides_policy is not None or dispatch_layout:
        raise NotImplementedError(
            "_make_wrapper_subclass: sizes, strides and layout that the class answers for are not supported"
        )
    # Nothing can read memory that is not there: below __torch_dispatch__ the tensor is one of the device meta.
    if strides is None:
        shell = torch.empty(
            tuple(size), dtype=dtype, device="meta", memory_format=memory_format or torch.contiguous_format
        )
    else:
        shell = torch.empty_strided(tuple(size), tuple(strides), dtype=dtype, device="meta")
    result = TensorBase._make_subclass(cls, shell, requires_grad)
    result._set_interposed(True)
    shown = torch.device("cpu" if device is None else device)
    result._wrapper_device = torch.get_default_device() if device is None else shown
    if not dispatch_device:
        _show_device(cls)
    return result


def _show_device(cls: type) -> None:
    """Has instances of a class answer with the device that they were made with."""
    if any("device" in vars(base) for base in cls.__mro__ if base not in torch.Tensor.__mro__):
        return  # the class answers itself

    def device_of(self: Any) -> Any:
        """The device that the tensor was made with."""
        shown = self.__dict__.get("_wrapper_device")
        return TensorBase.device.__get__(self) if shown is None else shown  # type: ignore[attr-defined]

    cls.device = property(device_of)  # type: ignore[attr-defined]
    for kind in ("cpu", "cuda", "meta"):
        setattr(cls, f"is_{kind}", property(lambda self, kind=kind: self.device.type == kind))
