"""Decorators of data pipes."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable

from torch.utils.data.datapipes.datapipe import IterDataPipe, MapDataPipe

__all__ = [
    "argument_validation",
    "functional_datapipe",
    "guaranteed_datapipes_determinism",
    "non_deterministic",
    "runtime_validation",
    "runtime_validation_disabled",
]


class functional_datapipe:
    """Makes a class of pipes a method of all pipes.

    Args:
        name: of the method.
    """

    def __init__(self, name: str, enable_df_api_tracing: bool = False) -> None:
        self.name = name

    def __call__(self, cls: Any) -> Any:
        if not isinstance(cls, type):
            raise TypeError("`functional_datapipe` can only decorate a class")
        if issubclass(cls, IterDataPipe):
            IterDataPipe.register_datapipe_as_function(self.name, cls)
        elif issubclass(cls, MapDataPipe):
            MapDataPipe.register_datapipe_as_function(self.name, cls)
        else:
            # a function in the clothes of a class, whose __new__ gives pipes
            if "__new__" not in cls.__dict__:
                raise TypeError("`functional_datapipe` can only decorate IterDataPipe and MapDataPipe")
            IterDataPipe.register_datapipe_as_function(self.name, cls)
        return cls


_determinism = False


class guaranteed_datapipes_determinism:
    """Context in which no pipe may be made whose order is by chance."""

    def __init__(self) -> None:
        global _determinism
        self.prev = _determinism
        _determinism = True

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: Any) -> None:
        global _determinism
        _determinism = self.prev


class non_deterministic:
    """Marks a class of pipes whose order is by chance; with a function, only where that returns True.

    Args:
        arg: the class, or a function of the arguments that the pipe is made with.
    """

    def __init__(self, arg: Any) -> None:
        self.cls = arg if isinstance(arg, type) else None
        if self.cls is None and not callable(arg):
            raise TypeError(f"{arg} can not be decorated by non_deterministic")
        self.deterministic_fn = None if self.cls is not None else arg

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.cls is not None:
            if _determinism:
                raise TypeError(
                    f"{self.cls.__name__} is non-deterministic, but you set 'guaranteed_datapipes_determinism'"
                )
            return self.cls(*args, **kwargs)
        self.cls = args[0]
        return self._checked

    def _checked(self, *args: Any, **kwargs: Any) -> Any:
        if _determinism and self.deterministic_fn(*args, **kwargs):  # type: ignore[misc]
            raise TypeError(f"{self.cls.__name__} is non-deterministic with the given arguments")  # type: ignore[union-attr]
        return self.cls(*args, **kwargs)  # type: ignore[misc]


def argument_validation(f: Callable) -> Callable:
    """Checks that arguments annotated as pipes are pipes."""
    from typing import get_type_hints

    @wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        import inspect

        try:
            hints = get_type_hints(f)
        except Exception:
            hints = {}
        bound = inspect.signature(f).bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            hint = hints.get(name)
            hint = getattr(hint, "__origin__", hint)
            if isinstance(hint, type) and issubclass(hint, (IterDataPipe, MapDataPipe)) and not isinstance(value, hint):
                raise TypeError(f"Expected argument '{name}' as a {hint.__name__}, but found {type(value)}")
        return f(*args, **kwargs)

    return wrapper


_runtime_validation_enabled = True


class runtime_validation_disabled:
    """Context without the checks of :func:`runtime_validation`."""

    def __init__(self) -> None:
        global _runtime_validation_enabled
        self.prev = _runtime_validation_enabled
        _runtime_validation_enabled = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: Any) -> None:
        global _runtime_validation_enabled
        _runtime_validation_enabled = self.prev


def runtime_validation(f: Callable) -> Callable:
    """Checks what ``__iter__`` yields against the element type of the class, where that is a plain class."""

    @wraps(f)
    def wrapper(self: Any) -> Any:
        expected: Any = None
        for base in getattr(type(self), "__orig_bases__", ()):
            arguments = getattr(base, "__args__", ())
            if arguments and isinstance(arguments[0], type):
                expected = arguments[0]
        for item in f(self):
            if _runtime_validation_enabled and expected is not None and not isinstance(item, expected):
                raise RuntimeError(f"Expected an instance as subtype of {expected}, but found {item}({type(item)})")
            yield item

    return wrapper
