"""Indexing, running sums, sorting, products, softmax and normalisations: values as on the CPU over dtypes and layouts, lines
that blocks share, and what is reported where an index is out of range."""

from __future__ import annotations

import copy
from typing import Any, Callable

import pytest
import torch
from emulation import emulated as emulated, needs_device
from test_pointwise import FLOATS, INTS, LAYOUTS, values
from test_reduce import close
from torch.nn import functional as F

pytestmark = needs_device

DTYPES = [*FLOATS, *INTS[:3], torch.bool]


def moved(t: torch.Tensor) -> torch.Tensor:
    """On the device, with the same strides."""
    flat = t.as_strided((t.untyped_storage().nbytes() // t.element_size(),), (1,), 0)
    return flat.cuda().as_strided(t.shape, t.stride(), t.storage_offset())


MATRICES = ["contiguous", "transposed", "sliced"]


@pytest.mark.parametrize("layout", MATRICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_reading_at_indices(dtype: torch.dtype, layout: str) -> None:
    a = LAYOUTS[layout](values(dtype, 37, 70))
    x = moved(a)
    rows, columns = torch.tensor([3, 0, -1, 3]), torch.tensor([[5], [-6], [0], [1]])
    close(x[rows.cuda()], a[rows])
    close(x[rows.cuda(), columns.cuda()], a[rows, columns])
    close(x[:, rows.int().cuda()], a[:, rows])
    positions = (torch.arange(a.numel()) * 7 % a.shape[0]).view(a.shape)
    close(x.gather(0, positions.cuda()), a.gather(0, positions))
    close(x.take(rows.cuda()), a.take(rows))
    mask = a.ne(0)
    close(x[moved(mask)], a[mask])
    assert torch.equal(mask.cuda().nonzero().cpu(), mask.nonzero())
    close(torch.cat([x, x[:1]], 0), torch.cat([a, a[:1]], 0))
    close(x.flip(0).roll(2, 1), a.flip(0).roll(2, 1))


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool], ids=str
)
def test_writing_at_indices(dtype: torch.dtype) -> None:
    a, source = values(dtype, 9, 20), values(dtype, 4, 20)
    rows = torch.tensor([1, 1, 8, 0])
    for write in (
        lambda t, i, s: t.index_add_(0, i, s),
        lambda t, i, s: t.index_copy_(0, i[1:], s[1:]),
        lambda t, i, s: t.index_fill_(0, i, 1),
        lambda t, i, s: t.index_put_((i,), s, accumulate=True),
        lambda t, i, s: t.scatter_add_(0, i.view(4, 1).expand(4, 20), s),
    ):
        close(write(a.cuda(), rows.cuda(), source.cuda()), write(a.clone(), rows, source))


def test_neighbouring_elements_of_a_byte_do_not_disturb_each_other() -> None:
    x = torch.zeros(7, dtype=torch.uint8, device="cuda")
    x.index_add_(0, torch.arange(7, device="cuda").repeat(40), torch.ones(280, dtype=torch.uint8, device="cuda"))
    assert x.tolist() == [40] * 7


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_scatter_reduce(reduce: str, include_self: bool) -> None:
    for dtype in (torch.float32, torch.float16, torch.int64, torch.int32):
        a, source = values(dtype, 5, 6), values(dtype, 8, 6)
        index = (torch.arange(48) * 5 % 4).view(8, 6)
        ours = a.cuda().scatter_reduce(0, index.cuda(), source.cuda(), reduce, include_self=include_self)
        close(ours, a.scatter_reduce(0, index, source, reduce, include_self=include_self), 8)


@pytest.mark.parametrize(
    "read",
    [
        lambda x, i: x[i],
        lambda x, i: x.gather(0, i.view(1, -1)),
        lambda x, i: x.index_select(0, i),
        lambda x, i: F.embedding(i, x),
        lambda x, i: F.cross_entropy(x, i),
    ],
)
def test_an_index_out_of_range_is_reported(read: Callable[..., Any]) -> None:
    x, index = torch.zeros(3, 4, device="cuda"), torch.tensor([0, 2, 77], device="cuda")
    with pytest.raises(IndexError, match="77 is out of bounds for dimension with size [34]"):
        read(x, index)
        torch.cuda.synchronize()
    assert x.sum().item() == 0  # and the process goes on


@pytest.mark.parametrize("shape", [(1,), (5,), (1024,), (1025,), (5000, 2), (2, 5000), (300, 3, 7)], ids=str)
def test_running_sums(shape: Any) -> None:
    a = values(torch.float64, *shape)
    for d in range(a.dim()):
        close(a.cuda().cumsum(d), a.cumsum(d), 1000)
        close(a.float().cuda().logcumsumexp(d), a.float().logcumsumexp(d), 100)
        whole = (a * 10).long()
        assert torch.equal(whole.cuda().cumsum(d).cpu(), whole.cumsum(d))
        for ours, expected in zip(whole.cuda().cummax(d), whole.cummax(d)):
            close(ours, expected)


def test_long_lines_are_shared_between_blocks(emulated: Any) -> None:
    x = torch.ones(3000, device="cuda")
    emulated.launches()
    assert x.cumsum(0)[-1].item() == 3000
    assert emulated.launches()[:3] == ["CumSum_f32_any"] * 3


@pytest.mark.parametrize("shape", [(1,), (2,), (33,), (40, 33), (2, 1500), (7, 5, 6)], ids=str)
def test_sorting(shape: Any) -> None:
    a = (values(torch.float64, *shape) * 4).round()
    if a.numel() > 3:
        a.view(-1)[::7] = float("nan")
    for t in (a, a.half(), a.nan_to_num().int()):
        for d in range(a.dim()):
            for descending in (False, True):
                ours, expected = (x.sort(dim=d, descending=descending, stable=True) for x in (t.cuda(), t))
                close(ours.values, expected.values)
                assert torch.equal(ours.indices.cpu(), expected.indices)
            close(t.cuda().median(d).values, t.median(d).values)
            k = (t.shape[d] + 1) // 2
            close(t.cuda().topk(k, d).values, t.topk(k, d).values)
            close(t.cuda().kthvalue(k, d).values, t.kthvalue(k, d).values)
    found, inverse, counts = a.nan_to_num().cuda().unique(return_inverse=True, return_counts=True)
    expected_values, expected_inverse, expected_counts = a.nan_to_num().unique(return_inverse=True, return_counts=True)
    close(found, expected_values)
    close(inverse, expected_inverse)
    close(counts, expected_counts)


PRODUCTS = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128, torch.int64]


