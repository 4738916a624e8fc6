"""Random calls of every op against the oracle: values, dtypes, shapes, strides, exception classes.

The first calls of what ``make differential`` runs, the same at every run.  What differs must stand in
``disagreements.py``.
"""

from __future__ import annotations

import struct
from typing import Any

import oracle as oracle_client
import pytest

from . import catalogue, differing, mutate

SEED, CALLS_OF_A_RECORD, BATCH = 1, 4, 500


def test_calls_agree_or_are_listed(oracle: Any) -> None:
    calls = list(mutate.calls(SEED, CALLS_OF_A_RECORD))
    judge = differing.Judge()
    with oracle_client.subject() as ours:
        for start in range(0, len(calls), BATCH):
            batch = calls[start : start + BATCH]
            asked = [call.asked for call in batch]
            for call, mine, theirs in zip(batch, ours.ask_each(asked), oracle.ask_each(asked)):
                judge.see(call, mine, theirs)
    lines = [f"  {case}\n      {text}" for _, case, text in judge.unlisted]
    assert not lines, "\n".join([judge.summary(), *lines[:20]])


@pytest.mark.parametrize("entry", differing.entries(), ids=str)
def test_list_names_ops_and_reasons(entry: differing.Entry) -> None:
    assert len(entry.reason.split()) >= 4
    assert any(entry.names(op.key) for op in catalogue.records()), f"no record is named {entry.op}"


def test_a_difference_is_seen() -> None:
    """The judge can fail: another value, dtype, shape, stride or class is told."""
    call = next(mutate.calls(SEED, 1))
    tensor = ("T", "float32", (2, 2), (2, 1), 0, struct.pack("4f", 1, 1, 1, 1), False)
    answer = ("ok", tensor, [], [])
    changed = {
        "values": (*tensor[:5], struct.pack("4f", 1, 1, 1, 2), False),
        "dtype": ("T", "int32", *tensor[2:]),
        "shape": ("T", "float32", (4,), (1,), *tensor[4:]),
        "strides": ("T", "float32", (2, 2), (1, 2), *tensor[4:]),
    }
    assert differing.difference(call, answer, answer) is None
    for word, other in changed.items():
        assert word in str(differing.difference(call, ("ok", other, [], []), answer))
    refused = ("error", ["RuntimeError", "Exception"], "text")
    assert differing.difference(call, refused, answer)
    assert differing.difference(call, answer, refused)
    assert differing.difference(call, refused, ("error", ["IndexError", "LookupError", "Exception"], "text"))
    assert differing.difference(call, ("died", "signal 11"), answer)
