"""Operators in Python for C++ libraries that can't be loaded, because they are made for PyTorch's own C++ interface."""

from __future__ import annotations

import importlib
import os

# Folder and name of the file, without its endings -> the module that defines the operators.
_MODULES = {("torchvision", name): "torch._library.torchvision_ops" for name in ("_C", "_C_stable")}


def load(path: str) -> None:
    """Defines what a library defines."""
    if not os.path.exists(path):
        raise OSError(f"Could not load this library: {path}")
    folder, file = os.path.basename(os.path.dirname(path)), os.path.basename(path)
    module = _MODULES.get((folder, file.partition(".")[0]))
    if module is not None:
        importlib.import_module(module)
        return
    raise OSError(
        f"Could not load this library: {path}. Libraries made for PyTorch's C++ interface are not supported; "
        "operators can be defined in Python with torch.library"
    )
