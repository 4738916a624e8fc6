"""Files written here are read by the reference and the other way round, with the same objects, sharing and layout."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
import wire
from conftest import assert_same

OBJECTS = {
    "tensor": "x = torch.arange(6.).reshape(2, 3)",
    "dtypes": "x = [torch.arange(4).to(d) for d in (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,"
    " torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128)]",
    "unsigned": "x = [torch.tensor([0, 1, 65535], dtype=d) for d in (torch.uint16, torch.uint32, torch.uint64)]; x += [x[0][1:], x[2][::2]]",
    "views of one storage": "b = torch.arange(12.); x = {'all': b, 'middle': b[3:7], 'even': b[::2], 'matrix': b.view(3, 4).t()}",
    "expanded": "x = torch.ones(1, 3).expand(4, 3)",
    "empty and 0-dim": "x = [torch.zeros(0), torch.zeros(2, 0, 3), torch.tensor(5.), torch.tensor(3)]",
    "channels last": "x = torch.arange(120.).reshape(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)",
    "requires_grad": "x = [torch.ones(2, requires_grad=True), torch.ones(2)]",
    "parameter": "x = torch.nn.Parameter(torch.arange(3.)); frozen = torch.nn.Parameter(torch.ones(1), requires_grad=False); x = [x, frozen]",
    "attributes": "x = torch.ones(2); x.mark = {'a': [1, 2]}",
    "parameter with attributes": "x = torch.nn.Parameter(torch.ones(2)); x.mark = 7",
    "containers": "import collections\nx = collections.OrderedDict(a=1, b=[2.5, None, True, 'text', b'bytes', (1, (2, 3)), 2**70, -5, 1j],"
    " c={'k': {1, 2}, 3: set()}, d=torch.ones(1))",
    "small objects": "x = [torch.float32, torch.int8, torch.Size([1, 2]), torch.device('cpu'), torch.device('cuda:1'), torch.Size([])]",
    "state dict": "torch.manual_seed(0)\nm = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)); x = m.state_dict()",
    "optimizer": "p = torch.nn.Parameter(torch.ones(3)); o = torch.optim.Adam([p]); p.grad = torch.ones(3); o.step(); x = o.state_dict(); x['param_groups'] = [dict(sorted(g.items())) for g in x['param_groups']]",
    "meta": "x = torch.empty(2, 3, device='meta')",
    "storages": "x = {'t': torch.FloatStorage([1, 2]), 'i': torch.LongStorage(range(3))}",
    "many": "x = [torch.full((i,), float(i)) for i in range(300)]",
    "aliases": "t = torch.ones(2); x = [t, t]",
    "float8": "x = [torch.tensor([1, -2, 0.5]).to(d) for d in (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu)]; x.append(x[0][1:])",
    "COO": "x = torch.sparse_coo_tensor([[0, 2], [1, 0]], torch.tensor([1., 2.]), (3, 3)); x = [x, x.coalesce()]",
    "CSR and CSC": "x = [torch.eye(3).to_sparse_csr(), torch.eye(3).to_sparse_csc()]",
    "BSR": "x = torch.sparse_bsr_tensor([0, 1, 2], [0, 1], torch.ones(2, 2, 2), (4, 4))",
    "lazy": "x = torch.nn.LazyLinear(3).weight; x = [type(x).__name__, x.requires_grad]",
    "scheduler": "p = torch.nn.Parameter(torch.ones(3)); o = torch.optim.SGD([p], 0.1); s = torch.optim.lr_scheduler.StepLR(o, 2); o.step(); s.step(); x = s.state_dict()",
    "text": "x = {'ключ': 'значение', 'empty': '', 'long': 'x' * 1000}",
}

# What a reader finds, in a form that both sides can send.
DESCRIBE = """
def describe(o):
    if isinstance(o, torch.Tensor) and o.layout != torch.strided:
        facts = [str(o.layout), o.requires_grad, list(o.shape), o.detach().to_dense()]
        return facts + ([o.is_coalesced(), o._values()] if o.layout == torch.sparse_coo else [o.values().detach()])
    if isinstance(o, torch.Tensor) and str(o.dtype).startswith('torch.float8'):
        return [str(o.dtype), o.storage_offset(), o.view(torch.uint8)]
    if isinstance(o, torch.Tensor):
        return [type(o).__name__, o.detach(), o.requires_grad, o.is_leaf, sorted(o.__dict__.items())]
    if isinstance(o, torch.UntypedStorage): return ['untyped', o.tolist()]
    if isinstance(o, torch.TypedStorage): return ['typed', str(o.dtype), o.tolist()]
    if isinstance(o, dict): return [type(o).__name__] + [[describe(k), describe(v)] for k, v in o.items()]
    if isinstance(o, (set, frozenset)): return [type(o).__name__] + sorted(map(describe, o), key=str)
    if isinstance(o, torch.Size): return ['size', list(o)]
    if isinstance(o, (list, tuple)): return [type(o).__name__] + [describe(i) for i in o]
    if isinstance(o, (torch.dtype, torch.device, int)): return str(o)
    return o
