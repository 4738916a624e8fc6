"""torch.compile: checks of its arguments. Calls of what it returns are the matter of torch._dynamo.eval_frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

_MODES = ("default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")


def compile(  # noqa: A001
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: Optional[bool] = None,
    backend: Any = None,
    mode: Optional[str] = None,
    options: Optional[dict[str, Any]] = None,
    name: Optional[str] = None,
    disable: bool = False,
    recompile_limit: Optional[int] = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """A function or module whose elementwise work is put off and fused: fewer passes over memory, the same numbers.

    Nothing is captured or compiled: every call runs its Python code, with any shapes, and there is no first call that
    takes longer. See docs/design/compile.md.

    Args:
        model: the function or module; left out, the result is a decorator.
        fullgraph: raise where not all can be captured: never, since nothing has to be.
        dynamic: be ready for sizes that change: always so.
        backend: ``"eager"`` runs the function as it is. ``"inductor"``, the default, fuses. Others take captured
            graphs, and raise NotImplementedError when the result is called; names that nobody knows raise at once.
        mode, options: settings of PyTorch's default backend: checked, and without effect on this one.
        name, recompile_limit, isolate_recompiles, shapes_spec: for naming and counting what is compiled. Nothing is.
        disable: return what was given.

    Example:

        >>> torch.compile(lambda x: x + 1)(torch.ones(2))
        tensor([2., 2.])
    """
    from torch._dynamo import eval_frame

    if backend is None:
        backend = eval_frame.default_backend
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    eval_frame.known_backend(backend)
    if backend == "inductor":
        _check_settings(mode, options)
    if dynamic is not None and not isinstance(dynamic, bool):
        raise AssertionError(f"Expected enable to be a bool, got {type(dynamic)}")

    def decorate(function: Callable[..., Any]) -> Any:
        if disable:
            return function
        return eval_frame.compiled(function, backend)

    return decorate if model is None else decorate(model)


def _check_settings(mode: Optional[str], options: Optional[dict[str, Any]]) -> None:
    if mode is not None and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")
    if not options:
        return
    from torch._inductor import config

    known = config.to_dict()  # type: ignore[attr-defined]
    for key, value in options.items():
        name = key.replace("-", "_")
        if name not in known:
            raise RuntimeError(f"Unexpected optimization option {key}, known options are {list(known)}")
        kind = type(known[name])
        if known[name] is not None and type(value) is not kind and not (kind is float and type(value) is int):
            raise RuntimeError(f"Unexpected type of attr {key}, got {type(value).__name__} should be {kind.__name__}")


def _disable_dynamo(fn: Any = None, recursive: bool = True) -> Any:
    """``torch._dynamo.disable``, for code that is imported before it."""
    from torch._dynamo import disable

    return disable(fn, recursive)
