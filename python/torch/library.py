"""``torch.library``: operators defined in Python, and rules for them.

:func:`custom_op` makes one of a function. :class:`Library` defines one by its schema and gives it kernels by device.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional, Union

import torch
from torch._library import custom_ops, dispatch, keys
from torch._library.custom_ops import CustomOpDef, custom_op as custom_op
from torch._library.fake_impl import get_ctx as get_ctx
from torch._library.infer_schema import infer_schema as infer_schema

__all__ = [
    "Library",
    "custom_op",
    "define",
    "fallthrough_kernel",
    "get_ctx",
    "get_kernel",
    "impl",
    "impl_abstract",
    "infer_schema",
    "register_autocast",
    "register_fake",
    "register_torch_dispatch",
    "register_vmap",
    "triton_op",
    "wrap_triton",
]

_reserved_namespaces = ["prim"]
_defining: weakref.WeakValueDictionary[str, Library] = weakref.WeakValueDictionary()
_keep_alive: list[Library] = []


def fallthrough_kernel() -> None:
    """Stands for "nothing to do for this key" where a kernel is registered.

    Raises:
        NotImplementedError: it is called.
    """
    raise NotImplementedError("fallthrough_kernel() should never be called.")


class Library:
    """Operators of a namespace, for as long as the object lives.

    Args:
        ns: the namespace.
        kind: ``"DEF"`` for the one library that a namespace is defined by, ``"FRAGMENT"`` for further ones, ``"IMPL"``
            for kernels only.
        dispatch_key: key of kernels for which :meth:`impl` is given none.
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        if ns in _reserved_namespaces and kind in ("DEF", "FRAGMENT"):
            raise ValueError(f"{ns} is a reserved namespace. Please try creating a library with another name.")
        if kind == "DEF" and ns in _defining:
            raise RuntimeError(
                f"Only a single TORCH_LIBRARY can be used to register the namespace {ns}; please put all of your "
                "definitions in a single library, or use the kind FRAGMENT."
            )
        self.ns, self.kind = ns, kind
        self.dispatch_key = keys.key_name(dispatch_key) if dispatch_key else ""
        self._defined: list[dispatch.PythonOverload] = []
        self._kernels: list[tuple[dict[str, Any], str, Any]] = []
        if kind == "DEF":
            _defining[ns] = self
        self._finalizer = weakref.finalize(self, _undo, self._defined, self._kernels)
        self._finalizer.atexit = False

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Defines an operator, ``"name(Tensor x) -> Tensor"``; returns its name."""
        if self.kind == "IMPL":
            raise RuntimeError("define: a library of the kind IMPL defines no operators")
        if alias_analysis not in ("", "FROM_SCHEMA", "CONSERVATIVE"):
            raise RuntimeError(f"Invalid alias_analysis type {alias_analysis}")
        given = (tags,) if isinstance(tags, keys.Tag) else tuple(tags)
        op = dispatch.define(self.ns, schema, given)
        self._defined.append(op)
        return schema.partition("(")[0].strip()

    def _qualified(self, op_name: Any) -> str:
        if isinstance(op_name, str):
            return op_name if "::" in op_name else f"{self.ns}::{op_name}"
        if isinstance(op_name, torch._ops.OpOverload):
            return op_name.name()
        raise RuntimeError("impl should be passed either a name or an OpOverload object as the first argument")

    def impl(
        self,
        op_name: Any,
        fn: Callable[..., Any],
        dispatch_key: str = "",
        *,
        with_keyset: bool = False,
        allow_override: bool = False,
    ) -> None:
        """Registers a kernel under a key: a device ("CPU", "Meta"), "Autograd", "CompositeExplicitAutograd" …"""
        if not callable(fn):
            raise TypeError(f"Input function is required to be a callable but found type {type(fn)}")
        key = keys.key_name(dispatch_key or self.dispatch_key or "CompositeImplicitAutograd")
        qualname = self._qualified(op_name)
        if qualname.partition("::")[0] != self.ns:
            raise ValueError(f"impl: {qualname} is not in the library's namespace {self.ns}")
        if fn is fallthrough_kernel:
            return
        kernel = functools.partial(fn, keys.DispatchKeySet(key)) if with_keyset else fn
        dispatch.add_kernel(qualname, key, kernel)
        op = dispatch.find(qualname)
        where = op.kernels if op is not None else dispatch._early[qualname]
        self._kernels.append((where, key, kernel))

    def fallback(self, fn: Callable[..., Any], dispatch_key: str = "", *, with_keyset: bool = False) -> None:
        """Not supported: a kernel for all operators of a key.

        Raises:
            NotImplementedError: always; :class:`torch.utils._python_dispatch.TorchDispatchMode` sees all operators.
        """
        raise NotImplementedError("Library.fallback is not supported; a TorchDispatchMode sees every operator")

    def _register_fake(
        self, op_name: Any, fn: Callable[..., Any], _stacklevel: int = 1, *, allow_override: bool = True
    ) -> None:
        op = dispatch.resolve(self._qualified(op_name))
        if op.fake is not None and not allow_override:
            raise RuntimeError(f"register_fake: the operator {op.name()} already has an fake impl")
        op.fake = fn

    def _destroy(self) -> None:
        """Takes everything back that was registered."""
        if _defining.get(self.ns) is self:
            del _defining[self.ns]
        self._finalizer()


def _undo(defined: list[Any], kernels: list[tuple[dict[str, Any], str, Any]]) -> None:
    for where, key, kernel in kernels:
        if where.get(key) is kernel:
            del where[key]
    for op in defined:
        dispatch.remove(op)


@contextlib.contextmanager
def _scoped_library(*args: Any, **kwargs: Any) -> Iterator[Library]:
    library = Library(*args, **kwargs)
    try:
        yield library
    finally:
        library._destroy()


def define(qualname: str, schema: Any, *, lib: Optional[Library] = None, tags: Any = ()) -> Any:
    """Defines the operator ``namespace::name`` with a schema ``"(Tensor x) -> Tensor"``.

    The older form ``define(library, schema)`` is a decorator for its function.
    """
    if isinstance(qualname, Library):
        library, key = qualname, lib or ""

        def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(library.define(schema), f, key)  # type: ignore[arg-type]
            return f

        return decorate
    if not isinstance(qualname, str):
        raise ValueError(f"define(qualname, schema): expected qualname to be instance of str, got {type(qualname)}")
    namespace, name = custom_ops.parse_qualname(qualname)
    if lib is None:
        lib = Library(namespace, "FRAGMENT")
        _keep_alive.append(lib)
    if not schema.lstrip().startswith("("):
        raise ValueError(
            f'define(qualname, schema, ...): expected schema to look like e.g. "(Tensor x) -> Tensor" but got '
            f'"{schema}"'
        )
    lib.define(name + schema, tags=tags)
    return None


def impl(
    qualname: Any,
    types: Union[str, Sequence[str]],
    func: Optional[Callable[..., Any]] = None,
    *,
    lib: Any = None,
) -> Any:
    """Registers a function for kinds of device: "cpu", "meta", a sequence of them, or "default" for all.

    A decorator unless ``func`` is given. The older form ``impl(library, name, key)`` is one, too.
    """
    if isinstance(qualname, Library):
        library, name, key = qualname, types, func or ""

        def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(name, f, key)  # type: ignore[arg-type]
            return f

        return decorate
    found = [types] if isinstance(types, str) else list(types)
    names = {"default": "CompositeExplicitAutograd", "compositeimplicitautograd": "CompositeImplicitAutograd"}
    wanted = [names.get(kind.lower()) or _key_of(kind) for kind in found]

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        library = lib
        if library is None:
            library = Library(custom_ops.parse_qualname(qualname)[0], "FRAGMENT")
            _keep_alive.append(library)
        for key in wanted:
            library.impl(qualname, function, key)
        return function

    return register if func is None else register(func)


def _key_of(kind: str) -> str:
    return kind if kind in keys.DispatchKey.__members__ else custom_ops.device_key(kind)


def impl_abstract(
    qualname: Any, func: Optional[Callable[..., Any]] = None, *, lib: Any = None, _stacklevel: int = 1
) -> Any:
    """Deprecated name of :func:`register_fake`."""
    warnings.warn(
        "`torch.library.impl_abstract` was renamed to `torch.library.register_fake`. Please use that instead.",
        FutureWarning,
        stacklevel=2,
    )
    return register_fake(qualname, func, lib=lib)


def _decorator(op: Any, register: Callable[[Any, Callable[..., Any]], None], func: Any) -> Any:
    """``register`` called with the operator and ``func``, or a decorator that calls it."""
    resolved = dispatch.resolve(op)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        register(resolved, function)
        return function

    return decorate if func is None else decorate(func)


def register_kernel(
    op: Any, device_types: Any, func: Optional[Callable[..., Any]] = None, /, *, lib: Any = None
) -> Any:
    """Gives an operator a function for some kinds of device; None for all. A decorator unless ``func`` is given."""
    if isinstance(op, CustomOpDef):
        return op.register_kernel(device_types) if func is None else op.register_kernel(device_types, func)
    found = ["default"] if device_types is None else device_types
    return impl(dispatch.resolve(op).name(), found, func, lib=lib)


def register_fake(
    op: Any,
    func: Optional[Callable[..., Any]] = None,
    /,
    *,
    lib: Any = None,
    _stacklevel: int = 1,
    allow_override: bool = True,
) -> Any:
    """Gives an operator a function that makes results without data; it serves tensors of the device meta.

    Example:

        >>> @torch.library.custom_op("example::twice", mutates_args=())
        ... def twice(x: torch.Tensor) -> torch.Tensor:
        ...     return torch.cat([x, x])
        >>> @torch.library.register_fake("example::twice")
        ... def _(x):
        ...     return x.new_empty(2 * x.shape[0], *x.shape[1:])
        >>> twice(torch.ones(3, device="meta")).shape
        torch.Size([6])
    """

    def register(resolved: dispatch.PythonOverload, function: Callable[..., Any]) -> None:
        if resolved.fake is not None and not allow_override:
            raise RuntimeError(f"register_fake: the operator {resolved.name()} already has an fake impl")
        resolved.fake = function

    return _decorator(op, register, func)


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Optional[Callable[..., Any]] = None, lib: Any = None
) -> None:
    """Gives an operator a derivative.

    Args:
        op: the operator or its name.
        backward: ``backward(ctx, *grads)`` returns a gradient, or None, for each argument that goes by position.
        setup_context: ``setup_context(ctx, inputs, output)`` keeps what ``backward`` needs; operators with keyword-only
            arguments take ``keyword_only_inputs`` as well.
    """
    resolved = dispatch.resolve(op)
    custom_ops.register_formula(resolved, resolved.name(), backward, setup_context)


def register_autocast(op: Any, device_type: str, cast_inputs: torch.dtype, /, *, lib: Any = None) -> None:
    """Has an operator's floating tensors cast to a dtype under autocast."""
    custom_ops.register_autocast(dispatch.resolve(op), device_type, cast_inputs)


