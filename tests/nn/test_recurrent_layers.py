"""Recurrent layers as one kernel: against their own steps, which gradients of gradients are taken through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

SIZES = ((128, 16, 20), (5, 3, 17), (33, 7, 9), (48, 1, 40))  # units, batch, steps


def _make(kind: str, units: int, dtype: torch.dtype, **facts: Any) -> nn.RNNBase:
    torch.manual_seed(0)
    if kind == "RELU":
        return nn.RNN(6, units, nonlinearity="relu", **facts).to(dtype)
    return getattr(nn, kind)(6, units, **facts).to(dtype)


def _states(module: nn.RNNBase, batch: int, dtype: torch.dtype) -> Any:
    shape = (module.num_layers * (2 if module.bidirectional else 1), batch, module.hidden_size)
    states = [torch.randn(shape, dtype=dtype, requires_grad=True) for _ in range(module._states)]
    return tuple(states) if len(states) == 2 else states[0]


def _input(x: torch.Tensor, packed: bool) -> Any:
    steps, batch = x.shape[:2]
    return pack_padded_sequence(x, sorted((1 + i * 7 % steps for i in range(batch)), reverse=True)) if packed else x


def _results(module: nn.RNNBase, x: torch.Tensor, states: Any, packed: bool) -> list[torch.Tensor]:
    output, last = module(_input(x, packed), states)
    return [output.data if packed else output, *(last if isinstance(last, tuple) else (last,))]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("units, batch, steps", SIZES)
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "RELU"])
def test_gradients_as_of_steps(kind: str, units: int, batch: int, steps: int, packed: bool, dtype: torch.dtype) -> None:
    module = _make(kind, units, dtype, num_layers=2, bidirectional=units % 2 == 1, bias=units != 33)
    x, states = torch.randn(steps, batch, 6, dtype=dtype, requires_grad=True), _states(module, batch, dtype)
    inputs = [x, *(states if isinstance(states, tuple) else (states,)), *module.parameters()]

    def gradients(create_graph: bool) -> Any:
        results = _results(module, x, states, packed)
        loss = sum((r * torch.linspace(-1, 1, r.numel(), dtype=dtype).view(r.shape)).sum() for r in results)
        return results, torch.autograd.grad(loss, inputs, create_graph=create_graph)

    results, found = gradients(create_graph=False)
    _, by_steps = gradients(create_graph=True)
    tolerance = 3e-5 if dtype == torch.float32 else 1e-12
    for a, b in zip(found, by_steps):
        torch.testing.assert_close(a, b.detach(), rtol=tolerance, atol=tolerance * float(b.detach().abs().max()))
    with torch.no_grad():  # without what gradients need
        for a, b in zip(_results(module, x, states, packed), results):
            assert torch.equal(a, b)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_gradcheck(kind: str, packed: bool) -> None:
    module = _make(kind, 2, torch.float64, bidirectional=True)
    x, states = torch.randn(7, 4, 6, dtype=torch.float64, requires_grad=True), _states(module, 4, torch.float64)
    inputs = [x, *(states if isinstance(states, tuple) else (states,)), *module.parameters()]

    def function(*given: torch.Tensor) -> Any:
        count = module._states
        names = dict(zip((n for n, _ in module.named_parameters()), given[1 + count :]))
        state = given[1] if count == 1 else (given[1], given[2])
        output, last = torch.func.functional_call(module, names, (_input(given[0], packed), state))
        return (output.data if packed else output, *(last if isinstance(last, tuple) else (last,)))

    assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(function, inputs)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_threads_change_nothing(kind: str) -> None:
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            for units, batch, steps in ((64, 37, 30), (1024, 2, 8)):
                module = _make(kind, units, torch.float32)
                x = torch.randn(steps, batch, 6, requires_grad=True)
                results = _results(module, x, None, False)
                found.append([*results, *torch.autograd.grad(results[0].sum(), [x, *module.parameters()])])
    finally:
        torch.set_num_threads(threads)
    for one, three in zip(found[:2], found[2:]):
        for a, b in zip(one, three):
            assert torch.equal(a, b)


def test_hooks_run_once() -> None:
    module = _make("GRU", 4, torch.float64)
    seen: list[torch.Tensor] = []
    module.weight_hh_l0.register_hook(seen.append)
    x = torch.randn(5, 4, 6, dtype=torch.float64)
    torch.autograd.grad(module(x)[0].square().sum(), list(module.parameters()), create_graph=True)
    assert len(seen) == 1


def test_one_input_of_several() -> None:
    module = _make("LSTM", 8, torch.float32).requires_grad_(False)
    x = torch.randn(6, 4, 6)
    (h, c) = (torch.randn(1, 4, 8, requires_grad=True), torch.randn(1, 4, 8))
    (alone,) = torch.autograd.grad(module(x, (h, c))[1][1].sum(), [h])
    module.requires_grad_(True)
    (together,) = torch.autograd.grad(module(x, (h, c))[1][1].sum(), [h])
    assert torch.equal(alone, together)


def test_vmap() -> None:
    module = _make("LSTM", 8, torch.float32)
    x = torch.randn(3, 6, 4, 6)
    together = torch.vmap(lambda t: module(t)[0])(x)
    for one, t in zip(together, x):
        torch.testing.assert_close(one, module(t)[0])
