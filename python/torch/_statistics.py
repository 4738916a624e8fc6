"""Histograms, gradients of samples, and flat indices: functions that other operators make up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union

from torch import _C
from torch._tensor import Tensor

_F = _C._VariableFunctions


class _Histogram(NamedTuple):
    hist: Tensor
    bin_edges: Any

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nhist={self.hist!r},\nbin_edges={self.bin_edges!r})"


class _HistogramDD(_Histogram):
    pass


_Histogram.__name__ = "histogram"
_HistogramDD.__name__ = "histogramdd"


def _edges(op: str, data: Tensor, bins: int, range: Optional[Sequence[float]]) -> Tensor:  # noqa: A002
    if bins <= 0:
        raise RuntimeError(f"torch.{op}(): bins must be > 0, but got {bins}")
    if range is not None:
        low, high = float(range[0]), float(range[1])
    elif data.numel():
        low, high = data.min().item(), data.max().item()
    else:
        low, high = 0.0, 1.0
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise RuntimeError(f"torch.{op}(): range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.{op}(): min should not exceed max, but got min {low} max {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return _F.linspace(low, high, bins + 1, dtype=data.dtype, device=data.device)


def _check_edges(op: str, data: Tensor, edges: Tensor) -> None:
    if edges.dtype != data.dtype:
        raise RuntimeError(
            f"torch.{op}(): input tensor and bins tensors should have the same dtype, but got input with dtype "
            f"{data.dtype} and bins with dtype {edges.dtype}"
        )
    if edges.dim() != 1 or edges.numel() == 0:
        raise RuntimeError(f"torch.{op}(): bins tensor should have one dimension, but got {edges.dim()} dimensions")


def _bin_of(points: Tensor, edges: Tensor, equal: bool = False) -> tuple[Tensor, Tensor]:
    """The bin of each point, and which points lie in one. The last bin is closed on both sides; NaN lies in none."""
    inside = (points >= edges[0]) & (points <= edges[-1])
    bins = edges.numel() - 1
    if not equal or bins > 10_000 or edges.dtype not in (_C.float32, _C.float64):
        return _F.searchsorted(edges[1:-1], points.contiguous(), right=True), inside
    # Where bins are equal, the quotient is the bin or its neighbour.
    low, high = edges[0].item(), edges[-1].item()
    guess = _F.where(inside, (points - low) * (bins / (high - low)), 0).to(_C.int64).clamp_(0, bins - 1)
    guess -= (points < edges[guess]).to(_C.int64)
    above = _F.cat((edges[1:-1], edges.new_full((1,), float("inf"))))
    return guess.add_(points >= above[guess]), inside


def _histogramdd(
    op: str, data: Tensor, edges: Sequence[Tensor], weight: Optional[Tensor], density: bool, equal: bool
) -> Tensor:
    if not data.dtype.is_floating_point:
        raise NotImplementedError(f'"histogramdd" not implemented for {data.dtype}')
    if weight is not None:
        if tuple(weight.shape) != tuple(data.shape[:-1]):
            raise RuntimeError(
                f"torch.{op}: if weight tensor is provided it should have the same shape as the input tensor excluding "
                f"its innermost dimension, but got input with shape {list(data.shape)} and weight with shape "
                f"{list(weight.shape)}"
            )
        if weight.dtype != data.dtype:
            raise RuntimeError(
                f"torch.{op}: if weight tensor is provided, input tensor and weight tensor should have the same dtype, "
                f"but got input({data.dtype}), and weight({weight.dtype})"
            )
    points = data.reshape((-1, data.shape[-1]))
    sizes = [edge.numel() - 1 for edge in edges]
    total = 1
    for size in sizes:
        total *= size
    flat, kept = _bin_of(points[:, 0], edges[0], equal)
    for column, edge in enumerate(edges[1:], 1):
        at, inside = _bin_of(points[:, column], edge, equal)
        flat = flat * (edge.numel() - 1) + at
        kept &= inside
    weights = None if weight is None else weight.reshape(-1)
    # What lies outside is counted beyond the last bin.
    counts = _F.bincount(_F.where(kept, flat, total), weights, total + 1)[:total]
    hist = counts.to(data.dtype).reshape(sizes)
    if density:
        hist = hist / hist.sum()
        for dim, edge in enumerate(edges):
            shape = [1] * len(sizes)
            shape[dim] = -1
            hist = hist / edge.diff().reshape(shape)
    return hist


def histogram(
    input: Tensor,
    bins: Union[int, Tensor] = 100,
    *,
    range: Optional[Sequence[float]] = None,  # noqa: A002
    weight: Optional[Tensor] = None,
    density: bool = False,
    out: Optional[tuple[Tensor, Tensor]] = None,
) -> Any:
    """Counts of the elements of ``input`` in bins, and the bins' edges.

    Args:
        input: floating-point tensor of any shape.
        bins: number of equal bins, or a vector of increasing edges.
        range: lowest and highest edge where ``bins`` is a number; the extremes of the data by default.
        weight: weight of each element, of ``input``'s shape and dtype.
        density: divide by the sum and by the bins' widths, so that the integral is 1.

    Returns:
        ``(hist, bin_edges)``. Bins are half-open but for the last; what lies outside is not counted.

    Example:

        >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0))
        torch.return_types.histogram(
        hist=tensor([0., 2., 1., 0.]),
        bin_edges=tensor([0.0000, 0.7500, 1.5000, 2.2500, 3.0000]))
    """
    if isinstance(bins, Tensor):
        _check_edges("histogram", input, bins)
        edges = bins.clone()
    else:
        edges = _edges("histogram", input, bins, range)
    columns = input.reshape((-1, 1))
    weights = None if weight is None else weight if weight.shape != input.shape else weight.reshape(-1)
    hist = _histogramdd("histogramdd", columns, [edges], weights, density, not isinstance(bins, Tensor))
    if out is not None:
        for target, value in zip(out, (hist, edges)):
            target.resize_(value.shape).copy_(value)
        return _Histogram(*out)
    return _Histogram(hist, edges)


def histogramdd(
    input: Tensor,
    bins: Any,
    range: Optional[Sequence[float]] = None,  # noqa: A002
    weight: Optional[Tensor] = None,
    density: bool = False,
) -> Any:
    """Counts of points in a grid of bins, and the edges along each coordinate.

    Args:
        input: floating-point tensor whose last dimension holds the coordinates of a point.
        bins: a number of equal bins for all coordinates, a number for each, or a vector of edges for each.
        range: lowest and highest edge of each coordinate in turn, where ``bins`` are numbers.
        weight: weight of each point, of ``input``'s shape without the last dimension.
        density: divide by the sum and by the bins' volumes.

    Example:

        >>> points = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
        >>> torch.histogramdd(points, bins=[2, 2]).hist
        tensor([[0., 1.],
                [1., 1.]])
    """
    if input.dim() < 2:
        raise RuntimeError(
            f"torch.histogramdd(): input tensor should have at least 2 dimensions, but got {input.dim()}"
        )
    count = input.shape[-1]
    per_column = [bins] * count if isinstance(bins, int) else list(bins)
    if len(per_column) != count:
        raise RuntimeError(
            f"torch.histogramdd(): The size of bins must be equal to the innermost dimension of the input, {count}, "
            f"but got {len(per_column)}"
        )
    if range is not None and len(range) != 2 * count:
        raise RuntimeError(
            f"torch.histogramdd(): for a {count}-dimensional histogram range should have {2 * count} elements, but got "
            f"{len(range)}"
        )
    edges = []
    for column, given in enumerate(per_column):
        data = input[..., column]
        if isinstance(given, Tensor):
            _check_edges("histogramdd", input, given)
            edges.append(given.clone())
        else:
            edges.append(
                _edges("histogramdd", data, given, None if range is None else range[2 * column : 2 * column + 2])
            )
    equal = not any(isinstance(given, Tensor) for given in per_column)
    return _HistogramDD(_histogramdd("histogramdd", input, edges, weight, density, equal), tuple(edges))


def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """Derivatives of sampled functions, one tensor a dimension, each of ``input``'s shape.

    Inner points take second-order central differences (for uneven samples the three-point formula of Fornberg,
    Mathematics of Computation 51, 1988), the ends one-sided differences of order ``edge_order``.

    Args:
        input: samples, of a floating-point, integer or complex dtype.
        spacing: distance of neighbouring samples, a number for all dimensions or one for each; or the samples'
            coordinates, a vector for each.
        dim: dimension or dimensions; all by default.
        edge_order: 1 or 2.

    Example:

        >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0, 16.0]))
        (tensor([3., 4., 6., 7.]),)
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = range(input.dim()) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    dims = [_wrapped(d, input.dim()) for d in dims]
    if len(set(dims)) != len(dims):
        raise RuntimeError("dim 0 appears multiple times in the list of dims")
    if isinstance(spacing, (list, tuple)):
        if len(spacing) != len(dims):
            raise RuntimeError(
                f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
                f"'self.dim() = {input.dim()}', but got a list of length {len(spacing)}"
            )
        steps = list(spacing)
    else:
        steps = [spacing] * len(dims)
    found = []
    for d, step in zip(dims, steps):
        n = input.shape[d]
        if n < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
        found.append(_derivative(input, d, step, edge_order))
    return tuple(found)


