"""What out= takes and refuses, for any op: number, dtype, device, size, overlap, history."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import is_ours

SNIPPETS = {
    "too few": "torch.max(x, 0, out=(torch.empty(0),))",
    "too many": "torch.max(x, 0, out=(torch.empty(0), i, i))",
    "one for two": "torch.max(x, 0, out=torch.empty(0))",
    "a list for two": "result = torch.max(x, 0, out=[torch.empty(0), i]); result = list(result)",
    "not a tensor": "torch.neg(x, out=3)",
    "None": "result = torch.add(x, x, out=None)",
    "values of another dtype": "torch.max(x, 0, out=(torch.empty(0, dtype=torch.float64), i))",
    "indices of another dtype": "torch.sort(x, out=(torch.empty(0), torch.empty(0)))",
    "nothing written before a refusal": """
values, wrong = torch.full((2, 2), 7.0), torch.empty(0)
try:
    torch.sort(x, out=(values, wrong))
except RuntimeError:
    pass
result = values
""",
    "dtype beside out": "torch.zeros(2, dtype=torch.float64, out=torch.empty(0))",
    "the same dtype beside out": "result = torch.zeros(2, dtype=torch.float32, out=torch.empty(0))",
    "dtype of a sum beside out": "torch.sum(x, 0, dtype=torch.float64, out=torch.empty(0))",
    "a sum in the dtype of out": "result = torch.sum(x, 0, out=i)",
    "a product in the dtype of out": "result = torch.prod(x, 0, out=torch.empty(0, dtype=torch.float64))",
    "cumsum into bool": "torch.cumsum(x, 0, out=torch.empty(0, dtype=torch.bool))",
    "cumsum_ with another dtype": "x.cumsum_(0, dtype=torch.float64)",
    "cat that does not fit": "torch.cat([x, x], out=i)",
    "stack that does not fit": "torch.stack([x, x], out=i)",
    "another device": "torch.add(x, x, out=torch.empty(2, 2, device='meta'))",
    "another device of a reduction": "torch.sum(x, 0, out=torch.empty(2, device='meta'))",
    "another device of a factory": "torch.zeros(2, device='meta', out=torch.empty(0))",
    "overlap of out with itself": "torch.add(x, x, out=torch.empty(1).expand(2, 2))",
    "overlap with the operand": "y = torch.arange(5.0); torch.neg(y[:-1], out=y[1:])",
    "out is the operand": "torch.neg(x, out=x); result = x",
    "out requires grad": "torch.add(x, x, out=torch.empty(2, 2, requires_grad=True))",
    "an operand requires grad": "torch.add(x.requires_grad_(), x, out=torch.empty(2, 2))",
    "neither matters without gradients": """
with torch.no_grad():
    result = torch.add(x.requires_grad_(), x, out=torch.empty(2, 2)).requires_grad
""",
    "memory that cannot grow": "import numpy; torch.add(x, x, out=torch.from_numpy(numpy.zeros(0, 'float32')))",
    "memory that is large enough": "import numpy; result = torch.add(x, x, out=torch.from_numpy(numpy.zeros((2, 2), 'float32')))",
    "a view that keeps its place": "y = torch.zeros(4, 4); torch.add(x, x, out=y[1:3, 1:3]); result = y",
    "random numbers in memory order": "torch.manual_seed(3); y = torch.zeros(40, 2); torch.randn(40, out=y[:, 0]); result = y",
    "whole random numbers": "torch.manual_seed(3); result = torch.randint(3, 9, (5,), out=torch.empty(0))",
    "normal of tensors": "torch.manual_seed(3); result = torch.normal(x, x.abs(), out=torch.empty(0, dtype=torch.float64))",
    "bernoulli into bool": "torch.manual_seed(3); result = torch.bernoulli(x.abs() / 3, out=torch.empty(0, dtype=torch.bool))",
    "name of the result": "result = type(torch.max(x, 0, out=(torch.empty(0), i))).__name__",
    "all of no dims": "result = torch.all(x, dim=[]), torch.any(x, dim=()), torch.any(x, dim=None)",
    "a path of contractions": """
a, b, c = torch.arange(6.0).view(2, 3), torch.arange(12.0).view(3, 4), torch.arange(8.0).view(4, 2)
result = torch.ops.aten.einsum("ij,jk,kl->il", [a, b, c], path=[1, 2, 0, 1])
""",
    "a path that is none": "torch.ops.aten.einsum('ij,jk->ik', [x, x], path=[0, 0])",
    "dropout_ by name": "result = torch.ops.aten.dropout_(self=x, p=0.5, train=False)",
    "fill_ as function": "result = torch.fill_(x, 3)",
    "zero_ as function": "result = torch.zero_(x)",
    "resize_as_": "y = torch.empty(0); result = torch.resize_as_(y, x).shape, y.resize_as_(x[0]).shape",
    "resize_ with a format": "result = torch.empty(0).resize_(1, 2, 3, 4, memory_format=torch.channels_last).stride()",
    "methods of functions": "result = x.where(x > 1, x * 0), x.prelu(torch.tensor(0.5)), x[0, 0].is_nonzero(), x.unique_consecutive()",
    "invert of floats": "~x",
}


@pytest.mark.parametrize("code", SNIPPETS.values(), ids=SNIPPETS.keys())
def test_rule(code: str, both: Any) -> None:
    both(f"x = torch.tensor([[0.5, 1.5], [2.5, -1.0]]); i = torch.empty(0, dtype=torch.int64)\n{code}")


RESIZED = """
import warnings
found = []
for out in (torch.empty(3), torch.empty(0), torch.empty(2)):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        {call}
    found.append(([w.category.__name__ for w in caught], out.shape, any("resized" in str(w.message) for w in caught)))
result = found
"""


@pytest.mark.parametrize(
    "call",
    (
        "torch.add(torch.ones(2), 1, out=out)",
        "torch.sum(torch.ones(2, 2), 0, out=out)",
        "torch.cat([torch.ones(1), torch.ones(1)], out=out)",
        "torch.zeros(2, out=out)",
        "torch.randn(2, out=out)",
        "torch.index_select(torch.ones(3), 0, torch.tensor([0, 1]), out=out)",
    ),
)
def test_resizing_warns(call: str, both: Any) -> None:
    """An out= that has elements and another size is resized with a warning."""
    both(RESIZED.replace("{call}", call))


def test_a_warning_can_be_an_error() -> None:
    import warnings

    out = torch.zeros(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="resized"):
            torch.add(torch.ones(2), 1, out=out)
    if is_ours():  # PyTorch has resized it already
        assert out.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("shape", ["()", "(1, 3)", "(0, 3)"])
def test_an_operand_is_not_resized(shape: str, both: Any) -> None:
    """As out= an operand keeps its shape: what was not read yet would be lost."""
    both(f"x = torch.ones({shape})\nresult = torch.maximum(x, torch.zeros(4, 3), out=x)")
