"""What ``torch.compile`` returns, and who may run it.

With the default backend the elementwise work of a call is put off and fused: docs/design/compile.md. With
``backend="eager"`` what was compiled runs as it is. Backends that take captured graphs raise NotImplementedError,
unless compiling is switched off: by :func:`disable`, by ``set_stance("force_eager")``, by
``torch._dynamo.config.disable`` (or ``TORCH_COMPILE_DISABLE=1``), or by ``torch._dynamo.config.suppress_errors``,
which asks for eager execution wherever compiling fails.
"""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from typing import Any, Optional, Union

import torch
from torch._C import _DeferringFunction, _run_deferring, _set_compiling_as_usual
from torch._dynamo import config
from torch._dynamo.exc import InvalidBackend

Backend = Union[str, Callable[..., Any]]

# Names that PyTorch knows, and those of them that work here.
KNOWN_BACKENDS = ("inductor", "cudagraphs", "openxla", "tvm")
KNOWN_DEBUG_BACKENDS = (
    "eager",
    "eager_noexcept",
    "eager_debug",
    "aot_eager",
    "aot_eager_decomp_partition",
    "aot_ts",
    "ts",
)
EAGER_BACKENDS = ("eager", "eager_noexcept")
registered: dict[str, Callable[..., Any]] = {}

STANCES = (
    "default",
    "force_eager",
    "eager_on_recompile",
    "fail_on_recompile",
    "eager_then_compile",
    "aot_eager_then_compile",
)


class _Setting(threading.local):
    """What holds for calls of compiled functions on this thread."""

    stance = "default"
    backend: Optional[Backend] = None  # in place of the one asked for
    disabled = 0

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _set_compiling_as_usual(self.stance == "default" and self.backend is None and not self.disabled)


setting = _Setting()
default_backend: Backend = "inductor"


def known_backend(backend: Any) -> Backend:
    """A backend's name or function; an error for names that nobody knows."""
    if isinstance(backend, str):
        if backend not in (*KNOWN_BACKENDS, *KNOWN_DEBUG_BACKENDS, *registered):
            raise InvalidBackend(backend)
    elif not callable(backend):
        raise TypeError(f"torch.compile: backend must be a name or a function, not {type(backend).__name__}")
    return backend


def _fuses(what: str, backend: Backend) -> bool:
    """Whether a call is to run with its elementwise work fused; NotImplementedError for backends that need graphs."""
    if setting.disabled or config.disable or setting.stance == "force_eager":  # type: ignore[attr-defined]
        return False
    backend = setting.backend or backend
    if backend == "inductor":
        return True
    if backend in EAGER_BACKENDS:
        return False
    name = backend if isinstance(backend, str) else getattr(backend, "__name__", "a function")
    said = (
        f"torch.compile of {what}: the backend {name!r} is not supported, since calls are not captured as graphs. Use "
        'the default backend, or run as it is with backend="eager", torch.compiler.set_stance("force_eager") or '
        "TORCH_COMPILE_DISABLE=1"
    )
    if not config.suppress_errors:  # type: ignore[attr-defined]
        raise NotImplementedError(said)
    warnings.warn(said + ". Running eagerly, as torch._dynamo.config.suppress_errors asks", stacklevel=3)
    return False


def _name_of(fn: Any) -> str:
    return getattr(fn, "__qualname__", type(fn).__name__)


def innermost_fn(fn: Any, unaltered_fn_attr: str = "_torchdynamo_orig_callable") -> Any:
    """The function as it was before it was compiled or excluded."""
    while hasattr(fn, unaltered_fn_attr):
        fn = getattr(fn, unaltered_fn_attr)
    return fn


def _wrap(fn: Callable[..., Any], call: Callable[..., Any]) -> Callable[..., Any]:
    wrapper: Callable[..., Any]
    try:
        wrapper = functools.wraps(fn)(call)
    except (AttributeError, TypeError):  # objects that let nobody read their name
        wrapper = call
    wrapper.__wrapped__ = fn  # type: ignore[attr-defined]
    wrapper._torchdynamo_orig_callable = fn  # type: ignore[attr-defined]
    wrapper._torchdynamo_inline = fn  # type: ignore[attr-defined]
    return wrapper


