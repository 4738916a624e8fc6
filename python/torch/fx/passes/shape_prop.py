"""Shapes of what nodes give, by running a graph."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import torch
from torch.fx.interpreter import Interpreter
from torch.fx.node import Node, map_aggregate

__all__ = ["ShapeProp", "TensorMetadata"]


class TensorMetadata(NamedTuple):
    """What is known of a tensor."""

    shape: torch.Size
    dtype: torch.dtype
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: Optional[torch.memory_format]
    is_quantized: bool
    qparams: dict[str, Any]


def _extract_tensor_metadata(result: torch.Tensor, include_contiguity: bool = True) -> TensorMetadata:
    found = None
    if include_contiguity:
        for memory_format in (torch.contiguous_format, torch.channels_last, torch.channels_last_3d):
            dims = {torch.channels_last: 4, torch.channels_last_3d: 5}.get(memory_format, result.dim())
            if result.dim() == dims and result.is_contiguous(memory_format=memory_format):
                found = memory_format
                break
    return TensorMetadata(result.shape, result.dtype, result.requires_grad, result.stride(), found, False, {})


class ShapeProp(Interpreter):
    """Runs a module's graph and notes shapes and dtypes: ``meta["tensor_meta"]`` and ``meta["type"]`` of each node."""

    def __init__(self, gm: torch.nn.Module, fake_mode: Any = None) -> None:
        super().__init__(gm)
        if fake_mode is not None:
            raise NotImplementedError("ShapeProp: fake_mode is not supported; inputs on the device meta need no data")

    def run_node(self, n: Node) -> Any:
        """Runs one node and notes what it gives."""
        result = super().run_node(n)
        found = False

        def extract(obj: Any) -> Any:
            nonlocal found
            if isinstance(obj, torch.Tensor):
                found = True
                return _extract_tensor_metadata(obj)
            return obj

        meta = map_aggregate(result, extract)
        if found:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """Runs the graph on inputs; returns what it gives."""
        return super().run(*args)
