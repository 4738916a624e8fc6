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
