"""Adadelta."""

from __future__ import annotations

from typing import Any

from torch.optim._lists import ListOptimizer, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative, _documented, _options

__all__ = ["Adadelta", "adadelta"]


@_documented
class Adadelta(ListOptimizer):
    r"""Adadelta (Zeiler, ADADELTA: an adaptive learning rate method, 2012).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        v_t &= \rho v_{t-1} + (1 - \rho) g_t^2, \qquad
        \Delta_t = g_t \sqrt{u_{t-1} + \epsilon} \Big/ \sqrt{v_t + \epsilon} \\
        u_t &= \rho u_{t-1} + (1 - \rho) \Delta_t^2, \qquad \theta_t = \theta_{t-1} - \gamma \Delta_t

    Args:
        lr: :math:`\gamma`. Default: 1
        rho: :math:`\rho`. Default: 0.9
        eps: :math:`\epsilon`. Default: 1e-6
        weight_decay: :math:`\lambda`. Default: 0
    """

    _tensors = ("square_avg", "acc_delta")
    _rule, _rule_options = "adadelta", ("rho", "eps")

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
        super().__init__(params, _options(locals()))

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        rho, eps = group["rho"], group["eps"]
        square = tensors["square_avg"].mul_(rho).add_(grad * grad * (1 - rho)).clone()
        delta = (tensors["acc_delta"] + eps).sqrt() / (square + eps).sqrt() * grad
        tensors["acc_delta"].mul_(rho).add_(delta * delta * (1 - rho))
        param.add_(delta * -group["lr"])


adadelta = functional_form(
    Adadelta,
    {"square_avgs": "square_avg", "acc_deltas": "acc_delta", "state_steps": "step"},
    "capturable=False, foreach=None, differentiable=False, has_complex=False, *, lr, rho, eps, weight_decay, maximize",
)
