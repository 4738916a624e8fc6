"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim.optimizer import (
    Optimizer,
    ParamsT,
    _check_fused,
    _check_lr,
    _check_not_negative,
    _documented,
    _get_value,
    _options,
    _unscale,
    _with_grad,
)

__all__ = ["SGD", "sgd"]


@_documented
class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if wanted.

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        b_t &= \mu b_{t-1} + (1 - \tau) g_t \quad (b_1 = g_1) \\
        \theta_t &= \theta_{t-1} - \gamma b_t, \quad\text{with nesterov}\quad
        \theta_t = \theta_{t-1} - \gamma (g_t + \mu b_t)

    Args:
        lr: :math:`\gamma`. Default: 1e-3
        momentum: :math:`\mu`. Default: 0
        dampening: :math:`\tau`. Default: 0
        weight_decay: :math:`\lambda`. Default: 0
        nesterov: use Nesterov's momentum (Sutskever et al., 2013). Default: ``False``
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check_lr(lr)
        _check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        _check_fused(fused, foreach, differentiable)
        super().__init__(params, _options(locals()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._complete_groups(nesterov=False, maximize=False, foreach=None, differentiable=False, fused=False)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step. Returns what ``closure``, if given, returns."""
        return self._run(closure, self._step_group)

    def _step_group(self, group: dict[str, Any]) -> None:
        params, grads = _with_grad(group["params"])
        sparse = [i for i, grad in enumerate(grads) if grad.is_sparse]
        if sparse:
            self._step_sparse([params[i] for i in sparse], [grads[i] for i in sparse], group)
            dense = [i for i in range(len(grads)) if i not in set(sparse)]
            params, grads = [params[i] for i in dense], [grads[i] for i in dense]
        if not params:
            return
        momentum = group["momentum"]
        if momentum == 0:
            _update(params, grads, [], False, group)
            return
        states = [self.state[param] for param in params]
        buffers = [state.get("momentum_buffer") for state in states]
        if group["differentiable"]:
            _update_recorded(params, grads, buffers, group)
            for state, buffer in zip(states, buffers):
                state["momentum_buffer"] = buffer
            return
        first = [i for i, buffer in enumerate(buffers) if buffer is None]
        if not first:
            _update(params, grads, buffers, False, group)
            return
        # The first step of a parameter: its buffer becomes the gradient. Parameters may come in later than others.
        for i in first:
            states[i]["momentum_buffer"] = buffers[i] = torch.empty_like(
                params[i], memory_format=torch.preserve_format
            ).detach()
        later = [i for i in range(len(params)) if i not in set(first)]
        for chosen, is_first in ((first, True), (later, False)):
            if chosen:
                _update([params[i] for i in chosen], [grads[i] for i in chosen], [buffers[i] for i in chosen],
                        is_first, group)  # fmt: skip

    def _step_sparse(self, params: list, grads: list, group: dict[str, Any]) -> None:
        """The step with sparse gradients, which touches the rows that they name."""
        if group["fused"]:
            raise RuntimeError("`_fused_sgd` does not support sparse gradients")
        buffers = [self.state[p].get("momentum_buffer") for p in params] if group["momentum"] else [None] * len(params)
        _update_recorded(params, grads, buffers, group)
        for param, buffer in zip(params, buffers):
            if buffer is not None:
                self.state[param]["momentum_buffer"] = buffer


def _update(params: list, grads: list, buffers: list, is_first: bool, group: dict[str, Any]) -> None:
    if group["differentiable"]:
        _update_recorded(params, grads, buffers or [None] * len(params), group)
        return
    torch._fused_sgd_(
        params,
        grads,
        buffers,
        weight_decay=_get_value(group["weight_decay"]),
        momentum=group["momentum"],
        lr=_get_value(group["lr"]),
        dampening=group["dampening"],
        nesterov=group["nesterov"],
        maximize=group["maximize"],
        is_first_step=is_first,
    )


def _update_recorded(params: list, grads: list, buffers: list, group: dict[str, Any]) -> None:
    """The same step tensor by tensor, by ops that autograd can follow. New buffers are put into ``buffers``."""
    lr, momentum, weight_decay = group["lr"], group["momentum"], group["weight_decay"]
    for i, (param, grad) in enumerate(zip(params, grads)):
        if group["maximize"]:
            grad = -grad
        if _get_value(weight_decay) != 0:
            grad = grad + param * weight_decay
        if momentum != 0:
            buffer = buffers[i]
            buffer = grad.detach().clone() if buffer is None else buffer * momentum + grad * (1 - group["dampening"])
            buffers[i] = buffer
            grad = grad + buffer * momentum if group["nesterov"] else buffer
        param.add_(grad * -lr)


def sgd(
    params: list[torch.Tensor],
    d_p_list: list[torch.Tensor],
    momentum_buffer_list: list[torch.Tensor | None],
    has_sparse_grad: bool = False,
    foreach: bool | None = None,
    fused: bool | None = None,
    grad_scale: torch.Tensor | None = None,
    found_inf: torch.Tensor | None = None,
    *,
    weight_decay: float,
    momentum: float,
    lr: Any,
    dampening: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    """Do the step of :class:`SGD` with lists of parameters, gradients and buffers; new buffers are put there."""
    if not _unscale(d_p_list, grad_scale, found_inf):
        return
    group = {
        "lr": lr,
        "momentum": momentum,
        "weight_decay": weight_decay,
        "dampening": dampening,
        "nesterov": nesterov,
        "maximize": maximize,
        "differentiable": False,
    }
    with torch.no_grad():
        if has_sparse_grad:
            _update_recorded(params, d_p_list, momentum_buffer_list, group)
            return
        if momentum == 0:
            _update(params, d_p_list, [], False, group)
            return
        for i, buffer in enumerate(momentum_buffer_list):
            is_first = buffer is None
            if is_first:
                buffer = momentum_buffer_list[i] = torch.empty_like(params[i]).detach()
            _update([params[i]], [d_p_list[i]], [buffer], is_first, group)
