"""Linear algebra. So far: vector norms."""

from __future__ import annotations

from typing import Any

from torch import _C

vector_norm = _C._linalg.vector_norm


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise NotImplementedError(f"torch.linalg.{name} is not supported yet")
