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
from torch.nn.functional._attention import (  # noqa: F401
    _canonical_mask,
    _in_projection_packed,
    _mha_shape_check,
    multi_head_attention_forward,
)
from torch.nn.functional._dropout import (  # noqa: F401
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from torch.nn.functional._grouped import grouped_mm  # noqa: F401
from torch.nn.functional._linear_cross_entropy import linear_cross_entropy  # noqa: F401
from torch.nn.functional._losses import (  # noqa: F401
    cosine_embedding_loss,
    ctc_loss,
    gaussian_nll_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    poisson_nll_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from torch.nn.functional._pooling import (  # noqa: F401
    _unpool_output_size,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from torch.nn.functional._resampling import (  # noqa: F401
    affine_grid,
    fold,
    grid_sample,
    interpolate,
    unfold,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)
from torch.nn.functional._sparse import (  # noqa: F401
    _no_grad_embedding_renorm_,
    embedding,
    embedding_bag,
)

# Functions are pickled by the name of their module, which is this one for everybody.
for _function in list(globals().values()):
    if getattr(_function, "__module__", "").startswith(__name__ + "."):
        _function.__module__ = __name__
del _function

_nn = _C._nn
_Tensor = torch.Tensor

# Whether cuDNN is used is for the device's kernels to say, which know torch.backends.cudnn.enabled.
_MAY_USE_CUDNN = True

# Straight through to the core: one Python call less.
linear = _nn.linear
conv2d = torch.conv2d
relu_ = torch.relu_
softplus = _nn.softplus
gelu = _nn.gelu
logsigmoid = _nn.log_sigmoid

# Ops of the core that have the same name here, by the place where they are.
_OPS_OF_TORCH = frozenset(
    (
        "adaptive_avg_pool1d avg_pool1d bilinear celu_ channel_shuffle conv1d conv3d conv_tbc "
        "conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity hardshrink "
        "native_channel_shuffle pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu rrelu_ selu_ threshold_"
    ).split()
)
_OPS_OF_NN = frozenset(
    ("avg_pool2d avg_pool3d elu_ hardtanh_ leaky_relu_ one_hot scaled_dot_product_attention softshrink").split()
)


# ---- activations -------------------------------------------------------------------------------------------------


def relu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``max(0, x)``. See :class:`~torch.nn.ReLU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.relu(x)
        tensor([0., 0., 2.])
    """
    return torch.relu_(input) if inplace else torch.relu(input)


def threshold(input: torch.Tensor, threshold: float, value: float, inplace: bool = False) -> torch.Tensor:
    """Replace elements not greater than ``threshold`` by ``value``. See :class:`~torch.nn.Threshold`.

    Example:

        >>> x = torch.tensor([-1.0, 0.5, 2.0])
        >>> torch.nn.functional.threshold(x, 1.0, 0.0)
        tensor([0., 0., 2.])
    """
    return (torch.threshold_ if inplace else torch.threshold)(input, threshold, value)


def sigmoid(input: torch.Tensor) -> torch.Tensor:
    """Compute ``1 / (1 + exp(-x))``. See :class:`~torch.nn.Sigmoid`.

    Example:

        >>> torch.nn.functional.sigmoid(torch.tensor([0.0, 100.0]))
        tensor([0.5000, 1.0000])
    """
    return torch.sigmoid(input)


def tanh(input: torch.Tensor) -> torch.Tensor:
    """Compute the hyperbolic tangent. See :class:`~torch.nn.Tanh`.

    Example:

        >>> torch.nn.functional.tanh(torch.tensor([0.0, 100.0]))
        tensor([0., 1.])
    """
    return torch.tanh(input)


def hardtanh(input: torch.Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Limit elements to ``[min_val, max_val]``. See :class:`~torch.nn.Hardtanh`.

    Example:

        >>> x = torch.tensor([-2.0, 0.5, 3.0])
        >>> torch.nn.functional.hardtanh(x)
        tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, min_val, max_val)


def relu6(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Limit elements to ``[0, 6]``. See :class:`~torch.nn.ReLU6`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 20.0])
        >>> torch.nn.functional.relu6(x)
        tensor([0., 0., 6.])
    """
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, 0.0, 6.0)


def elu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Compute ``x`` where positive, else ``alpha * (exp(x) - 1)``. See :class:`~torch.nn.ELU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.elu(x)
        tensor([-0.6321,  0.0000,  2.0000])
    """
    return (_nn.elu_ if inplace else _nn.elu)(input, alpha)


def celu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Compute ``max(0, x) + min(0, alpha * (exp(x / alpha) - 1))``.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.celu(x, alpha=0.5)
        tensor([-0.4323,  0.0000,  2.0000])
    """
    return (torch.celu_ if inplace else torch.celu)(input, alpha)


def selu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute the scaled exponential linear unit.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.selu(x)
        tensor([-1.1113,  0.0000,  2.1014])
    """
    return torch.selu_(input) if inplace else torch.selu(input)


def rrelu(
    input: torch.Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> torch.Tensor:
    """Multiply elements that are not positive by a slope, drawn from ``[lower, upper)`` in training.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.rrelu(x)
        tensor([-0.2292,  0.0000,  2.0000])
    """
    return (torch.rrelu_ if inplace else torch.rrelu)(input, lower, upper, training)


def leaky_relu(input: torch.Tensor, negative_slope: float = 0.01, inplace: bool = False) -> torch.Tensor:
    """Compute ``x`` where positive, else ``negative_slope * x``. See :class:`~torch.nn.LeakyReLU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.leaky_relu(x, 0.1)
        tensor([-0.1000,  0.0000,  2.0000])
    """
    return (_nn.leaky_relu_ if inplace else _nn.leaky_relu)(input, negative_slope)


def silu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * sigmoid(x)``. See :class:`~torch.nn.SiLU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.silu(x)
        tensor([-0.2689,  0.0000,  1.7616])
    """
    return (_nn.silu_ if inplace else _nn.silu)(input)


def mish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * tanh(softplus(x))``. See :class:`~torch.nn.Mish`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.mish(x)
        tensor([-0.3034,  0.0000,  1.9440])
    """
    return (_nn.mish_ if inplace else _nn.mish)(input)


def hardswish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * relu6(x + 3) / 6``. See :class:`~torch.nn.Hardswish`.

    Example:

        >>> x = torch.tensor([-4.0, -1.0, 4.0])
        >>> torch.nn.functional.hardswish(x)
        tensor([-0.0000, -0.3333,  4.0000])
    """
    return (_nn.hardswish_ if inplace else _nn.hardswish)(input)


def hardsigmoid(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``relu6(x + 3) / 6``. See :class:`~torch.nn.Hardsigmoid`.

    Example:

        >>> x = torch.tensor([-4.0, 0.0, 4.0])
        >>> torch.nn.functional.hardsigmoid(x)
        tensor([0.0000, 0.5000, 1.0000])
    """
    return (_nn.hardsigmoid_ if inplace else _nn.hardsigmoid)(input)


def glu(input: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Multiply the first half along ``dim`` by the sigmoid of the second. See :class:`~torch.nn.GLU`.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 0.0, 0.0])
        >>> torch.nn.functional.glu(x)
        tensor([0.5000, 1.0000])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _nn.glu(input, dim)


def softsign(input: torch.Tensor) -> torch.Tensor:
    """Compute ``x / (1 + |x|)``.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 3.0])
        >>> torch.nn.functional.softsign(x)
        tensor([-0.5000,  0.0000,  0.7500])
    """
    return input / (input.abs() + 1)


def tanhshrink(input: torch.Tensor) -> torch.Tensor:
    """Compute ``x - tanh(x)``.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 3.0])
        >>> torch.nn.functional.tanhshrink(x)
        tensor([-0.2384,  0.0000,  2.0049])
    """
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

    Example:

        >>> x = torch.tensor([1.0, 2.0, 3.0])
        >>> torch.nn.functional.softmax(x, dim=0)
        tensor([0.0900, 0.2447, 0.6652])
    """
    if dim is None:
        dim = _get_softmax_dim("softmax", input.dim(), _stacklevel)
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)


def softmin(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute the softmax of ``-input`` along ``dim``; the arguments are those of :func:`softmax`.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 3.0])
        >>> torch.nn.functional.softmin(x, dim=0)
        tensor([0.6652, 0.2447, 0.0900])
    """
    if dim is None:
        dim = _get_softmax_dim("softmin", input.dim(), _stacklevel)
    return softmax(-input, dim, dtype=dtype)


def log_softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute the logarithm of the softmax along ``dim``; the arguments are those of :func:`softmax`.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 3.0])
        >>> torch.nn.functional.log_softmax(x, dim=0)
        tensor([-2.4076, -1.4076, -0.4076])
    """
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

    Example:

        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.gumbel_softmax(torch.zeros(2, 3), hard=True).sum(1)
        tensor([1., 1.])
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

    Example:

        >>> x = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
        >>> torch.nn.functional.batch_norm(x, None, None, training=True)
        tensor([[-1.0000, -1.0000],
                [ 1.0000,  1.0000]])
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
    """Normalize over the last dimensions, whose sizes are ``normalized_shape``. See :class:`~torch.nn.LayerNorm`.

    Example:

        >>> x = torch.tensor([[1.0, 2.0, 3.0]])
        >>> torch.nn.functional.layer_norm(x, (3,))
        tensor([[-1.2247,  0.0000,  1.2247]])
    """
    return torch.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: torch.Tensor, normalized_shape: Any, weight: torch.Tensor | None = None, eps: float | None = None
) -> torch.Tensor:
    """Divide by the root of the mean square over the last dimensions. See :class:`~torch.nn.RMSNorm`.

    Example:

        >>> x = torch.tensor([[3.0, 4.0]])
        >>> torch.nn.functional.rms_norm(x, (2,))
        tensor([[0.8485, 1.1314]])
    """
    return torch.rms_norm(input, normalized_shape, weight, eps)


def group_norm(
    input: torch.Tensor,
    num_groups: int,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each sample over each of ``num_groups`` groups of channels.

    Example:

        >>> x = torch.tensor([[1.0, 2.0, 30.0, 40.0]])
        >>> torch.nn.functional.group_norm(x, 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    size = input.size()
    _verify_batch_size([size[0] * size[1] // num_groups, num_groups, *size[2:]])
    return torch.group_norm(input, num_groups, weight, bias, eps, _MAY_USE_CUDNN)


def _verify_spatial_size(size: Any) -> None:
    if math.prod(size[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")


def instance_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None = None,
    running_var: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Normalize each channel of each sample. See :class:`~torch.nn.InstanceNorm1d`.

    Args:
        input: of shape (N, C, ...).
        running_mean, running_var: statistics of shape (C); moved towards the input's, or used instead of them.
        weight, bias: scale and shift, of shape (C).
        use_input_stats: use the input's statistics rather than the running ones. Default: ``True``
        momentum: weight of the input in the running statistics. Default: 0.1
        eps: added to the variance. Default: 1e-5

    Example:

        >>> x = torch.tensor([[[1.0, 2.0, 3.0]]])
        >>> torch.nn.functional.instance_norm(x)
        tensor([[[-1.2247,  0.0000,  1.2247]]])
    """
    if use_input_stats:
        _verify_spatial_size(input.size())
    return torch.instance_norm(
        input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, _MAY_USE_CUDNN
    )


