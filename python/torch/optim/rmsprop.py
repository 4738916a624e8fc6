"""RMSprop."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim.adam import _steps_to_tensors
from torch.optim.optimizer import (
    Optimizer,
    ParamsT,
    _check_capturable,
    _check_lr,
    _check_not_negative,
    _get_value,
    _with_grad,
)

__all__ = ["RMSprop", "rmsprop"]


class RMSprop(Optimizer):
    r"""RMSprop (Hinton, lecture 6e of Neural networks for machine learning, 2012).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        v_t &= \alpha v_{t-1} + (1 - \alpha) g_t^2 \\
        \theta_t &= \theta_{t-1} - \gamma \, g_t / (\sqrt{v_t} + \epsilon)

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-2
        alpha: :math:`\alpha`. Default: 0.99
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        momentum: :math:`\mu`: with it the step is :math:`b_t = \mu b_{t-1} + g_t / (\sqrt{v_t} + \epsilon)`.
        centered: subtract the square of the average gradient from :math:`v` (Graves, 2013). Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_lr(lr)
        _check_not_negative(epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._complete_groups(
            momentum=0, centered=False, foreach=None, maximize=False, differentiable=False, capturable=False
        )
        for group in self.param_groups:
            _steps_to_tensors(self.state, group["params"])

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step. Returns what ``closure``, if given, returns."""
        return self._run(closure, self._step_group)

    def _step_group(self, group: dict[str, Any]) -> None:
        params, grads = _with_grad(group["params"])
        if not params:
            return
        if group["capturable"]:
            _check_capturable(params)
        momentum, centered = group["momentum"] > 0, group["centered"]
        states = [self.state[param] for param in params]
        for param, state in zip(params, states):
            if not state:
                state["step"] = torch.zeros((), dtype=torch.float32)
                state["square_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
                if momentum:
                    state["momentum_buffer"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
                if centered:
                    state["grad_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
        _update(
            params,
            grads,
            [state["square_avg"] for state in states],
            [state["grad_avg"] for state in states] if centered else [],
            [state["momentum_buffer"] for state in states] if momentum else [],
            [state["step"] for state in states],
            group,
        )


def _update(
    params: list,
    grads: list,
    square_avgs: list,
    grad_avgs: list,
    momentum_buffers: list,
    steps: list,
    group: dict[str, Any],
) -> None:
    if group["differentiable"]:
        _update_recorded(params, grads, square_avgs, grad_avgs, momentum_buffers, steps, group)
        return
    torch._C._VariableFunctions._foreach_add_(steps, 1)
    torch._fused_rmsprop_(
        params,
        grads,
        square_avgs,
        grad_avgs,
        momentum_buffers,
        lr=_get_value(group["lr"]),
        alpha=group["alpha"],
        eps=group["eps"],
        weight_decay=group["weight_decay"],
        momentum=group["momentum"],
        centered=group["centered"],
        maximize=group["maximize"],
    )


def _update_recorded(
    params: list,
    grads: list,
    square_avgs: list,
    grad_avgs: list,
    momentum_buffers: list,
    steps: list,
    group: dict[str, Any],
) -> None:
    """The same step tensor by tensor, by ops that autograd can follow."""
    lr, alpha = group["lr"], group["alpha"]
    for i, (param, grad) in enumerate(zip(params, grads)):
        steps[i].add_(1)
        real = torch.view_as_real if param.is_complex() else (lambda t: t)
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"] != 0:
            grad = grad + param * group["weight_decay"]
        grad = real(grad)
        square_avg = real(square_avgs[i])
        square_avg.mul_(alpha).add_(grad * grad * (1 - alpha))
        # Copies: the averages will change with the next step, and backward needs what they were.
        square = square_avg.clone()
        if group["centered"]:
            grad_avg = real(grad_avgs[i])
            grad_avg.mul_(alpha).add_(grad * (1 - alpha))
            mean = grad_avg.clone()
            square = square - mean * mean
        update = grad / (square.sqrt() + group["eps"])
        if group["momentum"] > 0:
            buffer = real(momentum_buffers[i])
            buffer.mul_(group["momentum"]).add_(update)
            update = buffer.clone()
        real(param).add_(update * -lr)


def rmsprop(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    square_avgs: list[torch.Tensor],
    grad_avgs: list[torch.Tensor],
    momentum_buffer_list: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    foreach: bool | None = None,
    maximize: bool = False,
    differentiable: bool = False,
    capturable: bool = False,
    has_complex: bool = False,
    *,
    lr: Any,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
) -> None:
    """Do the step of :class:`RMSprop` with lists of parameters, gradients and state."""
    group = {
        "lr": lr,
        "alpha": alpha,
        "eps": eps,
        "weight_decay": weight_decay,
        "momentum": momentum,
        "centered": centered,
        "maximize": maximize,
        "differentiable": differentiable,
    }
    with torch.set_grad_enabled(differentiable):
        _update(params, grads, square_avgs, grad_avgs, momentum_buffer_list, state_steps, group)
