"""Schemas of the table against PyTorch's of the same name: argument names, order, keyword-only marks and defaults."""

from __future__ import annotations

import re
from typing import Any, Optional

import pytest

from . import catalogue

TABLE = catalogue.table()


def arguments(schema: str) -> list:
    """[(name, keyword only, default)] of a schema text; ``out`` arguments are left out."""
    inner = schema[schema.index("(") + 1 : schema.rindex(") ->")]
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(inner):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(inner[start:i])
            start = i + 1
    parts.append(inner[start:])
    found, keyword = [], False
    for part in (p.strip() for p in parts):
        if part == "*":
            keyword = True
        elif part:
            head, _, default = part.partition("=")
            found.append((head.split()[-1], keyword, normal(default) if "=" in part else None))
    return found


def normal(default: str) -> str:
    """One spelling for defaults that mean the same."""
    default = default.strip().strip("'\"")
    default = {"contiguous_format": "0", "Mean": "1", "mean": "1", "long": "4"}.get(default, default)
    if re.fullmatch(r"-?[\d.]+(e-?\d+)?", default):
        return repr(float(default))
    if re.fullmatch(r"\[[^\]]*\]", default):
        items = {normal(item) for item in default[1:-1].split(",") if item.strip()}
        return items.pop() if len(items) == 1 else default.replace(" ", "")
    return default


LEFT_OUT = ("dtype", "layout", "device", "pin_memory", "generator")  # in one overload here, in several there


def difference(entry: dict, theirs: str) -> Optional[str]:
    mine = [a for a in arguments(entry["schema"]) if a[0] not in LEFT_OUT]
    other = [a for a in arguments(theirs) if a[0] not in LEFT_OUT]
    same = len(mine) == len(other) and all(
        a[:2] == b[:2] and (a[2] == b[2] or b[2] is None)  # a default where PyTorch has none takes nothing away
        for a, b in zip(mine, other)
    )
    return None if same else f"{entry['schema']}\n    PyTorch: {theirs}"


@pytest.mark.skipif(TABLE is None, reason="the reference stands in: it has no op table")
def test_schemas(oracle: Any) -> None:
    entries = [entry for entry in TABLE or () if not entry["base"].startswith("_")]
    names = [entry["name"] for entry in entries]
    code = f"""
result = []
for name in {names!r}:
    base, _, overload = name.partition('.')
    packet = getattr(torch.ops.aten, base, None)
    op = getattr(packet, overload or 'default', None) if packet is not None else None
    result.append(str(op._schema) if op is not None else None)
"""
    answer = oracle.ask([{"code": code}])[0]
    assert answer[0] == "ok", answer
    wrong = [
        found
        for entry, (_, theirs) in zip(entries, answer[1][1])
        if theirs
        for found in [difference(entry, theirs)]
        if found
    ]
    assert not wrong, f"{len(wrong)} schemas differ:\n  " + "\n  ".join(wrong)
