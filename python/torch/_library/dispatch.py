"""Calls of operators defined in Python.

A call goes, in this order, to: ``__torch_function__`` of its arguments; the innermost TorchDispatchMode;
``__torch_dispatch__`` of its arguments' classes; a rule for autocast; a kernel registered for Autograd, or the
derivative formula; the kernel of the tensors' device. That is what operators of the table do, too.
"""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Iterable
from typing import Any, Optional

import torch
from torch import _C
from torch._library import fake_impl, keys
from torch._library.schema import Argument, FunctionSchema, parse_schema
from torch._ops import HigherOrderOperator, OpOverload, OpOverloadPacket, _overridden

# Qualified name -> overload name -> operator.
overloads: dict[str, dict[str, PythonOverload]] = {}
# Kernels registered before their operator is defined.
_early: dict[str, dict[str, Callable[..., Any]]] = {}
_COMPOSITES = ("CompositeExplicitAutogradNonFunctional", "CompositeExplicitAutograd", "CompositeImplicitAutograd")


class PythonOverload(OpOverload):
    """An overload of an operator defined in Python."""

    def __init__(self, namespace: str, schema: FunctionSchema, tags: Iterable[Any] = ()) -> None:
        short = schema.name.rpartition("::")[2]
        super().__init__(namespace, short, schema.overload_name, str(schema))
        self._parsed = schema
        self._positional = [a for a in schema.arguments if not a.kwarg_only]
        self._by_name = [a for a in schema.arguments if a.kwarg_only]
        self.tags = list(tags)  # type: ignore[misc]
        self.kernels: dict[str, Callable[..., Any]] = {}
        self.disabled_kernels: set[str] = set()
        self.fake: Optional[Callable[..., Any]] = None
        self.formula: Optional[Formula] = None
        self.needs_formula = False  # made by custom_op: gradients flow through a formula or not at all
        self.vmap_rule: Optional[Callable[..., Any]] = None
        self.autocast: dict[str, torch.dtype] = {}
        self.mutable = schema.is_mutable

    @property
    def _schema(self) -> FunctionSchema:
        return self._parsed

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if overridden := _overridden(args, kwargs):
            from torch.overrides import handle_torch_function

            return handle_torch_function(self, overridden, *args, **kwargs)
        return _call(self, *bind(self, args, kwargs))

    def has_kernel_for_dispatch_key(self, k: Any) -> bool:
        """Whether a kernel is registered for a key."""
        name = keys.key_name(k)
        if name.startswith("Autograd") and self.formula is not None:
            return True
        return name in self.kernels or (name == "Meta" and self.fake is not None)

    def decompose(self, *args: Any, **kwargs: Any) -> Any:
        """The call made of simpler operators, where a composite kernel is registered; else NotImplemented."""
        kernel = self.kernels.get("CompositeImplicitAutograd")
        return NotImplemented if kernel is None else kernel(*args, **kwargs)

    def _can_decompose(self) -> bool:
        return "CompositeImplicitAutograd" in self.kernels


# ---------------------------------------------------------------- registration


def define(namespace: str, schema: str, tags: Iterable[Any] = (), overwrite: bool = False) -> PythonOverload:
    """Enters an operator."""
    op = PythonOverload(namespace, parse_schema(f"{namespace}::{schema}"), tags)
    qualified = f"{namespace}::{op._base}"
    found = overloads.setdefault(qualified, {})
    if op._overloadname in found and not overwrite:
        raise RuntimeError(
            f"Tried to register an operator ({op._schema}) with the same name and overload name multiple times. "
            "Each overload's schema should only be registered with a single call to def()."
        )
    if namespace == "aten" and _C._overloads_of(op._base):
        raise NotImplementedError(f"{qualified}: operators of the namespace aten can't be defined in Python")
    found[op._overloadname] = op
    op.kernels.update(_early.pop(op.name(), {}))
    _forget_packet(namespace, op._base)
    return op


def remove(op: PythonOverload) -> None:
    """Takes an operator out."""
    qualified = f"{op.namespace}::{op._base}"
    found = overloads.get(qualified, {})
    if found.get(op._overloadname) is op:
        del found[op._overloadname]
        if not found:
            del overloads[qualified]
        _forget_packet(op.namespace, op._base)


def _forget_packet(namespace: str, name: str) -> None:
    vars(getattr(torch.ops, namespace)).pop(name, None)


