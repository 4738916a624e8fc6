"""Examples of operators, for docstrings: reads csrc/ops/examples/*.txt and puts them in the form of each Python name.

An entry is a name and, indented, ``dtypes:`` with the dtypes that the operator takes and what one types and sees at Python's prompt, with the operator called as a function:
``torch.add(x, 10)``. From it come the examples of the method, ``x.add(10)``, of the in-place form, ``x.add_(10)``, and of
other names. Where one of these prints something else, it has an entry of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

NAMESPACES = {"linalg": "torch.linalg.", "special": "torch.special.", "fft": "torch.fft."}
PATH = r"torch\.(?:linalg\.|special\.|fft\.|nn\.functional\.|_C\._nn\.)?"


def load(folder: Path) -> dict[str, list[str]]:
    """Name -> lines of its example, from all files of the folder; under ``dtypes NAME`` the dtypes that it takes."""
    found: dict[str, list[str]] = {}
    name = ""
    for path in sorted(folder.glob("*.txt")):
        lines: list[str] = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip():
                continue
            if line.startswith("    dtypes: "):
                found[f"dtypes {name}"] = [line.partition(": ")[2]]
            elif line.startswith("    "):
                lines.append(line[4:])
            elif line in found or line != line.strip():
                raise ValueError(f"{path.name}:{number}: {line!r} stands there twice, or is no name")
            else:
                name, lines = line, found.setdefault(line, [])
    return found


def statements(lines: list[str]) -> list[list[str]]:
    """The lines split into statements, each with what it prints."""
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith(">>> "):
            parts.append([line])
        else:
            parts[-1].append(line)
    return parts


def split_call(line: str, name: str) -> tuple[str, str, str, str] | None:
    """``before``, first argument, other arguments and ``after`` of the call of a function in a line."""
    short = re.sub(r"^(linalg|special|fft)_", "", name)
    found = re.search(rf"{PATH}(?:{re.escape(name)}|{re.escape(short)})\(", line)
    if not found:
        return None
    depth, comma, at = 1, None, found.end()
    while depth:
        c = line[at]
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 1 and comma is None:
            comma = at
        at += 1
    end = at - 1
    first = line[found.end() : comma if comma is not None else end]
    rest = "" if comma is None else line[comma + 1 : end].strip()
    return line[: found.start()], first, rest, line[at:]


def as_function(lines: list[str], base: str, path: str, once: bool = False) -> list[str]:
    """The example with the function under another path; the first call only for in-place forms (``once``)."""
    result: list[str] = []
    calls = 0
    for part in statements(lines):
        call = split_call(part[0], base)
        if call:
            if once and calls:
                continue
            calls += 1
            before, first, rest, after = call
            arguments = ", ".join(a for a in (first, rest) if a)
            part = [f"{before}{path}({arguments}){after}", *part[1:]]
        result += part
    return result


def as_method(lines: list[str], base: str, name: str, once: bool) -> list[str]:
    """The example with the method ``name`` of the first argument; the first call only for in-place forms (``once``)."""
    result: list[str] = []
    calls = 0
    for part in statements(lines):
        call = split_call(part[0], base)
        if call:
            before, first, rest, after = call
            if not re.fullmatch(r"[A-Za-z_]\w*|torch\.\w+\(.*\)", first) or (once and calls):
                continue
            calls += 1
            part = [f"{before}{first}.{name}({rest}){after}", *part[1:]]
        result += part
    return result if calls else []


def example(
    table: dict[str, list[str]], base: str, module: str, name: str, inplace: bool, function_path: str
) -> list[str]:
    """Lines of the example of a Python name; empty if there is none that fits."""
    own = table.get(name) if module != "linalg" else None
    if own is not None and (name != base or inplace):
        return as_method(own, name, name, True) or own if module == "method" else as_function(own, name, function_path)
    lines = table.get(base + "_" if inplace and base not in table else base, [])
    if module == "method":
        made = as_method(lines, base, name, inplace)
        return made or (lines if any(f".{name}(" in line for line in lines) else [])
    return as_function(lines, base, function_path, inplace)
