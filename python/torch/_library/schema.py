"""Schemas of operators, read from their text: ``ns::name.overload(Tensor(a!) x, *, int[2] k=1) -> Tensor[]``."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

_NO_DEFAULT = object()
_NAME = re.compile(r"^\s*(?:(?P<ns>\w+)::)?(?P<name>\w+)?(?:\.(?P<overload>\w+))?\s*$")
_ARGUMENT = re.compile(
    r"^(?P<type>[\w.]+(?:\s*\(\s*(?P<alias>[^)]*)\s*\))?(?P<suffix>(?:\?|\[\d*\])*))\s*(?:\s(?P<name>\w+))?\s*(?:=\s*(?P<default>.*))?$",
    re.DOTALL,
)


class AliasInfo(NamedTuple):
    """Which memory an argument or result shares, and whether it is written."""

    before_set: frozenset[str]
    is_write: bool
    after_set: frozenset[str]


class SchemaType:
    """The type of an argument: ``Tensor?[]`` and the like."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def base(self) -> str:
        """The type without marks of lists and options."""
        return re.match(r"[\w.]+", self.text).group()  # type: ignore[union-attr]

    @property
    def is_list(self) -> bool:
        """Whether it is a list, optional or not."""
        return "[" in self.text

    @property
    def is_optional(self) -> bool:
        """Whether None is taken."""
        return self.text.endswith("?")

    @property
    def takes_none_items(self) -> bool:
        """Whether items of the list may be None."""
        return "?[" in self.text

    @property
    def size(self) -> int:
        """Fixed length of the list, or 0."""
        found = re.search(r"\[(\d+)\]", self.text)
        return int(found.group(1)) if found else 0

    def kind(self) -> str:
        """Kind of the type: ``"OptionalType"``, ``"ListType"``, ``"TensorType"`` and so on."""
        if self.is_optional:
            return "OptionalType"
        if self.is_list:
            return "ListType"
        names = {"str": "StringType", "Scalar": "NumberType", "Device": "DeviceObjType", "SymInt": "SymIntType"}
        return names.get(self.base, self.base[0].upper() + self.base[1:] + "Type")

    def getElementType(self) -> SchemaType:  # noqa: N802
        """The type under one option or list."""
        return SchemaType(re.sub(r"(\?|\[\d*\])$", "", self.text))

    def isSubtypeOf(self, other: Any) -> bool:  # noqa: N802
        """Whether both are the same."""
        return isinstance(other, SchemaType) and other.text == self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaType) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        if self.is_optional:
            return f"Optional[{self.getElementType()}]"
        if self.is_list:
            return f"List[{self.getElementType()}]"
        return {"Scalar": "number", "SymInt": "int", "ScalarType": "int"}.get(self.text, self.text)

    __repr__ = __str__
    annotation_str = property(__str__)


class Argument:
    """One argument, or one result, of a schema."""

    __slots__ = ("alias_info", "default", "kwarg_only", "name", "real_type")

    def __init__(
        self, name: str, real_type: SchemaType, alias_info: Optional[AliasInfo], default: Any, kwarg_only: bool
    ) -> None:
        self.name = name
        self.real_type = real_type
        self.alias_info = alias_info
        self.default = default
        self.kwarg_only = kwarg_only

    @property
    def type(self) -> SchemaType:
        """The type."""
        return self.real_type

    @property
    def N(self) -> Optional[int]:  # noqa: N802
        """Fixed length of the list, or None."""
        return self.real_type.size or None

    @property
    def default_value(self) -> Any:
        """The default; None where there is none."""
        return None if self.default is _NO_DEFAULT else self.default

    @property
    def is_write(self) -> bool:
        """Whether the operator writes the argument."""
        return self.alias_info is not None and self.alias_info.is_write

    @property
    def is_out(self) -> bool:
        """Whether it is an ``out`` argument."""
        return self.kwarg_only and self.is_write

    def has_default_value(self) -> bool:
        """Whether there is a default."""
        return self.default is not _NO_DEFAULT

    def __str__(self) -> str:
        text = self.real_type.text
        if self.alias_info is not None:
            base = self.real_type.base
            text = f"{base}({_alias_text(self.alias_info)}){text[len(base) :]}"
        if self.name:
            text += " " + self.name
        return text + (f"={_default_text(self)}" if self.has_default_value() else "")


def _alias_text(info: AliasInfo) -> str:
    text = "|".join(sorted(info.before_set)) + ("!" if info.is_write else "")
    return text if info.after_set == info.before_set else text + " -> " + "|".join(sorted(info.after_set))


def _default_text(argument: Argument) -> str:
    value = argument.default
    if isinstance(value, str) and argument.real_type.base == "str":
        return f'"{value}"'
    if isinstance(value, float):
        return f"{value:.17g}" if value != int(value) or abs(value) > 1e15 else f"{value:.1f}".rstrip("0")
    return str(value)


