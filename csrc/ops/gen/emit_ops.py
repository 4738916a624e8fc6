"""C++ entry points, autograd nodes and boxed calls, one source file per family."""

from __future__ import annotations

import re

from schema import Op, Param, split_names

NO_PARAMS = "{}"
HEADER = "// Generated from csrc/ops/schema by csrc/ops/gen; not to be edited.\n"


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.strip("_").split("_") if part)


def param_list(op: Op, defaults: bool) -> str:
    parts = []
    for p in op.cpp_params:
        text = f"{p.cpp_type} {p.name}"
        default = p.cpp_default() if defaults else None
        if default is not None:
            text += f" = {default}"
        parts.append(text)
    # C++ allows no parameter without default after one with it.
    if defaults:
        seen_required = False
        for i in range(len(parts) - 1, -1, -1):
            if " = " not in parts[i]:
                seen_required = True
            elif seen_required:
                parts[i] = parts[i].split(" = ")[0]
    return ", ".join(parts)


def arg_names(op: Op) -> str:
    return ", ".join(p.name for p in op.cpp_params)


def base_name(op: Op) -> str:
    return op.name[:-1] if op.inplace_only else op.name


def forms(op: Op) -> list[str]:
    out = []
    if not op.inplace_only:
        out.append("functional")
    if op.inplace_only or "inplace" in op.forms:
        out.append("inplace")
    if "out" in op.forms:
        out.append("out")
    return out


def form_ident(op: Op, form: str) -> str:
    if form == "functional":
        return op.ident
    if form == "inplace":
        return f"{base_name(op)}__{op.overload}" if op.overload else f"{base_name(op)}_"
    return f"{op.ident}_out"


def form_name(op: Op, form: str) -> tuple[str, str]:
    """Operator and overload name as users call it: add.Tensor, add_.Tensor, add.out."""
    if form == "functional":
        return op.name, op.overload
    if form == "inplace":
        return base_name(op) + "_", op.overload
    if op.out_overload:
        return op.name, op.out_overload
    short = op.overload == "" or (op.overload == "Tensor" and not op.extra.get("has_plain_overload"))
    return op.name, "out" if short else f"{op.overload}_out"


def form_cpp_name(op: Op, form: str) -> str:
    return {"functional": op.name, "inplace": base_name(op) + "_", "out": op.name + "_out"}[form]


def called_name(op: Op) -> str:
    """What a call by name, from Python or boxed, calls in namespace ops."""
    return f"casting::{op.name}" if op.cast_by_name else op.name


def out_names(op: Op) -> list[str]:
    if len(op.returns) == 1:
        return ["out"]
    return [f"out{i}" for i in range(len(op.returns))]


def shown_out_names(op: Op) -> list[str]:
    """Names of the out arguments in schema texts: those of the results, where they have names."""
    return list(op.return_names) if len(op.returns) > 1 and op.return_names[0] else out_names(op)


def form_signature(op: Op, form: str, defaults: bool = False) -> str:
    params = param_list(op, defaults)
    if form == "functional":
        return f"{op.return_type} {op.name}({params})"
    if form == "inplace":
        result = "void" if not op.returns else "const Tensor&"
        return f"{result} {base_name(op)}_({params})"
    outs = ", ".join(f"const Tensor& {n}" for n in out_names(op))
    result = "const Tensor&" if len(op.returns) == 1 else "void"
    return f"{result} {op.name}_out({outs}, {params})"


# ---------------------------------------------------------------- declarations


def emit_header(ops: list[Op]) -> str:
    lines = [HEADER, "#pragma once\n", '#include "ops/types.h"\n', "namespace torch::ops {\n"]
    for op in ops:
        lines.append(f"// {op.doc}")
        for form in forms(op):
            lines.append(form_signature(op, form, defaults=True) + ";")
        lines.extend(number_overloads(op))
    lines.append("\n// Compositions as autocast sees them: what a call by name, from Python or boxed, goes to.")
    lines.append("namespace casting {")
    lines += [form_signature(op, "functional") + ";" for op in ops if op.cast_by_name]
    lines.append("} // namespace casting")
    lines.append("\n} // namespace torch::ops")
    return "\n".join(lines) + "\n"


def number_overloads(op: Op) -> list[str]:
    """C++ convenience: a Scalar where one of the operands may be a number."""
    lines = []
    for name in op.numbers:
        if len(op.numbers) > 1 and name == op.numbers[0] and op.name not in ("where",):
            if op.name not in ("sub", "div", "pow", "rsub"):
                continue
        params, args = [], []
        for p in op.cpp_params:
            default = p.cpp_default()
            if p.name == name:
                params.append(f"const Scalar& {p.name}")
                args.append(f"wrapped_number({p.name})")
            else:
                params.append(f"{p.cpp_type} {p.name}" + (f" = {default}" if default is not None else ""))
                args.append(p.name)
        for form in forms(op):
            if form == "out" or (form == "inplace" and name == op.params[0].name):
                continue
            result = op.return_type if form == "functional" else "const Tensor&"
            cpp = form_cpp_name(op, form)
            lines.append(f"inline {result} {cpp}({', '.join(params)}) {{ return {cpp}({', '.join(args)}); }}")
    return lines


# ---------------------------------------------------------------- nodes


