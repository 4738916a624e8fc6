"""``torch._C._functorch``: what is asked of tensors that transforms of torch.func hand out, which are ordinary ones."""

from __future__ import annotations

from typing import Any

from torch._functorch import state


def is_batchedtensor(tensor: Any) -> bool:
    """Whether a tensor stands for one of each sample: never, functions are called for each."""
    return False


is_legacy_batchedtensor = is_gradtrackingtensor = is_functionaltensor = is_batchedtensor
is_functorch_wrapped_tensor = is_dead_tensor_wrapper = is_batchedtensor


def get_unwrapped(tensor: Any) -> Any:
    """The tensor under a wrapper.

    Raises:
        RuntimeError: always, as for tensors that are no wrappers.
    """
    raise RuntimeError("No wrappers present!")


def unwrap_if_dead(tensor: Any) -> Any:
    """The tensor itself."""
    return tensor


def maybe_get_level(tensor: Any) -> int:
    """At which level a tensor is wrapped: at none."""
    return -1


def maybe_get_bdim(tensor: Any) -> int:
    """Which dimension of a tensor is the batch: none."""
    return -1


def maybe_current_level() -> Any:
    """How many transforms are running, None without any."""
    return state.depth() or None


def get_dynamic_layer_stack_depth() -> int:
    """How many transforms are running."""
    return state.depth()


def peek_interpreter_stack() -> None:
    """The innermost transform's interpreter: there is none."""


def _add_batch_dim(tensor: Any, dim: int, level: int) -> Any:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch._C._functorch._add_batch_dim is not supported; torch.vmap maps functions")


def _remove_batch_dim(tensor: Any, level: int, size: int, dim: int) -> Any:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch._C._functorch._remove_batch_dim is not supported; torch.vmap maps functions")
