"""Searching, sorting and sets."""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple, Optional

import torch
from torch import Tensor
from torch._array_api._dtypes import promoted, result_type

__all__ = """argmax argmin argsort nonzero searchsorted sort unique_all unique_counts unique_inverse unique_values
where""".split()


def argmax(x: Tensor, /, *, axis: Optional[int] = None, keepdims: builtins.bool = False) -> Tensor:
    """Position of the first largest element along an axis, or in the flattened array."""
    return torch.argmax(x, axis, keepdims)


def argmin(x: Tensor, /, *, axis: Optional[int] = None, keepdims: builtins.bool = False) -> Tensor:
    """Position of the first smallest element along an axis, or in the flattened array."""
    return torch.argmin(x, axis, keepdims)


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """Positions of elements that are not zero, a vector for each dimension."""
    if x.ndim == 0:
        raise ValueError("nonzero: the array must have at least one dimension")
    return torch.nonzero(x, as_tuple=True)


def searchsorted(x1: Tensor, x2: Tensor, /, *, side: str = "left", sorter: Optional[Tensor] = None) -> Tensor:
    """Positions in a sorted vector at which values keep it sorted, before ("left") or after ("right") equal ones."""
    if sorter is not None:
        x1 = x1[sorter.to(torch.int64)]
    return torch.searchsorted(*promoted(x1.contiguous(), x2.contiguous()), side=side)


def where(condition: Tensor, x1: Any, x2: Any, /) -> Tensor:
    """Elements of one array where the condition holds, of another elsewhere; either may be a Python number."""
    if isinstance(x1, Tensor) or isinstance(x2, Tensor):
        dtype = result_type(x1, x2)
        x1, x2 = (x.to(dtype) if isinstance(x, Tensor) else torch.full((), x, dtype=dtype) for x in (x1, x2))
    return torch.where(condition, x1, x2)


def sort(x: Tensor, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Tensor:
    """Elements in order along an axis."""
    return torch.sort(x, dim=axis, descending=descending, stable=stable).values


def argsort(x: Tensor, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Tensor:
    """Positions that put the elements along an axis in order."""
    return torch.argsort(x, dim=axis, descending=descending, stable=stable)


class UniqueAllResult(NamedTuple):
    """Result of :func:`unique_all`."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCountsResult(NamedTuple):
    """Result of :func:`unique_counts`."""

    values: Tensor
    counts: Tensor


class UniqueInverseResult(NamedTuple):
    """Result of :func:`unique_inverse`."""

    values: Tensor
    inverse_indices: Tensor


def _unique(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distinct values in order, which one each element is, and how often each occurs."""
    if not x.is_complex():
        return torch.unique(x, return_inverse=True, return_counts=True)
    pairs = torch.view_as_real(x.resolve_conj()).reshape(-1, 2)
    if pairs.shape[0] == 0:
        none = torch.empty((0,), dtype=torch.int64, device=x.device)
        return x.reshape(-1), none.reshape(x.shape), none
    values, inverse, counts = torch.unique(pairs + 0.0, return_inverse=True, return_counts=True, dim=0)
    return torch.view_as_complex(values), inverse.reshape(x.shape), counts


def unique_all(x: Tensor, /) -> UniqueAllResult:
    """Distinct values, where each occurs first, which one each element is, and how often each occurs."""
    values, inverse, counts = _unique(x)
    first = torch.full(values.shape, x.numel(), dtype=torch.int64, device=x.device)
    positions = torch.arange(x.numel(), device=x.device)
    first = first.scatter_reduce(0, inverse.reshape(-1), positions, "amin")
    return UniqueAllResult(values, first, inverse, counts)


def unique_counts(x: Tensor, /) -> UniqueCountsResult:
    """Distinct values and how often each occurs."""
    return UniqueCountsResult(*_unique(x)[::2])


def unique_inverse(x: Tensor, /) -> UniqueInverseResult:
    """Distinct values and which one each element is."""
    return UniqueInverseResult(*_unique(x)[:2])


def unique_values(x: Tensor, /) -> Tensor:
    """Distinct values."""
    return _unique(x)[0]
