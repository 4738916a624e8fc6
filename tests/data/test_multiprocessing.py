"""Tensors in queues, pipes and arguments of other processes: shared, not copied, whatever the strategy and start method."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
import torch.multiprocessing as mp
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef


@pytest.fixture(params=sorted(mp.get_all_sharing_strategies()))
def strategy(request: pytest.FixtureRequest) -> Any:
    before = mp.get_sharing_strategy()
    mp.set_sharing_strategy(request.param)
    yield request.param
    mp.set_sharing_strategy(before)


def add_one(inbox: Any, outbox: Any) -> None:
    """Adds one to the first tensor of each message; tells kinds, or sends the tensor back."""
    while True:
        message = inbox.get()
        if message is None:
            return
        with torch.no_grad():
            message[0].add_(1)
        outbox.put(
            (
                message[0],
                [(type(x).__name__, x.requires_grad, tuple(x.stride())) for x in message if x.layout == torch.strided],
            )
        )


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_tensors_are_shared(strategy: str, method: str) -> None:
    context = mp.get_context(method)
    inbox, outbox = context.Queue(), context.Queue()
    process = context.Process(target=add_one, args=(inbox, outbox))
    process.start()
    base = torch.zeros(10)
    inbox.put((base[2:5], base[4:9:2], base.view(2, 5).t()))
    back, _ = outbox.get()
    assert base.tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]
    base[2] = 7
    assert back.tolist() == [7, 1, 1]
    assert back.is_shared() and base.is_shared()
    parameter = nn.Parameter(torch.zeros(2))
    leaf = torch.zeros(2, 3).t().requires_grad_()
    meta, empty = torch.empty(3, device="meta"), torch.empty(0, 2)
    inbox.put((parameter, leaf, meta, empty, torch.eye(2).to_sparse()))
    _, kinds = outbox.get()
    assert kinds == [
        ("Parameter", True, (1,)),
        ("Tensor", True, (1, 3)),
        ("Tensor", False, (1,)),
        ("Tensor", False, (2, 1)),
    ]
    assert parameter.tolist() == [1, 1]
    inbox.put(None)
    process.join(10)
    assert process.exitcode == 0


def test_views_share_one_storage_there_too() -> None:
    near, far = mp.Pipe()
    x = torch.zeros(6)
    near.send((x[:4], x[2:], x.untyped_storage(), x.storage(), [x[1:2]]))
    a, b, storage, typed, (c,) = far.recv()
    assert a.untyped_storage() is b.untyped_storage() is storage is typed.untyped()
    assert c.data_ptr() == storage.data_ptr() + 4
    b[0] = 5
    assert a.tolist() == [0, 0, 5, 0] and x[2] == 5


def test_what_cannot_be_sent() -> None:
    near, _ = mp.Pipe()
    with pytest.raises(RuntimeError, match="Cowardly refusing.*detach"):
        near.send(torch.ones(2, requires_grad=True) * 2)


class Marked(torch.Tensor):
    pass


def test_kinds_of_memory() -> None:
    near, far = mp.Pipe()
    array = numpy.zeros(3)
    tensor = torch.from_numpy(array)
    near.send(tensor)
    assert far.recv().tolist() == [0, 0, 0]
    tensor = torch.ones(3)
    array = tensor.numpy()  # somebody has the address: it stays where it is, and a copy goes
    near.send(tensor)
    assert far.recv().tolist() == [1, 1, 1]
    array[0] = 5
    assert tensor.tolist() == [5, 1, 1]
    with pytest.raises(RuntimeError, match="clone"):
        tensor.share_memory_()
    near.send(torch.ones(2).as_subclass(Marked))
    assert type(far.recv()) is Marked
    module = nn.Linear(2, 2).share_memory()
    near.send(module)
    received = far.recv()
    with torch.no_grad():
        received.weight.fill_(3)
    assert module.weight.tolist() == [[3, 3], [3, 3]]
    for dtype in (torch.bfloat16, torch.bool, torch.complex64, torch.uint16):
        near.send(torch.ones(2, dtype=dtype))
        received = far.recv()
        assert received.dtype == dtype and received.tolist() == [1, 1]


def test_shared_storages(strategy: str) -> None:
    storage = torch.UntypedStorage._new_shared(8)
    assert storage.is_shared() and storage.tolist() == [0] * 8
    assert not storage.resizable()
    with pytest.raises(RuntimeError, match="not resizable"):
        storage.resize_(16)
    typed = torch.FloatStorage._new_shared(3)
    assert typed.is_shared() and len(typed) == 3 and typed.dtype == torch.float32
    x = torch.zeros(3)
    assert not x.is_shared() and x.share_memory_() is x and x.is_shared() and x.share_memory_() is x
    assert not copy.deepcopy(x).is_shared() and not x.clone().is_shared()
    # a small tensor, whose memory lies in the storage object, and none at all
    assert torch.zeros(1).share_memory_().tolist() == [0] and torch.zeros(0).share_memory_().is_shared()
    if strategy == "file_descriptor":
        fd, size = storage._share_fd_cpu_()
        other = torch.UntypedStorage._new_shared_fd_cpu(fd, size)
        os.close(fd)
        with pytest.raises(RuntimeError, match="8 bytes, not 9"):
            fd, size = storage._share_fd_cpu_()
            torch.UntypedStorage._new_shared_fd_cpu(fd, 9)
    else:
        other = torch.UntypedStorage._new_shared_filename_cpu(*storage._share_filename_cpu_())
    other[3] = 9
    assert storage[3] == 9


def test_weak_references() -> None:
    x = torch.ones(3)
    reference = StorageWeakRef(x.untyped_storage())
    assert reference == StorageWeakRef(x[1:].untyped_storage())
    assert hash(reference) == hash(StorageWeakRef(x.storage()))
    assert reference != StorageWeakRef(torch.ones(3).untyped_storage())
    view = x[1:]
    del x
    assert not reference.expired()
    del view
    assert reference.expired()


def test_pool_and_manager() -> None:
    with mp.Pool(2) as pool:
        assert [float(x.sum()) for x in pool.map(torch.neg, [torch.ones(2), torch.ones(3)])] == [-2, -3]
    with mp.Manager() as manager:
        shared = manager.dict()
        shared["x"] = torch.arange(3)
        assert shared["x"].tolist() == [0, 1, 2]


def test_many_tensors_by_file_names_hold_no_descriptors() -> None:
    before = mp.get_sharing_strategy()
    mp.set_sharing_strategy("file_system")
    try:
        count = len(os.listdir("/proc/self/fd"))
        tensors = [torch.full((10,), float(i)).share_memory_() for i in range(300)]
        assert len(os.listdir("/proc/self/fd")) == count
        from torch.multiprocessing import _shared_files

        folder = Path(_shared_files.folder())
        files = len(list(folder.iterdir()))
        assert files >= 300
        del tensors
        assert len(list(folder.iterdir())) <= files - 300
    finally:
        mp.set_sharing_strategy(before)


def run(rank: int, what: str, flags: torch.Tensor) -> None:
    flags[rank] += 1
    if rank == 1 and what == "raise":
        raise ValueError("from the process")
    if rank == 1 and what == "signal":
        os.kill(os.getpid(), signal.SIGUSR1)
    if rank == 1 and what == "exit":
        os._exit(7)
    if what:
        time.sleep(30)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_start_processes(method: str) -> None:
    flags = torch.zeros(3).share_memory_()
    assert mp.start_processes(run, ("", flags), nprocs=3, start_method=method) is None
    assert flags.tolist() == [1, 1, 1]
    begin = time.monotonic()
    with pytest.raises(mp.ProcessRaisedException, match="ValueError: from the process") as raised:
        mp.start_processes(run, ("raise", flags), nprocs=2, start_method=method)
    assert raised.value.error_index == 1 and raised.value.error_pid > 0
    assert "-- Process 1 terminated with the following error:" in str(raised.value)
    if method == "fork":
        with pytest.raises(mp.ProcessExitedException, match="process 1 terminated with signal SIGUSR1") as exited:
            mp.start_processes(run, ("signal", flags), nprocs=2, start_method=method)
        assert exited.value.exit_code == -signal.SIGUSR1 and exited.value.signal_name == "SIGUSR1"
        with pytest.raises(mp.ProcessExitedException, match="process 1 terminated with exit code 7"):
            mp.start_processes(run, ("exit", flags), nprocs=2, start_method=method)
        context = mp.start_processes(run, ("", flags), nprocs=2, start_method=method, join=False)
        assert context is not None and len(context.pids()) == 2
        while not context.join(timeout=5):
            pass
    assert time.monotonic() - begin < 10


def test_spawn() -> None:
    flags = torch.zeros(2).share_memory_()
    mp.spawn(run, ("", flags), nprocs=2)
    assert flags.tolist() == [1, 1]
    with pytest.warns(FutureWarning, match="only supports start_method=spawn"):
        context = mp.spawn(run, ("", flags), nprocs=1, join=False, start_method="fork")
    assert isinstance(context, mp.SpawnContext)
    while not context.join():
        pass


def test_strategies() -> None:
    assert mp.get_all_sharing_strategies() == {"file_descriptor", "file_system"}
    assert mp.get_sharing_strategy() == "file_descriptor"
    with pytest.raises(AssertionError, match="unknown sharing strategy"):
        mp.set_sharing_strategy("none")


KILLED = """
import os, sys, time
import torch, torch.multiprocessing as mp
mp.set_sharing_strategy({strategy!r})

