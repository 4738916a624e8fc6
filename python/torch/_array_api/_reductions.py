"""Statistics, all and any, cumulative sums and products, differences."""

from __future__ import annotations

import builtins
from typing import Any, Callable, Optional, Union

import torch
from torch import Tensor
from torch._array_api._dtypes import isdtype, promoted

__all__ = """all any count_nonzero cumulative_prod cumulative_sum diff max mean min prod std sum var""".split()


def sum_dtype(x: Tensor, dtype: Optional[torch.dtype]) -> torch.dtype:
    """dtype of sums and products: of integers one of 64 bits, of their own signedness where there is one."""
    if dtype is not None:
        return dtype
    if isdtype(x.dtype, "unsigned integer"):
        return getattr(torch, "uint64", torch.int64)
    return torch.int64 if isdtype(x.dtype, ("integral", "bool")) else x.dtype


def _axes(x: Tensor, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)


def _reduce(function: Callable, x: Tensor, axis: Any, keepdims: builtins.bool, **options: Any) -> Tensor:
    """Over several axes; over none the elements are put in a dimension of their own, as torch takes none for all."""
    axes = _axes(x, axis)
    if axes:
        return function(x, axes, keepdims, **options)
    return function(x.unsqueeze(-1), (-1,), False, **options)


def sum(
    x: Tensor, /, *, axis: Any = None, dtype: Optional[torch.dtype] = None, keepdims: builtins.bool = False
) -> Tensor:
    """Sum over axes, all by default."""
    return _reduce(torch.sum, x, axis, keepdims, dtype=sum_dtype(x, dtype))


def prod(
    x: Tensor, /, *, axis: Any = None, dtype: Optional[torch.dtype] = None, keepdims: builtins.bool = False
) -> Tensor:
    """Product over axes, all by default."""
    dtype = sum_dtype(x, dtype)
    result = x.to(dtype)
    for one in sorted(_positions(x, axis), reverse=True):
        result = torch.prod(result, one, keepdims, dtype=dtype)
    return result


def _positions(x: Tensor, axis: Any) -> set[int]:
    axes = _axes(x, axis)
    for one in axes:
        if not -x.ndim <= one < x.ndim:
            raise IndexError(f"axis {one} is out of range for an array of {x.ndim} dimensions")
    return {one % x.ndim for one in axes}


def mean(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Mean over axes, all by default."""
    return _reduce(torch.mean, x, axis, keepdims)


def max(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Largest element over axes, all by default."""
    return _reduce(torch.amax, x, axis, keepdims)


def min(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Smallest element over axes, all by default."""
    return _reduce(torch.amin, x, axis, keepdims)


def std(
    x: Tensor, /, *, axis: Any = None, correction: Union[int, float] = 0.0, keepdims: builtins.bool = False
) -> Tensor:
    """Standard deviation over axes, all by default; ``correction`` is subtracted from the number of elements."""
    return _spread(torch.std, x, axis, correction, keepdims)


def var(
    x: Tensor, /, *, axis: Any = None, correction: Union[int, float] = 0.0, keepdims: builtins.bool = False
) -> Tensor:
    """Variance over axes, all by default; ``correction`` is subtracted from the number of elements."""
    return _spread(torch.var, x, axis, correction, keepdims)


def _spread(function: Callable, x: Tensor, axis: Any, correction: float, keepdims: builtins.bool) -> Tensor:
    axes = _axes(x, axis)
    if axes:
        return function(x, axes, correction=correction, keepdim=keepdims)
    return function(x.unsqueeze(-1), (-1,), correction=correction)


def all(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Whether all elements along axes are true (not zero)."""
    return _reduce(torch.all, torch.ne(x, 0), axis, keepdims)


def any(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Whether any element along axes is true (not zero)."""
    return _reduce(torch.any, torch.ne(x, 0), axis, keepdims)


def count_nonzero(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """How many elements along axes are not zero."""
    return _reduce(torch.sum, torch.ne(x, 0), axis, keepdims)


def cumulative_sum(
    x: Tensor,
    /,
    *,
    axis: Optional[int] = None,
    dtype: Optional[torch.dtype] = None,
    include_initial: builtins.bool = False,
) -> Tensor:
    """Sums of the first 1, 2, ... elements along an axis; of none as well with ``include_initial``."""
    return _cumulative("cumulative_sum", torch.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Tensor,
    /,
    *,
    axis: Optional[int] = None,
    dtype: Optional[torch.dtype] = None,
    include_initial: builtins.bool = False,
) -> Tensor:
    """Products of the first 1, 2, ... elements along an axis; of none as well with ``include_initial``."""
    return _cumulative("cumulative_prod", torch.cumprod, 1, x, axis, dtype, include_initial)


def _cumulative(
    name: str,
    function: Callable,
    initial: int,
    x: Tensor,
    axis: Optional[int],
    dtype: Optional[torch.dtype],
    include_initial: builtins.bool,
) -> Tensor:
    if x.ndim == 0 or (axis is None and x.ndim != 1):
        raise ValueError(f"{name}: axis must be given for an array of {x.ndim} dimensions; one of none has no axis")
    axis = 0 if axis is None else axis
    result = function(x, axis, dtype=sum_dtype(x, dtype))
    if not include_initial:
        return result
    shape = list(result.shape)
    shape[axis] = 1
    return torch.cat([result.new_full(shape, initial), result], axis)


def diff(
    x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Optional[Tensor] = None, append: Optional[Tensor] = None
) -> Tensor:
    """Differences of neighbours along an axis, ``n`` times over."""
    parts = promoted(*(part for part in (prepend, x, append) if part is not None))
    joined = torch.cat(parts, axis) if len(parts) > 1 else x
    return torch.diff(joined, n, axis)
