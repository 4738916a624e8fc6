"""Modules whose ``forward`` is written from a graph."""

from __future__ import annotations

import contextlib
import copy
import itertools
import linecache
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Union

import torch
from torch.fx._codegen import PythonCode, _custom_builtins, _PyTreeCodeGen
from torch.fx.graph import Graph
from torch.nn.modules.module import _addindent

__all__ = ["GraphModule", "reduce_graph_module"]

_USER_PRESERVED_ATTRIBUTES_KEY = "_user_preserved_attributes"
_numbers = itertools.count()


def _exec_with_source(src: str, globals: dict[str, Any], co_fields: Any = None) -> str:  # noqa: A002
    """Runs code of which errors show the lines; returns the name of its file."""
    name = f"<eval_with_key>.{next(_numbers)}"
    linecache.cache[name] = (len(src), None, src.splitlines(keepends=True), name)
    exec(compile(src, name, "exec", dont_inherit=True), globals)
    return name


def _forward_from_src(src: str, globals: dict[str, Any], co_fields: Any = None) -> Callable[..., Any]:  # noqa: A002
    scope = dict(globals)
    _exec_with_source(src, scope)
    return scope["forward"]


def _format_import_statement(name: str, obj: Any) -> str:
    if name in _custom_builtins:
        return _custom_builtins[name].import_str
    if getattr(obj, "__name__", "") == name and not hasattr(obj, "__module__"):  # a module
        return f"import {name}"
    module = getattr(obj, "__module__", None) or "torch"
    attribute = getattr(obj, "__qualname__", getattr(obj, "__name__", name))
    if module == "_operator":
        module = "operator"
    root, *rest = attribute.split(".")
    line = f"from {module} import {root} as {name}"
    return line if not rest else f"{line}; {name} = {'.'.join([name, *rest])}"


def _format_import_block(globals: dict[str, Any], importer: Any = None) -> str:  # noqa: A002
    return "\n".join(sorted({_format_import_statement(name, obj) for name, obj in globals.items()}))


