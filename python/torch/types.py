"""Names for annotations."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, Union

from torch import Size as Size, SymBool as SymBool, SymFloat as SymFloat, SymInt as SymInt, Tensor as Tensor
from torch._C import device as _device, dtype as _dtype

if TYPE_CHECKING:
    from torch.autograd.graph import GradientEdge

__all__ = ["Device", "FileLike", "Number", "Storage"]

_int = builtins.int
_float = builtins.float
_bool = builtins.bool
_complex = builtins.complex
_str = builtins.str
_bytes = builtins.bytes
_size = Union[Size, list[_int], tuple[_int, ...]]
_symsize = Union[Size, Sequence[Union[_int, SymInt]]]

Number = Union[_int, _float, _bool]
_Number = (_int, _float, _bool)
Device = Union[_device, _str, _int, None]
FileLike = Union[_str, "os.PathLike[str]", IO[_bytes]]
IntLikeType = Union[_int, SymInt]
FloatLikeType = Union[_float, SymFloat]
BoolLikeType = Union[_bool, SymBool]
PySymType = Union[SymInt, SymFloat, SymBool]
py_sym_types = (SymInt, SymFloat, SymBool)

_TensorOrTensors = Union[Tensor, Sequence[Tensor]]
_TensorOrOptionalTensors = Union[Tensor, Sequence[Union[Tensor, None]]]
_TensorOrTensorsOrGradEdge = Union[Tensor, Sequence[Tensor], "GradientEdge", Sequence["GradientEdge"]]


class Storage:
    """Base of annotations of storages, typed or not."""

    _cdata: _int
    device: _device
    dtype: _dtype
    _torch_load_uninitialized: _bool


def __getattr__(name: str) -> Any:
    if name in ("DispatchKey", "_dispatchkey"):
        from torch._library.keys import DispatchKey

        return DispatchKey if name == "DispatchKey" else Union[_str, DispatchKey]
    raise AttributeError(f"module 'torch.types' has no attribute {name!r}")
