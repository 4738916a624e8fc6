"""Random calls made from the records: their samples with shapes, layouts, dtypes, forms and numbers changed by a seeded
stream, so that calls nobody thought of are compared with the oracle too.

A call may well be wrong (shapes that do not fit, dtypes that an op does not take, dims out of range): then the exception's
class is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from . import catalogue
from .records import ALL, Builder, Op, Sample, T, samples_for, seed_of, tensor_specs, with_shape

FORMS = ("function", "function", "function", "method", "inplace", "out")
LAYOUTS = ("contiguous", "contiguous", "transposed", "sliced", "expanded")
# Equal rows make a matrix singular: whether a factorization sees that depends on rounding.
SINGULAR = (
    "lu",
    "linalg_lu*",
    "*qr",
    "*svd*",
    "*eig*",
    "*inv*",
    "*solve*",
    "*cond",
    "*det",
    "linalg_lstsq",
    "linalg_ldl*",
)
# PyTorch reads beyond weights of a wrong shape, and corrupts the memory that later answers come from.
TRUSTING = ("lstm",)


class Call(NamedTuple):
    case: str
    op: Op
    sample: Sample
    asked: dict


class AnyLayout(Builder):
    """Gives each tensor a layout of its own."""

    def __init__(self, op: Op, dtype: str, seed: int, changes: np.random.RandomState) -> None:
        super().__init__(dtype, "contiguous", seed, False)
        self.changes = changes
        self.choice = LAYOUTS[:-1] if any(fnmatchcase(op.name, name) for name in SINGULAR) else LAYOUTS
        self.layouts: list[str] = []

    def build(self, arg: Any) -> tuple:
        if isinstance(arg, T):
            self.layout = str(self.changes.choice(self.choice))
            self.layouts.append(self.layout[0])
        return super().build(arg)


def other_shape(shape: tuple, stream: np.random.RandomState) -> tuple:
    """A shape that broadcasts with ``shape``, is empty, 0-dim, turned around, or does not fit at all."""
    kind = stream.randint(0, 7)
    if kind == 0 and shape:
        at = stream.randint(0, len(shape))
        return (*shape[:at], 1, *shape[at + 1 :])
    if kind == 1:
        return shape[1:]
    if kind == 2:
        return (2, *shape) if len(shape) < 4 else shape
    if kind == 3 and shape:
        at = stream.randint(0, len(shape))
        return (*shape[:at], 0, *shape[at + 1 :])
    if kind == 4:
        return ()
    if kind == 5:
        return tuple(reversed(shape))
    return tuple(size + int(stream.randint(0, 2)) for size in shape)


def changed(arg: Any, stream: np.random.RandomState, rate: float) -> Any:
    """``arg`` or, at ``rate``, something near it of the same kind."""
    if isinstance(arg, T):
        if arg.values is not None or arg.special or stream.uniform() >= rate:
            return arg
        if stream.uniform() < 0.4 and not arg.spd:
            made = with_shape(arg, arg.shape)
            object.__setattr__(made, "dtype", str(stream.choice(ALL)))
            return made
        return arg if arg.spd else with_shape(arg, other_shape(arg.shape, stream))
    if isinstance(arg, (list, tuple)):
        items = [changed(item, stream, rate) for item in arg]
        if len(items) > 1 and stream.uniform() < rate / 4:
            items.pop()
        return items if isinstance(arg, list) else tuple(items)
    if stream.uniform() >= rate or isinstance(arg, (str, bytes)) or arg is None:
        return arg
    if isinstance(arg, bool):
        return not arg
    if isinstance(arg, int) and abs(arg) < 64:
        return int(stream.choice([arg - 1, arg + 1, -arg, -1, 0, 1, 2]))
    if isinstance(arg, float):
        return float(stream.choice([arg, -arg, 0.0, 1.0, 2.5]))
    return arg


def calls(seed: int, per_op: int) -> Iterator[Call]:
    """``per_op`` calls of every record, the same for the same ``seed``."""
    for op in catalogue.in_scope_records():
        if not op.values and not op.random:
            continue
        stream = np.random.RandomState(seed_of(op.key, seed))
        for number in range(per_op):
            dtype = str(stream.choice(ALL if stream.uniform() < 0.4 else op.dtypes))
            usable = samples_for(op, dtype)
            if not usable:
                continue
            index, sample = usable[stream.randint(0, len(usable))]
            rate = 0.0 if op.name in TRUSTING else float(stream.choice([0.0, 0.15, 0.35]))
            args = tuple(changed(arg, stream, rate) for arg in sample.args)
            kwargs = {
                key: changed(arg, stream, rate) for key, arg in sample.kwargs.items() if stream.uniform() >= rate / 3
            }
            form, path, out = str(stream.choice(FORMS)), catalogue.function(op), None
            first = tensor_specs(args[:1])
            if form == "method" and catalogue.method(op) and first:
                path = str(catalogue.method(op))
            elif form == "inplace" and catalogue.inplace(op) and first and op.inplace:
                path = str(catalogue.inplace(op))
            elif form == "out" and op.out and not path.startswith("Tensor."):
                out = T(
                    *(first[0].shape if first and stream.uniform() < 0.6 else (0,)),
                    dtype=str(stream.choice([dtype, *ALL])),
                )
            call = Sample(args, kwargs, scale=sample.scale * 10)
            builder = AnyLayout(op, dtype, seed_of(op.key, seed, number), stream)
            asked = {
                "fn": path,
                "args": [builder.build(arg) for arg in args],
                "kwargs": {key: builder.build(arg) for key, arg in kwargs.items()},
                "after": path.endswith("_"),
            }
            if out is not None:
                asked["kwargs"]["out"] = builder.build(out)
            if op.random:
                asked["seed"] = 99
            text = f"{path}{call!r} {dtype} {''.join(builder.layouts)}" + (
                f" out={out.shape}:{out.dtype}" if out else ""
            )
            yield Call(text, op, call, asked)