class _CodeOnlyModule(torch.nn.Module):
    """The attributes of a pickled module, before its graph is there again."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self.__dict__ = body


def reduce_graph_module(body: dict[Any, Any], import_block: str) -> torch.nn.Module:
    """What pickles call: a module from its attributes and the imports of its code."""
    source = body.get("_code") or body["code"]
    forward = _forward_from_src(import_block + source, {})
    return _deserialize_graph_module(forward, body)


def _deserialize_graph_module(
    forward: Callable[..., Any], body: dict[Any, Any], graph_module_cls: Any = None
) -> torch.nn.Module:
    from torch.fx._symbolic_trace import Tracer

    cls = graph_module_cls or GraphModule
    body = dict(body)
    tracer_cls = body.pop("_tracer_cls", None) or Tracer
    extras = body.pop("_tracer_extras", None) or {}
    name = body.pop("_graphmodule_cls_name", "GraphModule")
    codegen = body.pop("_graph_codegen", None)
    _CodeOnlyModule.forward = forward  # type: ignore[method-assign]
    module = _CodeOnlyModule(body)

    class KeepModules(tracer_cls):  # type: ignore[misc,valid-type]
        def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
            return True

    graph = KeepModules().trace(module, **extras)
    graph._tracer_cls = tracer_cls
    if codegen is not None:
        graph._codegen = codegen
    result = cls(module, graph, class_name=name)
    for key, value in body.items():
        if not hasattr(result, key):
            setattr(result, key, value)
    return result


def _copy_attr(from_module: torch.nn.Module, to_module: torch.nn.Module, target: str) -> None:
    """Gives a module what another one has under a path, and modules on the way to it."""
    *prefix, field = target.split(".")
    source: Any = from_module
    place: Any = to_module
    for item in prefix:
        source = getattr(source, item)
        if getattr(place, item, None) is source:
            return  # all below is there already
        if getattr(place, item, None) is None:
            setattr(place, item, torch.nn.Module())
        place = getattr(place, item)
    value = getattr(source, field)
    if isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
        persistent = field not in getattr(source, "_non_persistent_buffers_set", ())
        place.register_buffer(field, value, persistent)
    else:
        setattr(place, field, value)


def _assign_attr(from_obj: Any, to_module: torch.nn.Module, target: str) -> None:
    """Puts an object under a path of a module."""
    *prefix, field = target.split(".")
    place: Any = to_module
    for item in prefix:
        if getattr(place, item, None) is None:
            setattr(place, item, torch.nn.Module())
        place = getattr(place, item)
    if isinstance(from_obj, torch.Tensor) and not isinstance(from_obj, torch.nn.Parameter):
        place.register_buffer(field, from_obj)
    else:
        setattr(place, field, from_obj)


def _get_attr(model: torch.nn.Module, attr_name: str) -> Any:
    found: Any = model
    for part in attr_name.split("."):
        found = getattr(found, part)
    return found


def _del_attr(model: torch.nn.Module, attr_name: str) -> None:
    *prefix, field = attr_name.split(".")
    delattr(_get_attr(model, ".".join(prefix)) if prefix else model, field)


def _has_attr(model: torch.nn.Module, attr_name: str) -> bool:
    try:
        _get_attr(model, attr_name)
    except AttributeError:
        return False
    return True


class GraphModule(torch.nn.Module):
    """A module whose ``forward`` is the code of a graph, which can be changed.

    After changes of the graph call :meth:`recompile`.

    Args:
        root: the module from which what the graph mentions is taken, or a dict from paths to modules and tensors.
        graph: the graph.
        class_name: name of the class.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> GraphModule:
        # Each has a class of its own, for forward is found in the class.
        for base in cls.__mro__:
            if base.__qualname__.rpartition(".")[2] != "GraphModuleImpl":
                cls = base
                break

        class GraphModuleImpl(cls):  # type: ignore[misc,valid-type]
            pass

        return super().__new__(GraphModuleImpl)

    def __init__(
        self, root: Union[torch.nn.Module, dict[str, Any]], graph: Graph, class_name: str = "GraphModule"
    ) -> None:
        super().__init__()
        self.__class__.__name__ = class_name
        targets = sorted(
            dict.fromkeys(str(node.target) for node in graph.nodes if node.op in ("get_attr", "call_module")),
            key=lambda target: target.count("."),
        )
        if isinstance(root, torch.nn.Module):
            if hasattr(root, "training"):
                self.training = root.training
            for target in targets:
                _copy_attr(root, self, target)
        elif isinstance(root, dict):
            missing = [target for target in targets if target not in root]
            if missing:
                raise RuntimeError(
                    f"Node in GraphModule.graph referenced target {missing[0]} but that target was not provided in "
                    "``root``!"
                )
            for target in targets:
                _assign_attr(root[target], self, target)
        else:
            raise RuntimeError("Unsupported type " + str(root) + " passed for root!")
        self.meta: dict[str, Any] = {}
        self._replace_hooks: list[Callable[..., Any]] = []
        self._create_node_hooks: list[Callable[..., Any]] = []
        self._erase_node_hooks: list[Callable[..., Any]] = []
        if isinstance(root, torch.nn.Module):
            meta = getattr(root, "meta", None)
            if isinstance(meta, dict):
                self.meta.update(meta)
                for name, value in meta.get(_USER_PRESERVED_ATTRIBUTES_KEY, {}).items():
                    setattr(self, name, value)
        self._tracer_cls = None
        if graph._tracer_cls is not None and "<locals>" not in graph._tracer_cls.__qualname__:
            self._tracer_cls = graph._tracer_cls
        self._tracer_extras = graph._tracer_extras or {}
        self.graph = graph

    __jit_unused_properties__ = ["graph"]

    @property
    def graph(self) -> Graph:
        """The graph. Setting it writes the code anew."""
        return self._graph

    @graph.setter
    def graph(self, g: Graph) -> None:
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        self._graph = g
        g.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The code of ``forward``."""
        if not hasattr(self, "_code"):
            raise RuntimeError("Code has not been generated! Please report a bug to PyTorch")
        return self._code

    def recompile(self) -> PythonCode:
        """Writes and compiles the code of the graph."""
        codegen = self._graph._codegen
        if isinstance(codegen, _PyTreeCodeGen):
            self._in_spec = codegen.pytree_info.in_spec
            self._out_spec = codegen.pytree_info.out_spec
        code = self._graph.python_code(root_module="self")
        self._code = code.src
        self.__class__.forward = _forward_from_src(code.src, code.globals)  # type: ignore[method-assign]
        return code

    real_recompile = recompile

    def _recompile_submodules(self) -> list[PythonCode]:
        return [module.recompile() for module in self.children() if isinstance(module, GraphModule)]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # A __call__ of the instance's class may have been patched for a trace; it is looked up each time.
        return torch.nn.Module.__call__(self, *args, **kwargs)

    # ---- submodules

    def add_submodule(self, target: str, m: torch.nn.Module) -> bool:
        """Puts a module under a path; False if something that is no module is in the way."""
        *prefix, field = target.split(".")
        place: torch.nn.Module = self
        for item in prefix:
            child = getattr(place, item, None)
            if child is None:
                child = torch.nn.Module()
                setattr(place, item, child)
            if not isinstance(child, torch.nn.Module):
                return False
            place = child
        place.add_module(field, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Takes out the module under a path; False if there is none."""
        *prefix, field = target.split(".")
        place: Any = self
        for item in prefix:
            place = getattr(place, item, None)
            if not isinstance(place, torch.nn.Module):
                return False
        if not isinstance(getattr(place, field, None), torch.nn.Module):
            return False
        delattr(place, field)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Takes out the modules that no node mentions."""
        used: set[str] = set()
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                parts = str(node.target).split(".")
                used.update(".".join(parts[: i + 1]) for i in range(len(parts)))
                if node.op == "call_module":
                    try:
                        found = self.get_submodule(str(node.target))
                    except AttributeError:
                        continue
                    used.update(f"{node.target}.{name}" for name, _ in found.named_modules() if name)
        for name in [name for name, _ in self.named_modules() if name and name not in used]:
            self.delete_submodule(name)

    # ---- copies and files

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModule:
        new = GraphModule.__new__(type(self))
        memo[id(self)] = new
        body = copy.deepcopy({k: v for k, v in self.__dict__.items() if k not in ("_graph", "_code")}, memo)
        source = _CodeOnlyModule(body)
        hooks = ("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_forward_hooks")
        name = type(self).__name__
        graph = copy.deepcopy(self.graph, memo)
        GraphModule.__init__(new, source, graph, name)
        for key, value in body.items():
            if (
                key in hooks
                or key.startswith(("_forward_", "_backward_", "_load_state_dict_"))
                or key not in new.__dict__
            ):
                new.__dict__[key] = value
        for key, value in getattr(self, "meta", {}).get(_USER_PRESERVED_ATTRIBUTES_KEY, {}).items():
            setattr(new, key, value)
        new.meta = {k: v for k, v in self.meta.items()}
        return new

    def __copy__(self) -> GraphModule:
        new = GraphModule(self, self.graph)
        new.meta = dict(self.meta)
        return new

    def __reduce__(self) -> Any:
        body = self.__dict__.copy()
        code = self.recompile()
        block = _format_import_block(code.globals)
        for key in ("_graph", "_replace_hooks", "_create_node_hooks", "_erase_node_hooks"):
            body.pop(key, None)
        body["_graphmodule_cls_name"] = type(self).__name__
        if isinstance(self._graph._codegen, _PyTreeCodeGen):
            # The code takes leaves again once it is traced: trees are put around it afterwards.
            flat = copy.deepcopy(self._graph)
            flat._codegen = type(flat._codegen).__mro__[1]()  # type: ignore[assignment]
            plain = flat.python_code(root_module="self")
            body["_code"] = plain.src
            block = _format_import_block(plain.globals)
            body["_graph_codegen"] = self._graph._codegen
        return reduce_graph_module, (body, block + "\n")

    __reduce_ex__ = lambda self, protocol: self.__reduce__()  # noqa: E731

    def to_folder(self, folder: Union[str, os.PathLike[str]], module_name: str = "FxModule") -> None:
        """Writes the module as Python source with the state beside it."""
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        torch.save(self.state_dict(), folder / "state_dict.pt")
        code = self._graph.python_code("self")
        lines = [
            _format_import_block(code.globals),
            "from torch import nn",
            "",
            f"class {module_name}(torch.nn.Module):",
        ]
        lines += ["    def __init__(self):", "        super().__init__()"]
        for name, module in self.named_children():
            torch.save(module, folder / f"{name}.pt")
            place = f"torch.load(r'{folder / f'{name}.pt'}', weights_only=False)"
            lines.append(f"        setattr(self, {name!r}, {place})")
        for name, buffer in self._buffers.items():
            if buffer is not None:
                lines.append(
                    f"        self.register_buffer({name!r}, torch.empty({list(buffer.shape)}, dtype={buffer.dtype}))"
                )
        for name, parameter in self._parameters.items():
            if parameter is not None:
                made = f"torch.nn.Parameter(torch.empty({list(parameter.shape)}, dtype={parameter.dtype}))"
                lines.append(f"        self.{name} = {made}")
        lines.append(f"        self.load_state_dict(torch.load(r'{folder / 'state_dict.pt'}'))")
        lines.append(_addindent(code.src, 4))
        (folder / "module.py").write_text("\n".join(lines) + "\n")
        (folder / "__init__.py").write_text("from .module import *\n")

    # ---- text

    def __str__(self) -> str:
        hint = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__repr__(), self._code, hint])

    __repr__ = __str__

    def print_readable(
        self,
        print_output: bool = True,
        include_stride: bool = False,
        include_device: bool = False,
        colored: bool = False,
        *,
        fast_sympy_print: bool = False,
        expanded_def: bool = False,
        additional_meta: Any = None,
    ) -> str:
        """The code of the module and of the graph modules in it; printed unless told otherwise."""
        text = self._readable(type(self).__name__)
        if print_output:
            print(text)
        return text

    def _readable(self, name: str) -> str:
        source = self._graph.python_code("self", verbose=True).src
        text = "\n".join(line.rstrip() for line in source.strip("\n").split("\n"))
        lines = "\n".join("    " + line if line else "" for line in text.split("\n"))
        inner = [
            _addindent(module._readable(child), 4)
            for child, module in self.named_children()
            if isinstance(module, GraphModule)
        ]
        return f"class {name}(torch.nn.Module):\n{lines.rstrip()}\n" + "".join("\n    " + text for text in inner)

    # ---- hooks of changes

    @contextlib.contextmanager
    def _set_replace_hook(self, f: Callable[..., Any]) -> Iterator[None]:
        self._replace_hooks.append(f)
        try:
            yield
        finally:
            self._replace_hooks.remove(f)

    def _register_create_node_hook(self, f: Callable[..., Any]) -> None:
        self._create_node_hooks.append(f)

    def _unregister_create_node_hook(self, f: Callable[..., Any]) -> None:
        self._create_node_hooks.remove(f)

    def _register_erase_node_hook(self, f: Callable[..., Any]) -> None:
        self._erase_node_hooks.append(f)

    def _unregister_erase_node_hook(self, f: Callable[..., Any]) -> None:
        self._erase_node_hooks.remove(f)

    def _register_replace_node_hook(self, f: Callable[..., Any]) -> None:
        self._replace_hooks.append(f)

    def _unregister_replace_node_hook(self, f: Callable[..., Any]) -> None:
        self._replace_hooks.remove(f)

    def _replicate_for_data_parallel(self) -> Any:
        new = self.__copy__()
        new._is_replica = True  # type: ignore[assignment]
        return new
