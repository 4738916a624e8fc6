"""Text of tensors, as ``repr`` and ``print`` show them.

A tensor is shown as nested lists of its elements in one common format: whole numbers as ``3.``, others with a fixed
number of digits, and all in scientific notation where their magnitudes differ too much. Large tensors show only the
first and last items of each dimension.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Optional

import torch

__all__ = ["get_printoptions", "printoptions", "set_printoptions"]


@dataclass
class _PrintOptions:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: Optional[bool] = None


PRINT_OPTS = _PrintOptions()

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: Optional[int] = None,
    threshold: Optional[float] = None,
    edgeitems: Optional[int] = None,
    linewidth: Optional[int] = None,
    profile: Optional[str] = None,
    sci_mode: Optional[bool] = None,
) -> None:
    """See :func:`torch.set_printoptions`."""
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {sorted(_PROFILES)}, got {profile!r}")
        for name, value in _PROFILES[profile].items():
            setattr(PRINT_OPTS, name, value)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None:
            setattr(PRINT_OPTS, name, value)
    PRINT_OPTS.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The current options as a dict of keyword arguments of :func:`set_printoptions`."""
    return asdict(PRINT_OPTS)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Sets options for a ``with`` block."""
    saved = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        for name, value in saved.items():
            setattr(PRINT_OPTS, name, value)


# ---- formats of single numbers ----

# Largest and smallest magnitudes that fixed notation shows well, and the greatest ratio between two of them.
_FIXED_MAX = 1.0e8
_FIXED_MIN = 1.0e-4
_FIXED_RATIO = 1000.0


class _PlainFormat:
    """Integers and booleans: Python's text, right-justified."""

    def __init__(self, values: list[Any]) -> None:
        self.width = max((len(str(v)) for v in values), default=1)

    def __call__(self, value: Any) -> str:
        return str(value).rjust(self.width)


class _FloatFormat:
    """One notation for all floating point numbers of a tensor, chosen by the finite non-zero ones."""

    def __init__(self, values: list[float]) -> None:
        sizes = [v for v in values if v != 0 and math.isfinite(v)]
        self.whole = True  # 3. rather than 3.0000
        self.scientific = False
        self.width = 1
        if sizes:
            self.whole = all(v == math.ceil(v) for v in sizes)
            largest = max(map(abs, sizes))
            smallest = min(map(abs, sizes))
            self.scientific = (
                largest / smallest > _FIXED_RATIO or largest > _FIXED_MAX or (not self.whole and smallest < _FIXED_MIN)
            )
            if PRINT_OPTS.sci_mode is not None:
                self.scientific = PRINT_OPTS.sci_mode
            self.width = max(len(self._text(v)) for v in sizes)

    def _text(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{PRINT_OPTS.precision}e}"
        if self.whole:
            text = f"{value:.0f}"
            return text + "." if math.isfinite(value) else text
        return f"{value:.{PRINT_OPTS.precision}f}"

    def __call__(self, value: float) -> str:
        return self._text(value).rjust(self.width)


class _ComplexFormat:
    """Real and imaginary parts each in a format of their own."""

    def __init__(self, values: list[complex]) -> None:
        self.real = _FloatFormat([v.real for v in values])
        self.imag = _FloatFormat([v.imag for v in values])
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value: complex) -> str:
        imag = self.imag(value.imag).lstrip() + "j"
        return self.real(value.real) + ("" if imag[0] in "+-" else "+") + imag


def _format_for(tensor: torch.Tensor, values: list[Any]) -> Any:
    if tensor.dtype.is_complex:
        return _ComplexFormat(values)
    return _FloatFormat(values) if tensor.dtype.is_floating_point else _PlainFormat(values)


# ---- nested lists ----


def _flattened(items: Any) -> list[Any]:
    if not isinstance(items, list):
        return [items]
    if not items or not isinstance(items[0], list):
        return items
    return [value for item in items for value in _flattened(item)]


def _row_text(items: list[Any], left_out: bool, indent: int, number: Any) -> str:
    """One row of numbers, broken into lines."""
    texts = [number(v) for v in items]
    if left_out:
        texts.insert(PRINT_OPTS.edgeitems, " ...")
    per_line = max(1, math.floor((PRINT_OPTS.linewidth - indent) / (number.width + 2)))
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _nested_text(items: Any, sizes: tuple[int, ...], indent: int, number: Any) -> str:
    if not sizes:
        return str(number(items))
    left_out = len(items) < sizes[0]
    if len(sizes) == 1:
        return _row_text(items, left_out, indent, number)
    texts = [_nested_text(item, sizes[1:], indent + 1, number) for item in items]
    if left_out:
        texts.insert(PRINT_OPTS.edgeitems, "...")
    return "[" + ("," + "\n" * (len(sizes) - 1) + " " * (indent + 1)).join(texts) + "]"


