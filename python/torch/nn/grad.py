"""Gradients of convolutions by themselves."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.utils import _ntuple

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _backward(
    dims: int,
    input: torch.Tensor,
    weight: torch.Tensor,
    grad_output: torch.Tensor,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    of_input: bool,
) -> torch.Tensor:
    each = _ntuple(dims)
    sought, other = (input, weight) if of_input else (weight, input)
    sought = sought.detach().requires_grad_()
    convolve = (F.conv1d, F.conv2d, F.conv3d)[dims - 1]
    with torch.enable_grad():
        tensors = (sought, other.detach()) if of_input else (other.detach(), sought)
        output = convolve(*tensors, None, each(stride), each(padding), each(dilation), groups)
    return torch.autograd.grad(output, sought, grad_output)[0]


def _of_input(dims: int) -> Any:
    def conv_input(
        input_size: Any,
        weight: torch.Tensor,
        grad_output: torch.Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> torch.Tensor:
        input = grad_output.new_empty(1).expand(input_size)
        return _backward(dims, input, weight, grad_output, stride, padding, dilation, groups, True)

    return _named(conv_input, dims, "input")


def _of_weight(dims: int) -> Any:
    def conv_weight(
        input: torch.Tensor,
        weight_size: Any,
        grad_output: torch.Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> torch.Tensor:
        weight = grad_output.new_empty(1).expand(weight_size)
        return _backward(dims, input, weight, grad_output, stride, padding, dilation, groups, False)

    return _named(conv_weight, dims, "weight")


def _named(function: Any, dims: int, of: str) -> Any:
    function.__name__ = function.__qualname__ = f"conv{dims}d_{of}"
    function.__doc__ = f"Return the gradient of a convolution of {dims} dimensions with respect to its {of}."
    return function


conv1d_input, conv2d_input, conv3d_input = (_of_input(dims) for dims in (1, 2, 3))
conv1d_weight, conv2d_weight, conv3d_weight = (_of_weight(dims) for dims in (1, 2, 3))
