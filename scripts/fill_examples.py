"""Writes what the examples of csrc/ops/examples print into them.

scripts/fill_examples.py            run all examples and complete or correct what follows the lines with >>>
scripts/fill_examples.py add sort   only those of the names given

A new example is written without its results; this fills them in, and tests/guard/test_docs.py holds them ever after.
Look at what it wrote: it is what is documented.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import sys
from pathlib import Path

import torch

EXAMPLES = Path(__file__).resolve().parent.parent / "csrc" / "ops" / "examples"


def run(source: list[str]) -> list[str]:
    """The lines of an example with what they print now."""
    text = "\n".join(source) + "\n"
    globs = {"torch": torch}
    result = []
    for part in doctest.DocTestParser().get_examples(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(part.source, "<example>", "single"), globs)
        result += [("... " if i else ">>> ") + line for i, line in enumerate(part.source.splitlines())]
        result += [line or "<BLANKLINE>" for line in printed.getvalue().splitlines()]
    return result


def main() -> int:
    wanted = set(sys.argv[1:])
    failed = 0
    for path in sorted(EXAMPLES.glob("*.txt")):
        blocks: list[tuple[str, list[str]]] = []
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith(" "):
                blocks.append((line, []))
            elif line.strip():
                blocks[-1][1].append(line[4:])
        texts = []
        for name, lines in blocks:
            try:
                facts = [line for line in lines if line.startswith("dtypes: ")]
                shown = facts + run(lines[len(facts) :]) if not wanted or name in wanted else lines
            except Exception as error:  # each example by itself
                print(f"{path.name}: {name}: {type(error).__name__}: {error}", file=sys.stderr)
                shown, failed = lines, failed + 1
            texts.append("\n".join([name, *(f"    {line}" for line in shown)]) + "\n")
        path.write_text("\n".join(texts))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
