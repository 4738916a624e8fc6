"""Context managers and decorators that say whether ops are recorded. They live in C++; decorating functions is done
here.

A decorated function runs each call in a fresh mode. Of generators, coroutines and asynchronous generators only the
own code runs in the mode, not that of whoever drives them between two steps.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from torch import _C

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]

no_grad = _C.no_grad
enable_grad = _C.enable_grad
set_grad_enabled = _C.set_grad_enabled
inference_mode = _C.inference_mode


def _steps(mode: Any, inner: Any) -> Generator[Any, Any, Any]:
    """Drives a generator or an awaitable's iterator, each of its steps in the mode."""
    send: Callable[..., Any] = inner.send if hasattr(inner, "send") else lambda _: next(inner)
    value: Any = None
    try:
        with mode.clone():
            item = send(None)
        while True:
            try:
                value = yield item
            except GeneratorExit:
                with mode.clone():
                    inner.close()
                raise
            except BaseException as error:
                with mode.clone():
                    item = inner.throw(error)
            else:
                with mode.clone():
                    item = send(value)
    except StopIteration as stop:
        return stop.value


class _Awaitable:
    def __init__(self, mode: Any, inner: Any) -> None:
        self.mode = mode
        self.inner = inner

    def __await__(self) -> Generator[Any, Any, Any]:
        return _steps(self.mode, self.inner.__await__())


def _decorate(mode: Any, function: Any) -> Any:
    """`function` with each call in a mode like `mode`."""
    if inspect.isclass(function):
        warnings.warn(
            f"Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
            f"functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
            f"the `__init__` method and nothing else: {function.__name__}",
            FutureWarning,
            stacklevel=3,
        )
        function.__init__ = _decorate(mode, function.__init__)  # type: ignore[method-assign]
        return function
    if not callable(function):
        raise TypeError(f"{type(mode).__name__} decorates functions, not {type(function).__name__}")

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from _steps(mode, function(*args, **kwargs)))

        return generator

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            inner = function(*args, **kwargs)
            try:
                item = await _Awaitable(mode, inner.__anext__())
                while True:
                    try:
                        value = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        item = await _Awaitable(mode, inner.athrow(error))
                    else:
                        item = await _Awaitable(mode, inner.asend(value))
            except StopAsyncIteration:
                return
            finally:
                await _Awaitable(mode, inner.aclose())

        return async_generator

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return await _Awaitable(mode, function(*args, **kwargs))

        return coroutine

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with mode.clone():
            return function(*args, **kwargs)

    return wrapper
