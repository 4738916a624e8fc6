"""Schedules of learning rates.

A schedule is made with an optimizer and changes the learning rates of its groups at each :meth:`LRScheduler.step`,
which is called after the optimizer's own steps, mostly once an epoch. Most schedules compute the new rate from the
current one, so that several of them can act on one optimizer.
"""

from torch.optim.lr_scheduler.base import EPOCH_DEPRECATION_WARNING, LRScheduler, _LRScheduler  # noqa: F401
from torch.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from torch.optim.lr_scheduler.cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from torch.optim.lr_scheduler.formulas import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from torch.optim.lr_scheduler.plateau import ReduceLROnPlateau
from torch.optim.optimizer import Optimizer  # noqa: F401

__all__ = [
    "LambdaLR",
    "MultiplicativeLR",
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "SequentialLR",
    "CosineAnnealingLR",
    "ChainedScheduler",
    "ReduceLROnPlateau",
    "CyclicLR",
    "CosineAnnealingWarmRestarts",
    "OneCycleLR",
    "PolynomialLR",
    "LRScheduler",
]
