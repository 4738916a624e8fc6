"""Decorators that tell graph capture what to do. Without it, they mark and return what they are given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Optional

import torch
from torch._dynamo import eval_frame
from torch._dynamo.eval_frame import DisableContext


def disable(fn: Any = None, recursive: bool = True, *, reason: Optional[str] = None, wrapping: bool = True) -> Any:
    """Excludes a function or module from compiling, and with ``recursive`` also what it calls.

    Without ``fn`` a decorator, or a context manager.
    """
    if not recursive:
        return skip if fn is None else skip(fn)
    if fn is None:
        return DisableContext()
    if not callable(fn):
        raise AssertionError("disable() expects a callable")
    return DisableContext()(eval_frame.innermost_fn(fn) if not isinstance(fn, torch.nn.Module) else fn)


def skip(fn: Optional[Callable[..., Any]] = None) -> Any:
    """Excludes a function from compiling, but not what it calls."""
    if fn is None:
        return skip
    return eval_frame.innermost_fn(fn)


def _each_callable(name: str, fn: Any) -> Any:
    if isinstance(fn, (list, tuple)):
        return [_each_callable(name, item) for item in fn]
    if not callable(fn):
        raise AssertionError(f"{name} expects a callable")
    return fn


def allow_in_graph(fn: Any) -> Any:
    """Asks for a function to stand in captured graphs as it is."""
    return _each_callable("allow_in_graph", fn)


def disallow_in_graph(fn: Any) -> Any:
    """Asks for a function never to stand in captured graphs."""
    return _each_callable("disallow_in_graph", fn)


def forbid_in_graph(fn: Any) -> Any:
    """Asks for an error where a function would be captured."""
    fn = _each_callable("forbid_in_graph", fn)
    for item in fn if isinstance(fn, list) else [fn]:
        item._dynamo_forbidden = True
    return fn


def nonstrict_trace(traceable_fn: Callable[..., Any]) -> Callable[..., Any]:
    """Asks for a function to be captured by running it."""
    return _each_callable("nonstrict_trace", traceable_fn)


def assume_constant_result(fn: Any) -> Any:
    """Promises that a function returns the same for the same arguments."""
    fn._dynamo_marked_constant = True
    return fn


def substitute_in_graph(
    original_fn: Callable[..., Any], *, can_constant_fold_through: bool = False, skip_signature_check: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: offers a Python function that graph capture can read in place of ``original_fn``."""
    if not callable(original_fn):
        raise TypeError(
            f"substitute_in_graph expects a function but got {original_fn!r}. Usage: @substitute_in_graph(original_fn)"
        )

    def decorate(traceable_fn: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(traceable_fn):
            raise TypeError(f"@substitute_in_graph(...) expects a function but got {type(traceable_fn)}")

        @functools.wraps(traceable_fn)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return original_fn(*args, **kwargs)

        return wrapped

    return decorate


def graph_break(msg: str = "") -> None:
    """Ends a captured graph here."""


def skip_frame(msg: str = "") -> None:
    """Asks for this function to be left out."""


def _dims(name: str, t: Any, index: Any) -> list[int]:
    if isinstance(index, int):
        return [index]
    if not isinstance(index, (list, tuple)):
        raise AssertionError(f"{name}: expected a dimension or a list of them, got {index!r}")
    return list(index)


def mark_dynamic(
    t: Any,
    index: Any,
    *,
    hint_override: Any = None,
    min: Any = None,  # noqa: A002
    max: Any = None,  # noqa: A002
    specialize_on: Any = None,
) -> None:
    """Says that dimensions of a tensor change from call to call."""
    marked = vars(t).setdefault("_dynamo_dynamic_indices", set())
    marked.update(_dims("mark_dynamic", t, index))


def mark_unbacked(t: Any, index: Any, **kwargs: Any) -> None:
    """Says that the sizes of dimensions are not to be looked at."""
    vars(t).setdefault("_dynamo_unbacked_indices", set()).update(_dims("mark_unbacked", t, index))


def maybe_mark_dynamic(t: Any, index: Any) -> None:
    """Says that dimensions may change; being wrong is no mistake."""
    vars(t).setdefault("_dynamo_weak_dynamic_indices", set()).update(_dims("maybe_mark_dynamic", t, index))


def mark_static(t: Any, index: Any = None) -> None:
    """Says that dimensions, by default all, never change."""
    if isinstance(t, torch.nn.Module) or isinstance(t, type):
        return
    dims = list(range(t.dim())) if index is None else _dims("mark_static", t, index)
    vars(t).setdefault("_dynamo_static_indices", set()).update(dims)


def mark_static_address(t: torch.Tensor, guard: bool = False) -> None:
    """Says that a tensor's memory never moves."""
    if not isinstance(t, torch.Tensor):
        raise TypeError(f"mark_static_address expects a tensor but received {type(t)}")
    t._dynamo_static_input_type = "guarded" if guard else "unguarded"  # type: ignore[attr-defined]


class set_stance:  # noqa: N801
    """How compiled functions behave from now on, or inside when used as context manager or decorator.

    ``"default"`` compiles, ``"force_eager"`` runs everything as it is; the others differ from the default only where
    functions are compiled again. ``force_backend`` takes the place of the backend asked for.
    """

    def __init__(
        self, stance: str = "default", *, skip_guard_eval_unsafe: bool = False, force_backend: Any = None
    ) -> None:
        if stance not in eval_frame.STANCES:
            raise RuntimeError(f"invalid torch.compile stance '{stance}', expected one of {eval_frame.STANCES}")
        if force_backend is not None:
            if stance != "default":
                raise RuntimeError("non-default stance cannot have force_backend set")
            eval_frame.known_backend(force_backend)
        setting = eval_frame.setting
        self._wanted = (stance, force_backend)
        self._before = (setting.stance, setting.backend)
        setting.stance, setting.backend = self._wanted

    def __enter__(self) -> None:
        setting = eval_frame.setting
        setting.stance, setting.backend = self._wanted

    def __exit__(self, *exc: object) -> None:
        setting = eval_frame.setting
        setting.stance, setting.backend = self._before

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        setting = eval_frame.setting
        setting.stance, setting.backend = self._before
        wanted = self._wanted

        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with set_stance(wanted[0], force_backend=wanted[1]):
                return fn(*args, **kwargs)

        return wrapper


def run(fn: Any = None) -> Any:
    """Decorator: the function runs without compiling anything new, which here is as it is."""
    return DisableContext() if fn is None else DisableContext()(fn)
