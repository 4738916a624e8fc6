"""Distances between pairs of vectors."""

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    r"""Computes :math:`\lVert x_1 - x_2 + \epsilon \rVert_p` over the last dimension.

    Args:
        p: the norm. Default: 2
        eps: :math:`\epsilon`. Default: 1e-6
        keepdim: keep the last dimension, with size 1. Default: ``False``

    Shape:
        - Input1 and input2: :math:`(N, D)` or :math:`(D)`
        - Output: :math:`(N)` or :math:`()`, with ``keepdim`` :math:`(N, 1)` or :math:`(1)`
    """

    __constants__ = ["norm", "eps", "keepdim"]

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    r"""Computes :math:`x_1 \cdot x_2 / (\max(\lVert x_1 \rVert, \epsilon) \max(\lVert x_2 \rVert, \epsilon))`.

    Args:
        dim: the dimension of the vectors. Default: 1
        eps: :math:`\epsilon`. Default: 1e-8

    Shape:
        - Input1 and input2: the same; the output lacks ``dim``.
    """

    __constants__ = ["dim", "eps"]

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
