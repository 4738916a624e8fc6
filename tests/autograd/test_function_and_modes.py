"""Custom ``Function``, grad modes, inference mode and anomaly mode: snippets with the oracle's answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

W = "w = torch.tensor([1., 2., 3.], requires_grad=True)\nn = torch.ones(3)\nF = torch.autograd.Function\n"


def fn(forward: str, backward: str, extra: str = "") -> str:
    """Source of a Function named Op with these bodies."""
    body = "\n".join("        " + line for line in forward.split("\n"))
    back = "\n".join("        " + line for line in backward.split("\n"))
    return f"class Op(F):\n    @staticmethod\n    def forward(ctx, *a):\n{body}\n    @staticmethod\n{extra}    def backward(ctx, *g):\n{back}\n"


SQUARE = fn("ctx.save_for_backward(a[0])\nreturn a[0] * a[0]", "x, = ctx.saved_tensors\nreturn 2 * x * g[0]")

FUNCTIONS = {
    "square": SQUARE + "Op.apply(w).sum().backward(); result = w.grad",
    "double backward": SQUARE
    + "(g,) = torch.autograd.grad(Op.apply(w).sum(), w, create_graph=True); g.sum().backward(); result = (g.detach(), w.grad)",
    "name": SQUARE
    + "y = Op.apply(w); result = (type(y.grad_fn).__name__, y.grad_fn.name(), y.requires_grad, y.is_leaf)",
    "no grad input": SQUARE + "y = Op.apply(n); result = (y.requires_grad, y.grad_fn)",
    "under no_grad": SQUARE + "with torch.no_grad():\n    y = Op.apply(w)\nresult = y.requires_grad",
    "grad mode inside": fn(
        "ctx.on = torch.is_grad_enabled(); return a[0] * 1", "global seen\nseen = torch.is_grad_enabled()\nreturn g[0]"
    )
    + "y = Op.apply(w); y.sum().backward(); result = (y.grad_fn.on, seen)",
    "grad mode inside with create_graph": fn(
        "return a[0] * 1", "global seen\nseen = torch.is_grad_enabled()\nreturn g[0]"
    )
    + "torch.autograd.grad(Op.apply(w).sum(), w, create_graph=True); result = seen",
    "several outputs": fn("return a[0] * 2, a[0] * 3", "return g[0] * 2 + g[1] * 3")
    + "p, q = Op.apply(w); (p + q * q).sum().backward(); result = w.grad",
    "unused output is zeros": fn("return a[0] * 2, a[0] * 3", "return g[0] * 2 + g[1] * 3")
    + "p, q = Op.apply(w); p.sum().backward(); result = w.grad",
    "materialize off": fn(
        "ctx.set_materialize_grads(False); return a[0] * 2, a[0] * 3", "return g[0] * 2 if g[1] is None else g[0]"
    )
    + "p, q = Op.apply(w); p.sum().backward(); result = w.grad",
    "list output": fn("return [a[0] * 2, a[0] * 3]", "return g[0]") + "result = type(Op.apply(w)).__name__",
    "non-tensor output": fn("return a[0] * 2, 5, 'x', None", "return g[0] * 2")
    + "p, *rest = Op.apply(w); p.sum().backward(); result = (w.grad, rest)",
    "integer output": fn("return a[0] * 2, a[0].long()", "return g[0] * 2")
    + "p, q = Op.apply(w); result = (q.requires_grad, q.grad_fn is None)",
    "non-tensor inputs": fn("ctx.k = a[1]; return a[0] * a[1]", "return g[0] * ctx.k, None, None")
    + "Op.apply(w, 5, 'x').sum().backward(); result = w.grad",
    "needs_input_grad": fn("ctx.m = ctx.needs_input_grad; return a[0] * a[1]", "return g[0], None")
    + "y = Op.apply(w, n); result = y.grad_fn.m",
    "needs_input_grad numbers": fn("ctx.m = ctx.needs_input_grad; return a[0] * a[1]", "return g[0], None")
    + "y = Op.apply(w, 2); result = y.grad_fn.m",
    "too few gradients": fn("return a[0] * a[1]", "return g[0]") + "Op.apply(w, n).sum().backward()",
    "too many gradients": fn("return a[0] * 2", "return g[0], g[0]") + "Op.apply(w).sum().backward()",
    "extra None gradients": fn("return a[0] * 2", "return g[0], None, None")
    + "Op.apply(w).sum().backward(); result = w.grad",
    "None gradient": fn("return a[0] * 2", "return None") + "y = Op.apply(w) + w; y.sum().backward(); result = w.grad",
    "wrong shape gradient": fn("return a[0] * 2", "return torch.ones(5)") + "Op.apply(w).sum().backward()",
    "expandable gradient": fn("return a[0] * 2", "return torch.ones(1)") + "Op.apply(w).sum().backward()",
    "gradient of other dtype": fn("return a[0] * 2", "return g[0].double()")
    + "Op.apply(w).sum().backward(); result = w.grad",
    "gradient not a tensor": fn("return a[0] * 2", "return 'x'") + "Op.apply(w).sum().backward()",
    "gradient for constant": fn("return a[0] * a[1]", "return g[0], g[0]")
    + "Op.apply(w, n).sum().backward(); result = w.grad",
    "error in forward": fn("raise KeyError('f')", "return g") + "Op.apply(w)",
    "error in backward": fn("return a[0] * 2", "raise KeyError('b')") + "Op.apply(w).sum().backward()",
    "not implemented backward": "class Op(F):\n    @staticmethod\n    def forward(ctx, x): return x * 2\nOp.apply(w).sum().backward()",
    "not implemented forward": "class Op(F):\n    pass\nOp.apply(w)",
    "instance call": SQUARE + "Op()(w)",
    "save twice and freed": SQUARE + "y = Op.apply(w).sum(); y.backward(); y.backward()",
    "saved retained": SQUARE + "y = Op.apply(w).sum(); y.backward(retain_graph=True); y.backward(); result = w.grad",
    "save non-tensor": fn("ctx.save_for_backward(5); return a[0] * 2", "return g[0]") + "Op.apply(w)",
    "save None": fn(
        "ctx.save_for_backward(a[0], None); return a[0] * 2", "x, y = ctx.saved_tensors\nreturn g[0] * (y is None)"
    )
    + "Op.apply(w).sum().backward(); result = w.grad",
    "save output": fn("y = a[0].exp(); ctx.save_for_backward(y); return y", "y, = ctx.saved_tensors\nreturn g[0] * y")
    + "Op.apply(w).sum().backward(); result = w.grad",
    "save output then in place": fn(
        "y = a[0].exp(); ctx.save_for_backward(y); return y", "y, = ctx.saved_tensors\nreturn g[0] * y"
    )
    + "z = Op.apply(w); z.mul_(2); z.sum().backward()",
    "save intermediate": fn(
        "t = a[0] + 1; ctx.save_for_backward(t); return t * t", "t, = ctx.saved_tensors\nreturn g[0] * 2 * t"
    )
    + "Op.apply(w).sum().backward(); result = w.grad",
    "saved input changed": SQUARE + "x = w * 1; y = Op.apply(x); x.add_(1); y.sum().backward()",
    "saved is the input": SQUARE + "y = Op.apply(w); result = y.grad_fn.saved_tensors[0] is w",
    "mark_dirty": fn("x = a[0]; x.mul_(2); ctx.mark_dirty(x); return x", "return g[0] * 2")
    + "x = w * 1; y = Op.apply(x); y.sum().backward(); result = (y is x, x._version, w.grad)",
    "mark_dirty of leaf": fn("x = a[0]; x.mul_(2); ctx.mark_dirty(x); return x", "return g[0] * 2") + "Op.apply(w)",
    "mark_dirty of view": fn("x = a[0]; x.mul_(2); ctx.mark_dirty(x); return x", "return g[0] * 2")
    + "b = w * 1; y = Op.apply(b[:2]); b.sum().backward(); result = w.grad",
    "mark_dirty not returned": fn("x = a[0]; x.mul_(2); ctx.mark_dirty(x); return x * 1", "return g[0] * 2")
    + "x = w * 1; Op.apply(x)",
    "in place without mark": fn("x = a[0]; x.mul_(2); return x", "return g[0] * 2")
    + "x = w * 1; y = Op.apply(x); y.sum().backward(); result = (y is x, w.grad)",
    "non differentiable": fn(
        "y = a[0] * 2; z = a[0] * 3; ctx.mark_non_differentiable(z); return y, z", "return g[0] * 2"
    )
    + "y, z = Op.apply(w); y.sum().backward(); result = (z.requires_grad, w.grad)",
    "once_differentiable": "from torch.autograd.function import once_differentiable\n"
    + fn(
        "ctx.save_for_backward(a[0]); return a[0] ** 2",
        "x, = ctx.saved_tensors\nreturn 2 * x * g[0]",
        "    @once_differentiable\n",
    )
    + "Op.apply(w).sum().backward(); result = w.grad",
    "once_differentiable twice": "from torch.autograd.function import once_differentiable\n"
    + fn(
        "ctx.save_for_backward(a[0]); return a[0] ** 2",
        "x, = ctx.saved_tensors\nreturn 2 * x * g[0]",
        "    @once_differentiable\n",
    )
    + "(gr,) = torch.autograd.grad(Op.apply(w).sum(), w, create_graph=True); gr.sum().backward()",
    "returns input": fn("return a[0]", "return g[0] * 5")
    + "y = Op.apply(w); y.sum().backward(); result = (y is w, y._is_view(), w.grad)",
    "returns view": fn("return a[0][:2]", "return torch.cat([g[0], torch.zeros(1)])")
    + "y = Op.apply(w); y.sum().backward(); result = (y._is_view(), w.grad)",
    "returns view then in place": fn("return a[0][:2]", "return torch.cat([g[0], torch.zeros(1)])")
    + "y = Op.apply(w * 1); y.mul_(2); y.sum().backward()",
    "setup_context": "class Op(F):\n    @staticmethod\n    def forward(x, k): return x * k\n    @staticmethod\n    def setup_context(ctx, inputs, output): ctx.k = inputs[1]\n    @staticmethod\n    def backward(ctx, g): return g * ctx.k, None\nOp.apply(w, 4.).sum().backward(); result = w.grad",
    "keyword arguments": SQUARE + "Op.apply(x=w)",
    "inherits": SQUARE
    + "class Sub(Op):\n    @staticmethod\n    def backward(ctx, g): return g * 100\nSub.apply(w).sum().backward(); result = w.grad",
    "attributes on ctx": fn("ctx.a = 1; ctx.b = [2]; return a[0] * 1", "return g[0] * (ctx.a + ctx.b[0])")
    + "Op.apply(w).sum().backward(); result = w.grad",
    "grad through closure": "class Op(F):\n    @staticmethod\n    def forward(ctx, x): return x.detach() * 2\n    @staticmethod\n    def backward(ctx, g): return g * w.detach()\n(gr,) = torch.autograd.grad(Op.apply(w).sum(), w); result = gr",
    "in list of inputs": fn("return sum(a)", "return tuple(g[0] * i for i in range(3))")
    + "Op.apply(w, w, w).sum().backward(); result = w.grad",
    "tensor list not tracked": fn("return a[0][0] * 2", "return None") + "y = Op.apply([w]); result = y.requires_grad",
    "vjp with hooks": SQUARE + "y = Op.apply(w); y.register_hook(lambda g: g * 3); y.sum().backward(); result = w.grad",
    "metadata": fn("return a[0] * 1", "return g[0]")
    + "y = Op.apply(w); y.grad_fn.metadata['k'] = 1; result = y.grad_fn.metadata",
    "deterministic None on unused": fn(
        "ctx.set_materialize_grads(False); return a[0] * 1, a[0] * 2", "assert g[1] is None\nreturn g[0]"
    )
    + "p, q = Op.apply(w); (p * 2).sum().backward(); result = w.grad",
}

MODES = {
    "no_grad": "with torch.no_grad():\n    y = w * 2\nresult = (y.requires_grad, torch.is_grad_enabled())",
    "no_grad nests": "r = []\nwith torch.no_grad():\n    with torch.enable_grad():\n        r.append((w * 2).requires_grad)\n    r.append((w * 2).requires_grad)\nr.append((w * 2).requires_grad)\nresult = r",
    "no_grad decorator": "@torch.no_grad()\ndef f(x): return x * 2\nresult = (f(w).requires_grad, f.__name__)",
    "no_grad decorator bare": "@torch.no_grad\ndef f(x): return x * 2\nresult = f(w).requires_grad",
    "enable_grad decorator": "@torch.enable_grad()\ndef f(x): return x * 2\nwith torch.no_grad():\n    result = f(w).requires_grad",
    "no_grad generator": "@torch.no_grad()\ndef f():\n    yield torch.is_grad_enabled()\n    yield torch.is_grad_enabled()\nr = []\nfor v in f():\n    r += [v, torch.is_grad_enabled()]\nresult = r",
    "no_grad on exception": "try:\n    with torch.no_grad():\n        raise KeyError\nexcept KeyError:\n    pass\nresult = torch.is_grad_enabled()",
    "no_grad reused": "m = torch.no_grad()\nr = []\nfor _ in range(2):\n    with m:\n        r.append(torch.is_grad_enabled())\n    r.append(torch.is_grad_enabled())\nresult = r",
    "no_grad new leaf": "with torch.no_grad():\n    x = torch.ones(2, requires_grad=True)\n(x * 2).sum().backward(); result = x.grad",
    "no_grad Parameter": "with torch.no_grad():\n    p = torch.nn.Parameter(torch.ones(2))\nresult = p.requires_grad",
    "set_grad_enabled": "torch.set_grad_enabled(False)\ny = w * 2\ntorch.set_grad_enabled(True)\nresult = y.requires_grad",
    "set_grad_enabled context": "with torch.set_grad_enabled(False):\n    y = w * 2\nresult = (y.requires_grad, torch.is_grad_enabled())",
    "set_grad_enabled decorator": "@torch.set_grad_enabled(False)\ndef f(x): return x * 2\nresult = (f(w).requires_grad, torch.is_grad_enabled())",
    "inference": "with torch.inference_mode():\n    y = w * 2; i = torch.ones(2)\nresult = (y.requires_grad, y.is_inference(), i.is_inference(), w.is_inference(), torch.is_inference_mode_enabled())",
    "inference decorator": "@torch.inference_mode()\ndef f(x): return x * 2\nresult = f(w).is_inference()",
    "inference off": "with torch.inference_mode(False):\n    y = w * 2\nresult = (y.requires_grad, y.is_inference())",
    "inference then saved": "with torch.inference_mode():\n    y = torch.ones(3)\n(w * y).sum().backward()",
    "inference not saved": "with torch.inference_mode():\n    y = torch.ones(3)\n(w + y).sum().backward(); result = w.grad",
    "inference in place outside": "with torch.inference_mode():\n    y = torch.ones(3)\ny.add_(1)",
    "inference in place inside": "with torch.inference_mode():\n    y = torch.ones(3)\n    y.add_(1)\nresult = y",
    "inference on normal in place": "x = torch.ones(3)\nwith torch.inference_mode():\n    x.add_(1)\nresult = (x, x.is_inference(), x._version)",
    "inference requires_grad": "with torch.inference_mode():\n    y = torch.ones(3)\ny.requires_grad_()",
    "inference version": "with torch.inference_mode():\n    y = torch.ones(3)\ny._version",
    "inference view of normal": "x = torch.ones(3)\nwith torch.inference_mode():\n    v = x[0]\nresult = v.is_inference()",
    "inference clone": "with torch.inference_mode():\n    y = torch.ones(3)\nz = y.clone(); result = (z.is_inference(), (z * w).requires_grad)",
    "anomaly nan": "x = torch.zeros(2, requires_grad=True)\nwith torch.autograd.detect_anomaly():\n    (x.sqrt() * 0).sum().backward()",
    "anomaly fine": "with torch.autograd.detect_anomaly():\n    (w * 2).sum().backward()\nresult = w.grad",
    "anomaly check_nan": "x = torch.zeros(2, requires_grad=True)\nwith torch.autograd.detect_anomaly(check_nan=False):\n    (x.sqrt() * 0).sum().backward()\nresult = x.grad",
    "anomaly switch": "torch.autograd.set_detect_anomaly(True)\nr = torch.is_anomaly_enabled()\ntorch.autograd.set_detect_anomaly(False)\nresult = (r, torch.is_anomaly_enabled())",
    "anomaly context switch": "with torch.autograd.set_detect_anomaly(True):\n    r = torch.is_anomaly_enabled()\nresult = (r, torch.is_anomaly_enabled())",
    "mode is per thread": "import threading\nr = []\nwith torch.no_grad():\n    t = threading.Thread(target=lambda: r.append(torch.is_grad_enabled())); t.start(); t.join()\nresult = r",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str, both: Any) -> None:
    both(W + FUNCTIONS[name])


@pytest.mark.parametrize("name", MODES)
def test_mode(name: str, both: Any) -> None:
    enabled = torch.is_grad_enabled()
    both(W + MODES[name])
    assert torch.is_grad_enabled() == enabled


def test_anomaly_names_the_forward_call(recwarn: pytest.WarningsRecorder) -> None:
    """Anomaly mode tells where the op ran whose backward gave nan."""
    x = torch.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="returned nan values") as caught:
        with torch.autograd.detect_anomaly():
            y = culprit(x)
            (y * 0).sum().backward()
    told = str(caught.value) + "".join(str(w.message) for w in recwarn.list)
    assert "culprit" in told


def culprit(x: torch.Tensor) -> torch.Tensor:
    return x.sqrt()
