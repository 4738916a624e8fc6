"""Pictures as arrays of height, width and channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["convert_to_HWC", "figure_to_image", "make_grid"]


def figure_to_image(figures: Any, close: bool = True) -> np.ndarray:
    """A figure of matplotlib as an array of channels, height and width; of several, a batch of them."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    def picture(figure: Any) -> np.ndarray:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
        if close:
            plt.close(figure)
        return np.moveaxis(pixels, 2, 0)

    if isinstance(figures, list):
        return np.stack([picture(figure) for figure in figures])
    return picture(figures)


def make_grid(I: np.ndarray, ncols: int = 8) -> np.ndarray:  # noqa: E741, N803
    """A batch of pictures (NCHW) side by side and below each other, as one of channels, height and width."""
    if I.ndim != 4:
        raise AssertionError("plugin error, should pass numpy array here")
    if I.shape[1] == 1:
        I = np.concatenate([I] * 3, 1)  # noqa: E741, N806
    if I.shape[1] not in (3, 4):
        raise AssertionError(f"pictures need 1, 3 or 4 channels, not {I.shape[1]}")
    count, channels, height, width = I.shape
    columns = min(count, ncols)
    rows = math.ceil(count / columns)
    canvas = np.zeros((channels, height * rows, width * columns), dtype=I.dtype)
    for i in range(count):
        y, x = divmod(i, columns)
        canvas[:, y * height : (y + 1) * height, x * width : (x + 1) * width] = I[i]
    return canvas


def convert_to_HWC(tensor: np.ndarray, input_format: str) -> np.ndarray:  # noqa: N802
    """A picture, or a batch that becomes a grid, whose dimensions are named by the letters N, C, H and W."""
    letters = input_format.upper()
    if len(set(letters)) != len(letters):
        raise AssertionError(f"You can not use the same dimension shordhand twice. input_format: {input_format}")
    if len(tensor.shape) != len(letters):
        raise AssertionError(
            f"size of input tensor and input format are different. tensor shape: {tensor.shape}, "
            f"input_format: {input_format}"
        )
    if len(letters) == 4:
        batch = tensor.transpose([letters.find(c) for c in "NCHW"])
        return make_grid(batch).transpose(1, 2, 0)
    if len(letters) == 3:
        picture = tensor.transpose([letters.find(c) for c in "HWC"])
        return np.concatenate([picture] * 3, 2) if picture.shape[2] == 1 else picture
    return np.stack([tensor.transpose([letters.find(c) for c in "HW"])] * 3, 2)


def _prepare_video(V: np.ndarray) -> np.ndarray:  # noqa: N803
    """A batch of films (N, T, C, H, W) as one film of a grid: T, height, width, C."""
    count, frames, channels, height, width = V.shape
    if V.dtype == np.uint8:
        V = V.astype(np.float32) / 255.0  # noqa: N806
    columns = 1 << (max(count - 1, 0)).bit_length() // 2 if count > 1 else 1
    rows = math.ceil(count / columns)
    canvas = np.zeros((frames, rows * height, columns * width, channels), dtype=V.dtype)
    for i in range(count):
        y, x = divmod(i, columns)
        film = V[i].transpose(0, 2, 3, 1)
        canvas[:, y * height : (y + 1) * height, x * width : (x + 1) * width] = film
    return canvas
