"""Channels mixed between groups."""

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    r"""Takes channels from each group in turn (Zhang et al., ShuffleNet, 2018).

    Args:
        groups: the number of groups.

    Shape:
        - Input and output: :math:`(N, C, *)`, C being a multiple of ``groups``
    """

    __constants__ = ["groups"]

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
