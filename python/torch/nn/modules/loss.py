"""Losses as modules.

All take ``reduction``: ``"mean"`` (the default) and ``"sum"`` give one number, ``"none"`` gives the loss of each
element or sample. ``size_average`` and ``reduce`` are the deprecated forms of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable

import torch
from torch.nn import _reduction as _Reduction, functional as F
from torch.nn.modules.linear import Linear
from torch.nn.modules.module import Module

if TYPE_CHECKING:
    from torch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions

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
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "SoftMarginLoss",
    "MultiMarginLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "PoissonNLLLoss",
    "GaussianNLLLoss",
    "CTCLoss",
    "LinearCrossEntropyLoss",
    "NLLLoss2d",
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


class NLLLoss2d(NLLLoss):
    """The deprecated name of :class:`NLLLoss` for images."""

    def __init__(
        self,
        weight: torch.Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        import warnings

        warnings.warn(
            "NLLLoss2d has been deprecated. Please use NLLLoss instead as a drop-in replacement and see "
            "https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


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


class LinearCrossEntropyLoss(_WeightedLoss):
    r"""Computes :class:`CrossEntropyLoss` of scores that a layer of its own, ``linear``, makes of the input.

    Args:
        in_features: size of a sample.
        num_classes: number of classes :math:`C`.
        out_features: sizes :math:`(d_1, \dots)` of several scores of each class. Default: ``()``
        bias: whether ``linear`` adds a bias. Default: ``False``
        device: where the layer is.
        dtype: of the layer.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``. Default: ``"mean"``
        weight: one number for each class.
        ignore_index: samples with this target count nothing; for targets that are classes. Default: -100
        label_smoothing: share of the target that is spread evenly over all classes. Default: 0.0
        options: a :class:`LinearCrossEntropyOptions`: the batch is cut into parts, so that never all scores are in
            memory. Default: ``None``

    Shape:
        - Input: :math:`(N, \text{in\_features})` or :math:`(\text{in\_features})`
        - Target: classes, :math:`(N, d_1, \dots)` or :math:`()`; or probabilities, :math:`(N, C, d_1, \dots)`

    Examples::

        >>> loss = nn.LinearCrossEntropyLoss(5, 10)
        >>> loss(torch.zeros(2, 5), torch.tensor([3, 1]))
        tensor(2.3026, grad_fn=<NllLossBackward0>)
    """

    __constants__ = ["num_classes", "out_features", "reduction", "ignore_index", "label_smoothing"]

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: torch.Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = tuple(out_features)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.options = options
        self.linear = Linear(in_features, num_classes * math.prod(self.out_features), bias, device, dtype)

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        scores = (self.num_classes, *self.out_features)
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*scores, self.linear.in_features),
            target,
            linear_bias=None if self.linear.bias is None else self.linear.bias.reshape(scores),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
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


# ---- margins -----------------------------------------------------------------------------------------------------


class CosineEmbeddingLoss(_Loss):
    r"""Computes :math:`1 - \cos(x_1, x_2)` where y is 1 and :math:`\max(0, \cos(x_1, x_2) - m)` where y is -1.

    Args:
        margin: :math:`m`. Default: 0.0

    Shape:
        - Input1 and input2: :math:`(N, D)` or :math:`(D)`
        - Target: y, :math:`(N)` or :math:`()`
    """

    __constants__ = ["margin", "reduction"]

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: torch.Tensor, input2: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(_Loss):
    r"""Computes the distance x where y is 1 and :math:`\max(0, m - x)` where y is -1.

    Args:
        margin: :math:`m`. Default: 1.0

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["margin", "reduction"]

    def __init__(
        self, margin: float = 1.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    r"""Computes :math:`\max(0, -y (x_1 - x_2) + m)`.

    Args:
        margin: :math:`m`. Default: 0.0

    Shape:
        - Input1, input2 and target: the same, any.
    """

    __constants__ = ["margin", "reduction"]

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: torch.Tensor, input2: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    r"""Computes :math:`\log(1 + \exp(-y x))` for targets 1 and -1.

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["reduction"]

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    r"""Computes the mean over classes :math:`c \ne y` of :math:`w_y \max(0, m - x_y + x_c)^p`.

    Args:
        p: 1 or 2. Default: 1
        margin: :math:`m`. Default: 1.0
        weight: :math:`w`, one number for each class.

    Shape:
        - Input: :math:`(N, C)` or :math:`(C)`
        - Target: :math:`(N)` or :math:`()`, classes from 0 to C - 1
    """

    __constants__ = ["p", "margin", "reduction"]

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: torch.Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p != 1 and p != 2:
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p = p
        self.margin = margin

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction
        )


class MultiLabelMarginLoss(_Loss):
    r"""Computes the mean of :math:`\max(0, 1 - x_t + x_c)` over classes t of the sample and classes c that are none.

    Shape:
        - Input: :math:`(N, C)` or :math:`(C)`
        - Target: the same; a row lists the sample's classes and ends at the first -1.
    """

    __constants__ = ["reduction"]

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    r"""Computes the mean over classes of :math:`-w (y \log \sigma(x) + (1 - y) \log \sigma(-x))`.

    Args:
        weight: :math:`w`, one number for each class.

    Shape:
        - Input and target: :math:`(N, C)`; the target is 0 or 1.
    """

    __constants__ = ["reduction"]

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.multilabel_soft_margin_loss(input, target, weight=self.weight, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    r"""Computes :math:`\max(0, d(a, p) - d(a, n) + m)` for anchor, positive and negative.

    Args:
        margin: :math:`m`, positive. Default: 1.0
        p: exponent of the norm of the distance :math:`d`. Default: 2.0
        eps: added to the differences. Default: 1e-6
        swap: take the distance of positive and negative where it is the smaller one. Default: ``False``

    Shape:
        - Anchor, positive and negative: :math:`(N, D)` or :math:`(D)`
    """

    __constants__ = ["margin", "p", "eps", "swap", "reduction"]

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    r"""Computes the loss of :class:`TripletMarginLoss` for any distance.

    Args:
        distance_function: of two tensors; Default: :class:`PairwiseDistance`.
        margin: positive. Default: 1.0
        swap: take the distance of positive and negative where it is the smaller one. Default: ``False``
    """

    __constants__ = ["margin", "swap", "reduction"]

    def __init__(
        self,
        *,
        distance_function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average=None, reduce=None, reduction=reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.distance_function = torch.pairwise_distance if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


# ---- distributions and sequences ---------------------------------------------------------------------------------


class PoissonNLLLoss(_Loss):
    r"""Computes :math:`e^x - y x`, the negative log-likelihood of counts y, without their constant.

    Args:
        log_input: whether x is the logarithm of the rate; else :math:`x - y \log(x + \epsilon)`. Default: ``True``
        full: add the constant by Stirling's approximation. Default: ``False``
        eps: :math:`\epsilon`. Default: 1e-8

    Shape:
        - Input and target: the same, any.
    """

    __constants__ = ["log_input", "full", "eps", "reduction"]

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(_Loss):
    r"""Computes :math:`(\log v + (x - y)^2 / v) / 2`, the variance v being at least :math:`\epsilon`.

    Args:
        full: add the constant. Default: ``False``
        eps: :math:`\epsilon`. Default: 1e-6

    Shape:
        - Input and target: the same, any.
        - Var: the same, or with a last dimension of 1, or without it.
    """

    __constants__ = ["full", "eps", "reduction"]

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: torch.Tensor, target: torch.Tensor, var: torch.Tensor | float) -> torch.Tensor:
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class CTCLoss(_Loss):
    r"""Computes the connectionist temporal classification loss (Graves et al., 2006).

    Args:
        blank: the label of the blank. Default: 0
        reduction: ``"mean"`` divides each loss by the length of its target first.
        zero_infinity: make infinite losses, of targets that do not fit the input, zero. Default: ``False``

    Shape:
        - Log_probs: :math:`(T, N, C)` or :math:`(T, C)`, logarithms of probabilities
        - Targets: :math:`(N, S)`, or all in a row
        - Input_lengths and target_lengths: :math:`(N)`
    """

    __constants__ = ["blank", "reduction"]

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: torch.Tensor,
        targets: torch.Tensor,
        input_lengths: torch.Tensor,
        target_lengths: torch.Tensor,
    ) -> torch.Tensor:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
