"""Graph capture behind ``torch.compile``, which is not here yet; see :mod:`torch._dynamo.eval_frame` for what is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from torch._dynamo import (
    config as config,
    decorators as decorators,
    eval_frame as eval_frame,
    exc as exc,
    utils as utils,
)
from torch._dynamo.decorators import (
    allow_in_graph as allow_in_graph,
    assume_constant_result as assume_constant_result,
    disable as disable,
    disallow_in_graph as disallow_in_graph,
    forbid_in_graph as forbid_in_graph,
    graph_break as graph_break,
    mark_dynamic as mark_dynamic,
    mark_static as mark_static,
    mark_static_address as mark_static_address,
    maybe_mark_dynamic as maybe_mark_dynamic,
    nonstrict_trace as nonstrict_trace,
    run as run,
    set_stance as set_stance,
    skip_frame as skip_frame,
    substitute_in_graph as substitute_in_graph,
)
from torch._dynamo.eval_frame import (
    OptimizedModule as OptimizedModule,
    is_dynamo_supported as is_dynamo_supported,
    is_inductor_supported as is_inductor_supported,
)

__all__ = [
    "OptimizedModule",
    "allow_in_graph",
    "assume_constant_result",
    "disable",
    "disallow_in_graph",
    "explain",
    "export",
    "forbid_in_graph",
    "graph_break",
    "is_compiling",
    "list_backends",
    "lookup_backend",
    "mark_dynamic",
    "mark_static",
    "mark_static_address",
    "maybe_mark_dynamic",
    "nonstrict_trace",
    "optimize",
    "optimize_assert",
    "register_backend",
    "reset",
    "run",
    "set_stance",
    "skip_frame",
    "substitute_in_graph",
]


def is_compiling() -> bool:
    """Whether the caller is being captured: never."""
    return False


def reset() -> None:
    """Forgets what was learned of compiled functions: which of their ops are not worth putting off."""
    from torch._C import _forget_deferring

    _forget_deferring()


reset_code_caches = reset


def list_backends(exclude_tags: Optional[tuple[str, ...]] = ("debug", "experimental")) -> list[str]:
    """Names that ``torch.compile(backend=...)`` takes; only the eager ones, which count as "debug", can run here."""
    names = [*eval_frame.KNOWN_BACKENDS, *eval_frame.registered]
    if "debug" not in (exclude_tags or ()):
        names += eval_frame.KNOWN_DEBUG_BACKENDS
    return sorted(names)


def register_backend(compiler_fn: Any = None, name: Optional[str] = None, tags: Any = ()) -> Any:
    """Decorator: gives a backend a name."""
    if compiler_fn is None:
        return lambda function: register_backend(function, name, tags)
    eval_frame.registered[name or compiler_fn.__name__] = compiler_fn
    return compiler_fn


def lookup_backend(compiler_fn: Any) -> Any:
    """The backend of a name."""
    if isinstance(compiler_fn, str):
        eval_frame.known_backend(compiler_fn)
        return eval_frame.registered.get(compiler_fn, compiler_fn)
    return compiler_fn


def optimize(
    backend: Any = "inductor",
    *,
    nopython: bool = False,
    guard_export_fn: Any = None,
    guard_fail_fn: Any = None,
    disable: bool = False,  # noqa: A002
    dynamic: Optional[bool] = None,
    **kwargs: Any,
) -> Callable[[Any], Any]:
    """Older form of :func:`torch.compile`: a decorator."""
    import torch

    return lambda fn: torch.compile(fn, backend=backend, fullgraph=nopython, dynamic=dynamic, disable=disable)


def optimize_assert(backend: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """:func:`optimize` in one graph."""
    return optimize(backend, nopython=True, **kwargs)


def explain(f: Any, *extra_args: Any, **extra_kwargs: Any) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch._dynamo.explain: functions can't be captured yet")


def export(f: Any, *extra_args: Any, **extra_kwargs: Any) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch._dynamo.export: functions can't be captured yet")
