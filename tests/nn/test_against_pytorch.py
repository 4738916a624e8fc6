"""Every module with its options against the oracle: the same state from the same seed, outputs, gradients, training."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from modules import CASES, EXAMINE, NOT_CALLED, ROUGH


@pytest.mark.parametrize("make", CASES)
def test_module(both: Any, make: str) -> None:
    code = EXAMINE + f"result = examine(lambda: {make}, lambda: ({CASES[make]},))"
    both(code, scale=1e4 if make in ROUGH else 10.0, strides=False)


def test_every_module_is_in_the_table() -> None:
    import torch

    made = set(re.findall(r"nn\.(\w+)\(", " ".join(CASES)))
    public = {n for n, c in vars(torch.nn).items() if inspect.isclass(c) and issubclass(c, torch.nn.Module)}
    assert public - made - set(NOT_CALLED) == set()
    assert len(CASES) >= 100
