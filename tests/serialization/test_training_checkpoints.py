"""Checkpoints of model, optimizer and scheduler: written on one side after a few steps, continued on the other. Every
optimizer; the parameters after further steps are those of a training that was not interrupted."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
import wire
from conftest import assert_same

OPTIMIZERS = {
    "SGD": "SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)",
    "Adam": "Adam(p, lr=0.01, amsgrad=True)",
    "Adam capturable off, foreach": "Adam(p, lr=0.01, foreach=True)",
    "AdamW": "AdamW(p, lr=0.01, weight_decay=0.1)",
    "Adamax": "Adamax(p, lr=0.01)",
    "NAdam": "NAdam(p, lr=0.01)",
    "RAdam": "RAdam(p, lr=0.05)",
    "Adagrad": "Adagrad(p, lr=0.05, lr_decay=0.1)",
    "Adadelta": "Adadelta(p, lr=0.5)",
    "RMSprop": "RMSprop(p, lr=0.01, centered=True, momentum=0.5)",
    "Rprop": "Rprop(p, lr=0.01)",
    "ASGD": "ASGD(p, lr=0.05)",
    "Adafactor": "Adafactor(p, lr=0.01)",
    "LBFGS": "LBFGS(p, lr=0.3, max_iter=3)",
    "Muon": "Muon([q for q in p if q.dim() == 2], lr=0.01)",
    "groups": "SGD([{'params': p[:1], 'lr': 0.1}, {'params': p[1:], 'momentum': 0.5}], lr=0.01)",
    "SparseAdam": "SparseAdam(p[:1], lr=0.05)",
}
SCHEDULERS = {
    "StepLR": "StepLR(optimizer, 2, 0.5)",
    "OneCycleLR": "OneCycleLR(optimizer, 0.1, total_steps=20)",
    "CosineAnnealingWarmRestarts": "CosineAnnealingWarmRestarts(optimizer, 3)",
    "SequentialLR": "SequentialLR(optimizer, [torch.optim.lr_scheduler.LinearLR(optimizer), "
    "torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)], [3])",
    "ReduceLROnPlateau": "ReduceLROnPlateau(optimizer, patience=1)",
    "MultiStepLR": "MultiStepLR(optimizer, [2, 2, 5], 0.5)",
    "ExponentialLR": "ExponentialLR(optimizer, 0.9)",
    "CosineAnnealingLR": "CosineAnnealingLR(optimizer, 5)",
    "LinearLR": "LinearLR(optimizer, 0.3, 1.0, 6)",
    "ConstantLR": "ConstantLR(optimizer, 0.5, 5)",
    "PolynomialLR": "PolynomialLR(optimizer, 6, 2.0)",
    "CyclicLR": "CyclicLR(optimizer, 0.01, 0.1, 2)",
    "LambdaLR": "LambdaLR(optimizer, lambda epoch: 0.9**epoch)",
    "MultiplicativeLR": "MultiplicativeLR(optimizer, lambda epoch: 0.9)",
    "ChainedScheduler": "ChainedScheduler([torch.optim.lr_scheduler.ConstantLR(optimizer, 0.1, 2), "
    "torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)])",
}
TRAINING = """
import io
g = torch.Generator().manual_seed(3)
if {sparse}:
    model = torch.nn.Sequential(torch.nn.Embedding(6, 2, sparse=True), torch.nn.Flatten())
    x = torch.tensor([[0, 1], [2, 1], [5, 0]])
else:
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4))
    x = torch.randn(8, 3, generator=g)
with torch.no_grad():
    for q in model.parameters():
        q.copy_(torch.randn(q.shape, generator=g) * 0.5)
y = torch.randn(x.shape[0], 4, generator=g)
p = list(model.parameters())
optimizer = torch.optim.{optimizer}
scheduler = torch.optim.lr_scheduler.{scheduler}
def steps(n):
    for _ in range(n):
        def closure():
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            return loss
        loss = optimizer.step(closure)
        scheduler.step(loss.detach()) if 'Plateau' in type(scheduler).__name__ else scheduler.step()