def local_response_norm(
    input: torch.Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> torch.Tensor:
    """Divide by a power of the mean square over ``size`` channels around. See :class:`~torch.nn.LocalResponseNorm`.

    Example:

        >>> x = torch.ones(1, 3, 2)
        >>> torch.nn.functional.local_response_norm(x, size=3)
        tensor([[[1.0000, 1.0000],
                 [0.9999, 0.9999],
                 [1.0000, 1.0000]]])
    """
    dims = input.dim()
    if dims < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {dims} dimensions)")
    if input.numel() == 0:
        return input
    # Channels are the rows of a plane, or the slices of a volume.
    squares = input.mul(input)
    if dims == 3:
        padded = pad(squares.unsqueeze(1), (0, 0, size // 2, (size - 1) // 2))
        mean = _nn.avg_pool2d(padded, (size, 1), 1).squeeze(1)
    else:
        n, c, h = input.shape[:3]
        padded = pad(squares.reshape(n, 1, c, h, -1), (0, 0, 0, 0, size // 2, (size - 1) // 2))
        mean = _nn.avg_pool3d(padded, (size, 1, 1), 1).squeeze(1).reshape(input.shape)
    return input / mean.mul(alpha).add(k).pow(beta)


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

    Example:

        >>> x = torch.tensor([[3.0, 4.0]])
        >>> torch.nn.functional.normalize(x)
        tensor([[0.6000, 0.8000]])
    """
    norms = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / norms if out is None else torch.div(input, norms, out=out)


# ---- padding -------------------------------------------------------------------------------------------------------


def pad(input: torch.Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> torch.Tensor:
    """Add elements at the ends of dimensions.

    Args:
        input: the tensor.
        pad: how many, as (before, after) of the last dimension, then of the last but one, and so on; negative
            numbers cut off.
        mode: ``"constant"``, ``"reflect"``, ``"replicate"`` or ``"circular"``. Default: ``"constant"``
        value: the constant. Default: 0

    Example:

        >>> x = torch.tensor([[1, 2]])
        >>> torch.nn.functional.pad(x, (1, 2))
        tensor([[0, 1, 2, 0, 0]])
        >>> torch.nn.functional.pad(torch.tensor([[1.0, 2.0, 3.0]]), (1, 1), mode="reflect")
        tensor([[2., 1., 2., 3., 2.]])
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
    first, second = torch.broadcast_tensors(input, target)
    return first, second


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
    """Compute ``(input - target)**2``. See :class:`~torch.nn.MSELoss`; ``weight`` has the shape of the input.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.mse_loss(x, torch.tensor([1.0, 4.0]))
        tensor(2.)
        >>> torch.nn.functional.mse_loss(x, torch.tensor([1.0, 4.0]), reduction="none")
        tensor([0., 4.])
    """
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
    """Compute ``|input - target|``. See :class:`~torch.nn.L1Loss`; ``weight`` has the shape of the input.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.l1_loss(x, torch.tensor([1.0, 4.0]))
        tensor(1.)
    """
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
    """Compute a squared error below ``beta`` and an absolute one above. See :class:`~torch.nn.SmoothL1Loss`.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.smooth_l1_loss(x, torch.tensor([1.5, 4.0]))
        tensor(0.8125)
    """
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
    """Compute a squared error below ``delta`` and an absolute one above. See :class:`~torch.nn.HuberLoss`.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.nn.functional.huber_loss(x, torch.tensor([1.5, 4.0]))
        tensor(0.8125)
    """
    input, target = _of_one_size(input, target)
    if weight is not None:
        loss = _weighted(_nn.huber_loss(input, target, 0, delta), weight, "none" if reduction == "mean" else reduction)
        return loss.mean() if reduction == "mean" else loss
    return _nn.huber_loss(input, target, _Reduction.get_enum(reduction), delta)


def binary_cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    """Compute the cross entropy of probabilities. See :class:`~torch.nn.BCELoss`.

    Example:

        >>> x = torch.tensor([0.9, 0.2])
        >>> torch.nn.functional.binary_cross_entropy(x, torch.tensor([1.0, 0.0]))
        tensor(0.1643)
    """
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
    """Compute the cross entropy of logits. See :class:`~torch.nn.BCEWithLogitsLoss`.

    Example:

        >>> x = torch.tensor([2.0, -1.0])
        >>> torch.nn.functional.binary_cross_entropy_with_logits(x, torch.tensor([1.0, 0.0]))
        tensor(0.2201)
    """
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
    """Compute the negative log likelihood of log-probabilities. See :class:`~torch.nn.NLLLoss`.

    Example:

        >>> x = torch.log_softmax(torch.eye(2), dim=1)
        >>> torch.nn.functional.nll_loss(x, torch.tensor([0, 1]))
        tensor(0.3133)
    """
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
    """Compute the cross entropy of unnormalized scores. See :class:`~torch.nn.CrossEntropyLoss`.

    Example:

        >>> x = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]))
        tensor(0.2201)
        >>> torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]), reduction="none")
        tensor([0.1269, 0.3133])
    """
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
    """Compute the Kullback-Leibler divergence from log-probabilities. See :class:`~torch.nn.KLDivLoss`.

    Example:

        >>> x = torch.tensor([[0.5, 0.5]]).log()
        >>> torch.nn.functional.kl_div(x, torch.tensor([[0.9, 0.1]]), reduction="batchmean")
        tensor(0.3681)
    """
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


def __dir__() -> list[str]:
    places = ((_OPS_OF_TORCH, torch), (_OPS_OF_NN, _nn))
    return sorted({*globals(), *(name for names, place in places for name in names if hasattr(place, name))})
