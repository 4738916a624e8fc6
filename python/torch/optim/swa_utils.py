"""Averages of a model's parameters over its training: stochastic weight averaging and exponential moving averages."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Callable, Literal, Optional

import torch
from torch.nn import Module
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer

__all__ = [
    "AveragedModel",
    "SWALR",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable:
    """Return a function that moves a list of averages by ``1 - decay`` towards a list of new values."""
    _check_decay(decay)

    @torch.no_grad()
    def ema_update(ema_param_list: list, current_param_list: list, _: Any) -> None:
        for average, current in zip(ema_param_list, current_param_list):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(current.to(average.dtype), 1 - decay)
            else:
                average.copy_(average * decay + current * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> Callable:
    """Return a function that takes a list of new values into a list of equally weighted averages."""

    @torch.no_grad()
    def swa_update(averaged_param_list: list, current_param_list: list, num_averaged: Any) -> None:
        for average, current in zip(averaged_param_list, current_param_list):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(current.to(average.dtype), float(1 / (num_averaged + 1)))
            else:
                average.add_((current - average) // (num_averaged + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Callable:
    """Return a function ``(average, current, n)`` to ``decay * average + (1 - decay) * current``."""
    _check_decay(decay)

    @torch.no_grad()
    def ema_update(ema_param: torch.Tensor, current_param: torch.Tensor, num_averaged: Any) -> torch.Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable:
    """Return a function ``(average, current, n)`` to the average of ``n + 1`` values."""

    @torch.no_grad()
    def swa_update(averaged_param: torch.Tensor, current_param: torch.Tensor, num_averaged: Any) -> torch.Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are an average of the model's over the course of its training.

    Izmailov et al., Averaging weights leads to wider optima and better generalization (2018).

    Args:
        model: the model.
        device: where the copy is kept. Default: where the model is
        avg_fn: ``(average, current, n)`` to the new average, ``n`` being the number of averaged models so far.
        multi_avg_fn: ``(averages, currents, n)``, which changes the list of averages in place. Default, with neither:
            equally weighted averages
        use_buffers: average the buffers too; otherwise they are copied. Default: ``False``
    """

    n_averaged: torch.Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Optional[Callable] = None,
        multi_avg_fn: Optional[Callable] = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", torch.tensor(0, dtype=torch.long, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of ``model`` into the average; the first time they are copied."""

        def averaged(of: Module) -> Iterable:
            return itertools.chain(of.parameters(), of.buffers()) if self.use_buffers else of.parameters()

        ours = [param.detach() for param in averaged(self.module)]
        theirs = [param.detach().to(own.device) for param, own in zip(averaged(model), ours)]
        if self.n_averaged == 0:
            for own, current in zip(ours, theirs):
                own.copy_(current)
        elif self.avg_fn is not None:
            for own, current in zip(ours, theirs):
                own.copy_(self.avg_fn(own, current, self.n_averaged.to(own.device)))
        else:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(ours, theirs, self.n_averaged)
        if not self.use_buffers:
            for own, current in zip(self.module.buffers(), model.buffers()):
                own.detach().copy_(current.detach())
        self.n_averaged += 1


@torch.no_grad()
def update_bn(loader: Iterable, model: Module, device: Any = None) -> None:
    """Compute the running statistics of batch normalisations anew, in one pass over the data.

    Args:
        loader: gives batches: tensors, or lists or tuples of which the first element goes through the model.
        model: the model, for example an :class:`AveragedModel`.
        device: where batches are moved to. Default: they are not
    """
    momenta: dict = {}
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    training = model.training
    model.train()
    for module in momenta:
        module.momentum = None  # an equally weighted average over all batches
    for batch in loader:
        if isinstance(batch, (list, tuple)):
            batch = batch[0]
        model(batch if device is None else batch.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """Brings the rates to ``swa_lr`` over ``anneal_epochs`` epochs and keeps them there.

    Args:
        optimizer: the optimizer.
        swa_lr: the final rate, or a list with one for each group.
        anneal_epochs: the number of epochs. Default: 10
        anneal_strategy: ``"cos"`` for half a cosine, ``"linear"`` for a line. Default: ``"cos"``
        last_epoch: the number of steps already done. Default: -1
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(optimizer.param_groups)
        if len(rates) != len(optimizer.param_groups):
            raise ValueError(
                f"swa_lr must have the same length as optimizer.param_groups. swa_lr has {len(rates)} values, "
                f"param_groups has {len(optimizer.param_groups)}."
            )
        for rate, group in zip(rates, optimizer.param_groups):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _done(self, step: int) -> float:
        """How much of the way to the final rate is done after ``step`` steps."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._done(step - 1), self._done(step)
        rates = []
        for group in self.optimizer.param_groups:
            final, lr = group["swa_lr"], group["lr"]
            # What the rate was at the start: another schedule may have changed it meanwhile.
            first = final if before == 1 else (lr - before * final) / (1 - before)
            rates.append(final * now + first * (1 - now))
        return rates
