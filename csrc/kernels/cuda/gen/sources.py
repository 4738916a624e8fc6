"""Sources of the CUDA library that are written by rule: which elementwise kernels are compiled ahead of time, the same
for the emulated device, and the headers that kernels compiled at run time include.

    python sources.py --csrc CSRC --ops GENERATED/kernels/pointwise_ops.h --out FOLDER
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

FUNCTOR_HEADERS = ("kernels/pointwise.h", "kernels/pointwise_nn.h", "kernels/pointwise_special.h")
# Functors of special functions have the kernel for any layout alone.
SPECIAL_HEADER = "kernels/special_functors.h"
SPECIAL_BODIES = [
    "kernels/special_tables.h",
    "kernels/special_value.h",
    "kernels/special_bessel.h",
    "kernels/special_gamma.h",
    "kernels/distribution_draws.h",
    SPECIAL_HEADER,
]
CSRC = Path(__file__).resolve().parents[3]
MASKS = {"kInts": 1, "kFloats": 2, "kComplexes": 4, "kReals": 3, "kFloating": 6, "kAny": 7}
INTS, FLOATS, COMPLEX = 1, 2, 4

CODE = {
    "b8": "bool",
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "i8": "int8_t",
    "i16": "int16_t",
    "i32": "int32_t",
    "i64": "int64_t",
    "u64": "uint64_t",
    "f16": "Half",
    "bf16": "BFloat16",
    "f32": "float",
    "f64": "double",
    "c64": "Cplx<float>",
    "c128": "Cplx<double>",
    "any": "AnyType",
}
# Compute type -> kind, and how elements are stored that flat kernels are compiled for.
AHEAD = {
    "i32": (INTS, ["b8", "i32"]),
    "i64": (INTS, ["i64"]),
    "f32": (FLOATS, ["f32", "f16", "bf16"]),
    "f64": (FLOATS, ["f64"]),
}
ALL = {
    **AHEAD,
    "i32": (INTS, ["b8", "u8", "i8", "i16", "i32"]),
    "u64": (INTS, ["u64"]),
    "c64": (COMPLEX, ["c64"]),
    "c128": (COMPLEX, ["c128"]),
}
SHARDS = 12  # files, so that two processors have something to do


def functors(csrc: Path) -> dict[str, int]:
    """The functors that compile for a GPU, with the compute types they have."""
    found = {}
    for header in FUNCTOR_HEADERS:
        text = (csrc / header).read_text(encoding="utf-8")
        for name, mask in re.findall(r"^(?:template <class V>\s)?struct (\w+) : (?:Number)?Functor<(\w+)", text, re.M):
            found[name] = MASKS[mask]
        for name, mask in re.findall(r"^template <class V> struct (\w+) : (?:Number)?Functor<(\w+)", text, re.M):
            found[name] = MASKS[mask]
    return found


def special_functors() -> list[str]:
    text = (CSRC / SPECIAL_HEADER).read_text(encoding="utf-8")
    names = re.findall(r"^template <class V> using (\w+) = ", text, re.M)
    return names + ["GammaP", "GammaQ", "Polygamma"]


def all_names(ops_header: Path) -> list[str]:
    """The functors of the operator table, in the order of the enum."""
    text = ops_header.read_text(encoding="utf-8")
    return re.findall(r"X\((\w+)\)", text[text.index("#define TORCH_POINTWISE_OPS") :])


def kernels(name: str, mask: int, types: dict[str, tuple[int, list[str]]]) -> list[str]:
    lines = []
    for computed, (kind, stored) in types.items():
        if not mask & kind:
            continue
        lines.append(f"TORCH_STRIDED({name}_{computed}_any, {name}, {CODE[computed]})")
        lines += [f"TORCH_FLAT({name}_{computed}_{s}, {name}, {CODE[computed]}, {CODE[s]})" for s in stored]
    return lines


# Reductions: what they join, and over which kinds of numbers. They have a kernel for elements of any dtype, and some
# for those that are hot.
REDUCTIONS = {
    "Sum": INTS | FLOATS | COMPLEX,
    "Prod": INTS | FLOATS | COMPLEX,
    "Amax": INTS | FLOATS,
    "Amin": INTS | FLOATS,
    "All": INTS | FLOATS | COMPLEX,
    "Any": INTS | FLOATS | COMPLEX,
    "CountNonzero": INTS | FLOATS | COMPLEX,
    "Xor": INTS,
    "ArgMax": INTS | FLOATS,
    "ArgMin": INTS | FLOATS,
    "Variance": FLOATS,
    "Norm": FLOATS,
    "LogSumExp": FLOATS,
}
SIGN_MATTERS = ("Amax", "Amin", "ArgMax", "ArgMin")
REDUCED = {
    "i64": (INTS, ["i64"]),
    "u64": (INTS, []),
    "f32": (FLOATS, ["f32", "f16", "bf16"]),
    "f64": (FLOATS, ["f64"]),
    "c64": (COMPLEX, []),
    "c128": (COMPLEX, []),
}


def reductions(types: dict[str, tuple[int, list[str]]]) -> list[str]:
    lines = []
    for op, kinds in REDUCTIONS.items():
        for computed, (kind, stored) in types.items():
            if not kinds & kind or (computed == "u64" and op not in SIGN_MATTERS):
                continue
            for s in ["any", *stored]:
                lines.append(f"TORCH_REDUCE({op}_{computed}_{s}, {op}, {CODE[computed]}, {CODE[s]})")
    return lines


# Kernels that move elements without looking at them, by types as wide; those that join them; and those for elements of
# any dtype. (macro, operations, compute type -> how elements are stored)
WIDTHS = {"u8": ["u8"], "i16": ["i16"], "i32": ["i32"], "i64": ["i64"], "c128": ["c128"]}
JOINED = {
    "i32": ["b8", "u8", "i8", "i16", "i32", "u16"],
    "i64": ["i64", "u32"],
    "u64": ["u64"],
    "f32": ["f32", "f16", "bf16"],
    "f64": ["f64"],
    "c64": ["c64"],
}
ORDERED = {v: ["any"] for v in ("i64", "f32", "f64")}
OPTIMIZERS = ["PlainSgd", "MomentumSgd", "PlainAdam", "AmsgradAdam", "PlainRmsprop", "CenteredRmsprop"]
OPTIMIZERS += ["MomentumRmsprop", "CenteredMomentumRmsprop", "Unscale", "AddNumber"]
DISTRIBUTIONS = ["Uniform", "Normal", "LogNormal", "Exponential", "Cauchy", "Geometric", "Bernoulli"]
FLOATING = {"f32": ["any", "f32", "f16", "bf16"], "f64": ["any", "f64"]}
BY_TYPE = {"f32": ["f32", "f16", "bf16"], "f64": ["f64"]}
TENSOR_ATTENTION = [f"Tensor{op}{width}" for op in ("Attention", "GradQuery", "GradKey") for width in (64, 128)]
FAMILIES: dict[str, list[tuple[str, list[str], dict[str, list[str]]]]] = {
    "index": [
        ("INDEX", ["IndexRead", "IndexWrite"], WIDTHS),
        ("INDEX", ["IndexAdd"], {**JOINED, "c128": ["c128"]}),
        ("INDEX", ["IndexMul"], JOINED),
        ("INDEX", ["IndexAmax", "IndexAmin"], {v: s for v, s in JOINED.items() if v != "c64"}),
        ("INDEX_KEYS", ["IndexKeys"], {"i64": ["i64"]}),
        ("INDEX_SUMS", ["IndexSums"], {v: JOINED[v] for v in ("f32", "f64", "c64")}),
        ("INDEX_SUMS", ["IndexSums"], {"c128": ["c128"]}),
        ("INDEX_OFFSETS", ["IndexOffsets"], {"i64": ["i64"]}),
        ("PATTERN", ["Keep"], WIDTHS),
        ("PATTERN", ["Arange"], {"i64": ["i64"], "f64": ["f64"]}),
        ("PATTERN", ["Linspace"], {"f32": ["f32"], "f64": ["f64"]}),
        ("COMPACT", ["Compact"], {"i64": ["i64"]}),
    ],
    "attention": [
        ("ATTENTION", ["Attention", "AttentionDelta", "AttentionGradQuery", "AttentionGradKey"], BY_TYPE),
        ("ATTENTION", ["AttentionKept"], {"f32": ["any"]}),
    ],
    "attention_tensor": [("ATTENTION_TENSOR", TENSOR_ATTENTION, {"f32": ["f16", "bf16"]})],
    "rnn": [("GATES", ["LstmGates", "LstmGatesGrad", "GruGates", "GruGatesGrad"], {"f32": ["any"], "f64": ["any"]})],
    "matmul": [("MATMUL", ["Matmul"], {"i64": ["any"]})],
    "softmax": [
        ("SOFTMAX", ["Softmax", "LogSoftmax"], FLOATING),
        ("SOFTMAX_GRAD", ["SoftmaxGrad", "LogSoftmaxGrad"], FLOATING),
    ],
    "norm": [
        ("NORM", ["LineNorm", "LineNormGrad"], BY_TYPE),
        ("CHANNEL", ["ChannelNorm", "ChannelProduct", "ChannelGrad"], FLOATING),
        ("NLL", ["Nll", "NllGrad"], {"f32": ["any"], "f64": ["any"]}),
    ],
    "pool": [
        ("POOL", ["MaxPool"], {**BY_TYPE, "i32": ["u8", "i8", "i16", "i32"], "i64": ["i64"]}),
        ("POOL", ["AvgPool", "AvgPoolGrad"], {**BY_TYPE, "i64": ["i64"]}),
        ("POOL", ["MaxPoolGrad"], BY_TYPE),
    ],
    "conv": [
        ("CONV", ["Conv", "ConvGradInput", "ConvGradWeight"], {v: ["any"] for v in ("i64", "f64", "c128")}),
        ("COLUMNS", ["Im2Col"], WIDTHS),
        ("COLUMNS", ["Col2Im"], {**BY_TYPE, "i32": ["b8"], "c64": ["c64"], "c128": ["c128"]}),
    ],
    "resample": [
        ("MIX_TABLES", ["MixTables"], {v: ["any"] for v in ("f32", "f64")}),
        ("RESAMPLE", ["ResampleNearest"], WIDTHS),
        ("RESAMPLE", ["Resample", "ResampleGrad"], BY_TYPE),
        ("GRID", ["GridSample", "GridSampleGrad"], BY_TYPE),
    ],
    "bag": [
        ("FIND_BAGS", ["FindBags"], {"i64": ["any"]}),
        ("BAG", ["Bag"], BY_TYPE),
        ("RENORM", ["Renorm"], {**BY_TYPE, "c64": ["c64"], "c128": ["c128"]}),
    ],
    "loss": [
        ("CTC", ["CtcAlpha", "CtcBeta", "CtcGrad"], {v: ["any"] for v in ("f32", "f64")}),
        (
            "MARGIN",
            ["MultiMargin", "MultiMarginGrad", "MultilabelMargin", "MultilabelMarginGrad"],
            {v: ["any"] for v in ("f32", "f64")},
        ),
    ],
    "sort": [("SORT", ["Sort"], ORDERED), ("SEARCH", ["Search"], ORDERED)],
    "special": [
        ("STRIDED", special_functors(), {"f32": ["any"], "f64": ["any"]}),
        ("FREXP", ["Frexp"], {"f64": ["any"]}),
    ],
    "linalg": [
        ("LINALG", ["Diagonal", "Mirror", "Determinant"], {v: ["any"] for v in ("f32", "f64", "c64", "c128")}),
        ("LINALG", ["Unpack"], {v: ["any"] for v in ("f32", "f64")}),
        ("LINALG", ["Permutation"], {"f32": ["any"]}),
    ],
    "optim": [("OPTIM", OPTIMIZERS, FLOATING)],
    "random": [
        ("RANDOM", DISTRIBUTIONS, {"f32": ["any"], "f64": ["any"]}),
        ("RANDOM", ["Whole"], {"i32": ["any"], "i64": ["any"]}),
        ("REJECT", ["Poisson", "Binomial", "Gamma"], {"f32": ["any"], "f64": ["any"]}),
    ],
    "scan": [
        ("SCAN", ["CumSum", "CumProd"], {v: ["any"] for v in ("i64", "f32", "f64", "c64", "c128")}),
        ("SCAN", ["LogCumSumExp"], {v: ["any"] for v in ("f32", "f64", "c64", "c128")}),
        ("SCAN", ["CumMax", "CumMin"], ORDERED),
    ],
}
# Macros without the type of elements.
ONLY_ANY = ["GATES", "SCAN", "MATMUL", "NLL", "SORT", "SEARCH", "RANDOM", "REJECT"]
ONLY_ANY += ["CONV", "MIX_TABLES", "FIND_BAGS", "CTC", "MARGIN"]
ONLY_ANY += ["STRIDED", "FREXP", "LINALG"]
# Types that are not compiled ahead of time, except to move elements.
COLD = ("u64", "c64", "c128", "b8", "u8", "i8", "i16", "u16", "u32")


def family(name: str, ahead: bool) -> list[str]:
    lines = []
    for macro, ops, types in FAMILIES[name]:
        for op in ops:
            for computed, stored in types.items():
                for s in stored:
                    if ahead and types is not WIDTHS and (computed in COLD or s in COLD):
                        continue
                    last = "" if macro in ONLY_ANY else f", {CODE[s]}"
                    lines.append(f"TORCH_{macro}({op}_{computed}_{s}, {op}, {CODE[computed]}{last})")
    return lines


def shard_names(kind: str) -> list[str]:
    suffix = "cu" if kind == "ahead" else "cpp"
    return [f"{kind}/pointwise_{i:02d}.{suffix}" for i in range(SHARDS)]


def device_headers(csrc: Path) -> list[str]:
    """What a source compiled at run time may include, by the names it uses."""
    own = sorted(p.relative_to(csrc).as_posix() for p in (csrc / "kernels/cuda/device").glob("*.h"))
    return ["core/dtype_list.h", "kernels/optim_rules.h", *FUNCTOR_HEADERS, *SPECIAL_BODIES, *own]


def write(path: Path, text: str) -> None:
    """Leaves a file alone that says the same already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


