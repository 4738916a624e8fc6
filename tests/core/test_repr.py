"""repr of tensors equals PyTorch's, character for character."""

from __future__ import annotations

from typing import Any

import pytest

TENSORS = """
torch.tensor(1.0)
torch.tensor(3)
torch.tensor(True)
torch.tensor(1.5 + 2j)
torch.tensor([])
torch.tensor([[]])
torch.zeros(0, 3)
torch.zeros(2, 0, dtype=torch.int64)
torch.zeros(3)
torch.ones(2, 2)
torch.arange(5)
torch.arange(5.)
torch.arange(12).reshape(3, 4)
torch.arange(24.).reshape(2, 3, 4)
torch.arange(16).reshape(2, 2, 2, 2)
torch.tensor([1.5, 2.25, -3.125])
torch.tensor([1.0, 1000.0])
torch.tensor([1.0, 100000.0])
torch.tensor([1e-5, 1.0])
torch.tensor([1e-8, 1e8])
torch.tensor([1e10])
torch.tensor([1e10, 1.0])
torch.tensor([0.1, 0.22, 0.333])
torch.tensor([123456789.0])
torch.tensor([1234567.0, 1.0])
torch.tensor([99999.0, 0.5])
torch.tensor([0.00001])
torch.tensor([0.0001, 0.001])
torch.tensor([float('nan'), 1.0])
torch.tensor([float('inf'), -float('inf')])
torch.tensor([float('nan'), float('inf'), -float('inf'), 0.0])
torch.tensor([float('inf'), 1.5])
torch.tensor([float('nan')])
torch.tensor([-0.0, 0.0])
torch.tensor([-1, 10, 100])
torch.tensor([-1000000000000, 5])
torch.tensor([True, False])
torch.tensor([[True], [False]])
torch.tensor([1, 2], dtype=torch.int32)
torch.tensor([1, 2], dtype=torch.uint8)
torch.tensor([1, 2], dtype=torch.int8)
torch.tensor([1.5, 2], dtype=torch.float64)
torch.tensor([1.5, 2], dtype=torch.float16)
torch.tensor([1.5, 2], dtype=torch.bfloat16)
torch.tensor([1 / 3, 2 / 3], dtype=torch.bfloat16)
torch.tensor([1 / 3], dtype=torch.float16)
torch.tensor([1 / 3], dtype=torch.float64)
torch.tensor([1 + 2j, 3 - 4j])
torch.tensor([1 + 2j, 1e10 - 4j])
torch.tensor([1.5 + 2.25j], dtype=torch.complex128)
torch.tensor([complex('nan'), 1j])
torch.tensor([0j])
torch.arange(1001)
torch.arange(1000)
torch.arange(1001.)
torch.arange(10000.).reshape(100, 100)
torch.arange(40000).reshape(2, 100, 200)
torch.zeros(7, 1001)
torch.ones(1001, 2)
torch.arange(3000.).reshape(3, 10, 100)
torch.linspace(0, 1, 50)
torch.linspace(0, 1, 101)
torch.arange(60)
torch.arange(100.) * 1000
torch.eye(3)
torch.full((2, 3), 1e-10)
torch.full((2, 30), 3.14159265)
torch.ones(2, requires_grad=True)
torch.ones(2, requires_grad=True) * 2
torch.ones(2, requires_grad=True).sum()
torch.ones(2, 2, requires_grad=True)[0]
torch.ones(2, dtype=torch.float64, requires_grad=True)
torch.ones(2, requires_grad=True).exp()
torch.ones(2, 3, requires_grad=True).view(3, 2)
torch.ones(2, 3, device='meta')
torch.ones(2, 3, device='meta', dtype=torch.int32)
torch.nn.Parameter(torch.ones(2))
torch.nn.Parameter(torch.arange(3.), requires_grad=False)
torch.arange(6.).reshape(2, 3).t()
torch.arange(6.)[::2]
torch.tensor(1e-20)
torch.tensor(123456.789)
torch.tensor(2**62)
torch.tensor(-5, dtype=torch.int16)
torch.tensor([0, 65535], dtype=torch.uint16)
torch.tensor(2**32 - 1, dtype=torch.uint32)
torch.tensor([[0, 1], [2**63, 2**64 - 1]], dtype=torch.uint64)
torch.zeros(0, dtype=torch.uint32)
torch.tensor([1e38, 1e-38])
torch.tensor([[1.0, 2.5], [1e5, float('nan')]])
torch.tensor([[1, 22], [333, -4444]])
torch.tensor([1.0, 2.0]).expand(2, 2)
torch.tensor([0.5]).bool()
torch.ones(1, 1, 1, 1)
torch.zeros(1, 0, 2)
torch.rand(3, generator=torch.Generator().manual_seed(1))
torch.randn(4, 5, generator=torch.Generator().manual_seed(2))
torch.randn(3, generator=torch.Generator().manual_seed(2)) * 1e6
torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(2)).half()
""".strip().split("\n")

OPTIONS = [
    "precision=2",
    "precision=8",
    "threshold=5",
    "edgeitems=1, threshold=3",
    "linewidth=40",
    "sci_mode=True",
    "sci_mode=False",
    "profile='short'",
    "profile='full'",
]


@pytest.mark.parametrize("text", TENSORS)
def test_repr(text: str, both: Any) -> None:
    both(f"result = repr({text})")


@pytest.mark.parametrize("text", TENSORS[::6])
def test_str(text: str, both: Any) -> None:
    both(f"result = str({text})")


@pytest.mark.parametrize("options", OPTIONS)
def test_printoptions(options: str, both: Any) -> None:
    both(
        f"torch.set_printoptions({options})\ntry:\n    result = [repr(t) for t in (torch.arange(30.), torch.tensor([1.23456789, 1e-3]), torch.arange(36).reshape(6, 6), torch.tensor([1e6, 1.0]), torch.tensor([1 + 2j]))]\nfinally:\n    torch.set_printoptions(profile='default')"
    )


def test_small_reprs(both: Any) -> None:
    both(
        "result = [repr(o) for o in (torch.float32, torch.device('cpu'), torch.device('cuda:1'), torch.Size([2, 3]), torch.strided, torch.channels_last, torch.contiguous_format, torch.preserve_format)]"
    )
    both(
        "w = torch.ones(2, requires_grad=True); result = (repr((w * 2).grad_fn).split(' at ')[0], repr(torch.ones(2)[None]))"
    )
    both("w = torch.ones(2, requires_grad=True); y = w * 2; y += 1; result = repr(y)")
    both("x = torch.ones(2); x.__class__ = x.__class__; result = repr([x, x])")


def test_print_module(both: Any) -> None:
    both(
        "result = repr(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Dropout(0.1))))"
    )
