"""run.py SCRIPT: runs one of the scripts of this folder and prints, besides its figures, what it cost.

A script names in ``IMPORT`` the module whose import is timed, torch's own included.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import runpy
import sys
import time
import warnings
from pathlib import Path


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def constant(path: Path, name: str) -> str:
    """A constant of a script, without running it."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", None) == name:
            return ast.literal_eval(statement.value)
    raise SystemExit(f"{path} names no {name}")


def main() -> None:
    path = Path(sys.argv[1]).resolve()
    sys.path[0] = str(path.parent)
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    import torch
    import torchvision_operators  # noqa: F401

    importlib.import_module(constant(path, "IMPORT"))
    imported, memory = time.perf_counter() - start, peak_megabytes()
    torch.set_num_threads(1)
    runpy.run_path(str(path), run_name="__main__")
    cost = {
        "version": importlib.metadata.version(path.stem.removeprefix("use_").replace("_", "-")),
        "import_s": imported,
        "import_mb": memory,
        "peak_mb": peak_megabytes(),
        "run_s": time.perf_counter() - start - imported,
    }
    print("COST", json.dumps(cost), flush=True)


if __name__ == "__main__":
    main()
