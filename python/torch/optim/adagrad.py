"""Adagrad."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer
from torch.optim.optimizer import ParamsT, _check_fused, _check_lr, _check_not_negative, _unscale

__all__ = ["Adagrad", "adagrad"]


class Adagrad(ListOptimizer):
    r"""Adagrad (Duchi, Hazan and Singer, Adaptive subgradient methods for online learning, 2011).

    With the gradient :math:`g`, plus :math:`\lambda \theta` for the weight decay :math:`\lambda`:

    .. math::
        s_t = s_{t-1} + g_t^2, \qquad
        \theta_t = \theta_{t-1} - \frac{\gamma}{1 + (t - 1) \eta} \, g_t / (\sqrt{s_t} + \epsilon)

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-2
        lr_decay: :math:`\eta`. Default: 0
        weight_decay: :math:`\lambda`. Default: 0
        initial_accumulator_value: :math:`s_0`. Default: 0
        eps: :math:`\epsilon`. Default: 1e-10
        fused: as foreach.
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _later = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}
    _rule = "adagrad"

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
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
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
        state = self.state[param]
        _sparse_step(param, grad, state["sum"], state["step"], group)

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [group["lr_decay"], group["eps"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        rate = group["lr"] / (1 + (numbers["step"].item() - 1) * group["lr_decay"])
        total = tensors["sum"].add_(grad * grad).clone()
        param.add_(grad / (total.sqrt() + group["eps"]) * -rate)


def _sparse_step(
    param: torch.Tensor, grad: torch.Tensor, state_sum: torch.Tensor, step: torch.Tensor, group: dict[str, Any]
) -> None:
    """The step with a sparse gradient, which touches the entries that it names."""
    if group["fused"]:
        raise RuntimeError("`fused` does not support sparse grad or complex param")
    if group["weight_decay"] != 0:
        raise RuntimeError("weight_decay option is not compatible with sparse gradients")
    step += 1
    grad = grad.coalesce()
    if grad._nnz() == 0:
        return
    places = tuple(grad._indices())
    values = -grad._values() if group["maximize"] else grad._values()
    rate = group["lr"] / (1 + (step.item() - 1) * group["lr_decay"])
    total = state_sum[places] + values * values
    state_sum[places] = total
    param.index_put_(places, values / (total.sqrt() + group["eps"]) * -rate, accumulate=True)


def adagrad(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    state_sums: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    fused: bool | None = None,
    grad_scale: torch.Tensor | None = None,
    found_inf: torch.Tensor | None = None,
    has_sparse_grad: bool = False,
    foreach: bool | None = None,
    differentiable: bool = False,
    has_complex: bool = False,
    *,
    lr: Any,
    weight_decay: float,
    lr_decay: float,
    eps: float,
    maximize: bool,
) -> None:
    """Do the step of :class:`Adagrad` with lists of parameters, gradients and state."""
    if not _unscale(grads, grad_scale, found_inf):
        return
    if has_sparse_grad:
        group = {
            "lr": lr,
            "weight_decay": weight_decay,
            "lr_decay": lr_decay,
            "eps": eps,
            "maximize": maximize,
            "fused": fused,
        }
        sparse = [i for i, grad in enumerate(grads) if grad.is_sparse]
        for i in sparse:
            _sparse_step(params[i], grads[i], state_sums[i], state_steps[i], group)
        dense = [i for i in range(len(grads)) if i not in set(sparse)]
        if not dense:
            return
        params, grads = [params[i] for i in dense], [grads[i] for i in dense]
        state_sums, state_steps = [state_sums[i] for i in dense], [state_steps[i] for i in dense]
    Adagrad._functional(
        params,
        grads,
        {"sum": state_sums},
        {"step": state_steps},
        lr=lr,
        lr_decay=lr_decay,
        eps=eps,
        weight_decay=weight_decay,
        maximize=maximize,
        differentiable=differentiable,
    )
