"""`Variable`, the old name for tensors that take part in autograd. Kept for programs that still say it."""

from __future__ import annotations

from typing import Any

from torch import _C


class _Engine:
    """What `Variable._execution_engine` offers: starting a backward and queueing a callback for its end."""

    @staticmethod
    def run_backward(*args: Any) -> Any:
        return _C._autograd.run_backward(*args)

    @staticmethod
    def queue_callback(callback: Any) -> None:
        """Calls `callback()` at the end of the backward in flight."""
        _C._autograd.queue_callback(callback)


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        from torch import Tensor

        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """`Variable(data, requires_grad=False)` gives a tensor over the same memory as `data`; every tensor is a
    Variable."""

    _execution_engine = _Engine()

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool | None = None) -> Any:
        import torch

        if volatile:
            raise NotImplementedError("Variable: volatile was removed; use `with torch.no_grad():` instead")
        if data is None:
            return torch.empty(0, requires_grad=requires_grad)
        return data.detach().requires_grad_(requires_grad)
