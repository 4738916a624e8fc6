"""Finding a pattern in a graph."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from torch.fx.graph import Graph
from torch.fx.node import Node

__all__ = ["InternalMatch", "SubgraphMatcher"]


@dataclass
class InternalMatch:
    """A place where a pattern was found."""

    anchors: list[Node]
    nodes_map: dict[Node, Node] = field(default_factory=dict)
    placeholder_nodes: list[Any] = field(default_factory=list)
    returning_nodes: list[Node] = field(default_factory=list)
    name_node_map: dict[str, Node] = field(default_factory=dict)

    def __copy__(self) -> InternalMatch:
        return InternalMatch(
            self.anchors, dict(self.nodes_map), list(self.placeholder_nodes), list(self.returning_nodes)
        )


class SubgraphMatcher:
    """Finds where a graph does what a pattern does.

    Args:
        pattern: the graph of the pattern.
        match_output: the pattern's output must be the graph's.
        match_placeholder: the pattern's inputs must be the graph's.
        remove_overlapping_matches: of matches that share nodes keep the first.
        ignore_literals: values in the pattern match any.
    """

    def __init__(
        self,
        pattern: Graph,
        match_output: bool = False,
        match_placeholder: bool = False,
        remove_overlapping_matches: bool = True,
        ignore_literals: bool = False,
    ) -> None:
        self.pattern = pattern
        self.match_output = match_output
        self.match_placeholder = match_placeholder
        self.remove_overlapping_matches = remove_overlapping_matches
        self.ignore_literals = ignore_literals
        if not len(pattern.nodes):
            raise ValueError("SubgraphMatcher cannot be initialized with an empty pattern")
        for node in pattern.nodes:
            if node.op not in ("output", "placeholder") and not node.users:
                raise AssertionError("SubgraphMatcher cannot be initialized with an pattern with dead code")
        output = next(iter(reversed(pattern.nodes)))
        # The anchors: nodes that only the output uses; the others are found from them.
        self.pattern_anchors = [output] if match_output else [n for n in output.all_input_nodes if len(n.users) == 1]
        self.pattern_returning_nodes = output.all_input_nodes
        self.pattern_placeholder_nodes = [node for node in pattern.nodes if node.op == "placeholder"]

    def match(self, graph: Graph, node_name_match: str = "") -> list[InternalMatch]:
        """All matches in a graph, in order."""
        candidates = {
            anchor: [node for node in graph.nodes if self._nodes_are_equal(anchor, node, node_name_match)]
            for anchor in self.pattern_anchors
        }
        matches: list[InternalMatch] = []

        def extend(i: int, match: InternalMatch) -> None:
            if i == len(self.pattern_anchors):
                match.placeholder_nodes = [match.nodes_map[node] for node in self.pattern_placeholder_nodes]
                match.returning_nodes = [match.nodes_map[node] for node in self.pattern_returning_nodes]
                matches.append(match)
                return
            anchor = self.pattern_anchors[i]
            for node in candidates[anchor]:
                attempt = copy.copy(match)
                if self._match_nodes(anchor, node, attempt):
                    extend(i + 1, attempt)

        starts = InternalMatch(self.pattern_anchors)
        extend(0, starts)
        found = []
        for match in matches:
            if self._is_contained(match.nodes_map):
                found.append(match)
        return self._remove_overlapping_matches(found) if self.remove_overlapping_matches else found

    def _nodes_are_equal(self, pn: Node, gn: Node, node_name_match: str = "") -> bool:
        if not self.match_placeholder and pn.op == "placeholder":
            return True
        if node_name_match and node_name_match in gn.name:
            return True
        if pn.op != gn.op:
            return False
        if pn.op in ("placeholder", "output"):
            return True
        if pn.op == "get_attr":
            return self._match_attributes(pn, gn)
        return pn.target == gn.target

    def _match_attributes(self, pn: Node, gn: Node) -> bool:
        import torch

        values = []
        for node in (pn, gn):
            found: Any = node.graph.owning_module
            for part in str(node.target).split("."):
                found = getattr(found, part, None)
            values.append(found)
        if type(values[0]) is not type(values[1]):
            return False
        return isinstance(values[0], torch.Tensor) or values[0] == values[1]

    def _match_nodes(self, pn: Node, gn: Node, match: InternalMatch) -> bool:
        if pn in match.nodes_map:
            return match.nodes_map[pn] is gn
        if gn in match.nodes_map.values() and pn.op != "placeholder":
            return False
        if not self._nodes_are_equal(pn, gn):
            return False
        saved = dict(match.nodes_map)
        match.nodes_map[pn] = gn
        if pn.op == "placeholder":
            return True
        if self._arguments_match(pn, gn, match):
            return True
        match.nodes_map = saved
        return False

    def _arguments_match(self, pn: Node, gn: Node, match: InternalMatch) -> bool:
        pattern_args, graph_args = list(pn.args), list(gn.args)
        pattern_kwargs, graph_kwargs = dict(pn.kwargs), dict(gn.kwargs)
        if len(pattern_args) != len(graph_args) or pattern_kwargs.keys() != graph_kwargs.keys():
            root = gn.graph.owning_module
            if root is None or pn.graph.owning_module is None:
                return False
            a = pn.normalized_arguments(pn.graph.owning_module, normalize_to_only_use_kwargs=True)
            b = gn.normalized_arguments(root, normalize_to_only_use_kwargs=True)
            if a is None or b is None or a.kwargs.keys() != b.kwargs.keys():
                return False
            pattern_args, graph_args = [], []
            pattern_kwargs, graph_kwargs = a.kwargs, b.kwargs
        pairs = list(zip(pattern_args, graph_args)) + [(pattern_kwargs[k], graph_kwargs[k]) for k in pattern_kwargs]
        return all(self._values_match(a, b, match) for a, b in pairs)

    def _values_match(self, a: Any, b: Any, match: InternalMatch) -> bool:
        if isinstance(a, Node) and isinstance(b, Node):
            return self._match_nodes(a, b, match)
        if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
            return len(a) == len(b) and all(self._values_match(x, y, match) for x, y in zip(a, b))
        if isinstance(a, dict) and isinstance(b, dict):
            return a.keys() == b.keys() and all(self._values_match(a[k], b[k], match) for k in a)
        if isinstance(a, slice) and isinstance(b, slice):
            return all(self._values_match(getattr(a, n), getattr(b, n), match) for n in ("start", "stop", "step"))
        if isinstance(a, Node):
            if a.op == "placeholder" and not self.match_placeholder:  # an input of the pattern is a value here
                if a in match.nodes_map:
                    return match.nodes_map[a] == b
                match.nodes_map[a] = b
                return True
            return False
        if isinstance(b, Node):
            return False
        return self.ignore_literals or (type(a) is type(b) and a == b)

    def _is_contained(self, nodes_map: dict[Node, Node]) -> bool:
        """Whether nothing outside uses what is inside, but the results."""
        inner = {
            gn: pn
            for pn, gn in nodes_map.items()
            if isinstance(gn, Node)
            and pn.op not in ("placeholder", "output")
            and pn not in self.pattern_returning_nodes
        }
        inside = {gn for pn, gn in nodes_map.items() if isinstance(gn, Node)}
        return all(user in inside for gn in inner for user in gn.users)

    def _remove_overlapping_matches(self, matches: list[InternalMatch]) -> list[InternalMatch]:
        kept: list[InternalMatch] = []
        taken: set[Node] = set()
        for match in matches:
            nodes = {
                gn
                for pn, gn in match.nodes_map.items()
                if isinstance(gn, Node) and pn.op not in ("placeholder", "output")
            }
            if not nodes & taken:
                kept.append(match)
                taken |= nodes
        return kept
