"""Compiled functions as programs use them: any shapes, no compiler, nothing put off in vain, hooks, forks, copies."""

from __future__ import annotations

import copy
import gc
import inspect
import os
import pickle
import subprocess
import sys
import threading
import weakref

import pytest
import torch
import torch._dynamo
from compile_helpers import counts, deferring, same
from torch import _C, nn

N = 70000


def test_an_op_that_is_always_alone_is_soon_run_at_once() -> None:
    x, other = torch.randn(N), torch.randn(300, 300)
    alone = torch.compile(lambda: [(x + 1).sum(), (other @ other).exp().max()])
    torch._dynamo.reset()
    before = _C._deferred_counts()[0]
    for _ in range(200):
        alone()
    assert 4 <= _C._deferred_counts()[0] - before <= 20
    chain = torch.compile(lambda: ((x + 1) * x).exp())
    before = _C._deferred_counts()
    for _ in range(200):
        chain()
    after = _C._deferred_counts()
    assert after[0] - before[0] >= 590 and after[1] - before[1] <= 210


def test_an_op_that_was_alone_is_joined_again() -> None:
    x = torch.randn(N)
    torch._dynamo.reset()
    for _ in range(300):  # from the 150th call on there is something to fuse with
        before = _C._deferred_counts()
        with deferring():
            y = x + 1
            if _ >= 150:
                y = y * x
            y = y.clone()
    assert _C._deferred_counts()[0] - before[0] == 2


@pytest.mark.parametrize("size", [2, 100, 1000, 10_000, 60_000])
def test_small_tensors_are_not_put_off(size: int) -> None:
    x = torch.randn(size)
    assert counts(lambda: ((x * 2 + x).sigmoid() - x).softmax(0)) == (0, 0, 0)


def test_any_batch_size_takes_the_same_passes() -> None:
    model = nn.Sequential(nn.Linear(96, 1024), nn.SiLU(), nn.LayerNorm(1024), nn.Linear(1024, 8))

    def loss(x: torch.Tensor) -> torch.Tensor:
        h = model(x)
        return ((h - x[:, :8]) * (x[:, :1] + 1)).softmax(-1).square().mean()

    compiled = torch.compile(loss, fullgraph=True)
    passes = set()
    for batch in range(80, 180):
        x = torch.randn(batch, 96)
        torch._dynamo.reset()
        before = _C._deferred_counts()
        found = compiled(x)
        after = _C._deferred_counts()
        passes.add((after[0] - before[0], after[1] - before[1]))
        assert torch.equal(found, loss(x))
    assert len(passes) == 1


FIRST_CALL = """
import time, os
import torch
from torch import nn
model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters())
x, y = torch.randn(256, 784), torch.randint(0, 10, (256,))
@torch.compile
def step():
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss
start = time.perf_counter()
step()
print(time.perf_counter() - start)
z = torch.randn(1000, 300)
f = torch.compile(lambda z: (z * 0.5 + z).softmax(-1))
passes = torch._C._deferred_counts()[1]
found = f(z)
assert torch._C._deferred_counts()[1] == passes + 1 and torch.equal(found, (z * 0.5 + z).softmax(-1))
assert sorted(os.listdir(".")) == []
"""


def test_no_compiler_no_files_no_first_call(tmp_path: os.PathLike) -> None:
    env = {**os.environ, "PATH": "", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    env["PYTHONPATH"] = os.pathsep.join(os.path.abspath(p) for p in sys.path if p)
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run([sys.executable, "-c", FIRST_CALL], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5  # a few milliseconds; compilers take that long and more


def test_hooks_see_what_was_put_off() -> None:
    def run(defer: bool) -> list:
        torch.manual_seed(0)
        seen: list = []
        x = torch.randn(300, 300, requires_grad=True)

        def function() -> torch.Tensor:
            h = (x * 2).tanh()
            h.register_hook(lambda grad: seen.append(grad.sum().item()))
            h.register_hook(lambda grad: grad * 0.5)
            with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), torch.from_numpy):
                loss = (h.exp() * h).softmax(-1).square().mean()
            x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.amax().item()))
            loss.backward()
            return loss

        loss = torch.compile(function)() if defer else function()
        return [*seen, loss.item(), x.grad]

    found, expected = run(True), run(False)
    assert found[:-1] == expected[:-1]
    same(found[-1], expected[-1])


def test_errors_in_between_leave_what_came_before() -> None:
    x = torch.zeros(N)

    @torch.compile
    def function() -> None:
        x.add_(1)
        x.mul_(2)
        (x * 3).exp()
        raise KeyError("here")

    for _ in range(3):
        with pytest.raises(KeyError, match="here"):
            function()
    assert (x == 14).all()


