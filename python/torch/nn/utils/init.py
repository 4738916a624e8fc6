"""Modules whose parameters are not drawn."""

from __future__ import annotations

import inspect
from typing import Any

import torch

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module without drawing its parameters: their memory is left as it is.

    Args:
        module_cls: a class of modules that takes ``device``.
        *args, **kwargs: for its constructor.
    """
    if not issubclass(module_cls, torch.nn.Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    return module_cls(*args, device="meta", **kwargs).to_empty(device=device)
