"""The allocator: reuse, growth, streams, statistics, and what happens when memory runs out."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import torch
from emulation import emulated as emulated, fresh as fresh, needs_device

pytestmark = needs_device

MB = 1 << 20


def stats(name: str) -> int:
    return torch.cuda.memory_stats()[name]


def test_memory_is_used_again_at_once() -> None:
    a = torch.empty(3 * MB, dtype=torch.uint8, device="cuda")
    address, reserved = a.data_ptr(), torch.cuda.memory_reserved()
    del a
    b = torch.empty(3 * MB, dtype=torch.uint8, device="cuda")
    assert b.data_ptr() == address and torch.cuda.memory_reserved() == reserved
    assert b.data_ptr() % 512 == 0


def test_statistics_follow_tensors() -> None:
    before, count = torch.cuda.memory_allocated(), stats("allocation.all.current")
    torch.cuda.reset_peak_memory_stats()
    a = torch.empty(1000, dtype=torch.uint8, device="cuda")
    b = torch.empty(5 * MB, dtype=torch.uint8, device="cuda")
    assert torch.cuda.memory_allocated() - before == 1024 + 5 * MB
    assert stats("requested_bytes.all.current") <= torch.cuda.memory_allocated() <= torch.cuda.memory_reserved()
    assert stats("allocation.all.current") == count + 2
    assert stats("allocated_bytes.small_pool.current") >= 1024 and stats("allocated_bytes.large_pool.current") >= 5 * MB
    del a, b
    assert torch.cuda.memory_allocated() == before
    assert torch.cuda.max_memory_allocated() == before + 1024 + 5 * MB
    torch.cuda.reset_peak_memory_stats()
    assert torch.cuda.max_memory_allocated() == before
    assert "CUDA memory summary" in torch.cuda.memory_summary()


def test_empty_tensors_take_nothing() -> None:
    before = torch.cuda.memory_allocated()
    x = torch.empty(0, 5, device="cuda")
    assert torch.cuda.memory_allocated() == before and (x + x).shape == (0, 5)


def test_a_segment_grows_and_what_is_free_in_it_is_given_back(fresh: Callable[..., str], emulated: Any) -> None:
    code = """
import torch
MB = 1 << 20
def block(n): return torch.empty(n * MB, dtype=torch.uint8, device="cuda")
held = [block(30) for _ in range(4)]
assert torch.cuda.memory_reserved() == 120 * MB, torch.cuda.memory_reserved()
assert [t.data_ptr() - held[0].data_ptr() for t in held] == [0, 30 * MB, 60 * MB, 90 * MB]
del held[1:3]                     # a hole of 60 MB, in chunks of 20
torch.cuda.empty_cache()
assert torch.cuda.memory_reserved() == 80 * MB, torch.cuda.memory_reserved()
held[0].fill_(1); held[1].fill_(2)
again = block(60)                 # mapped again where it was
assert again.data_ptr() == held[0].data_ptr() + 30 * MB
again.fill_(3)
assert (held[0][-1].item(), again[0].item(), again[-1].item(), held[1][0].item()) == (1, 3, 3, 2)
del held, again
torch.cuda.empty_cache()
assert torch.cuda.memory_reserved() == 0
print(torch.cuda.mem_get_info())
"""
    total = 512 * MB
    assert fresh(code, TORCH_EMULATED_MEMORY=str(total)) == str((total, total))


def test_out_of_memory_says_who_holds_it_and_work_goes_on(fresh: Callable[..., str], emulated: Any) -> None:
    code = """
import torch
MB = 1 << 20
def block(n): return torch.empty(n * MB, dtype=torch.uint8, device="cuda")
held = [block(40), block(40)]
free = block(60)
held.append(block(20))
del free                          # cached, and given up before an allocation fails
big = block(80)
assert torch.cuda.memory_stats()["num_alloc_retries"] == 1
del big
try:
    block(150)
except torch.OutOfMemoryError as e:
    text = str(e)
