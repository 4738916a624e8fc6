"""Copies of batches in memory that a device can read directly."""

from __future__ import annotations

from collections import abc
from typing import Any

import torch


def pin_memory(data: Any, device: Any = None) -> Any:
    """Return ``data`` with all tensors in it, at any depth, in pinned memory."""
    if isinstance(data, torch.Tensor):
        return data.pin_memory()
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, abc.Mapping):
        values = {key: pin_memory(value, device) for key, value in data.items()}
        return _rebuilt(data, values)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(pin_memory(value, device) for value in data))
    if isinstance(data, abc.Sequence):
        return _rebuilt(data, [pin_memory(value, device) for value in data])
    return data


def _rebuilt(like: Any, values: Any) -> Any:
    try:
        return type(like)(values)
    except TypeError:
        return values
