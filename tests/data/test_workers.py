"""Worker processes and threads of the loader: the same batches, seeds and errors as PyTorch's, and what happens when
workers fail."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info

PRELUDE = """
import random, warnings

from torch.utils.data import *
warnings.simplefilter('ignore')

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e).split('.\\n')[0])

ds = TensorDataset(torch.arange(40.).view(20, 2), torch.arange(20))

class Numbers(Dataset):
    def __init__(self, n, bad=-1, error=ValueError): self.n, self.bad, self.error = n, bad, error
    def __len__(self): return self.n
    def __getitem__(self, i):
        if i == self.bad: raise self.error('number ' + str(i))
        return i

class Draws(Dataset):
    def __len__(self): return 6
    def __getitem__(self, i):
        info = get_worker_info()
        return i, info.id, info.num_workers, info.seed, torch.rand(2), random.random(), np.random.rand(2), torch.get_num_threads()

class Stream(IterableDataset):
    def __init__(self, n): self.n = n
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, self.n if info.id else self.n // 2, info.num_workers))

class Rich(Dataset):
    def __len__(self): return 4
    def __getitem__(self, i): return {'a': np.full(3, i), 'b': (torch.eye(2)[0] * i, [i, 'x' * i]), 'big': torch.full((5000,), float(i))}

def load(*args, epochs=2, **kw):
    torch.manual_seed(0)
    l = DataLoader(*args, **kw)
    return [list(l) for _ in range(epochs)], torch.rand(2), l.prefetch_factor
