"""The engine: what backward and grad do, by snippets run on both sides, and what must hold whoever runs them."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch
from conftest import is_sanitized

W = "w = torch.tensor([1., 2., 3.], requires_grad=True)\nv = torch.tensor([4., 5., 6.], requires_grad=True)\nn = torch.ones(3)\n"

# Deep enough to end any recursion; frames are larger under the sanitizers, and so is the price of a node.
LONG = 100_000 if is_sanitized() else 1_000_000

SNIPPETS = {
    "accumulates": "(w * 2).sum().backward(); (w * 3).sum().backward(); result = w.grad",
    "shared input": "(w * w + w).sum().backward(); result = w.grad",
    "two inputs": "(w * v).sum().backward(); result = (w.grad, v.grad)",
    "broadcast": "b = torch.ones(1, requires_grad=True); (w * b).sum().backward(); result = b.grad",
    "broadcast 2d": "b = torch.ones(2, 1, requires_grad=True); c = torch.ones(3, requires_grad=True); (b * c * 2).sum().backward(); result = (b.grad, c.grad)",
    "0-d broadcast": "b = torch.tensor(2., requires_grad=True); (w * b).sum().backward(); result = b.grad",
    "gradient argument": "(w * 2).backward(torch.tensor([1., 10., 100.])); result = w.grad",
    "gradient broadcast": "y = (w * 2).sum(); y.backward(torch.tensor(3.)); result = w.grad",
    "retain_graph": "y = (w * w).sum(); y.backward(retain_graph=True); y.backward(); result = w.grad",
    "twice": "y = (w * w).sum(); y.backward(); y.backward()",
    "twice without saved": "y = (w + 1).sum(); y.backward(); y.backward(); result = w.grad",
    "create_graph": "y = (w ** 3).sum(); (g,) = torch.autograd.grad(y, w, create_graph=True); (g ** 2).sum().backward(); result = (g, w.grad)",
    "create_graph by backward": "y = (w ** 3).sum(); y.backward(create_graph=True); g = w.grad; w.grad = None; g.sum().backward(); result = (g.detach(), w.grad, g.requires_grad)",
    "third derivative": "y = w ** 4\nfor _ in range(3):\n    (y,) = torch.autograd.grad(y.sum(), w, create_graph=True)\nresult = y",
    "grad": "result = torch.autograd.grad((w * v).sum(), [w, v])",
    "grad one": "result = torch.autograd.grad((w * v).sum(), w)",
    "grad outputs": "result = torch.autograd.grad([w * 2, v * 3], [w, v], [torch.ones(3), torch.ones(3) * 2])",
    "grad with None output": "result = torch.autograd.grad([(w * 2).sum(), v * 3], [w, v], [None, torch.ones(3) * 2])",
    "grad leaves .grad": "torch.autograd.grad((w * v).sum(), w); result = (w.grad, v.grad)",
    "grad of intermediate": "y = w * 2; z = y * y; result = torch.autograd.grad(z.sum(), y)",
    "grad of intermediate and leaf": "y = w * 2; z = y * y; result = torch.autograd.grad(z.sum(), [y, w])",
    "grad of output itself": "y = (w * 2).sum(); result = torch.autograd.grad(y, y)",
    "unused": "torch.autograd.grad(w.sum(), v)",
    "allow_unused": "result = torch.autograd.grad(w.sum(), [w, v], allow_unused=True)",
    "materialize": "result = torch.autograd.grad(w.sum(), [w, v], materialize_grads=True)",
    "by name": "result = torch.autograd.grad((w * v).sum(), {'w': w, 'v': v})",
    "by position": "result = torch.autograd.grad(w.sum(), [w, v], None, False, False, True, True)",
    "only inputs": "result = torch.autograd.grad(w.sum(), w, only_inputs=True)",
    "materialize and not allow": "torch.autograd.grad(w.sum(), [w, v], allow_unused=False, materialize_grads=True)",
    "is_grads_batched": "y = w * v; result = torch.autograd.grad(y, w, torch.eye(3), is_grads_batched=True)",
    "backward function": "torch.autograd.backward([(w * 2).sum(), (v * 3).sum()]); result = (w.grad, v.grad)",
    "backward with tensors": "torch.autograd.backward([w * 2], [torch.ones(3)]); result = w.grad",
    "backward inputs": "(w * v).sum().backward(inputs=[w]); result = (w.grad, v.grad)",
    "backward inputs one": "(w * v).sum().backward(inputs=v); result = (w.grad, v.grad)",
    "backward inputs intermediate": "y = w * 2; y.retain_grad(); (y * y).sum().backward(inputs=[y]); result = (w.grad, y.grad)",
    "non-scalar": "(w * 2).backward()",
    "one element": "(w * 2)[:1].backward(); result = w.grad",
    "no grad needed": "n.sum().backward()",
    "complex": "z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True); (z * z.conj()).real.sum().backward(); result = z.grad",
    "complex abs": "z = torch.tensor([3 + 4j], requires_grad=True); z.abs().sum().backward(); result = z.grad",
    "complex to real input": "z = torch.tensor([1 + 2j]); (w[:1] * z).real.sum().backward(); result = w.grad",
    "complex loss": "z = torch.tensor([1 + 2j], requires_grad=True); (z * z).sum().backward()",
    "mixed dtype": "d = torch.ones(3, dtype=torch.float64, requires_grad=True); (w * d).sum().backward(); result = (w.grad, d.grad)",
    "half": "h = torch.ones(3, dtype=torch.bfloat16, requires_grad=True); (h * w).sum().backward(); result = (h.grad, w.grad)",
    "to and back": "(w.double() * 2).float().sum().backward(); result = w.grad",
    "integers do not": "i = torch.arange(3); y = w * i; y.sum().backward(); result = (w.grad, i.requires_grad)",
    "comparison has none": "result = ((w > 1).requires_grad, w.argmax().requires_grad, w.floor().requires_grad)",
    "detach": "y = w.detach(); result = (y.requires_grad, y.grad_fn, y.is_leaf)",
    "is_leaf": "result = (w.is_leaf, (w * 2).is_leaf, n.is_leaf, (n * 2).is_leaf, w.detach().is_leaf)",
    "grad_fn names": "result = [type(y.grad_fn).__name__ for y in (w + v, w * v, w.sum(), w.exp(), w.view(3, 1), w[0], w @ v, w / v, w - v, -w, w.relu(), w.clone(), w.mean(), w.t())]",
    "grad_fn name()": "result = ((w * 2).grad_fn.name(), w.sum().grad_fn.name())",
    "next_functions": "y = w * v; result = [type(f).__name__ if f is not None else None for f, i in y.grad_fn.next_functions], [i for f, i in y.grad_fn.next_functions]",
    "next of constant": "y = w * n; result = [f is None for f, i in y.grad_fn.next_functions]",
    "accumulate node": "f = (w * 2).grad_fn.next_functions[0][0]; result = (type(f).__name__, f.variable is w)",
    "retain_grad": "y = w * 2; y.retain_grad(); (y * y).sum().backward(); result = (y.grad, y.retains_grad, w.retains_grad)",
    "retain_grad leaf": "w.retain_grad(); w.sum().backward(); result = (w.grad, w.retains_grad)",
    "retain_grad then in place": "y = w * 2; y.retain_grad(); y.mul_(3); y.sum().backward(); result = (y.grad, w.grad)",
    "non-leaf grad": "y = w * 2; y.sum().backward(); result = y.grad",
    "grad assign": "w.grad = torch.ones(3); w.sum().backward(); result = w.grad",
    "grad None": "w.sum().backward(); w.grad = None; w.sum().backward(); result = w.grad",
    "grad del": "w.sum().backward(); del w.grad; result = w.grad",
    "grad zero_": "w.sum().backward(); w.grad.zero_(); (w * 5).sum().backward(); result = w.grad",
    "grad keeps layout": "x = torch.ones(2, 3).t().requires_grad_(); (x * 2).sum().backward(); result = x.grad",
    "grad of expanded": "x = torch.ones(1).expand(3).clone().requires_grad_(); (x * torch.arange(3.)).sum().backward(); result = x.grad",
    "split branches": "a, b = w.sum(), w.prod(); (a * b).backward(); result = w.grad",
    "unbind": "a, b, c = w.unbind(); (a * 2 + c * 5).backward(); result = w.grad",
    "unused output": "a, b = w.max(0); a.backward(); result = (w.grad, b.requires_grad)",
    "cat": "torch.cat([w, v, w]).mul(torch.arange(9.)).sum().backward(); result = (w.grad, v.grad)",
    "index": "w[[0, 0, 2]].sum().backward(); result = w.grad",
    "max ties": "x = torch.tensor([2., 2., 1.], requires_grad=True); x.max().backward(); result = x.grad",
    "amax ties": "x = torch.tensor([2., 2., 1.], requires_grad=True); x.amax().backward(); result = x.grad",
    "maximum ties": "x = torch.ones(3, requires_grad=True); y = torch.ones(3, requires_grad=True); torch.maximum(x, y).sum().backward(); result = (x.grad, y.grad)",
    "clamp edges": "x = torch.tensor([-1., 0., 1., 2.], requires_grad=True); x.clamp(0, 1).sum().backward(); result = x.grad",
    "relu at 0": "x = torch.tensor([-1., 0., 1.], requires_grad=True); x.relu().sum().backward(); result = x.grad",
    "abs at 0": "x = torch.tensor([-1., 0., 1.], requires_grad=True); x.abs().sum().backward(); result = x.grad",
    "norm at 0": "x = torch.zeros(3, requires_grad=True); x.norm().backward(); result = x.grad",
    "sqrt at 0": "x = torch.zeros(3, requires_grad=True); x.sqrt().sum().backward(); result = x.grad",
    "pow 0": "x = torch.zeros(3, requires_grad=True); (x ** 0).sum().backward(); result = x.grad",
    "pow of zero base": "x = torch.zeros(2, requires_grad=True); e = torch.tensor([0., 2.], requires_grad=True); (x ** e).sum().backward(); result = (x.grad, e.grad)",
    "where nan": "x = torch.tensor([0., 1.], requires_grad=True); torch.where(x > 0, x.log(), x).sum().backward(); result = x.grad",
    "prod with zeros": "x = torch.tensor([0., 2., 0.], requires_grad=True); x.prod().backward(); result = x.grad",
    "empty": "x = torch.zeros(0, 3, requires_grad=True); (x * 2).sum().backward(); result = x.grad",
    "hook": "seen = []\nw.register_hook(lambda g: seen.append(g.tolist()))\n(w * 2).sum().backward(); result = (seen, w.grad)",
    "hook changes": "w.register_hook(lambda g: g * 10)\n(w * 2).sum().backward(); result = w.grad",
    "hook order": "w.register_hook(lambda g: g + 1); w.register_hook(lambda g: g * 2)\n(w * 2).sum().backward(); result = w.grad",
    "hook removed": "h = w.register_hook(lambda g: g * 10); h.remove()\n(w * 2).sum().backward(); result = w.grad",
    "hook on intermediate": "y = w * 2; y.register_hook(lambda g: g * 10); (y * 3).sum().backward(); result = w.grad",
    "hook on intermediate with retain": "y = w * 2; y.retain_grad(); y.register_hook(lambda g: g * 10); (y * 3).sum().backward(); result = (y.grad, w.grad)",
    "hook before in place": "y = w * 2; y.register_hook(lambda g: g * 10); y.mul_(7); y.sum().backward(); result = w.grad",
    "hook once per use": "seen = []\ny = w * 2; y.register_hook(lambda g: seen.append(g.tolist())); (y + y).sum().backward(); result = seen",
    "hook on no grad": "n.register_hook(lambda g: g)",
    "hook error": "w.register_hook(lambda g: 1 / 0); w.sum().backward()",
    "hook wrong shape": "w.register_hook(lambda g: torch.ones(5)); w.sum().backward()",
    "post accumulate hook": "seen = []\nw.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.tolist())); (w * 2).sum().backward(); (w * 2).sum().backward(); result = seen",
    "post accumulate clears": "w.register_post_accumulate_grad_hook(lambda p: setattr(p, 'grad', None)); (w * 2).sum().backward(); result = w.grad",
    "post accumulate on non-leaf": "(w * 2).register_post_accumulate_grad_hook(lambda p: None)",
    "node hook": "y = w * 2; seen = []\ny.grad_fn.register_hook(lambda gi, go: seen.append(([None if g is None else g.tolist() for g in gi], [g.tolist() for g in go]))); y.sum().backward(); result = seen",
    "node hook changes": "y = w * 2; y.grad_fn.register_hook(lambda gi, go: (gi[0] * 10,) + gi[1:]); y.sum().backward(); result = w.grad",
    "node prehook": "y = w * 2; y.grad_fn.register_prehook(lambda go: (go[0] * 10,)); y.sum().backward(); result = w.grad",
    "grad calls hooks": "y = w * 2; seen = []\ny.register_hook(lambda g: seen.append(1)); torch.autograd.grad(y.sum(), w); result = seen",
    "grad with hook on input": "y = w * 2; y.register_hook(lambda g: g * 10); result = torch.autograd.grad((y * 3).sum(), y)",
    "saved attribute": "y = w * v; result = (y.grad_fn._saved_self, y.grad_fn._saved_other)",
    "reentrant": """