def blocks(o, seen):
    if isinstance(o, torch.Tensor) and o.device.type != 'meta' and o.layout == torch.strided:
        return seen.setdefault(o.untyped_storage()._cdata, len(seen))
    if isinstance(o, dict): return [blocks(v, seen) for v in o.values()]
    if isinstance(o, (list, tuple)): return [blocks(v, seen) for v in o]
def report(o): return [describe(o), blocks(o, {})]
"""
SAVE = "import io\n{make}\nf = io.BytesIO(); torch.save(x, f{options}); result = f.getvalue()"


def run_here(code: str, **names: Any) -> Any:
    space: dict[str, Any] = {"torch": torch, **names}
    exec(code, space)
    return space["result"]


def report_here(code: str, **names: Any) -> tuple:
    return ("ok", wire.encode(run_here(DESCRIBE + code, **names)))


@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("name", OBJECTS)
def test_reads_what_the_reference_writes(oracle: Any, name: str, weights_only: bool) -> None:
    answer = oracle.run(SAVE.format(make=OBJECTS[name], options=""))
    assert answer[0] == "ok", answer
    data = answer[1][1]
    ours = report_here(
        f"import io; result = report(torch.load(io.BytesIO(data), weights_only={weights_only}))", data=data
    )
    made = report_here(OBJECTS[name] + "\nresult = report(x)")
    assert_same(ours, made)


@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("name", OBJECTS)
def test_the_reference_reads_what_is_written_here(oracle: Any, name: str, weights_only: bool) -> None:
    data = run_here(SAVE.format(make=OBJECTS[name], options=""))
    theirs = oracle.run(
        f"import io\n{DESCRIBE}\nresult = report(torch.load(io.BytesIO(data), weights_only={weights_only}))", data=data
    )
    made = report_here(OBJECTS[name] + "\nresult = report(x)")
    assert_same(made, theirs)


# The reference cannot read uint16 and wider in the old format, not even its own.
@pytest.mark.parametrize("name", [n for n in OBJECTS if n not in ("meta", "unsigned", "float8")])
def test_old_format_both_ways(oracle: Any, name: str) -> None:
    options = ", _use_new_zipfile_serialization=False"
    answer = oracle.run(SAVE.format(make=OBJECTS[name], options=options))
    assert answer[0] == "ok", answer
    made = report_here(OBJECTS[name] + "\nresult = report(x)")
    ours = report_here("import io; result = report(torch.load(io.BytesIO(data)))", data=answer[1][1])
    assert_same(ours, made)
    data = run_here(SAVE.format(make=OBJECTS[name], options=options))
    theirs = oracle.run(f"import io\n{DESCRIBE}\nresult = report(torch.load(io.BytesIO(data)))", data=data)
    assert_same(made, theirs)


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_pickle_protocols(oracle: Any, protocol: int) -> None:
    make = "x = {'a': torch.arange(3.), 'b': [b'bytes', 'text', 2**100, (), (1,), True]}"
    data = run_here(SAVE.format(make=make, options=f", pickle_protocol={protocol}"))
    theirs = oracle.run(
        f"import io\n{DESCRIBE}\nresult = report(torch.load(io.BytesIO(data), weights_only=False))", data=data
    )
    made = report_here(make + "\nresult = report(x)")
    assert_same(made, theirs)
    if protocol >= 2:
        assert_same(report_here("import io; result = report(torch.load(io.BytesIO(data)))", data=data), made)


def test_records_are_those_of_the_reference(oracle: Any) -> None:
    """Same records in the same order at the same places; only the id of the contents is our own."""
    listing = """
