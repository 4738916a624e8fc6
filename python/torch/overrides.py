"""The ``__torch_function__`` protocol: classes and modes that see calls of torch's functions.

A class that defines ``__torch_function__(cls, func, types, args, kwargs)`` is asked instead of every function and
method of torch that gets an object of it. A :class:`TorchFunctionMode` is asked about every call inside its ``with``
block.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional

from torch import _C
from torch._C import (
    _get_function_stack_at,
    _is_torch_function_mode_enabled,
    _len_torch_function_stack,
    _pop_torch_function_stack,
    _push_on_torch_function_stack,
)

__all__ = [
    "TorchFunctionMode",
    "enable_reentrant_dispatch",
    "get_default_nowrap_functions",
    "get_ignored_functions",
    "get_overridable_functions",
    "get_testing_overrides",
    "handle_torch_function",
    "has_torch_function",
    "has_torch_function_unary",
    "has_torch_function_variadic",
    "is_tensor_like",
    "is_tensor_method_or_property",
    "resolve_name",
    "wrap_torch_function",
]


# ---- calls -----------------------------------------------------------------------------------------------------------


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether a mode is active, or one of the arguments is of a class that overrides ``__torch_function__``."""
    return _is_torch_function_mode_enabled() or any(_C._has_torch_function(a) for a in relevant_args)


def has_torch_function_unary(obj: Any) -> bool:
    """:func:`has_torch_function` of one object."""
    return _is_torch_function_mode_enabled() or _C._has_torch_function(obj)


def has_torch_function_variadic(*objs: Any) -> bool:
    """:func:`has_torch_function` of several objects."""
    return has_torch_function(objs)


def _get_overloaded_args(
    relevant_args: Iterable[Any], get_type_fn: Optional[Callable[[Any], type]] = None
) -> list[Any]:
    """Those arguments whose classes are to be asked, one of each class, subclasses before their bases."""
    get_type: Callable[[Any], type] = get_type_fn or type
    overloaded: list[Any] = []
    for arg in relevant_args:
        cls = get_type(arg)
        if not _overrides(arg, cls) or any(get_type(o) is cls for o in overloaded):
            continue
        at = next((i for i, o in enumerate(overloaded) if issubclass(cls, get_type(o))), len(overloaded))
        overloaded.insert(at, arg)
    return overloaded