class FunctionSchema:
    """Name, arguments and results of an operator."""

    def __init__(self, text: str) -> None:
        head, arguments, returns = _split(text)
        found = _NAME.match(head)
        if found is None:
            raise RuntimeError(f"can't read the schema {text!r}: {head!r} is no name of an operator")
        self._short = found["name"] or ""
        self.name = f"{found['ns']}::{self._short}" if found["ns"] else self._short
        self.overload_name = found["overload"] or ""
        self.arguments = _parse_arguments(arguments, text)
        self.returns = _parse_returns(returns, text)

    @property
    def is_mutable(self) -> bool:
        """Whether an argument is written."""
        return any(argument.is_write for argument in self.arguments)

    def is_backward_compatible_with(self, old: FunctionSchema) -> bool:
        """Whether calls that the other schema takes are taken too: the same arguments, and new ones with defaults."""
        mine, theirs = self.arguments, old.arguments
        if len(mine) < len(theirs) or [r.real_type for r in self.returns] != [r.real_type for r in old.returns]:
            return False
        same = all(a.name == b.name and a.real_type == b.real_type for a, b in zip(mine, theirs))
        return same and all(argument.has_default_value() for argument in mine[len(theirs) :])

    def signature_text(self) -> str:
        """Arguments and results without the name."""
        parts: list[str] = []
        starred = False
        for argument in self.arguments:
            if argument.kwarg_only and not starred:
                parts.append("*")
                starred = True
            parts.append(str(argument))
        results = [str(result) for result in self.returns]
        shown = results[0] if len(results) == 1 and not self.returns[0].name else f"({', '.join(results)})"
        return f"({', '.join(parts)}) -> {shown}"

    def __str__(self) -> str:
        return self.name + (f".{self.overload_name}" if self.overload_name else "") + self.signature_text()

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionSchema) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __contains__(self, text: str) -> bool:
        return text in str(self)


def _split(text: str) -> tuple[str, str, str]:
    """Name, text of the arguments, and text of the results."""
    start = text.find("(")
    if start < 0:
        raise RuntimeError(f"can't read the schema {text!r}: expected ( after the name")
    end = _closing(text, start)
    arrow = re.match(r"\s*->\s*", text[end + 1 :])
    if arrow is None:
        raise RuntimeError(f"can't read the schema {text!r}: expected -> after the arguments")
    return text[:start], text[start + 1 : end], text[end + 1 + arrow.end() :].strip()


def _depths(text: str, start: int = 0) -> Iterator[tuple[int, str, int]]:
    """Characters outside of quotes: place, character, and how many parentheses are open after it."""
    depth, quote = 0, ""
    for i in range(start, len(text)):
        c = text[i]
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        else:
            depth += (c in "([") - (c in ")]")
            yield i, c, depth


def _closing(text: str, start: int) -> int:
    for i, c, depth in _depths(text, start):
        if c in ")]" and depth == 0:
            return i
    raise RuntimeError(f"can't read the schema {text!r}: expected )")


def _at_commas(text: str) -> list[str]:
    parts, begin = [], 0
    for i, c, depth in _depths(text):
        if c == "," and depth == 0:
            parts.append(text[begin:i].strip())
            begin = i + 1
    parts.append(text[begin:].strip())
    return [part for part in parts if part]


def _alias(text: Optional[str]) -> Optional[AliasInfo]:
    if text is None:
        return None
    before, _, after = text.partition("->")
    first = frozenset(name.strip(" !") for name in before.split("|"))
    last = frozenset(name.strip() for name in after.split("|")) if after else first
    return AliasInfo(first, "!" in before, last)


def _parse_default(text: str, kind: SchemaType) -> Any:
    text = text.strip()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # names: Mean, contiguous_format
    if kind.base == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _parse_argument(text: str, kwarg_only: bool, whole: str) -> Argument:
    found = _ARGUMENT.match(text)
    if found is None:
        raise RuntimeError(f"can't read the schema {whole!r}: {text!r} is no argument")
    kind = SchemaType(re.sub(r"\(.*?\)", "", found["type"]).replace(" ", ""))
    default = _NO_DEFAULT if found["default"] is None else _parse_default(found["default"], kind)
    return Argument(found["name"] or "", kind, _alias(found["alias"]), default, kwarg_only)


def _parse_arguments(text: str, whole: str) -> list[Argument]:
    arguments: list[Argument] = []
    kwarg_only = False
    for part in _at_commas(text):
        if part == "*":
            kwarg_only = True
            continue
        argument = _parse_argument(part, kwarg_only, whole)
        if not argument.name:
            raise RuntimeError(f"can't read the schema {whole!r}: the argument {part!r} has no name")
        if any(argument.name == other.name for other in arguments):
            raise RuntimeError(f"can't read the schema {whole!r}: two arguments are called {argument.name!r}")
        arguments.append(argument)
    return arguments


def _parse_returns(text: str, whole: str) -> list[Argument]:
    if text.startswith("("):
        if _closing(text, 0) != len(text) - 1:
            raise RuntimeError(f"can't read the schema {whole!r}: unexpected text after the results")
        return [_parse_argument(part, False, whole) for part in _at_commas(text[1:-1])]
    return [_parse_argument(text, False, whole)]


@functools.cache
def parse_schema(schema: str) -> FunctionSchema:
    """A schema from its text."""
    return FunctionSchema(schema)
