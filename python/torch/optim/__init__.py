"""Optimizers and schedules of their learning rates."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from torch.optim.adam import Adam
from torch.optim.adamw import AdamW
from torch.optim.optimizer import Optimizer
from torch.optim.rmsprop import RMSprop
from torch.optim.sgd import SGD

if TYPE_CHECKING:
    from torch.optim import lr_scheduler

# The classes hide modules of other names only; "from torch.optim.sgd import SGD" works as well.

__all__ = ["Adam", "AdamW", "Optimizer", "RMSprop", "SGD", "lr_scheduler"]


def __getattr__(name: str) -> Any:
    if name in ("lr_scheduler", "swa_utils"):
        try:
            return importlib.import_module(f"torch.optim.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"torch.optim.{name}":
                raise
    raise AttributeError(f"module 'torch.optim' has no attribute '{name}'")
