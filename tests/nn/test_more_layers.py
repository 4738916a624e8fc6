"""Pooling, padding, resampling, lazy layers and transformers against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from test_layers import PRELUDE

SNIPPETS = {
    "unpooling": """
result = []
for d, x in ((1, torch.randn(2, 3, 7)), (2, torch.randn(2, 3, 6, 7)), (3, torch.randn(1, 2, 4, 5, 6))):
    y, at = getattr(nn, f'MaxPool{d}d')(2, return_indices=True)(x)
    u = getattr(nn, f'MaxUnpool{d}d')(2)
    result.append((repr(u), u(y, at), u(y, at, output_size=x.size()), attempt(lambda: u(y, at, output_size=[1, 1]))[0]))
""",
    "places of maxima": "m = nn.AdaptiveMaxPool2d((2, None), return_indices=True); f = nn.FractionalMaxPool2d(2, 3, return_indices=True, _random_samples=torch.full((1, 2, 2), 0.4)); x = torch.randn(1, 2, 7, 8); result = (repr(m), m(x), f(x))",
    "bags": """
result = []
x, begin = torch.tensor([1, 2, 4, 5, 4, 3]), torch.tensor([0, 2, 2])
for k in (dict(mode='sum'), dict(), dict(mode='max'), dict(mode='sum', padding_idx=4), dict(max_norm=1.0, norm_type=1.0), dict(include_last_offset=True)):
    torch.manual_seed(1); m = nn.EmbeddingBag(10, 3, **k)
    out = m(x, torch.tensor([0, 2, 6]) if 'include_last_offset' in k else begin); (out * torch.arange(out.numel()).reshape(out.shape)).sum().backward()
    result.append((repr(m), out, m.weight.grad, m(x.reshape(2, 3))))
m = nn.EmbeddingBag.from_pretrained(torch.arange(6.0).reshape(3, 2), mode='sum')
result.append((m.weight.requires_grad, m(torch.tensor([[0, 2]]), per_sample_weights=torch.tensor([[1.0, 0.5]])), [attempt(f)[0] for f in (lambda: nn.EmbeddingBag(3, 2, padding_idx=3), lambda: nn.EmbeddingBag.from_pretrained(torch.ones(3)), lambda: m(torch.tensor([0, 2])), lambda: nn.EmbeddingBag(3, 2, mode='x')(torch.tensor([[0]])))]))
""",
    "output_size": "m = nn.ConvTranspose2d(2, 3, 3, stride=3, padding=1); x = torch.randn(1, 2, 4, 5); result = (m(x, output_size=(11, 14)), m(x, output_size=[1, 3, 12, 13]), attempt(lambda: m(x, output_size=(50, 14))), attempt(lambda: m(x, output_size=(1, 2, 3))))",
    "transposed with modes": "result = [attempt(lambda: getattr(nn, f'ConvTranspose{d}d')(2, 3, 3, padding_mode='reflect')) for d in (1, 2, 3)]",
    "wrong dimensions": "x = torch.randn(2, 3); result = [attempt(lambda: f(x)) for f in (nn.CircularPad2d(1), nn.InstanceNorm2d(3), nn.CircularPad3d(1), nn.InstanceNorm3d(3), nn.BatchNorm3d(3))]",
    "wrong options": "result = [attempt(f) for f in (lambda: nn.FractionalMaxPool2d(2), lambda: nn.FractionalMaxPool2d(2, 3, 0.5), lambda: nn.FractionalMaxPool3d(2, output_ratio=2.0), lambda: nn.Dropout2d(2.0), lambda: nn.TransformerEncoderLayer(4, 2, activation='x'), lambda: nn.TransformerEncoderLayer(5, 2))]",
    "instance norm of wrong channels": "result = [attempt(lambda: nn.InstanceNorm2d(3, affine=True)(torch.randn(1, 4, 2, 2))), nn.InstanceNorm2d(3)(torch.randn(1, 4, 2, 2))]",
    "instance norm, old files": "m = nn.InstanceNorm2d(3); result = attempt(lambda: m.load_state_dict({'running_mean': torch.zeros(3), 'running_var': torch.ones(3)}))",
    "instance norm in evaluation": "m = nn.InstanceNorm1d(3, track_running_stats=True); x = torch.randn(2, 3, 5); m(x); m.eval(); result = (m(x), m(x[0]), m.state_dict())",
    "adaptive softmax": """
m = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0, head_bias=True)
x = torch.randn(6, 8, requires_grad=True); t = torch.tensor([0, 19, 5, 12, 3, 9])
out = m(x, t); out.loss.backward()
result = (repr(m), tuple(out), x.grad, [p.grad for p in m.parameters()], m.log_prob(x), m.predict(x), m.predict(x[:2] * 9), tuple(m(x[0], t[1])), [attempt(f) for f in (lambda: m(x[0], t), lambda: m(x, t[0]), lambda: m(x[:3], t), lambda: m(x, t * 3), lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 2]), lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 20, []))])
""",
    "options of linear cross entropy": """
