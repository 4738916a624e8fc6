"""The kinds of nodes of trees, and the steps of paths; part of :mod:`torch.utils._pytree`."""

from __future__ import annotations

import dataclasses
import threading
import warnings
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Optional, Protocol

FlattenFn = Callable[[Any], tuple[list[Any], Any]]
UnflattenFn = Callable[[Iterable[Any], Any], Any]
ToDumpableContextFn = Callable[[Any], Any]
FromDumpableContextFn = Callable[[Any], Any]
FlattenWithKeysFn = Callable[[Any], tuple[list[tuple[Any, Any]], Any]]


# ---------------------------------------------------------------- keys of paths


class KeyEntry(Protocol):
    """One step of a path from the root to a leaf."""

    def __hash__(self) -> int: ...

    def __eq__(self, other: object) -> bool: ...

    def __str__(self) -> str: ...

    def get(self, parent: Any) -> Any:
        """The child that the step leads to."""


@dataclasses.dataclass(frozen=True)
class SequenceKey:
    """Step to an item of a sequence."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        """The item."""
        return sequence[self.idx]


@dataclasses.dataclass(frozen=True)
class MappingKey:
    """Step to a value of a mapping."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        """The value."""
        return mapping[self.key]


@dataclasses.dataclass(frozen=True)
class GetAttrKey:
    """Step to an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        """The attribute's value."""
        return getattr(obj, self.name)


KeyPath = tuple[KeyEntry, ...]


def keystr(kp: Iterable[Any]) -> str:
    """A path as it would be written in Python: ``['a'][0].x``."""
    return "".join(str(key) for key in kp)


def key_get(obj: Any, kp: Iterable[Any]) -> Any:
    """What a path leads to from ``obj``."""
    for key in kp:
        obj = key.get(obj)
    return obj


# ---------------------------------------------------------------- kinds of nodes


class NodeDef(NamedTuple):
    """How instances of a class are taken apart and put together."""

    type: Any
    flatten_fn: FlattenFn
    unflatten_fn: UnflattenFn
    flatten_with_keys_fn: Optional[FlattenWithKeysFn]


class _SerializeNodeDef(NamedTuple):
    typ: Any
    serialized_type_name: str
    to_dumpable_context: Optional[ToDumpableContextFn]
    from_dumpable_context: Optional[FromDumpableContextFn]


@dataclasses.dataclass(frozen=True)
class ConstantNode:
    """Context of a constant: the object itself."""

    value: Any


NO_SERIALIZED_TYPE_NAME_FOUND = "NO_SERIALIZED_TYPE_NAME_FOUND"
SUPPORTED_NODES: dict[Any, NodeDef] = {}
SUPPORTED_SERIALIZED_TYPES: dict[Any, _SerializeNodeDef] = {}
SERIALIZED_TYPE_TO_PYTHON_TYPE: dict[str, Any] = {}
CONSTANT_NODES: set[type] = set()
BUILTIN_TYPES = frozenset({tuple, list, dict, namedtuple, OrderedDict, defaultdict, deque})
STANDARD_DICT_TYPES = frozenset({dict, OrderedDict, defaultdict})
_NODE_REGISTRY_LOCK = threading.RLock()


def is_namedtuple(obj: Any) -> bool:
    """Whether an object or a class is a named tuple."""
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


def is_namedtuple_class(cls: type) -> bool:
    """Whether a class is one of named tuples."""
    if not isinstance(cls, type) or not issubclass(cls, tuple):
        return False
    fields = getattr(cls, "_fields", None)
    return (
        isinstance(fields, tuple)
        and all(type(field) is str for field in fields)
        and callable(getattr(cls, "_make", None))
        and callable(getattr(cls, "_asdict", None))
    )


def is_namedtuple_instance(obj: object) -> bool:
    """Whether an object is a named tuple."""
    return is_namedtuple_class(type(obj))


_is_namedtuple_instance = is_namedtuple_instance


def is_structseq(obj: Any) -> bool:
    """Whether an object or a class is a struct sequence, as the named results of operators are."""
    return is_structseq_class(obj if isinstance(obj, type) else type(obj))


def is_structseq_class(cls: type) -> bool:
    """Whether a class is one of struct sequences: tuples with named items, made in C."""
    return (
        isinstance(cls, type)
        and cls.__bases__ == (tuple,)
        and all(isinstance(getattr(cls, name, None), int) for name in ("n_fields", "n_sequence_fields"))
        and isinstance(getattr(cls, "n_unnamed_fields", None), int)
    )


