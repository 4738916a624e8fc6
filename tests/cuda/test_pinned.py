"""Pinned memory and copies that return before they are done."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from emulation import emulated as emulated, needs_device
from torch.utils.data import DataLoader, TensorDataset

pytestmark = needs_device


def test_pinning() -> None:
    x = torch.arange(12.0).view(3, 4)
    assert not x.is_pinned() and not x.untyped_storage().is_pinned()
    y = x.pin_memory()
    assert y.is_pinned() and torch.equal(x, y) and y.device.type == "cpu" and y.stride() == x.stride()
    assert y[1:].is_pinned() and y[1:].pin_memory().is_pinned() and y.pin_memory() is y
    assert x.t().pin_memory().stride() == (1, 4) and torch.equal(x[:, ::2].pin_memory(), x[:, ::2])
    assert y.untyped_storage().is_pinned() and not x.untyped_storage().pin_memory().is_shared()
    assert not torch.empty(0).pin_memory().is_pinned() and not y.clone().is_pinned() and not y.cuda().is_pinned()
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned"):
        y.cuda().pin_memory()
    assert torch.equal(pickle.loads(pickle.dumps(y)), x)


def test_factories() -> None:
    for x in (
        torch.empty(3, pin_memory=True),
        torch.zeros(3, pin_memory=True),
        torch.tensor([1, 2], pin_memory=True),
        torch.ones_like(torch.ones(3), pin_memory=True),
        torch.ones(3).new_full((2,), 7, pin_memory=True),
        torch.ones(2).new_tensor([1.0], pin_memory=True),
        torch.empty_strided((2, 3), (1, 2), pin_memory=True),
    ):
        assert x.is_pinned()
    assert torch.tensor([1, 2], pin_memory=True).tolist() == [1, 2] and not torch.zeros(3, pin_memory=False).is_pinned()
    assert torch.ones(3, pin_memory=True, requires_grad=True).is_leaf
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned"):
        torch.zeros(3, device="cuda", pin_memory=True)


def test_blocks_are_used_again_after_the_streams(emulated: Any) -> None:
    x = torch.empty(5000, pin_memory=True)
    address, allocated = x.data_ptr(), emulated.calls("cuMemHostAlloc")
    del x
    x = torch.empty(5000, pin_memory=True)
    assert x.data_ptr() == address and emulated.calls("cuMemHostAlloc") == allocated
    stream = torch.cuda.Stream()
    emulated.hold(stream)
    with torch.cuda.stream(stream):
        on_gpu = x.to("cuda", non_blocking=True)
    del x
    other = torch.empty(5000, pin_memory=True)
    assert other.data_ptr() != address  # the copy may not have been made yet
    emulated.hold(stream, False)
    assert torch.empty(5000, pin_memory=True).data_ptr() == address
    assert on_gpu.shape == (5000,)


def test_copies_that_do_not_wait(emulated: Any) -> None:
    x = torch.arange(6.0).pin_memory()
    x.cuda().double()  # from now on the kernels are there
    waits = emulated.calls("cuStreamSynchronize")
    y = x.to("cuda", non_blocking=True)
    z = x.cuda(non_blocking=True)
    z.copy_(x, non_blocking=True)
    back = torch.empty(6, pin_memory=True).copy_(y, non_blocking=True)
    new = y.to("cpu", non_blocking=True)
    doubled = y.to("cpu", torch.float64, non_blocking=True)
    assert emulated.calls("cuStreamSynchronize") == waits
    torch.cuda.synchronize()
    assert new.is_pinned() and doubled.is_pinned()
    for copied in (back, new, doubled):
        assert copied.tolist() == x.tolist()
    waits = emulated.calls("cuStreamSynchronize")
    torch.empty(6).copy_(y, non_blocking=True)  # memory that is not pinned
    assert emulated.calls("cuStreamSynchronize") == waits + 1
    y.cpu(), x.cuda()
    assert emulated.calls("cuStreamSynchronize") == waits + 3


def test_gradients_pass_copies() -> None:
    x = torch.arange(3.0, requires_grad=True)
    (x.to("cuda", non_blocking=True).to("cpu", non_blocking=True) * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_record_stream(emulated: Any) -> None:
    stream = torch.cuda.Stream()
    x = torch.empty(3 << 20, device="cuda")
    address = x.data_ptr()
    emulated.hold(stream)
    x.record_stream(stream)
    del x
    assert torch.empty(3 << 20, device="cuda").data_ptr() != address
    emulated.hold(stream, False)
    assert torch.empty(3 << 20, device="cuda").data_ptr() == address
    with pytest.raises(RuntimeError, match="on cpu, not on a CUDA device"):
        torch.ones(1).record_stream(stream)


def test_data_loader() -> None:
    data = TensorDataset(torch.arange(10.0), torch.arange(10))
    seen = []
    for x, i in DataLoader(data, batch_size=4, pin_memory=True):
        assert x.is_pinned() and i.is_pinned()
        seen += x.to("cuda", non_blocking=True).tolist()
    assert seen == list(range(10))