class Node:
    """What the backward of one op keeps and computes."""

    def __init__(self, op: Op):
        self.op = op
        self.struct = camel(op.ident) + "Backward"
        self.shown = camel(base_name(op)) + "Backward0"
        self.targets = op.grad_targets()
        self.by_name: dict[str, Param] = {p.name: p for p in op.params}
        self.formulas: list[tuple[list[str], str, set[str]]] = []  # targets, translated text, members used
        self.members: dict[str, str] = {}  # member -> C++ type
        for key, formula in op.grad.items():
            used: set[str] = set()
            text = self.translate(str(formula), used)
            self.formulas.append((split_names(key), text, used))

    def member(self, name: str, cpp_type: str, used: set[str]) -> str:
        self.members[name] = cpp_type
        used.add(name)
        return name

    def translate(self, formula: str, used: set[str]) -> str:
        op = self.op
        for p in op.params:
            n = p.name
            if p.is_tensor:
                for suffix, member, cpp in [
                    ("sizes()", "sizes", "DimVec"),
                    ("strides()", "strides", "DimVec"),
                    ("dtype()", "dtype", "DType"),
                    ("offset()", "offset", "int64_t"),
                    ("device()", "device", "Device"),
                ]:
                    pattern = rf"\b{n}\.{re.escape(suffix)}"
                    if re.search(pattern, formula):
                        formula = re.sub(pattern, self.member(f"{n}_{member}", cpp, used), formula)
                if re.search(rf"\b{n}\.dim\(\)", formula):
                    self.member(f"{n}_sizes", "DimVec", used)
                    formula = re.sub(rf"\b{n}\.dim\(\)", f"int64_t({n}_sizes.size())", formula)
                if re.search(rf"\b{n}_sizes\b", formula):
                    self.member(f"{n}_sizes", "DimVec", used)
                if re.search(rf"\b{n}_dtype\b", formula):
                    self.member(f"{n}_dtype", "DType", used)
                if re.search(rf"(?<![\w.]){n}\b(?!\w)", formula):
                    self.member(f"{n}_", "SavedTensor", used)
            elif p.is_list:
                if re.search(rf"\b{n}_sizes\b", formula):
                    self.member(f"{n}_sizes", "std::vector<DimVec>", used)
                if re.search(rf"\b{n}_dtypes\b", formula):
                    self.member(f"{n}_dtypes", "std::vector<DType>", used)
                if re.search(rf"(?<![\w.]){n}\b(?!\w)", formula):
                    self.member(f"{n}_", "std::vector<SavedTensor>", used)
            elif re.search(rf"(?<![\w.]){n}\b", formula):
                self.member(n, p.stored_type, used)
        for i in range(max(1, len(op.returns))):
            n = "result" if len(op.returns) == 1 else f"result{i}"
            if re.search(rf"\b{n}\b", formula):
                self.member(f"{n}_", "SavedTensor", used)
        return formula

    def emit_struct(self) -> str:
        lines = [f"struct {self.struct} final : autograd::Node {{"]
        lines.append(f'  const char* name() const override {{ return "{self.shown}"; }}')
        lines.append("  void apply(std::span<Tensor> grads, std::span<Tensor> results) override;")
        saved = [m for m, t in self.members.items() if "SavedTensor" in t]
        if saved:
            body = " ".join(
                f"for (auto& s : {m}) s.release();" if self.members[m].startswith("std::vector") else f"{m}.release();"
                for m in saved
            )
            lines.append(f"  void release_saved() override {{ {body} }}")
            shown = " ".join(
                f'v.visit("{m[:-1]}", {m}, true);'
                if self.members[m].startswith("std::vector")
                else f'v.visit("{m[:-1]}", {{&{m}, 1}}, false);'
                for m in saved
            )
            lines.append(f"  void visit_saved(autograd::SavedVisitor& v) const override {{ {shown} }}")
        for m, t in self.members.items():
            init = "{}" if t in ("int64_t", "double", "bool", "DType") else ""
            lines.append(f"  {t} {m}{init};")
        lines.append("};")
        return "\n".join(lines)

    def edge_index(self, target: str) -> int:
        return self.targets.index(target)

    def emit_apply(self) -> str:
        op = self.op
        lines = [f"void {self.struct}::apply(std::span<Tensor> grads, std::span<Tensor> results) {{"]
        whole = " ".join(f for _, f, _ in self.formulas)
        if op.several:
            lines.append("  if (none_defined(grads)) return;")
            lines.append("  const std::vector<Tensor> grad = defined_grads(grads, inputs());")
        elif len(op.returns) <= 1 or op.inplace_only:
            lines.append("  const Tensor& grad = grads[0];")
            lines.append("  if (!grad.defined()) return;")
        else:
            read = sorted({int(i) for i in re.findall(r"grads\[(\d)\]", whole)}) or [0]
            lines.append(f"  if ({' && '.join(f'!grads[{i}].defined()' for i in read)}) return;")
        for targets, formula, used in self.formulas:
            first = self.by_name[targets[0]]
            unpack = []
            for m in sorted(used):
                if self.members[m] == "SavedTensor":
                    unpack.append(f"    const Tensor {m[:-1]} = {m}.unpack(this);")
                elif self.members[m] == "std::vector<SavedTensor>":
                    unpack.append(f"    const std::vector<Tensor> {m[:-1]} = unpack_all({m}, this);")
            if len(targets) == 1 and first.is_list:
                lines.append("  {")
                lines.extend(unpack)
                lines.append(f"    auto list = {formula};")
                lines.append("    for (size_t i = 0; i < list.size(); ++i)")
                lines.append("      if (needs(i)) results[i] = std::move(list[i]);")
                lines.append("  }")
            elif len(targets) == 1:
                i = self.edge_index(targets[0])
                lines.append(f"  if (needs({i})) {{")
                lines.extend(unpack)
                lines.append(f"    results[{i}] = {formula};")
                lines.append("  }")
            else:
                indices = [self.edge_index(t) for t in targets]
                lines.append(f"  if ({' || '.join(f'needs({i})' for i in indices)}) {{")
                lines.extend(unpack)
                lines.append(
                    f"    [[maybe_unused]] const std::array<bool, {len(indices)}> mask{{"
                    + ", ".join(f"needs({i})" for i in indices)
                    + "};"
                )
                lines.append(f"    auto all = {formula};")
                for k, i in enumerate(indices):
                    lines.append(f"    if (needs({i})) results[{i}] = std::get<{k}>(std::move(all));")
                lines.append("  }")
        lines.append("}")
        return "\n".join(lines)

    def needed_by(self, member: str) -> str:
        indices = sorted({self.edge_index(t) for targets, _, used in self.formulas if member in used for t in targets})
        if len(indices) == len(self.targets) or any(self.by_name[t].is_list for t in self.targets):
            return ""
        return " || ".join(f"node->needs({i})" for i in indices)

    def emit_record(self, form: str, indent: str) -> list[str]:
        """Makes the node, takes edges and saves inputs (before an in-place write)."""
        lines = [f"{indent}node = autograd::make_node<{self.struct}>();"]
        for t in self.targets:
            lines.append(f"{indent}node->{'add_edges' if self.by_name[t].is_list else 'add_edge'}({t});")
        op = self.op
        for m, t in self.members.items():
            if m.startswith("result"):
                continue
            condition = self.needed_by(m)
            prefix = f"{indent}if ({condition}) " if condition else indent
            if t == "SavedTensor":
                source = m[:-1]
                written = op.params[0].name
                # An in-place op is about to overwrite self: keep a copy of the old values.
                value = f"saved_copy({source})" if form == "inplace" and source == written else source
                if source in op.numbers:
                    value = f"settled({value}, {written if form == 'inplace' else 'result'})"
                saved = (
                    f"SavedTensor::beside({value}, {written})"
                    if form == "inplace" and source != written
                    else f"SavedTensor({value}, false)"
                )
                lines.append(f"{prefix}node->{m} = {saved};")
            elif t == "std::vector<SavedTensor>":
                lines.append(f"{prefix}node->{m} = save_all({m[:-1]});")
            elif t == "std::vector<DimVec>":
                lines.append(f"{prefix}node->{m} = sizes_of({m.removesuffix('_sizes')});")
            elif t == "std::vector<DType>":
                lines.append(f"{prefix}node->{m} = dtypes_of({m.removesuffix('_dtypes')});")
            elif m in self.by_name:
                lines.append(f"{prefix}node->{m} = {stored_value(self.by_name[m])};")
            else:
                base, _, attribute = m.rpartition("_")
                lines.append(f"{prefix}node->{m} = meta_{attribute}({base});")
        return lines

    def emit_save_results(self, form: str, indent: str) -> list[str]:
        lines = []
        for m in self.members:
            if m.startswith("result"):
                source = self.op.params[0].name if form == "inplace" else m[:-1]
                condition = self.needed_by(m)
                prefix = f"{indent}if ({condition}) " if condition else indent
                lines.append(f"{prefix}node->{m} = SavedTensor({source}, true);")
        return lines


