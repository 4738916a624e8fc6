"""Comparing tensors in tests: :func:`assert_close`, and :func:`make_tensor` for inputs."""

from __future__ import annotations

import cmath
import math
import numbers
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

import torch
from torch.testing._creation import make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

# (relative, absolute) tolerance of each dtype; all others must be equal
_TOLERANCES = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
    torch.complex64: (1.3e-6, 1e-5),
    torch.complex128: (1e-7, 1e-7),
}
# by Python's kinds of numbers, to which NumPy's scalars belong too
_NUMBER_DTYPES = {
    bool: torch.bool,
    numbers.Integral: torch.int64,
    numbers.Real: torch.float64,
    numbers.Complex: torch.complex128,
}


@dataclass
class _Options:
    allow_subclasses: bool
    rtol: Optional[float]
    atol: Optional[float]
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool

    def tolerances(self, *dtypes: torch.dtype) -> tuple[float, float]:
        """What the caller gave, else the larger of the defaults of the dtypes."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        defaults = [_TOLERANCES.get(dtype, (0.0, 0.0)) for dtype in dtypes]
        return max(rtol for rtol, _ in defaults), max(atol for _, atol in defaults)


class _Mismatch(AssertionError):
    """A difference, and where in nested containers it was found."""

    def __init__(self, text: str, path: tuple[Any, ...]) -> None:
        place = "".join(f"[{part!r}]" for part in path)
        super().__init__(text + f"\n\nThe failure occurred for item {place}" if path else text)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: Optional[float] = None,
    atol: Optional[float] = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Optional[Union[str, Callable[[str], str]]] = None,
) -> None:
    r"""Raises an AssertionError unless ``actual`` and ``expected`` are close:
    :math:`|actual - expected| \le atol + rtol \cdot |expected|` for each element.

    Takes tensors, what :func:`torch.as_tensor` makes tensors of (NumPy arrays), Python numbers, None, and sequences and
    mappings of these.

    Args:
        actual: what was computed.
        expected: what it should be.
        allow_subclasses: whether values of different, related classes (``Parameter`` and ``Tensor``) are compared.
        rtol: relative tolerance. Without ``rtol`` and ``atol`` the dtypes decide: float16 1e-3 and 1e-5, bfloat16
            1.6e-2 and 1e-5, float32 1.3e-6 and 1e-5, float64 1e-7 and 1e-7, complex as their parts, all others 0.
        atol: absolute tolerance; given together with ``rtol`` or not at all.
        equal_nan: whether two NaNs are equal.
        check_device: whether devices must be the same; otherwise tensors are compared on the CPU.
        check_dtype: whether dtypes must be the same; otherwise tensors are promoted.
        check_layout: whether layouts must be the same.
        check_stride: whether strides must be the same.
        msg: text of the error instead of the generated one, or a function of that.

    Raises:
        AssertionError: they are not close; the text tells how many elements differ and where they differ most.
        ValueError: only one of ``rtol`` and ``atol`` is given, or one is negative.
        TypeError: values of these types cannot be compared.
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    if rtol is not None and atol is not None and not (rtol >= 0 and atol >= 0):
        raise ValueError(f"assert_close: rtol and atol must not be negative, got {rtol} and {atol}")
    options = _Options(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride)
    try:
        _compare(actual, expected, options, ())
    except _Mismatch as mismatch:
        text = str(mismatch)
    else:
        return
    raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg)


