"""The vocabulary in which op records are written, and how a record becomes requests.

A record (:class:`Op`) holds samples; a sample (:class:`Sample`, made by :func:`S`) holds arguments in which
tensors are written as *specs* (:class:`T` and its short forms).  For each dtype and layout the specs become exact
tensors in the exchange format of :mod:`wire`, the same on both sides.

Layouts: ``contiguous``; ``transposed`` (memory in column-major order); ``sliced`` (every second element of a
larger tensor, starting at 1); ``expanded`` (stride 0 in the first dimension that has more than one element);
``mixed`` (the three by turns over the arguments); ``channels_last`` (samples with tensors of 4 or 5 dimensions).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional, Union

import numpy as np
import wire

FLOATS = ("float16", "bfloat16", "float32", "float64")
WIDE = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
INTS = ("uint8", "int8", "int16", "int32", "int64")
BOOL = ("bool",)
ALL = FLOATS + INTS + BOOL + COMPLEX
REAL = FLOATS + INTS + BOOL
NUMERIC = FLOATS + INTS
LAYOUTS = ("contiguous", "transposed", "sliced", "expanded", "mixed")
VIEW_LAYOUTS = ("contiguous", "transposed", "sliced", "expanded")


@dataclass(frozen=True)
class T:
    """A tensor to be made: its shape, and where its values come from.

    ``dtype`` None means the dtype under test.  Values are uniform in [low, high) (integers: in [low, high]),
    or ``distinct`` (a shuffled arithmetic sequence, for ops that choose among elements), or given by ``values``.
    ``grad`` says whether gradients are asked for it, ``layout`` whether the layouts apply to it.
    """

    shape: tuple
    dtype: Optional[str] = None
    low: float = -2.5
    high: float = 2.5
    distinct: bool = False
    nonzero: bool = False
    values: Any = None
    special: str = ""
    grad: bool = True
    layout: bool = True
    spd: bool = False

    def __init__(self, *shape: int, **facts: Any) -> None:
        object.__setattr__(self, "shape", shape)
        for name, value in facts.items():
            if name not in self.__dataclass_fields__:
                raise TypeError(f"T has no field {name!r}")
            object.__setattr__(self, name, value)


def with_shape(spec: T, shape: tuple) -> T:
    facts = {name: getattr(spec, name) for name in spec.__dataclass_fields__ if name != "shape"}
    return T(*shape, **facts)


def I(*shape: int, high: int, low: int = 0, **facts: Any) -> T:  # noqa: E743
    """An int64 tensor of indices in [low, high)."""
    return T(*shape, dtype="int64", low=low, high=high - 1, grad=False, **facts)


def B(*shape: int, **facts: Any) -> T:
    """A bool tensor."""
    return T(*shape, dtype="bool", grad=False, **facts)


def V(values: Any, dtype: Optional[str] = None, **facts: Any) -> T:
    """A tensor with these values."""
    return T(*np.shape(values), values=values, dtype=dtype, **facts)


def D(*shape: int, **facts: Any) -> T:
    """A tensor whose values are all different."""
    return T(*shape, distinct=True, **facts)


@dataclass(frozen=True)
class Dtype:
    """A ``torch.dtype`` argument by name."""

    name: str


@dataclass(frozen=True)
class Format:
    """A ``torch.memory_format`` argument by name."""

    name: str


@dataclass(frozen=True)
class Sample:
    args: tuple
    kwargs: Mapping[str, Any]
    layouts: Optional[tuple] = None  # None: those of the record
    only: Optional[tuple] = None  # dtypes for which it makes sense; None: all of the record's
    grad: bool = True
    second: bool = True  # whether gradgradcheck applies
    strides: bool = True  # False: the order of the result's memory is not part of the contract
    numeric: bool = True  # False: at a kink, where numeric differentiation says something else
    scale: float = 1.0  # factor on the tolerances

    def plain(self) -> Sample:
        """The same with the contiguous layout only."""
        return replace(self, layouts=("contiguous",))

    def for_(self, dtypes: Iterable[str]) -> Sample:
        return replace(self, only=tuple(dtypes))

    def without_grad(self) -> Sample:
        return replace(self, grad=False)

    def once(self) -> Sample:
        """Differentiable once only (or not smooth enough for a numeric second derivative)."""
        return replace(self, second=False)

    def any_order(self) -> Sample:
        """Whatever strides the result has."""
        return replace(self, strides=False)

    def rough(self) -> Sample:
        """At a kink or a tie: the gradient is the oracle's choice, not a limit of differences."""
        return replace(self, numeric=False)

    def __repr__(self) -> str:
        words = [show(arg) for arg in self.args] + [f"{key}={show(arg)}" for key, arg in self.kwargs.items()]
        return f"({', '.join(words)})"