def stored_value(p: Param) -> str:
    if p.stored_type == "Ref<Generator>":
        return f"Ref<Generator>({p.name})"
    if p.stored_type == "std::string":
        return f"std::string({p.name})"
    if p.type == "str?":
        return f"stored({p.name})"
    if p.stored_type == "DimVec":
        return f"DimVec({p.name})"
    return p.name


# ---------------------------------------------------------------- entry points


def cast_lines(op: Op) -> list[str]:
    """Inside an autocast region: the same call with converted operands."""
    if not op.cast:
        return []
    lines = ["  if (autocast::active) [[unlikely]] {", "    const autocast::Off off;"]
    names = [p.name for p in op.tensor_params]
    cast = "widest" if op.cast == "promote" else f"autocast::{op.cast}"
    if op.cast == "promote":
        lines += ["    autocast::Widest widest;"] + [f"    widest.see({n});" for n in names]
    args = ", ".join(f"{cast}({p.name})" if p.name in names else p.name for p in op.cpp_params)
    return lines + [f"    return ops::{op.name}({args});", "  }"]


def gate_line(op: Op, form: str) -> list[str]:
    tensors = [p.name for p in op.tensor_params]
    outs = out_names(op) if form == "out" else []
    names = arg_names(op)
    if form == "functional":
        result = op.return_type
    elif form == "inplace":
        result = "const Tensor&" if op.returns else "void"
    else:
        result = "const Tensor&" if len(op.returns) == 1 else "void"
    args = ", ".join([n for n in [names] if n] + outs)
    ident = f"OpId::{form_ident(op, form)}"
    test = f"gate::{'interposed' if takes_sparse(op, form) else 'active'}({', '.join(tensors + outs)})"
    if result == "const Tensor&":
        target = op.params[0].name if form == "inplace" else outs[0]
        return [
            f"  if ({test}) [[unlikely]] {{",
            f"    gate::call_void({ident}{', ' + args if args else ''});",
            f"    return {target};",
            "  }",
        ]
    if result == "void":
        return [f"  if ({test}) [[unlikely]] return gate::call_void({ident}{', ' + args if args else ''});"]
    return [f"  if ({test}) [[unlikely]] return gate::call<{result}>({ident}{', ' + args if args else ''});"]


