"""Python names and the overloads behind them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from emit_ops import base_name
from schema import Op, Param

MODULES = {
    "torch": "torch",
    "nn": "torch._C._nn",
    "linalg": "torch._C._linalg",
    "special": "torch._C._special",
    "fft": "torch._C._fft",
}

# In-place forms that are functions too; of the others there are methods only, as in PyTorch.
IN_PLACE_FUNCTIONS = set(
    """
abs_ acos_ acosh_ addmv_ alpha_dropout_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ asinh_
atan_ atanh_ bernoulli_ ceil_ celu_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_ detach_
dropout_ elu_ embedding_renorm_ erf_ erfc_ exp2_ exp_ expm1_ feature_alpha_dropout_ feature_dropout_ fill_ fix_ floor_
frac_ gcd_ hardswish_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ mish_ nan_to_num_ neg_ negative_
rad2deg_ random_ reciprocal_ relu_ resize_as_ round_ rrelu_ rsqrt_ selu_ sigmoid_ silu_ sin_ sinc_ sinh_ sqrt_ square_
tan_ tanh_ threshold_ trunc_ xlogy_ zero_
""".split()
)


@dataclass
class Overload:
    """One accepted signature of a Python name."""

    op: Op
    form: str  # functional (with out= if the op has it) or inplace
    method: bool

    @property
    def ident(self) -> str:
        return f"{'inplace_' if self.form == 'inplace' else ''}{self.op.ident}"

    @property
    def has_out(self) -> bool:
        return self.form == "functional" and "out" in self.op.forms and not self.method


def shown_name(p: Param, i: int, method: bool) -> str:
    return "input" if i == 0 and p.name == "self" and not method else p.python_name or p.name


def python_names(op: Op, form: str, shown: str) -> list[str]:
    names = [shown] + list(op.aliases)
    return [n + "_" if form == "inplace" else n for n in names]


def collect(ops: list[Op]) -> dict[tuple[str, str], list[Overload]]:
    """(module or 'method', Python name) -> overloads in schema order."""
    table: dict[tuple[str, str], list[Overload]] = defaultdict(list)
    for op in ops:
        if op.module == "none" and "method" not in op.forms:
            continue
        for form in (["functional"] if not op.inplace_only else []) + (
            ["inplace"] if op.inplace_only or "inplace" in op.forms else []
        ):
            for name in python_names(op, form, base_name(op)):
                if "method" in op.forms:
                    table["method", name].append(Overload(op, form, True))
                function = "function" if form == "functional" or not op.view else "inplace_function"
                if form == "inplace" and op.module == "torch" and name not in IN_PLACE_FUNCTIONS and name[0] != "_":
                    continue
                if op.module != "none" and function in op.forms:
                    shown = name.removeprefix("linalg_") if op.module == "linalg" else name
                    table[op.module, shown].append(Overload(op, form, False))
    return table
