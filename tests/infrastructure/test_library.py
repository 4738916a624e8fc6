"""Operators defined in Python: schemas, kernels, derivatives, modes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import is_ours
from snippets import agree
from torch.utils._python_dispatch import TorchDispatchMode

SETUP = """
import torch
from torch import Tensor
from typing import List, Optional, Sequence, Tuple, Union
from torch.library import *
import torch.library as L
x = torch.ones(2, requires_grad=True)
y = torch.ones(2)
meta = torch.ones(3, device="meta")
"""

SCHEMAS = """
def every(x: Tensor, y: Optional[Tensor], z: Sequence[Tensor], w: List[Optional[Tensor]], i: int, j: Optional[int], k: Sequence[int], l: Optional[List[int]], f: float, b: bool, s: str, n: Union[int, float, bool], d: torch.dtype, e: torch.device, *, q: int = 3, p: float = 1.5, o: bool = True, m: Optional[int] = None, t: str = "a") -> Tensor: pass
def bare(x) -> Tensor: pass
def nothing(x: Tensor): pass
def several(x: Tensor) -> Tuple[Tensor, int, List[Tensor]]: pass
def none(x: Tensor) -> None: pass
def wrong(x: dict) -> None: pass
def star(*x: Tensor) -> None: pass
def odd(x: Tensor) -> dict: pass
def default(x: Tensor = None) -> Tensor: pass
def listed(x: Tensor, k: List[int] = [1, 2]) -> Tensor: pass
def text(x: "Tensor", y: "Optional[int]" = None) -> "Tensor": pass
"""
INFERRED = """
    infer_schema(every, mutates_args=())
    infer_schema(every, mutates_args={"x"})
    infer_schema(every, mutates_args={"y", "z"})
    infer_schema(every, mutates_args="unknown")
    infer_schema(every, mutates_args={"i"})
    infer_schema(every, mutates_args={"nowhere"})
    infer_schema(every, mutates_args=(), op_name="foo")
    infer_schema(bare, mutates_args=())
    infer_schema(nothing, mutates_args=())
    infer_schema(several, mutates_args=())
    infer_schema(none, mutates_args=())
    infer_schema(wrong, mutates_args=())
    infer_schema(star, mutates_args=())
    infer_schema(odd, mutates_args=())
    infer_schema(default, mutates_args=())
    infer_schema(listed, mutates_args=())
    infer_schema(text, mutates_args=())
"""

CUSTOM = """
@custom_op("infra1::add", mutates_args=())
def add(x: Tensor, y: Tensor) -> Tensor: return x + y
@custom_op("infra1::formula", mutates_args=())
def formula(x: Tensor, k: int = 2) -> Tensor: return x * k
@formula.register_fake
def _(x, k=2): return torch.empty_like(x)
def setup_context(ctx, inputs, output):
    ctx.save_for_backward(inputs[0])
    ctx.k = inputs[1]
formula.register_autograd(lambda ctx, g: (g * ctx.k * 10 + 0 * ctx.saved_tensors[0], None), setup_context=setup_context)
@custom_op("infra1::lists", mutates_args=())
def lists(xs: Sequence[Tensor], w: Tensor, *, flag: bool = True) -> Tuple[Tensor, List[Tensor]]:
    return sum(xs) * w, [x * 2 for x in xs]
def lists_context(ctx, inputs, keyword_only_inputs, output):
    ctx.n = len(inputs[0])
    ctx.flag = keyword_only_inputs["flag"]
lists.register_autograd(lambda ctx, g, gs: ([g * 2 + h for h in gs], g * 7 if ctx.flag else None), setup_context=lists_context)
@custom_op("infra1::same", mutates_args=())
def same(x: Tensor) -> Tensor: return x
@custom_op("infra1::write", mutates_args=("x",))
def write(x: Tensor) -> None: x.add_(1)
@custom_op("infra1::cpu", mutates_args=(), device_types="cpu")
def cpu(x: Tensor) -> Tensor: return x.clone()
buffer = torch.ones(1)
out, many = lists([x, x], y)
"""
CALLS = """
    add, add(y, y), torch.ops.infra1.add, torch.ops.infra1.add.default, torch.ops.infra1.add.overloads()
    torch.ops.infra1.add.default._schema, torch.ops.infra1.add.default.name()
    torch.ops.infra1.add(y, y), torch.ops.infra1.add.default(y, y=y)
    add(x, x).requires_grad
    add(x, x).sum().backward()
    add(meta, meta)
    add(1, 2)
    add(x)
    add(x, x, x)
    add(x, z=x)
    torch.ops.infra1.nowhere
    torch.ops.infra1.add.nowhere
    formula(meta)
    formula(y), formula(y, 5), formula(y, k=5)
    torch.autograd.grad(formula(x, 3).sum(), x)
    formula(x, 3).grad_fn.name()
    torch.autograd.grad(out.sum() + many[0].sum() + 3 * many[1].sum(), [x])
    lists([y, y], y, flag=False)
    same(y)
    write(buffer), buffer
    write.register_autograd(lambda ctx, g: g)
    cpu(y), cpu(meta)
    custom_op("bad", mutates_args=())(lambda x: x)
    custom_op("infra1::given", mutates_args=(), schema="(Tensor x) -> Tensor")(lambda x: x * 3)(y)
    custom_op("infra1::given2", mutates_args=("x",), schema="(Tensor x) -> Tensor")(lambda x: x * 3)
    [a.name for a in torch.ops.aten.add.Tensor._schema.arguments], torch.ops.aten.add_.Tensor._schema.is_mutable
    str(torch.ops.aten.add_.Tensor._schema), torch.ops.aten.add.Tensor._schema.arguments[2].default_value
    [(str(a.type), a.kwarg_only, a.has_default_value()) for a in torch.ops.aten.sum.dim_IntList._schema.arguments]
    str(torch._C.parse_schema("foo(Tensor x, *, int[2] k=[1,2], str s='a', Tensor(a!) y, Tensor?[] l, ScalarType? d=None) -> (Tensor(a!), int r)"))
    torch._C.parse_schema("foo(Tensor x -> Tensor")
    get_ctx()
