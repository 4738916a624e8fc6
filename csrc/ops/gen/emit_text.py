"""Text for people and type checkers: signatures, docstrings, stubs and the table of the reference."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import examples
import yaml
from emit_ops import HEADER, base_name
from overloads import Overload, shown_name
from schema import Op, Param

Table = dict[tuple[str, str], list[Overload]]
Examples = dict[str, list[str]]

SHOWN_TYPES = {
    "Tensor": "Tensor",
    "Tensor?": "Tensor | None",
    "Tensor[]": "Sequence[Tensor]",
    "Tensor?[]": "Sequence[Tensor | None]",
    "Scalar": "Number",
    "Scalar?": "Number | None",
    "int": "int",
    "int?": "int | None",
    "float": "float",
    "float?": "float | None",
    "bool": "bool",
    "bool?": "bool | None",
    "int[]": "int | Sequence[int]",
    "int[]?": "int | Sequence[int] | None",
    "bool[]": "Sequence[bool]",
    "ScalarType": "dtype",
    "ScalarType?": "dtype | None",
    "Device?": "Device | None",
    "Layout?": "layout | None",
    "MemoryFormat": "memory_format",
    "MemoryFormat?": "memory_format | None",
    "Generator?": "Generator | None",
    "str": "str",
    "str?": "str | None",
}
FORMATS = ("contiguous_format", "preserve_format")


def python_name(p: Param, i: int, method: bool) -> str:
    """The parameter's name where Python's grammar must allow it."""
    name = shown_name(p, i, method)
    return f"{name}_" if name in ("from", "lambda") else name


def python_default(p: Param) -> str:
    d = p.default or ""
    if d in FORMATS:
        return f"torch.{d}"
    return "()" if d == "[]" else d


def takes_varargs(o: Overload) -> bool:
    """Whether the integers of a list that is the only argument may be given one by one: zeros(2, 3), x.view(2, 3)."""
    given = o.op.params[int(o.method) :]
    return bool(given) and given[0].type == "int[]" and all(p.keyword_only for p in given[1:])


def signature_text(o: Overload, stub: bool) -> str:
    """Parameters with types and defaults; in stubs self stands there too, and the defaults do not matter."""
    parts, starred = [], False

    def keyword_only() -> None:
        nonlocal starred
        if not starred:
            starred = True
            parts.append("*")

    for i, p in enumerate(o.op.params):
        if o.method and i == 0:
            if stub:
                parts.append("self")
            continue
        if p.keyword_only:
            keyword_only()
        shown = "Tensor | Number" if p.name in o.op.numbers else SHOWN_TYPES[p.type]
        text = f"{python_name(p, i, o.method)}: {shown}"
        if p.default is not None:
            text += " = ..." if stub else f" = {python_default(p)}"
        parts.append(text)
    if o.has_out:
        keyword_only()
        out = "Tensor" if len(o.op.returns) == 1 else "tuple[Tensor, ...]"
        parts.append(f"out: {out} | None = {'...' if stub else 'None'}")
    if o.op.factory:
        keyword_only()
        parts.append(f"requires_grad: bool = {'...' if stub else 'False'}")
    return ", ".join(parts)


def text_signature(name: str, o: Overload) -> str:
    """What inspect.signature reads: of the first overload, with literals as defaults."""
    parts, starred = ["$self" if o.method else "$module"], False
    for i, p in enumerate(o.op.params):
        if o.method and i == 0:
            continue
        if p.keyword_only and not starred:
            starred = True
            parts.append("*")
        default = None if p.default is None else python_default(p)
        if default is not None and default.startswith("torch."):
            default = "None"
        shown = python_name(p, i, o.method)
        parts.append(shown if default is None else f"{shown}={default}")
    if o.form == "functional" and "out" in o.op.forms:
        parts += ([] if starred else ["*"]) + ["out=None"]
        starred = True
    if o.op.factory:
        parts += ([] if starred else ["*"]) + ["requires_grad=False"]
    return f"{name}({', '.join(parts)})\n--\n\n"


def named_result(o: Overload) -> str:
    """Name of the named tuple that is returned, or nothing."""
    return o.op.name if o.form == "functional" and len(o.op.returns) > 1 and o.op.return_names[0] else ""


def return_text(o: Overload, stub: bool = False) -> str:
    if o.form == "inplace":
        return "Tensor"
    if named_result(o):
        return f"_result_of_{o.op.name}" if stub else f"({', '.join(f'{n}: Tensor' for n in o.op.return_names)})"
    shown = {
        "Tensor": "Tensor",
        "Tensor[]": "tuple[Tensor, ...]",
        "bool": "bool",
        "ScalarType": "dtype",
        "int": "int",
        "float": "float",
        "Scalar": "Number",
    }
    if not o.op.returns:
        return "None"
    if len(o.op.returns) == 1:
        return shown[o.op.returns[0]]
    return "tuple[" + ", ".join(shown[r] for r in o.op.returns) + "]"


# ---------------------------------------------------------------- docstrings


def operands(op: Op) -> list[Param]:
    return [p for p in op.params if p.is_tensor]


def shape_text(o: Overload) -> str:
    """What the table says about the shape of the result."""
    op = o.op
    names = {p.name for p in op.params}
    first = shown_name(op.params[0], 0, o.method) if op.params else ""
    if op.view or op.aliasing:
        return f"a view, which shares the memory of {first}."
    if op.pointwise and len(operands(op)) > 1:
        return "that to which the operands broadcast" + (
            f", which must be that of {first}." if o.form == "inplace" else "."
        )
    if op.pointwise or op.infer == "same":
        return f"that of {first}."
    if {"dim", "keepdim"} <= names:
        return f"that of {first} without the dimensions dim, which keepdim=True keeps with size 1."
    if op.name.endswith("_like"):
        return f"that of {first}."
    if "size" in names and op.factory:
        return "size."
    return ""


def dtype_text(o: Overload) -> str:
    """What the table says about the dtype of the result."""
    op = o.op
    if o.form == "inplace":
        return "that of the tensor itself, to which the result is converted." if op.pointwise else ""
    if "dtype" in {p.name for p in op.params}:
        return "dtype where it is given." if not op.factory else "dtype, or the default one."
    if op.pointwise:
        return {
            "promote": "that to which the operands promote (torch.result_type).",
            "float": "that to which the operands promote; for integers and bool the default dtype.",
            "bool": "bool.",
            "same": "that of the first operand.",
            "real": "that of the operand; for complex ones its real counterpart.",
        }.get(op.infer, "")
    return ""


def errors_text(o: Overload) -> str:
    """Which exceptions follow from the parameters."""
    op = o.op
    names = {p.name for p in op.params}
    found = []
    if op.pointwise and len(operands(op)) > 1:
        found.append("RuntimeError where the shapes do not broadcast")
    if names & {"dim", "dims", "dim0", "axis"} and operands(op):
        found.append("IndexError for a dimension that the tensor lacks")
    if "index" in names and not op.view:
        found.append("RuntimeError or IndexError for an index out of range")
    if (
        op.module == "linalg"
        and re.search(r"cholesky|inv\b|solve|det|eig|lu\b|qr|svd", op.name)
        or op.name in ("det", "inverse")
    ):
        found.append("RuntimeError for what is no matrix or batch of matrices")
    if o.form == "inplace" or "out" in op.forms:
        target = "the tensor" if o.form == "inplace" else "out"
        if op.pointwise and op.infer != "bool":
            found.append(f"RuntimeError where the result's dtype cannot be cast to that of {target}")
    found.append("TypeError for arguments of other types")
    return "; ".join(found) + "."


def docstring(name: str, module: str, overloads: list[Overload], table: Examples) -> str:
    """Text of a Python name: signatures, description, shape, dtype, errors, example."""
    main = overloads[0]
    lines = [f"{name}({signature_text(o, False)}) -> {return_text(o)}" for o in overloads]
    docs = list(dict.fromkeys(o.op.doc for o in overloads))
    if main.form == "inplace":
        docs.append("Writes into the tensor itself.")
    text = " ".join(docs)
    lines += ["", text if main.method else text.replace("`self`", "`input`"), ""]
    base = base_name(main.op)
    taken = next((table[key][0] for n in (name, base, f"{base}_") if (key := f"dtypes {n}") in table), "")
    facts = [("Shape", shape_text), ("dtype", dtype_text), ("Raises", errors_text)]
    for what, find in facts:
        text = max((find(o) for o in overloads), key=len)
        if what == "dtype" and taken:
            lines.append(f"Accepts: {taken}.")
        if text:
            lines.append(f"{what}: {text}")
    path = {"linalg": "torch.linalg.", "special": "torch.special.", "fft": "torch.fft.", "nn": "torch.nn.functional."}
    short = name.removeprefix(f"{module}_") if module in ("special", "fft") else name
    function = f"{path.get(module, 'torch.')}{short}"
    if module == "nn" and name not in F_NAMES:
        function = f"torch._C._nn.{name}"
    shown = examples.example(table, base, module, name, main.form == "inplace", function)
    if shown:
        lines += ["", "Example:", "", *(f"    {line}" for line in shown)]
    return "\n".join(lines)


# Functions of torch._C._nn that torch.nn.functional has under the same name, as they are.
F_NAMES = {
    "avg_pool2d",
    "avg_pool3d",
    "elu_",
    "gelu",
    "hardtanh_",
    "leaky_relu_",
    "linear",
    "one_hot",
    "pad",
    "relu6",
    "scaled_dot_product_attention",
    "softplus",
    "softshrink",
}


def quoted(text: str) -> str:
    """A C++ string literal, in pieces that compilers take."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


