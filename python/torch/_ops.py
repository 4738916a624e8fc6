"""torch.ops: operators by name, ``torch.ops.aten.add.Tensor(x, y)``.

Operators of the namespace ``aten`` are those of the table in C++; others are defined by :mod:`torch.library`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Optional

from torch import _C

_has_override = _C._has_torch_function


def _overridden(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Arguments, and items of lists of them, whose class overrides ``__torch_function__``."""
    found = []
    for value in (*args, *kwargs.values()):
        if _has_override(value):
            found.append(value)
        elif type(value) in (list, tuple):
            found.extend(item for item in value if _has_override(item))
    return found


class OperatorBase:
    """What all operators share: rules in Python for dispatch keys, modes and classes of tensors."""

    def __init__(self) -> None:
        self.py_kernels: dict[Any, Callable[..., Any]] = {}

    def py_impl(self, k: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: the function is called under a key, in a mode of a class, or for tensors of a class."""

        def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
            from torch._library import keys

            self.py_kernels[k if isinstance(k, type) else keys.key_name(k)] = fn
            return fn

        return decorate

    def name(self) -> str:
        """The operator's name."""
        raise NotImplementedError


class OpOverload(OperatorBase):
    """One overload of an operator. What it is called with goes through modes, subclasses and autograd."""

    _schema_text: str
    __call__: Callable[..., Any]

    def __init__(self, namespace: str, name: str, overload: str, schema: str) -> None:
        super().__init__()
        self._base = self._opname = name
        self._namespace = self.namespace = namespace
        self._overloadname = overload or "default"
        self._schema_text = schema
        self.__name__ = f"{name}.{self._overloadname}"
        self.__qualname__ = self.__name__
        self.__module__ = f"torch._ops.{namespace}"

    @property
    def _schema(self) -> Any:
        from torch._library.schema import parse_schema

        return parse_schema(self._schema_text)

    @functools.cached_property
    def tags(self) -> list[Any]:
        """What holds for the operator: members of :class:`torch.Tag`."""
        return []

    def name(self) -> str:
        """Qualified name with the overload: ``aten::add.Tensor``."""
        return f"{self.namespace}::{self._base}" + ("" if self._overloadname == "default" else f".{self._overloadname}")

    @property
    def overloadpacket(self) -> OpOverloadPacket:
        """The operator with all its overloads."""
        return getattr(getattr(ops, self.namespace), self._base)

    @property
    def op(self) -> Callable[..., Any]:
        """The call itself."""
        return self.__call__

    def overloads(self) -> list[str]:
        """Overload names of the operator."""
        return self.overloadpacket.overloads()

    def has_kernel_for_dispatch_key(self, k: Any) -> bool:
        """Whether a kernel is registered for a key."""
        raise NotImplementedError

    def __deepcopy__(self, memo: Any = None) -> OpOverload:
        return self

    def __repr__(self) -> str:
        return f"<OpOverload(op='{self.namespace}.{self._base}', overload='{self._overloadname}')>"

    def __str__(self) -> str:
        return f"{self.namespace}.{self._base}.{self._overloadname}"

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> Any:
        return _find, (self.namespace, self._base, self._overloadname)


class _TableOverload(OpOverload):
    """An operator of the table in C++. Calling it makes the boxed call."""

    def __init__(self, number: int, name: str, overload: str, schema: str, composite: bool) -> None:
        super().__init__("aten", name, overload, "aten::" + schema)
        self._number = number
        self._composite = composite

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if overridden := _overridden(args, kwargs):
            from torch.overrides import handle_torch_function

            return handle_torch_function(self, overridden, *args, **kwargs)
        return _C._call_op(self._number, *args, **kwargs)

    def decompose(self, *args: Any, **kwargs: Any) -> Any:
        """The call made of simpler operators; NotImplemented for operators that have a kernel."""
        return self(*args, **kwargs) if self._composite else NotImplemented

    def _can_decompose(self) -> bool:
        return self._composite

    @functools.cached_property
    def tags(self) -> list[Any]:
        """What holds for the operator: members of :class:`torch.Tag`."""
        from torch._library.keys import Tag

        family = _families().get(self._number, "")
        found = [Tag.pointwise] if family == "pointwise" else [Tag.reduction] if family == "reduce" else []
        if "Generator?" in self._schema_text:
            found.append(Tag.nondeterministic_seeded)
        if any(argument.is_out for argument in self._schema.arguments):
            found.append(Tag.out)
        elif self._base.endswith("_") and not self._base.endswith("__"):
            found.append(Tag.inplace)
        return found

    def has_kernel_for_dispatch_key(self, k: Any) -> bool:
        """Whether a kernel is registered for a key."""
        from torch._library import keys

        return keys.key_name(k) in ("CPU", "Meta", "CompositeImplicitAutograd" if self._composite else "Autograd")


@functools.lru_cache(maxsize=1)
def _families() -> dict[int, str]:
    return {number: entry["family"] for number, entry in enumerate(_C._op_table())}


def _find(namespace: str, name: str, overload: str) -> Any:
    return getattr(getattr(getattr(ops, namespace), name), overload)


def _make_overload(number: int, name: str, overload: str, schema: str, composite: int) -> OpOverload:
    return _TableOverload(number, name, overload, schema, bool(composite))


class OpOverloadPacket:
    """All overloads of an operator; a call takes the first that fits."""

    def __init__(self, qualified_op_name: str, overloads: list[str]) -> None:
        self._qualified_op_name = qualified_op_name
        self._namespace, _, self.__name__ = qualified_op_name.partition("::")
        self._overloads = overloads
        self.__module__ = f"torch._ops.{self._namespace}"

    def overloads(self) -> list[str]:
        """Overload names."""
        return list(self._overloads)

    @property
    def op(self) -> Callable[..., Any]:
        """The call itself."""
        return self.__call__

    @property
    def _schemas(self) -> dict[str, Any]:
        return {name: getattr(self, name)._schema for name in self._overloads}

    def _lookup(self, overload: str) -> Optional[OpOverload]:
        if self._namespace == "aten":
            return _C._find_op(self.__name__, overload)
        from torch._library import dispatch

        return dispatch.overloads.get(self._qualified_op_name, {}).get(overload)

    def __getattr__(self, overload: str) -> OpOverload:
        op = None if overload.startswith("__") else self._lookup(overload)
        if op is None:
            raise AttributeError(
                f"The underlying op of '{self._namespace}.{self.__name__}' has no overload name '{overload}'"
            )
        if self._namespace == "aten":
            setattr(self, overload, op)
        return op

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if overridden := _overridden(args, kwargs):
            from torch.overrides import handle_torch_function

            return handle_torch_function(self, overridden, *args, **kwargs)
        if len(self._overloads) == 1:
            return getattr(self, self._overloads[0])(*args, **kwargs)
        if self._namespace != "aten":
            from torch._library import dispatch

            return dispatch.call_first(self, args, kwargs)
        errors = []
        for overload in self._overloads:
            try:
                return getattr(self, overload)(*args, **kwargs)
            except TypeError as error:
                errors.append(str(error))
        raise TypeError(f"{self._qualified_op_name}: no overload takes these arguments:\n" + "\n".join(errors))

    def __iter__(self) -> Iterator[str]:
        return iter(self._overloads)

    def __deepcopy__(self, memo: Any = None) -> OpOverloadPacket:
        return self

    def __reduce__(self) -> Any:
        return _find_packet, (self._namespace, self.__name__)

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self._namespace}.{self.__name__}')>"

    def __str__(self) -> str:
        return f"{self._namespace}.{self.__name__}"


