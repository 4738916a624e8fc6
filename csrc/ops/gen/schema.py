"""The operator schema as Python objects: reads csrc/ops/schema/*.yaml and parses signatures and columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# schema type -> (C++ parameter type, C++ type of a copy kept in a node, kind for the Python parser)
TYPES = {
    "Tensor": ("const Tensor&", "SavedTensor", "Tensor"),
    "Tensor?": ("const Tensor&", "SavedTensor", "OptTensor"),
    "Tensor[]": ("TensorList", "std::vector<SavedTensor>", "TensorList"),
    "Tensor?[]": ("TensorList", "std::vector<SavedTensor>", "OptTensorList"),
    "Scalar": ("const Scalar&", "Scalar", "Number"),
    "Scalar?": ("const std::optional<Scalar>&", "std::optional<Scalar>", "OptNumber"),
    "int": ("int64_t", "int64_t", "Int"),
    "int?": ("std::optional<int64_t>", "std::optional<int64_t>", "OptInt"),
    "float": ("double", "double", "Float"),
    "float?": ("std::optional<double>", "std::optional<double>", "OptFloat"),
    "bool": ("bool", "bool", "Bool"),
    "bool?": ("std::optional<bool>", "std::optional<bool>", "OptBool"),
    "int[]": ("Ints", "DimVec", "IntList"),
    "int[]?": ("OptInts", "OptDims", "OptIntList"),
    "bool[]": ("std::array<bool, 3>", "std::array<bool, 3>", "BoolList"),
    "ScalarType": ("DType", "DType", "DType"),
    "ScalarType?": ("std::optional<DType>", "std::optional<DType>", "OptDType"),
    "Device?": ("std::optional<Device>", "std::optional<Device>", "OptDevice"),
    "Layout?": ("", "", "OptLayout"),
    "MemoryFormat": ("MemoryFormat", "MemoryFormat", "MemoryFormat"),
    "MemoryFormat?": ("std::optional<MemoryFormat>", "std::optional<MemoryFormat>", "OptMemoryFormat"),
    "Generator?": ("Generator*", "Ref<Generator>", "OptGenerator"),
    "str": ("std::string_view", "std::string", "Str"),
    "str?": ("std::optional<std::string_view>", "std::optional<std::string>", "OptStr"),
}

RETURN_TYPES = {
    "Tensor": "Tensor",
    "Tensor[]": "std::vector<Tensor>",
    "bool": "bool",
    "int": "int64_t",
    "float": "double",
    "Scalar": "Scalar",
    "ScalarType": "DType",
}


class SchemaError(Exception):
    """A mistake in a schema file, with the entry it stands in."""


@dataclass
class Param:
    name: str
    type: str  # key of TYPES
    size: int | None  # N of int[N]: a single int is repeated N times
    default: str | None
    keyword_only: bool
    mutated: bool  # written in place: (a!)
    python_name: str = ""  # where Python programs know it by another name

    @property
    def cpp_type(self) -> str:
        return TYPES[self.type][0]

    @property
    def stored_type(self) -> str:
        return TYPES[self.type][1]

    @property
    def kind(self) -> str:
        return TYPES[self.type][2]

    @property
    def python_only(self) -> bool:
        """Accepted and checked by the bindings, unknown to C++."""
        return self.type == "Layout?" or self.name == "pin_memory"

    @property
    def is_tensor(self) -> bool:
        return self.type in ("Tensor", "Tensor?")

    @property
    def is_list(self) -> bool:
        return self.type in ("Tensor[]", "Tensor?[]")

    def cpp_default(self) -> str | None:
        d = self.default
        if d is None:
            return None
        if d == "None":
            return {"Tensor?": "Tensor()", "Generator?": "nullptr"}.get(self.type, "std::nullopt")
        if self.type in ("bool", "bool?"):
            return d.lower()
        if self.type in ("str", "str?"):
            return '"' + d.strip("'\"") + '"'
        if self.type.startswith("int[]"):
            if d == "[]":
                return "Ints()"
            if d.startswith("["):
                return "{" + d[1:-1] + "}"
            return "{" + ", ".join([d] * (self.size or 1)) + "}"
        if self.type.startswith("MemoryFormat"):
            return {"contiguous_format": "MemoryFormat::Contiguous", "preserve_format": "MemoryFormat::Preserve"}[d]
        if self.type == "float" and re.fullmatch(r"-?\d+", d):
            return d + ".0"
        return {"True": "true", "False": "false"}.get(d, d)


@dataclass
class Op:
    name: str  # "add"; in-place-only ops end in "_"
    overload: str  # "Tensor"
    schema: str
    params: list[Param]
    returns: list[str]  # schema types
    return_names: list[str]
    family: str
    forms: list[str]
    module: str
    aliases: list[str]
    infer: str
    kernel: str
    view: str
    composite: bool
    check: str
    contiguous: list[str]
    apart: bool
    overlapping: bool
    grad: dict[str, str]
    constant: list[str]
    numbers: list[str]
    factory: bool
    out: str  # expression that fills `out`; else the result is computed and put there
    out_dtype: str  # one of OUT_DTYPES, or an expression
    out_overload: str  # name of the out= overload where it does not follow the rule
    later: bool  # whether the kernel can wait (ops/deferred.h)
    sparse: str  # "True", or the expression for operands of sparse layouts
    cast: str  # what autocast makes of the operands: "lower", "float32", "promote" or ""
    doc: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def out_rule(self) -> str:
        """The OutDType of the out= form."""
        if self.out_dtype in OUT_DTYPES:
            return f"OutDType::{'Cast' if self.out_dtype == 'computed' else self.out_dtype.capitalize()}"
        return f"({self.out_dtype})"

    @property
    def full_name(self) -> str:
        return f"{self.name}.{self.overload}" if self.overload else self.name

    @property
    def ident(self) -> str:
        """Unique C++ identifier."""
        return f"{self.name}_{self.overload}" if self.overload else self.name

    @property
    def inplace_only(self) -> bool:
        return self.name.endswith("_") and not self.name.endswith("__")

    @property
    def several(self) -> bool:
        """Returns a list of tensors."""
        return self.returns == ["Tensor[]"]

    @property
    def aliasing(self) -> bool:
        """Whether the result is declared to share self's memory: `-> Tensor(a)`."""
        return "(a)" in self.schema.rpartition("->")[2]

    @property
    def pointwise(self) -> bool:
        return self.kernel.startswith("pointwise ")

    @property
    def update(self) -> bool:
        return self.kernel.startswith("update ")

    @property
    def returns_kernel(self) -> bool:
        return self.kernel.startswith("returns ")

    @property
    def lists_kernel(self) -> bool:
        return self.kernel.startswith("lists ")

    @property
    def cpp_params(self) -> list[Param]:
        return [p for p in self.params if not p.python_only]

    @property
    def tensor_params(self) -> list[Param]:
        return [p for p in self.params if p.is_tensor or p.is_list]

    @property
    def return_type(self) -> str:
        if not self.returns:
            return "void"
        if len(self.returns) == 1:
            return RETURN_TYPES[self.returns[0]]
        return "std::tuple<" + ", ".join(RETURN_TYPES[r] for r in self.returns) + ">"

    @property
    def takes_sparse(self) -> bool:
        """Whether the straight path takes operands of sparse layouts."""
        return self.sparse == "True"

    def sparse_value(self) -> tuple[str, bool]:
        """The expression for operands of sparse layouts, and whether it records itself."""
        if self.sparse in ("values", "entries"):
            others = [p.name for p in self.cpp_params[1:]]
            op = f"[&](const Tensor& v) {{ return ops::{self.name}({', '.join(['v'] + others)}); }}"
            return f"sparse::on_{self.sparse}({self.params[0].name}, {op})", self.sparse == "values"
        return self.sparse.removeprefix("composed "), self.sparse.startswith("composed ")

    @property
    def cast_by_name(self) -> bool:
        """A composition that autocast sees where it is called by name: it has no entry of its own."""
        return bool(self.cast) and self.composite and not self.grad

    @property
    def differentiable(self) -> bool:
        return bool(self.grad)

    def grad_targets(self) -> list[str]:
        """Inputs with a formula, in signature order."""
        named = {n for key in self.grad for n in split_names(key)}
        return [p.name for p in self.params if p.name in named]

    def kernel_call(self) -> tuple[str, list[str]]:
        """Kernel name and argument texts."""
        text = self.kernel
        for word in ("update ", "returns ", "lists "):
            text = text.removeprefix(word)
        m = re.fullmatch(r"(\w+)\((.*)\)", text.strip(), re.S)
        if not m:
            raise SchemaError(f"{self.full_name}: cannot read kernel {self.kernel!r}")
        args = split_top(m.group(2))
        if self.update and args and args[0] == "self":
            args = args[1:]
        return m.group(1), args

    def pointwise_call(self) -> tuple[str, list[str], list[str]]:
        """Functor, operand names, parameter expressions."""
        m = re.fullmatch(r"pointwise (\w+)(?:\[(.*?)\])?(?:\((.*)\))?", self.kernel.strip(), re.S)
        if not m:
            raise SchemaError(f"{self.full_name}: cannot read kernel {self.kernel!r}")
        operands = split_names(m.group(2)) if m.group(2) else [p.name for p in self.params if p.is_tensor]
        return m.group(1), operands, split_top(m.group(3) or "")