def test_generators_and_coroutines() -> None:
    x = torch.ones(N)

    @torch.compile
    def steps():  # noqa: ANN202
        y = x
        for _ in range(3):
            y = y * 2 + 1
            yield y

    assert [int(y[0]) for y in steps()] == [3, 7, 15]

    @torch.compile
    async def coroutine() -> torch.Tensor:
        return x * 2 + 1

    with pytest.raises(StopIteration) as stop:
        coroutine().send(None)
    assert (stop.value.value == 3).all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forks() -> None:
    x = torch.ones(N)
    with deferring():
        y = x + 1
        child = os.fork()
        y = y * 3
        if child == 0:
            os._exit(int((y == 6).all()) + 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert (y == 6).all()


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(N))

    @torch.compile
    def twice(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight + x) * 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.twice(x) + 1


def test_methods_and_copies() -> None:
    x = torch.randn(N)
    model = Scaled()
    expected = (x * model.weight + x) * 2 + 1
    compiled = torch.compile(model)
    assert list(compiled.state_dict()) == ["_orig_mod.weight"]
    for other in (compiled, copy.deepcopy(compiled), pickle.loads(pickle.dumps(compiled))):
        assert torch.equal(other(x), expected)
    model.compile(mode="max-autotune", dynamic=True)
    assert torch.equal(model(x), expected) and list(model.state_dict()) == ["weight"]
    assert torch.equal(copy.deepcopy(model)(x), expected)


@torch.compile
def scaled(x: torch.Tensor, *, by: float = 2.0) -> torch.Tensor:
    """Twice."""
    return x * by + x.size(0) - N


def test_a_compiled_function_is_like_a_function() -> None:
    assert (scaled.__name__, scaled.__doc__, scaled.__module__) == ("scaled", "Twice.", __name__)
    assert inspect.signature(scaled) == inspect.signature(scaled.__wrapped__)
    assert pickle.loads(pickle.dumps(scaled)) is scaled and copy.deepcopy(scaled) is scaled
    assert weakref.ref(scaled)() is scaled and repr(scaled).startswith("<function scaled")
    assert (scaled(torch.ones(N), by=3.0) == 3).all() and (scaled(x=torch.ones(N)) == 2).all()
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        scaled(torch.ones(N), to=3.0)
    with pytest.raises(AttributeError):
        scaled(2.0)
    for wrong in ((), (scaled, scaled), (scaled, scaled, 3)):
        with pytest.raises(TypeError):
            _C._DeferringFunction(*wrong)


def test_a_compiled_function_that_nobody_holds_goes() -> None:
    class Holder:
        pass

    def hold() -> weakref.ref:
        holder = Holder()
        holder.call = torch.compile(lambda: holder)  # type: ignore[attr-defined]
        return weakref.ref(holder.call)  # type: ignore[attr-defined]

    gone = hold()
    gc.collect()
    assert gone() is None


def test_settings_are_those_of_the_thread_that_calls() -> None:
    x = torch.ones(N)

    def deferred() -> int:
        before = _C._deferred_counts()[0]
        scaled(x)
        return _C._deferred_counts()[0] - before

    torch._dynamo.reset()
    found = []
    with torch.compiler.set_stance("force_eager"):
        thread = threading.Thread(target=lambda: found.append(deferred()))
        thread.start()
        thread.join()
        assert deferred() == 0 and found[0] > 0
    with torch._dynamo.config.patch(disable=True):
        assert deferred() == 0
    assert deferred() > 0


def test_memory_of_a_compiled_chain_is_that_of_its_result() -> None:
    x, y = torch.randn(1 << 20), torch.randn(1 << 20)

    def chain() -> torch.Tensor:
        a, b = x * 2, y + 1
        c = a.exp() * b
        return (c - a) / (b + c)

    def peak(function) -> int:  # noqa: ANN001
        _C._trim_memory()
        before = torch._C._memory_stats()
        result = function()
        after = torch._C._memory_stats()
        del result
        return after["allocated_bytes"] + after["cached_bytes"] - before["allocated_bytes"] - before["cached_bytes"]

    torch._dynamo.reset()
    eager, compiled = peak(chain), peak(torch.compile(chain))
    assert compiled < 1.1 * x.nbytes < 3 * x.nbytes < eager


def test_threads_share_what_waits() -> None:
    shared = torch.randn(300, 400)
    expected = ((shared * 2 + 1).softmax(-1) - shared).sum(-1)
    eager = (shared + 1).exp()
    wrong: list[int] = []

    @torch.compile
    def compiled(box: list) -> torch.Tensor:
        box.append(shared * 2 + 1)  # others may read it while it waits
        return (box[-1].softmax(-1) - shared).sum(-1)

    boxes: list[list] = [[], [], []]

    def work(index: int) -> None:
        for _ in range(100):
            if not torch.equal(compiled(boxes[index]), expected):
                wrong.append(index)
            if not torch.equal((shared + 1).exp(), eager):
                wrong.append(index)
            for box in boxes:
                if box and not torch.equal(box[-1] * 1, shared * 2 + 1):
                    wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
