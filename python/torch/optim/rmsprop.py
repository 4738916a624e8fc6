"""RMSprop."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative, _documented, _get_value, _options

__all__ = ["RMSprop", "rmsprop"]


@_documented
class RMSprop(ListOptimizer):
    r"""RMSprop (Hinton, lecture 6e of Neural networks for machine learning, 2012).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        v_t &= \alpha v_{t-1} + (1 - \alpha) g_t^2 \\
        \theta_t &= \theta_{t-1} - \gamma \, g_t / (\sqrt{v_t} + \epsilon)

    Args:
        lr: :math:`\gamma`. Default: 1e-2
        alpha: :math:`\alpha`. Default: 0.99
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        momentum: :math:`\mu`: with it the step is :math:`b_t = \mu b_{t-1} + g_t / (\sqrt{v_t} + \epsilon)`.
        centered: subtract the square of the average gradient from :math:`v` (Graves, 2013). Default: ``False``
    """

    _later = {**ListOptimizer._later, "momentum": 0, "centered": False}

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
        super().__init__(params, _options(locals()))

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return dict.fromkeys(names, 0.0)

    @classmethod
    def _apply(cls, params: list, grads: list, tensors: dict[str, list], numbers: dict[str, list], group: dict) -> None:
        torch._C._VariableFunctions._foreach_add_(numbers["step"], 1)
        torch._fused_rmsprop_(
            params,
            grads,
            tensors["square_avg"],
            tensors.get("grad_avg", []),
            tensors.get("momentum_buffer", []),
            lr=_get_value(group["lr"]),
            alpha=group["alpha"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            centered=group["centered"],
            maximize=group["maximize"],
        )

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        alpha = group["alpha"]
        # Copies: the averages will change with the next step, and backward needs what they were.
        square = tensors["square_avg"].mul_(alpha).add_(grad * grad * (1 - alpha)).clone()
        if group["centered"]:
            mean = tensors["grad_avg"].mul_(alpha).add_(grad * (1 - alpha)).clone()
            square = square - mean * mean
        update = grad / (square.sqrt() + group["eps"])
        if group["momentum"] > 0:
            update = tensors["momentum_buffer"].mul_(group["momentum"]).add_(update).clone()
        param.add_(update * -group["lr"])


rmsprop = functional_form(
    RMSprop,
    {
        "square_avgs": "square_avg",
        "grad_avgs": "grad_avg",
        "momentum_buffer_list": "momentum_buffer",
        "state_steps": "step",
    },
    "foreach=None, maximize=False, differentiable=False, capturable=False, has_complex=False, "
    "*, lr, alpha, eps, weight_decay, momentum, centered",
)