def assert_allclose(
    actual: Any, expected: Any, rtol: Any = None, atol: Any = None, equal_nan: bool = True, msg: str = ""
) -> None:
    """The older form of :func:`assert_close`: NaNs are equal, dtypes and devices may differ."""
    if not isinstance(actual, torch.Tensor):
        actual = torch.tensor(actual)
    if not isinstance(expected, torch.Tensor):
        expected = torch.tensor(expected, dtype=actual.dtype)
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=False,
        check_dtype=False,
        msg=msg or None,
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _compare(actual: Any, expected: Any, options: _Options, path: tuple[Any, ...]) -> None:
    if _is_list(actual) and _is_list(expected):
        if len(actual) != len(expected):
            raise _Mismatch(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
        for i, (a, e) in enumerate(zip(actual, expected)):
            _compare(a, e, options, (*path, i))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        _compare_mappings(actual, expected, options, path)
    elif actual is None or expected is None:
        if actual is not expected:
            raise _Mismatch(f"None mismatch: {_shown(actual)} is not {_shown(expected)}", path)
    elif _is_bool(actual) and _is_bool(expected):
        if bool(actual) is not bool(expected):
            raise _Mismatch(f"Booleans mismatch: {bool(actual)} is not {bool(expected)}", path)
    elif isinstance(actual, numbers.Complex) and isinstance(expected, numbers.Complex):
        _compare_numbers(actual, expected, options, path)
    else:
        _compare_tensors(actual, expected, options, path)


def _shown(value: Any) -> str:
    return str(value.item()) if isinstance(value, torch.Tensor) and value.dim() == 0 else str(value)


def _is_bool(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return isinstance(value, bool) or (numpy is not None and isinstance(value, numpy.bool_))


def _compare_mappings(actual: Any, expected: Any, options: _Options, path: tuple[Any, ...]) -> None:
    if actual.keys() != expected.keys():
        missing = sorted(expected.keys() - actual.keys(), key=str)
        surplus = sorted(actual.keys() - expected.keys(), key=str)
        raise _Mismatch(
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {missing}\nAdditional keys in the actual mapping: {surplus}",
            path,
        )
    for key in expected:
        _compare(actual[key], expected[key], options, (*path, key))


# ---- numbers ----


def _number_dtype(value: Any) -> torch.dtype:
    return next(dtype for kind, dtype in _NUMBER_DTYPES.items() if isinstance(value, kind))


def _compare_numbers(actual: Any, expected: Any, options: _Options, path: tuple[Any, ...]) -> None:
    if options.check_dtype and type(actual) is not type(expected):
        raise _Mismatch(f"The (d)types do not match: {type(actual)} != {type(expected)}.", path)
    rtol, atol = options.tolerances(_number_dtype(actual), _number_dtype(expected))
    _check_scalar(actual, expected, rtol, atol, options.equal_nan, path)


def _check_scalar(actual: Any, expected: Any, rtol: float, atol: float, equal_nan: bool, path: tuple[Any, ...]) -> None:
    if actual == expected or (equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return
    difference = abs(actual - expected)
    if cmath.isfinite(actual) and cmath.isfinite(expected) and difference <= atol + rtol * abs(expected):
        return
    relative = difference / abs(expected) if expected != 0 else math.inf
    exact = rtol == 0 and atol == 0
    raise _Mismatch(
        f"Scalars are not {'equal' if exact else 'close'}!\n\nExpected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{'' if exact else f' (up to {atol} allowed)'}\n"
        f"Relative difference: {relative}{'' if exact else f' (up to {rtol} allowed)'}",
        path,
    )


# ---- tensors ----


def _as_tensor(value: Any) -> Optional[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return value
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return torch.as_tensor(value)
    return None


def _tensor_pair(actual: Any, expected: Any, options: _Options) -> tuple[torch.Tensor, torch.Tensor]:
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    same_kind = related if options.allow_subclasses else type(actual) is type(expected)
    tensors = (_as_tensor(actual), _as_tensor(expected))
    if not same_kind or tensors[0] is None or tensors[1] is None:
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    return tensors[0].detach(), tensors[1].detach()


def _compare_tensors(actual: Any, expected: Any, options: _Options, path: tuple[Any, ...]) -> None:
    a, e = _tensor_pair(actual, expected, options)

    def attribute(name: str, left: Any, right: Any) -> None:
        if left != right:
            raise _Mismatch(f"The values for attribute '{name}' do not match: {left} != {right}.", path)

    attribute("shape", a.shape, e.shape)
    if options.check_layout:
        attribute("layout", a.layout, e.layout)
    if options.check_device:
        attribute("device", a.device, e.device)
    if options.check_dtype:
        attribute("dtype", a.dtype, e.dtype)
    if options.check_stride:
        attribute("stride()", a.stride(), e.stride())
    rtol, atol = options.tolerances(a.dtype, e.dtype)
    if a.is_meta and e.is_meta:
        return
    if a.device != e.device:
        a, e = a.cpu(), e.cpu()
    if a.dtype != e.dtype:
        common = torch.promote_types(a.dtype, e.dtype)
        a, e = a.to(common), e.to(common)
    _check_values(a, e, rtol, atol, options.equal_nan, path)


def _check_values(
    a: torch.Tensor, e: torch.Tensor, rtol: float, atol: float, equal_nan: bool, path: tuple[Any, ...]
) -> None:
    close = torch.isclose(a, e, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if bool(close.all()):
        return
    if a.dim() == 0:
        _check_scalar(a.item(), e.item(), rtol, atol, equal_nan, path)
    exact = rtol == 0 and atol == 0
    wrong = close.numel() - int(close.sum())
    if not (a.dtype.is_floating_point or a.dtype.is_complex):
        a, e = a.to(torch.int64), e.to(torch.int64)  # differences of uint8 and bool need room
    difference = (a - e).abs()
    relative = difference / e.abs()
    # elements that are close do not count, whatever their relative difference
    difference = difference.masked_fill(close, 0)
    relative = relative.masked_fill(close, 0)

    def greatest(values: torch.Tensor, allowed: float) -> str:
        position = int(values.flatten().argmax())
        index = []
        for size in reversed(values.shape):
            index.append(position % size)
            position //= size
        place = tuple(reversed(index))
        return f"{values[place].item()} at index {place}{'' if exact else f' (up to {allowed} allowed)'}"

    raise _Mismatch(
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n\n"
        f"Mismatched elements: {wrong} / {close.numel()} ({wrong / close.numel():.1%})\n"
        f"Greatest absolute difference: {greatest(difference, atol)}\n"
        f"Greatest relative difference: {greatest(relative, rtol)}",
        path,
    )