def register_vmap(op: Any, func: Optional[Callable[..., Any]] = None, /, *, lib: Any = None) -> Any:
    """Gives an operator a rule for :func:`torch.vmap`: ``func(info, in_dims, *args)`` returns results and dims."""
    return _decorator(op, lambda resolved, function: setattr(resolved, "vmap_rule", function), func)


def register_torch_dispatch(
    op: Any, torch_dispatch_class: Any, func: Optional[Callable[..., Any]] = None, /, *, lib: Any = None
) -> Any:
    """Gives an operator a rule ``func(mode, func, types, args, kwargs)`` for a class of tensors or of modes."""
    return _decorator(
        op,
        lambda resolved, function: custom_ops.register_torch_dispatch(resolved, torch_dispatch_class, function),
        func,
    )


def get_kernel(op: Any, dispatch_key: Any) -> Callable[..., Any]:
    """The kernel that is registered for a key; call it with the key's set first and the arguments after it."""
    resolved = dispatch.resolve(op)
    kernel = resolved.kernels.get(keys.key_name(dispatch_key))
    if kernel is None:
        raise RuntimeError(f"No kernel for {resolved.name()} at the dispatch key {keys.key_name(dispatch_key)}")
    return lambda keyset, *args, **kwargs: kernel(*args, **kwargs)