def split_names(text: str) -> list[str]:
    return [s.strip() for s in text.split(",") if s.strip()]


def split_top(text: str) -> list[str]:
    """Splits at commas outside brackets."""
    parts, depth, current = [], 0, ""
    for c in text:
        if c in "([{<":
            depth += 1
        elif c in ")]}>":
            depth -= 1
        if c == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += c
    if current.strip():
        parts.append(current.strip())
    return parts


def parse_param(text: str, keyword_only: bool) -> Param:
    m = re.fullmatch(
        r"(\w+(?:\([a-z]!?(?:\s*->\s*\*)?\))?(?:\[\d*\])?\??(?:\[\])?)\s+(\w+)(?:\s*=\s*(.+))?", text.strip()
    )
    if not m:
        raise SchemaError(f"cannot read parameter {text!r}")
    type_text, name, default = m.groups()
    mutated = "!" in type_text
    type_text = re.sub(r"\([a-z]!?\)", "", type_text).replace("SymInt", "int")
    size = None
    sized = re.search(r"\[(\d+)\]", type_text)
    if sized:
        size = int(sized.group(1))
        type_text = type_text.replace(sized.group(0), "[]")
    if type_text not in TYPES:
        raise SchemaError(f"unknown type {type_text!r} in {text!r}")
    return Param(name, type_text, size, default, keyword_only, mutated)


