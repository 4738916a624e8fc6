"""The source tree keeps its structure: includes go one way, files stay readable, nothing generated is committed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CSRC = ROOT / "csrc"

# What each folder of csrc/ may include besides itself.  Headers of the generator are addressed by the folder they belong to.
LAYERS = {
    "core": set(),
    "kernels": {"core"},
    "autograd": {"core"},
    "ops": {"core", "kernels", "autograd"},
    "interpret": {"core", "autograd", "ops"},
    "graph": {"core", "kernels", "autograd", "ops"},
    "script": {"core", "autograd", "ops", "serialize"},
    "serialize": {"core", "autograd", "ops"},
    "distributed": {"core", "autograd", "ops"},
    "bindings": {"core", "kernels", "autograd", "ops", "interpret", "graph", "script", "serialize", "distributed"},
}
# autograd names the few ops that it calls in ops_used.h; this one file fills them in.
ALLOWED = {("autograd/ops_used.cpp", "ops/ops.h")}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
needs_sources = pytest.mark.skipif(not CSRC.is_dir(), reason="no C++ sources here")


def sources() -> list:
    return [path for path in sorted(CSRC.rglob("*")) if path.suffix in (".h", ".cpp", ".cu", ".cuh", ".inc")]


@needs_sources
def test_includes_go_one_way() -> None:
    wrong = []
    for path in sources():
        folder = path.relative_to(CSRC).parts[0]
        if folder not in LAYERS:
            continue
        for included in INCLUDE.findall(path.read_text()):
            target = included.split("/")[0]
            if (str(path.relative_to(CSRC)), included) in ALLOWED:
                continue
            if "/" in included and target in LAYERS and target != folder and target not in LAYERS[folder]:
                wrong.append(f"{path.relative_to(ROOT)} includes {included}")
    assert not wrong, "\n".join(wrong)


@needs_sources
def test_cuda_stays_behind_its_interface() -> None:
    """libtorch.so knows core/backend.h only; what runs on a GPU includes what NVRTC can compile."""
    cuda = CSRC / "kernels" / "cuda"
    device = re.compile(
        r"kernels/(cuda/device/\w+|optim_rules|pointwise(_nn|_special)?|special_\w+|distribution_draws)\.h|core/(dtype_list|half)\.h"
        r"|kernels/cuda/emulated/.*"
    )
    wrong = []
    for path in sources():
        for included in INCLUDE.findall(path.read_text()):
            inside = path.is_relative_to(cuda)
            if included.startswith("kernels/cuda/") and not inside:
                wrong.append(f"{path.relative_to(ROOT)} includes {included}")
            if path.is_relative_to(cuda / "device") and not device.fullmatch(included):
                wrong.append(f"{path.relative_to(ROOT)} includes {included}, which no kernel can")
    assert not wrong, "\n".join(wrong)


@needs_sources
def test_folders_are_known() -> None:
    unknown = [p.name for p in CSRC.iterdir() if p.is_dir() and p.name not in LAYERS]
    assert not unknown, f"tell tests/guard/test_structure.py what {unknown} may include"


@needs_sources
def test_python_h_in_bindings_only() -> None:
    wrong = [
        str(p.relative_to(ROOT))
        for p in sources()
        if p.relative_to(CSRC).parts[0] != "bindings"
        and re.search(r"#\s*include\s*[<\"](Python\.h|pybind11/)", p.read_text())
    ]
    assert not wrong, wrong


@needs_sources
def test_heavy_headers_stay_out_of_headers() -> None:
    heavy = re.compile(r"#\s*include\s*<(iostream|regex)>")
    wrong = [
        str(p.relative_to(ROOT))
        for p in sources()
        if p.suffix == ".h" and p.relative_to(CSRC).parts[0] != "bindings" and heavy.search(p.read_text())
    ]
    assert not wrong, wrong


@needs_sources
def test_every_folder_has_a_readme() -> None:
    assert not [p.name for p in CSRC.iterdir() if p.is_dir() and not (p / "README.md").exists()]


@needs_sources
def test_files_fit_in_a_sitting() -> None:
    long = [
        f"{p.relative_to(ROOT)} ({n} lines)"
        for p in [*sources(), *(ROOT / "python").rglob("*.py")]
        if (n := len(p.read_text().splitlines())) > 1000
    ]
    assert not long, long


def tracked() -> list:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.split("\n")[:-1]


def test_nothing_generated_is_committed() -> None:
    wrong = [
        p
        for p in tracked()
        if p.startswith(("build/", "dist/")) or p.endswith((".so", ".o", ".a", ".pyc", "_C.pyi")) or "/generated/" in p
    ]
    assert not wrong, wrong


def test_committed_files_are_small() -> None:
    wrong = [p for p in tracked() if (ROOT / p).is_file() and (ROOT / p).stat().st_size > 500_000]
    assert not wrong, wrong


def test_no_crash_dumps_of_names() -> None:
    """No path of somebody's machine in what is committed."""
    wrong = [
        p
        for p in tracked()
        if (ROOT / p).is_file()
        and (ROOT / p).suffix in (".py", ".md", ".cpp", ".h", ".cfg", ".toml", ".yaml", ".txt")
        and re.search(r"(?<![\w.])/(home|Users)/\w+/", (ROOT / p).read_text(errors="replace"))
    ]
    assert not wrong, wrong
