"""The reference's pages of functions: one a namespace, each function with its signature and docstring.

The pages are made from what is imported, so that every public function is in them; tests/guard/test_docs.py checks it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Path of the namespace -> what its page says first.
NAMESPACES = {
    "torch": "Functions of `torch`.",
    "torch.Tensor": "Methods of `torch.Tensor`. A name that ends in `_` changes the tensor itself.",
    "torch.nn.functional": "Functions of `torch.nn.functional`, on which the modules of `torch.nn` are built.",
    "torch.linalg": "Linear algebra. Matrices are the last two dimensions; those before them are batches.",
    "torch.fft": "Discrete Fourier transforms.",
    "torch.special": "Special functions.",
}
NOT_OURS = {"Callable"}  # what a namespace shows of other modules


def namespace(path: str) -> Any:
    """The module or class of a path."""
    if path == "torch.Tensor":
        return importlib.import_module("torch").Tensor
    return importlib.import_module(path)


def functions(path: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Names and values of the public functions of a namespace."""
    place = namespace(path)
    for name in sorted(dir(place)):
        if name.startswith("_") or name in NOT_OURS:
            continue
        value = getattr(place, name)
        if callable(value) and not inspect.isclass(value) and not inspect.ismodule(value):
            yield name, value


def entry(path: str, name: str, function: Callable[..., Any]) -> list[str]:
    """The lines of one function."""
    lines = [f"## {path}.{name}", "", "```text"]
    text = inspect.cleandoc(function.__doc__ or "")
    if not text.startswith(f"{name}("):  # the docstrings of the table begin with their signatures
        lines += [f"{name}{inspect.signature(function)}", ""]
    return [*lines, text, "```", ""]


def page(path: str) -> str:
    """The page of a namespace."""
    lines = [f"# {path}", "", NAMESPACES[path], ""]
    for name, function in functions(path):
        lines += entry(path, name, function)
    return "\n".join(lines)


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    for path in NAMESPACES:
        (folder / f"{path}.md").write_text(page(path))
