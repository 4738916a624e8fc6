"""Gradients through sparse tensors, of sparse leaves, and sparse gradients of dense ones."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch

from sparse.snippets import PREAMBLE, backward

LOSSES = [
    ("c", "z.to_dense().pow(2).sum()"),
    ("x", "z.to_dense().sum()"),
    ("s", "z.to_dense().pow(2).sum()"),
    ("c", "torch.sparse.mm(z, d.t()).sum()"),
    ("x", "torch.sparse.mm(z, d.t()).pow(2).sum()"),
    ("x", "torch.mm(z, d.t()).sum()"),
    ("c", "(z @ d.t()).pow(2).sum()"),
    ("s", "(z @ d.t()).sum()"),
    ("x", "(z * 2).sum()"),
    ("c", "(z * z).sum()"),
    ("c", "(z * d).sum()"),
    ("d", "(c * z).sum()"),
    ("c", "(z + yc).sum()"),
    ("c", "(z + yc).to_dense().pow(2).sum()"),
    ("d", "(z + c).pow(2).sum()"),
    ("c", "(d + z).pow(2).sum()"),
    ("c", "z.sum()"),
    ("c", "torch.sparse.sum(z)"),
    ("c", "torch.sparse.sum(z, 0).to_dense().pow(2).sum()"),
    ("h", "torch.sparse.sum(z, 1).to_dense().pow(2).sum()"),
    ("x", "z.coalesce().values().pow(2).sum()"),
    ("s", "z.values().pow(2).sum()"),
    ("d", "z.to_sparse().to_dense().pow(2).sum()"),
    ("d", "torch.sparse.sum(z.to_sparse())"),
    ("d", "z.sparse_mask(c).to_dense().pow(2).sum()"),
    ("c", "z.abs().sum()"),
    ("c", "torch.sparse.softmax(z, 1).to_dense().pow(2).sum()"),
    ("c", "torch.sparse.log_softmax(z, 1).to_dense().pow(2).sum()"),
    ("c", "torch.sparse.mm(z, yc.t()).to_dense().sum()"),
    ("c", "z.t().to_dense().pow(2).sum()"),
    ("c", "(z / 2).to_dense().sum()"),
    ("c", "(-z).to_dense().sum()"),
    ("c", "z.clone().to_dense().sum()"),
    ("c", "z.double().to_dense().sum()"),
    ("c", "torch.sparse.addmm(torch.ones(2, 2), z, d.t()).sum()"),
    ("d.t()", "torch.sparse.mm(c, z).sum()"),
    ("d.t()", "torch.mm(z, x).sum()"),
    ("c", "torch.mm(d.t(), z).sum()"),
    ("v", "torch.sparse_coo_tensor(i, z, (2, 3)).to_dense().pow(2).sum()"),
    ("v", "torch.sparse_coo_tensor(i, z, (2, 3)).coalesce().values().pow(2).sum()"),
    ("v", "torch.sparse.mm(torch.sparse_coo_tensor(i, z, (2, 3)), d.t()).pow(2).sum()"),
    ("v[:3]", "torch.sparse_csr_tensor(s.crow_indices(), s.col_indices(), z, (2, 3)).to_dense().pow(2).sum()"),
]


@pytest.mark.parametrize(("leaf", "loss"), LOSSES)
def test_gradient(both: Any, leaf: str, loss: str) -> None:
    backward(both, leaf, loss)


@pytest.mark.parametrize(
    "steps",
    [
        "z.to_dense().sum().backward(); z.to_dense().sum().backward()",
        "z.to_dense().sum().backward(); z.sum().backward()",
        "z.sum().backward(); z.to_dense().sum().backward()",
        "(z.to_dense().sum() + z.sum()).backward()",
        "(z.to_dense().pow(2).sum() + z.abs().sum()).backward()",
        "z.to_dense(masked_grad=False).pow(2).sum().backward()",
    ],
)
def test_gradients_of_both_layouts_are_summed(both: Any, steps: str) -> None:
    both(PREAMBLE + f"z = c.clone().requires_grad_()\n{steps}\nresult = z.grad.to_dense()")


FUNCTIONS = {
    "to_dense": lambda m, d: m.to_dense().pow(2),
    "coalesce": lambda m, d: m.coalesce().values().pow(2),
    "mm": lambda m, d: torch.sparse.mm(m, d.t()),
    "left mm": lambda m, d: torch.mm(d.t(), m.to_dense()) + torch.mm(d.t(), m),
    "sparse mm": lambda m, d: torch.sparse.mm(m, m.t()).to_dense(),
    "softmax": lambda m, d: torch.sparse.softmax(m, 1).to_dense(),
    "log_softmax": lambda m, d: torch.sparse.log_softmax(m, 0).to_dense(),
    "sum": lambda m, d: torch.sparse.sum(m, 0).to_dense().pow(2),
    "sin": lambda m, d: m.sin().to_dense(),
    "square": lambda m, d: m.square().to_dense(),
    "pow": lambda m, d: m.pow(3).to_dense(),
    "norm": lambda m, d: m.norm(),
    "mul": lambda m, d: (m * d).to_dense() + (m * m).to_dense() * d,
    "add": lambda m, d: d + m * 2 + (m + m).to_dense(),
    "cat": lambda m, d: torch.cat([m, m * 2]).to_dense().pow(2),
    "select": lambda m, d: m[0].to_dense().pow(2) + m[:, 0:1].to_dense().sum(),
    "index_select": lambda m, d: m.index_select(1, torch.tensor([2, 2, 0])).to_dense().pow(2),
    "transpose": lambda m, d: m.t().to_dense().pow(2),
    "csr": lambda m, d: m.to_sparse_csr().to_dense().pow(2) + (m.to_sparse_csr() @ d.t()).sum(),
    "addmm": lambda m, d: torch.sparse.addmm(torch.ones(2, 2, dtype=d.dtype), m, d.t(), beta=2.0, alpha=3.0),
    "mask": lambda m, d: d.sparse_mask(m.detach()).to_dense() * m.to_dense(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradcheck_of_entries(name: str) -> None:
    places = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])
    torch.manual_seed(3)
    entries = torch.rand(4, dtype=torch.float64, requires_grad=True)
    dense = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)

    def function(v: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
        return FUNCTIONS[name](torch.sparse_coo_tensor(places, v, (2, 3)), d)

    assert torch.autograd.gradcheck(function, (entries, dense))
    assert torch.autograd.gradgradcheck(function, (entries, dense))


def test_in_place_writes_are_recorded() -> None:
    entries = torch.tensor([1.0, 2.0], requires_grad=True)
    m = torch.sparse_coo_tensor([[0, 1]], entries, (3,))
    m.mul_(3)
    m.to_dense().pow(2).sum().backward()
    assert entries.grad.tolist() == [18.0, 36.0]
    leaf = torch.ones(3).to_sparse().requires_grad_()
    with pytest.raises(RuntimeError, match="leaf"):
        leaf.mul_(2)
    dense = torch.zeros(3, requires_grad=True)
    total = dense * 1
    total.add_(torch.sparse_coo_tensor([[0, 1]], entries, (3,)))
    entries.grad = None
    total.pow(2).sum().backward()
    assert entries.grad.tolist() == [2.0, 4.0]
    assert dense.grad.tolist() == [2.0, 4.0, 0.0]


# ---- embeddings and optimizers ----

EMBEDDED = [
    "torch.nn.Embedding(4, 2, sparse=True)(torch.tensor([1, 2, 1]))",
    "torch.nn.Embedding(4, 2, sparse=True, padding_idx=2)(torch.tensor([[1, 2, 1]]))",
    "torch.nn.Embedding(4, 2, sparse=True, scale_grad_by_freq=True)(torch.tensor([1]))",
]


@pytest.mark.parametrize("call", EMBEDDED)
def test_gradient_of_a_table_is_sparse(both: Any, call: str) -> None:
    layer = call[: call.rindex("(torch.tensor")]
    both(
        f"m = {layer}\ntorch.manual_seed(0)\nm{call[len(layer) :]}.sum().backward()\nresult = m.weight.grad.coalesce()"
    )


@pytest.mark.parametrize("options", ["", "mode='sum', padding_idx=1", "mode='max'", "scale_grad_by_freq=True"])
def test_gradient_of_a_table_of_bags_is_sparse(both: Any, options: str) -> None:
    both(
        "w = torch.linspace(0, 1, 8).reshape(4, 2).requires_grad_()\n"
        "bags = torch.tensor([[1, 2, 1], [0, 0, 3]])\n"
        f"torch.nn.functional.embedding_bag(bags, w, sparse=True, {options}).sum().backward()\nresult = w.grad"
    )


def test_gradient_of_a_table_used_twice(both: Any) -> None:
    both(
        "m = torch.nn.Embedding(4, 2, sparse=True)\nfor k in range(2): m(torch.tensor([1, 2])).sum().backward()\nresult = m.weight.grad.coalesce()"
    )
    both(
        "m = torch.nn.Embedding(4, 2, sparse=True)\nm(torch.tensor([1, 2])).sum().backward(); m.weight.sum().backward()\nresult = m.weight.grad"
    )


STEPS = """
torch.manual_seed(0)
m = torch.nn.Embedding(5, 3, sparse=True)
dense = torch.nn.Linear(3, 2)
with torch.no_grad():
    for k, p in enumerate([*m.parameters(), *dense.parameters()]):
        p.copy_(torch.linspace(-1, 1, p.numel()).reshape(p.shape) + k)
