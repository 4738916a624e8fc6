"""Parameters as one vector."""

from __future__ import annotations

from collections.abc import Iterable

import torch

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return all elements of ``parameters`` in one vector, in their order."""
    params = list(parameters)
    for param in params:
        _check_device(param, params[0])
    return torch.cat([param.view(-1) for param in params])


def vector_to_parameters(vec: torch.Tensor, parameters: Iterable[torch.Tensor]) -> None:
    """Let each of ``parameters`` take its elements from ``vec``, of which they become views."""
    if not isinstance(vec, torch.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {vec.__class__.__qualname__}")
    params = list(parameters)
    start = 0
    for param in params:
        _check_device(param, params[0])
        size = param.numel()
        param.data = vec[start : start + size].view_as(param).data
        start += size


def _check_device(param: torch.Tensor, first: torch.Tensor) -> None:
    if param.device != first.device:
        raise TypeError(
            f"Found two parameters on different devices, this is currently not supported: "
            f"{first.device} and {param.device}"
        )
