"""Activation functions as modules. Each keeps the shape of its input."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.init import constant_, xavier_normal_, xavier_uniform_
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter

__all__ = [
    "Threshold",
    "ReLU",
    "Hardtanh",
    "ReLU6",
    "Sigmoid",
    "Tanh",
    "SiLU",
    "ELU",
    "CELU",
    "SELU",
    "RReLU",
    "Hardshrink",
    "Softshrink",
    "GELU",
    "LeakyReLU",
    "LogSigmoid",
    "Softplus",
    "Softsign",
    "Mish",
    "Hardswish",
    "Hardsigmoid",
    "GLU",
    "PReLU",
    "Tanhshrink",
    "Softmin",
    "Softmax",
    "Softmax2d",
    "LogSoftmax",
    "MultiheadAttention",
]


class _Activation(Module):
    """A function whose options are the attributes that ``__constants__`` names."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        for name, value in options.items():
            setattr(self, name, value)

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self.__constants__ if name != "inplace"]
        return ", ".join(shown + ["inplace=True"] * bool(self.__dict__.get("inplace")))


class _InplaceActivation(_Activation):
    """An activation whose only option is to change its input."""

    __constants__ = ["inplace"]

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)


class Threshold(_Activation):
    """Keeps elements greater than a threshold and replaces the others.

    Args:
        threshold: the threshold.
        value: what replaces the others.
        inplace: change the input. Default: ``False``
    """

    __constants__ = ["threshold", "value", "inplace"]

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold=threshold, value=value, inplace=inplace)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)


class ReLU(_InplaceActivation):
    r"""Computes :math:`\max(0, x)`.

    Args:
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.relu(input, self.inplace)


class Hardtanh(_Activation):
    """Limits elements to an interval.

    Args:
        min_val: lower end. Default: -1
        max_val: upper end. Default: 1
        inplace: change the input. Default: ``False``
        min_value, max_value: deprecated names of the ends.
    """

    __constants__ = ["min_val", "max_val", "inplace"]

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        import warnings

        if min_value is not None:
            warnings.warn(
                "keyword argument `min_value` is deprecated and rename to `min_val`", FutureWarning, stacklevel=2
            )
            min_val = min_value
        if max_value is not None:
            warnings.warn(
                "keyword argument `max_value` is deprecated and rename to `max_val`", FutureWarning, stacklevel=2
            )
            max_val = max_value
        if not max_val > min_val:
            raise AssertionError("max_val must be greater than min_val")
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    r"""Computes :math:`\min(\max(0, x), 6)`.

    Args:
        inplace: change the input. Default: ``False``
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    r"""Computes :math:`1 / (1 + e^{-x})`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(input)


class Tanh(Module):
    r"""Computes :math:`\tanh(x)`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return torch.tanh(input)


class SiLU(_InplaceActivation):
    r"""Computes :math:`x \, \sigma(x)`, also called swish.

    Args:
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.silu(input, self.inplace)


class ELU(_Activation):
    r"""Computes :math:`x` where it is positive, else :math:`\alpha (e^x - 1)`.

    Args:
        alpha: :math:`\alpha`. Default: 1.0
        inplace: change the input. Default: ``False``
    """

    __constants__ = ["alpha", "inplace"]

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.elu(input, self.alpha, self.inplace)


class CELU(_Activation):
    r"""Computes :math:`\max(0, x) + \min(0, \alpha (e^{x / \alpha} - 1))` (Barron, 2017).

    Args:
        alpha: :math:`\alpha`. Default: 1.0
        inplace: change the input. Default: ``False``
    """

    __constants__ = ["alpha", "inplace"]

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(_InplaceActivation):
    r"""Computes :math:`\lambda x` where x is positive, else :math:`\lambda \alpha (e^x - 1)`.

    With :math:`\lambda` = 1.0507 and :math:`\alpha` = 1.6733 layers keep mean 0 and variance 1 (Klambauer et al.,
    Self-normalizing neural networks, 2017).

    Args:
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.selu(input, self.inplace)


