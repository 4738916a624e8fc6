"""Optimizers against the oracle: values step by step, states, errors and hooks."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

PRELUDE = """
import copy, pickle
import torch.nn as nn
import torch.optim as O

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

def train(make, steps=20, dtype=torch.float32, shapes=((3, 4), (5,), (2, 3, 2)), strided=False, sparse=False, resumed=True):
    # Half of the way the optimizer is made anew and takes the other's state.
    stream = np.random.RandomState(0)
    def tensor(s):
        t = torch.from_numpy(stream.randn(*s).astype(np.float64)).to(dtype)
        return t.transpose(0, -1) if strided and len(s) > 1 else t
    def gradient(s):
        if not sparse:
            return tensor(s)
        rows = torch.from_numpy(stream.randint(s[0], size=(1, 2)))
        return torch.sparse_coo_tensor(rows, tensor((2, *s[1:])), s)
    params = [nn.Parameter(tensor(s)) for s in shapes]
    o = make(params)
    seen = []
    def loss():
        o.zero_grad()
        value = sum(((p - 0.3 * i) ** 4 * (i + 1)).sum() for i, p in enumerate(params))
        value.backward()
        return value
    for step in range(steps):
        if resumed and step == steps // 2 + 1:
            made, o = o, make(params)
            o.load_state_dict(made.state_dict())
        for i, p in enumerate(params):
            # The last one has no gradient at first.
            p.grad = None if step == 0 and i == len(params) - 1 else gradient(shapes[i])
        o.step(*[loss] * isinstance(o, O.LBFGS))
        if step in (0, 1, 3, 9, steps - 1):
            seen.append([p.detach().clone() for p in params])
    return (seen, o.state_dict(), [list(o.state[p]) for p in params if not isinstance(o, O.LBFGS)])
