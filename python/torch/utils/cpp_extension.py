"""Extensions in C++: where headers and libraries lie. Extensions written for PyTorch's C++ interface can't be built.

The C++ interface here is a smaller one of its own (``torch::Tensor`` and free functions, found by CMake's
``find_package(Torch)``), not that of PyTorch, so that building an extension says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Optional

import torch

__all__ = [
    "BuildExtension",  # noqa: F822
    "CUDAExtension",
    "CppExtension",
    "SyclExtension",
    "check_compiler_abi_compatibility",
    "get_compiler_abi_compatibility_and_version",
    "get_cxx_compiler",
    "get_default_build_root",
    "include_paths",
    "is_ninja_available",
    "library_paths",
    "load",
    "load_inline",
    "verify_ninja_availability",
]

IS_WINDOWS = sys.platform == "win32"
IS_MACOS = sys.platform.startswith("darwin")
IS_LINUX = sys.platform.startswith("linux")
LIB_EXT = ".pyd" if IS_WINDOWS else ".so"
CLIB_PREFIX = "" if IS_WINDOWS else "lib"
CLIB_EXT = ".dll" if IS_WINDOWS else ".so"
SHARED_FLAG = "/DLL" if IS_WINDOWS else "-shared"
TORCH_LIB_PATH = os.path.join(os.path.dirname(os.path.abspath(torch.__file__)), "lib")
CUDA_HOME = CUDNN_HOME = ROCM_HOME = SYCL_HOME = MIOPEN_HOME = ROCM_VERSION = HIP_HOME = None
IS_HIP_EXTENSION = False

_WHY = "extensions for PyTorch's C++ interface can't be built: the one here is another, see docs/building.md"


def include_paths(device_type: str = "cpu", torch_include_dirs: bool = True) -> list[str]:
    """Folders with the headers of the C++ interface."""
    if device_type not in ("cpu",):
        raise NotImplementedError(f"include_paths: there are no headers for device type {device_type!r}")
    return [os.path.join(os.path.dirname(TORCH_LIB_PATH), "include")] if torch_include_dirs else []


def library_paths(device_type: str = "cpu", torch_include_dirs: bool = True, cross_target_platform: Any = None) -> list:
    """Folders with ``libtorch``."""
    if device_type not in ("cpu",):
        raise NotImplementedError(f"library_paths: there are no libraries for device type {device_type!r}")
    return [TORCH_LIB_PATH] if torch_include_dirs else []


def get_cxx_compiler() -> str:
    """The C++ compiler: that of ``$CXX``, else the system's."""
    return os.environ.get("CXX", "cl" if IS_WINDOWS else "c++")


def is_ninja_available() -> bool:
    """Whether there is Ninja."""
    return shutil.which("ninja") is not None


def verify_ninja_availability() -> None:
    """RuntimeError where there is no Ninja."""
    if not is_ninja_available():
        raise RuntimeError("Ninja is required to load C++ extensions (pip install ninja to get it)")


def get_compiler_abi_compatibility_and_version(compiler: str) -> tuple[bool, tuple]:
    """Whether the standard library's layout is that of this build, and the compiler's version."""
    try:
        text = subprocess.run([compiler, "-dumpfullversion", "-dumpversion"], capture_output=True, text=True)
    except OSError:
        return False, (0, 0, 0)
    version = text.stdout.split()
    return bool(version), tuple(version[0].split(".")) if version else (0, 0, 0)


def check_compiler_abi_compatibility(compiler: str) -> bool:
    """Whether the standard library's layout is that of this build."""
    return get_compiler_abi_compatibility_and_version(compiler)[0]


def get_default_build_root() -> str:
    """The folder of extensions that are built when they are loaded."""
    return os.path.realpath(os.path.join(tempfile.gettempdir(), "torch_extensions"))


def _extension(name: str, sources: Any, *args: Any, **kwargs: Any) -> Any:
    import setuptools

    kwargs["include_dirs"] = [*kwargs.get("include_dirs", []), *include_paths()]
    kwargs["library_dirs"] = [*kwargs.get("library_dirs", []), *library_paths()]
    kwargs["libraries"] = [*kwargs.get("libraries", []), "torch"]
    kwargs.setdefault("language", "c++")
    extra = kwargs.pop("extra_compile_args", [])
    kwargs["extra_compile_args"] = extra.get("cxx", []) if isinstance(extra, dict) else extra
    return setuptools.Extension(name, sources, *args, **kwargs)


def CppExtension(name: str, sources: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
    """A :class:`setuptools.Extension` with the folders of headers and libraries."""
    return _extension(name, sources, *args, **kwargs)


def CUDAExtension(name: str, sources: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("CUDAExtension: there is no CUDA here")


def SyclExtension(name: str, sources: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("SyclExtension: there is no SYCL here")


def __getattr__(name: str) -> Any:
    if name != "BuildExtension":  # made when it is asked for, as it needs setuptools
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = _make_build_extension()
    return value


def _make_build_extension() -> type:
    from setuptools.command.build_ext import build_ext

    class BuildExtension(build_ext):  # type: ignore[misc,valid-type]
        """The command ``build_ext`` of a ``setup.py``; it raises where there is an extension to build."""

        @classmethod
        def with_options(cls, **options: Any) -> type:
            """The command with options, which are of no meaning."""
            return cls

        def build_extensions(self) -> None:
            if self.extensions:
                raise NotImplementedError(f"BuildExtension: {_WHY}")

    BuildExtension.__module__ = __name__
    BuildExtension.__qualname__ = "BuildExtension"
    return BuildExtension


def load(
    name: str,
    sources: Any,
    extra_cflags: Any = None,
    extra_cuda_cflags: Any = None,
    extra_sycl_cflags: Any = None,
    extra_ldflags: Any = None,
    extra_include_paths: Any = None,
    build_directory: Optional[str] = None,
    verbose: bool = False,
    with_cuda: Optional[bool] = None,
    with_sycl: Optional[bool] = None,
    is_python_module: bool = True,
    is_standalone: bool = False,
    keep_intermediates: bool = True,
) -> Any:
    """Not supported: see the module.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(f"torch.utils.cpp_extension.load: {_WHY}")


def load_inline(name: str, cpp_sources: Any, *args: Any, **kwargs: Any) -> Any:
    """Not supported: see the module.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(f"torch.utils.cpp_extension.load_inline: {_WHY}")
