"""Regions in which operators choose the precision they compute in."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any, Callable, Optional

import torch
from torch.amp._state import (
    autocast_decrement_nesting,
    autocast_increment_nesting,
    clear_autocast_cache,
    get_autocast_dtype,
    is_autocast_available,
    is_autocast_cache_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)

__all__ = ["autocast", "autocast_decorator", "custom_bwd", "custom_fwd", "is_autocast_available"]


def autocast_decorator(autocast_instance: Any, func: Callable[..., Any]) -> Callable[..., Any]:
    """``func`` with each call in the region."""

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        with autocast_instance:
            return func(*args, **kwargs)

    run.__script_unsupported = "@autocast() decorator is not supported in script mode"  # type: ignore[attr-defined]
    return run


class autocast:
    """A region in which matrix products, convolutions and the like compute in half precision. Also a decorator.

    Products take bfloat16 or float16 operands and give such results; losses, transforms, decompositions and others that
    lose too much by it take float32; ``cat``, ``stack`` and ``index_copy`` take the widest of their operands; what is
    left computes in what it is given. The operators are those of PyTorch. float64 stays as it is, and in-place and
    ``out=`` forms convert nothing. Parameters are converted once in a region, which may be nested, also with
    ``enabled=False``. Losses go outside for ``backward``, which computes in what forward computed in.

    Args:
        device_type: the kind of device: "cpu"; with "cuda" and without such a device the region warns and does nothing.
        dtype: bfloat16 (the CPU's default) or float16.
        enabled: ``False`` makes the region compute in what it is given.
        cache_enabled: whether converted parameters are kept until the outermost region ends. Default: ``True``

    Example:

        >>> with torch.autocast("cpu"):
        ...     product = torch.ones(2, 2) @ torch.ones(2, 2)
        ...     total = product.sum()
        >>> product.dtype
        torch.bfloat16
    """

    def __init__(
        self,
        device_type: str,
        dtype: Optional[torch.dtype] = None,
        enabled: bool = True,
        cache_enabled: Optional[bool] = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self.device = device_type
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        if enabled and device_type == "cuda" and not torch.cuda.is_available():
            warnings.warn("CUDA is not available. Disabling autocast.", stacklevel=2)
            enabled = False
        if enabled and device_type == "cpu" and self.fast_dtype not in (torch.bfloat16, torch.float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> Any:
        self.prev_cache_enabled = is_autocast_cache_enabled()
        self.prev = is_autocast_enabled(self.device)
        self.prev_fastdtype = get_autocast_dtype(self.device)
        set_autocast_enabled(self.device, self._enabled)
        set_autocast_dtype(self.device, self.fast_dtype)
        autocast_increment_nesting()
        set_autocast_cache_enabled(self._cache_enabled)
        return self

    def __exit__(self, *exception: object) -> Any:
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        set_autocast_enabled(self.device, self.prev)
        set_autocast_dtype(self.device, self.prev_fastdtype)
        set_autocast_cache_enabled(self.prev_cache_enabled)
        return False

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return autocast_decorator(self, func)


def _enter_autocast(*args: Any) -> autocast:
    """Opens a region that :func:`_exit_autocast` closes."""
    mode = autocast(*args)
    mode.__enter__()
    return mode


def _exit_autocast(mode: autocast) -> None:
    mode.__exit__(None, None, None)


def _cast(value: Any, device_type: str, dtype: torch.dtype) -> Any:
    """``value`` with the floating tensors of a kind of device in it converted, but those of float64."""
    if isinstance(value, torch.Tensor):
        eligible = value.is_floating_point() and value.device.type == device_type and value.dtype != torch.float64
        return value.to(dtype) if eligible else value
    if isinstance(value, (str, bytes)):
        return value
    if isinstance(value, Mapping):
        return {_cast(k, device_type, dtype): _cast(v, device_type, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        items = (_cast(v, device_type, dtype) for v in value)
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def custom_fwd(
    fwd: Optional[Callable[..., Any]] = None, *, device_type: str, cast_inputs: Optional[torch.dtype] = None
) -> Any:
    """Decorator of ``forward`` of a :class:`torch.autograd.Function` for use in autocast regions.

    Args:
        fwd: the method.
        device_type: the kind of device.
        cast_inputs: what floating tensors among the arguments are converted to inside a region, in which the method
            then runs with autocast off. ``None``: it runs in the region as it is.
    """
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def run(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        inside = is_autocast_enabled(device_type)
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = inside and cast_inputs is None
        if cast_inputs is None or not inside:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_cast(args, device_type, cast_inputs), **_cast(kwargs, device_type, cast_inputs))

    return run


def custom_bwd(bwd: Optional[Callable[..., Any]] = None, *, device_type: str) -> Any:
    """Decorator of ``backward`` that goes with :func:`custom_fwd`: autocast is on as it was in ``forward``."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def run(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return run
