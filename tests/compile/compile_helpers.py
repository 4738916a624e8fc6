"""Scopes in which work is put off, and what happened in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch._dynamo
from torch import _C


@contextmanager
def deferring() -> Iterator[None]:
    _C._begin_deferring()
    try:
        yield
    finally:
        _C._end_deferring()


def counts(function: Callable[[], object]) -> tuple[int, int, int]:
    """Ops put off by a call, passes that ran them, results stored; of everything done at the end."""
    torch._dynamo.reset()
    before = _C._deferred_counts()
    with deferring():
        kept = function()
    after = _C._deferred_counts()
    del kept
    return tuple(b - a for a, b in zip(before, after))


def same(a: torch.Tensor, b: torch.Tensor, what: object = "") -> None:
    assert a.dtype == b.dtype and a.shape == b.shape and a.stride() == b.stride(), what
    assert torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num()), what
