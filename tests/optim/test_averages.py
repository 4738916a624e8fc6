"""Averaged models and their schedule against the oracle."""

from __future__ import annotations

from typing import Any

import pytest

PRELUDE = """
import copy
import torch.nn as nn
import torch.optim as O
import torch.optim.swa_utils as S

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))

def averaged(**options):
    m = model(); a = S.AveragedModel(m, **options)
    for i in range(4):
        with torch.no_grad():
            for p in m.parameters(): p.add_(0.1 * (i + 1))
        m(torch.arange(8.0).reshape(4, 2) * i)
        a.update_parameters(m)
    return (dict(a.state_dict()), a(torch.ones(2, 2) * torch.arange(2.0)[:, None]), a.n_averaged)

def rates(swa_lr, epochs, steps=8, **options):
    o = O.SGD([{'params': [nn.Parameter(torch.ones(1))]}, {'params': [nn.Parameter(torch.ones(1))], 'lr': 0.5}], lr=0.1)
    s = S.SWALR(o, swa_lr, epochs, **options); seen = []
    for _ in range(steps):
        o.step(); s.step(); seen.append([g['lr'] for g in o.param_groups])
    return (seen, s.get_last_lr())
"""

SNIPPETS = {
    "equal weights": "result = averaged()",
    "with buffers": "result = averaged(use_buffers=True)",
    "exponential": "result = averaged(multi_avg_fn=S.get_ema_multi_avg_fn(0.9))",
    "exponential, with buffers": "result = averaged(multi_avg_fn=S.get_ema_multi_avg_fn(0.9), use_buffers=True)",
    "one by one": "result = (averaged(avg_fn=S.get_ema_avg_fn(0.9)), averaged(avg_fn=S.get_swa_avg_fn()), averaged(avg_fn=lambda a, c, n: a + c * n), averaged(multi_avg_fn=S.get_swa_multi_avg_fn()))",
    "to a device": "result = averaged(device='cpu')",
    "copies": "a = S.AveragedModel(model()); b = copy.deepcopy(a); b.load_state_dict(a.state_dict()); result = (sorted(b.state_dict()), a.module is not b.module)",
    "errors": "result = [attempt(f) for f in (lambda: S.get_ema_avg_fn(2.0), lambda: S.get_ema_multi_avg_fn(-1.0), lambda: S.AveragedModel(model(), avg_fn=len, multi_avg_fn=len), lambda: rates(0.1, -1), lambda: rates(0.1, 3, anneal_strategy='x'), lambda: rates([0.1], 3))]",
    "update_bn": "m = model(); data = [torch.arange(8.0).reshape(4, 2) * i for i in range(3)]; m.eval(); S.update_bn(data, m); a = copy.deepcopy(dict(m.state_dict())); S.update_bn([(d, 1) for d in data], m, device='cpu'); result = (a, dict(m.state_dict()), m.training, m[1].momentum)",
    "update_bn without": "m = nn.Linear(2, 1); result = S.update_bn([torch.ones(1, 2)], m)",
    "schedule": "result = (rates(0.05, 3), rates(0.05, 3, anneal_strategy='linear'), rates([0.05, 0.6], 5), rates(0.05, 0), rates(0.05, 1))",
    "schedule resumed": "o = O.SGD([nn.Parameter(torch.ones(1))], lr=0.1); s = S.SWALR(o, 0.05, 5)\nfor _ in range(3): o.step(); s.step()\nt = S.SWALR(O.SGD([nn.Parameter(torch.ones(1))], lr=0.1), 0.05, 5); t.load_state_dict(s.state_dict()); t.optimizer.load_state_dict(o.state_dict()); t.optimizer.step(); t.step(); result = (t.get_last_lr(), t.optimizer.param_groups[0]['lr'])",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_averages(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name], scale=2.0)
