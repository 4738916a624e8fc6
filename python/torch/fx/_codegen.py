"""Python code of graphs; part of :mod:`torch.fx.graph`."""

from __future__ import annotations

import copy
import enum
import math
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

import torch
from torch.fx import _pytree as fx_pytree
from torch.fx.node import Node, _get_qualified_name, _places, _type_repr
from torch.utils import _pytree as pytree

reflectable_magic_methods = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "floordiv": "{} // {}",
    "truediv": "{} / {}",
    "div": "{} / {}",
    "mod": "{} % {}",
    "pow": "{} ** {}",
    "lshift": "{} << {}",
    "rshift": "{} >> {}",
    "and_": "{} & {}",
    "or_": "{} | {}",
    "xor": "{} ^ {}",
    "getitem": "{}[{}]",
    "matmul": "{} @ {}",
}
magic_methods = {
    "eq": "{} == {}",
    "ne": "{} != {}",
    "lt": "{} < {}",
    "gt": "{} > {}",
    "le": "{} <= {}",
    "ge": "{} >= {}",
    "pos": "+{}",
    "neg": "-{}",
    "invert": "~{}",
    **reflectable_magic_methods,
}
inplace_methods = {
    "iadd": "{} += {}",
    "iand": "{} &= {}",
    "ifloordiv": "{} //= {}",
    "ilshift": "{} <<= {}",
    "imod": "{} %= {}",
    "imul": "{} *= {}",
    "imatmul": "{} @= {}",
    "ior": "{} |= {}",
    "ipow": "{} **= {}",
    "irshift": "{} >>= {}",
    "isub": "{} -= {}",
    "itruediv": "{} /= {}",
    "ixor": "{} ^= {}",
    "setitem": "{}[{}] = {}",
}


class _CustomBuiltin(NamedTuple):
    import_str: str
    obj: Any


_custom_builtins: dict[str, _CustomBuiltin] = {}


def _register_custom_builtin(name: str, import_str: str, obj: Any) -> None:
    """Makes a name one that all code may use; ``import_str`` is the line that imports it."""
    _custom_builtins[name] = _CustomBuiltin(import_str, obj)


_register_custom_builtin("inf", "from math import inf", math.inf)
_register_custom_builtin("nan", "from math import nan", math.nan)
_register_custom_builtin("NoneType", "NoneType = type(None)", type(None))
_register_custom_builtin("torch", "import torch", torch)
_register_custom_builtin("device", "from torch import device", torch.device)
_register_custom_builtin("fx_pytree", "import torch.fx._pytree as fx_pytree", fx_pytree)
_register_custom_builtin("pytree", "import torch.utils._pytree as pytree", pytree)


@dataclass
class PythonCode:
    """Source of a function and the globals that it needs."""

    src: str
    globals: dict[str, Any]
    _lineno_map: Optional[dict[int, Optional[int]]] = None
    _prologue_start: int = 0


class _PyTreeInfo(NamedTuple):
    orig_args: list[str]
    in_spec: Any
    out_spec: Any


def _format_target(base: str, target: str) -> str:
    """``base.a.b`` for a path, by ``getattr`` where a part is no name."""
    for part in target.split("."):
        base = f"{base}.{part}" if part.isidentifier() else f'getattr({base}, "{part}")'
    return base


def _is_from_torch(obj: Any) -> bool:
    module = getattr(obj, "__module__", None)
    if module is not None:
        base = module.partition(".")[0]
        return base == "torch" and not module.startswith(("torch._dynamo.", "torch._inductor."))
    name = getattr(obj, "__name__", None)
    return name is not None and name != "torch" and any(getattr(place, name, None) is obj for place in _places())


class CodeGen:
    """Writes the code of a graph. Subclasses change the head and the return."""

    def __init__(self) -> None:
        self._body_transformer: Optional[Callable[[list[str]], list[str]]] = None
        self._func_name = "forward"

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        """The function's head."""
        if not free_vars or free_vars[0] != "self":
            free_vars.insert(0, "self")
        return f"def {self._func_name}({', '.join(free_vars)}){maybe_return_annotation}:"

    def generate_output(self, output_args: Any, *, descs: Any = None) -> str:
        """The line that returns."""
        return f"return {self._argument(output_args)}"

    def process_inputs(self, *args: Any) -> Any:
        """The arguments of a call as the values of the placeholders."""
        return args

    def process_outputs(self, outputs: Any) -> Any:
        """The output's value as what a call returns."""
        return outputs

    def additional_globals(self) -> list[tuple[str, Any]]:
        """Further globals of the code."""
        return []

    def _argument(self, value: Any) -> str:
        return repr(value)

    def _gen_python_code(self, nodes: Any, root_module: str, namespace: Any, *, verbose: bool = False) -> PythonCode:
        writer = _Writer(self, nodes, root_module, namespace, verbose)
        return writer.write()

    def __deepcopy__(self, memo: dict[int, Any]) -> CodeGen:
        new = copy.copy(self)
        return new


