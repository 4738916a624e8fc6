"""Random tensors for tests."""

from __future__ import annotations

import math
from typing import Any, Optional, Union

import torch

_INTEGRAL = (torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32, torch.int64)


def _limits(dtype: torch.dtype, low: Optional[float], high: Optional[float]) -> tuple[float, float]:
    """The range asked for, else [-9, 9] ([0, 10) and [-9, 10) for integers), within what the dtype can hold."""
    if dtype is torch.bool:
        default_low, default_high, least, most = 0.0, 2.0, 0.0, 2.0
    elif dtype in _INTEGRAL:
        info = torch.iinfo(dtype)
        default_low, default_high = (-9.0 if dtype.is_signed else 0.0), 10.0
        least, most = float(info.min), float(info.max) + (0 if dtype.itemsize == 8 else 1)
    else:
        real = {torch.complex64: torch.float32, torch.complex128: torch.float64}.get(dtype, dtype)
        default_low, default_high, least, most = -9.0, 9.0, torch.finfo(real).min, torch.finfo(real).max
    low = default_low if low is None else low
    high = default_high if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"make_tensor: low and high must not be NaN, got {low} and {high}")
    if low >= high:
        raise ValueError(f"make_tensor: low must be less than high, got {low} and {high}")
    return max(low, least), min(high, most)


def make_tensor(
    *shape: Union[int, torch.Size, list[int], tuple[int, ...]],
    dtype: torch.dtype,
    device: Any,
    low: Optional[float] = None,
    high: Optional[float] = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Optional[torch.memory_format] = None,
) -> torch.Tensor:
    """Tensor of random values drawn uniformly from [low, high).

    Args:
        shape: sizes, or one sequence of them.
        dtype: of the result.
        device: of the result.
        low: least value; -9 if not given (0 for unsigned integers and bool).
        high: values are less than this; 9 if not given (10 for integers, 2 for bool).
        requires_grad: whether gradients are recorded.
        noncontiguous: whether elements lie apart in memory.
        exclude_zero: replaces zeros by the smallest positive value (1 for integers).
        memory_format: of the result.

    Raises:
        ValueError: for an empty or invalid range, or for both noncontiguous and memory_format.
        RuntimeError: for gradients of integers.
    """
    sizes: Any = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    if noncontiguous and memory_format is not None:
        raise ValueError(
            f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, got {memory_format=}"
        )
    floating = dtype.is_floating_point or dtype.is_complex
    if requires_grad and not floating:
        raise ValueError(
            f"`requires_grad=True` is only supported for floating point and complex dtypes, but got {dtype=}"
        )
    least, most = _limits(dtype, low, high)
    # every second element of a longer tensor lies apart from its neighbours
    full = (*sizes[:-1], 2 * sizes[-1]) if noncontiguous and len(sizes) and math.prod(sizes) > 1 else tuple(sizes)
    if dtype.is_complex:
        real = torch.float32 if dtype is torch.complex64 else torch.float64
        result = torch.view_as_complex(torch.empty((*full, 2), dtype=real).uniform_(least, most))
    elif dtype.is_floating_point:
        result = torch.empty(full, dtype=torch.float64).uniform_(least, most).to(dtype)
    else:
        most = min(most, float(2**63 - 1024))  # as randint takes it
        result = torch.randint(math.ceil(least), math.ceil(most), full, dtype=torch.int64).to(dtype)
    result = result.to(device)
    if full != tuple(sizes):
        result = result[..., ::2]
    if memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        smallest = torch.finfo(dtype).tiny if floating else 1
        result[result == 0] = smallest
    return result.requires_grad_(requires_grad) if requires_grad else result
