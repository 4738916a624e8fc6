"""Functions that make arrays."""

from __future__ import annotations

import builtins
import math
from typing import Any, Optional

import torch
from torch import Tensor
from torch._array_api._dtypes import default_real

__all__ = """arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu
zeros zeros_like""".split()


def _shape(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Optional[builtins.bool] = None) -> Tensor:
    """An array of a number, nested sequences, an array or a buffer; shares memory where it can unless ``copy=True``."""
    return torch.asarray(obj, dtype=dtype, device=device, copy=copy)


def from_dlpack(x: Any, /, *, device: Any = None, copy: Optional[builtins.bool] = None) -> Tensor:
    """An array over the memory of another library's, or a copy of it."""
    return torch.from_dlpack(x, device=device, copy=copy)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Optional[torch.dtype] = None, device: Any = None
) -> Tensor:
    """Numbers from ``start`` (0 if it is the only one) up to ``stop`` in steps; none if the step leads away."""
    if stop is None:
        start, stop = 0, start
    if dtype is None:
        whole = all(isinstance(x, int) for x in (start, stop, step))
        dtype = torch.int64 if whole else default_real()
    if step != 0 and math.copysign(1, step) * (stop - start) <= 0:
        return torch.empty((0,), dtype=dtype, device=device)
    return torch.arange(start, stop, step, dtype=dtype, device=device)


def empty(shape: Any, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array whose values are whatever was in memory."""
    return torch.empty(_shape(shape), dtype=dtype, device=device)


def zeros(shape: Any, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of zeros."""
    return torch.zeros(_shape(shape), dtype=dtype, device=device)


def ones(shape: Any, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of ones."""
    return torch.ones(_shape(shape), dtype=dtype, device=device)


def full(shape: Any, fill_value: Any, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of one number, whose kind gives the dtype."""
    return torch.full(_shape(shape), fill_value, dtype=dtype, device=device)


def empty_like(x: Tensor, /, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of the shape of another, its values being whatever was in memory."""
    return torch.empty_like(x, dtype=dtype, device=device)


def zeros_like(x: Tensor, /, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of zeros of the shape of another."""
    return torch.zeros_like(x, dtype=dtype, device=device)


def ones_like(x: Tensor, /, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of ones of the shape of another."""
    return torch.ones_like(x, dtype=dtype, device=device)


def full_like(x: Tensor, /, fill_value: Any, *, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
    """An array of one number of the shape of another."""
    return torch.full_like(x, fill_value, dtype=dtype, device=device)


def eye(
    n_rows: int, n_cols: Optional[int] = None, /, *, k: int = 0, dtype: Optional[torch.dtype] = None, device: Any = None
) -> Tensor:
    """A matrix with ones on the ``k``-th diagonal and zeros elsewhere."""
    n_cols = n_rows if n_cols is None else n_cols
    result = torch.zeros((n_rows, n_cols), dtype=dtype, device=device)
    if -n_rows < k < n_cols:
        torch.diagonal(result, k).fill_(1)
    return result


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Optional[torch.dtype] = None,
    device: Any = None,
    endpoint: builtins.bool = True,
) -> Tensor:
    """``num`` numbers at equal distances from ``start`` to ``stop``, which is left out without ``endpoint``."""
    if endpoint:
        return torch.linspace(start, stop, num, dtype=dtype, device=device)
    return torch.linspace(start, stop, num + 1, dtype=dtype, device=device)[:num]


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinates of the points of a grid over vectors; "xy" swaps the first two dimensions."""
    return tuple(torch.meshgrid(*arrays, indexing=indexing)) if arrays else ()


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The lower triangle of matrices, the ``k``-th diagonal included; zeros elsewhere."""
    return torch.tril(x, k)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The upper triangle of matrices, the ``k``-th diagonal included; zeros elsewhere."""
    return torch.triu(x, k)
