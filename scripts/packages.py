"""Packages that are made for PyTorch, run unmodified on this torch and on PyTorch, and what they answer compared.

scripts/packages.py                       make both environments, run all, write docs/packages.md
scripts/packages.py --only einops timm    run these again; the rest of the page stays as it was
scripts/packages.py --wheel dist/*.whl    with the wheel installed, in place of the build in this checkout
scripts/packages.py --no-suites           without the packages' own test suites

Each script of tests/packages prints figures: outputs, gradients and losses from fixed seeds. Each is run in a process
of its own, by both interpreters, with the same files of the packages. The figures must agree to the tolerance that the
script gives, relative to the largest number of the figure. The results are kept in .packages/results.json, and what
PyTorch says in .packages/pytorch until the script changes.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "tests" / "packages"
PAGE = ROOT / "docs" / "packages.md"
BEGIN, END = "<!-- packages: begin -->", "<!-- packages: end -->"
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
# Installed without what it asks for: one release of PyTorch, to the digit, for a binary that is not loaded.
WITHOUT_DEPENDENCIES = ["torchvision==0.28.0"]


class Suite(NamedTuple):
    """A package's own tests: in the package as installed, or in its source distribution."""

    package: str
    source: str  # "installed", or the requirement whose source distribution has the tests
    arguments: tuple[str, ...]
    note: str = "all"


SUITES = (
    Suite("einops", "installed", ("einops/tests",), "numpy and torch backends"),
    Suite("opt_einsum", "installed", ("opt_einsum/tests",)),
    Suite(
        "skorch",
        "installed",
        tuple(
            "skorch/tests/" + name
            for name in (
                "test_classifier.py test_regressor.py test_dataset.py test_helper.py test_history.py test_setter.py "
                "test_utils.py test_toy.py test_scoring.py callbacks"
            ).split()
        ),
        "classifier, regressor, data, callbacks, helpers",
    ),
    Suite(
        "linear_operator",
        "linear_operator==0.6.1",
        ("test/functions", "test/utils", "test/operators/test_dense_linear_operator.py"),
        "functions, utils, dense operators",
    ),
    Suite(
        "gpytorch",
        "gpytorch==1.15.2",
        ("test/kernels", "test/distributions", "test/means"),
        "kernels, distributions, means",
    ),
    Suite("e3nn", "e3nn==0.6.0", ("tests/o3", "tests/math"), "o3, math"),
    Suite(
        "timm",
        "timm==1.0.31",
        ("tests/test_optim.py", "tests/test_utils.py", "tests/test_layers.py"),
        "optim, utils, layers",
    ),
)


def run(*command: Any, **options: Any) -> None:
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


# --- Environments ----------------------------------------------------------------------------------------------


