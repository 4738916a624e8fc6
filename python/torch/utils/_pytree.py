"""Trees of Python containers: taking them apart into leaves and a description of the structure, and putting them together.

A *node* is an instance of a class in :data:`SUPPORTED_NODES`: list, tuple, dict, named tuple, OrderedDict, defaultdict,
deque, the named results of operators, and what :func:`register_pytree_node` adds. Everything else, None included, is a leaf.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import types
import warnings
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple, Optional, Protocol, TypeVar

__all__ = [
    "Context",
    "DumpableContext",
    "FlattenFn",
    "FromDumpableContextFn",
    "LeafSpec",
    "PyTree",
    "PyTreeSpec",
    "ToDumpableContextFn",
    "TreeSpec",
    "UnflattenFn",
    "is_namedtuple",
    "is_namedtuple_class",
    "is_namedtuple_instance",
    "is_structseq",
    "is_structseq_class",
    "is_structseq_instance",
    "key_get",
    "keystr",
    "register_pytree_node",
    "tree_all",
    "tree_all_only",
    "tree_any",
    "tree_any_only",
    "tree_flatten",
    "tree_flatten_with_path",
    "tree_is_leaf",
    "tree_iter",
    "tree_leaves",
    "tree_leaves_with_path",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_map_only_",
    "tree_map_with_path",
    "tree_structure",
    "tree_unflatten",
    "treespec_dict",
    "treespec_dumps",
    "treespec_leaf",
    "treespec_loads",
    "treespec_pprint",
    "treespec_tuple",
]

T = TypeVar("T")
K = TypeVar("K")
Context = Any
PyTree = Any
DumpableContext = Any
FlattenFn = Callable[[Any], tuple[list[Any], Any]]
UnflattenFn = Callable[[Iterable[Any], Any], Any]
ToDumpableContextFn = Callable[[Any], Any]
FromDumpableContextFn = Callable[[Any], Any]
FlattenWithKeysFn = Callable[[Any], tuple[list[tuple[Any, Any]], Any]]
FlattenFunc, UnflattenFunc, FlattenWithKeysFunc = FlattenFn, UnflattenFn, FlattenWithKeysFn


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


def _enter(cls: Any, flatten: Any, unflatten: Any, with_keys: Any, name: Any = None, to: Any = None, back: Any = None) -> None:
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
    return [(SequenceKey(i), value) for i, value in enumerate(d)], d.maxlen


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


# ---------------------------------------------------------------- descriptions of structures


def _hashable(context: Any) -> Hashable:
    if isinstance(context, (list, tuple)):
        return tuple(_hashable(item) for item in context)
    try:
        hash(context)
    except TypeError:
        return type(context)
    return context


class TreeSpec:
    """The structure of a tree: the node's class, its context, and the specs of its children. Immutable."""

    __slots__ = ("_children", "_context", "num_children", "num_leaves", "num_nodes", "type")

    type: Any
    num_nodes: int
    num_leaves: int
    num_children: int

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]) -> None:  # noqa: A002
        self.type = type
        self._context = context
        self._children = children_specs
        self.num_children = len(children_specs)
        if type is None:
            self.num_leaves = self.num_nodes = 1
        else:
            self.num_leaves = sum(child.num_leaves for child in children_specs)
            self.num_nodes = 1 + sum(child.num_nodes for child in children_specs)

    @property
    def context(self) -> Any:
        """What the node holds besides its children."""
        return self._context

    @property
    def children_specs(self) -> list[TreeSpec]:
        """Deprecated: see :meth:`children`."""
        warnings.warn(
            "`treespec.children_specs` is deprecated. Use `treespec.child(index)` to access a single child, "
            "or `treespec.children()` to get all children.",
            FutureWarning,
            stacklevel=2,
        )
        return self._children

    def children(self) -> list[TreeSpec]:
        """Specs of the children."""
        return self._children.copy()

    def child(self, index: int) -> TreeSpec:
        """Spec of one child."""
        return self._children[index]

    def is_leaf(self) -> bool:
        """Whether the tree is a single leaf."""
        return self.type is None

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """Takes apart a tree that has this structure at its top; what it has in place of a leaf stays whole."""
        subtrees: list[Any] = []
        self._collect(tree, subtrees)
        return subtrees

    def _collect(self, tree: Any, subtrees: list[Any]) -> None:
        if self.type is None:
            subtrees.append(tree)
            return
        for child, subtree in zip(self._children, self._children_of(tree)):
            child._collect(subtree, subtrees)

    def _children_of(self, tree: Any) -> list[Any]:
        """The children of a tree whose root must be a node like this one, in the order of this one."""
        node_type = _get_node_type(tree)
        if self.type in STANDARD_DICT_TYPES and node_type in STANDARD_DICT_TYPES:  # dicts of any kind match by key
            keys = self._context[1] if self.type is defaultdict else self._context
            if len(tree) != self.num_children:
                self._wrong("arity", self.num_children, len(tree))
            if missing := set(keys).difference(tree):
                extra = set(tree).difference(keys)
                raise ValueError(
                    "Node keys mismatch" + f"; missing key(s): {missing}" + (f"; extra key(s): {extra}." if extra else ".")
                )
            return [tree[key] for key in keys]
        if node_type is not self.type:
            self._wrong("type", self.type, node_type if self.type in SUPPORTED_NODES else type(tree))
        children, context = SUPPORTED_NODES[node_type].flatten_fn(tree)
        if len(children) != self.num_children:
            self._wrong("arity", self.num_children, len(children))
        if context != self._context:
            if self.type is deque:  # the bound is no part of the structure
                return children
            self._wrong("context", self._context, context)
        return children

    def _wrong(self, what: str, expected: Any, got: Any) -> None:
        raise ValueError(f"Node {what} mismatch; expected {expected!r}, but got {got!r}.")

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Puts a tree of this structure together from its leaves."""
        if not isinstance(leaves, (list, tuple)):
            leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree "
                f"that holds {self.num_leaves} items ({self})."
            )
        return self._build(iter(leaves))

    def _build(self, leaves: Any) -> Any:
        if self.type is None:
            return next(leaves)
        return SUPPORTED_NODES[self.type].unflatten_fn([child._build(leaves) for child in self._children], self._context)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (
            self.type is other.type
            and self.num_leaves == other.num_leaves
            and self._context == other._context
            and self._children == other._children
        )

    def __hash__(self) -> int:
        return hash((self.type, _hashable(self._context), tuple(self._children)))

    def __reduce__(self) -> Any:
        return TreeSpec, (self.type, self._context, self._children)

    def __repr__(self, indent: int = 0) -> str:
        if self.type is None:
            return "*"
        inner = indent + 2
        children = (",\n" + " " * inner).join(child.__repr__(inner) for child in self._children)
        return f"TreeSpec({self.type.__name__}, {self._context!r}, [{children}])"

    __str__ = __repr__


PyTreeSpec = TreeSpec


class _LeafSpecMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TreeSpec) and instance.is_leaf()


class LeafSpec(TreeSpec, metaclass=_LeafSpecMeta):
    """The structure of a single leaf."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, None, [])

    def __reduce__(self) -> Any:
        return LeafSpec, ()


