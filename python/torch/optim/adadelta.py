"""Adadelta."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative

__all__ = ["Adadelta", "adadelta"]


class Adadelta(ListOptimizer):
    r"""Adadelta (Zeiler, ADADELTA: an adaptive learning rate method, 2012).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        v_t &= \rho v_{t-1} + (1 - \rho) g_t^2, \qquad
        \Delta_t = g_t \sqrt{u_{t-1} + \epsilon} \Big/ \sqrt{v_t + \epsilon} \\
        u_t &= \rho u_{t-1} + (1 - \rho) \Delta_t^2, \qquad \theta_t = \theta_{t-1} - \gamma \Delta_t

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1
        rho: :math:`\rho`. Default: 0.9
        eps: :math:`\epsilon`. Default: 1e-6
        weight_decay: :math:`\lambda`. Default: 0
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _rule = "adadelta"

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        _check_not_negative(epsilon=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [group["rho"], group["eps"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        rho, eps = group["rho"], group["eps"]
        square = tensors["square_avg"].mul_(rho).add_(grad * grad * (1 - rho)).clone()
        delta = (tensors["acc_delta"] + eps).sqrt() / (square + eps).sqrt() * grad
        tensors["acc_delta"].mul_(rho).add_(delta * delta * (1 - rho))
        param.add_(delta * -group["lr"])


def adadelta(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    square_avgs: list[torch.Tensor],
    acc_deltas: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    capturable: bool = False,
    foreach: bool | None = None,
    differentiable: bool = False,
    has_complex: bool = False,
    *,
    lr: Any,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """Do the step of :class:`Adadelta` with lists of parameters, gradients and state."""
    Adadelta._functional(
        params,
        grads,
        {"square_avg": square_avgs, "acc_delta": acc_deltas},
        {"step": state_steps},
        lr=lr,
        rho=rho,
        eps=eps,
        weight_decay=weight_decay,
        maximize=maximize,
        capturable=capturable,
        differentiable=differentiable,
    )
