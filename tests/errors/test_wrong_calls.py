"""Several hundred wrong calls: each gets a clear exception of the oracle's class; none crashes or changes its inputs.

The calls run in a process of their own, started anew after a crash, so that one crash is one failing test.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest
from conftest import get_oracle, is_ours
from oracle import OracleDied

sys.path.insert(0, str(Path(__file__).resolve().parent))
from wrong_calls import CASES  # noqa: E402

HERE = Path(__file__).resolve().parent
_answers: dict = {}


def collect() -> dict:
    """Answers to all cases, by number; a crash is an answer too."""
    if _answers:
        return _answers
    todo = list(range(len(CASES)))
    while todo:
        command = [sys.executable, str(HERE / "worker.py"), *map(str, todo)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        started: Optional[int] = None
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            if "start" in answer:
                started = answer["start"]
            else:
                _answers[answer["number"]] = answer
        if started is None:
            raise RuntimeError(f"the worker did not start: {done.stderr[-2000:]}")
        if started not in _answers:
            _answers[started] = {"number": started, "crash": done.returncode, "stderr": done.stderr[-1500:]}
        todo = [number for number in todo if number > started]
    return _answers


def expected(number: int, config: Any) -> Optional[str]:
    """Name of the class that the oracle raises (None: any exception will do, the oracle has no opinion)."""
    case = CASES[number]
    if case.raises:
        return case.raises
    try:
        (answer,) = get_oracle(config).ask([{"code": f"{case.setup}\n{case.call}"}])
    except OracleDied:
        return "Exception"
    assert answer[0] == "error", f"the oracle accepts {case.call!r}: not a wrong call"
    return answer[1][0]


def _id(number: int) -> str:
    return (
        f"{CASES[number].group}-{number}-{CASES[number].call[:60]}".replace("\n", ";")
        .replace("[", "(")
        .replace("]", ")")
    )


def test_there_are_enough() -> None:
    assert len(CASES) >= 150
    assert len({(case.setup, case.call) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("number", range(len(CASES)), ids=_id)
def test_wrong_call(number: int, request: pytest.FixtureRequest) -> None:
    case, answer = CASES[number], collect()[number]
    assert "crash" not in answer, f"{case.call!r} ended the process with {answer['crash']}:\n{answer['stderr']}"
    wanted = expected(number, request.config)
    assert answer["raised"], f"{case.call!r} raised nothing, expected {wanted}"
    assert set(str(wanted).split("|")) & set(answer["raised"]), (
        f"{case.call!r} raised {answer['raised'][0]} ({answer['text'][:300]!r}), expected {wanted}"
    )
    if is_ours():  # PyTorch does change its inputs in a few of these
        assert not answer["changed"], f"{case.call!r} changed {answer['changed']}"
        assert answer["text"].strip(), f"{case.call!r} raised {answer['raised'][0]} without a text"
        for word in case.words:
            assert word.lower() in answer["text"].lower(), f"{word!r} is not in {answer['text']!r}"