"""

SGD = [
    "lr=0.1",
    "lr=0.1, momentum=0.9",
    "lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1",
    "lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1",
    "lr=0.1, maximize=True",
    "lr=0.1, momentum=0.5, maximize=True, weight_decay=0.2",
    "lr=torch.tensor(0.1), momentum=0.9",
    "lr=0.1, foreach=True",
    "lr=0.1, weight_decay=0.1, fused=True",
    "lr=0.1, foreach=False, weight_decay=0.1",
    "lr=0.0",
]
ADAM = [
    "",
    "lr=0.1",
    "lr=0.1, betas=(0.5, 0.8), eps=1e-3",
    "lr=0.1, weight_decay=0.1",
    "lr=0.1, amsgrad=True",
    "lr=0.1, amsgrad=True, weight_decay=0.1, maximize=True",
    "lr=torch.tensor(0.1)",
    "lr=0.1, fused=True",
    "lr=0.1, foreach=True",
    "lr=0.1, betas=(0.0, 0.0)",
]
RMSPROP = [
    "",
    "lr=0.1",
    "lr=0.1, momentum=0.9",
    "lr=0.1, centered=True",
    "lr=0.1, centered=True, momentum=0.9, weight_decay=0.1",
    "lr=0.1, maximize=True, alpha=0.5, eps=1e-2",
    "lr=0.1, foreach=True",
]
OTHERS = {
    "Adamax": [
        "",
        "lr=0.1",
        "lr=0.1, betas=(0.5, 0.8), weight_decay=0.1",
        "lr=0.1, maximize=True, eps=1e-2",
        "lr=0.1, foreach=True",
    ],
    "NAdam": [
        "",
        "lr=0.1",
        "lr=0.1, weight_decay=0.1, momentum_decay=0.1",
        "lr=0.1, weight_decay=0.1, decoupled_weight_decay=True",
        "lr=0.1, betas=(0.5, 0.8), maximize=True",
    ],
    "RAdam": [
        "",
        "lr=0.1",
        "lr=0.1, betas=(0.5, 0.6), weight_decay=0.1",
        "lr=0.1, weight_decay=0.1, decoupled_weight_decay=True",
        "lr=0.1, maximize=True, eps=1e-2",
    ],
    "Adagrad": [
        "",
        "lr=0.1, lr_decay=0.5",
        "lr=0.1, weight_decay=0.1, initial_accumulator_value=0.5",
        "lr=0.1, maximize=True, eps=1e-2",
        "lr=0.1, fused=True",
    ],
    "Adadelta": ["", "lr=0.1, rho=0.5, weight_decay=0.1", "maximize=True, eps=1e-2", "foreach=True"],
    "Rprop": ["", "lr=0.1", "lr=0.1, etas=(0.3, 1.9), step_sizes=(0.05, 0.15)", "lr=0.1, maximize=True"],
    "ASGD": ["", "lr=0.1, lambd=0.5, alpha=0.3, t0=1.0", "lr=0.1, weight_decay=0.1, maximize=True, t0=0"],
    "LBFGS": ["", "lr=0.1, max_iter=3, history_size=2", "line_search_fn='strong_wolfe', max_iter=4"],
    "Muon": ["", "lr=0.1, nesterov=False", "lr=0.1, adjust_lr_fn='match_rms_adamw', ns_steps=3"],
    "SparseAdam": ["", "lr=0.1, betas=(0.5, 0.6), eps=0.1"],
    "Adafactor": ["", "lr=0.1, weight_decay=0.1", "lr=0.1, eps=(1e-3, 0.5), d=1.5, beta2_decay=-0.5, maximize=True"],
}
# What the parameters of an optimizer must be like.
KINDS = {"LBFGS": "steps=4", "Muon": "shapes=((3, 4), (5, 2))", "SparseAdam": "sparse=True"}
OPTIMIZERS = (
    "SGD Adam AdamW RMSprop Adamax NAdam RAdam Adagrad Adadelta Rprop ASGD Adafactor LBFGS Muon SparseAdam".split()
)
# Flags of many optimizers, each tried with all that have it.
FLAGS = (
    "foreach=True",
    "foreach=False",
    "fused=True",
    "fused=False",
    "maximize=True",
    "weight_decay=0.1",
    "decoupled_weight_decay=True, weight_decay=0.2",
    "amsgrad=True",
    "capturable=True",
    "lr=torch.tensor(0.05)",
)


def flagged(name: str) -> list:
    has = inspect.signature(getattr(torch.optim, name)).parameters
    return [(name, flag) for flag in FLAGS if flag.partition("=")[0] in has]


CASES = (
    [("SGD", o) for o in SGD]
    + [("Adam", o) for o in ADAM]
    + [("AdamW", o) for o in ADAM]
    + [("Adam", "lr=0.1, weight_decay=0.1, decoupled_weight_decay=True")]
    + [("RMSprop", o) for o in RMSPROP]
    + [(name, o) for name, options in OTHERS.items() for o in options]
)

CASES += [case for name in OPTIMIZERS for case in flagged(name) if case not in CASES]

# A step in half types is one rounding here and one per op in the oracle.
DTYPES = {"float64": 1.0, "complex64": 4.0, "bfloat16": 8.0, "float16": 30.0}
FULL = {
    "SGD": "lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1",
    "Adam": "lr=0.1, amsgrad=True, weight_decay=0.1",
    "AdamW": "lr=0.1, amsgrad=True",
    "RMSprop": "lr=0.1, momentum=0.9, weight_decay=0.1",
    "Adamax": "lr=0.1, weight_decay=0.1",
    "NAdam": "lr=0.1, weight_decay=0.1",
    "RAdam": "lr=0.1, betas=(0.5, 0.6), weight_decay=0.1",
    "Adagrad": "lr=0.1, weight_decay=0.1, initial_accumulator_value=0.5",
    "Adadelta": "eps=1e-2, weight_decay=0.1",
    "Rprop": "lr=0.1",
    "ASGD": "lr=0.1, lambd=0.5, t0=1.0",
}

SNIPPETS = {
    "repr and defaults": "p = [nn.Parameter(torch.ones(2))]; result = [(repr(c(p)), c(p).defaults, c(p).state_dict()) for c in (O.SGD, O.Adam, O.AdamW, O.RMSprop)]",
    "groups": "a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3)); o = O.SGD([{'params': [a]}, {'params': b, 'lr': 1.0, 'momentum': 0.5}], lr=0.1); a.grad = torch.ones(2); b.grad = torch.ones(3); o.step(); result = (a, b, o.state_dict())",
    "add_param_group": "a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3)); o = O.Adam([a]); o.add_param_group({'params': b, 'lr': 0.5}); result = (len(o.param_groups), o.param_groups[1]['lr'], o.param_groups[1]['betas'], attempt(lambda: o.add_param_group({'params': [a]})), attempt(lambda: o.add_param_group(3)), attempt(lambda: o.add_param_group({'params': {b}})), attempt(lambda: o.add_param_group({})))",
    "named parameters": "m = nn.Linear(2, 1); o = O.SGD(m.named_parameters(), lr=0.1); q = O.SGD(m.named_parameters(), lr=0.2); q.load_state_dict(o.state_dict()); result = (o.state_dict(), q.state_dict(), attempt(lambda: o.add_param_group({'params': [nn.Parameter(torch.ones(1))]}))[0], attempt(lambda: O.SGD([('a', m.weight), m.bias])))",
    "wrong parameters": "p = nn.Parameter(torch.ones(2)); result = [attempt(f) for f in (lambda: O.SGD([]), lambda: O.SGD(p), lambda: O.SGD([3]), lambda: O.SGD([p * 2]), lambda: O.SGD([{'params': [p]}, {'params': [p]}]), lambda: O.SGD([{'params': {p}}]), lambda: O.SGD([{'a': 1}]), lambda: O.SGD(3))]",
    "wrong options": "p = [nn.Parameter(torch.ones(2))]; result = [attempt(f) for f in (lambda: O.SGD(p, lr=-1), lambda: O.SGD(p, momentum=-1), lambda: O.SGD(p, weight_decay=-1), lambda: O.SGD(p, nesterov=True), lambda: O.SGD(p, lr=torch.ones(2)), lambda: O.SGD(p, fused=True, foreach=True), lambda: O.SGD(p, fused=True, differentiable=True), lambda: O.Adam(p, lr=-1), lambda: O.Adam(p, eps=-1), lambda: O.Adam(p, betas=(1.0, 0.9)), lambda: O.Adam(p, betas=(0.9, -1)), lambda: O.Adam(p, weight_decay=-1), lambda: O.Adam(p, lr=torch.tensor(0.1), foreach=True), lambda: O.Adam(p, betas=(torch.tensor(0.9), 0.9)), lambda: O.AdamW(p, lr=-1), lambda: O.RMSprop(p, alpha=-1), lambda: O.RMSprop(p, eps=-1), lambda: O.RMSprop(p, momentum=-1), lambda: O.RMSprop(p, lr=-1), lambda: O.Adam(p, nope=1))]",
    "capturable on the CPU": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); result = [attempt(lambda: c([p], capturable=True).step()) for c in (O.Adam, O.AdamW, O.RMSprop)]",
    "closure": "p = nn.Parameter(torch.ones(2)); o = O.SGD([p], lr=0.1)\ndef closure():\n    o.zero_grad(); loss = (p * p).sum(); loss.backward(); return loss\nresult = (o.step(closure), p, attempt(lambda: o.step(lambda: 3)))",
    "zero_grad": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = O.SGD([p]); o.zero_grad(set_to_none=False); a = p.grad; o.zero_grad(); result = (a, p.grad)",
    "load_state_dict": "p = nn.Parameter(torch.ones(2)); o = O.Adam([p], lr=0.3); p.grad = torch.ones(2); o.step(); q = nn.Parameter(torch.ones(2, dtype=torch.float64)); n = O.Adam([q], lr=0.1); n.load_state_dict(o.state_dict()); q.grad = torch.ones(2, dtype=torch.float64); n.step(); result = (n.state_dict(), q, o.state[p]['step'])",
    "load_state_dict errors": "a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2)); o = O.SGD([a, b]); s = O.SGD([a]).state_dict(); t = O.SGD([{'params': [a]}, {'params': [b]}]).state_dict(); result = (attempt(lambda: o.load_state_dict(s)), attempt(lambda: o.load_state_dict(t)))",
    "load old steps": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = O.Adam([p]); o.step(); s = copy.deepcopy(o.state_dict()); s['state'][0]['step'] = 1; del s['param_groups'][0]['maximize']; o.load_state_dict(s); o.step(); result = (o.state_dict(), p)",
    "state dict hooks": "p = nn.Parameter(torch.ones(2)); o = O.SGD([p], lr=0.1); log = []; o.register_state_dict_pre_hook(lambda o: log.append('pre')); o.register_state_dict_post_hook(lambda o, s: {**s, 'x': 1}); o.register_load_state_dict_pre_hook(lambda o, s: log.append('load') or {k: v for k, v in s.items() if k != 'x'}); o.register_load_state_dict_post_hook(lambda o: log.append('loaded')); s = o.state_dict(); o.load_state_dict(s); result = (sorted(s), log)",
    "step hooks": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = O.SGD([p], lr=0.1); log = []; h = o.register_step_pre_hook(lambda o, a, k: log.append(('pre', p.tolist(), len(a), k))); o.register_step_post_hook(lambda o, a, k: log.append(('post', p.tolist()))); o.step(); h.remove(); o.step(); o.register_step_pre_hook(lambda *a: 3); result = (log, attempt(lambda: o.step())[0])",
    "global step hooks": "from torch.optim.optimizer import register_optimizer_step_pre_hook as pre, register_optimizer_step_post_hook as post; p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); log = []; h = [pre(lambda *a: log.append('pre')), post(lambda *a: log.append('post'))]; O.SGD([p]).step(); O.Adam([p]).step(); [x.remove() for x in h]; O.SGD([p]).step(); result = log",
    "copies": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = O.SGD([p], lr=0.1, momentum=0.9); o.step(); c = copy.deepcopy(o); k = pickle.loads(pickle.dumps(o)); q = c.param_groups[0]['params'][0]; q.grad = torch.ones(2); c.step(); result = (q, p, k.state_dict(), k.param_groups[0]['params'][0])",
    "own optimizer": "class Own(O.Optimizer):\n    def __init__(self, params, lr): super().__init__(params, {'lr': lr})\n    def step(self, closure=None):\n        for g in self.param_groups:\n            for p in g['params']:\n                self.state[p]['n'] = self.state[p].get('n', 0) + 1\n                p.data.add_(p.grad, alpha=-g['lr'])\np = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = Own([p], 0.5); o.step(); o.step(); result = (p, o.state_dict(), attempt(lambda: O.Optimizer([p], {}).step())[0])",
    "required option": "from torch.optim.optimizer import required; p = nn.Parameter(torch.ones(1)); result = (attempt(lambda: O.Optimizer([p], {'lr': required})), O.Optimizer([{'params': [p], 'lr': 1}], {'lr': required}).param_groups[0]['lr'])",
    "state moved by the user": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = O.Adam([p], lr=0.1); o.step()\nfor s in o.state.values():\n    for k in s: s[k] = s[k].clone() * 2\no.step(); o.state.clear(); o.step(); result = (p, o.state_dict())",
    "options changed by the user": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); o = O.SGD([p], lr=0.1, momentum=0.5); o.step(); o.param_groups[0]['lr'] = 1.0; o.param_groups[0]['momentum'] = 0.0; o.step(); o.param_groups[0]['momentum'] = 0.9; o.step(); result = p",
    "functional": "from torch.optim.sgd import sgd; from torch.optim.adam import adam; from torch.optim.adamw import adamw; from torch.optim.rmsprop import rmsprop; p = [torch.ones(2) for _ in range(4)]; g = torch.tensor([1.0, -2.0]); buf = [None]; z = lambda: [torch.zeros(2)]; sgd([p[0]], [g], buf, weight_decay=0.1, momentum=0.9, lr=0.1, dampening=0.0, nesterov=False, maximize=False); adam([p[1]], [g], z(), z(), [], [torch.tensor(0.0)], amsgrad=False, beta1=0.9, beta2=0.99, lr=0.1, weight_decay=0.0, eps=1e-8, maximize=False); adamw([p[2]], [g], z(), z(), [], [torch.tensor(0.0)], amsgrad=False, beta1=0.9, beta2=0.99, lr=0.1, weight_decay=0.1, eps=1e-8, maximize=False); rmsprop([p[3]], [g], z(), [], [], [torch.tensor(0.0)], lr=0.1, alpha=0.9, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False); result = (p, buf)",
    "empty parameters": "p = nn.Parameter(torch.ones(0, 3)); p.grad = torch.ones(0, 3); q = nn.Parameter(torch.tensor(2.0)); q.grad = torch.tensor(1.0); result = []\nfor c in (O.SGD, O.Adam, O.RMSprop):\n    c([p, q], lr=0.1).step(); result.append((p, q.clone()))",
    "differentiable": """
