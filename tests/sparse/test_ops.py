"""Ops on sparse tensors: values, layouts, places and errors as PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sparse.snippets import answers

UNARY = """neg abs sgn sign sqrt square relu sin sinh asin asinh tan tanh atan atanh erf erfinv expm1 log1p floor ceil trunc
frac deg2rad rad2deg isnan isinf isposinf isneginf signbit nan_to_num positive""".split()

ARITHMETIC = """x+y x-y c+yc c+c c+y x+d d+x x+1 d-x x-d d+s s+d s+s x*2 2*x (x*y).to_dense() c*yc x*d d*x c*d c*torch.ones(3) c/2 x/2 x/d
x*torch.tensor(2.) x/torch.tensor(2.) x//2 -x x**2 x.pow(2) x.pow(0) s*2 s*d s*s s*torch.tensor(2.) -s h+h h*2 n+x x+n n*x
h.coalesce()*torch.ones(3,2) x*torch.ones(1,3) c+c.double() c.int()+c c.int()/2 c.int().sqrt() c*c.int() x+torch.tensor(1.)
torch.add(c,yc,alpha=3) torch.add(d,x,alpha=2) torch.sub(d,x) x.add_(y) x.add_(d) d.add_(x) d.sub_(x) x.mul_(2) x.mul_(y).to_dense()
x.div_(2) x.neg_() s.mul_(2) s.add_(s) c.abs_() x.sub_(y) c.int().mul_(2.5) x.mul_(d) c+torch.sparse_coo_tensor((2,4))
x==x x.exp() x.cos() x.clamp(0) torch.equal(x,x) x.max() x.sigmoid()""".split()

SHAPES = """x.t() c.t() s.t() x.T x.mT x.transpose(0,1) s.transpose(0,1) x.transpose(0,5) h.transpose(0,1) x.permute(1,0)
x.permute(0,1) b.permute(2,0,1) b.transpose(0,2) x[0] x[1] x[0,2] x[-1] x[5] h[1] h.select(1,1) b[1] b[1,0] x.unsqueeze(0)
x.unsqueeze(1) x.unsqueeze(2) h.unsqueeze(1) h.unsqueeze(2) x.index_select(0,torch.tensor([0]))
x.index_select(1,torch.tensor([2,0])) h.index_select(0,torch.tensor([1,1,0])) h.index_select(1,torch.tensor([1]))
x.index_select(0,torch.tensor([7])) torch.cat([x,y]) torch.cat([x,y],1) torch.cat([h,h],1) torch.cat([x,d])
torch.stack([x,y]) torch.vstack([x,x]) list(x) x.unbind() x.unbind(1) s[0] s[0,2] s.select(0,1) x.view(6) x.conj()
x.real h.t() b.t() x.expand(2,2,3)""".split()

REDUCED = """x.sum() x.sum(0) x.sum(1) x.sum((0,1)) c.int().sum() c.half().sum() h.sum() h.sum(0) h.sum(1) b.sum((0,2))
s.sum() s.sum(1,keepdim=True) s.sum(0,keepdim=True) x.sum(0,keepdim=True).coalesce() x.any() x.norm() x.norm(1) x.mean()
torch.sparse.sum(x) torch.sparse.sum(x,0) torch.sparse.sum(x,(0,1)) torch.sparse.sum(h,1) torch.sparse.sum(h,0)
torch.sparse.sum(b,[0]) torch.sparse.sum(x,dtype=torch.float64) torch.sparse.sum(x,0,torch.float64) torch.sparse.sum(n,0)
torch.sparse.softmax(x,1) torch.sparse.softmax(x,0) torch.sparse.log_softmax(x,1) torch.sparse.softmax(h,0)
torch.sparse.softmax(h,1) torch.sparse.log_softmax(b,2) torch.sparse.softmax(x,1,dtype=torch.float64)
torch.sparse.softmax(n,1) torch.sparse.softmax(x,3)""".split()

PRODUCTS = """x@d.t() s@d.t() sc@d.t() torch.mm(x,d.t()) torch.mm(d.t(),x) d.t()@s x@y.t() (s@s.t()).to_dense() torch.mm(x,y.t())
torch.sparse.mm(x,d.t()) torch.sparse.mm(x,y.t()) torch.sparse.mm(s,d.t()) torch.sparse.mm(s,d.t(),"mean")
torch.sparse.mm(s,d.t(),"amax") torch.sparse.mm(s,d.t(),"amin") torch.sparse.mm(s,d.t(),"prod") x@torch.ones(3)
torch.mv(x,torch.ones(3)) s.mv(torch.ones(3)) torch.matmul(x,torch.ones(3)) torch.mm(x,d) x.half()@d.half().t()
x.double()@d.double().t() torch.mm(c,d.t().double()) n@d.t() x@torch.ones(3,0) torch.addmm(d@d.t(),x,d.t())
torch.addmm(d@d.t(),x,d.t(),beta=2,alpha=3) torch.sparse.addmm(d@d.t(),x,d.t()) torch.sparse.addmm(d@d.t(),x,d.t(),beta=2,alpha=3)
torch.sparse.sampled_addmm(s,torch.ones(2,2),torch.ones(2,3)) torch.sparse.sampled_addmm(s,torch.ones(2,2),torch.ones(2,3),beta=2,alpha=.5)
torch.bmm(b,torch.ones(2,3,2)) torch.hspmm(x,d.t()) torch.smm(x,d.t()) h@torch.ones(2,2) d@x x.mm(x)
x.to(torch.complex64)@d.t().to(torch.complex64)""".split()


@pytest.mark.parametrize("operand", ["x", "c", "s", "h", "n"])
@pytest.mark.parametrize("op", UNARY)
def test_unary(both: Any, op: str, operand: str) -> None:
    if operand == "s" and op in ("square", "nan_to_num"):
        pytest.skip("PyTorch has them for COO only")
    answers(both, f"({operand} * 0.2).{op}()" if op == "erfinv" else f"{operand}.{op}()")


@pytest.mark.parametrize("expression", ARITHMETIC)
def test_arithmetic(both: Any, expression: str) -> None:
    answers(both, expression)


@pytest.mark.parametrize("expression", SHAPES)
def test_shapes(both: Any, expression: str) -> None:
    answers(both, expression, strides=False)


@pytest.mark.parametrize("expression", REDUCED)
def test_reduced(both: Any, expression: str) -> None:
    answers(both, expression)


@pytest.mark.parametrize("expression", PRODUCTS)
def test_products(both: Any, expression: str) -> None:
    answers(both, expression, strides=False)


def test_what_an_op_lacks_is_said_with_the_layout() -> None:
    x = torch.eye(2).to_sparse()
    with pytest.raises(NotImplementedError, match=r"exp: not implemented for tensors of layout torch\.sparse_coo"):
        x.exp()
    with pytest.raises(NotImplementedError, match=r"topk.*torch\.sparse_csr"):
        x.to_sparse_csr().topk(1)
    with pytest.raises(TypeError, match="to_dense"):
        x.numpy()
    for use in (x.tolist, x.untyped_storage, x.data_ptr, lambda: x.__setitem__((0, 0), 1.0), lambda: x.resize_(1)):
        with pytest.raises(RuntimeError):
            use()


@pytest.mark.parametrize(
    "expression", ["x[0:1]", "x.narrow(1, 1, 2)", "h[:, 1:]", "x[::2]", "b[1:, :, ::2]", "x.split(1)"]
)
def test_slices(expression: str) -> None:
    """PyTorch has none of sparse tensors."""
    from sparse.snippets import PREAMBLE

    space: dict = {"torch": torch}
    exec(PREAMBLE, space)
    if expression == "x.split(1)":
        with pytest.raises(NotImplementedError):
            eval(expression, space)
        return
    name = expression[0]
    expected = eval(expression.replace(name, "dense", 1), {"dense": space[name].to_dense()})
    torch.testing.assert_close(eval(expression, space).to_dense(), expected)


def test_products_of_random_matrices() -> None:
    torch.manual_seed(1)
    for rows, inner, width in ((50, 30, 20), (1, 200, 3), (300, 7, 1)):
        left = torch.randn(rows, inner, dtype=torch.float64) * (torch.rand(rows, inner) < 0.2)
        right = torch.randn(inner, width, dtype=torch.float64)
        sparse_right = right * (torch.rand(inner, width) < 0.3)
        for make in (torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_sparse_csc):
            torch.testing.assert_close(make(left) @ right, left @ right)
            torch.testing.assert_close(right.t() @ make(left.t()), right.t() @ left.t())
        torch.testing.assert_close((left.to_sparse() @ sparse_right.to_sparse()).to_dense(), left @ sparse_right)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bfloat16])
def test_products_by_dtype(dtype: torch.dtype) -> None:
    torch.manual_seed(2)
    left = torch.randint(-3, 3, (6, 5)).to(dtype)
    right = torch.randint(0, 4, (5, 4)).to(dtype)
    torch.testing.assert_close(left.to_sparse() @ right, left @ right)


@pytest.mark.parametrize("name", ["spmm", "dsmm"])
def test_other_names_of_mm(name: str, both: Any) -> None:
    for a, b in (("s", "d"), ("d", "d"), ("d", "s")):
        both(f"s = torch.eye(3).to_sparse(); d = torch.arange(9.0).reshape(3, 3); result = torch.{name}({a}, {b})")
    both(f"torch.{name}(torch.ones(2), torch.ones(2, 2))")
