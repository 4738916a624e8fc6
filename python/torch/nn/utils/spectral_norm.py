"""Spectral norm by a hook before forward, the older form of the parametrization."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter, is_lazy

__all__ = ["remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """The hook: divides the weight by an estimate of its largest singular value."""

    _version = 1

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.movedim(self.dim, 0).flatten(1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> torch.Tensor:
        weight: Any = getattr(module, self.name + "_orig")
        u: Any = getattr(module, self.name + "_u")
        v: Any = getattr(module, self.name + "_v")
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            with torch.no_grad():
                for _ in range(self.n_power_iterations):
                    # In place: copies of the module in other threads share these.
                    v = F.normalize(torch.mv(matrix.t(), u), dim=0, eps=self.eps, out=v)
                    u = F.normalize(torch.mv(matrix, v), dim=0, eps=self.eps, out=u)
                u, v = u.clone(), v.clone()  # the next call changes them, and backward needs these
        return weight / torch.dot(u, torch.mv(matrix, v))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))

    def remove(self, module: Module) -> None:
        with torch.no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        delattr(module, self.name)
        for ending in ("_u", "_v", "_orig"):
            delattr(module, self.name + ending)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def load_old(self, state_dict: dict, prefix: str, local_metadata: dict, *_: Any) -> None:
        """Files of version 0 keep the divided weight, and lack v: find a v that the power iteration goes with."""
        version = local_metadata.get("spectral_norm", {}).get(self.name + ".version")
        key = prefix + self.name
        if version is not None and version >= 1:
            return
        if version is None and all(f"{key}{e}" in state_dict for e in ("_orig", "_u", "_v")) and key not in state_dict:
            return
        if f"{key}_orig" not in state_dict or key not in state_dict:
            return  # missing keys are reported by the module
        with torch.no_grad():
            weight, divided = state_dict[f"{key}_orig"], state_dict.pop(key)
            sigma = (weight / divided).mean()
            matrix, u = self.reshape_weight_to_matrix(weight), state_dict[f"{key}_u"]
            v = torch.linalg.multi_dot([matrix.t().mm(matrix).pinverse(), matrix.t(), u.unsqueeze(1)]).squeeze(1)
            state_dict[f"{key}_v"] = v.mul_(sigma / torch.dot(u, torch.mv(matrix, v)))

    def save_version(self, module: Module, state_dict: dict, prefix: str, local_metadata: dict) -> None:
        versions = local_metadata.setdefault("spectral_norm", {})
        if self.name + ".version" in versions:
            raise RuntimeError(f"Unexpected key in metadata['spectral_norm']: {self.name}.version")
        versions[self.name + ".version"] = self._version


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a tensor, seen as a matrix, by its largest singular value, before each forward.

    The tensor itself becomes ``NAME_orig``. :func:`torch.nn.utils.parametrizations.spectral_norm` is the newer form,
    with the same arguments.
    """
    from torch.nn.utils.parametrizations import _default_dim

    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    hook = SpectralNorm(name, n_power_iterations, _default_dim(module) if dim is None else dim, eps)
    weight: Any = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to run the dummy "
            "forward before applying spectral normalization"
        )
    with torch.no_grad():
        rows, columns = hook.reshape_weight_to_matrix(weight).shape
        u, v = (F.normalize(weight.new_empty(n).normal_(0, 1), dim=0, eps=eps) for n in (rows, columns))
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    # An ordinary attribute for now: some modules read it before forward.
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    module._register_state_dict_hook(hook.save_version)
    module._register_load_state_dict_pre_hook(hook.load_old)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Undo :func:`spectral_norm`, keeping the divided value."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            break
    else:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    for hooks in (module._state_dict_hooks, module._load_state_dict_pre_hooks):
        for key, kept in list(hooks.items()):
            owner = getattr(getattr(kept, "hook", kept), "__self__", None)
            if isinstance(owner, SpectralNorm) and owner.name == name:
                del hooks[key]
    return module