def pointwise_rule(op: Op) -> str:
    infer = op.infer
    if infer in ("promote", "float", "bool", "where"):
        return f"PointwiseRule::{camel(infer)}()"
    first = op.params[0].name
    if infer == "same":
        return f"PointwiseRule::Fixed({first}.dtype(), {first}.dtype())"
    if infer == "real":
        return f"PointwiseRule::Fixed({first}.dtype(), real_type({first}.dtype()))"
    m = re.fullmatch(r"dtype\((.*)\)( real)?", infer, re.S)
    assert m, (op.full_name, infer)
    compute = m.group(1)
    out = f"real_type({compute})" if m.group(2) else compute
    return f"PointwiseRule::Fixed({compute}, {out})"


def kernel_args(op: Op, *, densified: bool = True) -> list[str]:
    _, args = op.kernel_call()
    by_name = {p.name: p for p in op.params}
    out = []
    for a in args:
        m = re.fullmatch(r"(double|int64_t|bool|IntSpan) \w+ = (.*)", a, re.S)
        if m:
            out.append(m.group(2))
            continue
        p = by_name[a]
        if p.type == "int[]?":
            out.append(f"{a}.span()")
        elif densified and a in op.contiguous:
            out.append(f"{a}_c")
        else:
            out.append(a)
    return out


def contiguous_lines(op: Op, indent: str) -> list[str]:
    return [f"{indent}const Tensor {n}_c = densified({n});" for n in op.contiguous]


def table_of(op: Op, outs: list[str]) -> str:
    """Whose device says which table the kernel is taken from: a copy may go from one device to another."""
    name, args = op.kernel_call()
    return ", ".join(outs + args if name == "copy" else outs)


def device_check(op: Op) -> list[str]:
    tensors = [p.name for p in op.tensor_params]
    if op.update and op.kernel_call()[0] == "copy":  # from one device to another
        return []
    if len(tensors) < 2 and not any(p.is_list for p in op.tensor_params):
        return []
    names = ", ".join(tensors)
    return [f'  check_same_device("{op.name}", "{names}", {names});']


def check_line(op: Op) -> list[str]:
    return [f"  {op.check};"] if op.check else []


def work_size(op: Op, outs: list[str]) -> str:
    tensors = [p.name for p in op.tensor_params]
    return f"LongWork long_work(work_of({', '.join(outs + tensors)}));"


def record_condition(op: Op, node: Node) -> str:
    return f"autograd::should_record({', '.join(node.targets)})"


