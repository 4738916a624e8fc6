"""Symbolic tracing, graphs and the code made of them: as PyTorch writes it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from snippets import agree

SETUP = """
import copy, math, operator, pickle, torch, torch.fx as fx
import torch.nn.functional as F
from torch.fx import Graph, GraphModule, Interpreter, Node, Proxy, Tracer, Transformer, replace_pattern, symbolic_trace
from torch.fx.node import map_aggregate, map_arg
from torch.fx.passes.shape_prop import ShapeProp
from torch.fx.passes.split_module import split_module
from torch.fx.subgraph_rewriter import replace_pattern_with_filters
from torch.fx.experimental.proxy_tensor import get_proxy_mode, make_fx
class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(2))
    def forward(self, x): return x * self.w
class M(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = torch.nn.Linear(3, 4)
        self.seq = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(4, 2))
        self.p = torch.nn.Parameter(torch.ones(4))
        self.register_buffer("buf", torch.ones(2))
        self.act = self.seq[0]
    def forward(self, x, y=2.0, *args, flag=True, **kw):
        a = self.lin(x) + self.p
        b = torch.relu(a).view(-1, 4)
        c = self.seq(b)[0:1, ..., None]
        d = torch.cat([c, c], dim=0)
        z = F.relu(d, inplace=True)
        w = z.sum(dim=1, keepdim=True)
        w += self.buf[0]
        u, v = w.shape[0], -w
        r = (2 * v ** 2 - 3) / math.pi
        q = r @ r
        return {"a": r, "b": (u, [q.T, self.act(q)]), "c": slice(1, None), "d": x.dtype, "e": 1.5, "f": float("inf"), "g": torch.float32, "h": torch.device("cpu"), "i": q >= 1, "j": abs(q)}
class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(2, 3), torch.nn.Linear(3, 2)
        self.inner = Inner()
    def forward(self, x):
        y = self.a(x).relu()
        z = self.inner(self.b(y))
        return z, y.sum()
torch.manual_seed(0)
big, two = M(), Two()
gm, gt = symbolic_trace(big), symbolic_trace(two)
x = torch.ones(1, 2)
def code(f, **kwargs): return symbolic_trace(f, **kwargs).code
def branch(x, y):
    if x.sum() > 0: return x
    return y
def unpack(x):
    a, b = x.split(2)
    return a + b
def loop(x):
    for i in range(3): x = x + i
    return x
def setter(x):
    x[0] = 1
    return x
def typed(x: torch.Tensor, k: int = 3) -> torch.Tensor: return x * k
@fx.wrap
def leaf(x, n): return x + n if n else x
def made():
    g = Graph()
    x, y = g.placeholder("x"), g.placeholder("y", int, default_value=3)
    a = g.call_function(torch.add, (x, y))
    b = g.call_function(torch.add, (a, 1))
    c = g.call_method("view", (b, -1))
    d = g.call_module("lin", (c,))
    e = g.get_attr("w")
    g.output((d, e))
    return g, (x, y, a, b, c, d, e)
def edited():
    g, (x, y, a, b, c, d, e) = made()
    with g.inserting_before(c):
        n = g.call_function(torch.relu, (b,))
    b.replace_all_uses_with(n, delete_user_cb=lambda u: u is not n)
    n.args = (a,)
    g.erase_node(b)
    g.lint()
    other, values = Graph(), {}
    result = other.graph_copy(g, values)
    other.output(result)
    return str(g), str(other), [m.name for m in reversed(g.nodes)], a.users, n.all_input_nodes, n.prev, n.next, a < n
