"""AdamW."""

from __future__ import annotations

from typing import Any

from torch.optim._lists import functional_form
from torch.optim.adam import _FLAGS, _OPTIONS, _STATE, Adam
from torch.optim.optimizer import ParamsT, _documented, _options

__all__ = ["AdamW", "adamw"]


@_documented
class AdamW(Adam):
    r"""AdamW (Loshchilov and Hutter, Decoupled weight decay regularization, 2019).

    The step is that of :class:`Adam`, but the weight decay :math:`\lambda` does not go through its averages:
    before each step :math:`\theta \leftarrow (1 - \gamma \lambda) \theta`.

    Args:
        lr: :math:`\gamma`. Default: 1e-3
        betas: the decay of the averages. Default: (0.9, 0.999)
        eps: added to the divisor. Default: 1e-8
        weight_decay: :math:`\lambda`. Default: 1e-2
        amsgrad: divide by the largest average of squares so far. Default: ``False``
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
        super().__init__(params, **_options(locals()), decoupled_weight_decay=True)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            # Files written before the option existed lack it.
            group["decoupled_weight_decay"] = True


adamw = functional_form(AdamW, _STATE, f"{_FLAGS}, {_OPTIONS}", decoupled_weight_decay=True)
