"""Functions of functions: derivatives and maps, with PyTorch's results."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import is_ours
from snippets import agree

SETUP = """
import torch
from torch.func import *
x = torch.tensor([1.0, 2.0])
s = torch.tensor(2.0)
X = torch.arange(6.0).view(3, 2)
w = torch.tensor([3.0, 4.0], requires_grad=True)
def cube(x): return (x ** 3).sum()
def two(x, y): return x * y, {"a": (x + y) ** 2}
def aux(x): return (x ** 2).sum(), {"n": x * 2}
lin = torch.nn.Linear(2, 1)
with torch.no_grad():
    lin.weight.copy_(torch.tensor([[1.0, 2.0]])); lin.bias.zero_()
params = {k: v.detach() for k, v in lin.named_parameters()}
def loss(params, sample): return functional_call(lin, params, (sample,)).pow(2).sum()
def models(n):
    found = [torch.nn.Linear(2, 1) for _ in range(n)]
    for i, m in enumerate(found):
        torch.nn.init.constant_(m.weight, i + 1.0); torch.nn.init.zeros_(m.bias)
    return found
def ensemble():
    found = models(3)
    params, buffers = stack_module_state(found)
    return vmap(lambda p, b, v: functional_call(found[0], (p, b), (v,)), (0, 0, None))(params, buffers, x).detach(), params["weight"].requires_grad
def written(t):
    t.add_(1)
    return t * 2
def vjped():
    value, pull = vjp(two, x, x + 1)
    return value, pull((x, {"a": x}))
def vjp_aux():
    value, pull, extra = vjp(lambda x: (x.sin(), x * 2), x, has_aux=True)
    return value, pull(x), extra
def outside():
    g = grad(lambda v: (v * w).pow(2).sum())(x)
    return g.requires_grad, torch.autograd.grad(g.sum(), w)[0]
def through():
    v = x.clone().requires_grad_()
    g = grad(cube)(v)
    return g.requires_grad, torch.autograd.grad(g.sum(), v)[0], v.grad
def in_no_grad():
    with torch.no_grad():
        g = grad(cube)(x)
    return g, g.requires_grad