O = nn.LinearCrossEntropyOptions
result = [repr(O()), O() == O(acc_policy='auto'), hash(O()) == hash(O())]
result += [attempt(lambda: repr(O(**k))) for k in (dict(acc_policy='x'), dict(chunking_method='x'), dict(chunking_method='aspect_ratio:0'), dict(chunking_method='aspect_ratio:4'), dict(chunking_method='aspect_ratio'), dict(batch_chunk_size=0), dict(batch_chunk_size=2.0), dict(acc_dtype=torch.int8))]
x, w, y = torch.randn(5, 3), torch.randn(4, 3), torch.tensor([0, 3, 1, 1, 2])
for o in (O(batch_chunk_size=2), O(chunking_method=None), O(batch_chunk_size=1, acc_dtype=torch.float32)):
    for k in ({}, dict(ignore_index=1), dict(reduction='none'), dict(reduction='sum', linear_bias=torch.ones(4)), dict(weight=torch.tensor([0.2, 0.3, 1, 2]))):
        a, b = (t.clone().requires_grad_() for t in (x, w))
        out = F.linear_cross_entropy(a, b, y, options=o, **k); out.sum().backward(); result.append((out, a.grad, b.grad))
result += [attempt(f) for f in (lambda: F.linear_cross_entropy(x, w, y[:2]), lambda: F.linear_cross_entropy(x, w[0], y), lambda: F.linear_cross_entropy(x[None], w, y), lambda: F.linear_cross_entropy(x, w[:, :2], y), lambda: F.linear_cross_entropy(x, w, y, linear_bias=x), lambda: F.linear_cross_entropy(x, w, torch.rand(5, 4), ignore_index=2), lambda: F.linear_cross_entropy(x[0], torch.randn(4, 2, 3), y))]
""",
    "grouped products": """
result = []
ends = lambda *e: torch.tensor(e, dtype=torch.int32)
for d in (torch.float32, torch.bfloat16):
    r = lambda *s: torch.randn(*s).to(d)
    for a, b, e in ((r(16, 8), r(3, 8, 16), ends(4, 4, 16)), (r(3, 4, 8), r(3, 8, 16), None), (r(3, 4, 8), r(8, 24), ends(8, 16, 24)), (r(8, 16), r(16, 24), ends(8, 8, 16))):
        result.append(F.grouped_mm(a, b, offs=e))
a, b = torch.randn(16, 8), torch.randn(3, 8, 16)
result += [attempt(f)[0] for f in (lambda: F.grouped_mm(a, b), lambda: F.grouped_mm(a, b, offs=ends(4, 8, 16).long()), lambda: F.grouped_mm(a, b, offs=ends(4, 8)), lambda: F.grouped_mm(a, b, offs=ends(4, 4, 16), bias=a), lambda: F.grouped_mm(a, b.double(), offs=ends(4, 4, 16)), lambda: F.grouped_mm(a[0], b, offs=ends(4, 4, 16)), lambda: F.grouped_mm(a, b[:, :7], offs=ends(4, 4, 16)), lambda: F.grouped_mm(a.double(), b.double(), offs=ends(4, 4, 16)))]
""",
    "cross map norm": "m = nn.CrossMapLRN2d(1, 0.5); x = torch.randn(1, 1, 3, 3); result = (repr(m), m(x), attempt(lambda: m(x[0])))",
    "lazy layers that load": """
sd = nn.Conv2d(2, 3, 2).state_dict(); l = nn.LazyConv2d(3, 2); l.load_state_dict(sd)
n = nn.LazyLinear(3, bias=False); b = nn.LazyBatchNorm1d()
result = (l(torch.ones(1, 2, 3, 3)), type(l).__name__, repr(n), repr(b), attempt(lambda: n.weight.shape), n.has_uninitialized_params(), sorted(b.state_dict()), n(torch.ones(2, 5)), type(n).__name__, type(n.weight).__name__, sorted(n._forward_pre_hooks), attempt(lambda: nn.Linear(2, 3).load_state_dict(nn.LazyLinear(3).state_dict()))[0])
""",
    "lazy layers copied": "import copy, pickle; l = copy.deepcopy(nn.LazyLinear(2)); torch.manual_seed(0); a = l(torch.ones(1, 3)); result = (a, repr(l), attempt(lambda: nn.LazyConv2d(4, 2, groups=4)(torch.ones(1, 3, 5, 5))), attempt(lambda: nn.LazyConv2d(4, 2)(torch.ones(3, 5))))",
    "lazy network": "m = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2)); r = repr(m); result = (r, m(torch.randn(2, 3, 6, 6)), repr(m), sorted(m.state_dict()))",
    "sync batch norm": "m = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm1d(3, affine=False))); c = nn.SyncBatchNorm.convert_sync_batchnorm(m); result = (repr(c), c[1].weight is m[1].weight, sorted(c.state_dict()), attempt(lambda: nn.SyncBatchNorm(3)(torch.ones(3))))",
    "masks of two kinds": """
