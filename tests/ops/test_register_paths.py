"""Kernels with separate code for whole registers, rest elements and small sizes, at sizes on either side of each."""

from __future__ import annotations

import numpy as np
import pytest
import torch

SIZES = (1, 2, 7, 15, 16, 17, 31, 63, 64, 65, 127, 130, 255, 257, 1000, 4099)
NARROW = {torch.uint8: np.uint8, torch.int8: np.int8, torch.int16: np.int16}


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("dtype", list(NARROW), ids=str)
def test_narrow_integers(dtype: torch.dtype) -> None:
    kind = NARROW[dtype]
    rng = np.random.default_rng(0)
    info = np.iinfo(kind)
    for n in (1, 63, 200):
        a, b = (rng.integers(info.min, info.max, n, endpoint=True).astype(kind) for _ in range(2))
        x, y = torch.from_numpy(a), torch.from_numpy(b)
        with np.errstate(over="ignore"):
            assert np.array_equal((x + y).numpy(), a + b)
            assert np.array_equal(torch.sub(x, y, alpha=3).numpy(), (a - kind(3) * b).astype(kind))
            assert np.array_equal((x * y).numpy(), a * b)
            assert np.array_equal((x[::2] * y[::2]).numpy(), a[::2] * b[::2])
            assert np.array_equal((-x).numpy(), -a)
        assert np.array_equal((x & y).numpy(), a & b)
        assert np.array_equal((~x ^ y).numpy(), ~a ^ b)
        assert np.array_equal((x < y).numpy(), a < b)
        assert np.array_equal((x >= y).numpy(), a >= b)
        assert np.array_equal(torch.maximum(x, y).numpy(), np.maximum(a, b))
        kept = x.clone()
        kept += y
        assert np.array_equal(kept.numpy(), (x + y).numpy())
    assert bool((torch.tensor([200], dtype=torch.int16) > 199).all())


def test_bool_bytes() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random(300) > 0.5, rng.random(300) > 0.5
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    for ours, theirs in ((x & y, a & b), (x | y, a | b), (x ^ y, a ^ b), (~x, ~a), (x == y, a == b), (x * y, a & b)):
        assert ours.dtype == torch.bool and np.array_equal(ours.numpy(), theirs)
    m = torch.from_numpy(rng.random((700, 530)) > 0.3)
    assert np.array_equal(m.sum(0).numpy(), m.numpy().sum(0))
    assert np.array_equal(m.sum(1).numpy(), m.numpy().sum(1))


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.int64], ids=str)
def test_integer_division(dtype: torch.dtype) -> None:
    info = torch.iinfo(dtype)
    edge = [info.min, info.min + 1, -3, -2, -1, 0, 1, 2, 3, info.max - 1, info.max, info.max // 2, info.max // 3]
    if dtype == torch.int64:
        edge += [2**53 - 1, 2**53, 2**53 + 1, -(2**53) + 1, 94906267, 94906265]
    pairs = [(a, b) for a in edge for b in edge if b != 0 and not (a == info.min and b == -1)]
    x, y = (torch.tensor([p[k] for p in pairs], dtype=dtype) for k in (0, 1))
    assert (x // y).tolist() == [a // b for a, b in pairs]
    assert (x % y).tolist() == [a % b for a, b in pairs]
    trunc = [abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) for a, b in pairs]
    assert torch.div(x, y, rounding_mode="trunc").tolist() == trunc
    assert torch.fmod(x, y).tolist() == [a - b * q for (a, b), q in zip(pairs, trunc)]
    lowest, minus_one = torch.full((40,), info.min, dtype=dtype), torch.full((40,), -1, dtype=dtype)
    assert (lowest // minus_one).tolist() == [info.min] * 40
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        x // torch.where(y == 1, 0, y)


@pytest.mark.parametrize("n", SIZES)
def test_sums_of_any_length(n: int) -> None:
    a = numbers(n, 3, n)
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        x = torch.from_numpy(a).to(dtype)
        exact = x.double().numpy()
        unit = torch.finfo(dtype).eps
        for ours, theirs, total in (
            (x.sum(1), exact.sum(1), abs(exact).sum(1)),
            (x.sum(0), exact.sum(0), abs(exact).sum(0)),
            (x.t().contiguous().sum(0), exact.sum(1), abs(exact).sum(1)),
            (x.mean(1), exact.mean(1), abs(exact).mean(1)),
        ):
            assert np.all(abs(ours.double().numpy() - theirs) <= unit * abs(theirs) + 1e-6 * total + 1e-300)
    z = torch.from_numpy(a) + 2j * torch.from_numpy(a)
    assert np.allclose(z.sum(1).numpy(), (1 + 2j) * a.sum(1), atol=1e-11)
    assert np.allclose(z.t().contiguous().sum(0).numpy(), (1 + 2j) * a.sum(1), atol=1e-11)
    assert np.array_equal(torch.from_numpy(a).amax(1).numpy(), a.max(1))


def test_every_second_element() -> None:
    a = numbers(0, 5, 301)
    for dtype in (torch.float32, torch.float64, torch.int16):
        x = torch.from_numpy(a * 100).to(dtype)
        assert np.array_equal(x[:, ::2].contiguous().numpy(), x.numpy()[:, ::2])
        assert np.array_equal(x[:, 1::2].contiguous().numpy(), x.numpy()[:, 1::2])


def test_one_value_as_operand() -> None:
    a = torch.from_numpy(numbers(0, 7, 300))
    column, row, one = a[:, :1], a[:1], torch.tensor(1.5, dtype=torch.float64)
    for op in (torch.add, torch.sub, torch.mul, torch.div, torch.maximum, torch.minimum):
        for x, y in ((a, column), (column, a), (row, column), (column, row), (a, one), (one, a)):
            sizes = torch.broadcast_shapes(x.shape, y.shape)
            assert torch.equal(op(x, y), op(x.expand(sizes).contiguous(), y.expand(sizes).contiguous()))
    assert torch.equal(torch.lerp(a, a + 1, 0.25), torch.lerp(a, a + 1, torch.full_like(a, 0.25)))


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 8, 100, 1023, 1024])
@pytest.mark.parametrize("right", [False, True])
def test_places_in_sorted_rows(length: int, right: bool) -> None:
    rng = np.random.default_rng(length)
    row = np.sort(rng.integers(0, 50, length)).astype(np.float32)
    wanted = rng.integers(-1, 52, 37).astype(np.float32)
    wanted[5] = np.nan
    found = torch.searchsorted(torch.from_numpy(row), torch.from_numpy(wanted), right=right)
    assert np.array_equal(found.numpy(), np.searchsorted(row, wanted, "right" if right else "left"))
    rows = np.sort(rng.integers(0, 50, (4, length)), 1)
    values = rng.integers(-1, 52, (4, 11))
    found = torch.searchsorted(torch.from_numpy(rows), torch.from_numpy(values), right=right, out_int32=True)
    expected = [np.searchsorted(r, v, "right" if right else "left") for r, v in zip(rows, values)]
    assert found.dtype == torch.int32 and np.array_equal(found.numpy(), expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 12, 13, 20])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.complex128], ids=str)
