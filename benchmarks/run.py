"""Times ours against PyTorch in one alternating run and prints ratios (see README.md beside this file)."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent))
from slower import SLOWER  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PROCESS_GROUPS = ("import", "memory")
TIMED_GROUPS = (
    "overhead",
    "overhead (more)",
    "pointwise",
    "reduce",
    "matmul",
    "matmul (more)",
    "conv",
    "attention",
    "training",
    "training (more)",
    "optimizers",
    "data",
    "rows",
    "workers",
    "fft",
    "special",
    "pointwise (layouts)",
    "reduce (layouts)",
    "indexing",
    "sort",
    "linalg",
)

# Largest ours/PyTorch allowed: geometric mean of a group, and any single case (None: no limit). Single cases may not be
# slower than PyTorch at all unless slower.py names them; a tenth more is what a quiet machine still varies by.
TARGETS: dict[str, tuple[float, Optional[float]]] = {
    "overhead": (0.4, 0.8),
    "pointwise": (0.9, 1.1),
    "pointwise (layouts)": (0.9, 1.1),
    "reduce": (0.9, 1.1),
    "reduce (layouts)": (0.9, 1.1),
    "indexing": (0.9, 1.1),
    "sort": (0.9, 1.1),
    "linalg": (0.9, 1.1),
    "matmul": (1.05, None),
    "training": (0.7, None),
    "attention": (0.8, 1.0),
    "optimizers": (0.1, 0.15),
    "rows": (0.05, 0.06),
    "workers": (0.9, 1.0),
}

# What a process of its own is asked, for the groups import and memory: code, and what it prints.
PROCESSES = {
    "import / import torch, s": "import time; t = time.perf_counter(); import torch; print(time.perf_counter() - t)",
    "import / import and first Adam step, s": """
import time; t = time.perf_counter()
import torch
m = torch.nn.Linear(3, 1); o = torch.optim.Adam(m.parameters(), lr=0.1)
m(torch.ones(2, 3)).sum().backward(); o.step()
print(time.perf_counter() - t)""",
    "import / import and first SGD step, s": """
import time; t = time.perf_counter()
import torch
m = torch.nn.Linear(3, 1); o = torch.optim.SGD(m.parameters(), lr=0.1)
m(torch.ones(2, 3)).sum().backward(); o.step()
print(time.perf_counter() - t)""",
    "memory / import torch, MB": "import torch, resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)",
    "memory / MLP Adam steps over import, MB": """
import resource, torch
from torch import nn
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
torch.set_num_threads(1)
m = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
o, x, y = torch.optim.Adam(m.parameters()), torch.randn(64, 784), torch.randint(0, 10, (64,))
for _ in range(10):
    o.zero_grad(); nn.functional.cross_entropy(m(x), y).backward(); o.step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024)""",
    "memory / 100000 tensors of 1 element, bytes each": """
import resource, torch
keep = [torch.ones(1) for _ in range(1000)]
def rss():
    with open('/proc/self/statm') as f: return int(f.read().split()[1]) * 4096
