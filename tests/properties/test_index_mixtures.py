"""Indexing: any mixture of ints, slices, None, Ellipsis, masks, index tensors and lists, read, written and differentiated.

NumPy is the model in two steps, since for torch an int is not an index array: first ints, slices, None and Ellipsis, then
index arrays and masks on what these leave.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from generated import examples
from hypothesis import given, strategies as st
from pairs import Pair, assert_same, pairs, shapes


class Index(NamedTuple):
    """An index for tensors, and NumPy's two steps to the same elements."""

    ours: Any
    basic: tuple
    advanced: tuple
    valid: bool
    repeats: bool  # an element may be meant several times


def int_forms(value: int) -> list:
    return [value, np.int64(value), torch.tensor(value), np.array(value)]


def array_forms(array: np.ndarray) -> list:
    forms = [torch.from_numpy(array), torch.from_numpy(array), array]
    if array.ndim == 1 and array.size:  # a list of nothing has no dtype
        forms.append(array.tolist())
    return forms


@st.composite
def indices(draw: Any, shape: tuple, wrong: bool = True) -> Index:
    ours: list = []
    basic: list = []
    advanced: list = []
    valid, repeats, dots = True, False, False
    # Index arrays share a shape that broadcasts, masks give vectors of as many as are true.
    common = draw(shapes(1, 2, most=3))
    left = list(shape)

    def one_of(forms: list) -> Any:
        return forms[draw(st.integers(0, len(forms) - 1))]

    def whole(count: int) -> None:
        basic.extend([slice(None)] * count)
        advanced.extend([slice(None)] * count)

    masked = False
    while True:
        kinds = ["none", "stop"] + ([] if dots else ["dots"])
        if left:
            kinds += ["int", "slice", "slice", "array", "array"] + ([] if masked else ["mask"])
        kind = draw(st.sampled_from(kinds))
        if kind == "stop" or len(ours) > 6:
            break
        if kind == "none":
            ours.append(None)
            basic.append(None)
            advanced.append(slice(None))
        elif kind == "dots":
            dots = True
            skipped = draw(st.integers(0, len(left)))
            del left[:skipped]
            ours.append(Ellipsis)
            whole(skipped)
        elif kind == "int":
            size = left.pop(0)
            if size == 0 or (wrong and draw(st.integers(0, 30)) == 0):
                value = draw(st.sampled_from([size, -size - 1]))
                valid = False
            else:
                value = draw(st.integers(-size, size - 1))
            ours.append(one_of(int_forms(value)))
            basic.append(value)
        elif kind == "slice":
            size = left.pop(0)
            ends = st.one_of(st.none(), st.integers(-size - 2, size + 2))
            part = slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, 3])))
            ours.append(part)
            basic.append(part)
            advanced.append(slice(None))
        elif kind == "array":
            size = left.pop(0)
            dims = tuple(n if draw(st.integers(0, 3)) else 1 for n in common)[draw(st.integers(0, len(common) - 1)) :]
            count = int(np.prod(dims))
            if size == 0 and count:
                dims, count, valid = (0,), 0, valid and 0 in common
                if not valid:
                    dims = common
            rng = np.random.default_rng(draw(st.integers(0, 1000)))
            array = np.asarray(rng.integers(-size, size, dims) if size else np.zeros(dims, np.int64))
            if size and array.size and wrong and draw(st.integers(0, 30)) == 0:
                array.flat[0] = size
            ours.append(one_of(array_forms(array)))
            basic.append(slice(None))
            advanced.append(array)
            repeats = True
        else:
            masked = True
            dims = tuple(left[: draw(st.integers(1, len(left)))])
            del left[: len(dims)]
            rng = np.random.default_rng(draw(st.integers(0, 1000)))
            mask = np.asarray(rng.random(dims) < 0.5)
            ours.append(one_of(array_forms(mask)))
            basic.extend([slice(None)] * len(dims))
            advanced.append(mask)
    if dots:  # stands for what it skipped, so that the rest must be named
        ours += [slice(None)] * len(left)
    whole(len(left))
    if len(ours) == 1 and draw(st.booleans()):
        return Index(ours[0], tuple(basic), tuple(advanced), valid, repeats)
    return Index(tuple(ours), tuple(basic), tuple(advanced), valid, repeats)


def read(array: np.ndarray, index: Index) -> Any:
    """NumPy's answer, or None where the index is wrong."""
    try:
        return array[index.basic][index.advanced]
    except IndexError:
        return None


