"""Parametrizations, norms of weights, pruning, fusion and other helpers of torch.nn.utils against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from test_layers import PRELUDE

HELPERS = """
import copy, pickle
warnings.simplefilter('ignore')
import torch.nn.utils as U
import torch.nn.utils.parametrize as P
import torch.nn.utils.parametrizations as Z
import torch.nn.utils.prune as R

def kind(f):
    r = attempt(f)
    return r[0] if isinstance(r, tuple) and len(r) == 2 and isinstance(r[0], str) else 'ok'

def gradients(m, *inputs):
    m.zero_grad()
    out = m(*inputs)
    (out * torch.linspace(0.5, 1.5, out.numel()).reshape(out.shape)).sum().backward()
    return (out, {n: p.grad for n, p in m.named_parameters()})

class Symmetric(nn.Module):
    def forward(self, x): return x.triu() + x.triu(1).mT
    def right_inverse(self, x): return x.triu()

class Skew(nn.Module):
    def forward(self, x):
        x = x.triu(1)
        return x - x.mT

class Halves(nn.Module):
    def forward(self, a, b): return a + b
    def right_inverse(self, x): return x / 2, x / 2

class Wrong(nn.Module):
    def __init__(self, f): super().__init__(); self.f = f
    def forward(self, x): return self.f(x)

torch.manual_seed(7)
"""

SNIPPETS = {
    "parametrize": """
