"""All records, the op table, and what is asked of either."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any, Optional

import torch
import wire

from .records import Op

# Family -> the module of its records, samples_FAMILY.py.
FAMILIES = {
    path.stem.partition("_")[2]: importlib.import_module(f".{path.stem}", __package__)
    for path in sorted(Path(__file__).parent.glob("samples_*.py"))
}

# Internal ops of the table and the public op whose record runs each of them: forward helpers by the samples,
# backward helpers by the gradients and second gradients.  "tests/..." names a folder that tests them instead.
INTERNAL = {
    "_attention_with_dropout": "scaled_dot_product_attention",
    "_attention_with_dropout_backward": "scaled_dot_product_attention",
    "_attention_dropout_mask": "scaled_dot_product_attention",
    "_pin_memory": "tests/core",  # raises whatever it is given: test_creation.py
    "_arange": "arange",
    "_linspace": "linspace",
    "_eye": "eye",
    "_index": "getitem",
    "_index_put": "index_put",
    "_conj_physical": "conj_physical",
    "_masked_select": "masked_select",
    "_searchsorted": "searchsorted",
    "_threshold_grad": "threshold",
    "_gelu": "gelu",
    "_gelu_tanh": "gelu",
    "_gelu_grad": "gelu",
    "_gelu_tanh_grad": "gelu",
    "_silu_grad": "silu",
    "_mish_grad": "mish",
    "_elu_grad": "elu",
    "_leaky_relu_grad": "leaky_relu",
    "_hardtanh_grad": "hardtanh",
    "_hardswish_grad": "hardswish",
    "_softplus_grad": "softplus",
    "_softmax_backward_data": "softmax",
    "_log_softmax_backward_data": "log_softmax",
    "_conv_grad_input": "conv2d",
    "_conv_grad_weight": "conv2d",
    "_max_pool_backward": "max_pool2d",
    "_avg_pool_backward": "avg_pool2d",
    "_adaptive_avg_pool_backward": "adaptive_avg_pool2d",
    "_resample": "interpolate",
    "_resample_backward": "interpolate",
    "_grid_sampler_backward": "grid_sample",
    "native_batch_norm_backward": "batch_norm",
    "native_layer_norm_backward": "layer_norm",
    "_group_norm": "group_norm",
    "_group_norm_backward": "group_norm",
    "_embedding_grad": "embedding",
    "_squared_difference": "mse_loss",
    "_scaled_difference": "mse_loss",
    "_smooth_l1": "smooth_l1_loss",
    "_huber": "huber_loss",
    "multi_margin_loss_backward": "multi_margin_loss",
    "multilabel_margin_loss_forward": "multilabel_margin_loss",
    "multilabel_margin_loss_backward": "multilabel_margin_loss",
    "_lstm_gates": "lstm",
    "_lstm_gates_backward": "lstm",
    "_gru_gates": "gru",
    "_gru_gates_backward": "gru",
    "_rnn_layer": "lstm",
    "_rnn_layer_backward": "lstm",
    "_bce": "binary_cross_entropy",
    "_bce_grad": "binary_cross_entropy",
    "_bce_logits": "binary_cross_entropy_with_logits",
    "nll_loss_nd": "nll_loss",
    "nll_loss_forward": "nll_loss",
    "nll_loss_backward": "nll_loss",
    "_div_floor": "div",
    "_div_trunc": "div",
    "_tanh_grad": "tanh",
    "_sigmoid_grad": "sigmoid",
    "_polygamma": "polygamma",
    "_rrelu_noise": "rrelu",
    "_fft_c2c": "fft_fft",
    "_fft_r2c": "fft_rfft",
    "_fft_c2r": "fft_irfft",
    "_randperm": "randperm",
    "_unsafe_view": "reshape",
    "_addr": "addr",
    "_fused_sgd": "tests/optim",
    "_fused_adam": "tests/optim",
    "_fused_adamw": "tests/optim",
    "_fused_rmsprop": "tests/optim",
    "_optimizer_step": "tests/optim",
    "_foreach_add": "tests/optim",
    **dict.fromkeys(
        """_sparse_coo_tensor_unsafe _sparse_compressed_tensor_unsafe _validate_sparse_coo_tensor_args
        _validate_sparse_compressed_args coalesce _coalesce is_coalesced _coalesced indices values _sparse_values
        _indices _values _nnz sparse_dim dense_dim crow_indices col_indices ccol_indices row_indices _to_dense
        _to_sparse _dense_to_coo _to_sparse_layout sparse_mask _sparse_mask sparse_resize sparse_resize_and_clear
        resize_as_sparse _sparse_mm _line_begins _csr_product _sparse_mm_dense _sparse_mm_sparse _sparse_addmm
        sparse_sampled_addmm hspmm smm _sparse_sum _sparse_softmax _sparse_log_softmax _spdiags""".split(),
        "tests/sparse",
    ),
}


@cache
def records() -> tuple:
    """Every record, with its family filled in and its key checked to be unique."""
    found: dict = {}
    for family, module in FAMILIES.items():
        for op in module.OPS:
            op.family = op.family or family
            assert op.key not in found, f"two records are named {op.key}; give one a variant"
            found[op.key] = op
    return tuple(found.values())


@cache
def table() -> Optional[tuple]:
    """The op table of the library under test, or None where the reference stands in for it."""
    core = getattr(torch, "_C", None)
    return tuple(core._op_table()) if hasattr(core, "_op_table") else None


@cache
def bases() -> Optional[frozenset]:
    found = table()
    return None if found is None else frozenset(entry["base"] for entry in found)


def in_scope(op: Op) -> bool:
    """Whether the library under test has this op at all: in its table, or reachable under its public name."""
    known = bases()
    if known is None:
        return True
    if known & {op.name, *op.covers}:
        return True
    try:
        wire.resolve(function(op))
    except (AttributeError, ImportError):
        return False
    return True


@cache
def in_scope_records() -> tuple:
    return tuple(op for op in records() if in_scope(op))


def function(op: Op) -> str:
    """Path of the function form of ``op`` (see :func:`wire.resolve`)."""
    return op.call or f"torch.{op.name}"


def method(op: Op) -> Optional[str]:
    """Path of the method form, if tensors have one that is not the function tested anyway."""
    path = f"Tensor.{op.name}"
    return path if path != function(op) and hasattr(torch.Tensor, op.name) else None


def inplace(op: Op) -> Optional[str]:
    if not op.inplace or op.name.endswith("_"):
        return None
    return f"Tensor.{op.name}_"


def first_tensor(sample: Any) -> bool:
    from .records import T

    return bool(sample.args) and isinstance(sample.args[0], T)
