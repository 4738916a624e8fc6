"""Softmax over many classes, most of them rare."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.container import ModuleList, Sequential
from torch.nn.modules.linear import Linear
from torch.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]

_ASMoutput = namedtuple("_ASMoutput", ["output", "loss"])


class AdaptiveLogSoftmaxWithLoss(Module):
    """A classifier over many classes sorted by how frequent they are (Grave et al., Efficient softmax, 2017).

    The most frequent classes, and one class for each cluster of rarer ones, are told apart by the head; the members of
    a cluster by its tail, whose inner size shrinks with its number.

    Args:
        in_features: size of an input sample.
        n_classes: number of classes.
        cutoffs: where the clusters start, ascending, less than ``n_classes``.
        div_value: each tail's inner size is the one before divided by this. Default: 4.0
        head_bias: whether the head adds a bias. Default: ``False``
        device: where the parameters are.
        dtype: of the parameters.

    Shape:
        - Input: (N, in_features) or (in_features), target: (N) or (), classes
        - Output: a named tuple: ``output``, (N) or (), the logarithms of the targets' probabilities; ``loss``, minus
          their mean
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(cutoffs)
            or min(cutoffs) <= 0
            or max(cutoffs) > n_classes - 1
            or len(set(cutoffs)) != len(cutoffs)
            or any(int(c) != c for c in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                "value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        place = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **place)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            inner = int(in_features // div_value ** (i + 1))
            members = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(Linear(in_features, inner, bias=False, **place), Linear(inner, members, bias=False, **place))
            )

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        self.head.reset_parameters()
        for projection, classes in self.tail:  # type: ignore[misc,attr-defined]
            projection.reset_parameters()
            classes.reset_parameters()

    def forward(self, input_: torch.Tensor, target_: torch.Tensor) -> Any:
        batched = target_.dim() > 0
        if batched:
            if input_.shape[0] != target_.shape[0]:
                raise RuntimeError("Input and target should have the same size in the batch dimension.")
            if input_.dim() != 2:
                raise RuntimeError(
                    f"1D target tensor expects 2D input tensors, but found inputs with size {input_.size()}"
                )
        elif input_.dim() != 1:
            raise RuntimeError(f"0D target tensor expects 1D input tensors, but found inputs with size {input_.size()}")
        inputs = input_ if batched else input_.unsqueeze(0)
        targets = target_ if batched else target_.unsqueeze(0)
        if targets.numel() and not 0 <= int(targets.min()) <= int(targets.max()) < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{targets.min().item()}, {targets.max().item()}] were found. "
            )
        head = F.log_softmax(self.head(inputs), dim=1)
        in_head, within = targets, []
        for i, tail in enumerate(self.tail):
            first, last = self.cutoffs[i], self.cutoffs[i + 1]
            rows = ((targets >= first) & (targets < last)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            in_head = in_head.index_fill(0, rows, self.shortlist_size + i)
            classes = F.log_softmax(tail(inputs.index_select(0, rows)), dim=1)
            chosen = classes.gather(1, (targets.index_select(0, rows) - first).unsqueeze(1))
            within.append((rows, chosen.squeeze(1)))
        output = head.gather(1, in_head.unsqueeze(1)).squeeze(1)
        for rows, chosen in within:
            output = output.index_add(0, rows, chosen.to(output.dtype))
        loss = -output.mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    def _get_full_log_prob(self, input: torch.Tensor, head_output: torch.Tensor) -> torch.Tensor:
        """The logarithms of the probabilities of all classes, from the head's output."""
        head = F.log_softmax(head_output, dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            parts.append(F.log_softmax(tail(input), dim=1) + head[:, self.shortlist_size + i].unsqueeze(1))
        return torch.cat(parts, 1)

    def log_prob(self, input: torch.Tensor) -> torch.Tensor:
        """Return the logarithms of the probabilities of all classes, of shape (N, n_classes)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: torch.Tensor) -> torch.Tensor:
        """Return the most probable class of each sample, of shape (N); quicker than by :meth:`log_prob`."""
        head = self.head(input)
        best = head.argmax(dim=1)
        rare = best >= self.shortlist_size
        if not bool(rare.any()):
            return best
        if bool(rare.all()):
            return self._get_full_log_prob(input, head).argmax(dim=1)
        best[rare] = self._get_full_log_prob(input[rare], head[rare]).argmax(dim=1)
        return best
