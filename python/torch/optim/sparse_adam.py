"""Adam for parameters whose gradients are sparse."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT, _get_value, _with_grad

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    r"""Adam for sparse gradients, as :class:`torch.nn.Embedding` with ``sparse=True`` has them.

    Only the elements at the places of the gradient's entries are changed, and only their averages:

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t \\
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
        \theta_t &= \theta_{t-1} - \gamma \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m_t}{\sqrt{v_t} + \epsilon}

    with :math:`t` the number of steps, whether or not an element took part in them.

    Args:
        params: the tensors to optimize, which are dense themselves.
        lr: :math:`\gamma`. Default: 1e-3
        betas: :math:`\beta_1, \beta_2`. Default: (0.9, 0.999)
        eps: :math:`\epsilon`. Default: 1e-8
        maximize: climb rather than descend. Default: ``False``

    Example::

        >>> table = torch.nn.Embedding(10, 3, sparse=True)
        >>> optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1)
        >>> table(torch.tensor([1, 2])).sum().backward()
        >>> optimizer.step()
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        if not lr > 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        sparse = [
            [g, i] for g, group in enumerate(self.param_groups) for i, p in enumerate(group["params"]) if p.is_sparse
        ]
        if sparse:
            raise ValueError(f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step. Returns what ``closure``, if given, returns."""
        return self._run(closure, self._step_group)

    def _step_group(self, group: dict[str, Any]) -> None:
        params, grads = _with_grad(group["params"])
        if not all(grad.is_sparse for grad in grads):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        for param, grad in zip(params, grads):
            state = self.state[param]
            if not state:
                state["step"] = 0
                state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
                state["exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
            state["step"] += 1
            _update(param, grad, state, group)


def _update(param: torch.Tensor, grad: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    grad = grad.coalesce()
    if grad._nnz() == 0:
        return
    places = tuple(grad._indices())
    values = -grad._values() if group["maximize"] else grad._values()
    beta1, beta2 = group["betas"]
    average, square = state["exp_avg"][places], state["exp_avg_sq"][places]
    average = average + (values - average) * (1 - beta1)
    square = square + (values * values - square) * (1 - beta2)
    state["exp_avg"][places] = average
    state["exp_avg_sq"][places] = square
    step = state["step"]
    rate = _get_value(group["lr"]) * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    param.index_put_(places, average / (square.sqrt() + group["eps"]) * -rate, accumulate=True)
