"""Schedules of learning rates against the oracle: the rates epoch by epoch, states, resuming, errors."""

from __future__ import annotations

from typing import Any

import pytest

PRELUDE = """
import warnings
import torch.nn as nn
import torch.optim as O
import torch.optim.lr_scheduler as L
warnings.simplefilter('ignore')

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

def sgd(lr=0.1):
    return O.SGD([{'params': [nn.Parameter(torch.ones(1))]}, {'params': [nn.Parameter(torch.ones(1))], 'lr': 0.05}], lr=lr, momentum=0.9)

def adam():
    return O.Adam([{'params': [nn.Parameter(torch.ones(1))]}, {'params': [nn.Parameter(torch.ones(1))], 'lr': 0.05}], lr=0.1)

def rates(o):
    return [(g['lr'], g.get('momentum'), g.get('betas')) for g in o.param_groups]

def plain(state):
    if isinstance(state, dict):
        return {str(k): plain(v) for k, v in state.items()}
    if isinstance(state, (list, tuple)):
        return [plain(v) for v in state]
    return state if isinstance(state, (int, float, str, bool, type(None))) else type(state).__name__

def follow(optimizer, make, steps=13):
    o = optimizer(); s = make(o); seen = [rates(o)]
    for _ in range(steps):
        o.step(); s.step(); seen.append(rates(o))
    state = s.state_dict(); saved = plain(state)
    n = optimizer(); t = make(n); t.load_state_dict(state); n.load_state_dict(o.state_dict())
    after = attempt(lambda: (n.step(), t.step(), rates(n))[2])
    return (seen, s.get_last_lr(), saved, after)
"""

SCHEDULES = {
    "StepLR": "L.StepLR(o, 3)",
    "StepLR half": "L.StepLR(o, 2, 0.5)",
    "MultiStepLR": "L.MultiStepLR(o, [2, 2, 5], 0.5)",
    "ExponentialLR": "L.ExponentialLR(o, 0.9)",
    "LambdaLR": "L.LambdaLR(o, lambda e: 0.95**e)",
    "LambdaLR two": "L.LambdaLR(o, [lambda e: 0.95**e, lambda e: e + 1])",
    "MultiplicativeLR": "L.MultiplicativeLR(o, lambda e: 0.95)",
    "CosineAnnealingLR": "L.CosineAnnealingLR(o, 5)",
    "CosineAnnealingLR least": "L.CosineAnnealingLR(o, 4, 0.01)",
    "LinearLR": "L.LinearLR(o)",
    "LinearLR down": "L.LinearLR(o, 0.5, 0.1, 3)",
    "ConstantLR": "L.ConstantLR(o, 0.5, 3)",
    "PolynomialLR": "L.PolynomialLR(o, 6, 2.0)",
    "OneCycleLR": "L.OneCycleLR(o, 0.5, total_steps=14)",
    "OneCycleLR three": "L.OneCycleLR(o, [0.5, 0.2], epochs=2, steps_per_epoch=7, anneal_strategy='linear', three_phase=True, pct_start=0.25)",
    "OneCycleLR plain": "L.OneCycleLR(o, 0.5, total_steps=14, cycle_momentum=False, div_factor=5, final_div_factor=10)",
    "CosineAnnealingWarmRestarts": "L.CosineAnnealingWarmRestarts(o, 3)",
    "CosineAnnealingWarmRestarts longer": "L.CosineAnnealingWarmRestarts(o, 2, 2, 0.01)",
    "CyclicLR": "L.CyclicLR(o, 0.01, 0.1, 3, 2)",
    "CyclicLR triangular2": "L.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 3, mode='triangular2')",
    "CyclicLR exp_range": "L.CyclicLR(o, 0.01, 0.1, 2, mode='exp_range', gamma=0.9, cycle_momentum=False)",
    "CyclicLR function": "L.CyclicLR(o, 0.01, 0.1, 2, scale_fn=lambda x: 1 / x, scale_mode='cycle')",
    "SequentialLR": "L.SequentialLR(o, [L.ConstantLR(o, 0.1, 2), L.ExponentialLR(o, 0.9)], [3])",
    "SequentialLR three": "L.SequentialLR(o, [L.LinearLR(o, 0.1, 1.0, 3), L.CosineAnnealingLR(o, 6), L.StepLR(o, 2)], [3, 8])",
    "SequentialLR warm": "L.SequentialLR(o, [L.LinearLR(o, 0.1, 1.0, 3), L.CosineAnnealingWarmRestarts(o, 3)], [3])",
    "ChainedScheduler": "L.ChainedScheduler([L.ConstantLR(o, 0.1, 2), L.ExponentialLR(o, 0.9)])",
}

