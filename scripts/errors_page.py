"""The pages of common mistakes, docs/errors/, made of tests/errors/golden/: one file and one page a group.

scripts/errors_page.py            write the pages
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
DATA = ROOT / "tests" / "errors" / "golden"
PAGES = ROOT / "docs" / "errors"

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

These pages are made from `tests/errors/golden/` by `scripts/errors_page.py`.

```{{toctree}}
:maxdepth: 2

{contents}
```
"""


def files() -> dict[str, Path]:
    """The groups of mistakes in the order of the pages, and the file of each."""
    found = {}
    for path in sorted(DATA.glob("*.yaml")):
        with path.open(encoding="utf-8") as file:
            found[file.readline().strip().rstrip(":")] = path
    return found


def load() -> dict[str, list[dict[str, Any]]]:
    """The mistakes by group."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path in files().values():
        groups.update(yaml.safe_load(path.read_text(encoding="utf-8")))
    return groups


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


def pages(groups: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """The text of each page by file name."""
    names = {group: group.lower().replace(" ", "_") for group in groups}
    texts = {"index.md": HEAD.format(prelude=PRELUDE, contents="\n".join(names.values()))}
    for group, cases in groups.items():
        parts = [f"# {group}\n"]
        for case in cases:
            parts.append(f"## {case['mistake']}\n")
            parts.append(f"```python\n{case['code']}```\n")
            parts.append(f"```text\n{case['raises']}: {case['text'].rstrip()}\n```\n")
            if "instead" in case:
                parts.append(f"Instead:\n\n```python\n{case['instead']}```\n")
        texts[f"{names[group]}.md"] = "\n".join(parts)
    return texts


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
    for group, path in files().items():
        ordered = [{key: case[key] for key in columns if key in case} for case in groups[group]]
        text = yaml.dump({group: ordered}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", action="store_true", help="replace the texts in the data by those of today")
    if parser.parse_args().texts:
        refresh(load())
    PAGES.mkdir(exist_ok=True)
    for name, text in pages(load()).items():
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
