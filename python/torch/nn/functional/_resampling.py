"""Interpolation, sampling at given places, and windows as columns."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from torch import _C
from torch.nn.functional._pooling import _numbers

_nn = _C._nn

_NEAREST = ("nearest", "nearest-exact", "area")
_SMOOTH = {
    "bilinear": "_upsample_bilinear2d_aa",
    "bicubic": "_upsample_bicubic2d_aa",
    "lanczos": "_upsample_lanczos2d_aa",
}
# Ops by mode and number of spatial dimensions.
_OPS = {
    ("nearest", 1): "upsample_nearest1d",
    ("nearest", 2): "upsample_nearest2d",
    ("nearest", 3): "upsample_nearest3d",
    ("nearest-exact", 1): "_upsample_nearest_exact1d",
    ("nearest-exact", 2): "_upsample_nearest_exact2d",
    ("nearest-exact", 3): "_upsample_nearest_exact3d",
    ("linear", 1): "upsample_linear1d",
    ("bilinear", 2): "upsample_bilinear2d",
    ("trilinear", 3): "upsample_trilinear3d",
    ("bicubic", 2): "upsample_bicubic2d",
}


def _interpolated_size(input: torch.Tensor, size: Any, scale_factor: Any) -> tuple[list[int] | None, list | None]:
    """Return ``size`` or ``scale_factor`` as one number for each spatial dimension."""
    count = input.dim() - 2
    if size is not None and scale_factor is not None:
        raise ValueError(
            f"interpolate: only one of size or scale_factor should be defined, got {size=} and {scale_factor=}"
        )
    if size is None and scale_factor is None:
        raise ValueError("interpolate: either size or scale_factor should be defined, got neither")
    name, given = ("size", size) if size is not None else ("scale_factor", scale_factor)
    if not isinstance(given, (list, tuple)):
        numbers = [given] * count
    elif len(given) == count:
        numbers = list(given)
    else:
        raise ValueError(
            f"Input and {name} must have the same number of spatial dimensions, but got input with spatial dimensions "
            f"of {list(input.shape[2:])} and {name} of {given}."
        )
    return (numbers, None) if size is not None else (None, numbers)


def interpolate(
    input: torch.Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> torch.Tensor:
    """Make an image, line or volume larger or smaller.

    Args:
        input: of shape (N, C, ...) with one to three spatial dimensions.
        size: the new spatial sizes, or one number for all.
        scale_factor: how many times larger; one number for each dimension or for all.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"linear"``, ``"bilinear"``, ``"bicubic"``, ``"trilinear"``,
            ``"area"`` or ``"lanczos"``. Default: ``"nearest"``
        align_corners: whether the centres of the corner elements stay where they are, rather than the outer
            edges. Default: ``False``
        recompute_scale_factor: compute the factor again from the rounded sizes. Default: ``False``
        antialias: smooth where the image shrinks, for ``"bilinear"``, ``"bicubic"`` and ``"lanczos"``.

    Example:

        >>> x = torch.tensor([[[1.0, 2.0]]])
        >>> torch.nn.functional.interpolate(x, scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
        >>> torch.nn.functional.interpolate(x, size=4, mode="linear")
        tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
    """
    if mode in _NEAREST:
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: "
                "linear | bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    count = input.dim() - 2
    sizes, factors = _interpolated_size(input, size, scale_factor)
    if sizes is not None:
        if recompute_scale_factor:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if recompute_scale_factor or (mode == "area" and sizes is None):
        assert factors is not None
        sizes = [math.floor(float(input.size(i + 2) * factor)) for i, factor in enumerate(factors)]
        factors = None
    if antialias and not (mode in _SMOOTH and input.dim() == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "lanczos":
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
    if mode == "area":
        if count not in (1, 2, 3):
            raise NotImplementedError(_wrong_input(input, mode))
        pool = (torch.adaptive_avg_pool1d, _nn.adaptive_avg_pool2d, _nn.adaptive_avg_pool3d)[count - 1]
        assert sizes is not None
        return pool(input, sizes)
    name = _SMOOTH.get(mode) if antialias else _OPS.get((mode, count))
    if name is None:
        raise NotImplementedError(_wrong_input(input, mode))
    if sizes is None:
        assert factors is not None
        sizes = [math.floor(float(input.size(i + 2)) * factor) for i, factor in enumerate(factors)]
    scales = [None] * count if factors is None else factors
    if mode in _NEAREST:
        return getattr(_nn, name)(input, sizes, *scales)
    return getattr(_nn, name)(input, sizes, align_corners, *scales)


def _wrong_input(input: torch.Tensor, mode: str) -> str:
    needed = {"linear": 3, "bilinear": 4, "trilinear": 5, "bicubic": 4}.get(mode)
    if needed is not None and input.dim() in (3, 4, 5):
        return f"Got {input.dim()}D input, but {mode} mode needs {needed}D input"
    return (
        "Input Error: Only 3D, 4D and 5D input Tensors supported (got {}D) for the modes: nearest | linear | bilinear "
        "| bicubic | trilinear | area | nearest-exact (got {})".format(input.dim(), mode)
    )


def upsample(
    input: torch.Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None
) -> torch.Tensor:
    """Do what :func:`interpolate` does. Deprecated.

    Example:

        >>> torch.nn.functional.interpolate(torch.tensor([[[1.0, 2.0]]]), scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: torch.Tensor, size: Any = None, scale_factor: Any = None) -> torch.Tensor:
    """Interpolate by the nearest element. Deprecated.

    Example:

        >>> torch.nn.functional.interpolate(torch.tensor([[[1.0, 2.0]]]), scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: torch.Tensor, size: Any = None, scale_factor: Any = None) -> torch.Tensor:
    """Interpolate linearly between aligned corners. Deprecated.

    Example:

        >>> x = torch.tensor([[[[1.0, 2.0]]]])
        >>> torch.nn.functional.interpolate(x, size=(1, 3), mode="bilinear", align_corners=True)
        tensor([[[[1.0000, 1.5000, 2.0000]]]])
    """
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def grid_sample(
    input: torch.Tensor,
    grid: torch.Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> torch.Tensor:
    """Take the values of images or volumes at given places.

    Args:
        input: of shape (N, C, H, W) or (N, C, D, H, W).
        grid: the places, of shape (N, ..., 2) or (N, ..., 3): x, y (and z) from -1 to 1, left to right.
        mode: ``"bilinear"``, ``"nearest"`` or ``"bicubic"``. Default: ``"bilinear"``
        padding_mode: what is outside: ``"zeros"``, ``"border"`` or ``"reflection"``. Default: ``"zeros"``
        align_corners: whether -1 and 1 are the centres of the corner elements rather than the outer edges.
            Default: ``False``

    Example:

        >>> x, grid = torch.arange(4.0).reshape(1, 1, 2, 2), torch.tensor([[[[0.0, 0.0], [-0.5, -0.5]]]])
        >>> torch.nn.functional.grid_sample(x, grid, align_corners=False)
        tensor([[[[1.5000, 0.0000]]]])
    """
    modes, paddings = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    if mode not in modes:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in paddings:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            stacklevel=2,
        )
        align_corners = False
    return torch.grid_sampler(input, grid, modes.index(mode), paddings.index(padding_mode), align_corners)


def affine_grid(theta: torch.Tensor, size: list[int], align_corners: bool | None = None) -> torch.Tensor:
    """Return the places that affine maps send the elements of an image to, as :func:`grid_sample` takes them.

    Args:
        theta: the maps, of shape (N, 2, 3) or (N, 3, 4).
        size: sizes of the result of :func:`grid_sample`: (N, C, H, W) or (N, C, D, H, W).
        align_corners: as for :func:`grid_sample`. Default: ``False``

    Example:

        >>> theta = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        >>> torch.nn.functional.affine_grid(theta, [1, 1, 1, 2], align_corners=False)
        tensor([[[[-0.5000,  0.0000],
                  [ 0.5000,  0.0000]]]])
    """
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            stacklevel=2,
        )
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {size}."
        )
    rows = len(size) - 2
    if theta.dim() != 3 or theta.shape[-2] != rows or theta.shape[-1] != rows + 1:
        raise ValueError(
            f"Expected a batch of {rows}D affine matrices of shape Nx{rows}x{rows + 1} for size {size}. "
            f"Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return torch.affine_grid_generator(theta, size, align_corners)


def unfold(input: torch.Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> torch.Tensor:
    """Return the windows of images as columns. See :class:`~torch.nn.Unfold`.

    Example:

        >>> x = torch.arange(9.0).reshape(1, 1, 3, 3)
        >>> torch.nn.functional.unfold(x, 2)
        tensor([[[0., 1., 3., 4.],
                 [1., 2., 4., 5.],
                 [3., 4., 6., 7.],
                 [4., 5., 7., 8.]]])
    """
    return _nn.im2col(input, *(_numbers(value, 2) for value in (kernel_size, dilation, padding, stride)))


def fold(
    input: torch.Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> torch.Tensor:
    """Sum columns into the images whose windows they are. See :class:`~torch.nn.Fold`.

    Example:

        >>> x = torch.ones(1, 4, 4)
        >>> torch.nn.functional.fold(x, (3, 3), 2)
        tensor([[[[1., 2., 1.],
                  [2., 4., 2.],
                  [1., 2., 1.]]]])
    """
    return _nn.col2im(input, *(_numbers(value, 2) for value in (output_size, kernel_size, dilation, padding, stride)))
