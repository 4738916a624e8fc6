"""Modules that would write their code when first called; here they write it at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from torch.fx.graph_module import GraphModule


class _LazyGraphModule(GraphModule):
    """Class of modules that have not written their code, of which there are none. For ``isinstance``."""

    @staticmethod
    def force_recompile(gm: Any) -> None:
        """Has a module write its code, as it always has."""


@contextlib.contextmanager
def _use_lazy_graph_module(should_use: bool) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _force_skip_lazy_graph_module() -> Iterator[None]:
    yield


def _get_graph_module_cls() -> type[GraphModule]:
    return GraphModule


def _make_graph_module(*args: Any, graph_module_cls: Any = None, **kwargs: Any) -> GraphModule:
    return (graph_module_cls or GraphModule)(*args, **kwargs)
