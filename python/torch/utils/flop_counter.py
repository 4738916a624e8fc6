"""Counts the multiplications and additions of a program's products, convolutions and attention, module by module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Optional

import torch
from torch import _ops
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["FlopCounterMode", "register_flop_formula"]

aten = _ops.aten
flop_registry: dict[Any, Callable[..., int]] = {}


def get_shape(i: Any) -> Any:
    """The shape of a tensor, and anything else as it is."""
    if isinstance(i, torch.Tensor):
        return i.shape
    if isinstance(i, (list, tuple)):
        return type(i)(map(get_shape, i))
    return i


def shape_wrapper(f: Callable[..., int]) -> Callable[..., int]:
    """A formula over tensors from one over their shapes."""

    def run(*args: Any, out_val: Any = None, **kwargs: Any) -> int:
        shapes = {name: get_shape(value) for name, value in kwargs.items()}
        return f(*map(get_shape, args), out_shape=get_shape(out_val), **shapes)

    return run


def register_flop_formula(targets: Any, get_raw: bool = False) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Decorator that gives operators (packets of ``torch.ops.aten``) a formula.

    The formula gets the arguments, shapes in place of tensors, and ``out_shape``; with ``get_raw`` tensors, and
    ``out_val``.
    """

    def register(formula: Callable[..., int]) -> Callable[..., int]:
        counted = formula if get_raw else shape_wrapper(formula)
        for target in targets if isinstance(targets, (list, tuple)) else [targets]:
            if target in flop_registry:
                raise RuntimeError(f"duplicate registrations for {target}")
            flop_registry[target] = counted
        return formula

    return register


def _product(sizes: Any) -> int:
    n = 1
    for size in sizes:
        n *= size
    return n


