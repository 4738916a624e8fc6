"""What the modules compute, as functions.

Many names here are ops of the core under their own name. Those are looked up at first use (:func:`__getattr__` at the
end), so that importing this module costs nothing and every op that the core has is found.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Callable

import torch
from torch import _C, _override
from torch.nn import _reduction as _Reduction

_nn = _C._nn
_Tensor = torch.Tensor

# Whether cuDNN is used is for the device's kernels to say, which know torch.backends.cudnn.enabled.
_MAY_USE_CUDNN = True

# Straight through to the core: one Python call less.
linear = _nn.linear
conv2d = torch.conv2d
sigmoid = torch.sigmoid
tanh = torch.tanh
relu_ = torch.relu_
softplus = _nn.softplus
gelu = _nn.gelu
logsigmoid = _nn.log_sigmoid

# Ops of the core that have the same name here, by the place where they are.
_OPS_OF_TORCH = frozenset(
    (
        "adaptive_avg_pool1d alpha_dropout_ avg_pool1d bilinear celu_ channel_shuffle conv1d conv3d conv_tbc "
        "conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity dropout_ feature_dropout_ hardshrink "
        "native_channel_shuffle pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu rrelu_ selu_ threshold_"
    ).split()
)
_OPS_OF_NN = frozenset(
    ("avg_pool2d avg_pool3d elu_ hardtanh_ leaky_relu_ one_hot scaled_dot_product_attention softshrink").split()
)


# ---- activations -------------------------------------------------------------------------------------------------


def relu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``max(0, x)``. See :class:`~torch.nn.ReLU`."""
    return torch.relu_(input) if inplace else torch.relu(input)


def threshold(input: torch.Tensor, threshold: float, value: float, inplace: bool = False) -> torch.Tensor:
    """Replace elements not greater than ``threshold`` by ``value``. See :class:`~torch.nn.Threshold`."""
    return (torch.threshold_ if inplace else torch.threshold)(input, threshold, value)


