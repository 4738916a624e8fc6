"""Run the examples of docs/examples and print each one's result and time; fail if one of them does.

scripts/run_examples.py            all of them
scripts/run_examples.py clustering digits_rnn
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"


def names() -> list[str]:
    """The examples, without what they share."""
    return sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem != "common")


def main() -> int:
    failed = []
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)  # may be relative to this folder, not to that of the run
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in paths if path)}
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or names():
            begin = time.perf_counter()
            command = [sys.executable, str(EXAMPLES / f"{name}.py")]
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
            lines = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("plot:")]
            result = lines[-1].strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
            print(f"{name:20} {time.perf_counter() - begin:5.1f} s  {result}", flush=True)
            if done.returncode:
                failed.append(name)
    if failed:
        print("failed: " + ", ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
