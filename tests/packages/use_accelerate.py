"""Accelerator.prepare, a training loop with accumulation and clipping, save_state and load_state, init_empty_weights."""

import tempfile

import torch
from accelerate import Accelerator, init_empty_weights, load_checkpoint_and_dispatch
from accelerate.utils import set_seed
from figures import show
from torch.utils.data import DataLoader, TensorDataset

IMPORT = "accelerate"

set_seed(0)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
x = torch.randn(64, 6)
y = torch.stack([x.sum(1), x[:, 0] * x[:, 1]], 1)
loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
optimizer = torch.optim.AdamW(model.parameters(), 0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
model, optimizer, loader, scheduler = accelerator.prepare(model, optimizer, loader, scheduler)
losses = []
for _ in range(3):
    for a, b in loader:
        with accelerator.accumulate(model):
            loss = torch.nn.functional.mse_loss(model(a), b)
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            losses.append(float(accelerator.gather(loss.detach()).mean()))
show("losses", losses, 1e-3)
show("rate", scheduler.get_last_lr())
with tempfile.TemporaryDirectory() as folder:
    accelerator.save_state(folder)
    before = accelerator.unwrap_model(model)(x[:3]).detach()
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    accelerator.load_state(folder)
    show("restored", model(x[:3]), 1e-3)
    assert torch.equal(before, model(x[:3]))
    accelerator.save_model(model, folder)
    with init_empty_weights():
        empty = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    show("device", next(empty.parameters()).device.type)
    full = load_checkpoint_and_dispatch(empty, folder, device_map={"": "cpu"})
    show("dispatched", full(x[:3]), 1e-3)
