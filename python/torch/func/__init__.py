"""``torch.func``: functions of functions, derivatives and maps."""

from __future__ import annotations

from typing import Any

from torch._functorch.eager_transforms import (
    debug_unwrap as debug_unwrap,
    functionalize as functionalize,
    grad as grad,
    grad_and_value as grad_and_value,
    hessian as hessian,
    jacfwd as jacfwd,
    jacrev as jacrev,
    jvp as jvp,
    linearize as linearize,
    vjp as vjp,
)
from torch._functorch.module_state import (
    functional_call as functional_call,
    replace_all_batch_norm_modules_ as replace_all_batch_norm_modules_,
    stack_module_state as stack_module_state,
)
from torch._functorch.vmap import vmap as vmap

__all__ = [
    "debug_unwrap",
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "rearrange",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Not supported; the package einops has it.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch.func.rearrange is not supported: einops.rearrange does the same")
