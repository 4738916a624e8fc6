"""Trees of Python containers: taking them apart into leaves and a structure, and putting them together.

A *node* is an instance of a class in :data:`SUPPORTED_NODES`: list, tuple, dict, named tuple, OrderedDict, defaultdict,
deque, the named results of operators, and what :func:`register_pytree_node` adds. All else, None included, is a leaf.
"""

from __future__ import annotations

import functools
import types
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, Optional, TypeVar

from torch.utils._pytree_nodes import (
    _NODE_REGISTRY_LOCK as _NODE_REGISTRY_LOCK,
    BUILTIN_TYPES as BUILTIN_TYPES,
    CONSTANT_NODES as CONSTANT_NODES,
    NO_SERIALIZED_TYPE_NAME_FOUND as NO_SERIALIZED_TYPE_NAME_FOUND,
    SERIALIZED_TYPE_TO_PYTHON_TYPE as SERIALIZED_TYPE_TO_PYTHON_TYPE,
    STANDARD_DICT_TYPES as STANDARD_DICT_TYPES,
    SUPPORTED_NODES as SUPPORTED_NODES,
    SUPPORTED_SERIALIZED_TYPES as SUPPORTED_SERIALIZED_TYPES,
    ConstantNode as ConstantNode,
    FlattenFn as FlattenFn,
    FlattenWithKeysFn as FlattenWithKeysFn,
    FromDumpableContextFn as FromDumpableContextFn,
    GetAttrKey as GetAttrKey,
    KeyEntry as KeyEntry,
    KeyPath as KeyPath,
    MappingKey as MappingKey,
    NodeDef as NodeDef,
    SequenceKey as SequenceKey,
    ToDumpableContextFn as ToDumpableContextFn,
    UnflattenFn as UnflattenFn,
    _defaultdict_deserialize as _defaultdict_deserialize,
    _defaultdict_flatten as _defaultdict_flatten,
    _defaultdict_flatten_with_keys as _defaultdict_flatten_with_keys,
    _defaultdict_serialize as _defaultdict_serialize,
    _defaultdict_unflatten as _defaultdict_unflatten,
    _deque_flatten as _deque_flatten,
    _deque_flatten_with_keys as _deque_flatten_with_keys,
    _deque_unflatten as _deque_unflatten,
    _deregister_pytree_node as _deregister_pytree_node,
    _dict_flatten as _dict_flatten,
    _dict_flatten_with_keys as _dict_flatten_with_keys,
    _dict_unflatten as _dict_unflatten,
    _enter as _enter,
    _get_node_type as _get_node_type,
    _is_namedtuple_instance as _is_namedtuple_instance,
    _is_operator_result as _is_operator_result,
    _list_flatten as _list_flatten,
    _list_flatten_with_keys as _list_flatten_with_keys,
    _list_unflatten as _list_unflatten,
    _namedtuple_deserialize as _namedtuple_deserialize,
    _namedtuple_flatten as _namedtuple_flatten,
    _namedtuple_flatten_with_keys as _namedtuple_flatten_with_keys,
    _namedtuple_serialize as _namedtuple_serialize,
    _namedtuple_unflatten as _namedtuple_unflatten,
    _odict_flatten as _odict_flatten,
    _odict_unflatten as _odict_unflatten,
    _ordereddict_flatten as _ordereddict_flatten,
    _ordereddict_flatten_with_keys as _ordereddict_flatten_with_keys,
    _ordereddict_unflatten as _ordereddict_unflatten,
    _private_register_pytree_node as _private_register_pytree_node,
    _register_namedtuple as _register_namedtuple,
    _register_pytree_node as _register_pytree_node,
    _SerializeNodeDef as _SerializeNodeDef,
    _tuple_flatten as _tuple_flatten,
    _tuple_flatten_with_keys as _tuple_flatten_with_keys,
    _tuple_unflatten as _tuple_unflatten,
    is_constant_class as is_constant_class,
    is_namedtuple as is_namedtuple,
    is_namedtuple_class as is_namedtuple_class,
    is_namedtuple_instance as is_namedtuple_instance,
    is_structseq as is_structseq,
    is_structseq_class as is_structseq_class,
    is_structseq_instance as is_structseq_instance,
    key_get as key_get,
    keystr as keystr,
    register_constant as register_constant,
    register_dataclass as register_dataclass,
    register_pytree_node as register_pytree_node,
)

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
FlattenFunc, UnflattenFunc, FlattenWithKeysFunc = FlattenFn, UnflattenFn, FlattenWithKeysFn


# ---------------------------------------------------------------- descriptions of structures


def _hashable(context: Any) -> Any:
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
                    "Node keys mismatch"
                    + f"; missing key(s): {missing}"
                    + (f"; extra key(s): {extra}." if extra else ".")
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
        return SUPPORTED_NODES[self.type].unflatten_fn(
            [child._build(leaves) for child in self._children], self._context
        )

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


class _LeafSpecMeta(type(TreeSpec)):  # type: ignore[misc]
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
        raise TypeError(f"Expected `treespec` to be an instance of PyTreeSpec but got item of type {type(treespec)}.")


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
        return lambda leaf: isinstance(leaf, type_or_types_or_pred)  # type: ignore[arg-type]
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