def emit_functional(op: Op, node: Node | None) -> list[str]:
    lines = [form_signature(op, "functional") + " {"]
    lines += cast_lines(op) + gate_line(op, "functional")
    multi = len(op.returns) > 1
    results = [f"result{i}" for i in range(len(op.returns))] if multi else ["result"]
    if op.view:
        lines += check_line(op)
        make = "make_views" if op.several else "make_view" if op.aliasing else "make_unsafe_view"
        lines.append(f"  {op.return_type} result = {make}(self, {op.view});")
        if node:
            lines.append(f"  if ({record_condition(op, node)}) {{")
            lines.append(f"    Ref<{node.struct}> node;")
            lines += node.emit_record("functional", "    ")
            lines.append("    autograd::set_history(result, node);")
            lines += node.emit_save_results("functional", "    ")
            lines.append("  }")
        lines += ["  return result;", "}"]
        return lines
    lines += device_check(op) if not op.pointwise else []
    lines += check_line(op)
    if op.pointwise:
        functor, operands, params = op.pointwise_call()
        lines.append(f"  const Tensor* const operands[] = {{{', '.join('&' + o for o in operands)}}};")
        if params:
            lines.append(f"  const Scalar params[] = {{{', '.join(f'Scalar({p})' for p in params)}}};")
        lines.append(
            f'  Tensor result = pointwise_new("{op.name}", PointwiseOp::{functor}, {pointwise_rule(op)}, operands, '
            f"{'params' if params else NO_PARAMS});"
        )
    elif op.update:
        name, _ = op.kernel_call()
        like = f", {op.infer}" if op.infer else ""
        lines.append(f"  Tensor result = copy_for_update({op.params[0].name}{like});")
        lines.append("  if (!result.is_meta()) {")
        lines += contiguous_lines(op, "    ")
        lines.append(f"    {work_size(op, ['result'])}")
        lines.append(f"    kernels_of({table_of(op, ['result'])}).{name}({', '.join(['result'] + kernel_args(op))});")
        lines.append("  }")
    elif op.composite:  # with a derivative of its own: nothing inside is recorded
        target = f"auto [{', '.join(results)}]" if multi else "Tensor result"
        lines.append(f"  {target} = [&] {{")
        lines.append("    NoGradGuard no_grad;")
        lines.append("    const autocast::Off off;")
        lines.append(f"    return compute::{op.ident}({arg_names(op)});")
        lines.append("  }();")
    elif op.returns_kernel:
        name, _ = op.kernel_call()
        lines.append(f'  check_not_meta("{op.name}", {op.params[0].name});')
        lines += contiguous_lines(op, "  ")
        target = f"auto [{', '.join(results)}]" if multi else "Tensor result"
        lines.append(f"  {target} = kernels_of({op.params[0].name}).{name}({', '.join(kernel_args(op))});")
    else:
        name, _ = op.kernel_call()
        makers = (
            [f"empty_tensor(std::get<{i}>(metas))" for i in range(len(results))] if multi else ["empty_tensor(meta)"]
        )
        if op.later:
            lines.append(f"  const auto {'metas' if multi else 'meta'} = {op.infer};")
            lines.append(f"  Tensor {', '.join(results)};")
            args = ", ".join([*results, "metas" if multi else "meta", *kernel_args(op, densified=False)])
            lines.append(f"  if (!thread_state.deferring || !later::{name}({args})) [[likely]] {{")
            lines += [f"    {r} = {maker};" for r, maker in zip(results, makers)]
        elif multi:
            lines.append(f"  const auto metas = {op.infer};")
            lines += [f"  Tensor {r} = {maker};" for r, maker in zip(results, makers)]
        else:
            lines.append(f"  Tensor result = empty_tensor({op.infer});")
        lines.append(f"  if (!is_meta({', '.join(results)})) {{")
        lines += contiguous_lines(op, "    ")
        lines.append(f"    {work_size(op, results)}")
        lines.append(f"    kernels_of({table_of(op, results)}).{name}({', '.join(results + kernel_args(op))});")
        lines.append("  }")
        if op.later:
            lines.append("  }")
    if node:
        lines.append(f"  if ({record_condition(op, node)}) [[unlikely]] {{")
        lines.append(f"    Ref<{node.struct}> node;")
        lines += node.emit_record("functional", "    ")
        for r, name in zip(results, op.return_names):
            record = f"node->add_output({r})" if name in op.constant else f"autograd::set_history({r}, node)"
            lines.append(f"    {record};")
        lines += node.emit_save_results("functional", "    ")
        lines.append("  }")
    lines.append(f"  return {'{' + ', '.join(f'std::move({r})' for r in results) + '}' if multi else 'result'};")
    lines.append("}")
    return lines


def emit_inplace(op: Op, node: Node | None) -> list[str]:
    lines = [form_signature(op, "inplace") + " {"]
    lines += gate_line(op, "inplace")
    name_ = base_name(op) + "_"
    if op.lists_kernel:
        name, _ = op.kernel_call()
        mutated = [p.name for p in op.params if p.mutated and p.name != "grads"]
        lines += [f'  check_writable("{name_}", {n});' for n in mutated]
        lines.append(f"  LongWork long_work(work_of({', '.join(p.name for p in op.params if p.is_list)}));")
        lines.append(f"  kernels_of({op.params[0].name}).{name}({', '.join(kernel_args(op))});")
        lines += [f"  bump_versions({n});" for n in mutated]
        return lines + ["}"]
    self_name = op.params[0].name
    lines += device_check(op) if not op.pointwise else []
    lines += check_line(op)
    if node:
        lines.append(f"  const bool recording = {record_condition(op, node)};")
        recording = "recording"
    else:
        recording = f"autograd::should_record({self_name})"
    lines.append(f'  autograd::check_inplace({self_name}, {recording}, "{name_}");')
    if node:
        lines.append(f"  Ref<{node.struct}> node;")
        lines.append("  if (recording) [[unlikely]] {")
        lines += node.emit_record("inplace", "    ")
        lines.append("  }")
    if op.view:
        lines.append(f"  restride({self_name}, {op.view});")
        lines += [
            f"  autograd::finish_restride({self_name}, {'node' if node else 'Ref<autograd::Node>()'});",
            f"  return {self_name};",
            "}",
        ]
        return lines
    if op.pointwise:
        functor, operands, params = op.pointwise_call()
        lines.append(f"  const Tensor* const operands[] = {{{', '.join('&' + o for o in operands)}}};")
        if params:
            lines.append(f"  const Scalar params[] = {{{', '.join(f'Scalar({p})' for p in params)}}};")
        lines.append(
            f'  pointwise_into("{name_}", {self_name}, PointwiseOp::{functor}, {pointwise_rule(op)}, operands, '
            f"{'params' if params else NO_PARAMS});"
        )
    elif op.update:
        name, _ = op.kernel_call()
        lines.append(f'  {"check_not_readonly" if op.overlapping else "check_writable"}("{name_}", {self_name});')
        others = [p.name for p in op.tensor_params if p.name != self_name]
        for other in others:
            if op.name != "copy_":
                lines.append(f'  check_no_overlap("{name_}", {self_name}, {other});')
        lines.append(f"  if (!{self_name}.is_meta()) {{")
        lines += contiguous_lines(op, "    ")
        lines.append(f"    {work_size(op, [])}")
        if any(p.name == "non_blocking" for p in op.params):
            lines.append("    const LaggingCopies lagging(non_blocking);")
        lines.append(f"    kernels_of({table_of(op, [self_name])}).{name}({', '.join([self_name] + kernel_args(op))});")
        lines.append("  }")
    else:  # computed apart, then copied: reads may overlap the write
        lines.append(f'  check_writable("{name_}", {self_name});')
        lines.append("  {")
        lines.append("    NoGradGuard no_grad;")
        # What is computed takes the dtype of the tensor that it is written to.
        names = given_dtype(op, arg_names(op), f'inplace_dtype("{name_}", {self_name}, dtype)')
        lines.append(f'    write_result("{name_}", {self_name}, {op.name}({names}));')
        lines.append("  }")
    lines.append(f"  autograd::finish_inplace({self_name}, {'node' if node else 'Ref<autograd::Node>()'});")
    if node and any(m.startswith("result") for m in node.members):
        lines.append("  if (recording) [[unlikely]] {")
        lines += node.emit_save_results("inplace", "    ")
        lines.append("  }")
    lines += [f"  return {self_name};", "}"]
    return lines


