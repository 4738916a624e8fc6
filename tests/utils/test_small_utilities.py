"""The small modules of torch.utils, torch.quasirandom and what stands in for tools that are not here."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
import torch
from torch.utils import benchmark
from torch.utils._contextlib import _DecoratorContextManager, context_decorator
from torch.utils._ordered_set import OrderedSet
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula
from torch.utils.weak import TensorWeakRef, WeakIdKeyDictionary, WeakIdRef, WeakTensorKeyDictionary


def test_weak_dictionaries() -> None:
    a, b = torch.ones(2), torch.ones(2)
    d = WeakTensorKeyDictionary({a: 1})
    d[b] = 2
    assert d[a] == 1 and d[b] == 2 and len(d) == 2 and a in d and torch.ones(2) not in d
    assert [v for _, v in d.items()] == [1, 2] and d.get(torch.ones(1), 5) == 5 and d.setdefault(a, 9) == 1
    copied = d.copy()
    del b
    gc.collect()
    assert len(d) == len(copied) == 1 and list(d.values()) == [1] and list(d)[0] is a
    assert d.pop(a) == 1 and a not in d and (copied | {a: 3})[a] == 3
    with pytest.raises(KeyError):
        d[a]
    assert WeakIdRef(a) == WeakIdRef(a) and WeakIdRef(a) != WeakIdRef(torch.ones(2))
    ref = TensorWeakRef(a)
    assert ref() is a
    del a, copied
    gc.collect()
    assert ref() is None and isinstance(d, WeakIdKeyDictionary)


def test_ordered_set(both) -> None:
    both(
        """
from torch.utils._ordered_set import OrderedSet
s = OrderedSet([3, 1, 2, 1])
s.add(5); s.discard(1); s.update([7, 3], [8])
result = [list(s), list(reversed(s)), 7 in s, len(s), list(s | OrderedSet([0])), list(s & {5, 3}), list(s - {3}),
          list(s ^ OrderedSet([3, 9])), s <= OrderedSet([2, 3, 5, 7, 8]), s == {2, 3, 5, 7, 8}, list(s.union([1], [4])),
          list(s.difference([2])), list(s.intersection([2, 8])), s.issubset(range(9)), s.issuperset([2]), s.pop(), repr(s)]
"""
    )
    assert list(OrderedSet("ba")) == ["b", "a"]


def test_decorating_contexts() -> None:
    log: list = []

    class Noted(_DecoratorContextManager):
        def __init__(self, name="x"):
            self.name = name

        def clone(self):
            return Noted(self.name)

        def __enter__(self):
            log.append(f"+{self.name}")

        def __exit__(self, *exception):
            log.append(f"-{self.name}")

    @Noted("f")
    def double(x):
        return 2 * x

    @Noted("g")
    def count():
        got = yield 1
        log.append(got)
        yield 2
        return 3

    assert double(4) == 8 and log == ["+f", "-f"] and double.__name__ == "double"
    log.clear()
    generator = count()
    assert log == [] and next(generator) == 1 and log == ["+g", "-g"]
    assert generator.send("sent") == 2 and log == ["+g", "-g", "+g", "sent", "-g"]
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == 3
    with pytest.warns(FutureWarning):

        @Noted("c")
        class Made:
            def __init__(self):
                log.append("made")

    log.clear()
    Made()
    assert log == ["+c", "made", "-c"]
    with pytest.raises(RuntimeError, match="Cannot decorate classes"):
        context_decorator(lambda: Noted(), Made)


def test_timer() -> None:
    timer = benchmark.Timer("y = x + 1", setup="x = torch.ones(4)", label="L", sub_label="s", description="d")
    m = timer.timeit(50)
    assert m.number_per_run == 50 and len(m.times) == 1 and m.median == m.mean == m.raw_times[0] / 50 and m.iqr == 0
    assert m.title == "L: s" and m.description == "d" and m.as_row_name == "s" and m.num_threads == 1
    assert "1 measurement, 50 runs" in repr(m) and "setup: x = torch.ones(4)" in str(m)
    blocked = timer.blocked_autorange(min_run_time=0.005)
    assert sum(blocked.raw_times) >= 0.005 and not blocked.has_warnings or blocked.iqr >= 0
    seen: list = []
    adaptive = timer.adaptive_autorange(min_run_time=0.002, max_run_time=0.05, callback=lambda n, t: seen.append(n))
    assert len(seen) == len(adaptive.raw_times) and set(seen) == {adaptive.number_per_run}
    assert benchmark.Timer("f(x)", globals={"f": abs, "x": -1}).timeit(10).median > 0
    with pytest.raises(SyntaxError):
        benchmark.Timer("a b")
    for wrong in (timer.collect_callgrind, timer.autorange, lambda: benchmark.Timer("", language="c++")):
        with pytest.raises(NotImplementedError):
            wrong()
    threads = torch.get_num_threads()
    with benchmark.set_torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == threads


def test_numbers_of_measurements(both) -> None:
    both(
        """