def child(queue):
    x = queue.get()
    y = torch.ones(100_000).share_memory_()
    queue.put(y)
    time.sleep(60)

queue = mp.get_context("fork").Queue()
process = mp.get_context("fork").Process(target=child, args=(queue,))
process.start()
x = torch.ones(100_000)
queue.put(x)
time.sleep(0.5)
print(os.getpid(), process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("killed", ["sender", "receiver", "both"])
def test_nothing_stays_behind_the_killed(strategy: str, killed: str) -> None:
    def files() -> list[Path]:
        return [path for pid in (sender, receiver) for path in Path("/dev/shm").glob(f"torch_{pid}_*")]

    with subprocess.Popen(
        [sys.executable, "-c", KILLED.replace("{strategy!r}", repr(strategy))], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        sender, receiver = map(int, process.stdout.readline().split())
        found = files()
        # the other one ends as processes do when nobody needs them any more
        for pid, name in ((sender, "sender"), (receiver, "receiver")):
            os.kill(pid, signal.SIGKILL if killed in (name, "both") else signal.SIGTERM)
        process.wait(10)
    end = time.monotonic() + 5
    assert bool(found) == (strategy == "file_system")
    while files():
        assert time.monotonic() < end, "files are left in /dev/shm"
        time.sleep(0.02)


def test_no_room_is_an_error() -> None:
    code = """
    import resource, torch, torch.multiprocessing as mp
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    for strategy in ("file_descriptor", "file_system"):
        mp.set_sharing_strategy(strategy)
        for make in (lambda: torch.zeros(100_000).share_memory_(), lambda: torch.UntypedStorage._new_shared(400_000),
                     lambda: mp.Pipe()[0].send(torch.zeros(100_000))):
            try:
                make()
            except RuntimeError as error:
                assert "unable to allocate 400000 bytes of shared memory" in str(error)
                print("error")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["error"] * 6, done.stderr


def test_names(both: Any) -> None:
    both(
        "import torch.multiprocessing as mp; result = (sorted(mp.get_all_sharing_strategies()), mp.get_sharing_strategy(), sorted(mp.__all__))"
    )
