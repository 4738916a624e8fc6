"""Functions of images beyond what one sample of one op shows: memory order, signatures, and who keeps what."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conftest import is_ours

_IMAGES = "x = torch.arange(2 * 6 * 7 * 8.).reshape(2, 6, 7, 8).sin().to(memory_format=torch.channels_last)\n"
_VOLUMES = (
    "x = torch.arange(2 * 4 * 3 * 5 * 4.).reshape(2, 4, 3, 5, 4).sin().to(memory_format=torch.channels_last_3d)\n"
)


@pytest.mark.parametrize(
    "call",
    [
        "F.conv2d(x, torch.ones(4, 6, 3, 3))",
        "F.conv2d(x, torch.ones(4, 6, 1, 1), torch.ones(4))",
        "F.conv2d(x.contiguous(), torch.ones(4, 6, 3, 3).to(memory_format=torch.channels_last))",
        "F.conv2d(x, torch.ones(6, 3, 3, 3), None, 2, 1, 1, 2)",
        "F.conv_transpose2d(x, torch.ones(6, 3, 3, 3), None, 2)",
        "F.max_pool2d(x, 3, 2, 1)",
        "F.max_pool2d(x, 2, return_indices=True)[1]",
        "F.avg_pool2d(x, 3, 2, 1)",
        "F.adaptive_avg_pool2d(x, 3)",
        "F.adaptive_max_pool2d(x, 3)",
        "F.batch_norm(x, None, None, torch.ones(6), torch.ones(6), True)",
        "F.group_norm(x, 3, torch.arange(6.))",
        "F.instance_norm(x)",
        "F.interpolate(x, scale_factor=2)",
        "F.interpolate(x, size=(5, 9), mode='bilinear')",
        "F.interpolate(x, size=(5, 9), mode='bicubic')",
        "F.grid_sample(x, torch.zeros(2, 3, 3, 2), align_corners=False)",
        "F.channel_shuffle(x, 2)",
        "F.pixel_unshuffle(torch.ones(2, 3, 4, 6).to(memory_format=torch.channels_last), 2)",
        "F.relu(F.max_pool2d(F.conv2d(x, torch.ones(4, 6, 3, 3)), 2))",
    ],
)
def test_planes_keep_channels_last(both: Any, call: str) -> None:
    both(f"import torch.nn.functional as F\n{_IMAGES}y = {call}\nresult = (y.stride(), y)")


@pytest.mark.parametrize(
    "call",
    [
        "F.conv3d(x, torch.ones(4, 4, 2, 2, 2))",
        "F.max_pool3d(x, 2)",
        "F.avg_pool3d(x, 2)",
        "F.adaptive_avg_pool3d(x, 2)",
        "F.adaptive_max_pool3d(x, 2)",
        "F.batch_norm(x, None, None, torch.ones(4), torch.ones(4), True)",
        "F.interpolate(x, size=(5, 2, 3), mode='trilinear')",
    ],
)
def test_volumes_keep_channels_last(both: Any, call: str) -> None:
    both(f"import torch.nn.functional as F\n{_VOLUMES}y = {call}\nresult = (y.stride(), y)")


@pytest.mark.parametrize(
    "call",
    [
        "F.conv2d(x, w, None, 1, 1)",
        "F.conv2d(x, w[:, :, :1, :1])",
        "F.max_pool2d(x, 3, 2, 1)",
        "F.adaptive_max_pool2d(x, 3)",
        "F.batch_norm(x, None, None, training=True)",
        "F.group_norm(x, 3)",
    ],
)
def test_gradients_keep_channels_last(both: Any, call: str) -> None:
    both(
        f"import torch.nn.functional as F\n{_IMAGES}x.requires_grad_()\n"
        "w = torch.arange(4 * 6 * 9.).reshape(4, 6, 3, 3).cos().requires_grad_()\n"
        f"y = {call}\n(y * torch.arange(y.numel()).reshape(y.shape).sin()).sum().backward()\n"
        "result = (x.grad, w.grad)"
    )


def test_instance_norm_moves_running_statistics(both: Any) -> None:
    both(
        "import torch.nn.functional as F\n"
        "m, v = torch.zeros(3), torch.ones(3)\n"
        "y = F.instance_norm(torch.arange(24.).reshape(2, 3, 4).sin(), m, v, momentum=0.3)\n"
        "result = (y, m, v)"
    )


def test_embedding_max_norm_changes_the_table(both: Any) -> None:
    both(
        "import torch.nn.functional as F\n"
        "w = torch.arange(12.).reshape(4, 3).requires_grad_()\n"
        "y = F.embedding(torch.tensor([[0, 2], [2, 3]]), w, max_norm=2.0)\n"
        "z = F.embedding_bag(torch.tensor([[1, 2]]), w, max_norm=1.0, norm_type=1.0)\n"
        "(y.sum() + z.sum()).backward()\n"
        "result = (y, z, w, w.grad)"
    )


def test_dropout_of_channels_is_whole() -> None:
    x = torch.ones(3, 50, 4, 5)
    y = F.dropout2d(x, 0.5)
    flat = y.reshape(150, 20)
    assert bool((flat == flat[:, :1]).all()) and set(flat.unique().tolist()) == {0.0, 2.0}


def test_grid_sample_is_differentiable_once() -> None:
    x = torch.ones(1, 1, 2, 2, requires_grad=True)
    (g,) = torch.autograd.grad(
        F.grid_sample(x, torch.zeros(1, 1, 1, 2), align_corners=False).square().sum(), x, create_graph=True
    )
    with pytest.raises(RuntimeError):
        g.sum().backward()


def test_functions_belong_to_the_public_module() -> None:
    assert {F.max_pool2d.__module__, F.interpolate.__module__, F.dropout2d.__module__} == {"torch.nn.functional"}
    assert pickle.loads(pickle.dumps(F.interpolate)) is F.interpolate


# Parameters by name, order, kind and default; what PyTorch annotates is not part of it.
_NAMES = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d_with_indices",
    "affine_grid",
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d_with_indices",
    "grid_sample",
    "instance_norm",
    "interpolate",
    "local_response_norm",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d_with_indices",
    "max_pool2d_with_indices",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]


def test_signatures(oracle: Any) -> None:
    code = (
        "import inspect, torch.nn.functional as F\n"
        "result = [[(p.name, str(p.kind), repr(p.default)) for p in inspect.signature(getattr(F, n)).parameters.values()] "
        f"for n in {_NAMES!r}]"
    )
    (theirs,) = oracle.ask([{"code": code}])
    ours = [
        [(p.name, str(p.kind), repr(p.default)) for p in inspect.signature(getattr(F, n)).parameters.values()]
        for n in _NAMES
    ]
    from wire import decode

    wanted = decode(theirs[1])
    for name, mine, other in zip(_NAMES, ours, wanted):
        assert [tuple(p) for p in other] == mine, name


@pytest.mark.skipif(not is_ours(), reason="PyTorch rounds in between, or lacks the dtype")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, g: F.grid_sample(x, g, "bilinear", "reflection", False),
        lambda x, g: F.grid_sample(x, g, "bicubic", "border", True),
        lambda x, g: F.grid_sample(x, g, "nearest", "zeros", True),
        lambda x, g: F.conv_transpose2d(x, x[:, :, :3, :3].transpose(0, 1), None, 2, 1),
        lambda x, g: F.interpolate(x, size=(9, 4), mode="bicubic", antialias=True),
        lambda x, g: F.avg_pool3d(x.unsqueeze(0), 2),
    ],
)
def test_reduced_floats_are_rounded_once(call: Any, dtype: torch.dtype) -> None:
    """Results are those of float32 arithmetic on the same values, rounded at the end."""
    torch.manual_seed(1)
    x, g = torch.randn(3, 3, 6, 7).to(dtype), (torch.rand(3, 4, 5, 2) * 2.4 - 1.2).to(dtype)
    assert torch.equal(call(x, g), call(x.float(), g.float()).to(dtype))
