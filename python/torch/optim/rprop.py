"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer
from torch.optim.optimizer import ParamsT, _check_lr, _get_value

__all__ = ["Rprop", "rprop"]


class Rprop(ListOptimizer):
    r"""Resilient backpropagation (Riedmiller and Braun, 1993), for gradients of all data at once.

    Each element has a step of its own, which grows while its gradient keeps its sign and shrinks where it turns; where
    it turned, that step is left out.

    Args:
        params: the tensors to optimize.
        lr: the first step of every element. Default: 1e-2
        etas: the factors that shrink and grow a step. Default: (0.5, 1.2)
        step_sizes: the smallest and the largest step. Default: (1e-6, 50)
        foreach: all tensors are updated in one call whatever is said here.
        maximize: climb rather than descend. Default: ``False``
        capturable: let the step be captured in a graph of a device; the parameters must be on one.
        differentiable: record the step, so that gradients pass through it. Default: ``False``
    """

    _rule = "rprop"

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"prev": 0.0, "step_size": _get_value(group["lr"])}

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        return [*group["etas"], *group["step_sizes"]]

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        shrinking, growing = group["etas"]
        turned = (grad * tensors["prev"]).sign()
        factor = torch.where(turned > 0, growing, torch.where(turned < 0, shrinking, 1.0)).to(turned.dtype)
        size = tensors["step_size"].mul_(factor).clamp_(*group["step_sizes"]).clone()
        grad = torch.where(turned < 0, torch.zeros_like(grad), grad)
        param.sub_(grad.sign() * size)
        tensors["prev"].copy_(grad)


def rprop(
    params: list[torch.Tensor],
    grads: list[torch.Tensor],
    prevs: list[torch.Tensor],
    step_sizes: list[torch.Tensor],
    state_steps: list[torch.Tensor],
    foreach: bool | None = None,
    capturable: bool = False,
    maximize: bool = False,
    differentiable: bool = False,
    has_complex: bool = False,
    *,
    step_size_min: float,
    step_size_max: float,
    etaminus: float,
    etaplus: float,
) -> None:
    """Do the step of :class:`Rprop` with lists of parameters, gradients and state."""
    Rprop._functional(
        params,
        grads,
        {"prev": prevs, "step_size": step_sizes},
        {"step": state_steps},
        etas=(etaminus, etaplus),
        step_sizes=(step_size_min, step_size_max),
        maximize=maximize,
        capturable=capturable,
        differentiable=differentiable,
    )
