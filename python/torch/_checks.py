"""``torch._check`` and its kin: conditions that callers state, with a lazily made message."""

from __future__ import annotations

from typing import Any, Callable, Optional

import torch

_Message = Optional[Callable[[], Any]]


def _check_with(error: type[Exception], cond: Any, message: _Message) -> None:
    """Raises ``error`` with the text that ``message()`` gives unless ``cond`` is true."""
    if not isinstance(cond, (bool, torch.SymBool)):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if cond:
        return
    if message is None:
        raise error("Expected cond to be True, but got False.")
    if not callable(message):
        raise TypeError("message must be a callable")
    raise error(str(message()))


def _check(cond: Any, message: _Message = None) -> None:
    """RuntimeError unless ``cond``."""
    _check_with(RuntimeError, cond, message)


def _check_is_size(i: Any, message: _Message = None, *, max: Any = None) -> None:
    """RuntimeError unless ``i`` can be a size, and is at most ``max``."""
    _check(i >= 0, message)
    if max is not None:
        _check(i <= max, message)


def _check_index(cond: Any, message: _Message = None) -> None:
    """IndexError unless ``cond``."""
    _check_with(IndexError, cond, message)


def _check_value(cond: Any, message: _Message = None) -> None:
    """ValueError unless ``cond``."""
    _check_with(ValueError, cond, message)


def _check_type(cond: Any, message: _Message = None) -> None:
    """TypeError unless ``cond``."""
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond: Any, message: _Message = None) -> None:
    """NotImplementedError unless ``cond``."""
    _check_with(NotImplementedError, cond, message)


def _check_tensor_all(cond: Any, message: _Message = None) -> None:
    """RuntimeError unless all elements of the bool tensor ``cond`` are true."""
    if not isinstance(cond, torch.Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype is not torch.bool:
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check(bool(cond.all()), message)


def _assert_async(input: Any, assert_msg: str = "Expected Tensor with single nonzero value, but got zero") -> None:  # noqa: A002
    """Raises unless a tensor's only element is not zero."""
    if input.numel() != 1:
        raise RuntimeError(f"Boolean value of Tensor with {input.numel()} values is ambiguous")
    if not bool(input):
        raise RuntimeError(assert_msg)


def _shape_as_tensor(input: Any) -> Any:  # noqa: A002
    """The shape of a tensor as a tensor."""
    import torch

    return torch.tensor(input.shape, dtype=torch.int64)
