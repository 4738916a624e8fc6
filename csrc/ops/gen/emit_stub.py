"""The stub of torch._C: types of the compiled module, from the operator table and csrc/bindings/functions.yaml."""

from __future__ import annotations

from emit_text import Table, Written, emit_stub, emit_written_stubs, named_result
from overloads import MODULES

HEAD = '''"""Types of the compiled module; generated from the operator schema."""

from builtins import bool as _bool, complex as _complex, float as _float, int as _int
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, TypeVar, Union, overload

from torch._tensor import Tensor

class dtype:
    is_floating_point: _bool
    is_complex: _bool
    is_signed: _bool
    itemsize: _int
    def to_real(self) -> dtype: ...
    def to_complex(self) -> dtype: ...

class device:
    type: str
    index: Any
    def __init__(self, device: Any, index: _int = ...) -> None: ...
    def __enter__(self) -> device: ...
    def __exit__(self, *args: object) -> None: ...

class StorageBase(Any): ...  # type: ignore[misc]
class _FunctionBase(Any): ...  # type: ignore[misc]

class layout: ...
class memory_format: ...

class Size(tuple[_int, ...]):
    def numel(self) -> _int: ...
    @overload  # type: ignore[override]
    def __getitem__(self, key: _int) -> _int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...

class Generator:
    def __init__(self, device: Any = ...) -> None: ...
    def manual_seed(self, seed: _int) -> Generator: ...
    def seed(self) -> _int: ...
    def initial_seed(self) -> _int: ...
    def get_state(self) -> Tensor: ...
    def set_state(self, new_state: Tensor) -> Generator: ...
    def __getattr__(self, name: str) -> Any: ...

_Function = TypeVar("_Function", bound=Callable[..., Any])

class no_grad:
    def __init__(self, orig_func: Any = ...) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...
    def __call__(self, orig_func: _Function) -> _Function: ...

class enable_grad(no_grad): ...

class set_grad_enabled(no_grad):
    def __init__(self, mode: _bool) -> None: ...

class inference_mode(no_grad):
    def __init__(self, mode: _bool = ...) -> None: ...

Number = Union[_int, _float, _complex, _bool]
Device = Union[device, str, _int]
_dtype = dtype
_device = device
_layout = layout
_memory_format = memory_format

'''
DTYPES = """bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128""".split()
FORMATS = "contiguous_format preserve_format channels_last channels_last_3d".split()

# What TensorBase has beside the methods of the table: attributes, and the number and sequence slots.
ATTRIBUTES = {
    "dtype": "_dtype",
    "device": "_device",
    "layout": "_layout",
    "ndim": "_int",
    "itemsize": "_int",
    "nbytes": "_int",
    "requires_grad": "_bool",
    "is_leaf": "_bool",
    "grad": "Any",
    "data": "Tensor",
    "T": "Tensor",
    "mT": "Tensor",
    "H": "Tensor",
    "mH": "Tensor",
    "real": "Tensor",
    "imag": "Tensor",
    "is_cuda": "_bool",
    "is_meta": "_bool",
    "grad_fn": "Any",
    "names": "Any",
    "output_nr": "_int",
    "retains_grad": "_bool",
}
ARITHMETIC = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]


def slots() -> list[str]:
    lines = [f"    {name}: {kind}" for name, kind in ATTRIBUTES.items()]
    lines += ["    @property", "    def shape(self) -> Size: ...", "    _make_subclass: Any"]
    lines += [
        "    def __getattr__(self, name: str) -> Any: ...",
        "    def __setattr__(self, name: str, value: Any) -> None: ...",
        "    def __getitem__(self, index: Any) -> Tensor: ...",
        "    def __setitem__(self, index: Any, value: Any) -> None: ...",
        "    def __len__(self) -> _int: ...",
        "    def __iter__(self) -> Any: ...",
        "    def __hash__(self) -> _int: ...",
        "    def __bool__(self) -> _bool: ...",
        "    def __int__(self) -> _int: ...",
        "    def __float__(self) -> _float: ...",
        "    def __index__(self) -> _int: ...",
        "    def __contains__(self, item: Any) -> _bool: ...",
        "    def __array__(self, dtype: Any = ..., copy: Any = ...) -> Any: ...",
    ]
    lines += [
        f"    def __{form}{slot}__(self, other: Any) -> Tensor: ..." for slot in ARITHMETIC for form in ("", "r", "i")
    ]
    lines += [f"    def __{slot}__(self, other: Any) -> Tensor: ..." for slot in ("lt", "le", "gt", "ge")]
    lines += [
        f"    def __{slot}__(self, other: object) -> Tensor: ...  # type: ignore[override]" for slot in ("eq", "ne")
    ]
    lines += [f"    def __{slot}__(self) -> Tensor: ..." for slot in ("neg", "pos", "invert", "abs")]
    return lines


def emit(table: Table, written: list[Written]) -> str:
    lines = (
        [f"{name}: _dtype" for name in DTYPES] + ["strided: _layout"] + [f"{name}: _memory_format" for name in FORMATS]
    )
    lines += ["default_generator: Generator", ""]
    for name, op in {
        named_result(o): o.op for overloads in table.values() for o in overloads if named_result(o)
    }.items():
        lines += [
            f"class _result_of_{name}(NamedTuple):",
            *(f"    {field}: Tensor" for field in op.return_names),
        ]
    lines += emit_written_stubs(written, False, "") + emit_stub(table, "torch", "")
    for module, path in MODULES.items():
        name = "_VariableFunctions" if module == "torch" else path.rpartition(".")[2]
        functions = emit_stub(table, module, "    ")
        lines += ["", f"class {name}:"]
        lines += [line for f in functions for line in (["    @staticmethod", f] if "@overload" not in f else [f])]
    lines += [
        "",
        "class TensorBase:",
        *slots(),
        *emit_written_stubs(written, True, "    "),
        *emit_stub(table, "method", "    "),
    ]
    return HEAD + "\n".join(lines) + "\n\ndef __getattr__(name: str) -> Any: ...\n"