"""
EXPRESSIONS = {
    "derivatives": """
        grad(cube)(x), grad(cube)(x).requires_grad, grad(grad(lambda x: x ** 3))(s), grad(grad(grad(torch.sin)))(s)
        grad_and_value(cube)(x), grad(aux, has_aux=True)(x), grad_and_value(aux, has_aux=True)(x)
        grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(x, x + 1), grad(lambda x, y: (x * y).sum(), argnums=1)(x, x + 1)
        grad(lambda d: (d["a"] ** 2 + d["b"][0]).sum())({"a": x, "b": [x]}), grad(lambda x, y: y.sum(), argnums=0)(x, x)
        grad(lambda x, k=2: (x * k).sum())(x, k=5)
        grad(lambda x: x)(x)
        grad(lambda x: 3)(x)
        grad(cube, argnums=1)(x)
        grad(cube, argnums=())(x)
        grad(cube, argnums=(0, 0))(x)
        grad(cube, has_aux=True)(x)
        grad(cube)(3)
        vjped(), vjp_aux()
        vjp(lambda x: x.sin(), x)[1]((x, x))
        vjp(lambda x: 3, x)
        jvp(torch.sin, (x,), (x,)), jvp(two, (x, x + 1), (x, x)), jvp(lambda x: (x ** 2, x), (x,), (x,), has_aux=True)
        jvp(torch.sin, x, x)
        jvp(torch.sin, (x,), (x, x))
        jvp(torch.sin, (x,), (s,))
        linearize(torch.sin, x)[1](x)
        jacrev(lambda x: x ** 2)(x), jacfwd(lambda x: x ** 2)(x), jacrev(two)(x, x + 1), jacrev(two, argnums=(0, 1))(x, x + 1)
        jacrev(lambda X: X.sum(0))(X), jacfwd(lambda X: X.sum(0))(X).shape, jacrev(lambda x: (x.sum(), x), has_aux=True)(x)
        jacrev(lambda x: x.sum())(X), jacrev(lambda x: torch.ones(2))(x)
        hessian(cube)(x), hessian(lambda x: x.prod())(torch.tensor([1.0, 2.0, 3.0])), jacfwd(jacrev(torch.sin))(s)
        jacrev(torch.sin, chunk_size=0)
        functionalize(written)(torch.ones(2))
        functionalize(written, remove="x")
        outside(), through(), in_no_grad()
    """,
    "maps": """
        vmap(torch.dot)(X, X), vmap(torch.dot, (0, None))(X, x), vmap(torch.mul, (0, None))(X, 2), vmap(lambda v: v * 2, in_dims=1)(X)
        vmap(lambda v: v * 2, in_dims=-1, out_dims=1)(X), vmap(lambda v: v * 2, out_dims=-1)(X), vmap(lambda a, b: (a + b, a - b), out_dims=(0, 1))(X, X)
        vmap(lambda d: {"r": d["a"] + d["b"][0]}, in_dims=({"a": 0, "b": [None]},))({"a": X, "b": [x]})
        vmap(vmap(lambda a, b: a * b, (None, 0)), (0, None))(x, x), vmap(vmap(torch.sin))(X)
        vmap(lambda v: torch.tensor(3.0))(X), vmap(lambda v: 3, out_dims=None)(X), vmap(lambda v: s, out_dims=None)(X)
        vmap(lambda v: v, out_dims=None)(X)
        vmap(lambda v: 3)(X)
        vmap(lambda v: v)(3)
        vmap(lambda: 1)()
        vmap(lambda v: v, in_dims=None)(X)
        vmap(lambda v: v, in_dims=2)(X)
        vmap(lambda v: v, in_dims="a")(X)
        vmap(lambda v: v, in_dims=(0, 0))(X)
        vmap(lambda v: v, in_dims=(1.5,))(X)
        vmap(lambda a, b: a, in_dims=(0, 0))(X, x)
        vmap(lambda v: v, randomness="x")
        vmap(lambda v: v, chunk_size=0)
        vmap(lambda v: v + torch.rand(2))(X)
        vmap(lambda v: torch.rand(2), randomness="same")(X).std(0), vmap(lambda v: torch.rand(2), randomness="different")(X).shape
        vmap(lambda v: v.sum(), chunk_size=2)(X), vmap(lambda v, k=1: v * k)(X, k=3), torch.vmap(torch.sum)(X)
        vmap(grad(cube))(X), vmap(grad(loss), (None, 0))(params, X), vmap(hessian(cube))(X), jacrev(vmap(lambda v: v ** 2))(x)
        vmap(torch.linalg.inv)(torch.eye(2).expand(3, 2, 2)), vmap(lambda v: torch.where(v > 2, v, 0.0))(X)
        torch.autograd.grad(vmap(lambda v: (v * w).sum())(X).sum(), w)
        ensemble()
        stack_module_state([])
        functional_call(lin, params, x), functional_call(lin, [params], (x,)), functional_call(lin, ({"weight": X[:1]}, {"bias": x[:1]}), x)
        functional_call(lin, [params, params], x)
        functional_call(lin, 3, x)
        replace_all_batch_norm_modules_(torch.nn.Sequential(torch.nn.BatchNorm1d(2)))[0].running_mean
    """,
    "no samples": """
        vmap(lambda v: v.sin())(X[:0]), vmap(lambda v: v.sum())(X[:0]), vmap(lambda v, y: v + y, (0, None))(X[:0], x)
        vmap(lambda v: (v @ x, v.outer(x)), out_dims=(0, 1))(X[:0]), vmap(lambda v: {"k": v * 2})(X[:0])["k"]
        vmap(lambda v: v, in_dims=1, out_dims=-1)(X[:, :0]), vmap(lambda v: x)(X[:0]), vmap(lambda v: x, out_dims=None)(X[:0])
        vmap(vmap(lambda v: v * 2))(torch.zeros(2, 0, 3)), vmap(vmap(lambda v: v * 2), in_dims=1)(torch.zeros(0, 2, 3))
        vmap(grad(cube))(X[:0]), jacrev(lambda v: v * 2)(x[:0]), vmap(lambda a, b: a[b])(X[:0], torch.zeros(0, dtype=torch.long))
        vmap(lambda v: 3)(X[:0])
        vmap(lambda a, b: a)(X[:0], x)
        vmap(lambda v: v + torch.rand(2))(X[:0])
        torch.manual_seed(0).initial_seed(), vmap(lambda v: v + torch.rand(2), randomness="different")(X[:0]), torch.rand(1)
        torch.manual_seed(0).initial_seed(), vmap(lambda v: v + torch.rand(2), randomness="same")(X[:0]), torch.rand(1)
        torch.autograd.grad(vmap(lambda v: (v * w).sum())(X[:0]).sum(), w)
    """,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_as_in_pytorch(name: str, both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS[name])


@pytest.mark.skipif(not is_ours(), reason="the reference has forward mode")
def test_what_is_not_supported_says_so() -> None:
    with pytest.raises(NotImplementedError, match="einops"):
        torch.func.rearrange(torch.ones(2, 3), "a b -> b a")
    with pytest.raises(NotImplementedError, match="size 0"):
        torch.vmap(torch.linalg.inv)(torch.ones(0, 2, 2))
    with pytest.raises(NotImplementedError, match="jvp"), torch.autograd.forward_ad.dual_level():
        pass


def test_maps_take_control_flow_that_depends_on_data() -> None:
    if not is_ours():
        pytest.skip("the reference refuses it")
    result = torch.vmap(lambda v: v * 2 if v.sum() > 3 else -v)(torch.tensor([[1.0, 1.0], [2.0, 2.0]]))
    assert result.tolist() == [[-1.0, -1.0], [4.0, 4.0]]


def test_questions_about_transforms() -> None:
    from torch._C import _functorch

    seen = []

    def function(x: torch.Tensor) -> torch.Tensor:
        seen.append((torch._C._are_functorch_transforms_active(), _functorch.maybe_current_level() is not None))
        return x.sum()

    torch.func.grad(function)(torch.ones(2))
    assert seen == [(True, True)] and not torch._C._are_functorch_transforms_active()
    assert not _functorch.is_batchedtensor(torch.ones(1)) and _functorch.maybe_current_level() is None
