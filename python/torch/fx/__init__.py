"""Programs as graphs that Python can read and rewrite.

:func:`symbolic_trace` runs a function or module with :class:`Proxy` objects in place of values and records what it does
as a :class:`Graph` of :class:`Node`. A :class:`GraphModule` is a module whose ``forward`` is Python code written from a
graph. :class:`Interpreter` runs a graph node by node.
"""

from __future__ import annotations

from torch.fx import immutable_collections as immutable_collections
from torch.fx._symbolic_trace import (
    PH as PH,
    ProxyableClassMeta as ProxyableClassMeta,
    Tracer as Tracer,
    symbolic_trace as symbolic_trace,
    wrap as wrap,
)
from torch.fx.graph import CodeGen as CodeGen, Graph as Graph
from torch.fx.graph_module import GraphModule as GraphModule
from torch.fx.interpreter import Interpreter as Interpreter, Transformer as Transformer
from torch.fx.node import Node as Node, has_side_effect as has_side_effect, map_arg as map_arg
from torch.fx.proxy import Proxy as Proxy
from torch.fx.subgraph_rewriter import replace_pattern as replace_pattern

__all__ = [
    "Graph",
    "GraphModule",
    "Interpreter",
    "Node",
    "Proxy",
    "Tracer",
    "Transformer",
    "has_side_effect",
    "map_arg",
    "replace_pattern",
    "symbolic_trace",
    "wrap",
]
