"""TorchFunctionMode and the functions of torch.overrides; TorchDispatchMode and its helpers."""

from __future__ import annotations

import threading

import pytest
import torch
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils import _python_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

SEEN = """
from torch.overrides import TorchFunctionMode, resolve_name
class Seen(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.names = []
    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append((resolve_name(func), len(args), sorted(kwargs or {})))
        return func(*args, **(kwargs or {}))
x, y = torch.ones(2, 2), torch.arange(3.0)
with Seen() as mode:
    CALL
result = mode.names
"""


@pytest.mark.parametrize(
    "call",
    [
        "x + 1; 1 + x; x - x; 2 * x; x @ x; -x; x / 2; x == x; x < 1; x & (x > 0).float().int() if 0 else x",
        "x.shape; x.requires_grad; x.grad; x.dtype; x.device; x.T; x.is_leaf; x.ndim; x.data",
        "x[0]; x[0, 1]; x[x > 0]",
        "x[0] = 1",
        "x.sum(); x.view(4); x.to(torch.float64); x.add_(1); x.size(); x.dim(); x.numpy(); x.tolist(); x.item if 0 else 0",
        "torch.zeros(2); torch.ones(2, 2); torch.empty(3); torch.arange(3); torch.linspace(0, 1, 3); torch.eye(2)",
        "torch.tensor([1.0]); torch.as_tensor([1]); torch.rand(2); torch.full((2,), 1.0); torch.ones_like(x)",
        "torch.nn.functional.relu(x); torch.nn.functional.linear(x, x); torch.softmax(x, 0); torch.cat([x, x])",
        "torch.special.erf(x) if 0 else torch.linalg.det(x); torch.fft.fft(y)",
        "bool(y[0] == 0); float(y[0]); int(y[0]); len(y); 1.0 in y",
        "x += 1; x *= 2",
        "torch.ops.aten.add.Tensor(x, x)",
        "torch.manual_seed(0); torch.is_grad_enabled(); torch.get_default_dtype()",
        "x.detach(); x.clone(); x.requires_grad_(); x.backward if 0 else 0",
        "torch.max(x, dim=0); torch.split(y, 1); torch.stack([y, y], dim=1); torch.where(x > 0, x, x)",
    ],
)
def test_a_mode_sees_what_it_sees_in_pytorch(both, call) -> None:
    both(SEEN.replace("CALL", call))


class Names(TorchFunctionMode):
    def __init__(self, log, label):
        self.log, self.label = log, label

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.log.append((self.label, resolve_name(func)))
        return func(*args, **(kwargs or {}))


def test_modes_nest_and_are_off_inside_themselves() -> None:
    log: list = []
    with Names(log, "outer"), Names(log, "inner"):
        torch.ones(1)
        assert torch.overrides._len_torch_function_stack() == 2
    torch.ones(1)
    assert log == [("inner", "torch.ones"), ("outer", "torch.ones")]
    assert torch.overrides._len_torch_function_stack() == 0