class _Writer:
    """Writes one function."""

    def __init__(self, codegen: CodeGen, nodes: Any, root: str, namespace: Any, verbose: bool) -> None:
        self.codegen, self.nodes, self.root, self.namespace = codegen, nodes, root, namespace
        self.verbose = verbose
        self.globals: dict[str, Any] = {}
        self.wrapped: dict[str, None] = {}
        self.free: list[str] = []
        self.body: list[str] = []
        self.returned = ""
        self.last_use: dict[Node, list[Node]] = {}

    def write(self) -> PythonCode:
        for name, builtin in _custom_builtins.items():
            self.add_global(name, builtin.obj)
        for name, value in self.codegen.additional_globals():
            self.add_global(name, value)
        seen: set[Node] = set()
        for node in reversed(self.nodes):
            for argument in node._input_nodes:
                if argument not in seen:
                    seen.add(argument)
                    self.last_use.setdefault(node, []).append(argument)
        traced = False
        for node in self.nodes:
            if self.verbose and node.op not in ("placeholder", "output") and not traced:
                traced = True
                if not node.stack_trace:
                    self.body.append("\n# No stacktrace found for following nodes\n")
            self.emit(node)
            self.delete_unused(node)
        body = self.body
        if not any(line.strip() for line in body):
            body = ["pass\n"]
        if self.codegen._body_transformer is not None:
            body = self.codegen._body_transformer(body)
        wraps = "".join(f'torch.fx._symbolic_trace.wrap("{name}")\n' for name in self.wrapped)
        if wraps:
            self.add_global("torch", torch)
        head = self.codegen.gen_fn_def(self.free, self.returned)
        lines = "".join(body).strip("\n").split("\n")
        code = "\n".join("    " + line if line else "" for line in lines)
        source = f"\n{wraps}\n{head}\n{code}\n    " if wraps else f"\n\n\n{head}\n{code}\n    "
        return PythonCode(source, self.globals)

    # ---- names

    def add_global(self, hint: str, obj: Any) -> str:
        """A name for an object among the globals."""
        if _is_from_torch(obj) and obj is not torch.device:
            return _get_qualified_name(obj)
        name = self.namespace.create_name(hint.replace(".", "_"), obj)
        self.globals[name] = obj
        return name

    def type_text(self, kind: Any) -> str:
        """A type as code, with what it needs among the globals."""
        if kind == ():
            return "()"
        text = _type_repr(kind)
        origin = typing.get_origin(kind)
        if origin is getattr(types, "UnionType", typing):
            return " | ".join(self.type_text(item) for item in typing.get_args(kind))
        if origin is not None:
            name = self.add_global(_type_repr(origin), origin) if not text.startswith("typing.") else ""
            if text.startswith("typing."):
                short = text.partition("[")[0]
                name = self.add_global(short, getattr(typing, short[len("typing.") :]))
            return f"{name}[{', '.join(self.type_text(item) for item in typing.get_args(kind))}]"
        if isinstance(kind, str):
            return repr(kind)
        return self.add_global(text, kind)

    def argument(self, value: Any) -> str:
        """A value as code."""
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            name = self.add_global(_type_repr(type(value)), type(value))
            return f"{name}({', '.join(self.argument(item) for item in value)})"
        if isinstance(value, torch.Size):
            return f"torch.Size([{', '.join(self.argument(item) for item in value)}])"
        if isinstance(value, tuple):
            return f"({', '.join(self.argument(item) for item in value)}{',' if len(value) == 1 else ''})"
        if isinstance(value, list):
            return f"[{', '.join(self.argument(item) for item in value)}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{self.argument(k)}: {self.argument(v)}' for k, v in value.items())}}}"
        if isinstance(value, slice):
            return f"slice({self.argument(value.start)}, {self.argument(value.stop)}, {self.argument(value.step)})"
        if isinstance(value, enum.Enum):
            return f"{self.add_global(_type_repr(type(value)), type(value))}.{value.name}"
        if isinstance(value, (torch._ops.OpOverload, torch._ops.OpOverloadPacket)) or isinstance(value, type):
            return self.add_global(_type_repr(value) if isinstance(value, type) else str(value), value)
        if callable(value) and not isinstance(value, Node):
            name = _get_qualified_name(value)
            return self.add_global(name, value)
        return repr(value)

    def arguments(self, args: Any, kwargs: Any) -> str:
        """The arguments of a call."""
        return ", ".join([*map(self.argument, args), *(f"{k} = {self.argument(v)}" for k, v in kwargs.items())])

    # ---- lines

    def delete_unused(self, user: Node) -> None:
        """Ends the line of a node by forgetting what is used for the last time in it."""
        if user.op == "placeholder":
            return
        if user.op == "output":
            self.body.append("\n")
            return
        unused = list(self.last_use.get(user, ()))
        if not user.users:
            unused.append(user)
        self.body.append(f";  {' = '.join(repr(node) for node in unused)} = None\n" if unused else "\n")

    def emit(self, node: Node) -> None:
        """The line of a node, without its end."""
        kind = "" if node.type is None else f" : {self.type_text(node.type)}"
        if node.op == "placeholder":
            default = "" if not node.args else f" = {self.argument(node.args[0])}"
            self.free.append(f"{node.target}{kind}{default}")
            raw = str(node.target).replace("*", "")
            if raw != repr(node):
                self.body.append(f"{node!r} = {raw}\n")
        elif node.op == "call_method":
            rest = self.arguments(node.args[1:], node.kwargs)
            first = self.argument(node.args[0])
            self.body.append(f"{node!r}{kind} = {_format_target(first, str(node.target))}({rest})")
        elif node.op == "call_function":
            self.body.append(self.call(node, kind))
        elif node.op == "call_module":
            place = _format_target(self.root, str(node.target))
            self.body.append(f"{node!r}{kind} = {place}({self.arguments(node.args, node.kwargs)})")
        elif node.op == "get_attr":
            self.body.append(f"{node!r}{kind} = {_format_target(self.root, str(node.target))}")
        elif node.op == "output":
            if node.type is not None:
                self.returned = f" -> {self.type_text(node.type)}"
            self.codegen._argument = self.argument  # type: ignore[method-assign]
            self.body.append(self.codegen.generate_output(node.args[0]))
            del self.codegen._argument
        else:
            raise NotImplementedError(f"node: {node.op} {node.target}")

    def call(self, node: Node, kind: str) -> str:
        target: Any = node.target
        name = getattr(target, "__name__", "")
        if getattr(target, "__module__", "") == "_operator":
            if name in magic_methods and not node.kwargs:
                return f"{node!r}{kind} = {magic_methods[name].format(*(self.argument(a) for a in node.args))}"
            if name in inplace_methods and not node.kwargs:
                line = inplace_methods[name].format(*(self.argument(a) for a in node.args))
                return f"{line};  {node!r}{kind} = {self.argument(node.args[0])}"
        qualified = _get_qualified_name(target)
        place = self.add_global(qualified, target)
        if place == "getattr" and len(node.args) == 2 and isinstance(node.args[1], str) and node.args[1].isidentifier():
            return f"{node!r}{kind} = {_format_target(self.argument(node.args[0]), node.args[1])}"
        if node.meta.get("is_wrapped"):
            self.wrapped.setdefault(place)
        return f"{node!r}{kind} = {place}({self.arguments(node.args, node.kwargs)})"


