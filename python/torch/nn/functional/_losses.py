"""Losses of margins, of distributions and of sequences."""

from __future__ import annotations

import math
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