def show(arg: Any) -> str:
    if isinstance(arg, T):
        return (
            f"T{list(arg.shape)}" + (f":{arg.dtype}" if arg.dtype else "") + (f":{arg.special}" if arg.special else "")
        )
    if isinstance(arg, (list, tuple)):
        return f"[{', '.join(show(item) for item in arg)}]"
    if isinstance(arg, (Dtype, Format)):
        return arg.name
    return repr(arg)


def S(*args: Any, **kwargs: Any) -> Sample:
    return Sample(args, kwargs)


@dataclass
class Op:
    """What the tests know about one op.

    name
        The op's base name in the table; also the function tested, found as ``torch.name``, ``F.name`` or
        ``Tensor.name`` unless ``call`` names it.
    samples
        Arguments that must work for every dtype of ``dtypes``.
    dtypes
        Dtypes in which the oracle has the op; in others ours must either raise or agree.
    errors
        Arguments that must raise the oracle's class and change nothing (``error_dtype`` is their dtype).
    strides
        Whether strides of the result are part of the contract (views and pointwise: yes).
    grad
        Dtypes whose gradients are compared with the oracle's; () for ops that have none.
    gradcheck, gradgradcheck
        Whether numeric differentiation applies in float64.
    covers
        More bases of the table that this record tests.
    tolerances
        Own (relative, absolute) tolerances by dtype.
    grad_tolerances
        The same for gradients, where the oracle's are less exact than its values.
    """

    name: str
    samples: list
    call: str = ""
    dtypes: tuple = FLOATS
    errors: list = field(default_factory=list)
    error_dtype: str = "float32"
    layouts: tuple = LAYOUTS
    strides: bool = False
    grad: tuple = ("float32", "float64")
    gradcheck: bool = True
    gradgradcheck: bool = True
    covers: tuple = ()
    tolerances: Mapping[str, tuple] = field(default_factory=dict)
    grad_tolerances: Mapping[str, tuple] = field(default_factory=dict)
    grad_scale: float = 10.0
    random: bool = False
    values: bool = True
    meta: bool = True
    inplace: bool = True
    out: bool = True
    family: str = ""
    variant: str = ""  # tells records of one op apart

    @property
    def key(self) -> str:
        return f"{self.name}.{self.variant}" if self.variant else self.name


def seed_of(*parts: Any) -> int:
    return zlib.crc32(repr(parts).encode())


# ------------------------------------------------------------------------------------------------ values
_FLOAT_SPECIALS = [
    float("nan"),
    float("inf"),
    -float("inf"),
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -3.0,
    1e-3,
    30.0,
    -30.0,
]
_LIMITS = {
    "float16": (65504.0, 6.104e-05),
    "bfloat16": (3.38e38, 1.18e-38),
    "float32": (3.4028235e38, 1.1754944e-38),
    "float64": (1.7976931348623157e308, 2.2250738585072014e-308),
}


def special_values(dtype: str, kind: str) -> np.ndarray:
    """The values at which ops of one family tend to go wrong.  ``kind`` "mild" leaves out the extremes."""
    if dtype in _LIMITS:
        big, tiny = _LIMITS[dtype]
        more = [] if kind == "mild" else [big, -big, tiny, -tiny, 100.0, -100.0, 1e4, -1e4]
        return np.array(_FLOAT_SPECIALS + more)
    if dtype in COMPLEX:
        return np.array([0, 1, -1, 1j, -1j, 0.5 + 0.5j, -2 + 1e-3j, 3 - 2j, -0.25 - 4j])
    if dtype == "bool":
        return np.array([False, True])
    info = np.iinfo(wire.NUMPY_DTYPES[dtype])
    if kind == "mild":
        return np.array([0, 1, 2, 3, 7] if info.min == 0 else [0, 1, -1, 2, -2, 7, -7])
    small = [0, 1, 2, 7, 100] if info.min == 0 else [0, 1, -1, 2, -7, 100, -100]
    return np.array([*small, info.min, info.max, info.max - 1], dtype=wire.NUMPY_DTYPES[dtype])