def find(qualname: str) -> Optional[PythonOverload]:
    """The operator of a name ``ns::name`` or ``ns::name.overload``."""
    qualified, _, overload = qualname.partition(".")
    return overloads.get(qualified, {}).get(overload or "default")


def resolve(op: Any) -> PythonOverload:
    """The operator that is meant by its name, by itself, or by what ``custom_op`` returned."""
    if isinstance(op, PythonOverload):
        return op
    if isinstance(op, str):
        found = find(op)
        if found is None:
            known = _C._find_op(op.partition("::")[2].partition(".")[0], op.partition(".")[2] or "default")
            if op.startswith("aten::") and known is not None:
                raise NotImplementedError(f"{op}: rules for operators of the table can't be added in Python")
            raise RuntimeError(f"operator {op} does not exist")
        return found
    own = getattr(op, "_opoverload", None)
    if isinstance(own, PythonOverload):
        return own
    if isinstance(op, OpOverload):
        raise NotImplementedError(f"{op.name()}: rules for operators of the table can't be added in Python")
    raise ValueError(f"expected an operator or its name, got {op!r} of type {type(op).__name__}")


def add_kernel(qualname: str, key: str, kernel: Callable[..., Any]) -> None:
    """Registers a kernel, also for an operator that is defined later."""
    if not callable(kernel):
        raise TypeError(f"Input function is required to be a callable but found type {type(kernel)}")
    op = find(qualname)
    if op is None and qualname.startswith("aten::"):
        raise NotImplementedError(f"{qualname}: kernels of operators of the table can't be replaced")
    (op.kernels if op is not None else _early.setdefault(qualname, {}))[key] = kernel


# ---------------------------------------------------------------- arguments


def _fits(argument: Argument, value: Any) -> bool:
    kind = argument.real_type
    if value is None:
        return kind.is_optional or (argument.has_default_value() and argument.default is None)
    if kind.is_list:
        if isinstance(value, (list, tuple)):
            return all((item is None and kind.takes_none_items) or _is_a(kind.base, item) for item in value)
        return bool(kind.size) and _is_a(kind.base, value)
    return _is_a(kind.base, value)


def _is_a(base: str, value: Any) -> bool:
    if base == "Tensor":
        return isinstance(value, torch.Tensor)
    if base in ("int", "SymInt"):
        return not isinstance(value, bool) and (isinstance(value, (int, torch.SymInt)) or hasattr(value, "__index__"))
    if base == "float":
        return isinstance(value, (numbers.Real, torch.SymFloat, torch.SymInt)) and not isinstance(value, bool)
    if base == "bool":
        return isinstance(value, (bool, torch.SymBool))
    if base == "Scalar":
        return isinstance(value, (numbers.Number, torch.SymInt, torch.SymFloat)) or isinstance(value, torch.Tensor)
    if base == "str":
        return isinstance(value, str)
    if base == "ScalarType":
        return isinstance(value, torch.dtype)
    if base == "Device":
        return isinstance(value, (torch.device, str, int))
    if base == "Layout":
        return isinstance(value, torch.layout)
    if base == "MemoryFormat":
        return isinstance(value, torch.memory_format)
    if base == "Generator":
        return isinstance(value, torch.Generator)
    return True  # classes and other words: whatever the kernels make of it


def _checked(op: OpOverload, argument: Argument, position: int, value: Any) -> Any:
    if not _fits(argument, value):
        raise RuntimeError(
            f"{op.namespace}::{op._base}() Expected a value of type '{argument.real_type}' for argument "
            f"'{argument.name}' but instead found type '{type(value).__name__}'.\nPosition: {position}\n"
            f"Value: {value!r}\nDeclaration: {op._schema}"
        )
    kind = argument.real_type
    if kind.base == "Device" and isinstance(value, (str, int)):
        return torch.device(value)
    if kind.size and not isinstance(value, (list, tuple)) and value is not None:
        return [value] * kind.size
    return value


