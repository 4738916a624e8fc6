"""The loss of linear scores."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import _reduction as _Reduction

if TYPE_CHECKING:
    from torch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions


def linear_cross_entropy(
    input: torch.Tensor,
    linear_weight: torch.Tensor,
    target: torch.Tensor,
    *,
    linear_bias: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> torch.Tensor:
    """Compute the cross entropy of ``linear(input, linear_weight, linear_bias)`` and ``target``.

    See :class:`~torch.nn.LinearCrossEntropyLoss`.

    Args:
        input: of shape (N, in_features) or (in_features).
        linear_weight: of shape (C, in_features), or (C, d1, ..., in_features) for several scores of each class.
        target: classes, of shape (N, d1, ...), or probabilities, of shape (N, C, d1, ...).
        linear_bias: of the weight's shape without its last dimension.
        weight: a factor for each class.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``. Default: ``"mean"``
        ignore_index: samples of this class count nothing. Default: -100
        label_smoothing: share of the target that is spread evenly over all classes. Default: 0.0
        options: with them the batch is cut into parts, so that never all scores are in memory. Default: ``None``

    Example:

        >>> torch.nn.functional.linear_cross_entropy(torch.ones(2, 3), torch.zeros(4, 3), torch.tensor([0, 3]))
        tensor(1.3863)
    """
    if reduction not in ("mean", "sum", "none"):
        _Reduction.get_enum(reduction)
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if input.size(-1) != linear_weight.size(-1):
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.size(-1)} and {linear_weight.size(-1)}, respectively"
        )
    scores = linear_weight.shape[:-1]
    if len(scores) > 1 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {input.size(-1)}), got unbatched input with shape {tuple(input.shape)}"
        )
    if linear_bias is not None and linear_bias.shape != scores:
        raise RuntimeError(f"expected linear_bias shape {tuple(scores)}, got {tuple(linear_bias.shape)}")
    if target.is_floating_point() and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    ignored = -100 if ignore_index is None else ignore_index

    def loss(x: torch.Tensor, w: torch.Tensor, bias: Any, y: torch.Tensor, how: str) -> torch.Tensor:
        logits = torch.nn.functional.linear(x, w.flatten(0, -2), None if bias is None else bias.flatten())
        if len(scores) > 1:
            logits = logits.unflatten(-1, scores)
        return torch.nn.functional.cross_entropy(
            logits, y, weight=weight, ignore_index=ignored, reduction=how, label_smoothing=label_smoothing
        )

    if options is not None and (label_smoothing != 0 or target.dtype != torch.int64 or len(scores) > 1):
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            "label_smoothing == 0, target.dtype == int64, out_features == ()",
            stacklevel=2,
        )
        options = None
    if options is None or input.dim() == 1 or input.size(0) != target.size(0):
        return loss(input, linear_weight, linear_bias, target, reduction)
    from torch.utils.checkpoint import checkpoint

    dtype = linear_weight.dtype
    summed = linear_weight.to(options._sums_in(dtype))

    def part(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(x, summed.to(dtype), linear_bias, y, "none" if reduction == "none" else "sum")

    samples = options._samples(input.size(1), input.size(0))
    parts: list[Any] = [
        checkpoint(part, x, y, use_reentrant=False, preserve_rng_state=False)
        for x, y in zip(input.split(samples), target.split(samples))
    ]
    if reduction == "none":
        return torch.cat(parts)
    total = torch.stack(parts).sum()
    if reduction == "sum":
        return total
    counted = target != ignored
    if weight is None:
        return total / counted.sum()
    return total / weight.gather(0, torch.where(counted, target, 0)).masked_fill(~counted, 0).sum()
