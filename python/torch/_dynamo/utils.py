"""Small helpers of graph capture that programs use."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import torch

counters: defaultdict[str, Counter[str]] = defaultdict(Counter)


def is_compile_supported(device_type: Any) -> bool:
    """Whether ``torch.compile`` compiles for a kind of device: not yet."""
    return False


def istype(obj: object, allowed_types: Any) -> bool:
    """Whether the class of an object is exactly one of those."""
    return type(obj) in allowed_types if isinstance(allowed_types, (tuple, list, set)) else type(obj) is allowed_types


def istensor(obj: Any) -> bool:
    """Whether an object is a tensor, not an instance of some other subclass than Parameter."""
    return type(obj) in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer)


def is_lazy_module(mod: Any) -> bool:
    """Whether a module has parameters that get their shape at the first call."""
    return isinstance(mod, torch.nn.modules.lazy.LazyModuleMixin)


def clone_input(x: torch.Tensor, *, dtype: Any = None) -> torch.Tensor:
    """A copy of a tensor with its strides, as a leaf."""
    with torch.no_grad():
        copy = torch.empty_strided(x.size(), x.stride(), dtype=dtype or x.dtype, device=x.device).copy_(x)
    return copy.requires_grad_(x.requires_grad)


def compile_times(repr: str = "str", aggregate: bool = False) -> Any:  # noqa: A002
    """Times that compiling took: none."""
    return "" if repr == "str" else ([], [])
