"""AdamW."""

from __future__ import annotations

from typing import Any

from torch.optim.adam import Adam, adam
from torch.optim.optimizer import ParamsT

__all__ = ["AdamW", "adamw"]


class AdamW(Adam):
    r"""AdamW (Loshchilov and Hutter, Decoupled weight decay regularization, 2019).

    The step is that of :class:`Adam`, but the weight decay :math:`\lambda` does not go through its averages:
    before each step :math:`\theta \leftarrow (1 - \gamma \lambda) \theta`.

    Args:
        params: the tensors to optimize.
        lr: :math:`\gamma`. Default: 1e-3
        betas: the decay of the averages. Default: (0.9, 0.999)
        eps: added to the divisor. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 1e-2
        amsgrad: divide by the largest average of squares so far. Default: ``False``
        maximize, foreach, capturable, differentiable, fused: as for :class:`Adam`.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            # Files written before the option existed lack it.
            group["decoupled_weight_decay"] = True


def adamw(*args: Any, **kwargs: Any) -> None:
    """Do the step of :class:`AdamW`; the arguments are those of :func:`torch.optim.adam.adam`."""
    adam(*args, **kwargs, decoupled_weight_decay=True)
