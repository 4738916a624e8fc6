"""What :func:`torch.save` and :func:`torch.load` do where their arguments leave it open.

``load.mmap``, ``load.mmap_flags`` and ``load.endianness`` are the defaults of mapping files and of the byte order of
files that do not say theirs; ``save.compute_crc32`` and ``save.storage_alignment`` say what is written. Changed by
assignment, or for a block by :func:`patch`.

Example:

    >>> from torch.utils.serialization import config
    >>> with config.patch({"save.storage_alignment": 4096}):
    ...     config.save.storage_alignment
    4096
    >>> config.save.storage_alignment
    64
"""

from __future__ import annotations

import contextlib
import mmap
from typing import Any, Optional, Union

__all__ = ["load", "patch", "save"]


class _Section:
    """Settings under fixed names."""

    def __init__(self, name: str, **values: Any) -> None:
        self.__dict__.update(values)
        self._name = name

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "_name" and name not in self.__dict__:
            raise AttributeError(f"{__name__}.{self._name}.{name} does not exist")
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{__name__}.{self._name}.{name} does not exist")


# calculate_storage_offsets and use_pinned_memory_for_d2h only save time, and not here: places of storages come from the
# file's directory, and there is no device to copy from.
load = _Section(
    "load",
    mmap=False,
    mmap_flags=getattr(mmap, "MAP_PRIVATE", None),
    endianness=None,
    calculate_storage_offsets=False,
)
save = _Section("save", compute_crc32=True, storage_alignment=64, use_pinned_memory_for_d2h=False)


class patch(contextlib.ContextDecorator):  # noqa: N801 (a function to its users)
    """Context manager and decorator with other settings, one by name and value or several in a dict."""

    def __init__(self, changes: Union[str, dict[str, Any], None] = None, value: Any = None, **more: Any) -> None:
        named = {changes: value} if isinstance(changes, str) else dict(changes or {})
        self._changes = {**named, **more}
        self._before: list[dict[str, Any]] = []

    @staticmethod
    def _place(name: str) -> tuple[_Section, str]:
        section, _, setting = name.partition(".")
        found: Optional[_Section] = {"load": load, "save": save}.get(section)
        if found is None or not setting:
            raise AttributeError(f"{__name__}.{name} does not exist")
        getattr(found, setting)
        return found, setting

    def _set(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            section, setting = self._place(name)
            setattr(section, setting, value)

    def __enter__(self) -> None:
        self._before.append({name: getattr(*self._place(name)) for name in self._changes})
        self._set(self._changes)

    def __exit__(self, *exc: object) -> None:
        self._set(self._before.pop())
