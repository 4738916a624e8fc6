"""Proxies: objects that stand for values while a program is traced, and note what is done with them."""

from __future__ import annotations

import copy
import dis
import enum
import operator
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Optional

import torch
from torch.fx import traceback as fx_traceback
from torch.fx._codegen import magic_methods, reflectable_magic_methods
from torch.fx.graph import Graph
from torch.fx.node import Argument, Node, Target, base_types

__all__ = [
    "Attribute",
    "GraphAppendingTracer",
    "ParameterProxy",
    "Proxy",
    "Scope",
    "ScopeContextManager",
    "TraceError",
    "TracerBase",
]


class Scope:
    """The module whose ``forward`` is being traced: its path and class."""

    def __init__(self, module_path: str, module_type: Any) -> None:
        self.module_path = module_path
        self.module_type = module_type


class ScopeContextManager:
    """Context manager: inside, a scope is another one."""

    def __init__(self, scope: Scope, current_scope: Scope) -> None:
        self._scope = scope
        self._before = copy.copy(scope)
        scope.module_path, scope.module_type = current_scope.module_path, current_scope.module_type

    def __enter__(self) -> Scope:
        return self._scope

    def __exit__(self, *exc: object) -> None:
        self._scope.module_path, self._scope.module_type = self._before.module_path, self._before.module_type


class TraceError(ValueError):
    """Something was done with a proxy that can't be traced."""


def assert_fn(x: object) -> None:
    """``assert x``, as a function."""
    assert x


