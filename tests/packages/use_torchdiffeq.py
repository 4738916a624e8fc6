"""odeint with six solvers, odeint_event, gradients of odeint_adjoint, a neural ODE's 5 training steps."""

import torch
from figures import gradients, show
from torchdiffeq import odeint, odeint_adjoint, odeint_event

IMPORT = "torchdiffeq"

torch.manual_seed(0)
matrix = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]], dtype=torch.float64)
times = torch.linspace(0.0, 3.0, 13, dtype=torch.float64)
start = torch.tensor([2.0, 0.0], dtype=torch.float64)
for method in ("dopri5", "dopri8", "bosh3", "adaptive_heun", "rk4", "implicit_adams"):
    show(method, odeint(lambda t, y: (y**3) @ matrix, start, times, method=method))
when, values = odeint_event(
    lambda t, y: torch.stack([y[1], torch.full_like(y[1], -9.8)]),
    torch.tensor([10.0, 0.0]),
    torch.tensor(0.0),
    event_fn=lambda t, y: y[0],
)
show("event", [when, values])


class Field(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(2, 20), torch.nn.Tanh(), torch.nn.Linear(20, 2))

    def forward(self, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.layers(y**3)


field = Field()
target = odeint(lambda t, y: (y**3) @ matrix.float(), start.float(), times.float())
optimizer = torch.optim.RMSprop(field.parameters(), 1e-3)
losses = []
for _ in range(5):
    optimizer.zero_grad()
    loss = (odeint_adjoint(field, start.float(), times.float()) - target).abs().mean()
    loss.backward()
    optimizer.step()
    losses.append(float(loss.detach()))
show("losses", losses)
show("gradients", gradients(field), 1e-3)
