"""The op table and the records belong together: every op has a record, every form of the table exists."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from . import catalogue

TABLE = catalogue.table()
TESTS = Path(__file__).resolve().parent.parent
needs_table = pytest.mark.skipif(TABLE is None, reason="the reference stands in: it has no op table")

# Known by name only (torch.ops.aten.NAME), in PyTorch as well.
BOXED_ONLY = ("unique_dim", "unique_dim_consecutive", "unique_consecutive", "alias", "index", "slice")

# The ops of this stage, by public name; each must be reachable as torch.NAME, F.NAME or Tensor.NAME.
REQUIRED = """
empty zeros ones full arange linspace eye empty_like zeros_like ones_like full_like tensor new_empty new_zeros new_ones new_full new_tensor
add sub mul div pow neg abs sign exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh cosh tanh
asinh acosh atanh sigmoid erf erfc lgamma digamma floor ceil round trunc frac remainder fmod floor_divide maximum minimum fmax fmin atan2 hypot
logaddexp copysign eq ne lt le gt ge isnan isinf isfinite logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor
bitwise_not bitwise_left_shift bitwise_right_shift clamp clamp_min clamp_max where lerp addcmul addcdiv relu leaky_relu elu gelu silu softplus
hardtanh threshold logsigmoid nan_to_num masked_fill real imag conj angle
sum mean prod max min amax amin argmax argmin all any var std var_mean norm logsumexp count_nonzero cumsum cumprod
view reshape transpose permute t squeeze unsqueeze expand flatten unflatten select narrow diagonal unbind split chunk as_strided movedim swapaxes
view_as_real view_as_complex detach unfold
cat stack hstack vstack flip roll repeat tile repeat_interleave tril triu diag
gather scatter scatter_add index_select index_add index_fill index_copy masked_select nonzero take_along_dim take sort argsort topk
mm bmm matmul addmm mv dot outer baddbmm einsum linear
conv2d conv1d max_pool2d avg_pool2d adaptive_avg_pool2d batch_norm layer_norm group_norm softmax log_softmax embedding dropout mse_loss l1_loss
smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits nll_loss cross_entropy pad one_hot
rand randn randint randperm rand_like randn_like bernoulli multinomial normal_ uniform_ bernoulli_ random_ exponential_
""".split()


@pytest.mark.parametrize("name", REQUIRED)
def test_required_op_exists(name: str) -> None:
    import torch.nn.functional as F

    assert any(hasattr(place, name) for place in (torch, F, torch.Tensor)), f"{name} is missing"


@pytest.mark.parametrize("name", REQUIRED)
def test_required_op_has_record(name: str) -> None:
    assert any(op.name == name for op in catalogue.records()), f"{name} has no record in tests/ops/samples_*.py"


@needs_table
def test_every_op_has_a_record() -> None:
    known = {name for op in catalogue.records() for name in (op.name, *op.covers)}
    known |= {name.rstrip("_") for name in known if not name.endswith("__")}
    known |= {
        name for name, public in catalogue.INTERNAL.items() if public in known or (TESTS.parent / public).is_dir()
    }
    bare = sorted({entry["base"].rstrip("_") if entry["inplace"] else entry["base"] for entry in TABLE or ()} - known)
    assert not bare, f"{len(bare)} ops have no record in tests/ops/samples_*.py: {' '.join(bare)}"


@needs_table
def test_table_is_well_formed() -> None:
    names = [entry["name"] for entry in TABLE or ()]
    assert len(names) == len(set(names))
    for entry in TABLE or ():
        assert entry["name"].partition(".")[0] == entry["base"]
        assert entry["schema"].startswith(entry["name"] + "("), entry["schema"]
        assert " -> " in entry["schema"]
        assert entry["inplace"] == (entry["base"].endswith("_") and not entry["base"].endswith("__")), entry
        assert isinstance(entry["differentiable"], bool) and isinstance(entry["composite"], bool)


@needs_table
def test_forms_exist() -> None:
    """Public ops are reachable from Python, in-place ones as methods."""
    import torch.nn.functional as F

    missing = []
    for entry in TABLE or ():
        base = entry["base"]
        if base.startswith("_") or base in catalogue.INTERNAL or entry["n_out"] or base in BOXED_ONLY:
            continue
        if base.startswith("linalg_") and hasattr(torch.linalg, base.removeprefix("linalg_")):
            continue
        places = (torch, F, torch.Tensor, torch._C._nn, torch._C._fft, torch._C._special)
        if not any(hasattr(place, base) for place in places):
            missing.append(base)
    assert not missing, sorted(set(missing))


@needs_table
def test_boxed_call_by_name() -> None:
    x = torch.tensor([1.0, 2.0])
    assert torch.ops.aten.add.Tensor(x, x, alpha=2).tolist() == [3.0, 6.0]
    assert torch.ops.aten.mul(x, x).tolist() == [1.0, 4.0]