def compiled(fn: Any, backend: Backend) -> Any:
    """``fn`` as ``torch.compile`` returns it."""
    if isinstance(fn, torch.nn.Module):
        return OptimizedModule(fn, _Compiled(backend))
    if inspect.isclass(fn):  # its instances are to be compiled where they are called
        call = vars(fn).get("__call__")
        if inspect.isfunction(call):
            fn.__call__ = _Compiled(backend)(call)  # type: ignore[method-assign]
        return fn
    if not callable(fn):
        raise AssertionError(f"A callable function is expected, but {type(fn)} is provided.")
    return _Compiled(backend)(fn)


class _Compiled:
    """Makes functions that run by a backend."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        backend, name = self.backend, _name_of(fn)

        def call(*args: Any, **kwargs: Any) -> Any:
            if _fuses(name, backend):
                return _run_deferring(fn, args, kwargs)
            return fn(*args, **kwargs)

        settings = config._values  # type: ignore[attr-defined]
        wrapper = _wrap(fn, _DeferringFunction(fn, call, settings) if backend == "inductor" else call)
        wrapper._is_torch_compile = True  # type: ignore[attr-defined]
        wrapper.get_compiler_config = lambda: {}  # type: ignore[attr-defined]
        return wrapper


class OptimizedModule(torch.nn.Module):
    """A module as ``torch.compile`` returns it: the module itself is ``_orig_mod``, whose attributes show through."""

    _opt_mod_attributes = frozenset({"_orig_mod", "dynamo_ctx", "forward", "_torchdynamo_orig_callable"})

    def __init__(self, mod: torch.nn.Module, dynamo_ctx: Any = None) -> None:
        super().__init__()
        self._orig_mod = mod
        object.__setattr__(self, "dynamo_ctx", dynamo_ctx or _Compiled(default_backend))
        object.__setattr__(self, "forward", self.dynamo_ctx(mod))
        object.__setattr__(self, "_torchdynamo_orig_callable", mod.forward)

    @property
    def training(self) -> bool:  # type: ignore[override]
        """That of the module."""
        return self._orig_mod.training

    @training.setter
    def training(self, value: bool) -> None:
        if "_orig_mod" in self._modules:
            self._orig_mod.training = value

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules["_orig_mod"]
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self)._opt_mod_attributes or name == "training" or "_modules" not in self.__dict__:
            super().__setattr__(name, value)
        elif "_orig_mod" not in self._modules:
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        if name in type(self)._opt_mod_attributes:
            super().__delattr__(name)
        else:
            delattr(self._orig_mod, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self._orig_mod) if name not in super().__dir__())})

    def __getstate__(self) -> dict[str, Any]:
        return {"mod": self._orig_mod, "dynamo_ctx": self.dynamo_ctx}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["mod"], state["dynamo_ctx"])  # type: ignore[misc]

    def __reduce__(self) -> Any:
        return type(self), (self._orig_mod, self.dynamo_ctx)

    def __deepcopy__(self, memo: dict[int, Any]) -> OptimizedModule:
        import copy

        return type(self)(copy.deepcopy(self._orig_mod, memo), self.dynamo_ctx)


def _uncompiled(fn: Callable[..., Any]) -> Callable[..., Any]:
    """``fn``, in whose calls nothing is compiled."""

    def call(*args: Any, **kwargs: Any) -> Any:
        setting.disabled += 1
        try:
            return fn(*args, **kwargs)
        finally:
            setting.disabled -= 1

    wrapper = _wrap(fn, call)
    wrapper._torchdynamo_disable = True  # type: ignore[attr-defined]
    return wrapper


class DisableContext:
    """Context manager and decorator: inside, what was compiled runs as it is."""

    def __enter__(self) -> None:
        setting.disabled += 1

    def __exit__(self, *exc: object) -> None:
        setting.disabled -= 1

    def __call__(self, fn: Any) -> Any:
        if isinstance(fn, torch.nn.Module):
            return OptimizedModule(fn, _uncompiled)
        if inspect.isclass(fn):
            call = vars(fn).get("__call__")
            if inspect.isfunction(call):
                fn.__call__ = _uncompiled(call)  # type: ignore[method-assign]
            return fn
        if not callable(fn):
            raise AssertionError(f"A callable function is expected, but {type(fn)} is provided.")
        return _uncompiled(fn)


def is_dynamo_supported() -> bool:
    """Whether ``torch.compile`` works here: it does everywhere."""
    return True


def is_inductor_supported() -> bool:
    """Whether the default backend works here: it does everywhere."""
    return True
