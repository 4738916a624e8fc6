"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim._lists import ListOptimizer, functional_form
from torch.optim.optimizer import ParamsT, _check_lr, _documented, _get_value, _options

__all__ = ["Rprop", "rprop"]


@_documented
class Rprop(ListOptimizer):
    r"""Resilient backpropagation (Riedmiller and Braun, 1993), for gradients of all data at once.

    Each element has a step of its own, which grows while its gradient keeps its sign and shrinks where it turns; where
    it turned, that step is left out.

    Args:
        lr: the first step of every element. Default: 1e-2
        etas: the factors that shrink and grow a step. Default: (0.5, 1.2)
        step_sizes: the smallest and the largest step. Default: (1e-6, 50)
    """

    _rule, _rule_options = "rprop", ("etas", "step_sizes")

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
        super().__init__(params, _options(locals()))

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return {"prev": 0.0, "step_size": _get_value(group["lr"])}

    @staticmethod
    def _formula(param: Any, grad: Any, tensors: dict[str, Any], numbers: dict[str, Any], group: dict) -> None:
        shrinking, growing = group["etas"]
        turned = (grad * tensors["prev"]).sign()
        factor = torch.where(turned > 0, growing, torch.where(turned < 0, shrinking, 1.0)).to(turned.dtype)
        size = tensors["step_size"].mul_(factor).clamp_(*group["step_sizes"]).clone()
        grad = torch.where(turned < 0, torch.zeros_like(grad), grad)
        param.sub_(grad.sign() * size)
        tensors["prev"].copy_(grad)


rprop = functional_form(
    Rprop,
    {"prevs": "prev", "step_sizes": "step_size", "state_steps": "step"},
    "foreach=None, capturable=False, maximize=False, differentiable=False, has_complex=False, "
    "*, step_size_min, step_size_max, etaminus, etaplus",
)