_LEAF_SPEC = LeafSpec()


def treespec_leaf() -> LeafSpec:
    """The structure of a single leaf."""
    return _LEAF_SPEC


def treespec_tuple(iterable: Iterable[TreeSpec] = (), /) -> TreeSpec:
    """The structure of a tuple of trees."""
    children = list(iterable)
    if any(not isinstance(child, TreeSpec) for child in children):
        raise ValueError(f"Expected a tuple of TreeSpecs, got: {children!r}.")
    return TreeSpec(tuple, None, children)


def treespec_dict(mapping: Any = (), /, **kwargs: TreeSpec) -> TreeSpec:
    """The structure of a dict of trees."""
    specs = dict(mapping, **kwargs)
    if any(not isinstance(child, TreeSpec) for child in specs.values()):
        raise ValueError(f"Expected a dictionary of TreeSpecs, got: {specs!r}.")
    return TreeSpec(dict, list(specs), list(specs.values()))


# ---------------------------------------------------------------- taking apart and putting together

_IsLeaf = Optional[Callable[[Any], bool]]


def tree_is_leaf(tree: Any, is_leaf: _IsLeaf = None) -> bool:
    """Whether an object is a leaf: no node, or one that ``is_leaf`` calls a leaf."""
    return (is_leaf is not None and is_leaf(tree)) or _get_node_type(tree) not in SUPPORTED_NODES


