"""Adam and, as its form with decoupled weight decay, AdamW."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, _check_betas, functional_form
from torch.optim.optimizer import (
    ParamsT,
    _check_fused,
    _check_lr,
    _check_not_negative,
    _documented,
    _get_value,
    _options,
)

__all__ = ["Adam", "adam"]


def _check_tensor_betas(betas: tuple[Any, Any], foreach: bool | None, capturable: bool) -> None:
    tensors = [isinstance(beta, torch.Tensor) for beta in betas]
    if tensors[0] != tensors[1]:
        raise ValueError("betas must be either both floats or both Tensors")
    for index, beta in enumerate(betas):
        if tensors[index]:
            if not capturable and foreach:
                raise ValueError(f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True")
            if beta.numel() != 1:
                raise ValueError(f"Tensor betas[{index}] must be 1-element")


@_documented
class Adam(ListOptimizer):
    r"""Adam (Kingma and Ba, Adam: a method for stochastic optimization, 2015).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
        \theta_t &= \theta_{t-1} - \frac{\gamma}{1 - \beta_1^t} \, m_t \Big/
            \left(\sqrt{v_t} / \sqrt{1 - \beta_2^t} + \epsilon\right)

    Args:
        lr: :math:`\gamma`. Default: 1e-3
        betas: :math:`\beta_1` and :math:`\beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 0
        amsgrad: divide by the largest :math:`v` so far (Reddi et al., 2018). Default: ``False``
    """

    _scales = True
    _later = {**ListOptimizer._later, "amsgrad": False, "decoupled_weight_decay": False, "fused": None}

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, torch.Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        _check_lr(lr)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        _check_betas(betas)
        _check_not_negative(weight_decay=weight_decay)
        _check_tensor_betas(betas, foreach, capturable)
        _check_fused(fused, foreach, differentiable)
        super().__init__(params, _options(locals()))

    _not_sparse = "Adam does not support sparse gradients, please consider SparseAdam instead"

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0, **({"max_exp_avg_sq": 0.0} if group["amsgrad"] else {})}

    @classmethod
    def _apply(cls, params: list, grads: list, tensors: dict[str, list], numbers: dict[str, list], group: dict) -> None:
        beta1, beta2 = map(_get_value, group["betas"])
        torch._C._VariableFunctions._foreach_add_(numbers["step"], 1)
        op = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
        op(
            params,
            grads,
            tensors["exp_avg"],
            tensors["exp_avg_sq"],
            tensors["max_exp_avg_sq"] if group["amsgrad"] else [],
            numbers["step"],
            lr=_get_value(group["lr"]),
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=group["amsgrad"],
            maximize=group["maximize"],
            grad_scale=group.get("grad_scale"),
            found_inf=group.get("found_inf"),
        )

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        (beta1, beta2), step = group["betas"], numbers["step"].item()
        tensors["exp_avg"].mul_(beta1).add_(grad * (1 - beta1))
        tensors["exp_avg_sq"].mul_(beta2).add_(grad * grad * (1 - beta2))
        square = tensors["exp_avg_sq"]
        if group["amsgrad"]:
            largest = tensors["max_exp_avg_sq"]
            square = largest.copy_(torch.maximum(largest.clone(), square))
        # Copies: the averages will change with the next step, and backward needs what they were.
        denominator = square.clone().sqrt() / (1 - beta2**step) ** 0.5 + group["eps"]
        param.add_(tensors["exp_avg"].clone() / denominator * (-group["lr"] / (1 - beta1**step)))


_STATE = {
    "exp_avgs": "exp_avg",
    "exp_avg_sqs": "exp_avg_sq",
    "max_exp_avg_sqs": "max_exp_avg_sq",
    "state_steps": "step",
}
_FLAGS = (
    "foreach=None, capturable=False, differentiable=False, fused=None, grad_scale=None, found_inf=None, "
    "has_complex=False"
)
_OPTIONS = "*, amsgrad, beta1, beta2, lr, weight_decay, eps, maximize"

adam = functional_form(Adam, _STATE, f"{_FLAGS}, decoupled_weight_decay=False, {_OPTIONS}")
