"""Fixtures shared by all tests: the oracle, and helpers that run one snippet on both sides."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("MPLBACKEND", "Agg")

import compare  # noqa: E402
import oracle as oracle_client  # noqa: E402
import wire  # noqa: E402

_oracle: Any = None


def get_oracle(config: pytest.Config) -> oracle_client.Oracle:
    """The one oracle of this process; skips (or, under CI, fails) where there is none."""
    global _oracle
    if _oracle is None:
        python = oracle_client.interpreter()
        if python is None:
            oracle_client.missing()
        store = Path(str(config.rootpath)) / ".pytest_cache" / "d" / "oracle.sqlite"
        _oracle = oracle_client.Oracle(str(python), store)
    return _oracle


@pytest.fixture
def oracle(request: pytest.FixtureRequest) -> oracle_client.Oracle:
    return get_oracle(request.config)


@pytest.fixture
def both(oracle: oracle_client.Oracle) -> Callable[..., tuple]:
    """``both(code)``: run a snippet here and in the oracle, assert that the answers agree, return ours.

    An exception counts as an answer; its class must be the oracle's (or a subclass), its text is ours.
    ``contains`` are key words that both texts must have.
    """

    def run(code: str, *, strides: bool = True, contains: tuple = (), scale: float = 1.0, **names: Any) -> tuple:
        request = {"code": code, "names": {key: wire.encode(item) for key, item in names.items()}}
        theirs = oracle.ask([request])[0]
        slips = ("NameError", "SyntaxError", "IndentationError", "UnboundLocalError", "ModuleNotFoundError")
        assert theirs[0] == "ok" or theirs[1][0] not in slips, (
            f"the snippet itself is wrong: {theirs[1][0]}: {theirs[2]}"
        )
        ours = wire.run(request)
        assert_same(ours, theirs, strides=strides, scale=scale)
        for word in contains:
            for side, answer in (("oracle", theirs), ("ours", ours)):
                assert answer[0] == "error", f"{side} raised nothing, expected an error with {word!r}"
                assert word in answer[2], f"{side}: {word!r} is not in {answer[2]!r}"
        return ours

    return run


def assert_same(ours: tuple, theirs: tuple, *, strides: bool = True, scale: float = 1.0) -> None:
    if theirs[0] == "error":
        assert ours[0] == "error", (
            f"oracle raises {theirs[1][0]}: {theirs[2][:200]!r}; ours returned {compare.short(ours[1])}"
        )
        assert theirs[1][0] in ours[1], f"oracle raises {theirs[1][0]}, ours {ours[1][0]}: {ours[2]!r}"
        return
    assert ours[0] != "error", f"ours raises {ours[1][0]}: {ours[2]!r}; oracle's answer is {compare.short(theirs[1])}"
    found = compare.differ(ours[1], theirs[1], strides=strides, scale=scale)
    assert found is None, found


def is_ours() -> bool:
    """True when ``torch`` here is this project's, False when the reference stands in for it."""
    import torch

    return "+core" in torch.__version__


def is_sanitized() -> bool:
    """True under scripts/asan.sh, where every allocation costs many times as much."""
    return "libasan" in os.environ.get("LD_PRELOAD", "")