class Root(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lin, self.w = torch.nn.Linear(2, 2), torch.nn.Parameter(torch.ones(1))
def erased():
    g, nodes = made()
    g.erase_node(nodes[2])
def from_graph():
    built = GraphModule(Root(), made()[0])
    named = GraphModule({"lin": torch.nn.Linear(2, 2), "w": torch.ones(1)}, made()[0], "Foo")
    named.foo = 3
    added = named.add_submodule("a.b", torch.nn.ReLU())
    names = [n for n, _ in named.named_modules()]
    named.delete_all_unused_submodules()
    return built.code, sorted(built.state_dict()), type(named).__name__, [n for n, _ in named.named_buffers()], added, names, [n for n, _ in named.named_modules()], named.print_readable(print_output=False)
def split():
    parts = split_module(gt, two, lambda n: 0 if n.name in ("a", "relu") else 1)
    same = all(torch.equal(a, b) for a, b in zip(parts(x), two(x)))
    return sorted(n for n, _ in parts.named_modules()), parts.submod_0.code, same
def replaced():
    g = symbolic_trace(lambda a, b: torch.add(a, b).relu() + torch.add(b, a).relu())
    n = len(replace_pattern(g, lambda x, y: torch.add(x, y).relu(), lambda x, y: torch.sub(x, y)))
    h = symbolic_trace(lambda x: torch.relu(x.neg()) + torch.relu(x))
    found = replace_pattern(h, lambda x: torch.relu(x), lambda x: torch.sigmoid(x) * 2)
    return g.code, n, h.code, found
def filtered(**kwargs):
    g = symbolic_trace(lambda a, b: torch.add(a, 3) + torch.add(b, 4))
    n = len(replace_pattern_with_filters(g, lambda x: torch.add(x, 3), lambda x: torch.mul(x, 2), **kwargs))
    return g.code, n
class Loud(Interpreter):
    seen = []
    def call_module(self, target, args, kwargs):
        self.seen.append(target)
        return super().call_module(target, args, kwargs)
class Changed(Transformer):
    def call_method(self, target, args, kwargs):
        return self.call_function(torch.sigmoid, args, kwargs) if target == "relu" else super().call_method(target, args, kwargs)
class Marking(Tracer):
    def is_leaf_module(self, m, path): return isinstance(m, Inner) or super().is_leaf_module(m, path)
    def create_proxy(self, *args, **kwargs):
        p = super().create_proxy(*args, **kwargs)
        p.node.meta["mine"] = 1
        return p
tree = {"x": torch.ones(1), "l": [torch.ones(1), 2]}
gd = symbolic_trace(lambda d: d["x"] + d["l"][0] * d["l"][1], concrete_args={"d": {"x": fx.PH, "l": [fx.PH, 2]}})
node = list(gt.graph.nodes)[1]
"""

EXPRESSIONS = {
    "trace": """
        gm.code
        str(gm.graph)
        [(n.op, n.name, n.args, n.kwargs, sorted(u.name for u in n.users)) for n in gm.graph.nodes]
        gm.print_readable(print_output=False)
        sorted(gm.state_dict()), type(gm).__name__, isinstance(gm, GraphModule), [n for n, _ in gm.named_modules()]
        gt.code, str(gt.graph)
        str(Marking().trace(two)), [n.meta.get("mine") for n in Marking().trace(two).nodes]
        code(branch)
        code(branch, concrete_args={"x": torch.ones(1)})
        code(unpack), code(loop), code(typed)
        code(setter)
        code(lambda x: [i for i in x])
        code(lambda x: len(x))
        code(lambda x: int(x))
        code(lambda x: x in [1])
        code(lambda *a, **k: a[0] + k["z"])
        code(lambda x, y: x["a"] + y), code(lambda x: (x.a.b(x, 1), x.data)), code(lambda x: torch.ones(2) + x)
        code(lambda x: torch.empty(x.shape)), code(lambda x, k: x * k if k else x, concrete_args={"k": 2})
        code(lambda a_b_1, a_b: a_b_1 + a_b + 1 + 2)
        code(lambda x: (x.add(1).add(2), -x, ~x, x // 2, x % 2, 2 ** x, 2 / x, 2 - x, x << 1, x & 1, 1 | x, x ^ x, x == 1, x != 2, x[1], x[:, 1:], x[None], x.T))
        code(lambda x: x.size()[0] + x.shape[0]), code(lambda x: torch.add(x, x, alpha=2, out=None))
        code(lambda x: leaf(x, 2)), symbolic_trace(lambda x: leaf(x, 2))(torch.ones(1)), code(lambda x: math.sqrt(x.shape[0]))
        code(lambda x: torch.einsum("ij,jk->ik", x, x)), code(lambda x: torch.einsum("ij,jk->ik", (x, x)))
        code(lambda x: F.max_pool2d(x, 2)), code(lambda x: F.dropout(x, 0.5, True)), code(lambda x: torch.split(x, 2)[0])
        code(lambda x: torch.tensordot(x, x, 1)), code(lambda x: x.unflatten(0, (2, 2))), code(lambda x: torch.stack([x, x], -1))
        code(lambda x: x.to(torch.float64, memory_format=torch.channels_last))
        code(lambda x: torch.ops.aten.add.Tensor(x, x)), code(lambda x: torch.ops.aten.add(x, x))
        str(symbolic_trace(lambda x: x.foo(1).bar).graph)
        gd.code, gd(tree)
    """,
    "graphs": """
        str(made()[0]), made()[0].python_code("self").src
        erased()
        Graph().create_node("bad", "x")
        edited()
        from_graph()
        GraphModule({}, made()[0])
        map_arg([node, (node, {"a": node}), slice(node, None)], lambda n: n.name), map_aggregate([1, {"a": 2}], lambda v: v)
        fx.immutable_collections.immutable_list([1]).append(2)
        [fx.node._get_qualified_name(f) for f in (torch.relu, operator.add, F.relu, torch.Tensor.add, getattr)]
        [n.format_node() for n in gt.graph.nodes]
    """,
    "rewriting": """
        split()
        replaced()
        filtered(match_filters=[lambda m, o, p: True]), filtered(match_filters=[lambda m, o, p: False]), filtered(ignore_literals=True)
        Loud(gt).run(x)[0].shape, Loud.seen
        Interpreter(gt).run()
        Changed(gt).transform().code
        ShapeProp(gt).propagate(x)[1].shape, [n.meta.get("tensor_meta") for n in gt.graph.nodes]
        symbolic_trace(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.ReLU())))(x).shape
    """,
    "copies": """
        copy.deepcopy(gt).code == gt.code, copy.deepcopy(gt).a.weight is gt.a.weight
        torch.equal(pickle.loads(pickle.dumps(gt))(x)[0], gt(x)[0]), sorted(pickle.loads(pickle.dumps(gt)).state_dict())
        pickle.loads(pickle.dumps(gd))(tree), copy.deepcopy(gd)(tree)
        gt.eval().training, gt.load_state_dict(gt.state_dict())
    """,
    "operators": """
        make_fx(lambda x: (x.sin() + 1).sum())(torch.ones(3)).code
        make_fx(lambda x: (x.sin() + 1).sum())(torch.ones(3))(torch.zeros(3))
        make_fx(lambda x, y: {"a": x @ y, "b": [x * 2]})(torch.ones(2, 2), torch.ones(2, 2)).code
        get_proxy_mode()
    """,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_as_in_pytorch(name: str, both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS[name])


def test_traced_modules_train() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    traced = torch.fx.symbolic_trace(module)
    x = torch.randn(5, 3)
    for m in (module, traced):
        m.zero_grad()
        m(x).pow(2).sum().backward()
    assert all(torch.equal(p.grad, q.grad) for p, q in zip(module.parameters(), traced.parameters()))


def test_errors_show_the_node() -> None:
    traced = torch.fx.symbolic_trace(lambda x: torch.cat([x, x.sum()]))
    with pytest.raises(RuntimeError, match="While executing %cat"):
        torch.fx.Interpreter(traced).run(torch.ones(2))


def test_wrapped_names_are_restored() -> None:
    before = (torch.nn.Module.__call__, torch.nn.Module.__getattr__)
    with pytest.raises(torch.fx.proxy.TraceError):
        torch.fx.symbolic_trace(lambda x: 1 if x else 2)
    assert (torch.nn.Module.__call__, torch.nn.Module.__getattr__) == before


def test_passes_run_in_order() -> None:
    from torch.fx.passes.infra.pass_base import PassBase, PassResult
    from torch.fx.passes.infra.pass_manager import PassManager, this_before_that_pass_constraint

    class Double(PassBase):
        def call(self, graph_module: Any) -> Any:
            for node in graph_module.graph.find_nodes(op="call_function", target=torch.relu):
                node.target = torch.neg
            return PassResult(graph_module, True)

    traced = torch.fx.symbolic_trace(lambda x: torch.relu(x))
    one, other = Double(), Double()
    result = PassManager([one, other])(traced)
    assert result.modified and result.graph_module(torch.ones(1)).item() == -1
    with pytest.raises(RuntimeError, match="constraint"):
        PassManager([one, other], [this_before_that_pass_constraint(other, one)])(traced)
