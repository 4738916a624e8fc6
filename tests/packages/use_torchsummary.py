"""summary of a convolutional network: the printed table."""

import contextlib
import io

import torch
from figures import show
from torchsummary import summary

IMPORT = "torchsummary"

model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(8 * 9, 5)
)
text = io.StringIO()
with contextlib.redirect_stdout(text):
    summary(model, (3, 8, 8), device="cpu")
show("table", text.getvalue())
