"""A module called with other parameters than its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.modules.module import Module

__all__ = ["functional_call"]


def _tied_names(module: Module) -> dict[str, list[str]]:
    """For each name of a parameter or buffer, all names of the same tensor."""
    groups: dict[int, list[str]] = {}
    for named in (module.named_parameters(remove_duplicate=False), module.named_buffers(remove_duplicate=False)):
        for name, tensor in named:
            groups.setdefault(id(tensor), []).append(name)
    return {name: names for names in groups.values() for name in names}


@contextlib.contextmanager
def _reparametrize_module(
    module: Module, values: dict[str, torch.Tensor], tie_weights: bool = False, strict: bool = False
) -> Iterator[None]:
    """Within, ``module`` has the tensors ``values`` in place of those of the same names."""
    tied = _tied_names(module)
    if tie_weights:
        new = {}
        for name, value in values.items():
            for other in tied.get(name, [name]):
                if other in values and values[other] is not value:
                    raise ValueError(f"Got multiple values for keys {sorted(set(tied[name]) & values.keys())}")
                new[other] = value
    else:
        new = dict(values)
    if strict:
        unexpected, missing = [n for n in new if n not in tied], [n for n in tied if n not in new]
        problems = []
        if unexpected:
            problems.append(f"Unexpected key(s): {', '.join(map(repr, unexpected))}.")
        if missing:
            problems.append(f"Missing key(s): {', '.join(map(repr, missing))}.")
        if problems:
            raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t" + "\n\t".join(problems))
    swapped: list[tuple[dict, str, Any]] = []
    try:
        for name, value in new.items():
            *path, last = name.split(".")
            owner: Any = module
            for part in path:
                owner = getattr(owner, part)
            place = next((d for d in (owner._parameters, owner._buffers) if last in d), None)
            if place is None:
                raise AttributeError(f"{owner._get_name()} has no attribute `{last}`")
            swapped.append((place, last, place[last]))
            place[last] = value
        yield
        # Buffers that the call changed by assignment are what the caller gave.
        for name, value in list(new.items()):
            *path, last = name.split(".")
            owner = module
            for part in path:
                owner = getattr(owner, part)
            place = owner._parameters if last in owner._parameters else owner._buffers
            if name in values and place.get(last) is not value:
                values[name] = place[last]
    finally:
        for place, last, old in reversed(swapped):
            place[last] = old


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, torch.Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with given tensors in place of its parameters and buffers. Deprecated: ``torch.func`` has it too.

    Args:
        module: the module; after the call it has its own tensors again.
        parameters_and_buffers: tensors by name; what is not named stays.
        args: the argument of the call, or a tuple of them.
        kwargs: keyword arguments of the call.
        tie_weights: replace tensors that have several names under all of them. Default: ``True``
        strict: require that exactly all parameters and buffers are named. Default: ``False``
    """
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights, strict):
        return module(*args, **(kwargs or {}))
