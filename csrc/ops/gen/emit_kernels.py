"""The kernel table: one function pointer per kernel that the schema names, and the list of pointwise functors."""

from __future__ import annotations

import re
from typing import NamedTuple

from emit_ops import HEADER
from schema import RETURN_TYPES, Op, SchemaError

KERNEL_TYPES = {"int[]": "IntSpan", "int[]?": "IntSpan"}


class Signature(NamedTuple):
    result: str  # return type
    params: str  # parameter list
    family: str  # schema file that names it first


def kernel_signatures(ops: list[Op]) -> dict[str, Signature]:
    """Kernel name -> signature."""
    out = {
        "pointwise": Signature(
            "void",
            "PointwiseOp op, DType compute, const Tensor& out, "
            "const Tensor* const* inputs, int n_inputs, const Scalar* params",
            "pointwise",
        ),
        "pointwise_result": Signature("std::optional<DType>", "PointwiseOp op, DType compute", "pointwise"),
        "pointwise_chain": Signature("void", "const Chain& chain", "pointwise"),
    }
    for op in ops:
        if not op.kernel or op.pointwise:
            continue
        name, args = op.kernel_call()
        by_name = {p.name: p for p in op.params}
        params = []
        result = "void"
        if op.returns_kernel:
            types = [RETURN_TYPES[r] for r in op.returns]
            result = types[0] if len(types) == 1 else f"std::tuple<{', '.join(types)}>"
        elif op.update:
            params.append("const Tensor& self")
        elif not op.lists_kernel:
            n = len(op.returns)
            params += ["const Tensor& out"] if n == 1 else [f"const Tensor& out{i}" for i in range(n)]
        for a in args:
            m = re.fullmatch(r"(double|int64_t|bool|IntSpan) (\w+) = .*", a, re.S)
            if m:
                params.append(f"{m.group(1)} {m.group(2)}")
                continue
            if a not in by_name:
                raise SchemaError(f"{op.full_name}: kernel argument {a!r} is not a parameter")
            p = by_name[a]
            params.append(f"{KERNEL_TYPES.get(p.type, p.cpp_type)} {a}")
        signature = Signature(result, ", ".join(params), op.family)
        types_only = [re.sub(r"\s\w+$", "", x) for x in params]
        if name in out:
            known = [re.sub(r"\s\w+$", "", x) for x in out[name].params.split(", ")]
            if known != types_only:
                raise SchemaError(
                    f"kernel {name} is named with different arguments: {out[name].params} / {signature.params}"
                )
        else:
            out[name] = signature
    return out


def kernel_families(ops: list[Op]) -> list[str]:
    return sorted({s.family for s in kernel_signatures(ops).values()})


INCLUDES = [
    HEADER,
    "#pragma once\n",
    '#include "core/generator.h"',
    '#include "core/tensor.h"\n',
    "#include <array>",
    "#include <optional>",
    "#include <string_view>",
    "#include <tuple>\n",
    "namespace torch {",
    "enum class PointwiseOp : uint16_t; // kernels/pointwise_ops.h",
    "struct Chain;                      // kernels/pointwise_chain.h",
    "} // namespace torch\n",
]


def emit_table_header(ops: list[Op]) -> str:
    lines = [
        *INCLUDES,
        "namespace torch {\n",
        "// One entry per kernel; a device fills all of them.",
        "struct KernelTable {",
    ]
    for name, s in kernel_signatures(ops).items():
        lines.append(f"  {s.result} (*{name})({s.params});")
    names = list(kernel_signatures(ops))
    lines += [
        "};\n",
        "// X-macro over the entries.",
        "#define TORCH_KERNELS(X) \\",
        *(f"  X({name}) \\" for name in names[:-1]),
        f"  X({names[-1]})\n",
        "// The table chosen at load for this CPU (kernels/isa.cpp).",
        "const KernelTable& cpu_kernels();",
        "const char* cpu_isa_name();\n",
        "} // namespace torch",
    ]
    return "\n".join(lines) + "\n"


def emit_family_header(ops: list[Op], family: str) -> str:
    """The kernels of one schema file, so that a new one recompiles the kernels of its family only."""
    lines = [*INCLUDES, "namespace torch::TORCH_ISA {"]
    for name, s in kernel_signatures(ops).items():
        if s.family == family:
            lines.append(f"{s.result} {name}({s.params});")
    lines.append("} // namespace torch::TORCH_ISA")
    return "\n".join(lines) + "\n"


def emit_table_source(ops: list[Op]) -> str:
    signatures = kernel_signatures(ops)
    lines = [HEADER, '#include "kernels/table.h"']
    lines += [f'#include "kernels/{family}_kernels.h"' for family in kernel_families(ops)]
    lines += [
        "\n#define TORCH_TABLE_NAME_2(isa) torch_kernel_table_##isa",
        "#define TORCH_TABLE_NAME(isa) TORCH_TABLE_NAME_2(isa)\n",
        'extern "C" const torch::KernelTable TORCH_TABLE_NAME(TORCH_ISA);',
        "const torch::KernelTable TORCH_TABLE_NAME(TORCH_ISA) = {",
    ]
    lines += [f"    torch::TORCH_ISA::{name}," for name in signatures]
    lines.append("};")
    return "\n".join(lines) + "\n"


EXTRA_FUNCTORS = ["Identity", "Polar", "Complex"]  # used by kernels and compositions without an entry of their own


def emit_pointwise_ops(ops: list[Op]) -> str:
    params: dict[str, int] = {}  # how many each functor takes, so that a device can send them along
    for op in ops:
        if op.pointwise:
            functor, _, given = op.pointwise_call()
            params[functor] = max(params.get(functor, 0), len(given))
    names = [*params, *(n for n in EXTRA_FUNCTORS if n not in params)]
    lines = [
        HEADER,
        "#pragma once\n",
        "#include <cstdint>\n",
        "// X-macro over all pointwise functors.",
        "#define TORCH_POINTWISE_OPS(X) \\",
    ]
    lines += [f"  X({n}) \\" for n in names[:-1]] + [f"  X({names[-1]})", ""]
    lines += ["namespace torch {", "enum class PointwiseOp : uint16_t {"]
    lines += [f"  {n}," for n in names]
    counts = ", ".join(str(params.get(n, 0)) for n in names)
    lines += ["  kCount", "};", "", f"constexpr uint8_t kPointwiseParams[] = {{{counts}}};", "} // namespace torch"]
    return "\n".join(lines) + "\n"
