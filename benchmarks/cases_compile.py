"""Functions compiled by ``torch.compile``, each with its eager twin. Imported by ``cases.py``; the same rules hold.

Compiling and what it takes to settle (some calls) are part of the setup. A function is compiled for its case alone,
so that PyTorch's knows the one shape it is timed with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def both(name: str, make: Callable[[], Callable[[], Any]]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """A case compiled and as it is; ``make`` gives each its own function and data."""
    import torch

    torch._dynamo.reset()
    torch.manual_seed(0)
    compiled = torch.compile(make())
    for _ in range(3):
        compiled()
    yield name, compiled
    torch.manual_seed(0)
    yield f"{name} eager", make()


def expression(size: tuple, function: Callable[..., Any], *more: Any) -> Callable[[], Callable[[], Any]]:
    """``function`` of two random tensors of a size and of others."""

    def make() -> Callable[[], Any]:
        import torch

        x, y = torch.randn(size), torch.randn(size)
        others = [torch.randn(shape) for shape in more]
        return lambda: function(x, y, *others)

    return make


def training_step(model: Any, optimizer: Any, loss_of: Callable[[Any], Any]) -> Callable[[], Any]:
    def step() -> None:
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()

    return step


def mlp_step(optimizer_name: str) -> Callable[[], Any]:
    import models
    import torch
    from torch import nn

    model = models.mlp(784, 512, 512, 10)
    images, labels = torch.randn(64, 784), torch.randint(0, 10, (64,))
    optimizer = getattr(torch.optim, optimizer_name)(model.parameters(), lr=1e-3)
    return training_step(model, optimizer, lambda model: nn.functional.cross_entropy(model(images), labels))


def gpt_step() -> Callable[[], Any]:
    import models
    import torch
    import torch.nn.functional as F

    model = models.GPT(2, 128, 4, 256, 64)
    tokens = torch.randint(0, 256, (16, 65))
    given, wanted = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return training_step(model, optimizer, lambda model: F.cross_entropy(model(given).view(-1, 256), wanted.view(-1)))


def compiled_functions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Forward expressions, and whole training steps."""
    import torch
    import torch.nn.functional as F

    def chain(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (((x * 2.0 + y).sigmoid() * x - y).abs() + 0.5).sqrt()

    def masked_softmax(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.softmax(x * 0.125 + y, -1)

    def norm_of_sum(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x + y, (768,), weight, bias)

    def rms_norm(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight

    for power in (2, 3, 4, 5, 6, 7):
        yield from both(f"chain of 8 1e{power}", expression((10**power,), chain))
    for power in (2, 4, 6):
        yield from both(f"one op 1e{power}", expression((10**power,), lambda x, y: x + y))
    yield from both("gelu(x) * y + z 1e6", expression((1_000_000,), lambda x, y, z: F.gelu(x) * y + z, (1_000_000,)))
    yield from both("softmax(x * scale + mask) 1024x1024", expression((1024, 1024), masked_softmax))
    yield from both("layer_norm(x + residual) 1024x768", expression((1024, 768), norm_of_sum, (768,), (768,)))
    yield from both("rms-norm by hand 1024x768", expression((1024, 768), rms_norm, (768,)))
    yield from both("MLP 784-512-512-10 b64 SGD step", lambda: mlp_step("SGD"))
    yield from both("MLP 784-512-512-10 b64 Adam step", lambda: mlp_step("Adam"))
    yield from both("GPT 2x128 b16 t64 AdamW step", gpt_step)


GROUPS = {"compile": compiled_functions}