m = nn.Linear(3, 3); w = m.weight.detach().clone()
P.register_parametrization(m, 'weight', Symmetric())
x = torch.randn(2, 3)
result = (repr(m), type(m).__name__, type(m).__module__, m.weight, gradients(m, x), m.state_dict(), P.is_parametrized(m), P.is_parametrized(m, 'bias'), P.is_parametrized(m, 'weight'), P.type_before_parametrizations(m).__name__)
""",
    "assignment": "m = P.register_parametrization(nn.Linear(3, 3), 'weight', Symmetric()); s = torch.arange(9.0).reshape(3, 3); m.weight = s; a = m.weight.clone(); P.register_parametrization(m, 'bias', Wrong(lambda x: x * 2)); result = (a, m.bias, attempt(lambda: setattr(m, 'bias', s[0])))",
    "several": "m = nn.Linear(3, 3); P.register_parametrization(m, 'weight', Symmetric()); P.register_parametrization(m, 'weight', Wrong(torch.matrix_exp)); result = (repr(m), m.weight, gradients(m, torch.ones(3)), len(m.parametrizations.weight))",
    "several originals": "m = P.register_parametrization(nn.Linear(2, 2), 'weight', Halves()); a = m.weight; m.weight = torch.eye(2); result = (a, sorted(m.state_dict()), m.weight, gradients(m, torch.ones(2)), attempt(lambda: P.remove_parametrizations(m, 'weight', leave_parametrized=False)), sorted(P.remove_parametrizations(m, 'weight').state_dict()), m.weight)",
    "removed": "m, n = (P.register_parametrization(nn.Linear(3, 3), 'weight', Symmetric()) for _ in range(2)); P.remove_parametrizations(m, 'weight'); P.remove_parametrizations(n, 'weight', leave_parametrized=False); result = (repr(m), type(m).__name__, m.weight, n.weight, m.weight.is_leaf, sorted(n.state_dict()), attempt(lambda: P.remove_parametrizations(m, 'weight')))",
    "copies": "m = P.register_parametrization(nn.Linear(3, 3), 'weight', Symmetric()); c = copy.deepcopy(m); c.weight = torch.eye(3); k = nn.Linear(3, 3); P.register_parametrization(k, 'weight', Symmetric()); k.load_state_dict(m.state_dict()); result = (m.weight, c.weight, k.weight, attempt(lambda: pickle.dumps(m)))",
    "buffers and no gradient": "m = nn.BatchNorm1d(3); P.register_parametrization(m, 'running_mean', Wrong(lambda x: x + 1)); result = (m.running_mean, sorted(m.state_dict()), m(torch.randn(4, 3)), [n for n, _ in m.named_buffers()], [n for n, _ in m.named_parameters()])",
    "cached": "calls = []\nm = P.register_parametrization(nn.Linear(2, 2), 'weight', Wrong(lambda x: calls.append(1) or x * 2)); calls.clear()\nwith P.cached():\n    a = m.weight; b = m.weight; m(torch.ones(2))\n    with P.cached(): m.weight\n    same = a is b\nm.weight; result = (same, len(calls))",
    "wrong parametrizations": "result = [attempt(f) for f in (lambda: P.register_parametrization(nn.Linear(2, 2), 'weight', Wrong(lambda x: 3)), lambda: P.register_parametrization(nn.Linear(2, 2), 'weight', Wrong(lambda x: x.double())), lambda: P.register_parametrization(nn.Linear(2, 2), 'weight', Wrong(lambda x: x[0])), lambda: P.register_parametrization(nn.Linear(2, 2), 'nope', Symmetric()), lambda: P.ParametrizationList([], torch.ones(2)))]",
    "unsafe": "m = P.register_parametrization(nn.Linear(2, 2), 'weight', Wrong(lambda x: x[:1]), unsafe=True); result = (m.weight, m.bias.shape, m.parametrizations.weight.unsafe)",
    "transfer": "m = P.register_parametrization(nn.Linear(3, 3), 'weight', Symmetric()); n = nn.Linear(3, 3); P.transfer_parametrizations_and_params(m, n); result = (repr(n), n.weight, n.parametrizations.weight.original is m.parametrizations.weight.original)",
    "weight norm": "m = Z.weight_norm(nn.Linear(3, 2)); w = Z.weight_norm(nn.Conv2d(2, 3, 2), dim=None); v = Z.weight_norm(nn.ConvTranspose1d(2, 3, 2), dim=1); result = (repr(m), m.state_dict(), gradients(m, torch.ones(3)), w.state_dict(), gradients(w, torch.ones(1, 2, 3, 3)), v.state_dict())",
    "weight norm of old files": "m = U.weight_norm(nn.Linear(3, 2)); n = Z.weight_norm(nn.Linear(3, 2)); n.load_state_dict(m.state_dict()); result = (n.weight, n.state_dict())",
    "old weight norm": "m = U.weight_norm(nn.Linear(3, 2)); a = (repr(m), sorted(m.state_dict()), gradients(m, torch.ones(3))); U.remove_weight_norm(m); result = (a, m.state_dict(), attempt(lambda: U.remove_weight_norm(m)), attempt(lambda: U.weight_norm(U.weight_norm(m))), isinstance(U.weight_norm(nn.Linear(2, 2), dim=None).weight, nn.Parameter))",
    "spectral norm": "m = Z.spectral_norm(nn.Linear(4, 3)); a = (repr(m), m.state_dict(), gradients(m, torch.ones(4))); m.eval(); c = Z.spectral_norm(nn.ConvTranspose2d(2, 3, 2), n_power_iterations=3); result = (a, m(torch.ones(4)), m.state_dict(), gradients(c, torch.ones(1, 2, 3, 3)), attempt(lambda: Z.spectral_norm(nn.Linear(2, 2), n_power_iterations=0)), attempt(lambda: Z.spectral_norm(nn.Linear(2, 2), dim=5)), Z.spectral_norm(nn.Linear(2, 2), 'bias').bias)",
    "old spectral norm": "m = U.spectral_norm(nn.Linear(4, 3)); a = (repr(m), m.state_dict(), gradients(m, torch.ones(4))); s = m.state_dict(); n = U.spectral_norm(nn.Linear(4, 3)); n.load_state_dict(s); m.eval(); n.eval(); b = (m(torch.ones(4)), n(torch.ones(4)), sorted(s._metadata[''].items(), key=str)); U.remove_spectral_norm(m); result = (a, b, m.state_dict(), attempt(lambda: U.remove_spectral_norm(m)), attempt(lambda: U.spectral_norm(m, n_power_iterations=0)), len(m._state_dict_hooks))",
    "orthogonal": """
result = []
for shape in ((3, 3), (4, 2), (2, 4)):
    # Reflections of a square matrix leave a sign open.
    for name in ('matrix_exp', 'cayley', 'householder')[: 2 if shape == (3, 3) else 3]:
        torch.manual_seed(2)
        m = Z.orthogonal(nn.Linear(shape[1], shape[0], dtype=torch.float64), orthogonal_map=name, use_trivialization=False)
        result.append((repr(m), m.weight, gradients(m, torch.ones(shape[1], dtype=torch.float64))))
""",
    "orthogonal by default": """
result = []
for shape in ((3, 3), (4, 2), (2, 4)):
    torch.manual_seed(2)
    m = Z.orthogonal(nn.Linear(shape[1], shape[0]))
    w = m.weight
    result.append((w if shape[0] == shape[1] else torch.round(w @ w.mT if shape[0] < shape[1] else w.mT @ w, decimals=4), m.state_dict()['parametrizations.weight.original'], sorted(m.state_dict())))
