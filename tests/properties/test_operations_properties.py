"""Broadcasting, promotion, reductions over dimensions, joining and splitting, with NumPy as the model."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from generated import examples
from hypothesis import given, strategies as st
from pairs import DTYPES, Pair, assert_same, pairs, shapes

BINARY = [
    operator.add,
    operator.mul,
    operator.lt,
    operator.eq,
    torch.maximum,
    torch.hypot,
    torch.logaddexp,
    torch.atan2,
]
MODELS = {torch.maximum: np.maximum, torch.hypot: np.hypot, torch.logaddexp: np.logaddexp, torch.atan2: np.arctan2}


@st.composite
def shapes_that_meet(draw: Any) -> tuple:
    """Two shapes which broadcast, most of the time."""
    full = draw(shapes())
    both = []
    for _ in range(2):
        shape = tuple(n if draw(st.integers(0, 3)) else 1 for n in full)
        both.append(shape[draw(st.integers(0, len(shape))) :] if draw(st.booleans()) else shape)
    if draw(st.integers(0, 9)) == 0:
        both[1] = draw(shapes())
    return tuple(both)


@examples(0.08)
@given(st.data())
def test_broadcasting(data: Any) -> None:
    first, second = data.draw(shapes_that_meet())
    a, b = data.draw(pairs(["float64"], first)), data.draw(pairs(["float64"], second))
    function = data.draw(st.sampled_from(BINARY))
    try:
        expected = MODELS.get(function, function)(a.array, b.array)
    except ValueError:
        with pytest.raises(RuntimeError, match="size"):
            function(a.tensor, b.tensor)
        with pytest.raises(RuntimeError):
            torch.broadcast_shapes(first, second)
        return
    assert_same(function(a.tensor, b.tensor), expected, close=True)
    assert tuple(torch.broadcast_shapes(first, second)) == expected.shape
    for ours, theirs in zip(torch.broadcast_tensors(a.tensor, b.tensor), np.broadcast_arrays(a.array, b.array)):
        assert_same(ours, theirs)


@examples(0.04)
@given(st.data())
def test_gradients_of_broadcasting(data: Any) -> None:
    first, second = data.draw(shapes_that_meet())
    a, b = (data.draw(pairs(["float64"], shape)) for shape in (first, second))
    try:
        shape = np.broadcast_shapes(first, second)
    except ValueError:
        return
    x, y = (p.tensor.clone().requires_grad_() for p in (a, b))
    weights = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5.0
    (x * y * torch.from_numpy(np.ascontiguousarray(weights))).sum().backward()
    for ours, other, mine in ((x, b.array, first), (y, a.array, second)):
        full = np.asarray(weights * other)
        full = np.broadcast_to(full, shape)
        summed = full.sum(tuple(range(len(shape) - len(mine))))
        summed = np.asarray(summed).sum(
            tuple(d for d, n in enumerate(mine) if n == 1 and np.shape(summed)[d] != 1), keepdims=True
        )
        assert_same(ours.grad, summed, close=True)


@examples(0.04)
@given(st.data())
def test_in_place_broadcasting(data: Any) -> None:
    first, second = data.draw(shapes_that_meet())
    a, b = data.draw(pairs(["int64"], first, overlap=False)), data.draw(pairs(["int64"], second))
    expected = np.array(a.array)
    try:
        expected += b.array
    except ValueError:
        with pytest.raises(RuntimeError):
            a.tensor.add_(b.tensor)
        assert_same(a.tensor, a.array)
        return
    a.tensor.add_(b.tensor)
    assert_same(a.tensor, expected)


KINDS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def within(a: np.dtype, b: np.dtype) -> np.dtype:
    """torch's promotion of two tensors of equal rank: NumPy's, but integers leave floating dtypes as they are."""
    if KINDS[a.kind] < KINDS[b.kind]:
        a, b = b, a
    if KINDS[a.kind] == 2 and KINDS[b.kind] < 2:
        return a
    if a.kind == "c" and b.kind in "bui":
        return a
    if a.kind == "c" and b.kind == "f":
        return np.dtype("complex128") if b == np.float64 else a
    return np.promote_types(a, b)


@examples(0.06)
@given(st.data())
def test_promotion(data: Any) -> None:
    x, y = (data.draw(pairs(shape=data.draw(shapes(0, 1)))) for _ in range(2))
    rank = [2 if p.array.ndim else 1 for p in (x, y)]
    groups: dict = {}
    for p, r in zip((x, y), rank):
        groups[r] = within(groups[r], p.array.dtype) if r in groups else p.array.dtype
    expected = groups.get(2, groups.get(1))
    if len(groups) == 2 and KINDS[groups[1].kind] > KINDS[groups[2].kind]:
        expected = within(groups[1], groups[2])
        if groups[2].kind == "f":  # made complex, in its own precision
            expected = np.dtype("complex128" if groups[2] == np.float64 else "complex64")
    name = str(expected)
    assert torch.result_type(x.tensor, y.tensor) == getattr(torch, name)
    if len({*x.array.shape, *y.array.shape} - {1}) > 1:
        return
    with np.errstate(all="ignore"):
        product = x.array.astype(expected) * y.array.astype(expected)
    assert_same(x.tensor * y.tensor, product, close=True)


@examples(0.04)
@given(st.data())
def test_promotion_with_numbers(data: Any) -> None:
    pair = data.draw(pairs(shape=data.draw(shapes(0, 1))))
    number = data.draw(st.sampled_from([True, 2, 1.5, 1 + 2j]))
    kind = {bool: 0, int: 1, float: 2, complex: 3}[type(number)]
    dtype = pair.array.dtype
    if kind > KINDS[dtype.kind]:
        defaults = {1: "int64", 2: "float32", 3: "complex128" if dtype == np.float64 else "complex64"}
        dtype = np.dtype(defaults[kind])
    for value in (number, np.asarray(number)[()]) if kind != 2 else (number,):
        assert torch.result_type(pair.tensor, value) == getattr(torch, str(dtype))
    if dtype != np.float16 and pair.array.dtype != np.float16:
        assert_same(pair.tensor + number, pair.array.astype(dtype) + np.asarray(number).astype(dtype), close=True)


def euclidean(x: torch.Tensor, dim: Any, keepdim: bool) -> torch.Tensor:
    return torch.linalg.vector_norm(x, 2, dim, keepdim)


REDUCTIONS = {
    torch.sum: np.sum,
    torch.mean: np.mean,
    torch.amax: np.amax,
    torch.amin: np.amin,
    torch.all: np.all,
    torch.any: np.any,
    torch.count_nonzero: np.count_nonzero,
    torch.logsumexp: lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
    euclidean: lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)),
    torch.var: lambda x, axis, keepdims: np.var(x, axis=axis, ddof=1, keepdims=keepdims),
}


@examples(0.08)
@given(st.data())
def test_reductions(data: Any) -> None:
    array, tensor = data.draw(pairs(["float64"], data.draw(shapes(1, 4))))
    dims = tuple(data.draw(st.lists(st.integers(0, array.ndim - 1), unique=True, min_size=1)))
    given_dims = tuple(d - array.ndim if data.draw(st.booleans()) else d for d in dims)
    ours, model = data.draw(st.sampled_from(list(REDUCTIONS.items())))
    keep = data.draw(st.booleans())
    array, tensor = array / 64, tensor / 64
    if ours in (torch.amax, torch.amin) and any(array.shape[d] == 0 for d in dims):
        with pytest.raises(IndexError):
            ours(tensor, given_dims, keep)
        return
    if ours is torch.count_nonzero:
        assert_same(ours(tensor, given_dims), model(array, axis=dims))
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model(array, axis=dims, keepdims=keep)
        found = ours(tensor, given_dims, keepdim=keep)
    assert_same(found, expected, close=True)


@examples(0.05)
@given(st.data())
def test_along_one_dimension(data: Any) -> None:
    array, tensor = data.draw(pairs(["int64", "int32", "float64"], data.draw(shapes(1, 3, least=1))))
    d = data.draw(st.integers(-array.ndim, array.ndim - 1))
    keep = data.draw(st.booleans())
    wide = np.int64 if array.dtype.kind == "i" else np.float64
    assert_same(tensor.cumsum(d), np.cumsum(array, d, dtype=wide), close=True)
    assert_same(tensor.argmax(d, keep), np.argmax(array, d, keepdims=keep))
    assert_same(tensor.prod(d, keep), np.prod(array, d, dtype=wide, keepdims=keep), close=True)
    values, order = tensor.sort(dim=d, stable=True)
    assert_same(values, np.sort(array, d, kind="stable"))
    assert_same(order, np.argsort(array, d, kind="stable"))
    largest, at = tensor.max(d, keepdim=keep)
    assert_same(largest, np.max(array, d, keepdims=keep))
    assert_same(tensor.gather(d, at if keep else at.unsqueeze(d)), np.max(array, d, keepdims=True))
    assert_same(tensor.cummax(d).values, np.maximum.accumulate(array, d))
    assert_same(tensor.diff(dim=d), np.diff(array, axis=d))


@examples(0.05)
@given(st.data())
def test_cat_and_stack(data: Any) -> None:
    shape = data.draw(shapes(1, 3))
    dtypes = ["float64"] if data.draw(st.booleans()) else ["uint8", "int16", "int64"]
    d = data.draw(st.integers(-len(shape), len(shape) - 1))
    parts = []
    for _ in range(data.draw(st.integers(1, 4))):
        own = list(shape)
        own[d] = data.draw(st.integers(0, 3))
        parts.append(data.draw(pairs(dtypes, tuple(own))))
    joined = np.concatenate([p.array for p in parts], d)
    assert_same(torch.cat([p.tensor for p in parts], d), joined)
    out = torch.empty(0, dtype=torch.float64)
    torch.cat([p.tensor for p in parts], d, out=out)
    assert_same(out, joined.astype(np.float64))
    same = [data.draw(pairs(dtypes, shape)) for _ in range(data.draw(st.integers(1, 3)))]
    at = data.draw(st.integers(-len(shape) - 1, len(shape)))
    assert_same(torch.stack([p.tensor for p in same], at), np.stack([p.array for p in same], at))
    if len(shape) > 1:
        other = list(shape)
        other[(d + 1) % len(shape)] += 1
        with pytest.raises(RuntimeError):
            torch.cat([parts[0].tensor, torch.ones(other)], d)


@examples(0.05)
@given(st.data())
def test_split_and_join(data: Any) -> None:
    """Pieces are NumPy's, are views, and make the whole again."""
    array, tensor = data.draw(pairs(shape=data.draw(shapes(1, 3))))
    d = data.draw(st.integers(0, array.ndim - 1))
    size = array.shape[d]
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=3)))
    count = data.draw(st.integers(1, 4))
    lengths = np.diff([0, *cuts, size]).tolist()
    step = data.draw(st.integers(1, 4))
    starts = list(range(step, size, step))
    ways = [
        (tensor.tensor_split(cuts, d), np.split(array, cuts, d)),
        (tensor.tensor_split(count, d), np.array_split(array, count, d)),
        (tensor.split(lengths, d), np.split(array, cuts, d)),
        (tensor.split(step, d), np.split(array, starts, d)),
        (tensor.unbind(d), [array.take(i, d) for i in range(size)]),
    ]
    for ours, theirs in ways:
        assert len(ours) == len(theirs)
        for piece, expected in zip(ours, theirs):
            assert_same(piece, expected)
            assert piece._is_view() and piece._base is tensor._base
    for ours, _ in ways[:4]:
        assert_same(torch.cat(ours, d), array)
    chunks = tensor.chunk(count, d)
    assert_same(torch.cat(chunks, d), array)
    assert len(chunks) <= count
    with pytest.raises(RuntimeError):
        tensor.split([size + 1], d)


