"""Elementwise functions: torch's, on operands of one dtype."""

from __future__ import annotations

from typing import Any, Callable, Optional

import torch
from torch import Tensor
from torch._array_api._dtypes import promoted

_UNARY = (
    "abs acos acosh asin asinh atan atanh conj cos cosh exp expm1 isfinite isinf isnan log log10 log1p log2 "
    "logical_not negative positive real reciprocal signbit sin sinh sqrt square tan tanh"
)
_BINARY = {
    name: name
    for name in (
        "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide "
        "floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum "
        "minimum multiply nextafter not_equal pow remainder subtract"
    ).split()
}
_BINARY["equal"] = "eq"  # torch.equal compares whole tensors


def _unary(name: str) -> Callable[..., Tensor]:
    function = getattr(torch, name)

    def wrapper(x: Tensor, /) -> Tensor:
        return function(x)

    return wrapper


def _binary(name: str, torch_name: str) -> Callable[..., Tensor]:
    function = getattr(torch, torch_name)

    def wrapper(x1: Any, x2: Any, /) -> Tensor:
        return function(*_arrays(name, x1, x2))

    return wrapper


def _arrays(name: str, x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Both as arrays of one dtype; a Python number takes the other's dtype where its kind allows."""
    if not isinstance(x1, Tensor):
        if not isinstance(x2, Tensor):
            raise TypeError(f"{name}: one of the operands must be an array, got two Python numbers")
        x1 = torch.asarray(x1, dtype=torch.result_type(x2.reshape(-1), x1), device=x2.device)
    elif not isinstance(x2, Tensor):
        x2 = torch.asarray(x2, dtype=torch.result_type(x1.reshape(-1), x2), device=x1.device)
    return promoted(x1, x2)


for _name in _UNARY.split():
    globals()[_name] = _unary(_name)
for _name, _torch_name in _BINARY.items():
    globals()[_name] = _binary(_name, _torch_name)
for _name in (*_UNARY.split(), *_BINARY):
    _wrapper = globals()[_name]
    _wrapper.__name__ = _wrapper.__qualname__ = _name
    _wrapper.__doc__ = f"Elementwise :func:`torch.{_BINARY.get(_name, _name)}`."


def bitwise_invert(x: Tensor, /) -> Tensor:
    """Elementwise :func:`torch.bitwise_not`."""
    return torch.bitwise_not(x)


def imag(x: Tensor, /) -> Tensor:
    """The imaginary parts; zeros of real numbers."""
    return x.imag if x.is_complex() else torch.zeros_like(x)


def _rounding(name: str) -> Callable[[Tensor], Tensor]:
    function = getattr(torch, name)

    def wrapper(x: Tensor, /) -> Tensor:
        if x.is_complex():
            return torch.complex(function(x.real), function(x.imag))
        return function(x)

    wrapper.__name__ = wrapper.__qualname__ = name
    wrapper.__doc__ = f"Elementwise :func:`torch.{name}`; of complex numbers, of both parts."
    return wrapper


ceil, floor, trunc, round = (_rounding(name) for name in ("ceil", "floor", "trunc", "round"))


def sign(x: Tensor, /) -> Tensor:
    """-1, 0 or 1, of complex numbers x / abs(x); NaN of NaN."""
    if x.is_complex():
        return torch.sgn(x)
    return torch.where(torch.isnan(x), x, torch.sign(x)) if x.is_floating_point() else torch.sign(x)


def clip(x: Tensor, /, min: Optional[Any] = None, max: Optional[Any] = None) -> Tensor:
    """Numbers forced into [min, max], bounds being numbers, arrays or None; has the dtype of ``x``."""
    result = x
    if min is not None:
        result = torch.maximum(*_arrays("clip", result, min))
    if max is not None:
        result = torch.minimum(*_arrays("clip", result, max))
    return x.clone() if result is x else result.to(x.dtype)


__all__ = [*_UNARY.split(), *_BINARY, "bitwise_invert", "ceil", "clip", "floor", "imag", "round", "sign", "trunc"]
