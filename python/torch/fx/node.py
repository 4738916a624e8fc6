"""Nodes of graphs: one operation each."""

from __future__ import annotations

import builtins
import inspect
import operator
import types
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Optional, Union

import torch
from torch.fx.immutable_collections import immutable_dict, immutable_list

if TYPE_CHECKING:
    from torch.fx.graph import Graph

__all__ = ["Node", "has_side_effect", "map_aggregate", "map_arg"]

BaseArgumentTypes = Union[str, int, float, bool, complex, torch.dtype, torch.Tensor, torch.device, torch.memory_format]
base_types = (
    str,
    int,
    float,
    bool,
    complex,
    torch.dtype,
    torch.Tensor,
    torch.device,
    torch.memory_format,
    torch.layout,
)
Target = Union[Callable[..., Any], str]
Argument = Any

_legal_ops = dict.fromkeys(["placeholder", "call_method", "call_module", "call_function", "get_attr", "output", "root"])
_side_effectful_functions: set[Callable[..., Any]] = {torch._assert, torch._C._set_grad_enabled}


def has_side_effect(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Says that calls of a function do more than return a value, so that unused ones stay. Returns it."""
    _side_effectful_functions.add(fn)
    return fn


def _places() -> list[Any]:
    """Modules whose functions know no module."""
    from torch import _C

    return [torch, torch.nn.functional, torch.linalg, _C._fft, torch.special, torch.sparse]


def _find_module_of_method(orig_method: Callable[..., Any]) -> str:
    """Where a function that knows no module is found."""
    for module in _places():
        if getattr(module, orig_method.__name__, None) is orig_method:
            return module.__name__
    if getattr(torch.Tensor, orig_method.__name__, None) is orig_method:
        return "torch.Tensor"
    raise RuntimeError(f"cannot find module for {orig_method}")


def _type_repr(obj: object) -> str:
    """A type as Python code."""
    if isinstance(obj, type) and not isinstance(obj, types.GenericAlias):
        return obj.__qualname__ if obj.__module__ == "builtins" else f"{obj.__module__}.{obj.__qualname__}"
    if obj is ...:
        return "..."
    if isinstance(obj, types.FunctionType):
        return obj.__name__
    return repr(obj)


def _get_qualified_name(func: Callable[..., Any]) -> str:
    """The name under which code finds a function."""
    name = getattr(func, "__name__", type(func).__name__)
    if getattr(builtins, name, None) is func:
        return name
    if isinstance(func, (torch._ops.OpOverload, torch._ops.OpOverloadPacket)):
        return f"torch.ops.{func}"
    if isinstance(func, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        owner = torch.Tensor if issubclass(torch.Tensor, func.__objclass__) else func.__objclass__
        return f"{owner.__module__}.{owner.__name__}.{name}"
    if name == "<lambda>":
        try:
            name = inspect.getsource(func).split("=")[0].strip()
        except Exception as error:
            raise RuntimeError("Unable to represent lambda") from error
    module = getattr(func, "__module__", None)
    if module in (None, "builtins") or (module or "").startswith("torch._C"):
        module = _find_module_of_method(func)
    if module.startswith("torch._ops"):
        module = module.replace("torch._ops", "torch.ops")
    if module == "torch" and func is not getattr(torch, name, None) and hasattr(torch.Tensor, name):
        module = "torch.Tensor"
    if module.startswith("torch.nn.functional"):  # parts of the module's source
        module = "torch.nn.functional"
    if module == "torch.functional" and getattr(torch, name, None) is func:
        module = "torch.functional"
    return f"{module}.{name}"


def _format_arg(arg: object, max_list_len: float = float("inf")) -> str:
    """An argument as text, nodes with a percent sign."""
    if isinstance(arg, list):
        items = [_format_arg(item) for item in arg]
        if len(items) > max_list_len:
            count = int(max_list_len)
            return f"[{', '.join(items[:count])}, ...[total_len={len(items)}]]"
        return f"[{', '.join(items)}]"
    if isinstance(arg, tuple):
        items = [_format_arg(item) for item in arg]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(arg, dict):
        return f"{{{', '.join(f'{key}: {_format_arg(value)}' for key, value in arg.items())}}}"
    return f"%{arg}" if isinstance(arg, Node) else str(arg)


class Node:
    """One operation of a graph.

    ``op`` says what ``target`` is: ``placeholder`` (an input's name), ``get_attr`` (an attribute's path),
    ``call_function`` (a function), ``call_module`` (a module's path), ``call_method`` (a method's name of the first
    argument), ``output``. ``args`` and ``kwargs`` hold values and other nodes, ``users`` the nodes that this one is an
    argument of, ``meta`` whatever passes note.
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        op: str,
        target: Target,
        args: tuple[Argument, ...],
        kwargs: dict[str, Argument],
        return_type: Optional[Any] = None,
    ) -> None:
        if op not in _legal_ops:
            raise AssertionError(f"op '{op}' is not in _legal_ops")
        if op == "call_function" and not callable(target):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {torch.typename(target)} "
                "but a Callable is expected"
            )
        if op != "call_function" and not isinstance(target, str):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {torch.typename(target)} "
                "but a str is expected"
            )
        self.graph = graph
        self.name = name
        self.op = op
        self.target = target
        self.type = return_type
        self.users: dict[Node, None] = {}
        self.meta: dict[str, Any] = {}
        self._input_nodes: dict[Node, None] = {}
        self._args: tuple[Argument, ...] = ()
        self._kwargs: dict[str, Argument] = {}
        self._prev = self._next = self
        self._erased = False
        self._repr_fn: Optional[Callable[[Node], str]] = None
        self._set_arguments(args, kwargs)

    # ---- place in the graph

    @property
    def next(self) -> Node:
        """The node after this one."""
        return self._next

    @property
    def prev(self) -> Node:
        """The node before this one."""
        return self._prev

    def prepend(self, x: Node) -> None:
        """Moves a node of the graph to the place before this one."""
        if self.graph is not x.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if self is x:
            return
        x._unlink()
        x._link_after(self._prev)

    def append(self, x: Node) -> None:
        """Moves a node of the graph to the place after this one."""
        self._next.prepend(x)

    def _link_after(self, before: Node) -> None:
        after = before._next
        before._next, self._prev, self._next, after._prev = self, before, after, self

    def _unlink(self) -> None:
        self._prev._next, self._next._prev = self._next, self._prev

    def __lt__(self, other: Node) -> bool:
        order = self.graph._order()
        return order[self] < order[other]

    def __gt__(self, other: Node) -> bool:
        return other < self

    def __le__(self, other: Node) -> bool:
        return self is other or self < other

    def __ge__(self, other: Node) -> bool:
        return self is other or other < self

    # ---- arguments

    @property
    def args(self) -> tuple[Argument, ...]:
        """Arguments by position. Assign a new tuple to change them."""
        return self._args

    @args.setter
    def args(self, a: tuple[Argument, ...]) -> None:
        self._set_arguments(a, self._kwargs)

    @property
    def kwargs(self) -> dict[str, Argument]:
        """Arguments by name. Assign a new dict to change them."""
        return self._kwargs

    @kwargs.setter
    def kwargs(self, k: dict[str, Argument]) -> None:
        self._set_arguments(self._args, k)

    def _set_arguments(self, args: Iterable[Argument], kwargs: Mapping[str, Argument]) -> None:
        inputs: dict[Node, None] = {}

        def note(node: Node) -> Node:
            inputs[node] = None
            return node

        self._args = map_arg(tuple(args), note)
        self._kwargs = map_arg(dict(kwargs), note)
        for old in self._input_nodes:
            old.users.pop(self, None)
        self._input_nodes = inputs
        for new in inputs:
            new.users.setdefault(self)

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes among the arguments, each once."""
        return list(self._input_nodes)

    def update_arg(self, idx: int, arg: Argument) -> None:
        """Changes one argument."""
        args = list(self.args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Argument) -> None:
        """Puts one more argument in a place."""
        if not 0 <= idx <= len(self.args):
            raise AssertionError("insert_args index must be between 0 and len(self.args)")
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key: str, arg: Argument) -> None:
        """Changes one argument by name."""
        self.kwargs = {**self.kwargs, key: arg}

    def replace_all_uses_with(
        self,
        replace_with: Node,
        delete_user_cb: Optional[Callable[[Node], bool]] = None,
        *,
        propagate_meta: bool = False,
    ) -> list[Node]:
        """Puts another node in this one's place in the arguments of its users; returns those."""
        if propagate_meta:
            if replace_with.meta:
                raise AssertionError(
                    "Called node.replace_all_uses_with(replace_with, propagate_meta=True), but replace_with already "
                    "has .meta keys"
                )
            replace_with.meta.update(self.meta)
        changed = [user for user in self.users if delete_user_cb is None or delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Puts a node in the place of another among the arguments."""

        def exchange(node: Node) -> Node:
            return new_input if node is old_input else node

        owner = self.graph.owning_module
        for hook in getattr(owner, "_replace_hooks", ()):
            hook(old=old_input, new=new_input.name, user=self)
        self._set_arguments(map_arg(self._args, exchange), map_arg(self._kwargs, exchange))

    def normalized_arguments(
        self,
        root: torch.nn.Module,
        arg_types: Optional[tuple[Any, ...]] = None,
        kwarg_types: Optional[dict[str, Any]] = None,
        normalize_to_only_use_kwargs: bool = False,
    ) -> Optional[Any]:
        """The arguments under the names of the parameters of what is called; None where those are not known."""
        from torch.fx import operator_schemas

        return operator_schemas.normalize_node(self, root, normalize_to_only_use_kwargs)

    # ---- what the node is

    @property
    def stack_trace(self) -> Optional[str]:
        """Where the node was recorded, if that was kept."""
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace: Optional[str]) -> None:
        self.meta["stack_trace"] = trace

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether the node must stay though nobody uses it."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            schema = getattr(self.target, "_schema", None)
            if schema is not None and schema.is_mutable:
                return True
            if impure_random and isinstance(self.target, torch._ops.OpOverload):
                from torch._library.keys import Tag

                if Tag.nondeterministic_seeded in self.target.tags:
                    return True
            return self.target in _side_effectful_functions or _writes(self.target)
        if self.op == "call_method":
            return str(self.target).endswith("_") and not str(self.target).endswith("__")
        if self.op == "call_module":
            if self.graph.owning_module is None:
                raise AssertionError("self.graph.owning_module not set for purity check")
            module = self.graph.owning_module.get_submodule(str(self.target))
            return getattr(module, "_is_impure", False)
        return False

    def _rename(self, candidate: str) -> None:
        if candidate != self.name:
            self.name = self.graph._graph_namespace.create_name(candidate, None)
            self.graph._graph_namespace._rename_object(self, self.name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("op", "target") and "_erased" in self.__dict__ and not self._erased:
            self.graph._find_table_changed()
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return self._repr_fn(self) if self._repr_fn is not None else self.name

    def _pretty_print_target(self, target: object) -> str:
        if isinstance(target, str):
            return target
        name = getattr(target, "__name__", None)
        module = getattr(target, "__module__", None)
        if name is not None and module is not None:
            if module == "_operator":
                return f"operator.{name}"
            if module == "builtins":
                return f"builtins.{name}"
        return _get_qualified_name(target)  # type: ignore[arg-type]

    def format_node(
        self,
        placeholder_names: Optional[list[str]] = None,
        maybe_return_typename: Optional[list[str]] = None,
        *,
        include_tensor_metadata: bool = False,
    ) -> Optional[str]:
        """The node as a line of text."""
        if self.op == "placeholder":
            kind = f"{_type_repr(self.type)} " if self.type else ""
            default = f"(default={self.args[0]})" if self.args else ""
            if placeholder_names is not None:
                placeholder_names.append(f"{self.target}" + (f" : {_type_repr(self.type)}" if self.type else ""))
                return None
            return f"%{self.name} : {kind}[num_users={len(self.users)}] = {self.op}[target={self.target}]{default}"
        if self.op == "output":
            if self.type and maybe_return_typename:
                maybe_return_typename[0] = f" -> {_type_repr(self.type)}"
            return f"return {self.args[0]}"
        kind = f"{_type_repr(self.type)} " if self.type is not None else ""
        target = self._pretty_print_target(self.target)
        head = f"%{self.name} : {kind}[num_users={len(self.users)}] = {self.op}[target={target}]"
        if self.op == "get_attr":
            return head
        return f"{head}(args = {_format_arg(self.args)}, kwargs = {_format_arg(self.kwargs)})"


def _writes(target: Any) -> bool:
    """Whether a function changes its arguments."""
    if target in _WRITING:
        return True
    name = getattr(target, "__name__", "")
    return name.endswith("_") and not name.endswith("__") and getattr(target, "__module__", "").startswith("torch")


_WRITING = {operator.setitem, operator.delitem, setattr}
_WRITING |= {
    getattr(operator, f"i{name}")
    for name in "add sub mul matmul truediv floordiv mod pow and or xor".split()
    if hasattr(operator, f"i{name}")
}


def map_arg(a: Any, fn: Callable[[Node], Any]) -> Any:
    """The argument with ``fn(node)`` in place of each node in it."""
    if not callable(fn):
        raise AssertionError("torch.fx.map_arg(a, fn): fn must be a callable")
    return map_aggregate(a, lambda x: fn(x) if isinstance(x, Node) else x)


def map_aggregate(a: Any, fn: Callable[[Any], Any]) -> Any:
    """The argument with ``fn(item)`` in place of each item of its tuples, lists, dicts and slices."""
    if isinstance(a, tuple):
        items = (map_aggregate(item, fn) for item in a)
        return type(a)(*items) if hasattr(a, "_fields") else tuple(items)
    if isinstance(a, list):
        return immutable_list([map_aggregate(item, fn) for item in a])
    if isinstance(a, dict):
        return immutable_dict((key, map_aggregate(value, fn)) for key, value in a.items())
    if isinstance(a, slice):
        return slice(map_aggregate(a.start, fn), map_aggregate(a.stop, fn), map_aggregate(a.step, fn))
    return fn(a)
