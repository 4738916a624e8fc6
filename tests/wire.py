"""The exchange format between the tests and the oracle, and the one way both sides run a request.

This module is imported by the test process (with our ``torch``) and by the oracle process (with the
reference ``torch``), so both build the same inputs, run the same code and describe results alike.  It
uses only NumPy and the few most basic tensor functions.

A value is encoded as a tagged tuple of plain Python data:

``("T", dtype, sizes, strides, offset, data, requires_grad)``
    a tensor; ``data`` are the raw bytes of its storage from element 0.  For results, ``data`` holds the
    values in row-major order, while ``strides`` are those that the tensor really had.
``("sparse", (layout, dtype, sizes, coalesced), ("D", {...}), requires_grad)``
    a result of a sparse layout, with its parts by name.
``("L", [...])``, ``("U", [...], names)``, ``("D", {...})``
    list, tuple (``names`` are the fields of a named tuple, else None) and dict.
``("dtype", name)``, ``("size", (...))``, ``("device", text)``, ``("format", name)``, ``("slice", a, b, c)``
    the objects that their tag says.
``("v", value)``
    anything that is plain already: None, bool, int, float, complex, str, bytes, Ellipsis.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from typing import Any

import numpy as np

NUMPY_DTYPES = {
    "float16": np.dtype(np.float16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "uint32": np.dtype(np.uint32),
    "uint64": np.dtype(np.uint64),
    "int8": np.dtype(np.int8),
    "int16": np.dtype(np.int16),
    "int32": np.dtype(np.int32),
    "int64": np.dtype(np.int64),
    "bool": np.dtype(np.bool_),
    "complex64": np.dtype(np.complex64),
    "complex128": np.dtype(np.complex128),
    # NumPy has no bfloat16: its bits travel as int16.
    "bfloat16": np.dtype(np.int16),
}
FLOATING = ("float16", "bfloat16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
INTEGRAL = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")


def to_bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """Bits of ``values`` rounded to bfloat16 (nearest, ties to even), as int16."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    rounded = np.where(np.isnan(values), np.uint32(0x7FC0), rounded)
    return rounded.astype(np.uint16).view(np.int16)


def from_bfloat16_bits(bits: np.ndarray) -> np.ndarray:
    """The float32 values of bfloat16 ``bits``."""
    return (bits.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def as_values(record: tuple) -> np.ndarray:
    """The values of an encoded *result* tensor as a NumPy array (bfloat16 as float32)."""
    _, dtype, sizes, _, _, data, _ = record
    flat = np.frombuffer(data, dtype=NUMPY_DTYPES[dtype])
    if dtype == "bfloat16":
        flat = from_bfloat16_bits(flat)
    return flat.reshape(sizes)


def contiguous_strides(sizes: tuple) -> tuple:
    strides, step = [], 1
    for size in reversed(sizes):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


# ------------------------------------------------------------------------------------------------ decode
def decode_tensor(record: tuple) -> Any:
    """The tensor that ``record`` describes, with these sizes, strides and offset over fresh memory."""
    import torch

    _, dtype, sizes, strides, offset, data, requires_grad = record
    if not data:
        tensor = torch.empty(sizes, dtype=getattr(torch, dtype))
    else:
        flat = np.frombuffer(bytearray(data), dtype=NUMPY_DTYPES[dtype])
        plain = offset == 0 and tuple(strides) == contiguous_strides(sizes) and flat.size == math.prod(sizes)
        tensor = torch.from_numpy(flat.reshape(sizes) if plain else flat)
        if dtype == "bfloat16":
            tensor = tensor.view(torch.bfloat16)
        if not plain:
            tensor = tensor.as_strided(tuple(sizes), tuple(strides), offset)
    if requires_grad:
        tensor.requires_grad_(True)
    return tensor


def decode(value: tuple) -> Any:
    import torch

    tag = value[0]
    if tag == "T":
        return decode_tensor(value)
    if tag == "L":
        return [decode(item) for item in value[1]]
    if tag == "U":
        return tuple(decode(item) for item in value[1])
    if tag == "D":
        return {key: decode(item) for key, item in value[1].items()}
    if tag in ("dtype", "format"):
        return getattr(torch, value[1])
    if tag == "size":
        return torch.Size(value[1])
    if tag == "device":
        return torch.device(value[1])
    if tag == "slice":
        return slice(*value[1:])
    if tag == "v":
        return value[1]
    raise ValueError(f"unknown tag {tag!r}")


# ------------------------------------------------------------------------------------------------ encode
def encode_tensor(tensor: Any) -> tuple:
    """The encoded *result* ``tensor``: values in row-major order plus the strides that it has."""
    import torch

    dtype = str(tensor.dtype).rpartition(".")[2]
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous()
    if dtype == "bfloat16":
        plain = plain.view(torch.int16)
    data = plain.numpy().tobytes()
    return (
        "T",
        dtype,
        tuple(tensor.shape),
        tuple(tensor.stride()),
        int(tensor.storage_offset()),
        data,
        bool(tensor.requires_grad),
    )


def encode_sparse(tensor: Any) -> tuple:
    """The encoded *result* of a sparse layout: what it is, and its parts."""
    import torch

    own = tensor.detach()
    coo = own.layout == torch.sparse_coo
    head = (str(own.layout), str(own.dtype).rpartition(".")[2], tuple(own.shape), own.is_coalesced() if coo else None)
    if coo:
        parts = {"indices": own._indices(), "values": own._values()}
    elif own.layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = {"compressed": own.crow_indices(), "plain": own.col_indices(), "values": own.values()}
    else:
        parts = {"compressed": own.ccol_indices(), "plain": own.row_indices(), "values": own.values()}
    return ("sparse", head, encode(parts), bool(tensor.requires_grad))


def encode(value: Any) -> tuple:
    import torch

    if isinstance(value, torch.Tensor) and value.layout != torch.strided:
        return encode_sparse(value)
    if isinstance(value, torch.Tensor):
        if value.device.type == "meta":
            return ("meta", str(value.dtype).rpartition(".")[2], tuple(value.shape), tuple(value.stride()))
        return encode_tensor(value)
    if isinstance(value, torch.Size):
        return ("size", tuple(value))
    if isinstance(value, list):
        return ("L", [encode(item) for item in value])
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names is None and type(value) is not tuple:  # PyTorch's return types are struct sequences
            names = tuple(n for n in dir(type(value)) if not n.startswith(("_", "n_")) and n not in ("count", "index"))
            names = tuple(sorted(names))
        elif names is not None:
            names = tuple(sorted(names))
        return ("U", [encode(item) for item in value], names)
    if isinstance(value, dict):
        return ("D", {str(key): encode(item) for key, item in value.items()})
    if isinstance(value, torch.dtype):
        return ("dtype", str(value).rpartition(".")[2])
    if isinstance(value, torch.device):
        return ("device", str(value))
    if isinstance(value, torch.layout):
        return ("layout", str(value))
    if isinstance(value, torch.memory_format):
        return ("format", str(value).rpartition(".")[2])
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, np.ndarray):
        return ("A", str(value.dtype), value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return ("v", value.item())
    if value is None or value is Ellipsis or isinstance(value, (bool, int, float, complex, str, bytes)):
        return ("v", value)
    return ("other", type(value).__name__)


# ------------------------------------------------------------------------------------------------ running
def resolve(path: str) -> Any:
    """The callable that ``path`` names: ``torch.add``, ``Tensor.view``, ``F.pad``, ``torch.nn.functional.pad``."""
    import torch

    head, _, rest = path.partition(".")
    if head == "F":
        import torch.nn.functional

        target = torch.nn.functional
    elif head == "Tensor":
        target = torch.Tensor
    elif head == "operator":
        import operator

        target = operator
    else:
        target = torch
    for part in rest.split("."):
        target = getattr(target, part)
    return target


def tensors_in(value: Any) -> list:
    """All tensors in a nest of lists, tuples and dicts, in order."""
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in tensors_in(item)]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    return []


