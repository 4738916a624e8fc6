"""Window functions of signal processing.

All take the number of points ``M``, and ``sym``: whether the window is symmetric, for filters, or the start of a
periodic one, for spectra.
"""

from __future__ import annotations

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


def _window(
    name: str,
    M: int,
    sym: bool,
    dtype: Optional[torch.dtype],
    layout: torch.layout,
    device: Any,
    requires_grad: bool,
    formula: Callable[[torch.Tensor, int], torch.Tensor],
) -> torch.Tensor:
    """The window whose points are ``formula(k, intervals)``, computed in float64; of one point it is 1."""
    dtype = torch.get_default_dtype() if dtype is None else dtype
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not torch.strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (torch.float32, torch.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    if M <= 1:
        return torch.ones(M, dtype=dtype, device=device, requires_grad=requires_grad)
    k = torch.arange(M, dtype=torch.float64, device=device)
    return formula(k, M - 1 if sym else M).to(dtype).requires_grad_(requires_grad)


def _cosines(weights: list) -> Callable[[torch.Tensor, int], torch.Tensor]:
    """Sum of cosines with alternating signs, of 0, 1, 2 ... periods in the window."""

    def formula(k: torch.Tensor, n: int) -> torch.Tensor:
        angle = k * (2 * math.pi / n)
        result = torch.zeros_like(k)
        for i, weight in enumerate(weights):
            result += torch.cos(angle * i) * ((-1) ** i * weight)
        return result

    return formula


def exponential(
    M: int,
    *,
    center: Optional[float] = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """``exp(-|k - center| / tau)``; without a centre, as symmetric windows must be, around the middle."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    return _window(
        "exponential",
        M,
        sym,
        dtype,
        layout,
        device,
        requires_grad,
        lambda k, n: torch.exp(-(k - (n / 2 if center is None else center)).abs() / tau),
    )


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Half a period of the sine, ``sin(pi (k + 1/2) / M)``."""
    return _window(
        "cosine",
        M,
        sym,
        dtype,
        layout,
        device,
        requires_grad,
        lambda k, n: torch.sin((k + 0.5) * (math.pi / (n + 1))),
    )


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """The normal curve around the middle, with a standard deviation of ``std`` points."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return _window(
        "gaussian",
        M,
        sym,
        dtype,
        layout,
        device,
        requires_grad,
        lambda k, n: torch.exp(-(((k - n / 2) / std) ** 2) / 2),
    )


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Kaiser's window, from the modified Bessel function I0; ``beta`` trades its width for its side lobes."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def formula(k: torch.Tensor, n: int) -> torch.Tensor:
        inside = (1 - (k * (2 / n) - 1) ** 2).clamp_min(0)
        return torch.i0(inside.sqrt() * beta) / torch.i0(torch.tensor(beta, dtype=torch.float64))

    return _window("kaiser", M, sym, dtype, layout, device, requires_grad, formula)


def hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Hamming's window, ``0.54 - 0.46 cos``."""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(
    M: int,
    *,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Hann's window, ``0.5 - 0.5 cos``."""
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Blackman's window, three terms of cosines."""
    return general_cosine(
        M,
        a=[0.42, 0.5, 0.08],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Triangle with the value 0 at its ends."""
    return _window("bartlett", M, sym, dtype, layout, device, requires_grad, lambda k, n: 1 - (k * (2 / n) - 1).abs())


def general_cosine(
    M: int,
    *,
    a: Iterable,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Sum of cosines with the weights ``a`` and alternating signs."""
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")
    return _window("general_cosine", M, sym, dtype, layout, device, requires_grad, _cosines(weights))


def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """``alpha - (1 - alpha) cos``."""
    return general_cosine(
        M,
        a=[alpha, 1 - alpha],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def nuttall(
    M: int,
    *,
    sym: bool = True,
    dtype: Optional[torch.dtype] = None,
    layout: torch.layout = torch.strided,
    device: Any = None,
    requires_grad: bool = False,
) -> torch.Tensor:
    """Nuttall's window of four terms, with low side lobes (Nuttall, 1981)."""
    return general_cosine(
        M,
        a=[0.3635819, 0.4891775, 0.1365995, 0.0106411],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )
