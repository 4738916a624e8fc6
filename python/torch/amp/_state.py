"""What autocast is told for each kind of device, and the functions in ``torch`` that say and set it.

The state of the CPU and of CUDA devices lives in the compiled core, where operators see it. Other devices, of which
there are none here, only remember what they are told, thread by thread.
"""

from __future__ import annotations

import threading
import warnings
from typing import Any, Callable, Optional, Union

import torch
from torch import _C

_DEFAULT_DTYPES = {
    "hpu": torch.bfloat16,
    "ipu": torch.float16,
    "maia": torch.bfloat16,
    "mps": torch.float16,
    "mtia": torch.bfloat16,
    "privateuseone": torch.float16,
    "xla": torch.bfloat16,
    "xpu": torch.float16,
}
_WITHOUT = {"fpga", "hip", "ideep", "lazy", "meta", "mkldnn", "opencl", "opengl", "ve", "vulkan"}


class _Others(threading.local):
    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}
        self.dtypes = dict(_DEFAULT_DTYPES)


_others = _Others()


def _kind(device_type: Any) -> str:
    """The name of a kind of device that autocast may be asked about."""
    if not isinstance(device_type, str):
        raise TypeError(f"device_type must be str, not {type(device_type).__name__}")
    if device_type not in ("cpu", "cuda") and device_type not in _DEFAULT_DTYPES and device_type not in _WITHOUT:
        kinds = ", ".join(["cpu", *sorted(_DEFAULT_DTYPES.keys() | {"cuda"} | _WITHOUT)])
        raise RuntimeError(f"Expected one of {kinds} device type at start of device string: {device_type}")
    return device_type


def is_autocast_available(device_type: str) -> bool:
    """Whether a kind of device has autocast regions."""
    return _kind(device_type) not in _WITHOUT


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether operators on a kind of device convert their operands now.

    Example:

        >>> torch.is_autocast_enabled("cpu")
        False
    """
    if device_type == "cpu":
        return _C._autocast_cpu_enabled()
    if device_type == "cuda":
        return _C._autocast_cuda_enabled()
    return _others.enabled.get(_kind(device_type), False)


def set_autocast_enabled(device_type: Union[str, bool] = "cuda", enabled: Optional[bool] = None) -> None:
    """``set_autocast_enabled(device_type, enabled)``: switches conversion on or off. With ``enabled`` alone: for CUDA.

    Example:

        >>> torch.set_autocast_enabled("cpu", False)
        >>> torch.is_autocast_enabled("cpu")
        False
    """
    alone = isinstance(device_type, bool) and enabled is None
    on = device_type if alone else enabled
    kind = "cuda" if alone else _kind(device_type)
    if not isinstance(on, bool):
        raise TypeError("set_autocast_enabled() takes device_type (a string) and enabled (a bool)")
    if kind == "cpu":
        _C._autocast_set_cpu_enabled(on)
    elif kind == "cuda":
        _C._autocast_set_cuda_enabled(on)
    else:
        _others.enabled[kind] = on


def get_autocast_dtype(device_type: str) -> torch.dtype:
    """What operators on a kind of device compute in inside a region.

    Example:

        >>> torch.get_autocast_dtype("cpu")
        torch.bfloat16
    """
    if device_type == "cpu":
        return _C._autocast_cpu_dtype()
    if device_type == "cuda":
        return _C._autocast_cuda_dtype()
    if _kind(device_type) in _WITHOUT:
        raise RuntimeError("unsupported scalarType: there is no autocast for device type " + device_type)
    return _others.dtypes[device_type]


def set_autocast_dtype(device_type: str, dtype: torch.dtype) -> None:
    """Sets what operators on a kind of device compute in inside a region.

    Example:

        >>> torch.set_autocast_dtype("cpu", torch.float16)
        >>> torch.get_autocast_dtype("cpu")
        torch.float16
        >>> torch.set_autocast_dtype("cpu", torch.bfloat16)
    """
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype must be a torch.dtype, not {type(dtype).__name__}")
    if _kind(device_type) == "cpu":
        _C._autocast_set_cpu_dtype(dtype)
    elif device_type == "cuda":
        _C._autocast_set_cuda_dtype(dtype)
    else:
        _others.dtypes[device_type] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether converted parameters are kept until the outermost region ends.

    Example:

        >>> torch.is_autocast_cache_enabled()
        True
    """
    return _C._autocast_cache_enabled()


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Sets whether converted parameters are kept until the outermost region ends.

    Example:

        >>> torch.set_autocast_cache_enabled(True)
    """
    _C._autocast_set_cache_enabled(enabled)


def autocast_increment_nesting() -> int:
    """Enters a region, as ``torch.autocast`` does; returns how many are open.

    Example:

        >>> torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()
        (1, 0)
    """
    return _C._autocast_enter()


def autocast_decrement_nesting() -> int:
    """Leaves a region, as ``torch.autocast`` does; returns how many are still open.

    Example:

        >>> torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()
        (1, 0)
    """
    return _C._autocast_leave()


def clear_autocast_cache() -> None:
    """Forgets converted parameters.

    Example:

        >>> torch.clear_autocast_cache()
    """
    _C._autocast_clear_cache()


def _deprecated(name: str, instead: str) -> None:
    warnings.warn(f"torch.{name} is deprecated. Please use torch.{instead} instead.", DeprecationWarning, stacklevel=3)


_OLDER = """The older form of ``{}``.

    Example:

        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     {}
    """


def _of_kind(short: str, kind: str) -> dict[str, Callable[..., Any]]:
    """The older functions of one kind of device."""

    def is_enabled() -> bool:
        _deprecated(f"is_autocast_{short}_enabled()", f"is_autocast_enabled('{kind}')")
        return is_autocast_enabled(kind)

    def set_enabled(enabled: bool) -> None:
        _deprecated(f"set_autocast_{short}_enabled(enabled)", f"set_autocast_enabled('{kind}', enabled)")
        set_autocast_enabled(kind, enabled)

    def get_dtype() -> torch.dtype:
        _deprecated(f"get_autocast_{short}_dtype()", f"get_autocast_dtype('{kind}')")
        return get_autocast_dtype(kind)

    def set_dtype(dtype: torch.dtype) -> None:
        _deprecated(f"set_autocast_{short}_dtype(dtype)", f"set_autocast_dtype('{kind}', dtype)")
        set_autocast_dtype(kind, dtype)

    stems: dict[str, tuple[Callable[..., Any], str, str]] = {
        f"is_autocast_{short}_enabled": (is_enabled, f"is_autocast_enabled('{kind}')", "print({}())\n        False"),
        f"set_autocast_{short}_enabled": (set_enabled, f"set_autocast_enabled('{kind}', enabled)", "{}(False)"),
        f"get_autocast_{short}_dtype": (get_dtype, f"get_autocast_dtype('{kind}')", "dtype = {}()"),
        f"set_autocast_{short}_dtype": (
            set_dtype,
            f"set_autocast_dtype('{kind}', dtype)",
            f"{{}}(torch.get_autocast_dtype('{kind}'))",
        ),
    }
    for name, (function, newer, shown) in stems.items():
        function.__name__ = function.__qualname__ = name
        function.__doc__ = _OLDER.format(newer, shown.format(f"torch.{name}"))
    return {name: function for name, (function, _, _) in stems.items()}


for _short, _long in (("cpu", "cpu"), ("gpu", "cuda"), ("ipu", "ipu"), ("xla", "xla")):
    globals().update(_of_kind(_short, _long))
del is_autocast_gpu_enabled, set_autocast_gpu_enabled  # type: ignore[name-defined]  # noqa: F821
