"""Whether mixed precision can be had on CUDA."""

import torch

__all__ = ["amp_definitely_not_available"]


def amp_definitely_not_available() -> bool:
    """True where there is no CUDA device."""
    return not torch.cuda.is_available()
