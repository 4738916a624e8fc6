"""torch._foreach_add and its kin: one call for the tensors of a list."""

from __future__ import annotations

from typing import Any

import pytest

LISTS = "x = [torch.arange(3.0), torch.ones(2, 2)]\ny = [torch.full((3,), 2.0), torch.full((2, 2), 3.0)]\n"


@pytest.mark.parametrize("op", ["_foreach_add", "_foreach_mul"])
@pytest.mark.parametrize("other", ["2", "2.5", "y", "[1, 2.5]", "torch.tensor(3.0)", "torch.tensor(3)", "True", "1j"])
@pytest.mark.parametrize("form", ["", "_"])
def test_operands(op: str, other: str, form: str, both: Any) -> None:
    both(f"{LISTS}found = torch.{op}{form}(x, {other})\nresult = (type(found).__name__, list(found), x)")


OF_ONE = """abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round rsqrt
sigmoid sign sin sinh sqrt tan tanh trunc""".split()


@pytest.mark.parametrize("op", OF_ONE)
def test_of_one_tensor(op: str, both: Any) -> None:
    both(
        "x = [torch.tensor([0.3, 0.7, -0.4]), torch.tensor([[0.25]], dtype=torch.float64), torch.tensor([1, 0])]\n"
        f"found = torch._foreach_{op}(x)\nwritten = [t.clone() for t in x[:2]]\nsame = torch._foreach_{op}_(written)\n"
        "result = (type(found).__name__, list(found), written, same is written, x)"
    )


@pytest.mark.parametrize("op", ["sub", "div", "maximum", "minimum", "clamp_min", "clamp_max", "pow"])
@pytest.mark.parametrize("other", ["2", "0.5", "y", "[1, 2.5]", "torch.tensor(3.0)"])
@pytest.mark.parametrize("form", ["", "_"])
def test_of_two_tensors(op: str, other: str, form: str, both: Any) -> None:
    both(f"{LISTS}found = torch._foreach_{op}{form}(x, {other})\nresult = (type(found).__name__, list(found), x)")


CALLS = """torch._foreach_mul(x, scalar=2.5)
torch._foreach_add(x, scalar=2)
torch._foreach_add_(x, other=y, alpha=2)
torch._foreach_add(x, scalars=[1, 2.5])
torch._foreach_sub(x, y, alpha=0.5)
torch._foreach_mul(x, 2, scalar=2)
torch._foreach_mul(x)
torch._foreach_mul(x, alpha=2)
torch._foreach_maximum([torch.tensor([1, 4]), torch.tensor([3.0])], 2.5)
torch._foreach_div_([torch.tensor([3])], 2)
torch._foreach_pow(2.0, x)
torch._foreach_pow(x, exponent=[2, 3])
torch._foreach_pow_(2.0, x)
torch._foreach_lerp(x, y, 0.25)
torch._foreach_lerp(x, y, weight=0.25)
torch._foreach_lerp(x, y, [0.25, 0.5])
torch._foreach_lerp(x, y, weights=y)
torch._foreach_lerp_(x, y, y)
torch._foreach_lerp(x, y)
torch._foreach_lerp(x, y[:1], 0.5)
torch._foreach_addcmul(x, y, y)
torch._foreach_addcmul(x, y, y, 0.5)
torch._foreach_addcmul_(x, y, y, value=2)
torch._foreach_addcmul(x, y, y, [1, 2])
torch._foreach_addcdiv(x, y, y, scalars=[1, 2])
torch._foreach_addcdiv_(x, y, y, torch.tensor([1.0, 2.0]))
torch._foreach_addcdiv(x, y, y, torch.tensor(2.0))
torch._foreach_addcdiv(x, y, y, [1.0])
torch._foreach_addcdiv(x, y, y[:1])
torch._foreach_zero_(x)
torch._foreach_clone(x)
torch._foreach_clone(x, memory_format=torch.contiguous_format)
torch._foreach_norm(x)
torch._foreach_norm(x, 1, torch.float64)
torch._foreach_norm(x, ord=float("inf"))
torch._foreach_norm([torch.tensor([1, 2])])
torch._foreach_powsum(x, 3)
torch._foreach_powsum(x, ord=2, dtype=torch.float64)
torch._foreach_max(x)
torch._foreach_max([torch.ones(0)])
torch._foreach_mm(x[1:], mat2=y[1:])
torch._foreach_sqrt([])
torch._foreach_zero_([])
torch._foreach_sqrt([1])
torch._foreach_sqrt(torch.ones(2, 2))
torch._foreach_sqrt(x, y)
torch._foreach_nothing""".split("\n")


@pytest.mark.parametrize("call", CALLS)
def test_calls(call: str, both: Any) -> None:
    both(f"{LISTS}found = {call}\nresult = (list(found), x)")


@pytest.mark.parametrize(
    "op", ["add_", "sub", "pow", "lerp_", "addcmul", "norm", "sqrt", "zero_", "maximum_", "nothing"]
)
def test_operators_by_overload(op: str, both: Any) -> None:
    both(
        f"{LISTS}op = torch.ops.aten._foreach_{op}\n"
        "result = sorted(name for name in op.overloads() if not name.endswith('out') and name != 'ScalarAndTensor')"
    )


def test_call_of_an_overload(both: Any) -> None:
    both(
        f"{LISTS}torch.ops.aten._foreach_add_.Scalar(x, 2)\nresult = (x, list(torch.ops.aten._foreach_mul.List(x, y)))"
    )
    both(f"{LISTS}torch.ops.aten._foreach_sub.Tensor")


@pytest.mark.parametrize("other", ["y", "torch.tensor(3.0)"])
def test_alpha(other: str, both: Any) -> None:
    both(
        f"{LISTS}torch._foreach_add_(x, {other}, alpha=2)\nresult = (list(torch._foreach_add(x, {other}, alpha=2)), x)"
    )


@pytest.mark.parametrize(
    "call",
    [
        "torch._foreach_add(x, y[:1])",
        "torch._foreach_add(x, [1, 2, 3])",
        "torch._foreach_add([], 1)",
        "torch._foreach_add_([], [])",
        "torch._foreach_add(x, torch.ones(2))",
        "torch._foreach_add(x, 'a')",
        "torch._foreach_mul_([torch.ones(2, dtype=torch.int64)], 1.5)",
        "torch._foreach_mul(x, [torch.ones(4), torch.ones(2, 2)])",
        "torch._foreach_add_([torch.ones(2, requires_grad=True)], 1)",
        "torch._foreach_copy_(x, y[:1])",
    ],
)
def test_errors(call: str, both: Any) -> None:
    answer = both(f"{LISTS}result = {call}")
    assert answer[0] == "error"


def test_copy(both: Any) -> None:
    both(f"{LISTS}found = torch._foreach_copy_(x, [t.double() for t in y])\nresult = (list(found), x, found is x)")


def test_gradient(both: Any) -> None:
    both(
        "x = [torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)]\n"
        "out = torch._foreach_mul(torch._foreach_add(x, [1, 2]), 3)\n"
        "sum(t.square().sum() for t in out).backward()\nresult = [t.grad for t in x]"
    )
