"""Old type names: torch.FloatTensor(2, 3), tensor.type() == "torch.FloatTensor", isinstance(t, torch.LongTensor)."""

from __future__ import annotations

from typing import Any

import torch
from torch import _C

_NAMES = {
    "FloatTensor": torch.float32, "DoubleTensor": torch.float64, "HalfTensor": torch.float16,
    "BFloat16Tensor": torch.bfloat16, "LongTensor": torch.int64, "IntTensor": torch.int32, "ShortTensor": torch.int16,
    "CharTensor": torch.int8, "ByteTensor": torch.uint8, "BoolTensor": torch.bool,
}  # fmt: skip
_NAME_OF = {dtype: name for name, dtype in _NAMES.items()}
_NAME_OF.update({torch.complex64: "ComplexFloatTensor", torch.complex128: "ComplexDoubleTensor"})
_WITHOUT_CLASS = {"UInt16Tensor": torch.uint16, "UInt32Tensor": torch.uint32, "UInt64Tensor": torch.uint64,
                  "Float8_e4m3fnTensor": torch.float8_e4m3fn, "Float8_e5m2Tensor": torch.float8_e5m2,
                  "Float8_e4m3fnuzTensor": torch.float8_e4m3fnuz, "Float8_e5m2fnuzTensor": torch.float8_e5m2fnuz,
                  "Float8_e8m0fnuTensor": torch.float8_e8m0fnu,
                  "Float4_e2m1fn_x2Tensor": torch.float4_e2m1fn_x2}  # fmt: skip
_NAME_OF.update({dtype: name for name, dtype in _WITHOUT_CLASS.items()})


class _LegacyType(type):
    """Class whose instances are tensors of one dtype and layout."""

    dtype: Any
    layout: Any = torch.strided
    is_cuda = False

    @property
    def is_sparse(cls) -> bool:
        """Whether the instances are sparse."""
        return cls.layout is torch.sparse_coo

    def __instancecheck__(cls, instance: Any) -> bool:
        return (
            isinstance(instance, torch.Tensor)
            and instance.dtype == cls.dtype
            and instance.layout == cls.layout
            and instance.is_cpu
        )

    def __call__(cls, *args: Any, **kwargs: Any) -> torch.Tensor:
        return _C._legacy_tensor(cls.dtype, args, kwargs)


class _SparseLegacyType(_LegacyType):
    """Class whose instances are COO tensors of one dtype: ``torch.sparse.FloatTensor(indices, values, size)``."""

    layout = torch.sparse_coo

    def __call__(cls, *args: Any, device: Any = None, **kwargs: Any) -> torch.Tensor:
        if device is not None and torch.device(device).type != "cpu":
            raise RuntimeError(
                f"legacy constructor expects device type: cpu but device type: {torch.device(device).type} was passed"
            )
        if args and all(type(n) is int for n in args):
            args, kwargs = (), {"size": args, **kwargs}
        elif len(args) == 1 and isinstance(args[0], (tuple, list)):
            if not isinstance(args[0], torch.Size):
                raise TypeError(
                    "torch.sparse.SparseTensor(sequence) only accepts sizes.  Please use torch.sparse_coo_tensor() or "
                    "construct a strided tensor and convert it to sparse via to_sparse."
                )
            args, kwargs = (), {"size": args[0], **kwargs}
        return _sparse(cls.dtype, *args, **kwargs)


def _sparse(dtype: Any, indices: Any = None, values: Any = None, size: Any = None) -> torch.Tensor:
    if indices is None and values is None:
        return torch.sparse_coo_tensor(size=(0,) if size is None else size, dtype=dtype)
    for name, part in (("indices", indices), ("values", values)):
        if not isinstance(part, torch.Tensor):
            raise TypeError(f"torch.sparse.SparseTensor: {name} must be a tensor, not {type(part).__name__}")
    if indices.dtype != torch.int64:
        raise RuntimeError(f"expected scalar type Long but found {_NAME_OF[indices.dtype][: -len('Tensor')]}")
    return torch.sparse_coo_tensor(indices, values, size)


def _make(name: str, dtype: Any) -> _LegacyType:
    return _LegacyType(name, (), {"dtype": dtype, "__module__": "torch", "__doc__": f"Tensors of dtype {dtype}."})


globals().update({name: _make(name, dtype) for name, dtype in _NAMES.items()})


def sparse_type(name: str) -> Any:
    """The class ``torch.sparse.<name>``."""
    doc = f"COO tensors of dtype {_NAMES[name]}; of the other makers of them, :func:`torch.sparse_coo_tensor`."
    return _SparseLegacyType(name, (), {"dtype": _NAMES[name], "__module__": "torch.sparse", "__doc__": doc})


def type_name(tensor: torch.Tensor) -> str:
    """The legacy name of a tensor's type."""
    kind = "sparse." if tensor.is_sparse else "sparse_csr." if tensor.is_sparse_csr else ""
    name = _NAME_OF.get(tensor.dtype)
    if name is None:
        raise NotImplementedError(f"type(): tensors of {tensor.dtype} have no legacy type")
    return f"torch.{'cuda.' if tensor.is_cuda else ''}{kind}{name}"


def dtype_of(type_: Any) -> Any:
    """dtype that a legacy class, its name or a dtype stands for."""
    if isinstance(type_, _LegacyType):
        return type_.dtype
    if isinstance(type_, str):
        name = type_.removeprefix("torch.").removeprefix("cuda.").removeprefix("sparse.")
        known = _NAMES.get(name, _WITHOUT_CLASS.get(name))
        if known is not None:
            return known
        raise ValueError(f"invalid type: '{type_}'")
    return type_


def device_of(type_: Any) -> Any:
    """Device that the name of a legacy class stands for; ``None`` where it says nothing of it."""
    if isinstance(type_, _LegacyType):
        return "cpu"
    if isinstance(type_, str) and type_.startswith("torch."):
        return "cuda" if type_.startswith("torch.cuda.") else "cpu"
    return None


def set_default_tensor_type(t: Any) -> None:
    """Sets the dtype of new floating-point tensors from a legacy type.

    Example:

        >>> torch.set_default_tensor_type("torch.FloatTensor")
        >>> torch.get_default_dtype()
        torch.float32
    """
    torch.set_default_dtype(dtype_of(t))
