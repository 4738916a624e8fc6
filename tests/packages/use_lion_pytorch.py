"""Lion: 10 steps on a small network, with weight decay and decoupled, and its state."""

import torch
from figures import show, train
from lion_pytorch import Lion

IMPORT = "lion_pytorch"

for decoupled in (False, True):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.SiLU(), torch.nn.Linear(12, 3))
    x, y = torch.randn(16, 6), torch.randn(16, 3)
    optimizer = Lion(model.parameters(), lr=1e-2, weight_decay=1e-2, decoupled_weight_decay=decoupled)
    show(f"losses {decoupled}", train(model, optimizer, x, y, torch.nn.functional.mse_loss, 10), 1e-3)
    show(f"state {decoupled}", [s["exp_avg"] for s in optimizer.state.values()], 1e-3)
