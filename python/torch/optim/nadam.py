"""NAdam."""

from __future__ import annotations

from typing import Any

from torch.optim._lists import ListOptimizer, _check_betas, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _check_not_negative, _documented, _options

__all__ = ["NAdam", "nadam"]


@_documented
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
        lr: :math:`\gamma`. Default: 2e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        momentum_decay: :math:`\psi`. Default: 4e-3
    """

    _later = {**ListOptimizer._later, "decoupled_weight_decay": False}
    _tensors = ("exp_avg", "exp_avg_sq")
    _rule, _rule_options = "nadam", ("betas", "eps", "momentum_decay", "decoupled_weight_decay")

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
        super().__init__(params, _options(locals()))

    def _first_numbers(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0, "mu_product": 1.0}

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


nadam = functional_form(
    NAdam,
    {"exp_avgs": "exp_avg", "exp_avg_sqs": "exp_avg_sq", "mu_products": "mu_product", "state_steps": "step"},
    "decoupled_weight_decay=False, foreach=None, capturable=False, differentiable=False, has_complex=False, "
    "maximize=False, *, beta1, beta2, lr, weight_decay, momentum_decay, eps",
)
