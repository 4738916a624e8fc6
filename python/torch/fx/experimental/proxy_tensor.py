"""Graphs of operators: a function run on tensors under a mode that notes each operator."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Optional

import torch
from torch.fx._symbolic_trace import Tracer
from torch.fx.graph import Graph
from torch.fx.graph_module import GraphModule
from torch.fx.node import Node
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode_stack

__all__ = ["PythonKeyTracer", "get_innermost_proxy_mode", "get_proxy_mode", "make_fx", "py_sym_types"]

py_sym_types = (torch.SymInt, torch.SymFloat, torch.SymBool)


class PythonKeyTracer(Tracer):
    """The tracer of :func:`make_fx`."""

    def __init__(self) -> None:
        super().__init__(autowrap_modules=())
        self.root = torch.nn.Module()
        self.graph = Graph(tracer_cls=type(self))
        self.tensor_attrs: dict[Any, str] = {}


class ProxyTorchDispatchMode(TorchDispatchMode):
    """Notes each operator as a node."""

    def __init__(self, tracer: PythonKeyTracer, tracing_mode: str = "real") -> None:
        self.tracer = tracer
        self.tracing_mode = tracing_mode
        self.decomposition_table: dict[Any, Callable[..., Any]] = {}
        self.nodes: dict[int, Node] = {}
        self._kept: list[torch.Tensor] = []  # so that no number is used twice

    def node_of(self, tensor: torch.Tensor) -> Node:
        """The node that gives a tensor; for one that no operator gave, a node that reads it from the root."""
        found = self.nodes.get(id(tensor))
        if found is None:
            argument = self.tracer.create_arg(tensor)
            assert isinstance(argument, Node)
            self.track(tensor, argument)
            found = argument
        return found

    def track(self, tensor: torch.Tensor, node: Node) -> None:
        """Notes which node gives a tensor."""
        self.nodes[id(tensor)] = node
        self._kept.append(tensor)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        rule = self.decomposition_table.get(func)
        if rule is not None:
            with self:
                result = rule(*args, **kwargs)
            if result is not NotImplemented:
                return result
        node_args, node_kwargs = pytree.tree_map_only(torch.Tensor, self.node_of, (tuple(args), kwargs))
        result = func(*args, **kwargs)
        if isinstance(result, (bool, int, float, complex, str, torch.dtype, torch.device)) or result is None:
            if func._schema.is_mutable:
                self.tracer.graph.call_function(func, node_args, node_kwargs)
            return result
        name = getattr(func, "_base", func.__name__)
        node = self.tracer.graph.call_function(func, node_args, node_kwargs, name=name)
        if isinstance(result, torch.Tensor):
            node.meta["val"] = result
            self.track(result, node)
        else:
            import operator

            for i, item in enumerate(result):
                if isinstance(item, torch.Tensor):
                    self.track(item, self.tracer.graph.call_function(operator.getitem, (node, i)))
        return result


def get_innermost_proxy_mode() -> Optional[ProxyTorchDispatchMode]:
    """The innermost mode of :func:`make_fx` that is on, or None."""
    for mode in reversed(_get_current_dispatch_mode_stack()):
        if isinstance(mode, ProxyTorchDispatchMode):
            return mode
    return None


def get_proxy_mode() -> Optional[ProxyTorchDispatchMode]:
    """The mode of :func:`make_fx` that is on, or None."""
    return get_innermost_proxy_mode()


@contextlib.contextmanager
def disable_proxy_modes_tracing() -> Iterator[None]:
    """Inside, operators are not noted."""
    stack = _get_current_dispatch_mode_stack()
    for _ in stack:
        torch._C._pop_dispatch_mode()
    for mode in stack:
        if not isinstance(mode, ProxyTorchDispatchMode):
            torch._C._push_dispatch_mode(mode)
    try:
        yield
    finally:
        for _ in _get_current_dispatch_mode_stack():
            torch._C._pop_dispatch_mode()
        for mode in stack:
            torch._C._push_dispatch_mode(mode)


maybe_disable_fake_tensor_mode = contextlib.nullcontext
maybe_disable_thunkify = maybe_enable_thunkify = contextlib.nullcontext


def make_fx(
    f: Callable[..., Any],
    decomposition_table: Any = None,
    tracing_mode: str = "real",
    _allow_non_fake_inputs: bool = False,
    *,
    pre_dispatch: bool = False,
    record_module_stack: bool = False,
    _allow_fake_constant: bool = False,
    _error_on_data_dependent_ops: bool = True,
    record_stack_traces: bool = False,
) -> Callable[..., GraphModule]:
    """A function that runs ``f`` on its arguments and returns the operators that ran, as a module.

    Args:
        f: a function of tensors, numbers and trees of them.
        decomposition_table: functions that take the place of operators.
        tracing_mode: ``"real"`` runs on the tensors given, ``"fake"`` on tensors without data of the same shapes.

    Raises:
        NotImplementedError: ``tracing_mode="symbolic"``, ``pre_dispatch``.
    """
    if tracing_mode not in ("real", "fake", "symbolic"):
        raise AssertionError(f'Expected tracing_mode to be one of "real", "fake", "symbolic", got {tracing_mode!r}')
    if tracing_mode == "symbolic":
        raise NotImplementedError("make_fx: symbolic sizes are not supported; use tracing_mode 'real' or 'fake'")
    if pre_dispatch:
        raise NotImplementedError("make_fx: pre_dispatch is not supported")

    def traced(*args: Any) -> GraphModule:
        tracer = PythonKeyTracer()
        tracer.record_stack_traces = record_stack_traces
        mode = ProxyTorchDispatchMode(tracer, tracing_mode)
        mode.decomposition_table = dict(decomposition_table or {})
        leaves, spec = pytree.tree_flatten(args)
        if tracing_mode == "fake":
            leaves = [leaf.to("meta") if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        names = _argument_names(f, args)
        flat: list[Any] = []
        for i, leaf in enumerate(leaves):
            name = names[i] if len(names) == len(leaves) else f"arg{i}"
            node = tracer.graph.placeholder(f"{name}_1")
            if isinstance(leaf, torch.Tensor):
                leaf = leaf.detach().requires_grad_(leaf.requires_grad) if _is_repeated(leaf, flat) else leaf
                node.meta["val"] = leaf
                mode.track(leaf, node)
            flat.append(leaf)
        from torch.fx._codegen import _PyTreeCodeGen, _PyTreeInfo

        with mode:
            result = f(*pytree.tree_unflatten(flat, spec))
        outputs, out_spec = pytree.tree_flatten(result)
        values = [mode.node_of(leaf) if isinstance(leaf, torch.Tensor) else leaf for leaf in outputs]
        if all(child.is_leaf() for child in spec.children()):
            tracer.graph.output(pytree.tree_unflatten(values, out_spec))
        else:
            tracer.graph.output(values)
            argument_names = [f"arg{i}" for i in range(len(args))]
            tracer.graph._codegen = _PyTreeCodeGen(_PyTreeInfo(argument_names, spec, out_spec))
        module = GraphModule(tracer.root, tracer.graph, getattr(f, "__name__", type(f).__name__))
        module.graph.eliminate_dead_code()
        module.recompile()
        return module

    return traced


def _is_repeated(leaf: torch.Tensor, before: list[Any]) -> bool:
    return any(leaf is other for other in before)


def _argument_names(f: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    """Names of the leaves of arguments: those of the parameters where each argument is one leaf."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return []
    found: list[str] = []
    for i, value in enumerate(args):
        name = parameters[min(i, len(parameters) - 1)].name if parameters else "arg"
        count = pytree.tree_structure(value).num_leaves
        found.extend([name] if count == 1 else [f"{name}_{j}" for j in range(count)])
    return found
