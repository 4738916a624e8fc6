"""Adagrad."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, functional_form
from torch.optim.optimizer import ParamsT, _check_fused, _check_lr, _check_not_negative, _documented, _options

__all__ = ["Adagrad", "adagrad"]


@_documented
class Adagrad(ListOptimizer):
    r"""Adagrad (Duchi, Hazan and Singer, Adaptive subgradient methods for online learning, 2011).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        s_t = s_{t-1} + g_t^2, \qquad
        \theta_t = \theta_{t-1} - \frac{\gamma}{1 + (t - 1) \eta} \, g_t / (\sqrt{s_t} + \epsilon)

    Args:
        lr: :math:`\gamma`. Default: 1e-2
        lr_decay: :math:`\eta`. Default: 0
        weight_decay: :math:`\lambda`. Default: 0
        initial_accumulator_value: :math:`s_0`. Default: 0
        eps: :math:`\epsilon`. Default: 1e-10
    """

    _later = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}
    _rule, _rule_options = "adagrad", ("lr_decay", "eps")

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check_lr(lr)
        _check_not_negative(lr_decay=lr_decay, weight_decay=weight_decay)
        _check_not_negative(initial_accumulator_value=initial_accumulator_value, epsilon=eps)
        _check_fused(fused, foreach, differentiable)
        super().__init__(params, _options(locals()))
        # Made here, not at the first step: the sums may be shared between processes before training.
        for group in self.param_groups:
            for param in group["params"]:
                self._start(param, self._first_numbers(group), self._first_tensors(group))

    def share_memory(self) -> None:
        """Move the state to memory that other processes can share."""
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["sum"].share_memory_()

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}

    def _step_sparse(self, param: torch.Tensor, grad: torch.Tensor, group: dict[str, Any]) -> None:
        self._sparse_formula(param, grad, self.state[param], group)

    @staticmethod
    def _sparse_formula(param: Any, grad: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        if group["fused"]:
            raise RuntimeError("`fused` does not support sparse grad or complex param")
        if group["weight_decay"] != 0:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        state["step"] += 1
        grad = grad.coalesce()
        if grad._nnz() == 0:
            return
        places = tuple(grad._indices())
        values = -grad._values() if group["maximize"] else grad._values()
        rate = group["lr"] / (1 + (state["step"].item() - 1) * group["lr_decay"])
        total = state["sum"][places] + values * values
        state["sum"][places] = total
        param.index_put_(places, values / (total.sqrt() + group["eps"]) * -rate, accumulate=True)

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        rate = group["lr"] / (1 + (numbers["step"].item() - 1) * group["lr_decay"])
        total = tensors["sum"].add_(grad * grad).clone()
        param.add_(grad / (total.sqrt() + group["eps"]) * -rate)


adagrad = functional_form(
    Adagrad,
    {"state_sums": "sum", "state_steps": "step"},
    "fused=None, grad_scale=None, found_inf=None, has_sparse_grad=False, foreach=None, differentiable=False, "
    "has_complex=False, *, lr, weight_decay, lr_decay, eps, maximize",
)
