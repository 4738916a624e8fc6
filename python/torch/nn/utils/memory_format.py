"""Memory formats of the weights of convolutions."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def _convert(module: Any, kinds: tuple, memory_format: torch.memory_format) -> Any:
    for layer in module.modules():
        if isinstance(layer, kinds):
            layer.weight.data = layer.weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: Any, memory_format: torch.memory_format) -> Any:
    """Give the weights of all convolutions of images in ``module`` a memory format.

    Args:
        module: the module, which is changed.
        memory_format: such as ``torch.channels_last``.

    Returns:
        the module.
    """
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: Any, memory_format: torch.memory_format) -> Any:
    """Give the weights of all convolutions of volumes in ``module`` a memory format; see the function for images."""
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)
