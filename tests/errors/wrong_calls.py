"""The wrong calls: each must raise a clear exception, crash nothing and change nothing.

A case is what to prepare, the call, key words that the text must have (any spelling of case), and, where the
oracle's class is not the measure, the class expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Case:
    group: str
    call: str
    setup: str = ""
    words: tuple = ()
    raises: Optional[str] = None  # None: what the oracle raises


CASES: list = []


def group(name: str, setup: str, *rows: object) -> None:
    """Add cases that share a setup; a row is a call, or (call, words...), or (call, words..., "!Class")."""
    for row in rows:
        call, *rest = (row,) if isinstance(row, str) else row  # type: ignore[misc]
        raises = next((word[1:] for word in rest if word.startswith("!")), None)
        CASES.append(Case(name, call, setup, tuple(w for w in rest if not w.startswith("!")), raises))


A = "a = torch.arange(6.).reshape(2, 3); b = torch.ones(4, 5); v = torch.ones(3); i = torch.tensor([0, 1]); m = torch.tensor([True, False])"

group("shapes", A,
      ("a + b", "size"), ("a * torch.ones(2)", "size"), ("a.add_(torch.ones(4, 2, 3))", "shape"), ("a @ b", "shape", "2x3", "4x5"), ("torch.mm(a, v)", "matri"), ("torch.bmm(a, a)", "3D"), ("torch.dot(v, torch.ones(4))", "size"),
      ("torch.mv(a, torch.ones(2))", "size"), ("a.view(5)", "5", "6"), ("a.view(-1, -1)", "-1"), ("a.view(4, -1)", "invalid"), ("a.reshape(7)", "7"), ("a.t().view(6)", "view"), ("a.expand(2, 4)", "expand"), ("v.expand(2)", "expand"),
      ("torch.cat([a, b])", "size"), ("torch.cat([])", "non-empty"), ("torch.stack([a, b])", "equal size"), ("torch.stack([])", "non-empty"), ("a.squeeze(5)", "dimension"), ("a.unsqueeze(9)", "dimension"), ("a.transpose(0, 2)", "dimension"),
      ("a.permute(0)", "dim"), ("a.permute(0, 0)", "dim"), ("a.sum(2)", "dimension"), ("a.sum((0, 0))", "dim"), ("a.max(3)", "dimension"), ("torch.zeros(0).max()", "dim"), ("torch.zeros(0, 3).argmax(0)", "dim"), ("a.split([1, 5])", "split"),
      ("a.chunk(0)", "chunk"), ("torch.broadcast_to(a, (3, 3))",), ("a.unfold(0, 5, 1)", "size"), ("torch.einsum('ij,jk', a, b)", "einsum"), ("torch.einsum('ij', v)",), ("torch.where(m, a, a)", "size"), ("a.masked_fill(m, 0.0)", "size"),
      ("torch.nn.functional.linear(a, b)", "shape"), ("torch.nn.functional.conv2d(a, b)",), ("torch.nn.functional.conv2d(torch.ones(1, 3, 8, 8), torch.ones(4, 2, 3, 3))", "channel"),
      ("torch.nn.functional.conv2d(torch.ones(1, 3, 2, 2), torch.ones(4, 3, 3, 3))", "kernel"), ("torch.nn.functional.max_pool2d(torch.ones(1, 1, 4, 4), 9)",), ("torch.nn.functional.cross_entropy(a, torch.tensor([0, 1, 2]))",),
      ("torch.nn.functional.nll_loss(a, torch.tensor([0, 7]))", "7"), ("torch.nn.functional.batch_norm(torch.ones(1, 3), v, v, training=True)", "value"), ("torch.nn.functional.layer_norm(a, (4,))",), ("torch.nn.Linear(4, 2)(a)", "shape"),
      ("torch.outer(a, v)",), ("torch.addmm(a, a, b)",), ("a.as_strided((9, 9), (1, 1))", "storage"), ("a.as_strided((2,), (1, 1))",), ("a.resize_(-1)",))

group("indices", A,
      ("a[2]", "2"), ("a[-3]", "3"), ("a[0, 0, 0]", "indices"), ("a[:, 3]", "3"), ("a[5] = 1.0",), ("a[torch.tensor([2])]", "2"), ("a[torch.tensor([-3])]",), ("a[torch.tensor([9])] = 1.0",), ("a[torch.tensor([True, False, True])]",),
      ("a[0.5]",), ("a['x']",), ("a[::0]",), ("a[::-1]", "step"), ("a[None, 7]",), ("torch.tensor(1.0)[0]", "0-dim"), ("a[torch.tensor([0.5])]",), ("a[i, torch.tensor([0, 1, 2])]",), ("a.index_select(0, torch.tensor([2]))",),
      ("a.index_select(2, i)",), ("a.gather(0, torch.tensor([[5]]))",), ("a.gather(0, torch.tensor([0]))",), ("a.scatter(0, torch.tensor([[-1]]), 1.0)",), ("a.scatter_(0, torch.tensor([[9]]), 1.0)",), ("a.index_add_(0, torch.tensor([7]), torch.ones(1, 3))",),
      ("a.index_fill_(0, torch.tensor([7]), 1.0)",), ("a.index_copy_(0, torch.tensor([7]), torch.ones(1, 3))",), ("a.take(torch.tensor([6]))",), ("a.select(0, 5)",), ("a.narrow(0, 1, 5)",), ("a.topk(9)",),
      ("torch.nn.functional.embedding(torch.tensor([9]), a)",), ("torch.nn.functional.one_hot(torch.tensor([5]), 3)",), ("a[0] = torch.ones(4)",), ("a[i] = torch.ones(3, 3)",), ("a[m] = torch.ones(2, 3)",), ("del a[0]",), ("a[0, 0][0]",),
      ("a.item()",), ("torch.zeros(0).item()",), ("int(a)",), ("bool(a)", "ambiguous"), ("float(v)",), ("range(v[0])",), ("len(torch.tensor(1))",), ("list(torch.tensor(1))",), ("a.put_(torch.tensor([99]), torch.ones(1))",),
      ("torch.repeat_interleave(v, torch.tensor([-1, 1, 1]))",), ("torch.bincount(torch.tensor([-1]))",), ("a.diagonal(0, 0, 0)",), ("a.flip(5)",), ("a.roll((1, 2), 0)",), ("a.kthvalue(9)",))

group("dtypes", A,
      ("torch.ones(2) @ torch.ones(2, dtype=torch.float64)", "dtype"), ("torch.mm(a, a.t().double())",), ("torch.ones(2, dtype=torch.int64).mean()",), ("i.add_(0.5)", "cast"), ("i.div_(2)", "cast"), ("m - m", "bool"), ("-m", "bool"), ("~a",), ("a & 1",), ("a << 1",),
      ("torch.arange(3).exp_()",), ("torch.tensor(1j) < 1",), ("torch.ones(2, dtype=torch.complex64).max()",), ("torch.ones(2, dtype=torch.complex64).floor()",), ("torch.nn.functional.cross_entropy(a, torch.tensor([0.5, 1.0]))",),
      ("torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3).double())",), ("torch.nn.functional.embedding(torch.tensor([0.5]), a)",), ("torch.zeros(2, dtype=torch.int64).requires_grad_()", "floating"),
      ("torch.tensor([1, 2], requires_grad=True)", "floating"), ("torch.randn(3, dtype=torch.int64)",), ("torch.rand(3, dtype=torch.int64)",), ("a.masked_fill(torch.ones(2, 3), 0.0)", "bool"), ("torch.where(a, a, a)",),
      ("a.index_select(0, torch.tensor([0.0]))",), ("a.scatter_add(0, torch.zeros(1, 3, dtype=torch.int64), torch.ones(1, 3).double())", "dtype"), ("torch.add(v, v, out=torch.empty(3, dtype=torch.int64))", "cast"),
      ("torch.view_as_complex(torch.ones(3))",), ("torch.view_as_real(a)",), ("a.imag",), ("torch.ones(3).view(torch.float64)",), ("torch.bernoulli(torch.tensor([2.0]))",), ("torch.multinomial(torch.tensor([1, 2]), 1)",), ("torch.empty(3, dtype=torch.int64).normal_()",),
      ("torch.empty(3, dtype=torch.uint8).random_(0, 300)",), ("torch.pow(i, -1)", "negative"), ("torch.ones(2, dtype=torch.int64) // torch.tensor([0, 1])", "Zero"), ("torch.ones(2, dtype=torch.int64) % 0", "Zero"), ("torch.tensor(300, dtype=torch.uint8)",),
      ("torch.full((2,), 1j, dtype=torch.float32)",), ("v.bitwise_and(1)",), ("torch.lerp(i, i, 0.5)",), ("torch.nn.functional.softmax(i, 0)",), ("torch.std(i)",), ("torch.bmm(torch.ones(1, 2, 2), torch.ones(1, 2, 2).half())",))

group("devices", A,
      ("torch.ones(2, device='nodevice')",), ("torch.device('gpu:0')",), ("torch.device('cuda:-1')",), ("torch.device('cpu:a')",), ("torch.device(3.5)",), ("torch.ones(2, device='cuda')", "cuda", "!Exception"), ("a.cuda()", "cuda", "!Exception"), ("a.to('cuda:0')", "!Exception"),
      ("a + torch.ones(2, 3, device='meta')", "device"), ("torch.ones(2, device='meta').item()",), ("torch.ones(2, device='meta').numpy()",), ("torch.ones(2, device='meta').tolist()",), ("a.copy_(torch.ones(2, 3, device='meta'))",), ("a.to(device=7.5)",),
      ("torch.load('/nonexistent/file.pt')",), ("torch.set_num_threads(0)",), ("torch.set_num_threads(-1)",), ("torch.set_num_threads('a')",))

group("arguments", A,
      ("torch.add(a, None)",), ("torch.add()",), ("torch.add(a)",), ("torch.add(a, a, a, a)",), ("torch.add(a, a, nosuch=1)", "nosuch"), ("torch.add(a, other=a, self=a)",), ("torch.add('a', a)",), ("a + None",), ("a + 'b'",), ("a + [1, 2, 3]",), ("a @ 2",), ("a.sum('x')",), ("a.sum(1.5)",),
      ("a.sum(dim=None, keepdim='x')",), ("a.view()",), ("a.view('x')",), ("a.view(1.5)",), ("a.reshape(None)",), ("torch.zeros('a')",), ("torch.zeros(1.5)",), ("torch.zeros([1, 'a'])",), ("torch.zeros(2, dtype=3)",), ("torch.zeros(2, dtype='float32')",),
      ("torch.tensor()",), ("torch.tensor(None)",), ("torch.tensor('abc')",), ("torch.tensor([1, None])",), ("torch.tensor([[1, 2], [3]])", "length"), ("torch.tensor([1, [2]])",), ("torch.tensor({1: 2})",), ("torch.tensor(object())",), ("torch.tensor([object()])",),
      ("torch.tensor(2**70)",), ("torch.tensor([2**64])",), ("torch.arange(0, 5, 0)", "step"), ("torch.arange(5, 0)",), ("torch.arange(float('nan'))",), ("torch.arange(float('inf'))",), ("torch.linspace(0, 1, -1)",), ("torch.eye(-1)",), ("torch.randint(0, (3,))",),
      ("torch.randint(5, 2, (3,))",), ("torch.randperm(-1)",), ("torch.clamp(a)",), ("torch.cat(a)",), ("torch.cat([a, 1])",), ("torch.cat([a, None])",), ("torch.stack(5)",), ("a.to('float32')",), ("a.type('nosuch')",), ("torch.nn.functional.dropout(a, 1.5)",), ("torch.nn.functional.dropout(a, -1)",),
      ("torch.nn.functional.gelu(a, approximate='x')",), ("torch.nn.functional.mse_loss(a, a, reduction='x')",), ("torch.nn.functional.pad(a, (1,))",), ("torch.nn.functional.pad(a, (1, 1), mode='x')",), ("torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), stride=0)",),
      ("torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), padding=-1)",), ("torch.nn.functional.conv2d(torch.ones(1, 4, 4, 4), torch.ones(4, 4, 3, 3), groups=3)",), ("torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), groups=0)",),
      ("torch.norm(a, 'x')",), ("torch.div(a, a, rounding_mode='x')",), ("a.nosuch()", "nosuch"), ("torch.nosuch", "nosuch"), ("a.requires_grad_('x')",), ("a.grad = 5",), ("a.grad = torch.ones(4)", "size"), ("a.grad = torch.ones(2, 3).double()",), ("a.data = 5",),
      ("a.requires_grad = 'x'",), ("a.shape = (3, 2)",), ("torch.Size([1, 'a'])",), ("torch.Size(5)",), ("torch.set_default_dtype(torch.int64)",), ("torch.set_default_dtype('float32')",), ("torch.finfo(torch.int64)",), ("torch.iinfo(torch.float32)",), ("torch.manual_seed('x')",),
      ("torch.from_numpy([1, 2])",), ("torch.from_numpy(np.array(['a']))",), ("torch.from_numpy(np.array([object()]))",), ("torch.from_numpy(np.arange(6)[::-1])", "negative"), ("torch.from_numpy(np.ones((3, 4))[:, ::-1])", "negative"), ("torch.from_numpy(np.zeros(3, dtype='>f4'))",),
      ("torch.from_numpy(np.zeros(3, dtype='datetime64[s]'))",), ("torch.tensor(np.array(['a', 'b']))",), ("torch.as_tensor(np.arange(3)[::-1])", "negative"), ("torch.ones(2, requires_grad=True).numpy()", "requires grad"), ("torch.from_dlpack(5)",), ("torch.frombuffer(b'', dtype=torch.float32)",),
      ("torch.frombuffer(bytearray(5), dtype=torch.float32)",), ("torch.frombuffer(bytearray(8), dtype=torch.float32, offset=9)",), ("torch.frombuffer(bytearray(8), dtype=torch.float32, count=5)",), ("torch.broadcast_tensors(a, b)",), ("torch.Tensor(1.5)",), ("torch.Tensor('a')",), ("torch.Tensor(-1)",),
      ("a.__setstate__((1, 2))",), ("hash(torch.Size) and a.__getitem__()",), ("torch.Generator('x')",), ("torch.rand(2, generator='x')",), ("a.apply_(5)",), ("a.fill_(torch.ones(3))",), ("a.copy_('x')",), ("a.copy_(b)",), ("a.unflatten(0, (3, 3))",))

group("sizes", "a = torch.ones(3)",
      ("torch.empty(-1)", "negative"), ("torch.zeros(2, -3)", "negative"), ("torch.empty(2**62)",), ("torch.empty(2**62, 2**62)",), ("torch.zeros(2**40)",), ("torch.ones(2**31, 2**31, 2**31)",), ("torch.empty(2**63)",), ("torch.empty(2**100)",), ("torch.full((2**50,), 1.0)",), ("torch.arange(2**55)",),
      ("torch.arange(0, 1, 1e-15)",), ("torch.linspace(0, 1, 2**50)",), ("torch.eye(2**32)",), ("torch.rand(2**45)",), ("torch.randperm(2**50)",), ("a.repeat(2**61, 2**10)",), ("a.repeat(-1)",), ("a.expand(2**62, 2**10, 3).contiguous()",), ("a.expand(2**45, 3) + 1",), ("a.resize_(2**61)",),
      ("torch.nn.functional.pad(a, (2**45, 0))",), ("torch.nn.functional.pad(a, (-4, 0))",), ("torch.nn.functional.one_hot(torch.tensor([2**45]))",), ("torch.bincount(torch.tensor([2**45]))",), ("torch.tril_indices(2**31, 2**31)",), ("torch.empty_strided((2**40,), (2**40,))",), ("torch.empty_strided((2,), (-1,))",),
      ("a.as_strided((2,), (2**62,))",), ("a.as_strided((2,), (1,), 2**62)",), ("a.as_strided((2,), (1,), -1)",), ("torch.empty(*[1] * 1000).sum(1000)",), ("a.unfold(0, 2, 2**63)",), ("a.narrow(0, 2**63 - 1, 5)",), ("a.split(2**63)",), ("a.roll(2**64)",), ("a[2**63]",), ("a[2**70]",),
      ("torch.nn.functional.max_pool2d(torch.ones(1, 1, 4, 4), 2**40)",), ("torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), dilation=2**40)",), ("torch.nn.functional.avg_pool2d(torch.ones(1, 1, 4, 4), 2, padding=2**62)",), ("torch.zeros(2**33, 2**33, dtype=torch.complex128)",))

group("in place", "a = torch.arange(6.).reshape(2, 3); e = torch.ones(1).expand(4); s = torch.arange(6.); w = torch.ones(3, requires_grad=True); y = torch.ones(3)",
      ("e.add_(1)", "memory"), ("e.copy_(torch.ones(4))", "memory"), ("e[0:2] = torch.ones(2)",), ("s[1:].add_(s[:-1])", "memory"), ("torch.add(s[:-1], 1, out=s[1:])",),
      ("torch.exp(s[:3], out=s[1:4])",), ("e.exp_()", "memory"), ("e.clamp_(0, 1)",), ("e.normal_()",), ("e.uniform_()",), ("w.add_(1)", "leaf"), ("w[0] = 1.0", "leaf"), ("w.zero_()", "leaf"),
      ("w.view(3).mul_(2)", "leaf"), ("w.data.add_(torch.ones(4))",), ("torch.add(y, y, out=w)",), ("a.squeeze_(9)",), ("a.unsqueeze_(9)",), ("a.t_().t_().unsqueeze_(7)",), ("a.resize_(2**60)",), ("w.resize_(5)",), ("a.add_(torch.ones(3, 3))",), ("a.mul_(None)",),
      ("torch.cat([s, s], out=s)",), ("torch.sort(s, out=(s,))",), ("torch.max(a, 0, out=5)",), ("torch.add(y, y, out=5)",), ("torch.add(y, y, out=None, alpha='x')",))

group("autograd", "w = torch.ones(3, requires_grad=True); y = w * w; n = torch.ones(3)",
      ("y.backward()", "scalar"), ("n.sum().backward()", "does not require grad"), ("s = y.sum(); s.backward(); s.backward()", "second time"), ("y.backward(torch.ones(4))",), ("y.backward('x')",), ("torch.autograd.grad(y.sum(), n)",), ("torch.autograd.grad(y.sum(), torch.ones(3, requires_grad=True))", "not have been used"),
      ("torch.autograd.grad(y, w)",), ("torch.autograd.grad(y.sum(), 5)",), ("torch.autograd.grad(y.sum(), [])",), ("torch.autograd.backward('x')",), ("q = w.exp(); q.add_(1); q.sum().backward()", "modified by an inplace operation"), ("y.requires_grad_(False)",), ("y.requires_grad = False",), ("n.retain_grad()",),
      ("n.register_hook(lambda g: g)",), ("w.register_hook(lambda g: torch.ones(7)); w.sum().backward()",), ("w.register_hook(lambda g: 'x'); w.sum().backward()",), ("w.register_hook(lambda g: 1 / 0); w.sum().backward()", "!ZeroDivisionError"),
      ("torch.autograd.Function()(w)",), ("torch.autograd.Function.apply(w)",), ("w.numpy()", "requires grad"), ("y.foo", "foo"), ("y.unbind()[0].detach_()",), ("y.grad_fn()",), ("y.grad_fn(torch.ones(3), torch.ones(3))",), ("w.__deepcopy__({}) and __import__('copy').deepcopy(y)",),
      ("with_mode = torch.inference_mode()\nwith with_mode:\n    q = torch.ones(3)\nq.requires_grad_() and q.mul(w).sum().backward()",), ("torch.set_grad_enabled()",), ("torch.no_grad(5)(3)",), ("y.sum().backward(retain_graph=True, create_graph='x', inputs=5)",),
      ("y.sum().backward(inputs=[])",), ("torch.autograd.grad([y.sum()], [w], [torch.ones(4)])",), ("torch.autograd.grad([y.sum(), y.sum()], [w], [torch.ones(())])",), ("torch.nn.Parameter('x')",), ("torch.nn.Parameter(torch.tensor([1]))",))

PREPARE = """
import io, os, pickle, zipfile, tempfile, struct, collections
buf = io.BytesIO(); torch.save({'w': torch.arange(10.), 'n': 3, 's': 'text'}, buf); good = buf.getvalue()
mark = os.path.join(tempfile.gettempdir(), 'torch-test-%d' % os.getpid())
class Bomb:
    def __reduce__(self): return (os.system, ('touch ' + mark,))
