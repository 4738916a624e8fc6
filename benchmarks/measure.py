"""Runs the cases under two interpreters by turns, and keeps the shortest times."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
from processes import PROCESSES  # noqa: E402

PROCESS_GROUPS = tuple(dict.fromkeys(name.split(" / ")[0] for name in PROCESSES))
TIMED_GROUPS = (
    "overhead",
    "pointwise",
    "pointwise (layouts)",
    "reduce",
    "reduce (layouts)",
    "indexing",
    "sort",
    "matmul",
    "conv",
    "attention",
    "training",
    "inference",
    "compile",
    "files",
    "data",
    "rows",
    "workers",
    "linalg",
    "fft",
    "special",
)

# Switches AVX-512 off in our library and in those that either side may call.
WITHOUT_AVX512 = {
    "TORCH_CPU_ISA": "avx2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F",
}


@dataclass(frozen=True)
class Setting:
    """One kind of run: ``share`` is the least seconds for a case and round, ``case`` a part of the names wanted,
    ``only`` the cases wanted as "group / case" (none: all)."""

    groups: tuple[str, ...] = (*TIMED_GROUPS, *PROCESS_GROUPS)
    threads: int = 1
    avx512: bool = True
    rounds: int = 5
    share: float = 0.1
    case: str = ""
    only: tuple[str, ...] = ()


@dataclass
class Found:
    """Shortest seconds (or what a process printed) by "group / case" for both sides, and what the machine can do."""

    threads: int = 1
    avx512: bool = True
    rounds: int = 0
    ours: dict[str, float] = field(default_factory=dict)
    reference: dict[str, float] = field(default_factory=dict)
    work: dict[str, tuple[str, float]] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def ratios(self) -> dict[str, dict[str, float]]:
        """{group: {case: ours / reference}} of the cases that both sides ran."""
        made: dict[str, dict[str, float]] = {}
        for name, theirs in self.reference.items():
            ours = self.ours.get(name)
            if ours is not None and theirs > 0:
                group, case = name.split(" / ", 1)
                made.setdefault(group, {})[case] = max(ours, 1e-12) / theirs
        return made

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)


def reference_python(given: Optional[str]) -> str:
    path = given or os.environ.get("TORCH_ORACLE_PYTHON") or str(ROOT / ".venv-pytorch" / "bin" / "python")
    if not os.access(path, os.X_OK):
        sys.exit(f"no interpreter at {path}: give --reference, set TORCH_ORACLE_PYTHON, or run make bench")
    return os.path.abspath(path)  # workers run elsewhere


def environment(ours: bool, setting: Setting) -> dict[str, str]:
    env = dict(os.environ, OMP_NUM_THREADS=str(setting.threads), PYTHONDONTWRITEBYTECODE="1")
    if not setting.avx512:
        env.update(WITHOUT_AVX512)
    if "PYTHONPATH" in env:  # workers run elsewhere
        env["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, env["PYTHONPATH"].split(os.pathsep)))
    if not ours:  # the reference must find its own torch
        for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"):
            env.pop(name, None)
        # Its compiler's results, so that later rounds need not compile again; they are found by the program alone,
        # whichever instructions they are of.
        isa = "native" if setting.avx512 else "avx2"
        env["TORCHINDUCTOR_CACHE_DIR"] = str(ROOT / "build" / f"bench-inductor-{isa}")
    return env


def _run_worker(python: str, ours: bool, setting: Setting, groups: list[str]) -> dict[str, Any]:
    job = {
        "groups": groups,
        "case": setting.case,
        "only": setting.only,
        "threads": setting.threads,
        "share": setting.share,
    }
    done = subprocess.run(
        [python, str(HERE / "worker.py"), json.dumps(job)],
        capture_output=True,
        text=True,
        env=environment(ours, setting),
        cwd=str(HERE),
    )
    if done.returncode or not done.stdout:
        sys.exit(f"{python} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _run_process(python: str, ours: bool, setting: Setting, code: str) -> float:
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env=environment(ours, setting), cwd=str(HERE)
    )
    return float(done.stdout.split()[-1]) if done.returncode == 0 else math.nan


def _limits_program(avx512: bool) -> Path:
    program = ROOT / "build" / ("bench-limits" if avx512 else "bench-limits-avx2")
    source = HERE / "limits.cpp"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(exist_ok=True)
        flags = ["-O3", "-ffp-contract=fast", "-std=c++20", f"-march={'native' if avx512 else 'x86-64-v3'}", "-pthread"]
        subprocess.run(["g++", *flags, str(source), "-o", str(program)], check=True)
    return program


def measure_limits(setting: Setting, found: Found) -> None:
    """Adds one measurement of the machine's limits to ``found``: the best of all counts."""
    command = [str(_limits_program(setting.avx512)), str(setting.threads)]
    new = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    old = found.limits
    found.limits = {
        "flops": max(new["flops"], old.get("flops", 0.0)),
        **{
            kind: {size: max(rate, old.get(kind, {}).get(size, 0.0)) for size, rate in new[kind].items()}
            for kind in ("copy", "read")
        },
    }


def measure(ours: str, reference: str, setting: Setting) -> Found:
    sides = (("ours", ours), ("reference", reference))
    found = Found(setting.threads, setting.avx512, setting.rounds)
    timed = [g for g in setting.groups if g in TIMED_GROUPS]
    processes = {
        name: code
        for name, code in PROCESSES.items()
        if name.split(" / ")[0] in setting.groups and setting.case in name
    }
    for turn in range(setting.rounds):
        if timed:
            measure_limits(setting, found)
        for side, python in sides if turn % 2 == 0 else reversed(sides):
            print(f"round {turn + 1} of {setting.rounds}: {side}", file=sys.stderr)
            best = getattr(found, side)
            if timed:
                answer = _run_worker(python, side == "ours", setting, timed)
                found.versions[side] = answer["version"]
                found.work.update((name, tuple(work)) for name, work in answer["work"].items())
                for name, seconds in answer["times"].items():
                    best[name] = min(seconds, best.get(name, math.inf))
                if turn == 0:
                    found.errors += [f"{side}: {name}: {text}" for name, text in answer["errors"].items()]
            for name, code in processes.items():
                if turn and "PyTorch's compiler starts anew" in code and side == "reference":
                    continue
                value = _run_process(python, side == "ours", setting, code)
                if math.isnan(value):
                    found.errors.append(f"{side}: {name}: the process failed")
                else:
                    best[name] = min(value, best.get(name, math.inf))
    return found