result = []
for c, k in ((O.SGD, dict(momentum=0.9)), (O.SGD, dict(momentum=0.9, nesterov=True, weight_decay=0.1)), (O.Adam, {}), (O.Adam, dict(maximize=True)), (O.RMSprop, {}), (O.RMSprop, dict(momentum=0.9))):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    p = [x.clone()]
    o = c(p, lr=0.1, differentiable=True, **k)
    for i in range(3):
        p[0].grad = torch.tensor([1.0, -2.0]) * (i + 1) if c is not O.SGD else x**2 * (i + 1)
        o.step()
    p[0].sum().backward()
    result.append((p[0], x.grad))
""",
    "nan and inf": "p = nn.Parameter(torch.tensor([1.0, float('inf'), float('nan'), 1.0])); p.grad = torch.tensor([float('inf'), 1.0, 1.0, float('nan')]); result = []\nfor c in (O.SGD, O.Adam, O.RMSprop):\n    c([p], lr=0.1).step(); result.append(p.clone())",
    "many sizes": "result = train(lambda p: O.Adam(p, lr=0.1, weight_decay=0.01), 4, shapes=[(n,) for n in (1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 100)])[0]",
    "large": "result = train(lambda p: O.SGD(p, lr=0.1, momentum=0.9), 4, shapes=[(300, 301), (40000,)])[0]",
    "differentiable, the others": """
