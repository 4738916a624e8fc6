"""Base classes of data pipes: datasets whose further steps are methods."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Iterable, Iterator
from typing import Any, Callable, TypeVar

from torch.utils.data.dataset import Dataset, IterableDataset

__all__ = ["DataChunk", "DFIterDataPipe", "IterDataPipe", "MapDataPipe"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class _Registry:
    """What both kinds of pipes share: steps registered as methods, and how pipes are pickled and shown."""

    functions: dict[str, Callable] = {}
    reduce_ex_hook: Callable | None = None
    getstate_hook: Callable | None = None
    str_hook: Callable | None = None
    repr_hook: Callable | None = None

    def __getattr__(self, attribute_name: str) -> Any:
        if attribute_name in type(self).functions:
            function = functools.partial(type(self).functions[attribute_name], self)
            functools.update_wrapper(function, type(self).functions[attribute_name])
            return function
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{attribute_name}'")

    @classmethod
    def register_function(cls, function_name: str, function: Callable) -> None:
        """Makes a function of a pipe a method of all."""
        cls.functions[function_name] = function

    @classmethod
    def register_datapipe_as_function(
        cls, function_name: str, cls_to_register: Any, enable_df_api_tracing: bool = False
    ) -> None:
        """Makes a step a method of all pipes."""
        if function_name in cls.functions:
            raise Exception(f"Unable to add DataPipe function name {function_name} as it is already taken")

        def class_function(source_dp: Any, *args: Any, **kwargs: Any) -> Any:
            return cls_to_register(source_dp, *args, **kwargs)

        class_function.__name__ = function_name
        class_function.__doc__ = cls_to_register.__doc__
        cls.functions[function_name] = class_function

    def __getstate__(self) -> Any:
        hook = type(self).getstate_hook
        return self.__dict__ if hook is None else hook(self.__dict__)

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)

    def __reduce_ex__(self, protocol: Any) -> Any:
        hook = type(self).reduce_ex_hook
        if hook is not None:
            try:
                return hook(self)
            except NotImplementedError:
                pass
        return super().__reduce_ex__(protocol)

    @classmethod
    def set_getstate_hook(cls, hook_fn: Callable | None) -> None:
        """Sets what is pickled of pipes."""
        if cls.getstate_hook is not None and hook_fn is not None:
            raise RuntimeError("Attempt to override existing getstate_hook")
        cls.getstate_hook = None if hook_fn is None else staticmethod(hook_fn)  # type: ignore[assignment]

    @classmethod
    def set_reduce_ex_hook(cls, hook_fn: Callable | None) -> None:
        """Sets how pipes are reduced when they are pickled."""
        if cls.reduce_ex_hook is not None and hook_fn is not None:
            raise RuntimeError("Attempt to override existing reduce_ex_hook")
        cls.reduce_ex_hook = None if hook_fn is None else staticmethod(hook_fn)  # type: ignore[assignment]

    def __repr__(self) -> str:
        hook = type(self).repr_hook
        return str(type(self).__qualname__) if hook is None else hook(self)

    def __str__(self) -> str:
        hook = type(self).str_hook
        return str(type(self).__qualname__) if hook is None else hook(self)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *type(self).functions]


class IterDataPipe(_Registry, IterableDataset[_T_co]):
    """Base class of pipes that are iterated over. A subclass defines ``__iter__``.

    :meth:`reset` is called when an iteration begins.
    """

    functions: dict[str, Callable] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        iterate = cls.__dict__.get("__iter__")
        if iterate is None:
            return

        @functools.wraps(iterate)
        def begin(self: Any, *args: Any, **kwargs: Any) -> Iterator:
            if "reset" in dir(type(self)):
                self.reset()
            return iterate(self, *args, **kwargs)

        cls.__iter__ = begin  # type: ignore[method-assign]

    def reset(self) -> None:
        """Called when an iteration begins."""


class DFIterDataPipe(IterDataPipe):
    """Base class of pipes of data frames."""


class MapDataPipe(_Registry, Dataset[_T_co]):
    """Base class of pipes in which samples are found by a key. A subclass defines ``__getitem__``."""

    functions: dict[str, Callable] = {}


class _DataPipeSerializationWrapper:
    """Pickles a pipe as one piece of bytes."""

    def __init__(self, datapipe: Any) -> None:
        self._datapipe = datapipe

    def __getstate__(self) -> bytes:
        return pickle.dumps(self._datapipe)

    def __setstate__(self, state: bytes) -> None:
        self._datapipe = pickle.loads(state)

    def __len__(self) -> int:
        try:
            return len(self._datapipe)
        except Exception as error:
            raise TypeError(f"{type(self).__name__} instance doesn't have valid length") from error


class _IterDataPipeSerializationWrapper(_DataPipeSerializationWrapper, IterDataPipe):
    def __iter__(self) -> Iterator:
        yield from self._datapipe


class _MapDataPipeSerializationWrapper(_DataPipeSerializationWrapper, MapDataPipe):
    def __getitem__(self, idx: Any) -> Any:
        return self._datapipe[idx]


class DataChunk(list):
    """A batch as :meth:`IterDataPipe.batch` makes it."""

    def __init__(self, items: Iterable) -> None:
        items = list(items)
        super().__init__(items)
        self.items = items

    def as_str(self, indent: str = "") -> str:
        """The items in one line."""
        return indent + "[" + ", ".join(str(item) for item in iter(self)) + "]"

    def __iter__(self) -> Iterator:
        yield from super().__iter__()

    def raw_iterator(self) -> Iterator:
        """The items."""
        yield from self.items
