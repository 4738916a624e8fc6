"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative, _documented, _options

__all__ = ["ASGD", "asgd"]


@_documented
class ASGD(ListOptimizer):
    r"""Averaged stochastic gradient descent (Polyak and Juditsky, 1992).

    With the gradient :math:`g`, plus the weight decay times :math:`\theta`, and the average of the parameters in
    ``state[param]["ax"]``:

    .. math::
        \theta_t &= (1 - \lambda \eta_t) \theta_{t-1} - \eta_t g_t, \qquad
        a_t = a_{t-1} + \mu_t (\theta_t - a_{t-1}) \\
        \eta_{t+1} &= \gamma / (1 + \lambda \gamma t)^\alpha, \qquad \mu_{t+1} = 1 / \max(1, t - t_0)

    Args:
        lr: :math:`\gamma`. Default: 1e-2
        lambd: :math:`\lambda`. Default: 1e-4
        alpha: :math:`\alpha`. Default: 0.75
        t0: the step :math:`t_0` at which averaging starts. Default: 1e6
        weight_decay: the weight decay. Default: 0
    """

    _tensors = ("ax",)
    _rule, _rule_options = "asgd", ("lambd", "alpha", "t0")

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check_lr(lr)
        _check_not_negative(weight_decay=weight_decay)
        super().__init__(params, _options(locals()))

    def _first_numbers(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0, "eta": group["lr"], "mu": 1.0}

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        lr, lambd, step = group["lr"], group["lambd"], numbers["step"].item()
        eta, mu = numbers["eta"].item(), numbers["mu"].item()
        param.mul_(1 - lambd * eta).add_(grad * -eta)
        average = tensors["ax"]
        average.copy_(param) if mu == 1 else average.add_((param - average) * mu)
        numbers["eta"].copy_(torch.as_tensor(lr / (1 + lambd * lr * step) ** group["alpha"]))
        numbers["mu"].fill_(1 / max(1.0, step - group["t0"]))


asgd = functional_form(
    ASGD,
    {"axs": "ax", "mus": "mu", "etas": "eta", "state_steps": "step"},
    "foreach=None, maximize=False, differentiable=False, capturable=False, has_complex=False, "
    "*, lambd, lr, t0, alpha, weight_decay",
)