"""

LIBRARY = """
lib = Library("infra2", "DEF")
lib.define("foo(Tensor x, int k=2) -> Tensor")
lib.define("bar(Tensor x) -> Tensor")
lib.define("baz.Tensor(Tensor x) -> Tensor")
lib.define("baz.int(int x) -> int")
lib.define("none(Tensor x) -> Tensor")
lib.impl("foo", lambda x, k=2: x * k, "CPU")
lib.impl("bar", lambda x: x * 3, "CompositeImplicitAutograd")
impl(lib, "baz.Tensor", "CompositeExplicitAutograd")(lambda x: x * 1)
impl(lib, "baz.int", "CompositeExplicitAutograd")(lambda x: x + 1)
L.define("infra3::q", "(Tensor x) -> Tensor")
L.impl("infra3::q", "cpu")(lambda x: x + 7)
L.register_fake("infra3::q")(lambda x: torch.empty_like(x))
L.register_autograd("infra3::q", lambda ctx, g: g * 9)
"""
KERNELS = """
    Library("infra2", "DEF")
    Library("infra2", "XX")
    Library("prim", "DEF")
    lib.define("foo(Tensor x) -> Tensor")
    lib.impl("foo", 3, "CPU")
    lib.impl("foo", lambda x: x, "XYZ")
    torch.ops.infra2.foo(y), torch.ops.infra2.foo(y, 5), torch.ops.infra2.foo(y, k=5)
    torch.ops.infra2.foo(x)
    torch.ops.infra2.foo(meta)
    torch.ops.infra2.none(y)
    lib.impl("foo", lambda x, k=2: x * k, "Meta"), torch.ops.infra2.foo(meta)
    torch.ops.infra2.bar(x), torch.ops.infra2.bar(meta)
    torch.ops.infra2.baz(3), torch.ops.infra2.baz(y), torch.ops.infra2.baz.overloads()
    torch.ops.infra2.baz("a")
    torch.ops.infra2.baz.default
    torch.ops.infra3.q(y), torch.ops.infra3.q(meta)
    torch.autograd.grad(torch.ops.infra3.q(x).sum(), x)
    L.register_fake("infra3::nowhere")(lambda x: x)
    L.fallthrough_kernel()
    torch.ops.load_library("/nowhere.so")
    torch.classes.foo.bar
