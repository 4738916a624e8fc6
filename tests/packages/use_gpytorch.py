"""Exact GP regression: 10 steps of Adam on the marginal likelihood, predictions; a variational GP classifier."""

import gpytorch
import torch
from figures import show

IMPORT = "gpytorch"

torch.manual_seed(0)
x = torch.linspace(0, 1, 40)
y = torch.sin(x * 6.28) + 0.1 * torch.randn(40)


class Exact(gpytorch.models.ExactGP):
    def __init__(self, likelihood) -> None:
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ConstantMean()
        self.covar_module = gpytorch.kernels.ScaleKernel(
            gpytorch.kernels.RBFKernel() + gpytorch.kernels.MaternKernel(2.5)
        )

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


likelihood = gpytorch.likelihoods.GaussianLikelihood()
model = Exact(likelihood)
model.train()
likelihood.train()
optimizer = torch.optim.Adam(model.parameters(), 0.1)
objective = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
losses = []
for _ in range(10):
    optimizer.zero_grad()
    loss = -objective(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(float(loss.detach()))
show("losses", losses, 1e-3)
model.eval()
likelihood.eval()
with torch.no_grad(), gpytorch.settings.fast_pred_var():
    prediction = likelihood(model(torch.linspace(0, 1.2, 25)))
    show("mean", prediction.mean, 1e-2)
    show("variance", prediction.variance, 1e-2)
    show("confidence", list(prediction.confidence_region()), 1e-2)


class Variational(gpytorch.models.ApproximateGP):
    def __init__(self) -> None:
        points = torch.linspace(0, 1, 12)[:, None]
        distribution = gpytorch.variational.CholeskyVariationalDistribution(12)
        super().__init__(gpytorch.variational.VariationalStrategy(self, points, distribution, True))
        self.mean_module = gpytorch.means.ConstantMean()
        self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


torch.manual_seed(0)
model, likelihood = Variational(), gpytorch.likelihoods.BernoulliLikelihood()
optimizer = torch.optim.Adam([*model.parameters(), *likelihood.parameters()], 0.05)
objective = gpytorch.mlls.VariationalELBO(likelihood, model, 40)
losses = []
for _ in range(10):
    optimizer.zero_grad()
    loss = -objective(model(x[:, None]), (y > 0).float())
    loss.backward()
    optimizer.step()
    losses.append(float(loss.detach()))
show("variational losses", losses, 1e-3)
model.eval()
show("classes", likelihood(model(x[:, None])).mean, 1e-2)
