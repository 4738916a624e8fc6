"""Result dtypes and values for all pairs of dtypes and kinds (dimensioned, 0-d, Python number), as the oracle's."""

from __future__ import annotations

from typing import Any

import compare
import pytest
import wire
from conftest import is_ours

from .checks import Failures
from .records import ALL

OPS = [
    "add",
    "mul",
    "sub",
    "div",
    "true_divide",
    "floor_divide",
    "remainder",
    "pow",
    "eq",
    "lt",
    "maximum",
    "logical_and",
    "atan2",
    "where",
    "cat",
    "clamp",
    "lerp",
    "copysign",
]
SCALARS = ["True", "2", "1.5", "1j"]

PAIR = """
a = torch.tensor({a}, dtype=torch.{da})
b = torch.tensor({b}, dtype=torch.{db})
"""


def call(op: str, left: str, right: str) -> str:
    if op == "where":
        return f"result = torch.where(torch.tensor(True), {left}, {right})"
    if op == "cat":
        return f"result = torch.cat([{left}.reshape(-1), {right}.reshape(-1)])"
    if op == "clamp":
        return f"result = torch.clamp({left}, {right})"
    if op == "lerp":
        return f"result = torch.lerp({left}, {right}, 0.5)"
    return f"result = torch.{op}({left}, {right})"


@pytest.mark.parametrize("op", OPS)
def test_promotion(op: str, oracle: Any) -> None:
    requests, labels = [], []
    for da in ALL:
        for db in ALL:
            for a, b in (("[1, 3]", "[1, 2]"), ("[1, 3]", "2"), ("3", "[1, 2]"), ("3", "2")):
                requests.append({"code": PAIR.format(a=a, b=b, da=da, db=db) + call(op, "a", "b")})
                labels.append(f"{da}{a} {db}{b}")
        if op not in ("maximum", "cat", "lerp", "atan2", "logical_and"):
            for scalar in SCALARS:
                requests.append({"code": PAIR.format(a="[1, 3]", b="1", da=da, db=da) + call(op, "a", scalar)})
                labels.append(f"{da}[1, 3] {scalar}")
                requests.append({"code": PAIR.format(a="3", b="1", da=da, db=da) + call(op, "a", scalar)})
                labels.append(f"{da} 3 {scalar}")
    failures = Failures(f"promotion in {op}")
    # PyTorch answers in complex32 where float16 meets complex numbers. That dtype does not exist here: float16 counts
    # as float32 then, and the result is the one for that.
    answers = oracle.ask(requests)
    halves = [i for i, theirs in enumerate(answers) if theirs[0] == "error" and "ComplexHalf" in theirs[2]]
    widened = [{"code": requests[i]["code"].replace("torch.float16", "torch.float32")} for i in halves]
    for i, theirs in zip(halves, oracle.ask(widened) if is_ours() else []):
        answers[i] = theirs
    for label, asked, theirs in zip(labels, requests, answers):
        ours = wire.run(asked)
        if theirs[0] == "error":
            if ours[0] == "ok" and theirs[1][0] != "NotImplementedError":
                failures.add(
                    label, f"oracle raises {theirs[1][0]}: {theirs[2][:80]}, ours returns {compare.short(ours[1])}"
                )
        elif ours[0] == "error":
            failures.add(label, f"ours raises {ours[1][0]}: {ours[2][:120]}")
        else:
            found = compare.differ(ours[1], theirs[1], scale=3)
            if found:
                failures.add(label, found)
    failures.report()


@pytest.mark.parametrize(
    "op",
    [
        "__radd__",
        "__rsub__",
        "__rmul__",
        "__rtruediv__",
        "__rfloordiv__",
        "__rmod__",
        "__rpow__",
        "__iadd__",
        "__isub__",
        "__imul__",
        "__itruediv__",
        "__ipow__",
        "__iand__",
        "__ior__",
        "__ixor__",
        "__ilshift__",
        "__irshift__",
        "__lshift__",
        "__rshift__",
        "__rand__",
        "__ror__",
        "__rxor__",
        "__and__",
        "__neg__",
        "__invert__",
        "__abs__",
        "__pos__",
        "__matmul__",
        "__rmatmul__",
    ],
)
def test_operators(op: str, oracle: Any) -> None:
    """Operator slots with a tensor and with numbers, by dtype."""
    unary = op in ("__neg__", "__invert__", "__abs__", "__pos__")
    requests = []
    for dtype in ALL:
        others = [""] if unary else ["2", "1.5", "True", "y", "torch.tensor(2)"]
        for other in others:
            requests.append(
                {
                    "code": f"x = torch.tensor([1, 3, 2], dtype=torch.{dtype}); y = torch.tensor([2, 1, 1], dtype=torch.{dtype})\nresult = x.{op}({other})"
                }
            )
    failures = Failures(f"operator {op}")
    for asked, theirs in zip(requests, oracle.ask(requests)):
        ours = wire.run(asked)
        if theirs[0] == "error":
            if ours[0] == "ok" and theirs[1][0] != "NotImplementedError":
                failures.add(asked["code"], f"oracle raises {theirs[1][0]}, ours returns {compare.short(ours[1])}")
        elif ours[0] == "error":
            failures.add(asked["code"], f"ours raises {ours[1][0]}: {ours[2][:120]}")
        else:
            found = compare.differ(ours[1], theirs[1], scale=3)
            if found:
                failures.add(asked["code"], found)
    failures.report()


def test_result_type(both: Any) -> None:
    both(
        f"names = {ALL!r}\nresult = [str(torch.promote_types(getattr(torch, a), getattr(torch, b))) for a in names for b in names]"
    )
    both(
        f"names = {ALL!r}\nresult = [torch.can_cast(getattr(torch, a), getattr(torch, b)) for a in names for b in names]"
    )
    both(
        "result = [str(torch.result_type(torch.ones(2, dtype=torch.int32), v)) for v in (True, 1, 1.5, 1j, torch.tensor(1.0), torch.ones(2, dtype=torch.uint8))]"
    )


def test_default_dtype(both: Any) -> None:
    both("""
old = torch.get_default_dtype()
torch.set_default_dtype(torch.float64)
try:
    result = [str(v.dtype) for v in (torch.tensor(1.5), torch.tensor([1, 2]) / 2, torch.ones(2), torch.tensor(1j), torch.arange(3.0), torch.rand(2))]
finally:
    torch.set_default_dtype(old)
""")
