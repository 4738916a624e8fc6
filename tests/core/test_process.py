"""The library in its process: fork, threads, Ctrl-C, interpreter exit, and what importing costs and leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import torch
from conftest import is_sanitized

no_fork_beside_malloc = pytest.mark.skipif(
    is_sanitized(),
    reason="the sanitizer's allocator is not ready for a fork while another thread is in it: the child may hang",
)


def python(code: str, timeout: float = 40, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, env={**os.environ, **env}
    )


def ok(code: str, **env: str) -> str:
    done = python(code, **env)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-3000:]}"
    return done.stdout


def test_fork_after_threads() -> None:
    """After work on several threads, a forked child can do the same work."""
    ok("""
import os, sys, torch
torch.set_num_threads(2)
def work():
    x = torch.ones(1000, 1000)
    y = (x @ x).sum().item() + (x + x).sum().item()
    w = torch.ones(500, 500, requires_grad=True); (w @ w).sum().backward()
    return y
first = work()
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        assert work() == first
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
assert work() == first
""")


def test_fork_pool() -> None:
    ok("""
import multiprocessing as mp, torch
torch.ones(2000, 200).sum()
def f(i): return float((torch.ones(300, 300) @ torch.ones(300, 300)).sum()) + i
if __name__ == '__main__':
    with mp.get_context('fork').Pool(2) as pool:
        assert pool.map(f, range(4)) == [300.0 ** 3 + i for i in range(4)]
""")


@no_fork_beside_malloc
def test_fork_during_parallel_work() -> None:
    ok("""
import os, threading, time, torch
torch.set_num_threads(2)
stop = False
def busy():
    x = torch.ones(400000)
    while not stop: x.exp().sum()
t = threading.Thread(target=busy); t.start()
try:
    for _ in range(10):
        pid = os.fork()
        if pid == 0:
            x = torch.ones(300000); assert (x + x).sum().item() == 600000; os._exit(0)
        end = time.time() + 20
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done: break
            assert time.time() < end, 'the child hangs'
            time.sleep(0.01)
        assert status == 0, status
finally:
    stop = True; t.join()
""")


@no_fork_beside_malloc
def test_fork_while_threads_hold_locks() -> None:
    """Other threads allocate, draw, start and stop workers and add to gradients all the time: a child finds no lock held
    and no list halfway."""
    ok("""
import os, sys, threading, time, torch
sys.setswitchinterval(1e-5)
w = torch.ones(40000, requires_grad=True)
def allocate(): return [torch.ones(n) for n in (1, 50, 300, 5000, 100000, 1000000)]
def draw(): return torch.rand(200000), torch.randn(1000)
def parallel(): return torch.ones(300000).exp().sum()
def workers():
    for n in (2, 5, 1, 3): torch.set_num_threads(n); parallel()
def backward(): (w * 2).sum().backward()
jobs = (allocate, draw, parallel, workers, backward)
stop = False
def loop(job):
    while not stop: job()
threads = [threading.Thread(target=loop, args=(job,)) for job in jobs]
for t in threads: t.start()
try:
    for _ in range(25):
        pid = os.fork()
        if pid == 0:
            try:
                for _ in range(2):
                    for job in jobs: job()
                    assert torch.ones(300000).sum().item() == 300000
            except BaseException:
                import traceback; traceback.print_exc(); os._exit(1)
            os._exit(0)
        end = time.time() + 20
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done: break
            if time.time() > end: os.kill(pid, 9)
            assert time.time() < end, 'the child hangs'
            time.sleep(0.002)
        assert status == 0, status
finally:
    stop = True
    for t in threads: t.join()
""")


def test_child_draws_the_same_random_numbers() -> None:
    """The generator's state is part of the copy, as with PyTorch."""
    ok("""
import os, torch
torch.manual_seed(3)
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, repr(torch.rand(3).tolist()).encode()); os._exit(0)
os.waitpid(pid, 0)
assert os.read(r, 1000).decode() == repr(torch.rand(3).tolist())
""")


def test_many_python_threads() -> None:
    errors: list = []

    def work(seed: int) -> None:
        try:
            g = torch.Generator().manual_seed(seed)
            for _ in range(30):
                x = torch.rand(50, 50, generator=g)
                y = (x @ x.t()).sum() + x.exp().sum()
                assert torch.isfinite(y)
                assert torch.cat([x, x]).shape == (100, 50)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_shared_tensor_between_threads() -> None:
    x = torch.zeros(8)
    parts = [x[i] for i in range(8)]

    def work(i: int) -> None:
        for _ in range(1000):
            parts[i].add_(1)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.tolist() == [1000.0] * 8


def test_other_threads_run_during_long_work() -> None:
    """The GIL is released around work that takes long."""
    ticks = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.05)
    start, end = time.perf_counter(), 0.0
    a = torch.ones(1200, 1200)
    while end - start < 0.3:
        a @ a  # noqa: B018
        end = time.perf_counter()
    stop.set()
    thread.join()
    assert sum(start < t < end for t in ticks) > 10


