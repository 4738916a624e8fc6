"""Gradients on a CUDA device: of every differentiable record of the operator table, against differences, once and
twice."""

from __future__ import annotations

import pytest
import torch
from emulation import EMULATED, needs_device, on_device
from ops import checks
from ops.records import Op
from ops.test_gradients import OPS, numeric_cases

pytestmark = needs_device

# Takes an operand on the CPU.
APART = {"tensor_split.tensor"}

DIFFERENTIABLE = [
    op for op in OPS if op.gradcheck and "float64" in op.dtypes and op.grad and not op.random and op.key not in APART
]
# Cases of an op; the emulated device takes a processor's time for what a GPU does in none.
CASES = 2 if EMULATED else None
# Sums at repeated indices are added in any order.
ORDER = 1e-11


@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.key)
def test_gradcheck(op: Op) -> None:
    failures = checks.Failures(f"gradients of {op.key} on the device")
    for case, sample, call, inputs in numeric_cases(op, "float64", on_device)[:CASES]:
        try:
            torch.autograd.gradcheck(
                call, tuple(inputs), eps=1e-6, atol=1e-5, rtol=1e-3, nondet_tol=ORDER, check_undefined_grad=False
            )
            if op.gradgradcheck and sample.second and sum(t.numel() for t in inputs) <= 12:
                torch.autograd.gradgradcheck(
                    call, tuple(inputs), eps=1e-6, atol=1e-4, rtol=1e-3, nondet_tol=ORDER, check_undefined_grad=False
                )
        except Exception as error:
            failures.add(case, f"{type(error).__name__}: {str(error)[:300]}")
    failures.report()
