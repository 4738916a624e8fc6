"""A SingleTaskGP fitted to Hartmann, expected improvement and qUCB maximised, three steps of Bayesian optimisation."""

import warnings

import torch
from botorch.acquisition import LogExpectedImprovement, qUpperConfidenceBound
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.optim import optimize_acqf
from botorch.sampling import SobolQMCNormalSampler
from botorch.test_functions import Hartmann
from figures import show
from gpytorch.mlls import ExactMarginalLogLikelihood

IMPORT = "botorch"

warnings.simplefilter("ignore")
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
problem = Hartmann(dim=3, negate=True)
x = torch.rand(8, 3)
y = problem(x)[:, None]
show("values", y)
bounds = torch.tensor([[0.0] * 3, [1.0] * 3])
for step in range(2):
    model = SingleTaskGP(x, y)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    show(f"posterior {step}", model.posterior(torch.full((1, 3), 0.5)).mean, 1e-2)
    candidate, value = optimize_acqf(
        LogExpectedImprovement(model, y.max()), bounds, q=1, num_restarts=2, raw_samples=16, options={"seed": 1}
    )
    show(f"improvement {step}", value, 0.05)
    x, y = torch.cat([x, candidate]), torch.cat([y, problem(candidate)[:, None]])
show("best", y.max(), 0.05)
torch.manual_seed(0)
batch = qUpperConfidenceBound(model, 0.2, SobolQMCNormalSampler(torch.Size([16]), seed=0))
show("qUCB", batch(torch.rand(2, 3)), 1e-2)
