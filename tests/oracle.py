"""Client of the oracle: PyTorch in an interpreter of its own, asked what it would do.

One process is started at the first question and lives until the tests end.  Questions go in batches, and the
answers are kept in a file (``.pytest_cache/d/oracle.sqlite``) under the hash of oracle version and question, so
a second run does not need to ask again.

The interpreter is found in this order: the environment variable ``TORCH_ORACLE_PYTHON``, then
``.venv-pytorch/bin/python`` at the root of the repository.  Without one, tests that need it are skipped, or fail
where the variable ``CI`` is ``true``.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import pickle
import sqlite3
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Union

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVER = Path(__file__).with_name("oracle_server.py")
WIRE = Path(__file__).with_name("wire.py")
LIMIT = 300  # seconds that a batch may take before its process counts as hanging


def interpreter() -> Optional[str]:
    """Path of the oracle's Python, or None."""
    path = os.environ.get("TORCH_ORACLE_PYTHON")
    if not path:
        path = str(ROOT / ".venv-pytorch" / "bin" / "python")
    return path if os.access(path, os.X_OK) else None


def missing() -> None:
    """Skip the calling test because there is no oracle; fail it under CI."""
    text = "no oracle: set TORCH_ORACLE_PYTHON to a Python that has PyTorch 2.13, or make .venv-pytorch"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(text)
    pytest.skip(text)


def environment() -> dict:
    """An environment for the oracle in which nothing of ours can be imported."""
    return {
        key: value
        for key, value in os.environ.items()
        if key
        not in ("PYTHONPATH", "PYTHONHOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "TORCH_CPU_ISA", "COVERAGE_PROCESS_START")
    }


def subject() -> Oracle:
    """The library under test behind the same questions, in a process that may end without ending the tests."""
    return Oracle(sys.executable, ":memory:", {**os.environ, "OMP_NUM_THREADS": "1"})


class OracleDied(RuntimeError):
    """The oracle process ended in the middle of a question."""


class Oracle:
    """Answers questions, from the file of answers or from the oracle process."""

    def __init__(self, python: str, store: Union[Path, str], env: Optional[dict] = None) -> None:
        self.python, self.env = python, environment() if env is None else env
        self.process: Optional[subprocess.Popen] = None
        if isinstance(store, Path):
            store.parent.mkdir(parents=True, exist_ok=True)
        self.answers = sqlite3.connect(store, timeout=60, isolation_level=None)
        self.answers.execute("PRAGMA journal_mode=WAL")
        self.answers.execute("PRAGMA synchronous=OFF")
        self.answers.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer BLOB) WITHOUT ROWID")
        self.salt = self._salt()
        atexit.register(self.close)

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _salt(self) -> bytes:
        """What must be equal for a stored answer to hold: the oracle's installation and the code that runs requests."""
        facts = hashlib.sha256(WIRE.read_bytes())
        facts.update(self.python.encode())
        for found in sorted(Path(self.python).parent.parent.glob("lib/python*/site-packages/torch-*.dist-info")):
            facts.update(found.name.encode())
        return facts.digest()

    def _start(self) -> subprocess.Popen:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [self.python, str(SERVER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self.env,
                cwd=str(SERVER.parent),
            )
        return self.process

    def _ask(self, message: Any) -> list:
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        data = pickle.dumps(message, protocol=4)
        watch = threading.Timer(LIMIT, process.kill)
        watch.start()
        try:
            process.stdin.write(struct.pack("<Q", len(data)) + data)
            process.stdin.flush()
            head = process.stdout.read(8)
            if len(head) == 8:
                return pickle.loads(process.stdout.read(struct.unpack("<Q", head)[0]))
        except BrokenPipeError:
            pass
        finally:
            watch.cancel()
        raise OracleDied(f"the oracle ended with code {process.wait()}")

    def ask(self, batch: list) -> list:
        """Answers to ``batch`` (a list of requests as :func:`wire.run` takes them), in order."""
        if not batch:
            return []
        return self._kept(batch, self._ask)

    def ask_each(self, batch: list) -> list:
        """The same, where one request may end the process: its answer is then ``("died", text)``."""
        return self._kept(batch, self._halved) if batch else []

    def _kept(self, batch: list, answer: Callable[[list], list]) -> list:
        key = hashlib.sha256(self.salt + pickle.dumps(batch, protocol=4)).digest()
        row = self.answers.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return pickle.loads(zlib.decompress(row[0]))
        reply = answer(batch)
        packed = zlib.compress(pickle.dumps(reply, protocol=4), 1)
        self.answers.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, packed))
        return reply

    def _halved(self, batch: list) -> list:
        try:
            return self._ask(batch)
        except OracleDied as death:
            if len(batch) == 1:
                return [("died", str(death))]
        half = len(batch) // 2
        return self._halved(batch[:half]) + self._halved(batch[half:])

    def version(self) -> str:
        return self._ask("version")[0][1][1]

    def run(self, code: str, **names: Any) -> tuple:
        """The oracle's answer to one snippet of code (see :func:`wire.run_code`)."""
        import wire

        return self.ask([{"code": code, "names": {key: wire.encode(item) for key, item in names.items()}}])[0]

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.answers.close()
