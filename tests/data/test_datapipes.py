"""Data pipes against PyTorch's: the samples of each step, their order, lengths, errors, and loaders over them."""

from __future__ import annotations

from typing import Any

import pytest

PRELUDE = """
import random, warnings
from torch.utils.data import *
from torch.utils.data.datapipes.iter import *
from torch.utils.data.datapipes.iter import Sampler as SamplerPipe
from torch.utils.data.datapipes import map as M
from torch.utils.data.graph_settings import *
warnings.simplefilter('ignore')

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

def length(p): return attempt(lambda: len(p))
p = IterableWrapper(range(10))
pairs = IterableWrapper([(i, i + 1, i + 2) for i in range(4)])
"""

SNIPPETS = {
    "wrapper": "x = [[1], [2]]; q = IterableWrapper(x); i = iter(q); next(i); x[1].append(3); result = (list(i), len(q), list(q), str(q), length(IterableWrapper(iter([1])))[0])",
    "map": "result = (list(p.map(lambda v: v * 2)), len(p.map(abs)), attempt(lambda: p.map(3))[0])",
    "map columns": "result = [list(pairs.map(f, *a)) for f, a in ((lambda v: -v, (0,)), (lambda v: -v, (0, 2)), (lambda v: -v, (1, -1)), (lambda a, b: a + b, ([0, 2],)), (lambda a, b: a * b, ([0, 2], 1)), (lambda a, b: a * b, ([2, 0], -1)))]",
    "map of dictionaries": "result = list(IterableWrapper([{'a': 1, 'b': 2}]).map(lambda v: v + 1, 'a', 'c'))",
    "map errors": "result = (attempt(lambda: p.map(abs, output_col=1))[0], attempt(lambda: p.map(abs, 1, [1, 2]))[0], attempt(lambda: pairs.map(lambda a: a, [0, 1]))[0])",
    "filter": "result = (list(p.filter(lambda v: v % 3 == 0)), list(pairs.filter(lambda v: v > 1, 0)), length(p.filter(lambda v: True))[0], attempt(lambda: list(p.filter(lambda v: 1)))[0])",
    "batch": "result = ([list(b) for b in p.batch(4)], [list(b) for b in p.batch(4, drop_last=True)], len(p.batch(4)), len(p.batch(4, drop_last=True)), attempt(lambda: p.batch(0))[0], type(next(iter(p.batch(3)))).__name__, next(iter(p.batch(3))).as_str('>'))",
    "unbatch": "q = IterableWrapper([[[0, 1], [2]], [[3]]]); result = (list(q.unbatch()), list(q.unbatch(2)), list(q.unbatch(-1)), attempt(lambda: list(q.unbatch(3)))[0])",
    "shuffle": "result = (list(p.shuffle().set_seed(3)), list(p.shuffle(buffer_size=3).set_seed(3)), list(p.shuffle().set_shuffle(False)), len(p.shuffle()), list(p.batch(3).shuffle(unbatch_level=1).set_seed(1)), attempt(lambda: p.shuffle(buffer_size=0))[0])",
    "shuffle of the global seed": "torch.manual_seed(4); result = (list(p.shuffle()), list(p.shuffle()), torch.rand(1))",
    "sampler": "result = (list(SamplerPipe(p)), len(SamplerPipe(p)), len(list(SamplerPipe(p, RandomSampler, sampler_kwargs={'replacement': True, 'num_samples': 4}))), attempt(lambda: SamplerPipe(p.filter(bool)))[0])",
    "concat": "result = (list(p.concat(pairs)), len(p.concat(pairs)), attempt(lambda: p.concat([1]))[0], attempt(lambda: Concater())[0])",
    "zip": "result = (list(p.zip(pairs)), len(p.zip(pairs)))",
    "mux": "result = (list(p.mux(IterableWrapper('abc'))), len(p.mux(IterableWrapper('abc'))))",
    "fork": "a, b = p.fork(2); result = (list(zip(a, b)), list(a), len(a), attempt(lambda: p.fork(0))[0], attempt(lambda: list(p.fork(2, buffer_size=3)[0]))[0], p.fork(1) is p)",
    "fork with copies": "q = IterableWrapper([[1]]); a, b = q.fork(2, copy='deep'); x, y = next(iter(a)), next(iter(b)); x.append(2); result = (x, y, attempt(lambda: q.fork(2, copy='x'))[0])",
    "demux": "a, b = p.demux(2, lambda v: v % 2); c, = p.demux(1, lambda v: None if v > 2 else 0, drop_none=True); result = (list(a), list(b), list(c), attempt(lambda: list(p.demux(2, lambda v: 5)[0]))[0], attempt(lambda: list(p.demux(2, lambda v: v % 2, buffer_size=2)[0]))[0])",
    "groupby": "q = IterableWrapper(['ax', 'b', 'ay', 'by', 'az', 'c']); k = lambda s: s[0]; result = [attempt(lambda: [(g[0], list(g[1])) if kw.get('keep_key') else list(g) for g in q.groupby(k, **kw)]) for kw in (dict(), dict(keep_key=True), dict(group_size=2), dict(buffer_size=3), dict(buffer_size=3, group_size=3, drop_remaining=True), dict(buffer_size=4, group_size=3, guaranteed_group_size=2))]",
    "collate": "result = (list(pairs.collate()), list(pairs.batch(2).collate(collate_fn=lambda b: len(b))))",
    "sharding": "q = p.sharding_filter(); r = []\nfor n in range(3):\n    apply_sharding(q, 3, n); r.append((list(q), len(q)))\nresult = (r, attempt(lambda: apply_sharding(q, 2, 2))[0], attempt(lambda: apply_sharding(p.sharding_filter().map(abs).sharding_filter(), 2, 1))[0])",
    "graph": "from torch.utils.data.graph import traverse_dps; q = p.map(abs).zip(pairs.shuffle()); result = ([str(x) for x in get_all_graph_pipes(traverse_dps(q))])",
    "shuffle settings": "q = p.shuffle(); result = (list(apply_shuffle_settings(q, False)), str(apply_shuffle_settings(p, True)), apply_shuffle_settings(p) is p, sorted(apply_shuffle_settings(q, True)), list(apply_random_seed(p.shuffle(), torch.Generator().manual_seed(2))))",
    "map pipes": "q = M.SequenceWrapper(list('abcdef')); result = (list(q), len(q), list(q.map(str.upper)), [list(b) for b in q.batch(4)], len(q.batch(4)), len(q.batch(4, drop_last=True)), list(q.concat(q)), len(q.concat(q)), list(q.zip(q)), attempt(lambda: q.batch(4)[2])[0], list(q.shuffle().set_seed(3)), list(q.shuffle(indices=[1, 2]).set_seed(0)), M.SequenceWrapper({'a': 1})['a'])",
    "files": "import tempfile, os\nd = tempfile.mkdtemp(); os.mkdir(d + '/sub'); [open(d + '/' + n, 'w').write(n * 2) for n in ('b.txt', 'a.txt', 'c.py', 'sub/d.txt')]\nnames = lambda q: [os.path.relpath(x if isinstance(x, str) else x[0], d) for x in q]\nresult = (names(FileLister(d)), names(FileLister(d, '*.txt', recursive=True)), names(FileLister(d, ['*.py', 'b*'])), [(os.path.basename(a), b) for a, b in FileLister(d, '*.txt').open_files().read_from_stream()], [b for a, b in FileLister(d, 'a*').open_files(mode='b').read_from_stream(4)], attempt(lambda: FileOpener(p, mode='w'))[0], length(FileLister(d))[0], len(FileLister(d, length=3)))",
    "methods": "@functional_datapipe('twice_over')\nclass Twice(IterDataPipe):\n    def __init__(self, source, times=2): self.source, self.times = source, times\n    def __iter__(self):\n        for _ in range(self.times): yield from self.source\nresult = (list(p.twice_over()), list(p.twice_over(times=3).batch(20))[1], attempt(lambda: p.nothing_like_it)[0], attempt(lambda: functional_datapipe('twice_over')(Twice))[0])\nIterDataPipe.functions.pop('twice_over')",
    "determinism": "@non_deterministic\nclass N(IterDataPipe):\n    def __iter__(self): yield 1\n@non_deterministic(lambda x: x)\nclass Q(IterDataPipe):\n    def __init__(self, x): pass\n    def __iter__(self): yield 1\nr = [list(N()), list(Q(True))]\nwith guaranteed_datapipes_determinism(): r += [attempt(lambda: N())[0], attempt(lambda: Q(True))[0], list(Q(False))]\nresult = r",
    "loader": "torch.manual_seed(0); result = (list(DataLoader(p.map(float), batch_size=3)), list(DataLoader(p.shuffle(), batch_size=4)), list(DataLoader(p.shuffle(), shuffle=False, batch_size=4)), list(DataLoader(p.shuffle(), shuffle=True, batch_size=4)), torch.rand(1))",
    "loader of a map pipe": "torch.manual_seed(0); result = (list(DataLoader(M.SequenceWrapper(range(7)), batch_size=3, shuffle=True)), torch.rand(1))",
    "loader with workers": "torch.manual_seed(0); q = p.shuffle().sharding_filter(); l = DataLoader(q, num_workers=2, batch_size=2); result = (list(l), list(l), torch.rand(1))",
    "loader with persistent workers": "torch.manual_seed(0); q = p.shuffle().sharding_filter(); l = DataLoader(q, num_workers=2, batch_size=2, persistent_workers=True); result = (list(l), list(l), torch.rand(1))",
    "names": "import torch.utils.data as d, torch.utils.data.datapipes.map as m; result = (d.__all__, m.__all__)",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_pipes(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name])


def test_shuffle_of_the_loader_shuffles() -> None:
    """PyTorch warns that it adds a step that shuffles, and gives the samples in order."""
    from torch.utils.data import DataLoader
    from torch.utils.data.datapipes.iter import IterableWrapper

    with pytest.warns(UserWarning, match="does not contain a `Shuffler`"):
        loader = DataLoader(IterableWrapper(range(50)), shuffle=True, batch_size=None)
    batches = list(loader)
    assert batches != list(range(50)) and sorted(batches) == list(range(50))
