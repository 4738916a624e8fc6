"""The page of common mistakes, docs/errors.md, made of tests/errors/golden.yaml.

scripts/errors_page.py            write the page
scripts/errors_page.py --texts    first put the classes and texts that torch raises now into the data

Each entry of the data is a mistake, the code that makes it, the class and text raised, words of the text that PyTorch's
has as well, and where there is one, code that is right. tests/errors/test_golden.py holds both sides to it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from pathlib import Path
from typing import Any, Optional

import yaml

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "errors" / "golden.yaml"
PAGE = ROOT / "docs" / "errors.md"

PRELUDE = """\
import io

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
"""

HEAD = """\
# Common mistakes and what they raise

The mistakes that users of tensors and networks make most, each with the exception and its full text. The classes are
PyTorch's, and the texts hold the words by which its users know them. A text of an operator ends with a line that shows
what the operator was called with: `float32[2, 3]` is a tensor of that dtype and shape. Inside a module the text begins
with the path to the layer: `Model.layers.3.q_proj: Linear(10 -> 5) got last dimension 7`. The root has the name of its
class; errors that a program raises itself keep their text.

The examples begin with

```python
{prelude}```

This page is made from `tests/errors/golden.yaml` by `scripts/errors_page.py`.
"""


def load() -> dict[str, list[dict[str, Any]]]:
    """The mistakes by group."""
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


def run(code: str) -> Optional[Exception]:
    """What ``code`` raises."""
    space: dict[str, Any] = {"__name__": "example"}
    exec(PRELUDE, space)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, "example.py", "exec"), space)
    except Exception as error:
        return error
    return None


def page(groups: dict[str, list[dict[str, Any]]]) -> str:
    """The text of the page."""
    parts = [HEAD.format(prelude=PRELUDE)]
    for group, cases in groups.items():
        parts.append(f"## {group}\n")
        for case in cases:
            parts.append(f"### {case['mistake']}\n")
            parts.append(f"```python\n{case['code']}```\n")
            parts.append(f"```text\n{case['raises']}: {case['text'].rstrip()}\n```\n")
            if "instead" in case:
                parts.append(f"Instead:\n\n```python\n{case['instead']}```\n")
    return "\n".join(parts)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def refresh(groups: dict[str, list[dict[str, Any]]]) -> None:
    """Put what torch raises now into the data."""
    for cases in groups.values():
        for case in cases:
            error = run(case["code"])
            if error is None:
                sys.exit(f"nothing is raised by:\n{case['code']}")
            # A block, so that the difference of a longer text can be read.
            case.update(raises=type(error).__name__, text=f"{error}\n")
    columns = ("mistake", "code", "raises", "keeps", "text", "instead")
    parts = []
    for group, cases in groups.items():
        ordered = [{key: case[key] for key in columns if key in case} for case in cases]
        parts.append(yaml.dump({group: ordered}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6))
    head = "".join(line + "\n" for line in DATA.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    DATA.write_text(head + "\n".join(parts), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", action="store_true", help="replace the texts in the data by those of today")
    if parser.parse_args().texts:
        refresh(load())
    PAGE.write_text(page(load()), encoding="utf-8")


if __name__ == "__main__":
    main()
