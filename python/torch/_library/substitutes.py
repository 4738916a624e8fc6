"""Operators in Python for C++ libraries that can't be loaded, because they are made for PyTorch's own C++ interface."""

from __future__ import annotations

import importlib
import os

# Folder and begin of the file's name -> the module that defines the operators.
_MODULES = {("torchvision", "_C"): "torch._library.torchvision_ops"}


def load(path: str) -> None:
    """Defines what a library defines."""
    if not os.path.exists(path):
        raise OSError(f"Could not load this library: {path}")
    folder, file = os.path.basename(os.path.dirname(path)), os.path.basename(path)
    for (package, begin), module in _MODULES.items():
        if folder == package and file.startswith(begin + "."):
            importlib.import_module(module)
            return
    raise OSError(
        f"Could not load this library: {path}. Libraries made for PyTorch's C++ interface are not supported; "
        "operators can be defined in Python with torch.library"
    )
