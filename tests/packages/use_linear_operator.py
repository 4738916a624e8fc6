"""Dense, diagonal, Toeplitz, Kronecker and low-rank operators: solve, logdet, products, inv_quad_logdet with gradients."""

import linear_operator
import torch
from figures import show
from linear_operator.operators import (
    DenseLinearOperator,
    DiagLinearOperator,
    KroneckerProductLinearOperator,
    RootLinearOperator,
    ToeplitzLinearOperator,
)

IMPORT = "linear_operator"

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
root = torch.randn(12, 12)
matrix = (root @ root.mT + 12 * torch.eye(12)).requires_grad_()
right = torch.randn(12, 3)
dense = DenseLinearOperator(matrix)
show("solve", dense.solve(right))
show("logdet", dense.logdet())
quad, logdet = dense.inv_quad_logdet(right, logdet=True)
(quad + logdet).backward()
show("gradient", matrix.grad)
show("sum", (dense + DiagLinearOperator(torch.arange(1.0, 13))).matmul(right))
show("toeplitz", ToeplitzLinearOperator(torch.linspace(2, 0, 12)) @ right)
kronecker = KroneckerProductLinearOperator(
    DenseLinearOperator(torch.eye(3) + 0.1), DenseLinearOperator(torch.eye(4) * 2)
)
show("kronecker", kronecker.solve(right))
show("root", RootLinearOperator(torch.randn(12, 4)).to_dense())
with linear_operator.settings.max_cholesky_size(1):
    show("conjugate gradients", dense.solve(right), 1e-3)
show("eigenvalues", dense.eigh()[0])
show("cholesky", dense.cholesky().to_dense())
show("diagonal", dense[..., 2:5, 1:4].to_dense())
