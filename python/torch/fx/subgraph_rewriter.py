"""Replacing parts of graphs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Union

import torch
from torch.fx._symbolic_trace import symbolic_trace
from torch.fx.graph import Graph
from torch.fx.graph_module import GraphModule, _assign_attr, _has_attr
from torch.fx.node import Node
from torch.fx.passes.utils.matcher_utils import InternalMatch, SubgraphMatcher

__all__ = ["Match", "ReplacedPatterns", "replace_pattern", "replace_pattern_with_filters"]


class Match(NamedTuple):
    """Where a pattern was found."""

    anchor: Node
    nodes_map: dict[Node, Node]


@dataclass
class ReplacedPatterns:
    """What was found, and what stands there now."""

    anchor: Node
    nodes_map: dict[Node, Node]
    replacements: list[Node]


def _graph_of(pattern: Any) -> tuple[Graph, Optional[torch.nn.Module]]:
    if isinstance(pattern, GraphModule):
        return pattern.graph, pattern
    if isinstance(pattern, Graph):
        return pattern, None
    traced = symbolic_trace(pattern)
    return traced.graph, traced


def replace_pattern(
    gm: GraphModule,
    pattern: Union[Callable[..., Any], GraphModule],
    replacement: Union[Callable[..., Any], GraphModule],
) -> list[Match]:
    """Replaces each part of a module's graph that does what a function does by what another one does.

    The inputs of both functions correspond in order. Parts that overlap are replaced once.

    Example:

        >>> module = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
        >>> found = torch.fx.replace_pattern(module, lambda x: torch.relu(x), lambda x: torch.neg(x))
        >>> module(torch.ones(2))
        tensor([0., 0.])
    """
    return [Match(m.anchor, m.nodes_map) for m in _replace(gm, pattern, replacement)]


def replace_pattern_with_filters(
    gm: GraphModule,
    pattern: Union[Callable[..., Any], Graph, GraphModule],
    replacement: Union[Callable[..., Any], Graph, GraphModule, None] = None,
    match_filters: Optional[list[Callable[[InternalMatch, Graph, Graph], bool]]] = None,
    ignore_literals: bool = False,
    replacement_callback: Optional[Callable[[InternalMatch, Graph, Graph], Graph]] = None,
    node_name_match: str = "",
) -> list[ReplacedPatterns]:
    """:func:`replace_pattern` where all filters ``f(match, graph, pattern)`` agree.

    ``ignore_literals`` has numbers of the pattern match any; ``replacement_callback`` makes the replacement of a match.
    """
    return _replace(gm, pattern, replacement, match_filters, ignore_literals, replacement_callback, node_name_match)


def _replace(
    gm: GraphModule,
    pattern: Any,
    replacement: Any = None,
    match_filters: Any = None,
    ignore_literals: bool = False,
    replacement_callback: Any = None,
    node_name_match: str = "",
) -> list[ReplacedPatterns]:
    graph = gm.graph
    pattern_graph, _ = _graph_of(pattern)
    matcher = SubgraphMatcher(
        pattern_graph,
        match_output=False,
        match_placeholder=False,
        remove_overlapping_matches=True,
        ignore_literals=ignore_literals,
    )
    matches = [
        match
        for match in matcher.match(graph, node_name_match)
        if all(accepts(match, graph, pattern_graph) for accepts in match_filters or ())
    ]
    common: Optional[Graph] = None
    owner: Optional[torch.nn.Module] = None
    if replacement is not None:
        common, owner = _graph_of(replacement)
    elif replacement_callback is None:
        raise AssertionError("Must provide either replacement GraphModule or replacement callback")
    replaced: list[ReplacedPatterns] = []
    changed: dict[Node, Node] = {}
    for match in matches:
        new_graph = common if replacement_callback is None else replacement_callback(match, graph, pattern_graph)
        assert new_graph is not None
        inputs = [node for node in new_graph.nodes if node.op == "placeholder"]
        if len(match.placeholder_nodes) != len(inputs):
            raise AssertionError(f"pattern has {len(match.placeholder_nodes)} inputs, the replacement {len(inputs)}")
        values: dict[Node, Any] = {}
        for new, found in zip(inputs, match.placeholder_nodes):
            values[new] = changed.get(found, found) if isinstance(found, Node) else found
        replaced.append(_exchange(graph, new_graph, match, values, changed))
    gm.recompile()
    if owner is not None:
        _bring_attributes(gm, owner)
    return replaced


def _exchange(
    graph: Graph, new_graph: Graph, match: InternalMatch, values: dict[Node, Any], changed: dict[Node, Node]
) -> ReplacedPatterns:
    """Copies the replacement of one match and takes the match out."""
    users = {user for node in match.returning_nodes for user in node.users}
    if users:
        first = next(node for node in graph.nodes if node in users)
    else:  # unused: behind what it is made of
        last = next(node for node in reversed(graph.nodes) if node in set(match.returning_nodes))
        first = last.next
    before = set(graph.nodes)
    with graph.inserting_before(first):
        results = graph.graph_copy(new_graph, values)
    outputs = list(results) if isinstance(results, (tuple, list)) else [results]
    if len(outputs) != len(match.returning_nodes):
        raise AssertionError(f"pattern returns {len(match.returning_nodes)} values, the replacement {len(outputs)}")
    for old, new in zip(match.returning_nodes, outputs):
        old.replace_all_uses_with(new)
        changed[old] = new
    made = [node for node in graph.nodes if node not in before]
    for node in reversed(list(graph.nodes)):
        if node in match.nodes_map.values() and node.op not in ("placeholder", "output") and not node.users:
            if node not in match.placeholder_nodes:
                graph.erase_node(node)
    return ReplacedPatterns(match.anchors[0], match.nodes_map, made)


def _bring_attributes(gm: GraphModule, owner: torch.nn.Module) -> None:
    """Gives the module what the replacement's nodes mention."""
    gm.delete_all_unused_submodules()
    for node in gm.graph.nodes:
        if node.op in ("call_module", "get_attr"):
            target = str(node.target)
            if _has_attr(gm, target):
                continue
            if not _has_attr(owner, target):
                raise RuntimeError(
                    'Attempted to create a "',
                    node.op,
                    '" node during subgraph rewriting with target ' + target,
                    "but neither the module nor the replacement has it",
                )
            value: Any = owner
            for part in target.split("."):
                value = getattr(value, part)
            _assign_attr(copy.deepcopy(value), gm, target)
    gm.graph.lint()
