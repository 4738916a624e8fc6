"""Every function of the array API standard on generated inputs against array-api-strict; cases known to differ, and why, are in
``deviations.txt``."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

strict = pytest.importorskip("array_api_strict")
from conftest import is_ours  # noqa: E402
from generated import examples  # noqa: E402
from generators import ALL, CASES, Draw, arguments_in  # noqa: E402
from hypothesis import (  # noqa: E402
    given,
    note,
    strategies as st,  # noqa: E402
)

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference has no namespace")

if is_ours():
    xp = torch.ones(1).__array_namespace__(api_version="2024.12")


@pytest.fixture(autouse=True)
def _double() -> Any:
    """array-api-strict's default floating dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


# Of array-api-strict itself, and what later versions of the standard added.
NOT_OF_THE_STANDARD = """ArrayAPIStrictFlags Device __version__ get_array_api_strict_flags reset_array_api_strict_flags
set_array_api_strict_flags broadcast_shapes isin fft linalg""".split()
NOT_FUNCTIONS = "__array_api_version__ __array_namespace_info__ e inf nan newaxis pi".split()
STANDARD = [name for name in strict.__all__ if name not in NOT_OF_THE_STANDARD]
FUNCTIONS = [name for name in STANDARD if name not in NOT_FUNCTIONS and callable(getattr(strict, name))]
FUNCTIONS = [name for name in FUNCTIONS if not isinstance(getattr(strict, name), type(strict.int8))]
FUNCTIONS += [f"{part}.{name}" for part in ("linalg", "fft") for name in getattr(strict, part).__all__]


def deviations() -> dict:
    """An expression that is not as the standard says -> why."""
    lines = (Path(__file__).parent / "deviations.txt").read_text().splitlines()
    return dict(line.split("  # ", 1) for line in lines if line and not line.startswith("#"))


def find(namespace: Any, name: str) -> Any:
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace


def plain(value: Any) -> Any:
    """A result of either namespace in NumPy's and Python's terms."""
    if isinstance(value, torch.Tensor):
        return value.detach().resolve_conj().numpy()
    if isinstance(value, type(strict.ones(1))):
        return np.asarray(value._array)
    if isinstance(value, torch.dtype):
        return str(value).replace("torch.", "")
    if isinstance(value, type(strict.int8)):
        return str(value._np_dtype)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def assert_alike(ours: Any, theirs: Any, signs: bool = True) -> None:
    if isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            assert_alike(a, b, signs)
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        single = theirs.dtype in (np.float32, np.complex64)
        tolerance = (2e-4, 1e-4) if single else (1e-9, 1e-9)
        np.testing.assert_allclose(ours, theirs, *tolerance)
        if theirs.dtype.kind == "f" and signs:
            zero = (ours == 0) & (theirs == 0)
            np.testing.assert_array_equal(np.signbit(ours[zero]), np.signbit(theirs[zero]), "signs of zeros")
    else:
        assert ours == theirs


# Results that are unique only up to signs, and those whose values are open: what is compared instead.
def rebuilt_eigh(x: Any) -> list:
    w, v = plain(x)
    return [w, v.shape, (v * w[..., None, :]) @ np.conj(np.swapaxes(v, -1, -2))]


def rebuilt_svd(x: Any) -> list:
    u, s, vh = plain(x)
    k = s.shape[-1]
    return [u.shape, s, vh.shape, (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]]


COMPARED = {
    "linalg.eigh": rebuilt_eigh,
    "linalg.svd": rebuilt_svd,
    "linalg.qr": lambda x: [plain(x[0]).shape, plain(x[1]).shape, plain(x[0]) @ plain(x[1])],
    "empty": lambda x: [plain(x).shape, str(plain(x).dtype)],
    "empty_like": lambda x: [plain(x).shape, str(plain(x).dtype)],
    "finfo": lambda x: [plain(v) if isinstance(v, (int, str)) else float(v) for v in (x.bits, x.eps, x.max, x.min, x.smallest_normal)] + [plain(x.dtype)],
    "iinfo": lambda x: [x.bits, x.max, x.min, plain(x.dtype)],
}  # fmt: skip

# Where signs of zeros are open: sums that cancel.
UNSIGNED_ZEROS = ("linalg.", "fft.", "matmul", "tensordot", "vecdot", "sum", "mean", "std", "var", "cumulative_sum", "linspace",
                  "arange", "round", "diff", "maximum", "minimum", "max", "min", "sort", "unique", "prod", "clip")  # fmt: skip


def comparable(name: str, result: Any) -> Any:
    value = COMPARED.get(name, plain)(result)
    if not name.startswith(UNSIGNED_ZEROS):
        return value
    values = value if isinstance(value, list) else [value]
    return [np.asarray(v + 0) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for v in values]


