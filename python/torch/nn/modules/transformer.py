"""Transformers: encoder, decoder and their layers (Vaswani et al., Attention is all you need, 2017)."""

from __future__ import annotations

import copy
from typing import Any, Callable, ClassVar

import torch
from torch.nn import functional as F
from torch.nn.init import xavier_uniform_
from torch.nn.modules.activation import MultiheadAttention
from torch.nn.modules.container import ModuleList
from torch.nn.modules.dropout import Dropout
from torch.nn.modules.linear import Linear
from torch.nn.modules.module import Module
from torch.nn.modules.normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

_Mask = Any  # a tensor or None


def _get_activation_fn(activation: Any) -> Callable:
    """The function for a name; functions stand for themselves."""
    if not isinstance(activation, str):
        return activation
    functions: dict[str, Any] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in functions:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return functions[activation]


def _get_clones(module: Module, n: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(n)])


def _causal_mask(size: int, device: Any = None, dtype: Any = None) -> torch.Tensor:
    """Minus infinity above the diagonal, zero elsewhere."""
    return torch.triu(torch.full((size, size), float("-inf"), dtype=dtype, device=device), diagonal=1)


def _detect_is_causal_mask(mask: _Mask, is_causal: bool | None, size: int | None) -> bool:
    """Whether ``mask`` is the causal mask; found out by comparison where ``is_causal`` does not say."""
    if is_causal is not None or mask is None:
        return bool(is_causal)
    if size is None or mask.shape != (size, size):
        return False
    return bool((mask == _causal_mask(size, mask.device, mask.dtype)).all())


def _get_seq_len(x: torch.Tensor, batch_first: bool) -> int | None:
    if x.dim() == 2:
        return x.size(0)
    return x.size(1 if batch_first else 0) if x.dim() == 3 else None


