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


@pytest.mark.parametrize(
    "call",
    [
        *[f"x {op} {n}" for op in ("<", ">", "==", "!=", "<=", ">=") for n in (-1, 300, 255)],
        *[f"x {op} {n}" for op in ("+", "-", "*", "//", "%", "&", "|", "^") for n in (-1, -3, 300)],
        "-1 < x",
        "-5 % x",
        "x // 256",
        "x / -2",
        "x.float() < -1",
        "x < torch.tensor(300)",
        "torch.maximum(x, torch.tensor(-1))",
        "torch.fmod(x, -3)",
        "x.clamp(-5, 3)",
        "x.clamp(-5, 300)",
        "x.clamp(-256, 3)",
        "x.clamp(-5, 2.5)",
        "x.clamp(min=-5)",
        "x.clamp_max(-5)",
        "x.clamp(torch.tensor(-5), torch.tensor(3))",
        "torch.where(x > 3, x, -1)",
        "torch.where(x > 3, 300, x)",
        "x.masked_fill(x > 3, -1)",
        "x.masked_fill(x > 3, 300)",
        "x.masked_fill(x > 3, torch.tensor(300))",
        "x.index_fill(0, torch.tensor([0]), -1)",
        "x.index_fill(0, torch.tensor([0]), 300)",
        "x.scatter(0, torch.tensor([0]), 300)",
        "torch.add(x, x, alpha=-1)",
        "torch.add(x, x, alpha=300)",
        "torch.full_like(x, -1)",
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32"])
def test_numbers_beyond_the_type(call: str, dtype: str, both: Any) -> None:
    """A number that the tensor's integer type does not hold wraps, or is refused."""
    values = "[1, 200, 255, 7]" if dtype == "uint8" else "[1, -56, -1, 7]"
    both(f"x = torch.tensor({values}, dtype=torch.{dtype})\nresult = {call}")


LAYOUTS = """
a, q = torch.arange(60.0).reshape(3, 4, 5), torch.arange(60.0).reshape(5, 3, 4)
t = a.permute(2, 0, 1)
c = torch.arange(72.0).reshape(2, 4, 3, 3).to(memory_format=torch.channels_last)
line = torch.arange(40.0)
"""


@pytest.mark.parametrize(
    "call",
    [
        "t + q",
        "q + t",
        "t + t",
        "t[::2] + q[::2]",
        "t + q[:1]",
        "q[:1] + t",
        "t + torch.ones(4)",
        "torch.ones(4) + t",
        "t[:1] + t",
        "t[:, :1] + t[:, :, :1]",
        "q[:, :1] + t[:, :, :1]",
        "t.expand(2, 5, 3, 4).exp()",
        "torch.ones(3, 1).expand(3, 4).exp()",
        "torch.ones(4, 1).t().expand(3, 4).exp()",
        "c[:, :1].exp()",
        "c * 2",
        "c + torch.ones(1, 4, 1, 1)",
        "torch.ones(1, 4, 1, 1) + c",
        "torch.ones(2, 4, 3, 3) + c",
        "c > c.contiguous()",
        "torch.where(t > 0, q, t)",
        "torch.where(q > 0, t, t)",
        "torch.lerp(t, q, t)",
        "t[:, :, ::2].exp()",
        "a.permute(1, 2, 0)[::2] + q.permute(2, 0, 1)[::2]",
        "line[:30].reshape(6, 1, 5).transpose(0, 2).exp()",
        "line.as_strided((4, 3), (5, 1)).exp()",
        "line.as_strided((3, 4), (1, 5)).exp()",
        "line.as_strided((3, 4), (2, 2)).exp()",
        "line.as_strided((4, 3), (2, 2)).exp()",
        "t[[0, 2]]",
        "t[:, [0, 2]]",
        "t[:, [0, 2], [1, 3]]",
        "t[[0, 2], :, [1, 3]]",
        "t[torch.tensor([[0, 1, 2], [2, 1, 0]]).t()]",
        "t[:, torch.tensor([[0, 1, 2], [2, 1, 0]]).t()]",
        "c[:, [0, 2]]",
        "c[c > 40]",
        "t[:, None, [0, 2]]",
    ],
)
def test_strides_of_results(call: str, both: Any) -> None:
    """Results keep the order of dimensions that their operands have in memory."""
    both(f"{LAYOUTS}\nr = {call}\nresult = (r, r.stride())")
