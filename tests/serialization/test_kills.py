"""torch.save is killed: the file is the old checkpoint or the new one, whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import kill_saves
import pytest
import torch
from torch import _atomic_write


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    counts = kill_saves.run(100, tmp_path)
    assert counts["saves"] >= 100
    # A file without a name has one for the moment between link and rename, which some kills of a busy machine meet.
    assert counts["left"] <= (20 if _atomic_write._nameless_file(str(tmp_path)) is not None else 100)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("nameless", [True, False])
def test_killed_before_each_step_of_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool) -> None:
    """Every call that changes something on disk, one after the other: the process ends right before it."""
    path = tmp_path / "x.pt"
    if not nameless:
        monkeypatch.setattr(_atomic_write, "_O_TMPFILE", None)

    def save_until(last: int) -> bool:
        """Whether a process that ends before its call number `last` has ended there."""
        pid = os.fork()
        if pid == 0:
            calls = 0

            def counted(function: Any) -> Any:
                def call(*args: Any, **kwargs: Any) -> Any:
                    nonlocal calls
                    calls += 1
                    if calls == last:
                        os._exit(3)
                    return function(*args, **kwargs)

                return call

            for name in ("open", "fsync", "fchmod", "link", "replace", "unlink"):
                setattr(os, name, counted(getattr(os, name)))
            writer = torch.serialization.ZipWriter
            writer._put = counted(writer._put)
            try:
                torch.save({"new": torch.ones(5000)}, path)
                os._exit(0)
            finally:
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in (0, 3)
        return status == 3

    steps, seen = 1, []
    torch.save({"old": torch.zeros(3)}, path)
    while save_until(steps):
        found = torch.load(path)
        seen.append("new" if "new" in found else "old")
        assert torch.equal(found[seen[-1]], torch.ones(5000) if seen[-1] == "new" else torch.zeros(3))
        torch.save({"old": torch.zeros(3)}, path)
        steps += 1
    assert steps > 15 and "old" in seen and seen == sorted(seen, reverse=True)
    assert "new" in torch.load(path)


def test_falls_back_where_files_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError("not in this sandbox")

    monkeypatch.setattr(os, "link", refuse)
    for value in (1.0, 2.0):
        torch.save(torch.full((5000,), value), tmp_path / "x.pt")
        assert torch.equal(torch.load(tmp_path / "x.pt"), torch.full((5000,), value))
    assert os.listdir(tmp_path) == ["x.pt"]