class _PyTreeCodeGen(CodeGen):
    """Code whose arguments and result are trees, which the placeholders and the output see as leaves."""

    def __init__(self, pytree_info: _PyTreeInfo) -> None:
        super().__init__()
        self.pytree_info = pytree_info

    def process_inputs(self, *inputs: Any) -> Any:
        """The leaves of the arguments."""
        return pytree.arg_tree_leaves(*inputs)

    def process_outputs(self, out: Any) -> Any:
        """The tree of the result."""
        if self.pytree_info is None or self.pytree_info.out_spec is None:
            return out
        if not isinstance(out, (list, tuple)):
            out = [out]
        return pytree.tree_unflatten(out, self.pytree_info.out_spec)

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        """The head, and a line that takes the arguments apart."""
        if self.pytree_info is None:
            return super().gen_fn_def(free_vars, maybe_return_annotation)
        names = self.pytree_info.orig_args
        head = super().gen_fn_def(list(names), maybe_return_annotation)
        names = [name for name in names if name != "self"]
        if free_vars:
            plain = [re.sub(r"\s*[:=].*", "", name) for name in free_vars]
            head += (
                f"\n    {', '.join(plain)}, = fx_pytree.tree_flatten_spec(([{', '.join(names)}], {{}}), self._in_spec)"
                if self._has_keywords()
                else f"\n    {', '.join(plain)}, = fx_pytree.tree_flatten_spec([{', '.join(names)}], self._in_spec)"
            )
        return head

    def _has_keywords(self) -> bool:
        spec = self.pytree_info.in_spec
        return (
            spec.type is tuple and spec.num_children == 2 and spec.child(0).type is tuple and spec.child(1).type is dict
        )

    def generate_output(self, output_args: Any, *, descs: Any = None) -> str:
        """The line that returns, with the tree put together."""
        if self.pytree_info is not None and self.pytree_info.out_spec:
            return f"return pytree.tree_unflatten({self._argument(output_args)}, self._out_spec)"
        return super().generate_output(output_args)
