"""Subclasses of Tensor with ``__torch_dispatch__``, as packages for quantization and containers of tensors have them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import is_ours
from snippets import agree

SETUP = """
import torch
from torch.utils._pytree import tree_map
from torch.utils._python_dispatch import is_traceable_wrapper_subclass, return_and_correct_aliasing
seen = []
class W(torch.Tensor):
    @staticmethod
    def __new__(cls, inner, **kwargs):
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device=inner.device, requires_grad=inner.requires_grad, **kwargs)
    def __init__(self, inner): self.inner = inner
    __torch_function__ = torch._C._disabled_torch_function_impl
    def __tensor_flatten__(self): return ["inner"], None
    @staticmethod
    def __tensor_unflatten__(parts, context, size, stride): return W(parts["inner"])
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        seen.append(str(func))
        plain = lambda x: x.inner if isinstance(x, W) else x
        out = func(*tree_map(plain, args), **tree_map(plain, kwargs or {}))
        out = tree_map(lambda x: W(x) if isinstance(x, torch.Tensor) else x, out)
        return return_and_correct_aliasing(func, args, kwargs or {}, out)
    def __repr__(self): return f"W({self.inner.tolist()})"
class Plain(torch.Tensor): pass
class Seen(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None): return str(func) if func is torch.ops.aten.equal.default else torch.zeros(3)
def after(function):
    seen.clear()
    result = function()
    return result, list(seen)
w = W(torch.arange(6.0).view(2, 3))
"""
EXPRESSIONS = """
    w.shape, w.device, w.dtype, w.stride(), w.is_meta, w.is_cuda, w.requires_grad, w.layout, w.dim(), w.numel(), w.storage_offset(), type(w).__name__
    after(lambda: w + 1), after(lambda: torch.exp(w * 0)), after(lambda: w @ w.t()), after(lambda: w[0]), after(lambda: torch.cat([w, torch.ones(1, 3)]))
    after(lambda: w.view(-1)), after(lambda: w.detach()), after(lambda: w.to(torch.float64)), after(lambda: w.clone()), after(lambda: torch.ones(3) * w)
    w.add_(1) is w, w
    w.to(torch.float64).dtype, w.sum()
    torch.Tensor._make_wrapper_subclass(torch.Tensor, (2,))
    torch.Tensor._make_wrapper_subclass(Plain, (2,))
    torch.Tensor._make_wrapper_subclass(W, (2, 3), dtype=torch.int8, device="meta").device
    torch.Tensor._make_wrapper_subclass(W, (2, 3), requires_grad=True).requires_grad
    type(torch.Tensor._make_subclass(Seen, torch.ones(2))), torch.Tensor._make_subclass(Seen, torch.ones(2)) + 1, torch.ones(2).as_subclass(Seen) * 2
    type(torch.ones(2).as_subclass(Plain) * 2), type(torch.Tensor._make_subclass(Plain, torch.ones(2)) + 1)
    type(torch.nn.Parameter(w, requires_grad=False)), isinstance(torch.nn.Parameter(w, requires_grad=False), torch.nn.Parameter)
    is_traceable_wrapper_subclass(w), is_traceable_wrapper_subclass(torch.ones(1)), is_traceable_wrapper_subclass(Plain())

"""


def test_as_in_pytorch(both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS)


def scope() -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "a_module"}
    exec(compile(SETUP, "setup", "exec", dont_inherit=True), found)
    return found


def test_modules_run_on_subclasses() -> None:
    names = scope()
    linear = torch.nn.Linear(3, 2)
    linear.weight = torch.nn.Parameter(names["W"](torch.ones(2, 3)), requires_grad=False)
    assert torch.allclose(linear(torch.ones(1, 3)).inner, linear.bias + 3)
    assert [name for name, _ in linear.named_parameters()] == ["weight", "bias"]


@pytest.mark.skipif(not is_ours(), reason="the reference's tape is above the subclass")
def test_gradients_flow_through_what_the_subclass_does() -> None:
    names = scope()
    x = torch.ones(1, 3, requires_grad=True)
    result = x * names["W"](torch.full((1, 3), 2.0))
    assert torch.autograd.grad(result.inner.sum(), x)[0].tolist() == [[2.0, 2.0, 2.0]]


def test_no_data_is_read() -> None:
    w = scope()["w"]
    for read in (w.numpy, w.data_ptr, lambda: memoryview(w), lambda: w.untyped_storage().tolist()):
        try:
            read()
        except (RuntimeError, TypeError, NotImplementedError, AttributeError):
            pass
    with pytest.raises(Exception, match="numpy"):
        w.numpy()


def test_classes_that_compilers_use() -> None:
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, is_fake
    from torch._subclasses.functional_tensor import FunctionalTensor

    assert not is_fake(torch.ones(1)) and not isinstance(torch.ones(1), (FakeTensor, FunctionalTensor))
    if is_ours():
        with pytest.raises(NotImplementedError):
            FakeTensorMode()
