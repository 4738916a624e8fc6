"""dtypes of the standard, their kinds, limits and promotion; the namespace's account of itself."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type"]

_SIGNED = ("int8", "int16", "int32", "int64")
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
_REAL = ("float32", "float64")
_COMPLEX = ("complex64", "complex128")
_NAMES = {
    "bool": ("bool",),
    "signed integer": _SIGNED,
    "unsigned integer": _UNSIGNED,
    "integral": _SIGNED + _UNSIGNED,
    "real floating": _REAL,
    "complex floating": _COMPLEX,
    "numeric": _SIGNED + _UNSIGNED + _REAL + _COMPLEX,
}
_STANDARD = _NAMES["bool"] + _NAMES["numeric"]
globals().update({name: getattr(torch, name) for name in _STANDARD if hasattr(torch, name)})
__all__ += [name for name in _STANDARD if hasattr(torch, name)]

_KINDS = {kind: {getattr(torch, name) for name in names if hasattr(torch, name)} for kind, names in _NAMES.items()}
# torch's own formats, which the standard does not know, are of its kinds too
_KINDS["real floating"] |= {torch.float16, torch.bfloat16}
_KINDS["numeric"] |= _KINDS["real floating"]


def isdtype(dtype: torch.dtype, kind: Any) -> builtins.bool:
    """Whether a dtype is of a kind: a name such as "integral" or "real floating", a dtype, or a tuple of these."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: unknown kind {kind!r}, expected one of {', '.join(map(repr, _KINDS))}")
        return dtype in _KINDS[kind]
    if not isinstance(kind, torch.dtype):
        raise TypeError(f"isdtype: kind must be a dtype, a str or a tuple of them, got {type(kind).__name__}")
    return dtype == kind


def kind_of(dtype: torch.dtype) -> str:
    """The kind that promotion stays within: bool, integral, real floating or complex floating."""
    kinds = ("bool", "integral", "real floating", "complex floating")
    return next(kind for kind in kinds if dtype in _KINDS[kind])


def default_real() -> torch.dtype:
    return torch.get_default_dtype()


def default_complex() -> torch.dtype:
    return torch.complex128 if default_real() == torch.float64 else torch.complex64


def dtype_of(value: Any) -> torch.dtype:
    """dtype of a tensor, a dtype, or a Python number."""
    if isinstance(value, torch.dtype):
        return value
    if isinstance(value, Tensor):
        return value.dtype
    return torch.asarray(value).dtype


def result_type(*arrays_and_dtypes: Any) -> torch.dtype:
    """The dtype that results from promoting arrays, dtypes and Python numbers (which adapt to the others) together."""
    typed = [dtype_of(a) for a in arrays_and_dtypes if isinstance(a, (Tensor, torch.dtype))]
    if not typed:
        raise ValueError("result_type: at least one array or dtype is needed")
    result = typed[0]
    for other in typed[1:]:
        result = torch.promote_types(result, other)
    for number in arrays_and_dtypes:
        if not isinstance(number, (Tensor, torch.dtype)):
            result = torch.result_type(torch.empty((1,), dtype=result, device="meta"), number)
    return result


def promoted(*operands: Any) -> tuple[Any, ...]:
    """Tensors of one dtype, whatever their number of dimensions; Python numbers as they are.

    torch's own promotion lets a tensor of no dimension give way to others, the standard treats all alike.
    """
    dtypes = {x.dtype for x in operands if isinstance(x, Tensor)}
    if len(dtypes) < 2:
        return operands
    dtype = result_type(*dtypes)
    return tuple(x.to(dtype) if isinstance(x, Tensor) else x for x in operands)


def can_cast(from_: Any, to: torch.dtype, /) -> builtins.bool:
    """Whether promotion leads from one dtype (or array's) to another of the same kind, or from reals to complex."""
    start = dtype_of(from_)
    floats = {"real floating", "complex floating"}
    related = kind_of(start) == kind_of(to) or {kind_of(start), kind_of(to)} == floats
    return related and torch.promote_types(start, to) == to


def astype(x: Tensor, dtype: torch.dtype, /, *, copy: builtins.bool = True, device: Any = None) -> Tensor:
    """The array with another dtype; always a copy unless ``copy=False`` and nothing changes."""
    if x.dtype.is_complex and not dtype.is_complex:
        if dtype != torch.bool:
            raise TypeError(f"astype: complex numbers cannot become {dtype}; take real() or imag() first")
        return torch.ne(x, 0).to(device=device or x.device)
    return x.to(device=device or x.device, dtype=dtype, copy=copy)


@dataclass(frozen=True)
class _FloatInfo:
    """What :func:`finfo` returns."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: torch.dtype


@dataclass(frozen=True)
class _IntInfo:
    """What :func:`iinfo` returns."""

    bits: int
    max: int
    min: int
    dtype: torch.dtype


def finfo(type: Any, /) -> _FloatInfo:
    """Limits of a floating-point dtype, or of an array's; of the parts of complex numbers."""
    dtype = dtype_of(type)
    limits = torch.finfo(dtype)
    real = getattr(torch, limits.dtype)
    return _FloatInfo(limits.bits, limits.eps, limits.max, limits.min, limits.smallest_normal, real)


def iinfo(type: Any, /) -> _IntInfo:
    """Limits of an integer dtype, or of an array's."""
    dtype = dtype_of(type)
    limits = torch.iinfo(dtype)
    return _IntInfo(limits.bits, limits.max, limits.min, dtype)


class _NamespaceInfo:
    """What the namespace offers: capabilities, devices and dtypes."""

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing and shapes that depend on data are there; the largest number of dimensions is 64."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> torch.device:
        """The device of new arrays."""
        return torch.get_default_device()

    def devices(self) -> list[torch.device]:
        """The devices that arrays can be on."""
        return [torch.device("cpu"), *(torch.device("cuda", i) for i in range(torch.cuda.device_count()))]

    def default_dtypes(self, *, device: Any = None) -> dict[str, torch.dtype]:
        """dtypes of new arrays of Python numbers; the floating ones follow ``torch.set_default_dtype``."""
        return {
            "real floating": default_real(),
            "complex floating": default_complex(),
            "integral": torch.int64,
            "indexing": torch.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, torch.dtype]:
        """The standard's dtypes by name, all or those of a kind."""
        found = {name: getattr(torch, name) for name in _STANDARD if hasattr(torch, name)}
        if kind is None or kind == ():
            return found if kind is None else {}
        return {name: dtype for name, dtype in found.items() if isdtype(dtype, kind)}


def __array_namespace_info__() -> _NamespaceInfo:
    """An object that tells capabilities, devices, dtypes and defaults of the namespace."""
    return _NamespaceInfo()