def _is_leaf(tree: Any, is_leaf: _IsLeaf = None) -> bool:
    warnings.warn(
        "torch.utils._pytree._is_leaf is private and will be removed in a future release. "
        "Please use torch.utils._pytree.tree_is_leaf instead.",
        FutureWarning,
        stacklevel=2,
    )
    return tree_is_leaf(tree, is_leaf)


def _flatten(tree: Any, leaves: list[Any], is_leaf: _IsLeaf) -> TreeSpec:
    node_type = _get_node_type(tree)
    node = SUPPORTED_NODES.get(node_type)
    if node is None or (is_leaf is not None and is_leaf(tree)):
        leaves.append(tree)
        return _LEAF_SPEC
    children, context = node.flatten_fn(tree)
    return TreeSpec(node_type, context, [_flatten(child, leaves, is_leaf) for child in children])


def tree_flatten(tree: Any, is_leaf: _IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, left to right, and its structure.

    Args:
        tree: any object.
        is_leaf: called with each subtree; where it returns True, the subtree counts as a leaf.
    """
    leaves: list[Any] = []
    spec = _flatten(tree, leaves, is_leaf)
    return leaves, spec


def _require_spec(treespec: Any) -> None:
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"Expected `treespec` to be an instance of PyTreeSpec but got item of type {type(treespec)}."
        )


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The inverse of :func:`tree_flatten`."""
    _require_spec(treespec)
    return treespec.unflatten(leaves)


def tree_iter(tree: Any, is_leaf: _IsLeaf = None) -> Iterable[Any]:
    """Iterates over the leaves."""
    if tree_is_leaf(tree, is_leaf):
        yield tree
        return
    for child in SUPPORTED_NODES[_get_node_type(tree)].flatten_fn(tree)[0]:
        yield from tree_iter(child, is_leaf)


def tree_leaves(tree: Any, is_leaf: _IsLeaf = None) -> list[Any]:
    """The leaves of a tree."""
    return list(tree_iter(tree, is_leaf))


def tree_structure(tree: Any, is_leaf: _IsLeaf = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def arg_tree_leaves(*args: Any, **kwargs: Any) -> list[Any]:
    """The leaves of all arguments of a call."""
    return tree_leaves([args, kwargs])


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf = None) -> Any:
    """A tree of ``func(leaf, *leaves of the others)``; the others must have the structure of ``tree`` at their top."""
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves, *(spec.flatten_up_to(rest) for rest in rests)]
    return spec.unflatten([func(*row) for row in zip(*columns)])


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf = None) -> Any:
    """Calls ``func`` as :func:`tree_map` does, for its effect; returns ``tree`` itself."""
    leaves, spec = tree_flatten(tree, is_leaf)
    for row in zip(leaves, *(spec.flatten_up_to(rest) for rest in rests)):
        func(*row)
    return tree


def _predicate(type_or_types_or_pred: Any) -> Callable[[Any], bool]:
    union = getattr(types, "UnionType", ())
    if isinstance(type_or_types_or_pred, (type, tuple, *([union] if union else []))):
        return lambda leaf: isinstance(leaf, type_or_types_or_pred)
    if callable(type_or_types_or_pred):
        return type_or_types_or_pred
    raise TypeError("Argument must be a type, a tuple of types, or a callable.")


