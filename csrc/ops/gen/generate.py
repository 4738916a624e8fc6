"""Generates everything derived from the operator schema.

generate.py --schema csrc/ops/schema --out build/generated     write files (only those that changed)
generate.py --schema csrc/ops/schema --list-outputs            names of the files, one a line
generate.py --schema csrc/ops/schema --show add                what is derived for one operator
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).parent))

import emit_bindings
import emit_kernels
import emit_ops
import schema

STUB_HEAD = '''"""Types of the compiled module; generated from the operator schema."""

from collections.abc import Sequence
from typing import Any, overload

Number = int | float | complex | bool
Device = Any
dtype = Any
layout = Any
memory_format = Any
Generator = Any
Tensor = Any

'''

# What TensorBase has beside the methods of the table: attributes, and the number and sequence slots.
BINARY_SLOTS = [
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
STUB_SLOTS = [
    "    def __getattr__(self, name: str) -> Any: ...",
    "    def __setattr__(self, name: str, value: Any) -> None: ...",
    "    def __getitem__(self, index: Any) -> Any: ...",
    "    def __setitem__(self, index: Any, value: Any) -> None: ...",
    "    def __len__(self) -> int: ...",
    *(f"    def __{form}{slot}__(self, other: Any) -> Any: ..." for slot in BINARY_SLOTS for form in ("", "r", "i")),
    *(f"    def __{slot}__(self, other: Any) -> Any: ..." for slot in ("lt", "le", "gt", "ge")),
    *(f"    def __{slot}__(self) -> Any: ..." for slot in ("neg", "pos", "invert", "abs")),
]


def outputs(ops: list[schema.Op]) -> dict[str, Callable[[], str]]:
    table = emit_bindings.collect(ops)
    files: dict[str, Callable[[], str]] = {
        "ops/ops.h": lambda: emit_ops.emit_header(ops),
        "ops/op_ids.h": lambda: emit_ops.emit_op_ids(ops),
        "ops/registry.cpp": lambda: emit_ops.emit_registry(ops),
        "kernels/table.h": lambda: emit_kernels.emit_table_header(ops),
        "kernels/pointwise_ops.h": lambda: emit_kernels.emit_pointwise_ops(ops),
        "kernels/cpu/table.cpp": lambda: emit_kernels.emit_table_source(ops),
        "bindings/tables.cpp": lambda: emit_bindings.emit_tables(schema.families(ops)),
        "python/torch/_C.pyi": lambda: (
            STUB_HEAD
            + "\n".join(
                emit_bindings.emit_stub(table, "torch", "")
                + ["", "class TensorBase:"]
                + STUB_SLOTS
                + emit_bindings.emit_stub(table, "method", "    ")
            )
            + "\n\ndef __getattr__(name: str) -> Any: ...\n"
        ),
        "docs/operators.md": lambda: emit_bindings.emit_reference(ops),
    }
    for family in emit_kernels.kernel_families(ops):
        files[f"kernels/{family}_kernels.h"] = lambda family=family: emit_kernels.emit_family_header(ops, family)
    for family in schema.families(ops):
        mine = [op for op in ops if op.family == family]
        files[f"ops/{family}.cpp"] = lambda family=family, mine=mine: emit_ops.emit_family(family, mine)
        files[f"ops/{family}_boxed.cpp"] = lambda family=family, mine=mine: emit_ops.emit_boxed(family, mine)
        files[f"bindings/{family}.cpp"] = lambda family=family, mine=mine: emit_bindings.emit_family(
            family, mine, table
        )
    return files


def show(ops: list[schema.Op], name: str) -> None:
    table = emit_bindings.collect(ops)
    for op in ops:
        if op.name != name and op.full_name != name:
            continue
        print(f"// {op.schema}")
        for form in emit_ops.forms(op):
            print(emit_ops.form_signature(op, form, True) + ";")
        node = emit_ops.Node(op) if op.grad else None
        if node:
            print(node.emit_struct())
            print(node.emit_apply())
        if not op.composite:
            if not op.inplace_only:
                print("\n".join(emit_ops.emit_functional(op, node)))
            if op.inplace_only or "inplace" in op.forms:
                print("\n".join(emit_ops.emit_inplace(op, node)))
        for overloads in table.values():
            for o in overloads:
                if o.op is op:
                    print("\n".join(emit_bindings.emit_params(o) + emit_bindings.emit_call(o)))
        print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schema", type=Path, default=Path(__file__).parent.parent / "schema")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list-outputs", action="store_true")
    parser.add_argument("--show")
    args = parser.parse_args()
    ops = schema.load(args.schema)
    if args.show:
        show(ops, args.show)
        return 0
    files = outputs(ops)
    if args.list_outputs:
        print("\n".join(files))
        return 0
    if args.out is None:
        parser.error("--out is needed")
    for name, emit in files.items():
        path = args.out / name
        text = emit()
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