@pytest.mark.parametrize(
    "work",
    [
        "x = torch.ones(64, 64)\nwhile True: x = x @ x * 0.01",
        "while True: torch.ones(3_000_000).exp_().sum()",
        "x = torch.ones(8)\nwhile True: x = x + 0",
        "w = torch.ones(8, requires_grad=True)\nwhile True:\n    y = w\n    for _ in range(1000): y = y * 1.0\n    y.sum().backward()",
    ],
)
def test_ctrl_c(work: str) -> None:
    """SIGINT ends a loop of tensor work with KeyboardInterrupt, soon."""
    child = subprocess.Popen(
        [sys.executable, "-c", f"import torch\nprint('go', flush=True)\n{work}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a test run in the background of a shell ignores SIGINT, and its children with it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout is not None and child.stdout.readline().strip() == "go"
    time.sleep(0.3)
    start = time.perf_counter()
    child.send_signal(signal.SIGINT)
    try:
        _, err = child.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    took = time.perf_counter() - start
    assert child.returncode != 0 and "KeyboardInterrupt" in err
    assert took < 2.0


def test_exit_with_tensors_alive() -> None:
    ok(
        "import torch\nx = torch.ones(3, requires_grad=True)\ny = (x * 2).sum()\nx.loop = y\nimport builtins; builtins.keep = (x, y)\nclass A:\n    def __del__(self): self.t + 1\na = A(); a.t = torch.ones(2)"
    )


@pytest.mark.parametrize(
    "work",
    [
        "torch.ones(100_000).sum()",
        "torch.ones(8) + 1",
        "y = x * 2; y.register_hook(lambda g: [g + 1 for _ in range(50)][-1]); y.sum().backward()",
        "Twice.apply(x).sum().backward()",
        "Sub(x) + 1",
    ],
)
def test_exit_with_threads_alive(work: str) -> None:
    """Threads that are inside an operator, or in Python called from one, end with the process and no crash."""
    code = f"""
import threading, time, torch
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return sum([x for _ in range(20)])
    @staticmethod
    def backward(ctx, g): return sum([g for _ in range(20)])
class Sub(torch.Tensor):
    @classmethod
    def __torch_function__(cls, f, types, args=(), kwargs=None):
        return sum(range(1000))
x = torch.ones(40_000, requires_grad=True)
def f():
    while True: {work}
for _ in range(3): threading.Thread(target=f, daemon=True).start()
import sys; sys.setswitchinterval(1e-5)
time.sleep(0.1)"""
    for _ in range(3):
        ok(code)


def test_exit_with_pending_hooks() -> None:
    ok(
        "import atexit, torch\natexit.register(lambda: print(torch.ones(2).sum().item()))\nw = torch.ones(1, requires_grad=True); w.register_hook(lambda g: g)"
    )


def test_set_num_threads() -> None:
    before = torch.get_num_threads()
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            assert torch.get_num_threads() == count
            assert torch.ones(500_000).sum().item() == 500_000
    finally:
        torch.set_num_threads(before)


def test_results_do_not_depend_on_threads() -> None:
    before = torch.get_num_threads()
    torch.manual_seed(0)
    x, y = torch.randn(300_001), torch.randn(700, 700)
    calls: list[Any] = [
        lambda: x.sum(),
        lambda: x.exp(),
        lambda: x.cumsum(0),
        lambda: x.var(),
        lambda: y.sum(0),
        lambda: y.sum(1),
        lambda: y.softmax(1),
        lambda: y.softmax(0),
        lambda: x.sort()[0],
        lambda: x.norm(),
        lambda: y.t().contiguous(),
        lambda: (y > 0).nonzero(),
        lambda: x.prod(),
    ]
    try:
        torch.set_num_threads(1)
        one = [call() for call in calls]
        torch.set_num_threads(4)
        from conftest import is_ours

        for i, (call, expected) in enumerate(zip(calls, one)):
            found = call()
            assert torch.equal(found, expected) or (not is_ours() and torch.allclose(found, expected, atol=1e-3)), (
                f"case {i}"
            )
    finally:
        torch.set_num_threads(before)


def test_environment_thread_count() -> None:
    assert ok("import torch; print(torch.get_num_threads())", OMP_NUM_THREADS="1").strip() == "1"


def test_affinity_counts() -> None:
    cpu = min(os.sched_getaffinity(0))
    out = ok(f"import os; os.sched_setaffinity(0, {{{cpu}}})\nimport torch; print(torch.get_num_threads())")
    assert out.strip() == "1"


def test_import_in_a_thread() -> None:
    ok(
        "import threading\nr = []\ndef f():\n    import torch\n    r.append(float(torch.ones(3).sum()))\nt = threading.Thread(target=f); t.start(); t.join(); assert r == [3.0]"
    )


def test_signal_handlers_are_left_alone() -> None:
    ok(
        "import signal\nbefore = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGSEGV, signal.SIGFPE)]\nimport torch; torch.ones(2).sum()\nassert before == [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGSEGV, signal.SIGFPE)]"
    )


def test_float_flags_are_left_alone() -> None:
    """Importing and computing changes neither rounding nor the treatment of subnormal numbers."""
    ok(
        "import torch, sys\ntorch.ones(100, 100) @ torch.ones(100, 100)\nassert 5e-324 / 1 > 0 and sys.float_info.min / 2 > 0\nassert torch.tensor([1e-310], dtype=torch.float64).mul(1).item() > 0"
    )