result += [attempt(lambda: Z.orthogonal(nn.Linear(2, 2), 'bias')), attempt(lambda: Z.orthogonal(nn.Linear(2, 2), 'x')), attempt(lambda: Z.orthogonal(nn.Linear(2, 2), orthogonal_map='x')), attempt(lambda: Z.orthogonal(nn.Linear(2, 2, dtype=torch.complex64), orthogonal_map='householder'))]
""",
    "orthogonal, assigned": "m = Z.orthogonal(nn.Linear(3, 3)); q = torch.linalg.qr(torch.arange(9.0).reshape(3, 3).sin()).Q; m.weight = q; k = Z.orthogonal(nn.Linear(3, 3), use_trivialization=False); result = (m.weight, q, attempt(lambda: setattr(k, 'weight', q)), attempt(lambda: setattr(m, 'weight', q[:2])))",
    "pruned": "m = nn.Linear(4, 3); R.l1_unstructured(m, 'weight', 0.4); result = (repr(m), m.state_dict(), m.weight, gradients(m, torch.ones(4)), R.is_pruned(m), R.is_pruned(nn.Sequential(m)), R.is_pruned(nn.Linear(1, 1)), [type(h).__name__ for h in m._forward_pre_hooks.values()])",
    "pruned again": "m = nn.Linear(4, 3); R.l1_unstructured(m, 'weight', 2); R.ln_structured(m, 'weight', 1, 2, 0); R.random_unstructured(m, 'weight', 3); R.ln_structured(m, 'weight', 0.3, float('inf'), 1); result = (m.weight_mask, m.weight, [type(h).__name__ for h in m._forward_pre_hooks.values()], [len(h) for h in m._forward_pre_hooks.values()])",
    "ways to prune": """
result = []
for f in (lambda m: R.identity(m, 'weight'), lambda m: R.random_unstructured(m, 'weight', 5), lambda m: R.random_structured(m, 'weight', 1, 1), lambda m: R.random_structured(m, 'weight', 0.5, 0), lambda m: R.ln_structured(m, 'weight', 0.5, 1, -1), lambda m: R.ln_structured(m, 'weight', 2, 'fro', 0), lambda m: R.custom_from_mask(m, 'bias', torch.tensor([0, 1, 1])), lambda m: R.l1_unstructured(m, 'bias', 1, importance_scores=torch.tensor([3.0, 1.0, 2.0])), lambda m: R.l1_unstructured(m, 'weight', 0)):
    torch.manual_seed(3); m = f(nn.Linear(4, 3)); result.append((m.weight, m.bias, sorted(m.state_dict()), m(torch.ones(4))))
""",
    "pruning removed": "m = nn.Linear(4, 3); R.l1_unstructured(m, 'weight', 0.5); w = m.weight.clone(); R.remove(m, 'weight'); result = (w, m.weight, [n for n, _ in m.named_parameters()], attempt(lambda: R.remove(m, 'weight')), len(m._forward_pre_hooks))",
    "global pruning": "m = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)); R.global_unstructured([(m[0], 'weight'), (m[1], 'weight')], R.L1Unstructured, amount=0.3); result = (m[0].weight, m[1].weight, kind(lambda: R.global_unstructured([(m[0], 'bias')], R.LnStructured, amount=1, n=2)), kind(lambda: R.global_unstructured(3, R.L1Unstructured, amount=1)))",
    "wrong pruning": "m = nn.Linear(4, 3); result = [attempt(f) for f in (lambda: R.l1_unstructured(m, 'weight', -1), lambda: R.l1_unstructured(m, 'weight', 1.5), lambda: R.l1_unstructured(m, 'weight', 100), lambda: R.l1_unstructured(m, 'weight', 'x'), lambda: R.ln_structured(m, 'bias', 1, 2, 0), lambda: R.ln_structured(m, 'weight', 1, 2, 5), lambda: R.l1_unstructured(m, 'weight', 1, importance_scores=torch.ones(2)))] + [sorted(m.state_dict())]",
    "a way of one's own": "class Checkerboard(R.BasePruningMethod):\n    PRUNING_TYPE = 'unstructured'\n    def compute_mask(self, t, default_mask):\n        mask = default_mask.clone(); mask.view(-1)[::2] = 0; return mask\nm = nn.Linear(3, 2); Checkerboard.apply(m, 'weight'); p = R.PruningContainer(R.L1Unstructured.apply(nn.Linear(2, 2), 'weight', 1)); result = (m.weight, len(p), [type(x).__name__ for x in p], type(p[0]).__name__, R.L1Unstructured(2).prune(torch.tensor([1.0, -3.0, 2.0])), kind(lambda: p.add_pruning_method(3)))",
    "fusion": """