def _tensor_str(tensor: torch.Tensor, indent: int) -> str:
    in_part = tensor.numel() > PRINT_OPTS.threshold
    if in_part and PRINT_OPTS.edgeitems == 0:
        return "[...]"
    if tensor.dtype == torch.float4_e2m1fn_x2:  # PyTorch shows its bytes so; other opaque types it cannot show
        tensor = tensor.detach().view(torch.uint8).float()
    items = tensor._nested_list(PRINT_OPTS.edgeitems if in_part else -1)
    return _nested_text(items, tuple(tensor.shape), indent, _format_for(tensor, _flattened(items)))


# ---- the whole text ----


def _with_suffixes(text: str, suffixes: list[str], indent: int, on_new_line: bool = False) -> str:
    column = len(text) - text.rfind("\n") + 1
    if on_new_line:
        column = PRINT_OPTS.linewidth
    for suffix in suffixes:
        if column + len(suffix) + 2 > PRINT_OPTS.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


def _grad_suffix(tensor: torch.Tensor) -> Optional[str]:
    try:
        grad_fn = tensor.grad_fn
    except RuntimeError:  # the history of a view whose base was changed may be gone
        return "grad_fn=<Invalid>"
    if grad_fn is None:
        return "requires_grad=True" if tensor.requires_grad else None
    return f"grad_fn=<{grad_fn.name().rpartition('::')[2]}>"


def _shown_without_dtype(tensor: torch.Tensor) -> bool:
    """Whether the numbers alone tell the dtype."""
    default = torch.get_default_dtype()
    if tensor.dtype == default:
        return True
    if tensor.layout == torch.strided and (tensor.numel() == 0 or tensor.is_meta):
        return False
    complex_default = torch.complex128 if default == torch.float64 else torch.complex64
    return tensor.dtype in (torch.int64, torch.bool, complex_default)


def _sparse_str(self: torch.Tensor, prefix: str) -> str:
    """Text of a tensor of a sparse layout: its parts one below the other."""
    from torch._sparse_tensors import parts_of

    indent = len(prefix)
    texts = []
    for name, part in parts_of(self).items():
        head = name + "=tensor("
        inner = "..." if part.is_meta else "[]" if part.numel() == 0 else _tensor_str(part, indent + len(head))
        if part.is_meta or part.numel() == 0:
            inner += f", size={tuple(part.shape)}"
        texts.append(head + inner + ")")
    suffixes = [f"device='{self.device}'"] if self.device.type != "cpu" else []
    suffixes.append(f"size={tuple(self.shape)}")
    if not self.is_meta:
        suffixes.append(f"nnz={self._nnz()}")
    if not _shown_without_dtype(self):
        suffixes.append(f"dtype={self.dtype}")
    suffixes.append(f"layout={self.layout}")
    grad = _grad_suffix(self)
    if grad is not None:
        suffixes.append(grad)
    text = prefix + (",\n" + " " * indent).join(texts)
    return _with_suffixes(text, suffixes, indent, on_new_line=self.layout == torch.sparse_coo)


def _str(self: torch.Tensor, *, tensor_contents: Optional[str] = None) -> str:
    """Text of a tensor; ``tensor_contents`` replaces that of its elements."""
    name = type(self).__name__
    prefix = "tensor(" if name in ("Tensor", "Parameter") else name + "("
    indent = len(prefix)
    if self.layout != torch.strided:
        return _sparse_str(self, prefix)
    suffixes = []
    if self.device.type != "cpu":
        suffixes.append(f"device='{self.device}'")
    if self.is_meta:
        contents = "..."
        suffixes.append(f"size={tuple(self.shape)}")
    elif self.numel() == 0:
        contents = "[]"
        if self.dim() != 1:
            suffixes.append(f"size={tuple(self.shape)}")
    else:
        contents = "" if tensor_contents is not None else _tensor_str(self, indent)
        if PRINT_OPTS.edgeitems == 0:
            suffixes.append(f"size={tuple(self.shape)}")
    if tensor_contents is not None:
        contents = tensor_contents
    if not _shown_without_dtype(self):
        suffixes.append(f"dtype={self.dtype}")
    grad = _grad_suffix(self)
    if grad is not None:
        suffixes.append(grad)
    return _with_suffixes(prefix + contents, suffixes, indent)


def _format(self: torch.Tensor, spec: str) -> str:
    """``Tensor.__format__``: a 0-dim tensor formats as its number, others only without a format specification."""
    if self.dim() == 0 and not self.is_meta and type(self).__name__ in ("Tensor", "Parameter"):
        return self.item().__format__(spec)
    return object.__format__(self, spec)