def bind(op: PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Checked arguments: those by position, then keyword-only ones by name; defaults at the end are left out."""
    where = f"{op.namespace}::{op._base}()"
    if len(args) > len(op._positional):
        raise RuntimeError(
            f"{where} expected at most {len(op._positional)} argument(s) but received {len(args)} argument(s). "
            f"Declaration: {op._schema}"
        )
    values: list[Any] = []
    left = dict(kwargs)
    last = 0
    for i, argument in enumerate(op._positional):
        if i < len(args):
            if argument.name in left:
                raise RuntimeError(f"{where} got two values for argument '{argument.name}'. Declaration: {op._schema}")
            value = args[i]
        elif argument.name in left:
            value = left.pop(argument.name)
        elif argument.has_default_value():
            values.append(argument.default)
            continue
        else:
            raise RuntimeError(f"{where} is missing value for argument '{argument.name}'. Declaration: {op._schema}")
        values.append(_checked(op, argument, i, value))
        last = i + 1
    named: dict[str, Any] = {}
    for i, argument in enumerate(op._by_name):
        if argument.name in left:
            named[argument.name] = _checked(op, argument, len(values) + i, left.pop(argument.name))
        elif not argument.has_default_value():
            raise RuntimeError(f"{where} is missing value for argument '{argument.name}'. Declaration: {op._schema}")
    if left:
        raise RuntimeError(
            f"{where}: Unknown keyword argument '{next(iter(left))}' for operator '{op.namespace}::{op._base}'. "
            f"Schema: {op._schema}"
        )
    return tuple(values[:last]), named


def with_defaults(op: PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Bound arguments with the defaults that were left out."""
    full = (*args, *(argument.default for argument in op._positional[len(args) :]))
    named = {a.name: kwargs[a.name] if a.name in kwargs else a.default for a in op._by_name}
    return full, named


def call_first(packet: OpOverloadPacket, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls the first overload whose schema takes the arguments."""
    errors = []
    for name in packet.overloads():
        op = getattr(packet, name)
        try:
            bound = bind(op, args, kwargs)
        except RuntimeError as error:
            errors.append(str(error))
            continue
        return _call(op, *bound)
    raise RuntimeError(
        "Overloaded torch operator invoked from Python failed to match any schema:\n" + "\n\n".join(errors)
    )


def _tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found.extend(item for item in value if isinstance(item, torch.Tensor))
    return found


# ---------------------------------------------------------------- the call


def interposed(
    op: Any, tensors: list[torch.Tensor], args: tuple[Any, ...], kwargs: dict[str, Any], rules: dict[Any, Any]
) -> Any:
    """What modes and classes of tensors make of a call; NotImplemented if there are none."""
    if _C._dispatch_mode_stack():
        mode = _C._pop_dispatch_mode()
        types = tuple({type(t) for t in tensors if _dispatches(type(t))})
        try:
            if (rule := rules.get(type(mode))) is not None:
                return rule(mode, *args, **kwargs)
            return mode.__torch_dispatch__(op, types, args, kwargs)
        finally:
            _C._push_dispatch_mode(mode)
    classes: list[type] = []
    for t in tensors:
        if _dispatches(type(t)) and type(t) not in classes:
            at = next((i for i, c in enumerate(classes) if issubclass(type(t), c)), len(classes))
            classes.insert(at, type(t))
    for cls in classes:
        rule = rules.get(cls)
        result = rule(*args, **kwargs) if rule else cls.__torch_dispatch__(op, tuple(classes), args, kwargs)  # type: ignore[attr-defined]
        if result is not NotImplemented:
            return result
    if classes:
        raise TypeError(f"{op.name()}: no implementation found on classes {[c.__name__ for c in classes]}")
    return NotImplemented


def _dispatches(cls: type) -> bool:
    handler = getattr(cls, "__torch_dispatch__", None)
    return handler is not None and handler is not _disabled


_disabled = getattr(_C, "_disabled_torch_dispatch_impl", None)


def _call(op: PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    tensors = _tensors(args, kwargs)
    result = interposed(op, tensors, args, kwargs, op.py_kernels)
    if result is not NotImplemented:
        return result
    excluded = keys.excluded.keys
    device = _device_of(tensors, kwargs)
    if op.autocast or any(key.startswith("Autocast") for key in op.kernels):
        ran, result = _under_autocast(op, device, args, kwargs)
        if ran:
            return result
    backend = {"cpu": "CPU", "meta": "Meta"}.get(device, device.upper())
    if "Autograd" not in excluded:
        own = op.kernels.get("Autograd") or op.kernels.get("Autograd" + backend)
        if own is not None:
            return own(*args, **kwargs)
        if "CompositeImplicitAutograd" in op.kernels and backend not in op.kernels:
            return op.kernels["CompositeImplicitAutograd"](*args, **kwargs)
        if (op.formula is not None or (op.needs_formula and not op.mutable)) and (
            torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
        ):
            return _differentiable(op, args, kwargs)
    if op.formula is not None or op.needs_formula:
        with torch.no_grad():
            return run_kernel(op, backend, args, kwargs)
    return run_kernel(op, backend, args, kwargs)


def _device_of(tensors: list[torch.Tensor], kwargs: dict[str, Any]) -> str:
    found = "cpu"
    for t in tensors:
        kind = t.device.type
        if kind == "meta":
            return kind
        if kind != "cpu":
            found = kind
    if not tensors:
        for value in kwargs.values():
            if isinstance(value, torch.device):
                return value.type
    return found


def run_kernel(op: PythonOverload, backend: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls the kernel of a device."""
    kernel = None if backend in op.disabled_kernels else op.kernels.get(backend)
    if kernel is None and backend == "Meta" and op.fake is not None:
        return _shaped(op, fake_impl.run(op, op.fake, args, kwargs))
    if kernel is None and not (backend == "Meta" and op.needs_formula):
        kernel = next((op.kernels[key] for key in _COMPOSITES if key in op.kernels), None)
    if kernel is not None:
        return _shaped(op, kernel(*args, **kwargs))
    if backend == "Meta":
        if op.needs_formula:
            if not op._schema.returns:
                return None
            raise RuntimeError(
                f"There was no fake impl registered for <CustomOpDef({op.name()})>. This is necessary for tensors of "
                "the device meta. Please use `register_fake` to add an fake impl."
            )
        raise NotImplementedError(
            f"{op.name()}: attempted to run this operator with Meta tensors, but there was no fake impl or Meta "
            "kernel registered. Please use `torch.library.register_fake` to add one."
        )
    available = ", ".join(sorted(op.kernels)) or "none"
    raise NotImplementedError(
        f"Could not run '{op.name()}' with arguments from the '{backend}' backend: no kernel is registered for it. "
        f"'{op.name()}' is only available for these backends: [{available}]."
    )


def _shaped(op: PythonOverload, result: Any) -> Any:
    returns = op._schema.returns
    if not returns:
        if result is not None:
            raise RuntimeError(f"{op.name()}: the schema says that nothing is returned, the kernel returned {result!r}")
        return None
    if len(returns) == 1:
        return list(result) if returns[0].real_type.is_list and isinstance(result, tuple) else result
    if not isinstance(result, (tuple, list)) or len(result) != len(returns):
        raise RuntimeError(f"{op.name()}: expected the kernel to return {len(returns)} values, got {result!r}")
    return tuple(result)


def _under_autocast(op: PythonOverload, device: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, Any]:
    key = "Autocast" + {"cpu": "CPU", "cuda": "CUDA"}.get(device, device.upper())
    if key in keys.excluded.keys or device == "meta" or not torch.is_autocast_enabled(device):
        return False, None
    guard = keys.ExcludeDispatchKeyGuard(keys.DispatchKeySet(key))
    if device in op.autocast:
        dtype = op.autocast[device]

        def cast(value: Any) -> Any:
            if isinstance(value, torch.Tensor):
                eligible = value.is_floating_point() and value.dtype is not torch.float64
                return value.to(dtype) if eligible else value
            return type(value)(cast(item) for item in value) if isinstance(value, (list, tuple)) else value

        with guard:
            return True, op(*(cast(a) for a in args), **{k: cast(v) for k, v in kwargs.items()})
    kernel = op.kernels.get(key) or op.kernels.get("Autocast")
    return (False, None) if kernel is None else (True, kernel(*args, **kwargs))


# ---------------------------------------------------------------- derivatives


class Formula:
    """The derivative of an operator, as ``register_autograd`` was given it."""

    def __init__(self, backward: Callable[..., Any], setup_context: Optional[Callable[..., Any]]) -> None:
        self.backward = backward
        self.setup_context = setup_context
        self.by_name = False
        if setup_context is not None:
            self.by_name = "keyword_only_inputs" in inspect.signature(setup_context).parameters


class _Call:
    """One call on its way through the tape, which knows flat lists of tensors only."""

    def __init__(self, op: PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.op = op
        self.args, self.kwargs = with_defaults(op, args, kwargs)
        self.given = (args, kwargs)
        self.flat: list[torch.Tensor] = []
        self.places: list[Any] = []  # per argument: None, the number of its tensor, or a list of those
        for value in self.args:
            if isinstance(value, torch.Tensor):
                self.places.append(self._place(value))
            elif isinstance(value, (list, tuple)):
                self.places.append([self._place(v) if isinstance(v, torch.Tensor) else None for v in value])
            else:
                self.places.append(None)
        self.out_places: list[Any] = []
        self.single = False

    def _place(self, tensor: torch.Tensor) -> int:
        self.flat.append(tensor)
        return len(self.flat) - 1

    def rebuilt(self, flat: tuple[Any, ...], args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments with other tensors in place of their own."""
        return tuple(
            value
            if place is None
            else flat[place]
            if isinstance(place, int)
            else [v if p is None else flat[p] for v, p in zip(value, place)]
            for value, place in zip(args, self.places)
        )

    def flatten_outputs(self, output: Any) -> tuple[Any, ...]:
        self.single = not isinstance(output, tuple)
        flat: list[Any] = []
        self.out_places = []
        for value in (output,) if self.single else output:
            if isinstance(value, list):
                self.out_places.append(list(range(len(flat), len(flat) + len(value))))
                flat.extend(value)
            else:
                self.out_places.append(len(flat))
                flat.append(value)
        return tuple(flat)

    def structured(self, flat: tuple[Any, ...]) -> tuple[Any, ...]:
        """Flat values in the structure of the outputs."""
        return tuple(flat[p] if isinstance(p, int) else [flat[i] for i in p] for p in self.out_places)


class _Recorded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, *flat: torch.Tensor) -> Any:
        op = call.op
        args, kwargs = call.given
        needs = ctx.needs_input_grad[1:]
        backend = {"cpu": "CPU", "meta": "Meta"}.get(_device_of(list(flat), kwargs), "CPU")
        output = run_kernel(op, backend, call.rebuilt(flat, args), kwargs)
        inputs = call.rebuilt(flat, call.args)
        ctx.call = call
        ctx.needs_input_grad = tuple(
            False if p is None else needs[p] if isinstance(p, int) else [i is not None and needs[i] for i in p]
            for p in call.places
        )
        formula = op.formula
        if formula is not None and formula.setup_context is not None:
            if formula.by_name:
                formula.setup_context(ctx, inputs, call.kwargs, output)
            elif op._by_name:
                formula.setup_context(ctx=ctx, inputs=inputs, keyword_only_inputs=call.kwargs, output=output)
            else:
                formula.setup_context(ctx=ctx, inputs=inputs, output=output)
        return call.flatten_outputs(output)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        call: _Call = ctx.call
        formula = call.op.formula
        if formula is None:
            raise RuntimeError(
                f"Trying to backward through {call.op} but no autograd formula was registered. "
                "Please use register_autograd to add one."
            )
        result = formula.backward(ctx, *call.structured(grads))
        results = result if isinstance(result, tuple) else (result,)
        if len(results) != len(call.places):
            raise RuntimeError(
                f"{call.op.name()}: expected the registered backward to return {len(call.places)} gradients, one for "
                f"each argument that goes by position, got {len(results)}"
            )
        flat: list[Any] = [None] * len(call.flat)
        for place, grad in zip(call.places, results):
            if isinstance(place, int):
                flat[place] = grad
            elif isinstance(place, list) and grad is not None:
                for p, g in zip(place, grad):
                    if p is not None:
                        flat[p] = g
        return None, *flat


def _differentiable(op: PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _Call(op, args, kwargs)
    if op.formula is not None:
        apply = op.formula.__dict__.setdefault("function", _named(op)).apply
    else:
        apply = _named(op).apply
    structured = call.structured(apply(call, *call.flat))
    return structured[0] if call.single else structured


def _named(op: PythonOverload) -> Any:
    name = f"GeneratedBackwardFor_{op.namespace}_{op._base}_{op._overloadname}"
    return type(name, (_Recorded,), {})


# ---------------------------------------------------------------- operators that take functions


def call_higher_order(op: HigherOrderOperator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls the rule of an operator that takes functions."""
    from torch.utils._pytree import tree_leaves

    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    rules = op.py_kernels
    if _C._dispatch_mode_stack() or any(_dispatches(type(t)) for t in tensors):
        result = interposed(op, tensors, args, kwargs, rules)
        if result is not NotImplemented:
            return result
    device = _device_of(tensors, kwargs)
    backend = {"cpu": "CPU", "meta": "Meta"}.get(device, device.upper())
    wanted = ["Autograd", "Autograd" + backend] if "Autograd" not in keys.excluded.keys else []
    for key in (*wanted, backend, *_COMPOSITES):
        if key in rules:
            return rules[key](*args, **kwargs)
    raise NotImplementedError(f"could not find kernel for {op} at dispatch key {backend}")
