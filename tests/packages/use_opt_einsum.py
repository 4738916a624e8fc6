"""contract of five operands with the torch backend, reused expression, gradient of a contraction."""

import opt_einsum
import torch
from figures import show

IMPORT = "opt_einsum"

torch.manual_seed(0)
operands = [torch.randn(*shape, dtype=torch.float64) for shape in ((6, 7), (7, 8, 5), (8, 9), (5, 9, 4), (4, 6))]
equation = "ab,bcd,ce,def,fa->"
show("contract", opt_einsum.contract(equation, *operands))
show(
    "expression",
    opt_einsum.contract_expression("ab,bc,cd->ad", (6, 7), (7, 8), (8, 9))(
        operands[0], torch.randn(7, 8, dtype=torch.float64), operands[2]
    ),
)
left, right = operands[0].requires_grad_(), operands[1].requires_grad_()
opt_einsum.contract("ab,bcd->acd", left, right, backend="torch").square().sum().backward()
show("gradients", [left.grad, right.grad])
path, info = opt_einsum.contract_path(equation, *operands)
show("path", [list(pair) for pair in path])