def test_linear_algebra_of_small_matrices(n: int, dtype: torch.dtype) -> None:
    torch.manual_seed(n)
    a, b = torch.randn(6, n, n, dtype=dtype), torch.randn(6, n, 3, dtype=dtype)
    a[5] = torch.eye(n, dtype=dtype).flip(0)  # zeros as first pivots
    eye = torch.eye(n, dtype=dtype)
    close = {"atol": 2e-3, "rtol": 2e-3} if dtype in (torch.float32, torch.complex64) else {"atol": 1e-9, "rtol": 1e-9}
    wide = np.complex128 if dtype.is_complex else np.float64
    exact = a.numpy().astype(wide)
    assert np.allclose(torch.linalg.det(a).numpy(), np.linalg.det(exact), **close)
    assert torch.allclose(a @ torch.linalg.inv(a), eye.expand(6, n, n), **close)
    assert torch.allclose(a @ torch.linalg.solve(a, b), b, **close)
    assert torch.allclose(torch.linalg.solve(a, b.mT, left=False) @ a, b.mT, **close)
    lu, pivots = torch.linalg.lu_factor(a)
    assert torch.allclose(a.mH @ torch.linalg.lu_solve(lu, pivots, b, adjoint=True), b, **close)
    p, lower, upper = torch.lu_unpack(lu, pivots)
    assert torch.allclose(p @ lower @ upper, a, **close)
    s = a @ a.mH + eye
    for upper_wanted in (False, True):
        c = torch.linalg.cholesky(s, upper=upper_wanted)
        assert torch.allclose(c.mH @ c if upper_wanted else c @ c.mH, s, **close)
        assert torch.allclose(s @ torch.cholesky_solve(b, c, upper=upper_wanted), b, **close)
    for m in (a, a[:, :, : (n + 1) // 2], a[:, : (n + 1) // 2]):
        for mode in ("reduced", "complete"):
            q, r = torch.linalg.qr(m, mode)
            assert torch.allclose(q @ r, m, **close)
            assert torch.allclose(q.mH @ q, torch.eye(q.shape[-1], dtype=dtype).expand(q.mH.shape[0], -1, -1), **close)
    with pytest.raises(torch.linalg.LinAlgError):
        torch.linalg.inv(torch.zeros(n, n, dtype=dtype))
    with pytest.raises(torch.linalg.LinAlgError):
        torch.linalg.cholesky(-eye)


def test_householder_of_extreme_sizes() -> None:
    for scale in (1e-200, 1e200, 0.0):
        a = torch.from_numpy(numbers(3, 4, 4)) * scale
        q, r = torch.linalg.qr(a)
        assert torch.allclose((q @ r) / (scale or 1), a / (scale or 1)) and torch.allclose(
            q.T @ q, torch.eye(4).double()
        )
    assert torch.linalg.qr(torch.full((3, 3), float("nan")))[1].isnan().any()


@pytest.mark.parametrize("width", [3, 15, 16, 20, 64, 71, 130])
def test_bags_of_any_width(width: int) -> None:
    rng = np.random.default_rng(width)
    table, words = numbers(0, 50, width).astype(np.float32), rng.integers(0, 50, 60)
    starts, factors = np.array([0, 10, 10, 35]), rng.random(60).astype(np.float32)
    t, w, s, f = (torch.from_numpy(v) for v in (table, words, starts, factors))
    ends = [*starts[1:], 60]
    for mode in ("sum", "mean"):
        for skip in (None, int(words[12])):
            ours = torch.nn.functional.embedding_bag(w, t, s, mode=mode, padding_idx=skip)
            for row, first, last in zip(ours.numpy(), starts, ends):
                kept = table[[i for i in words[first:last] if i != skip]]
                expected = kept.sum(0) / (max(len(kept), 1) if mode == "mean" else 1)
                assert np.allclose(row, expected, atol=1e-4)
    ours = torch.nn.functional.embedding_bag(w, t, s, mode="sum", per_sample_weights=f).numpy()
    for row, first, last in zip(ours, starts, ends):
        assert np.allclose(row, (factors[first:last, None] * table[words[first:last]]).sum(0), atol=1e-4)


@pytest.mark.parametrize("n", [1, 16, 40, 300])
def test_running_extrema(n: int) -> None:
    rng = np.random.default_rng(n)
    for a in (rng.integers(0, 9, (5, n)), rng.standard_normal((5, n))):
        for name, accumulate in (("cummax", np.maximum), ("cummin", np.minimum)):
            values, indices = getattr(torch.from_numpy(a), name)(1)
            assert np.array_equal(values.numpy(), accumulate.accumulate(a, 1))
            assert np.array_equal(np.take_along_axis(a, indices.numpy(), 1), values.numpy())
            last = [
                [max(k for k in range(i + 1) if row[k] == best[i]) for i in range(n)] for row, best in zip(a, values)
            ]
            assert np.array_equal(indices.numpy(), last)
    x = torch.zeros(40)
    x[20] = float("nan")
    values, indices = x.cummax(0)
    assert values[20:].isnan().all() and indices[25] == 20 and indices[19] == 19


def test_rows_and_elements_by_index() -> None:
    a = torch.from_numpy(numbers(0, 11, 90))
    where = torch.from_numpy(np.random.default_rng(0).integers(0, 90, 37))
    for index in (where, where.int()):
        assert np.array_equal(a.index_select(1, index).numpy(), a.numpy()[:, where.numpy()])
        assert np.array_equal(a[0].index_select(0, index).numpy(), a.numpy()[0, where.numpy()])
        assert np.array_equal(a[:, 0].contiguous().take(where % 11).numpy(), a.numpy()[where.numpy() % 11, 0])
    flat = a.flatten()
    written = a.clone().put_(where * 11 - 990, flat[:37])
    expected = flat.numpy().copy()
    expected[where.numpy() * 11 - 990] = flat[:37].numpy()
    assert np.array_equal(written.flatten().numpy(), expected)
    strided = torch.zeros(11, 180, dtype=torch.float64)[:, ::2].copy_(a).put_(where * 11 - 990, flat[:37])
    assert np.array_equal(strided.numpy().ravel(), expected)
    for bad in (990, -991):
        with pytest.raises(IndexError, match="out of range"):
            a.clone().put_(torch.tensor([0, bad]), flat[:2])
    assert torch.bincount(torch.arange(9000) % 7).tolist() == [1286] * 5 + [1285] * 2
    weights = torch.ones(9000)
    assert torch.bincount(torch.arange(9000) % 7, weights).tolist() == [1286.0] * 5 + [1285.0] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_distances_of_many_rows(dtype: torch.dtype) -> None:
    a, b = (torch.from_numpy(numbers(seed, 2, n, 6)).to(dtype) for seed, n in ((0, 40), (1, 7)))
    exact = np.linalg.norm(a.double().numpy()[:, :, None] - b.double().numpy()[:, None], axis=-1)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    assert np.allclose(torch.cdist(a, b).numpy(), exact, atol=tolerance)
    x = a.clone().requires_grad_()
    torch.cdist(x, x.detach()).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
