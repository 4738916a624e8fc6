"""nn.Module by snippets that run here and in the oracle: registration, state, hooks, conversion, texts."""

from __future__ import annotations

from typing import Any

import pytest

PRELUDE = """
import copy, pickle, warnings
from collections import OrderedDict
import torch.nn as nn

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

class Plain(nn.Module):
    def forward(self, x):
        return x * 2

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 3)
        self.b = nn.Sequential(nn.ReLU(), nn.Linear(3, 1, bias=False))
        self.register_buffer('count', torch.zeros(2))
        self.register_buffer('temporary', torch.ones(1), persistent=False)
        self.scale = nn.Parameter(torch.tensor(2.0))
    def forward(self, x):
        return self.b(self.a(x)) * self.scale

torch.manual_seed(0)
net = Net()
x = torch.linspace(-1, 1, 6).reshape(3, 2)
"""

SNIPPETS = {
    "forward": "result = net(x)",
    "forward arguments": "m = nn.Identity(1, a=2); result = (m(x), attempt(lambda: Plain()()), attempt(lambda: nn.Module()(1)))",
    "names of parameters": "result = ([n for n, p in net.named_parameters()], [n for n, p in net.named_parameters(recurse=False)], [n for n, p in net.named_parameters(prefix='p')])",
    "names of buffers": "result = ([n for n, b in net.named_buffers()], len(list(net.buffers())))",
    "names of modules": "result = ([n for n, m in net.named_modules()], [n for n, m in net.named_children()], [n for n, m in net.named_modules(prefix='p')])",
    "shared": "net.c = net.a; result = ([n for n, p in net.named_parameters()], [n for n, p in net.named_parameters(remove_duplicate=False)], [n for n, m in net.named_modules(remove_duplicate=False)], len(list(net.modules())), len(list(net.children())))",
    "shared parameter": "net.b[1].weight2 = net.a.weight; result = ([n for n, p in net.named_parameters()], sorted(net.state_dict()))",
    "state dict": "result = (net.state_dict(), net.state_dict()._metadata, type(net.state_dict()).__name__)",
    "state dict options": "s = net.state_dict(prefix='p.', keep_vars=True); result = (list(s), [type(v).__name__ for v in s.values()], [v.requires_grad for v in net.state_dict().values()], net.state_dict()['a.weight'].data_ptr() == net.a.weight.data_ptr())",
    "state dict destination": "d = OrderedDict(z=1); s = net.state_dict(destination=d); result = (s is d, list(d), hasattr(d, '_metadata'))",
    "state dict positional": "d = OrderedDict(); s = net.state_dict(d, 'q.', True); result = (list(s), s is d)",
    "load": "other = Net(); r = other.load_state_dict(net.state_dict()); result = (str(r), other(x), r.missing_keys, r.unexpected_keys)",
    "load errors": "s = net.state_dict(); s['zz'] = torch.ones(1); s['a.q'] = torch.ones(1); s['a.b.c'] = torch.ones(1); del s['scale']; s['a.weight'] = torch.ones(2, 2); s['a.bias'] = 3; result = (attempt(lambda: net.load_state_dict(s)), attempt(lambda: net.load_state_dict(s, strict=False)), attempt(lambda: net.load_state_dict(5)))",
    "load not strict": "r = net.load_state_dict({'a.bias': torch.arange(3.), 'zz': torch.ones(1)}, strict=False); result = (repr(r), net.a.bias)",
    "load keeps what fits": "attempt(lambda: net.load_state_dict({'a.bias': torch.arange(3.)})); result = net.a.bias",
    "load from one element": "net.load_state_dict({'scale': torch.tensor([7.0])}, strict=False); result = net.scale",
    "load casts": "net.load_state_dict({'a.bias': torch.arange(3, dtype=torch.float64)}, strict=False); result = net.a.bias",
    "load assign": "w = torch.arange(3, dtype=torch.float64); p = nn.Parameter(torch.ones(3, 2), requires_grad=False); net.load_state_dict({'a.bias': w, 'a.weight': p}, strict=False, assign=True); result = (net.a.bias, type(net.a.bias).__name__, net.a.bias.data_ptr() == w.data_ptr(), net.a.weight is p, p.requires_grad, net.a.bias.requires_grad)",
    "load keeps metadata": "s = net.state_dict(); m = copy.deepcopy(s._metadata); net.load_state_dict(s, assign=True); result = (sorted(s), m == s._metadata or list(m) == list(s._metadata))",
    "extra state": """
class E(nn.Module):
    def __init__(self): super().__init__(); self.v = 1
    def get_extra_state(self): return {'v': self.v}
    def set_extra_state(self, s): self.v = s['v']
e = nn.Sequential(E()); e[0].v = 5; s = e.state_dict(); f = nn.Sequential(E()); f.load_state_dict(s)
result = (s, f[0].v, attempt(lambda: f.load_state_dict({})), attempt(lambda: nn.Sequential(nn.ReLU()).load_state_dict(s)))
""",
    "extra state undefined": "result = (type(attempt(lambda: net.get_extra_state())).__name__, attempt(lambda: net.get_extra_state())[0], attempt(lambda: net.set_extra_state(1))[0])",
    "state dict hooks": """
log = []
h1 = net._register_state_dict_hook(lambda m, d, p, meta: log.append(('hook', p, sorted(meta))))
h2 = net.register_state_dict_post_hook(lambda m, d, p, meta: d.update(new=torch.ones(1)))
h3 = net.register_state_dict_pre_hook(lambda m, p, k: log.append(('pre', p, k)))
s = list(net.state_dict()); h1.remove(); h2.remove(); h3.remove()
net.register_state_dict_post_hook(lambda *a: 3)
result = (s, log, list(Net().state_dict()), attempt(lambda: net.state_dict()))
""",
    "state dict hook replaces": "net._register_state_dict_hook(lambda m, d, p, meta: {'only': 1}); result = net.state_dict()",
    "load hooks": """
log = []
net.a.register_load_state_dict_pre_hook(lambda m, d, p, meta, strict, miss, unex, err: (log.append((type(m).__name__, p, sorted(d), strict, meta)), d.pop(p + 'old', None))[0])
net._register_load_state_dict_pre_hook(lambda d, p, *a: log.append(('root', p, len(a))))
h = net.register_load_state_dict_post_hook(lambda m, keys: (log.append((type(m).__name__, keys)), keys.missing_keys.clear())[1])
s = net.state_dict(); s['a.old'] = torch.ones(1); del s['scale']
r = net.load_state_dict(s); h.remove(); net.register_load_state_dict_post_hook(lambda m, k: 3)
result = (str(log), str(r), attempt(lambda: net.load_state_dict(net.state_dict())))
""",
    "assigning before init": """
class Early(nn.Module):
    def __init__(self, v): self.v = v; super().__init__()
result = [attempt(lambda: Early(v)) for v in (nn.Parameter(torch.ones(1)), nn.ReLU(), nn.Buffer(torch.ones(1)))] + [type(Early(3)).__name__, hasattr(Early(torch.ones(1)), 'v')]
""",
    "assigning wrong kinds": "net.sub = nn.ReLU(); result = [attempt(lambda: setattr(net, n, v)) for n, v in (('scale', torch.ones(1)), ('scale', 3), ('sub', 3), ('count', 3), ('sub', torch.ones(1)))]",
    "assigning None": "net.scale = None; net.count = None; net.a = None; result = ([n for n, _ in net.named_parameters()], [n for n, _ in net.named_buffers()], [n for n, _ in net.named_modules()], list(net.state_dict()), net.scale, net.a, repr(net))",
    "assigning changes kind": "net.w = 1; net.w = nn.Parameter(torch.ones(1)); first = 'w' in net.__dict__; net.w2 = nn.ReLU(); net.w2 = nn.Parameter(torch.ones(1)); net.count = nn.Parameter(torch.ones(1)); result = (first, sorted(net._parameters), sorted(net._modules), sorted(net._buffers))",
    "assigning buffers": "net.count = torch.full((2,), 4.0); net.temporary = torch.zeros(1); net.fresh = nn.Buffer(torch.ones(1)); net.fresh2 = nn.Buffer(torch.ones(1), persistent=False); net.plain = torch.ones(1); result = (sorted(net._buffers), sorted(net._non_persistent_buffers_set), list(net.state_dict()))",
    "deleting": "del net.scale; del net.count; del net.a; net.v = 1; del net.v; result = (sorted(net._parameters), sorted(net._buffers), sorted(net._modules), attempt(lambda: delattr(net, 'nope')), attempt(lambda: net.scale))",
    "register names": "result = [attempt(lambda: f(n, v)) for f, v in ((net.register_parameter, nn.Parameter(torch.ones(1))), (net.register_buffer, torch.ones(1)), (net.add_module, nn.ReLU())) for n in (3, '', 'training')]",
    "register dotted": "result = [attempt(lambda: f('a.b', v)) for f, v in ((net.register_parameter, None), (net.register_buffer, None))] + [attempt(lambda: net.add_module('a.b', nn.ReLU()))[0]]",
    "register kinds": "result = [attempt(lambda: net.register_parameter('p', torch.ones(1))), attempt(lambda: net.register_parameter('p', 3)), attempt(lambda: net.register_buffer('q', 3)), attempt(lambda: net.add_module('m', 3)), attempt(lambda: net.register_parameter('p', nn.Parameter(torch.ones(1)) * 2))]",
    "register None": "net.register_parameter('p', None); net.register_buffer('q', None); net.register_module('m', None); result = (net.p, net.q, net.m, list(net.state_dict()))",
    "missing attribute": "result = (attempt(lambda: net.nope), hasattr(net, 'nope'), getattr(net, 'nope', 3))",
    "property error": """
class P(nn.Module):
    @property
    def broken(self): return self.nothing
result = attempt(lambda: P().broken)
""",
    "getters": "result = [attempt(f) for f in (lambda: net.get_submodule('b.1').extra_repr(), lambda: net.get_submodule('').__class__.__name__, lambda: net.get_submodule('b.7'), lambda: net.get_submodule('scale'), lambda: net.get_parameter('a.bias').shape, lambda: net.get_parameter('count'), lambda: net.get_parameter('a.no'), lambda: net.get_buffer('count').shape, lambda: net.get_buffer('scale'), lambda: net.get_buffer('no'))]",
    "set_submodule": "net.set_submodule('b.0', nn.Tanh()); net.set_submodule('extra', nn.ReLU()); result = (repr(net), attempt(lambda: net.set_submodule('', nn.Tanh())), attempt(lambda: net.set_submodule('b.0', 3)), attempt(lambda: net.set_submodule('none', nn.Tanh(), strict=True)), attempt(lambda: net.set_submodule('q.r', nn.Tanh())))",
    "train and eval": "net.eval(); a = [m.training for m in net.modules()]; net.b.train(); result = (a, [m.training for m in net.modules()], net.train() is net, attempt(lambda: net.train(3)))",
    "apply": "seen = []; r = net.apply(lambda m: seen.append(type(m).__name__)); result = (seen, r is net)",
    "zero_grad": "net(x).sum().backward(); net.zero_grad(set_to_none=False); a = [p.grad for p in net.parameters()]; net.zero_grad(); result = (a, [p.grad for p in net.parameters()])",
    "requires_grad_": "r = net.requires_grad_(False); result = ([p.requires_grad for p in net.parameters()], r is net, net(x).requires_grad)",
    "casts": "result = [(str(m.a.weight.dtype), str(m.count.dtype), type(m.a.weight).__name__, m.a.weight.requires_grad) for m in (Net().double(), Net().half(), Net().bfloat16(), Net().double().float(), Net().to(torch.float64), Net().to('cpu', torch.float64), Net().to(torch.ones(1, dtype=torch.float64)), Net().type(torch.float64), Net().cpu(), Net().to(dtype=torch.half))]",
    "casts keep integers": "net.register_buffer('n', torch.tensor(3)); net.double(); net.to(torch.float16); result = (net.n, str(net.count.dtype))",
    "cast keeps parameter": "p = net.a.weight; net(x).sum().backward(); net.double(); result = (p is net.a.weight, str(p.dtype), str(p.grad.dtype), net(x.double()))",
    "cast errors": "result = (attempt(lambda: net.to(torch.int32)), attempt(lambda: net.to(torch.bool)))",
    "meta": "net.to('meta'); a = (str(net.a.weight.device), type(net.a.weight).__name__, net.a.weight.requires_grad); net.to_empty(device='cpu'); result = (a, str(net.a.weight.device), tuple(net.a.weight.shape), str(nn.Linear(2, 3, device='meta').weight.device))",
    "channels_last": "c = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last); result = (c.weight.stride(), c.bias.stride())",
    "forward hooks": """
log = []
h = net.a.register_forward_pre_hook(lambda m, a: log.append(('pre', len(a))))
h2 = net.a.register_forward_hook(lambda m, a, o: log.append(('post', tuple(o.shape))))
y = net(x); h.remove(); h2.remove(); net(x)
result = (log, y, len(net.a._forward_hooks))
""",
    "forward hooks replace": "net.a.register_forward_pre_hook(lambda m, a: (a[0] * 2,)); net.b.register_forward_pre_hook(lambda m, a: a[0] + 1); net.register_forward_hook(lambda m, a, o: o * 10); result = net(x)",
    "forward hooks with kwargs": """
class K(nn.Module):
    def forward(self, x, *, scale=1): return x * scale
k = K(); log = []
k.register_forward_pre_hook(lambda m, a, kw: (a, {'scale': kw['scale'] + 1}), with_kwargs=True)
k.register_forward_hook(lambda m, a, kw, o: log.append(kw), with_kwargs=True)
result = (k(x, scale=2), log)
""",
    "forward hooks order": "log = []; p = Plain(); p.register_forward_hook(lambda *a: log.append(1)); p.register_forward_hook(lambda *a: log.append(2)); p.register_forward_hook(lambda *a: log.append(0), prepend=True); p.register_forward_pre_hook(lambda *a: log.append('b')); p.register_forward_pre_hook(lambda *a: log.append('a'), prepend=True); p(x); result = log",
    "forward hooks always": """
class Bad(nn.Module):
    def forward(self, x): raise ValueError('bad')
log = []; b = Bad(); b.register_forward_hook(lambda m, a, o: log.append(('always', o)), always_call=True); b.register_forward_hook(lambda *a: log.append('never'))
def failing(*a): log.append('failing'); raise RuntimeError('hook')
b.register_forward_hook(failing, always_call=True)
result = (attempt(lambda: b(x)), log)
""",
    "forward hook errors": "p = Plain(); p.register_forward_pre_hook(lambda m, a, k: 1, with_kwargs=True); result = attempt(lambda: p(x))",
    "backward hooks": """
log = []
net.a.register_full_backward_hook(lambda m, gi, go: log.append(('full', gi, go)))
net.b.register_full_backward_hook(lambda m, gi, go: log.append(('b', gi, go)))
net.b.register_full_backward_pre_hook(lambda m, go: log.append(('pre', go)))
y = x.clone().requires_grad_(); net(y).sum().backward()
result = (log, y.grad, [p.grad for p in net.parameters()])
""",
    "backward hooks replace": "net.b.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,)); net.b.register_full_backward_pre_hook(lambda m, go: (go[0] + 1,)); y = x.clone().requires_grad_(); net(y).sum().backward(); result = (y.grad, [p.grad for p in net.parameters()])",
    "backward hooks without input gradient": "log = []; net.register_full_backward_hook(lambda m, gi, go: log.append((gi, go))); net(x).sum().backward(); result = (log, net.a.weight.grad)",
    "backward hook errors": """
net.b.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
y = x.clone().requires_grad_(); first = attempt(lambda: net(y).sum().backward())
p = Plain(); p.register_full_backward_hook(lambda *a: None); q = Plain(); q.register_backward_hook(lambda *a: None)
result = (first, attempt(lambda: p.register_backward_hook(lambda *a: None)), attempt(lambda: q.register_full_backward_hook(lambda *a: None)))
""",
    "backward hooks on tuples": """
class Two(nn.Module):
    def forward(self, a, b, c=None): return a * 2, b * 3, 'text' if False else a + b
log = []; t = Two(); t.register_full_backward_hook(lambda m, gi, go: log.append((gi, go)))
a = torch.ones(2, requires_grad=True); b = torch.ones(2)
o = t(a, b, None); (o[0].sum() + o[2].sum() * 5).backward(); result = (log, a.grad)
""",
    "non-full backward hook": "log = []; net.b[1].register_backward_hook(lambda m, gi, go: log.append(go)); net(x).sum().backward(); result = log",
    "global hooks": """
from torch.nn.modules import module as M
log = []
hs = [M.register_module_forward_pre_hook(lambda m, a: log.append('pre ' + type(m).__name__)), M.register_module_forward_hook(lambda m, a, o: log.append('post ' + type(m).__name__)), M.register_module_full_backward_hook(lambda m, gi, go: log.append('back ' + type(m).__name__))]
net(x).sum().backward(); n = len(log); [h.remove() for h in hs]; net(x); M._global_is_full_backward_hook = None
result = (log, n == len(log))
""",
    "registration hooks": """
from torch.nn.modules import module as M
log = []
hs = [M.register_module_parameter_registration_hook(lambda m, n, p: log.append(('p', n))), M.register_module_buffer_registration_hook(lambda m, n, p: log.append(('b', n))), M.register_module_module_registration_hook(lambda m, n, p: log.append(('m', n)))]
Net(); [h.remove() for h in hs]; Net(); result = log
""",
    "handle as context": "log = []; p = Plain()\nwith p.register_forward_hook(lambda *a: log.append(1)):\n    p(x)\np(x); result = log",
    "repr": "result = [repr(m) for m in (net, Plain(), nn.Module(), nn.Sequential(), nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU()]), nn.ModuleList(), nn.ModuleDict({'a': nn.ReLU(), 'b': nn.Sequential(nn.Tanh())}), nn.ParameterList([torch.ones(2, 3), 5]), nn.ParameterDict({'a': torch.ones(2), 'b': 3}), nn.ParameterList(), nn.Sequential(nn.ModuleList([nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU())])))]",
    "dir": "d = dir(net); result = ([n in d for n in ('a', 'b', 'count', 'scale', 'forward', 'training', '0')], d == sorted(d))",
    "copies": "other = copy.deepcopy(net); net.a.weight.data.zero_(); third = pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))); result = (other.a.weight, type(other.a.weight).__name__, other.a.weight.requires_grad, list(third.state_dict()), repr(third), copy.copy(net).a is net.a)",
    "deepcopy of shared": "net.c = net.a; o = copy.deepcopy(net); result = (o.c is o.a, o.a is net.a)",
    "unpickling old state": "m = nn.ReLU(); d = m.__dict__.copy(); [d.pop(k) for k in list(d) if 'hooks' in k]; d['_forward_hooks'] = OrderedDict(); d['_backward_hooks'] = OrderedDict(); n = nn.ReLU.__new__(nn.ReLU); n.__setstate__(d); result = n(x)",
    "replicate": "r = net._replicate_for_data_parallel(); result = (r._is_replica, sorted(r._modules), dict(r._parameters))",
    "class attributes": "result = (nn.Module.dump_patches, nn.Module._version, nn.BatchNorm1d._version, nn.Module.call_super_init, net._get_name(), nn.Linear.__constants__)",
    "constructor arguments": "result = (attempt(lambda: nn.Module(3)), attempt(lambda: nn.Module(a=3)), attempt(lambda: nn.Sigmoid(3)))",
    "call_super_init": """
class Mixin:
    def __init__(self, tag=None): self.tag = tag
class Both(nn.Module, Mixin):
    call_super_init = True
    def __init__(self): super().__init__(tag='t')
result = Both().tag
""",
    "overridden getattr": """
class G(nn.Module):
    def __init__(self): super().__init__(); self.inner = nn.Linear(1, 1)
    def __getattr__(self, name):
        try: return super().__getattr__(name)
        except AttributeError: return 'made ' + name
result = (G().zzz, G().inner.in_features)
""",
    "without init": """
class N(nn.Module):
    def __init__(self): pass
result = [attempt(f)[0] for f in (lambda: N()(1), lambda: N().foo, lambda: list(N().parameters()), lambda: repr(N()))]
""",
    "parameter": "p = nn.Parameter(torch.ones(2)); result = (repr(p), isinstance(p, nn.Parameter), isinstance(p, torch.Tensor), isinstance(torch.ones(1), nn.Parameter), nn.Parameter().shape, nn.Parameter(torch.ones(1), requires_grad=False).requires_grad, type(p + 1).__name__, type(p.data).__name__, type(p.detach()).__name__, p.is_leaf, type(copy.deepcopy(p)).__name__, type(pickle.loads(pickle.dumps(p))).__name__)",
    "parameter under no_grad": "with torch.no_grad():\n    p = nn.Parameter(torch.ones(2))\nresult = (p.requires_grad, (p * 2).requires_grad)",
    "parameter of non-leaf": "p = nn.Parameter(torch.ones(2, requires_grad=True) * 3); result = (p, p.is_leaf, p.grad_fn)",
    "parameter shares": "t = torch.ones(2); p = nn.Parameter(t); t[0] = 5; result = (p, p.data_ptr() == t.data_ptr())",
    "parameter errors": "result = (attempt(lambda: nn.Parameter(torch.ones(2, dtype=torch.int64)))[0], nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False))",
    "parameter of subclass": """
class S(torch.Tensor): pass
s = torch.ones(2).as_subclass(S); p = nn.Parameter(s); m = nn.Module(); m.p = p
result = (type(p).__name__, isinstance(p, nn.Parameter), p.requires_grad, list(m._parameters))
""",
    "buffer": "b = nn.Buffer(torch.ones(2)); result = (type(b).__name__, isinstance(b, nn.Buffer), isinstance(torch.ones(1), nn.Buffer), b.persistent, nn.Buffer(torch.ones(1), persistent=False).persistent)",
    "uninitialized": "p = nn.UninitializedParameter(); a = (repr(p), nn.parameter.is_lazy(p), isinstance(p, nn.Parameter), attempt(lambda: p.shape)[0]); p.materialize((2, 3)); result = (a, type(p).__name__, tuple(p.shape), p.requires_grad)",
    "consume prefix": "from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present as c; s = nn.Sequential(OrderedDict(module=nn.Linear(1, 1))).state_dict(); c(s, 'module.'); result = (list(s), sorted(s._metadata))",
}

