"""How much of PyTorch's API is here: each public function of torch, torch.Tensor, torch.nn.functional, torch.linalg,
torch.fft and torch.special is full, partial (and what of it is missing) or absent. The functions and methods that other
packages use most, by scripts/most_used.txt, are counted by themselves; of those in these namespaces all must be full.

scripts/api_coverage.py --reference .venv-pytorch/bin/python            print the table
scripts/api_coverage.py --reference ... --write docs/compatibility.md   replace the section between the markers there
scripts/api_coverage.py --reference ... --check                         exit with 1 below the targets

The names, signatures and overloads of PyTorch are asked of an interpreter that has it. A function counts as full when
each overload that a Python program can reach, or each parameter of a Python function, is here under the same name. That
its values are right is what tests/ops shows.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

# Run by both interpreters: what each namespace has.
PROBE = r"""
import importlib, inspect, json, sys, types, warnings
warnings.simplefilter("ignore")
import torch
ours = "+core" in torch.__version__
def module(name):
    try:
        return importlib.import_module(name)
    except Exception:
        return types.ModuleType(name)
places = {"torch": torch, "Tensor": torch.Tensor, "F": module("torch.nn.functional"), "linalg": module("torch.linalg"),
          "fft": module("torch.fft"), "special": module("torch.special")}
def parameters(value):
    try:
        found = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, p.kind.name] for p in found]
found = {}
private = set(sys.argv[1:])
for place, holder in places.items():
    here = found[place] = {}
    for name in dir(holder):
        if name.startswith("_") and f"{place}.{name}" not in private:
            continue
        try:
            value = getattr(holder, name)
        except Exception:
            continue
        if inspect.ismodule(value) or inspect.isclass(value):
            continue
        if not callable(value):
            if place == "Tensor":
                here[name] = {"kind": "attribute"}
            continue
        builtin = not isinstance(value, types.FunctionType)
        here[name] = {"kind": "builtin" if builtin else "python", "parameters": parameters(value)}
if ours:
    schemas = [entry["schema"] for entry in torch._C._op_table()]
else:
    schemas = [str(s)[6:] for s in torch._C._jit_get_all_schemas() if s.name.startswith("aten::")]
