"""Tensors of device "meta" give the shape, dtype and strides that CPU tensors give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import wire
from conftest import is_ours

from . import catalogue, checks
from .records import Op, layouts_for, request, samples_for


def to_meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.empty_strided(tuple(value.shape), value.stride(), dtype=value.dtype, device="meta")
    if isinstance(value, (list, tuple)):
        return type(value)(to_meta(item) for item in value)
    return "meta" if value == "cpu" else value


@pytest.mark.parametrize("op", [op for op in catalogue.in_scope_records() if op.meta], ids=lambda op: op.key)
def test_meta(op: Op) -> None:
    failures = checks.Failures(f"{op.key} on meta")
    fn = wire.resolve(catalogue.function(op))
    for dtype in ("float32", "int64", "complex64"):
        if dtype not in op.dtypes:
            continue
        for index, sample in samples_for(op, dtype):
            for layout in layouts_for(op, sample):
                asked = request(op, catalogue.function(op), index, sample, dtype, layout)
                args = [wire.decode(item) for item in asked["args"]]
                kwargs = {key: wire.decode(item) for key, item in asked["kwargs"].items()}
                case = f"{sample!r} {dtype} {layout}"
                meta_args, meta_kwargs = [to_meta(a) for a in args], {key: to_meta(a) for key, a in kwargs.items()}
                made_here = not wire.tensors_in(args) and not wire.tensors_in(kwargs)
                if made_here:
                    meta_kwargs["device"] = "meta"
                try:
                    real = fn(*args, **kwargs)
                except Exception:
                    continue
                try:
                    meta = fn(*meta_args, **meta_kwargs)
                except NotImplementedError:
                    if not is_ours():
                        continue
                    raise
                except Exception as error:
                    if is_ours():
                        failures.add(case, f"meta raises {type(error).__name__}: {error}")
                    continue
                for one, two in zip(wire.tensors_in(real), wire.tensors_in(meta)):
                    if one is two or two.device.type != "meta":
                        if is_ours():
                            failures.add(case, f"result is on {two.device}")
                    elif (one.shape, one.dtype) != (two.shape, two.dtype):
                        failures.add(
                            case, f"meta gives {two.dtype}{tuple(two.shape)}, CPU {one.dtype}{tuple(one.shape)}"
                        )
                    elif one.numel() and is_ours() and strides(one) != strides(two):
                        failures.add(case, f"meta gives strides {two.stride()}, CPU {one.stride()}")
    failures.report()


def strides(tensor: torch.Tensor) -> tuple:
    return tuple(s for n, s in zip(tensor.shape, tensor.stride()) if n > 1)


def test_meta_has_no_data() -> None:
    x = torch.empty(2, 3, device="meta")
    assert x.device.type == "meta" and x.is_meta
    for ask in (lambda: x.sum().item(), x.tolist, x.numpy):
        with pytest.raises((RuntimeError, NotImplementedError, TypeError)):
            ask()


def test_meta_cannot_become_cpu() -> None:
    for move in (lambda x: x.to("cpu"), lambda x: x.cpu(), lambda x: x.to(torch.ones(1))):
        with pytest.raises(NotImplementedError, match="meta"):
            move(torch.empty(2, device="meta"))


def test_meta_costs_no_memory() -> None:
    x = torch.empty(1 << 20, 1 << 20, device="meta")
    assert (x + x).shape == (1 << 20, 1 << 20)
    assert (x @ x).shape == (1 << 20, 1 << 20)
