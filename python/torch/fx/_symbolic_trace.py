"""Symbolic tracing: a program run on proxies."""

from __future__ import annotations

import builtins
import collections
import contextlib
import functools
import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Optional, Union

import torch
from torch.fx._codegen import _PyTreeCodeGen, _PyTreeInfo
from torch.fx.graph import Graph
from torch.fx.graph_module import GraphModule
from torch.fx.node import Argument
from torch.fx.proxy import ParameterProxy, Proxy, Scope, ScopeContextManager, TracerBase
from torch.utils import _pytree as pytree

_orig_module_call: Callable[..., Any] = torch.nn.Module.__call__
_orig_module_getattr: Callable[..., Any] = torch.nn.Module.__getattr__
_proxyable_classes: dict[type, None] = {}
_tracing = [0]


def is_fx_tracing() -> bool:
    """Whether a program is being traced."""
    return _tracing[0] > 0


is_fx_symbolic_tracing = is_fx_tracing


class ProxyableClassMeta(type):
    """Metaclass of classes whose instances may be made of proxies: making one becomes a node."""

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:
        _proxyable_classes.setdefault(cls)
        super().__init__(name, bases, attrs)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = cls.__new__(cls)  # type: ignore[call-overload]
        found: list[Proxy] = [a for a in pytree.tree_leaves((args, kwargs)) if isinstance(a, Proxy)]
        if found:
            return found[0].tracer.create_proxy("call_function", cls, args, kwargs)
        cls.__init__(instance, *args, **kwargs)  # type: ignore[misc]
        return instance


class PHBase:
    """A place in ``concrete_args`` that is an input all the same."""

    def __repr__(self) -> str:
        return "PH"


PH = PHBase()


class PHWithMeta(PHBase):
    """A place whose placeholder gets a name and notes."""

    def __init__(self, ph_key: Optional[str] = None) -> None:
        self.ph_key = ph_key


# ---------------------------------------------------------------- functions that are recorded instead of traced

# (number of the module's globals, name) -> the globals
_wrapped_fns_to_patch: dict[tuple[int, str], dict[str, Any]] = {}
_wrapped_methods_to_patch: list[tuple[type, str]] = []


def wrap(fn_or_name: Union[str, Callable[..., Any]]) -> Union[str, Callable[..., Any]]:
    """Has calls of a function of the calling module recorded, instead of traced. Call it at module level, or decorate.

    A name may be that of a function defined later, or of a builtin such as ``"len"``.
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    frame = inspect.currentframe()
    if frame is None or frame.f_back is None:
        raise AssertionError("wrap needs to know its caller")
    caller = frame.f_back
    if caller.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    _wrapped_fns_to_patch[(id(caller.f_globals), name)] = caller.f_globals
    return fn_or_name


def _find_proxy(args: Any, kwargs: Any) -> Optional[Proxy]:
    for value in (*args, *kwargs.values()):
        if isinstance(value, Proxy):
            return value
        if isinstance(value, (list, tuple, dict, slice)):
            for leaf in pytree.tree_leaves(
                value if not isinstance(value, slice) else [value.start, value.stop, value.step]
            ):
                if isinstance(leaf, Proxy):
                    return leaf
    return None


def _recorder(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        proxy = _find_proxy(args, kwargs)
        if proxy is None:
            return original(*args, **kwargs)
        result = proxy.tracer.create_proxy("call_function", original, args, kwargs)
        result.node.meta["is_wrapped"] = True
        return result

    return wrapped


def _method_recorder(cls: type, name: str) -> Callable[..., Any]:
    original = getattr(cls, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        proxy = _find_proxy(args, kwargs)
        if proxy is None:
            return original(*args, **kwargs)
        return proxy.tracer.create_proxy("call_method", name, args, kwargs)

    return wrapped


class _Patcher:
    """Puts functions in the place of others, and back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()

    def patch(self, scope: dict[str, Any], name: str, new: Callable[..., Any]) -> None:
        """In a dict of globals."""
        if name in scope:
            old = scope[name]
            self._undo.append(lambda: scope.__setitem__(name, old))
        else:
            self._undo.append(lambda: scope.pop(name, None))
        scope[name] = new

    def patch_method(self, cls: type, name: str, new: Callable[..., Any]) -> None:
        """In a class."""
        if name in vars(cls):
            old = vars(cls)[name]
            self._undo.append(lambda: setattr(cls, name, old))
        else:
            self._undo.append(lambda: delattr(cls, name))
        setattr(cls, name, new)

    def visit_once(self, thing: Any) -> bool:
        """Whether this is the first visit of an object."""
        if id(thing) in self._seen:
            return False
        self._seen.add(id(thing))
        return True

    def __enter__(self) -> _Patcher:
        return self

    def __exit__(self, *exc: object) -> None:
        while self._undo:
            self._undo.pop()()


