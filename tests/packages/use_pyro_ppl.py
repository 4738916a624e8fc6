"""SVI of a linear model with an AutoNormal guide, NUTS of two parameters, enumeration, the log densities of traces."""

import pyro
import pyro.distributions as dist
import torch
from figures import show
from pyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO, TraceEnum_ELBO, config_enumerate
from pyro.infer.autoguide import AutoNormal

IMPORT = "pyro"

pyro.set_rng_seed(0)
x = torch.linspace(-1, 1, 30)
y = 0.5 + 2 * x + 0.1 * torch.randn(30)


def model(x, y=None):
    a = pyro.sample("a", dist.Normal(0.0, 1.0))
    b = pyro.sample("b", dist.Normal(0.0, 1.0))
    noise = pyro.sample("noise", dist.LogNormal(-1.0, 0.5))
    with pyro.plate("data", len(x)):
        return pyro.sample("y", dist.Normal(a + b * x, noise), obs=y)


trace = pyro.poutine.trace(pyro.poutine.condition(model, {"a": torch.tensor(0.3), "b": torch.tensor(1.0)})).get_trace(
    x, y
)
show("log density", trace.log_prob_sum(), 1e-3)
guide = AutoNormal(model)
svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.02}), Trace_ELBO())
show("losses", [svi.step(x, y) for _ in range(20)], 1e-2)
show("medians", [guide.median(x, y)[k] for k in ("a", "b", "noise")], 1e-2)
predictive = Predictive(model, guide=guide, num_samples=5)
show("predictions", predictive(x)["y"], 1e-2)


@config_enumerate
def mixture(data):
    weights = pyro.param("weights", torch.tensor([0.5, 0.5]), constraint=dist.constraints.simplex)
    means = pyro.param("means", torch.tensor([-1.0, 1.0]))
    with pyro.plate("points", len(data)):
        k = pyro.sample("k", dist.Categorical(weights))
        pyro.sample("x", dist.Normal(means[k], 0.5), obs=data)


svi = SVI(mixture, lambda data: None, pyro.optim.Adam({"lr": 0.05}), TraceEnum_ELBO(max_plate_nesting=1))
show("mixture", [svi.step(y) for _ in range(10)], 1e-3)
show("means", pyro.param("means"), 1e-3)
pyro.clear_param_store()
pyro.set_rng_seed(1)
mcmc = MCMC(
    NUTS(model, step_size=0.1, adapt_step_size=False, max_tree_depth=3),
    num_samples=6,
    warmup_steps=4,
    disable_progbar=True,
)
mcmc.run(x, y)
show("samples", [mcmc.get_samples()[k][:2] for k in ("a", "b")], 0.05)
