"""torchvision's operators in Python, against their definition."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import is_ours

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference loads torchvision's own library")


@pytest.fixture
def ops(tmp_path: Path) -> Any:
    library = tmp_path / "torchvision" / "_C.so"
    library.parent.mkdir()
    library.write_bytes(b"")
    torch.ops.load_library(str(library))
    return torch.ops.torchvision


def test_other_libraries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "libother.so"
    path.write_bytes(b"")
    with pytest.raises(OSError, match="not supported"):
        torch.ops.load_library(str(path))


def test_nms(ops: Any) -> None:
    torch.manual_seed(0)
    boxes = torch.rand(60, 4) * 20
    boxes[:, 2:] += boxes[:, :2]
    scores = torch.rand(60)

    def overlap(a: list, b: list) -> float:
        w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        inter = max(w, 0.0) * max(h, 0.0)
        return inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter)

    kept: list[int] = []
    for i in scores.sort(descending=True).indices.tolist():
        if all(overlap(boxes[i].tolist(), boxes[j].tolist()) <= 0.3 for j in kept):
            kept.append(i)
    assert ops.nms(boxes, scores, 0.3).tolist() == kept
    assert ops.nms(boxes[:0], scores[:0], 0.3).shape == (0,)
    with pytest.raises(RuntimeError, match=r"\[N, 4\]"):
        ops.nms(boxes[:, :3], scores, 0.3)


def align(image: torch.Tensor, roi: list, scale: float, size: tuple, ratio: int, aligned: bool) -> torch.Tensor:
    """One region of one plane, sample by sample."""
    height, width = image.shape
    shift = 0.5 if aligned else 0.0
    x0, y0, x1, y1 = (v * scale - shift for v in roi)
    w, h = x1 - x0, y1 - y0
    if not aligned:
        w, h = max(w, 1.0), max(h, 1.0)
    bins = (h / size[0], w / size[1])
    counts = [ratio if ratio > 0 else math.ceil(b) for b in bins]
    result = torch.zeros(size, dtype=torch.float64)
    for i in range(size[0]):
        for j in range(size[1]):
            for a in range(counts[0]):
                for b in range(counts[1]):
                    y = y0 + i * bins[0] + (a + 0.5) * bins[0] / counts[0]
                    x = x0 + j * bins[1] + (b + 0.5) * bins[1] / counts[1]
                    if not (-1 <= y <= height and -1 <= x <= width):
                        continue
                    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
                    r, c = int(y), int(x)
                    r1, c1 = min(r + 1, height - 1), min(c + 1, width - 1)
                    p, q = y - r, x - c
                    value = (1 - p) * ((1 - q) * image[r, c] + q * image[r, c1])
                    value += p * ((1 - q) * image[r1, c] + q * image[r1, c1])
                    result[i, j] += value / (counts[0] * counts[1])
    return result


@pytest.mark.parametrize("aligned", (True, False))
@pytest.mark.parametrize("ratio", (-1, 2))
def test_roi_align(ops: Any, ratio: int, aligned: bool) -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 1, 6, 7, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 1.0, 2, 9, 10], [1, 0, 0, 4.5, 3.3], [1, 5, 5, 30, 30]], dtype=torch.float64)
    result = ops.roi_align(images, rois, 0.7, 3, 2, ratio, aligned)
    for i, (batch, *roi) in enumerate(rois.tolist()):
        expected = align(images[int(batch), 0].detach(), roi, 0.7, (3, 2), ratio, aligned)
        torch.testing.assert_close(result[i, 0].detach(), expected)
    assert torch.autograd.gradcheck(lambda x: ops.roi_align(x, rois, 0.7, 3, 2, ratio, aligned), images)


def test_roi_pool(ops: Any) -> None:
    image = torch.arange(48.0).view(1, 1, 6, 8)
    values, places = ops.roi_pool(image, torch.tensor([[0, 0.0, 0, 7, 5], [0, 2, 2, 2, 2]]), 1.0, 2, 2)
    assert values[0, 0].tolist() == [[19, 23], [43, 47]] and places[0, 0].tolist() == [[19, 23], [43, 47]]
    assert values[1, 0].tolist() == [[18, 18], [18, 18]]


def test_what_is_missing_says_so(ops: Any) -> None:
    with pytest.raises(NotImplementedError, match="ps_roi_pool"):
        ops.ps_roi_pool(torch.ones(1, 4, 4, 4), torch.zeros(1, 5), 1.0, 2, 2)
    assert ops._cuda_version() == -1
