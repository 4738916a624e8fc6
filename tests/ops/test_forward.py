"""Every op × dtype × layout: value, dtype, shape (and strides where they are part of the contract) as the oracle's."""

from __future__ import annotations

from typing import Any

import pytest

from . import catalogue, checks
from .records import ALL, Op

OPS = catalogue.in_scope_records()


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.key)
def test_forward(op: Op, dtype: str, oracle: Any) -> None:
    made = checks.cases(op, dtype, catalogue.function(op), layouts=None if dtype in op.dtypes else ("contiguous",))
    answers = oracle.ask([item[2] for item in made])
    if dtype in op.dtypes:
        broken = [
            (case, theirs[2])
            for (case, _, _), theirs in zip(made, answers)
            if theirs[0] == "error" and "contiguous" in case and "[0" not in case
        ]
        assert not broken, f"the record's own samples fail in the oracle: {broken[:3]}"
    checks.compare_cases(op, oracle, made, f"{op.key} {dtype}")
