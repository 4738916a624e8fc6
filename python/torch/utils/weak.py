"""Dictionaries whose keys are known by identity and held weakly, for tensors, which compare element by element."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Optional

from torch import Tensor

__all__ = ["TensorWeakRef", "WeakIdKeyDictionary", "WeakIdRef", "WeakTensorKeyDictionary"]


class WeakIdRef(weakref.ref):
    """A weak reference that is equal to others of the same object, and to itself when the object is gone."""

    __slots__ = ["_id"]

    def __init__(self, key: Any, callback: Optional[Callable[..., Any]] = None) -> None:
        self._id = id(key)
        super().__init__(key, callback)  # type: ignore[call-arg]

    def __call__(self) -> Any:
        return super().__call__()

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        mine = self()
        theirs = other() if isinstance(other, weakref.ref) else None
        return mine is theirs if mine is not None and theirs is not None else self is other

    def __ne__(self, other: object) -> bool:
        return not self == other


class _WeakHashRef(weakref.ref):
    """A weak reference that compares by the value of its object, while that lives."""

    __slots__ = ["_id"]

    def __init__(self, key: Any, callback: Optional[Callable[..., Any]] = None) -> None:
        self._id = hash(key)
        super().__init__(key, callback)  # type: ignore[call-arg]

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        mine = self()
        theirs = other() if isinstance(other, weakref.ref) else None
        return mine == theirs if mine is not None and theirs is not None else self is other

    def __ne__(self, other: object) -> bool:
        return not self == other


class WeakIdKeyDictionary(MutableMapping):
    """A dictionary from objects, by identity, that forgets an entry when its key is gone.

    Args:
        dict: what it starts with.
        ref_type: the kind of weak reference. Default: :class:`WeakIdRef`
    """

    def __init__(self, dict: Any = None, ref_type: type = WeakIdRef) -> None:
        self.data: dict = {}
        self.ref_type = ref_type
        mine = weakref.ref(self)

        def remove(ref: Any) -> None:
            alive = mine()
            if alive is not None:
                alive.data.pop(ref, None)

        self._remove = remove
        if dict is not None:
            self.update(dict)

    def __getitem__(self, key: Any) -> Any:
        return self.data[self.ref_type(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.data[self.ref_type(key, self._remove)] = value

    def __delitem__(self, key: Any) -> None:
        del self.data[self.ref_type(key)]

    def __contains__(self, key: object) -> bool:
        try:
            return self.ref_type(key) in self.data
        except TypeError:
            return False

    def __len__(self) -> int:
        return sum(ref() is not None for ref in list(self.data))

    def __iter__(self) -> Iterator[Any]:
        for ref in list(self.data):
            key = ref()
            if key is not None:
                yield key

    keys = __iter__  # type: ignore[assignment]

    def items(self) -> Iterator[tuple[Any, Any]]:  # type: ignore[override]
        """Keys that live, with their values."""
        for ref, value in list(self.data.items()):
            key = ref()
            if key is not None:
                yield key, value

    def values(self) -> Iterator[Any]:  # type: ignore[override]
        """Values whose keys live."""
        return (value for _, value in self.items())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x}>"

    def keyrefs(self) -> list[Any]:
        """The weak references; their objects may be gone."""
        return list(self.data)

    def copy(self) -> WeakIdKeyDictionary:
        """A dictionary with the same keys and values."""
        made = WeakIdKeyDictionary(ref_type=self.ref_type)
        made.update(self.items())
        return made

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> WeakIdKeyDictionary:
        from copy import deepcopy

        made = type(self)()
        for key, value in self.items():
            made[key] = deepcopy(value, memo)
        return made

    def popitem(self) -> tuple[Any, Any]:
        """Takes an entry out."""
        while True:
            ref, value = self.data.popitem()
            key = ref()
            if key is not None:
                return key, value

    def pop(self, key: Any, *default: Any) -> Any:
        """Takes the value of a key out."""
        return self.data.pop(self.ref_type(key), *default)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or ``default``."""
        return self.data.get(self.ref_type(key), default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, which becomes ``default`` if there is none."""
        return self.data.setdefault(self.ref_type(key, self._remove), default)

    def update(self, dict: Any = None, **kwargs: Any) -> None:  # type: ignore[override]
        """Takes over the entries of another mapping, or of pairs."""
        for key, value in dict.items() if hasattr(dict, "items") else (dict or ()):
            self[key] = value
        for name, value in kwargs.items():
            self[name] = value

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, Mapping):
            return NotImplemented
        made = self.copy()
        made.update(other)
        return made

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self

    def __ror__(self, other: Any) -> Any:
        if not isinstance(other, Mapping):
            return NotImplemented
        made = self.__class__(ref_type=self.ref_type)
        made.update(other)
        made.update(self)
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return {id(k): v for k, v in self.items()} == {id(k): v for k, v in other.items()}

    __hash__ = None  # type: ignore[assignment]


WeakTensorKeyDictionary = WeakIdKeyDictionary


class TensorWeakRef:
    """A weak reference to a tensor."""

    def __init__(self, tensor: Tensor) -> None:
        if not isinstance(tensor, Tensor):
            raise AssertionError(f"expected torch.Tensor, got {type(tensor)}.")
        self.ref = weakref.ref(tensor)

    def __call__(self) -> Optional[Tensor]:
        return self.ref()
