"""Python bindings: parameter tables, one call function per overload, method and function tables."""

from __future__ import annotations

from emit_ops import HEADER, base_name, called_name, out_names
from emit_text import Examples, docstring, quoted, text_signature
from overloads import MODULES, Overload, shown_name
from schema import Op, Param

CONVERT = {
    "Tensor": "TensorArg({a})",
    "OptTensor": "OptTensorArg({a})",
    "TensorList": "TensorListArg({a})",
    "OptTensorList": "OptTensorListArg({a})",
    "Number": "to_scalar({a})",
    "OptNumber": "to_optional_scalar({a})",
    "Int": "to_int({a})",
    "OptInt": "to_optional_int({a})",
    "Float": "to_double({a})",
    "OptFloat": "to_optional_double({a})",
    "Bool": "to_bool({a})",
    "OptBool": "to_optional_bool({a})",
    "IntList": "IntListArg({a}, {size})",
    "OptIntList": "OptIntListArg({a}, {size})",
    "BoolList": "to_mask({a})",
    "DType": "to_dtype({a})",
    "OptDType": "to_optional_dtype({a})",
    "OptDevice": "to_optional_device({a})",
    "OptLayout": "check_layout({a})",
    "MemoryFormat": "to_memory_format({a})",
    "OptMemoryFormat": "to_optional_memory_format({a})",
    "OptGenerator": "to_generator({a})",
    "Str": "to_string({a})",
    "OptStr": "to_optional_string({a})",
}


def argument(p: Param, i: int, numbers: list[str]) -> str:
    a = f"a[{i}]"
    convert = CONVERT[p.kind].format(a=a, size=p.size or 0)
    if p.kind == "Tensor" and p.name in numbers:
        convert = f"TensorArg({a}, number_allowed)"
    default = p.cpp_default()
    if default is None or p.kind.startswith("Opt") or (default.startswith("std::nullopt")):
        return convert
    if p.kind == "IntList":
        return f"IntListArg({a}, {p.size or 0}, {default})"
    types = {
        "Number": "Scalar",
        "Int": "int64_t",
        "Float": "double",
        "Bool": "bool",
        "MemoryFormat": "MemoryFormat",
        "Str": "std::string_view",
    }
    return f"({a} ? {convert} : {types[p.kind]}({default}))"


def emit_call(o: Overload) -> list[str]:
    op = o.op
    lines = [f"PyObject* call_{o.ident}([[maybe_unused]] PyObject* const* a) {{"]
    args = []
    for i, p in enumerate(op.params):
        if p.python_only:
            like = ", a[0]" if op.params[0].is_tensor else ""
            lines.append(f"  check_layout(a[{i}]{like});" if p.type == "Layout?" else f"  check_pin_memory(a[{i}]);")
            continue
        argument_text = argument(p, i, op.numbers)
        if p.kind == "OptDevice" and not any(q.kind.endswith("Tensor") for q in op.params):  # no tensor to take it from
            argument_text = f"device_of_new(a[{i}])"
        args.append(argument_text)
    n = len(op.params)
    joined = ", ".join(args)
    if o.form == "inplace":
        cpp = f"{base_name(op)}_"
        if not op.returns:
            lines += [f"  ops::{cpp}({joined});", "  Py_RETURN_NONE;"]
        else:
            lines.append(f"  return wrap(ops::{cpp}({joined}));")
        return lines + ["}"]
    if "out" in op.forms:
        lines.append(f"  if (a[{n}] && a[{n}] != Py_None) {{")
        if len(op.returns) == 1:
            lines.append(f"    return wrap(ops::{op.name}_out(TensorArg(a[{n}]), {joined}));")
        else:
            outs = out_names(op)
            lines.append(f"    const OutTuple outs(a[{n}], {len(outs)});")
            lines.append(f"    ops::{op.name}_out({', '.join(f'outs[{i}]' for i in range(len(outs)))}, {joined});")
            named = len(op.returns) > 1 and op.return_names[0]
            elements = ", ".join(f"outs[{i}]" for i in range(len(outs)))
            types = ", ".join("Tensor" for _ in outs)
            lines.append(
                f"    return wrap_named(named_{op.name}_out(), std::tuple<{types}>({elements}));"
                if named
                else "    return outs.result();"
            )
        lines.append("  }")
    call = f"ops::{called_name(op)}({joined})"
    if op.factory:
        pinned = [i for i, p in enumerate(op.params) if p.name == "pin_memory"]
        call = f"pinned_where(a[{pinned[0]}], {call})" if pinned else call
        lines.append(f"  return factory_result({call}, a[{n + (1 if 'out' in op.forms else 0)}]);")
        return lines + ["}"]
    if not op.returns:
        lines += [f"  {call};", "  Py_RETURN_NONE;"]
    elif len(op.returns) > 1 and op.return_names[0]:
        lines.append(f"  return wrap_named(named_{op.name}(), {call});")
    else:
        lines.append(f"  return wrap({call});")
    return lines + ["}"]


