"""The golden set of common mistakes: class and full text of each, and that PyTorch's has the words we keep."""

from __future__ import annotations

import importlib.util
import re
import sys
import warnings
from typing import Any

import pytest
from conftest import get_oracle, is_ours
from oracle import ROOT

_spec = importlib.util.spec_from_file_location("errors_page", ROOT / "scripts" / "errors_page.py")
assert _spec is not None and _spec.loader is not None
errors_page = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(errors_page)

GROUPS = errors_page.load()
CASES = [(group, case) for group, cases in GROUPS.items() for case in cases]
_cases = pytest.mark.parametrize("case", [case for _, case in CASES], ids=[f"{g}-{c['mistake']}" for g, c in CASES])


def in_this_python(text: str) -> str:
    """Before 3.10 the interpreter's own texts name functions without their class."""
    return text if sys.version_info >= (3, 10) else re.sub(r"\b\w+\.(?=\w+\(\) (got|missing|takes))", "", text)


def test_the_set_is_large_and_each_mistake_is_there_once() -> None:
    assert len(CASES) >= 150
    assert len({case["mistake"] for _, case in CASES}) == len(CASES)
    assert len({case["code"] for _, case in CASES}) == len(CASES)


def test_the_pages_are_up_to_date() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in errors_page.PAGES.glob("*.md")}
    assert there == errors_page.pages(GROUPS), "run scripts/errors_page.py"


@_cases
def test_class_and_text(case: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = errors_page.run(case["code"])
        right = errors_page.run(case["instead"]) if "instead" in case else None
    assert error is not None, "nothing is raised"
    assert type(error).__name__ == case["raises"]
    assert case.get("keeps", "") in str(error)
    if is_ours():
        assert str(error).rstrip() == in_this_python(case["text"]).rstrip()
    assert right is None, f"what should be right raises {right!r}"


@_cases
def test_pytorch_says_it_alike(case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    batch = [{"code": errors_page.PRELUDE + case[key]} for key in ("code", "instead") if key in case]
    answer, *right = get_oracle(request.config).ask(batch)
    assert answer[0] == "error", "PyTorch raises nothing"
    assert answer[1][0] == case["raises"]
    assert in_this_python(case.get("keeps", "")) in in_this_python(answer[2]), answer[2]
    assert all(a[0] == "ok" for a in right), right
