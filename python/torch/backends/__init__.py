"""Switches of libraries under the operators."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import _absent
from torch.backends import cpu, cuda, cudnn, mha, mps

__all__ = ["cpu", "cuda", "cudnn", "mha", "mps"]
__getattr__ = _absent.names_of(__name__)  # the libraries that are not here


@contextlib.contextmanager
def _switched(module: Any, **values: Any) -> Iterator[None]:
    """Within, the switches of a module have these values."""
    before = {name: getattr(module, name) for name in values}
    for name, value in values.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
