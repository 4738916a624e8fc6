"""Datasets, samplers and the loader against the oracle: the order of samples, the numbers drawn, batches, errors."""

from __future__ import annotations

from typing import Any

import pytest

PRELUDE = """
import warnings
from collections import namedtuple, OrderedDict, defaultdict
from torch.utils.data import *
warnings.simplefilter('ignore')

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

P = namedtuple('P', 'x y')
ds = TensorDataset(torch.arange(20.).view(10, 2), torch.arange(10))

class Rows(Dataset):
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __getitem__(self, i): return {'i': i, 'x': torch.full((2,), float(i)), 'name': str(i)}

class Stream(IterableDataset):
    def __init__(self, n): self.n = n
    def __iter__(self): return iter(range(self.n))

class Sized(Stream):
    def __len__(self): return self.n - 1

def load(*args, **kw):
    torch.manual_seed(0)
    l = DataLoader(*args, **kw)
    return (attempt(lambda: len(l)), type(l.sampler).__name__, type(l.batch_sampler).__name__, l.batch_size, l.drop_last, list(l), list(l), torch.rand(2))
"""

LOADERS = {
    "plain": "load(ds)",
    "batches": "load(ds, batch_size=4)",
    "drop_last": "load(ds, batch_size=3, drop_last=True)",
    "shuffle": "load(ds, batch_size=4, shuffle=True)",
    "shuffle generator": "load(ds, batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(3))",
    "no batches": "load(ds, batch_size=None)",
    "no batches shuffled": "load(ds, batch_size=None, shuffle=True)",
    "sampler": "load(ds, batch_size=2, sampler=[1, -2, 3])",
    "sampler tensor": "load(ds, batch_size=2, sampler=torch.tensor([3, 1]))",
    "sampler random": "load(ds, batch_size=3, sampler=RandomSampler(ds, replacement=True, num_samples=7))",
    "batch_sampler": "load(ds, batch_sampler=[[1, 2], [-1]])",
    "batch_sampler object": "load(ds, batch_sampler=BatchSampler(SequentialSampler(ds), 4, False))",
    "collate_fn": "load(ds, batch_size=5, collate_fn=lambda b: len(b))",
    "pin_memory": "load(ds, batch_size=5, pin_memory=True)",
    "rows": "load(Rows(5), batch_size=2, shuffle=True)",
    "list": "load([1, 2, 3], batch_size=2)",
    "tensor": "load(torch.arange(4), batch_size=3)",
    "stream": "load(Stream(5), batch_size=2)",
    "stream drop_last": "load(Stream(5), batch_size=2, drop_last=True)",
    "stream no batches": "load(Stream(3), batch_size=None)",
    "stream sized": "load(Sized(5), batch_size=3)",
    "subset": "load(Subset(ds, [5, 6, 7, 1]), batch_size=3, shuffle=True)",
    "subset of subset": "load(Subset(Subset(ds, [5, 6, 7, 1]), [3, 2]), batch_size=3)",
    "random_split": "load(random_split(ds, [7, 3])[0], batch_size=4, shuffle=True)",
    "concat": "load(ds + ds, batch_size=6, shuffle=True)",
    "stack": "load(StackDataset(a=ds, b=range(10)), batch_size=4)",
    "one tensor": "load(TensorDataset(torch.eye(3)), batch_size=2)",
}

