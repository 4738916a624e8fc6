"""Trees of containers: structures, paths and texts as in PyTorch."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from snippets import agree
from torch.utils import _pytree as pytree

SETUP = """
import collections, dataclasses, enum, torch
import torch.utils._pytree as P
import torch.fx._pytree as FP
from collections import OrderedDict, defaultdict, deque, namedtuple
N = namedtuple("N", "a b")
tree = {"b": [1, (2, None)], "a": OrderedDict(x=3), "d": defaultdict(list, {1: 2}), "q": deque([1, 2], maxlen=3), "n": N(1, [2])}
leaves, spec = P.tree_flatten(tree)
class Point:
    def __init__(self, x): self.x = x
    def __repr__(self): return f"Point({self.x})"
P.register_pytree_node(Point, lambda p: ([p.x], None), lambda v, c: Point(*v))
class Plain: pass
@dataclasses.dataclass
class D:
    x: int
    y: list
    z: object = None
P.register_dataclass(D)
@dataclasses.dataclass(frozen=True)
class E:
    x: int
P.register_constant(E)
class Colour(enum.Enum):
    RED = 1
"""

EXPRESSIONS = {
    "flatten": """
        leaves
        spec
        (spec.num_leaves, spec.num_nodes, spec.num_children, spec.type, spec.context, spec.is_leaf())
        P.tree_unflatten(leaves, spec)
        P.tree_unflatten([1], spec)
        P.tree_unflatten([1], 5)
        P.tree_flatten(torch.max(torch.ones(2, 2), 0))[1]
        P.tree_flatten(torch.Size([1, 2]))
        P.tree_flatten([1, (2,)], is_leaf=lambda x: isinstance(x, tuple))
        P.tree_leaves({2: 1, 1: 2})
        P.tree_structure({2: 1, 1: 2}) == P.tree_structure({1: 1, 2: 2})
        P.tree_structure(None)
        P.arg_tree_leaves(1, [2], a=3)
        spec.flatten_up_to({"b": [1, (2, None)], "a": OrderedDict(x=3), "d": 5, "q": deque([1, 2], maxlen=3), "n": N(1, [2])})
        spec.child(0), spec.children()
        P.treespec_leaf(), P.treespec_tuple([P.treespec_leaf()]), P.treespec_dict(a=P.treespec_leaf())
        P.treespec_tuple([1])
        P.LeafSpec() == P.LeafSpec(), isinstance(P.tree_structure(1), P.LeafSpec), P.TreeSpec(list, None, [P.LeafSpec()])
        hash(P.tree_structure([1])) == hash(P.tree_structure([2]))
        P.treespec_pprint(spec)
        P._dict_flatten({1: 2}), P._dict_flatten_with_keys({1: 2}), P._deque_flatten(deque([1], maxlen=4))
        P._defaultdict_flatten(defaultdict(int, a=1)), P._namedtuple_flatten(N(1, 2))
    """,
    "map": """
        P.tree_map(lambda a, b: (a, b), [1, 2], [(1, 2), {"a": 2}])
        P.tree_map(lambda a, b: (a, b), {"a": 1, "b": 2}, OrderedDict(b=1, a=2))
        P.tree_map(lambda a, b: a, [1, 2], [1])
        P.tree_map(lambda a, b: a, {"a": 1}, {"b": 1})
        P.tree_map(lambda a, b: a, [1, (2, 3)], [1, [2, 3]])
        P.tree_map_(lambda x: x.add_(1), [torch.ones(1)])
        P.tree_map_only(int, lambda x: x + 1, [1, "a", 2.0, True])
        P.tree_map_only((int, str), lambda x: x * 2, [1, "a", 2.0])
        P.tree_map_only(lambda x: x == 1, lambda x: x + 1, [1, "a"])
        P.tree_map_only(5, lambda x: x + 1, [1, "a"])
        P.tree_all(lambda x: x > 0, [1, 2]), P.tree_any(lambda x: x > 1, [1]), P.tree_any(bool, [])
        P.tree_all_only(int, lambda x: x > 0, [1, "a"]), P.tree_any_only(str, lambda x: x == "a", [1, "a"])
        P._broadcast_to_and_flatten(1, spec)
        P._broadcast_to_and_flatten([1, 2], P.tree_structure([1, [2, 3]]))
        P._broadcast_to_and_flatten([1, 2], P.tree_structure([1]))
    """,
    "paths": """
        [P.keystr(path) for path, _ in P.tree_flatten_with_path(tree)[0]]
        P.tree_flatten_with_path([N(1, 2)])
        P.tree_map_with_path(lambda path, x: (P.keystr(path), x), {"a": [1]})
        [P.key_get(tree, path) for path, _ in P.tree_leaves_with_path(tree)]
        P.tree_flatten_with_path(Point(3))
        P.tree_flatten_with_path(D(1, [2], 3))
        P.GetAttrKey("a"), str(P.SequenceKey(1)), str(P.MappingKey("a"))
    """,
    "registered": """
        P.tree_flatten([Point(3), 4])
        P.tree_map(lambda x: x + 1, Point(3))
        P.register_pytree_node(Point, lambda p: ([p.x], None), lambda v, c: Point(*v))
        P.register_pytree_node(list, None, None)
        P.tree_flatten(D(1, [2])), P.tree_unflatten([5, 6], P.tree_structure(D(1, [2])))
        P.register_dataclass(Plain)
        P.tree_flatten([E(1), 2]), P.tree_structure([E(1)]) == P.tree_structure([E(2)]), P.is_constant_class(E)
        P.register_constant(Plain)
    """,
    "texts": """
        P.treespec_dumps(P.tree_structure({"a": [1, (2, None)], "o": OrderedDict(x=3), "d": defaultdict(list, {1: 2})}))
        P.treespec_loads(P.treespec_dumps(P.tree_structure({"a": deque([1], maxlen=2)})))
        P.treespec_dumps(P.tree_structure({Colour.RED: 1}))
        P.treespec_dumps(spec)
        P.treespec_dumps(P.tree_structure(Point(1)))
        P.treespec_dumps(3)
        P.treespec_dumps(spec, 5)
        P.treespec_loads("[2, {}]")
        P.treespec_loads('[1, {"type": "x", "context": "1", "children_spec": []}]')
        P._register_namedtuple(N, serialized_type_name="N"), P.treespec_dumps(P.tree_structure(N(1, 2)))
    """,
    "fx": """
        FP.tree_flatten_spec({"a": 1, "b": [2, 3]}, P.tree_structure({"b": [0, 0], "a": 0}))
        FP.tree_flatten_spec((1, N(2, 3)), P.tree_structure((0, N(0, 0))))
        FP.tree_flatten_spec([1, 2, 3], P.tree_structure([0, 0]))
        FP.tree_flatten_spec(5, P.tree_structure(0))
        FP.tree_flatten_spec(Plain(), P.tree_structure(deque([1])))
    """,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_as_in_pytorch(name: str, both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS[name])


def test_structures_are_pickled() -> None:
    spec = pytree.tree_structure({"a": [1, (2, None)]})
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_second_name() -> None:
    from torch.utils import _cxx_pytree

    assert _cxx_pytree.tree_map is pytree.tree_map and set(pytree.__all__) <= set(dir(_cxx_pytree))
