"""Fourier transforms and special functions."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def fft() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Fourier transforms: single lines of several kinds of length, batches, two dimensions."""
    import torch

    torch.manual_seed(0)
    for n in (256, 1024, 1000, 1009, 65536, 10007, 1 << 20):
        z = torch.complex(torch.randn(n), torch.randn(n))
        yield f"fft {n}", lambda z=z: torch.fft.fft(z)
    for n in (1024, 1000, 1 << 20):
        x = torch.randn(n)
        half = torch.fft.rfft(x)
        yield f"rfft {n}", lambda x=x: torch.fft.rfft(x)
        yield f"irfft {n}", lambda half=half: torch.fft.irfft(half)
    wide = torch.complex(torch.randn(4096).double(), torch.randn(4096).double())
    yield "fft 4096 complex128", lambda: torch.fft.fft(wide)
    for count, n in ((100, 100), (64, 1024), (4096, 64), (64, 1009)):
        z = torch.complex(torch.randn(count, n), torch.randn(count, n))
        x = torch.randn(count, n)
        yield f"fft {count} x {n}", lambda z=z: torch.fft.fft(z)
        yield f"rfft {count} x {n}", lambda x=x: torch.fft.rfft(x)
        yield f"fft {count} x {n} along 0", lambda z=z: torch.fft.fft(z, dim=0)
    image = torch.randn(8, 256, 256)
    plane = torch.complex(torch.randn(1000, 1000), torch.randn(1000, 1000))
    yield "fft2 1000 x 1000", lambda: torch.fft.fft2(plane)
    yield "rfft2 8 x 256 x 256", lambda: torch.fft.rfft2(image)
    sound, window = torch.randn(4, 160_000), torch.hann_window(400)
    yield "stft 4 x 160000", lambda: torch.stft(sound, 400, 160, window=window, return_complex=True)


def special() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Special functions of 1e5 numbers."""
    import torch

    torch.manual_seed(0)
    x, a = torch.rand(100_000) * 8 + 0.1, torch.rand(100_000) * 8 + 0.1
    for name in ("i0", "i1e", "bessel_j0", "modified_bessel_k0", "erfcx", "log_ndtr", "digamma", "sinc", "entr"):
        yield name, lambda f=getattr(torch.special, name): f(x)
    yield "ndtri", lambda: torch.special.ndtri(x / 10)
    yield "polygamma 2", lambda: torch.polygamma(2, x)
    yield "zeta", lambda: torch.special.zeta(x + 1, a)
    yield "igamma", lambda: torch.igamma(a, x)
    yield "legendre 10", lambda: torch.special.legendre_polynomial_p(x / 10, 10)


GROUPS = {"fft": fft, "special": special}