@pytest.mark.parametrize("dtype", PRODUCTS, ids=str)
def test_products(dtype: torch.dtype) -> None:
    a, b, batch = values(dtype, 5, 7), values(dtype, 7, 3), values(dtype, 2, 3, 5)
    bias, column = values(dtype, 3), values(dtype, 5, 1)
    for x in (a, a.T.contiguous().T, a.repeat(1, 2)[:, ::2], a[:, :1].expand(5, 7)):
        for y in (b, b.T.contiguous().T, b.repeat(2, 1)[::2]):
            close(moved(x) @ moved(y), x @ y, 16)
    close(
        torch.addmm(column.cuda(), a.cuda(), b.cuda(), beta=2, alpha=3), torch.addmm(column, a, b, beta=2, alpha=3), 32
    )
    close(batch.cuda() @ a.cuda(), batch @ a, 16)
    close(torch.bmm(batch.cuda(), batch.mT.cuda()), torch.bmm(batch, batch.mT), 16)
    close(a.cuda() @ b[:, 0].cuda(), a @ b[:, 0], 16)
    close(a[0].cuda() @ b[:, 0].cuda(), a[0] @ b[:, 0], 16)
    close(F.linear(a.cuda(), b.T.cuda(), bias.cuda()), F.linear(a, b.T, bias), 16)
    close(F.linear(batch.cuda(), values(dtype, 4, 5).cuda()), F.linear(batch, values(dtype, 4, 5)), 16)
    close(a[:, :0].cuda() @ b[:0].cuda(), a[:, :0] @ b[:0])
    out = torch.empty(3, 5, dtype=dtype, device="cuda").T
    close(torch.mm(a.cuda(), b.cuda(), out=out), a @ b, 16)