HEADER = "// Written by csrc/kernels/cuda/gen/sources.py; not to be edited.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csrc", type=Path, required=True)
    parser.add_argument("--ops", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    known = functors(args.csrc)
    names = all_names(args.ops)
    on_gpu = [n for n in names if n in known]

    for kind, types in (("ahead", AHEAD), ("emulated", ALL)):
        for i, shard in enumerate(shard_names(kind)):
            lines = [HEADER, '#include "kernels/cuda/device/pointwise.h"\n']
            for name in on_gpu[i::SHARDS]:
                lines += kernels(name, known[name], types)
            write(args.out / shard, "\n".join(lines) + "\n")

        types = {c: REDUCED[c] for c in (AHEAD if kind == "ahead" else REDUCED) if c in REDUCED}
        lines = [HEADER, '#include "kernels/cuda/device/reduce.h"\n', *reductions(types)]
        write(args.out / kind / ("reduce.cu" if kind == "ahead" else "reduce.cpp"), "\n".join(lines) + "\n")

        for name in FAMILIES:
            lines = [HEADER, f'#include "kernels/cuda/device/{name}.h"\n', *family(name, kind == "ahead")]
            write(args.out / kind / f"{name}.{'cu' if kind == 'ahead' else 'cpp'}", "\n".join(lines) + "\n")

    special = special_functors()
    flags = ", ".join(
        "OnCuda::Yes" if n in known else "OnCuda::Special" if n in special else "OnCuda::No" for n in names
    )
    write(
        args.out / "kernels/cuda/functors.h",
        f"{HEADER}#pragma once\n\n// Of each PointwiseOp, whether it has kernels for a GPU, and which.\n"
        "enum class OnCuda : unsigned char { No, Yes, Special };\n"
        f"constexpr OnCuda kPointwiseOnCuda[] = {{{flags}}};\n",
    )

    texts = []
    for name in device_headers(args.csrc):
        text = (args.csrc / name).read_text(encoding="utf-8")
        # A literal may be 64 KB long; adjacent ones are joined.
        parts = [text[i : i + 8000] for i in range(0, len(text), 8000)]
        literal = " ".join(f'R"~~({part})~~"' for part in parts)
        texts.append(f'    {{"{name}", {literal}}},\n')
    write(
        args.out / "headers.cpp",
        f'{HEADER}#include "kernels/cuda/jit.h"\n\nnamespace torch::cuda {{\n\n'
        "const EmbeddedHeader embedded_headers[] = {\n"
        + "".join(texts)
        + "};\n"
        + f"const int embedded_header_count = {len(texts)};\n\n}} // namespace torch::cuda\n",
    )
    print(f"{len(on_gpu) + len(special)} of {len(names)} elementwise functors")


if __name__ == "__main__":
    os.umask(0o022)
    main()
