"""Operators over lists of tensors: ``torch._foreach_add`` and its kin, of which optimizers and packages make use.

Each is the operator of its name, called for the tensors one after the other; ``_foreach_NAME_`` writes them in place
and returns the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional, Union

import torch
from torch import _C

Tensors = Sequence[torch.Tensor]
Number = Union[int, float, complex, bool]
Operand = Union[torch.Tensor, Tensors, Number, Sequence[Number]]

_OF_ONE = (
    "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round "
    "rsqrt sigmoid sign sin sinh sqrt tan tanh trunc"
).split()
_OF_TWO = {"add": "add", "sub": "sub", "mul": "mul", "div": "div", "maximum": "clamp_min", "minimum": "clamp_max",
           "clamp_min": "clamp_min", "clamp_max": "clamp_max"}  # fmt: skip
_WITH_ALPHA = ("add", "sub")
_NOT_GIVEN: Any = object()


def _listed(name: str, tensors: Any) -> Tensors:
    if isinstance(tensors, torch.Tensor) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{name}(): argument 'self' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    if len(tensors) == 0:
        raise RuntimeError(f"{name}: Tensor list must have at least one tensor.")
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name}: expected Tensor as element {i} in argument 0, but got {type(tensor).__name__}")
    return tensors


def _paired(name: str, tensors: Tensors, other: Any) -> list[Any]:
    """What stands beside each tensor: a number or 0-dim tensor beside all, or the item of a list at the same place."""
    _listed(name, tensors)
    if isinstance(other, torch.Tensor):
        if other.dim() != 0:
            raise RuntimeError(
                f"{name}: scalar tensor expected to be 0 dim but it has {other.dim()} dimensions and "
                f"{other.numel()} elements."
            )
        return [other] * len(tensors)
    if isinstance(other, (list, tuple)):
        if len(other) != len(tensors):
            if isinstance(other[0] if other else None, torch.Tensor):
                raise RuntimeError(
                    f"{name}: Tensor lists must have the same number of tensors, got {len(tensors)} and {len(other)}"
                )
            raise RuntimeError(
                f"{name}: Tensor list must have same number of elements as scalar list, got {len(tensors)} and "
                f"{len(other)}"
            )
        return list(other)
    if not isinstance(other, (int, float, complex)):
        raise TypeError(f"{name}: expected a number, a tensor or a list of them, but got {type(other).__name__}")
    return [other] * len(tensors)


def _one_of(name: str, **given: Any) -> Any:
    """The only argument that is given, of those that stand for one."""
    found = [value for value in given.values() if value is not _NOT_GIVEN]
    if len(found) != 1:
        raise TypeError(f"{name}() expected one of the arguments {', '.join(given)}, got {len(found)}")
    return found[0]


def _enter(op: str, doc: str, make: Callable[[str, Callable[..., Any]], Any], written_by: str = "") -> None:
    """Enters ``_foreach_OP`` and ``_foreach_OP_``: what ``make(name, call)`` gives for an operator and its method."""
    written_by = written_by or op
    for name, call, text in (
        (f"_foreach_{op}", getattr(torch, written_by), f"{doc} for the tensors of a list."),
        (f"_foreach_{op}_", getattr(torch.Tensor, written_by + "_"), f"{doc} in place; returns the list."),
    ):
        made = make(name, call)
        made.__name__ = made.__qualname__ = name
        made.__doc__ = text
        globals()[name] = made


def _results(name: str, self: Tensors, values: list[torch.Tensor]) -> Any:
    return self if name.endswith("_") else tuple(values)


def _of_one(name: str, call: Callable[..., Any]) -> Any:
    def each(self: Tensors) -> Any:
        return _results(name, self, [call(t) for t in _listed(name, self)])

    return each


def _of_two(name: str, call: Callable[..., Any]) -> Any:
    def each(
        self: Tensors, other: Operand = _NOT_GIVEN, *, scalar: Number = _NOT_GIVEN, scalars: Any = _NOT_GIVEN
    ) -> Any:
        beside = _paired(name, self, _one_of(name, other=other, scalar=scalar, scalars=scalars))
        return _results(name, self, [call(a, b) for a, b in zip(self, beside)])

    return each


def _of_two_with_alpha(name: str, call: Callable[..., Any]) -> Any:
    def each(
        self: Tensors,
        other: Operand = _NOT_GIVEN,
        *,
        scalar: Number = _NOT_GIVEN,
        scalars: Any = _NOT_GIVEN,
        alpha: Number = 1,
    ) -> Any:
        operand = _one_of(name, other=other, scalar=scalar, scalars=scalars)
        if name == "_foreach_add_" and isinstance(operand, (int, float)) and alpha == 1:
            if not any(t.requires_grad for t in _listed(name, self)):  # the counters of optimizers, in one call
                _C._VariableFunctions._foreach_add_(self, operand)
                return self
        return _results(name, self, [call(a, b, alpha=alpha) for a, b in zip(self, _paired(name, self, operand))])

    return each


def _pow(name: str, call: Callable[..., Any]) -> Any:
    def each(self: Union[Tensors, Number], exponent: Operand) -> Any:
        if isinstance(self, (int, float, complex)) and not name.endswith("_"):
            return tuple(call(self, e) for e in _listed(name, exponent))
        return _results(name, self, [call(a, b) for a, b in zip(self, _paired(name, self, exponent))])  # type: ignore[arg-type]

    return each


def _lerp(name: str, call: Callable[..., Any]) -> Any:
    def each(self: Tensors, tensors1: Tensors, weight: Any = _NOT_GIVEN, *, weights: Tensors = _NOT_GIVEN) -> Any:
        beside = _paired(name, self, _one_of(name, weight=weight, weights=weights))
        return _results(name, self, [call(a, b, w) for a, b, w in zip(self, _paired(name, self, tensors1), beside)])

    return each


def _addc(name: str, call: Callable[..., Any]) -> Any:
    def each(
        self: Tensors, tensor1: Tensors, tensor2: Tensors, value: Any = _NOT_GIVEN, *, scalars: Any = _NOT_GIVEN
    ) -> Any:
        factors = 1 if value is scalars is _NOT_GIVEN else _one_of(name, value=value, scalars=scalars)
        if isinstance(factors, torch.Tensor):
            if factors.dim() != 1:
                raise RuntimeError(
                    f"{name}: Expected packed scalar Tensor to be of dimension 1. Got {factors.dim()} instead."
                )
            factors = factors.tolist()
        lists = zip(self, *(_paired(name, self, beside) for beside in (tensor1, tensor2, factors)))
        return _results(name, self, [call(t, a, b, value=factor) for t, a, b, factor in lists])

    return each


for _op in _OF_ONE:
    _enter(_op, f":func:`torch.{_op}`", _of_one)
for _op, _call in _OF_TWO.items():
    _enter(
        _op,
        f":func:`torch.{_op}` with a number, a 0-dim tensor, or a list with a number or a tensor for each,",
        _of_two_with_alpha if _op in _WITH_ALPHA else _of_two,
        _call,
    )
_enter("pow", ":func:`torch.pow`, with one exponent or a list of them,", _pow)
_enter("lerp", ":func:`torch.lerp`, with one weight or a list of them,", _lerp)
for _op in ("addcmul", "addcdiv"):
    _enter(_op, f":func:`torch.{_op}`, with one factor or a list of them,", _addc)


def _foreach_copy_(self: Tensors, src: Tensors, non_blocking: bool = False) -> Tensors:
    """Copies the tensors of a list into those of another. Returns the list written to."""
    for a, b in zip(self, _paired("_foreach_copy_", self, src)):
        a.copy_(b, non_blocking)
    return self


def _foreach_zero_(self: Tensors) -> Tensors:
    """Sets the tensors of a list to zero. Returns the list."""
    for tensor in _listed("_foreach_zero_", self):
        tensor.zero_()
    return self


def _foreach_clone(
    self: Tensors, *, memory_format: Optional[torch.memory_format] = torch.preserve_format
) -> tuple[torch.Tensor, ...]:
    """Copies of the tensors of a list."""
    return tuple(t.clone(memory_format=memory_format) for t in _listed("_foreach_clone", self))


def _foreach_norm(
    self: Tensors,
    ord: Number = 2,
    dtype: Optional[torch.dtype] = None,  # noqa: A002
) -> tuple[torch.Tensor, ...]:
    """The norm of each tensor of a list, taken as a vector."""
    return tuple(torch.linalg.vector_norm(t, ord, dtype=dtype) for t in _listed("_foreach_norm", self))


def _foreach_powsum(
    self: Tensors,
    ord: Number = 2,
    dtype: Optional[torch.dtype] = None,  # noqa: A002
) -> tuple[torch.Tensor, ...]:
    """The sum of the powers of the magnitudes of each tensor of a list."""
    return tuple(t.to(dtype or t.dtype).abs().pow(ord).sum() for t in _listed("_foreach_powsum", self))


def _foreach_max(self: Tensors) -> tuple[torch.Tensor, ...]:
    """The largest element of each tensor of a list."""
    return tuple(torch.max(t) for t in _listed("_foreach_max", self))


def _foreach_mm(self: Tensors, mat2: Tensors) -> tuple[torch.Tensor, ...]:
    """The products of the matrices of two lists."""
    return tuple(torch.mm(a, b) for a, b in zip(self, _paired("_foreach_mm", self, mat2)))


class Packet:
    """``torch.ops.aten._foreach_NAME``: the function of :mod:`torch`, which takes what any of the overloads takes."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._function = globals()[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='aten.{self.__name__}')>"

    def overloads(self) -> list[str]:
        """The names of PyTorch's overloads, but for those with ``out``."""
        op = self.__name__.replace("_foreach_", "", 1).rstrip("_")
        names = ["Scalar", "List", "ScalarList", "Tensor"]
        if op in ("sub", "maximum", "minimum", "clamp_min", "clamp_max", "pow", "lerp"):
            names.remove("Tensor")
        elif op in ("addcmul", "addcdiv"):
            names.remove("List")
        elif op not in _OF_TWO:
            names = ["Scalar"] if op in ("norm", "powsum") else ["default"]
        return names

    def __getattr__(self, overload: str) -> Callable[..., Any]:
        if overload not in self.overloads():
            raise AttributeError(f"'{self.__name__}' has no overload {overload!r}")
        return self._function
