"""Discrete Fourier transforms, of one dimension, two or any.

Names: ``fft`` transforms complex (or real) numbers, ``rfft`` real ones to the half of the result that is not
redundant, ``hfft`` a Hermitian signal, given by its first half, to real numbers; a leading ``i`` is the inverse; a
trailing ``2`` or ``n`` says over how many dimensions.  ``norm`` is ``"backward"`` (the inverse divides by n, the
default), ``"ortho"`` or ``"forward"``.
"""

from __future__ import annotations

from torch import _C

__all__ = [
    "fft",
    "ifft",
    "fft2",
    "ifft2",
    "fftn",
    "ifftn",
    "rfft",
    "irfft",
    "rfft2",
    "irfft2",
    "rfftn",
    "irfftn",
    "hfft",
    "ihfft",
    "hfft2",
    "ihfft2",
    "hfftn",
    "ihfftn",
    "fftfreq",
    "rfftfreq",
    "fftshift",
    "ifftshift",
]

_fft = _C._fft

fft = _fft.fft_fft
ifft = _fft.fft_ifft
fft2 = _fft.fft_fft2
ifft2 = _fft.fft_ifft2
fftn = _fft.fft_fftn
ifftn = _fft.fft_ifftn
rfft = _fft.fft_rfft
irfft = _fft.fft_irfft
rfft2 = _fft.fft_rfft2
irfft2 = _fft.fft_irfft2
rfftn = _fft.fft_rfftn
irfftn = _fft.fft_irfftn
hfft = _fft.fft_hfft
ihfft = _fft.fft_ihfft
hfft2 = _fft.fft_hfft2
ihfft2 = _fft.fft_ihfft2
hfftn = _fft.fft_hfftn
ihfftn = _fft.fft_ihfftn
fftfreq = _fft.fft_fftfreq
rfftfreq = _fft.fft_rfftfreq
fftshift = _fft.fft_fftshift
ifftshift = _fft.fft_ifftshift
