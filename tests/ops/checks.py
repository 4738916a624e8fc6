"""Running one record on both sides and collecting what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

import compare
import wire

from . import catalogue
from .records import Op, Sample, layouts_for, request, samples_for


class Failures:
    """Differences of one test, told together."""

    def __init__(self, title: str) -> None:
        self.title, self.lines = title, []  # type: ignore[var-annotated]

    def add(self, case: str, text: str) -> None:
        self.lines.append(f"  {case}: {text}")

    def report(self) -> None:
        shown = "\n".join(self.lines[:8])
        more = f"\n  and {len(self.lines) - 8} more" if len(self.lines) > 8 else ""
        assert not self.lines, f"{self.title}: {len(self.lines)} cases differ\n{shown}{more}"


def cases(op: Op, dtype: str, fn: str, *, grad: bool = False, layouts: Optional[Iterable[str]] = None) -> list:
    """(description, sample, request) for every sample and layout of ``op``."""
    made = []
    for index, sample in samples_for(op, dtype):
        if grad and not sample.grad:
            continue
        for layout in layouts_for(op, sample):
            if layouts is None or layout in layouts:
                made.append(
                    (f"{fn}{sample!r} {dtype} {layout}", sample, request(op, fn, index, sample, dtype, layout, grad))
                )
    return made


def same_answer(
    op: Op,
    sample: Sample,
    ours: tuple,
    theirs: tuple,
    *,
    strict_errors: bool = False,
    strides: Optional[bool] = None,
    declared: bool = True,
    case: str = "",
    scale: float = 1.0,
    own: Optional[Mapping[str, tuple]] = None,
) -> Optional[str]:
    """What differs between two answers to one request, or None.

    Where the oracle raises for lack of a kernel, ours may have one (``strict_errors`` False); where the record does
    not declare the dtype, ours may lack one.  An in-place write to expanded memory may always be refused.
    """
    if theirs[0] == "error":
        if ours[0] != "error":
            return (
                f"oracle raises {theirs[1][0]} ({theirs[2][:90]!r}), ours returns {compare.short(ours[1])}"
                if strict_errors
                else None
            )
        return error_class(ours, theirs) if strict_errors else None
    if ours[0] == "error":
        if not declared or (case.endswith("expanded") and "memory location" in ours[2]):
            return None
        return f"ours raises {ours[1][0]}: {ours[2][:300]!r}"
    own = op.tolerances if own is None else own
    factor = sample.scale * scale
    found = compare.differ(
        ours[1], theirs[1], strides=op.strides if strides is None else strides, own=own, values=op.values, scale=factor
    )
    if found:
        return found
    own_grad = {**own, **narrow_gradients(ours), **op.grad_tolerances}
    for i, (mine, other) in enumerate(zip(ours[2], theirs[2])):
        found = compare.differ(mine, other, own=own_grad, path=f"gradient {i}", scale=factor)
        if found:
            return found
    for i, (mine, other) in enumerate(zip(ours[3], theirs[3])):
        found = compare.differ(mine, other, own=own, path=f"argument {i} afterwards", values=op.values, scale=factor)
        if found:
            return found
    return None


def narrow_gradients(answer: tuple) -> dict:
    """Tolerances of a gradient in float64 that comes out of a computation in float32: those of float32."""
    result = answer[1]
    return {"float64": compare.tolerance("float32")} if result[0] == "T" and result[1] == "float32" else {}


def declared(op: Op, case: str) -> bool:
    """Whether the dtype at the end of a case's description is one that the record declares."""
    return bool(set(case.rpartition(")")[2].split()) & set(op.dtypes))


def error_class(ours: tuple, theirs: tuple) -> Optional[str]:
    """Ours must be the oracle's class or derived from it, and say something."""
    expected = theirs[1][0]
    if expected not in ours[1]:
        return f"raises {ours[1][0]} ({ours[2][:100]!r}), oracle {expected} ({theirs[2][:100]!r})"
    if not ours[2].strip():
        return f"{ours[1][0]} without a text"
    return None


def compare_cases(op: Op, oracle: Any, made: list, title: str, **options: Any) -> None:
    """Ask both sides about all cases and fail with every difference."""
    answers = oracle.ask([item[2] for item in made])
    failures = Failures(title)
    for (case, sample, asked), theirs in zip(made, answers):
        strict = None if sample.strides else False
        own = {"strides": strict, "declared": declared(op, case), "case": case, **options}
        found = same_answer(op, sample, wire.run(asked), theirs, **own)
        if found:
            failures.add(case, found)
    failures.report()


def op_params(*, grad: bool = False) -> list:
    return [op for op in catalogue.in_scope_records() if not grad or op.grad]
