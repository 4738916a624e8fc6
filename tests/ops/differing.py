"""Whether a random call (see :mod:`.mutate`) has the oracle's answer, and the list of those that differ on purpose.

The list is :mod:`.disagreements`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Optional

import compare
import wire

from . import checks
from .disagreements import LISTED
from .mutate import Call


@dataclass
class Entry:
    """One line of the list; ``hits`` counts the calls that it accounts for."""

    op: str
    pattern: str
    reason: str
    undefined: bool = False
    hits: int = 0
    search: Any = field(init=False)

    def __post_init__(self) -> None:
        self.search = re.compile(self.pattern, re.DOTALL).search

    def names(self, key: str) -> bool:
        return any(fnmatchcase(key, name) for name in self.op.split())

    def __str__(self) -> str:
        return f"{self.op}: {self.pattern}"


def entries() -> list:
    return [Entry(*item) for item in LISTED]


def dtypes_in(value: Any) -> set:
    """Dtypes of the tensors in an encoded value."""
    if value[0] == "T":
        return {value[1]}
    if value[0] in ("L", "U"):
        return {dtype for item in value[1] for dtype in dtypes_in(item)}
    return set()


def tolerances(call: Call) -> dict:
    """Per dtype of a result what may differ: a result is no more exact than the least exact operand.

    Integers and bools alone are computed in float32.
    """
    kwargs = call.asked["kwargs"]
    parts = [*call.asked["args"], *(value for key, value in kwargs.items() if key != "out")]
    found = {dtype for part in parts for dtype in dtypes_in(part)}
    inexact = {dtype for dtype in found if dtype in wire.FLOATING + wire.COMPLEX} or {"float32"}
    loosest = tuple(max(compare.tolerance(dtype, call.op.tolerances)[i] for dtype in inexact) for i in (0, 1))
    return {
        dtype: tuple(max(a, b) for a, b in zip(compare.tolerance(dtype, call.op.tolerances), loosest))
        for dtype in wire.FLOATING + wire.COMPLEX
    }


def difference(call: Call, ours: tuple, theirs: tuple) -> Optional[str]:
    """What differs, or None.  Where the oracle has no kernel, ours may have one."""
    if ours[0] == "died":
        return f"our process ends: {ours[1]}"
    if theirs[0] == "died":
        return None
    lacking = theirs[0] == "error" and (theirs[1][0] == "NotImplementedError" or "not implemented" in theirs[2])
    if lacking and ours[0] == "error" and {"RuntimeError", "TypeError", "ValueError", "IndexError"} & set(ours[1]):
        return None  # either side may complain of something else first
    return checks.same_answer(
        call.op,
        call.sample,
        ours,
        theirs,
        strict_errors=not lacking,
        strides=call.sample.strides,
        case=call.case,
        own=tolerances(call),
    )


class Judge:
    """Compares answers and sorts what differs into listed and not."""

    def __init__(self) -> None:
        self.listed = entries()
        self.calls = self.agreed = self.undefined = 0
        self.unlisted: list = []  # (key, case, text)

    def see(self, call: Call, ours: tuple, theirs: tuple) -> None:
        self.calls += 1
        own = [entry for entry in self.listed if entry.names(call.op.key)]
        for entry in own:
            if entry.undefined and entry.search(call.case):
                entry.hits += 1
                self.undefined += 1
                if ours[0] != "died":
                    return
        text = difference(call, ours, theirs)
        if text is None:
            self.agreed += 1
            return
        told = f"{call.case} => {text}"
        for entry in own:
            if not entry.undefined and entry.search(told):
                entry.hits += 1
                return
        self.unlisted.append((call.op.key, call.case, text))

    def unused(self) -> list:
        return [entry for entry in self.listed if not entry.hits]

    def summary(self) -> str:
        listed = self.calls - self.agreed - len(self.unlisted) - self.undefined
        share = 100 * self.agreed / max(self.calls - self.undefined, 1)
        return (
            f"{self.calls} calls: {share:.2f} % agree, {listed} differ as listed, {len(self.unlisted)} differ unlisted, "
            f"{self.undefined} undefined"
        )
