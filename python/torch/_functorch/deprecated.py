"""The functions of the package functorch: those of :mod:`torch.func`, with a warning that says so."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from torch import func as _func
from torch._functorch import make_functional as _functional


def _deprecated(function: Callable[..., Any], instead: str) -> Callable[..., Any]:
    name = function.__name__

    @functools.wraps(function)
    def warned(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(f"`functorch.{name}` is deprecated. Please use `{instead}` instead.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    warned.__module__ = __name__
    return warned


functionalize = _deprecated(_func.functionalize, "torch.func.functionalize")
grad = _deprecated(_func.grad, "torch.func.grad")
grad_and_value = _deprecated(_func.grad_and_value, "torch.func.grad_and_value")
hessian = _deprecated(_func.hessian, "torch.func.hessian")
jacfwd = _deprecated(_func.jacfwd, "torch.func.jacfwd")
jacrev = _deprecated(_func.jacrev, "torch.func.jacrev")
jvp = _deprecated(_func.jvp, "torch.func.jvp")
vjp = _deprecated(_func.vjp, "torch.func.vjp")
vmap = _deprecated(_func.vmap, "torch.vmap")
make_functional = _deprecated(_functional.make_functional, "torch.func.functional_call")
make_functional_with_buffers = _deprecated(_functional.make_functional_with_buffers, "torch.func.functional_call")
combine_state_for_ensemble = _deprecated(_functional.combine_state_for_ensemble, "torch.func.stack_module_state")