# Where rows could be fetched at once, but the user's class or tensor says otherwise.
SNIPPETS = {
    "rows with gradient": "x = torch.ones(4, 2, requires_grad=True); b = next(iter(DataLoader(TensorDataset(x), batch_size=3)))[0]; b.sum().backward(); result = (b, x.grad)",
    "rows of a subclass": "class T(TensorDataset):\n    def __getitem__(self, i): return super().__getitem__(i)[0] * 10\nresult = list(DataLoader(T(torch.arange(4)), batch_size=3))",
    "subset of a subclass": "class S(Subset):\n    def __getitems__(self, i): return [(torch.tensor(7),)] * len(i)\nresult = list(DataLoader(S(ds, [1, 2]), batch_size=3))",
    "getitems of the user": "class G(Dataset):\n    def __len__(self): return 4\n    def __getitems__(self, i): return [j * 10 for j in i]\nresult = list(DataLoader(G(), batch_size=3))",
    "index out of range": "result = attempt(lambda: list(DataLoader(ds, batch_sampler=[[0, 10]])))[0]",
    "batches are copies": "x = torch.zeros(4); b = next(iter(DataLoader(TensorDataset(x), batch_size=4)))[0]; b += 1; result = x",
    "strided rows": "x = torch.arange(12.).reshape(3, 4).t(); result = [(b, b.stride()) for b, in DataLoader(TensorDataset(x), batch_size=3)]",
    "wrong options": "result = [attempt(lambda: DataLoader(ds, **kw)) for kw in (dict(batch_size=0), dict(batch_size=2.5), dict(batch_size=True), dict(num_workers=-1), dict(timeout=-1), dict(prefetch_factor=2), dict(persistent_workers=True), dict(shuffle=True, sampler=[1]), dict(batch_sampler=[[1]], batch_size=3), dict(batch_sampler=[[1]], shuffle=True), dict(batch_size=None, drop_last=True), dict(multiprocessing_context='fork'), dict(drop_last=3))] + [attempt(lambda: list(DataLoader(ds, timeout=3)))]",
    "wrong options for streams": "result = [attempt(lambda: DataLoader(Stream(3), **kw)) for kw in (dict(shuffle=True), dict(sampler=[1]), dict(batch_sampler=[[1]]))]",
    "fixed attributes": "l = DataLoader(ds); result = [attempt(lambda: setattr(l, n, 1)) for n in ('batch_size', 'sampler', 'drop_last', 'dataset', 'batch_sampler', 'persistent_workers', 'collate_fn')]",
    "iterator": "l = DataLoader(ds, batch_size=4); i = iter(l); first = next(i); result = (first, len(i), len(list(i)), attempt(lambda: next(i)), attempt(lambda: i.nope), iter(i) is i, l.multiprocessing_context)",
    "random sampler": "result = []\nfor a in ((True, 3), (True, None), (True, 70), (False, 3), (False, 25), (False, None)):\n    torch.manual_seed(1); s = RandomSampler(ds, *a); result.append((len(s), list(s), list(s), torch.rand(1)))\ng = torch.Generator().manual_seed(7); result.append((list(RandomSampler(ds, generator=g)), torch.rand(1, generator=g)))",
    "random sampler errors": "result = [attempt(f) for f in (lambda: RandomSampler([]), lambda: RandomSampler(ds, num_samples=0), lambda: RandomSampler(ds, replacement=3), lambda: RandomSampler(ds, num_samples=-1), lambda: RandomSampler(ds, num_samples=1.5))]",
    "subset random sampler": "torch.manual_seed(2); result = (list(SubsetRandomSampler([5, 6, 7, 8])), len(SubsetRandomSampler([1, 2])), torch.rand(1))",
    "weighted sampler": "torch.manual_seed(2); result = (list(WeightedRandomSampler([0.1, 0.9, 0.5], 8)), list(WeightedRandomSampler([0.1, 0.9, 0.5], 2, False)), torch.rand(1), [attempt(f) for f in (lambda: WeightedRandomSampler([1, 2], 0), lambda: WeightedRandomSampler([1, 2], 1, 3), lambda: WeightedRandomSampler([[1, 2]], 1), lambda: WeightedRandomSampler([1, 2], True))])",
    "batch sampler": "s = SequentialSampler(ds); result = (list(BatchSampler(s, 4, False)), list(BatchSampler(s, 4, True)), len(BatchSampler(s, 4, False)), len(BatchSampler(s, 4, True)), list(BatchSampler(iter('abc'), 2, False)), attempt(lambda: BatchSampler(s, 0, False)), attempt(lambda: BatchSampler(s, 3, 3)))",
    "random_split": "torch.manual_seed(3); result = ([s.indices for s in random_split(ds, [3, 7])], [s.indices for s in random_split(ds, [0.25, 0.25, 0.5])], [s.indices for s in random_split(range(10), [0.3, 0.3, 0.4], generator=torch.Generator().manual_seed(1))], [len(s) for s in random_split(range(5), [0.5, 0.5])], torch.rand(1), attempt(lambda: random_split(ds, [3, 4])), attempt(lambda: random_split(ds, [0.5, 0.4])), attempt(lambda: random_split(ds, [1.5, -0.5])))",
    "tensor dataset": "result = (ds[3], ds[2:4], ds[[1, 2]], len(ds), attempt(lambda: TensorDataset(torch.ones(2), torch.ones(3))), attempt(lambda: ds[10])[0])",
    "concat dataset": "c = ConcatDataset([ds, range(5)]); result = (len(c), c.cumulative_sizes, c[-1], c[9], c[10], attempt(lambda: c[-16]), attempt(lambda: c[15])[0], attempt(lambda: ConcatDataset([])), attempt(lambda: ConcatDataset([Stream(2)])))",
    "chain dataset": "result = (list(ChainDataset([Stream(2), Stream(3)])), list(Stream(2) + Stream(1)), len(ChainDataset([Sized(5), Sized(3)])), attempt(lambda: list(ChainDataset([ds]))))",
    "stack dataset": "s = StackDataset(ds, range(10)); d = StackDataset(a=ds, b=range(10)); result = (s[2], d[2], len(s), s.__getitems__([1, 2]), d.__getitems__([3]), attempt(lambda: StackDataset(ds, range(9))), attempt(lambda: StackDataset()), attempt(lambda: StackDataset(ds, a=ds)))",
    "subset": "s = Subset(ds, [5, 6, 7]); result = (s[1], s[[0, 1]], s.__getitems__([0, 2]), len(s))",
    "dataset": "class B(Dataset): pass\nresult = (attempt(lambda: B()[0]), attempt(lambda: len(DataLoader(B()))), get_worker_info(), str(Dataset[int])[-5:], str(DataLoader[int])[-5:])",
    "distributed": "result = [(list(s), len(s)) for r in range(3) for kw in (dict(), dict(shuffle=False), dict(drop_last=True), dict(seed=5)) for s in [DistributedSampler(range(10), 3, r, **kw)]]; s = DistributedSampler(range(10), 3, 0); s.set_epoch(2); result.append(list(s)); result.append(attempt(lambda: DistributedSampler(ds, 3, 3)))",
    "collate": "result = [attempt(lambda: default_collate(b)) for b in ([1, 2], [1.5, 2.5], ['a', 'b'], [b'a'], [{'a': 1, 'b': torch.ones(2)}, {'a': 2, 'b': torch.zeros(2)}], [(1, 2), (3, 4)], [[1, 2], [3, 4]], [P(1, 2.0), P(3, 4.0)], [np.ones(2), np.zeros(2)], [np.float32(1), np.float32(2)], [np.int16(2)], [np.float64(2)], [True, False], [None, None], [[1, 2], [3]], [np.array(['a'])], [np.array(3.5)], [{1, 2}], [(1, ('a', torch.ones(1)))], [1 + 2j], [('a', 'b'), ('c', 'd')], [[]], [torch.tensor(1), torch.tensor(2)], [range(2), range(2)], [])]",
    "collate kinds": "result = [(type(r).__name__, r) for b in ([OrderedDict(a=1)], [defaultdict(int, a=1)]) for r in [default_collate(b)]]",
    "collate shapes": "result = attempt(lambda: default_collate([torch.ones(2), torch.ones(3)]))[0]",
    "collate map": "from torch.utils.data._utils.collate import collate, collate_tensor_fn, default_collate_fn_map; result = collate([torch.ones(2, 3), torch.ones(1, 3)], collate_fn_map={torch.Tensor: lambda b, *, collate_fn_map=None: torch.cat(b)})",
    "convert": "result = [default_convert(b) for b in (1, 'a', np.ones(2), np.float32(3), [1, np.ones(1)], (1, np.ones(1)), {'a': np.ones(1)}, P(1, np.ones(1)), torch.ones(1), None, 3.5, [1, 2])]",
}


@pytest.mark.parametrize("name", LOADERS)
def test_loader(both: Any, name: str) -> None:
    both(PRELUDE + f"result = {LOADERS[name]}")


@pytest.mark.parametrize("name", SNIPPETS)
def test_data(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name])
