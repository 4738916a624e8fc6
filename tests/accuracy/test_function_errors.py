"""Functions of numbers against their exact values: at most the ulp that `functions.CASES` says."""

from __future__ import annotations

import math

import functions
import numpy as np
import pytest
import torch

DTYPES = (torch.float32, torch.float64)


def inputs_of(case: functions.Case, dtype: torch.dtype) -> list:
    """The points of the table, as tensors."""
    tuples = functions.arguments(case.regions, dtype, case.count)
    return [torch.tensor(column, dtype=dtype) for column in zip(*tuples)]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", functions.CASES)
def test_error(name: str, dtype: torch.dtype) -> None:
    case = functions.CASES[name]
    error, where = functions.worst(case, dtype)
    limit = case.limits[DTYPES.index(dtype)]
    assert error <= limit, f"{error:.3g} ulp at {where}, more than {limit}"


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", functions.CASES)
def test_a_value_does_not_depend_on_its_place(name: str, dtype: torch.dtype) -> None:
    """Alone, in the rest that fills no register, strided, or in the middle of many: the same bits."""
    function, values = functions.CASES[name].function, inputs_of(functions.CASES[name], dtype)
    many = function(*values)
    short = [v[:5] for v in values]
    torch.testing.assert_close(function(*short), many[:5], rtol=0, atol=0, equal_nan=True)
    strided = [torch.stack([v, v], 1)[:, 1] for v in values]
    torch.testing.assert_close(function(*strided), many, rtol=0, atol=0, equal_nan=True)
    alone = torch.stack([function(*(v[k] for v in values)) for k in range(0, len(many), len(many) // 7)])
    torch.testing.assert_close(alone, many[:: len(many) // 7], rtol=0, atol=0, equal_nan=True)


def half_values(dtype: torch.dtype) -> torch.Tensor:
    """Every finite number of the dtype."""
    bits = torch.from_numpy(np.arange(1 << 16, dtype=np.uint16).view(np.int16))
    every = bits.view(dtype)
    return every[torch.isfinite(every)]


SINGLE = [name for name, case in functions.CASES.items() if len(case.regions) == 1 and name != "multigammaln 2"]


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16), ids=str)
@pytest.mark.parametrize("name", SINGLE)
def test_half_types(name: str, dtype: torch.dtype) -> None:
    """For every number there is: within 0.51 ulp of what float64 gives."""
    case = functions.CASES[name]
    x = half_values(dtype)
    try:
        case.function(x[:1])
    except NotImplementedError:
        pytest.skip("takes no half types, as in PyTorch")
    found = case.function(x).double().numpy()
    exact = case.function(x.double()).numpy()
    digits, smallest, top = (11, -24, 16) if dtype == torch.float16 else (8, -133, 128)
    with np.errstate(invalid="ignore"):
        size = np.abs(exact)
        if case.envelope:
            size = np.maximum(size, [case.envelope(v, dtype) for v in x.tolist()])
        unit = np.exp2(np.maximum(np.floor(np.log2(np.maximum(size, 1e-300))) + 1 - digits, smallest))
        beyond = np.float64(2.0**top)  # infinity counts as the first power of two that the dtype lacks
        error = np.abs(np.clip(found, -beyond, beyond) - np.clip(exact, -beyond, beyond)) / unit
    assert np.array_equal(np.isnan(found), np.isnan(exact))
    error = error[~np.isnan(exact)]
    assert error.max() <= 0.51, f"{error.max():.3g} ulp at {x[~torch.isnan(case.function(x.double()))][error.argmax()]}"


def test_angles_of_any_size() -> None:
    """The angle is reduced by all of pi's digits: values from mpmath for 1e10, 1e22, 2^70 and the largest number."""
    x = torch.tensor([1e10, 1e22, 2.0**70, 1.7976931348623157e308], dtype=torch.float64)
    sin = [-0.4875060250875107, -0.8522008497671888, -0.9981794021933068, 0.004961954789184062]
    cos = [0.873119622676856, 0.523214785395139, 0.060314849224819785, -0.9999876894265599]
    tan = [-0.5583496378112418, -1.6287782256068988, -16.549480186424013, -0.004962015874444895]
    for function, values in ((torch.sin, sin), (torch.cos, cos), (torch.tan, tan)):
        torch.testing.assert_close(function(x), torch.tensor(values, dtype=torch.float64), rtol=3e-16, atol=0)


def test_values_beyond() -> None:
    inf, nan = math.inf, math.nan
    x = torch.tensor([0.0, -1.0, inf, nan], dtype=torch.float64)
    special = torch.special
    expected = {
        special.modified_bessel_k0: [inf, nan, 0.0, nan],
        special.modified_bessel_k1: [inf, nan, 0.0, nan],
        special.bessel_y0: [-inf, nan, 0.0, nan],
        special.i0e: [1.0, special.i0e(torch.tensor(1.0, dtype=torch.float64)).item(), 0.0, nan],
        special.log_ndtr: [math.log(0.5), special.log_ndtr(torch.tensor(-1.0, dtype=torch.float64)).item(), 0.0, nan],
        special.ndtri: [-inf, nan, nan, nan],
        special.entr: [0.0, -inf, -inf, nan],
        torch.sigmoid: [0.5, 1 / (1 + math.e), 1.0, nan],
        torch.asinh: [0.0, math.asinh(-1), inf, nan],
        torch.acosh: [nan, nan, inf, nan],
        torch.logit: [-inf, nan, nan, nan],
    }
    for function, values in expected.items():
        torch.testing.assert_close(
            function(x), torch.tensor(values, dtype=torch.float64), equal_nan=True, rtol=1e-15, atol=0.0
        )
    for dtype in DTYPES:  # from below, too
        low = torch.tensor([-inf], dtype=dtype)
        assert torch.asinh(low).item() == -inf and torch.sigmoid(low).item() == 0
        assert torch.nn.functional.softplus(low).item() == 0


def test_degree_without_end() -> None:
    """A polynomial of a huge degree ends in infinity or in its closed form, not in a loop."""
    x = torch.tensor([0.3, 1.0, 2.0], dtype=torch.float64)
    found = torch.special.chebyshev_polynomial_t(x, 1e15)
    assert abs(found[0].item()) <= 1 and found[1].item() == 1 and not math.isfinite(found[2].item())