def test_results_errors_and_not_implemented() -> None:
    class Replace(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is torch.ones:
                return "mine"
            if func is torch.zeros:
                raise KeyError("no zeros")
            return NotImplemented

    with Replace():
        assert torch.ones(2) == "mine"
        with pytest.raises(KeyError):
            torch.zeros(1)
        with pytest.raises(TypeError, match="no implementation found"):
            torch.empty(1)
    with pytest.raises(NotImplementedError), TorchFunctionMode():
        torch.ones(1)
    assert torch.ones(1).item() == 1


class Sub(torch.Tensor):
    asked: list = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.asked.append(resolve_name(func))
        return super().__torch_function__(func, types, args, kwargs)


def test_modes_come_before_classes() -> None:
    log: list = []
    Sub.asked.clear()
    s = torch.ones(2).as_subclass(Sub)
    with Names(log, "m"):
        result = s + 1
    assert type(result) is Sub and log[0] == ("m", "torch.Tensor.add") and Sub.asked == ["torch.Tensor.add"]
    log.clear()
    with Names(log, "m"), torch._C.DisableTorchFunctionSubclass():
        assert type(s + 1) is torch.Tensor
    assert log == [("m", "torch.Tensor.add")]
    log.clear()
    with Names(log, "m"), torch._C.DisableTorchFunction():
        assert type(s + 1) is torch.Tensor
    assert not log


def test_a_mode_holds_for_its_thread() -> None:
    log: list = []
    with Names(log, "m"):
        thread = threading.Thread(target=lambda: torch.ones(1))
        thread.start()
        thread.join()
    assert log == []


def test_python_functions_and_modules_under_a_mode() -> None:
    log: list = []
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    with Names(log, "m"):
        model(torch.ones(1, 2)).sum().backward()
    names = [name for _, name in log]
    assert {"torch.ones", "torch.nn.functional.linear", "torch.Tensor.sum", "torch.Tensor.backward"} <= set(names)


def test_overrides_functions(both) -> None:
    both(
        """
import torch.overrides as o
class Duck:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return (o.resolve_name(func), [t.__name__ for t in types], len(args), sorted(kwargs or {}))
@o.wrap_torch_function(lambda a, b: (a, b))
def mine(a, b): return "ran"
class Mode(o.BaseTorchFunctionMode): pass
x, d = torch.ones(2), Duck()
result = [o.has_torch_function((x,)), o.has_torch_function((x, d)), o.has_torch_function_unary(d),
          o.has_torch_function_variadic(x, x), o.is_tensor_like(d), o.is_tensor_like(x), o.is_tensor_like(3),
          mine(x, x), torch.add(x, d), torch.mul(d, 2), torch.cat([x, d]),
          o.is_tensor_method_or_property(torch.Tensor.add), o.is_tensor_method_or_property(torch.add),
          o.resolve_name(torch.Tensor.shape.__get__), o.resolve_name(torch.nn.functional.linear),
          o.resolve_name(len), o.resolve_name(torch.ops.aten.add.Tensor), o.resolve_name(torch.linalg.svd)]
with Mode() as m:
    result += [o.has_torch_function((x,)), o._get_current_function_mode() is m, o._len_torch_function_stack()]
class Bad:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return NotImplemented
try: torch.add(x, Bad())
except TypeError as e: result.append("no implementation found" in str(e) or "Multiple dispatch failed" in str(e))
"""
    )


def test_lists_of_functions() -> None:
    listed = torch.overrides.get_overridable_functions()
    assert torch.add in listed[torch] and torch.Tensor.add in listed[torch.Tensor]
    assert torch.nn.functional.relu in listed[torch.nn.functional] and torch.zeros not in listed[torch]
    dummies = torch.overrides.get_testing_overrides()
    assert dummies[torch.add](1, 2) == -1 and len(dummies) > 1000
    ignored = torch.overrides.get_ignored_functions()
    assert torch.zeros in ignored and torch.tensor in ignored and torch.add not in ignored


# ---- dispatch modes --------------------------------------------------------------------------------------------------


class Ops(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def test_dispatch_modes_and_their_stack() -> None:
    with Ops() as outer, Ops() as inner:
        assert _python_dispatch._get_current_dispatch_mode() is inner
        assert _python_dispatch._get_current_dispatch_mode_stack() == [outer, inner]
        with _python_dispatch._disable_current_modes() as modes:
            assert modes == [outer, inner] and not _python_dispatch.is_in_torch_dispatch_mode()
            torch.ones(1)
        torch.ones(2).sum().exp()
    assert outer.names == inner.names == ["aten.sum.default", "aten.exp.default"]


def test_dispatch_modes_below_autocast_and_function_modes() -> None:
    log: list = []
    x = torch.ones(2, 2)
    with Names(log, "f"), torch.autocast("cpu"), Ops() as ops:
        x @ x
    assert log == [("f", "torch.Tensor.matmul")]
    assert ops.names == ["aten._to_copy.default", "aten._to_copy.default", "aten.mm.default"]


def test_aliasing() -> None:
    x = torch.ones(3)
    aten = torch.ops.aten
    info = _python_dispatch.get_alias_info(aten.add_.Tensor)
    assert [a.is_write for a in info.args][:2] == [True, False] and info.outs[0].is_write
    assert _python_dispatch.get_alias_info(aten.view.default).outs[0].alias_set
    fix = _python_dispatch.return_and_correct_aliasing
    assert fix(aten.add_.Tensor, (x, 1), {}, torch.ones(3)) is x
    view = fix(aten.view.default, (x, [3, 1]), {}, torch.zeros(3, 1))
    assert view.data_ptr() == x.data_ptr()
    fresh = torch.zeros(3)
    assert fix(aten.add.Tensor, (x, 1), {}, fresh) is fresh and fresh.data_ptr() != x.data_ptr()


def test_wrapper_subclasses() -> None:
    class Pair(torch.Tensor):
        def __tensor_flatten__(self):
            return ["inner"], None

        @staticmethod
        def __tensor_unflatten__(inner, context, size, stride):
            made = inner["inner"].as_subclass(Pair)
            made.inner = inner["inner"]
            return made

    pair = torch.ones(2).as_subclass(Pair)
    pair.inner = torch.ones(2)
    assert _python_dispatch.is_traceable_wrapper_subclass(pair)
    assert not _python_dispatch.is_traceable_wrapper_subclass(torch.ones(2))
    assert _python_dispatch.is_traceable_wrapper_subclass_type(Pair)
    doubled = _python_dispatch.transform_subclass(pair, lambda name, inner: inner * 2)
    assert type(doubled) is Pair and doubled.inner.tolist() == [2, 2]


# ---- devices ---------------------------------------------------------------------------------------------------------


def test_device_contexts(both) -> None:
    both(
        """
result = []
with torch.device("meta"):
    result += [torch.ones(2).device.type, torch.tensor([1]).device.type, torch.nn.Linear(2, 2).weight.device.type,
               torch.empty(2, device="cpu").device.type, torch.arange(3).device.type, torch.rand(2).device.type,
               torch.as_tensor([1.0]).device.type, torch.get_default_device().type]
    with torch.device("cpu"):
        result.append(torch.zeros(1).device.type)
torch.set_default_device("meta")
result.append(torch.zeros(1).device.type)
torch.set_default_device(None)
result.append(torch.zeros(1).device.type)
"""
    )