RESUMED = {
    "StepLR": "L.StepLR(o, 3, last_epoch=e)",
    "MultiStepLR": "L.MultiStepLR(o, [2, 2, 5], 0.5, last_epoch=e)",
    "ExponentialLR": "L.ExponentialLR(o, 0.9, last_epoch=e)",
    "LambdaLR": "L.LambdaLR(o, lambda e: 0.95**e, last_epoch=e)",
    "MultiplicativeLR": "L.MultiplicativeLR(o, lambda e: 0.95, last_epoch=e)",
    "CosineAnnealingLR": "L.CosineAnnealingLR(o, 5, last_epoch=e)",
    "LinearLR": "L.LinearLR(o, last_epoch=e)",
    "ConstantLR": "L.ConstantLR(o, 0.5, 3, last_epoch=e)",
    "PolynomialLR": "L.PolynomialLR(o, 6, 2.0, last_epoch=e)",
    "CosineAnnealingWarmRestarts": "L.CosineAnnealingWarmRestarts(o, 3, last_epoch=e)",
    "CyclicLR": "L.CyclicLR(o, 0.01, 0.1, 3, 2, last_epoch=e)",
    "SequentialLR": "L.SequentialLR(o, [L.ConstantLR(o, 0.1, 2), L.ExponentialLR(o, 0.9)], [3], last_epoch=e)",
}

