"""torch.quasirandom.SobolEngine gives PyTorch's points."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch.quasirandom import SobolEngine

pytest.importorskip("scipy")

CASES = [(1, False, None), (2, True, 5), (7, False, None), (60, True, 3), (200, False, None)]
CODE = """
import json
from torch.quasirandom import SobolEngine
result = []
for case in cases:
    engine = SobolEngine(*case)
    first = engine.draw(9)
    engine.fast_forward(20)
    result.append([first, engine.draw(3, dtype=torch.float64), engine.shift, engine.sobolstate, engine.quasi.clone()])
    result[-1] += [engine.reset().draw_base2(3), torch.tensor(engine.num_generated)]
    result[-1] = [*(value.tolist() for value in result[-1]), repr(engine)]
result = json.dumps(result)
"""


def test_points_are_pytorchs(oracle: Any) -> None:
    answer = oracle.ask([{"code": CODE.replace("cases", repr(CASES), 1)}])[0]
    assert answer[0] != "error", answer
    scope: dict[str, Any] = {"torch": torch, "cases": CASES}
    exec(CODE, scope)
    for case, mine, theirs in zip(CASES, json.loads(scope["result"]), json.loads(answer[1][1])):
        assert mine == theirs, case


def test_errors() -> None:
    with pytest.raises(ValueError, match="Supported range of dimensionality"):
        SobolEngine(21202)
    engine = SobolEngine(2)
    engine.draw(3)
    with pytest.raises(ValueError, match="require n to be a power of 2"):
        engine.draw_base2(2)


def test_points_go_where_they_are_wanted() -> None:
    out = torch.empty(5)
    assert SobolEngine(3).draw(2, out=out) is out and out.shape == (2, 3)
    assert SobolEngine(3).draw(0).shape == (0, 3)
    torch.manual_seed(0)
    first = SobolEngine(3, scramble=True).draw(2)
    torch.manual_seed(0)
    assert torch.equal(first, SobolEngine(3, scramble=True).draw(2))
