"""Type checkers accept the examples and the README's code as a user's program would be checked, strictly."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import is_ours

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference stands in")
ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = Path(torch.__file__).parent.parent
# Types that must not be Any, for which both checkers would accept anything.
TYPED = """
import torch
from torch import nn

x: torch.Tensor = torch.zeros(2, 3)
reveal_type(torch.zeros(2, 3))
reveal_type(torch.sort(x).indices)
reveal_type(x.max(dim=1).values)
reveal_type(torch.linalg.inv(x))
reveal_type(torch.fft.fft(x))
reveal_type(torch.special.i0e(x))
reveal_type(nn.functional.relu(x))
reveal_type(x.shape)
reveal_type(nn.Linear(3, 2).weight)
reveal_type(x + 1 > 2)
"""
WRONG = """
import torch

torch.zeros(2).view("a")
torch.sum(3)
torch.linalg.inv(A=1)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the examples, the README's code and a file of types."""
    for path in (ROOT / "docs" / "examples").glob("*.py"):
        shutil.copy(path, tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert blocks
    (tmp_path / "readme.py").write_text("\n".join(blocks))
    return tmp_path


def mypy(folder: Path, *files: str) -> subprocess.CompletedProcess:
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--config-file=", *files]
    env = {**os.environ, "MYPYPATH": f"{PACKAGES}{os.pathsep}{folder}"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=500)


def test_mypy_accepts_examples(program: Path) -> None:
    done = mypy(program, *sorted(path.name for path in program.glob("*.py")))
    assert done.returncode == 0, done.stdout


def test_mypy_knows_types(program: Path) -> None:
    (program / "typed.py").write_text(TYPED)
    (program / "wrong.py").write_text(WRONG)
    text = mypy(program, "typed.py", "wrong.py").stdout
    revealed = re.findall(r'Revealed type is "(.*)"', text)
    assert len(revealed) == TYPED.count("reveal_type"), text
    assert not [shown for shown in revealed if shown.strip("?") == "Any"], revealed
    errors = re.findall(r"wrong.py:(\d+): error", text)
    assert {int(line) for line in errors} == {4, 5, 6}, text


def test_pyright_accepts_examples(program: Path) -> None:
    """Needs node, which not every machine has: ``pip install pyright`` where there is one."""
    pyright = shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not installed")
    settings = {"extraPaths": [str(PACKAGES)], "typeCheckingMode": "standard"}
    (program / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [pyright, "--pythonpath", sys.executable], cwd=program, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
