"""Operands of the snippets, and running them on both sides."""

from __future__ import annotations

from typing import Any

PREAMBLE = """
i = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]]); v = torch.tensor([3.0, 4.0, 5.0, 1.0])
x = torch.sparse_coo_tensor(i, v, (2, 3))                     # two entries at (0, 2)
y = torch.sparse_coo_tensor(torch.tensor([[0, 1], [0, 2]]), torch.tensor([1.0, -7.0]), (2, 3))
c, yc = x.coalesce(), y.coalesce()
d = torch.arange(6.0).reshape(2, 3)
s, sc = x.to_sparse_csr(), x.to_sparse_csc()
h = torch.sparse_coo_tensor(torch.tensor([[0, 1, 1]]), torch.arange(6.0).reshape(3, 2), (3, 2))  # rows as entries
n = torch.sparse_coo_tensor(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0), (2, 3))        # no entries
b = torch.sparse_coo_tensor(torch.tensor([[0, 1, 1], [1, 0, 0], [2, 0, 2]]), torch.tensor([2.0, 3.0, 4.0]), (2, 2, 3))
"""


def answers(both: Any, expression: str, **options: Any) -> tuple:
    """Evaluate an expression over the operands above here and in the oracle; the answers have to agree."""
    return both(PREAMBLE + f"result = {expression}", **options)


def backward(both: Any, leaf: str, loss: str) -> tuple:
    """The gradient of ``loss``, an expression over the leaf ``z``, has to be the oracle's, layout and places."""
    # Coalesced, since PyTorch forgets that a gradient is.
    code = f"z = ({leaf}).clone().requires_grad_()\n({loss}).backward()\nresult = z.grad"
    return both(PREAMBLE + code + ".coalesce() if z.grad.is_sparse else z.grad")
