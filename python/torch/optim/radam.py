"""RAdam."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, _beta_options, _check_betas
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative

__all__ = ["RAdam", "radam"]


class RAdam(ListOptimizer):
    r"""RAdam (Liu et al., On the variance of the adaptive learning rate and beyond, 2020).

    The averages are those of :class:`Adam`. The step divides by the root of the squares only where the length of their
    average, :math:`\rho_t = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t)`, is above 5, where
    :math:`\rho_\infty = 2 / (1 - \beta_2) - 1`:

    .. math::
        \theta_t &= \theta_{t-1} - \gamma \hat m_t r_t \Big/ \frac{\sqrt{v_t} + \epsilon}{\sqrt{1 - \beta_2^t}}, \qquad
        r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}}
        \qquad (\rho_t > 5) \\
        \theta_t &= \theta_{t-1} - \gamma \hat m_t \qquad\text{otherwise}

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        decoupled_weight_decay: shrink :math:`\theta` by :math:`1 - \gamma \lambda` instead of adding to the gradient.
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _later = {**ListOptimizer._later, "decoupled_weight_decay": False}
    _rule = "radam"

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [*_beta_options(group), group["eps"], group["decoupled_weight_decay"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        (beta1, beta2), step = group["betas"], numbers["step"].item()
        mean = tensors["exp_avg"].mul_(beta1).add_(grad * (1 - beta1)).clone() / (1 - beta1**step)
        square = tensors["exp_avg_sq"].mul_(beta2).add_(grad * grad * (1 - beta2)).clone()
        most = 2 / (1 - beta2) - 1
        length = most - 2 * step * beta2**step / (1 - beta2**step)
        update = mean * group["lr"]
        if length > 5:
            rectified = ((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) ** 0.5
            update = update * ((1 - beta2**step) ** 0.5 / (square.sqrt() + group["eps"])) * rectified
        param.sub_(update)


def radam(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    exp_avgs: list[torch.Tensor],
    exp_avg_sqs: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    decoupled_weight_decay: bool = False,
    foreach: bool | None = None,
    differentiable: bool = False,
    capturable: bool = False,
    has_complex: bool = False,
    maximize: bool = False,
    *,
    beta1: float,
    beta2: float,
    lr: Any,
    weight_decay: float,
    eps: float,
) -> None:
    """Do the step of :class:`RAdam` with lists of parameters, gradients and state."""
    RAdam._functional(
        params,
        grads,
        {"exp_avg": exp_avgs, "exp_avg_sq": exp_avg_sqs},
        {"step": state_steps},
        betas=(beta1, beta2),
        lr=lr,
        weight_decay=weight_decay,
        eps=eps,
        maximize=maximize,
        capturable=capturable,
        differentiable=differentiable,
        decoupled_weight_decay=decoupled_weight_decay,
    )
