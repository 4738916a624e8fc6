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
    own = lambda a: a.clone() if isinstance(a, torch.Tensor) else a  # noqa: E731  # in-place forms write it
    places = [k for k, a in enumerate(args) if isinstance(a, torch.Tensor) and a.dim() > 0]
    lists = [k for k, a in enumerate(args) if isinstance(a, list) and a and all(isinstance(t, torch.Tensor) for t in a)]
    for k in places:
        for form in sparse_forms(args[k]):
            made.append([form if j == k else own(a) for j, a in enumerate(args)])
    if len(places) > 1:
        made.append([a.to_sparse() if j in places else own(a) for j, a in enumerate(args)])
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


def try_in_place(op: Any) -> None:
    path = catalogue.inplace(op)
    if path is None or not hasattr(torch.Tensor, path.partition(".")[2]):
        return
    function = wire.resolve(path)
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
            try:
                torch.manual_seed(0)
                function(*args, **kwargs)
            except Exception:
                continue
            if not op.random and op.name not in OTHER_MEANING and differs(expected, as_dense(args[0])):
                print("FOUND", path, sample, [str(t.layout) for t in wire.tensors_in(args)], flush=True)


def on_meta(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.layout == torch.strided:
        return tensor.to("meta")
    if tensor.layout == torch.sparse_coo:
        return torch.sparse_coo_tensor(tensor._indices().to("meta"), tensor._values().to("meta"), tensor.shape)
    parts = tensor.crow_indices(), tensor.col_indices(), tensor.values()
    return torch.sparse_csr_tensor(*(part.to("meta") for part in parts), tensor.shape)


def try_without_data(op: Any) -> None:
    """Only that nothing crashes."""
    function = wire.resolve(catalogue.function(op))
    for index, sample in samples_for(op, "float32")[:1]:
        made = request(op, "", index, sample, "float32")
        kwargs = {key: wire.decode(value) for key, value in made["kwargs"].items()}
        for args in variants([wire.decode(a) for a in made["args"]]):
            try:
                function(*[on_meta(a) if isinstance(a, torch.Tensor) else a for a in args], **kwargs)
            except Exception:
                continue


def try_methods() -> None:
    """Every attribute of sparse tensors, called if it can be: only that nothing crashes."""
    dense = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 4.0]])
    leave = {"__class__", "__del__", "__init_subclass__", "backward", "__reduce__", "__sizeof__"}
    for make in (torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_sparse_csc, on_meta):
        for name in dir(torch.Tensor):
            if name in leave:
                continue
            print("method", name, flush=True)
            for arguments in ((), (0,), (dense,), (make(dense),), (0, 1), ((2, 3),), (1.5,)):
                value = on_meta(dense.to_sparse()) if make is on_meta else make(dense)
                try:
                    attribute = getattr(value, name)
                    repr(attribute(*arguments) if callable(attribute) else attribute)
                    repr(value)
                except Exception:
                    continue


def main() -> None:
    warnings.simplefilter("ignore")
    try_methods()
    for op in catalogue.in_scope_records():
        if op.name == "set_":
            continue
        print("op", op.key, flush=True)
        try_op(op)
        try_in_place(op)
        try_without_data(op)
    print("done", flush=True)


if __name__ == "__main__":
    main()
