"""``torch.compiler``: how :func:`torch.compile` treats functions, and what it is doing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Optional

from torch.compiler import config as config

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "config",
    "cudagraph_mark_step_begin",
    "disable",
    "get_default_backend",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "keep_portable_guards_unsafe",
    "keep_tensor_guards_unsafe",
    "list_backends",
    "load_cache_artifacts",
    "load_compiled_function",
    "nested_compile_region",
    "reset",
    "save_cache_artifacts",
    "set_default_backend",
    "set_enable_guard_collectives",
    "set_stance",
    "skip_all_guards_unsafe",
    "skip_guard_on_all_nn_modules_unsafe",
    "skip_guard_on_globals_unsafe",
    "skip_guard_on_inbuilt_nn_modules_unsafe",
    "substitute_in_graph",
    "wrap_numpy",
]


def compile(*args: Any, **kwargs: Any) -> Any:  # noqa: A001
    """See :func:`torch.compile`."""
    import torch

    return torch.compile(*args, **kwargs)


def reset() -> None:
    """Forgets what was learned of compiled functions: which of their ops are not worth putting off."""
    import torch._dynamo

    torch._dynamo.reset()


def is_compiling() -> bool:
    """Whether the caller is being compiled or exported: never."""
    return False


def is_dynamo_compiling() -> bool:
    """Whether the caller is being captured: never."""
    return False


def is_exporting() -> bool:
    """Whether the caller is being exported: never."""
    return False


def allow_in_graph(fn: Any) -> Any:
    """Asks for a function to stand in captured graphs as it is; returns it."""
    from torch._dynamo import decorators

    return decorators.allow_in_graph(fn)


def assume_constant_result(fn: Any) -> Any:
    """Promises that a function returns the same for the same arguments; returns it."""
    from torch._dynamo import decorators

    return decorators.assume_constant_result(fn)


def disable(fn: Any = None, recursive: bool = True, *, reason: Optional[str] = None) -> Any:
    """Excludes a function from compiling, and with ``recursive`` also what it calls; without ``fn`` a decorator."""
    from torch._dynamo import decorators

    return decorators.disable(fn, recursive, reason=reason)


def substitute_in_graph(
    original_fn: Callable[..., Any], *, can_constant_fold_through: bool = False, skip_signature_check: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: offers a Python function that graph capture can read in place of ``original_fn``."""
    from torch._dynamo import decorators

    return decorators.substitute_in_graph(
        original_fn,
        can_constant_fold_through=can_constant_fold_through,
        skip_signature_check=skip_signature_check,
    )


def set_stance(stance: str = "default", *, skip_guard_eval_unsafe: bool = False, force_backend: Any = None) -> Any:
    """How compiled functions behave from now on, or inside when used as context manager or decorator."""
    from torch._dynamo import decorators

    return decorators.set_stance(stance, skip_guard_eval_unsafe=skip_guard_eval_unsafe, force_backend=force_backend)


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """Names that ``torch.compile(backend=...)`` takes; only the eager ones, which count as "debug", can run here."""
    import torch._dynamo

    return torch._dynamo.list_backends(exclude_tags)


def get_default_backend() -> Any:
    """The backend of calls of :func:`torch.compile` that name none."""
    from torch._dynamo import eval_frame

    return eval_frame.default_backend


def set_default_backend(backend: Any) -> None:
    """Sets the backend of calls of :func:`torch.compile` that name none; None for the first one again."""
    from torch._dynamo import eval_frame

    eval_frame.default_backend = "inductor" if backend is None else eval_frame.known_backend(backend)


def cudagraph_mark_step_begin() -> None:
    """Marks the start of an iteration for recorded CUDA graphs, of which there are none."""


def wrap_numpy(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function on NumPy arrays as one on tensors."""
    import functools

    import numpy

    import torch
    from torch.utils._pytree import tree_map_only

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = tree_map_only(torch.Tensor, lambda x: x.numpy(), (args, kwargs))
        return tree_map_only(numpy.ndarray, torch.as_tensor, fn(*args, **kwargs))

    return wrapper


def nested_compile_region(
    fn: Any = None, *, options: Any = None, max_reuse_entries: int = 8, reuse_hash_fn: Any = None
) -> Any:
    """Marks a function whose graph can be used wherever it is called; returns it."""
    return (lambda function: function) if fn is None else fn


def save_cache_artifacts() -> Optional[tuple[bytes, Any]]:
    """What was compiled, to be loaded by another process: None, as nothing was."""
    return None


def load_cache_artifacts(serialized_artifacts: bytes) -> Any:
    """Not supported: there is nothing to load for.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch.compiler.load_cache_artifacts: there is no compiler yet")


def load_compiled_function(file: Any, *, f_globals: Any = None, external_data: Any = None) -> Any:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch.compiler.load_compiled_function: there is no compiler yet")


def set_enable_guard_collectives(enabled: bool) -> bool:
    """Whether processes agree before they compile; returns what was set before: always False, they never do."""
    if enabled:
        warnings.warn("set_enable_guard_collectives: nothing is compiled, hence nothing agreed on", stacklevel=2)
    return False


def skip_guard_on_inbuilt_nn_modules_unsafe(guard_entries: Any) -> list[bool]:
    """Filter of guards: all but those on modules of torch.nn."""
    return [not entry.orig_guard.source.is_unspecialized_builtin_nn_module() for entry in guard_entries]


def skip_guard_on_all_nn_modules_unsafe(guard_entries: Any) -> list[bool]:
    """Filter of guards: all but those on modules."""
    return [not entry.orig_guard.source.is_unspecialized_nn_module() for entry in guard_entries]


def keep_tensor_guards_unsafe(guard_entries: Any, keep_parameters: bool = False) -> list[bool]:
    """Filter of guards: only those on tensors."""
    return [entry.guard_type == "TENSOR_MATCH" for entry in guard_entries]


def keep_portable_guards_unsafe(guard_entries: Any) -> list[bool]:
    """Filter of guards: only those that hold in other processes."""
    return [entry.guard_type not in ("ID_MATCH", "CLOSURE_MATCH") for entry in guard_entries]


def skip_guard_on_globals_unsafe(guard_entries: Any) -> list[bool]:
    """Filter of guards: all but those on globals."""
    return [not entry.is_global for entry in guard_entries]


def skip_all_guards_unsafe(guard_entries: Any) -> list[bool]:
    """Filter of guards: none."""
    return [False for _ in guard_entries]