def _patch_wrapped_functions(patcher: _Patcher) -> None:
    for (_, name), scope in list(_wrapped_fns_to_patch.items()):
        if name in scope:
            original = scope[name]
        elif hasattr(builtins, name):
            original = getattr(builtins, name)
        else:
            continue
        patcher.patch(scope, name, _recorder(original))
    for cls, name in _wrapped_methods_to_patch:
        patcher.patch_method(cls, name, _method_recorder(cls, name))


def _autowrap_check(patcher: _Patcher, scope: dict[str, Any], functions: set[int]) -> None:
    """Replaces the functions of the autowrapped modules where a module imported them by name."""
    if patcher.visit_once(scope):
        for name, value in list(scope.items()):
            if not name.startswith("_") and callable(value) and id(value) in functions:
                patcher.patch(scope, name, _recorder(value))


# ---------------------------------------------------------------- the tracer


class Tracer(TracerBase):
    """Traces modules and functions. Its methods decide what becomes a node; subclasses change that.

    Args:
        autowrap_modules: modules whose functions are recorded where they meet a proxy, as :func:`wrap` does.
        autowrap_functions: functions likewise.
        param_shapes_constant: shapes of parameters are numbers instead of nodes.
    """

    def __init__(
        self,
        autowrap_modules: tuple[ModuleType, ...] = (math,),
        autowrap_functions: tuple[Callable[..., Any], ...] = (),
        param_shapes_constant: bool = False,
    ) -> None:
        super().__init__()
        self._autowrap_function_ids: set[int] = {
            id(value)
            for module in autowrap_modules
            for name, value in vars(module).items()
            if not name.startswith("_") and callable(value)
        }
        self._autowrap_function_ids.update(id(f) for f in autowrap_functions)
        self._autowrap_search: list[ModuleType] = list(autowrap_modules)
        self.param_shapes_constant = param_shapes_constant
        self.submodule_paths: Optional[dict[torch.nn.Module, str]] = None
        self.root_module_name = ""
        self.scope = Scope("", None)
        self.module_stack = collections.OrderedDict()
        self.num_calls: dict[str, int] = {}
        self.node_name_to_scope = {}

    _qualname_counter: dict[str, int] = collections.defaultdict(int)

    def get_fresh_qualname(self, prefix: str) -> str:
        """A name of an attribute that the root has not."""
        i = 0
        while hasattr(self.root, f"{prefix}{i}"):
            i += 1
        return f"{prefix}{i}"

    def create_arg(self, a: Any) -> Argument:
        """A value as an argument of a node. Parameters and tensors of the root become nodes that read them.

        A tensor that belongs to nobody becomes an attribute of the root.
        """
        if isinstance(a, torch.nn.Parameter):
            for name, parameter in self.root.named_parameters():
                if a is parameter:
                    return self.create_node("get_attr", name, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, torch.Tensor):
            for name, buffer in self.root.named_buffers():
                if a is buffer:
                    return self.create_node("get_attr", name, (), {})
        elif isinstance(a, torch.nn.Module):
            for name, module in self.root.named_modules():
                if a is module:
                    return self.create_node("get_attr", name, (), {})
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            values = tuple(self.create_arg(item) for item in a)
            return self.create_node("call_function", type(a), values, {})
        if isinstance(a, torch.Tensor):
            if a not in self.tensor_attrs:
                self.tensor_attrs[a] = self.get_fresh_qualname("_tensor_constant")
                setattr(self.root, self.tensor_attrs[a], a)
            return self.create_node("get_attr", self.tensor_attrs[a], (), {})
        if type(a) in _proxyable_classes:
            name = self.get_fresh_qualname(f"_{type(a).__name__}_constant_")
            setattr(self.root, name, a)
            return self.create_node("get_attr", name, (), {})
        return super().create_arg(a)

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Whether calls of a module become a node: those of torch.nn do, but for Sequential."""
        return m.__module__.startswith(("torch.nn", "torch.ao.nn")) and not isinstance(m, torch.nn.Sequential)

    def path_of_module(self, mod: torch.nn.Module) -> str:
        """The path of a submodule of the root.

        Raises:
            NameError: it is none.
        """
        if self.submodule_paths is not None:
            path = self.submodule_paths.get(mod)
            if path is None:
                raise NameError("module is not installed as a submodule")
            return path
        for name, module in self.root.named_modules():
            if module is mod:
                return name
        raise NameError("module is not installed as a submodule")

    def call_module(
        self, m: torch.nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Called for each call of a module: makes a node, or calls ``forward`` to trace what is in it."""
        path = self.path_of_module(m)
        with ScopeContextManager(self.scope, Scope(path, type(m))):
            key = f"{path}@{self.num_calls.get(path, 0)}" if self.num_calls.get(path) else path
            self.num_calls[path] = self.num_calls.get(path, 0) + 1
            self.module_stack[key] = (path, type(m))
            try:
                if self.is_leaf_module(m, path):
                    return self.create_proxy("call_module", path, args, kwargs)
                return forward(*args, **kwargs)
            finally:
                self.module_stack.popitem()  # type: ignore[call-arg]

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Called where a module's parameter, buffer or submodule is read: parameters become proxies."""

        def proxied(items: Iterator[tuple[str, Any]], of_parameter: bool) -> Any:
            for name, value in items:
                if attr_val is value:
                    if name not in parameter_proxy_cache:
                        factory = None
                        if self.param_shapes_constant and of_parameter:
                            factory = lambda node: ParameterProxy(self, node, name, attr_val)  # noqa: B023, E731
                        extra = {} if factory is None else {"proxy_factory_fn": factory}
                        parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {}, **extra)  # type: ignore[arg-type]
                    return parameter_proxy_cache[name]
            return None

        if isinstance(attr_val, torch.nn.Parameter):
            found = proxied(self.root.named_parameters(), True)
            if found is not None:
                return found
        if self.proxy_buffer_attributes and isinstance(attr_val, torch.Tensor):
            found = proxied(self.root.named_buffers(), False)
            if found is not None:
                return found
        return attr_val

    # ---- inputs

    def create_args_for_root(
        self, root_fn: Callable[..., Any], is_module: bool, concrete_args: Any = None
    ) -> tuple[Callable[..., Any], list[Any]]:
        """The function to call, and the proxies to call it with: one for each parameter."""
        function = inspect.unwrap(root_fn)
        code = getattr(function, "__code__", None)
        if code is None:
            raise RuntimeError(f"can't trace {root_fn!r}: it has no Python code")
        total = code.co_argcount + code.co_kwonlyargcount
        names = list(code.co_varnames)
        args: list[Any] = [self.root] if is_module else []
        skipped = 1 if is_module else 0
        if is_module and total == 0:
            raise RuntimeError("``self`` argument cannot be part of *args expansion!")
        signature = inspect.signature(function)
        taken = [name for name in names[skipped:total]]
        if isinstance(concrete_args, tuple):
            if len(taken) != len(concrete_args):
                raise RuntimeError(
                    f"Tracing expected {len(taken)} arguments but got {len(concrete_args)} concrete arguments"
                )
            concrete_args = dict(zip(taken, concrete_args))
        concrete_args = concrete_args or {}
        self._concrete_count = 0
        if any(_is_tree(concrete_args[name]) for name in taken if name in concrete_args):
            return self._flattened(root_fn, args, taken, concrete_args, signature)
        for name in taken:
            if name in concrete_args:
                args.append(self._fixed(name, concrete_args[name]))
            else:
                args.append(self._proxy_placeholder(name, signature, function))
        keyword_only = taken[code.co_argcount - skipped :]
        if code.co_flags & inspect.CO_VARARGS:
            args.append(self._proxy_placeholder("*" + names[total], signature, function))
        if code.co_flags & inspect.CO_VARKEYWORDS:
            at = total + (1 if code.co_flags & inspect.CO_VARARGS else 0)
            args.append(self._proxy_placeholder("**" + names[at], signature, function))
        if keyword_only or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
            root_fn = _by_position(root_fn, args, len(args[skipped:]), code, len(keyword_only))
        return root_fn, args

    def _proxy_placeholder(self, name: str, signature: inspect.Signature, fn_for_analysis: Any) -> Proxy:
        parameter = signature.parameters.get(name.lstrip("*"))
        default = (
            ()
            if name.startswith("*") or parameter is None or parameter.default is parameter.empty
            else (parameter.default,)
        )
        kind = None if name.startswith("*") else _annotation(fn_for_analysis, name)
        return self.create_proxy("placeholder", name, default, {}, type_expr=kind)

    def _fixed(self, name: str, value: Any) -> Any:
        """A concrete value: what is passed for it later must be the same."""
        self._concrete_count += 1
        if isinstance(value, PHBase):
            return self._concrete_placeholder(name, value)
        proxy = self.create_proxy("placeholder", f"{name}_{self._concrete_count}", (), {})
        if isinstance(value, (bool, int, float)):
            torch._assert(proxy == value, f"{name} has been specialized to have value {value} but got another value")
        elif value is None:
            arguments = (proxy, f"{name} has been specialized to have value None but got another value")
            self.create_proxy("call_function", _assert_is_none, arguments, {})
        else:
            warnings.warn(
                f"Was not able to add assertion to guarantee correct input {name} to specialized function. It is up to "
                "the user to make sure that your inputs match the inputs you specialized the function with.",
                stacklevel=2,
            )
        return value

    def _concrete_placeholder(self, name: str, value: PHBase) -> Proxy:
        key = getattr(value, "ph_key", None)
        proxy = self.create_proxy("placeholder", key or f"{name}_{self._concrete_count}", (), {})
        if isinstance(value, PHWithMeta):
            proxy.node.meta.update({k: v for k, v in vars(value).items() if k != "ph_key"})
        return proxy

    def _flattened(
        self,
        root_fn: Callable[..., Any],
        args: list[Any],
        names: list[str],
        concrete_args: dict[str, Any],
        signature: inspect.Signature,
    ) -> tuple[Callable[..., Any], list[Any]]:
        """Arguments that are trees: their leaves are the placeholders."""
        values = [concrete_args.get(name, PH) for name in names]
        in_spec = pytree.tree_structure(tuple(values))
        flat: list[Any] = []
        for name, value in zip(names, values):
            if name in concrete_args:
                flat.extend(self._fixed(name, leaf) for leaf in pytree.tree_leaves(value))
            else:
                flat.append(self._proxy_placeholder(name, signature, inspect.unwrap(root_fn)))
        self.graph._codegen = _PyTreeCodeGen(_PyTreeInfo(["self", *names] if args else list(names), in_spec, None))
        first = list(args)

        def flatten_fn(*given: Any) -> Any:
            rebuilt = pytree.tree_unflatten(list(given[len(first) :]), in_spec)
            result, out_spec = pytree.tree_flatten(root_fn(*first, *rebuilt))
            codegen = self.graph._codegen
            assert isinstance(codegen, _PyTreeCodeGen)
            codegen.pytree_info = codegen.pytree_info._replace(out_spec=out_spec)
            return result

        return flatten_fn, [*args, *flat]

    # ---- the trace

    def trace(
        self, root: Union[torch.nn.Module, Callable[..., Any]], concrete_args: Optional[dict[str, Any]] = None
    ) -> Graph:
        """Traces a module's ``forward`` or a function; ``concrete_args`` fixes the values of some arguments."""
        if isinstance(root, torch.nn.Module):
            self.root = root
            name = self.traced_func_name
            if not hasattr(type(root), name):
                raise AssertionError(f"traced_func_name={name} doesn't exist in {type(root).__name__}")
            fn: Callable[..., Any] = getattr(type(root), name)
            self.root_module_name = root._get_name()
            self.submodule_paths = {module: path for path, module in root.named_modules()}
        else:
            self.root = torch.nn.Module()
            fn = root
            self.submodule_paths = None
        if isinstance(root, torch.nn.Module) and name in root.__dict__:  # set on the instance
            bound = root.__dict__[name]
            fn = bound.__func__ if inspect.ismethod(bound) else lambda self, *args, **kwargs: bound(*args, **kwargs)
        self.graph = Graph(tracer_cls=type(self))
        self.num_calls = {}
        self.tensor_attrs: dict[Any, str] = {}
        self._collect_tensors(self.root, [])
        if not callable(fn):
            raise AssertionError("expected a module or a function")
        self.scope = Scope("", None)
        globals_ = getattr(inspect.unwrap(fn), "__globals__", {})
        kind = _annotation(inspect.unwrap(fn), "return")
        fn, args = self.create_args_for_root(fn, isinstance(root, torch.nn.Module), concrete_args)
        cache: dict[str, Proxy] = {}

        @functools.wraps(_orig_module_getattr)
        def module_getattr(mod: torch.nn.Module, attr: str) -> Any:
            return self.getattr(attr, _orig_module_getattr(mod, attr), cache)

        @functools.wraps(_orig_module_call)
        def module_call(mod: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            def forward(*args: Any, **kwargs: Any) -> Any:
                return _orig_module_call(mod, *args, **kwargs)

            _autowrap_check(patcher, getattr(mod.forward, "__globals__", {}), self._autowrap_function_ids)
            return self.call_module(mod, forward, args, kwargs)

        with _Patcher() as patcher, _counted():
            patcher.patch_method(torch.nn.Module, "__getattr__", module_getattr)
            patcher.patch_method(torch.nn.Module, "__call__", module_call)
            _patch_wrapped_functions(patcher)
            _autowrap_check(patcher, globals_, self._autowrap_function_ids)
            for module in self._autowrap_search:
                _autowrap_check(patcher, vars(module), self._autowrap_function_ids)
            result = fn(*args)
            if isinstance(self.graph._codegen, _PyTreeCodeGen):
                kind = None
            self.create_node("output", "output", (self.create_arg(result),), {}, type_expr=kind)
        self.submodule_paths = None
        return self.graph

    def _collect_tensors(self, module: torch.nn.Module, path: list[str]) -> None:
        """Tensors that are plain attributes somewhere below the root."""
        for name, value in module.__dict__.items():
            if isinstance(value, torch.Tensor) and not name.startswith("__"):
                self.tensor_attrs[value] = ".".join([*path, name])
        for name, child in module.named_children():
            self._collect_tensors(child, [*path, name])

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracer:
        new = type(self).__new__(type(self))
        import copy

        for key, value in self.__dict__.items():
            if key == "_autowrap_search":
                new.__dict__[key] = copy.copy(value)
            else:
                new.__dict__[key] = copy.deepcopy(value, memo)
        return new


@contextlib.contextmanager
def _counted() -> Iterator[None]:
    _tracing[0] += 1
    try:
        yield
    finally:
        _tracing[0] -= 1


def _by_position(
    function: Callable[..., Any], args: list[Any], count: int, code: Any, keyword_only: int
) -> Callable[..., Any]:
    """The function with all its parameters by position, the starred ones as single values at the end."""
    names = code.co_varnames[code.co_argcount : code.co_argcount + keyword_only]
    has_args = bool(code.co_flags & inspect.CO_VARARGS)
    has_kwargs = bool(code.co_flags & inspect.CO_VARKEYWORDS)
    # As in the traced code, so that a proxy of *args or **kwargs is what the function sees under these names.
    import types

    flags = code.co_flags & ~(inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    plain = code.replace(
        co_argcount=code.co_argcount + keyword_only + has_args + has_kwargs,
        co_kwonlyargcount=0,
        co_posonlyargcount=0,
        co_flags=flags,
    )
    original = inspect.unwrap(function)
    new = types.FunctionType(
        plain, original.__globals__, original.__name__, original.__defaults__, original.__closure__
    )
    new.__annotations__ = dict(original.__annotations__)
    del names
    return new


def _annotation(function: Any, name: str) -> Any:
    """The type of a parameter, if it says anything; those written as text are evaluated."""
    kind = getattr(function, "__annotations__", {}).get(name)
    if isinstance(kind, str):
        try:
            kind = eval(kind, getattr(function, "__globals__", {}))
        except Exception:  # noqa: BLE001
            return None
    return None if kind is Any else kind


def _is_tree(value: Any) -> bool:
    return isinstance(value, PHBase) or not pytree.tree_is_leaf(value)


def _assert_is_none(value: Any, msg: str) -> None:
    assert value is None, msg


def symbolic_trace(
    root: Union[torch.nn.Module, Callable[..., Any]], concrete_args: Optional[dict[str, Any]] = None
) -> GraphModule:
    """A module whose code is what a module or function does with proxies as inputs.

    Args:
        root: the module or function.
        concrete_args: values of some arguments, on which control flow may depend.

    Example:

        >>> module = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
        >>> module(torch.tensor([-1.0, 2.0]))
        tensor([1., 3.])
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = root.__class__.__name__ if isinstance(root, torch.nn.Module) else root.__name__
    return GraphModule(tracer.root, graph, name)
