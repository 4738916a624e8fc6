"""Context managers that are decorators as well: each call of a function, or step of a generator, has one of its own."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["context_decorator"]


def _wrap_generator(ctx_factory: Callable[[], Any], func: Callable[..., Any]) -> Callable[..., Any]:
    """A generator function whose body runs in the context, and whose caller does not."""

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        generator = func(*args, **kwargs)
        try:
            with ctx_factory():
                out = generator.send(None)
            while True:
                try:
                    given = yield out
                except GeneratorExit:
                    with ctx_factory():
                        generator.close()
                    raise
                except BaseException:
                    with ctx_factory():
                        out = generator.throw(*sys.exc_info())
                else:
                    with ctx_factory():
                        out = generator.send(given)
        except StopIteration as stop:
            return stop.value

    return run


def context_decorator(ctx: Any, func: Any) -> Any:
    """``func`` in a context: ``ctx`` is a context manager, or a function that gives one for each call.

    A class gets it around ``__init__`` of its instances, with a warning; a generator function around each step.
    """
    if callable(ctx) and hasattr(ctx, "__enter__"):
        raise AssertionError(
            f"Passed in {ctx} is both callable and also a valid context manager (has __enter__), making it ambiguous "
            "which interface to use.  If you intended to pass a context manager factory, rewrite your call as "
            "context_decorator(lambda: ctx()); if you intended to pass a context manager directly, rewrite your call "
            "as context_decorator(lambda: ctx)"
        )
    factory = ctx if callable(ctx) else lambda: ctx
    if inspect.isclass(func):
        raise RuntimeError(
            "Cannot decorate classes; it is ambiguous whether or not only the constructor or all methods should have "
            "the context manager applied; additionally, decorating a class at definition-site will prevent use of the "
            "identifier as a conventional type.  To specify which methods to decorate, decorate each of them "
            "individually."
        )
    if inspect.isgeneratorfunction(func):
        return _wrap_generator(factory, func)

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        with factory():
            return func(*args, **kwargs)

    return run


class _DecoratorContextManager:
    """Base of context managers that can be used as decorators; ``clone`` gives one for each call."""

    def __call__(self, orig_func: Any) -> Any:
        if inspect.isclass(orig_func):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
                "the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
            setattr(orig_func, "__init__", context_decorator(self.clone, orig_func.__init__))  # noqa: B010
            return orig_func
        return context_decorator(self.clone, orig_func)

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> Any:
        raise NotImplementedError

    def clone(self) -> Any:
        """A fresh one, for a call."""
        return self.__class__()


class _NoParamDecoratorContextManager(_DecoratorContextManager):
    """The same for context managers without arguments, which decorate without brackets too."""

    def __new__(cls, orig_func: Any = None) -> Any:
        if orig_func is None:
            return super().__new__(cls)
        return cls()(orig_func)
