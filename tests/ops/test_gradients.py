"""Gradients of every differentiable op: equal to the oracle's, and to numeric differentiation, once and twice."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import torch
import wire

from . import catalogue, checks
from .records import COMPLEX, Op, T, request, samples_for, tensor_specs

OPS = catalogue.in_scope_records()


@pytest.mark.parametrize(
    "op,dtype", [(op, d) for op in OPS for d in op.grad], ids=lambda v: v if isinstance(v, str) else v.key
)
def test_gradient(op: Op, dtype: str, oracle: Any) -> None:
    layouts = ("contiguous", "sliced", "expanded", "transposed", "channels_last")
    made = checks.cases(op, dtype, catalogue.function(op), grad=True, layouts=layouts)
    checks.compare_cases(op, oracle, made, f"gradient of {op.key} {dtype}", scale=op.grad_scale)


def numeric_cases(op: Op, dtype: str, place: Callable[[Any], Any] = lambda operands: operands) -> list:
    """(case, sample, function of the differentiable inputs, those inputs) for samples small enough to differentiate
    numerically; ``place`` moves operands to where they are wanted."""
    fn = wire.resolve(catalogue.function(op))
    made = []
    for index, sample in samples_for(op, dtype):
        specs = [spec for arg in [*sample.args, *sample.kwargs.values()] for spec in tensor_specs(arg)]
        size = sum(_count(spec) for spec in specs)
        if (
            not sample.grad
            or not sample.numeric
            or size > 40
            or any(s.dtype not in (None, "int64", "bool", "int32", dtype) for s in specs)
        ):
            continue
        asked = request(op, catalogue.function(op), index, sample, dtype, "contiguous", True)
        args = place([wire.decode(item) for item in asked["args"]])
        kwargs = {key: place(wire.decode(item)) for key, item in asked["kwargs"].items()}
        inputs = [t for t in wire.tensors_in(args) + wire.tensors_in(kwargs) if t.requires_grad]
        if not inputs or "dtype" in kwargs:
            continue

        def call(*values: Any, args: Any = args, kwargs: Any = kwargs, inputs: Any = inputs) -> Any:
            new = {id(old): value for old, value in zip(inputs, values)}

            def swap(item: Any) -> Any:
                if isinstance(item, torch.Tensor):
                    return new.get(id(item), item)
                return type(item)(swap(i) for i in item) if isinstance(item, (list, tuple)) else item

            out = fn(*[swap(a) for a in args], **{key: swap(a) for key, a in kwargs.items()})
            flat = [t for t in wire.tensors_in(out) if t.requires_grad]
            return tuple(flat) if len(flat) != 1 else flat[0]

        found = wire.tensors_in(call(*inputs))
        finite = all(bool(torch.isfinite(t.detach()).all()) for t in [*found, *inputs])
        if found and finite:  # differences of infinities say nothing
            made.append((f"{op.key}{sample!r} {dtype}", sample, call, inputs))
    return made


def _count(spec: T) -> int:
    total = 1
    for size in spec.shape:
        total *= size
    return total


def _numeric_params(second: bool) -> list:
    return [
        (op, d)
        for op in OPS
        if op.gradcheck and op.grad and (op.gradgradcheck or not second)
        for d in ("float64", "complex128")
        if d == "float64" in op.dtypes or (d in COMPLEX and set(op.grad) & set(COMPLEX) and "complex128" in op.dtypes)
    ]


@pytest.mark.parametrize("op,dtype", _numeric_params(False), ids=lambda v: v if isinstance(v, str) else v.key)
def test_gradcheck(op: Op, dtype: str) -> None:
    failures = checks.Failures(f"gradcheck of {op.key} {dtype}")
    for case, _, call, inputs in numeric_cases(op, dtype):
        try:
            assert torch.autograd.gradcheck(
                call, tuple(inputs), eps=1e-6, atol=1e-5, rtol=1e-3, nondet_tol=0.0, check_undefined_grad=False
            )
        except Exception as error:
            failures.add(case, f"{type(error).__name__}: {str(error)[:300]}")
    failures.report()


@pytest.mark.parametrize("op,dtype", _numeric_params(True), ids=lambda v: v if isinstance(v, str) else v.key)
def test_gradgradcheck(op: Op, dtype: str) -> None:
    failures = checks.Failures(f"gradgradcheck of {op.key} {dtype}")
    done = 0
    for case, sample, call, inputs in numeric_cases(op, dtype):
        if not sample.second or sum(t.numel() for t in inputs) > 30 or done >= 8:
            continue
        done += 1
        try:
            torch.manual_seed(5)
            assert torch.autograd.gradgradcheck(
                call, tuple(inputs), eps=1e-6, atol=1e-4, rtol=1e-3, check_undefined_grad=False
            )
        except Exception as error:
            failures.add(case, f"{type(error).__name__}: {str(error)[:300]}")
    failures.report()