def map_only(type_or_types_or_pred: Any, /) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Decorator: the function is applied to objects of the types, others are returned as they are."""
    applies = _predicate(type_or_types_or_pred)

    def decorate(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(func)
        def mapped(leaf: Any) -> Any:
            return func(leaf) if applies(leaf) else leaf

        return mapped

    return decorate


def tree_map_only(type_or_types_or_pred: Any, /, func: Any, tree: Any, is_leaf: _IsLeaf = None) -> Any:
    """:func:`tree_map` over the leaves of some types, or for which a predicate holds; others stay."""
    return tree_map(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_map_only_(type_or_types_or_pred: Any, /, func: Any, tree: Any, is_leaf: _IsLeaf = None) -> Any:
    """:func:`tree_map_` over the leaves of some types, or for which a predicate holds."""
    return tree_map_(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: _IsLeaf = None) -> bool:
    """Whether the predicate holds for all leaves."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: _IsLeaf = None) -> bool:
    """Whether the predicate holds for some leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(type_or_types: Any, /, pred: Callable[[Any], bool], tree: Any, is_leaf: _IsLeaf = None) -> bool:
    """Whether the predicate holds for all leaves of some types."""
    return all(pred(leaf) for leaf in tree_iter(tree, is_leaf) if isinstance(leaf, type_or_types))


def tree_any_only(type_or_types: Any, /, pred: Callable[[Any], bool], tree: Any, is_leaf: _IsLeaf = None) -> bool:
    """Whether the predicate holds for some leaf of some types."""
    return any(pred(leaf) for leaf in tree_iter(tree, is_leaf) if isinstance(leaf, type_or_types))


def _broadcast_to_and_flatten(tree: Any, treespec: TreeSpec, is_leaf: _IsLeaf = None) -> Optional[list[Any]]:
    """Leaves of ``tree`` repeated until there is one for each leaf of ``treespec``; None where that can't be."""
    _require_spec(treespec)
    if tree_is_leaf(tree, is_leaf):
        return [tree] * treespec.num_leaves
    node_type = _get_node_type(tree)
    if treespec.is_leaf() or node_type is not treespec.type:
        return None
    children, context = SUPPORTED_NODES[node_type].flatten_fn(tree)
    if len(children) != treespec.num_children or context != treespec.context:
        return None
    leaves: list[Any] = []
    for child, spec in zip(children, treespec._children):
        found = _broadcast_to_and_flatten(child, spec, is_leaf)
        if found is None:
            return None
        leaves.extend(found)
    return leaves


# ---------------------------------------------------------------- paths


def _generate_key_paths(key_path: KeyPath, tree: Any, is_leaf: _IsLeaf = None) -> Iterable[tuple[KeyPath, Any]]:
    node = SUPPORTED_NODES.get(_get_node_type(tree))
    if node is None or (is_leaf is not None and is_leaf(tree)):
        yield key_path, tree
        return
    if node.flatten_with_keys_fn is None:
        raise ValueError(
            f"Did not find a flatten_with_keys_fn for type: {node.type}. "
            "Please pass a flatten_with_keys_fn argument to register_pytree_node."
        )
    for key, child in node.flatten_with_keys_fn(tree)[0]:
        yield from _generate_key_paths((*key_path, key), child, is_leaf)


def tree_leaves_with_path(tree: Any, is_leaf: _IsLeaf = None) -> list[tuple[KeyPath, Any]]:
    """Pairs of path and leaf."""
    return list(_generate_key_paths((), tree, is_leaf))


def tree_flatten_with_path(tree: Any, is_leaf: _IsLeaf = None) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """Pairs of path and leaf, and the structure."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf = None) -> Any:
    """As :func:`tree_map`, with ``func(path, leaf, *leaves of the others)``."""
    pairs, spec = tree_flatten_with_path(tree, is_leaf)
    columns = [pairs, *(spec.flatten_up_to(rest) for rest in rests)]
    return spec.unflatten([func(path, leaf, *rest) for (path, leaf), *rest in zip(*columns)])


# ---------------------------------------------------------------- structures as text

from torch.utils._pytree_json import (  # noqa: E402  # needs the tables above
    DEFAULT_TREESPEC_SERIALIZATION_PROTOCOL as DEFAULT_TREESPEC_SERIALIZATION_PROTOCOL,
    EnumEncoder as EnumEncoder,
    enum_object_hook as enum_object_hook,
    pytree_to_str as pytree_to_str,
    str_to_pytree as str_to_pytree,
    treespec_dumps as treespec_dumps,
    treespec_loads as treespec_loads,
    treespec_pprint as treespec_pprint,
)


def _is_constant_holder(spec: TreeSpec) -> bool:
    return isinstance(spec.context, ConstantNode)


def _retrieve_constant(spec: TreeSpec) -> Any:
    if not _is_constant_holder(spec):
        raise AssertionError("spec must be a constant holder")
    return tree_unflatten([], spec)


def _enter_size() -> None:
    from torch import Size

    _enter(Size, _tuple_flatten, lambda values, context: Size(values), _tuple_flatten_with_keys, "torch.Size")


_enter_size()
