"""The examples of docs/examples run, state their result, and (a, b) print the losses that PyTorch prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest
from oracle import environment, interpreter, missing

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "examples"


def run(python: str, name: str, folder: Path, env: Optional[dict] = None) -> str:
    folder.mkdir(exist_ok=True)
    env = {**(env or os.environ), "OMP_NUM_THREADS": "1"}  # PyTorch's threads crawl on a machine with other work
    done = subprocess.run(
        [python, str(FOLDER / name)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env=env,
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    return done.stdout


def losses(text: str) -> list:
    return [float(value) for value in re.findall(r"loss ([0-9.]+)", text)]


@pytest.mark.parametrize("name", ["linear_regression.py", "breast_cancer.py"])
def test_same_losses_as_pytorch(name: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    python = interpreter()
    if python is None:
        missing()
    ours = run(sys.executable, name, tmp_path / "ours")
    theirs = run(str(python), name, tmp_path / "theirs", environment())
    assert len(losses(ours)) == len(losses(theirs)) >= 10
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-4)
    assert list((tmp_path / "ours" / "plots").glob("*.png"))


def test_digits(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    text = run(sys.executable, "digits_cnn.py", tmp_path)
    accuracy, seconds = re.search(r"test accuracy ([0-9.]+)% on \d+ images, ([0-9.]+) s", text).groups()  # type: ignore[union-attr]
    assert float(accuracy) >= 98.0
    assert float(seconds) < 120
    assert (tmp_path / "plots" / "digits_cnn.png").exists()


def test_a_model_crosses_over(tmp_path: Path) -> None:
    """A state dict saved here is read by PyTorch, and one saved there is read here, with equal outputs."""
    python = interpreter()
    if python is None:
        missing()
    make = "import torch; torch.manual_seed(0); m = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3)).eval(); x = torch.arange(16.).reshape(1, 1, 4, 4) / 16\n"
    save = make + "torch.save(m.state_dict(), 'm.pt'); print(m(x).tolist())"
    load = (
        make + "\nfor p in m.parameters(): p.data.zero_()\nm.load_state_dict(torch.load('m.pt')); print(m(x).tolist())"
    )

    def code(which: str, text: str, env: dict) -> list:
        done = subprocess.run([which, "-c", text], cwd=tmp_path, capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr[-2000:]
        return eval(done.stdout)[0]

    for writer, reader in (
        ((sys.executable, dict(os.environ)), (str(python), environment())),
        ((str(python), environment()), (sys.executable, dict(os.environ))),
    ):
        written = code(writer[0], save, writer[1])
        assert code(reader[0], load, reader[1]) == pytest.approx(written, rel=1e-5, abs=1e-6)