def pack(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as z:
        for name, data in entries.items(): z.writestr(name, data)
    return out.getvalue()
def parts():
    with zipfile.ZipFile(io.BytesIO(good)) as z: return {n: z.read(n) for n in z.namelist()}
def load(data, **kw): return torch.load(io.BytesIO(data), **kw)
def checked(data, **kw):
    try: return load(data, **kw)
    finally:
        if os.path.exists(mark): os.unlink(mark); os._exit(77)  # the file was executed
def with_pickle(p):
    e = parts(); e[next(n for n in e if n.endswith('data.pkl'))] = p; return pack(e)
def without(end):
    return pack({n: d for n, d in parts().items() if not n.endswith(end)})
def changed(end, f):
    return pack({n: (f(d) if n.endswith(end) else d) for n, d in parts().items()})
key = next(n for n in parts() if '/data/' in n)
"""
E = "!Exception"
group("checkpoints", PREPARE,
      ("load(b'')",), ("load(b'x')", E), ("load(b'garbage' * 100)", E), ("load(b'PK\\x03\\x04' + b'\\x00' * 100)", E), *[(f"load(good[:len(good) * {k} // 10])", E) for k in range(1, 10)], ("load(good[:-1])", E), ("load(good[:-22])", E), ("load(good[:30])", E),
      ("load(b'\\x00' * 1000)", E), ("load(bytes(reversed(good)))", E), ("checked(with_pickle(pickle.dumps(Bomb())))", E), ("checked(pickle.dumps(Bomb()))", E), ("checked(with_pickle(pickle.dumps({'a': Bomb()})))", E), ("checked(with_pickle(b'cos\\nsystem\\n(S\"touch x\"\\ntR.'))", E),
      ("checked(with_pickle(b'cbuiltins\\neval\\n(S\"1\"\\ntR.'))", E), ("checked(with_pickle(b'cbuiltins\\ngetattr\\n.'))", E), ("checked(with_pickle(b'ctorch\\nload\\n.'))", E), ("checked(with_pickle(b'ctorch.serialization\\nos.system\\n.'))", E), ("checked(with_pickle(b''))", E), ("checked(with_pickle(b'.'))", E),
      ("checked(with_pickle(b'\\x80\\x02'))", E), ("checked(with_pickle(b'\\x80\\xff.'))", E), ("checked(with_pickle(b'\\x80\\x02' + b'(' * 100000 + b'.'))", E), ("checked(with_pickle(b'\\x80\\x02' + b']' * 5 + b'a' * 50 + b'.'))", E), ("checked(with_pickle(b'\\x80\\x02h\\x05.'))", E), ("checked(with_pickle(b'\\x80\\x02X\\xff\\xff\\xff\\x7fabc.'))", E),
      ("checked(with_pickle(b'\\x80\\x02K\\x01Q.'))", E), ("checked(with_pickle(b'\\x80\\x02}K\\x01K\\x02R.'))", E), ("checked(with_pickle(b'\\x80\\x04\\x95' + b'\\xff' * 8 + b'.'))", E), ("checked(with_pickle(b'\\x80\\x02]' + b'\\x85' * 1000000 + b'K\\x01K\\x01R.'))", E),
      ("checked(without('data.pkl'))", E), ("checked(without('/data/0'))", E), ("checked(changed('/data/0', lambda d: d[:8]))", E), ("checked(changed('/data/0', lambda d: b''))", E), ("checked(changed('data.pkl', lambda d: d[:len(d) // 2]))", E), ("checked(changed('data.pkl', lambda d: d.replace(b'FloatStorage', b'NosuchStorag')))", E),
      ("checked(changed('data.pkl', lambda d: d.replace(b'FloatStorage', b'DoubleStorage')))", E), ("checked(changed('data.pkl', lambda d: d.replace(b'_rebuild_tensor_v2', b'_rebuild_tensor_vX')))", E), ("checked(changed('data.pkl', lambda d: d.replace(b'K\\n\\x85', b'K\\xff\\x85')))", E),
      ("checked(changed('data.pkl', lambda d: d.replace(b'K\\n\\x85', b'J\\xff\\xff\\xff\\xff\\x85')))", E), ("checked(changed('data.pkl', lambda d: d.replace(b'K\\n\\x85', b'J\\xff\\xff\\xff\\x7f\\x85')))", E), ("checked(changed('byteorder', lambda d: b'middle'))", E), ("checked(pack({'a/data.pkl': pickle.dumps(1, 2), '../../etc/x': b''}), mmap='x')", E),
      ("checked(pack({}))", E), ("checked(pack({'x': b'1'}))", E), ("load(5)", E), ("torch.load(None)",), ("torch.load(5)",), ("torch.load('/')", E), ("torch.load(mark + 'absent')",), ("load(good, map_location=5)", E), ("load(good, map_location='nodevice')", E), ("load(good, nosuch=1)", E), ("load(good, weights_only='x', pickle_module=5)", E),
      ("torch.save(lambda: 0, io.BytesIO())", E), ("torch.save(torch.ones(2), '/nonexistent/dir/x.pt')", E), ("torch.save(torch.ones(2), 5)", E),
      ("i = good.index(struct.pack('<f', 5.0)); load(good[:i] + b'\\xff' + good[i + 1:]); raise ValueError('not checked')", E), ("load(good.replace(b'archive', b'\\x00rchive'))", E), ("checked(with_pickle(pickle.dumps(collections.deque, 2)))", E), ("checked(with_pickle(pickle.dumps(np.float64(1.5), 2)))", E),
      ("checked(with_pickle(b'\\x80\\x02' + b'(l' * 20000 + b'.' ))", E), ("checked(pack({'a/data.pkl': b'\\x80\\x02' + b'(lp0\\n0g0\\n' * 10 + b'.', 'a/version': b'3'}) + b'tail' * 9000)", E))

group("depth", "deep = 1.0\nfor _ in range(5000): deep = [deep]\nloop = []; loop.append(loop); a = torch.ones(3)",
      ("torch.tensor(deep)", E), ("torch.tensor(loop)", E), ("torch.stack(deep)", E), ("a[deep]", E), ("torch.zeros(deep)", E), ("torch.Size(deep)", E), ("torch.tensor([a] * 3 + [loop])", E), ("a.new_tensor(loop)", E), ("torch.as_tensor(loop)", E), ("a[tuple([None] * 100)].sum(200)", E), ("a.view(*[1] * 200)", E))

group("odd objects", """
class BadIndex:
    def __index__(self): raise KeyError('index')
class BadLen(list):
    def __len__(self): raise KeyError('len')
class BadFloat:
    def __float__(self): raise KeyError('float')
class Shrinks(list):
    def __getitem__(self, i): self.clear(); return 1.0
class BadArray:
    __array_interface__ = {'shape': (3,), 'typestr': '<f4', 'data': (8, False), 'version': 3, 'strides': (1, 2, 3)}
class BadFunction:
    @classmethod
    def __torch_function__(cls, *args, **kwargs): raise KeyError('function')
class NotImpl:
    @classmethod
    def __torch_function__(cls, *args, **kwargs): return NotImplemented
a = torch.ones(3)""",
      ("a[BadIndex()]", E), ("torch.zeros(BadIndex())", E), ("a.sum(BadIndex())", E), ("torch.tensor(BadFloat())", E), ("torch.add(a, BadFunction())", "function"), ("torch.add(a, NotImpl())",), ("a + NotImpl()",), ("torch.tensor(BadLen([1, 2]))", E), ("torch.as_tensor(BadArray())", E),
      ("torch.cat([a, object()])",), ("torch.utils.dlpack.from_dlpack(object())", E), ("torch.from_dlpack(type('X', (), {'__dlpack__': lambda s, **k: 5, '__dlpack_device__': lambda s: (1, 0)})())", E),
      ("torch.Tensor.add(5, a)",), ("torch.Tensor.sum(5)",), ("torch.Tensor.shape.__get__(5)",), ("torch._C._nosuch",), ("torch.ops.aten.nosuch(a)",), ("torch.ops.aten.add.Nosuch(a, a)",), ("torch.ops.aten.add.Tensor(a)",), ("torch.ops.aten.add.Tensor(a, 'x')",))