result = []
for c, k in ((O.NAdam, dict(decoupled_weight_decay=True, weight_decay=0.1)), (O.RAdam, dict(betas=(0.5, 0.6))), (O.Adagrad, dict(lr_decay=0.1)), (O.Adadelta, dict(eps=1e-2)), (O.Rprop, {}), (O.ASGD, dict(lambd=0.5, t0=1.0))):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    p = [x.clone()]
    o = c(p, lr=0.1, differentiable=True, **k)
    for i in range(4):
        p[0].grad = torch.tensor([1.0, -2.0]) * (-1) ** (i // 2) * (i + 1)
        o.step()
    p[0].sum().backward()
    result.append((c.__name__, p[0], x.grad, o.state_dict()['state']))
""",
    "wrong options of the others": "p = [nn.Parameter(torch.ones(2))]; result = [attempt(f) for f in (lambda: O.Adamax(p, lr=-1), lambda: O.Adamax(p, eps=-1), lambda: O.Adamax(p, betas=(1, 0)), lambda: O.NAdam(p, momentum_decay=-1), lambda: O.NAdam(p, eps=-1), lambda: O.RAdam(p, betas=(0.5, 1.0)), lambda: O.Adagrad(p, lr_decay=-1), lambda: O.Adagrad(p, initial_accumulator_value=-1), lambda: O.Adagrad(p, fused=True, foreach=True), lambda: O.Adadelta(p, rho=2), lambda: O.Rprop(p, etas=(1, 2)), lambda: O.ASGD(p, weight_decay=-1), lambda: O.LBFGS(p, lr=-1), lambda: O.LBFGS([{'params': p}, {'params': [nn.Parameter(torch.ones(1))]}]), lambda: O.Adafactor(p, d=0.5), lambda: O.Adafactor(p, beta2_decay=1), lambda: O.Muon(p), lambda: O.Muon([nn.Parameter(torch.ones(2, 2))], adjust_lr_fn='x'))]",
    "repr and defaults of the others": "p = [nn.Parameter(torch.ones(2, 2))]; result = [(repr(c(p)), c(p).defaults, c(p).state_dict()) for c in (O.Adamax, O.NAdam, O.RAdam, O.Adagrad, O.Adadelta, O.Rprop, O.ASGD, O.LBFGS, O.Adafactor, O.Muon)]",
    "signatures": "import inspect; result = [[(n, str(q.default), str(q.kind)) for n, q in inspect.signature(f).parameters.items()] for c in (O.Adamax, O.NAdam, O.RAdam, O.Adagrad, O.Adadelta, O.Rprop, O.ASGD, O.LBFGS, O.Adafactor, O.Muon) for f in (c, getattr(inspect.getmodule(c), c.__name__.lower(), c))]",
    "rosenbrock with LBFGS": "p = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64)); result = []\nfor k in (dict(lr=0.02, max_iter=30), dict(lr=0.02, history_size=3, max_iter=10), dict(lr=0.01, max_eval=7)):\n    with torch.no_grad(): p.copy_(torch.tensor([-0.2, 1.0]))\n    o = O.LBFGS([p], **k)\n    def closure():\n        o.zero_grad(); loss = (1 - p[0])**2 + 100 * (p[1] - p[0]**2)**2; loss.backward(); return loss\n    for _ in range(3): result.append((o.step(closure).item(), p.tolist(), o.state[p]['func_evals'], o.state[p]['n_iter'], sorted(o.state[p].keys() - {'al'})))",
    "LBFGS with a line search": "p = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64)); o = O.LBFGS([p], line_search_fn='strong_wolfe', max_iter=200)\ndef closure():\n    o.zero_grad(); loss = (1 - p[0])**2 + 100 * (p[1] - p[0]**2)**2; loss.backward(); return loss\no.step(closure); result = (p.detach().round(decimals=4), closure().item() < 1e-10, o.state[p]['func_evals'] < 100, attempt(lambda: O.LBFGS([p], line_search_fn='x').step(closure)))",
    "muon": "result = []\nfor shape in ((4, 3), (3, 5)):\n    for k in ({}, dict(nesterov=False, weight_decay=0.0), dict(adjust_lr_fn='match_rms_adamw', lr=0.1)):\n        p = nn.Parameter(torch.arange(float(shape[0] * shape[1])).reshape(shape).sin()); o = O.Muon([p], **k)\n        for i in range(3):\n            p.grad = (torch.arange(float(p.numel())).reshape(shape) * (i + 1)).cos(); o.step()\n        result.append((p.detach().bfloat16(), o.state_dict()['param_groups'], o.state[p]['momentum_buffer']))",
    "functional forms of the others": "from torch.optim.adamax import adamax; from torch.optim.nadam import nadam; from torch.optim.asgd import asgd; from torch.optim.rprop import rprop; p = [torch.ones(2) for _ in range(4)]; g = torch.tensor([1.0, -2.0]); z = lambda: [torch.zeros(2)]; t = lambda v=0.0: [torch.tensor(v)]; a, b = t(0.1), t(1.0); adamax([p[0]], [g], z(), z(), t(), eps=1e-8, beta1=0.9, beta2=0.99, lr=0.1, weight_decay=0.1); m = t(1.0); nadam([p[1]], [g], z(), z(), m, t(), beta1=0.9, beta2=0.99, lr=0.1, weight_decay=0.0, momentum_decay=0.1, eps=1e-8); asgd([p[2]], [g], z(), b, a, t(), lambd=0.1, lr=0.1, t0=0.0, alpha=0.5, weight_decay=0.0); rprop([p[3]], [g], z(), [torch.full((2,), 0.1)], t(), step_size_min=1e-6, step_size_max=50.0, etaminus=0.5, etaplus=1.2); result = (p, m, a, b)",
    "adagrad's state from the start": "p = nn.Parameter(torch.ones(2)); o = O.Adagrad([p], initial_accumulator_value=0.5); o.share_memory(); result = (o.state_dict(), o.state[p]['sum'].is_shared())",
    "all functional forms": "import inspect, torch.optim._functional as G; result = [(n, [(k, str(q.default), str(q.kind)) for k, q in inspect.signature(getattr(G, n)).parameters.items()]) for n in 'adadelta adagrad adam adamax adamw asgd nadam radam rmsprop rprop sgd'.split()]",
    "other tensors for a while": """
from contextlib import ExitStack
def params():
    ps = [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))]
    for p in ps: p.grad = torch.ones_like(p)
    return ps
