"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, Union

import torch
from torch import nn


def functional_call(
    module: nn.Module,
    parameter_and_buffer_dicts: Union[dict[str, torch.Tensor], Sequence[dict[str, torch.Tensor]]],
    args: Any = None,
    kwargs: Optional[dict[str, Any]] = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Calls a module with other parameters and buffers, given by name, in one dict or several.

    Example:

        >>> module = torch.nn.Linear(2, 1)
        >>> state = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
        >>> torch.func.functional_call(module, state, torch.tensor([[1.0, 2.0]]))
        tensor([[3.]])
    """
    found: dict[str, torch.Tensor]
    if isinstance(parameter_and_buffer_dicts, dict):
        found = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        found = {}
        for each in parameter_and_buffer_dicts:
            if not isinstance(each, dict):
                raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
            for name, value in each.items():
                if name in found:
                    raise ValueError(
                        f"{name} appeared in multiple dictionaries; behavior of functional call is ambiguous"
                    )
                found[name] = value
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    from torch.nn.utils import stateless

    return stateless.functional_call(module, found, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(
    models: Union[Sequence[nn.Module], nn.ModuleList],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of modules of one kind, stacked, for :func:`torch.vmap` over the modules.

    Example:

        >>> params, buffers = torch.func.stack_module_state([torch.nn.Linear(2, 1) for _ in range(3)])
        >>> params["weight"].shape
        torch.Size([3, 1, 2])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(each: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        result = {}
        for name in each[0]:
            values = [tensors[name] for tensors in each]
            if len({v.requires_grad for v in values}) != 1:
                raise RuntimeError(
                    "Expected each of the models' parameters to have the same .requires_grad: parameter " + name
                )
            result[name] = torch.stack([v.detach() for v in values]).requires_grad_(values[0].requires_grad)
        return result

    return (
        stacked([dict(m.named_parameters()) for m in models]),
        stacked([dict(m.named_buffers()) for m in models]),
    )


def replace_all_batch_norm_modules_(root: nn.Module) -> nn.Module:
    """Has all batch norms below a module use the statistics of their input and keep none; returns the module."""
    for module in root.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean = None
            module.running_var = None
            module.num_batches_tracked = None
            module.track_running_stats = False
    return root