@pytest.mark.parametrize("name", FUNCTIONS)
@examples(1 / 100)
@given(data=st.data())
def test_function(name: str, data: Any) -> None:
    args, kwargs = CASES[name](Draw(data))
    note(f"{name}{args}{kwargs}")
    with np.errstate(all="ignore"):
        theirs = find(strict, name)(*arguments_in(strict, args), **arguments_in(strict, kwargs))
    ours = find(xp, name)(*arguments_in(xp, args), **arguments_in(xp, kwargs))
    assert_alike(comparable(name, ours), comparable(name, theirs))


def test_all_of_the_standard_is_there() -> None:
    assert set(CASES) == set(FUNCTIONS)
    missing = [name for name in STANDARD if not hasattr(xp, name)]
    assert set(missing) <= {"uint16", "uint32", "uint64"} | set(deviations())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name: str) -> None:
    """Arguments have the names, kinds, order and defaults of array-api-strict's."""
    ours, theirs = (inspect.signature(find(space, name)).parameters for space in (xp, strict))
    for theirs_one in theirs.values():
        if "Undef" in repr(theirs_one.default):
            theirs_one = theirs_one.replace(default=None)
        if theirs_one.kind is theirs_one.VAR_POSITIONAL:
            assert any(p.kind is p.VAR_POSITIONAL for p in ours.values())
            continue
        if theirs_one.kind is theirs_one.POSITIONAL_ONLY:  # names are free
            assert list(ours.values())[list(theirs).index(theirs_one.name)].kind is not theirs_one.KEYWORD_ONLY
            continue
        one = ours[theirs_one.name]
        assert one.kind in (theirs_one.kind, one.POSITIONAL_OR_KEYWORD), one
        assert one.default == theirs_one.default or theirs_one.default is inspect.Parameter.empty, one


def test_constants() -> None:
    assert (xp.e, xp.pi, xp.inf, xp.newaxis) == (math.e, math.pi, math.inf, None) and math.isnan(xp.nan)
    assert xp.__array_api_version__ == "2024.12"


def test_info() -> None:
    ours, theirs = xp.__array_namespace_info__(), strict.__array_namespace_info__()
    assert ours.capabilities().keys() == theirs.capabilities().keys()
    assert ours.default_device() in ours.devices() and ours.default_device() == torch.ones(1).device
    defaults = ours.default_dtypes()
    assert defaults.keys() == theirs.default_dtypes().keys()
    assert defaults["real floating"] == xp.asarray(1.0).dtype
    assert defaults["complex floating"] == xp.asarray(1j).dtype
    assert defaults["integral"] == xp.asarray(1).dtype == xp.arange(3).dtype
    assert defaults["indexing"] == xp.argmax(xp.ones(3)).dtype == xp.nonzero(xp.ones(3))[0].dtype
    for kind in (
        None,
        "bool",
        "signed integer",
        "unsigned integer",
        "integral",
        "real floating",
        "complex floating",
        "numeric",
    ):
        expected = {name for name in theirs.dtypes(kind=kind) if name in ALL}
        assert set(ours.dtypes(kind=kind)) == expected
        assert all(plain(dtype) == name for name, dtype in ours.dtypes(kind=kind).items())


def test_versions() -> None:
    assert torch.ones(1).__array_namespace__() is xp
    assert torch.nn.Parameter(torch.ones(1)).__array_namespace__(api_version="2023.12") is xp
    with pytest.raises(ValueError, match="1999.12"):
        torch.ones(1).__array_namespace__(api_version="1999.12")


def test_functions_are_differentiable() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64, requires_grad=True)

    def value(x: Any) -> Any:
        parts = xp.concat([xp.cumulative_sum(x, axis=1, include_initial=True), xp.linalg.inv(x)], axis=1)
        return xp.sum(xp.pow(xp.take(parts, xp.asarray([0, 1, 3, 4]), axis=1), 2) * xp.vecdot(x, x)[:, None])

    assert torch.autograd.gradcheck(value, x)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("xp.nonzero(xp.asarray(1))", ValueError),
        ("xp.squeeze(xp.ones((2, 1)), axis=0)", ValueError),
        ("xp.squeeze(xp.ones((2, 1)), axis=3)", IndexError),
        ("xp.expand_dims(xp.ones(2), axis=3)", IndexError),
        ("xp.reshape(xp.ones((2, 3)).mT, (6,), copy=False)", ValueError),
        ("xp.isdtype(xp.int8, 'real')", ValueError),
        ("xp.isdtype(xp.int8, 3)", TypeError),
        ("xp.astype(xp.ones(2, dtype=xp.complex64), xp.float32)", TypeError),
        ("xp.cumulative_sum(xp.ones((2, 2)))", ValueError),
        ("xp.take(xp.ones((2, 2)), xp.asarray([0]))", ValueError),
        ("xp.add(1, 2)", TypeError),
        ("xp.concat([xp.ones(2), xp.ones((2, 2))])", ValueError),
        ("xp.result_type(1, 2.0)", ValueError),
        ("xp.ones(2).to_device('cpu', stream=1)", NotImplementedError),
    ],
)
def test_errors(code: str, error: type) -> None:
    with pytest.raises(error):
        eval(code)