def _overrides(arg: Any, cls: type) -> bool:
    if cls is type(arg):
        return _C._has_torch_function(arg)
    function = getattr(cls, "__torch_function__", _C._disabled_torch_function_impl)
    return _C._is_torch_function_enabled() and function is not _C._disabled_torch_function_impl


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Asks the innermost mode, then the classes of the relevant arguments, until one does not decline."""
    overloaded = _get_overloaded_args(relevant_args)
    types = tuple(type(o) for o in overloaded)
    asked: list[Any] = []
    if _is_torch_function_mode_enabled():
        with _pop_mode_temporarily() as mode:
            asked.append(mode)
            result = mode.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    for arg in overloaded:
        function = arg.__torch_function__
        if getattr(function, "__self__", None) is arg and function is not _C._disabled_torch_function_impl:
            warnings.warn(
                "Defining your `__torch_function__` as a plain method is deprecated and will be an error in future, "
                "please define it as a classmethod.",
                DeprecationWarning,
                stacklevel=2,
            )
        result = function(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    asked.extend(types)
    name = f"{public_api.__module__}.{public_api.__name__}"
    raise TypeError(f"no implementation found for '{name}' on types that implement __torch_function__: {asked}")


def wrap_torch_function(dispatcher: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
    """Decorator that makes a function overridable.

    Args:
        dispatcher: gives, from the arguments of a call, those whose classes are asked.
    """

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant = tuple(dispatcher(*args, **kwargs))
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapped

    return decorate


def redispatch_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Any = None) -> Any:
    """Calls ``func`` for a ``__torch_function__`` that passes it on, with overrides by classes off."""
    with _C.DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def enable_reentrant_dispatch() -> Iterator[None]:
    """Nothing is needed here: ops called inside ``__torch_dispatch__`` take the whole way already."""
    yield


# ---- modes -----------------------------------------------------------------------------------------------------------


class TorchFunctionMode:
    """A context manager whose ``__torch_function__(func, types, args, kwargs)`` is asked about every call inside.

    Functions, methods and attributes of tensors, factories and operators of ``torch.ops`` are calls; ``types`` are the
    classes of arguments with an override of their own. Inside the method the mode is off, so that ``func(*args,
    **kwargs)`` goes on to the mode entered before, then to the classes. Modes stand above ``torch.utils.
    _python_dispatch.TorchDispatchMode``, which sees operators only.

    Example:

        >>> class Names(torch.overrides.TorchFunctionMode):
        ...     def __torch_function__(self, func, types, args=(), kwargs=None):
        ...         print(torch.overrides.resolve_name(func))
        ...         return func(*args, **(kwargs or {}))
        >>> with Names():
        ...     x = torch.ones(2) + 1
        torch.ones
        torch.Tensor.add
    """

    def __init__(self) -> None:
        pass

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __torch_function__")

    def __enter__(self) -> Any:
        _push_mode(self)
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        _pop_mode()

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> TorchFunctionMode:
        """Deprecated: an instance, to be entered."""
        warnings.warn("`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`", stacklevel=2)
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that passes every call on."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


def _push_mode(mode: TorchFunctionMode) -> None:
    _push_on_torch_function_stack(mode)


def _pop_mode() -> Any:
    return _pop_torch_function_stack()


@contextlib.contextmanager
def _pop_mode_temporarily() -> Iterator[Any]:
    mode = _pop_mode()
    try:
        yield mode
    finally:
        _push_mode(mode)


def _get_current_function_mode() -> Any:
    depth = _len_torch_function_stack()
    return _get_function_stack_at(depth - 1) if depth else None


def _get_current_function_mode_stack() -> list[Any]:
    return [_get_function_stack_at(i) for i in range(_len_torch_function_stack())]


# ---- what is overridable ---------------------------------------------------------------------------------------------

# Functions of torch that take or make no tensor an override could look at, or that have to stay what they are.
_IGNORED = """
    as_tensor asarray from_dlpack from_file from_numpy frombuffer tensor sparse_coo_tensor sparse_compressed_tensor
    sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor arange bartlett_window blackman_window empty
    empty_permuted empty_strided eye full hamming_window hann_window kaiser_window linspace logspace ones rand randint
    randn randperm range scalar_tensor tril_indices triu_indices zeros complex_promote block_diag cartesian_prod
    broadcast_shapes can_cast compile promote_types result_type typename is_tensor is_storage is_grad_enabled
    is_inference_mode_enabled is_anomaly_enabled is_anomaly_check_nan_enabled is_warn_always_enabled get_default_dtype
    get_default_device get_num_threads get_num_interop_threads get_rng_state set_rng_state initial_seed manual_seed seed
    set_default_dtype set_default_device set_default_tensor_type set_num_threads set_num_interop_threads
    set_printoptions set_warn_always set_anomaly_enabled set_flush_denormal set_float32_matmul_precision
    get_float32_matmul_precision use_deterministic_algorithms are_deterministic_algorithms_enabled
    is_deterministic_algorithms_warn_only_enabled set_deterministic_debug_mode get_deterministic_debug_mode
    get_device_module save load vitals_enabled
""".split()
_IGNORED_METHODS = """
    __new__ __init__ __init_subclass__ __subclasshook__ __class__ __getattribute__ __setattr__ __delattr__ __dir__
    __sizeof__ __str__ __reduce__ __torch_function__ __torch_dispatch__ __array_priority__ __dict__ __doc__ __module__
    __weakref__ __hash__ __getstate__ as_subclass _make_subclass _make_wrapper_subclass new new_tensor
    _set_interposed
