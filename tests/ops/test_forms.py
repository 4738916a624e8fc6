"""The method, in-place and out= forms of every op, against the oracle and against the function."""

from __future__ import annotations

import dataclasses
from typing import Any

import compare
import numpy as np
import pytest
import torch
import wire
from conftest import is_ours

from . import catalogue, checks
from .records import ALL, Op, lay_out, request, samples_for

OPS = catalogue.in_scope_records()
FORM_DTYPES = ("float32", "bfloat16", "int64", "uint8", "bool", "complex64")


@pytest.mark.parametrize("op", [op for op in OPS if catalogue.method(op)], ids=lambda op: op.key)
def test_method(op: Op, oracle: Any) -> None:
    path = catalogue.method(op)
    made = []
    for dtype in FORM_DTYPES:
        for index, sample in samples_for(op, dtype):
            if catalogue.first_tensor(sample):
                made.append((f"{path}{sample!r} {dtype}", sample, request(op, str(path), index, sample, dtype)))
    checks.compare_cases(op, oracle, made, f"{op.key} as a method")


@pytest.mark.parametrize("op", [op for op in OPS if catalogue.inplace(op)], ids=lambda op: op.key)
def test_inplace(op: Op, oracle: Any) -> None:
    """x.op_(...) returns what the oracle returns, leaves in x what the oracle leaves, and refuses what it refuses."""
    path = str(catalogue.inplace(op))
    (exists,) = oracle.ask([{"code": f"result = hasattr(torch.Tensor, {op.name + '_'!r})"}])
    if not exists[1][1]:
        assert not hasattr(torch.Tensor, op.name + "_"), f"PyTorch has no Tensor.{op.name}_"
        return
    made = []
    for dtype in FORM_DTYPES:
        for index, sample in samples_for(op, dtype):
            if catalogue.first_tensor(sample):
                for layout in ("contiguous", "sliced", "transposed", "expanded"):
                    if layout in (sample.layouts or op.layouts):
                        asked = request(op, path, index, sample, dtype, layout)
                        asked["after"] = True
                        made.append((f"{path}{sample!r} {dtype} {layout}", sample, asked))
    answers = oracle.ask([item[2] for item in made])
    failures = checks.Failures(f"{op.key} in place")
    for (case, sample, asked), theirs in zip(made, answers):
        lacking = theirs[0] == "error" and theirs[1][0] == "NotImplementedError"
        found = checks.same_answer(
            op,
            sample,
            wire.run(asked),
            theirs,
            strict_errors=not lacking,
            strides=True,
            declared=checks.declared(op, case),
            case=case,
        )
        if found:
            failures.add(case, found)
    failures.report()


def _outs(encoded: tuple, make: Any) -> Any:
    """``out=`` arguments that fit a result: one tensor, or a tuple for a tuple."""
    if encoded[0] == "T":
        return make(encoded)
    if encoded[0] == "U" and all(item[0] == "T" for item in encoded[1]):
        return ("U", [make(item) for item in encoded[1]], None)
    return None


def _resized(result: tuple) -> tuple:
    return lay_out(np.zeros((0,)), result[1], "contiguous", False)


def _strided(result: tuple) -> tuple:
    return lay_out(np.zeros(result[2]), result[1], "sliced", False)


def _wider(result: tuple) -> tuple:
    wider = {
        "float32": "float64",
        "int64": "float32",
        "bool": "uint8",
        "bfloat16": "float32",
        "complex64": "complex128",
    }
    return lay_out(np.zeros(result[2]), wider.get(result[1], "complex128"), "contiguous", False)


def _unfit(result: tuple) -> tuple:
    return lay_out(np.zeros(result[2]), "bool", "contiguous", False)


TRUTHS = ("all", "any")