class RReLU(_Activation):
    r"""Computes :math:`x` where it is positive, else :math:`a x` with a random slope (Xu et al., 2015).

    In training every element has a slope of its own, uniform from ``lower`` to ``upper``; else it is their mean.

    Args:
        lower: the least slope. Default: 1/8
        upper: the largest slope. Default: 1/3
        inplace: change the input. Default: ``False``
    """

    __constants__ = ["lower", "upper", "inplace"]

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__(lower=lower, upper=upper, inplace=inplace)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class _Shrink(_Activation):
    __constants__ = ["lambd"]

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd=lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(_Shrink):
    r"""Keeps elements farther from 0 than :math:`\lambda`; the others become 0.

    Args:
        lambd: :math:`\lambda`. Default: 0.5
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    r"""Brings elements nearer to 0 by :math:`\lambda`; those nearer than that become 0.

    Args:
        lambd: :math:`\lambda`, not negative. Default: 0.5
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.softshrink(input, self.lambd)


class GELU(_Activation):
    r"""Computes :math:`x \, \Phi(x)`, :math:`\Phi` being the distribution function of the normal distribution.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for
            :math:`0.5 x (1 + \tanh(\sqrt{2 / \pi} (x + 0.044715 x^3)))`. Default: ``"none"``
    """

    __constants__ = ["approximate"]

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.gelu(input, approximate=self.approximate)


class LeakyReLU(_Activation):
    r"""Computes :math:`x` where it is positive, else :math:`\text{negative\_slope} \cdot x`.

    Args:
        negative_slope: the slope. Default: 0.01
        inplace: change the input. Default: ``False``
    """

    __constants__ = ["inplace", "negative_slope"]

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope=negative_slope, inplace=inplace)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class LogSigmoid(Module):
    r"""Computes :math:`\log(1 / (1 + e^{-x}))`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.logsigmoid(input)


class Softplus(_Activation):
    r"""Computes :math:`\log(1 + e^{\beta x}) / \beta`, and :math:`x` itself where :math:`\beta x` is large.

    Args:
        beta: :math:`\beta`. Default: 1.0
        threshold: from which :math:`\beta x` on the result is :math:`x`. Default: 20.0
    """

    __constants__ = ["beta", "threshold"]

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.softplus(input, self.beta, self.threshold)


class Mish(_InplaceActivation):
    r"""Computes :math:`x \tanh(\log(1 + e^x))`.

    Args:
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.mish(input, self.inplace)


class Hardswish(_InplaceActivation):
    r"""Computes :math:`x \min(\max(x + 3, 0), 6) / 6`.

    Args:
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardsigmoid(_InplaceActivation):
    r"""Computes :math:`\min(\max(x + 3, 0), 6) / 6`.

    Args:
        inplace: change the input. Default: ``False``
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class GLU(_Activation):
    r"""Computes :math:`a \, \sigma(b)`, a and b being the halves of the input along a dimension.

    Args:
        dim: the dimension. Default: -1

    Shape:
        - Input: :math:`(*_1, N, *_2)`
        - Output: :math:`(*_1, N / 2, *_2)`
    """

    __constants__ = ["dim"]

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.glu(input, self.dim)


