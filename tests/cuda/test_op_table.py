"""The records of the operator table, on a CUDA device: what an op answers there is what it answers on the CPU."""

from __future__ import annotations

from typing import Any

import compare
import pytest
import torch
import wire
from emulation import needs_device, on_device
from ops import catalogue, checks
from ops.records import Op

pytestmark = needs_device

DTYPES = ("float32", "bfloat16", "int64", "bool", "complex64")
LAYOUTS = ("contiguous", "mixed")
# Results and operands of these are on the CPU on purpose.
APART = {"tensor", "to", "tensor_split.tensor"}
# Lengths of sequences, which lie on the CPU.
LENGTHS = {"rnn_tanh", "rnn_relu", "gru", "lstm"}
OPS = [op for op in catalogue.in_scope_records() if op.key not in APART]


def back(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return [back(item) for item in value]
    return value


def run(op: Op, request: dict, device: bool) -> tuple:
    args = [wire.decode(arg) for arg in request["args"]]
    kwargs = {key: wire.decode(arg) for key, arg in request.get("kwargs", {}).items()}
    if device:
        lengths = op.key in LENGTHS and isinstance(args[1], torch.Tensor) and args[1].dim() == 1
        args = [arg if lengths and i == 1 else on_device(arg) for i, arg in enumerate(args)]
        kwargs = {key: on_device(arg) for key, arg in kwargs.items()}
    try:
        outputs = wire.resolve(request["fn"])(*args, **kwargs)
        if device and any(t.device.type == "cpu" for t in wire.tensors_in(outputs)) and wire.tensors_in(args):
            return ("on the CPU", "the result is on the CPU")
        torch.cuda.synchronize()
        return ("ok", wire.encode(back(outputs)))
    except Exception as error:
        return ("error", type(error), str(error))


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.key)
def test_as_on_the_cpu(op: Op) -> None:
    wrong = []
    for dtype in DTYPES:
        for case, sample, request in checks.cases(op, dtype, catalogue.function(op), layouts=LAYOUTS):
            torch.manual_seed(0)
            expected = run(op, request, False)
            torch.manual_seed(0)
            ours = run(op, request, True)
            if expected[0] == "error":
                if ours[0] != "error":
                    wrong.append(f"{case}: raises {expected[1].__name__} on the CPU only: {expected[2][:120]}")
            elif ours[0] != "ok":
                wrong.append(f"{case}: {ours}"[:300])
            else:
                if not op.values or op.random:  # of memory that is not filled, or by another generator
                    continue
                scale = 8 * sample.scale
                found = compare.differ(ours[1], expected[1], strides=False, own=op.tolerances, scale=scale)
                if found is not None:
                    wrong.append(f"{case}: {found}"[:300])
    assert not wrong, "\n".join(wrong[:5])
