"""``torch.jit``: what TorchScript's decorators mean without TorchScript.

:func:`script` returns what it is given: functions and modules run as Python, which TorchScript promises to follow. What
only TorchScript has, graphs, archives, tracing, freezing, raises NotImplementedError.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final as Final, NamedTuple, Optional, TypeVar

from torch import nn as _nn
from torch._jit_internal import (
    _copy_to_script_wrapper as _copy_to_script_wrapper,
    _drop as _drop,
    _isinstance as _isinstance,
    _overload as _overload,
    _overload_method as _overload_method,
    export as export,
    ignore as ignore,
    is_scripting as is_scripting,
    unused as unused,
)
from torch.futures import Future as Future

__all__ = [
    "Attribute",
    "CompilationUnit",
    "Error",
    "Future",
    "ScriptFunction",
    "ScriptModule",
    "annotate",
    "enable_onednn_fusion",
    "export",
    "export_opnames",
    "fork",
    "freeze",
    "ignore",
    "interface",
    "isinstance",
    "load",
    "onednn_fusion_enabled",
    "optimize_for_inference",
    "save",
    "script",
    "script_if_tracing",
    "set_fusion_strategy",
    "strict_fusion",
    "trace",
    "trace_module",
    "unused",
    "wait",
]

_T = TypeVar("_T")


class Error(Exception):
    """An error of TorchScript code. Never raised here."""


class TracerWarning(Warning):
    """A warning of tracing. Never issued here: there is no tracing."""

    @staticmethod
    def ignore_lib_warnings() -> None:
        """Filters warnings of this class that come from torch itself: there are none."""


class TracingCheckError(Exception):
    """A trace gives other results than its function. Never raised here."""


class ScriptWarning(Warning):
    """A warning of compiling to TorchScript. Never issued here."""


class Attribute(NamedTuple):
    """A value of a module's attribute with its TorchScript type."""

    value: Any
    type: Any


def _not_here(what: str) -> Any:
    raise NotImplementedError(
        f"{what} is not supported yet: there is no TorchScript; torch.jit.script returns what it is given"
    )


class CompilationUnit:
    """Not supported yet: a set of TorchScript functions."""

    def __init__(self, lang: Optional[str] = None, _frames_up: int = 0) -> None:
        _not_here("torch.jit.CompilationUnit")


class ScriptFunction:
    """Class of compiled functions, of which there are none. For ``isinstance``."""

    def __init__(self, *args: Any) -> None:
        _not_here("torch.jit.ScriptFunction")


class ScriptModule(_nn.Module):
    """Base of modules written for TorchScript, which run as Python; :func:`script` makes no module one."""


class RecursiveScriptModule(ScriptModule):
    """Class of modules compiled by :func:`script`, of which there are none. For ``isinstance``."""


class TracedModule(ScriptModule):
    """Class of traced modules, of which there are none. For ``isinstance``."""


class TopLevelTracedModule(TracedModule):
    """Class of traced modules, of which there are none. For ``isinstance``."""


class RecursiveScriptClass:
    """Class of compiled classes, of which there are none. For ``isinstance``."""

    def __init__(self, *args: Any) -> None:
        _not_here("torch.jit.RecursiveScriptClass")


def script(
    obj: Any,
    optimize: None = None,
    _frames_up: int = 0,
    _rcb: Any = None,
    example_inputs: Any = None,
) -> Any:
    """The function, module, class, list or dict itself, which runs as Python.

    Raises:
        TypeError: the object is of none of those kinds.
    """
    if optimize is not None:
        warnings.warn(
            "`optimize` is deprecated and has no effect. Use `with torch.jit.optimized_execution()` instead",
            FutureWarning,
            stacklevel=2,
        )
    if not (callable(obj) or type(obj) in (list, dict, tuple)):
        raise TypeError(f"torch.jit.script: expected a function, module or class, not {type(obj).__name__}")
    return obj


def script_method(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The method itself, which runs as Python."""
    return fn


def _script_if_tracing(fn: Callable[..., Any]) -> Callable[..., Any]:
    return fn


def script_if_tracing(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, which would be compiled where it is called during tracing: never."""
    return _script_if_tracing(fn)


def is_tracing() -> bool:
    """Whether the caller is being traced: never."""
    return False


def interface(obj: _T) -> _T:
    """A class that says which methods a submodule has. Returns it."""
    if not isinstance_of_class(obj):
        raise RuntimeError("interface must be applied to a class")
    obj.__torch_script_interface__ = None  # type: ignore[attr-defined]
    return obj


def isinstance_of_class(obj: Any) -> bool:
    return type(obj) is type or issubclass(type(obj), type)


def isinstance(obj: Any, target_type: Any) -> bool:  # noqa: A001
    """``isinstance`` that understands ``List[int]``, ``Dict``, ``Tuple``, ``Optional`` and ``Union``."""
    return _isinstance(obj, target_type)


def annotate(the_type: Any, the_value: _T) -> _T:
    """The value; says its TorchScript type."""
    return the_value


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.trace")


def trace_module(mod: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.trace_module")


def _get_trace_graph(f: Any, args: Any = (), kwargs: Any = None, **options: Any) -> Any:
    _not_here("torch.jit._get_trace_graph")


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """Not supported yet; :func:`torch.save` saves a module's ``state_dict``.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.save")


def load(f: Any, map_location: Any = None, _extra_files: Any = None, _restore_shapes: bool = False) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.load")


def freeze(mod: Any, preserved_attrs: Optional[list[str]] = None, optimize_numerics: bool = True) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.freeze")


def run_frozen_optimizations(mod: Any, optimize_numerics: bool = True, preserved_methods: Any = None) -> None:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.run_frozen_optimizations")


def optimize_for_inference(mod: Any, other_methods: Optional[list[str]] = None) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit.optimize_for_inference")


def export_opnames(m: Any) -> list[str]:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    return _not_here("torch.jit.export_opnames")


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
    """Calls the function, as Python always does, and returns a future that has its result."""
    future: Future[Any] = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future: Future[Any]) -> Any:
    """The result of :func:`fork`."""
    return future.wait()


_fork, _wait = fork, wait


# ---------------------------------------------------------------- switches of the compiler, which there is not


def enable_onednn_fusion(enabled: bool) -> None:
    """Asks the compiler for oneDNN's fused operators: there is no compiler."""
    global _onednn_fusion
    _onednn_fusion = bool(enabled)


def onednn_fusion_enabled() -> bool:
    """What :func:`enable_onednn_fusion` was told."""
    return _onednn_fusion


_onednn_fusion = False
_fusion_strategy: list[tuple[str, int]] = [("STATIC", 2), ("DYNAMIC", 10)]


def set_fusion_strategy(strategy: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Sets how often the compiler specialises: there is none. Returns what was set before."""
    global _fusion_strategy
    before, _fusion_strategy = _fusion_strategy, list(strategy)
    return before


_set_fusion_strategy = set_fusion_strategy


@contextlib.contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """Switches the compiler's optimisations on or off inside: there are none."""
    yield


@contextlib.contextmanager
def fuser(name: str) -> Iterator[None]:
    """Chooses the compiler's way of fusing inside: there is none."""
    if name not in ("fuser0", "fuser1", "fuser2", "fuser3"):
        raise Exception(f"unrecognized fuser option (name: {name})")
    yield


class strict_fusion:  # noqa: N801
    """Context manager that has errors raised where compiled code is not fused: nothing is compiled."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


del annotations
import torch.jit.annotations  # noqa: E402  # takes the place of what "from __future__ import annotations" left
