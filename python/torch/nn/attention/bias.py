"""Causal masks that are not made before attention needs them."""

from __future__ import annotations

import enum
from typing import Any, Optional

import torch
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(enum.IntEnum):
    """Which corner of the matrix of scores the diagonal starts from, where there are more keys than queries."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(torch.Tensor):
    """A causal mask as ``attn_mask`` of :func:`~torch.nn.functional.scaled_dot_product_attention`.

    Args:
        variant: the corner that the diagonal starts from.
        seq_len_q, seq_len_kv: numbers of queries and keys.

    Example::

        >>> from torch.nn.attention.bias import causal_lower_right
        >>> q, k = torch.zeros(1, 1, 2, 4), torch.zeros(1, 1, 3, 4)
        >>> torch.nn.functional.scaled_dot_product_attention(q, k, k, attn_mask=causal_lower_right(2, 3)).shape
        torch.Size([1, 1, 2, 4])
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> CausalBias:
        if not isinstance(variant, CausalVariant):
            raise TypeError(f"CausalBias: variant must be a CausalVariant, got {type(variant).__name__}")
        # One element in memory, whatever the lengths.
        return torch.empty((), dtype=torch.bool).expand(seq_len_q, seq_len_kv).as_subclass(cls)

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> None:
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv

    def _materialize(self, device: Any = None) -> torch.Tensor:
        shift = self.seq_len_kv - self.seq_len_q if self.variant is CausalVariant.LOWER_RIGHT else 0
        return torch.ones(self.seq_len_q, self.seq_len_kv, dtype=torch.bool, device=device).tril(shift)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not scaled_dot_product_attention:
            return super().__torch_function__(func, types, args, kwargs or {})
        given = dict(zip(("query", "key", "value", "attn_mask", "dropout_p", "is_causal"), args), **(kwargs or {}))
        mask = given.pop("attn_mask", None)
        if not isinstance(mask, CausalBias):
            raise TypeError("scaled_dot_product_attention: a CausalBias can be the mask only")
        if given.pop("is_causal", False):
            raise ValueError("CausalBias should not be used with causal=True")
        if mask.variant is CausalVariant.UPPER_LEFT or mask.seq_len_q == mask.seq_len_kv:
            return scaled_dot_product_attention(**given, is_causal=True)
        return scaled_dot_product_attention(**given, attn_mask=mask._materialize(given["query"].device))

    def __repr__(self, *, tensor_contents: Optional[str] = None) -> str:  # type: ignore[override]
        return repr(self._materialize())


def causal_upper_left(*size: int) -> CausalBias:
    """Return the mask of ``size`` (queries, keys) by which query i sees keys up to i."""
    if len(size) != 2:
        raise AssertionError("causal_upper_left only supports 2D tensors")
    return CausalBias(CausalVariant.UPPER_LEFT, *size)


def causal_lower_right(*size: int) -> CausalBias:
    """Return the mask of ``size`` (queries, keys) by which the last query sees all keys, the one before all but one."""
    if len(size) != 2:
        raise AssertionError("causal_lower_right only supports 2D tensors")
    return CausalBias(CausalVariant.LOWER_RIGHT, *size)