class TracerBase:
    """What tracers share: how operations become nodes."""

    graph: Graph
    record_stack_traces = False
    _record_forward_stack_traces_only = False
    check_mutable_operations = False
    trace_asserts = False
    proxy_buffer_attributes = False
    traced_func_name = "forward"
    scope: Scope
    module_stack: dict[str, Any]
    node_name_to_scope: dict[str, tuple[str, type]]

    def create_node(
        self,
        kind: str,
        target: Target,
        args: tuple[Argument, ...],
        kwargs: dict[str, Argument],
        name: Optional[str] = None,
        type_expr: Optional[Any] = None,
    ) -> Node:
        """Makes the node of an operation. The place to look at, or change, everything that is recorded."""
        if kind == "call_function" and self.check_mutable_operations:
            schema = getattr(target, "_schema", None)
            if schema is not None and schema.is_mutable:
                raise RuntimeError(f"Tried to trace mutable operation {schema}. FX only supports functional code")
        node = self.graph.create_node(kind, target, args, kwargs, name, type_expr)
        scope = getattr(self, "scope", None)
        if scope is not None:
            self.node_name_to_scope[node.name] = (scope.module_path, scope.module_type)
        if fx_traceback.has_preserved_node_meta():
            node.meta.update(fx_traceback.get_current_meta())
        elif getattr(self, "module_stack", None):
            node.meta["nn_module_stack"] = copy.copy(self.module_stack)
        return node

    def proxy(self, node: Node) -> Proxy:
        """The proxy of a node."""
        return Proxy(node, self)

    def create_proxy(
        self,
        kind: str,
        target: Target,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: Optional[str] = None,
        type_expr: Optional[Any] = None,
        proxy_factory_fn: Optional[Callable[[Node], Any]] = None,
    ) -> Any:
        """Records an operation on proxies and values; returns the proxy of its result."""
        node_args, node_kwargs = self.create_arg(args), self.create_arg(kwargs)
        if not isinstance(node_args, tuple):
            raise AssertionError(f"Expected args to be tuple, got {type(node_args)}")
        node = self.create_node(kind, target, node_args, node_kwargs, name, type_expr)
        proxy = proxy_factory_fn(node) if proxy_factory_fn else self.proxy(node)
        if self.record_stack_traces and not node.stack_trace:
            frame = self._find_user_frame()
            if frame is not None:
                import traceback

                node.stack_trace = "".join(traceback.StackSummary.extract(traceback.walk_stack(frame)).format()[::-1])
        return proxy

    def _find_user_frame(self) -> Optional[types.FrameType]:
        """The innermost frame outside torch.fx."""
        frame: Optional[types.FrameType] = sys._getframe()
        here = __file__.rpartition("/")[0]
        while frame is not None and frame.f_code.co_filename.startswith(here):
            frame = frame.f_back
        return frame

    def create_arg(self, a: Any) -> Argument:
        """A value as an argument of a node: proxies become nodes, containers are gone through.

        Raises:
            NotImplementedError: it is of a kind that nodes don't take.
        """
        if isinstance(a, Proxy):
            return a.node
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, tuple):
            if hasattr(a, "_fields"):
                return (
                    self.create_node("call_function", type(a), tuple(self.create_arg(item) for item in a), {})
                    if any(isinstance(item, Proxy) for item in a)
                    else type(a)(*(self.create_arg(item) for item in a))
                )
            return tuple(self.create_arg(item) for item in a)
        if isinstance(a, list):
            return [self.create_arg(item) for item in a]
        if isinstance(a, dict):
            return {self._key(key): self.create_arg(value) for key, value in a.items()}
        if isinstance(a, slice):
            return slice(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, range):
            return range(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, (torch._ops.OpOverload, torch._ops.HigherOrderOperator, enum.Enum)):
            return a
        if is_dataclass(a) and not isinstance(a, type):
            values = {field.name: self.create_arg(getattr(a, field.name)) for field in fields(a)}
            return self.create_node("call_function", type(a), (), values)
        if isinstance(a, (*base_types, type(...))) or a is None:
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    @staticmethod
    def _key(key: Any) -> Any:
        def refuse(item: Any) -> Any:
            if isinstance(item, Proxy):
                raise RuntimeError(
                    "Keys for dictionaries used as an argument cannot contain a Node. Got key: " + repr(item.node)
                )
            return item

        if isinstance(key, tuple):
            return tuple(refuse(item) for item in key)
        return refuse(key)

    def to_bool(self, obj: Proxy) -> bool:
        """Called where a proxy decides about control flow.

        Raises:
            TraceError: always; a subclass may decide.
        """
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator[Any]:
        """Called where a proxy is iterated over outside an unpacking.

        Raises:
            TraceError: always; a subclass may decide.
        """
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or "
            "**kwargs function argument. See the torch.fx docs on pytorch.org for a more detailed explanation of what "
            "types of control flow can be traced, and check out the Proxy docstring for help troubleshooting Proxy "
            "iteration errors"
        )

    def keys(self, obj: Proxy) -> Any:
        """Called for ``**proxy``."""
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    """A tracer that adds to a graph that is there."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.scope = Scope("", None)
        self.module_stack = {}
        self.node_name_to_scope = {}


class Proxy:
    """Stands for the value of a node. What is done with it is recorded, and gives further proxies."""

    def __init__(self, node: Node, tracer: Optional[TracerBase] = None) -> None:
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, k: str) -> Attribute:
        if k in ("node", "tracer") or (k.startswith("__") and k.endswith("__") and k != "__class__"):
            raise AttributeError(k)  # not made yet, or a protocol that it has not
        return Attribute(self, k)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state

    def __deepcopy__(self, memo: dict[int, Any]) -> Proxy:
        new = Proxy.__new__(type(self))
        new.__dict__.update({key: copy.deepcopy(value, memo) for key, value in self.__dict__.items()})
        return new

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        frame = sys._getframe(1)
        count = _unpacked_at(frame)
        if count is not None:
            return (self[i] for i in range(count))  # type: ignore[index]
        return self.tracer.iter(self)

    def __abs__(self) -> Any:
        return self.tracer.create_proxy("call_function", operator.abs, (self,), {})

    def __bool__(self) -> bool:
        if self.tracer.trace_asserts and _asserts_at(sys._getframe(1)):
            self.tracer.create_proxy("call_function", assert_fn, (self,), {})
            return True
        return self.tracer.to_bool(self)

    def keys(self) -> Any:
        """For ``**proxy``."""
        return self.tracer.keys(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call "
            "torch.fx.wrap('len') at module scope"
        )

    @classmethod
    def __torch_function__(cls, orig_method: Any, types: Any, args: Any = None, kwargs: Any = None) -> Any:
        args = args or ()
        kwargs = kwargs or {}
        tracers: dict[Any, None] = {}

        def find(value: Any) -> None:
            if isinstance(value, Proxy):
                tracers[value.tracer] = None
            elif isinstance(value, (list, tuple)):
                for item in value:
                    find(item)
            elif isinstance(value, dict):
                for item in value.values():
                    find(item)

        find(args)
        find(kwargs)
        if len(tracers) > 1:
            raise RuntimeError(
                f"Found multiple different tracers {list(tracers)} while trying to trace operations {orig_method}"
            )
        tracer = next(iter(tracers))
        name = getattr(orig_method, "__name__", None)
        if _is_tensor_method(orig_method, name):
            if name in ("__get__", "__set__"):  # attributes of tensors
                raise NotImplementedError(f"attribute of a tensor and a proxy: {orig_method}")
            return tracer.create_proxy("call_method", name, args, kwargs)
        if isinstance(orig_method, torch._ops.HigherOrderOperator):
            raise RuntimeError(f"Unable to symbolically trace HigherOrderOperators: {orig_method}")
        return tracer.create_proxy(
            "call_function", orig_method, args, kwargs, name=tracer.graph._target_to_str(name or str(orig_method))
        )


def _is_tensor_method(function: Any, name: Optional[str]) -> bool:
    if isinstance(function, (types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType)):
        return True
    return name is not None and vars(torch.Tensor).get(name) is function


def _instruction_at(frame: types.FrameType, after: int = 0) -> list[dis.Instruction]:
    found = [i for i in dis.get_instructions(frame.f_code) if i.offset >= frame.f_lasti and i.opname != "CACHE"]
    return found[: after + 1]


def _unpacked_at(frame: types.FrameType) -> Optional[int]:
    """Into how many names a frame is unpacking something; None if it is not."""
    found = _instruction_at(frame)
    return found[0].argval if found and found[0].opname == "UNPACK_SEQUENCE" else None


def _asserts_at(frame: types.FrameType) -> bool:
    """Whether a frame is evaluating the condition of an assert statement."""
    found = [i for i in _instruction_at(frame, 6) if i.opname not in ("TO_BOOL", "NOT_TAKEN", "EXTENDED_ARG")]
    for i, instruction in enumerate(found[:2]):
        if "JUMP_IF_TRUE" in instruction.opname and i + 1 < len(found):
            return found[i + 1].opname in ("LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT")
    return False


class Attribute(Proxy):
    """Stands for an attribute of a proxy. Called, it is a method call; else a node that reads it is made."""

    def __init__(self, root: Proxy, attr: str) -> None:
        self.root = root
        self.attr = attr
        self.tracer = root.tracer
        self._node: Optional[Node] = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        """The node that reads the attribute, made where it is needed."""
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """Stands for a parameter, whose shape is known."""

    def __init__(self, tracer: TracerBase, node: Node, name: str, param: torch.nn.Parameter) -> None:
        super().__init__(node, tracer)
        if not isinstance(param, torch.nn.Parameter):
            raise AssertionError(f"Expected Parameter, got {type(param)}")
        self.param = param
        self.name = name

    def __repr__(self) -> str:
        return f"ParameterProxy({self.name})"

    @property
    def shape(self) -> torch.Size:
        """The parameter's shape."""
        return self.param.shape

    def size(self, *args: Any) -> Any:
        """The parameter's size."""
        return self.param.size(*args)

    def dim(self) -> int:
        """The parameter's number of dimensions."""
        return self.param.dim()

    @property
    def ndim(self) -> int:
        """The parameter's number of dimensions."""
        return self.param.ndim

    def numel(self) -> int:
        """The parameter's number of elements."""
        return self.param.numel()

    nelement = numel


def _record(method: str, reflected: bool = False) -> Callable[..., Any]:
    name = method.rstrip("_")
    target = getattr(operator, method)

    def magic(self: Proxy, *args: Any, **kwargs: Any) -> Any:
        values = (args[0], self) if reflected else (self, *args)
        return self.tracer.create_proxy("call_function", target, values, kwargs)

    magic.__name__ = f"__r{name}__" if reflected else f"__{name}__"
    return magic


for _method in magic_methods:
    if hasattr(operator, _method):
        setattr(Proxy, f"__{_method.rstrip('_')}__", _record(_method))
for _method in reflectable_magic_methods:
    if hasattr(operator, _method) and _method != "getitem":
        setattr(Proxy, f"__r{_method.rstrip('_')}__", _record(_method, reflected=True))
