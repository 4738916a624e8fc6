"""What the scripts of this folder print: named figures, one JSON line each, for scripts/packages.py to compare."""

from __future__ import annotations

import json
import math
from typing import Any

import torch

SAMPLES = 48


def numbers(value: Any) -> list[float]:
    """The value as a short list: all of it when it is short, else its mean, norm and some of its elements."""
    if isinstance(value, (bool, int, float)):
        return [float(value)]
    if isinstance(value, (list, tuple)):
        return [x for item in value for x in numbers(item)]
    tensor = torch.as_tensor(value).detach()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    flat = tensor.to(torch.float64).reshape(-1)
    if flat.numel() <= SAMPLES:
        return flat.tolist()
    step = flat.numel() // SAMPLES
    return [float(flat.mean()), math.sqrt(float((flat * flat).mean())), *flat[::step].tolist()]


def show(name: str, value: Any, tolerance: float = 1e-4) -> None:
    """Print a figure. ``tolerance`` is relative to the largest of its numbers."""
    if isinstance(value, str):
        print("FIGURE", json.dumps({"name": name, "text": value}), flush=True)
        return
    shape = list(value.shape) if isinstance(value, torch.Tensor) else None
    figure = {"name": name, "numbers": numbers(value), "shape": shape, "tolerance": tolerance}
    print("FIGURE", json.dumps(figure), flush=True)


def gradients(module: torch.nn.Module) -> list[float]:
    """The norm of each parameter's gradient."""
    return [0.0 if p.grad is None else float(p.grad.double().norm()) for p in module.parameters()]


def train(
    module: torch.nn.Module, optimizer: Any, inputs: torch.Tensor, targets: torch.Tensor, loss: Any, steps: int = 5
) -> list[float]:
    """The loss at each step."""
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(module(inputs), targets)
        value.backward()
        optimizer.step()
        found.append(float(value.detach()))
    return found
