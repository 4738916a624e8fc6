"""Runs the table of cases in docs/design/views-and-inplace.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

PAGE = Path(__file__).parents[2] / "docs" / "design" / "views-and-inplace.md"
CODE = re.compile(r"`([^`]+)`")


def cases() -> list[tuple[str, list[str], str]]:
    """The rows of the table: name, program lines, text of the outcome."""
    lines = PAGE.read_text().splitlines()
    start = lines.index("| case | program | outcome |") + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        name, program, outcome = (cell.strip() for cell in line.strip("|").split(" | "))
        rows.append((name, CODE.findall(program), outcome))
    return rows


CASES = cases()


def grads(out: torch.Tensor, t: torch.Tensor) -> list[float]:
    """Gradient of out.sum() with respect to t; the graph stays."""
    return torch.autograd.grad(out.sum(), t, retain_graph=True)[0].tolist()


def grad_fn_name(t: torch.Tensor) -> str | None:
    return None if t.grad_fn is None else type(t.grad_fn).__name__


def close(a: list[float], b: list[float]) -> bool:
    return a == pytest.approx(b, rel=1e-5)


@pytest.mark.parametrize("name, program, outcome", CASES, ids=[c[0].replace(" ", "-") for c in CASES])
def test_case(name: str, program: list[str], outcome: str) -> None:
    if "ours only" in name and not torch.__version__.endswith("+core"):
        pytest.skip("differs from PyTorch on purpose")
    scope = {"torch": torch, "grads": grads, "fn": grad_fn_name, "close": close}
    scope["x"] = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    scope["w"] = torch.tensor([2.0, 3.0, 4.0], requires_grad=True)
    if outcome.startswith("raises "):
        kind, text = outcome.removeprefix("raises ").split(": ", 1)
        for line in program[:-1]:
            exec(line, scope)
        with pytest.raises(getattr(__import__("builtins"), kind), match=re.escape(text)):
            exec(program[-1], scope)
        return
    for line in program:
        exec(line, scope)
    claims = CODE.findall(outcome)
    assert claims, "a case without an outcome proves nothing"
    for claim in claims:
        assert eval(claim, scope), f"{name}: {claim} does not hold"


def test_the_table_is_read() -> None:
    assert len(CASES) > 60
