"""No op crashes on a sparse operand, and none gives another answer than on the dense tensor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import is_ours


@pytest.mark.skipif(not is_ours(), reason="about the op table of the library under test")
def test_every_op_refuses_sparse_operands_or_is_right() -> None:
    program = Path(__file__).with_name("every_op.py")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=600, env=os.environ.copy()
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"ended with {done.returncode} after {lines[-1:]}: {done.stderr[-2000:]}"
    assert lines[-1] == "done"
    assert sum(line.startswith("op ") for line in lines) > 500
    assert any(line.startswith("  takes mm") for line in lines)
    found = [line for line in lines if line.startswith("FOUND")]
    assert not found, "\n".join(found)