def is_structseq_instance(obj: object) -> bool:
    """Whether an object is a struct sequence."""
    return is_structseq_class(type(obj))


def _is_operator_result(cls: type) -> bool:
    return cls.__module__ == "torch.return_types" and issubclass(cls, tuple)


def _get_node_type(tree: Any) -> Any:
    """The entry of SUPPORTED_NODES that stands for an object's class."""
    cls = type(tree)
    if cls in SUPPORTED_NODES:
        return cls
    if issubclass(cls, tuple):
        if is_namedtuple_class(cls):
            return namedtuple
        if _is_operator_result(cls):  # made by C++ when needed, hence entered when seen
            _enter(cls, _tuple_flatten, lambda values, context: cls(values), _tuple_flatten_with_keys)
    return cls


def _enter(
    cls: Any, flatten: Any, unflatten: Any, with_keys: Any, name: Any = None, to: Any = None, back: Any = None
) -> None:
    """Enters a class in the tables."""
    with _NODE_REGISTRY_LOCK:
        if cls in SUPPORTED_NODES:
            raise ValueError(f"{cls} is already registered as pytree node.")
        if (to is None) != (back is None):
            raise ValueError(
                f"Both to_dumpable_context and from_dumpable_context for {cls} must be None or registered."
            )
        name = NO_SERIALIZED_TYPE_NAME_FOUND if name is None else name
        SUPPORTED_NODES[cls] = NodeDef(cls, flatten, unflatten, with_keys)
        SUPPORTED_SERIALIZED_TYPES[cls] = _SerializeNodeDef(cls, name, to, back)
        SERIALIZED_TYPE_TO_PYTHON_TYPE[name] = cls


def register_pytree_node(
    cls: type[Any],
    flatten_fn: FlattenFn,
    unflatten_fn: UnflattenFn,
    *,
    serialized_type_name: Optional[str] = None,
    to_dumpable_context: Optional[ToDumpableContextFn] = None,
    from_dumpable_context: Optional[FromDumpableContextFn] = None,
    flatten_with_keys_fn: Optional[FlattenWithKeysFn] = None,
) -> None:
    """Makes a class a kind of node.

    Args:
        cls: the class; its subclasses stay leaves.
        flatten_fn: from an instance to the list of its children and a context, which says what else it holds.
        unflatten_fn: from children and context to an instance.
        serialized_type_name: name of the class in :func:`treespec_dumps`.
        to_dumpable_context: from a context to what :mod:`json` can write.
        from_dumpable_context: the way back.
        flatten_with_keys_fn: as ``flatten_fn`` with pairs of key and child; needed for paths.
    """
    _enter(
        cls,
        flatten_fn,
        unflatten_fn,
        flatten_with_keys_fn,
        serialized_type_name,
        to_dumpable_context,
        from_dumpable_context,
    )


_private_register_pytree_node = register_pytree_node


def _register_pytree_node(
    cls: type[Any],
    flatten_fn: FlattenFn,
    unflatten_fn: UnflattenFn,
    to_str_fn: Any = None,
    maybe_from_str_fn: Any = None,
    *,
    serialized_type_name: Optional[str] = None,
    to_dumpable_context: Optional[ToDumpableContextFn] = None,
    from_dumpable_context: Optional[FromDumpableContextFn] = None,
    flatten_with_keys_fn: Optional[FlattenWithKeysFn] = None,
) -> None:
    """Deprecated name of :func:`register_pytree_node`."""
    warnings.warn(
        "`torch.utils._pytree._register_pytree_node` is deprecated. "
        "Please use `torch.utils._pytree.register_pytree_node` instead.",
        FutureWarning,
        stacklevel=2,
    )
    if to_str_fn is not None or maybe_from_str_fn is not None:
        warnings.warn(
            "`to_str_fn` and `maybe_from_str_fn` is deprecated. Please use `to_dumpable_context` and "
            "`from_dumpable_context` instead.",
            FutureWarning,
            stacklevel=2,
        )
    _enter(
        cls,
        flatten_fn,
        unflatten_fn,
        flatten_with_keys_fn,
        serialized_type_name,
        to_dumpable_context,
        from_dumpable_context,
    )


def _deregister_pytree_node(cls: type[Any]) -> None:
    """Takes a class out of the tables."""
    with _NODE_REGISTRY_LOCK:
        del SUPPORTED_NODES[cls]
        node = SUPPORTED_SERIALIZED_TYPES.pop(cls)
        SERIALIZED_TYPE_TO_PYTHON_TYPE.pop(node.serialized_type_name, None)
        CONSTANT_NODES.discard(cls)