result = []
for conv, bn, x in ((nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), torch.randn(2, 2, 4, 4)), (nn.Conv1d(2, 3, 2, bias=False), nn.BatchNorm1d(3, affine=False), torch.randn(2, 2, 4)), (nn.ConvTranspose2d(2, 3, 2), nn.BatchNorm2d(3), torch.randn(2, 2, 4, 4)), (nn.Linear(4, 3), nn.BatchNorm1d(3), torch.randn(5, 4))):
    m = nn.Sequential(conv, bn); m(x); m.eval()
    f = U.fuse_linear_bn_eval(conv, bn) if isinstance(conv, nn.Linear) else U.fuse_conv_bn_eval(conv, bn, isinstance(conv, nn.ConvTranspose2d))
    result.append((f(x), bool(torch.allclose(f(x), m(x), atol=1e-5)), f.state_dict()))
result.append(kind(lambda: U.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))))
""",
    "memory format": "m = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ConvTranspose2d(3, 2, 2), nn.Linear(2, 2), nn.Conv3d(1, 2, 2)); U.convert_conv2d_weight_memory_format(m, torch.channels_last); U.convert_conv3d_weight_memory_format(m, torch.channels_last_3d); result = [p.stride() for p in m.parameters()]",
    "skip_init": "m = U.skip_init(nn.Linear, 3, 2, bias=False); result = (repr(m), m.weight.shape, str(m.weight.device), kind(lambda: U.skip_init(len)), kind(lambda: U.skip_init(nn.ReLU)))",
    "data parallel": "m = nn.DataParallel(nn.Linear(2, 2)); result = (repr(m), m(torch.ones(1, 2)), m.state_dict(), m.device_ids, issubclass(nn.DataParallel, nn.Module))",
    "choice of attention": "from torch.nn.attention import SDPBackend, sdpa_kernel\nwith sdpa_kernel([SDPBackend.MATH]): a = F.scaled_dot_product_attention(*[torch.randn(1, 2, 3, 4) for _ in range(3)])\nwith sdpa_kernel(SDPBackend.MATH): pass\nresult = (a, kind(lambda: sdpa_kernel('x').__enter__()))",
    "gradients of convolutions": "import torch.nn.grad as G; result = []\nfor d, n in ((1, 5), (2, 4), (3, 3)):\n    x, w = torch.randn(1, 2, *[n] * d), torch.randn(4, 1, *[2] * d); g = torch.randn(1, 4, *[n + 1] * d); k = dict(padding=1, groups=2); result += [getattr(G, f'conv{d}d_input')(x.shape, w, g, **k), getattr(G, f'conv{d}d_weight')(x, w.shape, g, **k)]",
    "functional_call": """
from torch.nn.utils.stateless import functional_call
m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)); x = torch.randn(3, 2)
w = {'0.weight': torch.eye(2).requires_grad_(), '1.running_mean': torch.zeros(2)}
out = functional_call(m, w, (x,)); out.sum().backward()
t = nn.Linear(2, 2); t.other = t.weight
result = (out, w['0.weight'].grad, w['1.running_mean'], m.state_dict(), functional_call(t, {'weight': torch.eye(2)}, x).detach() - t.bias, functional_call(m, {'0.bias': torch.ones(2)}, x, {}), kind(lambda: functional_call(m, {'x.y': x}, x)), kind(lambda: functional_call(m, {'0.bias': torch.ones(2)}, x, strict=True)), kind(lambda: functional_call(t, {'weight': torch.eye(2), 'other': torch.ones(2, 2)}, x)))
""",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_utils(both: Any, name: str) -> None:
    both(PRELUDE + HELPERS + SNIPPETS[name], scale=4.0)


def test_copies_of_parametrized_modules_are_apart() -> None:
    """Removing a parametrization from one leaves the other's."""
    import copy

    from torch import nn
    from torch.nn.utils import parametrize

    class Doubled(nn.Module):
        def forward(self, x: Any) -> Any:
            return 2 * x

    module = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    other = copy.deepcopy(module)
    parametrize.remove_parametrizations(module, "weight")
    assert other.weight.equal(module.weight)
    assert parametrize.is_parametrized(other, "weight")
    parametrize.remove_parametrizations(other, "weight")
    assert type(other) is nn.Linear
