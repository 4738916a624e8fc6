"""The package functorch: modules as functions of tuples, and the functions of torch.func under their older names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from infrastructure.snippets import agree

SETUP = """
import functorch, torch
x = torch.tensor([[1.0, 2.0], [0.5, -1.0]])
def filled(m):
    for i, p in enumerate(m.parameters()):
        torch.nn.init.constant_(p, i + 1.0)
    return m
line = filled(torch.nn.Linear(2, 3))
norm = filled(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)))
class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.ones(2))
        self.b = self.a
    def forward(self, x):
        return self.a * x + self.b
def ensemble(n):
    return functorch.combine_state_for_ensemble([filled(torch.nn.Linear(2, 1)) for _ in range(n)])
"""

EXPRESSIONS = """
    functorch.make_functional(line)
    functorch.make_functional(line)[1]
    functorch.make_functional(line)[0].param_names
    functorch.make_functional(line)[0].stateless_model.weight.device, line.weight.device
    [p is q for p, q in zip(functorch.make_functional(line)[1], line.parameters())]
    [type(p).__name__ for p in functorch.make_functional(line, disable_autograd_tracking=True)[1]]
    [p.requires_grad for p in functorch.make_functional(line, disable_autograd_tracking=True)[1]]
    (lambda f, p: f(p, x).detach())(*functorch.make_functional(line))
    (lambda f, p: f([2 * q for q in p], input=x).detach())(*functorch.make_functional(line))
    (lambda f, p: f(p[:1], x))(*functorch.make_functional(line))
    functorch.make_functional(norm)
    functorch.make_functional_with_buffers(norm)
    functorch.make_functional_with_buffers(norm)[0].buffer_names
    (lambda f, p, b: (f(p, b, x).detach(), b))(*functorch.make_functional_with_buffers(norm))
    norm[1].running_mean, norm[1].num_batches_tracked
    (lambda f, p: (p, f.param_names, f(p, x).detach(), f([3 * q for q in p], x).detach()))(*functorch.make_functional(Tied()))
    ensemble(2)
    [p.requires_grad for p in ensemble(2)[1]]
    (lambda f, p, b: functorch.vmap(f, (0, 0, None))(p, b, x).detach())(*ensemble(3))
    ensemble(0)
    functorch.combine_state_for_ensemble([line, norm])
    functorch.grad(lambda p: functorch.make_functional(line)[0](p, x).sum())(tuple(line.parameters()))
    functorch.grad_and_value(torch.sum)(x), functorch.jacrev(torch.sum)(x), functorch.jacfwd(torch.sum)(x)
    functorch.hessian(lambda x: (x ** 2).sum())(x[0]), functorch.vjp(torch.sin, x)[0], functorch.jvp(torch.sin, (x,), (x,))
    functorch.make_fx(lambda x: x + 1)(x)(x)
    functorch.FunctionalModule.__module__, functorch.grad.__module__, functorch.make_functional.__name__
    issubclass(functorch.FunctionalModule, torch.nn.Module), isinstance(functorch.__version__, str)
"""


def test_as_in_pytorch(both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS)


def test_says_what_to_use_instead() -> None:
    import functorch

    with pytest.warns(FutureWarning, match=r"torch\.vmap"):
        functorch.vmap(torch.sin)(torch.ones(2))
    with pytest.warns(FutureWarning, match="functional_call"):
        functorch.make_functional(torch.nn.Linear(1, 1))
