"""Pooling, and its reverse."""

from __future__ import annotations

from typing import Any

import torch
from torch import _C

_nn = _C._nn


def _numbers(value: Any, count: int) -> list[int]:
    """Return ``value`` as ``count`` numbers; a single one stands for all."""
    if isinstance(value, (list, tuple)):
        return list(value) * count if len(value) == 1 else list(value)
    return [value] * count


# ---- maxima ------------------------------------------------------------------------------------------------------


def max_pool1d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum over each window of a line. See :class:`~torch.nn.MaxPool1d`.

    Example:

        >>> x = torch.tensor([[1.0, 3.0, 2.0, 4.0]])
        >>> torch.nn.functional.max_pool1d(x, 2)
        tensor([[3., 4.]])
    """
    if return_indices:
        return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return torch.max_pool1d(input, kernel_size, () if stride is None else stride, padding, dilation, ceil_mode)


def max_pool1d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maximum over each window and where in its line it is. See :class:`~torch.nn.MaxPool1d`.

    Example:

        >>> x = torch.tensor([[1.0, 3.0, 2.0, 4.0]])
        >>> torch.nn.functional.max_pool1d_with_indices(x, 2)
        (tensor([[3., 4.]]), tensor([[1, 3]]))
    """
    stride = () if stride is None else stride
    return torch.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum over each window of an image. See :class:`~torch.nn.MaxPool2d`.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.max_pool2d(x, 2)
        tensor([[[ 5.,  7.],
                 [13., 15.]]])
    """
    if return_indices:
        return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return torch.max_pool2d(input, kernel_size, () if stride is None else stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maximum over each window and where in its image it is. See :class:`~torch.nn.MaxPool2d`.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.max_pool2d_with_indices(x, 2)[1]
        tensor([[[ 5,  7],
                 [13, 15]]])
    """
    stride = () if stride is None else stride
    return _nn.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum over each window of a volume. See :class:`~torch.nn.MaxPool3d`.

    Example:

        >>> x = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> torch.nn.functional.max_pool3d(x, 2)
        tensor([[[[7.]]]])
    """
    if return_indices:
        return max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return torch.max_pool3d(input, kernel_size, () if stride is None else stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maximum over each window and where in its volume it is. See :class:`~torch.nn.MaxPool3d`.

    Example:

        >>> x = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> torch.nn.functional.max_pool3d_with_indices(x, 2)[1]
        tensor([[[[7]]]])
    """
    stride = () if stride is None else stride
    return _nn.max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def _sizes_or_own(output_size: Any, input: torch.Tensor) -> Any:
    """Return sizes in which None stands for the input's own."""
    if isinstance(output_size, int):
        return output_size
    if input.dim() <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    return [n if n is not None else input.size(i - len(output_size)) for i, n in enumerate(output_size)]


