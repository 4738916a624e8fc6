"""Transforms, constraints and their registries: values against the oracle, inverses and Jacobians against autograd."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import pytest
import torch
from torch.distributions import biject_to, constraints, transform_to, transforms as T

PRELUDE = """
import warnings
import torch.distributions as D
from torch.distributions import *
from torch.distributions import constraints as C, transforms as T, utils as U
warnings.simplefilter('ignore')
t = lambda *v: torch.tensor(v, dtype=torch.float64)

def attempt(f):
    try:
        result = f()
    except Exception as e:
        return (type(e).__name__, str(e).split(chr(10))[0])
    if isinstance(result, (C.Constraint, T.Transform, D.Distribution)) or result is NotImplemented:
        return repr(result)
    return result if not isinstance(result, torch.Size) else tuple(result)
"""

# A transform, and an argument.
CASES = {
    "abs": ("AbsTransform()", "t(-1.0, 2.0)"),
    "affine": ("AffineTransform(1.0, -2.5)", "t(-1.0, 2.0)"),
    "affine of tensors": ("AffineTransform(t(1.0, 2.0), t(-0.5, 3.0))", "t([-1.0, 2.0], [0.3, 0.4])"),
    "affine of vectors": ("AffineTransform(t(1.0, 2.0), t(-0.5, 3.0), event_dim=1)", "t([-1.0, 2.0], [0.3, 0.4])"),
    "affine of matrices": ("AffineTransform(1.0, 2.0, event_dim=2)", "t([-1.0, 2.0], [0.3, 0.4])"),
    "affine of vectors, one factor": ("AffineTransform(1.0, t(2.0), event_dim=1)", "t([-1.0, 2.0], [0.3, 0.4])"),
    "cat": ("CatTransform([ExpTransform(), AffineTransform(0.0, 2.0)], 0, [1, 2])", "t(-1.0, 2.0, 0.5)"),
    "cat along the last": (
        "CatTransform([ExpTransform(), TanhTransform()], -1, [1, 2])",
        "t([-1.0, 2.0, 0.5], [0.1, 0.2, 0.3])",
    ),
    "cat of events": (
        "CatTransform([IndependentTransform(ExpTransform(), 1), SoftmaxTransform()], 0)",
        "t([-1.0, 2.0, 0.5], [0.1, 0.2, 0.3])",
    ),
    "compose": ("ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0), PowerTransform(0.5)])", "t(-1.0, 2.0)"),
    "compose with events": (
        "ComposeTransform([AffineTransform(0.0, 2.0), StickBreakingTransform(), ExpTransform()])",
        "t([-1.0, 2.0], [0.3, 0.4])",
    ),
    "compose reshaped": (
        "ComposeTransform([ReshapeTransform((4,), (2, 2)), ExpTransform()])",
        "t([-1.0, 2.0, 0.3, 0.4])",
    ),
    "empty compose": ("ComposeTransform([])", "t(-1.0, 2.0)"),
    "corr cholesky": ("CorrCholeskyTransform()", "t([-1.0, 0.2, 0.4, 0.3, 1.1, -0.6], [0.5, 0.2, 0.4, 0.3, 1.1, 0.6])"),
    "cdf": ("CumulativeDistributionTransform(Normal(t(0.3), t(2.0)))", "t(-1.0, 2.0)"),
    "exp": ("ExpTransform()", "t(-1.0, 2.0)"),
    "exp inverse": ("ExpTransform().inv", "t(1.0, 2.0)"),
    "independent": ("IndependentTransform(SigmoidTransform(), 1)", "t([-1.0, 2.0], [0.3, 0.4])"),
    "lower cholesky": ("LowerCholeskyTransform()", "t([-1.0, 2.0], [0.3, 0.4])"),
    "positive definite": ("PositiveDefiniteTransform()", "t([-1.0, 2.0], [0.3, 0.4])"),
    "power": ("PowerTransform(t(2.0, -0.5))", "t([1.0, 2.0], [0.3, 0.4])"),
    "reshape": ("ReshapeTransform((2, 2), (4,))", "t([-1.0, 2.0], [0.3, 0.4])"),
    "sigmoid": ("SigmoidTransform()", "t(-1.0, 2.0, 0.0)"),
    "softmax": ("SoftmaxTransform()", "t([-1.0, 2.0], [0.3, 0.4])"),
    "softplus": ("SoftplusTransform()", "t(-1.0, 2.0, 25.0)"),
    "stack": ("StackTransform([ExpTransform(), TanhTransform()], -1)", "t([-1.0, 2.0], [0.3, 0.4])"),
    "stack of events": (
        "StackTransform([SoftmaxTransform(), IndependentTransform(ExpTransform(), 1)], 0)",
        "t([-1.0, 2.0], [0.3, 0.4])",
    ),
    "stick breaking": ("StickBreakingTransform()", "t([-1.0, 2.0], [0.3, 0.4])"),
    "stick breaking inverse": ("StickBreakingTransform().inv", "t([0.1, 0.2, 0.7], [0.3, 0.4, 0.3])"),
    "tanh": ("TanhTransform()", "t(-1.0, 2.0, 0.0)"),
}


# PyTorch counts a factor that broadcasts over the event once.
@pytest.mark.parametrize("name", [name for name in CASES if name != "affine of vectors, one factor"])
@pytest.mark.parametrize("cached", [False, True])
def test_transform(both: Any, name: str, cached: bool) -> None:
    text, x = CASES[name]
    both(
        f"""{PRELUDE}
