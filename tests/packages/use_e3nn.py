"""Spherical harmonics, Wigner matrices, tensor products (generated code), a gate, equivariance and gradients."""

import torch
from e3nn import nn, o3
from figures import gradients, show

IMPORT = "e3nn.o3"

torch.manual_seed(0)
x = torch.randn(10, 3, requires_grad=True)
harmonics = o3.spherical_harmonics([0, 1, 2, 3], x, normalize=True)
show("harmonics", harmonics)
(harmonics * torch.linspace(-1, 1, 16)).sum().backward()
show("gradient", x.grad)
show("wigner", o3.wigner_3j(1, 2, 3))
rotation = o3.rand_matrix()
show("rotation", rotation)
irreps = o3.Irreps("4x0e + 3x1o + 2x2e")
show("D", irreps.D_from_matrix(rotation), 1e-3)
product = o3.FullyConnectedTensorProduct(irreps, "1x0e + 1x1o + 1x2e", "5x0e + 5x1o")
a, b = irreps.randn(7, -1), o3.Irreps("1x0e + 1x1o + 1x2e").randn(7, -1)
y = product(a, b)
show("product", y, 1e-3)
y.square().sum().backward()
show("weights", gradients(product), 1e-3)
linear = o3.Linear(irreps, "4x0e + 6x1o")
show("linear", linear(a), 1e-3)
gate = nn.Gate("8x0e", [torch.relu], "3x0e", [torch.sigmoid], "3x1o")
show("gate", gate(gate.irreps_in.randn(5, -1)), 1e-3)
