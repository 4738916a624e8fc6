"""docs/packages.md is made from the scripts of tests/packages and the suites of scripts/packages.py; none is left out."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def load() -> Any:
    spec = importlib.util.spec_from_file_location("packages", ROOT / "scripts" / "packages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["packages"] = module
    spec.loader.exec_module(module)
    return module


packages = load()


def rows() -> list[list[str]]:
    text = packages.PAGE.read_text().partition(packages.BEGIN)[2].partition(packages.END)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


def test_each_script_has_its_row() -> None:
    scripts = packages.scripts()
    assert len(scripts) >= 30
    expected = [[name, packages.purpose(path)] for name, path in scripts.items()]
    found = [[row[0], row[2]] for row in rows() if len(row) == 8 and row[0] != "package"]
    assert found == expected, "run scripts/packages.py"


def test_each_suite_has_its_row() -> None:
    found = [row[0] for row in rows() if len(row) == 5 and row[0] != "package"]
    assert found == [suite.package for suite in packages.SUITES]


def test_each_script_has_its_requirement() -> None:
    required = (
        ROOT / "tests" / "packages" / "requirements.txt"
    ).read_text().splitlines() + packages.WITHOUT_DEPENDENCIES
    names = {re.split(r"[\[=<>]", line)[0].replace("-", "_").lower() for line in required}
    assert not set(packages.scripts()) - names


def test_figures_are_compared() -> None:
    def figure(*numbers: float) -> dict[str, Any]:
        return {"name": "x", "numbers": list(numbers), "shape": None, "tolerance": 1e-3}

    nan, inf = float("nan"), float("inf")
    assert packages.difference(figure(1, nan, inf), figure(1, nan, inf)) == 0
    assert packages.difference(figure(1.01, 100), figure(1, 100)) < 1e-3
    assert packages.difference(figure(1, nan), figure(1, 1)) == inf
    assert packages.difference(figure(1), figure(1, 1)) == inf
    assert packages.difference({"name": "x", "text": "a"}, {"name": "x", "text": "b"}) == inf
    good, bad = {"figures": [figure(1)]}, {"figures": [figure(2)]}
    assert packages.outcome(packages.compared(good, good)) == "1 figures equal"
    assert packages.outcome(packages.compared(bad, good)) == "1 of 1 figures differ: x (1.0e+00)"
    assert "fails: here: no" in packages.outcome(packages.compared({"figures": [], "error": "no"}, good))
