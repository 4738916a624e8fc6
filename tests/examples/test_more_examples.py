"""The longer examples run, in their short form; their promises stand in the table; the notebooks execute."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import is_sanitized

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "examples"
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
NAMES = sorted(
    p.stem for p in FOLDER.glob("*.py") if "EXAMPLES_SHORT" not in p.read_text() and "rounds(" in p.read_text()
)

# All in one process, because most of their time would go into imports.
RUNNER = """
import contextlib, io, json, runpy, sys, time, traceback
folder, names = sys.argv[1], sys.argv[2:]
sys.path.insert(0, folder)
result = {}
for name in names:
    said, begin = io.StringIO(), time.perf_counter()
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_path(f"{folder}/{name}.py", run_name="__main__")
        failure = ""
    except BaseException:
        failure = traceback.format_exc()
    result[name] = (failure, said.getvalue(), time.perf_counter() - begin)
json.dump(result, open("result.json", "w"))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("examples")
    env = {**os.environ, "EXAMPLES_SHORT": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    command = [sys.executable, "-c", RUNNER, str(FOLDER), *NAMES]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return {"folder": folder, **json.loads((folder / "result.json").read_text())}


@pytest.mark.skipif(is_sanitized(), reason="takes minutes there, and exercises nothing of its own")
@pytest.mark.parametrize("name", NAMES)
def test_example(name: str, runs: dict[str, Any]) -> None:
    failure, said, _ = runs[name]
    assert not failure, failure
    assert re.search(r"[0-9]", said) and f"plot: plots/{name}.png" in said
    assert (runs["folder"] / "plots" / f"{name}.png").stat().st_size > 5000


def test_examples_are_found() -> None:
    assert len(NAMES) >= 10


def test_promises_stand_in_the_table() -> None:
    """Every example has a row; the row says what the example checks."""
    text = (FOLDER / "README.md").read_text()
    for path in FOLDER.glob("*.py"):
        if path.stem == "common":
            continue
        row = next((line for line in text.splitlines() if line.startswith(f"| [{path.name}]")), "")
        assert row, f"{path.name} is not in docs/examples/README.md"
        promises = re.findall(r'check\(.*?"([^"]+)"\)', path.read_text(), re.S)
        if path.stem in NAMES:
            assert promises and any(promise in row for promise in promises), (path.name, promises)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stripped(path: Path) -> None:
    book = json.loads(path.read_text())
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert len(code) >= 5
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None]


@pytest.mark.skipif(is_sanitized(), reason="takes minutes there, and exercises nothing of its own")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    client = nbclient.NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert sum(bool(cell.outputs) for cell in code) >= len(code) // 2


def test_three_notebooks() -> None:
    assert len(NOTEBOOKS) >= 3
