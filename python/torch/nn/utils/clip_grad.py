"""Limits for gradients."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import torch

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grads_with_norm_", "clip_grad_value_", "get_total_norm"]


def _as_list(parameters: Any) -> list[torch.Tensor]:
    return [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)


@torch.no_grad()
def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> torch.Tensor:
    """Return the norm of all ``tensors`` taken together as one vector.

    Args:
        tensors: a tensor or an iterable of them.
        norm_type: the p of the norm; ``inf`` for the largest absolute value. Default: 2
        error_if_nonfinite: raise where the result is NaN or infinite. Default: ``False``
        foreach: accepted for compatibility; the result does not depend on it.
    """
    tensors = _as_list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return torch.tensor(0.0)
    device = tensors[0].device
    norms = [t.norm(norm_type).to(device) for t in tensors]
    total = torch.stack(norms).norm(norm_type)
    if error_if_nonfinite and not bool(torch.isfinite(total)):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


@torch.no_grad()
def clip_grads_with_norm_(
    parameters: Any, max_norm: float, total_norm: torch.Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients of ``parameters`` by ``min(1, max_norm / (total_norm + 1e-6))``, in place.

    Args:
        parameters: a tensor or an iterable of them; those without a gradient are left out.
        max_norm: the largest norm allowed.
        total_norm: the norm that the gradients have.
        foreach: accepted for compatibility; the result does not depend on it.
    """
    grads = [p.grad for p in _as_list(parameters) if p.grad is not None]
    # Multiplying by a factor limited to 1, also where it is 1, needs no look at its value.
    factor = torch.clamp(float(max_norm) / (total_norm + 1e-6), max=1.0)
    for grad in grads:
        grad.mul_(factor.to(grad.device))


@torch.no_grad()
def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> torch.Tensor:
    """Scale the gradients of ``parameters`` such that their common norm is at most ``max_norm``, in place.

    Args:
        parameters: a tensor or an iterable of them; those without a gradient are left out.
        max_norm: the largest norm allowed.
        norm_type: the p of the norm; ``inf`` for the largest absolute value. Default: 2
        error_if_nonfinite: raise where the norm is NaN or infinite. Default: ``False``
        foreach: accepted for compatibility; the result does not depend on it.

    Returns:
        the norm before scaling.
    """
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    else:
        is_generator = not isinstance(parameters, (list, tuple)) and iter(parameters) is parameters
        parameters = list(parameters)
        if is_generator and not parameters:
            warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3)
    grads = [p.grad for p in parameters if p.grad is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> torch.Tensor:
    """Deprecated name of :func:`clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@torch.no_grad()
def clip_grad_value_(
    parameters: Iterable[torch.Tensor] | torch.Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Limit each element of the gradients to ``[-clip_value, clip_value]``, in place.

    Args:
        parameters: a tensor or an iterable of them; those without a gradient are left out.
        clip_value: the limit.
        foreach: accepted for compatibility; the result does not depend on it.
    """
    clip_value = float(clip_value)
    for param in _as_list(parameters):
        if param.grad is not None:
            param.grad.clamp_(min=-clip_value, max=clip_value)
