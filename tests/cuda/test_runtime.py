"""Devices, streams, events, and what happens without them."""

from __future__ import annotations

import threading
from typing import Any, Callable

import pytest
import torch
from emulation import emulated as emulated, fresh as fresh, needs_device

pytestmark = needs_device


def test_counting_makes_no_context_and_survives_fork(fresh: Callable[..., str], emulated: Any) -> None:
    code = """
import os, torch, ctypes
assert torch.cuda.is_available() and torch.cuda.device_count() == 3
library = ctypes.CDLL(os.environ["TORCH_CUDA_DRIVER"])
library.emulated_calls.restype = ctypes.c_int64
assert library.emulated_calls(b"cuInit") == 0 and library.emulated_calls(b"cuDevicePrimaryCtxRetain") == 0
assert not torch.cuda.is_initialized()
if os.fork() == 0:
    ok = torch.ones(2, device="cuda").cpu().tolist() == [1.0, 1.0]
    os._exit(0 if ok else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert fresh(code, TORCH_EMULATED_DEVICES="3") == "0"


def test_a_fork_after_the_first_use_is_refused(fresh: Callable[..., str]) -> None:
    code = """
import os, torch
x = torch.ones(2, device="cuda")
if os.fork() == 0:
    try:
        torch.ones(2, device="cuda")
    except RuntimeError as e:
        os._exit(0 if "Cannot re-initialize CUDA in forked subprocess" in str(e) else 2)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert fresh(code) == "0"


@pytest.mark.parametrize(
    ("visible", "count"),
    [
        ("", 0),
        ("0", 1),
        ("1,0", 2),
        ("0,7,1", 1),
        ("-1", 0),
        ("0,0", 0),
        ("GPU-00000002", 1),
        ("GPU-9", 0),
        ("2,1,0", 3),
    ],
)
def test_visible_devices(fresh: Callable[..., str], emulated: Any, visible: str, count: int) -> None:
    code = "import torch; print(torch.cuda.device_count())"
    assert fresh(code, TORCH_EMULATED_DEVICES="3", CUDA_VISIBLE_DEVICES=visible) == str(count)


def test_properties() -> None:
    properties = torch.cuda.get_device_properties(0)
    assert properties.name == torch.cuda.get_device_name("cuda:0") != ""
    assert torch.cuda.get_device_capability() == (properties.major, properties.minor)
    assert properties.total_memory > 0 and properties.multi_processor_count > 0 and properties.warp_size == 32
    free, total = torch.cuda.mem_get_info()
    assert 0 < free <= total


def test_devices_are_chosen_by_thread(fresh: Callable[..., str], emulated: Any) -> None:
    code = """
import threading, torch
torch.cuda.set_device(1)
assert torch.cuda.current_device() == 1 and torch.ones(1, device="cuda").device == torch.device("cuda:1")
seen = []
thread = threading.Thread(target=lambda: seen.append(torch.cuda.current_device()))
thread.start(); thread.join()
assert seen == [0]
with torch.cuda.device(0):
    assert torch.zeros(1).cuda().device.index == 0
assert torch.cuda.current_device() == 1
try:
    torch.cuda.set_device(5)
except RuntimeError as e:
    assert "invalid device ordinal" in str(e)
assert torch.cuda.current_device() == 1
x = torch.arange(6.).reshape(2, 3).to("cuda:0")
y = x.to("cuda:1")
assert y.device.index == 1 and y.cpu().tolist() == [[0., 1., 2.], [3., 4., 5.]]
z = torch.empty(3, 2, device="cuda:1").copy_(x.t())
assert z.cpu().tolist() == [[0., 3.], [1., 4.], [2., 5.]]
try:
    x + y
except RuntimeError as e:
    assert "cuda:0 and cuda:1" in str(e)
    print("refused")
"""
    assert fresh(code, TORCH_EMULATED_DEVICES="2") == "refused"


def test_streams_are_by_thread_and_come_back() -> None:
    given = torch.cuda.current_stream()
    assert given == torch.cuda.default_stream()
    stream = torch.cuda.Stream()
    assert stream != given and stream.device == torch.device("cuda:0")
    with torch.cuda.stream(stream):
        assert torch.cuda.current_stream() == stream
        others: list[Any] = []
        thread = threading.Thread(target=lambda: others.append(torch.cuda.current_stream()))
        thread.start()
        thread.join()
        assert others == [given]
    assert torch.cuda.current_stream() == given
    with stream:
        assert torch.cuda.current_stream() == stream
    assert len({torch.cuda.Stream() for _ in range(40)}) == 32
    stream.synchronize()
    assert stream.query()


def test_events() -> None:
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    assert begin.query()
    with pytest.raises(ValueError, match="recorded"):
        begin.elapsed_time(end)
    begin.record()
    end.record()
    end.synchronize()
    assert end.query() and begin.elapsed_time(end) >= 0
    with pytest.raises(ValueError, match="enable_timing"):
        begin.elapsed_time(torch.cuda.Event())
    stream = torch.cuda.Stream()
    stream.wait_event(end)
    stream.wait_stream(torch.cuda.current_stream())


def test_an_event_shows_when_its_stream_is_behind(emulated: Any) -> None:
    stream = torch.cuda.Stream()
    emulated.hold(stream)
    event = stream.record_event()
    assert not event.query() and not stream.query()
    emulated.hold(stream, False)
    assert event.query()


def test_failures_of_the_driver_are_errors(emulated: Any) -> None:
    x = torch.ones(4, device="cuda")
    emulated.fail("cuLaunchKernel", 700)
    with pytest.raises(
        torch.AcceleratorError, match="CUDA error: an illegal memory access was encountered.*cuLaunchKernel"
    ):
        x + x
    assert (x + x).tolist() == [2, 2, 2, 2]


def test_a_kernel_reports_a_division_by_zero() -> None:
    x, zero = torch.tensor([6, 7], device="cuda"), torch.tensor([2, 0], device="cuda")
    y = x // zero
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        torch.cuda.synchronize()
    assert (x // 2).tolist() == [3, 3]  # the process goes on
    del y


def test_what_has_no_kernel_says_so() -> None:
    x = torch.ones(4, 4, device="cuda")
    with pytest.raises(NotImplementedError, match="there is no CUDA kernel for it yet"):
        x.to_sparse_csr()
    with pytest.raises(NotImplementedError, match="no CUDA kernel"):
        torch.linalg.ldl_factor(x.to(torch.complex64), hermitian=True)


def test_devices_of_operands_must_agree() -> None:
    x, y = torch.ones(2, 2, device="cuda"), torch.ones(2, 2)
    with pytest.raises(RuntimeError, match="same device.*cuda:0 and cpu"):
        x + y
    with pytest.raises(RuntimeError, match="mm: .*same device.*cuda:0 and cpu! self is on cuda:0, mat2 on cpu"):
        torch.mm(x, y)
    assert (x + torch.tensor(2.0)).tolist() == [[3, 3], [3, 3]]  # a number may come from the CPU
    with pytest.raises(RuntimeError, match="same device"):
        torch.tensor(2.0).add_(x[0, 0])
    with pytest.raises(NotImplementedError, match="meta"):
        x.copy_(torch.ones(2, 2, device="meta"))
    with pytest.raises(TypeError, match="Tensor.cpu"):
        x.numpy()
