"""The class of ``torch.__version__``: text that compares as a version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

__all__ = ["TorchVersion"]


class TorchVersion(str):
    """A version: compares with versions, texts and tuples of numbers by their order as versions."""

    def _as_version(self, other: Any) -> Any:
        from packaging.version import Version

        if isinstance(other, Version):
            return other
        if isinstance(other, str):
            return Version(other)
        if isinstance(other, Iterable):
            return Version(".".join(str(item) for item in other))
        raise TypeError(f"can't compare a version with {other!r}")

    def _compare(self, other: Any, compare: Callable[[Any, Any], bool], by_text: Callable[[str, Any], bool]) -> bool:
        try:
            from packaging.version import InvalidVersion
        except ImportError:
            return by_text(str(self), other)
        try:
            return compare(self._as_version(str(self)), self._as_version(other))
        except InvalidVersion:  # "parrot": as text
            return by_text(str(self), other)

    def __gt__(self, other: Any) -> bool:
        return self._compare(other, lambda a, b: a > b, str.__gt__)

    def __lt__(self, other: Any) -> bool:
        return self._compare(other, lambda a, b: a < b, str.__lt__)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, (str, Iterable)) and not hasattr(other, "release"):
            return False
        return self._compare(other, lambda a, b: a == b, str.__eq__)

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __ge__(self, other: Any) -> bool:
        return self._compare(other, lambda a, b: a >= b, str.__ge__)

    def __le__(self, other: Any) -> bool:
        return self._compare(other, lambda a, b: a <= b, str.__le__)

    def __hash__(self) -> int:
        return str.__hash__(self)