def make_environments(folder: Path, oracle: Path, wheel: str | None) -> tuple[Path, Path]:
    """The interpreters of the two environments. The second sees the packages of the first, and PyTorch before them."""
    ours, reference = folder / "ours", folder / "reference"
    if not (ours / "bin" / "python").exists():
        run(sys.executable, "-m", "venv", ours)
    site = ours / SITE
    if wheel:
        run(ours / "bin" / "pip", "install", "-q", "--force-reinstall", "--no-deps", wheel)
    else:
        shutil.rmtree(site / "torch", ignore_errors=True)  # an installed wheel would go before the checkout
        (site / "_torch.pth").write_text(f"{ROOT / 'python'}\n")
        described = site / f"torch-{version()}.dist-info"
        described.mkdir(exist_ok=True)
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version()}\n")
        (described / "RECORD").write_text("")
    requirements = SCRIPTS / "requirements.txt"
    stamp = ours / "installed.txt"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        run(ours / "bin" / "pip", "install", "-q", "-r", requirements)
        run(ours / "bin" / "pip", "install", "-q", "--no-deps", *WITHOUT_DEPENDENCIES)
        stamp.write_text(requirements.read_text())
    if not (reference / "bin" / "python").exists():
        run(oracle, "-m", "venv", "--without-pip", reference)
    of_oracle = subprocess.run(
        [oracle, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (reference / SITE / "_packages.pth").write_text(f"{of_oracle}\n{site}\n")
    return ours / "bin" / "python", reference / "bin" / "python"


def version() -> str:
    """The version that pyproject.toml gives."""
    found = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert found
    return found[1]


# --- Scripts ---------------------------------------------------------------------------------------------------


def scripts() -> dict[str, Path]:
    """The scripts by the names of their packages."""
    return {path.stem[len("use_") :]: path for path in sorted(SCRIPTS.glob("use_*.py"))}


def said(python: Path, script: Path) -> dict[str, Any]:
    """What a script prints, or how it fails."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1"}
    try:
        done = subprocess.run(
            [python, SCRIPTS / "run.py", script],
            capture_output=True,
            text=True,
            timeout=600,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": "more than 600 s"}
    lines = done.stdout.splitlines()
    found: dict[str, Any] = {
        "figures": [json.loads(line[len("FIGURE ") :]) for line in lines if line.startswith("FIGURE ")],
        "cost": next((json.loads(line[len("COST ") :]) for line in lines if line.startswith("COST ")), {}),
    }
    if done.returncode:
        reason = [line for line in done.stderr.splitlines() if line.strip()][-1:] or [f"exit code {done.returncode}"]
        found["error"] = reason[0].strip()[:300]
    return found


def said_by_pytorch(python: Path, script: Path, folder: Path) -> dict[str, Any]:
    """What a script prints under PyTorch, kept for as long as neither it nor the packages change."""
    parts = (script, SCRIPTS / "figures.py", SCRIPTS / "requirements.txt")
    key = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    kept = folder / "pytorch" / f"{script.stem}.json"
    if kept.exists() and (found := json.loads(kept.read_text()))["key"] == key:
        return found["said"]
    answer = said(python, script)
    if "error" not in answer:
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"key": key, "said": answer}))
    return answer


def difference(ours: dict[str, Any], reference: dict[str, Any]) -> float:
    """The largest difference of a figure's numbers, by the largest of them; infinite where shapes or texts differ."""
    if "text" in reference:
        return 0.0 if ours.get("text") == reference["text"] else math.inf
    mine, other = ours.get("numbers"), reference["numbers"]
    if mine is None or len(mine) != len(other) or ours["shape"] != reference["shape"]:
        return math.inf
    scale = max((abs(x) for x in other if math.isfinite(x)), default=0.0) or 1.0
    worst = 0.0
    for x, y in zip(mine, other):
        same = x == y or (math.isnan(x) and math.isnan(y))
        worst = max(worst, 0.0 if same else abs(x - y) / scale if math.isfinite(x) and math.isfinite(y) else math.inf)
    return worst


def compared(ours: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """The row of a script: what both need, and the figures that differ."""
    result: dict[str, Any] = {"ours": ours.get("cost", {}), "reference": reference.get("cost", {})}
    for whose, found in (("PyTorch", reference), ("here", ours)):
        if "error" in found:
            return {**result, "failed": f"{whose}: {found['error']}"}
    pairs = list(zip(ours["figures"], reference["figures"]))
    if [a["name"] for a in ours["figures"]] != [b["name"] for b in reference["figures"]]:
        return {**result, "failed": "other figures"}
    differences = [(difference(a, b), b) for a, b in pairs]
    wrong = [f"{b['name']} ({d:.1e})" for d, b in differences if d > b.get("tolerance", 0.0)]
    return {**result, "figures": len(pairs), "largest": max(d for d, _ in differences), "wrong": wrong}


# --- Test suites -----------------------------------------------------------------------------------------------


def sources(suite: Suite, folder: Path, python: Path) -> Path:
    """The folder that a suite's arguments are relative to."""
    if suite.source == "installed":
        return python.parent.parent / SITE
    found = list(folder.glob(f"{suite.source.replace('==', '-')}/"))
    if not found:
        name = suite.source.partition("==")[0]
        run(python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name, suite.source, "-d", folder)
        for archive in folder.glob(f"{suite.source.replace('==', '-')}.tar.gz"):
            run("tar", "xzf", archive, "-C", folder)
        found = list(folder.glob(f"{suite.source.replace('==', '-')}/"))
    return found[0]


def counts(python: Path, where: Path, suite: Suite) -> dict[str, Any]:
    """How many tests pass, fail and are skipped."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(SCRIPTS),
        "EINOPS_TEST_BACKENDS": "numpy,torch",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "torchvision_operators",
        "--tb=no",
        "-rfE",
    ]
    try:
        done = subprocess.run(
            [*command, *suite.arguments],
            cwd=where,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"problem": "more than 1800 s"}
    last = next((line for line in reversed(done.stdout.splitlines()) if re.search(r" in [0-9.]+s", line)), "")
    found: dict[str, Any] = {kind: int(n) for n, kind in re.findall(r"(\d+) (passed|failed|errors?|skipped)", last)}
    if not found:
        return {"problem": (done.stdout + done.stderr).strip()[-200:]}
    found["failures"] = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)
    return found


# --- The page --------------------------------------------------------------------------------------------------


def purpose(path: Path) -> str:
    """The first line of a script's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()[0]


def beside(row: dict[str, Any], key: str, digits: int) -> str:
    values = [row[whose].get(key) for whose in ("ours", "reference")]
    return " / ".join("" if value is None else f"{value:.{digits}f}" for value in values)


def outcome(row: dict[str, Any]) -> str:
    if "failed" in row:
        return f"fails: {row['failed']}".replace("|", "\\|")
    if row["wrong"]:
        return f"{len(row['wrong'])} of {row['figures']} figures differ: {', '.join(row['wrong'][:3])}"
    return (
        f"{row['figures']} figures equal, to {row['largest']:.0e}"
        if row["largest"]
        else f"{row['figures']} figures equal"
    )


def table(results: dict[str, Any]) -> list[str]:
    """The table of the scripts that are there."""
    lines = [
        "| package | version | what is run | result | import, s | memory after import, MB | peak, MB | run, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, path in scripts().items():
        row = results.get("scripts", {}).get(name)
        if row is None:
            lines.append(f"| {name} | | {purpose(path)} | not run | | | | |")
            continue
        cells = [
            name,
            row["reference"].get("version", ""),
            purpose(path),
            outcome(row),
            beside(row, "import_s", 2),
            beside(row, "import_mb", 0),
            beside(row, "peak_mb", 0),
            beside(row, "run_s", 1),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def suite_table(results: dict[str, Any]) -> list[str]:
    """The table of the packages' own tests."""
    lines = ["| package | its tests | passed here / PyTorch | failed | skipped |", "|---|---|---|---|---|"]
    for suite in SUITES:
        row = results.get("suites", {}).get(suite.package)
        if row is None:
            lines.append(f"| {suite.package} | {suite.note} | not run | | |")
            continue
        both = [row["ours"], row["reference"]]
        if any("problem" in side for side in both):
            reason = next(side["problem"] for side in both if "problem" in side).splitlines()[-1]
            lines.append(f"| {suite.package} | {suite.note} | fails: {reason} | | |")
            continue

        def count(*kinds: str, sides: list[dict[str, Any]] = both) -> str:
            return " / ".join(str(sum(side.get(kind, 0) for kind in kinds)) for side in sides)

        failed = count("failed", "error", "errors")
        lines.append(f"| {suite.package} | {suite.note} | {count('passed')} | {failed} | {count('skipped')} |")
    return lines


def write_page(results: dict[str, Any]) -> None:
    """Replace what is between the markers of the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    text = "\n".join(["", *table(results), "", "## Their own tests", "", *suite_table(results), ""])
    PAGE.write_text(before + BEGIN + text + END + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / ".packages", help="for the environments and results")
    parser.add_argument("--oracle", type=Path, default=ROOT / ".venv-pytorch" / "bin" / "python", help="has PyTorch")
    parser.add_argument("--wheel", help="install this wheel in place of the checkout")
    parser.add_argument("--only", nargs="+", default=[], help="packages to run")
    parser.add_argument("--no-suites", action="store_true", help="leave out the packages' own tests")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(exist_ok=True)
    ours, reference = make_environments(folder, arguments.oracle.absolute(), arguments.wheel)
    kept = folder / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    wrong = 0
    for name, path in scripts().items():
        if arguments.only and name not in arguments.only:
            continue
        row = compared(said(ours, path), said_by_pytorch(reference, path, folder))
        results.setdefault("scripts", {})[name] = row
        wrong += "failed" in row or bool(row["wrong"])
        print(f"{name}: {outcome(row)}", flush=True)
        kept.write_text(json.dumps(results, indent=1))
    for suite in SUITES:
        if arguments.no_suites or (arguments.only and suite.package not in arguments.only):
            continue
        where = sources(suite, folder, ours)
        row = {"ours": counts(ours, where, suite), "reference": counts(reference, where, suite)}
        results.setdefault("suites", {})[suite.package] = row
        print(f"{suite.package}, its tests: {json.dumps(row)[:400]}", flush=True)
        kept.write_text(json.dumps(results, indent=1))
    write_page(results)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
