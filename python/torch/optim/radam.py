"""RAdam."""

from __future__ import annotations

from typing import Any

from torch.optim._lists import ListOptimizer, _check_betas, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative, _documented, _options

__all__ = ["RAdam", "radam"]


@_documented
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
        lr: :math:`\gamma`. Default: 1e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
    """

    _later = {**ListOptimizer._later, "decoupled_weight_decay": False}
    _tensors = ("exp_avg", "exp_avg_sq")
    _rule, _rule_options = "radam", ("betas", "eps", "decoupled_weight_decay")

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
        super().__init__(params, _options(locals()))

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


radam = functional_form(
    RAdam,
    {"exp_avgs": "exp_avg", "exp_avg_sqs": "exp_avg_sq", "state_steps": "step"},
    "decoupled_weight_decay=False, foreach=None, differentiable=False, capturable=False, has_complex=False, "
    "maximize=False, *, beta1, beta2, lr, weight_decay, eps",
)
