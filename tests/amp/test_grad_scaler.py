"""GradScaler against the oracle on the CPU: scales, skipped steps, states; optimizers told by grad_scale and found_inf."""

from __future__ import annotations

import pickle

import pytest
import torch

TRAIN = """
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.OPTIMIZER(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
x = torch.linspace(-1, 1, 12).view(3, 4)
seen = []
for i in range(12):
    optimizer.zero_grad()
    loss = model(x).pow(2).mean()
    if i in (4, 9):
        loss = loss * float("inf")
    scaler.scale(loss).backward()
    if i % 2:
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    stepped = scaler.step(optimizer)
    scaler.update()
    seen.append((scaler.get_scale(), scaler._get_growth_tracker()))
result = [seen, *(p.detach() for p in model.parameters()), scaler.state_dict()]
"""


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_training(both, optimizer) -> None:
    both(TRAIN.replace("OPTIMIZER", optimizer), scale=10)


MADE = """
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
def back():
    scaler.scale(model(torch.ones(1, 2)).sum()).backward()
"""


@pytest.mark.parametrize(
    "code",
    [
        "scaler.step(optimizer)",
        "scaler.unscale_(optimizer)",
        "scaler.update()",
        "back(); scaler.update()",
        "back(); scaler.unscale_(optimizer); scaler.unscale_(optimizer)",
        "back(); scaler.step(optimizer); scaler.unscale_(optimizer)",
        "back(); scaler.step(optimizer); scaler.step(optimizer)",
        "back(); scaler.step(optimizer, closure=lambda: 0)",
        "scaler.scale(3)",
        "scaler.load_state_dict({})",
        "torch.amp.GradScaler('cpu', growth_factor=1.0)",
        "torch.amp.GradScaler('cpu', backoff_factor=1.0)",
        "back(); scaler.update(torch.ones(2))",
        "import pickle; back(); scaler.step(optimizer); pickle.dumps(scaler)",
        "scaler.scale(torch.ones(1)); scaler.step(torch.optim.SGD([torch.ones(1)], lr=1.0))",
        "m = torch.nn.Linear(2, 1).half(); m.weight.grad = m.weight * 1; "
        "scaler.scale(torch.ones(1)); scaler.unscale_(torch.optim.SGD(m.parameters(), lr=1.0))",
    ],
)
def test_wrong_use(both, code) -> None:
    assert both(f"{MADE}\n{code}\nresult = 0")[0] == "error"


def test_small_things(both) -> None:
    both(
        MADE
        + """
result = [scaler.get_scale(), scaler.is_enabled(), scaler.get_growth_factor(), scaler.get_backoff_factor(),
          scaler.get_growth_interval(), scaler.scale([torch.ones(2), (torch.ones(1),)]), scaler.get_scale()]
scaler.set_growth_factor(3.0); scaler.set_backoff_factor(0.25); scaler.set_growth_interval(7)
scaler.update(4.0); result.append(scaler.state_dict())
scaler.update(torch.tensor(16.0)); result.append(scaler.get_scale())
other = torch.amp.GradScaler("cpu"); other.load_state_dict(scaler.state_dict()); result.append(other.state_dict())
off = torch.amp.GradScaler("cpu", enabled=False)
result += [off.state_dict(), off.get_scale(), off.scale(torch.ones(2)), off.is_enabled()]
back()
result.append(off.step(optimizer)); off.update(); off.unscale_(optimizer)
"""
    )


def test_pickling_keeps_the_scale() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(torch.ones(1))
    scaler.update(32.0)
    again = pickle.loads(pickle.dumps(scaler))
    assert again.get_scale() == 32.0 and again.scale(torch.ones(1)).item() == 32.0


def test_sparse_gradients_are_unscaled() -> None:
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = torch.optim.SGD(embedding.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    before = embedding.weight.detach().clone()
    scaler.scale(embedding(torch.tensor([1, 1, 3])).sum()).backward()
    scaler.step(optimizer)
    expected = before.clone()
    expected[1] -= 2
    expected[3] -= 1
    assert torch.equal(embedding.weight.detach(), expected)


def test_without_cuda_the_older_names_do_nothing() -> None:
    with pytest.warns(FutureWarning), pytest.warns(UserWarning, match="CUDA is not available"):
        scaler = torch.cuda.amp.GradScaler()
    assert not scaler.is_enabled() and scaler.get_scale() == 1.0
    with pytest.warns(FutureWarning):
        assert torch.cpu.amp.GradScaler().is_enabled()
    from torch.amp.grad_scaler import OptState

    assert torch.cuda.amp.grad_scaler.OptState is OptState and OptState.READY.value == 0


class Scaling(torch.optim.SGD):
    """An optimizer that unscales by itself, as GradScaler asks those to do that say so."""

    _step_supports_amp_scaling = True

    def step(self, closure=None):
        self.told = (self.grad_scale, self.found_inf)


def test_optimizers_that_unscale_by_themselves() -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer, scaler = Scaling([weight], lr=1.0), torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    assert optimizer.told[0].item() == 4.0 and optimizer.told[1].item() == 0.0
    assert not hasattr(optimizer, "grad_scale") and weight.grad.tolist() == [4.0, 4.0]
    scaler.update()
    weight.grad.fill_(float("nan"))
    scaler.step(optimizer)
    assert optimizer.told[1].item() == 1.0


STEPS = {
    "sgd": "sgd([p], [g], [None], fused=True, grad_scale=scale, found_inf=found, weight_decay=0.1, momentum=0.9, lr=0.1, "
    "dampening=0.0, nesterov=False, maximize=False)",
    "adagrad": "adagrad([p], [g], [torch.ones(3)], [step], fused=True, grad_scale=scale, found_inf=found, lr=0.1, "
    "weight_decay=0.1, lr_decay=0.01, eps=1e-10, maximize=False)",
    "adam": "adam([p], [g], [torch.zeros(3)], [torch.zeros(3)], [], [step], fused=True, grad_scale=scale, "
    "found_inf=found, amsgrad=False, beta1=0.9, beta2=0.99, lr=0.1, weight_decay=0.1, eps=1e-8, maximize=False)",
}


@pytest.mark.parametrize("found", [0.0, 1.0])
@pytest.mark.parametrize("name", list(STEPS))
def test_functional_steps_with_scale(both, name, found) -> None:
    both(
        f"""
from torch.optim.{name} import {name}
p, g = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([4.0, 8.0, -2.0])
scale, found, step = torch.tensor(4.0), torch.tensor({found}), torch.tensor(0.0)
{STEPS[name]}
result = [p, step]
""",
        scale=10,
    )


def test_functional_adagrad_with_sparse_gradients(both) -> None:
    both(
        """
from torch.optim.adagrad import adagrad
p, step, total = torch.arange(8.0).view(4, 2), torch.tensor(0.0), torch.full((4, 2), 0.5)
g = torch.sparse_coo_tensor(torch.tensor([[1, 3, 1]]), torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.5, 0.5]]), (4, 2))
for _ in range(3):
    adagrad([p], [g], [total], [step], has_sparse_grad=True, lr=0.1, weight_decay=0.0, lr_decay=0.1, eps=1e-10,
            maximize=False)
result = [p, total, step]
"""
    )
