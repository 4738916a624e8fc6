"""torch.ops: operators by name, ``torch.ops.aten.add.Tensor(x, y)``."""

from __future__ import annotations

import sys
import types
from typing import Any

from torch import _C


class OpOverload:
    """One operator of the table. Calling it makes the boxed call."""

    def __init__(self, number: int, name: str, overload: str, schema: str, composite: bool) -> None:
        self._number = number
        self._base = name
        self._overloadname = overload or "default"
        self._schema = "aten::" + schema
        self._composite = composite
        self.__name__ = f"{name}.{self._overloadname}"
        self.__qualname__ = self.__name__
        self.__module__ = "torch._ops.aten"
        self.namespace = "aten"

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return _C._call_op(self._number, *args, **kwargs)

    def name(self) -> str:
        """Qualified name with the overload: ``aten::add.Tensor``."""
        return f"aten::{self._base}" + ("" if self._overloadname == "default" else f".{self._overloadname}")

    @property
    def overloadpacket(self) -> OpOverloadPacket:
        return getattr(aten, self._base)

    def overloads(self) -> list[str]:
        """Overload names of the operator."""
        return _C._overloads_of(self._base)

    def __repr__(self) -> str:
        return f"<OpOverload(op='aten.{self._base}', overload='{self._overloadname}')>"

    def __str__(self) -> str:
        return f"aten.{self._base}.{self._overloadname}"

    def __reduce__(self) -> Any:
        return _find, (self._base, self._overloadname)


def _find(name: str, overload: str) -> Any:
    return getattr(getattr(aten, name), overload)


def _make_overload(number: int, name: str, overload: str, schema: str, composite: int) -> OpOverload:
    return OpOverload(number, name, overload, schema, bool(composite))


class OpOverloadPacket:
    """All overloads of an operator; a call takes the first that fits."""

    def __init__(self, name: str, overloads: list[str]) -> None:
        self.__name__ = name
        self._qualified_op_name = f"aten::{name}"
        self._overloads = overloads

    def overloads(self) -> list[str]:
        """Overload names."""
        return list(self._overloads)

    def __getattr__(self, overload: str) -> OpOverload:
        op = None if overload.startswith("__") else _C._find_op(self.__name__, overload)
        if op is None:
            raise AttributeError(f"The underlying op of 'aten.{self.__name__}' has no overload name '{overload}'")
        setattr(self, overload, op)
        return op

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        errors = []
        for overload in self._overloads:
            try:
                return getattr(self, overload)(*args, **kwargs)
            except TypeError as error:
                errors.append(str(error))
        raise TypeError(f"aten::{self.__name__}: no overload takes these arguments:\n" + "\n".join(errors))

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='aten.{self.__name__}')>"

    def __str__(self) -> str:
        return f"aten.{self.__name__}"


class _Namespace(types.ModuleType):
    """Operators of one namespace."""

    def __getattr__(self, name: str) -> Any:
        short = self.__name__.rpartition(".")[2]
        overloads = [] if name.startswith("__") or short != "aten" else _C._overloads_of(name)
        if not overloads:
            raise AttributeError(f"'_OpNamespace' '{short}' object has no attribute '{name}'")
        packet = OpOverloadPacket(name, overloads)
        setattr(self, name, packet)
        return packet


class _Ops(types.ModuleType):
    """torch.ops."""

    def __getattr__(self, name: str) -> _Namespace:
        if name.startswith("__"):
            raise AttributeError(name)
        namespace = _Namespace(f"torch.ops.{name}")
        setattr(self, name, namespace)
        return namespace


aten = _Namespace("torch.ops.aten")
ops = _Ops("torch.ops")
ops.aten = aten  # type: ignore[attr-defined]
sys.modules.setdefault("torch.ops", ops)
