"""torch.cuda.nvtx: what it asks of the package nvtx, and what it says without it."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    made: list[tuple[Any, ...]] = []

    def taking(name: str, answer: Any = None) -> Any:
        return lambda *args: (made.append((name, *args)), answer)[1]

    names = {name: taking(name) for name in ("push_range", "pop_range", "mark", "end_range")}
    monkeypatch.setitem(sys.modules, "nvtx", SimpleNamespace(**names, start_range=taking("start_range", "handle")))
    return made


def test_ranges_and_marks(calls: list[tuple[Any, ...]]) -> None:
    nvtx = torch.cuda.nvtx
    assert [nvtx.range_push("a"), nvtx.range_push("b"), nvtx.range_pop(), nvtx.range_pop()] == [0, 1, 1, 0]
    assert nvtx.range_pop() < 0 and nvtx.range_push("c") == 0 and nvtx.range_pop() == 0
    del calls[:]
    number = nvtx.range_start("d")
    nvtx.mark("e")
    nvtx.range_end(number)
    nvtx.range_end(number)  # it is not open any more
    assert calls == [("start_range", "d"), ("mark", "e"), ("end_range", "handle")]


def test_a_range_as_context_and_decorator(calls: list[tuple[Any, ...]]) -> None:
    @torch.cuda.nvtx.range("step {}", 3)
    def step() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        step()
    with torch.cuda.nvtx.range("{name}", name="inside"):
        pass
    assert calls == [("push_range", "step 3"), ("pop_range",), ("push_range", "inside"), ("pop_range",)]


def test_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nvtx", None)
    with pytest.raises(RuntimeError, match="pip install nvtx"):
        torch.cuda.nvtx.mark("nothing")