"""

LOADERS = {
    "plain": "load(ds, num_workers=2)",
    "shuffle": "load(ds, batch_size=3, shuffle=True, num_workers=2)",
    "generator": "load(ds, batch_size=3, shuffle=True, num_workers=3, generator=torch.Generator().manual_seed(4))",
    "drop_last": "load(Numbers(11), batch_size=3, drop_last=True, num_workers=2)",
    "no batches": "load(ds, batch_size=None, num_workers=2)",
    "more workers than batches": "load(Numbers(3), batch_size=2, num_workers=5)",
    "prefetch": "load(Numbers(30), batch_size=2, num_workers=2, prefetch_factor=5)",
    "persistent": "load(Numbers(30), batch_size=4, shuffle=True, num_workers=2, persistent_workers=True)",
    "draws": "load(Draws(), batch_size=2, num_workers=2)",
    "draws persistent": "load(Draws(), batch_size=2, num_workers=2, persistent_workers=True)",
    "draws with generator": "load(Draws(), batch_size=2, num_workers=2, generator=torch.Generator().manual_seed(7))",
    "init": "load(Draws(), num_workers=2, worker_init_fn=lambda i: torch.manual_seed(i))",
    "stream": "load(Stream(25), batch_size=3, num_workers=2)",
    "stream persistent": "load(Stream(25), batch_size=3, num_workers=2, persistent_workers=True)",
    "stream drop_last": "load(Stream(25), batch_size=3, num_workers=3, drop_last=True)",
    "stream no batches": "load(Stream(9), batch_size=None, num_workers=2)",
    "rich": "load(Rich(), batch_size=2, num_workers=1)",
    "collate_fn": "load(Rich(), batch_size=2, num_workers=1, collate_fn=lambda b: [x['big'] for x in b])",
    "pin_memory": "load(ds, batch_size=5, num_workers=1, pin_memory=True, pin_memory_device='')",
    "context": "load(Numbers(5), num_workers=1, multiprocessing_context='fork')",
}

SNIPPETS = {
    "error": "result = attempt(lambda: list(DataLoader(Numbers(9, 5), num_workers=2)))",
    "key error": "result = attempt(lambda: list(DataLoader(Numbers(9, 5, KeyError), num_workers=2)))",
    "error in init": "def init(i): raise KeyError('x')\nresult = attempt(lambda: list(DataLoader(Numbers(9), num_workers=2, worker_init_fn=init)))",
    "error in iter": "class B(IterableDataset):\n    def __iter__(self): raise OSError('x')\nresult = attempt(lambda: list(DataLoader(B(), num_workers=1)))",
    "going on after an error": "i = iter(DataLoader(Numbers(9, 3), batch_size=2, num_workers=2)); result = [attempt(lambda: next(i)) for _ in range(6)]",
    "StopIteration of a map": "result = list(DataLoader(Numbers(9, 3, StopIteration), num_workers=1))",
    "left early": "l = DataLoader(Numbers(30), num_workers=2, persistent_workers=True); i = iter(l); result = [next(i), next(i), list(l), list(l)]",
    "two iterators": "l = DataLoader(Numbers(6), num_workers=1); result = list(zip(l, l))",
    "too many": "import os\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always'); DataLoader(ds, num_workers=len(os.sched_getaffinity(0)) + 1)\nresult = [str(x.message) for x in w]",
    "options": "result = [attempt(lambda: DataLoader(Numbers(3), num_workers=1, **kw)) for kw in (dict(prefetch_factor=-1), dict(multiprocessing_context='none'), dict(multiprocessing_context=3))]",
    "context set later": "l = DataLoader(Numbers(3), num_workers=1); l.multiprocessing_context = 'spawn'; result = (type(l.multiprocessing_context).__name__, attempt(lambda: setattr(DataLoader(Numbers(3)), 'multiprocessing_context', 'fork')))",
    "out of order": "result = sorted(int(b) for b in DataLoader(Numbers(40), num_workers=3, in_order=False))",
    "info": "i = get_worker_info(); import torch.utils.data._utils.worker as w; result = (i, w._generate_state(2 ** 40 + 5, 3), [f for f in w.WorkerInfo.__dataclass_fields__])",
    "gradients": "result = attempt(lambda: list(DataLoader(TensorDataset(torch.ones(4, requires_grad=True) * 2), num_workers=1)))",
    "leaf": "class L(Dataset):\n    def __len__(self): return 1\n    def __getitem__(self, i): return torch.nn.Parameter(torch.ones(2)), torch.ones(1, requires_grad=True)\nb = list(DataLoader(L(), batch_size=None, num_workers=1))[0]; result = [(type(t).__name__, t, t.requires_grad) for t in b]",
    "views": "x = torch.zeros(100)\nclass V(Dataset):\n    def __len__(self): return 1\n    def __getitem__(self, i): return x[10:20], x[15:30:2], x.view(10, 10).t()[2]\na, b, c = list(DataLoader(V(), batch_size=None, num_workers=1))[0]; a[5] = 1; result = (a, b, c, x, [t.stride() for t in (a, b, c)])",
}


@pytest.mark.parametrize("name", LOADERS)
def test_batches(both: Any, name: str) -> None:
    both(PRELUDE + f"result = {LOADERS[name]}")


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name])


class Numbers(Dataset):
    """Tensors of which the first element says what is done on the way."""

    def __init__(self, count: int, at: int = -1, what: str = "", size: int = 3) -> None:
        self.count, self.at, self.what, self.size = count, at, what, size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        if index == self.at:
            if self.what == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif self.what == "fault":
                os.kill(os.getpid(), signal.SIGSEGV)
            elif self.what == "exit":
                sys.exit(3)
            elif self.what == "sleep":
                time.sleep(60)
            elif self.what == "lambda":
                return lambda: 0
            elif self.what == "class":

                class OwnError(Exception):
                    pass

                raise OwnError("of the worker")
        return torch.full((self.size,), float(index))


def as_list(batch: Any) -> list:
    return batch


@pytest.mark.parametrize("options", [{"multiprocessing_context": "spawn"}, {"worker_type": "thread"}])
def test_other_kinds_of_workers(options: dict) -> None:
    data = TensorDataset(torch.arange(40.0).view(20, 2), torch.arange(20))

    def batches(**workers: Any) -> list:
        torch.manual_seed(1)
        return list(DataLoader(data, batch_size=3, shuffle=True, **workers))

    ours, expected = batches(num_workers=2, **options), batches()
    assert len(ours) == len(expected)
    for batch, other in zip(ours, expected):
        assert all(torch.equal(a, b) for a, b in zip(batch, other))


@pytest.mark.parametrize(
    "what, how", [("kill", "is killed by signal: Killed"), ("fault", "is killed by signal: Segm"), ("exit", "code 3")]
)
def test_death_of_a_worker_is_told_at_once(what: str, how: str) -> None:
    loader = DataLoader(Numbers(40, 17, what), batch_size=4, num_workers=2)
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match="exited unexpectedly") as caught:
        list(loader)
    assert time.monotonic() - begin < 1
    text = str(caught.value)
    assert how in text
    assert "while loading sample 17 (position 1 of batch 4)" in text
    if what == "fault":
        assert "in __getitem__" in text
        assert "_utils" not in text.split("__getitem__")[1].replace("_utils/fetch.py", "")


def test_worker_killed_by_somebody_else() -> None:
    iterator = iter(DataLoader(Numbers(40, 5, "sleep"), batch_size=4, num_workers=2))
    next(iterator)
    time.sleep(0.6)  # it looks every quarter of a second what a worker does
    os.kill(iterator._workers[1].pid, signal.SIGKILL)
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match="while loading sample 5") as caught:
        list(iterator)
    assert time.monotonic() - begin < 1
    assert "in __getitem__" in str(caught.value)
    assert not any(worker.is_alive() for worker in iterator._workers)


def test_timeout() -> None:
    iterator = iter(DataLoader(Numbers(8, 5, "sleep"), batch_size=4, num_workers=2, timeout=0.3))
    next(iterator)
    with pytest.raises(RuntimeError, match="timed out after 0.3 seconds.*batch 1 of worker 1"):
        next(iterator)
    iterator._shutdown_workers(grace=0)


def test_what_cannot_be_sent_is_an_error_and_no_hang() -> None:
    with pytest.raises((AttributeError, RuntimeError), match="Can't (pickle|get) local object"):
        list(DataLoader(Numbers(3, 1, "lambda"), num_workers=1, collate_fn=as_list))
    with pytest.raises(RuntimeError, match="OwnError: of the worker"):
        list(DataLoader(Numbers(3, 1, "class"), num_workers=1))


def test_full_memory_is_an_error_and_no_signal() -> None:
    code = """
    import resource, sys, torch
    sys.path.insert(0, {folder!r})
    from test_workers import Numbers
    from torch.utils.data import DataLoader
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    for make in (lambda: list(DataLoader(Numbers(40, size=5000), batch_size=20, num_workers=2)),
                 lambda: torch.zeros(100_000).share_memory_(),
                 lambda: torch.UntypedStorage._new_shared(400_000)):
        try:
            make()
            print('no error')
        except RuntimeError as error:
            print([line for line in str(error).splitlines() if 'shared memory' in line][-1])
    print(len(list(DataLoader(Numbers(40, size=1000), batch_size=20, num_workers=2))))
    """
    done = run_script(code)
    lines = done.stdout.splitlines()
    assert all("unable to allocate 40" in line for line in lines[:3]), done
    assert lines[3] == "2"


def run_script(code: str, **options: Any) -> subprocess.CompletedProcess:
    text = textwrap.dedent(code).replace("{folder!r}", repr(str(Path(__file__).parent)))
    options.setdefault("timeout", 60)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, **options)


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"  # ended, and only not yet fetched by its parent


LOOP = """
import os, signal, sys, time
sys.path.insert(0, {folder!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
from test_workers import Numbers
from torch.utils.data import DataLoader
iterator = iter(DataLoader(Numbers(4000, 9, "sleep"), num_workers=2))
print(*[worker.pid for worker in iterator._workers], flush=True)
for batch in iterator:
    pass
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_orphans(number: signal.Signals) -> None:
    text = LOOP.replace("{folder!r}", repr(str(Path(__file__).parent)))
    with subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        workers = [int(pid) for pid in process.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(0.3)
        begin = time.monotonic()
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as the terminal does
        else:
            process.send_signal(number)
        process.wait(5)
        while any(is_running(pid) for pid in workers):
            assert time.monotonic() - begin < 1.5, "a worker is still there"
            time.sleep(0.02)
        if number == signal.SIGINT:
            assert "KeyboardInterrupt" in process.stderr.read()


def test_leaving_early_ends_the_workers() -> None:
    for _ in range(3):
        iterator = iter(DataLoader(Numbers(1000), num_workers=2))
        next(iterator)
        workers = iterator._workers
        begin = time.monotonic()
        del iterator
        assert time.monotonic() - begin < 1
        assert not any(worker.is_alive() for worker in workers)


def test_forks_while_other_threads_compute() -> None:
    """Full size: 1,000 forks by ``python tests/data/long_runs.py forks``."""
    done = run_script(
        """
        import sys
        sys.path.insert(0, {folder!r})
        import long_runs
        long_runs.forks(60)
        """
    )
    assert done.returncode == 0, done.stderr
    assert "60 forks, 0 hangs" in done.stdout


def test_memory_does_not_grow() -> None:
    """Full size: 100 epochs of 1,000,000 objects by ``python tests/data/long_runs.py memory``."""
    done = run_script(
        """
        import sys
        sys.path.insert(0, {folder!r})
        import long_runs
        long_runs.memory(epochs=12, objects=50_000)
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_worker_info_of_threads() -> None:
    class Draws(Dataset):
        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> tuple:
            info = get_worker_info()
            assert info is not None and info.rng is not None
            rng = info.rng
            return (
                info.id,
                info.worker_method,
                rng.random_generator.random(),
                torch.rand(1, generator=rng.torch_generator),
            )

    def draws() -> list:
        loader = DataLoader(
            Draws(), None, num_workers=2, worker_type="thread", generator=torch.Generator().manual_seed(3)
        )
        return [(number, method, a, float(b)) for number, method, a, b in loader]

    first = draws()
    assert first == draws()
    assert [row[:2] for row in first] == [(0, "thread"), (1, "thread")] * 4
    assert len({row[2] for row in first}) == len({row[3] for row in first}) == 8
    assert get_worker_info() is None


def test_batches_hold_no_descriptors_and_no_memory() -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    gc.collect()
    before = count()
    batches = list(DataLoader(Numbers(64, size=20_000), num_workers=2))
    gc.collect()
    assert count() == before
    assert all(torch.equal(batch, torch.full((1, 20_000), float(i))) for i, batch in enumerate(batches))
    batches[3].add_(1)
    assert float(batches[4][0, 0]) == 4


class Shared(Dataset):
    """Rows of shared memory, which workers need not copy."""

    def __init__(self) -> None:
        self.rows = torch.arange(40.0).view(8, 5).share_memory_()

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.rows[index]


def test_shared_memory_is_passed_on_as_it_is() -> None:
    data = Shared()
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    batches = list(DataLoader(data, batch_size=None, num_workers=2))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
    assert torch.equal(torch.stack(batches), data.rows)
    batches[3][0] = -1
    assert data.rows[3, 0] == -1
    near, far = torch.multiprocessing.Pipe()
    near.send(batches[3])
    assert torch.equal(far.recv(), data.rows[3])


@pytest.mark.parametrize("workers", [0, 2])
def test_rows_that_cannot_be_fetched_at_once(workers: int) -> None:
    class Own(TensorDataset):
        def __getitem__(self, index: int) -> tuple:
            return (super().__getitem__(index)[0] * 10,)

    numbers = torch.arange(10)
    for data, expected in (
        (Own(numbers), numbers * 10),
        (torch.utils.data.Subset(TensorDataset(numbers), [-1, 3, -2, 0, 1]), torch.tensor([9, 3, 8, 0, 1])),
        (TensorDataset(numbers.view(2, 5).t()), numbers.view(2, 5).t()),
        (torch.utils.data.Subset(TensorDataset(numbers), [5, 3, 4]), torch.tensor([5, 3, 4])),
    ):
        got = torch.cat([batch for (batch,) in DataLoader(data, batch_size=3, num_workers=workers)])
        assert torch.equal(got, expected)
        loader = DataLoader(data, batch_size=3, num_workers=workers, shuffle=True)
        got = torch.cat([batch for (batch,) in loader])
        assert torch.equal(got.sort(0).values, expected.sort(0).values)


def test_worker_of_one_loader_does_not_hold_another() -> None:
    first = iter(DataLoader(Numbers(100), num_workers=1))
    second = iter(DataLoader(Numbers(100), num_workers=1))
    next(first)
    next(second)
    begin = time.monotonic()
    del first
    assert time.monotonic() - begin < 1
    next(second)


def test_big_messages_both_ways() -> None:
    indices = list(range(50_000))
    loader = DataLoader(range(50_000), batch_sampler=[indices] * 30, num_workers=1, prefetch_factor=20)
    for batch in loader:
        assert batch.shape == (50_000,)
        assert int(batch[-1]) == 49_999


class Counting(IterableDataset):
    """A stream that knows how far it is."""

    def __init__(self, count: int) -> None:
        self.count, self.position = count, 0

    def __iter__(self) -> Any:
        while self.position < self.count:
            self.position += 1
            yield self.position
        self.position = 0

    def state_dict(self) -> dict:
        return {"position": self.position}

    def load_state_dict(self, state: dict) -> None:
        self.position = state["position"]


class Stream(IterableDataset):
    def __iter__(self) -> Any:
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(first, 25 if first == 1 else 50, step))


def values(batch: Any) -> Any:
    batch = batch[0] if isinstance(batch, list) else batch
    return batch.tolist() if isinstance(batch, torch.Tensor) else batch


class PythonOrder(torch.utils.data.Sampler):
    def __iter__(self) -> Any:
        import random

        return iter(random.sample(range(50), 50))

    def __len__(self) -> int:
        return 50


RESUMED = {
    "shuffle": lambda **kw: DataLoader(range(50), 4, shuffle=True, **kw),
    "own generator": lambda **kw: DataLoader(
        range(50), 4, shuffle=True, generator=torch.Generator().manual_seed(3), **kw
    ),
    "rows": lambda **kw: DataLoader(TensorDataset(torch.arange(50)), 4, shuffle=True, **kw),
    "weighted": lambda **kw: DataLoader(
        range(50), 4, sampler=torch.utils.data.WeightedRandomSampler([1.0] * 50, 50), **kw
    ),
    "order of Python": lambda **kw: DataLoader(range(50), 4, sampler=PythonOrder(), **kw),
    "no batches": lambda **kw: DataLoader(range(50), None, shuffle=True, **kw),
    "stream": lambda **kw: DataLoader(Stream(), 4, **kw),
    "stream with a state": lambda **kw: DataLoader(Counting(50), 4, **kw),
}


@pytest.mark.parametrize("name", RESUMED)
@pytest.mark.parametrize("workers", [0, 3])
def test_resuming(name: str, workers: int) -> None:
    import copy
    import pickle
    import random

    make = RESUMED[name]
    kinds = [{}, {"worker_type": "thread"}] if workers and name == "shuffle" else [{}]
    for kind in kinds:
        for cut in (0, 5):

            def start() -> Any:
                torch.manual_seed(5)
                random.seed(5)
                return make(num_workers=workers, **kind)

            whole = [values(batch) for batch in start()]
            loader = start()
            iterator = iter(loader)
            before = [values(next(iterator)) for _ in range(cut)]
            state = pickle.loads(pickle.dumps(loader.state_dict()))
            iterator = None
            torch.manual_seed(99)
            random.seed(99)
            untouched = torch.get_rng_state()
            others = [workers] if "stream" in name else [workers, 2]
            for other in others:
                resumed = make(num_workers=other)
                resumed.load_state_dict(copy.deepcopy(state))
                rest = [values(batch) for batch in resumed]
                assert before + rest == whole
                assert torch.equal(torch.get_rng_state(), untouched)


def test_state_between_epochs_and_after_resuming() -> None:
    def make() -> DataLoader:
        return DataLoader(range(20), 4, shuffle=True, generator=torch.Generator().manual_seed(3))

    loader = make()
    epochs = [[values(batch) for batch in loader] for _ in range(3)]
    loader = make()
    list(loader)
    other = make()
    other.load_state_dict(loader.state_dict())
    assert [[values(batch) for batch in other] for _ in range(2)] == epochs[1:]
    # in the middle of the second epoch, and again after having resumed there
    loader = make()
    list(loader)
    iterator = iter(loader)
    got = [values(next(iterator))]
    for _ in range(2):
        other = make()
        other.load_state_dict(loader.state_dict())
        assert other.state_dict() is not None
        iterator = iter(other)
        got.append(values(next(iterator)))
        loader = other
    got += [values(batch) for batch in iterator]
    assert got == epochs[1]
    assert [values(batch) for batch in loader] == epochs[2]


def test_states_out_of_order() -> None:
    loader = DataLoader(range(40), shuffle=True, num_workers=3, in_order=False)
    iterator = iter(loader)
    got = [int(next(iterator)) for _ in range(13)]
    state = loader.state_dict()
    del iterator
    other = DataLoader(range(40), shuffle=True, num_workers=2)
    other.load_state_dict(state)
    assert sorted(got + [int(batch) for batch in other]) == list(range(40))


def test_wrong_states() -> None:
    loader = DataLoader(range(20), 4)
    iter(loader)
    state = loader.state_dict()
    with pytest.raises(ValueError, match="batches of 4 samples"):
        DataLoader(range(20), 5).load_state_dict(state)
    with pytest.raises(ValueError, match="no state of a DataLoader"):
        loader.load_state_dict({"a": 1})
    with pytest.raises(ValueError, match="iterable"):
        DataLoader(Stream(), 4).load_state_dict(state)
    stream = DataLoader(Stream(), 4, num_workers=2)
    iterator = iter(stream)
    next(iterator)
    with pytest.raises(ValueError, match="workers"):
        DataLoader(Stream(), 4, num_workers=3).load_state_dict(stream.state_dict())
    with pytest.raises(ValueError, match="worker_type"):
        DataLoader(range(3), num_workers=1, worker_type="green")
