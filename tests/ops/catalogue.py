"""All records, the op table, and what is asked of either."""

from __future__ import annotations

from functools import cache
from typing import Any, Optional

import torch
import wire

from . import samples_create, samples_index, samples_nn, samples_pointwise, samples_reduce, samples_view
from .records import Op

FAMILIES = {
    "pointwise": samples_pointwise,
    "reduce": samples_reduce,
    "view": samples_view,
    "index": samples_index,
    "create": samples_create,
    "nn": samples_nn,
}


@cache
def records() -> tuple:
    """Every record, with its family filled in and its key checked to be unique."""
    found: dict = {}
    for family, module in FAMILIES.items():
        for op in module.OPS:
            op.family = op.family or family
            assert op.key not in found, f"two records are named {op.key}; give one a variant"
            found[op.key] = op
    return tuple(found.values())


@cache
def table() -> Optional[tuple]:
    """The op table of the library under test, or None where the reference stands in for it."""
    core = getattr(torch, "_C", None)
    return tuple(core._op_table()) if hasattr(core, "_op_table") else None


@cache
def bases() -> Optional[frozenset]:
    found = table()
    return None if found is None else frozenset(entry["base"] for entry in found)


def in_scope(op: Op) -> bool:
    """Whether the library under test has this op at all: in its table, or reachable under its public name."""
    known = bases()
    if known is None:
        return True
    if known & {op.name, *op.covers}:
        return True
    try:
        wire.resolve(function(op))
    except (AttributeError, ImportError):
        return False
    return True


@cache
def in_scope_records() -> tuple:
    return tuple(op for op in records() if in_scope(op))


def function(op: Op) -> str:
    """Path of the function form of ``op`` (see :func:`wire.resolve`)."""
    return op.call or f"torch.{op.name}"


def method(op: Op) -> Optional[str]:
    """Path of the method form, if tensors have one that is not the function tested anyway."""
    path = f"Tensor.{op.name}"
    return path if path != function(op) and hasattr(torch.Tensor, op.name) else None


def inplace(op: Op) -> Optional[str]:
    if not op.inplace or op.name.endswith("_"):
        return None
    return f"Tensor.{op.name}_"


def first_tensor(sample: Any) -> bool:
    from .records import T

    return bool(sample.args) and isinstance(sample.args[0], T)
