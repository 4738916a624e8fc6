"""Multi-head attention."""

from __future__ import annotations

import math
import warnings

import torch
from torch import _C

_nn = _C._nn


def _canonical_mask(
    mask: torch.Tensor | None,
    mask_name: str,
    other_type: torch.dtype | None,
    other_name: str,
    target_type: torch.dtype,
    check_other: bool = True,
) -> torch.Tensor | None:
    """Return a mask as what is added to the scores: minus infinity where a bool mask is True."""
    if mask is None:
        return None
    if mask.dtype != torch.bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and other_type != mask.dtype:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return torch.zeros_like(mask, dtype=target_type).masked_fill_(mask, -math.inf)


def _mha_shape_check(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    key_padding_mask: torch.Tensor | None,
    attn_mask: torch.Tensor | None,
    num_heads: int,
) -> bool:
    """Check the numbers of dimensions and return whether there is a batch."""
    dims = query.dim()
    if dims not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor")
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"For {'batched' if dims == 3 else 'unbatched'} query, expected key and value to be {dims}-D but found "
            f"{key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != dims - 1:
        raise AssertionError(
            f"expected key_padding_mask to be None or {dims - 1}-D but found {key_padding_mask.dim()}-D"
        )
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3):
            raise AssertionError(f"expected attn_mask to be None, 2-D or 3-D but found {attn_mask.dim()}-D")
        if dims == 2 and attn_mask.dim() == 3 and attn_mask.shape != (num_heads, query.shape[0], key.shape[0]):
            raise AssertionError(
                f"Expected attn_mask shape to be {(num_heads, query.shape[0], key.shape[0])} but got "
                f"{tuple(attn_mask.shape)}"
            )
    return dims == 3


