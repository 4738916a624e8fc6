"""A set that keeps the order in which its elements came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet, Reversible, Set as AbstractSet
from typing import Any, Optional, TypeVar

T = TypeVar("T")

__all__ = ["OrderedSet"]


class OrderedSet(MutableSet, Reversible):
    """A set in the order of insertion."""

    __slots__ = ("_dict",)

    def __init__(self, iterable: Optional[Iterable[T]] = None) -> None:
        self._dict: dict[Any, None] = dict.fromkeys(iterable if iterable is not None else ())

    @staticmethod
    def _from_dict(dict_inp: dict) -> OrderedSet:
        made: OrderedSet = OrderedSet()
        made._dict = dict_inp
        return made

    def __contains__(self, elem: object) -> bool:
        return elem in self._dict

    def __iter__(self) -> Iterator[Any]:
        return iter(self._dict)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def add(self, elem: Any) -> None:
        """Puts an element at the end, unless it is there."""
        self._dict[elem] = None

    def discard(self, elem: Any) -> None:
        """Takes an element out, if it is there."""
        self._dict.pop(elem, None)

    def clear(self) -> None:
        """Takes all elements out."""
        self._dict.clear()

    def pop(self) -> Any:
        """Takes the last element out."""
        if not self:
            raise KeyError("pop from an empty set")
        return self._dict.popitem()[0]

    def copy(self) -> OrderedSet:
        """A set of the same elements."""
        return OrderedSet._from_dict(self._dict.copy())

    def update(self, *others: Iterable[Any]) -> None:
        """Puts in what others have."""
        for other in others:
            self._dict.update(dict.fromkeys(other))

    def intersection(self, *others: Iterable[Any]) -> OrderedSet:
        """What all have."""
        sets = [other if isinstance(other, (AbstractSet, dict)) else set(other) for other in others]
        return OrderedSet(elem for elem in self if all(elem in other for other in sets))

    def difference(self, *others: Iterable[Any]) -> OrderedSet:
        """What none of the others has."""
        taken = set().union(*others)
        return OrderedSet(elem for elem in self if elem not in taken)

    def union(self, *others: Iterable[Any]) -> OrderedSet:
        """What any of them has."""
        made = self.copy()
        made.update(*others)
        return made

    def symmetric_difference(self, other: Iterable[Any]) -> OrderedSet:
        """What one of both has."""
        theirs = OrderedSet(other)
        return self.difference(theirs).union(theirs.difference(self))

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keeps what all have."""
        self._dict = self.intersection(*others)._dict

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Takes out what another has."""
        self._dict = self.difference(*others)._dict

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Keeps what one of both has."""
        self._dict = self.symmetric_difference(other)._dict

    def issubset(self, other: Iterable[Any]) -> bool:
        """Whether another has all of these."""
        return self <= set(other)

    def issuperset(self, other: Iterable[Any]) -> bool:
        """Whether all of another are here."""
        return all(elem in self for elem in other)

    def __sub__(self, other: AbstractSet) -> OrderedSet:
        return OrderedSet(elem for elem in self if elem not in other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"

    def __getstate__(self) -> list:
        return list(self._dict)

    def __setstate__(self, state: list) -> None:
        self._dict = dict.fromkeys(state)

    def __reduce__(self) -> Any:
        return OrderedSet, (list(self),)
