"""Arguments for every function of the array API standard, drawn by hypothesis, as NumPy arrays and plain values.

``CASES[name]`` takes a :class:`Draw` and gives the arguments of one call: ``call(array, axis=1)``. Either namespace gets
them through :func:`arguments_in`. What the standard leaves open (integer division by zero, order of NaN, singular
matrices) is not drawn.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

import array_api_strict as strict
import numpy as np
import torch
from hypothesis import strategies as st

strict.set_array_api_strict_flags(api_version="2024.12")

SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = [name for name in ("uint8", "uint16", "uint32", "uint64") if hasattr(torch, name)]
REAL = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]
INTEGRAL = SIGNED + UNSIGNED
FLOATING = REAL + COMPLEX
NUMERIC = INTEGRAL + FLOATING
ORDERED = INTEGRAL + REAL
ALL = ["bool", *NUMERIC]
# Sums of unsigned integers need 64 bits.
SUMMED = [name for name in NUMERIC if "uint64" in UNSIGNED or name not in UNSIGNED]

Call = tuple  # (positional, by name)


def call(*args: Any, **kwargs: Any) -> Call:
    return args, kwargs


class Draw:
    """Drawing of values; arrays come from a seeded generator of NumPy, which is far quicker than element by element."""

    def __init__(self, data: Any) -> None:
        self.draw = data.draw

    def one(self, items: Any) -> Any:
        return self.draw(st.sampled_from(list(items)))

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def flag(self) -> bool:
        return self.draw(st.booleans())

    def shape(self, low: int = 0, high: int = 3, least: int = 0, most: int = 4) -> tuple:
        return tuple(self.draw(st.lists(st.integers(least, most), min_size=low, max_size=high)))

    def array(
        self, dtypes: Any, shape: Any = None, *, special: bool = True, low: int = -5, high: int = 5
    ) -> np.ndarray:
        dtype = np.dtype(self.one(dtypes) if isinstance(dtypes, list) else dtypes)
        shape = self.shape() if shape is None else shape
        rng = np.random.default_rng(self.integer(0, 2**32 - 1))
        if dtype.kind == "b":
            return np.asarray(rng.random(shape) < 0.5)
        if dtype.kind in "iu":
            low = max(low, 0) if dtype.kind == "u" else low
            return np.asarray(rng.integers(low, high, shape, endpoint=True)).astype(dtype)
        values = np.asarray(rng.integers(low * 8, high * 8, shape, endpoint=True) / 8)
        if dtype.kind == "c":
            return np.asarray(values + 1j * rng.permuted(values.ravel()).reshape(shape)).astype(dtype)
        if special and low < 0 and self.flag():
            odd = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape)
            values = np.where(rng.random(shape) < 0.3, odd, values)
        return np.asarray(values.astype(dtype))

    def axis(self, ndim: int) -> int:
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> Any:
        """None, an int or a tuple of several."""
        choice = self.integer(0, 2) if ndim else 0
        if choice == 0:
            return None
        if choice == 1:
            return self.axis(ndim)
        some = self.draw(st.lists(st.integers(0, ndim - 1), unique=True, min_size=0, max_size=ndim))
        return tuple(axis - ndim if self.flag() else axis for axis in some)

    def matrix(self, dtypes: Any, square: bool = True, regular: bool = False) -> np.ndarray:
        rows = self.integer(1, 4)
        shape = (*self.shape(0, 1), rows, rows if square else self.integer(1, 4))
        x = self.array(dtypes, shape, special=False)
        return x + np.eye(rows, dtype=x.dtype) * 20 if regular else x

    def hermitian(self, dtypes: Any, positive: bool = False) -> np.ndarray:
        x = self.matrix(dtypes)
        x = (x + np.conj(np.swapaxes(x, -1, -2))) / np.array(2, x.dtype)
        return x + np.eye(x.shape[-1], dtype=x.dtype) * (30 if positive else 0)


def arguments_in(xp: Any, value: Any) -> Any:
    """The drawn arguments as arrays and dtypes of a namespace."""
    if isinstance(value, np.ndarray):
        return xp.asarray(value)
    if isinstance(value, np.dtype):
        return getattr(xp, value.name)
    if isinstance(value, dict):
        return {name: arguments_in(xp, item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(arguments_in(xp, item) for item in value)
    return value


@functools.cache
def dtypes_of(name: str, operands: int) -> list:
    """The dtypes that the standard has a function for, by asking array-api-strict."""

    def takes(dtype: str) -> bool:
        try:
            getattr(strict, name)(*[strict.ones(1, dtype=getattr(strict, dtype))] * operands)
        except TypeError:
            return False
        return True

    return [dtype for dtype in ALL if takes(dtype)]


def unary(name: str) -> Callable[[Draw], Call]:
    return lambda d: call(d.array(dtypes_of(name, 1)))


# Second operands for which the standard says what comes out.
SECOND = {
    "floor_divide": dict(low=1, high=5),
    "remainder": dict(low=1, high=5),
    "pow": dict(low=0, high=3),
    "bitwise_left_shift": dict(low=0, high=3),
    "bitwise_right_shift": dict(low=0, high=3),
}


def binary(name: str) -> Callable[[Draw], Call]:
    def draw(d: Draw) -> Call:
        dtypes = dtypes_of(name, 2)
        first = d.one(dtypes)
        related = [other for other in dtypes if promotable(first, other)]
        full = d.shape()
        shapes = [tuple(1 if d.integer(0, 4) == 0 else size for size in full)[d.integer(0, len(full)) :], full]
        if d.flag():
            shapes.reverse()
        second = SECOND.get(name, {})
        other = d.one(related)
        # infinite parts of complex numbers are treated as in torch
        special = first not in COMPLEX and other not in COMPLEX
        x = d.array(first, shapes[0], low=second.get("low", -5) if name == "pow" else -5, special=special)
        if d.integer(0, 3):
            return call(x, d.array(other, shapes[1], **second, special=special))
        kinds = {"b": [True, False], "u": [1, 2], "i": [1, 2], "f": [1, 0.5], "c": [2, 0.5, 1 + 2j]}[x.dtype.kind]
        if name in ("copysign", "atan2", "hypot", "logaddexp", "nextafter", "floor_divide", "remainder"):
            kinds = [k for k in kinds if not isinstance(k, complex)]
        number = d.one(kinds)
        return call(number, x) if d.flag() and name not in SECOND else call(x, number)

    return draw


@functools.cache
def promotable(*dtypes: str) -> bool:
    try:
        strict.result_type(*(getattr(strict, dtype) for dtype in dtypes))
    except TypeError:
        return False
    return True


def reduction(dtypes: list, *, empty: bool = True, **options: Callable[[Draw], Any]) -> Callable[[Draw], Call]:
    def draw(d: Draw) -> Call:
        x = d.array(dtypes, d.shape(least=0 if empty else 1))
        extra = {name: option(d) for name, option in options.items()}
        return call(x, axis=d.axes(x.ndim), keepdims=d.flag(), **extra)

    return draw


def wider(d: Draw) -> Any:
    return d.one([None, np.dtype("float64")])


def along(dtypes: list, *, least_dims: int = 1, **options: Callable[[Draw], Any]) -> Callable[[Draw], Call]:
    """One array and one axis."""

    def draw(d: Draw) -> Call:
        x = d.array(dtypes, d.shape(least_dims, 3), special=False)
        return call(x, axis=d.axis(x.ndim), **{name: option(d) for name, option in options.items()})

    return draw


def position(dtypes: list) -> Callable[[Draw], Call]:
    def draw(d: Draw) -> Call:
        x = d.array(dtypes, d.shape(0, 3, least=1), special=False)
        axis = None if x.ndim == 0 or d.flag() else d.axis(x.ndim)
        return call(x, axis=axis, keepdims=d.flag())

    return draw


def of_dtype(d: Draw) -> Any:
    return np.dtype(d.one(ALL)) if d.flag() else None


def several(d: Draw, dtypes: list, same: bool) -> list:
    """Arrays of one number of dimensions, of promotable dtypes."""
    first = d.one(dtypes)
    shape = d.shape(1, 3)
    names = [first] + [d.one([t for t in dtypes if promotable(first, t)]) for _ in range(d.integer(0, 2))]
    if not promotable(*names):
        names = [first] * len(names)
    return [d.array(name, shape, special=False) for name in names]


def concat(d: Draw) -> Call:
    arrays = several(d, ALL, False)
    ndim = arrays[0].ndim
    axis = d.one([None, *range(-ndim, ndim)])
    if axis is not None and d.flag():
        arrays[0] = np.concatenate([arrays[0], arrays[0]], axis)
    return call(arrays, axis=axis)


def stack(d: Draw) -> Call:
    arrays = several(d, ALL, True)
    return call(arrays, axis=d.integer(-arrays[0].ndim - 1, arrays[0].ndim))


def reshaped(d: Draw) -> Call:
    x = d.array(ALL, d.shape())
    factors = list(x.shape)
    shape = d.draw(st.permutations(factors)) + [1] * d.integer(0, 1)
    if x.size and shape and d.flag():
        shape[d.integer(0, len(shape) - 1)] = -1
    return call(x, tuple(shape), copy=d.one([None, True]))


def squeezed(d: Draw) -> Call:
    x = d.array(ALL, d.shape(most=2))
    ones = [axis for axis, size in enumerate(x.shape) if size == 1]
    if not ones:
        return call(x, ())
    return call(x, d.one(ones) if d.flag() else tuple(ones))


def taken(d: Draw) -> Call:
    x = d.array(ALL, d.shape(1, 3, least=1))
    axis = d.axis(x.ndim)
    return call(x, d.array(["int64", "int32"], (d.integer(0, 4),), low=0, high=x.shape[axis] - 1), axis=axis)


def taken_along(d: Draw) -> Call:
    x = d.array(ALL, d.shape(1, 3, least=1))
    axis = d.axis(x.ndim)
    shape = list(x.shape)
    shape[axis] = d.integer(0, 4)
    size = x.shape[axis]
    return call(x, d.array(["int64", "int32"], tuple(shape), low=-size, high=size - 1), axis=axis)


def sorted_search(d: Draw) -> Call:
    dtype = d.one(ORDERED)
    x = d.array(dtype, (d.integer(0, 8),), special=False)
    sorter = np.argsort(x, kind="stable") if d.flag() else None
    return call(
        x if sorter is not None else np.sort(x),
        d.array(dtype, special=False),
        side=d.one(["left", "right"]),
        sorter=sorter,
    )


def clipped(d: Draw) -> Call:
    x = d.array(ORDERED, special=False)
    bounds = [
        d.array(str(x.dtype), x.shape if d.flag() else (), special=False, **limits)
        for limits in (dict(high=0), dict(low=1))
    ]
    bounds = [bound if d.flag() else int(bound.flat[0]) if bound.size else None for bound in bounds]
    return call(x, *(None if d.integer(0, 3) == 0 else bound for bound in bounds))


def chosen(d: Draw) -> Call:
    shape = d.shape()
    first = d.one(ALL)
    x1 = d.array(first, shape)
    x2 = d.array(d.one([t for t in ALL if promotable(first, t)]), shape if d.flag() else ())
    return call(d.array("bool", shape if d.flag() else ()), x1, x2)


def ranged(d: Draw) -> Call:
    start, stop = d.integer(-5, 10), d.integer(-5, 10)
    step = d.one([-3, -1, 1, 2])
    dtype = d.one([None, np.dtype("int32"), np.dtype("float32"), np.dtype("float64")])
    if d.flag():
        return call(start, stop, step, dtype=dtype)
    return (
        call(start + 0.5, stop, step * 0.5, dtype=d.one([None, np.dtype("float64")]))
        if d.flag()
        else call(start, dtype=dtype)
    )


def nested(d: Draw) -> Call:
    x = d.array(["bool", "int64", "float64", "complex128"])
    if d.flag():
        return call(d.array(ALL), copy=d.one([None, True]))
    return call(x.tolist(), dtype=np.dtype(x.dtype) if d.flag() or not x.size else None)


def cast(d: Draw) -> Call:
    x = d.array(ALL, special=False, low=0)
    to = [t for t in ALL if x.dtype.kind != "c" or t in COMPLEX]
    return call(x, np.dtype(d.one(to)), copy=d.flag())


def diffed(d: Draw) -> Call:
    x = d.array(NUMERIC, d.shape(1, 3, least=1), special=False)
    axis = d.axis(x.ndim)
    ends = [d.array(str(x.dtype), x.shape, special=False) if d.flag() else None for _ in range(2)]
    return call(x, axis=axis, n=d.integer(1, 2), prepend=ends[0], append=ends[1])


def cumulative(d: Draw) -> Call:
    x = d.array(SUMMED, d.shape(1, 3), special=False, low=-3, high=3)
    axis = None if x.ndim == 1 and d.flag() else d.axis(x.ndim)
    dtype = d.one([None, np.dtype("complex128" if x.dtype.kind == "c" else "float64")])
    return call(x, axis=axis, dtype=dtype, include_initial=d.flag())


def product(d: Draw) -> Call:
    first = d.one(NUMERIC)
    second = d.one([t for t in NUMERIC if promotable(first, t)])
    m, k, n = (d.integer(0, 4) for _ in range(3))
    batch = d.shape(0, 1)
    left = d.one([(k,), (m, k), (*batch, m, k)])
    right = d.one([(k,), (k, n), (*batch, k, n)])
    return call(d.array(first, left, special=False), d.array(second, right, special=False))


def contracted(d: Draw) -> Call:
    first = d.one(NUMERIC)
    second = d.one([t for t in NUMERIC if promotable(first, t)])
    common = d.shape(0, 2)
    before, after = d.shape(0, 1), d.shape(0, 1)
    x, y = d.array(first, before + common, special=False), d.array(second, common + after, special=False)
    pairs = (tuple(range(len(before), x.ndim)), tuple(range(len(common))))
    return call(x, y, axes=len(common) if d.flag() else pairs)


def dotted(d: Draw) -> Call:
    first = d.one(NUMERIC)
    second = d.one([t for t in NUMERIC if promotable(first, t)])
    shape = d.shape(1, 3)
    return call(
        d.array(first, shape, special=False), d.array(second, shape, special=False), axis=d.integer(-len(shape), -1)
    )


def crossed(d: Draw) -> Call:
    shape = list(d.shape(1, 3))
    axis = d.integer(-len(shape), -1)
    shape[axis] = 3
    dtype = d.one(NUMERIC)
    return call(*(d.array(dtype, tuple(shape), special=False) for _ in range(2)), axis=axis)


def solved(d: Draw) -> Call:
    x = d.matrix(FLOATING, regular=True)
    n = x.shape[-1]
    shape = (n,) if d.flag() else (*x.shape[:-2], n, d.integer(1, 3))
    return call(x, d.array(str(x.dtype), shape, special=False))


def normed(d: Draw) -> Call:
    x = d.array(FLOATING, d.shape(least=1), special=False)
    return call(
        x, axis=d.axes(x.ndim) if x.ndim else None, keepdims=d.flag(), ord=d.one([0, 1, 2, 3.5, np.inf, -np.inf, -1])
    )


def padded(d: Draw, axes: Any) -> Any:
    return None if axes is None or d.flag() else tuple(d.integer(1, 5) for _ in axes)


def transformed(dtypes: list) -> Callable[[Draw], Call]:
    def draw(d: Draw) -> Call:
        x = d.array(dtypes, d.shape(1, 3, least=2), special=False)
        return call(x, n=d.one([None, 2, 3, 5]), axis=d.axis(x.ndim), norm=d.one(["backward", "ortho", "forward"]))

    return draw


def transformed_n(dtypes: list) -> Callable[[Draw], Call]:
    def draw(d: Draw) -> Call:
        x = d.array(dtypes, d.shape(1, 3, least=2), special=False)
        axes = d.one([None, tuple(range(-x.ndim, 0)), (d.axis(x.ndim),)])
        return call(x, s=padded(d, axes), axes=axes, norm=d.one(["backward", "ortho", "forward"]))

    return draw


def shifted(d: Draw) -> Call:
    x = d.array(FLOATING, d.shape(1, 3), special=False)
    return call(x, axes=d.one([None, d.axis(x.ndim), tuple(range(x.ndim))]))


def rolled(d: Draw) -> Call:
    x = d.array(ALL, d.shape(1, 3))
    axis = d.one([None, d.axis(x.ndim), tuple(range(x.ndim))])
    shift = tuple(d.integer(-5, 5) for _ in axis) if isinstance(axis, tuple) else d.integer(-5, 5)
    return call(x, shift, axis=axis)


def moved(d: Draw) -> Call:
    x = d.array(ALL, d.shape(1, 3))
    if d.flag():
        return call(x, d.axis(x.ndim), d.axis(x.ndim))
    return call(x, tuple(d.draw(st.permutations(range(x.ndim)))), tuple(range(x.ndim)))


def repeated(d: Draw) -> Call:
    x = d.array(ALL, d.shape(1, 3))
    axis = d.one([None, d.axis(x.ndim)])
    size = x.size if axis is None else x.shape[axis]
    return call(x, d.integer(0, 3) if d.flag() else d.array("int64", (size,), low=0, high=3), axis=axis)


def shape_and_dtype(d: Draw) -> Call:
    return call(d.shape() if d.flag() else d.integer(0, 4), dtype=of_dtype(d))


def like(d: Draw) -> Call:
    return call(d.array(ALL), dtype=of_dtype(d))


def filled(d: Draw) -> Call:
    value = d.one([True, 3, 2.5, 1 + 2j])
    return call(d.shape(), value, dtype=None if d.flag() else np.asarray(value).dtype)


def filled_like(d: Draw) -> Call:
    x = d.array(ALL)
    return call(x, {"b": True, "c": 1 + 2j, "f": 2.5}.get(x.dtype.kind, 3))


def spaced(d: Draw) -> Call:
    start, stop = d.one([(-1.5, 3), (2, -2.0), (0, 10), (1 + 1j, 3 - 2j)])
    dtype = None if d.flag() else np.dtype("complex128" if isinstance(start, complex) else "float64")
    return call(start, stop, d.integer(0, 7), dtype=dtype, endpoint=d.flag())


def grid(d: Draw) -> Call:
    dtype = d.one(ALL)
    arrays = [d.array(dtype, (d.integer(0, 4),)) for _ in range(d.integer(0, 3))]
    return call(*arrays, indexing=d.one(["xy", "ij"]))


def kinds(d: Draw) -> Call:
    names = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]
    kind = d.one([*names, np.dtype("float32"), ("bool", np.dtype("int8")), tuple(names[:2])])
    return call(np.dtype(d.one(ALL)), kind)


def operands(d: Draw) -> Call:
    first = d.one(ALL)
    second = d.one([t for t in ALL if promotable(first, t)])
    return call(d.array(first) if d.flag() else np.dtype(first), d.array(second) if d.flag() else np.dtype(second))


def broadcastable(d: Draw) -> Call:
    shape = d.shape()
    return call(d.array(ALL, shape), d.array(ALL, shape[d.integer(0, len(shape)) :]))


def corrected(d: Draw) -> float:
    return d.one([0, 0.5, 1])


def flagged(d: Draw) -> bool:
    return d.flag()


UNARY = """abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan
log log10 log1p log2 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan tanh
trunc""".split()
BINARY = """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal
floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum minimum
multiply nextafter not_equal pow remainder subtract""".split()

CASES: dict = {name: unary(name) for name in UNARY}
CASES |= {name: binary(name) for name in BINARY}
CASES |= {
    "all": reduction(ALL),
    "any": reduction(ALL),
    "count_nonzero": reduction(ALL),
    "max": reduction(ORDERED, empty=False),
    "min": reduction(ORDERED, empty=False),
    "mean": reduction(REAL, empty=False),
    "prod": reduction(SUMMED),
    "sum": reduction(SUMMED),
    "std": reduction(REAL, empty=False, correction=corrected),
    "var": reduction(REAL, empty=False, correction=corrected),
    "argmax": position(ORDERED),
    "argmin": position(ORDERED),
    "sort": along(ORDERED, descending=flagged),
    "argsort": along(ORDERED, descending=flagged),
    "nonzero": lambda d: call(d.array(ALL, d.shape(1, 3))),
    "searchsorted": sorted_search,
    "where": chosen,
    "clip": clipped,
    "cumulative_sum": cumulative,
    "cumulative_prod": cumulative,
    "diff": diffed,
    "take": taken,
    "take_along_axis": taken_along,
    "concat": concat,
    "stack": stack,
    "unstack": along(ALL),
    "reshape": reshaped,
    "squeeze": squeezed,
    "expand_dims": lambda d: (lambda x: call(x, axis=d.integer(-x.ndim - 1, x.ndim)))(d.array(ALL)),
    "flip": lambda d: (lambda x: call(x, axis=d.axes(x.ndim)))(d.array(ALL)),
    "moveaxis": moved,
    "permute_dims": lambda d: (lambda x: call(x, tuple(d.draw(st.permutations(range(x.ndim))))))(d.array(ALL)),
    "repeat": repeated,
    "roll": rolled,
    "tile": lambda d: call(d.array(ALL), d.shape(0, 3, most=3)),
    "broadcast_arrays": broadcastable,
    "broadcast_to": lambda d: (lambda shape: call(d.array(ALL, shape[d.integer(0, len(shape)) :]), shape))(d.shape()),
    "unique_all": lambda d: call(d.array(ALL, special=False)),
    "unique_counts": lambda d: call(d.array(ALL, special=False)),
    "unique_inverse": lambda d: call(d.array(ALL, special=False)),
    "unique_values": lambda d: call(d.array(ALL, special=False)),
    "asarray": nested,
    "arange": ranged,
    "empty": shape_and_dtype,
    "empty_like": like,
    "eye": lambda d: call(d.integer(0, 4), d.one([None, 0, 3, 5]), k=d.integer(-5, 5), dtype=of_dtype(d)),
    "from_dlpack": lambda d: call(d.array([t for t in ALL if t != "bool"])),
    "full": filled,
    "full_like": filled_like,
    "linspace": spaced,
    "meshgrid": grid,
    "ones": shape_and_dtype,
    "ones_like": like,
    "tril": lambda d: call(d.array(ALL, d.shape(2, 3)), k=d.integer(-4, 4)),
    "triu": lambda d: call(d.array(ALL, d.shape(2, 3)), k=d.integer(-4, 4)),
    "zeros": shape_and_dtype,
    "zeros_like": like,
    "astype": cast,
    "can_cast": lambda d: call(d.one([np.dtype(d.one(ALL)), d.array(ALL)]), np.dtype(d.one(ALL))),
    "finfo": lambda d: call(d.one([np.dtype(d.one(FLOATING)), d.array(FLOATING)])),
    "iinfo": lambda d: call(d.one([np.dtype(d.one(INTEGRAL)), d.array(INTEGRAL)])),
    "isdtype": kinds,
    "result_type": operands,
    "matmul": product,
    "matrix_transpose": lambda d: call(d.array(ALL, d.shape(2, 3))),
    "tensordot": contracted,
    "vecdot": dotted,
}
CASES |= {f"linalg.{name}": CASES[name] for name in ("matmul", "matrix_transpose", "tensordot", "vecdot")}
CASES |= {
    "linalg.cholesky": lambda d: call(d.hermitian(FLOATING, positive=True), upper=d.flag()),
    "linalg.cross": crossed,
    "linalg.det": lambda d: call(d.matrix(FLOATING)),
    "linalg.diagonal": lambda d: call(d.array(ALL, d.shape(2, 3)), offset=d.integer(-3, 3)),
    "linalg.eigh": lambda d: call(d.hermitian(FLOATING)),
    "linalg.eigvalsh": lambda d: call(d.hermitian(FLOATING)),
    "linalg.inv": lambda d: call(d.matrix(FLOATING, regular=True)),
    "linalg.matrix_norm": lambda d: call(
        d.matrix(FLOATING, square=False), keepdims=d.flag(), ord=d.one(["fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf])
    ),
    "linalg.matrix_power": lambda d: call(d.matrix(FLOATING, regular=True), d.integer(-2, 3)),
    "linalg.matrix_rank": lambda d: call(d.matrix(FLOATING, square=False), rtol=d.one([None, 0.01])),
    "linalg.outer": lambda d: (lambda t: call(*(d.array(t, d.shape(1, 1), special=False) for _ in "ab")))(
        d.one(NUMERIC)
    ),
    "linalg.pinv": lambda d: call(d.matrix(["float64", "complex128"], square=False), rtol=d.one([None, 0.001])),
    "linalg.qr": lambda d: call(d.matrix(FLOATING, square=False), mode=d.one(["reduced", "complete"])),
    "linalg.slogdet": lambda d: call(d.matrix(FLOATING, regular=True)),
    "linalg.solve": solved,
    "linalg.svd": lambda d: call(d.matrix(FLOATING, square=False), full_matrices=d.flag()),
    "linalg.svdvals": lambda d: call(d.matrix(FLOATING, square=False)),
    "linalg.trace": lambda d: call(d.array(SUMMED, d.shape(2, 3), special=False), offset=d.integer(-3, 3)),
    "linalg.vector_norm": normed,
    "fft.fftfreq": lambda d: call(d.integer(1, 6), d=d.one([1.0, 0.5]), dtype=d.one([None, np.dtype("float64")])),
    "fft.rfftfreq": lambda d: call(d.integer(1, 6), d=d.one([1.0, 0.5]), dtype=d.one([None, np.dtype("float64")])),
    "fft.fftshift": shifted,
    "fft.ifftshift": shifted,
}
CASES |= {f"fft.{name}": transformed(COMPLEX) for name in ("fft", "ifft", "irfft", "hfft")}
CASES |= {f"fft.{name}": transformed(REAL) for name in ("rfft", "ihfft")}
CASES |= {f"fft.{name}": transformed_n(COMPLEX) for name in ("fftn", "ifftn", "irfftn")}
CASES |= {"fft.rfftn": transformed_n(REAL)}
