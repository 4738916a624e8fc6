"""Adamax."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, _check_betas, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative, _documented, _options

__all__ = ["Adamax", "adamax"]


@_documented
class Adamax(ListOptimizer):
    r"""Adamax (Kingma and Ba, Adam: a method for stochastic optimization, 2015, section 7.1).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad u_t = \max(\beta_2 u_{t-1}, |g_t| + \epsilon) \\
        \theta_t &= \theta_{t-1} - \frac{\gamma}{1 - \beta_1^t} \, m_t / u_t

    Args:
        lr: :math:`\gamma`. Default: 2e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
    """

    _tensors = ("exp_avg", "exp_inf")
    _rule, _rule_options = "adamax", ("betas", "eps")

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
        super().__init__(params, _options(locals()))

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        (beta1, beta2), step = group["betas"], numbers["step"].item()
        mean = tensors["exp_avg"].mul_(beta1).add_(grad * (1 - beta1)).clone()
        largest = tensors["exp_inf"]
        largest.copy_(torch.maximum(largest * beta2, grad.abs() + group["eps"]))
        param.add_(mean / largest.clone() * (-group["lr"] / (1 - beta1**step)))


adamax = functional_form(
    Adamax,
    {"exp_avgs": "exp_avg", "exp_infs": "exp_inf", "state_steps": "step"},
    "foreach=None, maximize=False, differentiable=False, capturable=False, has_complex=False, "
    "*, eps, beta1, beta2, lr, weight_decay",
)