@register_flop_formula(aten.mm)
def mm_flop(a_shape: Any, b_shape: Any, *args: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Of a product of matrices."""
    return 2 * _product(a_shape) * b_shape[1]


@register_flop_formula(aten.addmm)
def addmm_flop(self_shape: Any, a_shape: Any, b_shape: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Of a product of matrices; the sum is left out."""
    return mm_flop(a_shape, b_shape)


@register_flop_formula(aten.bmm)
def bmm_flop(a_shape: Any, b_shape: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Of a batch of products."""
    return 2 * _product(a_shape) * b_shape[2]


@register_flop_formula(aten.baddbmm)
def baddbmm_flop(self_shape: Any, a_shape: Any, b_shape: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Of a batch of products; the sum is left out."""
    return bmm_flop(a_shape, b_shape)


@register_flop_formula(aten.linear)
def _linear_flop(input_shape: Any, weight_shape: Any, *args: Any, out_shape: Any = None, **kwargs: Any) -> int:
    return 2 * _product(input_shape) * _product(weight_shape[:-1])


def conv_flop_count(x_shape: Any, w_shape: Any, out_shape: Any, transposed: bool = False) -> int:
    """Of a convolution: for each place where the kernel lies, the products with it in all channels."""
    places = x_shape if transposed else out_shape
    return 2 * places[0] * _product(places[2:]) * _product(w_shape)


@register_flop_formula(aten.convolution)
def conv_flop(
    x_shape: Any,
    w_shape: Any,
    _bias: Any,
    _stride: Any,
    _padding: Any,
    _dilation: Any,
    transposed: bool,
    *args: Any,
    out_shape: Any = None,
    **kwargs: Any,
) -> int:
    """Of a convolution."""
    return conv_flop_count(x_shape, w_shape, out_shape, transposed)


@register_flop_formula(aten._conv_grad_input)
def _conv_grad_input_flop(
    grad_shape: Any, w_shape: Any, input_size: Any, _s: Any, _p: Any, _d: Any, transposed: bool, *args: Any,
    out_shape: Any = None, **kwargs: Any,
) -> int:  # fmt: skip
    return conv_flop_count(input_size, w_shape, grad_shape, transposed)


@register_flop_formula(aten._conv_grad_weight)
def _conv_grad_weight_flop(
    grad_shape: Any, x_shape: Any, weight_size: Any, _s: Any, _p: Any, _d: Any, transposed: bool, *args: Any,
    out_shape: Any = None, **kwargs: Any,
) -> int:  # fmt: skip
    return conv_flop_count(x_shape, weight_size, grad_shape, transposed)


def sdpa_flop_count(query_shape: Any, key_shape: Any, value_shape: Any) -> int:
    """Of attention: the products of queries and keys, and of weights and values."""
    batch = _product(query_shape[:-2])
    queries, keys = query_shape[-2], key_shape[-2]
    return 2 * batch * queries * keys * (query_shape[-1] + value_shape[-1])


@register_flop_formula(aten._scaled_dot_product_flash_attention_for_cpu)
def sdpa_flop(
    query_shape: Any, key_shape: Any, value_shape: Any, *args: Any, out_shape: Any = None, **kwargs: Any
) -> int:
    """Of attention."""
    return sdpa_flop_count(query_shape, key_shape, value_shape)


def sdpa_backward_flop_count(grad_out_shape: Any, query_shape: Any, key_shape: Any, value_shape: Any) -> int:
    """Of attention's backward: five products, as the weights are computed again."""
    batch = _product(query_shape[:-2])
    queries, keys = query_shape[-2], key_shape[-2]
    return 2 * batch * queries * keys * (3 * query_shape[-1] + 2 * value_shape[-1])


@register_flop_formula(aten._scaled_dot_product_flash_attention_for_cpu_backward)
def sdpa_backward_flop(
    grad_out_shape: Any, query_shape: Any, key_shape: Any, value_shape: Any, *args: Any, out_shape: Any = None,
    **kwargs: Any,
) -> int:  # fmt: skip
    """Of attention's backward."""
    return sdpa_backward_flop_count(grad_out_shape, query_shape, key_shape, value_shape)


# ---- texts -----------------------------------------------------------------------------------------------------------

suffixes = ["", "K", "M", "B", "T"]


def get_suffix_str(number: int) -> str:
    """The suffix with which a number has at most six digits before the point."""
    return suffixes[max(0, min(len(suffixes) - 1, (len(str(number)) - 2) // 3))]


def convert_num_with_suffix(number: int, suffix: str) -> str:
    """A number in thousands, millions ..."""
    return f"{number / 1000 ** suffixes.index(suffix):.3f}{suffix}"


def convert_to_percent_str(num: int, denom: int) -> str:
    """A share."""
    return f"{num / denom:.2%}" if denom else "0%"


# ---- the mode --------------------------------------------------------------------------------------------------------


class FlopCounterMode:
    """Context manager that counts multiplications and additions of products, convolutions and attention inside.

    Args:
        mods: not needed; accepted for older programs.
        depth: how deep the table goes. Default: 2
        display: print the table at the end. Default: ``True``
        custom_mapping: further formulas, by operator; those with an attribute ``_get_raw`` get tensors.

    Example:

        >>> from torch.utils.flop_counter import FlopCounterMode
        >>> with FlopCounterMode(display=False) as counter:
        ...     product = torch.ones(2, 3) @ torch.ones(3, 4)
        >>> counter.get_total_flops()
        48
    """

    def __init__(
        self,
        mods: Any = None,
        depth: int = 2,
        display: bool = True,
        custom_mapping: Optional[dict[Any, Any]] = None,
    ) -> None:
        self.depth = depth
        self.display = display
        self.flop_counts: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        custom = {
            op: formula if getattr(formula, "_get_raw", False) else shape_wrapper(formula)
            for op, formula in (custom_mapping or {}).items()
        }
        self.flop_registry = {**flop_registry, **custom}
        self.parents: list[str] = ["Global"]
        self._names: dict[int, str] = {}
        self._modules_of: dict[Any, list[str]] = {}  # of nodes: the modules in which they were recorded
        self._mode: Optional[_Mode] = None
        self._handles: list[Any] = []

    def get_total_flops(self) -> int:
        """The sum over everything."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict[str, dict[Any, int]]:
        """For each module, by its path, and for "Global" the sum for each operator."""
        return {name: dict(counts) for name, counts in self.flop_counts.items()}

    def get_table(self, depth: Optional[int] = None) -> str:
        """The counts as a table, down to a depth of modules."""
        depth = self.depth if depth is None else depth
        total = self.get_total_flops()
        suffix = get_suffix_str(total)
        rows: list[tuple[str, str, str]] = []

        def add(name: str, level: int) -> None:
            counts = self.flop_counts[name]
            flops = sum(counts.values())
            short = " " * level + name
            rows.append((short, convert_num_with_suffix(flops, suffix), convert_to_percent_str(flops, total)))
            for op, n in counts.items():
                rows.append(
                    (" " * level + f" - {op}", convert_num_with_suffix(n, suffix), convert_to_percent_str(n, total))
                )

        for name in sorted(self.flop_counts):
            level = name.count(".") + 1
            if name != "Global" and level <= depth:
                add(name, level - 1)
        if "Global" in self.flop_counts:
            rows_of_modules, rows = rows, []
            add("Global", 0)
            rows += [(" " + a, b, c) for a, b, c in rows_of_modules]
        titles = ("Module", "FLOP", "% Total")
        widths = [max(len(titles[i]), *(len(row[i]) for row in rows)) if rows else len(titles[i]) for i in range(3)]

        def line(cells: tuple[str, str, str]) -> str:
            return f"{cells[0].ljust(widths[0])}  {cells[1].rjust(widths[1])}  {cells[2].rjust(widths[2])}"

        return "\n".join([line(titles), "  ".join("-" * w for w in widths), *map(line, rows)])

    def __enter__(self) -> Any:
        from torch.nn.modules import module as modules

        self.flop_counts.clear()
        self._handles = [
            modules.register_module_forward_pre_hook(self._before),
            modules.register_module_forward_hook(self._after, always_call=True),
        ]
        self._mode = _Mode(self)
        self._mode.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        assert self._mode is not None
        self._mode.__exit__(*exception)
        self._mode = None
        for handle in self._handles:
            handle.remove()
        self._modules_of.clear()
        if self.display:
            print(self.get_table(self.depth))

    def _before(self, module: Any, args: Any) -> None:
        if len(self.parents) == 1:
            kind = type(module).__name__
            self._names = {id(inner): f"{kind}.{name}" if name else kind for name, inner in module.named_modules()}
        self.parents.append(self._names.get(id(module), type(module).__name__))

    def _after(self, module: Any, args: Any, output: Any) -> None:
        if len(self.parents) > 1:
            self.parents.pop()

    def _count(self, func: Any, out: Any, args: Any, kwargs: Any) -> Any:
        node = torch._C._current_autograd_node()
        within = self.parents if node is None else self._modules_of.get(node, ["Global"])
        for result in out if isinstance(out, (list, tuple)) else (out,):
            if isinstance(result, torch.Tensor) and result.grad_fn is not None:
                self._modules_of.setdefault(result.grad_fn, list(within))
        formula = self.flop_registry.get(func.overloadpacket)
        if formula is not None:
            flops = formula(*args, **kwargs, out_val=out)
            for name in set(within):
                self.flop_counts[name][func.overloadpacket] += flops
        return out


class _Mode(TorchDispatchMode):
    def __init__(self, counter: FlopCounterMode) -> None:
        super().__init__()
        self.counter = counter

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        return self.counter._count(func, func(*args, **kwargs), args, kwargs)
