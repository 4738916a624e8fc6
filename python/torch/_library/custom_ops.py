"""``torch.library.custom_op``: an operator from a Python function."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional, Union

import torch
from torch._library import dispatch, keys
from torch._library.infer_schema import infer_schema
from torch._library.schema import FunctionSchema, parse_schema

device_types_t = Union[str, Iterable[str], None]  # noqa: N816
OPDEFS: dict[str, CustomOpDef] = {}


def parse_qualname(qualname: str) -> tuple[str, str]:
    """Namespace and name."""
    parts = qualname.split("::")
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"Expected `name` to be of the form 'namespace::name', got {qualname!r}")
    return parts[0], parts[1]


def custom_op(
    name: str,
    fn: Optional[Callable[..., Any]] = None,
    /,
    *,
    mutates_args: Union[str, Iterable[str]],
    device_types: device_types_t = None,
    schema: Optional[str] = None,
    tags: Any = None,
) -> Any:
    """Makes a function an operator, ``torch.ops.namespace.name``. A decorator unless ``fn`` is given.

    The function may do anything. Gradients do not flow through it; :meth:`CustomOpDef.register_autograd` gives it a
    formula. It must neither return its arguments nor share memory with them.

    Args:
        name: ``"namespace::name"``.
        fn: the function, annotated; see :func:`torch.library.infer_schema`.
        mutates_args: names of the arguments that it writes, or ``"unknown"``.
        device_types: kinds of device that it works for; all by default.
        schema: in place of the one that follows from the annotations, ``"(Tensor x) -> Tensor"``.
        tags: :class:`torch.Tag` of the operator.

    Example:

        >>> @torch.library.custom_op("example::double", mutates_args=())
        ... def double(x: torch.Tensor) -> torch.Tensor:
        ...     return x * 2
        >>> double(torch.ones(2))
        tensor([2., 2.])
    """

    def make(function: Callable[..., Any]) -> CustomOpDef:
        namespace, short = parse_qualname(name)
        mutated = mutates_args if isinstance(mutates_args, str) else tuple(mutates_args)
        text = schema
        if text is None:
            text = infer_schema(function, mutates_args=mutated)
        else:
            _check_mutated(mutates_args, mutated, text)
        result = CustomOpDef(namespace, short, text, function, tags)
        if device_types is None:
            result._opoverload.kernels["CompositeExplicitAutograd"] = result._checked(function)
        else:
            result.register_kernel(device_types)(function)
        return result

    return make if fn is None else make(fn)


def _check_mutated(given: Any, mutated: Any, schema: str) -> None:
    if isinstance(mutated, str):
        return
    written = {argument.name for argument in parse_schema(schema).arguments if argument.is_write}
    if written != set(mutated):
        raise ValueError(
            f"Attempted to create a custom op with `mutates_args={given}` and `schema={schema}. The schema suggests "
            f"that the op mutates {written or 'set()'} which is different from what was provided to us in "
            "`mutates_args`. Please make these consistent."
        )


class CustomOpDef:
    """What :func:`custom_op` returns: the operator, and the ways to add rules to it. Call it as the function."""

    def __init__(self, namespace: str, name: str, schema: str, fn: Callable[..., Any], tags: Any = None) -> None:
        self._namespace = namespace
        self._name = name
        self._schema = schema
        self._init_fn = fn
        given = [tags] if isinstance(tags, keys.Tag) else list(tags or ())
        if keys.Tag.pt2_compliant_tag not in given:
            given.append(keys.Tag.pt2_compliant_tag)
        self._opoverload = dispatch.define(namespace, name + schema, given, overwrite=True)
        self._opoverload.needs_formula = True
        self.__name__ = name
        self.__doc__ = fn.__doc__
        OPDEFS[self._qualname] = self

    @property
    def _qualname(self) -> str:
        return f"{self._namespace}::{self._name}"

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._opoverload(*args, **kwargs)

    def _checked(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """The kernel, whose results may share no memory with arguments or each other."""
        name = self._name
        mutable = self._opoverload.mutable

        def run(*args: Any, **kwargs: Any) -> Any:
            result = kernel(*args, **kwargs)
            results = dispatch._tensors(result if isinstance(result, tuple) else (result,), {})
            if results and not mutable:
                seen = {_memory(t) for t in dispatch._tensors(args, kwargs)} - {None}
                for tensor in results:
                    place = _memory(tensor)
                    if place in seen:
                        raise RuntimeError(
                            f"{name} (with implementation in {inspect.getmodule(kernel)}): The output of this custom "
                            "operator (1) must not also be an input to this custom operator and (2) may not alias any "
                            "inputs to this custom operator or other returns. The most common way to trigger this "
                            "error is if we have y = custom_op(x) and y and x are the same Tensor. Please instead "
                            "return a clone of the offending output tensor(s) (e.g. return x.clone()) or refactor the "
                            "custom operator to not return y."
                        )
                    if place is not None:
                        seen.add(place)
            return result

        return run

    def register_kernel(self, device_types: device_types_t, fn: Optional[Callable[..., Any]] = None, /) -> Any:
        """Gives the operator a function for some kinds of device; None for all. A decorator unless ``fn`` is given."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            if device_types is None:
                found = ["CompositeExplicitAutograd"]
            else:
                found = [device_key(d) for d in ([device_types] if isinstance(device_types, str) else device_types)]
            for key in found:
                self._opoverload.kernels[key] = self._checked(function)
            return function

        return register if fn is None else register(fn)

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """Gives the operator a function that makes results without data; it serves tensors of the device meta."""
        self._opoverload.fake = fn
        return fn

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Optional[Callable[..., Any]] = None
    ) -> None:
        """Gives the operator a derivative: ``setup_context(ctx, inputs, output)`` and ``backward(ctx, *grads)``."""
        register_formula(self._opoverload, repr(self), backward, setup_context)

    def register_vmap(self, func: Optional[Callable[..., Any]] = None) -> Any:
        """Gives the operator a rule for :func:`torch.vmap`: ``func(info, in_dims, *args)`` returns results and dims."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._opoverload.vmap_rule = function
            return function

        return register if func is None else register(func)

    def register_autocast(self, device_type: str, cast_inputs: torch.dtype) -> None:
        """Has the operator's floating tensors cast to a dtype under autocast."""
        register_autocast(self._opoverload, device_type, cast_inputs)

    def register_torch_dispatch(self, torch_dispatch_class: Any, fn: Optional[Callable[..., Any]] = None, /) -> Any:
        """Gives the operator a rule for tensors of a class, or for a class of modes."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            register_torch_dispatch(self._opoverload, torch_dispatch_class, function)
            return function

        return register if fn is None else register(fn)

    @contextlib.contextmanager
    def set_kernel_enabled(self, device_type: str, enabled: bool = True) -> Iterator[None]:
        """Inside, the kernel of one kind of device is or is not used; without it, that for all kinds."""
        key, off = device_key(device_type), self._opoverload.disabled_kernels
        before = key in off
        (off.discard if enabled else off.add)(key)
        try:
            yield
        finally:
            (off.add if before else off.discard)(key)


def _memory(tensor: torch.Tensor) -> Optional[int]:
    if tensor.device.type == "meta" or tensor.layout is not torch.strided or tensor.numel() == 0:
        return None
    return tensor.untyped_storage().data_ptr()


def device_key(device_type: str) -> str:
    """The dispatch key of a kind of device."""
    names = {key.lower(): key for key in keys._BACKENDS}
    if device_type not in names:
        raise ValueError(f"unknown device type {device_type!r}: expected one of {sorted(names)}")
    return names[device_type]


def register_formula(
    op: dispatch.PythonOverload, shown: str, backward: Callable[..., Any], setup_context: Optional[Callable[..., Any]]
) -> None:
    """Gives an operator its derivative."""
    schema: FunctionSchema = op._schema
    if schema.is_mutable:
        raise RuntimeError(
            f"Cannot register autograd formula for non-functional operator {shown} with schema {schema}. "
            "Please create a functional operator and register an autograd formula for that."
        )
    if any(argument.real_type.base == "Tensor" for argument in op._by_name):
        raise NotImplementedError(
            f"register_autograd with kwarg-only Tensor args. In the original definition of the op, please make your "
            f"tensors not kwarg-only. Got: {schema}"
        )
    op.formula = dispatch.Formula(backward, setup_context)


def register_autocast(op: dispatch.PythonOverload, device_type: str, cast_inputs: torch.dtype) -> None:
    """Has an operator's floating tensors cast under autocast."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if device_type not in ("cpu", "cuda"):
        raise ValueError(f"Unknown device type: {device_type}")
    op.autocast[device_type] = cast_inputs


def register_torch_dispatch(op: dispatch.PythonOverload, cls: Any, function: Callable[..., Any]) -> None:
    """Gives an operator a rule for a class of tensors or of modes."""
    from torch.utils._python_dispatch import TorchDispatchMode

    if issubclass(cls, TorchDispatchMode):
        op.py_kernels[cls] = lambda mode, *args, **kwargs: function(mode, op, (), args, kwargs)
    else:
        op.py_kernels[cls] = lambda *args, **kwargs: function(cls, op, (cls,), args, kwargs)