CONTAINERS = {
    "sequential": "s = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)); result = (len(s), repr(s[1]), repr(s[-1]), repr(s[:2]), s(x).shape, [type(m).__name__ for m in s], attempt(lambda: s[3]), attempt(lambda: s[-4]))",
    "sequential named": "s = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh())); result = (repr(s), repr(s[1]), s.a(x), repr(s[1:]), attempt(lambda: nn.Sequential(3)))",
    "sequential changes": "s = nn.Sequential(nn.ReLU(), nn.Tanh()); s.append(nn.Sigmoid()); s.insert(1, nn.GELU()); s.extend([nn.ELU()]); s[0] = nn.SiLU(); a = repr(s); del s[1]; b = repr(s); p = s.pop(0); del s[1:]; result = (a, b, repr(p), repr(s), attempt(lambda: s.insert(9, nn.ReLU())), attempt(lambda: s.insert(0, 3))[0])",
    "sequential arithmetic": "s = nn.Sequential(nn.ReLU()); t = nn.Sequential(nn.Tanh()); u = s + t; s += t; result = (repr(u), repr(s), repr(t * 2), repr(2 * t), attempt(lambda: t + 3)[0], attempt(lambda: t * 0)[0], attempt(lambda: t * 1.5)[0])",
    "module list": "l = nn.ModuleList([nn.Linear(1, 2), nn.ReLU()]); l.append(nn.Tanh()); l.insert(0, nn.GELU()); l.extend([nn.ELU()]); l += [nn.SiLU()]; a = repr(l); del l[0]; q = l.pop(0); l[0] = nn.Sigmoid(); result = (a, repr(l), repr(q), repr(l[-1]), repr(l[1:]), len(l), list(l.state_dict()), attempt(lambda: l[9]), attempt(lambda: l.extend(3)), repr(l + [nn.ReLU()]), attempt(lambda: l(x))[0])",
    "module dict": "d = nn.ModuleDict([['a', nn.ReLU()], ('b', nn.Tanh())]); d['c'] = nn.GELU(); d.update({'b': nn.ELU()}); result = (repr(d), list(d), list(d.keys()), len(d), 'a' in d, repr(d.pop('a')), [k for k, v in d.items()], [repr(v) for v in d.values()], attempt(lambda: d['z']), attempt(lambda: d.update(3))[0], attempt(lambda: d.update([1]))[0], attempt(lambda: d.update([(1, 2, 3)]))[0])",
    "module dict clear": "d = nn.ModuleDict({'a': nn.ReLU()}); d.clear(); del_error = attempt(lambda: d.__delitem__('a'))[0]; result = (len(d), repr(d), del_error)",
    "parameter list": "l = nn.ParameterList([torch.ones(1), nn.Parameter(torch.zeros(2))]); l.append(torch.ones(3)); l.extend([torch.ones(1), 7]); l += [torch.zeros(1)]; l[0] = torch.full((1,), 4.0); result = (len(l), [type(v).__name__ for v in l], l[0], l[-1], [tuple(v.shape) for v in l[:2]], list(l.state_dict()), len(list(l.parameters())), attempt(lambda: l[9]), attempt(lambda: l.extend(3)), attempt(lambda: l(1)), repr(l))",
    "parameter dict": "d = nn.ParameterDict({'a': torch.ones(1), 'n': 5}); d['b'] = nn.Parameter(torch.zeros(2)); d.update([('c', torch.ones(3))]); result = (list(d), len(d), 'a' in d, d['a'], type(d['n']).__name__, d.get('z', 1), d.setdefault('e', torch.ones(1)).shape, d.pop('a'), d.popitem()[0], [k for k, v in d.items()], len(list(d.values())), list(d.copy()), list(reversed(d)), list(d | nn.ParameterDict({'q': torch.ones(1)})), list(nn.ParameterDict().fromkeys(['x', 'y'], 1)), attempt(lambda: d[3]), attempt(lambda: d(1)), list(d.state_dict()))",
    "container": "class C(nn.Container): pass\nresult = [n for n, _ in C(a=nn.ReLU()).named_children()]",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_module(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name])


@pytest.mark.parametrize("name", CONTAINERS)
def test_container(both: Any, name: str) -> None:
    both(PRELUDE + CONTAINERS[name])