class _Layer(Module):
    """What the layers of encoder and decoder share.

    A subclass names its attentions; each has a layer norm and a dropout, and so has the network after them.
    """

    __constants__ = ["norm_first"]
    _attentions: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        place = {"device": device, "dtype": dtype}
        # Parameters are drawn in this order.
        for name in self._attentions:
            attention = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **place)
            self.add_module(name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **place)
        self.norm_first = norm_first
        blocks = range(1, len(self._attentions) + 2)
        for i in blocks:
            self.add_module(f"norm{i}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place))
        for i in blocks:
            self.add_module(f"dropout{i}", Dropout(dropout))
        self.activation = _get_activation_fn(activation)

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        if not hasattr(self, "activation"):
            self.activation = F.relu  # as in old files

    def _attend(
        self,
        attention: MultiheadAttention,
        x: torch.Tensor,
        memory: torch.Tensor,
        mask: _Mask,
        padding: _Mask,
        is_causal: bool,
    ) -> torch.Tensor:
        return attention(
            x, memory, memory, attn_mask=mask, key_padding_mask=padding, is_causal=is_causal, need_weights=False
        )[0]

    def _sa_block(self, x: torch.Tensor, attn_mask: _Mask, padding: _Mask, is_causal: bool = False) -> torch.Tensor:
        return self.dropout1(self._attend(self.self_attn, x, x, attn_mask, padding, is_causal))

    def _feed_forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _ff_block(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then a network of two layers for each position; both with a residual.

    Args:
        d_model: size of a position's vector.
        nhead: number of heads of the attention.
        dim_feedforward: inner size of the network. Default: 2048
        dropout: probability of a zero, in attention, network and residuals. Default: 0.1
        activation: of the network: a function, ``"relu"`` or ``"gelu"``. Default: relu
        layer_norm_eps: eps of the layer norms. Default: 1e-5
        batch_first: sequences are (batch, position, feature) rather than (position, batch, feature). Default: ``False``
        norm_first: normalize before attention and network rather than after the residual. Default: ``False``
        bias: whether linear layers and layer norms add a bias. Default: ``True``
        device: where the parameters are.
        dtype: of the parameters.

    Examples::

        >>> nn.TransformerEncoderLayer(d_model=16, nhead=4)(torch.zeros(10, 32, 16)).shape
        torch.Size([10, 32, 16])
    """

    _attentions = ("self_attn",)

    def forward(
        self,
        src: torch.Tensor,
        src_mask: torch.Tensor | None = None,
        src_key_padding_mask: torch.Tensor | None = None,
        is_causal: bool = False,
    ) -> torch.Tensor:
        """Encode ``src``.

        Args:
            src: the sequences.
            src_mask: (position, position) or (batch * heads, position, position): true or minus infinity where a
                position must not see another.
            src_key_padding_mask: (batch, position): true or minus infinity for positions that no other sees.
            is_causal: a hint that ``src_mask`` is the causal mask. Default: ``False``
        """
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), src_mask, src_key_padding_mask, is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, src_mask, src_key_padding_mask, is_causal))
        return self.norm2(x + self._ff_block(x))

    def _ff_block(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout2(self._feed_forward(x))


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, attention to the encoder's output, then a network for each position.

    Args: as those of :class:`TransformerEncoderLayer`.

    Examples::

        >>> layer = nn.TransformerDecoderLayer(d_model=16, nhead=4)
        >>> layer(torch.zeros(20, 32, 16), torch.zeros(10, 32, 16)).shape
        torch.Size([20, 32, 16])
    """

    _attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: torch.Tensor,
        memory: torch.Tensor,
        tgt_mask: torch.Tensor | None = None,
        memory_mask: torch.Tensor | None = None,
        tgt_key_padding_mask: torch.Tensor | None = None,
        memory_key_padding_mask: torch.Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> torch.Tensor:
        """Decode ``tgt``, looking at ``memory``, the encoder's output. Masks: see :class:`TransformerEncoderLayer`."""
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory_mask, memory_key_padding_mask, memory_is_causal)
        x = tgt
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *own)
            x = x + self._mha_block(self.norm2(x), memory, *other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, *own))
        x = self.norm2(x + self._mha_block(x, memory, *other))
        return self.norm3(x + self._ff_block(x))

    def _mha_block(
        self, x: torch.Tensor, mem: torch.Tensor, attn_mask: _Mask, padding: _Mask, is_causal: bool = False
    ) -> torch.Tensor:
        return self.dropout2(self._attend(self.multihead_attn, x, mem, attn_mask, padding, is_causal))

    def _ff_block(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout3(self._feed_forward(x))


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Args:
        encoder_layer: a layer, which is copied.
        num_layers: the number of copies.
        norm: a layer norm for the output.
        enable_nested_tensor: accepted; there are no nested tensors here, padded positions are computed like the others.
        mask_check: accepted; goes with the former.
    """

    __constants__ = ["norm"]

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: torch.Tensor,
        mask: torch.Tensor | None = None,
        src_key_padding_mask: torch.Tensor | None = None,
        is_causal: bool | None = None,
    ) -> torch.Tensor:
        """Encode ``src``. Masks: see :class:`TransformerEncoderLayer`.

        Args:
            is_causal: a hint that ``mask`` is the causal mask; by default that is found out.
        """
        batch_first = self.layers[0].self_attn.batch_first
        causal = _detect_is_causal_mask(mask, is_causal, _get_seq_len(src, batch_first))
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=src_key_padding_mask)
        return output if self.norm is None else self.norm(output)


class TransformerDecoder(Module):
    """A stack of decoder layers.

    Args:
        decoder_layer: a layer, which is copied.
        num_layers: the number of copies.
        norm: a layer norm for the output.
    """

    __constants__ = ["norm"]

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: torch.Tensor,
        memory: torch.Tensor,
        tgt_mask: torch.Tensor | None = None,
        memory_mask: torch.Tensor | None = None,
        tgt_key_padding_mask: torch.Tensor | None = None,
        memory_key_padding_mask: torch.Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> torch.Tensor:
        """Decode ``tgt``, looking at ``memory``. Masks: see :class:`TransformerEncoderLayer`."""
        batch_first = self.layers[0].self_attn.batch_first
        causal = _detect_is_causal_mask(tgt_mask, tgt_is_causal, _get_seq_len(tgt, batch_first))
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """Encoder and decoder.

    Args:
        d_model: size of a position's vector. Default: 512
        nhead: number of heads. Default: 8
        num_encoder_layers, num_decoder_layers: numbers of layers. Default: 6
        custom_encoder, custom_decoder: modules to use instead.
        dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype: see
            :class:`TransformerEncoderLayer`.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        place = {"device": device, "dtype": dtype}
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)

        def stack(own: Any, layer: Any, of_layers: Any, n: int) -> Any:
            if own is not None:
                return own
            return of_layers(layer(*sizes, **place), n, LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place))

        self.encoder = stack(custom_encoder, TransformerEncoderLayer, TransformerEncoder, num_encoder_layers)
        self.decoder = stack(custom_decoder, TransformerDecoderLayer, TransformerDecoder, num_decoder_layers)
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                xavier_uniform_(parameter)

    def forward(
        self,
        src: torch.Tensor,
        tgt: torch.Tensor,
        src_mask: torch.Tensor | None = None,
        tgt_mask: torch.Tensor | None = None,
        memory_mask: torch.Tensor | None = None,
        src_key_padding_mask: torch.Tensor | None = None,
        tgt_key_padding_mask: torch.Tensor | None = None,
        memory_key_padding_mask: torch.Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> torch.Tensor:
        """Encode ``src`` and decode ``tgt``. Masks: see :class:`TransformerEncoderLayer`."""
        if src.dim() == 3 and src.size(0 if self.batch_first else 1) != tgt.size(0 if self.batch_first else 1):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> torch.Tensor:
        """Return the causal mask for ``sz`` positions: minus infinity where a position would see a later one."""
        return _causal_mask(sz, device, dtype)
