"""torch.finfo and torch.iinfo: the limits of number types."""

from __future__ import annotations

import builtins
from typing import Any, Optional

import torch

# bits of the fraction, smallest and largest exponent of the formats (IEEE 754-2019; bfloat16 has binary32's exponents)
_FLOATS = {torch.float16: (16, 10, -14, 15), torch.bfloat16: (16, 7, -126, 127), torch.float32: (32, 23, -126, 127),
           torch.float64: (64, 52, -1022, 1023)}  # fmt: skip
# bits, eps, smallest, largest, smallest normal number of the 8-bit formats, with the eps that PyTorch gives
_SMALL_FLOATS = {
    torch.float8_e4m3fn: (8, 2.0**-3, -448.0, 448.0, 2.0**-6),
    torch.float8_e5m2: (8, 2.0**-2, -57344.0, 57344.0, 2.0**-14),
    torch.float8_e4m3fnuz: (8, 2.0**-3, -240.0, 240.0, 2.0**-7),
    torch.float8_e5m2fnuz: (8, 2.0**-3, -57344.0, 57344.0, 2.0**-15),
    torch.float8_e8m0fnu: (8, 1.0, 2.0**-127, 2.0**127, 2.0**-127),
}
_INTS = {torch.uint8: (8, False), torch.uint16: (16, False), torch.uint32: (32, False), torch.uint64: (64, False),
         torch.int8: (8, True), torch.int16: (16, True), torch.int32: (32, True),
         torch.int64: (64, True)}  # fmt: skip


def _torch_dtype(type: Any) -> Any:
    """NumPy's dtypes as torch's; everything else as it is."""
    if builtins.type(type).__module__.startswith("numpy") or getattr(type, "__module__", "") == "numpy":
        return torch.empty(0, dtype=type).dtype
    return type


class finfo:
    """Limits of a floating-point dtype, the default one without argument.

    bits, eps, max, min, tiny, smallest_normal, resolution.
    """

    def __init__(self, type: Optional[Any] = None) -> None:
        type = torch.get_default_dtype() if type is None else _torch_dtype(type)
        real = type.to_real() if isinstance(type, torch.dtype) else type
        self.dtype = str(real).replace("torch.", "")
        if real in _SMALL_FLOATS:
            self.bits, self.eps, self.min, self.max, self.tiny = _SMALL_FLOATS[real]
            self.smallest_normal, self.resolution = self.tiny, 1.0
            return
        if real is torch.float4_e2m1fn_x2:
            raise NotImplementedError(f"torch.finfo: {real} holds two numbers in an element; only its bytes are known")
        if real not in _FLOATS:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{type}'")
        self.bits, fraction, low, high = _FLOATS[real]
        self.eps = 2.0**-fraction
        self.max = (2.0 - self.eps) * 2.0**high
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0**low
        self.resolution = 10.0 ** -int(fraction * 0.30102999566398120)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        def g(x: float) -> str:
            return f"{x:g}"

        return (f"finfo(resolution={g(self.resolution)}, min={g(self.min)}, max={g(self.max)}, eps={g(self.eps)}, "
                f"smallest_normal={g(self.smallest_normal)}, tiny={g(self.tiny)}, dtype={self.dtype})")  # fmt: skip


class iinfo:
    """Limits of an integer dtype: bits, max, min."""

    def __init__(self, type: Any) -> None:
        type = _torch_dtype(type)
        if type not in _INTS:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'")
        self.bits, signed = _INTS[type]
        self.dtype = str(type).replace("torch.", "")
        self.max = 2 ** (self.bits - signed) - 1
        self.min = -self.max - 1 if signed else 0

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


finfo.__module__ = iinfo.__module__ = "torch"  # by which pickles find them