base = rss(); keep += [torch.ones(1) for _ in range(100000)]
print((rss() - base) / 100000)""",
}


def reference_python(given: Optional[str]) -> str:
    path = given or os.environ.get("TORCH_ORACLE_PYTHON") or str(ROOT / ".venv-pytorch" / "bin" / "python")
    if not os.access(path, os.X_OK):
        sys.exit(f"no interpreter at {path}: give --reference, set TORCH_ORACLE_PYTHON, or run make bench")
    return os.path.abspath(path)  # workers run elsewhere


def environment(ours: bool, threads: int) -> dict:
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONDONTWRITEBYTECODE="1")
    if "PYTHONPATH" in env:  # workers run elsewhere
        env["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, env["PYTHONPATH"].split(os.pathsep)))
    if not ours:  # the reference must find its own torch
        for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"):
            env.pop(name, None)
    return env


def run_worker(python: str, ours: bool, job: dict) -> dict:
    done = subprocess.run(
        [python, str(HERE / "worker.py"), json.dumps(job)],
        capture_output=True,
        text=True,
        env=environment(ours, job["threads"]),
        cwd=str(ROOT / "benchmarks"),
    )
    if done.returncode or not done.stdout:
        sys.exit(f"{python} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def run_process(python: str, ours: bool, code: str, threads: int) -> Optional[float]:
    done = subprocess.run(
        [python, "-c", code],
        capture_output=True,
        text=True,
        env=environment(ours, threads),
        cwd=str(ROOT / "benchmarks"),
    )
    try:
        return float(done.stdout.split()[-1])
    except (IndexError, ValueError):
        print(f"{python}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None


def measure(args: argparse.Namespace) -> dict:
    """{"ours": {case: seconds}, "reference": {...}, "errors": [...], "versions": {...}} with minima over the rounds."""
    sides = (("ours", args.ours), ("reference", args.reference))
    best: dict[str, Any] = {"ours": {}, "reference": {}, "errors": [], "versions": {}}
    timed = [g for g in args.group if g in TIMED_GROUPS]
    job = {"groups": timed, "case": args.case, "threads": args.threads, "share": 0.03 if args.quick else 0.1}
    processes = {
        name: code for name, code in PROCESSES.items() if name.split(" / ")[0] in args.group and args.case in name
    }
    for turn in range(args.rounds):
        for side, python in sides if turn % 2 == 0 else reversed(sides):
            print(f"round {turn + 1} of {args.rounds}: {side}", file=sys.stderr)
            if timed:
                answer = run_worker(python, side == "ours", job)
                best["versions"][side] = answer["version"]
                for name, seconds in answer["times"].items():
                    best[side][name] = min(seconds, best[side].get(name, math.inf))
                best["errors"] += [f"{side}: {name}: {text}" for name, text in answer["errors"].items() if turn == 0]
            for name, code in processes.items():
                value = run_process(python, side == "ours", code, args.threads)
                if value is not None:
                    best[side][name] = min(value, best[side].get(name, math.inf))
    return best


def show(name: str, value: Optional[float]) -> str:
    if value is None:
        return "-"
    if name.split(" / ")[0] == "memory":
        return f"{value:.1f}"
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


def ratios(found: dict) -> dict:
    """{group: {case: ours / reference}} of the cases that both sides ran."""
    made: dict = {}
    for name, theirs in found["reference"].items():
        ours = found["ours"].get(name)
        if ours is not None and theirs > 0:
            group, case = name.split(" / ", 1)
            made.setdefault(group, {})[case] = max(ours, 1e-12) / theirs
    return made


def summary(found: dict) -> dict:
    """{group: (geometric mean, worst ratio, worst case)}."""
    return {
        group: (
            math.exp(sum(math.log(r) for r in cases.values()) / len(cases)),
            max(cases.values()),
            max(cases, key=cases.get),
        )
        for group, cases in ratios(found).items()
    }


def markdown(found: dict, args: argparse.Namespace) -> str:
    versions = found["versions"]
    lines = [
        f"# Ours ({versions.get('ours', '?')}) against PyTorch ({versions.get('reference', '?')})",
        "",
        f"{args.threads} thread(s), {args.rounds} alternating rounds, minima; {platform.machine()}, Python {platform.python_version()}. A ratio below 1: ours is faster.",
        "",
        "| group | cases | geometric mean | worst | worst case | target |",
        "|---|---|---|---|---|---|",
    ]
    made = ratios(found)
    for group, (mean, worst, case) in summary(found).items():
        limit = TARGETS.get(group)
        target = "" if limit is None else f"<= {limit[0]}" + (f", none > {limit[1]}" if limit[1] else "")
        lines.append(f"| {group} | {len(made[group])} | **{mean:.3f}** | {worst:.2f} | {case} | {target} |")
    for group, cases in made.items():
        lines += ["", f"## {group}", "", "| case | ours | PyTorch | ratio |", "|---|---|---|---|"]
        for case, ratio in cases.items():
            name = f"{group} / {case}"
            lines.append(
                f"| {case} | {show(name, found['ours'][name])} | {show(name, found['reference'][name])} | {ratio:.2f} |"
            )
    slower = [
        f"| {group} / {case} | {ratio:.2f} | {SLOWER.get(f'{group} / {case}', '')} |"
        for group, cases in made.items()
        for case, ratio in sorted(cases.items(), key=lambda item: -item[1])
        if ratio > 1.0
    ]
    if slower:
        lines += ["", "## Slower than PyTorch", "", "| case | ratio | known cause |", "|---|---|---|", *slower]
    if found["errors"]:
        lines += ["", "Not measured:", ""] + [f"- {text}" for text in found["errors"]]
    return "\n".join(lines) + "\n"


def plot(found: dict, path: str) -> None:
    """Bars of the ratios by case, one colour a group, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [(f"{case}", ratio, group) for group, cases in ratios(found).items() for case, ratio in cases.items()]
    colours = {group: f"C{i % 10}" for i, group in enumerate(dict.fromkeys(row[2] for row in rows))}
    figure, axis = plt.subplots(figsize=(9, 1 + 0.17 * len(rows)), layout="constrained")
    axis.barh(
        [f"{name} ({group})" for name, _, group in rows],
        [ratio for _, ratio, _ in rows],
        color=[colours[group] for *_, group in rows],
    )
    axis.set_xscale("log")
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.invert_yaxis()
    axis.margins(y=0.005)
    axis.tick_params(labelsize=6)
    axis.set_xlabel("time of ours / time of PyTorch")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def missed(found: dict) -> list:
    """Sentences about the targets that are not met."""
    said = []
    found_summary = summary(found)
    for group, (mean_limit, case_limit) in TARGETS.items():
        if group not in found_summary:
            continue
        mean, _, _ = found_summary[group]
        if mean > mean_limit:
            said.append(f"{group}: geometric mean {mean:.3f}, target {mean_limit}")
        for case, ratio in ratios(found)[group].items():
            if case_limit is not None and ratio > case_limit and f"{group} / {case}" not in SLOWER:
                said.append(f"{group}: {case} {ratio:.2f}, no case may exceed {case_limit}")
    said += [
        text for text in found["errors"] if text.startswith("ours") and text.split(": ")[1].split(" / ")[0] in TARGETS
    ]
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", default=sys.executable, help="Python that imports our torch (default: this one)")
    parser.add_argument("--reference", help="Python that imports PyTorch")
    parser.add_argument(
        "--group", action="append", choices=[*TIMED_GROUPS, *PROCESS_GROUPS], help="only these groups (repeatable)"
    )
    parser.add_argument("--case", default="", help="only cases whose name contains this text")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, help="rounds per interpreter (default 5; quick: 2)")
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--markdown", metavar="FILE")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE")
    args = parser.parse_args()
    args.reference = reference_python(args.reference)
    args.group = args.group or [*TIMED_GROUPS, *PROCESS_GROUPS]
    args.rounds = args.rounds or (2 if args.quick else 5)
    found = measure(args)
    text = markdown(found, args)
    print(text)
    if args.markdown:
        Path(args.markdown).write_text(text)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1))
    if args.plot:
        plot(found, args.plot)
    if args.check:
        said = missed(found)
        print("\n".join(["Targets missed:", *said]) if said else "All targets met.")
        return 1 if said else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
