"""Every elementwise kernel passes NVRTC, as it would at run time; no GPU is needed for that."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest

CSRC = Path(__file__).resolve().parents[2] / "csrc"
GEN = CSRC / "kernels" / "cuda" / "gen"
sys.path.insert(0, str(GEN))

if not GEN.is_dir():
    pytest.skip("no sources here", allow_module_level=True)

import sources  # noqa: E402


def find_nvrtc() -> Optional[Path]:
    """libnvrtc of the package nvidia-cuda-nvrtc, or from TORCH_NVRTC_DIR."""
    folders = [Path(os.environ["TORCH_NVRTC_DIR"])] if "TORCH_NVRTC_DIR" in os.environ else []
    found = importlib.util.find_spec("nvidia")
    folders += [Path(p) / "cu13" / "lib" for p in (found.submodule_search_locations or [] if found else [])]
    for folder in folders:
        if (folder / "libnvrtc.so.13").exists():
            return folder
    return None


NVRTC = find_nvrtc()
needs_nvrtc = pytest.mark.skipif(NVRTC is None, reason="needs the package nvidia-cuda-nvrtc, or TORCH_NVRTC_DIR")


class Compiler:
    def __init__(self, folder: Path) -> None:
        for builtins in folder.glob("libnvrtc-builtins.so*"):
            ctypes.CDLL(str(builtins), ctypes.RTLD_GLOBAL)
        self._library = ctypes.CDLL(str(folder / "libnvrtc.so.13"))
        names = sources.device_headers(CSRC)
        self._names = (ctypes.c_char_p * len(names))(*(n.encode() for n in names))
        self._texts = (ctypes.c_char_p * len(names))(*((CSRC / n).read_bytes() for n in names))

    def log(self, source: str) -> str:
        """What the compiler says, "" where all is well; as far as PTX, without the assembler."""
        lib, program, size = self._library, ctypes.c_void_p(), ctypes.c_size_t()
        created = lib.nvrtcCreateProgram(
            ctypes.byref(program), source.encode(), b"kernels.cu", len(self._names), self._texts, self._names
        )
        assert created == 0
        options = (ctypes.c_char_p * 4)(b"-arch=compute_90", b"-std=c++20", b"-fmad=false", b"-default-device")
        failed = lib.nvrtcCompileProgram(program, len(options), options)
        lib.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        text = ctypes.create_string_buffer(size.value)
        lib.nvrtcGetProgramLog(program, text)
        lib.nvrtcDestroyProgram(ctypes.byref(program))
        return text.value.decode() if failed else ""


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    assert NVRTC is not None
    return Compiler(NVRTC)


KNOWN = sources.functors(CSRC)
INCLUDE = '#include "kernels/cuda/device/pointwise.h"\n'


@needs_nvrtc
@pytest.mark.parametrize("first", range(8))
def test_functors(compiler: Compiler, first: int) -> None:
    lines = [INCLUDE]
    for name in sorted(KNOWN)[first::8]:
        lines += sources.kernels(name, KNOWN[name], sources.ALL)
    assert len(lines) > 100
    assert compiler.log("\n".join(lines)) == ""


def include_folders(header: str) -> list[Path]:
    """Where a toolkit or a package has this header."""
    folders = [Path(p) for p in (NVRTC and [NVRTC.parent / "include"]) or []]
    folders += [Path(p) for p in os.environ.get("TORCH_CUDA_INCLUDE", "").split(":") if p]
    folders += [NVRTC.parents[1] / "cudnn" / "include"] if NVRTC else []
    folders += sorted(Path("/usr/local").glob("cuda*/include"))
    return [folder for folder in folders if (folder / header).exists()]


@pytest.mark.parametrize(
    ("source", "headers", "package", "changed"),
    [
        ("driver_api_check.cpp", ["cuda.h"], "nvidia-cuda-runtime", "-DkMinor=kMajor"),
        ("blas_api_check.cpp", ["cublasLt.h", "library_types.h"], "nvidia-cublas", "-DkR64F=kR32F"),
        ("cudnn_api_check.cpp", ["cudnn.h", "cuda_runtime.h"], "nvidia-cudnn-cu13", "-DkForwardX=kForwardW"),
        (
            "solver_api_check.cpp",
            ["cusolverDn.h", "cublas_v2.h", "driver_types.h"],
            "nvidia-cusolver",
            "-DkUpper=kLower",
        ),
        ("fft_api_check.cpp", ["cufftXt.h", "library_types.h"], "nvidia-cufft", "-DkFftInverse=kFftForward"),
    ],
)
def test_interfaces_are_described_as_their_headers_do(
    source: str, headers: list[str], package: str, changed: str
) -> None:
    """kernels/cuda/*_api.h against NVIDIA's headers, where a toolkit is."""
    found = [include_folders(header) for header in headers]
    if not all(found):
        pytest.skip(f"no {headers}: pip install {package}")
    includes = [text for folders in found for text in ("-isystem", str(folders[0]))]
    path = Path(__file__).with_name(source)
    command = ["g++", "-std=c++20", "-fsyntax-only", f"-I{CSRC}", *includes, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[:2000]
    broken = subprocess.run([*command, changed], capture_output=True, text=True, timeout=120)
    assert broken.returncode != 0


@needs_nvrtc
def test_reductions(compiler: Compiler) -> None:
    lines = ['#include "kernels/cuda/device/reduce.h"', *sources.reductions(sources.REDUCED)]
    assert len(lines) > 50 and compiler.log("\n".join(lines)) == ""


@needs_nvrtc
@pytest.mark.parametrize("name", sources.FAMILIES)
def test_families(compiler: Compiler, name: str) -> None:
    lines = [f'#include "kernels/cuda/device/{name}.h"', *sources.family(name, ahead=False)]
    assert len(lines) > 1 and compiler.log("\n".join(lines)) == ""


@needs_nvrtc
def test_the_check_can_fail(compiler: Compiler) -> None:
    assert "NoSuchFunctor" in compiler.log(INCLUDE + "TORCH_STRIDED(x, NoSuchFunctor, float)")


def test_functors_are_found() -> None:
    assert len(KNOWN) > 120 and KNOWN["Add"] == 7 and KNOWN["Erfinv"] == 2 and "BesselJ0" not in KNOWN
    assert "BesselJ0" in sources.special_functors() and "Polygamma" in sources.special_functors()


def test_other_kernels_are_listed(tmp_path: Any) -> None:
    """The generator writes what cmake/Cuda.cmake expects of it."""
    listed = (CSRC.parent / "cmake" / "Cuda.cmake").read_text()
    shards = [f"{i:02d}" for i in range(sources.SHARDS)]
    assert f"set(shards {' '.join(shards)})" in listed
    families = re.search(r"set\(families (.*)\)", listed)
    assert families is not None and sorted(families.group(1).split()) == sorted(["reduce", *sources.FAMILIES])