@pytest.mark.parametrize(
    "op", [op for op in OPS if op.out and not catalogue.function(op).startswith("Tensor.")], ids=lambda op: op.key
)
def test_out(op: Op, oracle: Any) -> None:
    """out= of an empty tensor, of a strided one, of a wider dtype, and of bool (mostly an error)."""
    fn = catalogue.function(op)
    plain = []
    for dtype in ("float32", "int64", "complex64"):
        for index, sample in samples_for(op, dtype):
            if "out" not in sample.kwargs:
                plain.append((f"{fn}{sample!r} {dtype}", sample, request(op, fn, index, sample, dtype)))
    first = oracle.ask([item[2] for item in plain])
    made = []  # (case, sample, request, the function's own answer)
    for (case, sample, asked), theirs in zip(plain, first):
        if theirs[0] != "ok":
            continue
        for make in (_resized, _strided, _wider, _unfit):
            out = _outs(theirs[1], make)
            if out is not None:
                with_out = {**asked, "kwargs": {**asked["kwargs"], "out": out}}
                made.append((f"{case} out={make.__name__[1:]}", sample, with_out, theirs[1]))
    answers = oracle.ask([item[2] for item in made])
    if all(theirs[0] == "error" for theirs in answers):
        return  # PyTorch has no out= form either
    failures = checks.Failures(f"{op.key} with out=")
    taken = {case.rpartition(" ")[0] for (case, *_), theirs in zip(made, answers) if theirs[0] == "ok"}
    for (case, sample, asked, plain_answer), theirs in zip(made, answers):
        if case.rpartition(" ")[0] not in taken:  # no out= form of the oracle takes these arguments
            continue
        ours = wire.run(asked)
        if op.name == "gelu" and case.endswith("strided") and not is_ours():  # PyTorch 2.13 writes nothing there
            continue
        if (
            theirs[0] == "ok" and case.endswith("strided") and not op.random
        ):  # the values of the function itself, whatever the layout
            theirs = ("ok", plain_answer, [], [])
        if op.name in TRUTHS and case.endswith("wider") and theirs[0] == "ok":  # converts operands to uint8: 0.5 is 0
            theirs = ("ok", wire.encode(wire.decode(plain_answer).to(torch.uint8)), [], [])
        if op.name == "pow" and sample.args[0] == 1 and theirs[0] == "ok":  # 1 ** x: PyTorch writes 1 into any dtype
            theirs = ("error", ["RuntimeError"], "") if case.endswith("unfit") else theirs
        judged = op
        if case.endswith("wider"):  # computed in the operands' dtype, then converted: as exact as that dtype
            narrow = {
                wide: compare.tolerance(dtype, op.tolerances)
                for dtype, wide in (("float32", "float64"), ("complex64", "complex128"))
            }
            judged = dataclasses.replace(op, tolerances={**op.tolerances, **narrow})
        found = checks.same_answer(
            judged,
            sample,
            ours,
            theirs,
            strict_errors=case.endswith("unfit") and "NotImplementedError" not in theirs[1],
            strides=False,
            declared=checks.declared(op, case),
            case=case,
        )
        if found:
            failures.add(case, found)
    failures.report()


@pytest.mark.parametrize(
    "op",
    [op for op in OPS if op.out and op.values and not op.random and not catalogue.function(op).startswith("Tensor.")],
    ids=lambda op: op.key,
)
def test_out_is_returned(op: Op, oracle: Any) -> None:
    """The tensor given as out= is the one returned, has the function's values, and keeps its memory when it fits."""
    fn = catalogue.function(op)
    for index, sample in samples_for(op, "float32")[:3]:
        asked = request(op, fn, index, sample, "float32")
        plain = wire.run(asked)
        if plain[0] != "ok" or plain[1][0] != "T" or not plain[1][5]:
            continue
        if op.name == "gelu" and not is_ours():  # PyTorch 2.13 leaves a strided out= unwritten
            continue
        fits = {**asked, "kwargs": {**asked["kwargs"], "out": _outs(plain[1], _strided)}}
        if oracle.ask([fits])[0][0] == "error":
            continue
        args = [wire.decode(item) for item in asked["args"]]
        kwargs = {key: wire.decode(item) for key, item in asked["kwargs"].items()}
        out = wire.decode(fits["kwargs"]["out"])
        address = out.data_ptr()
        returned = wire.resolve(fn)(*args, **kwargs, out=out)
        assert returned is out
        assert out.data_ptr() == address
        assert compare.differ(wire.encode(out), plain[1], own=op.tolerances) is None


@pytest.mark.parametrize("dtype", [d for d in ALL if d not in FORM_DTYPES])
def test_inplace_add_of_every_dtype(dtype: str, both: Any) -> None:
    both(f"x = torch.ones(5, dtype=torch.{dtype}); x.add_(x); x.mul_(3); result = x")


OVERLAPS = (
    """
torch.cat((s, s), out=s) | torch.cat((s[:2], s[2:]), out=s) | torch.cat((s,), out=s) | torch.stack((v, v), out=v) | torch.hstack((s, s), out=s)
torch.vstack((s, s), out=s) | torch.gather(s, 0, zeros, out=s) | torch.index_select(s, 0, some, out=s) | torch.take(s, zeros, out=s)
torch.index_add(s, 0, some, s[:2], out=s) | torch.index_add(s, 0, some, other[:2], out=s) | torch.index_copy(s, 0, some, s[:2], out=s)
torch.masked_select(s, s > 3, out=v) | torch.outer(v, v, out=s) | torch.addr(s, v, v, out=s) | torch.addr(s, other[0], other[1], out=other)
torch.max(s, 0, out=(v, torch.empty(4, dtype=torch.long))) | torch.kthvalue(s, 1, out=(v, torch.empty(4, dtype=torch.long)))
torch.cat((s[:1], s[1:2]), out=s[2:]) | torch.gather(s[:2], 0, zeros[:2], out=s[2:]) | torch.cumsum(s, 0, out=s)
""".replace("\n", " | ")
    .strip(" |")
    .split(" | ")
)


@pytest.mark.parametrize("call", OVERLAPS)
def test_out_over_an_input(call: str, both: Any) -> None:
    """out= that shares memory with an input: refused where the reference refuses it, else the right values."""
    both(
        "s = torch.arange(16.).reshape(4, 4) + 1; v = s[0]; zeros = torch.zeros(4, 4, dtype=torch.long); other = torch.ones(4, 4)\n"
        f"some = torch.tensor([0, 1]); r = {call}; result = (r[0].clone(), s)"
    )