# ---------------------------------------------------------------- functions of the bindings written by hand


@dataclass
class Written:
    """A function of csrc/bindings with its text in functions.yaml."""

    name: str
    arguments: ast.arguments
    text: str  # of the parameters
    returns: str
    doc: str
    also: list[str]  # parameters of the other ways to call it

    @property
    def method(self) -> bool:
        first = (self.arguments.posonlyargs + self.arguments.args)[:1]
        return bool(first) and first[0].arg == "self"


def load_written(path: Path) -> list[Written]:
    found = []
    for entry in yaml.safe_load(path.read_text()):
        signature = entry["def"]
        function = ast.parse(f"def {signature}: ...").body[0]
        assert isinstance(function, ast.FunctionDef)
        text, _, returns = signature.rpartition(" -> ")
        found.append(
            Written(
                function.name,
                function.args,
                text.partition("(")[2][:-1],
                returns,
                entry["doc"].strip(),
                entry.get("also", []),
            )
        )
    return found


def written_signature(w: Written) -> str:
    """For inspect.signature: without types, and with literals as defaults."""
    bare = ast.parse(f"def f({w.text}): ...").body[0]
    assert isinstance(bare, ast.FunctionDef)
    a = bare.args
    for arg in [*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x)]:
        arg.annotation = None
    none = ast.Constant(None)
    a.defaults = [none if isinstance(d, ast.Name) else d for d in a.defaults]
    a.kw_defaults = [none if isinstance(d, ast.Name) else d for d in a.kw_defaults]
    text = ast.unparse(a)
    if w.method:
        text = "$self" + text[4:]
    else:
        text = "$module" + (", " + text if text else "")
        if a.posonlyargs:  # the module goes before the mark as well
            text = "$module, " + ast.unparse(a)
    return f"{w.name}({text})\n--\n\n"