f, x = {text}, {x}
if {cached}: f = f.with_cache()
y = f(x)
result = dict(y=y, back=f.inv(y), shape=attempt(lambda: tuple(f.forward_shape(x.shape))), shape_back=attempt(lambda: tuple(f.inverse_shape(y.shape))),
    jacobian=attempt(lambda: f.log_abs_det_jacobian(x, y)), inverse_jacobian=attempt(lambda: f.inv.log_abs_det_jacobian(y, x)),
    domain=repr(f.domain), codomain=repr(f.codomain), dims=(f.domain.event_dim, f.codomain.event_dim), event_dim=attempt(lambda: f.event_dim),
    bijective=f.bijective, sign=attempt(lambda: f.sign), inside=attempt(lambda: f.codomain.check(y)), repr=repr(f), inv=repr(f.inv),
    equal=(f == f, f == {text}, f != {text}, f == f.inv.inv, f.inv == f.inv, f == 3), same=f.inv.inv is f, cache=f._cache_size,
    extremes=attempt(lambda: f(x * 100)), back_from_extremes=attempt(lambda: f.inv(f(x * 100))))
""",
        strides=False,
        scale=1e3,
    )


def made(name: str) -> tuple[Any, torch.Tensor]:
    names: dict = {"torch": torch}
    exec(PRELUDE, names)
    text, x = CASES[name]
    return eval(text, names), eval(x, names)


NO_JACOBIAN = ("abs", "softmax", "lower cholesky", "positive definite")
SEVERAL = ("cat", "cat along the last", "cat of events", "stack", "stack of events")  # kinds of events in one tensor


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_JACOBIAN + SEVERAL])
def test_jacobian(name: str) -> None:
    """The Jacobian of a single event is what autograd finds, and the inverse undoes the transform."""
    f, x = made(name)
    y = f(x)
    torch.testing.assert_close(f.inv(y), x, rtol=1e-9, atol=1e-9)
    dim, codim = f.domain.event_dim, f.codomain.event_dim
    claimed = f.log_abs_det_jacobian(x, y)
    assert claimed.shape == x.shape[: x.dim() - dim]
    full = torch.autograd.functional.jacobian(f, x).reshape(y.numel(), x.numel())
    ins, outs = x[0].numel() if dim else 1, y[0].numel() if codim else 1
    if dim == x.dim():
        ins, outs = x.numel(), y.numel()
    elif dim == 0:
        ins = outs = 1
    for i, value in enumerate(claimed.flatten().tolist()):
        block = full[i * outs : (i + 1) * outs, i * ins : (i + 1) * ins]
        if isinstance(f, T.CorrCholeskyTransform):  # the entries below the diagonal are the coordinates
            row, column = torch.tril_indices(y.shape[-1], y.shape[-1], -1)
            block = block.reshape(y.shape[-1], y.shape[-1], ins)[row, column]
        elif "stick" in name or name == "compose with events":  # the last number follows from the others
            block = block[: min(block.shape), : min(block.shape)]
            if name == "compose with events":
                continue  # exp of dependent numbers: the Jacobian is that of all of them
        assert float(torch.linalg.slogdet(block).logabsdet) == pytest.approx(value, abs=1e-9)


CONSTRAINTS = """C.real C.real_vector C.positive C.nonnegative C.nonnegative_integer C.positive_integer C.unit_interval C.simplex C.lower_cholesky C.lower_triangular C.corr_cholesky C.square
C.symmetric C.positive_definite C.positive_semidefinite C.one_hot C.boolean C.dependent C.multinomial(3) C.interval(-1.0,2.0) C.interval(t(0.0,-1.0),t(1.0,2.0)) C.half_open_interval(0.,1.) C.integer_interval(0,3)
C.greater_than(0.5) C.greater_than_eq(t(0.5,2.0)) C.less_than(2.) C._IntegerLessThan(3) C.cat([C.real,C.positive],-1,[1,1]) C.stack([C.real,C.positive],0) C.stack([C.real,C.simplex],-2)
C.independent(C.positive,1) C.independent(C.simplex,1) C.MixtureSameFamilyConstraint(C.positive) C.dependent(is_discrete=True,event_dim=1) C.cat([3]) C.independent(3,1) C.independent(C.real,-1)
C.MixtureSameFamilyConstraint(3) C.stack([3]) C.cat([C.real],0,[1,2])""".split()


@pytest.mark.parametrize("text", CONSTRAINTS)
def test_constraint(both: Any, text: str) -> None:
    both(
        f"""{PRELUDE}
