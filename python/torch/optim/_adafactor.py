"""Adafactor."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim._lists import _scalar_dtype
from torch.optim.optimizer import Optimizer, ParamsT, _get_value, _with_grad

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    r"""Adafactor (Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost, 2018).

    The second moments of a matrix are the outer product of their means over rows and over columns, so that the state of
    an :math:`n \times m` parameter is :math:`n + m` numbers. With :math:`\hat\beta_t = 1 - t^\tau`:

    .. math::
        \alpha_t &= \max(\epsilon_2, \mathrm{RMS}(\theta_{t-1})) \min(\gamma, 1 / \sqrt t) \\
        R_t &= \hat\beta_t R_{t-1} + (1 - \hat\beta_t) \, \mathrm{mean}_m(g_t^2), \qquad
        C_t = \hat\beta_t C_{t-1} + (1 - \hat\beta_t) \, \mathrm{mean}_n(g_t^2) \\
        u_t &= g_t \big/ \sqrt{\max(R_t C_t / \max(\mathrm{mean}(R_t), \epsilon_1), \epsilon_1^2)} \\
        \theta_t &= (1 - \gamma \lambda) \theta_{t-1} - \alpha_t u_t / \max(1, \mathrm{RMS}(u_t) / d)

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-2
        beta2_decay: :math:`\tau`. Default: -0.8
        eps: :math:`\epsilon_1`, where ``None`` stands for the parameter's dtype's, and :math:`\epsilon_2`.
            Default: (None, 1e-3)
        d: the largest root mean square of an update. Default: 1
        weight_decay: :math:`\lambda`. Default: 0
        foreach: the step is the same whatever is said here.
        maximize: climb rather than descend. Default: ``False``
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, torch.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 >= beta2_decay:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not 0.0 <= eps[0]:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not 0.0 <= eps[1]:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._complete_groups(foreach=None)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step. Returns what ``closure``, if given, returns."""
        return self._run(closure, self._step_group)

    def _step_group(self, group: dict[str, Any]) -> None:
        for param, grad in zip(*_with_grad(group["params"])):
            if param.is_complex():
                raise RuntimeError("Adafactor does not support complex parameters")
            state = self.state[param]
            if not state:
                state["step"] = torch.zeros((), dtype=_scalar_dtype())
                if grad.dim() > 1:
                    state["row_var"] = grad.new_zeros((*grad.shape[:-1], 1))
                    state["col_var"] = grad.new_zeros((*grad.shape[:-2], 1, grad.shape[-1]))
                else:
                    state["variance"] = torch.zeros_like(grad, memory_format=torch.preserve_format)
            _update(param, -grad if group["maximize"] else grad, state, group)


def _root_mean_square(x: torch.Tensor) -> float:
    return x.norm(2).item() / x.numel() ** 0.5


def _update(param: torch.Tensor, grad: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    eps1, eps2 = group["eps"]
    eps1 = torch.finfo(param.dtype).eps if eps1 is None else eps1
    step = state["step"].add_(1).item()
    lr, weight = _get_value(group["lr"]), step ** group["beta2_decay"]
    alpha = max(eps2, _root_mean_square(param)) * min(lr, 1 / step**0.5)
    if group["weight_decay"] != 0:
        param.mul_(1 - lr * group["weight_decay"])
    if grad.dim() > 1:
        rows, columns = state["row_var"], state["col_var"]
        rows.lerp_(grad.square().mean(-1, keepdim=True), weight)
        columns.lerp_(grad.square().mean(-2, keepdim=True), weight)
        variance = (rows @ columns).div_(rows.mean(-2, keepdim=True).clamp_(min=eps1))
    else:
        variance = state["variance"].lerp_(grad.square(), weight).clone()
    update = variance.clamp_(min=eps1 * eps1).rsqrt_().mul_(grad)
    param.add_(update, alpha=-alpha / max(1.0, _root_mean_square(update) / group["d"]))
