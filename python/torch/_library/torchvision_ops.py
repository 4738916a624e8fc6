"""torchvision's operators in Python, for its own library can't be loaded. Gradients come of what they are made of."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch import Tensor, library

_lib = library.Library("torchvision", "FRAGMENT")

_NOT_HERE = """
ps_roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio) -> (Tensor, Tensor)
ps_roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) -> (Tensor, Tensor)
deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor
_roi_align_backward(Tensor grad, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width, int sampling_ratio, bool aligned) -> Tensor
_roi_pool_backward(Tensor grad, Tensor rois, Tensor argmax, float spatial_scale, SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor
_ps_roi_align_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor
_ps_roi_pool_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor
qroi_align(Tensor input, Tensor rois, float input_scale, SymInt input_zero_point, float rois_scale, SymInt rois_zero_point, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor
qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor
_deform_conv2d_backward(Tensor grad, Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> (Tensor, Tensor, Tensor, Tensor, Tensor)
"""  # noqa: E501


def _define(schema: str, key: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(kernel: Callable[..., Any]) -> Callable[..., Any]:
        _lib.impl(_lib.define(schema), kernel, key)
        return kernel

    return decorate


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"torchvision::{name} is not supported yet")

    return refuse


for _schema in _NOT_HERE.strip().splitlines():
    _define(_schema, "CPU")(_refusal(_schema.partition("(")[0]))


@_define("_cuda_version() -> int", "CompositeExplicitAutograd")
def _cuda_version() -> int:
    return -1


@_define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor", "CPU")
def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of boxes, best score first, each of which overlaps none before it by more than the threshold."""
    if dets.dim() != 2 or dets.shape[1] != 4:
        raise RuntimeError(f"nms: boxes should be a 2d tensor of shape [N, 4], got {tuple(dets.shape)}")
    if scores.dim() != 1 or scores.shape[0] != dets.shape[0]:
        raise RuntimeError(f"nms: scores should be a 1d tensor of {dets.shape[0]} elements, got {tuple(scores.shape)}")
    if dets.dtype != scores.dtype:
        raise RuntimeError(f"dets should have the same type as scores, got {dets.dtype} and {scores.dtype}")
    with torch.no_grad():
        order = scores.sort(stable=True, descending=True).indices
        boxes = dets[order]
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        alive = torch.ones(len(boxes), dtype=torch.bool)
        kept = []
        for i in range(len(boxes)):
            if not alive[i]:
                continue
            kept.append(i)
            rest = boxes[i + 1 :]
            corner = torch.minimum(boxes[i, 2:], rest[:, 2:]) - torch.maximum(boxes[i, :2], rest[:, :2])
            inter = corner.clamp(min=0).prod(1)
            alive[i + 1 :] &= ~(inter / (areas[i] + areas[i + 1 :] - inter) > iou_threshold)
        return order[torch.tensor(kept, dtype=torch.int64)]


def _checked(name: str, input: Tensor, rois: Tensor) -> None:  # noqa: A002
    if rois.dim() != 2 or rois.shape[1] != 5:
        raise RuntimeError(f"{name}: rois must have shape as Tensor[K, 5], got {tuple(rois.shape)}")
    if input.dtype != rois.dtype:
        raise RuntimeError(f"{name}: expected input and rois to have one dtype, got {input.dtype} and {rois.dtype}")


def _weights(start: Tensor, bin_size: Tensor, bins: int, samples: int, size: int) -> Tensor:
    """What each pixel of a line gives to each bin, for a number of regions: (regions, bins, size).

    A bin is the mean of samples evenly spread in it; a sample is interpolated between its two neighbours.
    """
    steps = (torch.arange(bins * samples, dtype=start.dtype) + 0.5) / samples
    at = start[:, None] + steps * bin_size[:, None]
    inside = (at >= -1) & (at <= size)
    at = at.clamp(min=0)
    low = at.floor().clamp(max=size - 1)
    high = (low + 1).clamp(max=size - 1)
    part = torch.where(low >= size - 1, torch.zeros_like(at), at - low)
    share = inside / samples
    weights = at.new_zeros(len(start), bins * samples, size)
    weights.scatter_add_(2, low.long()[..., None], ((1 - part) * share)[..., None])
    weights.scatter_add_(2, high.long()[..., None], (part * share)[..., None])
    return weights.view(len(start), bins, samples, size).sum(2)


@_define(
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
    "CompositeImplicitAutograd",
)
def roi_align(
    input: Tensor,  # noqa: A002
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Means of interpolated samples in bins of regions. Interpolation is separable: two products with weights."""
    _checked("roi_align", input, rois)
    height, width = input.shape[2:]
    if input.is_meta or rois.is_meta:
        return input.new_empty(len(rois), input.shape[1], pooled_height, pooled_width)
    with torch.no_grad():
        corners = rois[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
        sizes = corners[:, 2:] - corners[:, :2]
        if not aligned:
            sizes = sizes.clamp(min=1)
        bin_w, bin_h = sizes[:, 0] / pooled_width, sizes[:, 1] / pooled_height
        batches = rois[:, 0].long()
    results = []
    for i in range(len(rois)):
        samples = [sampling_ratio] * 2
        if sampling_ratio <= 0:
            samples = [max(int(torch.ceil(b[i])), 1) for b in (bin_h, bin_w)]
        rows = _weights(corners[i : i + 1, 1], bin_h[i : i + 1], pooled_height, samples[0], height)[0]
        columns = _weights(corners[i : i + 1, 0], bin_w[i : i + 1], pooled_width, samples[1], width)[0]
        results.append(rows @ input[batches[i]] @ columns.t())
    if not results:
        return input.new_empty(0, input.shape[1], pooled_height, pooled_width)
    return torch.stack(results)


@_define(
    "roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) "
    "-> (Tensor, Tensor)",
    "CompositeImplicitAutograd",
)
def roi_pool(
    input: Tensor,  # noqa: A002
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
) -> tuple[Tensor, Tensor]:
    """Maxima of bins of regions, and where in the plane they are; 0 and -1 for empty bins."""
    _checked("roi_pool", input, rois)
    channels, height, width = input.shape[1:]
    shape = (len(rois), channels, pooled_height, pooled_width)
    if input.is_meta or rois.is_meta:
        return input.new_empty(shape), input.new_empty(shape, dtype=torch.int32)
    values, places = [], []
    for roi in rois.detach():
        plane = input[int(roi[0])]
        left, top, right, bottom = (int(v) for v in torch.floor(roi[1:] * spatial_scale + 0.5))
        bins = []
        for count, begin, end, size in ((pooled_height, top, bottom, height), (pooled_width, left, right, width)):
            step = max(end - begin + 1, 1) / count
            bins.append(
                [
                    (
                        min(max(int(k * step) + begin, 0), size),
                        min(max(-int(-(k + 1) * step // 1) + begin, 0), size),
                    )
                    for k in range(count)
                ]
            )
        for y0, y1 in bins[0]:
            for x0, x1 in bins[1]:
                if y1 <= y0 or x1 <= x0:
                    values.append(plane.new_zeros(channels))
                    places.append(torch.full((channels,), -1, dtype=torch.int32))
                    continue
                best = plane[:, y0:y1, x0:x1].reshape(channels, -1).max(1)
                row, column = best.indices // (x1 - x0) + y0, best.indices % (x1 - x0) + x0
                values.append(best.values)
                places.append((row * width + column).int())
    if not values:
        return input.new_empty(shape), torch.empty(shape, dtype=torch.int32)

    def arranged(parts: list[Tensor]) -> Tensor:
        return (
            torch.stack(parts).view(len(rois), pooled_height, pooled_width, channels).permute(0, 3, 1, 2).contiguous()
        )

    return arranged(values), arranged(places)
