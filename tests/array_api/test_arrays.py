"""Operators, attributes and methods that the array API standard demands of arrays; and the list of what differs."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

strict = pytest.importorskip("array_api_strict")
from conftest import is_ours  # noqa: E402
from generated import examples  # noqa: E402
from generators import CASES, Draw, arguments_in  # noqa: E402
from hypothesis import (  # noqa: E402
    assume,
    given,
    strategies as st,  # noqa: E402
)
from test_functions import assert_alike, deviations, plain  # noqa: E402

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference has no namespace")

if is_ours():
    xp = torch.ones(1).__array_namespace__()

OPERATORS = {
    "add": "add", "and_": "bitwise_and", "eq": "equal", "floordiv": "floor_divide", "ge": "greater_equal", "gt": "greater",
    "le": "less_equal", "lshift": "bitwise_left_shift", "lt": "less", "matmul": "matmul", "mod": "remainder",
    "mul": "multiply", "ne": "not_equal", "or_": "bitwise_or", "pow": "pow", "rshift": "bitwise_right_shift",
    "sub": "subtract", "truediv": "divide", "xor": "bitwise_xor",
}  # fmt: skip
IN_PLACE = "add and_ floordiv lshift mod mul or_ pow rshift sub truediv xor".split()


def operands(name: str, data: Any) -> list:
    (x, y), _ = CASES[OPERATORS[name]](Draw(data))
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        # torch's own promotion, in which arrays of no dimensions count less; and products of one dtype only
        assume(x.dtype == y.dtype or ((x.ndim == 0) == (y.ndim == 0) and name != "matmul"))
    return [x, y]


@pytest.mark.parametrize("name", OPERATORS)
@examples(1 / 150)
@given(data=st.data())
def test_operator(name: str, data: Any) -> None:
    both = operands(name, data)
    function = getattr(operator, name)
    with np.errstate(all="ignore"):
        theirs = function(*arguments_in(strict, both))
    assert_alike(plain(function(*arguments_in(xp, both))), plain(theirs), signs=name != "mod")


@pytest.mark.parametrize("name", IN_PLACE)
@examples(1 / 150)
@given(data=st.data())
def test_in_place_operator(name: str, data: Any) -> None:
    x, y = operands(name, data)
    assume(isinstance(x, np.ndarray))
    expected = getattr(operator, name)(*arguments_in(strict, [x, y]))
    assume(plain(expected).dtype == x.dtype and plain(expected).shape == x.shape)
    ours = arguments_in(xp, x.copy())
    result = getattr(operator, "i" + name.rstrip("_"))(ours, arguments_in(xp, y))
    assert_alike(plain(result), plain(expected), signs=name != "mod")
    assert result is ours


@pytest.mark.parametrize("name", ["abs", "invert", "neg", "pos"])
@examples(1 / 150)
@given(data=st.data())
def test_unary_operator(name: str, data: Any) -> None:
    functions = {"abs": "abs", "invert": "bitwise_invert", "neg": "negative", "pos": "positive"}
    (x,), _ = CASES[functions[name]](Draw(data))
    function = getattr(operator, name)
    assert_alike(plain(function(xp.asarray(x))), plain(function(strict.asarray(x))))


def test_in_place_product() -> None:
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    x @= x
    assert x.tolist() == [[7, 10], [15, 22]]


def test_attributes() -> None:
    x = xp.reshape(xp.arange(6), (1, 2, 3))
    assert (x.ndim, tuple(x.shape), x.dtype, x.device) == (3, (1, 2, 3), xp.int64, torch.device("cpu"))
    assert tuple(x.mT.shape) == (1, 3, 2) and xp.all(x.mT == xp.permute_dims(x, (0, 2, 1)))
    assert xp.all(x[0, ...].T == xp.permute_dims(x[0, ...], (1, 0)))
    assert x.to_device(x.device) is x and x.to_device("cpu") is x
    assert x.to_device("meta").device == torch.device("meta")


def test_conversions() -> None:
    for number in (True, 0, 3, -2.5, 1 + 2j):
        x = xp.asarray(number)
        assert bool(x) == bool(number) and complex(x) == number
        if not isinstance(number, complex):
            assert float(x) == number and int(x) == int(number)
    assert operator.index(xp.asarray(3, dtype=xp.int8)) == 3 and [10, 20][xp.asarray(1)] == 20
    for code in (
        lambda: operator.index(xp.asarray(3.0)),
        lambda: operator.index(xp.ones(2, dtype=xp.int8)),
        lambda: float(xp.ones(2)),
    ):
        with pytest.raises((TypeError, RuntimeError, ValueError)):
            code()


def test_dlpack() -> None:
    x = xp.arange(3)
    assert x.__dlpack_device__() == (1, 0)
    shared = np.from_dlpack(x)
    x[0] = 7
    assert shared[0] == 7
    assert "dltensor_versioned" in repr(x.__dlpack__(max_version=(1, 0)))
    assert '"dltensor"' in repr(x.__dlpack__()) and '"dltensor"' in repr(
        x.__dlpack__(max_version=(0, 8), dl_device=(1, 0))
    )
    copied = np.from_dlpack(x, copy=True)
    x[0] = 8
    assert copied[0] == 7
    with pytest.raises(BufferError):
        x.__dlpack__(dl_device=(2, 0))
    taken = xp.from_dlpack(np.arange(3), copy=True, device="cpu")
    assert taken.tolist() == [0, 1, 2] and xp.from_dlpack(strict.asarray([1.5])).dtype == xp.float64
    read_only = np.arange(3)
    read_only.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        xp.from_dlpack(read_only)[0] = 1


def outcome(namespace: Any, code: str) -> Any:
    try:
        result = eval(code, {"xp": namespace})
    except Exception as error:
        return type(error).__name__
    value = plain(result)
    return (
        (str(value.dtype), value.tolist()) if isinstance(value, np.ndarray) else "method" if callable(value) else value
    )


@pytest.mark.parametrize("code", list(deviations()) if is_ours() else [])
def test_deviations_are_real(code: str) -> None:
    """What the list says to differ does; an entry that no longer does has to go."""
    with np.errstate(all="ignore"):
        assert repr(outcome(xp, code)) != repr(outcome(strict, code))


def test_deviations_are_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "array-api.md").read_text()
    assert not [reason for reason in deviations().values() if reason not in page.replace("\n", " ")]