def _find_packet(namespace: str, name: str) -> Any:
    return getattr(getattr(ops, namespace), name)


class HigherOrderOperator(OperatorBase):
    """An operator that takes functions. Its rules are registered by :meth:`py_impl`; a call takes the one that fits."""

    def __init__(self, name: str, *, cacheable: bool = False, supports_training_input_mutation: bool = False) -> None:
        super().__init__()
        if type(self) is HigherOrderOperator:
            raise RuntimeError("Direct instantiation of HigherOrderOperator is not allowed. Please subclass it.")
        self._name = self.__name__ = name
        self._ns = "higher_order"
        self.__module__ = "torch.ops.higher_order"
        self._cacheable = cacheable
        _higher_order_ops[name] = self

    @property
    def namespace(self) -> str:
        """``higher_order``."""
        return self._ns

    def cacheable(self) -> bool:
        """Whether graphs with the operator may be kept."""
        return self._cacheable

    def name(self) -> str:
        """The name."""
        return self._name

    def fallthrough(self, dispatch_key: Any) -> None:
        """Says that the operator has nothing to do for a key."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if overridden := _overridden(args, kwargs):
            from torch.overrides import handle_torch_function

            return handle_torch_function(self, overridden, *args, **kwargs)
        from torch._library import dispatch

        return dispatch.call_higher_order(self, args, kwargs)

    def __str__(self) -> str:
        return self._name


_higher_order_ops: dict[str, HigherOrderOperator] = {}


class _OpNamespace(types.ModuleType):
    """Operators of one namespace."""

    def __getattr__(self, name: str) -> Any:
        short = self.__name__.rpartition(".")[2]
        overloads: list[str] = []
        if not name.startswith("__"):
            if short == "aten":
                overloads = _C._overloads_of(name)
                if name.startswith("_foreach_") and hasattr(
                    _foreach := importlib.import_module("torch._foreach"), name
                ):
                    return _foreach.Packet(name)
            elif short == "higher_order":
                if name in _higher_order_ops:
                    return _higher_order_ops[name]
            elif "torch._library.dispatch" in sys.modules:
                overloads = list(sys.modules["torch._library.dispatch"].overloads.get(f"{short}::{name}", ()))
        if not overloads:
            raise AttributeError(f"'_OpNamespace' '{short}' object has no attribute '{name}'")
        packet = OpOverloadPacket(f"{short}::{name}", overloads)
        setattr(self, name, packet)
        return packet

    def __dir__(self) -> list[str]:
        found = set(super().__dir__())
        if self.__name__.rpartition(".")[2] == "aten":
            found.update(entry["base"] for entry in _C._op_table())
        return sorted(found)


class _Ops(types.ModuleType):
    """torch.ops."""

    __file__ = "_ops.py"

    def __getattr__(self, name: str) -> _OpNamespace:
        if name.startswith("__"):
            raise AttributeError(name)
        namespace = _OpNamespace(f"torch.ops.{name}")
        setattr(self, name, namespace)
        return namespace

    @property
    def loaded_libraries(self) -> set[str]:
        """Paths that :meth:`load_library` took."""
        return _loaded

    def import_module(self, module: str) -> None:
        """Imports a Python module, which may define operators."""
        import importlib

        importlib.import_module(module)

    def load_library(self, path: Any) -> None:
        """Loads a library of C++ operators. Libraries made for PyTorch can't be: their C++ interface is another one.

        For torchvision's the same operators are defined in Python.

        Raises:
            OSError: for all others, and where there is no such file.
        """
        from torch._library import substitutes

        substitutes.load(str(path))
        _loaded.add(str(path))


_loaded: set[str] = set()


@contextlib.contextmanager
def dl_open_guard() -> Iterator[None]:
    """Symbols of libraries loaded inside are visible to others."""
    flags = sys.getdlopenflags()
    try:
        sys.setdlopenflags(flags | 0x100)
        yield
    finally:
        sys.setdlopenflags(flags)


aten = _OpNamespace("torch.ops.aten")
ops = _Ops("torch.ops")
ops.aten = aten  # type: ignore[attr-defined]
sys.modules.setdefault("torch.ops", ops)
