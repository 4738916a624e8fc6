"""What a bug report needs to know about the machine: ``python -m torch.utils.collect_env``."""

from __future__ import annotations

import locale
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Optional

import torch

__all__ = ["SystemEnv", "get_env_info", "get_pretty_env_info", "main", "pretty_str"]

DEFAULT_PIP_PATTERNS = {"torch", "numpy", "mypy", "flake8", "optree", "onnx", "scipy", "safetensors", "lightning"}


class SystemEnv(NamedTuple):
    """The facts, each as text."""

    torch_version: Optional[str]
    is_debug_build: Any
    cuda_compiled_version: Optional[str]
    gcc_version: Optional[str]
    clang_version: Optional[str]
    cmake_version: Optional[str]
    os: Optional[str]
    libc_version: Optional[str]
    python_version: Optional[str]
    python_platform: Optional[str]
    is_cuda_available: Any
    cuda_runtime_version: Optional[str]
    nvidia_driver_version: Optional[str]
    nvidia_gpu_models: Optional[str]
    cudnn_version: Optional[str]
    pip_version: Optional[str]
    pip_packages: Optional[str]
    cpu_info: Optional[str]
    build: Optional[str]


def run(command: Any) -> tuple[int, str, str]:
    """Exit status, output and error output of a command."""
    try:
        done = subprocess.run(command, capture_output=True, shell=isinstance(command, str), timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, "", str(error)
    encoding = locale.getpreferredencoding()
    return done.returncode, done.stdout.decode(encoding, "replace").strip(), done.stderr.decode(encoding, "replace")


def run_and_read_all(run_lambda: Callable[..., Any], command: Any) -> Optional[str]:
    """The output of a command that succeeds."""
    status, out, _ = run_lambda(command)
    return out if status == 0 else None


def run_and_parse_first_match(run_lambda: Callable[..., Any], command: Any, regex: str) -> Optional[str]:
    """What the first group of a pattern finds in the output of a command."""
    status, out, _ = run_lambda(command)
    found = re.search(regex, out) if status == 0 else None
    return found.group(1) if found else None


def get_gcc_version(run_lambda: Callable[..., Any]) -> Optional[str]:
    """The version of gcc."""
    return run_and_parse_first_match(run_lambda, ["gcc", "--version"], r"gcc (.*)")


def get_clang_version(run_lambda: Callable[..., Any]) -> Optional[str]:
    """The version of clang."""
    return run_and_parse_first_match(run_lambda, ["clang", "--version"], r"clang version (.*)")


def get_cmake_version(run_lambda: Callable[..., Any]) -> Optional[str]:
    """The version of CMake."""
    return run_and_parse_first_match(run_lambda, ["cmake", "--version"], r"cmake version (.*)")


def get_platform() -> str:
    """The kind of system: "linux", "darwin", "win32"."""
    return "linux" if sys.platform.startswith("linux") else sys.platform


def get_os(run_lambda: Callable[..., Any]) -> Optional[str]:
    """The system's name and the machine's kind."""
    machine = platform.machine()
    if get_platform() == "darwin":
        return f"macOS {platform.mac_ver()[0]} ({machine})"
    if get_platform() == "linux":
        name = run_and_parse_first_match(run_lambda, ["cat", "/etc/os-release"], r'PRETTY_NAME="(.*)"')
        return f"{name} ({machine})" if name else f"linux ({machine})"
    return f"{platform.platform()} ({machine})"


def get_libc_version() -> str:
    """The version of the C library."""
    return "-".join(platform.libc_ver()) if get_platform() == "linux" else "N/A"


def get_python_platform() -> str:
    """What Python says about the system."""
    return platform.platform()


def get_cpu_info(run_lambda: Callable[..., Any]) -> Optional[str]:
    """What the system says about its processor."""
    if get_platform() == "linux":
        return run_and_read_all(run_lambda, ["lscpu"]) or platform.processor()
    if get_platform() == "darwin":
        return run_and_read_all(run_lambda, ["sysctl", "-n", "machdep.cpu.brand_string"])
    return platform.processor()


def get_pip_packages(run_lambda: Callable[..., Any], patterns: Any = None) -> tuple[str, Optional[str]]:
    """The installer's name, and installed packages whose names hold one of the patterns."""
    patterns = DEFAULT_PIP_PATTERNS if patterns is None else patterns
    out = run_and_read_all(run_lambda, [sys.executable, "-mpip", "list", "--format=freeze"])
    lines = [line for line in (out or "").splitlines() if any(name in line for name in patterns)]
    return f"pip{sys.version_info[0]}", "\n".join(lines) or None


def get_env_info() -> SystemEnv:
    """All facts."""
    pip_version, packages = get_pip_packages(run)
    version = sys.version.replace("\n", " ")
    return SystemEnv(
        torch_version=torch.__version__,
        is_debug_build=False,
        cuda_compiled_version=torch.version.cuda,
        gcc_version=get_gcc_version(run),
        clang_version=get_clang_version(run),
        cmake_version=get_cmake_version(run),
        os=get_os(run),
        libc_version=get_libc_version(),
        python_version=f"{version} ({64 if sys.maxsize > 2**32 else 32}-bit runtime)",
        python_platform=get_python_platform(),
        is_cuda_available=torch.cuda.is_available(),
        cuda_runtime_version=None,
        nvidia_driver_version=None,
        nvidia_gpu_models=None,
        cudnn_version=None,
        pip_version=pip_version,
        pip_packages=packages,
        cpu_info=get_cpu_info(run),
        build=torch.__config__.show() + torch.__config__.parallel_info(),
    )


_FORM = """
PyTorch version: {torch_version}
Is debug build: {is_debug_build}
CUDA used to build PyTorch: {cuda_compiled_version}

OS: {os}
GCC version: {gcc_version}
Clang version: {clang_version}
CMake version: {cmake_version}
Libc version: {libc_version}

Python version: {python_version}
Python platform: {python_platform}
Is CUDA available: {is_cuda_available}

CPU:
{cpu_info}

Build:
{build}
Versions of relevant libraries:
{pip_packages}
"""


def pretty_str(envinfo: SystemEnv) -> str:
    """The facts as the text of a report."""
    facts = {name: "Could not collect" if value is None else str(value) for name, value in envinfo._asdict().items()}
    if envinfo.cuda_compiled_version is None:
        facts["cuda_compiled_version"] = "None"
    if envinfo.pip_packages:
        lines = facts["pip_packages"].splitlines()
        facts["pip_packages"] = "\n".join(f"[{envinfo.pip_version}] {line}" for line in lines)
    return _FORM.format(**facts).strip()


def get_pretty_env_info() -> str:
    """All facts as the text of a report."""
    return pretty_str(get_env_info())


def main() -> None:
    """Prints the report."""
    print("Collecting environment information...", flush=True)
    print(get_pretty_env_info())


if __name__ == "__main__":
    main()