def hardtanh(input: torch.Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Limit elements to ``[min_val, max_val]``. See :class:`~torch.nn.Hardtanh`."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, min_val, max_val)


def relu6(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Limit elements to ``[0, 6]``. See :class:`~torch.nn.ReLU6`."""
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, 0.0, 6.0)


def elu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Compute ``x`` where positive, else ``alpha * (exp(x) - 1)``. See :class:`~torch.nn.ELU`."""
    return (_nn.elu_ if inplace else _nn.elu)(input, alpha)


def celu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Compute ``max(0, x) + min(0, alpha * (exp(x / alpha) - 1))``."""
    return (torch.celu_ if inplace else torch.celu)(input, alpha)


def selu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute the scaled exponential linear unit."""
    return torch.selu_(input) if inplace else torch.selu(input)


def rrelu(
    input: torch.Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> torch.Tensor:
    """Multiply elements that are not positive by a slope, drawn from ``[lower, upper)`` in training."""
    return (torch.rrelu_ if inplace else torch.rrelu)(input, lower, upper, training)


def leaky_relu(input: torch.Tensor, negative_slope: float = 0.01, inplace: bool = False) -> torch.Tensor:
    """Compute ``x`` where positive, else ``negative_slope * x``. See :class:`~torch.nn.LeakyReLU`."""
    return (_nn.leaky_relu_ if inplace else _nn.leaky_relu)(input, negative_slope)


def silu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * sigmoid(x)``. See :class:`~torch.nn.SiLU`."""
    return (_nn.silu_ if inplace else _nn.silu)(input)


def mish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * tanh(softplus(x))``. See :class:`~torch.nn.Mish`."""
    return (_nn.mish_ if inplace else _nn.mish)(input)


def hardswish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * relu6(x + 3) / 6``. See :class:`~torch.nn.Hardswish`."""
    return (_nn.hardswish_ if inplace else _nn.hardswish)(input)


def hardsigmoid(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``relu6(x + 3) / 6``. See :class:`~torch.nn.Hardsigmoid`."""
    return (_nn.hardsigmoid_ if inplace else _nn.hardsigmoid)(input)


def glu(input: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Multiply the first half along ``dim`` by the sigmoid of the second. See :class:`~torch.nn.GLU`."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _nn.glu(input, dim)


def softsign(input: torch.Tensor) -> torch.Tensor:
    """Compute ``x / (1 + |x|)``."""
    return input / (input.abs() + 1)


def tanhshrink(input: torch.Tensor) -> torch.Tensor:
    """Compute ``x - tanh(x)``."""
    return input - input.tanh()


def _get_softmax_dim(name: str, ndim: int, stacklevel: int) -> int:
    """Choose the dimension where none is given, as old versions did: deprecated."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute ``exp(x) / sum(exp(x))`` along ``dim``.

    Args:
        input: the tensor.
        dim: the dimension along which the results add up to 1.
        dtype: cast the input to this first.
    """
    if dim is None:
        dim = _get_softmax_dim("softmax", input.dim(), _stacklevel)
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)


def softmin(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute the softmax of ``-input`` along ``dim``; the arguments are those of :func:`softmax`."""
    if dim is None:
        dim = _get_softmax_dim("softmin", input.dim(), _stacklevel)
    return softmax(-input, dim, dtype=dtype)


def log_softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute the logarithm of the softmax along ``dim``; the arguments are those of :func:`softmax`."""
    if dim is None:
        dim = _get_softmax_dim("log_softmax", input.dim(), _stacklevel)
    return input.log_softmax(dim) if dtype is None else input.log_softmax(dim, dtype=dtype)


def gumbel_softmax(
    logits: torch.Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> torch.Tensor:
    """Draw from the Gumbel-softmax distribution (Jang et al., 2016).

    Args:
        logits: unnormalized log-probabilities.
        tau: temperature. Default: 1
        hard: return one-hot vectors, whose gradient is that of the soft ones. Default: ``False``
        eps: deprecated, without effect.
        dim: the dimension of the classes. Default: -1
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    gumbels = -torch.empty_like(logits, memory_format=torch.contiguous_format).exponential_().log()
    soft = ((logits + gumbels) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = torch.zeros_like(logits, memory_format=torch.contiguous_format).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft


# ---- dropout -----------------------------------------------------------------------------------------------------


def dropout(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Set elements to zero with probability ``p`` and divide the others by ``1 - p``. See :class:`~torch.nn.Dropout`.

    Args:
        input: the tensor.
        p: probability of a zero. Default: 0.5
        training: if ``False``, return the input. Default: ``True``
        inplace: change the input. Default: ``False``
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return (torch.dropout_ if inplace else torch.dropout)(input, p, training)


# ---- look-up -----------------------------------------------------------------------------------------------------


def embedding(
    input: torch.Tensor,
    weight: torch.Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> torch.Tensor:
    """Return the rows of ``weight`` that ``input`` names. See :class:`~torch.nn.Embedding` for the arguments."""
    if padding_idx is None:
        padding_idx = -1
    else:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        if padding_idx < 0:
            padding_idx += rows
    if max_norm is not None:
        _renormalize_rows_(weight, input, max_norm, norm_type)
    return torch.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


def _renormalize_rows_(weight: torch.Tensor, index: torch.Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows of ``weight`` that ``index`` names down to the norm ``max_norm``, in place."""
    with torch.no_grad():
        rows = torch.unique(index.reshape(-1))
        values = weight[rows]
        norms = values.norm(norm_type, dim=1, keepdim=True)
        # 1e-7 keeps the new norm on this side of the limit.
        weight[rows] = torch.where(norms > max_norm, values * (max_norm / (norms + 1e-7)), values)


# ---- normalization -----------------------------------------------------------------------------------------------


def _verify_batch_size(size: Any) -> None:
    count = math.prod(size) // size[1] if size[1] else 0
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each channel over the batch. See :class:`~torch.nn.BatchNorm1d`.

    Args:
        input: of shape (N, C, ...).
        running_mean, running_var: the statistics, of shape (C); moved towards the batch's where ``training``.
        weight, bias: scale and shift, of shape (C).
        training: use the batch's statistics rather than the running ones. Default: ``False``
        momentum: weight of the batch in the running statistics. Default: 0.1
        eps: added to the variance. Default: 1e-5
    """
    if training:
        _verify_batch_size(input.size())
    return torch.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, _MAY_USE_CUDNN)


def layer_norm(
    input: torch.Tensor,
    normalized_shape: Any,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize over the last dimensions, whose sizes are ``normalized_shape``. See :class:`~torch.nn.LayerNorm`."""
    return torch.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: torch.Tensor, normalized_shape: Any, weight: torch.Tensor | None = None, eps: float | None = None
) -> torch.Tensor:
    """Divide by the root of the mean square over the last dimensions. See :class:`~torch.nn.RMSNorm`."""
    return torch.rms_norm(input, normalized_shape, weight, eps)


def group_norm(
    input: torch.Tensor,
    num_groups: int,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each sample over each of ``num_groups`` groups of channels."""
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    size = input.size()
    _verify_batch_size([size[0] * size[1] // num_groups, num_groups, *size[2:]])
    return torch.group_norm(input, num_groups, weight, bias, eps, _MAY_USE_CUDNN)


def normalize(
    input: torch.Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Divide vectors by their norm, or by ``eps`` where the norm is smaller.

    Args:
        input: the tensor.
        p: the exponent of the norm. Default: 2
        dim: the dimension of the vectors. Default: 1
        eps: the least divisor. Default: 1e-12
        out: where the result goes.
    """
    norms = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / norms if out is None else torch.div(input, norms, out=out)


# ---- pooling and padding -----------------------------------------------------------------------------------------


def max_pool2d(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum over each window of an image. See :class:`~torch.nn.MaxPool2d`."""
    if return_indices:
        return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return torch.max_pool2d(input, kernel_size, () if stride is None else stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input: torch.Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maximum over each window and where in its image it is. See :class:`~torch.nn.MaxPool2d`."""
    stride = () if stride is None else stride
    return _nn.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_avg_pool2d(input: torch.Tensor, output_size: Any) -> torch.Tensor:
    """Take means such that the result has ``output_size``. See :class:`~torch.nn.AdaptiveAvgPool2d`."""
    if isinstance(output_size, int):
        output_size = (output_size, output_size)
    given = [n if n is not None else input.size(i - 2) for i, n in enumerate(output_size)]
    return _nn.adaptive_avg_pool2d(input, given)


def pad(input: torch.Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> torch.Tensor:
    """Add elements at the ends of dimensions.

    Args:
        input: the tensor.
        pad: how many, as (before, after) of the last dimension, then of the last but one, and so on; negative
            numbers cut off.
        mode: ``"constant"``, ``"reflect"``, ``"replicate"`` or ``"circular"``. Default: ``"constant"``
        value: the constant. Default: 0
    """
    return _nn.pad(input, pad, mode, value)


# ---- losses ------------------------------------------------------------------------------------------------------


def _reduction_enum(size_average: Any, reduce: Any, reduction: str) -> int:
    if size_average is not None or reduce is not None:
        return _Reduction.legacy_get_enum(size_average, reduce)
    return _Reduction.get_enum(reduction)


def _of_one_size(input: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Broadcast input and target, with a warning where they differ."""
    if target.size() == input.size():
        return input, target
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=3,
    )
    return torch.broadcast_tensors(input, target)


def _weighted(loss: torch.Tensor, weight: torch.Tensor, reduction: str) -> torch.Tensor:
    """Reduce a loss by element times ``weight``; the mean is that of the weights, too."""
    if weight.size() != loss.size():
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / weight.sum()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


def mse_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute ``(input - target)**2``. See :class:`~torch.nn.MSELoss`; ``weight`` has the shape of the input."""
    input, target = _of_one_size(input, target)
    number = _reduction_enum(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_nn.mse_loss(input, target, 0), weight, reduction)
    return _nn.mse_loss(input, target, number)


def l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute ``|input - target|``. See :class:`~torch.nn.L1Loss`; ``weight`` has the shape of the input."""
    input, target = _of_one_size(input, target)
    number = _reduction_enum(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_nn.l1_loss(input, target, 0), weight, reduction)
    return _nn.l1_loss(input, target, number)


def smooth_l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> torch.Tensor:
    """Compute a squared error below ``beta`` and an absolute one above. See :class:`~torch.nn.SmoothL1Loss`."""
    input, target = _of_one_size(input, target)
    number = _reduction_enum(size_average, reduce, reduction)
    if beta == 0.0:
        return _nn.l1_loss(input, target, number)
    return _nn.smooth_l1_loss(input, target, number, beta)


def huber_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute a squared error below ``delta`` and an absolute one above. See :class:`~torch.nn.HuberLoss`."""
    input, target = _of_one_size(input, target)
    if weight is not None:
        return _weighted(_nn.huber_loss(input, target, 0, delta), weight, reduction)
    return _nn.huber_loss(input, target, _Reduction.get_enum(reduction), delta)


def binary_cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the cross entropy of probabilities. See :class:`~torch.nn.BCELoss`."""
    number = _reduction_enum(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(torch.broadcast_shapes(target.size(), weight.size()))
    return _nn.binary_cross_entropy(input, target, weight, number)


def binary_cross_entropy_with_logits(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute the cross entropy of logits. See :class:`~torch.nn.BCEWithLogitsLoss`."""
    number = _reduction_enum(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return torch.binary_cross_entropy_with_logits(input, target, weight, pos_weight, number)


def nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the negative log likelihood of log-probabilities. See :class:`~torch.nn.NLLLoss`."""
    number = _reduction_enum(size_average, reduce, reduction)
    return _nn.nll_loss_nd(input, target, weight, number, ignore_index)


def cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """Compute the cross entropy of unnormalized scores. See :class:`~torch.nn.CrossEntropyLoss`."""
    number = _reduction_enum(size_average, reduce, reduction)
    return _nn.cross_entropy_loss(input, target, weight, number, ignore_index, label_smoothing)


def kl_div(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> torch.Tensor:
    """Compute the Kullback-Leibler divergence from log-probabilities. See :class:`~torch.nn.KLDivLoss`."""
    if size_average is not None or reduce is not None:
        number = _Reduction.legacy_get_enum(size_average, reduce)
    else:
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' "
                "divides only by the batch size, and aligns with the KL div math definition. 'mean' will be changed "
                "to behave the same as 'batchmean' in the next major release.",
                stacklevel=2,
            )
        number = _Reduction.get_enum("sum" if reduction == "batchmean" else reduction)
    result = torch.kl_div(input, target, number, log_target=log_target)
    if reduction == "batchmean" and input.dim() != 0:
        result = result / input.size(0)
    return result


_override.make_overridable(globals())


def __getattr__(name: str) -> Callable:
    place = torch if name in _OPS_OF_TORCH else _nn if name in _OPS_OF_NN else None
    op = getattr(place, name, None)
    if op is None:
        raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
    globals()[name] = op
    return op