def outcome():
    return [q.detach().clone() for q in model.parameters()] + [[g['lr'] for g in optimizer.param_groups]]
"""
WRITE = """
steps(3)
f = io.BytesIO()
torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'scheduler': scheduler.state_dict()}, f)
steps(4)
result = [f.getvalue(), outcome()]
"""
READ = """
c = torch.load(io.BytesIO(data))
model.load_state_dict(c['model']); optimizer.load_state_dict(c['optimizer']); scheduler.load_state_dict(c['scheduler'])
steps(4)
result = outcome()
"""
CASES = [(o, "StepLR") for o in OPTIMIZERS] + [("SGD", s) for s in SCHEDULERS if s != "StepLR"]


def here(code: str, **names: Any) -> Any:
    space: dict[str, Any] = {"torch": torch, **names}
    exec(code, space)
    return space["result"]


def training(optimizer: str, scheduler: str) -> str:
    code = TRAINING.replace("{sparse}", str(optimizer == "SparseAdam"))
    return code.replace("{optimizer}", OPTIMIZERS[optimizer]).replace("{scheduler}", SCHEDULERS[scheduler])


@pytest.mark.parametrize(("optimizer", "scheduler"), CASES)
def test_continued_on_the_other_side(oracle: Any, optimizer: str, scheduler: str) -> None:
    make = training(optimizer, scheduler)
    data, uninterrupted = here(make + WRITE)
    assert_same(("ok", wire.encode(here(make + READ, data=data))), ("ok", wire.encode(uninterrupted)))
    theirs = oracle.run(make + READ, data=data)
    assert_same(("ok", wire.encode(uninterrupted)), theirs, scale=4.0)

    answer = oracle.run(make + WRITE)
    assert answer[0] == "ok", answer
    continued = here(make + READ, data=wire.decode(answer[1][1][0]))
    assert_same(("ok", wire.encode(continued)), ("ok", answer[1][1][1]), scale=4.0)


def test_every_optimizer_and_scheduler_is_there() -> None:
    schedulers = torch.optim.lr_scheduler
    names = {n for n, c in vars(schedulers).items() if isinstance(c, type) and issubclass(c, schedulers.LRScheduler)}
    assert names - {"LRScheduler", "_LRScheduler"} == set(SCHEDULERS)
    optimizers = set(torch.optim.__all__) - {"Optimizer", "lr_scheduler", "swa_utils"}
    assert optimizers == {text.partition("(")[0] for text in OPTIMIZERS.values()}


def test_copies_and_pickles_of_modules_and_optimizers() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.LSTM(4, 2))
    model[0].weight.mark = "kept"  # type: ignore[attr-defined]
    optimizer = torch.optim.Adam(model.parameters())
    x = torch.randn(5, 3)
    model(x)[0].sum().backward()
    optimizer.step()
    for twin in (pickle.loads(pickle.dumps(model)), via_file(model), copy.deepcopy(model)):
        twin.eval(), model.eval()
        assert torch.equal(twin(x)[0], model(x)[0])
        assert all(a.data_ptr() != b.data_ptr() for a, b in zip(twin.parameters(), model.parameters()))
        assert [k for k, _ in twin.named_buffers()] == [k for k, _ in model.named_buffers()]
    assert via_file(model)[0].weight.mark == "kept"  # deepcopy of a Parameter leaves attributes behind, as in PyTorch
    together = copy.deepcopy((model, optimizer))
    assert together[1].param_groups[0]["params"][0] is together[0][0].weight
    for pair in (pickle.loads(pickle.dumps((model, optimizer))), via_file((model, optimizer)), together):
        twin, other = pair
        other.zero_grad()
        twin(x)[0].sum().backward()
        other.step()
        assert len(other.state) == len(optimizer.state)
        assert not torch.equal(twin[0].weight, model[0].weight)


def via_file(obj: Any) -> Any:
    f = io.BytesIO()
    torch.save(obj, f)
    return torch.load(io.BytesIO(f.getvalue()), weights_only=False)