def emit_params(o: Overload) -> list[str]:
    op = o.op
    rows = []
    for i, p in enumerate(op.params):
        number = p.kind == "Tensor" and p.name in op.numbers
        default = p.default if p.default is not None else ""
        rows.append(
            f'{{"{shown_name(p, i, o.method)}", ArgKind::{"TensorOrNumber" if number else p.kind}, {p.size or 0}, '
            f'{str(p.default is not None).lower()}, {str(p.keyword_only).lower()}, "{default}"}}'
        )
    if o.form == "functional" and "out" in op.forms:
        kind = "OptTensor" if len(op.returns) == 1 else "OptTensorTuple"
        rows.append(f'{{"out", ArgKind::{kind}, 0, true, true, "None"}}')
    if op.factory and o.form == "functional":
        rows.append('{"requires_grad", ArgKind::Bool, 0, true, true, "False"}')
    prefix = "m" if o.method else "f"
    return [
        f"constexpr Param {prefix}params_{o.ident}[] = {{{', '.join(rows)}}};"
        if rows
        else f"constexpr Param {prefix}params_{o.ident}[1] = {{}};"
    ]


def param_count(o: Overload) -> int:
    op = o.op
    extra = (1 if o.form == "functional" and "out" in op.forms else 0) + (
        1 if op.factory and o.form == "functional" else 0
    )
    return len(op.params) + extra


def emit_family(family: str, ops: list[Op], table: dict[tuple[str, str], list[Overload]], shown: Examples) -> str:
    """Calls and specs of the Python names whose first overload belongs to this family."""
    lines = [
        HEADER,
        '#include "bindings/call.h"',
        '#include "ops/ops.h"\n',
        "namespace torch::python {\n",
        "namespace {\n",
    ]
    mine = {k: v for k, v in table.items() if v[0].op.family == family}
    done_calls: set[str] = set()
    done_params: set[str] = set()
    named: set[str] = set()
    for overloads in mine.values():
        for o in overloads:
            op = o.op
            if len(op.returns) > 1 and op.return_names[0] and op.name not in named:
                named.add(op.name)
                fields = ", ".join(f'"{n}"' for n in op.return_names)
                outs = any("out" in v.op.forms and v.op.name == op.name for v in overloads)
                for named_type in [op.name] + ([f"{op.name}_out"] if outs else []):
                    lines.append(f"PyTypeObject* named_{named_type}() {{")
                    lines.append(f'  static PyTypeObject* const type = make_named_tuple("{named_type}", {{{fields}}});')
                    lines += ["  return type;", "}"]
            if o.ident not in done_calls:
                done_calls.add(o.ident)
                lines += emit_call(o)
            key = ("m" if o.method else "f") + o.ident
            if key not in done_params:
                done_params.add(key)
                lines += emit_params(o)
    for (module, name), overloads in mine.items():
        rows = [f"{{{'m' if o.method else 'f'}params_{o.ident}, {param_count(o)}, call_{o.ident}}}" for o in overloads]
        ident = f"{module}_{name}"
        lines.append(f"constexpr Overload overloads_{ident}[] = {{{', '.join(rows)}}};")
        method = str(module == "method").lower()
        where = "torch.Tensor" if module == "method" else MODULES[module]
        lines.append(
            f'FunctionSpec spec_{ident} = {{"{name}", "{where}", overloads_{ident}, {len(rows)}, {method}, nullptr}};'
        )
        self_text = "self" if module == "method" else "nullptr"
        unused = "PyObject* self" if module == "method" else "PyObject*"
        lines.append(f"PyObject* py_{ident}({unused}, PyObject* const* args, Py_ssize_t n, PyObject* names) {{")
        lines.append(f"  return call_overloads(spec_{ident}, {self_text}, args, n, names);")
        lines.append("}")
    lines.append("\n} // namespace\n")
    for module in ["method", *MODULES]:
        rows = []
        for (m, name), overloads in mine.items():
            if m == module:
                doc = quoted(text_signature(name, overloads[0]) + docstring(name, module, overloads, shown))
                rows.append(
                    f'  {{"{name}", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_{m}_{name})), '
                    f"METH_FASTCALL | METH_KEYWORDS, {doc}}},"
                )
        lines.append(f"extern PyMethodDef {module}_table_{family}[];")
        lines.append(f"PyMethodDef {module}_table_{family}[] = {{")
        lines += rows + ["  {nullptr, nullptr, 0, nullptr}};"]
    lines.append("\n} // namespace torch::python")
    return "\n".join(lines) + "\n"


def emit_tables(families: list[str]) -> str:
    lines = [HEADER, '#include "bindings/call.h"\n', "namespace torch::python {\n"]
    for module in ["method", *MODULES]:
        for family in families:
            lines.append(f"extern PyMethodDef {module}_table_{family}[];")
        names = ", ".join(f"{module}_table_{f}" for f in families)
        lines.append(f"PyMethodDef* const {module}_tables[] = {{{names}, nullptr}};")
    lines.append("\n} // namespace torch::python")
    return "\n".join(lines) + "\n"
