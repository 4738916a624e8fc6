"""Elementwise work that is put off gives what it gives at once, to the bit, whatever happens in between."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch
from compile_helpers import counts, deferring, same
from torch import _C

N = 70000  # elements: enough for work to be put off


def test_a_chain_is_one_pass_and_stores_one_result() -> None:
    x, y = torch.randn(N), torch.randn(N)
    assert counts(lambda: ((x * 2 + y).sigmoid() - x).exp()) == (5, 1, 1)


def test_results_that_are_held_are_stored() -> None:
    x = torch.randn(N)

    def function() -> tuple:
        a = x + 1
        b = a * a
        return a, b.tanh()

    assert counts(function) == (3, 1, 2)


def test_results_that_nobody_wants_are_not_computed() -> None:
    x = torch.randn(N)
    assert counts(lambda: [x.exp(), None][1])[1:] == (0, 0)


def test_a_number_for_python_ends_the_wait() -> None:
    x = torch.ones(N)
    with deferring():
        y = x + 1
        assert y[3].item() == 2
        y = y * 2
        assert float(y.sum()) == 4 * N


def test_numpy_sees_results_and_writes_before_them_are_not_seen() -> None:
    array = np.ones(N, dtype=np.float32)
    x = torch.from_numpy(array)
    with deferring():
        y = x + 1
        array[:] = 5
        z = (y + y).numpy()
    assert (z == 4).all()


def test_an_operand_can_change_after_the_call() -> None:
    x = torch.ones(N)
    with deferring():
        y = x + 1
        x.fill_(7)
        z = x * 1
        x.add_(1)
        x.mul_(2)
    assert (y == 2).all() and (z == 7).all() and (x == 16).all()


def test_writes_to_parts() -> None:
    x = torch.zeros(300, 300)
    with deferring():
        y = x + 1
        y[:50] += 1
        y[:, :50].mul_(3)
        z = y.t() - y
    expected = torch.ones(300, 300)
    expected[:50] += 1
    expected[:, :50] *= 3
    assert torch.equal(y, expected) and torch.equal(z, expected.t() - expected)


def test_errors_come_at_the_call() -> None:
    x = torch.randn(N)
    with deferring():
        y = x + 1
        with pytest.raises(RuntimeError, match="must match the size"):
            y + torch.randn(N + 1)
        with pytest.raises(RuntimeError, match="bitwise_and"):
            y & y
    assert torch.equal(y, x + 1)


def test_the_tape() -> None:
    def step(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        loss = ((x * w).tanh() * w).square().mean()
        loss.backward()
        return loss

    x = torch.randn(N)
    w, v = torch.ones(N, requires_grad=True), torch.ones(N, requires_grad=True)
    with deferring():
        loss = step(x, w)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            u = w.exp()
            z = u.sum()
            u.add_(1)
            z2 = (w * 1).exp()
            s = z2 + z
            z2.mul_(2)
            s.sum().backward()
    assert loss.item() == step(x, v).item()
    assert torch.equal(w.grad, v.grad)


def test_other_threads_see_results() -> None:
    x = torch.ones(N)
    seen = []
    with deferring():
        y = x + 1
        thread = threading.Thread(target=lambda: seen.append((y * 2).sum().item()))
        thread.start()
        thread.join()
        z = y + 1
    assert seen == [4 * N] and (z == 3).all()


def test_scopes_nest() -> None:
    x = torch.ones(N)
    with deferring():
        with deferring():
            y = x + 1
        before = _C._deferred_counts()
        y = y * 2
        assert _C._deferred_counts()[0] == before[0] + 1
    before = _C._deferred_counts()
    assert (y + 1 == 5).all()
    assert _C._deferred_counts() == before


def test_end_without_begin() -> None:
    with pytest.raises(RuntimeError, match="does not defer"):
        _C._end_deferring()


def test_memory_of_what_is_not_stored_is_never_allocated() -> None:
    x = torch.ones(1 << 20)

    def chain(x: torch.Tensor) -> torch.Tensor:
        for _ in range(20):
            x = x * 1.5 + 0.5
        return x

    expected = chain(x)
    ops, groups, stored = counts(lambda: chain(x))
    assert (ops, stored) == (40, groups) and groups <= 3
    with deferring():
        found = chain(x)
    assert torch.equal(found, expected)


def test_compiled_functions_and_modules() -> None:
    x = torch.randn(N, requires_grad=True)

    @torch.compile(fullgraph=True, dynamic=False, mode="reduce-overhead")
    def function(x: torch.Tensor) -> torch.Tensor:
        return (x.sigmoid() * 2 + 1).tanh()

    before = _C._deferred_counts()[1]
    found = function(x)
    assert _C._deferred_counts()[1] == before + 1
    expected = (x.sigmoid() * 2 + 1).tanh()
    assert torch.equal(found, expected)
    (grad,) = torch.autograd.grad(found.sum(), x)
    assert torch.equal(grad, torch.autograd.grad(expected.sum(), x)[0])

    model = torch.nn.Sequential(torch.nn.Linear(64, 512), torch.nn.GELU(), torch.nn.Linear(512, 64))
    data = torch.randn(256, 64)
    assert torch.equal(torch.compile(model)(data), model(data))
    with pytest.raises(ZeroDivisionError):  # and the scope ends all the same
        torch.compile(lambda x: 1 // 0)(x)
    with pytest.raises(RuntimeError, match="does not defer"):
        _C._end_deferring()


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_a_compiled_training_step(name: str) -> None:
    def losses(compile: bool) -> list[float]:
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Linear(64, 600),
            torch.nn.LayerNorm(600),
            torch.nn.SiLU(),
            torch.nn.Dropout(0.1),
            torch.nn.Linear(600, 8),
        )
        optimizer = getattr(torch.optim, name)(model.parameters(), lr=1e-2)
        x, y = torch.randn(120, 64), torch.randn(120, 8)

        def step() -> torch.Tensor:
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        if compile:
            step = torch.compile(step)
        return [step().item() for _ in range(5)]

    assert losses(True) == losses(False)


UNARY = ["exp", "neg", "abs", "sigmoid", "tanh", "relu", "square", "sign", "floor", "logical_not"]
BINARY = ["add", "sub", "mul", "maximum", "minimum", "gt", "eq", "logical_and", "atan2", "div", "remainder"]
INPLACE = ["add_", "mul_", "maximum", "sub_", "clamp_", "exp_", "fill_", "zero_"]
SHAPES = [(250, 270), (270,), (250, 1), (1, 270), (), (250, 270)]
DTYPES = [torch.float32, torch.float64, torch.int64, torch.int32, torch.bool, torch.float16, torch.float32]


def program(seed: int, trace: list[torch.Tensor]) -> None:
    """A random sequence of calls on a few tensors; what is left of them goes to ``trace``."""
    draw = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    pool: list[torch.Tensor] = []
    for shape in SHAPES:
        pool.append((torch.randn(shape, generator=generator) * 3).to(draw.choice(DTYPES)))

    def some() -> torch.Tensor:
        t = draw.choice(pool)
        kind = draw.random()
        if t.dim() == 2 and kind < 0.1:
            return t[: t.shape[0] // 2 * 2 : 1]
        if t.dim() == 2 and kind < 0.2 and t.shape[0] == t.shape[1]:
            return t.t()
        if t.dim() == 2 and kind < 0.25:
            return t[:, :1]
        return t

    for _ in range(draw.randrange(4, 40)):
        kind = draw.random()
        try:
            if kind < 0.3:
                pool.append(getattr(torch, draw.choice(UNARY))(some()))
            elif kind < 0.6:
                pool.append(getattr(torch, draw.choice(BINARY))(some(), draw.choice([some(), some(), 2, 0.5])))
            elif kind < 0.65:
                pool.append(torch.where(some() > 0, some(), some()))
            elif kind < 0.7:
                pool.append(torch.addcmul(some(), some(), some(), value=0.5))
            elif kind < 0.85:
                t, name = some(), draw.choice(INPLACE)
                if name == "clamp_":
                    t.clamp_(-1, 1)
                elif name in ("exp_", "zero_"):
                    getattr(t, name)()
                elif name == "fill_":
                    t.fill_(3)
                elif name == "maximum":
                    torch.maximum(some(), some(), out=t)
                else:
                    getattr(t, name)(draw.choice([some(), 2]))
            elif kind < 0.9:
                pool.append(some().sum(0))
            elif kind < 0.95:
                pool.append(some().to(draw.choice(DTYPES)))
            else:
                pool.append(some().clone())
        except (RuntimeError, TypeError) as error:
            trace.append(torch.tensor(float(len(str(error)))))
        while len(pool) > 10:
            pool.pop(draw.randrange(len(pool)))
    trace.extend(pool)


@pytest.mark.filterwarnings("ignore:.*resized since it had shape")
@pytest.mark.parametrize("start", range(0, 400, 50))
def test_random_programs(start: int) -> None:
    put_off = 0
    for seed in range(start, start + 50):
        expected: list[torch.Tensor] = []
        program(seed, expected)
        found: list[torch.Tensor] = []
        before = _C._deferred_counts()[0]
        with deferring():
            program(seed, found)
        put_off += _C._deferred_counts()[0] - before
        assert len(found) == len(expected)
        for a, b in zip(found, expected):
            same(a, b, seed)
    assert put_off > 100