import io, zipfile
b = torch.arange(100.)
f = io.BytesIO(); torch.save({'a': b, 'b': b[3:], 'c': torch.ones(3, dtype=torch.int64)}, f)
z = zipfile.ZipFile(f)
result = [[i.filename, i.file_size, i.header_offset, i.flag_bits, i.CRC if 'id' not in i.filename else 0] for i in z.infolist()]
"""
    theirs = oracle.run(listing)
    assert_same(("ok", wire.encode(run_here(listing))), theirs)


def test_pickled_tensors_both_ways(oracle: Any) -> None:
    make = "import pickle\nb = torch.arange(5.)\nx = [b, b[1:], torch.ones(2, requires_grad=True), torch.nn.Parameter(b)]\n"
    answer = oracle.run(make + "result = pickle.dumps(x)")
    made = report_here(make + "result = [report(i) for i in x]")
    assert_same(report_here("import pickle; result = [report(i) for i in pickle.loads(data)]", data=answer[1][1]), made)
    data = run_here(make + "result = pickle.dumps(x)")
    theirs = oracle.run(f"import pickle\n{DESCRIBE}\nresult = [report(i) for i in pickle.loads(data)]", data=data)
    assert_same(made, theirs)


# Modules pickled whole: classes are found by their names, and their attributes are PyTorch's.
MODULES = {
    "layers": "nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.LayerNorm(4), nn.Dropout(0.5), nn.BatchNorm1d(4))",
    "ModuleDict in ModuleList": "nn.ModuleList([nn.ModuleDict({'a': nn.Linear(3, 2)})])[0]['a']",
    "convolutions": "nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 2, 2, padding=1), nn.GELU(), nn.MaxPool1d(2), nn.GroupNorm(1, 2))",
    "LSTM": "nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2)",
    "GRU": "nn.GRU(3, 4)",
    "attention": "nn.TransformerEncoderLayer(3, 1, 4)",
    "old weight norm": "nn.utils.weight_norm(nn.Linear(3, 2))",
    "loss": "nn.Sequential(nn.Flatten(0), nn.Softplus(beta=2), nn.Unflatten(0, (3, 5)))",
}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_whole_modules(oracle: Any, name: str) -> None:
    make = f"import warnings; warnings.simplefilter('ignore')\nfrom torch import nn; torch.manual_seed(1); x = {MODULES[name]}.eval()"
    run = "first = lambda y: y[0] if isinstance(y, tuple) else y\nresult = first(x(torch.linspace(-1, 1, 15).reshape(5, 3))).detach()"
    load = "import io; x = torch.load(io.BytesIO(data), weights_only=False)\n" + run
    wanted = ("ok", wire.encode(run_here(make + "\n" + run)))
    ours = run_here(SAVE.format(make=make, options=""))
    assert_same(("ok", wire.encode(run_here(load, data=ours))), wanted)
    assert_same(wanted, oracle.run(load, data=ours))
    theirs = oracle.run(SAVE.format(make=make, options=""))
    assert theirs[0] == "ok", theirs
    assert_same(("ok", wire.encode(run_here(load, data=theirs[1][1]))), oracle.run(make + "\n" + run))


PENDING = [
    "[x, x.conj(), x[2:], x.conj()[1:3]]",
    "x.conj().imag",
    "[x.real, x.conj().imag[1:]]",
    "torch._neg_view(x.real)",
]


@pytest.mark.parametrize("of_it", PENDING)
def test_signs_that_the_reference_leaves_pending(oracle: Any, of_it: str) -> None:
    """Its conj() and imag are marks on a view; the bytes in the file are those before."""
    make = f"x = (torch.arange(6) - 2.5) * (2 - 1j)\nx = {of_it}"
    answer = oracle.run(SAVE.format(make=make, options=""))
    assert answer[0] == "ok", answer
    read = (
        "x = torch.load(io.BytesIO(data), weights_only={}); result = [t + 0 for t in (x if type(x) is list else [x])]"
    )
    theirs = oracle.run("import io\n" + read.format(True), data=answer[1][1])
    for safe in (True, False):
        ours = run_here("import io\n" + read.format(safe), data=answer[1][1])
        assert_same(("ok", wire.encode(ours)), theirs)


def test_other_byte_order(oracle: Any) -> None:
    """A file that says it is big-endian: both sides swap the bytes of each number."""
    make = """
import io, zipfile
f = io.BytesIO(); torch.save([torch.arange(3, dtype=torch.int32), torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.uint8)], f)
out = io.BytesIO()
with zipfile.ZipFile(f) as a, zipfile.ZipFile(out, 'w') as b:
    for n in a.namelist(): b.writestr(n, b'big' if n.endswith('byteorder') else a.read(n))
result = torch.load(io.BytesIO(out.getvalue()))
"""
    assert_same(("ok", wire.encode(run_here(make))), oracle.run(make))


def test_file_objects_and_compressed_archives() -> None:
    import zipfile

    f = io.BytesIO()
    torch.save({"w": torch.arange(1000.0)}, f)
    packed = io.BytesIO()
    with zipfile.ZipFile(f) as a, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as b:
        for n in a.namelist():
            b.writestr(n, a.read(n))
    packed.seek(0)
    assert len(packed.getvalue()) < len(f.getvalue())
    assert torch.equal(torch.load(packed)["w"], torch.arange(1000.0))
