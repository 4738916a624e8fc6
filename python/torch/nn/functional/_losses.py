"""Losses of values, of classes, of margins, of distributions and of sequences."""

from __future__ import annotations

import math
import warnings
from typing import Any, Callable

import torch
from torch import _C
from torch.nn import _reduction as _Reduction

_nn = _C._nn


def _reduction_enum(size_average: Any, reduce: Any, reduction: str) -> int:
    if size_average is not None or reduce is not None:
        return _Reduction.legacy_get_enum(size_average, reduce)
    return _Reduction.get_enum(reduction)


def _reduced(loss: torch.Tensor, reduction: str) -> torch.Tensor:
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


def _of_one_size(input: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Broadcast input and target, with a warning where they differ."""
    if target.size() == input.size():
        return input, target
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=3,
    )
    first, second = torch.broadcast_tensors(input, target)
    return first, second


def _weighted(loss: torch.Tensor, weight: torch.Tensor, reduction: str) -> torch.Tensor:
    """Reduce a loss by element times ``weight``; the mean is that of the weights, too."""
    if weight.size() != loss.size():
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / weight.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


# ---- values ------------------------------------------------------------------------------------------------------


def mse_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute ``(input - target)**2``. See :class:`~torch.nn.MSELoss`; ``weight`` has the shape of the input.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.mse_loss(x, torch.tensor([1.0, 4.0]))
        tensor(2.)
        >>> torch.nn.functional.mse_loss(x, torch.tensor([1.0, 4.0]), reduction="none")
        tensor([0., 4.])
    """
    input, target = _of_one_size(input, target)
    number = _reduction_enum(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_nn.mse_loss(input, target, 0), weight, reduction)
    return _nn.mse_loss(input, target, number)


def l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute ``|input - target|``. See :class:`~torch.nn.L1Loss`; ``weight`` has the shape of the input.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.l1_loss(x, torch.tensor([1.0, 4.0]))
        tensor(1.)
    """
    input, target = _of_one_size(input, target)
    number = _reduction_enum(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_nn.l1_loss(input, target, 0), weight, reduction)
    return _nn.l1_loss(input, target, number)


def smooth_l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> torch.Tensor:
    """Compute a squared error below ``beta`` and an absolute one above. See :class:`~torch.nn.SmoothL1Loss`.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.smooth_l1_loss(x, torch.tensor([1.5, 4.0]))
        tensor(0.8125)
    """
    input, target = _of_one_size(input, target)
    number = _reduction_enum(size_average, reduce, reduction)
    if beta == 0.0:
        return _nn.l1_loss(input, target, number)
    return _nn.smooth_l1_loss(input, target, number, beta)


def huber_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute a squared error below ``delta`` and an absolute one above. See :class:`~torch.nn.HuberLoss`.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.huber_loss(x, torch.tensor([1.5, 4.0]))
        tensor(0.8125)
    """
    input, target = _of_one_size(input, target)
    if weight is not None:
        loss = _weighted(_nn.huber_loss(input, target, 0, delta), weight, "none" if reduction == "mean" else reduction)
        return loss.mean() if reduction == "mean" else loss
    return _nn.huber_loss(input, target, _Reduction.get_enum(reduction), delta)


# ---- classes -----------------------------------------------------------------------------------------------------


def binary_cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the cross entropy of probabilities. See :class:`~torch.nn.BCELoss`.

    Example:

        >>> x = torch.tensor([0.9, 0.2])
        >>> torch.nn.functional.binary_cross_entropy(x, torch.tensor([1.0, 0.0]))
        tensor(0.1643)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(torch.broadcast_shapes(target.size(), weight.size()))
    return _nn.binary_cross_entropy(input, target, weight, number)


def binary_cross_entropy_with_logits(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute the cross entropy of logits. See :class:`~torch.nn.BCEWithLogitsLoss`.

    Example:

        >>> x = torch.tensor([2.0, -1.0])
        >>> torch.nn.functional.binary_cross_entropy_with_logits(x, torch.tensor([1.0, 0.0]))
        tensor(0.2201)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return torch.binary_cross_entropy_with_logits(input, target, weight, pos_weight, number)


def nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the negative log likelihood of log-probabilities. See :class:`~torch.nn.NLLLoss`.

    Example:

        >>> x = torch.log_softmax(torch.eye(2), dim=1)
        >>> torch.nn.functional.nll_loss(x, torch.tensor([0, 1]))
        tensor(0.3133)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    return _nn.nll_loss_nd(input, target, weight, number, ignore_index)


def cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """Compute the cross entropy of unnormalized scores. See :class:`~torch.nn.CrossEntropyLoss`.

    Example:

        >>> x = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]))
        tensor(0.2201)
        >>> torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]), reduction="none")
        tensor([0.1269, 0.3133])
    """
    number = _reduction_enum(size_average, reduce, reduction)
    return _nn.cross_entropy_loss(input, target, weight, number, ignore_index, label_smoothing)


# ---- margins -----------------------------------------------------------------------------------------------------


def cosine_embedding_loss(
    input1: torch.Tensor,
    input2: torch.Tensor,
    target: torch.Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Ask for similar vectors where ``target`` is 1, else apart. See :class:`~torch.nn.CosineEmbeddingLoss`.

    Example:

        >>> x, y = torch.eye(2), torch.ones(2, 2)
        >>> torch.nn.functional.cosine_embedding_loss(x, y, torch.tensor([1, -1]))
        tensor(0.5000)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    return torch.cosine_embedding_loss(input1, input2, target, margin, number)


def hinge_embedding_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Ask for small distances where ``target`` is 1, large where -1. See :class:`~torch.nn.HingeEmbeddingLoss`.

    Example:

        >>> x = torch.tensor([0.2, 0.4])
        >>> torch.nn.functional.hinge_embedding_loss(x, torch.tensor([1, -1]))
        tensor(0.4000)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    return torch.hinge_embedding_loss(input, target, margin, number)


def margin_ranking_loss(
    input1: torch.Tensor,
    input2: torch.Tensor,
    target: torch.Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Ask for ``input1`` above ``input2`` where ``target`` is 1. See :class:`~torch.nn.MarginRankingLoss`.

    Example:

        >>> x, y = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])
        >>> torch.nn.functional.margin_ranking_loss(x, y, torch.tensor([1.0, 1.0]))
        tensor(0.5000)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return torch.margin_ranking_loss(input1, input2, target, margin, number)


def soft_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the logistic loss for targets 1 and -1. See :class:`~torch.nn.SoftMarginLoss`.

    Example:

        >>> x = torch.tensor([0.5, -0.5])
        >>> torch.nn.functional.soft_margin_loss(x, torch.tensor([1.0, -1.0]))
        tensor(0.4741)
    """
    return _nn.soft_margin_loss(input, target, _reduction_enum(size_average, reduce, reduction))


def multi_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Ask for the right class's score above the others'. See :class:`~torch.nn.MultiMarginLoss`.

    Example:

        >>> x = torch.tensor([[0.1, 0.2, 0.7]])
        >>> torch.nn.functional.multi_margin_loss(x, torch.tensor([2]))
        tensor(0.3000)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    if p != 1 and p != 2:
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return _nn.multi_margin_loss(input, target, p, margin, weight, number)


def multilabel_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Ask for scores of a sample's classes above the others'. See :class:`~torch.nn.MultiLabelMarginLoss`.

    Example:

        >>> x = torch.tensor([[0.1, 0.2, 0.7]])
        >>> torch.nn.functional.multilabel_margin_loss(x, torch.tensor([[2, -1, 0]]))
        tensor(0.3000)
    """
    return _nn.multilabel_margin_loss(input, target, _reduction_enum(size_average, reduce, reduction))


def multilabel_soft_margin_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Average the cross entropy of each class's logit. See :class:`~torch.nn.MultiLabelSoftMarginLoss`.

    Example:

        >>> x = torch.tensor([[2.0, -1.0]])
        >>> torch.nn.functional.multilabel_soft_margin_loss(x, torch.tensor([[1.0, 0.0]]))
        tensor(0.2201)
    """
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    log_likelihood = target * _nn.log_sigmoid(input) + (1 - target) * _nn.log_sigmoid(-input)
    loss = -log_likelihood if weight is None else -log_likelihood * weight
    loss = loss.sum(dim=input.dim() - 1) / input.size(input.dim() - 1)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return _reduced(loss, reduction)


def triplet_margin_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Ask for the positive nearer to the anchor than the negative. See :class:`~torch.nn.TripletMarginLoss`.

    Example:

        >>> a, p, n = torch.zeros(1, 2), torch.ones(1, 2), torch.full((1, 2), 0.5)
        >>> torch.nn.functional.triplet_margin_loss(a, p, n)
        tensor(1.7071)
    """
    number = _reduction_enum(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return torch.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, number)


def triplet_margin_with_distance_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    *,
    distance_function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the triplet loss for any distance. See :class:`~torch.nn.TripletMarginWithDistanceLoss`.

    Example:

        >>> a, p, n = torch.zeros(1, 2), torch.ones(1, 2), torch.full((1, 2), 0.5)
        >>> torch.nn.functional.triplet_margin_with_distance_loss(a, p, n, margin=2.0)
        tensor(2.7071)
    """
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    dims = anchor.ndim, positive.ndim, negative.ndim
    if not dims[0] == dims[1] == dims[2]:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {dims[0]}D, positive {dims[1]}D, and negative {dims[2]}D inputs"
        )
    distance = torch.pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    loss = torch.clamp_min(margin + near - far, 0)
    _Reduction.get_enum(reduction)
    return _reduced(loss, reduction)


# ---- distributions -----------------------------------------------------------------------------------------------


def kl_div(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> torch.Tensor:
    """Compute the Kullback-Leibler divergence from log-probabilities. See :class:`~torch.nn.KLDivLoss`.

    Example:

        >>> x = torch.tensor([[0.5, 0.5]]).log()
        >>> torch.nn.functional.kl_div(x, torch.tensor([[0.9, 0.1]]), reduction="batchmean")
        tensor(0.3681)
    """
    if size_average is not None or reduce is not None:
        number = _Reduction.legacy_get_enum(size_average, reduce)
    else:
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' "
                "divides only by the batch size, and aligns with the KL div math definition. 'mean' will be changed "
                "to behave the same as 'batchmean' in the next major release.",
                stacklevel=2,
            )
        number = _Reduction.get_enum("sum" if reduction == "batchmean" else reduction)
    result = torch.kl_div(input, target, number, log_target=log_target)
    if reduction == "batchmean" and input.dim() != 0:
        result = result / input.size(0)
    return result


def poisson_nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the negative log likelihood of Poisson distributed counts. See :class:`~torch.nn.PoissonNLLLoss`.

    Example:

        >>> x = torch.tensor([0.5, 1.0])
        >>> torch.nn.functional.poisson_nll_loss(x, torch.tensor([1.0, 2.0]))
        tensor(0.9335)
    """
    if size_average is not None or reduce is not None:
        reduction = _Reduction.legacy_get_string(size_average, reduce)
    return torch.poisson_nll_loss(input, target, log_input, full, eps, _Reduction.get_enum(reduction))


def gaussian_nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    var: torch.Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the negative log likelihood of normally distributed targets. See :class:`~torch.nn.GaussianNLLLoss`.

    Example:

        >>> x = torch.tensor([0.5, 1.0])
        >>> torch.nn.functional.gaussian_nll_loss(x, torch.tensor([1.0, 2.0]), torch.ones(2))
        tensor(0.3125)
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        spread = var * torch.ones_like(input)
    else:
        if torch.any(var < 0):
            raise ValueError("var has negative entry/entries")
        spread = var
    # One variance for each row comes with or without a last dimension of size 1.
    if spread.size() != input.size():
        if input.size()[:-1] == spread.size():
            spread = spread.unsqueeze(-1)
        elif spread.dim() != input.dim() or any(v not in (1, n) for v, n in zip(spread.size(), input.size())):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    spread = spread.clone()
    with torch.no_grad():
        spread.clamp_(min=eps)
    loss = 0.5 * (torch.log(spread) + (input - target) ** 2 / spread)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduced(loss, reduction)


# ---- sequences ---------------------------------------------------------------------------------------------------


def ctc_loss(
    log_probs: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: torch.Tensor,
    target_lengths: torch.Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> torch.Tensor:
    """Compute the connectionist temporal classification loss. See :class:`~torch.nn.CTCLoss`.

    Example:

        >>> x = torch.full((4, 1, 3), 1 / 3).log()
        >>> torch.nn.functional.ctc_loss(x, torch.tensor([[1, 2]]), torch.tensor([4]), torch.tensor([2]))
        tensor(0.8432)
    """
    number = _Reduction.get_enum(reduction)
    return torch.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, number, zero_infinity)