@examples(0.14)
@given(st.data())
def test_read(data: Any) -> None:
    pair: Pair = data.draw(pairs())
    index = data.draw(indices(pair.array.shape))
    expected = read(pair.array, index)
    if expected is None:
        with pytest.raises((IndexError, RuntimeError)):
            pair.tensor[index.ours]
        return
    found = pair.tensor[index.ours]
    assert_same(found, expected)
    moves_data = any(not isinstance(item, slice) for item in index.advanced)
    assert found._is_view() != moves_data


@examples(0.12)
@given(st.data())
def test_write(data: Any) -> None:
    pair: Pair = data.draw(pairs(overlap=False))
    array, tensor = pair
    index = data.draw(indices(array.shape))
    positions = read(np.arange(array.size).reshape(array.shape), index)
    if positions is None:
        before = tensor.clone()
        with pytest.raises((IndexError, RuntimeError)):
            tensor[index.ours] = 1
        assert torch.equal(tensor, before)
        return
    expected = np.array(array, order="C")
    single = index.repeats or data.draw(st.booleans())
    if single:
        value = data.draw(st.sampled_from([0, 1, True]))
        expected.reshape(-1)[positions.reshape(-1)] = value
        tensor[index.ours] = torch.tensor(value, dtype=tensor.dtype) if data.draw(st.booleans()) else value
    else:
        shape = tuple(n if data.draw(st.integers(0, 3)) else 1 for n in positions.shape)
        converts = array.dtype != bool and all(isinstance(item, slice) for item in index.advanced)
        value = data.draw(pairs([str(array.dtype)] + ["int64"] * converts, shape))
        expected.reshape(-1)[positions.reshape(-1)] = (
            np.broadcast_to(value.array, positions.shape).reshape(-1).astype(array.dtype)
        )
        tensor[index.ours] = value.tensor
    assert_same(tensor, expected)


@examples(0.10)
@given(st.data())
def test_gradients(data: Any) -> None:
    """Of reads: each element gets the sum of what its copies get. Of writes: nothing, and the value gets its share."""
    pair: Pair = data.draw(pairs(["float64"]))
    index = data.draw(indices(pair.array.shape, wrong=False))
    positions = read(np.arange(pair.array.size).reshape(pair.array.shape), index)
    if positions is None:
        return
    x = pair.tensor.clone().requires_grad_()
    weights = np.arange(1.0, positions.size + 1).reshape(positions.shape)
    (x[index.ours] * torch.from_numpy(weights)).sum().backward()
    expected = np.zeros(pair.array.size)
    np.add.at(expected, positions.reshape(-1), weights.reshape(-1))
    assert_same(x.grad, expected.reshape(pair.array.shape))
    if index.repeats:
        return
    x.grad = None
    shape = tuple(n if data.draw(st.integers(0, 3)) else 1 for n in positions.shape)
    value = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    y = x * 2
    y[index.ours] = value
    factors = np.arange(1.0, pair.array.size + 1).reshape(pair.array.shape)
    (y * torch.from_numpy(factors)).sum().backward()
    kept = np.asarray(factors * 2)
    kept.reshape(-1)[positions.reshape(-1)] = 0
    assert_same(x.grad, kept)
    passed = np.asarray(factors.reshape(-1)[positions])
    summed = tuple(d for d, (n, m) in enumerate(zip(shape, positions.shape)) if n != m)
    assert_same(value.grad, passed.sum(summed, keepdims=True))


@examples(0.04)
@given(st.data())
def test_index_put_accumulates(data: Any) -> None:
    pair: Pair = data.draw(pairs(["int64", "float64", "float32"], data.draw(shapes(1, 3, least=1)), overlap=False))
    count = data.draw(st.integers(1, pair.array.ndim))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    shape = data.draw(shapes(0, 2))
    index = tuple(np.asarray(rng.integers(-n, n, shape)) for n in pair.array.shape[:count])
    values = np.asarray(rng.integers(0, 9, shape + pair.array.shape[count:])).astype(pair.array.dtype)
    expected = np.array(pair.array)
    np.add.at(expected, index, values)
    tensors = tuple(torch.from_numpy(i) for i in index)
    assert_same(pair.tensor.index_put(tensors, torch.from_numpy(values), accumulate=True), expected)
    pair.tensor.index_put_(tensors, torch.from_numpy(values), accumulate=True)
    assert_same(pair.tensor, expected)
