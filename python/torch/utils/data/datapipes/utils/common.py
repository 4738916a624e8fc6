"""What several data pipes need."""

from __future__ import annotations

import fnmatch
import os
import warnings
from collections.abc import Iterator
from typing import Any, Callable

DILL_AVAILABLE = False

__all__ = ["StreamWrapper", "get_file_pathnames_from_root", "match_masks", "validate_input_col"]


def _check_unpickable_fn(fn: Callable) -> None:
    """Warns about functions that cannot go to a spawned worker."""
    if not callable(fn):
        raise TypeError(f"A callable function is expected, but {type(fn)} is provided.")
    inner = getattr(fn, "func", fn)  # functools.partial
    if getattr(inner, "__name__", "") == "<lambda>":
        warnings.warn(
            "Lambda function is not supported by pickle, please use regular python function or functools.partial "
            "instead.",
            stacklevel=4,
        )
    elif "<locals>" in getattr(inner, "__qualname__", "") and not hasattr(inner, "__self__"):
        warnings.warn(
            "Local function is not supported by pickle, please use regular python function or functools.partial "
            "instead.",
            stacklevel=4,
        )


def validate_input_col(fn: Callable, input_col: Any) -> None:
    """ValueError where ``fn`` cannot take as many arguments as ``input_col`` names."""
    import inspect

    try:
        signature = inspect.signature(fn)
    except (ValueError, TypeError):
        return  # built in: nothing is known
    count = len(input_col) if isinstance(input_col, (list, tuple)) else 1
    try:
        signature.bind(*range(count))
    except TypeError as error:
        name = getattr(fn, "__name__", repr(fn))
        raise ValueError(f"The function {name} cannot be called with {count} column(s) of a sample: {error}") from None


def match_masks(name: str, masks: str | list[str]) -> bool:
    """Whether a name fits one of the patterns; an empty one fits all."""
    if not masks:
        return True
    return any(fnmatch.fnmatch(name, mask) for mask in ([masks] if isinstance(masks, str) else masks))


def get_file_pathnames_from_root(
    root: str, masks: str | list[str], recursive: bool = False, abspath: bool = False, non_deterministic: bool = False
) -> Iterator[str]:
    """Paths of the files below a folder whose names fit, in the order of their names unless ``non_deterministic``."""
    if os.path.isfile(root):
        path = os.path.abspath(root) if abspath else root
        if match_masks(os.path.basename(path), masks):
            yield path
        return

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, files in os.walk(root, onerror=fail):
        if abspath:
            folder = os.path.abspath(folder)
        if not non_deterministic:
            files.sort()
        for name in files:
            if match_masks(name, masks):
                yield os.path.join(folder, name)
        if not recursive:
            return
        if not non_deterministic:
            folders.sort()


class StreamWrapper:
    """A file that is closed with the last reference to it."""

    def __init__(self, file_obj: Any, parent_stream: Any = None, name: str | None = None) -> None:
        self.file_obj = file_obj
        self.parent_stream = parent_stream
        self.name = name
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["file_obj"], name)

    def close(self, *args: Any, **kwargs: Any) -> None:
        """Closes the file."""
        self.closed = True
        self.file_obj.close(*args, **kwargs)

    def __iter__(self) -> Iterator:
        yield from self.file_obj

    def __next__(self) -> Any:
        return next(self.file_obj)

    def __enter__(self) -> StreamWrapper:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"StreamWrapper<{self.file_obj!r}>"
            if self.name is None
            else f"StreamWrapper<{self.name},{self.file_obj!r}>"
        )

    def __del__(self) -> None:
        if not self.closed:
            self.close()