def test_bias_is_added_by_the_library(emulated: Any) -> None:
    x, w, b = torch.ones(4, 3, device="cuda"), torch.ones(2, 3, device="cuda"), torch.ones(2, device="cuda")
    emulated.launches()
    assert F.linear(x, w, b).tolist() == [[4.0, 4.0]] * 4
    assert [name for name in emulated.launches() if not name.startswith("Identity")] == []


def test_precision_of_products_has_one_state() -> None:
    matmul = torch.backends.cuda.matmul
    try:
        matmul.allow_tf32 = True
        assert torch.get_float32_matmul_precision() == "high" and matmul.fp32_precision == "tf32"
        torch.set_float32_matmul_precision("highest")
        assert not matmul.allow_tf32 and matmul.fp32_precision == "ieee"
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize("layout", MATRICES)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_softmax(dtype: torch.dtype, layout: str) -> None:
    base = LAYOUTS[layout](values(dtype, 37, 70))
    for function in (torch.softmax, torch.log_softmax):
        for dim in (0, 1):
            a, x = base.clone().requires_grad_(), moved(base).requires_grad_()
            ours, expected = function(x, dim), function(a, dim)
            close(ours.detach(), expected.detach(), 8)
            grad = values(dtype, *a.shape)
            ours.backward(grad.cuda())
            expected.backward(grad)
            assert a.grad is not None and x.grad is not None
            close(x.grad, a.grad, 64)


NORMS: dict[str, Callable[..., torch.Tensor]] = {
    "layer_norm": lambda x, w, b: F.layer_norm(x, x.shape[1:], w.view(-1, 1).expand(x.shape[1:]), None),
    "group_norm": lambda x, w, b: F.group_norm(x, 2, w, b),
    "batch_norm": lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    "instance_norm": lambda x, w, b: F.instance_norm(x, None, None, w, b),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_normalisations(dtype: torch.dtype, name: str) -> None:
    for shape in ((3, 4, 5), (2, 4, 700), (1, 6, 2)):
        tensors = [values(dtype, *shape), values(dtype, shape[1]), values(dtype, shape[1])]
        here, there = [t.clone().requires_grad_() for t in tensors], [t.cuda().requires_grad_() for t in tensors]
        expected, ours = NORMS[name](*here), NORMS[name](*there)
        close(ours.detach(), expected.detach(), 64)
        grad = values(dtype, *shape)
        expected.backward(grad)
        ours.backward(grad.cuda())
        for a, x in zip(here, there):
            if a.grad is not None:
                assert x.grad is not None
                close(x.grad, a.grad, 4096)


def test_batch_norm_follows_the_batches() -> None:
    here, there = torch.nn.BatchNorm2d(3), torch.nn.BatchNorm2d(3).cuda()
    for step in range(3):
        x = values(torch.float32, 4, 3, 5, 5) + step
        close(there(x.cuda()).detach(), here(x).detach(), 64)
    close(there.running_mean, here.running_mean, 16)
    close(there.running_var, here.running_var, 16)
    close(there.eval()(x.cuda()).detach(), here.eval()(x).detach(), 64)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"lr": 0.1, "weight_decay": 0.01}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("Adam", {"lr": 0.01, "amsgrad": True}),
        ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
        ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5}),
        ("RMSprop", {"lr": 0.01}),
    ],
)
def test_optimizers(kind: str, options: dict[str, Any]) -> None:
    def steps(device: str) -> list[torch.Tensor]:
        sizes = [(3, 4), (5000,), (1,), (0, 2), (7, 3)]
        made = [values(torch.float32, *size).to(device) for size in sizes]
        made[-1] = made[-1].T  # not in the order of its gradient
        parameters = [torch.nn.Parameter(t) for t in made]
        optimizer = getattr(torch.optim, kind)(parameters, **options)
        for step in range(3):
            for p in parameters:
                p.grad = (p.detach() * (step + 1)).contiguous()
            optimizer.step()
        return [p.detach() for p in parameters]

    for ours, expected in zip(steps("cuda"), steps("cpu")):
        close(ours, expected, 16)


