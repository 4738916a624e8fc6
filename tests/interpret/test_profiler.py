"""torch.profiler and torch.autograd.profiler: events, nesting, shapes, memory, modules, tables, traces, schedules."""

from __future__ import annotations

import gzip
import json
import threading

import pytest
import torch
from torch.autograd import profiler as autograd_profiler
from torch.profiler import ProfilerAction, ProfilerActivity, profile, record_function, schedule


def model_and_input() -> tuple:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    return model, torch.ones(3, 4)


def recorded(**options) -> profile:
    model, x = model_and_input()
    with profile(activities=[ProfilerActivity.CPU], **options) as prof:
        with record_function("forward"):
            out = model(x).sum()
        out.backward()
    return prof


def test_events_nest_and_times_add_up() -> None:
    prof = recorded()
    events = prof.events()
    forward = next(e for e in events if e.name == "forward")
    assert [e.name for e in forward.cpu_children] == ["aten::linear", "aten::relu", "aten::linear", "aten::sum"]
    assert forward.is_user_annotation and forward.cpu_parent is None
    assert all(e.time_range.end >= e.time_range.start for e in events)
    assert all(e.cpu_parent.time_range.start <= e.time_range.start for e in events if e.cpu_parent)
    assert forward.self_cpu_time_total == pytest.approx(
        forward.cpu_time_total - sum(c.cpu_time_total for c in forward.cpu_children)
    )
    total = sum(e.cpu_time_total for e in events if e.cpu_parent is None)
    assert events.self_cpu_time_total == pytest.approx(total)


def test_backward_nodes() -> None:
    averages = {e.key: e for e in recorded().key_averages()}
    node = averages["autograd::engine::evaluate_function: LinearBackward0"]
    assert node.count == 2 and averages["LinearBackward0"].count == 2
    assert averages["torch::autograd::AccumulateGrad"].count == 4
    inner = next(e for e in recorded().events() if e.name == "LinearBackward0")
    assert inner.cpu_parent.name.endswith("evaluate_function: LinearBackward0")
    assert any(child.name == "aten::mm" for child in inner.cpu_children)


def test_blocks_left_open_in_a_hook_end_with_the_node() -> None:
    x = torch.ones(2, requires_grad=True)
    with profile() as prof:
        y = x.exp()
        y.register_hook(lambda grad: record_function("open").__enter__() and None)
        y.sum().backward()
        torch.ones(1).cos()
    cos = next(e for e in prof.events() if e.name == "aten::cos")
    assert cos.cpu_parent is None or cos.cpu_parent.name == "open"
    nodes = [e for e in prof.events() if e.name.startswith("autograd::engine")]
    assert [e.name.split(": ")[1] for e in nodes] == ["SumBackward0", "ExpBackward0", "torch::autograd::AccumulateGrad"]


def test_nothing_is_recorded_outside() -> None:
    assert not torch._C._profiler_enabled()
    with record_function("nobody looks"):
        torch.ones(2).sum()
    with profile() as prof:
        pass
    torch.ones(2).sum()
    assert prof.events() == [] and prof.key_averages().table() == ""


def test_shapes_and_flops() -> None:
    with profile(record_shapes=True, with_flops=True) as prof:
        torch.mm(torch.ones(2, 3), torch.ones(3, 4))
        torch.mm(torch.ones(2, 3), torch.ones(3, 5))
    mm = [e for e in prof.events() if e.name == "aten::mm"]
    assert [e.input_shapes for e in mm] == [[[2, 3], [3, 4]], [[2, 3], [3, 5]]]
    assert mm[0].input_dtypes == ["float32", "float32"] and mm[0].flops == 2 * 2 * 3 * 4
    assert len([e for e in prof.key_averages() if e.key == "aten::mm"]) == 1
    by_shape = [e for e in prof.key_averages(group_by_input_shape=True) if e.key == "aten::mm"]
    assert len(by_shape) == 2 and "Input Shapes" in prof.key_averages(group_by_input_shape=True).table()


def test_memory() -> None:
    x = torch.ones(1000)
    with profile(profile_memory=True) as prof:
        y = x + 1
        with record_function("freed"):
            del y
    events = {e.name: e for e in prof.events()}
    assert 4000 <= events["aten::add"].cpu_memory_usage <= 4096
    assert events["freed"].self_cpu_memory_usage == -events["aten::add"].cpu_memory_usage
    assert "CPU Mem" in prof.key_averages().table(sort_by="self_cpu_memory_usage")