from torch.utils import benchmark as b
spec = b.TaskSpec(stmt="x", setup="pass", label="L", sub_label="s", description="d", num_threads=2)
m = b.Measurement(number_per_run=10, raw_times=[1e-4, 1.1e-4, 1.2e-4, 1.05e-4, 1.15e-4], task_spec=spec)
result = [m.times, m.median, m.mean, m.iqr, m.has_warnings, m.meets_confidence(), m.title, m.as_row_name, m.env,
          b.select_unit(2e-5), b.select_unit(2e-8), b.select_unit(3.0), b.unit_to_english("us"),
          b.trim_sigfig(123456.0, 2), b.ordered_unique([2, 1, 2]), len(b.Measurement.merge([m, m]))]
""",
        scale=10,
    )


def test_compare_tables() -> None:
    def made(sub, description, seconds, threads=1):
        spec = benchmark.TaskSpec("x", "", label="L", sub_label=sub, description=description, num_threads=threads)
        return benchmark.Measurement(1, [seconds] * 4, spec)

    table = benchmark.Compare([made("a", "one", 2e-6), made("a", "two", 4e-6), made("b", "one", 3e-6, 2)])
    lines = str(table).splitlines()
    assert lines[0].startswith("[-") and " L " in lines[0] and "one" in lines[1] and "two" in lines[1]
    assert lines[2].startswith("1 threads: ---") and lines[3].split() == ["a", "|", "2.0", "|", "4.0"]
    assert lines[4].startswith("2 threads: ---") and "Times are in microseconds (us)." in lines
    assert len({len(line) for line in lines[:6]}) == 1
    table.colorize(rowwise=True)
    table.trim_significant_figures()
    assert "\033[" in str(table)
    with pytest.raises(ValueError):
        table.extend_results([3])


FLOPS = """
from torch.utils.flop_counter import FlopCounterMode
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
x = torch.rand(3, 4)
with FlopCounterMode(display=False) as c:
    CALL
result = [c.get_total_flops(), {name: sum(v.values()) for name, v in sorted(c.get_flop_counts().items())}]
"""


@pytest.mark.parametrize(
    "call",
    [
        "net(x)",
        "net(x).sum().backward()",
        "net(torch.rand(2, 3, 4))",
        "torch.bmm(torch.rand(2, 3, 4), torch.rand(2, 4, 5))",
        "torch.baddbmm(torch.rand(2, 3, 5), torch.rand(2, 3, 4), torch.rand(2, 4, 5))",
        "torch.einsum('ij,jk->ik', torch.rand(3, 4), torch.rand(4, 5))",
        "torch.nn.Conv2d(3, 4, 3, groups=1)(torch.rand(2, 3, 8, 8))",
        "torch.nn.Conv2d(3, 4, 3)(torch.rand(2, 3, 8, 8, requires_grad=True)).sum().backward()",
        "torch.nn.ConvTranspose2d(3, 4, 3)(torch.rand(1, 3, 8, 8, requires_grad=True)).sum().backward()",
        "x + 1",
    ],
)
def test_flops(both, call) -> None:
    both(FLOPS.replace("CALL", call))


def test_flop_tables_and_formulas() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Sequential(torch.nn.Linear(4, 4)))
    exp = torch.ops.aten.exp
    with FlopCounterMode(display=False, custom_mapping={exp: lambda x, out_shape=None, **k: out_shape.numel()}) as c:
        net(torch.ones(2, 4)).exp()
    assert c.get_flop_counts()["Global"][exp] == 8 and c.get_total_flops() == 2 * 2 * 2 * 16 + 8
    assert "Sequential.1" in c.get_table(depth=2) and "Sequential.1.0" not in c.get_table(depth=2)
    with pytest.raises(RuntimeError, match="duplicate"):
        register_flop_formula(torch.ops.aten.mm)(lambda *shapes, **k: 0)


@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("dimension", [1, 3, 40])
def test_sobol_points(both, dimension, scramble) -> None:
    pytest.importorskip("scipy")
    both(
        f"""