m, x = nn.MultiheadAttention(8, 2), torch.randn(3, 2, 8); result = []
for a, b in ((torch.bool, torch.float32), (torch.float32, torch.bool), (torch.bool, torch.bool)):
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter('always'); out = m(x, x, x, key_padding_mask=torch.zeros(2, 3, dtype=a), attn_mask=torch.zeros(3, 3, dtype=b))
    result.append((out, sorted({str(i.message) for i in w})))
result.append(attempt(lambda: m(x, x, x, attn_mask=torch.zeros(3, 3, dtype=torch.int32))))
""",
    "masks": """
result = []
for batch_first in (False, True):
    torch.manual_seed(1)
    m = nn.Transformer(8, 2, 2, 2, 16, 0.0, batch_first=batch_first)
    s, t = torch.randn(5, 3, 8), torch.randn(4, 3, 8)
    if batch_first: s, t = s.transpose(0, 1), t.transpose(0, 1)
    causal = nn.Transformer.generate_square_subsequent_mask(4)
    padding = torch.tensor([[0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0] * 5]).bool()
    result += [causal, m(s, t, tgt_mask=causal), m(s, t, tgt_mask=causal, tgt_is_causal=True), m(s, t, src_key_padding_mask=padding, memory_key_padding_mask=padding), m(s, t, tgt_mask=causal.bool()), m(s, t, memory_mask=torch.randn(4, 5)), attempt(lambda: m(s, t[:2, :2])), attempt(lambda: m(s[..., :4], t))]
""",
    "transformer's parameters": "m = nn.Transformer(8, 2, 1, 1, 16, activation='gelu', custom_decoder=nn.Identity()); result = (repr(m), m.state_dict(), m.d_model, m.nhead, m.batch_first)",
    "encoder's hint": "m = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), 2, enable_nested_tensor=False); x = torch.randn(3, 2, 4); c = nn.Transformer.generate_square_subsequent_mask(3); result = (m(x, mask=c), m(x, mask=c, is_causal=True), m(x, mask=c, is_causal=False), attempt(lambda: m(x, is_causal=True)))",
    "old files of transformers": "m = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0); s = dict(m.__dict__); del s['activation']; n = nn.TransformerEncoderLayer.__new__(nn.TransformerEncoderLayer); n.__setstate__(s); result = n(torch.ones(1, 1, 4))",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name], scale=4.0)


def test_cross_map_norm_of_several_channels() -> None:
    """As the local response norm of odd sizes."""
    import torch
    from torch import nn

    x = torch.randn(2, 6, 3, 4)
    torch.testing.assert_close(nn.CrossMapLRN2d(3, 0.5, k=2.0)(x), nn.LocalResponseNorm(3, 0.5, k=2.0)(x))


def test_linear_cross_entropy_never_has_all_scores() -> None:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            for t in out if isinstance(out, tuple) else (out,):
                if isinstance(t, torch.Tensor):
                    largest = max(largest, t.numel())
            return out

    loss = torch.nn.LinearCrossEntropyLoss(4, 100, options=torch.nn.LinearCrossEntropyOptions())
    x, y = torch.randn(200, 4, requires_grad=True), torch.randint(100, (200,))
    with Watch():
        loss(x, y).backward()
    assert largest <= 2 * 4 * 100
    assert x.grad is not None and torch.autograd.gradgradcheck(
        loss.double(), (x.detach()[:9].double().requires_grad_(), y[:9])
    )


def test_gradients_of_grouped_products() -> None:
    import torch

    a, b = torch.randn(6, 3, requires_grad=True), torch.randn(3, 3, 2, requires_grad=True)
    out = torch.nn.functional.grouped_mm(a, b, offs=torch.tensor([2, 2, 5], dtype=torch.int32))
    expected = torch.cat([a[:2] @ b[0], a[2:5] @ b[2], torch.zeros(1, 2)])
    assert torch.equal(out, expected)
    weight = torch.randn(6, 2)
    for mine, theirs in zip(torch.autograd.grad(out, (a, b), weight), torch.autograd.grad(expected, (a, b), weight)):
        torch.testing.assert_close(mine, theirs)