@examples(0.04)
@given(st.data())
def test_matmul_broadcasts(data: Any) -> None:
    batch = data.draw(shapes_that_meet())
    m, k, n = (data.draw(st.integers(0, 4)) for _ in range(3))
    left = data.draw(st.sampled_from([(k,), (*batch[0][:2], m, k)]))
    right = data.draw(st.sampled_from([(k,), (*batch[1][:2], k, n)]))
    a, b = data.draw(pairs(["float64", "int64"], left)), None
    b = data.draw(pairs([str(a.array.dtype)], right))
    try:
        expected = np.matmul(a.array, b.array)
    except ValueError:
        with pytest.raises(RuntimeError):
            torch.matmul(a.tensor, b.tensor)
        return
    assert_same(torch.matmul(a.tensor, b.tensor), expected, close=True)


@examples(0.03)
@given(st.data())
def test_conversions(data: Any) -> None:
    pair: Pair = data.draw(pairs())
    to = data.draw(st.sampled_from(DTYPES))
    if pair.array.dtype.kind == "c" and np.dtype(to).kind != "c":
        return
    if np.dtype(to) == np.uint8 and pair.array.dtype.kind == "f":  # negative numbers: undefined
        return
    for dtype in (getattr(torch, to), np.dtype(to), np.dtype(to).type):
        assert_same(pair.tensor.to(dtype), pair.array.astype(to))
