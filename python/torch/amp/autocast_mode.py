"""``torch.autocast``, which can be switched off only, and the state functions of it in ``torch``."""

from __future__ import annotations

import functools
from typing import Any, Callable, Optional

import torch

__all__ = ["autocast", "is_autocast_available"]

_DEFAULT_TYPES = {"cpu": torch.bfloat16, "cuda": torch.float16}


def is_autocast_available(device_type: str) -> bool:
    """False: no device computes in mixed precision yet."""
    torch.device(device_type)
    return False


class autocast:
    """Mixed precision is not supported: RuntimeError's subclass NotImplementedError unless ``enabled`` is False.

    Args:
        device_type: "cpu" or "cuda".
        dtype: the type of lower precision.
        enabled: False makes the block run as it is.
        cache_enabled: of no meaning while nothing is converted.
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
        self.device = torch.device(device_type).type
        if enabled and not (self.device == "cuda" and not torch.cuda.is_available()):
            raise NotImplementedError(
                "torch.autocast: mixed precision is not supported yet; convert the model with .to(torch.bfloat16)"
            )
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return run


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """False: nothing is converted.

    Example:

        >>> torch.is_autocast_enabled("cpu")
        False
    """
    torch.device(device_type)
    return False


def is_autocast_cpu_enabled() -> bool:
    """False: nothing is converted.

    Example:

        >>> torch.is_autocast_enabled("cpu")
        False
    """
    return False


def get_autocast_dtype(device_type: str) -> torch.dtype:
    """The type of lower precision of a device.

    Example:

        >>> torch.get_autocast_dtype("cpu")
        torch.bfloat16
    """
    kind = torch.device(device_type).type
    if kind not in _DEFAULT_TYPES:
        raise RuntimeError(f"unsupported scalarType for device type {kind}")
    return _DEFAULT_TYPES[kind]


def get_autocast_cpu_dtype() -> torch.dtype:
    """The type of lower precision of the CPU.

    Example:

        >>> torch.get_autocast_dtype("cpu")
        torch.bfloat16
    """
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> torch.dtype:
    """The type of lower precision of CUDA.

    Example:

        >>> torch.get_autocast_dtype("cuda")
        torch.float16
    """
    return get_autocast_dtype("cuda")
