"""torch.classes: classes that C++ extensions register. There are none: such extensions can't be loaded."""

from __future__ import annotations

import sys
import types
from typing import Any


class _ClassNamespace(types.ModuleType):
    def __getattr__(self, attr: str) -> Any:
        if attr.startswith("__"):
            raise AttributeError(attr)
        name = self.__name__.rpartition(".")[2]
        raise RuntimeError(
            f"Tried to instantiate class '{name}.{attr}', but it does not exist! "
            "Ensure that it is registered via torch::class_"
        )


class _Classes(types.ModuleType):
    __file__ = "_classes.py"
    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        namespace = _ClassNamespace("torch.classes." + name)
        setattr(self, name, namespace)
        return namespace

    @property
    def loaded_libraries(self) -> set[str]:
        """Paths of loaded libraries: none."""
        return set()

    def load_library(self, path: str) -> None:
        """Loads a library with classes; see ``torch.ops.load_library``."""
        import torch

        torch.ops.load_library(path)  # type: ignore[attr-defined]


sys.modules[__name__] = _Classes(__name__)