def opcheck(
    op: Any,
    args: tuple[Any, ...],
    kwargs: Optional[dict[str, Any]] = None,
    *,
    test_utils: Union[str, Sequence[str]] = (
        "test_schema",
        "test_autograd_registration",
        "test_faketensor",
        "test_aot_dispatch_dynamic",
    ),
    raise_exception: bool = True,
    atol: Any = None,
    rtol: Any = None,
) -> dict[str, Any]:
    """Checks an operator with sample arguments.

    ``test_schema``: the operator writes what its schema says, and nothing else. ``test_autograd_registration``: it has
    a derivative if its arguments require grad. ``test_faketensor``: results on the device meta look like real ones.
    The tests of ahead-of-time compilation are not run: there is none.

    Returns:
        "SUCCESS", "NOT RUN" or the exception for each test.
    """
    from torch._library import opcheck as checks

    return checks.opcheck(op, args, kwargs or {}, test_utils, raise_exception)


def triton_op(
    name: str, fn: Optional[Callable[..., Any]] = None, /, *, mutates_args: Any, schema: Optional[str] = None
) -> Any:
    """:func:`custom_op` for functions that call Triton kernels, which gradients and modes see through."""

    def make(function: Callable[..., Any]) -> CustomOpDef:
        result = custom_op(name, mutates_args=mutates_args, schema=schema)(function)
        result._opoverload.needs_formula = False
        result._opoverload.kernels = {"CompositeExplicitAutograd": function}
        return result

    return make if fn is None else make(fn)


def wrap_triton(triton_kernel: Callable[..., Any], /) -> Any:
    """Not supported: Triton kernels run on GPUs.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch.library.wrap_triton: Triton kernels are not supported")
