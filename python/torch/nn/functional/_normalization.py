"""Normalization over batches, channels, layers and vectors."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import _C

_nn = _C._nn

# Whether cuDNN is used is for the device's kernels to say, which know torch.backends.cudnn.enabled.
_MAY_USE_CUDNN = True


def _verify_batch_size(size: Any) -> None:
    count = math.prod(size) // size[1] if size[1] else 0
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each channel over the batch. See :class:`~torch.nn.BatchNorm1d`.

    Args:
        input: of shape (N, C, ...).
        running_mean, running_var: the statistics, of shape (C); moved towards the batch's where ``training``.
        weight, bias: scale and shift, of shape (C).
        training: use the batch's statistics rather than the running ones. Default: ``False``
        momentum: weight of the batch in the running statistics. Default: 0.1
        eps: added to the variance. Default: 1e-5

    Example:

        >>> x = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
        >>> torch.nn.functional.batch_norm(x, None, None, training=True)
        tensor([[-1.0000, -1.0000],
                [ 1.0000,  1.0000]])
    """
    if training:
        _verify_batch_size(input.size())
    return torch.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, _MAY_USE_CUDNN)


def layer_norm(
    input: torch.Tensor,
    normalized_shape: Any,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize over the last dimensions, whose sizes are ``normalized_shape``. See :class:`~torch.nn.LayerNorm`.

    Example:

        >>> x = torch.tensor([[1.0, 2.0, 3.0]])
        >>> torch.nn.functional.layer_norm(x, (3,))
        tensor([[-1.2247,  0.0000,  1.2247]])
    """
    return torch.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: torch.Tensor, normalized_shape: Any, weight: torch.Tensor | None = None, eps: float | None = None
) -> torch.Tensor:
    """Divide by the root of the mean square over the last dimensions. See :class:`~torch.nn.RMSNorm`.

    Example:

        >>> x = torch.tensor([[3.0, 4.0]])
        >>> torch.nn.functional.rms_norm(x, (2,))
        tensor([[0.8485, 1.1314]])
    """
    return torch.rms_norm(input, normalized_shape, weight, eps)


def group_norm(
    input: torch.Tensor,
    num_groups: int,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each sample over each of ``num_groups`` groups of channels.

    Example:

        >>> x = torch.tensor([[1.0, 2.0, 30.0, 40.0]])
        >>> torch.nn.functional.group_norm(x, 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    size = input.size()
    _verify_batch_size([size[0] * size[1] // num_groups, num_groups, *size[2:]])
    return torch.group_norm(input, num_groups, weight, bias, eps, _MAY_USE_CUDNN)


def _verify_spatial_size(size: Any) -> None:
    if math.prod(size[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")


def instance_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None = None,
    running_var: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each channel of each sample. See :class:`~torch.nn.InstanceNorm1d`.

    Args:
        input: of shape (N, C, ...).
        running_mean, running_var: statistics of shape (C); moved towards the input's, or used instead of them.
        weight, bias: scale and shift, of shape (C).
        use_input_stats: use the input's statistics rather than the running ones. Default: ``True``
        momentum: weight of the input in the running statistics. Default: 0.1
        eps: added to the variance. Default: 1e-5

    Example:

        >>> x = torch.tensor([[[1.0, 2.0, 3.0]]])
        >>> torch.nn.functional.instance_norm(x)
        tensor([[[-1.2247,  0.0000,  1.2247]]])
    """
    if use_input_stats:
        _verify_spatial_size(input.size())
    return torch.instance_norm(
        input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, _MAY_USE_CUDNN
    )


def local_response_norm(
    input: torch.Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> torch.Tensor:
    """Divide by a power of the mean square over ``size`` channels around. See :class:`~torch.nn.LocalResponseNorm`.

    Example:

        >>> x = torch.ones(1, 3, 2)
        >>> torch.nn.functional.local_response_norm(x, size=3)
        tensor([[[1.0000, 1.0000],
                 [0.9999, 0.9999],
                 [1.0000, 1.0000]]])
    """
    dims = input.dim()
    if dims < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {dims} dimensions)")
    if input.numel() == 0:
        return input
    # Channels are the rows of a plane, or the slices of a volume.
    squares = input.mul(input)
    if dims == 3:
        padded = _nn.pad(squares.unsqueeze(1), (0, 0, size // 2, (size - 1) // 2))
        mean = _nn.avg_pool2d(padded, (size, 1), 1).squeeze(1)
    else:
        n, c, h = input.shape[:3]
        padded = _nn.pad(squares.reshape(n, 1, c, h, -1), (0, 0, 0, 0, size // 2, (size - 1) // 2))
        mean = _nn.avg_pool3d(padded, (size, 1, 1), 1).squeeze(1).reshape(input.shape)
    return input / mean.mul(alpha).add(k).pow(beta)


def normalize(
    input: torch.Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Divide vectors by their norm, or by ``eps`` where the norm is smaller.

    Args:
        input: the tensor.
        p: the exponent of the norm. Default: 2
        dim: the dimension of the vectors. Default: 1
        eps: the least divisor. Default: 1e-12
        out: where the result goes.

    Example:

        >>> x = torch.tensor([[3.0, 4.0]])
        >>> torch.nn.functional.normalize(x)
        tensor([[0.6000, 0.8000]])
    """
    norms = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / norms if out is None else torch.div(input, norms, out=out)