def test_150_parameters_take_two_launches(emulated: Any) -> None:
    parameters = [torch.nn.Parameter(torch.ones(10, device="cuda")) for _ in range(150)]
    for p in parameters:
        p.grad = torch.ones_like(p)
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    emulated.launches()
    optimizer.step()
    assert emulated.launches() == ["PlainSgd_f32_f32"] * 2


def test_sums_in_order(emulated: Any) -> None:
    torch.manual_seed(0)
    rows, source = torch.randint(0, 7, (300,)), torch.randn(300, 5)
    x = torch.randn(7, 5)
    torch.use_deterministic_algorithms(True)
    try:
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128):
            a, s = x.to(dtype), source.to(dtype)
            ours, index = a.cuda(), rows.cuda()
            emulated.launches()
            sums = [
                ours.index_add(0, index, s.cuda(), alpha=2),
                ours.index_put((index,), s.cuda(), accumulate=True),
                ours.scatter_add(0, index.view(-1, 1).expand(300, 5), s.cuda()),
            ]
            names = emulated.launches()
            assert any(name.startswith("IndexSums") for name in names)
            assert not any(name.startswith("IndexAdd") for name in names)
            tolerance = 0.2 if dtype in (torch.float16, torch.bfloat16) else 1e-4
            for found, factor in zip(sums, (2, 1, 1)):
                wanted = x.clone()
                for row, value in zip(rows.tolist(), source):
                    wanted[row] += factor * value
                assert (found.cpu().to(torch.complex128) - wanted.to(torch.complex128)).abs().max() <= 8 * tolerance
        weight = torch.randn(7, 3, device="cuda", requires_grad=True)
        F.embedding(rows.cuda(), weight).sum().backward()
        assert torch.equal(weight.grad[:, 0].cpu(), rows.bincount(minlength=7).float())
        assert not any(name.startswith("IndexAdd") for name in emulated.launches())
        with pytest.raises(IndexError, match="out of bounds"):
            ours.index_add_(0, torch.tensor([7], device="cuda"), s[:1].cuda())
            torch.cuda.synchronize()
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16], ids=str)
def test_recurrent_layers(dtype: torch.dtype, emulated: Any) -> None:
    torch.manual_seed(0)
    for make, gates in ((torch.nn.LSTM, "LstmGates"), (torch.nn.GRU, "GruGates")):
        own = make(5, 6, num_layers=2, bidirectional=True, batch_first=True).to(dtype)
        other = copy.deepcopy(own).cuda()
        x = torch.randn(3, 4, 5).to(dtype)
        a, b = x.clone().requires_grad_(), x.cuda().requires_grad_()
        emulated.launches()
        (y, _), (z, _) = own(a), other(b)
        assert dtype == torch.float16 or any(name.startswith(gates) for name in emulated.launches())
        y.square().sum().backward(), z.square().sum().backward()
        tolerance = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 2e-2}[dtype]
        for p, q in zip(
            (y, a.grad, *(p.grad for p in own.parameters())), (z, b.grad, *(p.grad for p in other.parameters()))
        ):
            assert torch.allclose(p, q.cpu(), atol=tolerance, rtol=tolerance)
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor([4, 3, 1]), batch_first=True)
        on_gpu = torch.nn.utils.rnn.pack_padded_sequence(x.cuda(), torch.tensor([4, 3, 1]), batch_first=True)
        assert torch.allclose(own(packed)[0].data, other(on_gpu)[0].data.cpu(), atol=tolerance, rtol=tolerance)
