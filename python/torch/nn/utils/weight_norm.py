"""Weight norm by a hook before forward, the older form of the parametrization."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter, is_lazy

__all__ = ["remove_weight_norm", "weight_norm"]


def _of_length(v: torch.Tensor, g: torch.Tensor, dim: int) -> torch.Tensor:
    """``v`` with the lengths ``g``, one for each slice along ``dim``, or a single one where that is -1."""
    return v * (g / torch.norm_except_dim(v, 2, dim))


class WeightNorm:
    """The hook: computes the weight from its length and its direction."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Any:
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return _of_length(v, g, self.dim)

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))

    def remove(self, module: Module) -> None:
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"], module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.detach()))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Replace a tensor of a module by its length, ``NAME_g``, and its direction, ``NAME_v``.

    Deprecated in favour of :func:`torch.nn.utils.parametrizations.weight_norm`.

    Args:
        module: the module, which is changed.
        name: the name of the tensor. Default: ``"weight"``
        dim: each slice along this dimension has a length of its own; ``None`` for one length. Default: 0
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm) and hook.name == name:
            raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    weight: Any = getattr(module, name)
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to run the dummy forward "
            "before applying weight normalization"
        )
    hook = WeightNorm(name, dim)
    del module._parameters[name]
    module.register_parameter(name + "_g", Parameter(torch.norm_except_dim(weight, 2, hook.dim).detach()))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Undo :func:`weight_norm`, keeping the weight's value."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
