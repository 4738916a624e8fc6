"""Adam and, as its form with decoupled weight decay, AdamW."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim.optimizer import (
    Optimizer,
    ParamsT,
    _check_capturable,
    _check_fused,
    _check_lr,
    _check_not_negative,
    _get_value,
    _with_grad,
)

__all__ = ["Adam", "adam"]


class Adam(Optimizer):
    r"""Adam (Kingma and Ba, Adam: a method for stochastic optimization, 2015).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
        \theta_t &= \theta_{t-1} - \frac{\gamma}{1 - \beta_1^t} \, m_t \Big/
            \left(\sqrt{v_t} / \sqrt{1 - \beta_2^t} + \epsilon\right)

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        amsgrad: divide by the largest :math:`v` so far (Reddi et al., 2018). Default: ``False``
        foreach, fused: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
        decoupled_weight_decay: shrink :math:`\theta` by :math:`1 - \gamma \lambda` instead of adding to the gradient.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, torch.Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        _check_lr(lr)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        _check_not_negative(weight_decay=weight_decay)
        tensors = [isinstance(beta, torch.Tensor) for beta in betas]
        if tensors[0] != tensors[1]:
            raise ValueError("betas must be either both floats or both Tensors")
        for index, beta in enumerate(betas):
            if tensors[index]:
                if not capturable and foreach:
                    raise ValueError(
                        f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True"
                    )
                if beta.numel() != 1:
                    raise ValueError(f"Tensor betas[{index}] must be 1-element")
        _check_fused(fused, foreach, differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._complete_groups(
            amsgrad=False,
            maximize=False,
            foreach=None,
            capturable=False,
            differentiable=False,
            decoupled_weight_decay=False,
            fused=None,
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
        amsgrad = group["amsgrad"]
        states = [self.state[param] for param in params]
        for param, state in zip(params, states):
            if not state:
                # A tensor rather than a number, and on the CPU, as in the files that PyTorch writes.
                state["step"] = torch.zeros((), dtype=torch.float32)
                state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
                state["exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
                if amsgrad:
                    state["max_exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
        _update(
            params,
            grads,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [state["max_exp_avg_sq"] for state in states] if amsgrad else [],
            [state["step"] for state in states],
            group,
        )


def _steps_to_tensors(state: Any, params: list) -> None:
    """Make tensors of counts of steps that old files have as numbers."""
    for param in params:
        entry = state.get(param)
        if entry and "step" in entry and not isinstance(entry["step"], torch.Tensor):
            entry["step"] = torch.tensor(float(entry["step"]), dtype=torch.float32)


def _update(
    params: list,
    grads: list,
    exp_avgs: list,
    exp_avg_sqs: list,
    max_exp_avg_sqs: list,
    steps: list,
    group: dict[str, Any],
) -> None:
    if group["differentiable"]:
        _update_recorded(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, group)
        return
    beta1, beta2 = group["betas"]
    torch._C._VariableFunctions._foreach_add_(steps, 1)
    op = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
    op(
        params,
        grads,
        exp_avgs,
        exp_avg_sqs,
        max_exp_avg_sqs,
        steps,
        lr=_get_value(group["lr"]),
        beta1=_get_value(beta1),
        beta2=_get_value(beta2),
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=group["amsgrad"],
        maximize=group["maximize"],
    )


def _update_recorded(
    params: list,
    grads: list,
    exp_avgs: list,
    exp_avg_sqs: list,
    max_exp_avg_sqs: list,
    steps: list,
    group: dict[str, Any],
) -> None:
    """The same step tensor by tensor, by ops that autograd can follow."""
    beta1, beta2 = group["betas"]
    lr, weight_decay = group["lr"], group["weight_decay"]
    for i, (param, grad) in enumerate(zip(params, grads)):
        steps[i].add_(1)
        step = steps[i].item()
        if group["maximize"]:
            grad = -grad
        if weight_decay != 0:
            if group["decoupled_weight_decay"]:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad + param * weight_decay
        target = param
        if param.is_complex():
            # Real and imaginary part are two numbers of their own.
            grad, target = torch.view_as_real(grad), torch.view_as_real(param)
        real = (lambda t: torch.view_as_real(t)) if param.is_complex() else (lambda t: t)
        exp_avg, exp_avg_sq = real(exp_avgs[i]), real(exp_avg_sqs[i])
        exp_avg.mul_(beta1).add_(grad * (1 - beta1))
        exp_avg_sq.mul_(beta2).add_(grad * grad * (1 - beta2))
        square = exp_avg_sq
        if group["amsgrad"]:
            largest = real(max_exp_avg_sqs[i])
            largest.copy_(torch.maximum(largest.clone(), exp_avg_sq))
            square = largest
        # Copies: the averages will change with the next step, and backward needs what they were.
        denominator = square.clone().sqrt() / (1 - beta2**step) ** 0.5 + group["eps"]
        target.add_(exp_avg.clone() / denominator * (-lr / (1 - beta1**step)))


def adam(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    exp_avgs: list[torch.Tensor],
    exp_avg_sqs: list[torch.Tensor],
    max_exp_avg_sqs: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    foreach: bool | None = None,
    capturable: bool = False,
    differentiable: bool = False,
    fused: bool | None = None,
    grad_scale: torch.Tensor | None = None,
    found_inf: torch.Tensor | None = None,
    has_complex: bool = False,
    decoupled_weight_decay: bool = False,
    *,
    amsgrad: bool,
    beta1: Any,
    beta2: Any,
    lr: Any,
    weight_decay: float,
    eps: float,
    maximize: bool,
) -> None:
    """Do the step of :class:`Adam` with lists of parameters, gradients and state."""
    if grad_scale is not None or found_inf is not None:
        raise NotImplementedError("adam: grad_scale and found_inf are not supported")
    if not all(isinstance(step, torch.Tensor) for step in state_steps):
        raise RuntimeError("API has changed, `state_steps` argument must contain a list of singleton tensors")
    group = {
        "betas": (beta1, beta2),
        "lr": lr,
        "weight_decay": weight_decay,
        "eps": eps,
        "amsgrad": amsgrad,
        "maximize": maximize,
        "differentiable": differentiable,
        "decoupled_weight_decay": decoupled_weight_decay,
    }
    with torch.set_grad_enabled(differentiable):
        _update(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, group)
