"""Losses as modules.

All take ``reduction``: ``"mean"`` (the default) and ``"sum"`` give one number, ``"none"`` gives the loss of each
element or sample. ``size_average`` and ``reduce`` are the deprecated forms of it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import _reduction as _Reduction
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = [
    "L1Loss",
    "NLLLoss",
    "KLDivLoss",
    "MSELoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "SmoothL1Loss",
    "HuberLoss",
    "CrossEntropyLoss",
]


class _Loss(Module):
    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = _Reduction.legacy_get_string(size_average, reduce)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    weight: torch.Tensor | None

    def __init__(
        self,
        weight: torch.Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    r"""Computes :math:`|x - y|`.

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["reduction"]

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    r"""Computes :math:`(x - y)^2`.

    Shape:
        - Input and target: the same, any.

    Examples::

        >>> nn.MSELoss()(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
        tensor(5.)
    """

    __constants__ = ["reduction"]

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    r"""Computes :math:`(x - y)^2 / (2 \beta)` where :math:`|x - y| < \beta`, else :math:`|x - y| - \beta / 2`.

    Args:
        beta: :math:`\beta`, not negative. Default: 1.0

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["reduction"]

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    r"""Computes :math:`(x - y)^2 / 2` where :math:`|x - y| < \delta`, else :math:`\delta (|x - y| - \delta / 2)`.

    Args:
        delta: :math:`\delta`, positive. Default: 1.0

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["reduction", "delta"]

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class BCELoss(_WeightedLoss):
    r"""Computes :math:`-w (y \log x + (1 - y) \log(1 - x))` of probabilities, the logarithms being at least -100.

    Args:
        weight: :math:`w`, of a shape that broadcasts to the input's.

    Shape:
        - Input and target: the same, any; both within 0 and 1.
    """

    __constants__ = ["reduction"]

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    r"""Computes :math:`-w (p \, y \log \sigma(x) + (1 - y) \log(1 - \sigma(x)))` without loss of precision.

    Args:
        weight: :math:`w`, of a shape that broadcasts to the input's.
        pos_weight: :math:`p`, the weight of positive examples, of a shape that broadcasts likewise.

    Shape:
        - Input and target: the same, any; the target within 0 and 1.
    """

    weight: torch.Tensor | None
    pos_weight: torch.Tensor | None

    def __init__(
        self,
        weight: torch.Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: torch.Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class NLLLoss(_WeightedLoss):
    r"""Computes :math:`-w_y x_y`, x being log-probabilities of the classes. The mean is weighted by :math:`w_y`.

    Args:
        weight: :math:`w`, one number for each class.
        ignore_index: samples with this target count nothing. Default: -100

    Shape:
        - Input: :math:`(N, C)`, :math:`(C)` or :math:`(N, C, d_1, \dots)`
        - Target: :math:`(N)`, :math:`()` or :math:`(N, d_1, \dots)`, classes from 0 to C - 1
    """

    __constants__ = ["ignore_index", "reduction"]

    def __init__(
        self,
        weight: torch.Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(_WeightedLoss):
    r"""Computes :math:`-w_y \log \mathrm{softmax}(x)_y`, x being unnormalized scores of the classes.

    Args:
        weight: :math:`w`, one number for each class.
        ignore_index: samples with this target count nothing; for targets that are classes. Default: -100
        label_smoothing: share of the target that is spread evenly over all classes. Default: 0.0

    Shape:
        - Input: :math:`(N, C)`, :math:`(C)` or :math:`(N, C, d_1, \dots)`
        - Target: classes, :math:`(N)`, :math:`()` or :math:`(N, d_1, \dots)`; or probabilities of the shape of the
          input.

    Examples::

        >>> nn.CrossEntropyLoss()(torch.zeros(2, 4), torch.tensor([0, 3]))
        tensor(1.3863)
    """

    __constants__ = ["ignore_index", "reduction", "label_smoothing"]

    def __init__(
        self,
        weight: torch.Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class KLDivLoss(_Loss):
    r"""Computes :math:`y (\log y - x)`, x being log-probabilities.

    Args:
        reduction: besides the usual, ``"batchmean"``: the sum divided by the size of the first dimension, which is
            the divergence of its definition.
        log_target: whether y, too, is given as logarithms. Default: ``False``

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["reduction"]

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
