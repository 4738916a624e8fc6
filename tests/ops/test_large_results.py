"""Results too large for a cache take another way to memory; they must be what small pieces of them are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

COUNT = 4_200_011  # floats: any op on so many reads and writes more than 16 MiB


@pytest.fixture(params=(1, 2), ids="{} threads".format)
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def same_by_pieces(call: Callable, *operands: torch.Tensor) -> None:
    """call is elementwise over the first dimension; operands of size 1 there are broadcast."""
    whole = call(*operands)
    step = len(whole) // 37 + 1
    for first in range(0, len(whole), step):
        part = call(*(t if t.dim() == 0 or len(t) == 1 else t[first : first + step] for t in operands))
        assert torch.equal(whole[first : first + step], part)


CALLS = {
    "add": torch.add,
    "greater": torch.gt,
    "scalar": lambda x, y: x * 3,
    "reversed scalar": lambda x, y: 1 / x,
    "zero dims": lambda x, y: x - torch.tensor(0.5, dtype=torch.float64),
    "where": lambda x, y: torch.where(x > 0, x, y),
    "clamp": lambda x, y: x.clamp(-0.5, 0.5),
    "bfloat16": lambda x, y: x.to(torch.bfloat16),
    "half sum": lambda x, y: x.half() + y.half(),
    "mixed": lambda x, y: x + y.double(),
    "int64": lambda x, y: (x * 100).long() // 7,
    "copy": lambda x, y: x.clone(),
}


@pytest.mark.parametrize("name", CALLS)
def test_dense(name: str, threads: int) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(COUNT + 1), torch.randn(COUNT + 1)
    same_by_pieces(CALLS[name], x[:-1], y[1:])


def test_layouts(threads: int) -> None:
    torch.manual_seed(0)
    x, row, column = torch.randn(4099, 1030), torch.randn(1, 1030), torch.randn(4099, 1)
    same_by_pieces(torch.mul, x, row)
    same_by_pieces(torch.mul, x, column)
    same_by_pieces(torch.mul, x, column.double())
    same_by_pieces(lambda a, b: torch.where(b > 0, a, 0.5), x, column)
    same_by_pieces(torch.lerp, x, row, column)
    same_by_pieces(lambda a: a + 1, x[:, 5:1025])
    same_by_pieces(lambda a: a[:, ::2].exp(), x.double())
    same_by_pieces(lambda a: a + a.half(), x[:, 3:])
    assert torch.equal(x.t() + row.t(), (x + row).t())
    assert torch.equal((x.t() + 1).contiguous(), x.t().contiguous() + 1)


def test_writes_into_what_is_read(threads: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(COUNT)
    twice = x + x
    assert torch.equal(torch.add(x, x, out=torch.empty(COUNT)), twice)
    into = x.clone()
    into += x
    assert torch.equal(into, twice)
    assert torch.equal(torch.add(into, into, out=into), twice * 2)


def test_fills_and_copies(threads: int) -> None:
    for dtype in (torch.int8, torch.bfloat16, torch.float32, torch.float64, torch.complex128):
        count = (17 << 20) // dtype.itemsize
        x = torch.empty(count + 3, dtype=dtype)
        x[:2] = x[-1:] = 7
        x[2:-1].fill_(3)
        assert bool((x[2:-1] == 3).all()) and x[:2].tolist() == [7, 7] and x[-1:].tolist() == [7]
        y = torch.zeros_like(x)
        y[1:] = x[:-1]
        assert torch.equal(y[1:], x[:-1]) and y[0] == 0
