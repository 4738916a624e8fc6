"""Calls every op of the records with sparse operands: each either gives what it gives with dense ones, or refuses.

Run as a program, so that a crash is a failure of one test: prints a line for each op and each finding.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import wire
from ops import catalogue
from ops.records import request, samples_for

# Results that tell of the layout, or that a sparse operand gives by another rule.
OTHER_MEANING = {
    "sparse_mask", "resize_as_", "is_same_size", "set_", "values", "indices", "empty_like", "contiguous", "data_ptr",
    "result_type", "is_nonzero", "new_empty", "rand_like", "randn_like", "randint_like", "dropout", "stride", "view_as",
}  # fmt: skip
SAMPLES = 2


def sparse_forms(tensor: torch.Tensor) -> list:
    forms = [tensor.to_sparse()]
    if tensor.dim() == 2:
        forms.append(tensor.to_sparse_csr())
    if tensor.dim() > 1:
        forms.append(tensor.to_sparse(1))
    return forms


def variants(args: list) -> list:
    """The arguments with one of the tensors sparse, and with all that can be."""
    made = []
    places = [k for k, a in enumerate(args) if isinstance(a, torch.Tensor) and a.dim() > 0 and a.is_floating_point()]
    lists = [k for k, a in enumerate(args) if isinstance(a, list) and a and all(isinstance(t, torch.Tensor) for t in a)]
    for k in places:
        for form in sparse_forms(args[k]):
            made.append([form if j == k else a for j, a in enumerate(args)])
    if len(places) > 1:
        made.append([a.to_sparse() if j in places else a for j, a in enumerate(args)])
    for k in lists:
        if all(t.dim() > 0 for t in args[k]):
            made.append([[t.to_sparse() for t in a] if j == k else a for j, a in enumerate(args)])
    return made


def as_dense(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to_dense() if value.layout != torch.strided else value.detach()
    if isinstance(value, (list, tuple)):
        return [as_dense(v) for v in value]
    return value


def differs(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return not isinstance(b, list) or len(a) != len(b) or any(differs(x, y) for x, y in zip(a, b))
    if isinstance(a, torch.Tensor):
        if not isinstance(b, torch.Tensor) or a.shape != b.shape:
            return True
        return not torch.allclose(a.to(torch.complex128), b.to(torch.complex128), rtol=1e-4, atol=1e-5, equal_nan=True)
    return bool(a != b)


def try_op(op: Any) -> None:
    function = wire.resolve(catalogue.function(op))
    for index, sample in samples_for(op, "float32")[:SAMPLES]:
        made = request(op, "", index, sample, "float32")
        decode = lambda: [wire.decode(a) for a in made["args"]]  # noqa: E731
        kwargs = {key: wire.decode(value) for key, value in made["kwargs"].items()}
        try:
            torch.manual_seed(0)
            expected = as_dense(function(*decode(), **kwargs))
        except Exception:
            continue
        for args in variants(decode()):
            layouts = [str(t.layout) for t in wire.tensors_in(args)]
            try:
                torch.manual_seed(0)
                found = function(*args, **kwargs)
            except Exception:
                continue
            print("  takes", op.key, layouts, flush=True)
            if not op.random and op.name not in OTHER_MEANING and differs(expected, as_dense(found)):
                print("FOUND", op.key, sample, layouts, flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    for op in catalogue.in_scope_records():
        if op.name == "set_":
            continue
        print("op", op.key, flush=True)
        try_op(op)
    print("done", flush=True)


if __name__ == "__main__":
    main()
