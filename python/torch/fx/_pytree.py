"""Taking a tree apart by the structure of another one."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, Optional

from torch.utils._pytree import TreeSpec, _get_node_type, tree_flatten

FlattenFuncSpec = Callable[[Any, TreeSpec], list[Any]]
FlattenFuncExactMatchSpec = Callable[[Any, TreeSpec], bool]
SUPPORTED_NODES: dict[Any, FlattenFuncSpec] = {}
SUPPORTED_NODES_EXACT_MATCH: dict[Any, Optional[FlattenFuncExactMatchSpec]] = {}


def register_pytree_flatten_spec(
    cls: type[Any],
    flatten_fn_spec: FlattenFuncSpec,
    flatten_fn_exact_match_spec: Optional[FlattenFuncExactMatchSpec] = None,
) -> None:
    """Makes a class one whose instances are taken apart: into the children that a structure names."""
    SUPPORTED_NODES[cls] = flatten_fn_spec
    SUPPORTED_NODES_EXACT_MATCH[cls] = flatten_fn_exact_match_spec


def _deregister_pytree_flatten_spec(cls: type[Any]) -> None:
    del SUPPORTED_NODES[cls]
    del SUPPORTED_NODES_EXACT_MATCH[cls]


def tree_flatten_spec(pytree: Any, spec: TreeSpec) -> list[Any]:
    """The leaves of a tree in the order of a structure, which may name fewer children than there are."""
    if spec.is_leaf():
        return [pytree]
    flatten = SUPPORTED_NODES.get(spec.type)
    if flatten is None:
        if _get_node_type(pytree) is spec.type:  # kinds without a function of their own: as they are
            return tree_flatten(pytree)[0]
        raise RuntimeError(
            f"{type(pytree)} does not have a flatten_fn_spec associated with it. Please register one with "
            "torch.fx._pytree.register_pytree_flatten_spec.  If you have serialized your model, make sure that any "
            "custom pytrees have been registered before loading it."
        )
    return [
        leaf
        for child, child_spec in zip(flatten(pytree, spec), spec.children())
        for leaf in tree_flatten_spec(child, child_spec)
    ]


def _dict_flatten_spec(d: Any, spec: TreeSpec) -> list[Any]:
    return [d[key] for key in spec.context]


def _list_flatten_spec(d: Any, spec: TreeSpec) -> list[Any]:
    return [d[i] for i in range(spec.num_children)]


_tuple_flatten_spec = _namedtuple_flatten_spec = _list_flatten_spec


def _dict_flatten_spec_exact_match(d: Any, spec: TreeSpec) -> bool:
    return len(d) == spec.num_children


_list_flatten_spec_exact_match = _tuple_flatten_spec_exact_match = _dict_flatten_spec_exact_match
_namedtuple_flatten_spec_exact_match = _dict_flatten_spec_exact_match

register_pytree_flatten_spec(dict, _dict_flatten_spec, _dict_flatten_spec_exact_match)
register_pytree_flatten_spec(list, _list_flatten_spec, _list_flatten_spec_exact_match)
register_pytree_flatten_spec(tuple, _tuple_flatten_spec, _tuple_flatten_spec_exact_match)
register_pytree_flatten_spec(namedtuple, _namedtuple_flatten_spec, _namedtuple_flatten_spec_exact_match)  # type: ignore[arg-type]