def _wrapped(dim: int, rank: int) -> int:
    if not -rank <= dim < rank:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim % rank


def _derivative(y: Tensor, dim: int, spacing: Any, edge_order: int) -> Tensor:
    n = y.shape[dim]

    def at(start: int, count: int) -> Tensor:
        return y.narrow(dim, start, count)

    if isinstance(spacing, Tensor):
        if spacing.dim() != 1 or spacing.numel() != n:
            raise RuntimeError(
                f"torch.gradient expected each element of spacing to have the size of its dimension {n}, but got "
                f"{list(spacing.shape)}"
            )
        shape = [1] * y.dim()
        shape[dim] = -1
        step = spacing.diff().reshape(shape)
        before, after = step.narrow(dim, 0, n - 2), step.narrow(dim, 1, n - 2)
        inner = (
            -after / (before * (before + after)) * at(0, n - 2)
            + (after - before) / (before * after) * at(1, n - 2)
            + before / (after * (before + after)) * at(2, n - 2)
        )
        first, last = step.narrow(dim, 0, 1), step.narrow(dim, n - 2, 1)
    else:
        before = after = first = last = spacing
        inner = (at(2, n - 2) - at(0, n - 2)) / (2 * spacing)
    if edge_order == 1:
        start, end = (at(1, 1) - at(0, 1)) / first, (at(n - 1, 1) - at(n - 2, 1)) / last
    else:
        if isinstance(spacing, Tensor):
            a, b = first, step.narrow(dim, 1, 1)
            c, d = step.narrow(dim, n - 3, 1), last
        else:
            a = b = c = d = spacing
        start = -(2 * a + b) / (a * (a + b)) * at(0, 1) + (a + b) / (a * b) * at(1, 1) - a / (b * (a + b)) * at(2, 1)
        end = (
            d / (c * (c + d)) * at(n - 3, 1)
            - (c + d) / (c * d) * at(n - 2, 1)
            + (c + 2 * d) / (d * (c + d)) * at(n - 1, 1)
        )
    return _F.cat([start, inner, end], dim)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Coordinates of flat ``indices`` in a tensor of ``shape`` (an int or ints), one int64 tensor a dimension.

    Indices count modulo the number of elements, as in PyTorch.

    Example:

        >>> torch.unravel_index(torch.tensor([1, 5]), (2, 3))
        (tensor([0, 1]), tensor([1, 2]))
    """
    if indices.is_complex() or indices.is_floating_point() or indices.dtype == _C.bool:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    sizes = [shape] if isinstance(shape, int) else list(shape)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"expected 'shape' sequence to only contain integers, but got {type(size).__name__}")
        if size < 0:
            raise ValueError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    if not sizes:
        return ()
    steps = [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]
    counted = indices.to(_C.int64).unsqueeze(-1).div(_C.tensor(steps, device=indices.device), rounding_mode="floor")
    return counted.remainder(_C.tensor(sizes, device=indices.device)).unbind(-1)
