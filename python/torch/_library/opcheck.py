"""Checks of operators with sample arguments; see :func:`torch.library.opcheck`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Union

import torch
from torch._library import dispatch
from torch.utils._pytree import tree_leaves, tree_map_only


class OpCheckError(Exception):
    """A check failed."""


def _copied(value: Any) -> Any:
    return tree_map_only(torch.Tensor, lambda t: t.detach().clone().requires_grad_(t.requires_grad), value)


def _test_schema(op: dispatch.PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    args, kwargs = _copied((args, kwargs))
    before = _copied((args, kwargs))
    with torch.no_grad():
        op(*args, **kwargs)
    bound, named = dispatch.bind(op, args, kwargs)
    was, was_named = dispatch.bind(op, *before)
    pairs = [
        *((argument, now, then) for argument, now, then in zip(op._positional, bound, was)),
        *(
            (argument, named[argument.name], was_named[argument.name])
            for argument in op._by_name
            if argument.name in named
        ),
    ]
    for argument, now, then in pairs:
        changed = any(
            not torch.equal(torch.nan_to_num(a), torch.nan_to_num(b))
            for a, b in zip(tree_leaves(now), tree_leaves(then))
            if isinstance(a, torch.Tensor) and not a.is_meta
        )
        if changed and not argument.is_write:
            raise OpCheckError(
                f"Argument {argument.name} is not defined as mutable but was mutated (schema: {op._schema})"
            )


def _test_autograd_registration(op: dispatch.PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if not any(t.requires_grad for t in dispatch._tensors(args, kwargs)):
        return
    known = ("Autograd", "AutogradCPU", "CompositeImplicitAutograd")
    if op.formula is None and not op.needs_formula and not any(key in op.kernels for key in known):
        raise OpCheckError(
            f"autograd_registration_check: operator {op} has no derivative registered, but arguments require grad: "
            "use torch.library.register_autograd"
        )


def _test_faketensor(op: dispatch.PythonOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    real_args, real_kwargs = _copied((args, kwargs))
    fake_args, fake_kwargs = tree_map_only(torch.Tensor, lambda t: t.to("meta"), (args, kwargs))
    with torch.no_grad():
        real = tree_leaves(op(*real_args, **real_kwargs))
        fake = tree_leaves(op(*fake_args, **fake_kwargs))
    if len(real) != len(fake):
        raise OpCheckError(f"{op}: {len(real)} results with data, {len(fake)} on the device meta")
    for i, (a, b) in enumerate(zip(real, fake)):
        if not isinstance(a, torch.Tensor):
            continue
        if not isinstance(b, torch.Tensor):
            raise OpCheckError(f"{op}: result {i} is a tensor with data, {b!r} on the device meta")
        for what in ("shape", "dtype", "layout"):
            if getattr(a, what) != getattr(b, what):
                raise OpCheckError(
                    f"{op}: result {i} has {what} {getattr(a, what)} with data, {getattr(b, what)} on the device meta"
                )
        if a.numel() and a.stride() != b.stride():
            raise OpCheckError(f"{op}: result {i} has strides {a.stride()} with data, {b.stride()} on the device meta")


_TESTS: dict[str, Callable[[Any, Any, Any], None]] = {
    "test_schema": _test_schema,
    "test_autograd_registration": _test_autograd_registration,
    "test_faketensor": _test_faketensor,
}
_NOT_RUN = ("test_aot_dispatch_static", "test_aot_dispatch_dynamic")


def opcheck(
    op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], test_utils: Union[str, Sequence[str]], raise_exception: bool
) -> dict[str, Any]:
    """Runs the tests."""
    if isinstance(op, torch._ops.OpOverloadPacket):
        op = op.default
    resolved = dispatch.resolve(op)
    wanted = [test_utils] if isinstance(test_utils, str) else list(test_utils)
    if unknown := set(wanted) - _TESTS.keys() - set(_NOT_RUN) - {"ALL"}:
        raise ValueError(f"opcheck: unknown tests {sorted(unknown)}, there are {sorted((*_TESTS, *_NOT_RUN))}")
    if wanted == ["ALL"]:
        wanted = [*_TESTS, *_NOT_RUN]
    results: dict[str, Any] = {}
    for name in wanted:
        if name in _NOT_RUN:
            results[name] = "NOT RUN"
            continue
        try:
            _TESTS[name](resolved, args, kwargs)
            results[name] = "SUCCESS"
        except Exception as error:
            if raise_exception:
                raise OpCheckError(f"opcheck(op, ...): {name} failed with {error}") from error
            results[name] = error
    return results