def written_doc(w: Written, table: Examples) -> str:
    example = table.get(w.name, [])
    parameters = re.sub(r"^self(, )?(/, )?", "", w.text).replace(", /", "")
    heads = [f"{w.name}({shown}) -> {w.returns}" for shown in (parameters, *(a.removeprefix("self, ") for a in w.also))]
    head = "\n".join(heads) + f"\n\n{w.doc}"
    return head + ("\n\nExample:\n\n" + "\n".join(f"    {line}" for line in example) if example else "")


def emit_written_docs(written: list[Written], table: Examples) -> str:
    lines = [
        HEADER,
        "// Docstrings of the functions written by hand; see csrc/bindings/functions.yaml.",
        "#pragma once\n",
        "namespace torch::python::doc {\n",
    ]
    for w in written:
        prefix = "method" if w.method else "function"
        lines.append(
            f"inline constexpr char {prefix}_{w.name}[] = {quoted(written_signature(w) + written_doc(w, table))};"
        )
    return "\n".join([*lines, "\n} // namespace torch::python::doc"]) + "\n"


def emit_written_stubs(written: list[Written], method: bool, indent: str) -> list[str]:
    lines = []
    for w in written:
        if w.method != method:
            continue
        for text in [w.text, *w.also]:
            lines += [f"{indent}@overload"] if w.also else []
            lines.append(f"{indent}def {w.name}({stub_types(text)}) -> {stub_types(w.returns)}: ...")
    return lines


