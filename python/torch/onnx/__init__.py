"""ONNX, the format of networks. Programs can say how their operators are written in it; nothing is written yet."""

from __future__ import annotations

import re
from typing import Any, Callable

import torch
from torch import _absent

__all__ = ["ExportableModule", "ONNXProgram", "OnnxExporterError", "export", "is_in_onnx_export"]

__getattr__ = _absent.names_of(__name__)  # what writes files
_SYMBOLIC: dict[tuple[str, int], Callable[..., Any]] = {}  # by the operator's name and the version of the operator set


def _check_name(symbolic_name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_]+::[a-zA-Z0-9_]+[a-zA-Z0-9_.]*", symbolic_name):
        raise torch.onnx.OnnxExporterError(
            f"Failed to register operator {symbolic_name}. The symbolic name must match the format domain::name, "
            "and should start with a letter and contain only alphanumeric characters"
        )


def register_custom_op_symbolic(symbolic_name: str, symbolic_fn: Callable[..., Any], opset_version: int) -> None:
    """Keeps the function that writes an operator, for a later exporter.

    Args:
        symbolic_name: ``domain::name`` of the operator.
        symbolic_fn: called with a graph and the operator's inputs.
        opset_version: the version of the operator set from which on it holds.
    """
    _check_name(symbolic_name)
    _SYMBOLIC[symbolic_name, opset_version] = symbolic_fn


def unregister_custom_op_symbolic(symbolic_name: str, opset_version: int) -> None:
    """Forgets a function that was registered.

    Args:
        symbolic_name: ``domain::name`` of the operator.
        opset_version: the version it was registered for.
    """
    _check_name(symbolic_name)
    _SYMBOLIC.pop((symbolic_name, opset_version), None)