def values_of(spec: T, dtype: str, stream: np.random.RandomState) -> np.ndarray:
    if spec.values is not None:
        return np.asarray(spec.values)
    if spec.special:
        kind, _, axis = spec.special.partition("/")
        values = special_values(dtype, kind)
        return {"": values, "column": values.reshape(-1, 1), "row": values.reshape(1, -1)}[axis]
    shape, count = spec.shape, int(np.prod(spec.shape, dtype=np.int64))
    if spec.distinct:
        order = stream.permutation(count)
        if dtype == "bool":
            return (order % 2 == 0).reshape(shape)
        if dtype in INTS:
            low = 0 if dtype == "uint8" else -(count // 2)
            return (order + low).reshape(shape)
        values = (order - count / 2 + 0.25) * (6.0 / max(count, 6))
        if dtype in COMPLEX:
            values = values + 1j * stream.permutation(values)
        return values.reshape(shape)
    if dtype == "bool":
        return stream.randint(0, 2, size=shape).astype(bool)
    if dtype in INTS:
        low, high = (
            (-9, 9) if (spec.low, spec.high) == (-2.5, 2.5) else (int(np.ceil(spec.low)), int(np.floor(spec.high)))
        )
        if dtype == "uint8":
            low, high = max(low, 0), max(high, 0)
        values = stream.randint(low, max(high, low) + 1, size=shape)
        return np.where(values == 0, 1, values) if spec.nonzero else values
    values = stream.uniform(spec.low, spec.high, size=shape)
    if dtype in COMPLEX:
        values = values + 1j * stream.uniform(spec.low, spec.high, size=shape)
    if spec.nonzero:
        values = np.where(np.abs(values) < 0.2, values + np.where(values.real < 0, -0.5, 0.5), values)
    if spec.spd:
        values = values @ np.swapaxes(values.conj(), -1, -2) + np.eye(shape[-1])
    return values


# ------------------------------------------------------------------------------------------------ layouts
def lay_out(values: np.ndarray, dtype: str, layout: str, requires_grad: bool) -> tuple:
    """``values`` as an encoded tensor of ``dtype`` whose memory has ``layout``."""
    with np.errstate(all="ignore"):
        if dtype == "bfloat16":
            stored = wire.to_bfloat16_bits(np.asarray(values, dtype=np.float32)).reshape(np.shape(values))
        else:
            stored = np.asarray(values).astype(wire.NUMPY_DTYPES[dtype])
    sizes = stored.shape
    strides: tuple = wire.contiguous_strides(sizes)
    offset, memory = 0, np.ascontiguousarray(stored)
    if stored.size == 0 or stored.ndim == 0:
        if layout == "sliced" and stored.ndim == 0:
            memory, offset = np.repeat(stored.reshape(1), 3), 1
    elif layout == "transposed":
        memory = np.ascontiguousarray(stored.transpose())
        strides = tuple(reversed(wire.contiguous_strides(memory.shape)))
    elif layout == "channels_last" and stored.ndim in (4, 5):
        memory = np.ascontiguousarray(np.moveaxis(stored, 1, -1))
        n, *places, c = wire.contiguous_strides(memory.shape)
        strides = (n, c, *places)
    elif layout == "sliced":
        memory = np.repeat(np.zeros(1, stored.dtype), int(np.prod([2 * s + 1 for s in sizes])))
        memory = memory.reshape([2 * s + 1 for s in sizes])
        memory[tuple(slice(1, None, 2) for _ in sizes)] = stored
        outer = wire.contiguous_strides(memory.shape)
        strides, offset = tuple(2 * s for s in outer), sum(outer)
    elif layout == "expanded":
        dim = next((d for d, s in enumerate(sizes) if s > 1), None)
        if dim is not None:
            memory = np.ascontiguousarray(np.take(stored, [0], axis=dim))
            inner = wire.contiguous_strides(memory.shape)
            strides = tuple(0 if d == dim else s for d, s in enumerate(inner))
    return (
        "T",
        dtype,
        tuple(int(s) for s in sizes),
        tuple(int(s) for s in strides),
        int(offset),
        memory.tobytes(),
        requires_grad,
    )


_MIX = ("transposed", "contiguous", "sliced", "expanded")


class Builder:
    """Turns the arguments of one sample into encoded values for one dtype and layout."""

    def __init__(self, dtype: str, layout: str, seed: int, grad: bool) -> None:
        self.dtype, self.layout, self.grad = dtype, layout, grad
        self.stream = np.random.RandomState(seed)
        self.count = 0

    def build(self, arg: Any) -> tuple:
        if isinstance(arg, T):
            dtype = arg.dtype or self.dtype
            values = values_of(arg, dtype, self.stream)
            layout = self.layout
            if layout == "mixed":
                layout = _MIX[self.count % len(_MIX)]
                self.count += 1
            wants = self.grad and arg.grad and (dtype in FLOATS or dtype in COMPLEX)
            return lay_out(values, dtype, layout if arg.layout else "contiguous", wants)
        if isinstance(arg, Dtype):
            return ("dtype", arg.name)
        if isinstance(arg, Format):
            return ("format", arg.name)
        if isinstance(arg, list):
            return ("L", [self.build(item) for item in arg])
        if isinstance(arg, tuple):
            return ("U", [self.build(item) for item in arg], None)
        if isinstance(arg, slice):
            return ("slice", arg.start, arg.stop, arg.step)
        return ("v", arg)


def tensor_specs(arg: Any) -> list:
    if isinstance(arg, T):
        return [arg]
    if isinstance(arg, (list, tuple)):
        return [spec for item in arg for spec in tensor_specs(item)]
    return []


def request(
    op: Op, fn: str, index: int, sample: Sample, dtype: str, layout: str = "contiguous", grad: bool = False
) -> dict:
    """The request for ``fn`` with this sample; deterministic in all of its parts."""
    builder = Builder(dtype, layout, seed_of(op.key, index), grad)
    made = {
        "fn": fn,
        "args": [builder.build(arg) for arg in sample.args],
        "kwargs": {key: builder.build(arg) for key, arg in sample.kwargs.items()},
        "grad": grad,
    }
    if op.random:
        made["seed"] = 1234
    return made


def layouts_for(op: Op, sample: Sample) -> tuple:
    """Layouts worth running: one when no tensor of the sample can be laid out differently."""
    specs = [spec for arg in [*sample.args, *sample.kwargs.values()] for spec in tensor_specs(arg)]
    shapes = [np.shape(s.values) if s.values is not None else s.shape for s in specs if s.layout]
    if not any(s.special for s in specs) and all(int(np.prod(shape)) <= 1 for shape in shapes):
        return (
            ("contiguous", "sliced")
            if any(shape == () for shape in shapes) and sample.layouts is None
            else ("contiguous",)
        )
    layouts = sample.layouts or op.layouts
    if len(shapes) < 2 and not any(s.special for s in specs):
        layouts = tuple(name for name in layouts if name != "mixed")
    if any(s.special for s in specs):
        layouts = tuple(name for name in layouts if name in ("contiguous", "sliced"))
    # Results and gradients may take over this order, so every op has to stand it.
    elif any(len(shape) in (4, 5) for shape in shapes) and sample.layouts is None and "channels_last" not in layouts:
        layouts = (*layouts, "channels_last")
    return layouts


def samples_for(op: Op, dtype: str) -> list:
    """(index, sample) pairs of the samples that apply to ``dtype``."""
    return [(i, s) for i, s in enumerate(op.samples) if s.only is None or dtype in s.only]


# ------------------------------------------------------------------------------------------------ common sample sets
Spec = Union[T, Any]


def unary(low: float = -2.5, high: float = 2.5, special: str = "mild", **kwargs: Any) -> list:
    """Samples of an elementwise function of one tensor; ``special`` is "", "mild" or "full"."""
    made = [
        S(T(3, 4, low=low, high=high), **kwargs),
        S(T(low=low, high=high), **kwargs),
        S(T(0, low=low, high=high), **kwargs),
        S(T(2, 0, 3, low=low, high=high), **kwargs),
        S(T(2, 3, 4, 5, low=low, high=high), **kwargs),
        S(T(67, low=low, high=high), **kwargs),
        S(T(1, 5, low=low, high=high), **kwargs),
    ]
    if special:
        made.append(S(T(special=special), **kwargs).without_grad())
    return made


def binary(
    special: str = "mild",
    scalars: tuple = (2, -1, 1.5),
    nonzero: bool = False,
    low: float = -2.5,
    high: float = 2.5,
    **kwargs: Any,
) -> list:
    """Samples of an elementwise function of two tensors, broadcasting among them."""

    def left(*shape: int) -> T:
        return T(*shape, low=low, high=high)

    def right(*shape: int) -> T:
        return T(*shape, low=low, high=high, nonzero=nonzero)

    made = [
        S(left(3, 4), right(3, 4), **kwargs),
        S(left(3, 4), right(4), **kwargs),
        S(left(3, 1), right(1, 4), **kwargs),
        S(left(), right(3, 4), **kwargs),
        S(left(3, 4), right(), **kwargs),
        S(left(), right(), **kwargs),
        S(left(0), right(0), **kwargs),
        S(left(2, 0, 3), right(3), **kwargs),
        S(left(0), right(1), **kwargs),
        S(left(2, 3, 4, 5), right(3, 1, 5), **kwargs),
        S(left(67), right(67), **kwargs),
        S(left(1), right(5, 1), **kwargs),
    ]
    if special:
        made.append(S(T(special=f"{special}/column"), T(special=f"{special}/row"), **kwargs).without_grad())
    for value in scalars:
        sample = S(left(3, 4), value, **kwargs)
        # PyTorch wraps a negative number around in uint8 arithmetic; nobody should rely on that
        made.append(sample.for_(d for d in ALL if d != "uint8") if value < 0 else sample)
    return made


BINARY_ERRORS = [S(T(3, 4), T(5)), S(T(2, 3), T(3, 2)), S(T(3), "a"), S(T(3), None), S(T(3), [1.0])]
UNARY_ERRORS = [S(), S("a"), S(None), S(T(3), T(3), T(3), T(3))]
