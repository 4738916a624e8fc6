"""Values as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

import torch

__all__ = ["make_np"]


def make_np(x: Any) -> np.ndarray:
    """A tensor, array or number as an array; bfloat16, which NumPy lacks, as float32."""
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu()
        return (x.float() if x.dtype == torch.bfloat16 else x).numpy()
    if isinstance(x, np.ndarray):
        return x
    if np.isscalar(x):
        return np.array([x])
    raise NotImplementedError(f"Got {type(x)}, but numpy array or torch tensor are expected.")