def parse_signature(text: str) -> tuple[str, str, list[Param], list[str], list[str]]:
    m = re.fullmatch(r"([\w]+)(?:\.(\w+))?\((.*)\)\s*->\s*(.+)", text.strip(), re.S)
    if not m:
        raise SchemaError(f"cannot read signature {text!r}")
    name, overload, params_text, returns_text = m.groups()
    params, keyword_only = [], False
    for part in split_top(params_text):
        if part == "*":
            keyword_only = True
            continue
        params.append(parse_param(part, keyword_only))
    returns_text = returns_text.strip()
    parts = split_top(returns_text[1:-1]) if returns_text.startswith("(") else [returns_text]
    returns, names = [], []
    for part in parts:
        bits = re.sub(r"\([a-z]!?\)", "", part).split()
        returns.append(bits[0])
        names.append(bits[1] if len(bits) > 1 else "")
    return name, overload or "", params, returns, names


def as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else split_names(str(value))


KNOWN = {
    "op",
    "as",
    "module",
    "alias",
    "infer",
    "kernel",
    "view",
    "composite",
    "check",
    "contiguous",
    "apart",
    "overlapping",
    "grad",
    "constant",
    "numbers",
    "later",
    "sparse",
    "cast",
    "factory",
    "out",
    "out_dtype",
    "out_overload",
    "python",
    "doc",
}
CASTS = ("", "lower", "float32", "promote")
OUT_DTYPES = ("cast", "same", "real", "truth", "computed")


def parse_entry(entry: dict[str, Any], family: str) -> Op:
    unknown = set(entry) - KNOWN
    if unknown:
        raise SchemaError(f"{entry.get('op')}: unknown columns {sorted(unknown)}")
    name, overload, params, returns, return_names = parse_signature(entry["op"])
    for param in params:
        param.python_name = (entry.get("python") or {}).get(param.name, "")
    kernel = entry.get("kernel", "")
    numbers = entry.get("numbers")
    if numbers is None:
        binary = kernel.startswith("pointwise ") and entry.get("infer") in ("promote", "float", "bool")
        tensors = [p.name for p in params if p.type == "Tensor"]
        numbers = tensors if binary and len(tensors) == 2 else []
    elif numbers is False:
        numbers = []
    if "doc" not in entry:
        raise SchemaError(f"{name}: no doc")
    if sum(bool(entry.get(k)) for k in ("kernel", "view", "composite")) != 1:
        raise SchemaError(f"{name}: needs exactly one of kernel, view, composite")
    out_dtype = entry.get("out_dtype", "cast")
    if out_dtype not in OUT_DTYPES and "OutDType::" not in out_dtype:
        raise SchemaError(f"out_dtype is one of {', '.join(OUT_DTYPES)} or an expression giving an OutDType")
    if entry.get("cast", "") not in CASTS:
        raise SchemaError(f"cast is one of {', '.join(CASTS[1:])}")
    return Op(
        name,
        overload,
        entry["op"],
        params,
        returns,
        return_names,
        family,
        as_list(entry.get("as", "function, method")),
        entry.get("module", "torch"),
        as_list(entry.get("alias")),
        str(entry.get("infer", "")),
        kernel,
        entry.get("view", ""),
        bool(entry.get("composite")),
        str(entry.get("check", "")),
        as_list(entry.get("contiguous")),
        bool(entry.get("apart")),
        bool(entry.get("overlapping")),
        dict(entry.get("grad") or {}),
        as_list(entry.get("constant")),
        list(numbers),
        bool(entry.get("factory")),
        entry.get("out", ""),
        out_dtype,
        entry.get("out_overload", ""),
        bool(entry.get("later")),
        str(entry.get("sparse", "")),
        entry.get("cast", ""),
        entry["doc"],
    )


def families(ops: list[Op]) -> list[str]:
    return sorted({op.family for op in ops})


def load(folder: Path) -> list[Op]:
    ops: list[Op] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        family = path.stem
        for entry in yaml.safe_load(path.read_text()):
            try:
                op = parse_entry(entry, family)
            except (SchemaError, KeyError) as error:
                raise SchemaError(f"{family}.yaml: {entry.get('op')}: {error}") from error
            if op.full_name in seen:
                raise SchemaError(f"{op.full_name} stands in {family}.yaml and {seen[op.full_name]}.yaml")
            seen[op.full_name] = family
            ops.append(op)
    for op in ops:
        op.extra["has_plain_overload"] = op.name in seen and op.overload != ""
    return ops
