"""Muon."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT, _get_value, _with_grad

__all__ = ["Muon"]


class Muon(Optimizer):
    r"""Muon (Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024).

    A step of stochastic gradient descent with momentum, made orthogonal by Newton-Schulz iterations in bfloat16. For
    matrices only; embeddings, heads, biases and gains are left to another optimizer.

    .. math::
        B_t &= \mu B_{t-1} + (1 - \mu) G_t, \qquad
        O_t = \mathrm{NS}(\mu B_t + (1 - \mu) G_t) \quad\text{(nesterov)} \\
        \theta_t &= (1 - \gamma \lambda) \theta_{t-1} - \gamma s \, O_t

    where :math:`s` depends on the shape :math:`n \times m`: :math:`\sqrt{\max(1, n / m)}` for ``"original"``, and
    :math:`0.2 \sqrt{\max(n, m)}`, with which the update is as large as AdamW's, for ``"match_rms_adamw"`` (Liu et al.,
    Muon is scalable for LLM training, 2025).

    Args:
        params: the matrices to optimize.
        lr: :math:`\gamma`. Default: 1e-3
        weight_decay: :math:`\lambda`. Default: 0.1
        momentum: :math:`\mu`. Default: 0.95
        nesterov: use Nesterov's momentum. Default: ``True``
        ns_coefficients: the coefficients :math:`(a, b, c)` of an iteration
            :math:`X \leftarrow a X + b (X X^\top) X + c (X X^\top)^2 X`. Default: (3.4445, -4.7750, 2.0315)
        eps: the least norm that the iterations' start is divided by. Default: 1e-7
        ns_steps: the number of iterations. Default: 5
        adjust_lr_fn: ``"original"``, which ``None`` stands for, or ``"match_rms_adamw"``. Default: ``None``
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if isinstance(lr, torch.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 <= momentum:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.dim() != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step. Returns what ``closure``, if given, returns."""
        return self._run(closure, self._step_group)

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, momentum = _get_value(group["lr"]), group["momentum"]
        for param, grad in zip(*_with_grad(group["params"])):
            if param.is_complex():
                raise RuntimeError("Muon does not support complex parameters")
            if grad.dim() != 2:
                raise ValueError("Param gradient must be a 2D matrix")
            state = self.state[param]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(grad, memory_format=torch.preserve_format)
            buffer = state["momentum_buffer"].lerp_(grad, 1 - momentum)
            update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
            update = _orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
            param.mul_(1 - lr * group["weight_decay"])
            param.add_(update, alpha=-lr * _adjustment(group["adjust_lr_fn"], param.shape))


def _adjustment(name: str | None, shape: torch.Size) -> float:
    rows, columns = shape
    if name == "match_rms_adamw":
        return 0.2 * max(rows, columns) ** 0.5
    return max(1.0, rows / columns) ** 0.5


def _orthogonal(matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> torch.Tensor:
    """The matrix with its singular values brought near 1, by Newton-Schulz iterations in bfloat16."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    x = matrix.bfloat16()
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
