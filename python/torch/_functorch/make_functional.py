"""Modules as functions of tuples of parameters: the form before :func:`torch.func.functional_call`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch._functorch.module_state import functional_call, stack_module_state

__all__ = [
    "FunctionalModule",
    "FunctionalModuleWithBuffers",
    "combine_state_for_ensemble",
    "make_functional",
    "make_functional_with_buffers",
]


def _named(model: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, torch.Tensor]]:
    return dict(model.named_parameters()), dict(model.named_buffers())


def _without_data(model: nn.Module) -> nn.Module:
    """A copy of a module whose parameters and buffers are on the device meta, and shared where they were."""
    copies: dict[int, Any] = {}
    for tensor in (*model.parameters(), *model.buffers()):
        empty = torch.empty_like(tensor, device="meta")
        copies[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
    return copy.deepcopy(model, copies)


class FunctionalModule(nn.Module):
    """A module without data: a function of a tuple of parameters and the inputs.

    Args:
        stateless_model: the module.
        param_names: names of its parameters, in the order of the tuple.
    """

    def __init__(self, stateless_model: nn.Module, param_names: Sequence[str]) -> None:
        super().__init__()
        self.stateless_model = stateless_model
        self.param_names = tuple(param_names)

    def forward(self, params: Sequence[torch.Tensor], *args: Any, **kwargs: Any) -> Any:
        return functional_call(self.stateless_model, dict(zip(self.param_names, params)), args, kwargs)


class FunctionalModuleWithBuffers(FunctionalModule):
    """A module without data: a function of tuples of parameters and of buffers, and the inputs.

    Args:
        stateless_model: the module.
        param_names: names of its parameters, in the order of the first tuple.
        buffer_names: names of its buffers, in the order of the second one.
    """

    def __init__(self, stateless_model: nn.Module, param_names: Sequence[str], buffer_names: Sequence[str]) -> None:
        super().__init__(stateless_model, param_names)
        self.buffer_names = tuple(buffer_names)

    def forward(  # type: ignore[override]
        self, params: Sequence[torch.Tensor], buffers: Sequence[torch.Tensor], *args: Any, **kwargs: Any
    ) -> Any:
        state = dict(zip((*self.param_names, *self.buffer_names), (*params, *buffers)))
        return functional_call(self.stateless_model, state, args, kwargs)


def make_functional_with_buffers(
    model: nn.Module, disable_autograd_tracking: bool = False
) -> tuple[FunctionalModuleWithBuffers, tuple[nn.Parameter, ...], tuple[torch.Tensor, ...]]:
    """A function of parameters, buffers and inputs that does what a module does; and copies of the module's own.

    Args:
        model: the module.
        disable_autograd_tracking: whether the copies of the parameters need no gradient.
    """
    params, buffers = _named(model)
    values = tuple(copy.deepcopy(param) for param in params.values())
    if disable_autograd_tracking:
        for value in values:
            value.requires_grad_(False)
    function = FunctionalModuleWithBuffers(_without_data(model), tuple(params), tuple(buffers))
    return function, values, tuple(copy.deepcopy(buffer) for buffer in buffers.values())


def make_functional(
    model: nn.Module, disable_autograd_tracking: bool = False
) -> tuple[FunctionalModule, tuple[nn.Parameter, ...]]:
    """A function of parameters and inputs that does what a module without buffers does; and copies of its parameters.

    Args:
        model: the module.
        disable_autograd_tracking: whether the copies need no gradient.
    """
    if any(True for _ in model.buffers()):
        raise RuntimeError(
            "make_functional(model): `model` has buffers. Please use make_functional_with_buffers(model) instead."
        )
    function, params, _ = make_functional_with_buffers(model, disable_autograd_tracking)
    return FunctionalModule(function.stateless_model, function.param_names), params


def combine_state_for_ensemble(
    models: Sequence[nn.Module],
) -> tuple[FunctionalModuleWithBuffers, tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    """A function for :func:`torch.vmap` over modules of one kind, and their parameters and buffers, stacked.

    Args:
        models: the modules.
    """
    params, buffers = stack_module_state(models)
    function, _, _ = make_functional_with_buffers(models[0])
    return function, tuple(param.detach() for param in params.values()), tuple(buffers.values())