p, q = params(), dict(zip('ab', params()))
o = O.Adam([{'params': [p[0]]}, {'params': [p[1]], 'lr': 0.5}], lr=0.1); o.step()
swap, s = O.swap_in_optimizer_params_and_state, copy.deepcopy(o.state_dict()); s['param_groups'][0]['lr'] = 1.0
with swap(o, q, s): inside = (o.param_groups[0]['params'][0] is q['a'], o.param_groups[0]['lr'], len(o.state)); o.step()
result = [inside, p, q, s['state'], o.param_groups[0]['lr'], o.state_dict()['state']]
wrong = copy.deepcopy(s); wrong['param_groups'][0]['params'] = [0, 1]
n = O.SGD(params())
result += [attempt(lambda: ExitStack().enter_context(swap(*a))) for a in ((o, {'a': q['a']}, s), (o, q, {'state': {}}), (o, q, {'state': {}, 'param_groups': s['param_groups'][:1]}), (n, q, n.state_dict()), (o, q, {'state': {9: {}}, 'param_groups': s['param_groups']}), (o, q, wrong))]
""",
    "gradient of other layout": "p = nn.Parameter(torch.arange(6.0).reshape(2, 3)); result = []\nfor c in (O.SGD, O.Adam, O.RMSprop):\n    p.grad = torch.arange(6.0).reshape(3, 2).t(); c([p], lr=0.1).step(); result.append(p.clone())",
}


@pytest.mark.parametrize(("name", "options"), CASES)
def test_steps(both: Any, name: str, options: str) -> None:
    both(PRELUDE + f"result = train(lambda p: O.{name}(p, {options}), {KINDS.get(name, '')})", scale=10.0)


def test_every_optimizer_is_in_the_table() -> None:
    public = {n for n, c in vars(torch.optim).items() if inspect.isclass(c) and issubclass(c, torch.optim.Optimizer)}
    assert public - {"Optimizer"} == set(OPTIMIZERS) == {name for name, _ in CASES}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FULL)
def test_dtypes(both: Any, name: str, dtype: str) -> None:
    # Not resumed: loading brings float32 numbers of the state to float64, where PyTorch goes on rounding to float32.
    both(
        PRELUDE + f"result = train(lambda p: O.{name}(p, {FULL[name]}), 4, dtype=torch.{dtype}, resumed=False)",
        scale=DTYPES[dtype],
    )


@pytest.mark.parametrize("name", FULL)
def test_strided(both: Any, name: str) -> None:
    both(PRELUDE + f"result = train(lambda p: O.{name}(p, {FULL[name]}), 4, strided=True)", scale=2.0)


@pytest.mark.parametrize("name", SNIPPETS)
def test_optimizer(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name], scale=2.0)
