"""What calls cost before they do any work: operators on 8 elements, small models, steps of many small parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def overhead() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Calls on 8 elements, or on 8 x 8."""
    import torch
    from torch.nn import functional as F

    x, y = torch.randn(8), torch.randn(8)
    m = torch.randn(8, 8)
    yield "x + x", lambda: x + x
    yield "x * 2.0", lambda: x * 2.0
    yield "x.add_(y)", lambda: x.add_(y)
    yield "x > 0", lambda: x > 0
    yield "relu", lambda: torch.relu(x)
    yield "x.exp()", lambda: x.exp()
    yield "x.sum()", lambda: x.sum()
    yield "m.mean(1)", lambda: m.mean(1)
    yield "m.max(1)", lambda: m.max(1)
    yield "m.softmax(1)", lambda: m.softmax(1)
    yield "m @ m", lambda: m @ m
    yield "F.mse_loss", lambda: F.mse_loss(x, y)
    yield "torch.cat([x, y])", lambda: torch.cat([x, y])
    yield "torch.stack([x, y])", lambda: torch.stack([x, y])
    yield "x.clone()", lambda: x.clone()
    yield "x.to(float64)", lambda: x.to(torch.float64)
    one = torch.tensor(1.0)
    yield "item", lambda: one.item()
    yield "torch.empty(8)", lambda: torch.empty(8)
    yield "torch.zeros(8)", lambda: torch.zeros(8)
    yield "torch.tensor([1., 2., 3.])", lambda: torch.tensor([1.0, 2.0, 3.0])
    yield "x.view(-1)", lambda: x.view(-1)
    yield "m.t()", lambda: m.t()
    yield "m.reshape(-1)", lambda: m.reshape(-1)
    yield "m.permute(1, 0)", lambda: m.permute(1, 0)
    yield "x.unsqueeze(0)", lambda: x.unsqueeze(0)
    yield "m.chunk(2)", lambda: m.chunk(2)
    yield "x.shape", lambda: x.shape
    yield "x[3]", lambda: x[3]
    yield "x[1:5]", lambda: x[1:5]
    yield "m[:, 1]", lambda: m[:, 1]
    rows, mask = torch.tensor([1, 3]), x > 0
    yield "m[rows]", lambda: m[rows]
    yield "x[mask]", lambda: x[mask]

    def assign() -> None:
        m[0, 0] = 1.0

    yield "m[0, 0] = 1.0", assign

    def no_grad() -> None:
        with torch.no_grad():
            pass

    yield "with no_grad()", no_grad
    linear, batch = torch.nn.Linear(8, 8), torch.randn(1, 8)
    yield "Linear(8, 8)", lambda: linear(batch)
    a, b = torch.randn(8, requires_grad=True), torch.randn(8)
    yield "a + a with grad", lambda: a + a

    def small_backward() -> None:
        (a * b + a).sum().backward()
        a.grad = None

    yield "(a*b+a).sum().backward()", small_backward

    def chain() -> None:
        z = a
        for _ in range(100):
            z = z * 1.01
        z.sum().backward()
        a.grad = None

    yield "chain of 100 mul, forward and backward", chain
    yield from small_steps()


def small_steps() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Training steps whose tensors hold a few hundred numbers, and optimizers over 100 parameters of 64."""
    import models
    import torch

    kinds: dict[str, Callable[[Any], Any]] = {
        "SGD": lambda p: torch.optim.SGD(p, lr=0.01),
        "SGD momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "Adam": lambda p: torch.optim.Adam(p),
        "AdamW": lambda p: torch.optim.AdamW(p),
        "RMSprop": lambda p: torch.optim.RMSprop(p),
    }
    x, y = torch.randn(8, 32), torch.randn(8, 1)
    for name in ("SGD", "Adam"):
        model = models.mlp(32, 32, 32, 1)
        optimizer = kinds[name](model.parameters())

        def step(model: Any = model, optimizer: Any = optimizer) -> None:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

        yield f"MLP 3x32 b8 {name}", step
    for name, make in kinds.items():
        params = [torch.nn.Parameter(torch.randn(64)) for _ in range(100)]
        for p in params:
            p.grad = torch.randn(64)
        optimizer = make(params)
        yield f"{name}.step of 100 x 64", optimizer.step

    cell, hidden, item = torch.nn.RNNCell(16, 16), torch.zeros(1, 16), torch.randn(1, 16)

    def recur() -> None:
        h = hidden
        for _ in range(20):
            h = cell(item, h)
        h.sum().backward()

    yield "RNNCell 20 steps, forward and backward", recur


GROUPS = {"overhead": overhead}
