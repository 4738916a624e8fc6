"""Strides: whatever the layout, an operation sees the same elements as NumPy; and the rules of views."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from generated import examples
from hypothesis import given, strategies as st
from pairs import Pair, assert_same, pairs, shapes


@examples(0.08)
@given(pairs())
def test_elements_of_any_layout(pair: Pair) -> None:
    array, tensor = pair
    assert_same(tensor, array)
    assert tensor.is_contiguous() == (array.flags.c_contiguous or array.size == 0)
    for copy in (tensor.contiguous(), tensor.clone(), tensor.clone(memory_format=torch.contiguous_format)):
        assert_same(copy, array)
    assert tensor.tolist() == array.tolist()
    assert_same(tensor.reshape(-1), array.reshape(-1))
    assert_same(tensor == tensor, np.ones(array.shape, bool))
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert_same(torch.tensor(array), array)


@examples(0.06)
@given(pairs(), st.data())
def test_from_numpy(pair: Pair, data: Any) -> None:
    """Arrays of any layout share their memory, those with negative strides are refused."""
    array = pair.array
    reverse = tuple(slice(None, None, data.draw(st.sampled_from([1, 1, -1]))) for _ in range(array.ndim))
    array = array[(*reverse, ...)]
    if any(stride < 0 for stride, size in zip(array.strides, array.shape) if size > 1) and array.size:
        for function in (torch.from_numpy, torch.asarray, torch.as_tensor):
            with pytest.raises(ValueError, match="negative"):
                function(array)
        array = array.copy()
    tensor = torch.from_numpy(array)
    assert_same(tensor, array)
    if array.size:
        steps = [
            (ours, s // array.itemsize) for ours, s, n in zip(tensor.stride(), array.strides, array.shape) if n > 1
        ]
        assert all(ours == theirs for ours, theirs in steps)
        assert tensor.data_ptr() == array.__array_interface__["data"][0]
    assert_same(torch.from_dlpack(tensor), array)


@examples(0.03)
@given(pairs(), st.data())
def test_negative_steps_are_refused(pair: Pair, data: Any) -> None:
    tensor = pair.tensor
    if tensor.dim() == 0:
        return
    dim = data.draw(st.integers(0, tensor.dim() - 1))
    index = (slice(None),) * dim + (slice(None, None, data.draw(st.integers(-3, 0))),)
    with pytest.raises(ValueError, match="step"):
        tensor[index]
    with pytest.raises(ValueError, match="step"):
        tensor[index] = 0


def changed_shape(data: Any, shape: tuple) -> tuple:
    """Another shape of as many elements."""
    factors = [p for n in shape for p in prime_factors(n)]
    factors = data.draw(st.permutations(factors)) if data.draw(st.booleans()) else factors
    new: list = []
    for p in factors:
        if new and data.draw(st.booleans()):
            new[-1] *= p
        else:
            new.append(p)
    for _ in range(data.draw(st.integers(0, 2))):
        new.insert(data.draw(st.integers(0, len(new))), 1)
    return tuple(new)


def prime_factors(n: int) -> list:
    return [2, 2] if n == 4 else [n] if n != 1 else []


@examples(0.08)
@given(pairs(), st.data())
def test_view_and_reshape(pair: Pair, data: Any) -> None:
    """view() succeeds exactly where NumPy can change the shape without a copy."""
    array, tensor = pair
    shape = changed_shape(data, array.shape)
    assert_same(tensor.reshape(shape), array.reshape(shape))
    if not array.size:
        assert tensor.view(shape).shape == shape
        return
    in_place = np.lib.stride_tricks.as_strided(array, array.shape, array.strides)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            in_place.shape = shape
    except AttributeError:
        with pytest.raises(RuntimeError, match="view"):
            tensor.view(shape)
        assert tensor.reshape(shape).data_ptr() != tensor.data_ptr()
        return
    view = tensor.view(shape)
    assert view.data_ptr() == tensor.data_ptr() == tensor.reshape(shape).data_ptr()
    assert_same(view, in_place)
    with pytest.raises(RuntimeError):
        tensor.view(*shape, 7)


def axis_of(data: Any, ndim: int) -> int:
    return data.draw(st.integers(-ndim, ndim - 1))


def permuted(data: Any, array: Any, tensor: Any) -> Any:
    order = data.draw(st.permutations(range(array.ndim)))
    return array.transpose(order), tensor.permute(order)


def transposed(data: Any, array: Any, tensor: Any) -> Any:
    a, b = axis_of(data, array.ndim), axis_of(data, array.ndim)
    return array.swapaxes(a, b), tensor.transpose(a, b)


def moved(data: Any, array: Any, tensor: Any) -> Any:
    a, b = axis_of(data, array.ndim), axis_of(data, array.ndim)
    return np.moveaxis(array, a, b), tensor.movedim(a, b)


def narrowed(data: Any, array: Any, tensor: Any) -> Any:
    d = axis_of(data, array.ndim)
    start = data.draw(st.integers(0, array.shape[d]))
    length = data.draw(st.integers(0, array.shape[d] - start))
    return array.take(range(start, start + length), d), tensor.narrow(d, start, length)


def selected(data: Any, array: Any, tensor: Any) -> Any:
    d = axis_of(data, array.ndim)
    if not array.shape[d]:
        return array, tensor
    at = data.draw(st.integers(-array.shape[d], array.shape[d] - 1))
    return array.take(at, d), tensor.select(d, at)


def unsqueezed(data: Any, array: Any, tensor: Any) -> Any:
    d = data.draw(st.integers(-array.ndim - 1, array.ndim))
    return np.expand_dims(array, d), tensor.unsqueeze(d)


def squeezed(data: Any, array: Any, tensor: Any) -> Any:
    return array.squeeze(), tensor.squeeze()


def expanded(data: Any, array: Any, tensor: Any) -> Any:
    front = data.draw(shapes(0, 2, most=3))
    shape = (*front, *(data.draw(st.integers(0, 3)) if n == 1 else n for n in array.shape))
    return np.broadcast_to(array, shape), tensor.expand(shape)


def flipped(data: Any, array: Any, tensor: Any) -> Any:
    d = axis_of(data, array.ndim)
    return np.flip(array, d), tensor.flip(d)


def rolled(data: Any, array: Any, tensor: Any) -> Any:
    d, by = axis_of(data, array.ndim), data.draw(st.integers(-6, 6))
    return np.roll(array, by, d), tensor.roll(by, d)


def diagonal(data: Any, array: Any, tensor: Any) -> Any:
    if array.ndim < 2:
        return array, tensor
    offset = data.draw(st.integers(-4, 4))
    return np.diagonal(array, offset), tensor.diagonal(offset)


def unfolded(data: Any, array: Any, tensor: Any) -> Any:
    d = axis_of(data, array.ndim)
    if not array.shape[d]:
        return array, tensor
    size, step = data.draw(st.integers(1, array.shape[d])), data.draw(st.integers(1, 3))
    windows = np.lib.stride_tricks.sliding_window_view(array, size, d)
    return windows[(slice(None),) * (d % array.ndim) + (slice(None, None, step),)], tensor.unfold(d, size, step)


def repeated(data: Any, array: Any, tensor: Any) -> Any:
    times = data.draw(st.lists(st.integers(0, 2), min_size=array.ndim, max_size=array.ndim + 1))
    return np.tile(array, times), tensor.repeat(times)


STEPS = [
    permuted,
    transposed,
    moved,
    narrowed,
    selected,
    unsqueezed,
    squeezed,
    expanded,
    flipped,
    rolled,
    diagonal,
    unfolded,
    repeated,
]


@examples(0.10)
@given(pairs(), st.data())
def test_chains_of_views(pair: Pair, data: Any) -> None:
    array, tensor = pair
    for step in data.draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4)):
        if (array.ndim or step in (unsqueezed, squeezed, expanded)) and array.ndim < 7 and array.size < 2000:
            array, tensor = step(data, array, tensor)
    assert_same(tensor, array)
    assert_same(tensor.contiguous(), array)


@examples(0.05)
@given(pairs(overlap=False), st.data())
def test_writes_to_views_reach_the_base(pair: Pair, data: Any) -> None:
    array, tensor = pair
    view, tensor_view = array, tensor
    for step in data.draw(st.lists(st.sampled_from([permuted, transposed, unsqueezed, diagonal]), max_size=3)):
        if view.ndim:
            view, tensor_view = step(data, view, tensor_view)
    view = view.view()
    view.flags.writeable = True  # numpy.diagonal's is not
    before = tensor._version
    view[...] = 1
    tensor_view.fill_(1)
    assert_same(tensor, array)
    assert tensor._version == before + 1
