"""Graphs: doubly linked lists of nodes, and what is done with them."""

from __future__ import annotations

import builtins
import copy
import keyword
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Optional

import torch
from torch.fx._codegen import (
    CodeGen as CodeGen,
    PythonCode as PythonCode,
    _custom_builtins as _custom_builtins,
    _format_target as _format_target,
    _PyTreeCodeGen as _PyTreeCodeGen,
    _PyTreeInfo as _PyTreeInfo,
    _register_custom_builtin as _register_custom_builtin,
    inplace_methods as inplace_methods,
    magic_methods as magic_methods,
    reflectable_magic_methods as reflectable_magic_methods,
)
from torch.fx.node import Argument, Node, Target, map_arg

if TYPE_CHECKING:
    from torch.fx._symbolic_trace import Tracer
    from torch.fx.graph_module import GraphModule

__all__ = ["CodeGen", "Graph", "PythonCode"]

_illegal_names = {*keyword.kwlist, *dir(builtins)}


def _snake_case(s: str) -> str:
    """``NameOfClass`` as ``name_of_class``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", s).lower()


def _is_magic(x: str) -> bool:
    return x.startswith("__") and x.endswith("__")


class _Namespace:
    """Names of variables, each given once."""

    def __init__(self) -> None:
        self._used_names: set[str] = set()
        self._obj_to_name: dict[Any, str] = {}
        self._counts: defaultdict[str, int] = defaultdict(int)

    def create_name(self, candidate: str, obj: Optional[Any]) -> str:
        """A name that is free, made of the one wished for; always the same for the same object."""
        if obj is not None and obj in self._obj_to_name:
            return self._obj_to_name[obj]
        candidate = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = "_" + candidate
        found = re.match(r"(.*)_(\d+)$", candidate)
        base, number = (found.group(1), int(found.group(2))) if found else (candidate, 0)
        if candidate in self._used_names or self._is_illegal(candidate, obj):
            number = max(number, self._counts[base])
            while candidate in self._used_names or self._is_illegal(candidate, obj):
                number += 1
                candidate = f"{base}_{number}"
        return self._give(candidate, base, number, obj)

    def _give(self, name: str, base: str, number: int, obj: Optional[Any]) -> str:
        self._used_names.add(name)
        self._counts[base] = max(self._counts[base], number)
        if obj is not None:
            self._obj_to_name[obj] = name
        return name

    def _is_illegal(self, name: str, obj: Optional[Any]) -> bool:
        if name in _illegal_names:
            return name in keyword.kwlist or getattr(builtins, name, None) is not obj
        return name in _custom_builtins and _custom_builtins[name].obj is not obj

    def associate_name_with_obj(self, name: str, obj: Any) -> None:
        """Notes which object has a name."""
        self._obj_to_name.setdefault(obj, name)

    def _rename_object(self, obj: Any, name: str) -> None:
        self._obj_to_name[obj] = name
        self._used_names.add(name)


class _node_list:  # noqa: N801
    """The nodes of a graph in order, or in reverse."""

    def __init__(self, graph: Graph, direction: str = "_next") -> None:
        self.graph, self.direction = graph, direction

    def __len__(self) -> int:
        return self.graph._len

    def __iter__(self) -> Iterator[Node]:
        root = self.graph._root
        node = getattr(root, self.direction)
        while node is not root:
            if not node._erased:
                yield node
            node = getattr(node, self.direction)

    def __reversed__(self) -> _node_list:
        return _node_list(self.graph, "_prev" if self.direction == "_next" else "_next")


class _InsertPoint:
    def __init__(self, graph: Graph, after: Node) -> None:
        self.graph = graph
        self._before, graph._insert_after = graph._insert_after, after

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None:
        self.graph._insert_after = self._before


class Graph:
    """A program: placeholders for its inputs, operations, and one output."""

    def __init__(
        self,
        owning_module: Optional[GraphModule] = None,
        tracer_cls: Optional[type[Tracer]] = None,
        tracer_extras: Optional[dict[str, Any]] = None,
    ) -> None:
        self._root = Node(self, "", "root", "", (), {})
        self._len = 0
        self._graph_namespace = _Namespace()
        self._owning_module = owning_module
        self._tracer_cls = tracer_cls
        self._tracer_extras = tracer_extras
        self._codegen = CodeGen()
        self._insert_after: Optional[Node] = None  # the end where None
        self._positions: Optional[dict[Node, int]] = None

    @property
    def owning_module(self) -> Optional[GraphModule]:
        """The module whose code the graph is."""
        return self._owning_module

    @owning_module.setter
    def owning_module(self, mod: Optional[GraphModule]) -> None:
        self._owning_module = mod

    @property
    def nodes(self) -> _node_list:
        """The nodes in order."""
        return _node_list(self)

    def output_node(self) -> Node:
        """The output."""
        node = next(iter(reversed(self.nodes)))
        if node.op != "output":
            raise AssertionError(f"expected the last node to be the output, found {node.op}")
        return node

    def find_nodes(self, *, op: str, target: Optional[Target] = None, sort: bool = True) -> list[Node]:
        """Nodes of a kind, and with a target."""
        if op == "call_function" and target is None:
            raise AssertionError("target must be provided for call_function")
        return [node for node in self.nodes if node.op == op and (target is None or node.target == target)]

    def _find_table_changed(self) -> None:
        """Kinds and targets are looked up where they stand; there is no table to change."""

    def _order(self) -> dict[Node, int]:
        if self._positions is None or len(self._positions) != self._len:
            self._positions = {node: i for i, node in enumerate(self.nodes)}
        return self._positions

    # ---- making nodes

    def create_node(
        self,
        op: str,
        target: Target,
        args: Optional[tuple[Argument, ...]] = None,
        kwargs: Optional[dict[str, Argument]] = None,
        name: Optional[str] = None,
        type_expr: Optional[Any] = None,
    ) -> Node:
        """Makes a node at the insertion point, which is the end unless :meth:`inserting_before` says otherwise."""
        args, kwargs = args or (), kwargs or {}
        if not isinstance(args, tuple):
            raise AssertionError("args must be a tuple")
        if not isinstance(kwargs, dict):
            raise AssertionError("kwargs must be a dict")
        candidate = name if name is not None else self._target_to_str(target)
        name = self._graph_namespace.create_name(candidate, None)
        node = Node(self, name, op, target, args, kwargs, type_expr)
        self._graph_namespace.associate_name_with_obj(name, node)
        if self._insert_after is None:
            node._link_after(self._root._prev)
        else:
            node._link_after(self._insert_after)
            self._insert_after = node
        self._len += 1
        self._positions = None
        for hook in getattr(self._owning_module, "_create_node_hooks", ()):
            hook(node)
        return node

    def placeholder(self, name: str, type_expr: Optional[Any] = None, default_value: Any = ...) -> Node:
        """An input."""
        args = () if default_value is ... else (default_value,)
        return self.create_node("placeholder", name, args=args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Optional[Any] = None) -> Node:
        """An attribute of the module, by its path."""
        owner = self.owning_module
        if owner is not None and not _has_path(owner, qualified_name):
            import warnings

            warnings.warn(
                "Attempted to insert a get_attr Node with no underlying reference in the owning GraphModule! Call "
                "GraphModule.add_submodule to add the necessary submodule, GraphModule.add_parameter to add the "
                "necessary Parameter, or nn.Module.register_buffer to add the necessary buffer",
                stacklevel=2,
            )
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(
        self,
        module_name: str,
        args: Optional[tuple[Argument, ...]] = None,
        kwargs: Optional[dict[str, Argument]] = None,
        type_expr: Optional[Any] = None,
    ) -> Node:
        """A call of a submodule, by its path."""
        owner = self.owning_module
        if owner is not None and not _has_path(owner, module_name):
            import warnings

            warnings.warn(
                "Attempted to insert a call_module Node with no underlying reference in the owning GraphModule! Call "
                "GraphModule.add_submodule to add the necessary submodule",
                stacklevel=2,
            )
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(
        self,
        method_name: str,
        args: Optional[tuple[Argument, ...]] = None,
        kwargs: Optional[dict[str, Argument]] = None,
        type_expr: Optional[Any] = None,
    ) -> Node:
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(
        self,
        the_function: Callable[..., Any],
        args: Optional[tuple[Argument, ...]] = None,
        kwargs: Optional[dict[str, Argument]] = None,
        type_expr: Optional[Any] = None,
        name: Optional[str] = None,
    ) -> Node:
        """A call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, name=name, type_expr=type_expr)

    def output(self, result: Argument, type_expr: Optional[Any] = None) -> Node:
        """What the graph returns."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def _target_to_str(self, target: Optional[Target]) -> str:
        if callable(target):
            op = getattr(target, "__name__", type(target).__name__)
        else:
            op = str(target)
            if _is_magic(op):
                op = op[2:-2]
        return _snake_case(op)

    def inserting_before(self, n: Optional[Node] = None) -> _InsertPoint:
        """Context manager: nodes made inside stand before ``n``, or at the beginning."""
        if n is None:
            return self.inserting_after(self._root)
        if n.graph is not self:
            raise AssertionError("Node to insert before is not in graph.")
        return _InsertPoint(self, n._prev)

    def inserting_after(self, n: Optional[Node] = None) -> _InsertPoint:
        """Context manager: nodes made inside stand after ``n``, or at the end."""
        if n is None:
            return self.inserting_before(self._root)
        if n.graph is not self:
            raise AssertionError("Node to insert after is not in graph.")
        return _InsertPoint(self, n)

    def erase_node(self, to_erase: Node) -> None:
        """Takes out a node that nobody uses."""
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in the graph: "
                f"{to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            import warnings

            warnings.warn(f"erase_node({to_erase}) on an already erased node", stacklevel=2)
            return
        for hook in getattr(self._owning_module, "_erase_node_hooks", ()):
            hook(to_erase)
        if self._insert_after is to_erase:
            self._insert_after = to_erase._prev
        to_erase._unlink()
        to_erase._erased = True
        to_erase._set_arguments((), {})
        self._len -= 1
        self._positions = None

    # ---- copies

    def node_copy(self, node: Node, arg_transform: Callable[[Node], Argument] = lambda x: x) -> Node:
        """Copies a node of another graph here; ``arg_transform`` gives the nodes here for those among its arguments."""
        result = self.create_node(
            node.op,
            node.target,
            map_arg(node.args, arg_transform),
            dict(map_arg(node.kwargs, arg_transform)),
            node.name,
            node.type,
        )
        result.meta = copy.copy(node.meta)
        return result

    def graph_copy(self, g: Graph, val_map: dict[Node, Node], return_output_node: bool = False) -> Any:
        """Copies all nodes of a graph here but the output, whose value it returns; ``val_map`` maps old to new ones."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                value = map_arg(node.args[0], lambda n: val_map[n])
                return (value, node) if return_output_node else value
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo: Optional[dict[int, Any]] = None) -> Graph:
        memo = {} if memo is None else memo
        graph = Graph(tracer_cls=self._tracer_cls)
        found = graph.graph_copy(self, val_map={}, return_output_node=True)
        graph._codegen = copy.deepcopy(self._codegen)
        if found is not None:
            value, old = found
            new = graph.output(value, type_expr=old.type)
            new.meta = copy.copy(old.meta)
        return graph

    # ---- use

    def process_inputs(self, *args: Any) -> Any:
        """The arguments of a call as the values of the placeholders."""
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out: Any) -> Any:
        """The output's value as what a call returns."""
        return self._codegen.process_outputs(out)

    def set_codegen(self, codegen: CodeGen) -> None:
        """Sets what writes the code."""
        self._codegen = codegen

    def on_generate_code(self, make_transformer: Callable[..., Any]) -> Any:
        """Has lines of generated code pass through a function; as a context manager, inside only."""
        before = self._codegen._body_transformer
        self._codegen._body_transformer = make_transformer(before)
        graph = self

        class _Undo:
            def __enter__(self) -> None: ...

            def __exit__(self, *exc: object) -> None:
                graph._codegen._body_transformer = before

        return _Undo()

    def python_code(
        self,
        root_module: str,
        *,
        verbose: bool = False,
        include_stride: bool = False,
        include_device: bool = False,
        colored: bool = False,
        expanded_def: bool = False,
        record_func: bool = False,
        additional_meta: Any = None,
    ) -> PythonCode:
        """The graph as the source of ``forward``, with the globals that it needs."""
        namespace = _Namespace()
        nodes = list(self.nodes)
        saved = [(node, node._repr_fn) for node in nodes]
        for node in nodes:
            node._repr_fn = lambda n: namespace.create_name(n.name, n)
        try:
            return self._codegen._gen_python_code(self.nodes, root_module, namespace, verbose=verbose)
        finally:
            for node, function in saved:
                node._repr_fn = function

    def __str__(self) -> str:
        placeholders: list[str] = []
        returned = [""]
        lines = [node.format_node(None, returned) for node in self.nodes]
        return f"graph({', '.join(placeholders)}){returned[0]}:" + "".join(f"\n    {line}" for line in lines if line)

    def print_tabular(self) -> None:
        """Prints the nodes as a table."""
        head = ("opcode", "name", "target", "args", "kwargs")
        rows = [tuple(str(v) for v in (n.op, n.name, n.target, n.args, n.kwargs)) for n in self.nodes]
        widths = [max(len(row[i]) for row in (head, *rows)) for i in range(5)]
        for row in (head, tuple("-" * width for width in widths), *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())

    def lint(self) -> None:
        """Checks that the graph is one: arguments stand before their users, names are used once, targets exist.

        Raises:
            RuntimeError: it is not.
        """

        def check_argument(argument: Node, user: Optional[Node] = None) -> None:
            where = f"of Node '{user}' " if user else ""
            if argument.graph is not self:
                raise RuntimeError(f"Argument '{argument}' {where}does not belong to this Graph, but was used!")
            if argument not in seen:
                raise RuntimeError(
                    f"Argument '{argument}' {where}was used before it has been defined! Please check that Nodes in the "
                    f"graph are topologically ordered\n{self}"
                )

        seen: set[Node] = set()
        names: set[str] = set()
        for node in self.nodes:
            if node.op not in ("placeholder", "call_method", "call_module", "call_function", "get_attr", "output"):
                raise RuntimeError(f"Node {node} had unknown opcode {node.op}!")
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
            for argument in node._input_nodes:
                check_argument(argument, node)
            seen.add(node)
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            names.add(node.name)
            owner = self.owning_module
            if owner is not None and node.op in ("get_attr", "call_module") and not _has_path(owner, str(node.target)):
                atom = next(
                    part
                    for i, part in enumerate(str(node.target).split("."))
                    if not _has_path(owner, ".".join(str(node.target).split(".")[: i + 1]))
                )
                raise RuntimeError(
                    f"Node {node} target {node.target} references nonexistent attribute {atom} of "
                    f"{type(owner).__name__}"
                )

    def eliminate_dead_code(self, is_impure_node: Optional[Callable[[Node], bool]] = None) -> bool:
        """Takes out nodes that nobody uses and that do nothing else; returns whether there were any."""
        self.lint()
        impure = is_impure_node or Node.is_impure
        changed = False
        for node in reversed(self.nodes):
            if not node.users and not impure(node):
                self.erase_node(node)
                changed = True
        return changed


def _has_path(module: torch.nn.Module, path: str) -> bool:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True