def _in_projection_packed(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Apply the three projections of one joint weight; equal inputs share a product."""
    width = query.size(-1)
    if key is value:
        if query is key:
            q, k, v = _nn.linear(query, weight, bias).chunk(3, -1)
            return q, k, v
        parts = [width, 2 * width]
        weights = weight.split(parts)
        halves = (None, None) if bias is None else bias.split(parts)
        k, v = _nn.linear(key, weights[1], halves[1]).chunk(2, -1)
        return _nn.linear(query, weights[0], halves[0]), k, v
    weights = weight.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    q, k, v = (_nn.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases))
    return q, k, v


def multi_head_attention_forward(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: torch.Tensor | None,
    in_proj_bias: torch.Tensor | None,
    bias_k: torch.Tensor | None,
    bias_v: torch.Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: torch.Tensor,
    out_proj_bias: torch.Tensor | None,
    training: bool = True,
    key_padding_mask: torch.Tensor | None = None,
    need_weights: bool = True,
    attn_mask: torch.Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: torch.Tensor | None = None,
    k_proj_weight: torch.Tensor | None = None,
    v_proj_weight: torch.Tensor | None = None,
    static_k: torch.Tensor | None = None,
    static_v: torch.Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute attention of several heads. See :class:`~torch.nn.MultiheadAttention`; length comes before batch.

    Args:
        query, key, value: of shape (L, N, E), (S, N, Ek), (S, N, Ev), or without N.
        embed_dim_to_check: E.
        num_heads: number of heads, a divisor of E.
        in_proj_weight, in_proj_bias: the three input projections, one below the other.
        bias_k, bias_v: added to key and value as one more position.
        add_zero_attn: add a position of zeros to key and value.
        dropout_p: probability of a zero among the weights, in training.
        out_proj_weight, out_proj_bias: projection of the result.
        key_padding_mask: of shape (N, S) or (S): keys not to be looked at.
        need_weights: return the weights, too. Default: ``True``
        attn_mask: of shape (L, S) or (N * num_heads, L, S).
        use_separate_proj_weight: take ``q_proj_weight``, ``k_proj_weight`` and ``v_proj_weight`` as projections.
        static_k, static_v: projected key and value, of shape (N * num_heads, S, E / num_heads).
        average_attn_weights: return the mean of the heads' weights. Default: ``True``
        is_causal: a hint that ``attn_mask`` is the causal mask, which must be given. Default: ``False``

    Example:

        >>> x, w = torch.ones(2, 1, 4), torch.full((12, 4), 0.1)
        >>> out, weights = torch.nn.functional.multi_head_attention_forward(
        ...     x, x, x, 4, 2, w, None, None, None, False, 0.0, torch.eye(4), None
        ... )
        >>> out.shape
        torch.Size([2, 1, 4])
        >>> weights
        tensor([[[0.5000, 0.5000],
                 [0.5000, 0.5000]]])
    """
    batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same = key is value, query is key
        query = query.unsqueeze(1)
        key = query if same[1] else key.unsqueeze(1)
        value = key if same[0] else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, embed_dim = query.shape
    source = key.size(0)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    given_mask = attn_mask
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the hint says the same
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype)
        is_causal = False
    other = None if given_mask is None else given_mask.dtype
    key_padding_mask = _canonical_mask(key_padding_mask, "key_padding_mask", other, "attn_mask", query.dtype)
    if embed_dim != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}")
    head_dim = embed_dim // num_heads
    if head_dim * num_heads != embed_dim:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
            )
        joint = {"q": q_proj_weight, "k": k_proj_weight, "v": v_proj_weight}
        projections = [weight for weight in joint.values() if weight is not None]
        if len(projections) < 3:
            name = next(name for name, weight in joint.items() if weight is None)
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
        biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = (_nn.linear(x, w, b) for x, w, b in zip((query, key, value), projections, biases))
    else:
        if key.shape != value.shape:
            raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _in_projection_packed(query, key, value, in_proj_weight, in_proj_bias)
    if attn_mask is not None:
        if attn_mask.dim() == 2:
            if attn_mask.shape != (length, source):
                raise RuntimeError(
                    f"The shape of the 2D attn_mask is {attn_mask.shape}, but should be {(length, source)}, "
                    "which is (target length, source length)."
                )
            attn_mask = attn_mask.unsqueeze(0)
        elif attn_mask.shape != (batch * num_heads, length, source):
            raise RuntimeError(
                f"The shape of the 3D attn_mask is {attn_mask.shape}, but should be "
                f"{(batch * num_heads, length, source)}, which is (batch * num_heads, target length, source length)."
            )
    extra = 0
    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        k = torch.cat([k, bias_k.repeat((1, batch, 1))])
        v = torch.cat([v, bias_v.repeat((1, batch, 1))])
        extra += 1
    elif bias_k is not None or bias_v is not None:
        raise AssertionError("bias_k and bias_v must be given together")

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.reshape((x.size(0), batch * num_heads, head_dim)).transpose(0, 1)

    q = heads(q)
    k = heads(k) if static_k is None else _checked_static("static_k", static_k, batch * num_heads, head_dim)
    v = heads(v) if static_v is None else _checked_static("static_v", static_v, batch * num_heads, head_dim)
    if add_zero_attn:
        zeros = k.new_zeros((batch * num_heads, 1, head_dim))
        k, v = torch.cat([k, zeros], 1), torch.cat([v, zeros], 1)
        extra += 1
    if extra:
        pad = torch.nn.functional.pad
        attn_mask = None if attn_mask is None else pad(attn_mask, (0, extra))
        key_padding_mask = None if key_padding_mask is None else pad(key_padding_mask, (0, extra))
    source = k.size(1)
    if key_padding_mask is not None:
        for i, size in enumerate((batch, source)):
            if key_padding_mask.shape[i] != size:
                raise AssertionError(
                    f"Expected key_padded_mask.shape[{i}] to be {size}, but got {key_padding_mask.shape[i]}: its shape "
                    f"is (batch, source length) = {(batch, source)}, also where the batch is not first in the input"
                )
        padding = key_padding_mask.view((batch, 1, 1, source)).expand((-1, num_heads, -1, -1))
        padding = padding.reshape((batch * num_heads, 1, source))
        attn_mask = padding if attn_mask is None else attn_mask + padding
    if not training:
        dropout_p = 0.0
    weights = None
    if need_weights:
        scores = torch.bmm(q * math.sqrt(1.0 / head_dim), k.transpose(-2, -1))
        if attn_mask is not None:
            scores = scores + attn_mask
        weights = scores.softmax(-1)
        if dropout_p > 0.0:
            weights = torch.dropout(weights, dropout_p, True)
        out = torch.bmm(weights, v)
        weights = weights.view((batch, num_heads, length, source))
        if average_attn_weights:
            weights = weights.mean(1)
        if not batched:
            weights = weights.squeeze(0)
    else:
        if attn_mask is not None:
            attn_mask = attn_mask.unsqueeze(0) if attn_mask.size(0) == 1 else attn_mask.unflatten(0, (batch, num_heads))
        out = _nn.scaled_dot_product_attention(
            q.view((batch, num_heads, length, head_dim)),
            k.view((batch, num_heads, source, head_dim)),
            v.view((batch, num_heads, source, head_dim)),
            attn_mask,
            dropout_p,
            is_causal,
        ).reshape((batch * num_heads, length, head_dim))
    out = out.transpose(0, 1).reshape((length * batch, embed_dim))
    out = _nn.linear(out, out_proj_weight, out_proj_bias).view((length, batch, -1))
    return (out if batched else out.squeeze(1)), weights


def _checked_static(name: str, x: torch.Tensor, heads: int, head_dim: int) -> torch.Tensor:
    if x.size(0) != heads:
        raise AssertionError(f"expecting {name}.size(0) of {heads}, but got {x.size(0)}")
    if x.size(2) != head_dim:
        raise AssertionError(f"expecting {name}.size(2) of {head_dim}, but got {x.size(2)}")
    return x