def given_dtype(op: Op, text: str, value: str) -> str:
    """``text`` with the argument dtype, if the op has it, replaced by ``value``."""
    if not any(p.type == "ScalarType?" and p.name == "dtype" for p in op.params):
        return text
    return re.sub(r"(?<![\w.])dtype\b(?!\()", value, text)


def emit_out(op: Op) -> list[str]:
    lines = [form_signature(op, "out") + " {"]
    lines += gate_line(op, "out")
    outs = out_names(op)
    tensors = [p.name for p in op.tensor_params]
    lines.append(f'  check_out("{op.name}", {", ".join(outs + tensors)});')
    if op.apart:
        # An update starts from self: out may be self, but nothing else that lies in it.
        checks = {t: "check_no_overlap" if op.update and t == op.params[0].name else "check_apart" for t in tensors}
        lines += [f'  {check}("{op.name}", {out}, {t});' for out in outs for t, check in checks.items()]
    if op.pointwise:
        lines += check_line(op)
        functor, operands, params = op.pointwise_call()
        lines.append(f"  const Tensor* const operands[] = {{{', '.join('&' + o for o in operands)}}};")
        if params:
            lines.append(f"  const Scalar params[] = {{{', '.join(f'Scalar({p})' for p in params)}}};")
        lines.append(
            f'  pointwise_out("{op.name}", out, PointwiseOp::{functor}, {pointwise_rule(op)}, operands, '
            f"{'params' if params else NO_PARAMS}, {op.out_rule});"
        )
        return lines + ["  return out;", "}"]
    if op.out:
        return (
            lines
            + ["  const NoGradGuard no_grad;", f"  {op.out};"]
            + (["  return out;"] if len(outs) == 1 else [])
            + ["}"]
        )
    rule = op.out_rule

    def typed(text: str) -> str:
        """Out decides the dtype that is not asked for, and what is asked for must be out's."""
        if op.factory:
            text = re.sub(r"\bdevice\b", "factory_device(out, device)", text)
        elif op.out_dtype != "computed":
            return text
        return given_dtype(op, text, "factory_dtype(out, dtype)")

    direct = not op.composite and not op.update and not op.returns_kernel and len(op.returns) == 1
    if direct:
        name, _ = op.kernel_call()
        lines += device_check(op) + check_line(op)
        lines.append(
            f'  const Tensor filled = prepare_out("{op.name}", out, {typed(op.infer)}, {rule}{"".join(", " + t for t in tensors)});'
        )
        lines.append("  if (!is_meta(filled)) {")
        lines += contiguous_lines(op, "    ")
        lines.append(f"    {work_size(op, ['filled'])}")
        lines.append(f"    kernels_of({table_of(op, ['filled'])}).{name}({', '.join(['filled'] + kernel_args(op))});")
        lines.append("  }")
        lines.append("  finish_out(out, filled);")
        return lines + ["  return out;", "}"]
    lines.append("  NoGradGuard no_grad;")
    if len(op.returns) == 1:
        result = f"{op.name}({typed(arg_names(op))})"
        if op.factory:
            lines.append(f"  const Tensor result = {result};")
            lines.append(f'  finish_out(factory_out("{op.name}", out, result.sizes(), dtype, device), result);')
        else:
            lines.append(f'  assign_out("{op.name}", out, {result}, {rule});')
        return lines + ["  return out;", "}"]
    lines.append(f"  auto results = {op.name}({arg_names(op)});")
    for i, n in enumerate(outs):  # refuses before it writes any
        lines.append(f'  check_out_fits("{op.name}", {n}, std::get<{i}>(results), {rule});')
    for i, n in enumerate(outs):
        lines.append(f'  assign_out("{op.name}", {n}, std::get<{i}>(results), {rule});')
    return lines + ["}"]