values = [t(0.5), t(0.0, 1.0), t(0.25, 0.75), t([1.0, 0.0], [-2.0, 3.0]), t([0.6, 0.4], [0.4, 0.6]), t([1.0, 0.0], [0.6, 0.8]), t([[1.0, 2.0], [2.0, 1.0]]), t([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
          torch.tensor([0, 1]), torch.tensor([[2, 1], [3, 1]]), t(float('nan'), float('inf'))]
def checked(c, value):
    found = attempt(lambda: c.check(value))
    return found if isinstance(found, torch.Tensor) else found[0]
def tell():
    c = {text}
    return [repr(c), attempt(lambda: c.event_dim), attempt(lambda: c.is_discrete), C.is_dependent(c), [checked(c, v) for v in values]]
result = attempt(tell)
""",
        strides=False,
    )


REGISTERED = """C.real C.positive C.nonnegative C.interval(0.,2.) C.interval(0,1) C.unit_interval C.half_open_interval(1.,2.) C.less_than(1.) C.greater_than(t(1.,2.)) C.greater_than_eq(1.) C.simplex C.corr_cholesky
C.real_vector C.cat([C.real,C.positive],-1,[1,2]) C.stack([C.real,C.positive,C.unit_interval],-1) C.lower_cholesky C.boolean C.dependent C.positive_definite C.positive_semidefinite
C.independent(C.positive,1) C.independent(C.interval(t(0.,1.,2.),3.0),1) C.square 3""".split()


@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
@pytest.mark.parametrize("text", REGISTERED)
def test_registry(both: Any, registry: str, text: str) -> None:
    both(
        f"""{PRELUDE}
def tell():
    c = {text}
    f = {registry}(c)
    x = t([-1.0, 0.3, 0.8], [0.1, -0.2, 0.4], [0.5, 0.6, -0.7]) if c is not C.greater_than and 't(1.,2.)' not in {text!r} else t(0.3, -0.4)
    y = f(x)
    return [repr(f), y, f.inv(y), c.check(y).all(), f.bijective]
result = attempt(tell)
""",
        strides=False,
        scale=1e3,
    )


SNIPPETS = {
    "utils": "result = [attempt(f) for f in (lambda: U.broadcast_all(1, 2), lambda: U.broadcast_all(torch.tensor(1), 2.0), lambda: U.broadcast_all(t(1.0), 2), lambda: U.broadcast_all('a', 2), lambda: U.clamp_probs(t(0.0, 1.0)), lambda: U.clamp_probs(torch.tensor([0.0, 1.0]).half()), lambda: U.probs_to_logits(t(0.0, 0.3, 1.0)), lambda: U.probs_to_logits(t(0.0, 0.3, 1.0), True), lambda: U.logits_to_probs(t(-1.0, 2.0)), lambda: U.logits_to_probs(t(-1.0, 2.0), is_binary=True), lambda: U._sum_rightmost(t([1.0, 2.0], [3.0, 4.0]), 1), lambda: U._sum_rightmost(t([1.0, 2.0], [3.0, 4.0]), 0))]",
    "triangles": "m = torch.arange(32.0).reshape(2, 4, 4); result = [attempt(lambda: U.tril_matrix_to_vec(m, k)) for k in range(-5, 5)] + [U.vec_to_tril_matrix(U.tril_matrix_to_vec(torch.arange(2.0 * n * n).reshape(2, n, n), k), k) for n in range(1, 6) for k in range(1 - n, n)] + [attempt(lambda: U.vec_to_tril_matrix(torch.arange(5.0)))]",
    "normal draws": "torch.manual_seed(0); result = (U._standard_normal((2, 3), torch.float64, torch.device('cpu')), U._standard_normal((2,), torch.float32, 'cpu'))",
    "lazy": "d = Bernoulli(logits=t(0.3)); before = 'probs' in d.__dict__; d.probs; result = (before, 'probs' in d.__dict__, isinstance(Bernoulli.probs, property), isinstance(Bernoulli.probs, U.lazy_property), MultivariateNormal.scale_tril.__doc__ is None or True)",
    "lazy gradients": "l = t(0.3).requires_grad_(); d = Bernoulli(logits=l)\nwith torch.no_grad(): p = d.probs\np.sum().backward(); result = l.grad",
    "shapes of composed": "f = ComposeTransform([ReshapeTransform((2, 3), (6,)), StickBreakingTransform()]); result = [attempt(lambda: g(s)) for g in (f.forward_shape, f.inverse_shape) for s in (torch.Size((4, 2, 3)), torch.Size((7,)), torch.Size((2,)), torch.Size(()))]",
    "wrong arguments": "result = [attempt(f) for f in (lambda: ExpTransform(cache_size=2), lambda: ReshapeTransform((2, 3), (5,)), lambda: CatTransform([3]), lambda: CatTransform([ExpTransform()], 0, [1, 2]), lambda: StackTransform([3]), lambda: CatTransform([ExpTransform()], 2)(t(1.0)), lambda: CatTransform([ExpTransform()], 0)(t(1.0, 2.0)), lambda: StackTransform([ExpTransform()], 0)(t(1.0, 2.0)), lambda: StackTransform([ExpTransform()], 3)(t(1.0, 2.0)), lambda: IndependentTransform(ExpTransform(), 1)(torch.tensor(1.0)), lambda: Transform()(1), lambda: Transform().inv(1), lambda: Transform().sign, lambda: Transform().log_abs_det_jacobian(1, 1), lambda: CorrCholeskyTransform().forward_shape((4,)), lambda: CorrCholeskyTransform().inverse_shape((2, 3)), lambda: CorrCholeskyTransform().inverse_shape((2,)), lambda: SoftmaxTransform().forward_shape(()), lambda: StickBreakingTransform().inverse_shape(()), lambda: ReshapeTransform((2,), (2,)).forward_shape((3,)), lambda: hash(ExpTransform()), lambda: LowerCholeskyTransform().log_abs_det_jacobian(1, 1))]",
    "registering": "class K(C.Constraint): pass\nr = constraint_registry.ConstraintRegistry() if 'constraint_registry' in globals() else D.constraint_registry.ConstraintRegistry()\n@r.register(K)\ndef make(c): return ExpTransform()\nresult = (repr(r(K())), attempt(lambda: r(C.real)), attempt(lambda: r.register(int, len)), attempt(lambda: r.register(K(), lambda c: TanhTransform()) is not None), repr(r(K())))",
    "dependent": "class E(Distribution):\n    @C.dependent_property(is_discrete=False, event_dim=2)\n    def support(self): return C.real\n    @C.dependent_property\n    def other(self): return C.positive\nresult = (repr(E.support), E.support.event_dim, E.support.is_discrete, C.is_dependent(E.support), attempt(lambda: E.other.event_dim), attempt(lambda: E.other.is_discrete), attempt(lambda: E.support.check(1)), repr(E.__new__(E).support), repr(E.__new__(E).other))",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(both: Any, name: str) -> None:
    both(PRELUDE + SNIPPETS[name], strides=False, scale=10.0)


def test_cache() -> None:
    x = torch.tensor([30.0], requires_grad=True)
    plain, cached = T.TanhTransform(), T.TanhTransform(cache_size=1)
    assert plain.inv(plain(x)).item() == float("inf")
    y = cached(x)
    assert cached(x) is y and cached.inv(y) is x and cached.inv(y.clone()) is not x
    composed = T.ComposeTransform([T.TanhTransform(), T.AffineTransform(0.0, 2.0)], cache_size=1)
    y = composed(x)
    assert composed.inv(y) is x and composed.with_cache(1) is composed and composed.with_cache(0) is not composed


def test_transforms_are_copied_and_pickled() -> None:
    for name in CASES:
        f, x = made(name)
        f.inv  # noqa: B018  # the weak reference to it must not be in the way
        for other in (copy.deepcopy(f), pickle.loads(pickle.dumps(f)), copy.copy(f)):
            assert torch.equal(other(x), f(x)) and torch.equal(other.inv(f(x)), f.inv(f(x)))


def test_inverse_is_not_kept_alive() -> None:
    f = T.ExpTransform()
    inverse = weakref.ref(f.inv)
    gc.collect()
    assert inverse() is None
    g = f.inv
    assert f.inv is g and g.inv is f


def test_every_constraint_of_the_registries_is_reached() -> None:
    torch.manual_seed(0)
    for registry in (biject_to, transform_to):
        for constraint in (constraints.positive, constraints.unit_interval, constraints.simplex, constraints.real):
            assert constraint.check(registry(constraint)(torch.randn(50, 4) * 3)).all()
