"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative

__all__ = ["ASGD", "asgd"]


class ASGD(ListOptimizer):
    r"""Averaged stochastic gradient descent (Polyak and Juditsky, 1992).

    With the gradient :math:`g`, plus the weight decay times :math:`\theta`, and the average of the parameters in
    ``state[param]["ax"]``:

    .. math::
        \theta_t &= (1 - \lambda \eta_t) \theta_{t-1} - \eta_t g_t, \qquad
        a_t = a_{t-1} + \mu_t (\theta_t - a_{t-1}) \\
        \eta_{t+1} &= \gamma / (1 + \lambda \gamma t)^\alpha, \qquad \mu_{t+1} = 1 / \max(1, t - t_0)

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-2
        lambd: :math:`\lambda`. Default: 1e-4
        alpha: :math:`\alpha`. Default: 0.75
        t0: the step :math:`t_0` at which averaging starts. Default: 1e6
        weight_decay: the weight decay. Default: 0
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _rule = "asgd"

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
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _first_numbers(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0, "eta": group["lr"], "mu": 1.0}

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"ax": 0.0}

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [group["lambd"], group["alpha"], group["t0"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        lr, lambd, step = group["lr"], group["lambd"], numbers["step"].item()
        eta, mu = numbers["eta"].item(), numbers["mu"].item()
        param.mul_(1 - lambd * eta).add_(grad * -eta)
        average = tensors["ax"]
        average.copy_(param) if mu == 1 else average.add_((param - average) * mu)
        numbers["eta"].copy_(torch.as_tensor(lr / (1 + lambd * lr * step) ** group["alpha"]))
        numbers["mu"].fill_(1 / max(1.0, step - group["t0"]))


def asgd(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    axs: list[torch.Tensor],
    mus: list[torch.Tensor],
    etas: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    foreach: bool | None = None,
    maximize: bool = False,
    differentiable: bool = False,
    capturable: bool = False,
    has_complex: bool = False,
    *,
    lambd: float,
    lr: Any,
    t0: float,
    alpha: float,
    weight_decay: float,
) -> None:
    """Do the step of :class:`ASGD` with lists of parameters, gradients and state."""
    ASGD._functional(
        params,
        grads,
        {"ax": axs},
        {"step": state_steps, "eta": etas, "mu": mus},
        lr=lr,
        lambd=lambd,
        alpha=alpha,
        t0=t0,
        weight_decay=weight_decay,
        maximize=maximize,
        capturable=capturable,
        differentiable=differentiable,
    )
