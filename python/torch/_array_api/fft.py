"""The Fourier transform extension."""

from __future__ import annotations

from typing import Any, Callable, Optional

import torch
from torch import Tensor

__all__ = "fft fftfreq fftn fftshift hfft ifft ifftn ifftshift ihfft irfft irfftn rfft rfftfreq rfftn".split()


def _one_axis(name: str) -> Callable[..., Tensor]:
    function = getattr(torch.fft, name)

    def wrapper(x: Tensor, /, *, n: Optional[int] = None, axis: int = -1, norm: str = "backward") -> Tensor:
        return function(x, n=n, dim=axis, norm=norm)

    return wrapper


def _several_axes(name: str) -> Callable[..., Tensor]:
    function = getattr(torch.fft, name)

    def wrapper(x: Tensor, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
        return function(x, s=s, dim=axes, norm=norm)

    return wrapper


def _shift(name: str) -> Callable[..., Tensor]:
    function = getattr(torch.fft, name)

    def wrapper(x: Tensor, /, *, axes: Any = None) -> Tensor:
        return function(x, axes)

    return wrapper


def _frequencies(name: str) -> Callable[..., Tensor]:
    function = getattr(torch.fft, name)

    def wrapper(n: int, /, *, d: float = 1.0, dtype: Optional[torch.dtype] = None, device: Any = None) -> Tensor:
        return function(n, d, dtype=dtype, device=device)

    return wrapper


fft, ifft, rfft, irfft, hfft, ihfft = map(_one_axis, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"))
fftn, ifftn, rfftn, irfftn = map(_several_axes, ("fftn", "ifftn", "rfftn", "irfftn"))
fftshift, ifftshift = map(_shift, ("fftshift", "ifftshift"))
fftfreq, rfftfreq = map(_frequencies, ("fftfreq", "rfftfreq"))
for _name in __all__:
    _function = globals()[_name]
    _function.__name__ = _function.__qualname__ = _name
    _function.__doc__ = f":func:`torch.fft.{_name}` with the standard's names of arguments."
