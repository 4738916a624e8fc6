"""Splitting a module into parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import torch
from torch.fx.graph import Graph
from torch.fx.graph_module import GraphModule
from torch.fx.node import Node, map_arg

__all__ = ["Partition", "split_module"]


class Partition:
    """One part: its nodes, what it takes and gives, and the parts it depends on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.submod_name = f"submod_{name}"
        self.node_names: list[str] = []
        self.nodes: list[Node] = []
        self.inputs: dict[Node, None] = {}
        self.outputs: dict[Node, None] = {}
        self.dependencies: dict[str, None] = {}
        self.dependents: dict[str, None] = {}
        self.graph = Graph()
        self.environment: dict[Node, Node] = {}
        self.targets: dict[str, Any] = {}

    def __repr__(self) -> str:
        return (
            f"name: {self.name},\n nodes: {self.node_names},\n inputs: {list(self.inputs)},\n "
            f"outputs: {list(self.outputs)},\n partitions depended on: {list(self.dependencies)},\n "
            f"partition dependents: {list(self.dependents)}"
        )


def split_module(
    m: GraphModule,
    root_m: torch.nn.Module,
    split_callback: Callable[[Node], int],
    qualname_map: Optional[dict[str, str]] = None,
    keep_original_order: Optional[bool] = False,
    keep_original_node_name: Optional[bool] = False,
    keep_original_input_name: bool = True,
    *,
    partition_affix: Optional[str] = None,
    tuple_return: bool = False,
) -> GraphModule:
    """A module of submodules ``submod_N``, one for each number that ``split_callback`` gives to nodes.

    Args:
        m: the module.
        root_m: the module that has what the graph mentions.
        split_callback: from a node to the number of its part; None leaves it outside of all.
        qualname_map: filled with the old path for each new one.
        keep_original_order: call the parts in the order in which their first nodes stand.
        keep_original_node_name: nodes keep their names.
        keep_original_input_name: inputs of parts are called as the nodes that they come from.
        partition_affix: stands before the number in the names.
        tuple_return: parts return a tuple even of one value.
    """
    partitions: dict[str, Partition] = {}
    part_of: dict[Node, str] = {}
    for node in m.graph.nodes:
        if node.op in ("placeholder", "get_attr", "output"):
            continue
        number = split_callback(node)
        if number is None:
            continue
        name = str(number)
        part = partitions.setdefault(name, Partition(f"{partition_affix}_{name}" if partition_affix else name))
        part.nodes.append(node)
        part.node_names.append(node.name)
        part_of[node] = name
    for node in m.graph.nodes:
        for used in node.all_input_nodes:
            mine, theirs = part_of.get(node), part_of.get(used)
            if mine == theirs:
                continue
            if theirs is not None:
                partitions[theirs].outputs.setdefault(used)
            if mine is not None:
                partitions[mine].inputs.setdefault(used)
            if mine is not None and theirs is not None:
                partitions[mine].dependencies.setdefault(theirs)
                partitions[theirs].dependents.setdefault(mine)
    order = _ordered(partitions, bool(keep_original_order))
    attributes: dict[str, Any] = {}
    for name in order:
        _fill(partitions[name], root_m, qualname_map, keep_original_node_name, keep_original_input_name, tuple_return)
    return _stitched(m, root_m, partitions, order, part_of, attributes, tuple_return)


def _ordered(partitions: dict[str, Partition], keep: bool) -> list[str]:
    """The parts, each behind those that it depends on."""
    done: list[str] = []
    left = list(partitions)
    while left:
        ready = next((name for name in left if all(d in done for d in partitions[name].dependencies)), None)
        if ready is None:
            raise RuntimeError("cycle exists between partitions!")
        done.append(ready)
        left.remove(ready)
    return done


def _attribute(root: Any, target: str) -> Any:
    for part in target.split("."):
        if not hasattr(root, part):
            raise AttributeError(f"Node target {target} not found!")
        root = getattr(root, part)
    return root


def _fill(
    part: Partition,
    root: torch.nn.Module,
    qualname_map: Optional[dict[str, str]],
    keep_names: Any,
    keep_inputs: bool,
    tuple_return: bool,
) -> None:
    """Makes the graph of a part."""
    for i, used in enumerate(part.inputs):
        name = used.name if keep_inputs else f"arg_{i}"
        part.environment[used] = part.graph.placeholder(name, type_expr=used.type)
        part.environment[used].meta = used.meta.copy()

    def local(node: Node) -> Node:
        return part.environment[node]

    def place(target: str) -> str:
        new = target.replace(".", "_")
        if qualname_map is not None:
            qualname_map[f"{part.submod_name}.{new}"] = target
        return new

    for node in part.nodes:
        target = node.target
        if node.op == "call_module":
            target = place(str(node.target))
            part.targets[target] = _attribute(root, str(node.target))
        new = part.graph.create_node(
            node.op,
            target,
            map_arg(node.args, local),
            dict(map_arg(node.kwargs, local)),
            node.name if keep_names else None,
            node.type,
        )
        new.meta = node.meta.copy()
        part.environment[node] = new
    outputs = tuple(part.environment[node] for node in part.outputs)
    part.graph.output(outputs if tuple_return or len(outputs) != 1 else outputs[0])


def _stitched(
    m: GraphModule,
    root: torch.nn.Module,
    partitions: dict[str, Partition],
    order: list[str],
    part_of: dict[Node, str],
    attributes: dict[str, Any],
    tuple_return: bool,
) -> GraphModule:
    """The module that calls the parts."""
    graph = Graph()
    environment: dict[Node, Any] = {}
    left = list(order)

    def call(name: str) -> None:
        part = partitions[name]
        attributes[part.submod_name] = GraphModule(part.targets, part.graph)
        result = graph.call_module(part.submod_name, tuple(environment[node] for node in part.inputs))
        if len(part.outputs) == 1 and not tuple_return:
            environment[next(iter(part.outputs))] = result
        elif part.outputs:
            proxy = torch.fx.Proxy(result)
            for i, node in enumerate(part.outputs):
                environment[node] = proxy[i].node  # type: ignore[index]

    def call_ready() -> None:
        while left and all(node in environment for node in partitions[left[0]].inputs):
            call(left.pop(0))

    for node in m.graph.nodes:
        if node.op == "placeholder":
            default = node.args[0] if node.args else ...
            environment[node] = graph.placeholder(str(node.target), node.type, default)
            environment[node].meta = node.meta.copy()
        elif node.op == "get_attr":
            environment[node] = graph.get_attr(str(node.target))
            environment[node].meta = node.meta.copy()
            attributes[str(node.target)] = _attribute(root, str(node.target))
        elif node in part_of:
            if left and part_of[node] in left:
                call_ready()
        elif node.op == "output":
            call_ready()
            graph.output(map_arg(node.args[0], lambda n: environment[n]))
        else:
            call_ready()
            environment[node] = graph.node_copy(node, lambda n: environment[n])
            if node.op == "call_module":
                attributes[str(node.target)] = _attribute(root, str(node.target))
    return GraphModule(attributes, graph)