def emit_family(family: str, ops: list[Op]) -> str:
    lines = [HEADER, '#include "ops/entry.h"']
    if any(p.name == "non_blocking" for op in ops for p in op.params):
        lines.append('#include "core/backend.h"')
    if any(op.sparse for op in ops):
        lines += ['#include "ops/boxed.h"', '#include "ops/sparse/sparse.h"']
    if any(op.later for op in ops):
        lines.append('#include "ops/deferred.h"')
    lines += ["", "namespace torch::ops {\n", "using autograd::SavedTensor;\n"]
    nodes: dict[str, Node] = {op.ident: Node(op) for op in ops if op.grad}
    lines.append("namespace {\n")
    for node in nodes.values():
        lines += [node.emit_struct(), node.emit_apply(), ""]
    lines.append("} // namespace\n")
    computed = [op for op in ops if op.composite and op.grad]
    if computed:
        lines.append("// Values of compositions whose derivative is given, written in ops/composite.")
        lines.append("namespace compute {")
        lines += [f"{op.return_type} {op.ident}({param_list(op, False)});" for op in computed]
        lines.append("} // namespace compute\n")
    cast = [op for op in ops if op.cast_by_name]
    if cast:
        lines.append("namespace casting {\n")
        for op in cast:
            lines += [form_signature(op, "functional") + " {", *cast_lines(op)]
            lines += [f"  return ops::{op.name}({arg_names(op)});", "}", ""]
        lines.append("} // namespace casting\n")
    for op in ops:
        node = nodes.get(op.ident)
        if not op.composite or op.grad:
            if not op.inplace_only:
                lines += emit_functional(op, node) + [""]
            if op.inplace_only or "inplace" in op.forms:
                lines += emit_inplace(op, node) + [""]
        if "out" in op.forms:
            lines += emit_out(op) + [""]
        if op.sparse and not op.takes_sparse:
            lines += emit_on_sparse(op, node) + [""]
    lines.append("} // namespace torch::ops")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- boxed calls and the op table


def unboxed(p: Param, index: int) -> str:
    getters = {
        "Tensor": "tensor_of",
        "Tensor?": "optional_tensor_of",
        "Tensor[]": "tensors_of",
        "Tensor?[]": "tensors_of",
        "Scalar": "scalar_of",
        "Scalar?": "optional_scalar_of",
        "int": "int_of",
        "int?": "optional_int_of",
        "float": "double_of",
        "float?": "optional_double_of",
        "bool": "bool_of",
        "bool?": "optional_bool_of",
        "int[]": "ints_of",
        "int[]?": "optional_ints_of",
        "bool[]": "mask_of",
        "ScalarType": "dtype_of_value",
        "ScalarType?": "optional_dtype_of",
        "Device?": "optional_device_of",
        "MemoryFormat": "format_of",
        "MemoryFormat?": "optional_format_of",
        "Generator?": "generator_of",
        "str": "string_of",
        "str?": "optional_string_of",
    }
    return f"{getters[p.type]}(args[{index}])"


def emit_boxed(family: str, ops: list[Op]) -> str:
    lines = [HEADER, '#include "ops/boxed.h"\n', '#include "ops/ops.h"\n', "namespace torch::ops::boxed {\n"]
    for op in ops:
        for form in forms(op):
            args = [unboxed(p, i) for i, p in enumerate(op.cpp_params)]
            cpp = called_name(op) if form == "functional" else form_cpp_name(op, form)
            lines.append(
                f"void {form_ident(op, form)}([[maybe_unused]] std::span<const Value> args, "
                "[[maybe_unused]] Values& results) {"
            )
            if form == "out":
                n = len(op.cpp_params)
                outs = [f"tensor_of(args[{n + i}])" for i in range(len(out_names(op)))]
                lines.append(f"  ops::{cpp}({', '.join(outs + args)});")
                lines += [f"  results.emplace_back(Tensor({o}));" for o in outs]
            elif form == "inplace" and not op.returns:
                lines.append(f"  ops::{cpp}({', '.join(args)});")
            elif form == "functional" and len(op.returns) > 1:
                lines.append(f"  auto r = ops::{cpp}({', '.join(args)});")
                lines += [f"  results.emplace_back(std::move(std::get<{i}>(r)));" for i in range(len(op.returns))]
            elif form == "functional" and not op.returns:
                lines.append(f"  ops::{cpp}({', '.join(args)});")
            elif form == "inplace":
                lines.append(f"  results.emplace_back(Tensor(ops::{cpp}({', '.join(args)})));")
            else:
                lines.append(f"  results.emplace_back(ops::{cpp}({', '.join(args)}));")
            lines.append("}")
    lines.append("\n} // namespace torch::ops::boxed")
    return "\n".join(lines) + "\n"


def takes_sparse(op: Op, form: str) -> bool:
    """Compositions without a formula hand their operands to other ops as they are."""
    return op.takes_sparse or (op.composite and not op.grad and form != "out")


def has_sparse(op: Op, form: str) -> bool:
    return bool(op.sparse) and not op.takes_sparse and len(op.returns) <= 1 and not (op.view and form == "inplace")


