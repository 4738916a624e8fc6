"""The same numbers in the same layout as a NumPy array and as a tensor, drawn by hypothesis."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


class Pair(NamedTuple):
    """An array and a tensor, each over memory of its own."""

    array: np.ndarray
    tensor: torch.Tensor


def numbers(count: int, dtype: str) -> np.ndarray:
    """Numbers that all differ where the dtype has as many."""
    values = np.arange(count) * 7 % 101 - (0 if dtype == "uint8" else 40)
    return values % 3 == 0 if dtype == "bool" else values.astype(dtype)


def pair_of(array: np.ndarray) -> Pair:
    """The array, and a tensor with memory and layout of its own that are the same."""
    memory = array if array.base is None else array.base
    return strided(np.ascontiguousarray(memory).ravel(), array.shape, [s // array.itemsize for s in array.strides], 0)


def strided(memory: np.ndarray, shape: Any, strides: Any, offset: int) -> Pair:
    steps = [s * memory.itemsize for s in strides]
    array = np.lib.stride_tricks.as_strided(memory[offset:], shape, steps)
    return Pair(array, torch.tensor(memory).as_strided(tuple(shape), tuple(strides), offset))


def shapes(low: int = 0, high: int = 4, least: int = 0, most: int = 4) -> st.SearchStrategy:
    sizes = st.one_of(st.integers(max(least, 1), most), st.integers(least, most))
    return st.lists(sizes, min_size=low, max_size=high).map(tuple)


def dense_strides(shape: Any) -> list:
    return [math.prod(max(n, 1) for n in shape[d + 1 :]) for d in range(len(shape))]


@st.composite
def pairs(draw: Any, dtypes: Any = DTYPES, shape: Any = None, *, overlap: bool = True) -> Pair:
    """Contiguous, permuted, sliced, expanded and any other strides; without elements and without dimensions too."""
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(shapes()) if shape is None else shape
    kind = draw(
        st.sampled_from(
            ["dense", "permuted", "sliced", "expanded", "strided"] if overlap else ["dense", "permuted", "sliced"]
        )
    )
    ndim = len(shape)
    offset = 0
    if kind == "permuted":
        order = draw(st.permutations(range(ndim)))
        inner = dense_strides([shape[d] for d in order])
        strides = [inner[order.index(d)] for d in range(ndim)]
    elif kind == "sliced":
        steps = [draw(st.integers(1, 3)) for _ in shape]
        whole = [n * step + draw(st.integers(0, 2)) for n, step in zip(shape, steps)]
        strides = [s * step for s, step in zip(dense_strides(whole), steps)]
        offset = draw(st.integers(0, 5))
    elif kind == "expanded":
        gone = [draw(st.booleans()) for _ in shape]
        inner = dense_strides([1 if g else n for g, n in zip(gone, shape)])
        strides = [0 if g else s for g, s in zip(gone, inner)]
    elif kind == "strided":
        strides = [draw(st.integers(0, 6)) for _ in shape]
        offset = draw(st.integers(0, 5))
    else:
        strides = dense_strides(shape)
    reach = offset + sum(max(n - 1, 0) * s for n, s in zip(shape, strides)) + 1
    return strided(numbers(reach, dtype), shape, strides, offset)


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """The tensor's elements one by one through Python, so that no conversion can hide a wrong layout."""
    flat = [
        tensor.storage_offset() + sum(i * s for i, s in zip(at, tensor.stride())) for at in np.ndindex(*tensor.shape)
    ]
    memory = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage()).numpy()
    return memory[flat].reshape(tensor.shape) if flat else np.empty(tensor.shape, memory.dtype)


def assert_same(tensor: torch.Tensor, array: Any, close: bool = False) -> None:
    array = np.asarray(array)
    ours = to_numpy(tensor.detach())
    assert ours.shape == array.shape, f"shape {ours.shape}, expected {array.shape}"
    assert ours.dtype == array.dtype, f"dtype {ours.dtype}, expected {array.dtype}"
    if close:
        tolerance = {"e": 2e-2, "f": 1e-5, "F": 1e-5}.get(array.dtype.char, 1e-10)
        np.testing.assert_allclose(ours, array, rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(ours, array)
