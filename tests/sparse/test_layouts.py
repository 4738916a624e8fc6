"""Making sparse tensors, their parts, and conversions between layouts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sparse.snippets import answers

MADE = """x c s sc h n b
torch.sparse_coo_tensor([[0,1,1],[2,0,2]],[3,4,5])
torch.sparse_coo_tensor([[0,9]],[1.,2.],(30,))
torch.sparse_coo_tensor([[0,-1]],[1.,2.])
torch.sparse_coo_tensor((2,3))
torch.sparse_coo_tensor(size=(2,3))
torch.sparse_coo_tensor((-1,2))
torch.sparse_coo_tensor([[0]],[1.],(-1,))
torch.sparse_coo_tensor(i)
torch.sparse_coo_tensor(i,v,3)
torch.sparse_coo_tensor(i,3.,(2,3))
torch.sparse_coo_tensor([[0]],3.,(2,))
torch.sparse_coo_tensor(i.int(),v,(2,3))._indices()
torch.sparse_coo_tensor([0,1],[1.,2.],(3,))
torch.sparse_coo_tensor([[0,1]],[1.,2.,3.],(3,))
torch.sparse_coo_tensor([[0,1]],[1.,2.],(3,3))
torch.sparse_coo_tensor([[0,1]],[1,2],(3,),dtype=torch.float64)
torch.sparse_coo_tensor([[0,1]],[1,2],(3,),is_coalesced=True)
torch.sparse_coo_tensor([[0,1]],[1,2],(3,),requires_grad=True)
torch.sparse_coo_tensor([[0,1]],[1.,2],(3,),requires_grad=True).is_leaf
torch.sparse_coo_tensor(torch.zeros(0,3,dtype=torch.int64),torch.tensor([1.,2.,3.]),()).coalesce()
torch.sparse_coo_tensor([[0,1]],[[1.,2.],[3.,4.]],(3,2)).to_dense()
torch.sparse_coo_tensor([[1,1]],[1,2],(3,),is_coalesced=True,check_invariants=True)
torch.sparse_coo_tensor([[0,9]],[1.,2.],(3,),check_invariants=True)
torch.sparse_coo_tensor([[0,-1]],[1.,2.],(3,),check_invariants=True)
torch.sparse_csr_tensor([0,1,2],[0,1],[1.,2.])
torch.sparse_csr_tensor(crow_indices=[0,1,2],col_indices=[0,1],values=[1.,2.],size=(2,3),dtype=torch.float64)
torch.sparse_csr_tensor(torch.tensor([0,1,2],dtype=torch.int32),torch.tensor([0,1],dtype=torch.int32),[1.,2.])
torch.sparse_csr_tensor([0,1,2],[0,5],[1.,2.],(2,3),check_invariants=True)
torch.sparse_csr_tensor([0,2,1],[0,1],[1.,2.],(2,3),check_invariants=True)
torch.sparse_csr_tensor([0,2],[0,1],[1.,2.],(2,3),check_invariants=True)
torch.sparse_csr_tensor([0,2],[1,1],[1.,2.],(1,3),check_invariants=True)
torch.sparse_csr_tensor([1,2],[1],[1.],(1,3),check_invariants=True)
torch.sparse_csr_tensor([0,1,2],[0,1],[1.,2.],(2,3),requires_grad=True).is_leaf
torch.sparse_compressed_tensor([0,1,2],[0,1],[1.,2.],(2,3),layout=torch.sparse_csc,check_invariants=True)
torch.sparse_compressed_tensor([0,1,2],[0,1],[1.,2.],(2,3))
torch.sparse_csc_tensor([0,1,2],[0,1],[1.,2.])
torch.sparse_bsr_tensor([0,1],[0],torch.ones(1,2,2),(2,2)).to_dense()
torch.sparse_bsr_tensor([0,1],[1],torch.ones(1,2,3))
torch.sparse_csr_tensor(torch.tensor([0,1,2]),torch.tensor([0,1]),torch.ones(2,2),(2,3,2)).to_dense()
torch.sparse_csr_tensor([[0,1,2],[0,0,2]],[[0,1],[0,2]],[[1.,2.],[3.,4.]],(2,2,3)).to_dense()
torch.zeros_like(x)
torch.empty_like(x)
torch.zeros_like(s)
torch.ones_like(x)
x.new_zeros((2,4))
x.new_empty((2,))""".split("\n")

OLD_TYPES = """S.FloatTensor(i,v,torch.Size([2,3]))
S.FloatTensor(i,v,[3,3])
S.FloatTensor(i,v)
S.FloatTensor(i,v,(2,))
S.FloatTensor(i,v,2,3)
S.FloatTensor(i)
S.FloatTensor(i,[1.,2.])
S.FloatTensor([[0]],[1.])
S.FloatTensor()
S.FloatTensor(2,3)
S.FloatTensor(0)
S.FloatTensor(-1)
S.FloatTensor(2.5)
S.FloatTensor(torch.Size([2,3]))
S.FloatTensor(torch.Size([]))
S.FloatTensor((2,3))
S.FloatTensor([2,3])
S.FloatTensor(size=(2,3))
S.FloatTensor(i,values=v,size=(2,3))
S.FloatTensor(i,v,foo=1)
S.FloatTensor(i,v,device='cpu')
S.FloatTensor(i,v,device='meta')
S.DoubleTensor(i,v)
S.DoubleTensor(2,2)
S.LongTensor(i,v.long(),(2,3))
S.FloatTensor(i.float(),v)
S.FloatTensor(i.int(),v)
[isinstance(t,k) for t in (x,x.double(),d,s) for k in (S.FloatTensor,S.DoubleTensor,torch.FloatTensor)]
(S.FloatTensor.dtype,S.FloatTensor.layout,S.FloatTensor.is_sparse,S.FloatTensor.__name__,str(S.HalfTensor))
(torch.FloatTensor.layout,torch.FloatTensor.is_sparse,torch.FloatTensor.is_cuda)
x.type('torch.sparse.DoubleTensor')
x.type(S.DoubleTensor)
d.type(S.DoubleTensor)
S.BoolTensor
[hasattr(torch.sparse,n+'Tensor') for n in ('BFloat16','Byte','Char','Int','Long','Short','Bool')]""".replace(
    "S.", "torch.sparse."
).split("\n")

PARTS = """x._indices() x._values() x.values() x.indices() c.values() c.indices() s.values() s.crow_indices() s.col_indices()
sc.ccol_indices() sc.row_indices() s.ccol_indices() sc.crow_indices() x.crow_indices() s.indices() d.indices() d.values()
x._nnz() s._nnz() d._nnz() h._nnz() x.sparse_dim() h.sparse_dim() s.sparse_dim() d.sparse_dim() x.dense_dim() h.dense_dim()
d.dense_dim() s.dense_dim() x.is_coalesced() c.is_coalesced() s.is_coalesced() d.is_coalesced() d.coalesce() x.coalesce()
h.coalesce() n.coalesce() b.coalesce() c.coalesce()
x.layout s.layout sc.layout d.layout x.is_sparse s.is_sparse s.is_sparse_csr x.is_sparse_csr d.is_sparse
x.shape x.size(0) x.dim() x.numel() x.element_size() x.is_contiguous() s.is_contiguous() s.stride() x.dtype x.type()
len(x) x.nbytes x.storage_offset() x.is_leaf x.device s.t().values() c._coalesced_(False).is_coalesced()
torch.sparse.check_sparse_tensor_invariants.is_enabled() torch.is_tensor(x) x.is_floating_point()""".split()

CONVERTED = """x.to_dense()
c.to_dense()
s.to_dense()
sc.to_dense()
h.to_dense()
n.to_dense()
b.to_dense()
d.to_dense()
x.to_dense(torch.float64)
d.to_dense(torch.float64)
c.bool().to_dense()
x.bool().to_dense()
x.int().to_dense()
x.half().to_dense()
x.to(torch.complex64).to_dense()
d.to_sparse()
d.to_sparse(1)
d.to_sparse(2)
d.to_sparse(3)
d.to_sparse('a')
d.to_sparse(layout=torch.sparse_csc)
d.to_sparse_csr()
d.to_sparse_csc()
d.to_sparse_coo()
torch.zeros(2,3).to_sparse()
torch.zeros(2,3).to_sparse_csr()
torch.tensor(3.).to_sparse()
torch.empty(0,3).to_sparse()
torch.arange(8.).reshape(2,2,2).to_sparse(2)
torch.arange(8.).reshape(2,2,2).to_sparse_csr(dense_dim=1)
x.to_sparse()
x.to_sparse(1)
h.to_sparse(2)
x.to_sparse_csr()
x.to_sparse_csc()
x.to_sparse(layout=torch.strided)
h.to_sparse_csr()
s.to_sparse()
s.to_sparse_csc()
sc.to_sparse_csr()
sc.to_sparse()
s.to_sparse_csr()
d.sparse_mask(c)
d.sparse_mask(x)
d.sparse_mask(s)
d.sparse_mask(d)
x.sparse_mask(yc)
x.sparse_mask(x)
c.sparse_mask(yc)
h.to_dense().sparse_mask(h)
x.double()
x.half()
c.to(torch.int32)
s.double()
x.clone()
s.clone()
x.detach()
x.cpu()
x.data
x.copy_(y)
d.copy_(x)
x.copy_(d)
s.copy_(s)
x.zero_()
s.zero_()
s.fill_(1.)
x.fill_(1.)
x.resize_as_(y)
x.sparse_resize_((4,4),2,0)
x.sparse_resize_((1,4),2,0)
x.sparse_resize_((4,4,2),2,1)
n.sparse_resize_((4,4,2),2,1)
x.sparse_resize_and_clear_((4,4),2,0)
x.sparse_resize_and_clear_((4,4),1,1)
x.sparse_resize_((4,4),1,0)
s.resize_as_sparse_(s)
y.resize_as_sparse_(x)
torch.sparse.spdiags(torch.arange(6).reshape(2,3),torch.tensor([0,1]),(3,3))
torch.sparse.spdiags(torch.arange(6).reshape(2,3),torch.tensor([0,-1]),(3,3),torch.sparse_csr)
torch.sparse.spdiags(torch.arange(6).reshape(2,3),torch.tensor([1,1]),(3,3))
torch.sparse.spdiags(torch.arange(3),torch.tensor([1]),(2,5))""".split("\n")


@pytest.mark.parametrize("expression", MADE[0].split() + MADE[1:] + OLD_TYPES)
def test_made(both: Any, expression: str) -> None:
    answers(both, expression)


@pytest.mark.parametrize("expression", PARTS)
def test_parts(both: Any, expression: str) -> None:
    answers(both, expression, strides=False)


@pytest.mark.parametrize("expression", CONVERTED)
def test_converted(both: Any, expression: str) -> None:
    answers(both, expression)


@pytest.mark.parametrize(
    "expression",
    ["x", "c", "s", "sc", "h", "n", "x.double().requires_grad_()", "s.double().requires_grad_()", "x.int()", "x.bool()",
     "c.requires_grad_() * 2", "torch.nn.Parameter(x)", "torch.sparse_coo_tensor(i.to('meta'), v.to('meta'), (2, 3))",
     "torch.sparse_csr_tensor([[0,1,2],[0,0,2]],[[0,1],[0,2]],[[1.,2.],[3.,4.]],(2,2,3))",
     "torch.sparse_coo_tensor(torch.arange(2000).reshape(1,-1), torch.arange(2000.), (2000,))",
     "torch.zeros(3).to_sparse().half()"],
)  # fmt: skip
def test_text(both: Any, expression: str) -> None:
    answers(both, f"repr({expression})")


def test_invariants_are_checked_in_a_block_and_by_a_decorator() -> None:
    invariants = torch.sparse.check_sparse_tensor_invariants
    make = lambda: torch.sparse_coo_tensor([[0, 9]], [1.0, 2.0], (3,))  # noqa: E731
    make()
    with pytest.raises(RuntimeError, match="size is inconsistent with indices"), invariants():
        make()
    with pytest.raises(RuntimeError, match="size is inconsistent with indices"):
        invariants()(make)()
    with invariants():
        with invariants(enable=False):
            make()
        assert invariants.is_enabled()
    assert not invariants.is_enabled()
    invariants.enable()
    try:
        with pytest.raises(RuntimeError):
            make()
    finally:
        invariants.disable()


def test_places_out_of_range_are_refused_when_they_are_used() -> None:
    wild = torch.sparse_coo_tensor([[0, 10**12]], [1.0, 2.0], (3,))
    with pytest.raises((IndexError, RuntimeError)):
        wild.to_dense()
    csr = torch.sparse_csr_tensor([0, 1, 2], [0, 10**12], [1.0, 2.0], (2, 3))
    with pytest.raises((IndexError, RuntimeError)):
        csr @ torch.ones(3, 2)
    falling = torch.sparse_csr_tensor([0, 5, 2], [0, 1], [1.0, 2.0], (2, 3))
    with pytest.raises((IndexError, RuntimeError)):
        falling @ torch.ones(3, 2)
    with pytest.raises((IndexError, RuntimeError)):
        falling.to_dense()


def test_many_entries_are_summed() -> None:
    torch.manual_seed(0)
    places = torch.randint(0, 40, (2, 5000))
    entries = torch.randn(5000, 3, dtype=torch.float64)
    made = torch.sparse_coo_tensor(places, entries, (40, 40, 3))
    dense = torch.zeros(40, 40, 3, dtype=torch.float64).index_put_(tuple(places), entries, accumulate=True)
    torch.testing.assert_close(made.to_dense(), dense)
    whole = made.coalesce()
    flat = whole.indices()[0] * 40 + whole.indices()[1]
    assert (flat[1:] > flat[:-1]).all()
    torch.testing.assert_close(whole.to_dense(), dense)