o = torch.optim.{optimizer}
for k in range(3):
    o.zero_grad()
    loss = m(torch.tensor([1, 2, 1, k])).pow(2).sum()
    loss.backward()
    o.step()
result = m.weight.detach(), [p.detach() for p in dense.parameters()]
"""


@pytest.mark.parametrize(
    "optimizer",
    [
        "SGD(m.parameters(), lr=0.1)",
        "SGD(m.parameters(), lr=0.1, momentum=0.9)",
        "SGD(m.parameters(), lr=0.1, momentum=0.9, dampening=0.5)",
        "SGD(m.parameters(), lr=0.1, momentum=0.9, nesterov=True)",
        "SGD(m.parameters(), lr=0.1, maximize=True)",
        "SGD(m.parameters(), lr=0.1, weight_decay=0.1)",
        "SGD(m.parameters(), lr=0.1, fused=True)",
        "Adagrad(m.parameters(), lr=0.1)",
        "Adagrad(m.parameters(), lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5)",
        "Adagrad(m.parameters(), lr=0.1, maximize=True)",
        "Adagrad(m.parameters(), lr=0.1, weight_decay=0.1)",
        "Adagrad(m.parameters(), lr=0.1, fused=True)",
        "SparseAdam(m.parameters(), lr=0.1)",
        "SparseAdam(m.parameters(), lr=0.1, maximize=True, betas=(0.5, 0.6), eps=0.1)",
        "SparseAdam(dense.parameters(), lr=-1)",
        "SparseAdam([torch.sparse_coo_tensor((2, 2), requires_grad=True)])",
        "SparseAdam(m.parameters(), betas=(1, 2))",
        "Adam(m.parameters(), lr=0.1)",
        "AdamW(m.parameters(), lr=0.1)",
        "RMSprop(m.parameters(), lr=0.1)",
        "Adadelta(m.parameters(), lr=0.1)",
        "Adamax(m.parameters(), lr=0.1)",
        "NAdam(m.parameters(), lr=0.1)",
        "ASGD(m.parameters(), lr=0.1)",
    ],
)
def test_optimizer(both: Any, optimizer: str) -> None:
    both(STEPS.format(optimizer=optimizer), scale=10)


def test_sgd_takes_sparse_and_dense_gradients_together(both: Any) -> None:
    code = STEPS.format(optimizer="SGD([*m.parameters(), *dense.parameters()], lr=0.01, momentum=0.9)")
    both(code.replace("loss = m(", "loss = dense(m(").replace("k]))", "k])))"), scale=10)


def test_sparse_adam_refuses_dense_gradients() -> None:
    p = torch.ones(2, requires_grad=True)
    p.sum().backward()
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients"):
        torch.optim.SparseAdam([p]).step()


# ---- files and copies ----

SAVED = ["x", "c", "s", "sc", "h", "n", "torch.sparse_coo", "[x, d, x]", "x.double()"]


@pytest.mark.parametrize("expression", SAVED)
def test_files(both: Any, expression: str) -> None:
    """To memory and back; through files of the other side in the next test."""
    both(
        PREAMBLE + "import io, pickle, copy\n"
        f"value = {expression}\nf = io.BytesIO()\ntorch.save(value, f)\nf.seek(0)\n"
        "result = torch.load(f), pickle.loads(pickle.dumps(value))"
    )


@pytest.mark.parametrize("expression", SAVED)
def test_files_of_both_sides_are_the_same(oracle: Any, expression: str) -> None:
    import compare
    import wire

    write = PREAMBLE + f"import io\nf = io.BytesIO()\ntorch.save({expression}, f)\nresult = f.getvalue()"
    read = "import io\nresult = torch.load(io.BytesIO(data))"
    ours = wire.run({"code": write})[1][1]
    theirs = oracle.ask([{"code": write}])[0][1][1]
    value = wire.run({"code": PREAMBLE + f"result = {expression}"})
    assert compare.differ(wire.run({"code": read, "names": {"data": ("v", theirs)}})[1], value[1]) is None
    assert compare.differ(oracle.ask([{"code": read, "names": {"data": ("v", ours)}}])[0][1], value[1]) is None


def test_a_file_with_wild_places_is_refused() -> None:
    wild = torch.sparse_coo_tensor([[0, 9]], [1.0, 2.0], (3,))
    file = io.BytesIO()
    torch.save(wild, file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="size is inconsistent with indices"):
        torch.load(file)


def test_copies_are_apart() -> None:
    x = torch.eye(2).to_sparse().requires_grad_()
    x.to_dense().sum().backward()
    other = copy.deepcopy(x)
    assert other.requires_grad
    assert other.grad.is_sparse
    with torch.no_grad():
        other.mul_(2)
    assert x.to_dense().tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert not pickle.loads(pickle.dumps(x)).requires_grad