class Inner(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x); return x * 1
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        with torch.enable_grad():
            d = x.detach().requires_grad_(); (d ** 3).sum().backward()
        return g * d.grad
Inner.apply(w).sum().backward(); result = w.grad""",
    "reentrant deep": """
class Nest(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, depth):
        ctx.depth = depth; return x.clone()
    @staticmethod
    def backward(ctx, g):
        if ctx.depth:
            with torch.enable_grad():
                d = torch.ones(1, requires_grad=True); Nest.apply(d, ctx.depth - 1).sum().backward()
            return g + d.grad, None
        return g, None
x = torch.ones(1, requires_grad=True); Nest.apply(x, 60).sum().backward(); result = x.grad""",
    "checkpoint": "from torch.utils.checkpoint import checkpoint\ncheckpoint(lambda x: (x * v).sin(), w, use_reentrant=False).sum().backward(); result = (w.grad, v.grad)",
    "checkpoint reentrant": "from torch.utils.checkpoint import checkpoint\ncheckpoint(lambda x: (x * 2).sin(), w, use_reentrant=True).sum().backward(); result = w.grad",
    "saved_tensors_hooks": "log = []\nwith torch.autograd.graph.saved_tensors_hooks(lambda t: (log.append('pack'), t.clone())[1], lambda t: (log.append('unpack'), t)[1]):\n    y = w * v\ny.sum().backward(); result = (log, w.grad)",
    "requires_grad_ of result": "y = w * 2; y.requires_grad_(False)",
    "requires_grad in ints": "torch.ones(2, dtype=torch.int64).requires_grad_()",
    "output_nr": "a, b = torch.ones(2, 3, requires_grad=True).unbind(); result = (a.output_nr, b.output_nr, w.output_nr)",
    "version": "x = torch.ones(3); r = [x._version]; x.add_(1); r.append(x._version); x[0].mul_(2); r.append(x._version); x[1] = 5; r.append(x._version); y = x.detach(); y.add_(1); r += [x._version, y._version]; z = x.clone(); r.append(z._version); result = r",
    "data hides version": "x = torch.ones(3); x.data.add_(1); result = (x._version, x)",
    "gradient order in lists": "a = [torch.ones(1, requires_grad=True) for _ in range(5)]; y = sum(t * i for i, t in enumerate(a)); result = torch.autograd.grad(y, a)",
    "jacobian": "result = torch.autograd.functional.jacobian(lambda x: x ** 2, torch.tensor([1., 2.]))",
    "hessian": "result = torch.autograd.functional.hessian(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]))",
}
OPTIONAL = {"is_grads_batched", "checkpoint", "checkpoint reentrant", "jacobian", "hessian"}


@pytest.mark.parametrize("name", SNIPPETS)
def test_as_the_oracle(name: str, both: Any) -> None:
    both(W + SNIPPETS[name], strides=True)


def test_messages_that_programs_match(both: Any) -> None:
    both(W + SNIPPETS["twice"], contains=("Trying to backward through the graph a second time",))
    both(W + SNIPPETS["non-scalar"], contains=("grad can be implicitly created only for scalar outputs",))
    both(W + SNIPPETS["no grad needed"], contains=("does not require grad and does not have a grad_fn",))
    both(W + SNIPPETS["unused"], contains=("appears to not have been used in the graph",))
    both(W + "w.add_(1)", contains=("leaf Variable that requires grad", "in-place"))
    both(
        W + "y = w.exp(); y.add_(1); y.sum().backward()",
        contains=("one of the variables needed for gradient computation has been modified by an inplace operation",),
    )


def test_stale_saved_tensor_says_who_changed_it() -> None:
    """Beyond PyTorch: the text names what was saved where, and the op that modified it, without a second run."""
    w = torch.ones(3, requires_grad=True)
    y = w.exp()
    z = y.sin()
    y.mul_(2)
    with pytest.raises(RuntimeError) as caught:
        z.sum().backward()
    assert "modified by an inplace operation" in str(caught.value)
    from conftest import is_ours

    if is_ours():
        assert "mul_" in str(caught.value), str(caught.value)
        assert "sin" in str(caught.value).lower(), str(caught.value)


def test_a_long_chain_of_operations() -> None:
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(LONG):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1.0
    del y
    gc.collect()


def test_a_long_chain_released_unused() -> None:
    y = torch.ones(1, requires_grad=True)
    for _ in range(LONG):
        y = y * 1.0
    del y
    gc.collect()


def test_deep_view_chain_released() -> None:
    y = torch.ones(4, requires_grad=True).clone()
    for _ in range(100_000):
        y = y.view(4)
    y.sum().backward()
    del y


def test_graph_is_freed() -> None:
    w = torch.ones(3, requires_grad=True)
    big = torch.ones(3)
    ref = weakref.ref(big)
    y = (w * big).sum()
    del big
    assert ref() is not None or True  # the graph holds the tensor, perhaps not its Python object
    y.backward()
    gc.collect()
    assert w.grad is not None


def test_hook_cycle_is_collected() -> None:
    class Marker:
        pass

    marker = Marker()
    ref = weakref.ref(marker)
    w = torch.ones(3, requires_grad=True)
    w.register_hook(lambda g, keep=(w, marker): None)
    del w, marker
    gc.collect()
    assert ref() is None


def test_function_cycle_is_collected() -> None:
    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):  # type: ignore[no-untyped-def]
            ctx.own = Marker()
            return x * 2

        @staticmethod
        def backward(ctx, g):  # type: ignore[no-untyped-def]
            return g * 2

    class Marker:
        pass

    x = torch.ones(1, requires_grad=True)
    y = Keep.apply(x)
    ref = weakref.ref(y.grad_fn.own)
    y.attribute = y  # a cycle through the tensor's own dictionary
    del x, y
    gc.collect()
    assert ref() is None


def test_backward_in_threads() -> None:
    import threading

    errors: list = []

    def work(seed: int) -> None:
        try:
            for step in range(50):
                x = torch.full((5,), float(seed), requires_grad=True)
                (x * x + step).sum().backward()
                assert x.grad.tolist() == [2.0 * seed] * 5
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_shared_graph_in_threads() -> None:
    import threading

    w = torch.ones(100, requires_grad=True)
    base = w * 2
    threads = [threading.Thread(target=lambda: (base * 3).sum().backward(retain_graph=True)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(w.grad, torch.full((100,), 24.0))


def test_gradcheck_finds_a_wrong_gradient() -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):  # type: ignore[no-untyped-def]
            return x * 2

        @staticmethod
        def backward(ctx, g):  # type: ignore[no-untyped-def]
            return g * 2.01

    class WrongTwice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):  # type: ignore[no-untyped-def]
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):  # type: ignore[no-untyped-def]
            (x,) = ctx.saved_tensors
            return g * 3 * (x * x.detach())

    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(Wrong.apply, (x,))
    assert torch.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False) is False
    assert torch.autograd.gradcheck(WrongTwice.apply, (x,))
    with pytest.raises(RuntimeError):
        torch.autograd.gradgradcheck(WrongTwice.apply, (x,))
    z = torch.tensor([1 + 2j, -0.5j], dtype=torch.complex128, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: t * t.conj(), (z,))
    with pytest.raises(RuntimeError):
        torch.autograd.gradcheck(Wrong.apply, (z,))


def test_deterministic_order() -> None:
    def run() -> list:
        order: list = []
        w = torch.ones(2, requires_grad=True)
        parts = []
        for i in range(6):
            y = w * i
            y.register_hook(lambda g, i=i: order.append(i))
            parts.append(y)
        sum(parts).sum().backward()
        return order

    assert run() == run() == run()
