"""Names of types for annotations."""

from __future__ import annotations

import os
from builtins import (  # noqa: F401
    bool as _bool,
    bytes as _bytes,
    complex as _complex,
    float as _float,
    int as _int,
    str as _str,
)
from collections.abc import Sequence
from typing import IO, Any, Union

from torch import (  # noqa: F401
    SymBool as SymBool,
    SymFloat as SymFloat,
    SymInt as SymInt,
    Tensor as Tensor,
    device as _device,
    dtype as _dtype,
    layout as _layout,
)

__all__ = ["Device", "FileLike", "Number", "Storage"]

_TensorOrTensors = Union[Tensor, Sequence[Tensor]]
_TensorOrTensorsOrGradEdge = Union[Tensor, Sequence[Tensor], Any]
_size = Union[Sequence[int], tuple]
_symsize = Union[Sequence[Union[int, SymInt]], tuple]
_dispatchkey = Any
IntLikeType = Union[int, SymInt]
FloatLikeType = Union[float, SymFloat]
BoolLikeType = Union[bool, SymBool]
PySymType = Union[SymInt, SymFloat, SymBool]
py_sym_types = (SymInt, SymFloat, SymBool)
Number = Union[int, float, bool]
_Number = (int, float, bool)
FileLike = Union[str, os.PathLike, IO[bytes]]
Device = Union[_device, str, int, None]


class Storage:
    """What storages have in common, for annotations."""

    _cdata: int
    device: _device
    dtype: _dtype
    _torch_load_uninitialized: bool