e = torch.quasirandom.SobolEngine({dimension}, scramble={scramble}, seed=7)
result = [e.draw(5), e.draw(3, dtype=torch.float64), e.num_generated, repr(e)]
e.fast_forward(11); result.append(e.draw(2))
e.reset(); result.append(e.draw_base2(4)); result.append(e.draw_base2(4))
e.reset(); e.fast_forward(4); result.append(e.draw(1))
out = torch.empty(2, {dimension}); e.draw(2, out=out); result.append(out)
""",
        scale=4,
    )


def test_sobol_errors(both) -> None:
    pytest.importorskip("scipy")
    for code in ("SobolEngine(0)", "SobolEngine(30000)", "SobolEngine(2).fast_forward(1).draw_base2(2)"):
        assert both(f"result = torch.quasirandom.{code}")[0] == "error"
    engine = torch.quasirandom.SobolEngine(2, scramble=True)
    points = engine.draw(256)
    assert points.min() >= 0 and points.max() < 1 and (points.mean(0) - 0.5).abs().max() < 0.01


def test_collect_env() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "torch.utils.collect_env"], capture_output=True, text=True, timeout=120, check=True
    )
    assert f"PyTorch version: {torch.__version__}" in done.stdout and "Python version: " in done.stdout
    assert "torch.get_num_threads()" in done.stdout


def test_extensions_say_that_they_cannot_be_built() -> None:
    from torch.utils import cpp_extension

    assert all(isinstance(path, str) for path in cpp_extension.include_paths() + cpp_extension.library_paths())
    assert cpp_extension.CUDA_HOME is None
    for wrong in (
        lambda: cpp_extension.load("x", []),
        lambda: cpp_extension.load_inline("x", ""),
        lambda: cpp_extension.CUDAExtension("x", []),
    ):
        with pytest.raises(NotImplementedError):
            wrong()
    pytest.importorskip("setuptools")
    made = cpp_extension.CppExtension("x", ["x.cpp"], extra_compile_args={"cxx": ["-O2"]})
    assert cpp_extension.include_paths()[0] in made.include_dirs and made.extra_compile_args == ["-O2"]
    assert issubclass(cpp_extension.BuildExtension.with_options(no_python_abi_suffix=True), object)


def test_switches_that_are_not_there() -> None:
    assert torch.utils.deterministic.fill_uninitialized_memory is False
    torch.utils.deterministic.fill_uninitialized_memory = False
    with pytest.raises(NotImplementedError):
        torch.utils.deterministic.fill_uninitialized_memory = True
    from torch.utils import backend_registration

    with pytest.raises(NotImplementedError):
        backend_registration.rename_privateuse1_backend("mine")


def test_fork_rng(both) -> None:
    both(
        """
torch.manual_seed(0)
with torch.random.fork_rng(devices=[], device_type="cuda"):
    torch.rand(3)
result = [torch.rand(2)]
with torch.random.fork_rng(enabled=False):
    torch.rand(3)
result += [torch.rand(2), torch.random.thread_safe_generator()]
try:
    with torch.random.fork_rng(device_type="nothing"): pass
except RuntimeError as error: result.append("RuntimeError")
"""
    )