def cotangent_for(tensor: Any, seed: int) -> Any:
    """A fixed cotangent of ``tensor``'s shape and dtype with values in [0.5, 1.5)."""
    import torch

    stream = np.random.RandomState(seed)
    values = stream.uniform(0.5, 1.5, size=tuple(tensor.shape))
    if tensor.dtype.is_complex:
        values = values + 1j * stream.uniform(-0.5, 0.5, size=tuple(tensor.shape))
    return torch.from_numpy(np.asarray(values)).to(tensor.dtype)


def describe_error(error: BaseException) -> tuple:
    names = [cls.__name__ for cls in type(error).__mro__ if cls not in (object, BaseException)]
    return ("error", names, str(error))


def gradients(outputs: Any, inputs: list) -> list:
    """Encoded gradients of the differentiable ``outputs`` with respect to ``inputs`` (None where unused)."""
    import torch

    wanted = [out for out in tensors_in(outputs) if out.requires_grad]
    if not wanted or not inputs:
        return [("v", None) for _ in inputs]
    cotangents = [cotangent_for(out, 11 + i) for i, out in enumerate(wanted)]
    return [encode(grad) for grad in torch.autograd.grad(wanted, inputs, cotangents, allow_unused=True)]


def run_call(request: dict) -> tuple:
    """Run ``{"fn", "args", "kwargs", "grad", "seed"}``; return ``("ok", outputs, grads, inputs)`` or ``("error", ...)``.

    ``inputs`` are the positional tensors after the call (in-place forms change them), present when the
    request has ``"after": True``.
    """
    import torch

    try:
        args = [decode(arg) for arg in request["args"]]
        kwargs = {key: decode(arg) for key, arg in request.get("kwargs", {}).items()}
        if "seed" in request:
            torch.manual_seed(request["seed"])
        outputs = resolve(request["fn"])(*args, **kwargs)
        grads = []
        if request.get("grad"):
            inputs = [t for t in tensors_in(args) + tensors_in(kwargs) if t.requires_grad]
            grads = gradients(outputs, inputs)
        after = [encode(t) for t in tensors_in(args)] if request.get("after") else []
        return ("ok", encode(outputs), grads, after)
    except Exception as error:
        return describe_error(error)


def run_code(request: dict) -> tuple:
    """Run ``{"code", "names"}``: source text that leaves its answer in ``result``; ``names`` are encoded inputs."""
    import torch

    space: dict = {"torch": torch, "np": np, "math": math, "__name__": "snippet"}
    try:
        space.update({key: decode(item) for key, item in request.get("names", {}).items()})
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(request["code"], "<snippet>", "exec"), space)
        result = space.get("result", printed.getvalue())
        return ("ok", encode(result), [], [])
    except Exception as error:
        return describe_error(error)


def run(request: dict) -> tuple:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_code(request) if "code" in request else run_call(request)
