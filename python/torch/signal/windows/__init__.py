"""Window functions of signal processing.

All take the number of points ``M``, and ``sym``: whether the window is symmetric, for filters, or the start of a
periodic one, for spectra.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterable
from typing import Any, Callable, Optional

import torch

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


Formula = Callable[[torch.Tensor, int], torch.Tensor]


def _window(choose: Callable[..., Formula]) -> Callable[..., torch.Tensor]:
    """The window whose points are ``formula(k, intervals)`` in float64; ``choose(sym, **own)`` gives that."""

    def window(
        M: int,
        *,
        sym: bool = True,
        dtype: Optional[torch.dtype] = None,
        layout: torch.layout = torch.strided,
        device: Any = None,
        requires_grad: bool = False,
        **own: Any,
    ) -> torch.Tensor:
        formula = choose(sym, **own)
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if M < 0:
            raise ValueError(f"{choose.__name__} requires non-negative window length, got M={M}")
        if layout is not torch.strided:
            raise ValueError(f"{choose.__name__} is implemented for strided tensors only, got: {layout}")
        if dtype not in (torch.float32, torch.float64):
            raise ValueError(f"{choose.__name__} expects float32 or float64 dtypes, got: {dtype}")
        if M <= 1:
            return torch.ones(M, dtype=dtype, device=device, requires_grad=requires_grad)
        k = torch.arange(M, dtype=torch.float64, device=device)
        return formula(k, M - 1 if sym else M).to(dtype).requires_grad_(requires_grad)

    first, *common, _ = inspect.signature(window).parameters.values()
    own = list(inspect.signature(choose).parameters.values())[1:]
    public: Any = functools.update_wrapper(window, choose)
    del public.__wrapped__
    public.__signature__ = inspect.Signature([first, *own, *common], return_annotation="torch.Tensor")
    return public


def _cosines(weights: list) -> Formula:
    """Sum of cosines with alternating signs, of 0, 1, 2 ... periods in the window."""

    def formula(k: torch.Tensor, n: int) -> torch.Tensor:
        angle = k * (2 * math.pi / n)
        result = torch.zeros_like(k)
        for i, weight in enumerate(weights):
            result += torch.cos(angle * i) * ((-1) ** i * weight)
        return result

    return formula


@_window
def exponential(sym: bool, *, center: Optional[float] = None, tau: float = 1.0) -> Formula:
    """``exp(-|k - center| / tau)``; without a centre, as symmetric windows must be, around the middle."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    return lambda k, n: torch.exp(-(k - (n / 2 if center is None else center)).abs() / tau)


@_window
def cosine(sym: bool) -> Formula:
    """Half a period of the sine, ``sin(pi (k + 1/2) / M)``."""
    return lambda k, n: torch.sin((k + 0.5) * (math.pi / (n + 1)))


@_window
def gaussian(sym: bool, *, std: float = 1.0) -> Formula:
    """The normal curve around the middle, with a standard deviation of ``std`` points."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return lambda k, n: torch.exp(-(((k - n / 2) / std) ** 2) / 2)


@_window
def kaiser(sym: bool, *, beta: float = 12.0) -> Formula:
    """Kaiser's window, from the modified Bessel function I0; ``beta`` trades its width for its side lobes."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def formula(k: torch.Tensor, n: int) -> torch.Tensor:
        inside = (1 - (k * (2 / n) - 1) ** 2).clamp_min(0)
        return torch.i0(inside.sqrt() * beta) / torch.i0(torch.tensor(beta, dtype=torch.float64))

    return formula


@_window
def hamming(sym: bool) -> Formula:
    """Hamming's window, ``0.54 - 0.46 cos``."""
    return _cosines([0.54, 1 - 0.54])


@_window
def hann(sym: bool) -> Formula:
    """Hann's window, ``0.5 - 0.5 cos``."""
    return _cosines([0.5, 0.5])


@_window
def blackman(sym: bool) -> Formula:
    """Blackman's window, three terms of cosines."""
    return _cosines([0.42, 0.5, 0.08])


@_window
def bartlett(sym: bool) -> Formula:
    """Triangle with the value 0 at its ends."""
    return lambda k, n: 1 - (k * (2 / n) - 1).abs()


@_window
def general_cosine(sym: bool, *, a: Iterable) -> Formula:
    """Sum of cosines with the weights ``a`` and alternating signs."""
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")
    return _cosines(weights)


@_window
def general_hamming(sym: bool, *, alpha: float = 0.54) -> Formula:
    """``alpha - (1 - alpha) cos``."""
    return _cosines([alpha, 1 - alpha])


@_window
def nuttall(sym: bool) -> Formula:
    """Nuttall's window of four terms, with low side lobes (Nuttall, 1981)."""
    return _cosines([0.3635819, 0.4891775, 0.1365995, 0.0106411])
