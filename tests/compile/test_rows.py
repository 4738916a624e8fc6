"""Ops along rows that wait together with elementwise ones: one pass, and what they give at once, to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from compile_helpers import counts, deferring, same


def rms_norm(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


FUSED: list[tuple[str, Callable[..., object], int]] = [  # of x, y, a row w and a column c; how many ops
    ("softmax", lambda x, y, w, c: torch.softmax(x * 0.125 + y, -1), 3),
    ("log_softmax", lambda x, y, w, c: F.log_softmax(x - y, dim=1) * 2, 3),
    ("layer_norm", lambda x, y, w, c: F.layer_norm(x + y, w.shape, w, w), 2),
    ("layer_norm bare", lambda x, y, w, c: F.layer_norm(x + y, w.shape).relu(), 3),
    ("rms_norm", lambda x, y, w, c: rms_norm(x, w), 6),
    ("sum", lambda x, y, w, c: (x * y).sum(-1), 2),
    ("column", lambda x, y, w, c: ((x * c).amax(1, keepdim=True) - c) * 2, 4),
    ("standardized", lambda x, y, w, c: (x - x.mean(1, keepdim=True)) / x.amax(-1, True), 4),
    ("without keepdim", lambda x, y, w, c: x - (x * 2).amin(-1).sqrt().unsqueeze(-1), 4),
    ("expanded", lambda x, y, w, c: (x * 2).sum(-1, True).expand_as(x) * y, 3),
    ("where", lambda x, y, w, c: torch.where(x > y, x, -1e9).softmax(-1), 3),
    ("row and column", lambda x, y, w, c: (x + w) * c + w, 3),
    ("two columns", lambda x, y, w, c: x.sum(-1, True) * c + x.mean(-1, True), 4),
]


@pytest.mark.parametrize("name,function,ops", FUSED, ids=[name for name, _, _ in FUSED])
@pytest.mark.parametrize("rows,length", [(90, 768), (2, 65536), (1100, 64), (71, 1000), (65, 1025), (17, 4097)])
def test_one_pass(name: str, function: Callable[..., object], ops: int, rows: int, length: int) -> None:
    torch.manual_seed(0)
    given = torch.randn(rows, length), torch.randn(rows, length), torch.randn(length), torch.randn(rows, 1)
    noted, passes, stored = counts(lambda: function(*given))
    assert (noted, passes) == (ops, 1)
    assert stored == (1 if "layer_norm" not in name else stored)
    for dtype in (torch.float32, torch.float64):
        cast = [t.to(dtype) for t in given]
        with deferring():
            found = function(*cast)
        same(found, function(*cast))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_types(dtype: torch.dtype) -> None:
    x, y = torch.randn(90, 800).to(dtype), torch.randn(90, 800).to(dtype)

    def chain() -> torch.Tensor:
        return ((x * 1.3 + y).sigmoid() * x).exp()

    def masked_softmax() -> torch.Tensor:
        return torch.softmax(x * 0.37 + y, -1) * 3

    for function, ops in ((chain, 5), (masked_softmax, 4)):
        assert counts(function) == (ops, 1, 1)
        with deferring():
            found = function()
        same(found, function())


def test_conversions() -> None:
    x, w = torch.randn(90, 800).bfloat16(), torch.randn(800).bfloat16()

    def norm() -> torch.Tensor:  # as language models write it
        h = x.float()
        h = h * torch.rsqrt(h.square().mean(-1, keepdim=True) + 1e-5)
        return w * h.to(x.dtype)

    def there_and_back() -> torch.Tensor:
        return ((x.float() * 1.1).half().bfloat16() + x).float().exp()

    for function, ops in ((norm, 8), (there_and_back, 7)):
        assert counts(function) == (ops, 1, 1)
        with deferring():
            found = function()
        same(found, function())


def test_threads_make_no_difference() -> None:
    x, w = torch.randn(3, 100, 300), torch.randn(300)
    expected = rms_norm(x, w)
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            with deferring():
                found = rms_norm(x, w)
            same(found, expected)
    finally:
        torch.set_num_threads(before)


def test_backward() -> None:
    def grads(defer: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        x, y = torch.randn(120, 600, requires_grad=True), torch.randn(120, 600, requires_grad=True)
        w = torch.randn(600, requires_grad=True)

        def loss() -> None:
            h = F.layer_norm(x + y, (600,), w) + rms_norm(y, w)
            (torch.softmax(h * 0.3, -1) * F.log_softmax(F.gelu(h), -1)).sum().backward()

        if defer:
            with deferring():
                loss()
        else:
            loss()
        return [x.grad, y.grad, w.grad]

    for found, expected in zip(grads(True), grads(False)):
        same(found, expected)


def test_what_can_not_go_along_runs_at_once() -> None:
    x = torch.randn(350, 200)
    same_as_eager: list[Callable[[torch.Tensor], torch.Tensor]] = [
        lambda x: x.t().softmax(-1),
        lambda x: x.softmax(0),
        lambda x: (x + 1)[:, :40].sum(-1),
        lambda x: (x + 1)[:, ::2].sum(-1),
        lambda x: (x + 1).sum((0, 1)),
        lambda x: (x * 2).view(-1).sum(-1),
        lambda x: (x * 2).view(1, -1).softmax(-1),
        lambda x: (x + 1).half().sum(-1),
        lambda x: F.layer_norm(x * 2, (350, 200)),
        lambda x: (x + 1).sum(-1, dtype=torch.float64),
        lambda x: (x > 0).sum(-1),
    ]
    for function in same_as_eager:
        with deferring():
            found = function(x)
        same(found, function(x))


def test_in_place_between_rows() -> None:
    def function(x: torch.Tensor) -> tuple:
        y = x * 2
        s = y.sum(-1, keepdim=True)
        y.sub_(s)
        s.mul_(3)
        t = y + s
        x.copy_(t)
        x.mul_(s)
        return x, y, s, t, (y * s).softmax(-1)

    x = torch.randn(200, 400)
    with deferring():
        found = function(x.clone())
    for a, b in zip(found, function(x.clone())):
        same(a, b)


SHAPES = [(240, 300), (240, 1), (300,), (1, 300), (240, 300), (4, 60, 300), (4, 60, 1), (60, 300), (240,)]


def program(seed: int, trace: list[torch.Tensor]) -> None:
    """Random calls, many along rows, on a few tensors; what is left of them goes to ``trace``."""
    draw = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    dtype = draw.choice([torch.float32, torch.float32, torch.float64, torch.bfloat16])
    pool = [torch.randn(shape, generator=generator).to(dtype) for shape in SHAPES]

    def some(dims: int = 0) -> torch.Tensor:
        t = draw.choice([t for t in pool if t.dim() >= dims])
        kind = draw.random()
        if kind < 0.06 and t.dim() == 1:
            return t.unsqueeze(-1)
        if kind < 0.1 and t.dim() > 1 and t.shape[-1] == 1:
            return t.expand(*t.shape[:-1], 300)
        if kind < 0.15 and t.dim() == 3:
            return t.reshape(-1, t.shape[-1])
        if kind < 0.18 and t.dim() == 2:
            return t[::2]
        return t

    for _ in range(draw.randrange(4, 30)):
        kind = draw.random()
        try:
            if kind < 0.2:
                pool.append(getattr(torch, draw.choice(["exp", "neg", "tanh", "relu", "isnan"]))(some()))
            elif kind < 0.5:
                pool.append(
                    getattr(torch, draw.choice(["add", "sub", "mul", "lt"]))(some(), draw.choice([some(), 0.5]))
                )
            elif kind < 0.65:
                name = draw.choice(["sum", "mean", "amax", "amin"])
                pool.append(getattr(some(1), name)(-1, keepdim=draw.random() < 0.7))
            elif kind < 0.75:
                pool.append(getattr(torch, draw.choice(["softmax", "log_softmax"]))(some(1), -1))
            elif kind < 0.8:
                weight = draw.choice([None, torch.randn(300, generator=generator).to(dtype)])
                pool.append(F.layer_norm(some(1), (300,), weight, weight if draw.random() < 0.5 else None))
            elif kind < 0.85:
                pool.append(torch.where(some() > 0, some(), some()))
            elif kind < 0.95:
                getattr(some(), draw.choice(["add_", "mul_", "sub_"]))(some())
            else:
                trace.append(some().clone())
        except (RuntimeError, TypeError, NotImplementedError) as error:
            trace.append(torch.tensor(float(len(str(error)))))
        while len(pool) > 12:
            pool.pop(draw.randrange(len(pool)))
    trace.extend(pool)


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_random_programs(start: int) -> None:
    noted = passes = 0
    for seed in range(start, start + 50):
        expected: list[torch.Tensor] = []
        program(seed, expected)
        found: list[torch.Tensor] = []
        before = torch._C._deferred_counts()
        with deferring():
            program(seed, found)
        after = torch._C._deferred_counts()
        noted, passes = noted + after[0] - before[0], passes + after[1] - before[1]
        assert len(found) == len(expected)
        for a, b in zip(found, expected):
            same(a, b, seed)
    assert noted > 200 and passes < noted