"""


@pytest.mark.parametrize(
    "setup, expressions",
    [(SCHEMAS, INFERRED), (CUSTOM, CALLS), (LIBRARY, KERNELS)],
    ids=["schemas", "custom", "library"],
)
def test_as_in_pytorch(setup: str, expressions: str, both: Any) -> None:
    agree(both, SETUP + setup, expressions)


def test_operators_end_with_their_library() -> None:
    library = torch.library.Library("infra4", "FRAGMENT")
    library.define("foo(Tensor x) -> Tensor")
    library.impl("foo", lambda x: x + 1, "CPU")
    assert torch.ops.infra4.foo(torch.zeros(1)).item() == 1
    library._destroy()
    with pytest.raises(AttributeError):
        torch.ops.infra4.foo  # noqa: B018


def test_modes_see_the_call() -> None:
    seen = []

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append((str(func), args, kwargs))
            return func(*args, **(kwargs or {}))

    @torch.library.custom_op("infra5::scale", mutates_args=())
    def scale(x: torch.Tensor, k: int = 2, *, flag: bool = False) -> torch.Tensor:
        return x * k

    scale.register_autograd(lambda ctx, grad: (grad * 5, None))
    x = torch.ones(2, requires_grad=True)
    with Mode():
        result = scale(x, k=3, flag=True)
    # The kernel's own operators are below the call, and gradients go through the formula.
    assert [entry[0] for entry in seen][:1] == ["infra5.scale.default"]
    assert seen[0][1:] == ((x, 3), {"flag": True})
    assert torch.autograd.grad(result.sum(), x)[0].tolist() == [5.0, 5.0]


def test_subclasses_and_overrides_are_asked() -> None:
    @torch.library.custom_op("infra6::double", mutates_args=())
    def double(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    class Asked:
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return str(func)

    assert torch.ops.infra6.double(Asked()) == "infra6.double"
    assert torch.ops.infra6.double.default(Asked()) == "infra6.double.default"
    assert torch.ops.aten.add.Tensor(Asked(), 1) == "aten.add.Tensor"


def test_rule_for_a_mode() -> None:
    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func(*args, **(kwargs or {}))

    @torch.library.custom_op("infra6::triple", mutates_args=())
    def triple(x: torch.Tensor) -> torch.Tensor:
        return x * 3

    @triple.register_torch_dispatch(Mode)
    def rule(mode: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return "the rule"

    assert triple(torch.ones(1)).item() == 3
    with Mode():
        assert triple(torch.ones(1)) == "the rule"


def test_opcheck() -> None:
    @torch.library.custom_op("infra7::good", mutates_args=())
    def good(x: torch.Tensor) -> torch.Tensor:
        return x.sin()

    good.register_fake(torch.empty_like)

    @torch.library.custom_op("infra7::bad", mutates_args=())
    def bad(x: torch.Tensor) -> torch.Tensor:
        x.add_(1)
        return x.sum(0)

    bad.register_fake(torch.empty_like)
    tests = ("test_schema", "test_autograd_registration", "test_faketensor")
    found = torch.library.opcheck(good, (torch.ones(3, requires_grad=True),), test_utils=tests)
    assert found == dict.fromkeys(tests, "SUCCESS")
    found = torch.library.opcheck(bad, (torch.ones(3, 2),), test_utils=tests, raise_exception=False)
    assert found["test_schema"] != "SUCCESS" and found["test_faketensor"] != "SUCCESS"
    with pytest.raises(Exception, match="test_schema"):
        torch.library.opcheck(bad, (torch.ones(3, 2),), test_utils="test_schema")


@pytest.mark.skipif(not is_ours(), reason="the reference replaces operators of the table")
def test_what_is_not_supported_says_so() -> None:
    library = torch.library.Library("aten", "IMPL")
    with pytest.raises(NotImplementedError, match="add"):
        library.impl("add.Tensor", lambda x, y: x, "CPU")
    with pytest.raises(NotImplementedError, match="add"):
        torch.library.register_autograd("aten::add.Tensor", lambda ctx, g: g)
    with pytest.raises(NotImplementedError, match="Triton"):
        torch.library.wrap_triton(lambda: None)
    with pytest.raises(NotImplementedError, match="sizes"):
        torch._library.fake_impl.FakeImplCtx().new_dynamic_size()


def test_operators_that_take_functions() -> None:
    class Apply(torch._ops.HigherOrderOperator):
        def __init__(self) -> None:
            super().__init__("infra_apply")

        def __call__(self, fn: Any, x: Any) -> Any:
            return super().__call__(fn, x)

    op = Apply()
    with pytest.raises(RuntimeError):
        torch._ops.HigherOrderOperator("direct")

    @op.py_impl(torch._C.DispatchKey.CompositeExplicitAutograd)
    def run(fn: Any, x: Any) -> Any:
        return fn(x)

    assert op(torch.sin, torch.zeros(1)).item() == 0 and torch.ops.higher_order.infra_apply is op


CONTROL = """
    torch.cond(torch.tensor(True), torch.sin, torch.cos, (y,))
    torch.cond(False, lambda a, b: a + b, lambda a, b: a - b, (y, y))
    torch.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (torch.tensor(0), y))
    associative_scan(lambda a, b: a + b, torch.arange(6.0).view(3, 2), 0, combine_mode="generic")
    associative_scan(lambda a, b: a * b, torch.arange(1.0, 7.0).view(3, 2), 1, reverse=True, combine_mode="generic")
    scan(lambda c, x: (c + x, c * x), torch.zeros(2), torch.arange(6.0).view(3, 2))
    torch.sym_int(2.7), torch.sym_float(2), torch.sym_max(3, 2.5), torch.sym_min(2, 2.5), torch.sym_not(True)
    torch.sym_sum([1, 2, 3]), torch.sym_ite(True, 1, 2)
"""


def test_control_flow(both: Any) -> None:
    names = "from torch._higher_order_ops import associative_scan, scan\n"
    agree(both, SETUP + names, CONTROL)
