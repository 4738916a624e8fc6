"""Adamax."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, _beta_options, _check_betas
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative

__all__ = ["Adamax", "adamax"]


class Adamax(ListOptimizer):
    r"""Adamax (Kingma and Ba, Adam: a method for stochastic optimization, 2015, section 7.1).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad u_t = \max(\beta_2 u_{t-1}, |g_t| + \epsilon) \\
        \theta_t &= \theta_{t-1} - \frac{\gamma}{1 - \beta_1^t} \, m_t / u_t

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 2e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _rule = "adamax"

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check_lr(lr)
        _check_not_negative(epsilon=eps)
        _check_betas(betas)
        _check_not_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [*_beta_options(group), group["eps"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        (beta1, beta2), step = group["betas"], numbers["step"].item()
        mean = tensors["exp_avg"].mul_(beta1).add_(grad * (1 - beta1)).clone()
        largest = tensors["exp_inf"]
        largest.copy_(torch.maximum(largest * beta2, grad.abs() + group["eps"]))
        param.add_(mean / largest.clone() * (-group["lr"] / (1 - beta1**step)))


def adamax(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    exp_avgs: list[torch.Tensor],
    exp_infs: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    foreach: bool | None = None,
    maximize: bool = False,
    differentiable: bool = False,
    capturable: bool = False,
    has_complex: bool = False,
    *,
    eps: float,
    beta1: float,
    beta2: float,
    lr: Any,
    weight_decay: float,
) -> None:
    """Do the step of :class:`Adamax` with lists of parameters, gradients and state."""
    Adamax._functional(
        params,
        grads,
        {"exp_avg": exp_avgs, "exp_inf": exp_infs},
        {"step": state_steps},
        betas=(beta1, beta2),
        lr=lr,
        weight_decay=weight_decay,
        eps=eps,
        maximize=maximize,
        capturable=capturable,
        differentiable=differentiable,
    )
