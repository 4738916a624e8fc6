"""NAdam."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, _beta_options, _check_betas
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative

__all__ = ["NAdam", "nadam"]


class NAdam(ListOptimizer):
    r"""NAdam (Dozat, Incorporating Nesterov momentum into Adam, 2016).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`, and the growing
    weight :math:`\mu_t = \beta_1 (1 - \tfrac12 0.96^{t \psi})`:

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
        \hat m_t &= \frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i}
            + \frac{(1 - \mu_t) g_t}{1 - \prod_{i=1}^t \mu_i} \\
        \theta_t &= \theta_{t-1} - \gamma \, \hat m_t \Big/ \left(\sqrt{v_t / (1 - \beta_2^t)} + \epsilon\right)

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 2e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        momentum_decay: :math:`\psi`. Default: 4e-3
        decoupled_weight_decay: shrink :math:`\theta` by :math:`1 - \gamma \lambda` instead of adding to the gradient.
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _later = {**ListOptimizer._later, "decoupled_weight_decay": False}
    _rule = "nadam"

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        _check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _first_numbers(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0, "mu_product": 1.0}

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [*_beta_options(group), group["eps"], group["momentum_decay"], group["decoupled_weight_decay"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        (beta1, beta2), step, decay = group["betas"], numbers["step"].item(), group["momentum_decay"]
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        product = numbers["mu_product"].mul_(mu).item()
        mean = tensors["exp_avg"].mul_(beta1).add_(grad * (1 - beta1)).clone()
        square = tensors["exp_avg_sq"].mul_(beta2).add_(grad * grad * (1 - beta2)).clone()
        denominator = (square / (1 - beta2**step)).sqrt() + group["eps"]
        param.add_(grad / denominator * (-group["lr"] * (1 - mu) / (1 - product)))
        param.add_(mean / denominator * (-group["lr"] * mu_next / (1 - product * mu_next)))


def nadam(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    exp_avgs: list[torch.Tensor],
    exp_avg_sqs: list[torch.Tensor],
    mu_products: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    decoupled_weight_decay: bool = False,
    foreach: bool | None = None,
    capturable: bool = False,
    differentiable: bool = False,
    has_complex: bool = False,
    maximize: bool = False,
    *,
    beta1: float,
    beta2: float,
    lr: Any,
    weight_decay: float,
    momentum_decay: float,
    eps: float,
) -> None:
    """Do the step of :class:`NAdam` with lists of parameters, gradients and state."""
    NAdam._functional(
        params,
        grads,
        {"exp_avg": exp_avgs, "exp_avg_sq": exp_avg_sqs},
        {"step": state_steps, "mu_product": mu_products},
        betas=(beta1, beta2),
        lr=lr,
        weight_decay=weight_decay,
        momentum_decay=momentum_decay,
        eps=eps,
        maximize=maximize,
        capturable=capturable,
        differentiable=differentiable,
        decoupled_weight_decay=decoupled_weight_decay,
    )