for part in ("CUDA out of memory. Tried to allocate 150.00 MiB. GPU 0 has a total capacity of 200.00 MiB of which",
             "100.00 MiB is in use by tensors", "largest tensors hold 2 x 40.00 MiB, 20.00 MiB."):
    assert part in text, text
assert torch.cuda.memory_stats()["num_ooms"] == 1 and torch.cuda.memory_stats()["num_alloc_retries"] == 2
try:
    block(1000)
except RuntimeError as e:         # OutOfMemoryError is one
    assert "1000.00 MiB" in str(e)
held.append(block(90))
held[-1].fill_(7)
print(held[-1][5].item())
"""
    assert fresh(code, TORCH_EMULATED_MEMORY=str(200 * MB)) == "7"


def test_memory_read_by_another_stream_waits(emulated: Any) -> None:
    stream = torch.cuda.Stream()
    a = torch.empty(7 * MB, dtype=torch.uint8, device="cuda")
    address = a.data_ptr()
    emulated.hold(stream)
    torch._C._cuda_recordStream(a, stream.cuda_stream)
    active = stats("active_bytes.all.current")
    del a
    assert stats("active_bytes.all.current") == active  # freed, but still in use
    b = torch.empty(7 * MB, dtype=torch.uint8, device="cuda")
    assert b.data_ptr() != address
    emulated.hold(stream, False)
    c = torch.empty(7 * MB, dtype=torch.uint8, device="cuda")
    assert c.data_ptr() == address


def test_streams_have_memory_of_their_own() -> None:
    a = torch.empty(6 * MB, dtype=torch.uint8, device="cuda")
    address = a.data_ptr()
    del a
    with torch.cuda.stream(torch.cuda.Stream()):
        assert torch.empty(6 * MB, dtype=torch.uint8, device="cuda").data_ptr() != address
    assert torch.empty(6 * MB, dtype=torch.uint8, device="cuda").data_ptr() == address


def test_resizing_keeps_the_contents() -> None:
    x = torch.ones(10, device="cuda")
    x.resize_(2000)
    assert x[:10].tolist() == [1.0] * 10


def test_fraction(fresh: Callable[..., str]) -> None:
    code = """
import torch
free, total = torch.cuda.mem_get_info()
torch.cuda.set_per_process_memory_fraction(0.25)
try:
    torch.empty(int(total * 0.3), dtype=torch.uint8, device="cuda")
except torch.OutOfMemoryError as e:
    print("allowed" in str(e))
torch.empty(int(total * 0.1), dtype=torch.uint8, device="cuda")
"""
    assert fresh(code) == "True"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("expandable_segments:True", "1536"),
        ("roundup_power2_divisions:4,garbage_collection_threshold:0.8", "1536"),
        ("garbage_collection_threshold:1.5", "garbage_collection_threshold lies between 0 and 1"),
        ("roundup_power2_divisions:3", "is a power of two"),
        ("no_such_key:1", "unknown key 'no_such_key'"),
    ],
)
def test_settings(fresh: Callable[..., str], setting: str, expected: str) -> None:
    code = """
import torch
try:
    x = torch.empty(1300, dtype=torch.uint8, device="cuda")
    print(torch.cuda.memory_allocated())
except ValueError as e:
    print(e)
"""
    assert expected in fresh(code, PYTORCH_CUDA_ALLOC_CONF=setting)


def test_rounding_to_parts_of_powers_of_two(fresh: Callable[..., str]) -> None:
    code = "import torch; x = torch.empty(9 << 20, dtype=torch.uint8, device='cuda'); print(torch.cuda.memory_allocated() >> 20)"
    assert fresh(code, PYTORCH_CUDA_ALLOC_CONF="roundup_power2_divisions:4") == "10"


def test_no_memory_for_the_driver_is_out_of_memory(emulated: Any) -> None:
    torch.cuda.empty_cache()
    emulated.fail("cuMemCreate", 2)
    x = torch.empty(50 * MB, dtype=torch.uint8, device="cuda")  # the second attempt succeeds
    assert x.numel() == 50 * MB