# ---------------------------------------------------------------- stubs and reference

# Types that attributes and functions of the same name hide in the stub.
HIDDEN = re.compile(
    r"(?<=[:>|\[] )(?<!\w)(int|float|bool|complex|dtype|device|layout|memory_format)\b"
    r"|(?<=\[)(int|float|bool|complex)\b|^(int|float|bool|dtype|device)\b(?!:)"
)


def stub_types(text: str) -> str:
    """The text with types under the names that nothing hides."""
    return (
        HIDDEN.sub(lambda m: f"_{m.group(0)}", text)
        .replace("= preserve_format", "= ...")
        .replace("= contiguous_format", "= ...")
    )


def emit_stub(table: Table, module: str, indent: str) -> list[str]:
    lines = []
    for (m, name), overloads in sorted(table.items()):
        if m != module:
            continue
        forms = [(signature_text(o, True), return_text(o, True)) for o in overloads]
        for o in overloads:
            if takes_varargs(o):
                listed = f"{python_name(o.op.params[o.method], 0, o.method)}: int | Sequence[int]"
                given = signature_text(o, True).replace(f"{listed} = ...", listed)
                spread = given.replace(listed, listed.replace("int | Sequence[int]", "int"))
                forms.append(
                    (
                        re.sub(rf"(^|self, )({listed[: listed.index(':')]}:)", r"\1*\2", spread).replace(
                            ", *, ", ", ", 1
                        ),
                        return_text(o, True),
                    )
                )
        forms = list(dict.fromkeys(forms))
        for signature, returns in forms:
            if len(forms) > 1:
                lines.append(f"{indent}@overload")
            lines.append(f"{indent}def {name}({stub_types(signature)}) -> {stub_types(returns)}: ...")
    return lines


def emit_reference(ops: list[Op]) -> str:
    lines = ["# Operators", "", "Generated from the operator schema.", ""]
    for family in dict.fromkeys(op.family for op in ops):
        lines += [f"## {family}", "", "| operator | forms | gradient | |", "|---|---|---|---|"]
        for op in ops:
            if op.family == family and not op.name.startswith("_"):
                schema = op.schema.replace("|", "\\|")
                grad = "composite" if op.composite else ("yes" if op.differentiable else "")
                lines.append(f"| `{schema}` | {', '.join(op.forms)} | {grad} | {op.doc.replace('|', chr(92) + '|')} |")
        lines.append("")
    return "\n".join(lines) + "\n"