class PReLU(_Activation):
    r"""Computes :math:`x` where it is positive, else :math:`a x` with a trained :math:`a`.

    Args:
        num_parameters: 1, or the number of channels (the second dimension) for one :math:`a` each. Default: 1
        init: the first :math:`a`. Default: 0.25
        device: where :math:`a` is.
        dtype: of :math:`a`.
    """

    __constants__ = ["num_parameters"]

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__(num_parameters=num_parameters, init=init)
        self.weight = Parameter(torch.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set all :math:`a` to ``init``."""
        torch.nn.init.constant_(self.weight, self.init)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return torch.prelu(input, self.weight)


class Softsign(Module):
    r"""Computes :math:`x / (1 + |x|)`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.softsign(input)


class Tanhshrink(Module):
    r"""Computes :math:`x - \tanh(x)`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.tanhshrink(input)


class _AlongDim(_Activation):
    """A function along one dimension."""

    __constants__ = ["dim"]
    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)


class Softmin(_AlongDim):
    r"""Computes :math:`e^{-x_i} / \sum_j e^{-x_j}`.

    Args:
        dim: the dimension along which the results add up to 1.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax(_AlongDim):
    r"""Computes :math:`e^{x_i} / \sum_j e^{x_j}`.

    Args:
        dim: the dimension along which the results add up to 1.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Computes the softmax over the channels at each point of an image.

    Shape:
        - Input: :math:`(N, C, H, W)` or :math:`(C, H, W)`
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)


class LogSoftmax(_AlongDim):
    r"""Computes :math:`\log(e^{x_i} / \sum_j e^{x_j})`.

    Args:
        dim: the dimension along which the exponentials of the results add up to 1.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.log_softmax(input, self.dim, _stacklevel=5)


class MultiheadAttention(Module):
    r"""Lets each position of the query look at all positions of the key (Vaswani et al., 2017).

    Each of ``num_heads`` heads computes :math:`\mathrm{softmax}(q k^T / \sqrt{d}) v` from its own projections of
    query, key and value; the results are joined and projected.

    Args:
        embed_dim: width of query and result.
        num_heads: number of heads, a divisor of ``embed_dim``.
        dropout: probability of a zero among the weights, in training. Default: 0.0
        bias: whether projections have a bias. Default: ``True``
        add_bias_kv: learn one more position of key and value. Default: ``False``
        add_zero_attn: add a position of zeros to key and value. Default: ``False``
        kdim, vdim: widths of key and value. Default: ``embed_dim``
        batch_first: whether the batch comes before the length. Default: ``False``
        device: where the parameters are.
        dtype: of the parameters.

    Shape:
        - Query: :math:`(L, N, E)`, :math:`(N, L, E)` if ``batch_first``, or :math:`(L, E)`
        - Key and value: the same with the length :math:`S`
        - key_padding_mask: :math:`(N, S)`; True or minus infinity where a key is not to be looked at
        - attn_mask: :math:`(L, S)` or :math:`(N \cdot heads, L, S)`; likewise
        - Output: like the query; and the weights, of shape :math:`(N, L, S)`, or with the heads after N unless
          ``average_attn_weights``; None unless ``need_weights``, without which there is no such large tensor.
    """

    __constants__ = ["batch_first"]
    bias_k: torch.Tensor | None
    bias_v: torch.Tensor | None

    def __init__(
        self,
        embed_dim: Any,
        num_heads: Any,
        dropout: Any = 0.0,
        bias: Any = True,
        add_bias_kv: Any = False,
        add_zero_attn: Any = False,
        kdim: Any = None,
        vdim: Any = None,
        batch_first: Any = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        super().__init__()
        made: dict[str, Any] = {"device": device, "dtype": dtype}
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads (got embed_dim={embed_dim}, num_heads={num_heads})"
            )
        if self._qkv_same_embed_dim:
            self.in_proj_weight = Parameter(torch.empty((3 * embed_dim, embed_dim), **made))
            self.register_parameter("q_proj_weight", None)
            self.register_parameter("k_proj_weight", None)
            self.register_parameter("v_proj_weight", None)
        else:
            self.q_proj_weight = Parameter(torch.empty((embed_dim, embed_dim), **made))
            self.k_proj_weight = Parameter(torch.empty((embed_dim, self.kdim), **made))
            self.v_proj_weight = Parameter(torch.empty((embed_dim, self.vdim), **made))
            self.register_parameter("in_proj_weight", None)
        if bias:
            self.in_proj_bias = Parameter(torch.empty(3 * embed_dim, **made))
        else:
            self.register_parameter("in_proj_bias", None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **made)
        if add_bias_kv:
            self.bias_k = Parameter(torch.empty((1, 1, embed_dim), **made))
            self.bias_v = Parameter(torch.empty((1, 1, embed_dim), **made))
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        if self._qkv_same_embed_dim:
            xavier_uniform_(self.in_proj_weight)
        else:
            for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
                xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            constant_(self.in_proj_bias, 0.0)
            assert self.out_proj.bias is not None  # both come with bias=True
            constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                xavier_normal_(bias)

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        key_padding_mask: torch.Tensor | None = None,
        need_weights: bool = True,
        attn_mask: torch.Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        swapped = self.batch_first and query.dim() == 3
        if swapped:
            # Equal tensors stay equal: they share a projection.
            turned = query.transpose(1, 0)
            turned_key = turned if key is query else key.transpose(1, 0)
            value = turned_key if value is key else value.transpose(1, 0)
            query, key = turned, turned_key
        out, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (out.transpose(1, 0) if swapped else out), weights
