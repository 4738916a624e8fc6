"""Layers, losses and functions against the oracle: results, gradients, texts, and weights drawn from one seed."""

from __future__ import annotations

from typing import Any

import pytest

PRELUDE = """
import warnings
import torch.nn as nn
import torch.nn.functional as F

def attempt(f):
    try:
        return f()
    except Exception as e:
        return (type(e).__name__, str(e))

torch.manual_seed(11)
"""

SNIPPETS = {
    "embedding": "e = nn.Embedding(7, 3, padding_idx=-2); i = torch.tensor([[1, 5, 2], [5, 0, 1]]); o = e(i); (o * torch.arange(18.).reshape(2, 3, 3)).sum().backward(); result = (repr(e), e.weight, o, e.weight.grad)",
    "embedding by frequency": "e = nn.Embedding(5, 2, scale_grad_by_freq=True); e(torch.tensor([1, 1, 3])).sum().backward(); result = (repr(e), e.weight.grad)",
    "embedding max_norm": "e = nn.Embedding(4, 3, max_norm=1.0); o = e(torch.tensor([0, 2, 2])); result = (repr(e), e.weight, o)",
    "embedding from_pretrained": "e = nn.Embedding.from_pretrained(torch.arange(6.).reshape(3, 2)); result = (e(torch.tensor([2, 0])), e.weight.requires_grad, repr(e), attempt(lambda: nn.Embedding.from_pretrained(torch.ones(2)))[0])",
    "embedding errors": "result = (attempt(lambda: nn.Embedding(3, 2, padding_idx=3)), attempt(lambda: nn.Embedding(3, 2, _weight=torch.ones(2, 2)))[0], attempt(lambda: nn.Embedding(3, 2)(torch.tensor([3])))[0], attempt(lambda: nn.Embedding(3, 2)(torch.tensor([0.5])))[0])",
    "conv padding modes": "x = torch.randn(1, 2, 5, 6); result = [(repr(c), c(x)) for m in ('reflect', 'replicate', 'circular') for c in [nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode=m)]]",
    "conv errors": "result = [attempt(f) for f in (lambda: nn.Conv2d(3, 4, 3, groups=2), lambda: nn.Conv2d(4, 3, 3, groups=2), lambda: nn.Conv2d(4, 3, 3, groups=0), lambda: nn.Conv2d(1, 1, 3, padding='same', stride=2))] + [attempt(lambda: nn.Conv2d(1, 1, 3, padding_mode='x'))[0]]",
    "batch norm running": "b = nn.BatchNorm1d(3); [b(torch.randn(4, 3)) for _ in range(3)]; a = b.state_dict(); b.reset_running_stats(); result = (a, b.state_dict())",
    "batch norm errors": "result = (attempt(lambda: nn.BatchNorm2d(3)(torch.ones(2, 3))), attempt(lambda: nn.BatchNorm1d(3)(torch.ones(3))), attempt(lambda: nn.BatchNorm1d(3)(torch.ones(1, 3))), attempt(lambda: nn.BatchNorm2d(3)(torch.ones(2, 4, 2, 2)))[0], attempt(lambda: nn.BatchNorm3d(3)(torch.ones(2, 3))))",
    "batch norm loads old state": "b = nn.BatchNorm1d(2); s = b.state_dict(); del s['num_batches_tracked']; s._metadata['']['version'] = 1; result = str(b.load_state_dict(s))",
    "dropout errors": "result = (attempt(lambda: nn.Dropout(1.5)), attempt(lambda: F.dropout(torch.ones(1), -0.1)))",
    "in-place activations": "result = []\nfor m in (nn.ReLU(True), nn.ReLU6(True), nn.SiLU(True), nn.LeakyReLU(0.1, True), nn.ELU(1.0, True), nn.Hardtanh(inplace=True), nn.Threshold(0, 1, True), nn.Dropout(0.5, True)):\n    x = torch.randn(6); y = m(x); result.append((repr(m), y, y is x))",
    "hardtanh errors": "result = (attempt(lambda: nn.Hardtanh(1, 0))[0], attempt(lambda: F.hardtanh(torch.ones(1), 1, 0)))",
    "unflatten errors": "result = [attempt(f) for f in (lambda: nn.Unflatten(1, 3), lambda: nn.Unflatten(1, (2, 'a')))]",
    "init weights": "result = [[p for p in m.parameters()] for m in (nn.Linear(7, 5), nn.Conv2d(3, 5, 3), nn.Conv1d(3, 5, 3, groups=1), nn.Embedding(9, 4), nn.Bilinear(2, 3, 4), nn.LayerNorm(3), nn.Linear(100, 50))]",
    "init functions": """
from torch.nn import init
def fill(f, *shape):
    torch.manual_seed(5)
    t = torch.empty(*shape)
    r = f(t)
    return (t, r is t, torch.rand(1))
result = [fill(f, 6, 5) for f in (init.uniform_, lambda t: init.uniform_(t, -2, 3), init.normal_, lambda t: init.normal_(t, 1, 2), lambda t: init.constant_(t, 3), init.ones_, init.zeros_, init.eye_, init.xavier_uniform_, lambda t: init.xavier_uniform_(t, 2.0), init.xavier_normal_, init.kaiming_uniform_, lambda t: init.kaiming_uniform_(t, mode='fan_out', nonlinearity='relu'), init.kaiming_normal_, lambda t: init.kaiming_normal_(t, 0.3, 'fan_out', 'tanh'))]
result += [fill(f, 4, 6, 3, 3) for f in (init.xavier_uniform_, init.kaiming_normal_, init.dirac_, lambda t: init.dirac_(t, 2))]
""",
    "init trunc_normal_": "result = []\nfor args in ((), (0.1, 0.5, -0.4, 0.9), (0, 1, -0.1, 0.1), (3.0, 0.5, 3.6, 4.0), (-2.0, 0.3, -1.95, -1.9), (0, 1, 2.5, 3)):\n    t = torch.empty(50); torch.nn.init.trunc_normal_(t, *args); result.append((t, torch.rand(1)))",
    "init sparse_": "t = torch.empty(6, 4); torch.nn.init.sparse_(t, 0.4); result = (t, torch.rand(1))",
    "init generator": "g = torch.Generator().manual_seed(4); t = torch.empty(3, 2); torch.nn.init.kaiming_uniform_(t, generator=g); u = torch.empty(3); torch.nn.init.normal_(u, generator=g); result = (t, u)",
    "init gains": "from torch.nn import init; result = [init.calculate_gain(n) for n in ('linear', 'conv2d', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'selu')] + [init.calculate_gain('leaky_relu', 0.5), attempt(lambda: init.calculate_gain('x')), attempt(lambda: init.calculate_gain('leaky_relu', 'a')), attempt(lambda: init.calculate_gain('leaky_relu', True))]",
    "init errors": "from torch.nn import init; t = torch.empty(3); result = [attempt(f) for f in (lambda: init.xavier_uniform_(t), lambda: init.eye_(t), lambda: init.dirac_(t), lambda: init.kaiming_uniform_(torch.empty(2, 2), mode='x'), lambda: init.orthogonal_(t), lambda: init.sparse_(t, 0.1), lambda: init.dirac_(torch.empty(3, 2, 2), 2))]",
    "init without gradient": "p = nn.Parameter(torch.ones(2, 2)); nn.init.normal_(p); result = (p.grad_fn, p.requires_grad, nn.init.kaiming_uniform_(torch.empty(0, 3)).shape)",
    "init deprecated": "result = (nn.init.constant(torch.empty(2), 3.0), nn.init.uniform.__name__)",
    "clip_grad_norm_": "ps = [nn.Parameter(torch.ones(n)) for n in (2, 3)]; result = []\nfor kind in (2.0, 1, float('inf')):\n    for p in ps: p.grad = torch.arange(1.0, p.numel() + 1)\n    result.append((nn.utils.clip_grad_norm_(ps, 1.5, kind), [p.grad for p in ps]))",
    "clip_grad_norm_ small": "p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2); result = (nn.utils.clip_grad_norm_(p, 10.0), p.grad, nn.utils.clip_grad_norm_([nn.Parameter(torch.ones(1))], 1.0))",
    "clip_grad_norm_ nonfinite": "p = nn.Parameter(torch.ones(2)); p.grad = torch.tensor([1.0, float('nan')]); result = (attempt(lambda: nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)), nn.utils.clip_grad_norm_([p], 1.0), p.grad)",
    "clip_grad_value_": "p = nn.Parameter(torch.ones(3)); p.grad = torch.tensor([-2.0, 0.3, 5.0]); nn.utils.clip_grad_value_([p], 1.0); result = p.grad",
    "get_total_norm": "result = (nn.utils.get_total_norm([torch.ones(2), torch.ones(2, 3)]), nn.utils.get_total_norm([]), nn.utils.get_total_norm(torch.ones(4), 1))",
    "parameter vectors": "m = nn.Linear(2, 3); v = nn.utils.parameters_to_vector(m.parameters()); nn.utils.vector_to_parameters(torch.arange(9.), m.parameters()); result = (v, m.weight, m.bias, type(m.weight).__name__, attempt(lambda: nn.utils.vector_to_parameters([1.0], m.parameters())))",
    "normalize": "x = torch.randn(3, 4); result = (F.normalize(x), F.normalize(x, p=1, dim=0), F.normalize(torch.zeros(2, 2)))",
    "pad": "x = torch.arange(6.).reshape(1, 2, 3); result = (F.pad(x, (1, 2)), F.pad(x, (1, 0, 0, 1), value=7.0), F.pad(x, (-1, 0)), F.pad(x, (1, 1), mode='reflect'), F.pad(x, (1, 1), mode='replicate'), F.pad(x, (1, 1), mode='circular'))",
    "one_hot": "result = (F.one_hot(torch.tensor([0, 2, 1])), F.one_hot(torch.tensor([[1]]), 4))",
    "max_pool2d indices": "x = torch.randn(1, 2, 4, 5); result = (F.max_pool2d(x, 2, return_indices=True), nn.MaxPool2d(2, return_indices=True)(x), F.max_pool2d_with_indices(x, 3, 1))",
    "softmax dtype": "x = torch.arange(3); result = (F.softmax(x, 0, dtype=torch.float64), F.log_softmax(x, 0, dtype=torch.float32), F.softmin(x, 0, dtype=torch.float32))",
    "gumbel_softmax": "x = torch.randn(3, 4); result = (F.gumbel_softmax(x, 0.5), F.gumbel_softmax(x, hard=True, dim=0))",
    "weight that is no parameter": "l = nn.Linear(2, 2); del l.weight; l.weight = torch.eye(2) * 3; l.bias = None; result = l(torch.ones(1, 2))",
    "module constants": "result = (nn.MSELoss.__constants__, nn.Conv2d.__constants__, nn.CrossEntropyLoss.__constants__)",
}

LOSS_ERRORS = "result = [attempt(f) for f in (lambda: F.mse_loss(torch.ones(1), torch.ones(1), reduction='x'), lambda: F.binary_cross_entropy(torch.ones(2), torch.ones(3)), lambda: F.binary_cross_entropy_with_logits(torch.ones(2), torch.ones(3)), lambda: F.mse_loss(torch.ones(2), torch.ones(2), weight=torch.ones(3)))] + [nn.MSELoss(size_average=False).reduction, nn.MSELoss(reduce=False).reduction, nn.KLDivLoss(reduction='batchmean')(torch.ones(2, 3), torch.ones(2, 3)), F.mse_loss(torch.ones(2), torch.zeros(2), weight=torch.tensor([1.0, 3.0])), F.l1_loss(torch.ones(2), torch.zeros(2), weight=torch.tensor([1.0, 3.0]), reduction='sum'), F.huber_loss(torch.ones(2), torch.zeros(2), weight=torch.tensor([1.0, 3.0]), reduction='none')]"


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name], strides=False, scale=2.0)


def test_loss_errors(both: Any) -> None:
    both(PRELUDE + LOSS_ERRORS)
