"""Drawing graphs. Not supported."""

from __future__ import annotations

from typing import Any

__all__ = ["FxGraphDrawer"]


class FxGraphDrawer:
    """Not supported: needs the package pydot.

    Raises:
        NotImplementedError: always; ``print(graph)`` and ``Graph.print_tabular`` show graphs as text.
    """

    def __init__(self, graph_module: Any, name: str, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("FxGraphDrawer is not supported; Graph.print_tabular() shows graphs as text")
