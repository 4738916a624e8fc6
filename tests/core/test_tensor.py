"""Tensor basics by snippets that run on both sides: attributes, conversion, storage, layout, pickling, copying, NumPy, DLPack."""

from __future__ import annotations

from typing import Any

import pytest

X = "x = torch.arange(6.).reshape(2, 3)\n"

SNIPPETS = {
    "attributes": "result = (x.shape, x.size(), x.size(1), x.stride(), x.stride(0), x.dim(), x.ndim, x.numel(), x.nelement(), x.element_size(), x.itemsize, x.nbytes, str(x.dtype), str(x.device), str(x.layout), x.is_contiguous(), x.storage_offset(), x.requires_grad, x.is_leaf)",
    "kinds": "result = (x.is_floating_point(), x.is_complex(), x.is_signed(), x.is_cuda, x.is_meta, x.is_sparse, x.is_quantized, torch.is_tensor(x), torch.is_tensor(1), torch.is_floating_point(x), torch.is_storage(x.untyped_storage()))",
    "size is a tuple": "s = x.shape; result = (isinstance(s, tuple), s + (1,), s[0], s[1:], s.numel(), len(s), s == (2, 3), list(s), repr(s), str(type(s[1:]).__name__), hash(s) == hash((2, 3)))",
    "size arguments": "result = (torch.Size([1, 2]), torch.Size((3,)), torch.Size(), torch.Size([2, 3]).count(2))",
    "T mT H": "result = (x.T, x.mT, x.H)",
    "len iter contains": "result = (len(x), [r.tolist() for r in x], 3.0 in x, 9.0 in x, list(torch.arange(3)))",
    "tolist item": "result = (x.tolist(), x[0, 1].item(), torch.tensor(True).item(), torch.tensor(3).item(), torch.tensor(1j).item(), torch.tensor(2.5, dtype=torch.bfloat16).item())",
    "numbers": "t = torch.tensor(2.7); result = (int(t), float(t), bool(t), complex(t), [1, 2, 3][torch.tensor(1)], range(torch.tensor(3)).stop, '%d' % torch.tensor(3), divmod(7, 2), abs(torch.tensor(-1)).item())",
    "format": "result = (f'{torch.tensor(2.5):.3f}', f'{torch.tensor(3)}', '{}'.format(torch.ones(2)), f'{torch.tensor(2.5)!r}')",
    "comparison chain": "result = ((x == x).all().item(), (x != 1).sum().item(), x.eq(2).tolist(), (x > 1).any().item())",
    "hash": "y = torch.ones(2); result = (hash(y) == hash(y), y in [y], {y: 1}[y])",
    "eq none": "result = (x is None, x is not None)",
    "reflected": "result = (1 - x, 2 / (x + 1), 2 ** x, 7 // (x + 1), 7 % (x + 1), 1 + x, 3 * x)",
    "in-place operators": "y = x.clone(); y += 1; y -= 2; y *= 3; y /= 2; y **= 2; y //= 2; y %= 3; result = y",
    "int operators": "i = torch.tensor([6, 3]); result = (i & 2, i | 1, i ^ 5, ~i, i << 1, i >> 1, 1 << i, i // 4, i % 4, -i, +i, abs(-i), i @ i)",
    "bool operators": "b = torch.tensor([True, False]); result = (~b, b & True, b | b, b ^ True, b + b, b * 2, b.sum())",
    "new of kinds": "i = torch.ones(2, dtype=torch.int32); result = (i.new_zeros(2), i.new_tensor([1.5]), i.new_full((1,), 7), i.new_ones(2, dtype=torch.float64), i.new_empty(0))",
    "type": "result = (x.type(), x.double().type(), torch.ones(1, dtype=torch.bfloat16).type(), x.type(torch.int64), x.type('torch.LongTensor'))",
    "to": "result = (x.to(torch.int64), x.to('cpu', torch.float64), x.to(torch.ones(1, dtype=torch.bool)), x.to(torch.float32) is x, x.to(torch.float32, copy=True) is x, x.cpu() is x)",
    "casts": "y = torch.tensor([-1.5, 0., 2.9, 300.]); result = (y.int(), y.long(), y.short(), y.bool(), y.half(), y.double(), y.bfloat16())",
    "float to int edges": "result = (torch.tensor([1.9, -1.9]).to(torch.int8), torch.tensor([255, 256, -1]).to(torch.uint8), torch.tensor([3.0]).to(torch.bool))",
    "dtype facts": "result = [(str(d), d.is_floating_point, d.is_complex, d.is_signed, d.itemsize) for d in (torch.float32, torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64, torch.bfloat16, torch.float16)]",
    "dtype aliases": "result = (torch.float is torch.float32, torch.double is torch.float64, torch.half is torch.float16, torch.int is torch.int32, torch.long is torch.int64, torch.short is torch.int16, torch.cfloat is torch.complex64, torch.cdouble is torch.complex128)",
    "dtype to": "result = (str(torch.float32.to_complex()), str(torch.complex128.to_real()))",
    "finfo": "result = [(f.max, f.min, f.eps, f.tiny, f.bits, f.smallest_normal, f.resolution, f.dtype) for f in map(torch.finfo, (torch.float32, torch.float64, torch.float16, torch.bfloat16))]",
    "iinfo": "result = [(f.max, f.min, f.bits, f.dtype) for f in map(torch.iinfo, (torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32, torch.int64))]",
    "finfo repr": "result = (repr(torch.finfo(torch.float32)), repr(torch.iinfo(torch.int8)), torch.finfo().dtype)",
    "device": "d = torch.device('cpu'); result = (str(d), repr(d), d.type, d.index, torch.device('cpu', 0).index, torch.device('cpu:0') == torch.device('cpu'), torch.device('cpu') == torch.device('cpu'), hash(torch.device('cpu')) == hash(torch.device('cpu')), str(torch.device('meta')), str(torch.device('cuda', 1)))",
    "cuda": "result = (torch.cuda.is_available(), torch.cuda.device_count())",
    "storage shared": "y = x.view(3, 2); y[0, 0] = 9; result = (x, x.data_ptr() == y.data_ptr(), x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr(), x.untyped_storage().nbytes(), len(x.untyped_storage()))",
    "storage typed": "result = (x.storage().size(), x.storage()[3], list(x.storage())[:3])",
    "storage offset": "y = x[1, 1:]; result = (y.storage_offset(), y.untyped_storage().nbytes(), y.data_ptr() - x.data_ptr())",
    "set_": "y = torch.empty(0); y.set_(x.untyped_storage(), 1, (2, 2), (2, 1)); result = y",
    "data": "y = x.data; y[0] = 7; result = (x, y.requires_grad)",
    "resize_": "y = torch.arange(4); y.resize_(2); r = y.clone(); y.resize_(2, 2); result = (r, y)",
    "is_contiguous formats": "y = torch.ones(2, 3, 4, 5); c = y.to(memory_format=torch.channels_last); result = (c.stride(), c.is_contiguous(), c.is_contiguous(memory_format=torch.channels_last), y.is_contiguous(memory_format=torch.channels_last), c.contiguous().stride())",
    "channels_last follows": "c = torch.arange(120.).reshape(2, 3, 4, 5).to(memory_format=torch.channels_last); result = ((c + 1).stride(), c.relu().stride(), (c + c).stride(), (c + torch.ones(1)).stride(), (c * torch.ones(2, 3, 4, 5)).stride(), (torch.ones(2, 3, 4, 5) * c).stride(), c.sum(1).stride(), c.clone().stride(), torch.zeros_like(c).stride(), c.double().stride())",
    "channels_last_3d": "c = torch.zeros(2, 3, 4, 5, 6).contiguous(memory_format=torch.channels_last_3d); result = (c.stride(), (c + 1).stride())",
    "strides of results": "t = x.t(); result = [(v.stride(), v.is_contiguous()) for v in (t + 1, t + t, t * torch.ones(3, 2), t.exp(), t.clone(), torch.empty_like(t), t.contiguous(), t > 0, t.double(), x[:, ::2] + 1, torch.ones(3, 1).expand(3, 4) + 1, torch.ones(2, 3, 4).permute(2, 0, 1) * 2)]",
    "is_same_size": "result = (x.is_same_size(x), x.is_set_to(x), x.is_set_to(x.view(2, 3)), x.is_set_to(x.clone()))",
    "clone formats": "result = (x.t().clone().stride(), x.t().clone(memory_format=torch.contiguous_format).stride(), x.expand(2, 2, 3).clone().stride())",
    "tensor from": "result = (torch.tensor([[1, 2], [3, 4]]), torch.tensor((1., 2)), torch.tensor(range(3)), torch.tensor([True, 1, 2.5]), torch.tensor([]), torch.tensor([[], []]), torch.tensor(x), torch.tensor([torch.tensor(1), torch.tensor(2)]))",
    "as_tensor": "a = np.arange(3); t = torch.as_tensor(a); a[0] = 9; result = (t, torch.as_tensor(x) is x, torch.as_tensor([1, 2]), torch.as_tensor(a, dtype=torch.float32))",
    "asarray": "a = np.arange(3.); result = (torch.asarray(a), torch.asarray([1, 2]), torch.asarray(5), torch.asarray(x) is x, torch.asarray(x, copy=True) is x)",
    "Tensor constructor": "result = (torch.Tensor([1, 2]), torch.Tensor(2, 3).shape, torch.Tensor().shape, torch.FloatTensor([1]), torch.LongTensor([1, 2]), torch.BoolTensor([True]))",
    "numpy shares": "a = x.numpy(); a[0, 0] = 5; x[1, 1] = 8; result = (a, x)",
    "numpy strides": "a = x.t()[:, 1:].numpy(); result = (a, a.strides, a.shape)",
    "numpy dtypes": "result = [str(torch.ones(1, dtype=d).numpy().dtype) for d in (torch.float16, torch.float32, torch.float64, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool, torch.complex64, torch.complex128)]",
    "numpy bfloat16": "torch.ones(1, dtype=torch.bfloat16).numpy()",
    "numpy force": "result = torch.ones(2, requires_grad=True).numpy(force=True)",
    "numpy detach": "result = torch.ones(2, requires_grad=True).detach().numpy()",
    "numpy conj": "result = torch.tensor([1j]).conj().resolve_conj().numpy()",
    "from_numpy": "a = np.arange(6).reshape(2, 3); t = torch.from_numpy(a); a[0, 0] = 7; t[1, 1] = 9; result = (t, a, torch.from_numpy(a.T), torch.from_numpy(a[:, ::2]), torch.from_numpy(np.zeros((0, 3))), torch.from_numpy(np.array(2.5)))",
    "from_numpy keeps alive": "t = torch.from_numpy(np.arange(5)[1:]); result = t",
    "from_numpy of every dtype": "result = [torch.from_numpy(np.zeros(2, dtype=d)) for d in (np.float16, np.float32, np.float64, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.bool_, np.complex64, np.complex128)]",
    "numpy scalars": "result = (torch.tensor(np.float64(1.5)), torch.tensor(np.int32(3)), torch.tensor(np.bool_(True)), torch.tensor([np.float32(1), np.float32(2)]), x + np.float64(2), x * np.int64(3), x[np.int64(1)], torch.zeros(np.int64(2)), x.sum(np.int64(0)))",
    "numpy functions": "result = (np.asarray(x), np.array(x), np.add(x.numpy(), 1), np.sum(x.numpy()), np.asarray(x, dtype=np.float64), np.stack([x, x]).shape)",
    "numpy functions of tensors": "r = np.exp(x); result = (type(r).__name__, r)",
    "numpy and tensor": "a = np.ones((2, 3), dtype=np.float32); result = (x + torch.from_numpy(a), type(x + a).__name__, (x * a), (x == a).all().item())",
    "array_priority": "result = x.__array_priority__",
    "array index": "result = (x[np.array([1, 0])], x[np.array([True, False])], x[[0]], x[np.array(1)])",
    "array __array__": "result = (x.__array__(), x.__array__(np.float64).dtype.name)",
    "array_wrap": "a = np.sqrt(x.numpy()); result = x.__array_wrap__(a)",
    "buffer": "result = torch.frombuffer(bytearray(b'\\x01\\x02\\x03\\x04'), dtype=torch.uint8)",
    "frombuffer offset": "result = (torch.frombuffer(np.arange(5, dtype=np.float32).tobytes(), dtype=torch.float32, offset=4, count=2), )",
    "dlpack own": "y = torch.from_dlpack(x); y[0, 0] = 77; result = (x, y.stride())",
    "dlpack numpy": "a = np.from_dlpack(x); result = a",
    "dlpack from numpy": "a = np.arange(4.); t = torch.from_dlpack(a); t[0] = 9; result = (a, t)",
    "dlpack device": "result = tuple(int(v) for v in x.__dlpack_device__())",
    "dlpack strided": "result = np.from_dlpack(x.t()[1:])",
    "dlpack requires grad": "np.from_dlpack(torch.ones(2, requires_grad=True))",
    "dlpack utils": "from torch.utils.dlpack import to_dlpack, from_dlpack\nresult = from_dlpack(to_dlpack(x))",
    "pickle": "import pickle; y = pickle.loads(pickle.dumps(x.t())); result = (y, y.stride(), type(y).__name__)",
    "pickle views share": "import pickle; a, b = pickle.loads(pickle.dumps((x, x[0]))); a[0, 0] = 50; result = (a, b)",
    "pickle same": "import pickle; a, b = pickle.loads(pickle.dumps((x, x))); result = a is b",
    "pickle requires_grad": "import pickle; y = pickle.loads(pickle.dumps(torch.ones(2, requires_grad=True))); result = (y.requires_grad, y.is_leaf)",
    "pickle Parameter": "import pickle; y = pickle.loads(pickle.dumps(torch.nn.Parameter(torch.ones(2)))); result = (type(y).__name__, y.requires_grad, y.detach())",
    "pickle dtypes": "import pickle; result = [pickle.loads(pickle.dumps(torch.ones(2, dtype=d))) for d in (torch.bfloat16, torch.float16, torch.bool, torch.int8, torch.complex64)]",
    "pickle objects": "import pickle; result = [pickle.loads(pickle.dumps(o)) == o for o in (torch.float32, torch.device('cpu'), torch.Size([1, 2]), torch.strided, torch.contiguous_format)]",
    "pickle dtype identity": "import pickle; result = (pickle.loads(pickle.dumps(torch.float32)) is torch.float32, __import__('copy').deepcopy(torch.float32) is torch.float32)",
    "pickle attributes": "import pickle; y = torch.ones(1); y.mark = 5; result = pickle.loads(pickle.dumps(y)).mark",
    "copy": "import copy; y = copy.copy(x); y[0, 0] = 3; result = (x, y is x)",
    "deepcopy": "import copy; y = copy.deepcopy(x); y[0, 0] = 3; result = (x, y)",
    "deepcopy shares within": "import copy; a, b = copy.deepcopy([x, x[0]]); a[0, 0] = 9; result = b",
    "deepcopy leaf": "import copy; w = torch.ones(2, requires_grad=True); w.sum().backward(); y = copy.deepcopy(w); result = (y.requires_grad, y.grad, y.grad is w.grad)",
    "deepcopy non-leaf": "import copy; copy.deepcopy(torch.ones(2, requires_grad=True) * 2)",
    "deepcopy attributes": "import copy; y = torch.ones(1); y.mark = [5]; z = copy.deepcopy(y); result = (z.mark, z.mark is y.mark)",
    "share memory": "result = (x.is_shared(), x.share_memory_().is_shared())",
    "dir": "result = [n for n in ('add', 'sum', 'view', 'numpy', 'backward', 'grad', 'requires_grad_', 'T', 'shape', 'register_hook') if n not in dir(x)]",
    "isinstance": "result = (isinstance(x, torch.Tensor), isinstance(x, torch.FloatTensor), isinstance(x, torch.LongTensor), issubclass(torch.nn.Parameter, torch.Tensor), isinstance(torch.nn.Parameter(x), torch.nn.Parameter), type(x).__name__, type(x).__module__)",
    "names": "result = (torch.Tensor.__name__, torch.float32.__class__.__name__, type(torch.device('cpu')).__name__, type(torch.Size()).__name__, torch.Tensor.__module__)",
    "set attributes": "y = torch.ones(1); y.foo = 1; del y.foo; result = hasattr(y, 'foo')",
    "docs": "result = [bool(f.__doc__) for f in (torch.add, torch.Tensor.add, torch.sum, torch.nn.functional.relu, torch.zeros, torch.Tensor.view)]",
    "allclose and equal": "result = (torch.allclose(x, x + 1e-9), torch.equal(x, x), torch.equal(x, x[0]), x.equal(x), x.allclose(x * 2))",
    "threads": "result = torch.get_num_threads() >= 1",
    "version": "result = torch.__version__.split('+')[0]",
    "numel function": "result = torch.numel(x)",
    "subclass": "class Sub(torch.Tensor):\n    pass\ns = x.as_subclass(Sub); result = (type(s + 1).__name__, type(s[0]).__name__, type(torch.cat([s, s])).__name__, type(s.sum()).__name__, type(s.data).__name__, type(s.detach()).__name__, type(x + s).__name__)",
    "torch_function": """
log = []
class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})
s = x.as_subclass(Logged); s + 1; torch.add(s, 2); s.sum(); s.shape; s[0]; torch.cat([s, x]); x * s; 2 - s; s.view(-1); torch.exp(s)
result = log""",
    "torch_function other class": """
class Duck:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return (func.__name__, len(args), sorted(kwargs or {}))
d = Duck()
result = (torch.add(x, d), torch.sum(d, dim=1), torch.nn.functional.relu(d), torch.cat([x, d]), x + d, x.add(d), torch.nn.functional.linear(d, x))""",
    "disable torch_function": "class Sub(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k): return 'hit'\ns = x.as_subclass(Sub)\nwith torch._C.DisableTorchFunctionSubclass():\n    r = torch.add(s, 1)\nresult = (type(r).__name__, torch.add(s, 1))",
    "make_subclass": "class P(torch.Tensor):\n    pass\ny = torch.Tensor._make_subclass(P, x, True); result = (type(y).__name__, y.requires_grad, y.data_ptr() == x.data_ptr())",
    "dispatch mode": """
from torch.utils._python_dispatch import TorchDispatchMode
log = []
class Log(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        log.append(str(func)); return func(*args, **(kwargs or {}))
w = torch.ones(2, requires_grad=True)
with Log():
    y = (w * 3).sum(); y.backward()
result = [name for name in log if name in ('aten.mul.Tensor', 'aten.sum.default')]""",
    "dispatch mode, several views": """
from torch.utils._python_dispatch import TorchDispatchMode
log = []
class Log(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        log.append(str(func)); return func(*args, **(kwargs or {}))
with Log():
    a, b = torch.arange(4.).split(2); c, d = a.unbind(); e = tuple(b); f = torch.ones(2, 3).t_()
result = ([name for name in log if 'ar' not in name and 'ones' not in name], a, b, c, d, e, f)""",
    "default device": "with torch.device('meta'):\n    y = torch.ones(2)\nresult = str(y.device)",
    "default device functions": """
with torch.device('meta') as d:
    result = [str(t.device) for t in (torch.ones(2), torch.tensor([1.]), torch.tensor(2), torch.as_tensor([1]), torch.asarray([1]), torch.as_tensor(x), torch.eye(2), torch.arange(3), torch.rand(2), torch.Tensor(2), torch.zeros_like(x), x.new_zeros(2), torch.from_numpy(np.ones(2)), torch.nn.Linear(2, 2).weight)] + [str(d), str(torch.get_default_device())]
    with torch.device('cpu'):
        result.append(str(torch.ones(2).device))
    result.append(str(torch.ones(2).device))
result.append(str(torch.ones(2).device))
torch.set_default_device('meta'); result.append(str(torch.ones(1).device)); torch.set_default_device(None); result.append(str(torch.ones(1).device))""",
    "torch_function names": """
log = []
class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.append((func.__name__, len(args), sorted(kwargs or {})))
        return super().__torch_function__(func, types, args, kwargs or {})
s = x.as_subclass(Logged); i = torch.tensor([6, 3]).as_subclass(Logged)
1 + s; 2 / s; 2 // s; s // 2; 2 % s; 2 ** s; s == 1; i & 1; 1 | i; ~i; 1 << i; -s; abs(s); s.data; s.grad; s.requires_grad; s.dtype; s.T; s.size(); s.dim(); s.to(torch.float64); s.double(); s.requires_grad_(False); s.norm(); repr(s); torch.unique(s); torch.norm(s); torch.numel(s); torch.nn.functional.dropout(s); torch.nn.functional.layer_norm(s, (3,)); x[torch.tensor(1).as_subclass(Logged)]
s.requires_grad = False; s.data = x
s += 1; i &= 3
result = log""",
    "as_subclass asks nobody": "class Sub(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k): return 'hit'\ns = x.as_subclass(Sub)\nresult = [type(t).__name__ for t in (s.as_subclass(torch.Tensor), torch.Tensor.as_subclass(s, torch.Tensor), s.as_subclass(Sub))]",
    "torch_function results": "class Sub(torch.Tensor):\n    pass\ns = x.as_subclass(Sub); result = [type(r).__name__ for r in (s.max(0), s.max(0).values, s.T, s.data, s.grad, s.shape, s.to(torch.float64), s.split(1)[0], torch.sort(s)[0])]",
    "is_nonzero and dim_order": "result = (torch.tensor([2.]).is_nonzero(), x.dim_order(), x.t().dim_order(), torch.ones(2, 3, 4, 5).to(memory_format=torch.channels_last).dim_order(), x.expand(2, 2, 3).dim_order(), torch.tensor(1.).dim_order(), list(reversed(torch.arange(3))))",
    "checks": "result = []\nfor f in (torch._check, torch._check_value, torch._check_type, torch._check_index, torch._check_not_implemented):\n    f(True)\n    try: f(False, lambda: 'told')\n    except Exception as e: result.append((type(e).__name__, str(e)))",
    "deterministic": "torch.use_deterministic_algorithms(True, warn_only=True); r = (torch.get_deterministic_debug_mode(), torch.is_deterministic_algorithms_warn_only_enabled(), torch.are_deterministic_algorithms_enabled()); torch.set_deterministic_debug_mode(0); result = r + (torch.get_deterministic_debug_mode(), torch.are_deterministic_algorithms_enabled())",
    "shared with a child": """
import os
s = torch.zeros(3).share_memory_(); v = s[1:]
pid = os.fork()
if pid == 0:
    s.untyped_storage().fill_(1); os._exit(0)
os.waitpid(pid, 0); result = (v.view(torch.uint8), v.is_shared(), torch.ones(1).is_shared())""",
    "kwargs out positional": "o = torch.empty(0); r = torch.add(x, 1, out=o); result = (r is o, o)",
    "printing options": "torch.set_printoptions(precision=2); r = repr(torch.tensor([1.23456])); torch.set_printoptions(profile='default'); result = r",
    "negative zero dim": "result = (torch.ones(3).sum(-1), torch.tensor(5.).sum(-1), torch.tensor(5.).squeeze())",
    "large integers": "result = (torch.tensor(2**62) * 2, torch.tensor([2**53 + 1]) + 0, torch.tensor(2**53 + 1).double(), torch.arange(2**40, 2**40 + 3), torch.tensor(-2**63))",
    "keyword names": "result = (torch.sum(input=x, dim=0), torch.add(input=x, other=x, alpha=2), torch.max(input=x, dim=1)[0], x.transpose(dim0=0, dim1=1), torch.cat(tensors=[x, x], dim=0), torch.clamp(x, min=1, max=2), torch.sum(x, axis=0), torch.mean(x, dim=1, keepdims=True))",
    "out tuple": "v, i = torch.empty(0), torch.empty(0, dtype=torch.int64); torch.max(x, 1, out=(v, i)); result = (v, i)",
    "named results": "r = x.max(1); result = (r.values, r.indices, type(r).__name__, r[0], len(r), x.sort().values, x.topk(1).indices, torch.var_mean(x)[0])",
    "named result repr": "result = repr(torch.tensor([1., 3.]).max(0))",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_as_the_oracle(name: str, both: Any) -> None:
    both(X + SNIPPETS[name])
