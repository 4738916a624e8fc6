"""Base class of passes."""

from __future__ import annotations

import abc
from typing import NamedTuple, Optional

import torch
from torch.fx.graph_module import GraphModule

__all__ = ["PassBase", "PassResult"]


class PassResult(NamedTuple):
    """The module after a pass, and whether it was changed."""

    graph_module: torch.nn.Module
    modified: bool


class PassBase(abc.ABC):
    """A pass: :meth:`call` does it, between :meth:`requires` and :meth:`ensures`."""

    def __call__(self, graph_module: GraphModule) -> Optional[PassResult]:
        self.requires(graph_module)
        result = self.call(graph_module)
        self.ensures(graph_module)
        return result

    @abc.abstractmethod
    def call(self, graph_module: GraphModule) -> Optional[PassResult]:
        """Does the pass."""

    def requires(self, graph_module: GraphModule) -> None:  # noqa: B027
        """Checks the module before."""

    def ensures(self, graph_module: GraphModule) -> None:  # noqa: B027
        """Checks the module after."""
