"""Wrong arguments of every op raise the oracle's class, say something, and change nothing."""

from __future__ import annotations

from typing import Any

import pytest
import wire

from . import catalogue, checks
from .records import Op, request

OPS = [op for op in catalogue.in_scope_records() if op.errors]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.key)
def test_errors(op: Op, oracle: Any) -> None:
    fn = catalogue.function(op)
    asked = [request(op, fn, 1000 + i, sample, op.error_dtype) for i, sample in enumerate(op.errors)]
    answers = oracle.ask(asked)
    failures = checks.Failures(f"errors of {op.key}")
    for sample, one, theirs in zip(op.errors, asked, answers):
        if theirs[0] != "error":
            failures.add(repr(sample), "the oracle takes it: it belongs to the samples")
            continue
        args = [wire.decode(item) for item in one["args"]]
        kwargs = {key: wire.decode(item) for key, item in one["kwargs"].items()}
        before = [wire.encode(t) for t in wire.tensors_in(args)]
        try:
            wire.resolve(fn)(*args, **kwargs)
        except Exception as error:
            found = checks.error_class(wire.describe_error(error), theirs)
            if found:
                failures.add(repr(sample), found)
        else:
            failures.add(repr(sample), f"ours raises nothing, oracle {theirs[1][0]}: {theirs[2][:120]!r}")
        if [wire.encode(t) for t in wire.tensors_in(args)] != before:
            failures.add(repr(sample), "an argument was changed by the failing call")
    failures.report()