def emit_on_sparse(op: Op, node: Node | None) -> list[str]:
    """What the op does with operands of sparse layouts; the in-place and out= forms put the function's result."""
    expression, composed = op.sparse_value()
    params = ", ".join(f"[[maybe_unused]] {p.cpp_type} {p.name}" for p in op.cpp_params)
    lines = ["namespace on_sparse {", f"static {op.return_type} {op.ident}_value({params}) {{"]
    if composed or not node or op.inplace_only:
        lines.append(f"  return {expression};")
    else:
        lines += [
            "  Tensor result = [&] {",
            "    NoGradGuard no_grad;",
            f"    return {expression};",
            "  }();",
            f"  if ({record_condition(op, node)}) {{",
            f"    Ref<{node.struct}> node;",
        ]
        lines += node.emit_record("functional", "    ")
        lines.append("    autograd::set_history(result, node);")
        lines += node.emit_save_results("functional", "    ")
        lines += ["  }", "  return result;"]
    lines.append("}")
    args = ", ".join("boxed::" + unboxed(p, i) for i, p in enumerate(op.cpp_params))
    for form in forms(op):
        if not has_sparse(op, form):
            continue
        value = f"{op.ident}_value({args})"
        if form == "inplace" and not op.inplace_only:
            value = f'sparse::put("{form_cpp_name(op, form)}", boxed::tensor_of(args[0]), [&] {{ return {value}; }})'
        elif form == "out":
            value = f'sparse::put_out("{op.name}", boxed::tensor_of(args[{len(op.cpp_params)}]), {value})'
        lines.append(f"void {form_ident(op, form)}(std::span<const Value> args, Values& results) {{")
        lines += [f"  results.emplace_back({value});", "}"]
    return lines + ["} // namespace on_sparse"]


def emit_op_ids(ops: list[Op]) -> str:
    lines = [HEADER, "#pragma once\n", "#include <cstdint>\n", "namespace torch {\n", "enum class OpId : uint16_t {"]
    for op in ops:
        lines += [f"  {form_ident(op, form)}," for form in forms(op)]
    lines += ["  kCount", "};\n", "} // namespace torch"]
    return "\n".join(lines) + "\n"


def renames_first(op: Op) -> bool:
    """Whether the first argument is self in the in-place form and something else in the function."""
    return "inplace" in op.forms and not op.inplace_only and op.params[0].name != "self"


def shown_schema(op: Op, form: str) -> str:
    name, overload = form_name(op, form)
    full = f"{name}.{overload}" if overload else name
    text = op.schema[op.schema.index("(") :].replace("SymInt", "int")
    if form == "inplace" and not op.inplace_only:
        text = re.sub(r"^\(Tensor(\(a\))? \w+", "(Tensor(a!) self", text)
        text = text.rsplit("->", 1)[0] + "-> Tensor(a!)"
    if form == "out":
        head, _ = text.rsplit("->", 1)
        head = head.rstrip()[:-1]
        star = "" if "*," in head else ", *"
        outs = ", ".join(f"Tensor({chr(97 + i)}!) {n}" for i, n in enumerate(shown_out_names(op)))
        result = ", ".join(f"Tensor({chr(97 + i)}!)" for i in range(len(op.returns)))
        text = f"{head}{star}, {outs}) -> " + (result if len(op.returns) == 1 else f"({result})")
    return full + text


def emit_registry(ops: list[Op]) -> str:
    lines = [HEADER, '#include "ops/registry.h"\n', "namespace torch {\n", "namespace ops::boxed {"]
    for op in ops:
        for form in forms(op):
            lines.append(f"void {form_ident(op, form)}(std::span<const Value>, Values&);")
    lines.append("} // namespace ops::boxed\n")
    lines.append("namespace ops::on_sparse {")
    lines += [
        f"void {form_ident(op, form)}(std::span<const Value>, Values&);"
        for op in ops
        for form in forms(op)
        if has_sparse(op, form)
    ]
    lines.append("} // namespace ops::on_sparse\n")
    lines.append("namespace {")
    for op in ops:
        specs = []
        for p in op.cpp_params:
            default = p.cpp_default()
            specs.append(
                f'{{"{p.name}", ArgKind::{p.kind}, {p.size or 0}, {str(default is not None).lower()}, '
                f'{str(p.keyword_only).lower()}, "{p.default or ""}"}}'
            )
        lines.append(
            f"constexpr OpParam params_{op.ident}[] = {{{', '.join(specs)}}};"
            if specs
            else f"constexpr OpParam params_{op.ident}[1] = {{}};"
        )
        if renames_first(op):
            first = specs[0].replace(f'"{op.params[0].name}"', '"self"', 1)
            lines.append(f"constexpr OpParam params_{op.ident}_inplace[] = {{{', '.join([first] + specs[1:])}}};")
    lines.append("} // namespace\n")
    lines.append("const OpDef op_table[] = {")
    for op in ops:
        for form in forms(op):
            name, overload = form_name(op, form)
            cast = op.cast if form == "functional" else ""
            schema = shown_schema(op, form).replace('"', '\\"')
            params = f"params_{op.ident}{'_inplace' if form == 'inplace' and renames_first(op) else ''}"
            lines.append(
                f'  {{OpId::{form_ident(op, form)}, "{name}", "{overload}", "{schema}", "{op.family}", "{cast}", '
                f"{{{params}, {len(op.cpp_params)}}}, {len(out_names(op)) if form == 'out' else 0}, "
                f"{str(op.differentiable).lower()}, {str(op.composite).lower()}, {str(form == 'inplace').lower()}, "
                f"ops::boxed::{form_ident(op, form)}, {str(takes_sparse(op, form)).lower()}, "
                f"{f'ops::on_sparse::{form_ident(op, form)}' if has_sparse(op, form) else 'nullptr'}}},"
            )
    lines += ["};", "", "} // namespace torch"]
    return "\n".join(lines) + "\n"
