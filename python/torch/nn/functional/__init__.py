"""What the modules compute, as functions.

Many names here are ops of the core under their own name. Those are looked up at first use (:func:`__getattr__` at the
end), so that importing this module costs nothing and every op that the core has is found.
"""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch import _C, _override
from torch.nn import _reduction as _Reduction  # noqa: F401
from torch.nn.functional._activations import (  # noqa: F401
    _get_softmax_dim,
    celu,
    elu,
    glu,
    gumbel_softmax,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    mish,
    relu,
    relu6,
    rrelu,
    selu,
    sigmoid,
    silu,
    softmax,
    softmin,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
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
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    ctc_loss,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from torch.nn.functional._normalization import (  # noqa: F401
    _verify_batch_size,
    _verify_spatial_size,
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
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

# fmt: off
__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "affine_grid", "alpha_dropout", "avg_pool1d",
    "avg_pool2d", "avg_pool3d", "batch_norm", "bilinear", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "celu", "celu_", "channel_shuffle", "conv1d", "conv2d", "conv3d",
    "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_embedding_loss",
    "cosine_similarity", "cross_entropy", "ctc_loss", "dropout", "dropout1d", "dropout2d", "dropout3d", "elu",
    "elu_", "embedding", "embedding_bag", "feature_alpha_dropout", "fold", "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices", "fractional_max_pool3d", "fractional_max_pool3d_with_indices",
    "gaussian_nll_loss", "gelu", "glu", "grid_sample", "group_norm", "grouped_mm", "gumbel_softmax", "hardshrink",
    "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "hinge_embedding_loss", "huber_loss", "instance_norm",
    "interpolate", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "leaky_relu_", "linear",
    "linear_cross_entropy", "local_response_norm", "log_softmax", "logsigmoid", "lp_pool1d", "lp_pool2d",
    "lp_pool3d", "margin_ranking_loss", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "max_unpool1d", "max_unpool2d",
    "max_unpool3d", "mish", "mse_loss", "multi_head_attention_forward", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "native_channel_shuffle", "nll_loss", "normalize",
    "one_hot", "pad", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss",
    "prelu", "relu", "relu6", "relu_", "rms_norm", "rrelu", "rrelu_", "scaled_dot_product_attention", "selu",
    "selu_", "sigmoid", "silu", "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin", "softplus",
    "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_", "triplet_margin_loss",
    "triplet_margin_with_distance_loss", "unfold", "upsample", "upsample_bilinear", "upsample_nearest",
]
# fmt: on

# Functions are pickled by the name of their module, which is this one for everybody.
for _function in list(globals().values()):
    if getattr(_function, "__module__", "").startswith(__name__ + "."):
        _function.__module__ = __name__
del _function

_nn = _C._nn

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
