"""torch.compile, torch.compiler and their settings: what is checked, what runs, what says that it is not there."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch._dynamo
from conftest import is_ours
from snippets import agree

SETUP = """
import torch, copy, pickle, inspect
m = torch.nn.Linear(2, 2)
c = torch.compile(m, backend="eager")
@torch.compile(backend="eager")
def double(x):
    "doc"
    return x * 2
class Callable_:
    def __call__(self, x): return x
g = lambda x: x
x = torch.ones(1, 2)
def patched():
    with torch._dynamo.config.patch(cache_size_limit=3), torch._dynamo.config.patch("suppress_errors", True):
        return torch._dynamo.config.recompile_limit, torch._dynamo.config.suppress_errors
def set_unknown(): torch._dynamo.config.nowhere = 1
@torch._dynamo.config.patch(suppress_errors=True)
def decorated(): return torch._dynamo.config.suppress_errors
def hooked():
    handle = c.register_forward_hook(lambda m, a, o: o + 100)
    result = bool(c(torch.zeros(1, 2)).sum() > 50)
    handle.remove()
    return result
def modes():
    c.eval(); a = m.training
    c.train(); b = m.training
    c.foo = 3
    return a, b, m.foo, c.foo
def eager_stance():
    with torch.compiler.set_stance("force_eager"):
        return torch.compile(lambda x: x + 1)(torch.ones(1))
"""
EXPRESSIONS = """
    torch.compile(m, mode="x")
    torch.compile(m, mode="default", options={"a": 1})
    torch.compile(m, backend="nowhere")
    torch.compile(m, options={"nowhere": 1})
    torch.compile(m, options={"max_autotune": "x"})
    torch.compile(m, options={"triton.cudagraphs": True})
    torch.compile(m, backend="eager", dynamic="x")(x)
    torch.compile(3)
    torch.compile(m, disable=True) is m
    torch.compile(m, backend="eager", mode="max-autotune")
    type(c), c._orig_mod is m, list(c.state_dict()), c, c.weight is m.weight, c.training, c.in_features
    [n for n, _ in c.named_parameters()], [n for n, _ in c.named_modules()], c.load_state_dict(c.state_dict())
    modes()
    c.to(torch.float64) is c, m.weight.dtype, c.float() is c
    c(x).shape, isinstance(c, torch.nn.Linear), len(list(c.children())), hooked()
    double.__name__, double.__doc__, double(torch.ones(1)), str(inspect.signature(double))
    double._torchdynamo_orig_callable is double.__wrapped__
    torch.compile(Callable_(), backend="eager")(3)
    type(copy.deepcopy(c)), type(pickle.loads(pickle.dumps(c)))
    torch._dynamo.config.nowhere
    set_unknown()
    torch._dynamo.config.cache_size_limit, torch._dynamo.config.recompile_limit, patched(), decorated(), torch._dynamo.config.suppress_errors
    torch._inductor.config.triton.cudagraphs, torch._inductor.config.get_config_copy()["triton.cudagraphs"], torch.compiler.config.job_id
    torch._inductor.list_mode_options("reduce-overhead"), sorted(torch._inductor.list_mode_options())
    type(torch.compiler.disable(m)), torch.compiler.disable()(double)(torch.ones(1)), torch.compiler.disable(double)(torch.ones(1))
    torch.compiler.allow_in_graph(g) is g, torch.compiler.assume_constant_result(g) is g, vars(g)
    torch.compiler.allow_in_graph([g]) == [g]
    torch.compiler.allow_in_graph(3)
    torch.compiler.reset(), torch.compiler.cudagraph_mark_step_begin(), torch.compiler.save_cache_artifacts()
    torch.compiler.wrap_numpy(lambda x: x + 1)(torch.ones(2))
    torch.compiler.get_default_backend(), torch.compiler.set_default_backend("eager"), torch.compiler.get_default_backend(), torch.compiler.set_default_backend(None)
    torch._dynamo.is_compiling(), torch.compiler.is_compiling(), torch.compiler.is_exporting(), torch.compiler.is_dynamo_compiling()
    torch._dynamo.mark_dynamic(x, 0), x._dynamo_dynamic_indices
    eager_stance()
    torch._dynamo.optimize("eager")(lambda x: x)(3)
    torch._disable_dynamo(g)(1)
"""


def test_as_in_pytorch(both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS)


@pytest.mark.skipif(not is_ours(), reason="the reference has a compiler")
def test_other_backends_raise_when_called() -> None:
    module = torch.compile(torch.nn.Linear(2, 2), backend="cudagraphs")
    with pytest.raises(NotImplementedError, match='backend="eager"'):
        module(torch.ones(1, 2))
    with pytest.raises(NotImplementedError, match="my_backend"):

        def my_backend(graph: Any, inputs: Any) -> Any:
            return graph

        torch.compile(lambda x: x, backend=my_backend)(1)
    for call in (torch._dynamo.explain, torch._dynamo.export):
        with pytest.raises(NotImplementedError, match="captured"):
            call(lambda x: x)


@pytest.mark.skipif(not is_ours(), reason="the reference has a compiler")
def test_ways_to_run_eagerly() -> None:
    function = torch.compile(lambda x: x + 1, backend="cudagraphs")
    assert torch.compiler.disable(lambda: function(1))() == 2
    with torch._dynamo.config.patch(suppress_errors=True), pytest.warns(UserWarning, match="cudagraphs"):
        assert function(1) == 2
    with torch._dynamo.config.patch(disable=True):
        assert function(1) == 2
    with torch.compiler.set_stance(force_backend="eager"):
        assert function(1) == 2
    with pytest.raises(NotImplementedError):
        function(1)
    with pytest.raises(RuntimeError, match="stance"):
        torch.compiler.set_stance("nowhere")


def test_module_compile() -> None:
    module = torch.nn.Linear(2, 2)
    expected = module(torch.ones(1, 2))
    module.compile(backend="eager")
    assert torch.equal(module(torch.ones(1, 2)), expected)