def adaptive_max_pool1d(input: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Take maxima such that the result has length ``output_size``. See :class:`~torch.nn.AdaptiveMaxPool1d`.

    Example:

        >>> x = torch.tensor([[1.0, 3.0, 2.0, 4.0]])
        >>> torch.nn.functional.adaptive_max_pool1d(x, 2)
        tensor([[3., 4.]])
    """
    both = adaptive_max_pool1d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool1d_with_indices(
    input: torch.Tensor, output_size: Any, return_indices: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do what :func:`adaptive_max_pool1d` does and say where the maxima are.

    Example:

        >>> x = torch.tensor([[1.0, 3.0, 2.0, 4.0]])
        >>> torch.nn.functional.adaptive_max_pool1d_with_indices(x, 2)[1]
        tensor([[1, 3]])
    """
    return torch.adaptive_max_pool1d(input, output_size)


def adaptive_max_pool2d(input: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Take maxima such that the result has ``output_size``. See :class:`~torch.nn.AdaptiveMaxPool2d`.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.adaptive_max_pool2d(x, 2)
        tensor([[[ 5.,  7.],
                 [13., 15.]]])
    """
    both = adaptive_max_pool2d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool2d_with_indices(
    input: torch.Tensor, output_size: Any, return_indices: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do what :func:`adaptive_max_pool2d` does and say where the maxima are.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.adaptive_max_pool2d_with_indices(x, 2)[1]
        tensor([[[ 5,  7],
                 [13, 15]]])
    """
    return _nn.adaptive_max_pool2d(input, _sizes_or_own(output_size, input))


def adaptive_max_pool3d(input: torch.Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Take maxima such that the result has ``output_size``. See :class:`~torch.nn.AdaptiveMaxPool3d`.

    Example:

        >>> x = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> torch.nn.functional.adaptive_max_pool3d(x, 1)
        tensor([[[[7.]]]])
    """
    both = adaptive_max_pool3d_with_indices(input, output_size)
    return both if return_indices else both[0]


def adaptive_max_pool3d_with_indices(
    input: torch.Tensor, output_size: Any, return_indices: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do what :func:`adaptive_max_pool3d` does and say where the maxima are.

    Example:

        >>> x = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> torch.nn.functional.adaptive_max_pool3d_with_indices(x, 1)[1]
        tensor([[[[7]]]])
    """
    return _nn.adaptive_max_pool3d(input, _sizes_or_own(output_size, input))


def _fractional(
    name: str, count: int, input: torch.Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    if output_size is None:
        if output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        ratios = _numbers(output_ratio, count)
        output_size = [int(input.size(i - count) * ratio) for i, ratio in enumerate(ratios)]
    if samples is None:
        batch = input.size(0) if input.dim() == count + 2 else 1
        samples = torch.rand(batch, input.size(-count - 1), count, dtype=input.dtype, device=input.device)
    return getattr(_nn, name)(input, kernel_size, output_size, samples)


def fractional_max_pool2d(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> Any:
    """Take maxima over windows at pseudo-random steps. See :class:`~torch.nn.FractionalMaxPool2d`.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.fractional_max_pool2d(x, 2, output_size=3).shape
        torch.Size([1, 3, 3])
    """
    both = fractional_max_pool2d_with_indices(
        input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
    return both if return_indices else both[0]


def fractional_max_pool2d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do what :func:`fractional_max_pool2d` does and say where the maxima are.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.fractional_max_pool2d_with_indices(x, 2, output_size=3)[1].shape
        torch.Size([1, 3, 3])
    """
    return _fractional("fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> Any:
    """Take maxima over windows at pseudo-random steps. See :class:`~torch.nn.FractionalMaxPool3d`.

    Example:

        >>> x = torch.arange(64.0).reshape(1, 4, 4, 4)
        >>> torch.nn.functional.fractional_max_pool3d(x, 2, output_size=2).shape
        torch.Size([1, 2, 2, 2])
    """
    both = fractional_max_pool3d_with_indices(
        input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
    return both if return_indices else both[0]


def fractional_max_pool3d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do what :func:`fractional_max_pool3d` does and say where the maxima are.

    Example:

        >>> x = torch.arange(64.0).reshape(1, 4, 4, 4)
        >>> torch.nn.functional.fractional_max_pool3d_with_indices(x, 2, output_size=2)[1].shape
        torch.Size([1, 2, 2, 2])
    """
    return _fractional("fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples)


def _unpool_output_size(
    input: torch.Tensor, kernel_size: list[int], stride: list[int], padding: list[int], output_size: Any
) -> list[int]:
    """Return the sizes that a pooled tensor came from: the smallest ones, or those given if they are possible."""
    count = len(kernel_size)
    least = [(input.size(d - count) - 1) * stride[d] + kernel_size[d] - 2 * padding[d] for d in range(count)]
    if output_size is None:
        return least
    given = list(output_size)
    if len(given) == count + 2:
        given = given[2:]
    if len(given) != count:
        raise ValueError(
            f"output_size should be a sequence containing {count} or {count + 2} elements, but it has a length of "
            f"'{len(output_size)}'"
        )
    for d in range(count):
        low, high = least[d] - stride[d], least[d] + stride[d]
        if not low < given[d] < high:
            raise ValueError(f'invalid output_size "{given}" (dim {d} must be between {low} and {high})')
    return given


def _unpooling(count: int, input: torch.Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> tuple:
    kernel = _numbers(kernel_size, count)
    steps = kernel if stride is None else _numbers(stride, count)
    pads = _numbers(padding, count)
    size = _unpool_output_size(input, kernel, steps, pads, output_size)
    if any(n < 0 for n in size):
        raise ValueError(f"max_unpooling: output_size must contain non-negative spatial dimensions, but got {size}")
    return steps, pads, size


def max_unpool1d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> torch.Tensor:
    """Put maxima back where they came from, zeros elsewhere. See :class:`~torch.nn.MaxUnpool1d`.

    Example:

        >>> x, at = torch.nn.functional.max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 4.0]]), 2, return_indices=True)
        >>> torch.nn.functional.max_unpool1d(x, at, 2)
        tensor([[0., 3., 0., 4.]])
    """
    _, _, size = _unpooling(1, input, kernel_size, stride, padding, output_size)
    return _nn.max_unpool2d(input.unsqueeze(-1), indices.unsqueeze(-1), [*size, 1]).squeeze(-1)


def max_unpool2d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> torch.Tensor:
    """Put maxima back where they came from, zeros elsewhere. See :class:`~torch.nn.MaxUnpool2d`.

    Example:

        >>> x, at = torch.nn.functional.max_pool2d(torch.arange(4.0).reshape(1, 2, 2), 2, return_indices=True)
        >>> torch.nn.functional.max_unpool2d(x, at, 2)
        tensor([[[0., 0.],
                 [0., 3.]]])
    """
    _, _, size = _unpooling(2, input, kernel_size, stride, padding, output_size)
    return _nn.max_unpool2d(input, indices, size)


def max_unpool3d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> torch.Tensor:
    """Put maxima back where they came from, zeros elsewhere. See :class:`~torch.nn.MaxUnpool3d`.

    Example:

        >>> x, at = torch.nn.functional.max_pool3d(torch.arange(8.0).reshape(1, 2, 2, 2), 2, return_indices=True)
        >>> torch.nn.functional.max_unpool3d(x, at, 2).sum()
        tensor(7.)
    """
    steps, pads, size = _unpooling(3, input, kernel_size, stride, padding, output_size)
    return _nn.max_unpool3d(input, indices, size, steps, pads)


# ---- means -------------------------------------------------------------------------------------------------------


def adaptive_avg_pool2d(input: torch.Tensor, output_size: Any) -> torch.Tensor:
    """Take means such that the result has ``output_size``. See :class:`~torch.nn.AdaptiveAvgPool2d`.

    Example:

        >>> x = torch.arange(16.0).reshape(1, 4, 4)
        >>> torch.nn.functional.adaptive_avg_pool2d(x, 2)
        tensor([[[ 2.5000,  4.5000],
                 [10.5000, 12.5000]]])
    """
    return _nn.adaptive_avg_pool2d(input, _sizes_or_own(output_size, input))


def adaptive_avg_pool3d(input: torch.Tensor, output_size: Any) -> torch.Tensor:
    """Take means such that the result has ``output_size``. See :class:`~torch.nn.AdaptiveAvgPool3d`.

    Example:

        >>> x = torch.arange(8.0).reshape(1, 2, 2, 2)
        >>> torch.nn.functional.adaptive_avg_pool3d(x, 1)
        tensor([[[[3.5000]]]])
    """
    return _nn.adaptive_avg_pool3d(input, _sizes_or_own(output_size, input))


def _norm_of_windows(mean: torch.Tensor, count: int, norm_type: float) -> torch.Tensor:
    """Return the norm from the mean of the powers; negative means keep their sign."""
    return (torch.sign(mean) * mean.abs().relu()).mul(count).pow(1.0 / norm_type)


def lp_pool1d(
    input: torch.Tensor, norm_type: float, kernel_size: int, stride: Any = None, ceil_mode: bool = False
) -> torch.Tensor:
    """Take the norm over each window of a line. See :class:`~torch.nn.LPPool1d`.

    Example:

        >>> x = torch.tensor([[3.0, 4.0, 6.0, 8.0]])
        >>> torch.nn.functional.lp_pool1d(x, 2, 2)
        tensor([[ 5., 10.]])
    """
    stride = () if stride is None else stride
    mean = torch.avg_pool1d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return _norm_of_windows(mean, kernel_size, norm_type)


def lp_pool2d(
    input: torch.Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> torch.Tensor:
    """Take the norm over each window of an image. See :class:`~torch.nn.LPPool2d`.

    Example:

        >>> x = torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])
        >>> torch.nn.functional.lp_pool2d(x, 2, 2)
        tensor([[[5.]]])
    """
    height, width = _numbers(kernel_size, 2)
    stride = () if stride is None else stride
    mean = _nn.avg_pool2d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return _norm_of_windows(mean, height * width, norm_type)


def lp_pool3d(
    input: torch.Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> torch.Tensor:
    """Take the norm over each window of a volume. See :class:`~torch.nn.LPPool3d`.

    Example:

        >>> x = torch.tensor([[[[3.0, 4.0]]]])
        >>> torch.nn.functional.lp_pool3d(x, 2, (1, 1, 2))
        tensor([[[[5.]]]])
    """
    depth, height, width = _numbers(kernel_size, 3)
    stride = () if stride is None else stride
    mean = _nn.avg_pool3d(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return _norm_of_windows(mean, depth * height * width, norm_type)