SNIPPETS = {
    "plateau": "result = []\nfor kw in (dict(patience=1), dict(mode='max', patience=0, factor=0.5, cooldown=2), dict(threshold_mode='abs', threshold=0.1, patience=0, min_lr=0.02), dict(patience=0, min_lr=[0.03, 0.02], eps=0.01)):\n    o = sgd(); s = L.ReduceLROnPlateau(o, **kw)\n    for v in (1, 0.9, 0.95, 0.94, 0.93, 0.8, 0.85, 0.86, 0.87, torch.tensor(0.7), float('nan'), 0.69):\n        o.step(); s.step(v); result.append((rates(o), s.num_bad_epochs, s.cooldown_counter))\n    t = L.ReduceLROnPlateau(sgd(), **kw); t.load_state_dict(s.state_dict()); result.append((plain(t.state_dict()), s.get_last_lr(), t.in_cooldown))",
    "closed forms": "result = []\nfor f in (lambda o: L.StepLR(o, 3), lambda o: L.ExponentialLR(o, 0.9), lambda o: L.CosineAnnealingLR(o, 5), lambda o: L.MultiStepLR(o, [2, 4]), lambda o: L.LinearLR(o), lambda o: L.ConstantLR(o), lambda o: L.PolynomialLR(o, 6), lambda o: L.LambdaLR(o, lambda e: 1 / (e + 1)), lambda o: L.CosineAnnealingWarmRestarts(o, 3)):\n    o = sgd(); s = f(o); o.step(); s.step(4); result.append((rates(o), s.last_epoch))",
    "fractions of epochs": "o = sgd(); s = L.CosineAnnealingWarmRestarts(o, 2, 2); result = []\nfor e in (0.5, 1.7, 3, 4.2, None, None, 20.5):\n    s.step(e); result.append((s.last_epoch, s.T_cur, s.T_i, s.get_last_lr()))\nresult.append(attempt(lambda: s.step(-1)))",
    "warnings": "result = []\nfor order in ('wrong', 'right', 'replaced', 'get_lr'):\n    o = sgd(); s = L.StepLR(o, 1)\n    if order == 'right': o.step()\n    if order == 'replaced': o.step = lambda: None\n    with warnings.catch_warnings(record=True) as w:\n        warnings.simplefilter('always')\n        s.get_lr() if order == 'get_lr' else s.step()\n    result.append([str(x.message)[:60] for x in w])",
    "errors": "o = sgd(); p = O.Optimizer([nn.Parameter(torch.ones(1))], {'lr': 1.0}); result = [attempt(f) for f in (lambda: L.StepLR(o, 1, last_epoch=3), lambda: L.StepLR(3, 1), lambda: L.LambdaLR(o, [lambda e: 1]), lambda: L.OneCycleLR(o, 0.1), lambda: L.OneCycleLR(o, 0.1, total_steps=-1), lambda: L.OneCycleLR(o, 0.1, epochs=2), lambda: L.OneCycleLR(o, 0.1, total_steps=3, pct_start=2), lambda: L.OneCycleLR(o, 0.1, total_steps=3, anneal_strategy='x'), lambda: L.CyclicLR(o, 0.1, 0.2, mode='x'), lambda: L.CyclicLR(o, [0.1], 0.2), lambda: L.CyclicLR(p, 0.1, 0.2), lambda: L.OneCycleLR(p, 0.1, total_steps=3), lambda: L.ConstantLR(o, 2.0), lambda: L.LinearLR(o, 0), lambda: L.LinearLR(o, 0.5, 2), lambda: L.CosineAnnealingWarmRestarts(o, 0), lambda: L.CosineAnnealingWarmRestarts(o, 1, 0), lambda: L.SequentialLR(o, [], [1]), lambda: L.SequentialLR(o, [L.StepLR(o, 1)], [1]), lambda: L.SequentialLR(o, [L.StepLR(sgd(), 1), L.StepLR(o, 1)], [1])[0], lambda: L.ChainedScheduler([]), lambda: L.ReduceLROnPlateau(o, factor=1.0), lambda: L.ReduceLROnPlateau(o, mode='x'), lambda: L.ReduceLROnPlateau(o, threshold_mode='x'), lambda: L.ReduceLROnPlateau(o, min_lr=[0.1]), lambda: L.SequentialLR(o, [L.StepLR(o, 1), L.ReduceLROnPlateau(o)], [1]), lambda: L.LRScheduler(sgd()))]",
    "too many steps": "o = sgd(); s = L.OneCycleLR(o, 0.5, total_steps=3); [(o.step(), s.step()) for _ in range(2)]; result = (rates(o), attempt(lambda: (s.step(), s.step())))",
    "keys of the groups": "result = []\nfor f in (lambda o: L.OneCycleLR(o, 0.5, total_steps=4), lambda o: L.CyclicLR(o, 0.01, 0.1), lambda o: L.StepLR(o, 1)):\n    o = adam(); f(o); result.append({k: v for k, v in o.param_groups[1].items() if k != 'params'})",
    "two schedules": "o = sgd(); a = L.ConstantLR(o, 0.1, 2); b = L.StepLR(o, 2, 0.5); result = []\nfor i in range(6):\n    o.step(); a.step(); b.step(); result.append(rates(o))",
    "own schedule": "class Own(L.LRScheduler):\n    def get_lr(self): return [b * 0.5**self.last_epoch for b in self.base_lrs]\no = sgd(); s = Own(o); o.step(); s.step(); result = (s.get_last_lr(), s.base_lrs, s.last_epoch, s._step_count, isinstance(L.ReduceLROnPlateau(o), L.LRScheduler), issubclass(L._LRScheduler, L.LRScheduler))",
    "callable objects": "class F:\n    def __init__(self, k): self.k = k\n    def __call__(self, e): return self.k**e\no = sgd(); s = L.LambdaLR(o, [F(0.5), lambda e: 1]); d = s.state_dict(); t = L.LambdaLR(sgd(), [F(0.1), lambda e: 1]); t.load_state_dict(d); result = (d['lr_lambdas'], t.lr_lambdas[0].k)",
    "tensor rate": "o = O.SGD([nn.Parameter(torch.ones(1))], lr=torch.tensor(0.1)); lr = o.param_groups[0]['lr']; s = L.ExponentialLR(o, 0.5); o.step(); s.step(); result = (lr, o.param_groups[0]['lr'] is lr, s.base_lrs, s.get_last_lr(), s.get_last_lr()[0] is lr)",
    "group added later": "o = sgd(); s = L.StepLR(o, 1); o.add_param_group({'params': [nn.Parameter(torch.ones(1))], 'lr': 0.5}); o.step(); s.step(); result = [g['lr'] for g in o.param_groups]",
}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates(both: Any, name: str, optimizer: str) -> None:
    both(PRELUDE + f"result = follow({optimizer}, lambda o: {SCHEDULES[name]})")


@pytest.mark.parametrize("name", RESUMED)
def test_resumed(both: Any, name: str) -> None:
    both(
        PRELUDE
        + "result = []\nfor e in (-1, 0, 1, 2, 4):\n    o = sgd(); o.param_groups[0]['initial_lr'] = 0.2; o.param_groups[1]['initial_lr'] = 0.1\n"
        f"    s = {RESUMED[name]}; seen = [rates(o)]\n    for _ in range(4):\n        o.step(); s.step(); seen.append(rates(o))\n    result.append((seen, s.last_epoch))"
    )


@pytest.mark.parametrize("name", SNIPPETS)
def test_schedule(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name])
