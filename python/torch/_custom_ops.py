"""Older names of :mod:`torch.library`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from torch import library
from torch._library.fake_impl import get_ctx as get_ctx

__all__ = ["custom_op", "get_ctx", "impl", "impl_abstract", "impl_backward", "impl_save_for_backward"]


def custom_op(qualname: str, func_or_schema: Any = None) -> Any:
    """Defines an operator from a schema, or from a function whose annotations give it."""
    if isinstance(func_or_schema, str):
        library.define(qualname, func_or_schema)
        return None

    def define(function: Callable[..., Any]) -> Callable[..., Any]:
        library.define(qualname, library.infer_schema(function, mutates_args=()))
        return function

    return define if func_or_schema is None else define(func_or_schema)


def impl(qualname: str, *, device_types: Any = ("cpu", "cuda"), func: Optional[Callable[..., Any]] = None) -> Any:
    """Registers a function for kinds of device."""
    return library.impl(qualname, device_types, func)


def impl_abstract(qualname: str, *, func: Optional[Callable[..., Any]] = None) -> Any:
    """:func:`torch.library.register_fake`."""
    return library.register_fake(qualname, func)


def impl_save_for_backward(qualname: str, *, func: Any = None) -> Any:
    """Not supported: use :func:`torch.library.register_autograd`.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("impl_save_for_backward is not supported: use torch.library.register_autograd")


def impl_backward(qualname: str, output_differentiability: Any = None, *, func: Any = None) -> Any:
    """Not supported: use :func:`torch.library.register_autograd`.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("impl_backward is not supported: use torch.library.register_autograd")
