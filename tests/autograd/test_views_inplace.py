"""Views and in-place writes under autograd: a table of cases, each with the oracle's gradients or the oracle's error."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

SETUP = "x = torch.arange(1., 7.).reshape(2, 3).requires_grad_()\nb = x * 2\ns = torch.full((2, 3), 3., requires_grad=True)\n"
END = "\nloss = (b * torch.arange(6.).reshape(2, 3)).sum()\nloss.backward()\nresult = (b.detach(), x.grad, s.grad)"

VIEWS = {
    "itself": "b",
    "select": "b[0]",
    "slice": "b[:, 1:]",
    "step": "b[:, ::2]",
    "view": "b.view(3, 2)",
    "transpose": "b.t()",
    "diagonal": "b.diagonal()",
    "narrow": "b.narrow(1, 0, 2)",
    "unsqueeze": "b.unsqueeze(0)",
    "squeeze": "b.unsqueeze(0).squeeze(0)",
    "expand": "b[:, :1].expand(2, 1)",
    "element": "b[1, 2]",
    "chain": "b.t()[1:]",
    "as_strided": "b.as_strided((2, 2), (3, 1), 1)",
    "permute": "b.permute(1, 0)",
    "flatten": "b.flatten()",
    "unfold": "b.unfold(1, 3, 1)",
    "view_as": "b.view_as(b)",
    "detach": "b.detach()",
    "movedim": "b.movedim(0, 1)",
    "alias": "b[...]",
    "real": "b.real",
}
WRITES = {
    "mul number": "v.mul_(5)",
    "add number": "v.add_(1)",
    "zero": "v.zero_()",
    "fill": "v.fill_(2)",
    "mul tensor": "v.mul_(s.as_strided(v.shape, v.stride(), v.storage_offset()))",
    "exp": "v.exp_()",
    "copy": "v.copy_(s.as_strided(v.shape, v.stride(), v.storage_offset()))",
    "set item": "v[...] = 4.",
    "sigmoid": "v.sigmoid_()",
    "clamp": "v.clamp_(3, 9)",
    "masked_fill": "v.masked_fill_(v.detach() > 5, 0.)",
    "relu": "v.relu_()",
    "pow": "v.pow_(2)",
}


@pytest.mark.parametrize("view,write", list(product(VIEWS, WRITES)))
def test_write_to_view(view: str, write: str, both: Any) -> None:
    """b is a result, v a view of it, v is written in place: gradients flow as if b had been rebuilt."""
    both(SETUP + f"v = {VIEWS[view]}\n{WRITES[write]}" + END)


@pytest.mark.parametrize("view", VIEWS)
def test_write_to_base_then_use_view(view: str, both: Any) -> None:
    both(
        SETUP
        + f"v = {VIEWS[view]}\nb.mul_(5)\nb = v * 1\nloss = (v * 3).sum(); loss.backward(); result = (v.detach(), x.grad, type(v.grad_fn).__name__)"
    )


@pytest.mark.parametrize("view", VIEWS)
def test_write_to_view_then_use_other_view(view: str, both: Any) -> None:
    both(
        SETUP
        + f"u = b.view(-1)\nv = {VIEWS[view]}\nv.mul_(5)\n(u * torch.arange(6.)).sum().backward(); result = (u.detach(), x.grad)"
    )


@pytest.mark.parametrize("view", [name for name in VIEWS if name not in ("detach", "as_strided", "expand")])
def test_two_writes(view: str, both: Any) -> None:
    both(
        SETUP
        + f"v = {VIEWS[view]}\nv.mul_(5)\nb.add_(1)\nv.mul_(s.as_strided(v.shape, v.stride(), v.storage_offset()))"
        + END
    )


LEAF = "w = torch.arange(1., 7.).reshape(2, 3).clone().requires_grad_()\nn = torch.arange(1., 7.).reshape(2, 3).clone()\ns = torch.full((2, 3), 3., requires_grad=True)\n"
CASES = {
    "leaf in place": "w.mul_(2)",
    "leaf view in place": "w[0].mul_(2)",
    "leaf view in no_grad": "with torch.no_grad():\n    w[0].mul_(2)\nresult = (w.detach(), w._version, w.is_leaf)",
    "leaf in no_grad then backward": "y = (w * w).sum()\nwith torch.no_grad():\n    w.mul_(2)\ny.backward()",
    "leaf in no_grad, not saved": "y = (w + 1).sum()\nwith torch.no_grad():\n    w.mul_(2)\ny.backward(); result = w.grad",
    "leaf data": "y = (w * w).sum(); w.data.mul_(2); y.backward(); result = w.grad",
    "leaf detach": "y = (w * w).sum(); w.detach().mul_(2); y.backward()",
    "constant gets history": "n.mul_(s); n.sum().backward(); result = (s.grad, n.requires_grad, n.is_leaf, type(n.grad_fn).__name__)",
    "constant view gets history": "v = n[0]; v.mul_(s[0]); n.sum().backward(); result = (s.grad, n.requires_grad, v.requires_grad, type(n.grad_fn).__name__, type(v.grad_fn).__name__)",
    "constant base gets history": "v = n[0]; n.mul_(s); v.sum().backward(); result = (s.grad, v.requires_grad, type(v.grad_fn).__name__)",
    "constant setitem": "n[0] = s[0] * 2; n.sum().backward(); result = (s.grad, n.requires_grad)",
    "setitem tensor index": "n[torch.tensor([0, 1]), torch.tensor([1, 2])] = s[0, :2]; (n * n).sum().backward(); result = s.grad",
    "setitem mask": "n[n > 3] = s.sum(); n.sum().backward(); result = s.grad",
    "setitem broadcast": "n[:] = s[0, 0]; n.sum().backward(); result = s.grad",
    "setitem on result": "y = w * 1; y[0] = 0; y.sum().backward(); result = w.grad",
    "setitem on result with grad": "y = w * 1; y[:, 1] = s[:, 1] * 3; (y * y).sum().backward(); result = (w.grad, s.grad)",
    "setitem self": "y = w * 1; y[0] = y[1]; y.sum().backward(); result = w.grad",
    "copy_ on result": "y = w * 1; y.copy_(s); y.sum().backward(); result = (w.grad, s.grad)",
    "copy_ broadcast": "y = w * 1; y.copy_(s[0]); y.sum().backward(); result = (w.grad, s.grad)",
    "copy_ dtype": "y = (w * 1).double(); y.copy_(s); y.sum().backward(); result = s.grad",
    "fill_ with tensor": "y = w * 1; y.fill_(s[0, 0]); y.sum().backward(); result = (w.grad, s.grad)",
    "saved output changed": "y = w.exp(); y.mul_(2); y.sum().backward()",
    "saved input changed": "y = w * 1; z = y * y; y.mul_(2); z.sum().backward()",
    "saved input of view changed": "y = w * 1; z = y[0] * y[0]; y[1].mul_(2); z.sum().backward()",
    "unsaved changed": "y = w * 1; z = y + y; y.mul_(2); z.sum().backward(); result = w.grad",
    "sigmoid in place ok": "y = (w * 1).sigmoid_(); y.sum().backward(); result = w.grad",
    "relu in place ok": "y = (w - 3).relu_(); y.sum().backward(); result = w.grad",
    "tanh in place then mul": "y = (w * 1).tanh_(); y.mul_(2); y.sum().backward()",
    "add in place on two users": "y = w * 1; z = y.sin(); y.add_(1); (z + y).sum().backward()",
    "unbind then in place": "y = (w * 1).unbind(); y[0].mul_(2)",
    "split then in place": "y = (w * 1).split(1); y[0].mul_(2)",
    "chunk then in place": "y = (w * 1).chunk(2); y[0].mul_(2)",
    "unbind in no_grad then in place": "with torch.no_grad():\n    y = w.unbind()\ny[0].mul_(2)",
    "unbind in place on base": "b = w * 1; y = b.unbind(); b.mul_(2); y[0].sum().backward()",
    "view made in no_grad": "with torch.no_grad():\n    v = w[0]\nv.mul_(2)",
    "view of result in no_grad": "b = w * 1\nwith torch.no_grad():\n    v = b[0]\nv.mul_(2)",
    "view in no_grad read": "b = w * 1\nwith torch.no_grad():\n    v = b[0]\nresult = (v.requires_grad, v.is_leaf)",
    "write in no_grad to result": "b = w * 1\nv = b[0]\nwith torch.no_grad():\n    v.mul_(2)\nb.sum().backward(); result = (b.detach(), w.grad)",
    "detach_ of view": "b = w * 1; v = b[0]; v.detach_()",
    "detach_": "y = w * 1; y.detach_(); result = (y.requires_grad, y.is_leaf)",
    "requires_grad_ on view": "v = n[0]; v.requires_grad_(); v.sum().backward(); result = (v.grad, n.requires_grad)",
    "requires_grad_ on view then base in place": "v = n[0]; v.requires_grad_(); n.mul_(2)",
    "view attributes": "v = w[0]; u = v[1:]; result = (v._is_view(), w._is_view(), u._base is w, v._base is w, w._base, n.clone()._is_view())",
    "base of result view": "b = w * 1; v = b[0].view(3, 1); result = (v._base is b, v._is_view())",
    "reshape may view": "b = w * 1; result = (b.reshape(6)._is_view(), b.t().reshape(6)._is_view())",
    "contiguous of contiguous": "result = (n.contiguous() is n, n.contiguous().data_ptr() == n.data_ptr())",
    "to same": "result = (n.to(torch.float32) is n, n.float() is n, n.clone() is n)",
    "in place returns self": "r = n.add_(1); result = r is n",
    "out with grad": "torch.add(w, 1, out=torch.empty(2, 3))",
    "out with grad under no_grad": "o = torch.empty(2, 3)\nwith torch.no_grad():\n    torch.add(w, 1, out=o)\nresult = (o, o.requires_grad)",
    "resize_ with grad": "w.resize_(3)",
    "resize_ of result": "(w * 1).resize_(3)",
    "set data": "w.data = torch.zeros(4); result = (w.detach(), w.requires_grad, w.is_leaf)",
    "set data other dtype": "w.data = torch.zeros(4, dtype=torch.int64)",
    "set data of result": "y = w * 1; y.data = torch.zeros(2, 3); y.sum().backward(); result = w.grad",
    "version of view shared": "v = n[0]; r = [n._version, v._version]; v.mul_(2); r += [n._version, v._version]; n.mul_(2); r += [n._version, v._version]; result = r",
    "version of detach shared": "y = w * 1; d = y.detach(); d.mul_(2); result = (y._version, d._version)",
    "in place on expanded": "n[:, :1].expand(2, 3).mul_(2)",
    "squeeze_": "y = (w * 1).unsqueeze_(0); y.sum().backward(); result = (y.detach(), w.grad)",
    "t_": "y = w * 1; y.t_(); (y * torch.arange(6.).reshape(3, 2)).sum().backward(); result = (y.detach(), w.grad)",
    "t_ of leaf": "w.t_()",
    "transpose_ with views": "y = w * 1; v = y[0]; y.t_(); (y * 2).sum().backward(); result = (v.detach(), w.grad)",
    "diagonal write": "y = w * 1; y.diagonal().zero_(); y.sum().backward(); result = w.grad",
    "complex real write": "z = torch.ones(3, dtype=torch.complex64).requires_grad_() * 1; z.real.mul_(2); z.abs().sum().backward(); result = z.detach()",
    "view_as_real write": "p = torch.ones(3, dtype=torch.complex64, requires_grad=True); z = p * 1; torch.view_as_real(z)[..., 0].mul_(3); z.abs().sum().backward(); result = (z.detach(), p.grad)",
    "dtype view": "v = n.view(torch.int32); v.zero_(); result = n",
    "index_put_ accumulate": "y = w * 1; y.index_put_((torch.tensor([0, 0]),), s, accumulate=True); (y * y).sum().backward(); result = (w.grad, s.grad)",
    "index_add_": "y = w * 1; y.index_add_(0, torch.tensor([0, 0]), s); (y * y).sum().backward(); result = (w.grad, s.grad)",
    "scatter_": "y = w * 1; y.scatter_(1, torch.tensor([[0, 1, 2], [2, 0, 1]]), s); (y * y).sum().backward(); result = (w.grad, s.grad)",
    "masked_fill_ of leaf": "w.masked_fill_(w > 3, 0)",
    "masked_fill_": "y = w * 1; y.masked_fill_(y > 3, 0); (y * y).sum().backward(); result = w.grad",
    "optimizer by hand": "for _ in range(3):\n    loss = (w * w).sum(); loss.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()\nresult = (w.detach(), w.grad, w.requires_grad, w.is_leaf)",
    "augmented assignment": "y = w * 1; z = y; y += s; result = (z is y, z.detach())",
    "augmented on element": "n[0] += 1; n[:, 1] *= 2; result = n",
    "augmented on element with grad": "y = w * 1; y[0] += s[0]; y.sum().backward(); result = (w.grad, s.grad)",
    "multi-output view of unrelated base": "y = w * 1; a, c = y.unbind(); (a * 2).sum().backward(); result = w.grad",
    "view through dtype change": "y = (w * 1).double(); y[0].mul_(2); y.sum().backward(); result = w.grad",
    "two bases": "y = w * 1; v = y[0]; y.detach().mul_(2); (v * 3).sum().backward(); result = (v.detach(), w.grad)",
    "swap by slices": "y = w * 1; y[[0, 1]] = y[[1, 0]]; (y * torch.arange(6.).reshape(2, 3)).sum().backward(); result = w.grad",
    "cumulative in place loop": "h = torch.zeros(3)\nfor i in range(2):\n    h[i] = w[i].sum() + h[i - 1]\nh.sum().backward(); result = w.grad",
    "double backward through write": "y = w * 1; y[0].mul_(w[0]); (g,) = torch.autograd.grad((y ** 2).sum(), w, create_graph=True); g.sum().backward(); result = (g.detach(), w.grad)",
    "double backward through copy": "y = torch.zeros(2, 3); y[0] = w[0] ** 3; (g,) = torch.autograd.grad(y.sum(), w, create_graph=True); g.sum().backward(); result = w.grad",
}
RESHAPES = {
    "t_": "y.t_()",
    "transpose_": "y.transpose_(0, -1)",
    "swapaxes_": "y.swapaxes_(0, 1)",
    "swapdims_": "y.swapdims_(1, 0)",
    "unsqueeze_": "y.unsqueeze_(-1)",
    "squeeze_": "y.unsqueeze_(0).squeeze_()",
    "squeeze_ dim": "y.unsqueeze_(0).squeeze_(0)",
    "squeeze_ dims": "y.unsqueeze_(0).unsqueeze_(2).squeeze_((0, 2))",
    "as_strided_": "y.as_strided_((2, 2), (1, 2), 1)",
    "as_strided_ overlapping": "y.as_strided_((2, 3), (1, 1))",
    "torch.as_strided_": "torch.as_strided_(y, (3,), (2,))",
    "t_ twice": "y.t_().t_()",
    "no change": "y.squeeze_(0)",
}
AFTER = {
    "read": "(y * y).sum().backward(); result = (y.detach(), y._version, w.grad)",
    "write": "y.mul_(y.detach() + 1); (y * y).sum().backward(); result = (y.detach(), y._version, w.grad)",
    "old view": "(v * v).sum().backward(); result = (v.detach(), type(v.grad_fn).__name__, w.grad)",
    "write old view": "v.mul_(5); (y * y).sum().backward(); result = (y.detach(), type(y.grad_fn).__name__, w.grad)",
    "write new view": "y[..., 1].mul_(5); (y * y).sum().backward(); result = (y.detach(), w.grad)",
    "hook": "seen = []; y.register_hook(lambda g: seen.append(g.clone())); (y * 3).sum().backward(); result = (seen, w.grad)",
    "retained": "y.retain_grad(); (y * y).sum().backward(); result = (y.grad, w.grad)",
    "double backward": "(g,) = torch.autograd.grad((y ** 3).sum(), w, create_graph=True); g.sum().backward(); result = (g.detach().contiguous(), w.grad)",
}


@pytest.mark.parametrize(
    "change,after",
    [pair for pair in product(RESHAPES, AFTER) if pair != ("as_strided_ overlapping", "write")],
)
def test_reshape_in_place(change: str, after: str, both: Any) -> None:
    both(LEAF + f"y = w * 1; v = y[:, 1:]; {RESHAPES[change]}\n{AFTER[after]}")


@pytest.mark.parametrize("change", RESHAPES)
@pytest.mark.parametrize(
    "what",
    [
        "y = w",
        "y = w.view(2, 3)",
        "y = (w * 1).view(2, 3)",
        "y = n.view(2, 3)",
        "y = n.long()",
        "y = (w * 1).unsqueeze(0).unbind()[0]",
        "y = n.unsqueeze(0).unbind()[0]",
        "y = w.detach()",
        "y = w.data",
        "y = n[:, :1].expand(2, 3)",
    ],
)
def test_reshape_in_place_of(what: str, change: str, both: Any) -> None:
    both(
        LEAF
        + f"{what}; {RESHAPES[change]}; result = (y.detach(), y._version, w._version, n._version, w.shape, y.requires_grad)"
    )


LISTS = {
    "unbind": "y.unbind()",
    "unbind last": "y.unbind(-1)",
    "split": "y.split(2, 1)",
    "split larger": "y.split(9)",
    "split sizes": "y.split([1, 2], 1)",
    "split empty": "y.split([0, 2])",
    "split_with_sizes": "y.split_with_sizes([1, 1])",
    "chunk": "y.chunk(2, 1)",
    "chunk of nothing": "y[:, :0].chunk(2, 1)",
    "tensor_split": "y.tensor_split(2, 1)",
    "tensor_split at": "y.tensor_split([1], 1)",
    "iteration": "list(y)",
    "unpacking": "[*y]",
}
USES = {
    "nodes": "result = [(type(u.grad_fn).__name__, u.output_nr, u._base is y, u.shape) for u in us]",
    "same node": "result = us[0].grad_fn is us[-1].grad_fn",
    "backward of all": "sum((u * (i + 2)).sum() for i, u in enumerate(us)).backward(); result = w.grad",
    "backward of one": "(us[-1] * 3).sum().backward(); result = w.grad",
    "double backward": "(g,) = torch.autograd.grad((us[-1] ** 3).sum(), w, create_graph=True); g.sum().backward(); result = (g.detach(), w.grad)",
    "write": "us[-1].mul_(2); y.sum().backward(); result = w.grad",
    "write a view": "us[-1][...].mul_(2); y.sum().backward(); result = w.grad",
    "write under no_grad": "with torch.no_grad():\n    us[-1].mul_(2)\nresult = (y.detach(), y._version)",
    "write under no_grad, use": "with torch.no_grad():\n    us[-1].mul_(2)\nus[0] * 2",
    "write root": "y.mul_(2); us[-1].sum().backward(); result = w.grad",
    "write root, detached use": "y.mul_(2); result = us[-1].detach()",
    "retained": "us[-1].retain_grad(); (us[-1] * 3).sum().backward(); result = us[-1].grad",
    "detach_": "us[-1].detach_()",
}


@pytest.mark.parametrize("views,use", list(product(LISTS, USES)))
def test_several_views(views: str, use: str, both: Any) -> None:
    both(LEAF + f"y = w * 1; us = {LISTS[views]}\n{USES[use]}")


@pytest.mark.parametrize("views", LISTS)
@pytest.mark.parametrize("made", ["", "with torch.no_grad(): ", "with torch.inference_mode(): "])
def test_several_views_of_constant(views: str, made: str, both: Any) -> None:
    both(
        LEAF + f"y = n\n{made}us = {LISTS[views]}\nus[-1].mul_(2); result = (n, n._version, [u._is_view() for u in us])"
    )
    both(LEAF + f"y = n\n{made}us = {LISTS[views]}\nus[-1].mul_(w.sum()); result = n.detach()")
    both(LEAF + f"y = n\n{made}us = {LISTS[views]}\nn.mul_(w); us[0] * 2")


COPIES = {
    "reshape of transposed": "y.t().reshape(6)",
    "flatten of transposed": "y.t().flatten()",
    "matmul of a batch": "y.view(1, 2, 3) @ s.t()",
    "matmul of batches": "y.view(1, 2, 3) @ s.t().reshape(1, 3, 2)",
    "_unsafe_view": "torch.ops.aten._unsafe_view(y, (6,))",
}


@pytest.mark.parametrize("copy", COPIES)
def test_copy_is_no_view(copy: str, both: Any) -> None:
    both(
        LEAF + f"y = w * 1; u = {COPIES[copy]}; result = (u._is_view(), u._base, u._version, type(u.grad_fn).__name__)"
    )
    both(
        LEAF + f"y = w * 1; u = {COPIES[copy]}; u.mul_(2); result = (u._version, y._version, type(u.grad_fn).__name__)"
    )


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, both: Any) -> None:
    both(LEAF + CASES[name])
