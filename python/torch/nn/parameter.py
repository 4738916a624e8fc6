"""Tensors that a module registers by assignment: parameters and buffers."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch

__all__ = ["Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer", "is_lazy"]

_Tensor = torch.Tensor
_TensorMeta: Any = type(torch.Tensor)


class _ParameterMeta(_TensorMeta):
    """Lets a tensor of a user's own subclass count as a parameter, once marked by ``Parameter(tensor)``."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if type(instance) is cls:
            return True
        if cls is Parameter and isinstance(instance, _Tensor) and getattr(instance, "_is_param", False):
            return True
        return super().__instancecheck__(instance)


class Parameter(_Tensor, metaclass=_ParameterMeta):
    """A tensor that a :class:`~torch.nn.Module` lists in :meth:`~torch.nn.Module.parameters` when assigned to it.

    The parameter shares memory with ``data``. Unlike other tensors it is made to require a gradient, also where
    recording is switched off.

    Args:
        data: the tensor; without it, an empty one.
        requires_grad: whether a gradient is recorded. Default: ``True``
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None:
            data = torch.empty(0)
        kind = type(data)
        if kind is _Tensor or kind is Parameter:
            return _Tensor._make_subclass(cls, data, requires_grad)
        # A tensor of another subclass keeps its class and is marked.
        result = data.detach().requires_grad_(requires_grad)
        if type(result) is not kind:
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {kind.__name__} requires that detach() returns an "
                f"instance of the same type, but it returned {type(result).__name__}."
            )
        result._is_param = True
        return result

    # Only for classes derived from Parameter: __new__ has done the work.
    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        pass

    def __deepcopy__(self, memo: dict) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        result = type(self)(self.data.clone(memory_format=torch.preserve_format), self.requires_grad)
        memo[id(self)] = result
        return result

    def __repr__(self) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, proto: Any) -> tuple:
        from torch import _utils

        state = _utils._get_obj_state(self)
        hooks: OrderedDict = OrderedDict()
        if not state:
            return _utils._rebuild_parameter, (self.data, self.requires_grad, hooks)
        return _utils._rebuild_parameter_with_state, (self.data, self.requires_grad, hooks, state)

    __torch_function__ = torch._C._disabled_torch_function_impl


torch._C._set_parameter_class(Parameter)


class _BufferMeta(_TensorMeta):
    """Any tensor marked by ``Buffer(tensor)`` counts as a buffer; the mark, not the class, is what makes one."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls is Buffer and isinstance(instance, _Tensor) and getattr(instance, "_is_buffer", False):
            return True
        return super().__instancecheck__(instance)


class Buffer(_Tensor, metaclass=_BufferMeta):
    """Marks a tensor as state of a module that is not trained: assigned to a module it is registered as a buffer.

    The result keeps the class of ``data``.

    Args:
        data: the tensor; without it, an empty one.
        persistent: whether the buffer is part of the module's :attr:`state_dict`. Default: ``True``
    """

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        if data is None:
            data = torch.empty(0)
        result = data.detach().requires_grad_(data.requires_grad)
        result.persistent = persistent
        result._is_buffer = True
        return result

    __torch_function__ = torch._C._disabled_torch_function_impl


class UninitializedTensorMixin:
    """What parameters and buffers have in common whose shape the first batch will tell."""

    cls_to_become: Any = None

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Allocate memory for ``shape`` and become an ordinary tensor of the class :attr:`cls_to_become`.

        Args:
            shape: the shape.
            device: where; by default the device given at construction.
            dtype: by default the dtype given at construction.
        """
        device = self.data.device if device is None else device  # type: ignore[has-type]
        dtype = self.data.dtype if dtype is None else dtype  # type: ignore[has-type]
        self.data = torch.empty(shape, device=device, dtype=dtype)
        self.__class__ = self.cls_to_become

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call "
            "`forward` to initialize the parameters before accessing their attributes."
        )

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__}>"

    def __reduce_ex__(self, proto: Any) -> tuple:
        return self.__class__, (self.requires_grad,)  # type: ignore[attr-defined]


def is_lazy(param: Any) -> bool:
    """Return whether ``param`` is a parameter or buffer that has no shape yet."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; see :meth:`materialize`."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        data = torch.empty(0, device=device, dtype=dtype)
        return _Tensor._make_subclass(cls, data, requires_grad)

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        pass

    def __deepcopy__(self, memo: dict) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        result = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        memo[id(self)] = result
        return result


class UninitializedBuffer(UninitializedTensorMixin, _Tensor):
    """A buffer whose shape is not known yet; see :meth:`materialize`."""

    cls_to_become = _Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Any:
        data = torch.empty(0, device=device, dtype=dtype)
        result = _Tensor._make_subclass(cls, data, requires_grad)
        result.persistent = persistent
        result._is_buffer = True
        return result
