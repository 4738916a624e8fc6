"""One Python object per tensor for as long as either lives, with its attributes, subclass and weak references."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
import torch


def test_grad_is_one_object() -> None:
    w = torch.ones(3, requires_grad=True)
    w.sum().backward()
    assert w.grad is w.grad
    assert id(w.grad) == id(w.grad)


def test_leaf_through_the_graph_is_itself() -> None:
    w = torch.ones(3, requires_grad=True)
    y = w * 2
    assert y.grad_fn.next_functions[0][0].variable is w
    assert y.grad_fn is y.grad_fn


def test_base_is_itself() -> None:
    x = torch.ones(4)
    v = x[1:]
    assert v._base is x
    assert v[1:]._base is x


def test_attributes_survive_the_object() -> None:
    """A tensor kept alive by the graph only comes back with what was put on it."""
    w = torch.ones(3, requires_grad=True)
    w.mark = ["kept"]
    y = w * 2
    del w
    gc.collect()
    again = y.grad_fn.next_functions[0][0].variable
    assert again.mark == ["kept"]


def test_attributes_of_grad_survive() -> None:
    w = torch.ones(3, requires_grad=True)
    w.sum().backward()
    w.grad.mark = 5
    gc.collect()
    assert w.grad.mark == 5


def test_attributes_of_base_survive() -> None:
    base = torch.ones(4)
    base.mark = "base"
    view = base[1:]
    del base
    gc.collect()
    assert view._base.mark == "base"


def test_subclass_survives() -> None:
    class Mine(torch.Tensor):
        pass

    p = torch.nn.Parameter(torch.ones(2))
    y = p * 2
    del p
    gc.collect()
    assert type(y.grad_fn.next_functions[0][0].variable) is torch.nn.Parameter
    m = torch.ones(2).as_subclass(Mine)
    assert type(m[:1]) is Mine and type(m + 1) is Mine


def test_weak_references() -> None:
    x = torch.ones(3)
    gone: list = []
    ref = weakref.ref(x, gone.append)
    assert ref() is x
    del x
    gc.collect()
    assert ref() is None and len(gone) == 1


def test_weak_reference_with_tensor_alive() -> None:
    w = torch.ones(3, requires_grad=True)
    w.mark = 1
    y = w * 2
    ref = weakref.ref(w)
    del w
    gc.collect()
    again = y.grad_fn.next_functions[0][0].variable
    assert ref() is None or ref() is again


def test_cycle_through_attribute() -> None:
    class Marker:
        pass

    x = torch.ones(2)
    x.marker = Marker()
    x.loop = [x]
    ref = weakref.ref(x.marker)
    del x
    gc.collect()
    assert ref() is None


def test_reference_counts_do_not_grow() -> None:
    import sys

    x = torch.ones(8)
    before = sys.getrefcount(x)
    for _ in range(100):
        x + x, x * 2.0, x.view(-1), x[1:], x.sum(), x.shape, x.dtype, x.add_(0)  # noqa: B018
        torch.cat([x, x]), torch.stack((x, x))
    assert sys.getrefcount(x) == before
    none = sys.getrefcount(None)
    for _ in range(100):
        x.grad, x.sum(None), torch.clamp(x, None, 1.0)  # noqa: B018
    assert abs(sys.getrefcount(None) - none) < 50


def test_memory_does_not_grow() -> None:
    """A training step repeated many times keeps the process at its size."""
    import resource

    def steps(count: int) -> None:
        w = torch.ones(64, 64, requires_grad=True)
        for _ in range(count):
            y = (w @ w).relu().sum()
            y.backward()
            w.grad = None

    steps(300)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps(3000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000


def test_errors_do_not_leak() -> None:
    import sys

    x = torch.ones(3)
    before = sys.getrefcount(x)
    for _ in range(200):
        for bad in (
            lambda: x + torch.ones(4),
            lambda: x.view(7),
            lambda: x[9],
            lambda: torch.add(x, "a"),
            lambda: torch.cat([x, None]),
            lambda: x.sum(5),
        ):
            try:
                bad()
            except Exception:
                pass
    assert sys.getrefcount(x) == before


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda y: y.mul_(y), id="mul_"),
        pytest.param(lambda y: y.pow_(y), id="pow_"),
        pytest.param(lambda y: y.addcmul_(y, y), id="addcmul_"),
        pytest.param(lambda y: y.mul_(y.view(3)), id="by a view"),
        pytest.param(lambda y: y[:1].mul_(y[1:2]), id="a view by a view"),
        pytest.param(lambda y: y[:2].mul_(y[:2]), id="a view by an equal one"),
        pytest.param(lambda y: y.view(3).mul_(y), id="a view by its base"),
    ],
)
def test_a_write_that_reads_its_target_is_freed(write: Callable[[torch.Tensor], object]) -> None:
    """The node keeps what it read, which it then is the history of: nobody's reference may run in a circle."""

    class Mark:
        pass

    y = torch.ones(3, requires_grad=True) * 1
    write(y)
    mark = Mark()
    y.grad_fn.metadata["mark"] = mark
    alive = weakref.ref(mark)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    del y, mark
    gc.collect()
    assert alive() is None
