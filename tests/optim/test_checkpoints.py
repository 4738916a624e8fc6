"""Training stopped on one side and resumed on the other: files of model, optimizer and schedule, exchanged both ways."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import wire
from conftest import assert_same

# Optimizer and schedule; every one of both is there.
RUNS = [
    ("SGD(p, lr=0.1, momentum=0.9, nesterov=True)", "StepLR(o, 3)"),
    ("SGD([{'params': p[:2]}, {'params': p[2:], 'lr': 0.2}], lr=0.1, momentum=0.9)", "OneCycleLR(o, [0.5, 0.2], 20)"),
    ("Adam(p, lr=0.01, amsgrad=True)", "CosineAnnealingLR(o, 6)"),
    ("Adam(p, lr=torch.tensor(0.01), fused=True)", "ExponentialLR(o, 0.9)"),
    ("AdamW(p, lr=0.01)", "CosineAnnealingWarmRestarts(o, 3, 2)"),
    ("RMSprop(p, momentum=0.5, centered=True)", "MultiStepLR(o, [2, 2, 7], 0.5)"),
    ("Adamax(p)", "LinearLR(o, 0.3, 1.0, 8)"),
    ("NAdam(p, decoupled_weight_decay=True, weight_decay=0.1)", "ConstantLR(o, 0.5, 7)"),
    ("RAdam(p, lr=0.01)", "PolynomialLR(o, 9, 2.0)"),
    ("Adagrad(p, lr_decay=0.1)", "CyclicLR(o, 0.01, 0.1, 3, cycle_momentum=False)"),
    ("Adadelta(p)", "LambdaLR(o, lambda epoch: 0.9**epoch)"),
    ("Rprop(p)", "MultiplicativeLR(o, lambda epoch: 0.9)"),
    ("ASGD(p, t0=3)", "SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], [4])"),
    ("Adafactor(p)", "ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)])"),
    ("LBFGS(p, lr=0.01, max_iter=2, history_size=2)", "ReduceLROnPlateau(o, patience=1)"),
    ("Muon([q for q in p if q.dim() == 2])", "StepLR(o, 2, 0.5)"),
    ("SparseAdam([p[0]])", "LinearLR(o)"),
]

SETUP = """
import io, warnings
import torch.nn as nn
import torch.optim as O
import torch.optim.lr_scheduler as S
warnings.simplefilter("ignore")

torch.manual_seed(0)
sparse = "SparseAdam" in OPTIMIZER
head = [nn.Embedding(6, 4, sparse=sparse)]
model = nn.Sequential(*head, nn.Linear(4, 5, bias=False), nn.BatchNorm1d(5), nn.PReLU(), nn.Linear(5, 2))
p = list(model.parameters())
o = eval("O." + OPTIMIZER)
s = eval("S." + SCHEDULE)
given, wanted = torch.arange(30).remainder(6), torch.randn(30, 2)

def closure():
    model.zero_grad()
    loss = (model(given) - wanted).square().mean()
    loss.backward()
    return loss

def train(epochs):
    seen = []
    for _ in range(epochs):
        loss = o.step(closure)
        s.step(*[loss.detach()] * isinstance(s, S.ReduceLROnPlateau))
        seen.append((loss.detach(), [float(g["lr"]) for g in o.param_groups]))
    return seen
"""
STOP = """
train(6)
f = io.BytesIO()
torch.save({"model": model.state_dict(), "optimizer": o.state_dict(), "schedule": s.state_dict()}, f)
result = f.getvalue()
"""
RESUME = """
saved = torch.load(io.BytesIO(data), weights_only=not isinstance(s, (S.SequentialLR, S.ChainedScheduler, S.ReduceLROnPlateau, S.CyclicLR)))
model.load_state_dict(saved["model"]); o.load_state_dict(saved["optimizer"]); s.load_state_dict(saved["schedule"])
result = (train(6), model.state_dict(), o.state_dict()["state"], [sorted(g) for g in o.state_dict()["param_groups"]])
"""


@pytest.mark.parametrize(("optimizer", "schedule"), RUNS)
def test_resumed_on_the_other_side(oracle: Any, optimizer: str, schedule: str) -> None:
    code = f"OPTIMIZER, SCHEDULE = {optimizer!r}, {schedule!r}" + SETUP
    ours, theirs = wire.run({"code": code + STOP}), oracle.run(code + STOP)
    assert ours[0] == theirs[0] == "ok", (ours, theirs)
    # LBFGS divides by differences of gradients, which are known to fewer digits.
    scale = 200.0 if "LBFGS" in optimizer else 20.0
    for data in (ours[1][1], theirs[1][1]):
        here = wire.run({"code": code + RESUME, "names": {"data": wire.encode(data)}})
        assert_same(here, oracle.run(code + RESUME, data=data), strides=False, scale=scale)


def test_every_schedule_is_in_the_table() -> None:
    schedules = torch.optim.lr_scheduler
    names = {n for n, c in vars(schedules).items() if isinstance(c, type) and issubclass(c, schedules.LRScheduler)}
    assert names - {"LRScheduler", "_LRScheduler"} == {schedule.partition("(")[0] for _, schedule in RUNS}
    assert set(torch.optim.__all__) - {"Optimizer", "lr_scheduler", "swa_utils"} == {
        o.partition("(")[0] for o, _ in RUNS
    }
