"""Switches of libraries under the operators."""

from torch.backends import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