""".split()


def _namespaces() -> list[tuple[str, Any]]:
    import torch

    names = ["functional", "nn.functional", "linalg", "fft", "special", "nn.init"]
    found: list[tuple[str, Any]] = [("torch", torch)]
    for name in names:
        module: Any = torch
        for part in name.split("."):
            module = getattr(module, part)
        found.append((f"torch.{name}", module))
    return found


def _is_overridable(value: Any) -> bool:
    return isinstance(value, _C._OverridableFunction) or type(value) is type(_C._nn.linear)


@functools.lru_cache(None)
def _overridable() -> tuple[dict[Any, list[Any]], dict[Any, str]]:
    """Overridable functions by namespace, and the name of each."""
    import torch

    by_namespace: dict[Any, list[Any]] = {}
    names: dict[Any, str] = {}

    def add(namespace: Any, function: Any, name: str) -> None:
        try:
            if function in names:
                return
        except TypeError:
            return
        names[function] = name
        by_namespace.setdefault(namespace, []).append(function)

    for text, module in _namespaces():
        for name in dir(module):
            value = getattr(module, name)
            if name.startswith("_") or name in _IGNORED or not _is_overridable(value):
                continue
            home = getattr(value, "__module__", None) or text
            add(module, value, f"{home if home == 'torch.functional' else text}.{name}")
    for name in dir(torch.Tensor):
        if name in _IGNORED_METHODS or name in ("__torch_function__",):
            continue
        value = inspect.getattr_static(torch.Tensor, name)
        if inspect.isdatadescriptor(value) and not inspect.isroutine(value):
            for accessor in ("__get__", "__set__", "__delete__"):
                if hasattr(value, accessor):
                    add(value, getattr(value, accessor), f"torch.Tensor.{name}.{accessor}")
        elif callable(value) and not isinstance(value, (staticmethod, classmethod, type)):
            add(torch.Tensor, getattr(torch.Tensor, name), f"torch.Tensor.{name}")
    for name in _IGNORED:  # modes see these as well
        with contextlib.suppress(AttributeError, TypeError):
            names.setdefault(getattr(torch, name), f"torch.{name}")
    return by_namespace, names


def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """Functions and methods that ask ``__torch_function__``, by the module or class they belong to."""
    return {namespace: list(functions) for namespace, functions in _overridable()[0].items()}


@functools.lru_cache(None)
def get_ignored_functions() -> set[Callable[..., Any]]:
    """Functions of torch that do not ask the classes of their arguments."""
    import torch

    found = {getattr(torch, name) for name in _IGNORED if hasattr(torch, name)}
    return found | {getattr(torch.Tensor, name) for name in ("new", "new_tensor", "as_subclass")}


@functools.lru_cache(None)
def get_default_nowrap_functions() -> set[Callable[..., Any]]:
    """Functions whose results ``Tensor.__torch_function__`` does not convert to the subclass."""
    from torch import Tensor

    names = ("_base", "grad", "_grad")
    return {
        inspect.getattr_static(Tensor, name).__get__
        for name in names
        if hasattr(inspect.getattr_static(Tensor, name, None), "__get__")
    }


@functools.lru_cache(None)
def get_testing_overrides() -> dict[Callable[..., Any], Callable[..., Any]]:
    """For each overridable function a function with its parameters that returns -1."""
    dummies: dict[Callable[..., Any], Callable[..., Any]] = {}
    for function in itertools.chain.from_iterable(_overridable()[0].values()):
        name = _overridable()[1][function]
        if name.endswith("__get__"):
            dummies[function] = lambda self: -1
        elif name.endswith(("__set__", "__delete__")):
            dummies[function] = lambda self, value=None: -1
        else:
            dummies[function] = _dummy(function)
    return dummies


def _dummy(function: Callable[..., Any]) -> Callable[..., Any]:
    def dummy(*args: Any, **kwargs: Any) -> int:
        return -1

    with contextlib.suppress(ValueError, TypeError):
        dummy.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return dummy


def resolve_name(f: Callable[..., Any]) -> Optional[str]:
    """How an overridable function is called: "torch.nn.functional.relu", "torch.Tensor.add"; ``None`` for others."""
    from torch import _ops

    if isinstance(f, (_ops.OpOverload, _ops.OpOverloadPacket)):
        return str(f)
    try:
        return _overridable()[1].get(f)
    except TypeError:
        return None


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Whether an overridable function is a method of tensors or reads or writes an attribute of them."""
    return (resolve_name(func) or "").startswith("torch.Tensor.")


def is_tensor_like(inp: Any) -> bool:
    """Whether an object is a tensor or has ``__torch_function__``."""
    from torch import Tensor

    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")
