"""Names of PyTorch that are not here, so that programs which only import or mention them run.

They are listed, with what they answer or raise, in ``_absent_names.txt``; any other name is an AttributeError as ever.
A module in the list that has no file is made by the finder below; a module that has one takes the rest of its names
from the list by ``__getattr__ = _absent.names_of(__name__)``.

A line that starts at the margin names a module; ``module = other`` gives it the names of another. Below it, indented:

    name()              a function, which raises
    Name                a class, which raises when it is called or derived from and called
    Name(module.Base)   a class derived from another
    Name{A,B}           a class with members
    name()=value        a function with one answer
    name=value          a value
    ! Error: text       what the names after this line raise; {name} stands for the name's path
"""

from __future__ import annotations

import copy
import importlib
import os
import sys
from functools import cache
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, NamedTuple, Optional

_NOT_YET = (NotImplementedError, "{name} is not supported yet")


class _Entry(NamedTuple):
    text: str  # what follows the name
    error: tuple[type[Exception], str]


class _Listed(NamedTuple):
    source: str  # the module whose names these are
    entries: dict[str, _Entry]


@cache
def _table() -> dict[str, _Listed]:
    """The modules of the list, those above them included."""
    table: dict[str, _Listed] = {}
    module, error = "", _NOT_YET
    with open(os.path.join(os.path.dirname(__file__), "_absent_names.txt"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            module, _, source = (part.strip() for part in line.partition("="))
            table[module] = _Listed(source or module, {})
            error = _NOT_YET
        elif line.lstrip().startswith("!"):
            kind, _, text = line.lstrip(" !").partition(": ")
            error = (getattr(__import__("builtins"), kind), text)
        else:
            for word in line.split():
                name = word[: next((i for i, c in enumerate(word) if c in "({="), len(word))]
                table[module].entries[name] = _Entry(word[len(name) :], error)
    for module in list(table):
        while "." in (module := module.rpartition(".")[0]):
            table.setdefault(module, _Listed(module, {}))
    return table


class _Member:
    """Member of an absent class, such as ``ReduceOp.SUM``: a name to hand on."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __repr__(self) -> str:
        return self._path


def _refusal(path: str, error: tuple[type[Exception], str]) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise error[0](error[1].format(name=path))

    return refuse


def _value(text: str) -> Any:
    import ast

    return ast.literal_eval(text)


def _make_class(module: str, name: str, text: str, error: tuple[type[Exception], str]) -> type:
    body: dict[str, Any] = {"__module__": module, "__doc__": "Not supported; its name can be mentioned."}
    base: type = object
    if text.startswith("("):
        path, _, text = text[1:].partition(")")
        holder, _, last = path.rpartition(".")
        base = getattr(importlib.import_module(holder or "builtins"), last)
    if text.startswith("{"):
        body.update({member: _Member(f"{name}.{member}") for member in text[1:-1].split(",")})
    if not issubclass(base, BaseException):
        refuse = _refusal(f"{module}.{name}", error)
        body["__new__"] = lambda cls, *args, **kwargs: refuse()
    return type(base)(name, (base,), body)


def _make(module: str, name: str, entry: _Entry) -> Any:
    text = entry.text
    if text.startswith("="):
        return _value(text[1:])
    if not text.startswith("()"):
        return _make_class(module, name, text, entry.error)
    if text == "()":
        function = _refusal(f"{module}.{name}", entry.error)
        function.__doc__ = "Not supported: raises."
    else:
        answer = _value(text[3:])

        def function(*args: Any, **kwargs: Any) -> Any:
            return copy.copy(answer)

        function.__doc__ = f"{answer!r}."
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return function


def _lookup(module: str, name: str) -> Any:
    source, entries = _table()[module]
    if name in entries:
        return _make(module, name, entries[name])
    if f"{module}.{name}" in _table():
        return importlib.import_module(f"{module}.{name}")
    if source != module and not name.startswith("__"):
        return getattr(importlib.import_module(source), name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def names_of(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module that has the listed names besides its own."""

    def __getattr__(name: str) -> Any:
        value = _lookup(module, name)
        setattr(sys.modules[module], name, value)
        return value

    return __getattr__


def listed(module: str) -> list[str]:
    """The names of a module in the list."""
    source, entries = _table().get(module, _Listed(module, {}))
    return sorted({*entries, *(listed(source) if source != module else ())})


class _Finder:
    """Finds the modules that are in the list only. It is asked last."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        if not name.startswith("torch.") or name not in _table():
            return None
        return ModuleSpec(name, _Finder(), is_package=any(m.startswith(name + ".") for m in _table()))  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        return None

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        name = module.__name__
        module.__doc__ = "Not supported: its names can be imported, and raise when they are used."
        module.__getattr__ = names_of(name)  # type: ignore[method-assign]
        module.__dir__ = lambda: listed(name)  # type: ignore[method-assign]


def install() -> None:
    """Let the modules of the list be imported."""
    sys.meta_path.append(_Finder())  # type: ignore[arg-type]