def a_line_of_the_program(x):
    return x.exp()


def test_stacks(tmp_path) -> None:
    with profile(with_stack=True) as prof:
        a_line_of_the_program(torch.ones(2))
    event = next(e for e in prof.events() if e.name == "aten::exp")
    assert event.stack[0].endswith("a_line_of_the_program") and "test_profiler.py" in event.stack[0]
    average = next(e for e in prof.key_averages(group_by_stack_n=2) if e.key == "aten::exp")
    assert len(average.stack) == 2
    path = tmp_path / "stacks.txt"
    prof.export_stacks(str(path))
    assert "a_line_of_the_program" in path.read_text() or event.self_cpu_time_total < 1
    with pytest.raises(AssertionError):
        recorded().export_stacks(str(path))


def test_modules() -> None:
    model, x = model_and_input()
    with profile(with_modules=True) as prof:
        model(x)
        model(x)
    events = prof.events()
    assert [e.name for e in events if e.name.startswith("nn.Module")][:4] == [
        "nn.Module: Sequential_0",
        "nn.Module: Linear_0",
        "nn.Module: ReLU_0",
        "nn.Module: Linear_1",
    ]
    by_module = {(e.key, e.module): e.count for e in prof.key_averages(group_by_module=True)}
    assert by_module["aten::linear", "Sequential.0"] == 2 and by_module["aten::linear", "Sequential.2"] == 2
    assert "Sequential.1" in prof.key_averages(group_by_module=True).table()
    assert not model._forward_hooks and not torch.nn.modules.module._global_forward_hooks

    class Fails(torch.nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    with profile(with_modules=True) as prof:
        with pytest.raises(ZeroDivisionError):
            Fails()(x)
        torch.ones(1).exp()
    assert next(e for e in prof.events() if e.name == "aten::exp").cpu_parent is None


def test_optimizer_steps() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    weight.sum().backward()
    with profile() as prof:
        optimizer.step()
    step = next(e for e in prof.events() if e.name == "Optimizer.step#SGD.step")
    assert step.cpu_children and not torch.optim.optimizer._global_optimizer_pre_hooks


def test_tables() -> None:
    averages = recorded().key_averages()
    text = averages.table(sort_by="cpu_time_total", row_limit=3, header="mine")
    lines = text.splitlines()
    assert lines[1] == "mine" and "Self CPU %" in lines[3] and "# of Calls" in lines[3]
    assert lines[-1].startswith("Self CPU time total: ") and len(lines) == 5 + 3 + 2
    times = [e.cpu_time_total for e in sorted(averages, key=lambda e: -e.cpu_time_total)]
    assert times == sorted(times, reverse=True)
    assert "aten::linear" not in averages.table(top_level_events_only=True)
    assert "us" not in averages.table(time_unit="ms").splitlines()[-1]
    with pytest.raises(AttributeError):
        averages.table(sort_by="nothing")
    with pytest.raises(ValueError):
        averages.table(time_unit="h")
    assert averages.total_average().count == sum(e.count for e in averages)


def test_chrome_traces(tmp_path) -> None:
    prof = recorded(record_shapes=True)
    prof.add_metadata("a", "b")
    plain, packed = tmp_path / "t.json", tmp_path / "t.json.gz"
    prof.export_chrome_trace(str(plain))
    prof.export_chrome_trace(str(packed))
    trace = json.loads(plain.read_text())
    with gzip.open(packed, "rt") as file:
        assert len(json.load(file)["traceEvents"]) == len(trace["traceEvents"])
    spans = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    linear = next(e for e in spans if e["name"] == "aten::linear")
    forward = next(e for e in spans if e["name"] == "forward")
    assert linear["args"]["Input Dims"][0] == [3, 4] and linear["cat"] == "cpu_op"
    assert forward["ts"] <= linear["ts"] and linear["ts"] + linear["dur"] <= forward["ts"] + forward["dur"]


def test_schedules(both) -> None:
    both(
        """
from torch.profiler import schedule
result = []
for options in ({"wait": 1, "warmup": 1, "active": 2}, {"wait": 0, "warmup": 1, "active": 1, "repeat": 2},
                {"wait": 2, "warmup": 0, "active": 1, "repeat": 1, "skip_first": 2},
                {"wait": 2, "warmup": 1, "active": 1, "skip_first": 1, "skip_first_wait": 1}):
    s = schedule(**options)
    result.append([s(i).name for i in range(12)])
"""
    )
    with pytest.raises(AssertionError):
        schedule(wait=1, warmup=1, active=0)


def test_steps_by_a_schedule() -> None:
    ready: list = []

    def handler(prof) -> None:
        ready.append([e.name for e in prof.events() if e.name.startswith(("ProfilerStep", "aten::exp"))])

    with profile(schedule=schedule(wait=1, warmup=1, active=2, repeat=2), on_trace_ready=handler) as prof:
        for _ in range(9):
            torch.ones(2).exp()
            prof.step()
    assert ready == [
        ["ProfilerStep#2", "aten::exp", "ProfilerStep#3", "aten::exp"],
        ["ProfilerStep#6", "aten::exp", "ProfilerStep#7", "aten::exp"],
    ]


def test_recordings_that_end_in_the_middle_are_handed_over() -> None:
    ready: list = []
    with profile(schedule=schedule(wait=0, warmup=1, active=5), on_trace_ready=ready.append) as prof:
        for _ in range(3):
            torch.ones(2).exp()
            prof.step()
    assert ready == [prof] and prof.current_action is ProfilerAction.RECORD
    assert len([e for e in prof.events() if e.name == "aten::exp"]) == 2


def test_trace_handler(tmp_path) -> None:
    with profile(on_trace_ready=torch.profiler.tensorboard_trace_handler(str(tmp_path), worker_name="w")):
        torch.ones(2).sum()
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("w.") and file.name.endswith(".pt.trace.json")
    assert json.loads(file.read_text())["traceEvents"]


def test_other_threads_are_not_recorded_and_may_record_themselves() -> None:
    names: list = []

    def work() -> None:
        with autograd_profiler.profile() as prof:
            torch.ones(2).cos()
        names.extend(e.name for e in prof.function_events)

    with profile() as prof:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        torch.ones(2).sin()
    assert "aten::cos" in names and "aten::sin" not in names
    assert "aten::cos" not in [e.name for e in prof.events()]


def test_autograd_profiler() -> None:
    with autograd_profiler.profile(record_shapes=True) as prof:
        torch.ones(2, 2).exp()
    assert [e.name for e in prof.function_events if e.name != "aten::ones"] == ["aten::exp"]
    assert "aten::exp" in prof.table() and prof.total_average().count == len(prof.function_events)
    assert "aten::exp" in str(prof)
    with pytest.raises(RuntimeError, match="reentrant"), prof:
        pass
    with autograd_profiler.profile(enabled=False) as off:
        torch.ones(1)
    with pytest.raises(RuntimeError):
        off.key_averages()
    with pytest.raises(RuntimeError, match="recorded already"), profile(), profile():
        pass
    if torch._C._profiler_enabled():
        torch._C._profiler_stop()


def test_decorated_functions() -> None:
    @record_function("mine")
    def double(x):
        return x * 2

    with profile() as prof:
        double(torch.ones(2))
        double(torch.ones(2))
    assert next(e for e in prof.key_averages() if e.key == "mine").count == 2


def test_what_is_not_there_says_so() -> None:
    for wrong in (
        lambda: autograd_profiler.emit_nvtx(),
        lambda: autograd_profiler.emit_itt(),
        lambda: autograd_profiler.load_nvprof("x"),
        lambda: torch.profiler.ExecutionTraceObserver(),
        lambda: torch.profiler.itt.range_push("x"),
        lambda: recorded().export_memory_timeline("x"),
    ):
        with pytest.raises(NotImplementedError):
            wrong()
    with autograd_profiler.emit_nvtx(enabled=False):
        pass
    with pytest.warns(UserWarning, match="CUDA"), profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]):
        pass
    with pytest.raises(ValueError):
        profile(activities=[ProfilerActivity.CUDA])


def test_modes_and_autocast_under_the_profiler() -> None:
    x = torch.ones(2, 2)
    with profile() as prof, torch.autocast("cpu"):
        x @ x
    names = [e.name for e in prof.events()]
    assert names.count("aten::_to_copy") == 2 and "aten::mm" in names
