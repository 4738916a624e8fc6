"""What the distributions share: broadcasting, lazy attributes, probabilities and their logits, packed triangles."""

from __future__ import annotations

import math
from functools import update_wrapper
from typing import Any, Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import is_tensor_like

__all__ = [
    "broadcast_all",
    "logits_to_probs",
    "clamp_probs",
    "probs_to_logits",
    "lazy_property",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

euler_constant = 0.57721566490153286060


def broadcast_all(*values: Any) -> tuple:
    """Broadcast tensors and numbers to one shape.

    Numbers take dtype and device of the first tensor; without any tensor they get the default dtype.

    Raises:
        ValueError: if a value is neither a number nor a tensor
    """
    if not all(is_tensor_like(value) or isinstance(value, (int, float, bool)) for value in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    if not all(is_tensor_like(value) for value in values):
        like: dict = {"dtype": torch.get_default_dtype()}
        for value in values:
            if isinstance(value, Tensor):
                like = {"dtype": value.dtype, "device": value.device}
                break
        values = tuple(value if is_tensor_like(value) else torch.tensor(value, **like) for value in values)
    shape = torch.broadcast_shapes(*(value.shape for value in values))
    # what has the shape already stays the very tensor, a leaf if it is one
    return tuple(value if value.shape == shape else value.expand(shape) for value in values)


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    """Draws from the normal distribution of mean 0 and variance 1."""
    return torch.normal(torch.zeros(shape, dtype=dtype, device=device), torch.ones(shape, dtype=dtype, device=device))


def _uniform(shape: Any, like: Tensor) -> Tensor:
    """Draws from [0, 1) with dtype and device of ``like``."""
    return torch.rand(shape, dtype=like.dtype, device=like.device)


def _sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """Sum over the last ``dim`` dimensions."""
    if dim == 0:
        return value
    return value.reshape(value.shape[:-dim] + (-1,)).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of log odds of single events, or of unnormalised log probabilities along the last dimension."""
    return torch.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities moved into the open interval between 0 and 1, by the dtype's epsilon."""
    eps = torch.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logits of probabilities, the inverse of :func:`logits_to_probs`; finite for 0 and 1 too."""
    inside = clamp_probs(probs)
    return torch.log(inside) - torch.log1p(-inside) if is_binary else torch.log(inside)


class lazy_property:
    """Decorator of methods that compute an attribute when it is first read; then it is kept in the instance.

    The computation records gradients even where it happens under :func:`torch.no_grad`.
    """

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, obj_type: Any = None) -> Any:
        if instance is None:
            return _lazy_property_and_property(self.wrapped)
        with torch.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _lazy_property_and_property(lazy_property, property):
    """What a class shows for its lazy attribute, so that documentation tools see a property."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        property.__init__(self, wrapped)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The entries on and below the diagonal ``diag`` of square matrices, row by row, as vectors."""
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    row, column = torch.tril_indices(n, n, diag, device=mat.device)
    return mat[..., row, column]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Square matrices with the entries of ``vec`` on and below the diagonal ``diag``, the inverse of packing them."""
    # The number of entries gives n^2 + (1 + 2 k) n = 2 length + |k| (k + 1), with k for the diagonal.
    length = vec.shape[-1]
    n = (-(1 + 2 * diag) + math.sqrt((1 + 2 * diag) ** 2 + 8 * length + 4 * abs(diag) * (diag + 1))) / 2
    if not round(n) - n == 0:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    size = round(n)
    mat = vec.new_zeros(vec.shape[:-1] + torch.Size((size, size)))
    row, column = torch.tril_indices(size, size, diag, device=vec.device)
    mat[..., row, column] = vec
    return mat