def register_dataclass(
    cls: type[Any],
    *,
    field_names: Optional[list[str]] = None,
    drop_field_names: Optional[list[str]] = None,
    serialized_type_name: Optional[str] = None,
) -> None:
    """Makes a dataclass a kind of node whose children are its fields; fields that are None count as absent.

    Args:
        cls: the class; another one than a dataclass needs ``field_names``, the arguments of its constructor.
        field_names: fields that are children.
        drop_field_names: fields that are neither children nor kept.
        serialized_type_name: name of the class in :func:`treespec_dumps`.
    """
    dropped = drop_field_names or []
    if dataclasses.is_dataclass(cls):
        own = [field.name for field in dataclasses.fields(cls) if field.init]
        if field_names is None:
            field_names = [name for name in own if name not in dropped]
        elif (found := set(field_names) | set(dropped)) != set(own):
            raise ValueError(
                f"{cls} fields expected to be {sorted(own)}, but got {sorted(found)} from `field_names` and "
                "`drop_field_names`."
            )
    elif field_names is None:
        raise ValueError(
            f"field_names must be specified with a list of all fields used to initialize {cls}, "
            "as it is not a dataclass."
        )
    children = list(field_names)

    def with_keys(obj: Any) -> tuple[list[Any], Any]:
        given = [(name, value) for name in children if (value := getattr(obj, name)) is not None]
        names = [name for name, _ in given]
        return [(GetAttrKey(name), value) for name, value in given], [names, [n for n in children if n not in names]]

    def flatten(obj: Any) -> tuple[list[Any], Any]:
        pairs, context = with_keys(obj)
        return [value for _, value in pairs], context

    def unflatten(values: Iterable[Any], context: Any) -> Any:
        names, absent = context
        return cls(**dict(zip(names, values)), **dict.fromkeys(absent))

    _enter(cls, flatten, unflatten, with_keys, serialized_type_name)


def register_constant(cls: type[Any]) -> None:
    """Makes instances of a class constants: nodes without children, equal in structure where they are equal."""
    if cls.__eq__ is object.__eq__:
        raise TypeError("register_constant(cls) expects `cls` to have a non-default `__eq__` implementation.")
    if cls.__hash__ is None:
        raise TypeError("register_constant(cls) expects `cls` to have a non-default `__hash__` implementation.")

    def flatten(obj: Any) -> tuple[list[Any], Any]:
        return [], ConstantNode(obj)

    _enter(cls, flatten, lambda values, context: context.value, flatten)
    CONSTANT_NODES.add(cls)


def is_constant_class(cls: type[Any]) -> bool:
    """Whether :func:`register_constant` was called for a class."""
    return isinstance(cls, type) and cls in CONSTANT_NODES


# ---------------------------------------------------------------- the kinds that are there from the start


def _tuple_flatten(d: Any) -> tuple[list[Any], Any]:
    return list(d), None


def _tuple_flatten_with_keys(d: Any) -> tuple[list[Any], Any]:
    return [(SequenceKey(i), value) for i, value in enumerate(d)], None


def _tuple_unflatten(values: Iterable[Any], context: Any) -> tuple[Any, ...]:
    return tuple(values)


_list_flatten, _list_flatten_with_keys = _tuple_flatten, _tuple_flatten_with_keys


def _list_unflatten(values: Iterable[Any], context: Any) -> list[Any]:
    return list(values)


def _dict_flatten(d: Any) -> tuple[list[Any], Any]:
    return list(d.values()), list(d)


def _dict_flatten_with_keys(d: Any) -> tuple[list[Any], Any]:
    return [(MappingKey(key), value) for key, value in d.items()], list(d)


def _dict_unflatten(values: Iterable[Any], context: Any) -> dict[Any, Any]:
    return dict(zip(context, values))


_ordereddict_flatten = _odict_flatten = _dict_flatten
_ordereddict_flatten_with_keys = _dict_flatten_with_keys


def _ordereddict_unflatten(values: Iterable[Any], context: Any) -> OrderedDict[Any, Any]:
    return OrderedDict(zip(context, values))


_odict_unflatten = _ordereddict_unflatten


def _defaultdict_flatten(d: Any) -> tuple[list[Any], Any]:
    values, keys = _dict_flatten(d)
    return values, [d.default_factory, keys]