json.dump({"places": found, "schemas": schemas}, sys.stdout)
"""

# Names that do not concern dense tensors on the CPU, and why. First match wins.
ELSEWHERE = [
    (r"quant|^q_|fbgemm|int_repr|qscheme|choose_qparams|fused_moving_avg", "quantized tensors"),
    (
        r"cudnn|miopen|mkldnn|vulkan|xnnpack|_cuda|record_stream|^batch_norm_(stats|elemt|gather|update|backward)|"
        r"^(is_)?(cuda|ipu|maia|meta|mps|mtia|xpu|hpu|xla|vulkan)$|get_device_module",
        "other devices and their libraries",
    ),
    (
        r"^native_norm$|^_values$|^_indices$|sparse|coalesce|(crow|ccol|row|col)_indices|^(indices|values)(_copy)?$|"
        r"dsmm|hspmm|^smm|spmm|sspaddmm|saddmm|hsmm|dense_dim|padded_tensor",
        "sparse and nested layouts",
    ),
    ("^vmap$", "function transforms (torch.func)"),
    ("^chalf$", "complex32"),
    (
        r"^compile$|^sym_|^_sym|^unify_type|^merge_type|^parse_|import_ir|^fork$|^wait$|init_num_threads|"
        r"prepare_multiprocessing|"
        r"profiler_allow|compiled_with|^get_file_path$|^(cond|while_loop)$|^typename$|^is_vulkan|thread_safe_generator|"
        r"classproperty",
        "tracing and internals",
    ),
    (r"autocast", "mixed precision (torch.amp)"),
    (r"^(align_|names$|refine_names|rename|has_names)", "named dimensions"),
    (
        r"assert_int_or_pair|boolean_dispatch|has_torch_function|handle_torch_function|scaled_(grouped_)?mm|grouped_mm|"
        r"linear_cross_entropy|^Optional$|^slice_inverse$|^index$|^is_distributed$",
        "internals and prototypes",
    ),
]
# Overloads that only TorchScript has: over Python's lists and numbers.
SCRIPTED = {
    "sort.int",
    "sort.float",
    "sort.Tensor",
    "sort.bool",
    "sort.str",
    "sort.any",
    "ldexp",
    "copy_.Tensor",
    "copy_.int",
    "copy_.float",
}
REMOVED = ("eig", "symeig", "solve", "lstsq", "matrix_rank", "volatile")
TITLES = {
    "torch": "torch",
    "Tensor": "torch.Tensor",
    "F": "torch.nn.functional",
    "linalg": "torch.linalg",
    "fft": "torch.fft",
    "special": "torch.special",
}
TARGET = 0.95
MOST_USED = Path(__file__).resolve().parent / "most_used.txt"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


def probe(python: str, path: str | None, private: list[str]) -> dict[str, Any]:
    env = {"PYTHONPATH": path} if path else {}
    done = subprocess.run([python, "-c", PROBE, *private], capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def elsewhere(place: str, name: str) -> str | None:
    if place in ("torch", "Tensor") and name in REMOVED:
        return "removed functions, which only raise"
    return next((why for pattern, why in ELSEWHERE if re.search(pattern, name)), None)


def argument_names(schema: str) -> list[str]:
    """Names of the arguments; those written to as ``out=`` are all called out."""
    inner = schema[schema.index("(") + 1 : schema.rindex(") ->")]
    pieces = re.split(r",\s*(?![^\[\(]*[\]\)])", inner)
    keyword, names = False, []
    for piece in (p.strip() for p in pieces):
        if piece == "*":
            keyword = True
        elif piece:
            names.append("out" if keyword and "!)" in piece else piece.partition("=")[0].split()[-1])
    return names


def overloads(schemas: list[str]) -> dict[str, dict[str, list[str]]]:
    """Base name -> overload -> argument names; without those that Python programs do not meet."""
    found: dict[str, dict[str, list[str]]] = {}
    for schema in schemas:
        head = schema[: schema.index("(")]
        base, _, overload = head.partition(".")
        if re.search(r"Dimname|\bt\[\]|\bt\b |\bt\(|__upgraders|QScheme", schema) or overload.endswith("_names"):
            continue
        if head in SCRIPTED and ("[](a!)" in schema or "float x" in schema or "other)" in schema):
            continue
        found.setdefault(base, {})[overload] = argument_names(schema)
    return found


def missing_overloads(theirs: dict[str, list[str]], ours: dict[str, list[str]]) -> list[str]:
    """Overloads of theirs whose arguments no overload of ours takes."""
    left_out = {"dtype", "layout", "device", "pin_memory", "generator", "names", "a", "b", "c"}
    ours_sets = [set(names) for names in ours.values()]
    gone = []
    for overload, names in theirs.items():
        if "out" in names or overload in ("int", "float", "str", "complex", "bool", "Scalar_Scalar", "t", "Number"):
            continue
        wanted = set(names) - left_out
        if not any(wanted <= mine for mine in ours_sets):
            gone.append(f"({', '.join(names)})")
    return gone


def judge(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, dict[str, tuple[str, str]]]:
    """Namespace -> name -> (full, partial, absent or elsewhere; what is missing)."""
    tables = overloads(theirs["schemas"]), overloads(ours["schemas"])
    result: dict[str, dict[str, tuple[str, str]]] = {}
    for place, names in theirs["places"].items():
        mine = ours["places"][place]
        for name, facts in names.items():
            why = elsewhere(place, name)
            if name == "compile":  # there, but only to say that it is not supported
                verdict = ("elsewhere", why or "")
            elif name not in mine:
                verdict = ("elsewhere", why) if why else ("absent", "")
            else:
                gone: list[str] = []
                kind = facts["kind"]
                if kind == "builtin" and name in tables[0] and name in tables[1] and name[0] != "_":
                    gone = missing_overloads(tables[0][name], tables[1][name])
                elif kind == "python" and facts["parameters"] and mine[name].get("parameters"):
                    have = {p[0] for p in mine[name]["parameters"]}
                    if not any(p[1] == "VAR_KEYWORD" for p in mine[name]["parameters"]):
                        gone = [
                            p[0]
                            for p in facts["parameters"]
                            if p[1] not in ("VAR_POSITIONAL", "VAR_KEYWORD") and p[0] not in have and p[0] != "self"
                        ]
                verdict = ("partial", ", ".join(gone)) if gone else ("full", "")
            result.setdefault(place, {})[name] = verdict
    return result


def report(verdicts: dict[str, dict[str, tuple[str, str]]]) -> str:
    lines = ["| namespace | functions | full | partial | absent | share full |", "|" + " --- |" * 6]
    details = []
    for place, names in verdicts.items():
        count = {kind: sum(v[0] == kind for v in names.values()) for kind in ("full", "partial", "absent")}
        total = sum(count.values())
        lines.append(
            f"| `{TITLES[place]}` | {total} | {count['full']} | {count['partial']} | {count['absent']} | "
            f"{100 * count['full'] / max(total, 1):.1f} % |"
        )
        for kind in ("partial", "absent"):
            some = [
                f"`{name}`" + (f" lacks {gone}" if gone else "") for name, (what, gone) in names.items() if what == kind
            ]
            if some:
                joined = ("; " if kind == "partial" else ", ").join(some)
                details.append(f"`{TITLES[place]}`, {kind}: {joined}.\n")
    reasons: dict[str, int] = {}
    for names in verdicts.values():
        for kind, why in names.values():
            if kind == "elsewhere":
                reasons[why] = reasons.get(why, 0) + 1
    rest = "; ".join(f"{why} ({n})" for why, n in reasons.items())
    functions, methods, others = most_used()
    lines += [
        "",
        f"Of the 400 functions that other packages use most, {len(functions)} are in these namespaces, {others} in "
        f"other modules: {rank(verdicts, functions)[0]}. Of the 200 names of `torch.Tensor` that they use most: "
        f"{rank(verdicts, methods)[0]}.",
    ]
    lines += ["", *details, f"Not counted, because not about dense tensors on the CPU: {rest}."]
    return "\n".join(lines) + "\n"


def most_used() -> tuple[list[tuple[str, str]], list[tuple[str, str]], int]:
    """Namespace and name of the functions and of the methods used most, and how many functions other modules have."""
    sections = re.split(r"\[(\w+)\]", re.sub(r"#.*", "", MOST_USED.read_text()))
    words = dict(zip(sections[1::2], (text.split() for text in sections[2::2])))
    here = {"": "torch", "nn.functional": "F", "linalg": "linalg", "fft": "fft", "special": "special"}
    split = [name.rpartition(".") for name in words["functions"]]
    functions = [(here[module], name) for module, _, name in split if module in here]
    return functions, [("Tensor", name) for name in words["methods"]], len(split) - len(functions)


def rank(verdicts: dict[str, dict[str, tuple[str, str]]], names: list[tuple[str, str]]) -> tuple[str, list[str]]:
    """What is said of a list of names, and those that are not full although they should be."""
    known = [(name, verdicts[place][name]) for place, name in names if name in verdicts[place]]
    count = {kind: sum(v[0] == kind for _, v in known) for kind in ("full", "partial", "absent", "elsewhere")}
    wrong = [f"{name} ({what})" for name, (what, _) in known if what in ("partial", "absent")]
    text = f"{count['full']} of {len(known) - count['elsewhere']} full"
    rest = [f"`{name}` ({why})" for name, (what, why) in known if what == "elsewhere"]
    return text + (f"; not counted: {', '.join(rest)}" if rest else ""), wrong


def share(verdicts: dict[str, dict[str, tuple[str, str]]]) -> float:
    counted = [v[0] for names in verdicts.values() for v in names.values() if v[0] != "elsewhere"]
    return counted.count("full") / len(counted)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=sys.executable)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    python_path = Path(__file__).resolve().parent.parent / "python"
    functions, methods, _ = most_used()
    private = [f"{place}.{name}" for place, name in functions + methods if name.startswith("_")]
    verdicts = judge(probe(args.ours, str(python_path), private), probe(args.reference, None, private))
    lacking = rank(verdicts, functions)[1] + rank(verdicts, methods)[1]
    text = report(verdicts)
    if args.write:
        page = args.write.read_text()
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        args.write.write_text(f"{head}{BEGIN}\n{text}{END}{tail}")
    else:
        print(text)
    print(f"full: {100 * share(verdicts):.1f} % (target {100 * TARGET:.0f} %)")
    print(f"most used functions: {rank(verdicts, functions)[0]}\nmost used methods: {rank(verdicts, methods)[0]}")
    if lacking:
        print(f"most used, but not full: {', '.join(lacking)}")
    return int(args.check and (share(verdicts) < TARGET or bool(lacking)))


if __name__ == "__main__":
    sys.exit(main())
