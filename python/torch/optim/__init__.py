"""Optimizers and schedules of their learning rates."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from torch.optim._adafactor import Adafactor
from torch.optim._muon import Muon
from torch.optim.adadelta import Adadelta
from torch.optim.adagrad import Adagrad
from torch.optim.adam import Adam
from torch.optim.adamax import Adamax
from torch.optim.adamw import AdamW
from torch.optim.asgd import ASGD
from torch.optim.lbfgs import LBFGS
from torch.optim.nadam import NAdam
from torch.optim.optimizer import Optimizer
from torch.optim.radam import RAdam
from torch.optim.rmsprop import RMSprop
from torch.optim.rprop import Rprop
from torch.optim.sgd import SGD
from torch.optim.sparse_adam import SparseAdam

if TYPE_CHECKING:
    from torch.optim import lr_scheduler

# The classes hide modules of other names only; "from torch.optim.sgd import SGD" works as well.

__all__ = [
    "ASGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGS",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
    "SparseAdam",
    "lr_scheduler",
    "swa_utils",
]


def __getattr__(name: str) -> Any:
    if name == "swap_in_optimizer_params_and_state":
        return importlib.import_module("torch.optim._swap").swap_in_optimizer_params_and_state
    if name in ("lr_scheduler", "swa_utils"):
        try:
            return importlib.import_module(f"torch.optim.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"torch.optim.{name}":
                raise
    raise AttributeError(f"module 'torch.optim' has no attribute '{name}'")
