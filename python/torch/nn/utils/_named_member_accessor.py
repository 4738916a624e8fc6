"""Parameters, buffers and submodules of a module by their paths."""

from __future__ import annotations

from typing import Any

import torch

_MISSING = object()


def set_tensor(module: torch.nn.Module, name: str, tensor: torch.Tensor) -> None:
    """Puts a tensor in the place of a parameter, buffer or attribute."""
    swap_tensor(module, name, tensor, allow_missing=True)


def swap_tensor(module: torch.nn.Module, name: str, tensor: Any, allow_missing: bool = False) -> Any:
    """:func:`set_tensor` that returns what was there before."""
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"{module} is not an instance of torch.nn.Module")
    if "." in name:
        raise KeyError('tensor name can\'t contain "."')
    if name == "":
        raise KeyError('tensor name can\'t be empty string ""')
    for place in (module._parameters, module._buffers, module.__dict__):
        if name in place:
            before = place[name]
            if tensor is _MISSING:
                del place[name]
            else:
                place[name] = tensor
            return before
    if not allow_missing:
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    if tensor is not _MISSING:
        setattr(module, name, tensor)
    return _MISSING


def swap_submodule(module: torch.nn.Module, name: str, submodule: torch.nn.Module) -> torch.nn.Module:
    """Puts a module in the place of a submodule; returns that."""
    if name not in module._modules:
        raise KeyError(f"submodule {name} does not exist")
    before = module._modules[name]
    if before is None:
        raise TypeError(f"{name} attribute is set to None")
    module._modules[name] = submodule
    return before


class NamedMemberAccessor:
    """Access to the tensors and submodules below a module by path."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module

    def _place(self, name: str) -> tuple[torch.nn.Module, str]:
        prefix, _, last = name.rpartition(".")
        return self.get_submodule(prefix), last

    def get_submodule(self, name: str) -> torch.nn.Module:
        """The submodule under a path."""
        return self.module.get_submodule(name)

    def get_tensor(self, name: str) -> torch.Tensor:
        """The tensor under a path."""
        module, last = self._place(name)
        return getattr(module, last)

    def set_tensor(self, name: str, value: torch.Tensor) -> None:
        """Sets the tensor under a path."""
        module, last = self._place(name)
        set_tensor(module, last, value)

    def swap_tensor(self, name: str, value: torch.Tensor, *, allow_missing: bool = False) -> Any:
        """Sets the tensor under a path; returns the one before."""
        module, last = self._place(name)
        return swap_tensor(module, last, value, allow_missing)

    def swap_submodule(self, path: str, value: torch.nn.Module) -> torch.nn.Module:
        """Sets the submodule under a path; returns the one before."""
        module, last = self._place(path)
        return swap_submodule(module, last, value)
