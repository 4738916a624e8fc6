"""Results do not depend on the number of threads, bit for bit."""

from __future__ import annotations

from typing import Callable

import pytest
import torch

F = torch.nn.functional


def conv(x: torch.Tensor) -> torch.Tensor:
    images = x.reshape(6, 4, -1)[:, :, : 50 * 50].reshape(6, 4, 50, 50)
    return F.conv2d(images, x.reshape(-1)[: 8 * 4 * 9].reshape(8, 4, 3, 3), padding=1)


def conv_tiles(x: torch.Tensor) -> torch.Tensor:
    """With enough channels for transformed tiles, and gradients by both operands."""
    images, weight = x.reshape(-1)[: 2 * 32 * 100 * 100].reshape(2, 32, 100, 100), x.reshape(-1)[: 32 * 32 * 9]
    return F.conv2d(images, weight.reshape(32, 32, 3, 3), padding=1)


def conv_strided(x: torch.Tensor) -> torch.Tensor:
    images, weight = x.reshape(-1)[: 2 * 32 * 100 * 100].reshape(2, 32, 100, 100), x.reshape(-1)[: 32 * 32 * 9]
    return F.conv2d(images, weight.reshape(32, 32, 3, 3), stride=2)


def conv_depthwise(x: torch.Tensor) -> torch.Tensor:
    images, weight = x.reshape(-1)[: 2 * 32 * 100 * 100].reshape(2, 32, 100, 100), x.reshape(-1)[: 32 * 9]
    return F.conv2d(images, weight.reshape(32, 1, 3, 3), stride=2, groups=32)


def gradient(function: Callable) -> Callable:
    def run(x: torch.Tensor) -> torch.Tensor:
        leaf = x.clone().requires_grad_()
        result = function(leaf)
        result.backward(torch.linspace(-1, 1, result.numel(), dtype=result.dtype).reshape(result.shape))
        return leaf.grad

    return run


def batch_norm(x: torch.Tensor) -> torch.Tensor:
    return F.batch_norm(x.reshape(8, 6, -1), None, None, training=True)


# Of a matrix of 600 x 1200; each is long enough to be cut into pieces.
OPERATIONS: dict[str, Callable] = {
    "sum": lambda x: x.sum(),
    "sum dim 0": lambda x: x.sum(0),
    "sum dim 1": lambda x: x.sum(1),
    "sum of columns": lambda x: x.T.sum(1),
    "sum, every other": lambda x: x[:, ::2].sum(),
    "mean": lambda x: x.mean(),
    "var": lambda x: x.var(),
    "var dim 0": lambda x: x.var(0),
    "std dim 1": lambda x: x.std(1),
    "norm": lambda x: x.norm(),
    "norm dim 0": lambda x: x.norm(dim=0),
    "3-norm": lambda x: x.norm(3),
    "prod dim 1": lambda x: (1 + x / 1e3).prod(1),
    "logsumexp": lambda x: x.logsumexp((0, 1)),
    "logsumexp dim 0": lambda x: x.logsumexp(0),
    "softmax": lambda x: x.softmax(1),
    "softmax dim 0": lambda x: x.softmax(0),
    "log_softmax, gradient": gradient(lambda x: x.log_softmax(1)),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.arange(600)),
    "layer_norm": lambda x: F.layer_norm(x, (1200,)),
    "layer_norm, gradient": gradient(lambda x: F.layer_norm(x, (1200,))),
    "batch_norm": batch_norm,
    "batch_norm, gradient": gradient(batch_norm),
    "group_norm": lambda x: F.group_norm(x.reshape(6, 4, -1), 2),
    "cumsum": lambda x: x.cumsum(0),
    "matmul": lambda x: x @ x.T,
    "matmul, one column": lambda x: x @ x[0],
    "dot": lambda x: torch.dot(x.reshape(-1), x.reshape(-1).flip(0)),
    "bmm": lambda x: torch.bmm(x.reshape(8, 75, 1200), x.reshape(8, 1200, 75)),
    "conv2d": conv,
    "conv2d, gradient": gradient(conv),
    "conv2d, many channels": conv_tiles,
    "conv2d, many channels, gradient": gradient(conv_tiles),
    "conv2d, strided, gradient": gradient(conv_strided),
    "conv2d, depthwise, gradient": gradient(conv_depthwise),
    "mse_loss": lambda x: F.mse_loss(x, x.flip(0)),
    "exp": torch.exp,
    "index_add": lambda x: torch.zeros(7, 1200, dtype=x.dtype).index_add_(0, torch.arange(600) % 7, x),
    "embedding, gradient": gradient(lambda x: F.embedding(torch.arange(5000) % 11, x)),
}


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_threads(name: str, dtype: torch.dtype) -> None:
    x = torch.randn(600, 1200, dtype=dtype, generator=torch.Generator().manual_seed(3))
    before = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3, 8):
            torch.set_num_threads(count)
            results.append(OPERATIONS[name](x))
    finally:
        torch.set_num_threads(before)
    for result in results[1:]:
        assert torch.equal(result, results[0])
