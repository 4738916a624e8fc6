"""A tabular-free Learner on synthetic data: fit_one_cycle, metrics, callbacks, discriminative rates, export; an xresnet."""

import tempfile
from pathlib import Path

import torch
from fastai.callback.schedule import *  # noqa: F403
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from fastai.vision.models.xresnet import xresnet18
from figures import show

IMPORT = "fastai.vision.all"

set_seed(0, reproducible=True)
x = torch.randn(96, 6)
y = (x[:, 0] + x[:, 1] > 0).long()
train = DataLoader(list(zip(x[:64], y[:64])), bs=16, num_workers=0)
valid = DataLoader(list(zip(x[64:], y[64:])), bs=16, num_workers=0)
model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
with tempfile.TemporaryDirectory() as folder:
    learner = Learner(DataLoaders(train, valid), model, CrossEntropyLossFlat(), metrics=accuracy, path=Path(folder))
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(3, 0.01)
    show("values", [list(row) for row in learner.recorder.values], 1e-3)
    show("rates", learner.recorder.lrs, 1e-3)
    learner.save("model")
    learner.load("model")
with learner.no_bar():
    show("predictions", learner.get_preds()[0], 1e-3)
torch.manual_seed(0)
network = xresnet18(n_out=3).eval()
show("xresnet", network(torch.randn(2, 3, 64, 64)), 1e-3)