def _defaultdict_flatten_with_keys(d: Any) -> tuple[list[Any], Any]:
    pairs, keys = _dict_flatten_with_keys(d)
    return pairs, [d.default_factory, keys]


def _defaultdict_unflatten(values: Iterable[Any], context: Any) -> defaultdict[Any, Any]:
    factory, keys = context
    return defaultdict(factory, zip(keys, values))


def _defaultdict_serialize(context: Any) -> Any:
    factory, keys = context
    return {
        "default_factory_module": factory.__module__,
        "default_factory_name": factory.__qualname__,
        "dict_context": keys,
    }


def _defaultdict_deserialize(dumpable_context: Any) -> Any:
    import importlib

    module = importlib.import_module(dumpable_context["default_factory_module"])
    return [getattr(module, dumpable_context["default_factory_name"]), dumpable_context["dict_context"]]


def _namedtuple_flatten(d: Any) -> tuple[list[Any], Any]:
    return list(d), type(d)


def _namedtuple_flatten_with_keys(d: Any) -> tuple[list[Any], Any]:
    return [(GetAttrKey(name), value) for name, value in zip(d._fields, d)], type(d)


def _namedtuple_unflatten(values: Iterable[Any], context: Any) -> Any:
    return context(*values)


def _namedtuple_serialize(context: Any) -> Any:
    if context not in SUPPORTED_SERIALIZED_TYPES:
        raise NotImplementedError(
            f"Can't serialize TreeSpec of namedtuple class {context} because we didn't register a "
            "serializated_type_name. Please register using `_register_namedtuple`."
        )
    name = SUPPORTED_SERIALIZED_TYPES[context].serialized_type_name
    if name == NO_SERIALIZED_TYPE_NAME_FOUND:
        raise NotImplementedError(
            f"No registered serialization name for {context} found. "
            "Please update your _register_namedtuple call with a `serialized_type_name` kwarg."
        )
    return name


def _namedtuple_deserialize(dumpable_context: Any) -> Any:
    if dumpable_context not in SERIALIZED_TYPE_TO_PYTHON_TYPE:
        raise NotImplementedError(
            f"Can't deserialize TreeSpec of namedtuple class {dumpable_context} because we couldn't find a "
            "serializated name."
        )
    return SERIALIZED_TYPE_TO_PYTHON_TYPE[dumpable_context]


def _register_namedtuple(cls: type[Any], *, serialized_type_name: str) -> None:
    """Gives a class of named tuples, which are nodes anyway, a name in :func:`treespec_dumps`."""
    SUPPORTED_SERIALIZED_TYPES[cls] = _SerializeNodeDef(cls, serialized_type_name, None, None)
    SERIALIZED_TYPE_TO_PYTHON_TYPE[serialized_type_name] = cls


def _deque_flatten(d: Any) -> tuple[list[Any], Any]:
    return list(d), d.maxlen


def _deque_flatten_with_keys(d: Any) -> tuple[list[Any], Any]:
    return _tuple_flatten_with_keys(d)[0], d.maxlen


def _deque_unflatten(values: Iterable[Any], context: Any) -> deque[Any]:
    return deque(values, maxlen=context)


_enter(tuple, _tuple_flatten, _tuple_unflatten, _tuple_flatten_with_keys, "builtins.tuple")
_enter(list, _list_flatten, _list_unflatten, _list_flatten_with_keys, "builtins.list")
_enter(dict, _dict_flatten, _dict_unflatten, _dict_flatten_with_keys, "builtins.dict")
_enter(
    namedtuple,
    _namedtuple_flatten,
    _namedtuple_unflatten,
    _namedtuple_flatten_with_keys,
    "collections.namedtuple",
    _namedtuple_serialize,
    _namedtuple_deserialize,
)
_enter(
    OrderedDict,
    _ordereddict_flatten,
    _ordereddict_unflatten,
    _ordereddict_flatten_with_keys,
    "collections.OrderedDict",
)
_enter(
    defaultdict,
    _defaultdict_flatten,
    _defaultdict_unflatten,
    _defaultdict_flatten_with_keys,
    "collections.defaultdict",
    _defaultdict_serialize,
    _defaultdict_deserialize,
)
_enter(deque, _deque_flatten, _deque_unflatten, _deque_flatten_with_keys, "collections.deque")


def _enter_size() -> None:
    from torch import Size

    _enter(Size, _tuple_flatten, lambda values, context: Size(values), _tuple_flatten_with_keys, "torch.Size")


_enter_size()
