"""The base class of the schedules, and what they share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from functools import wraps
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

__all__ = ["LRScheduler"]

inf = math.inf

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)
_SEE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def _copied(value: Any) -> Any:
    """Return ``value``; a copy of it where it is a tensor, which will be changed in place."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _values(optimizer: Optimizer, key: str) -> list:
    return [_copied(group[key]) for group in optimizer.param_groups]


def _set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Put ``value`` into the group; into the tensor there, if it is one."""
    if isinstance(group[key], torch.Tensor):
        group[key].fill_(value)
    else:
        group[key] = value


def _one_each(name: str, optimizer: Optimizer, value: Any) -> list:
    """Return ``value`` as a list with an entry for each group."""
    if isinstance(value, (list, tuple)):
        if len(value) != len(optimizer.param_groups):
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. "
                f"{name} has {len(value)} values, param_groups has {len(optimizer.param_groups)}."
            )
        return list(value)
    return [value] * len(optimizer.param_groups)


def _without_functions(functions: Iterable[Any]) -> list:
    """Return what of user functions goes into a state: the attributes of callable objects, None for functions."""
    return [fn.__dict__.copy() if hasattr(fn, "__dict__") and not _is_function(fn) else None for fn in functions]


def _is_function(fn: Any) -> bool:
    return type(fn) is type(_is_function)


class LRScheduler:
    """Base class of the schedules.

    A subclass defines :meth:`get_lr`, which returns the learning rates of all groups for :attr:`last_epoch`.

    Args:
        optimizer: the optimizer.
        last_epoch: the number of steps already done when training goes on; the groups need their ``initial_lr`` then.
            Default: -1, a new training
    """

    _get_lr_called_within_step: bool = False
    _is_initial: bool = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", _copied(group["lr"]))
        else:
            for index, group in enumerate(optimizer.param_groups):
                if "initial_lr" not in group:
                    raise KeyError(
                        f"param 'initial_lr' is not specified in param_groups[{index}] when resuming scheduler with "
                        "last_epoch >= 0.\nThis typically happens when:\n"
                        "1. You're trying to resume training from a checkpoint but haven't properly loaded the "
                        "optimizer state\n"
                        "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                    )
        self.base_lrs: list = _values(optimizer, "initial_lr")
        self.last_epoch: int = last_epoch
        self._note_steps_of_optimizer()
        self._initial_step()

    def _note_steps_of_optimizer(self) -> None:
        """Let the optimizer remember that it made a step, to warn where the order of calls is wrong."""
        optimizer = self.optimizer
        if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
            return
        step = optimizer.step.__func__  # type: ignore[attr-defined]

        @wraps(step)
        def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
            self._opt_called = True
            return step(self, *args, **kwargs)

        noting._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
        optimizer.step = noting.__get__(optimizer, type(optimizer))  # type: ignore[method-assign, attr-defined]

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return the attributes, without the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the attributes that :meth:`state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list:
        """Return the learning rates that the last step set."""
        return self._last_lr

    def get_lr(self) -> list:
        """Return the learning rates of all groups for :attr:`last_epoch`; to be defined by subclasses."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch.

        Args:
            epoch: deprecated: go to this epoch.
        """
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(
                    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                    f"Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. {_SEE}",
                    stacklevel=2,
                )
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, "
                    "you should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  "
                    "Failure to do this will result in PyTorch skipping the first value of the learning rate "
                    f"schedule. {_SEE}",
                    stacklevel=2,
                )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to ``epoch``, and set the learning rates."""
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed_form = getattr(self, "_get_closed_form_lr", None)
                rates = closed_form() if closed_form is not None else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: Iterable) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates):
            _set_value(group, "lr", rate)
        self._last_lr: list = _values(self.optimizer, "lr")

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _current(self) -> list:
        return _values(self.optimizer, "lr")

    def _scaled(self, factor: Any) -> list:
        return [group["lr"] * factor for group in self.optimizer.param_groups]


class _LRScheduler(LRScheduler):
    """The old name of the base class."""
