"""Fourier transforms against exact sums and NumPy: lengths of every kind, layouts, threads."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
import torch

# powers, products of small primes, primes that are radices, primes that are not and products of both
LENGTHS = [1, 2, 3, 4, 7, 8, 11, 16, 25, 31, 32, 37, 41, 64, 77, 97, 128, 210, 256, 509, 1000, 1009, 1024, 2310, 4099]
LENGTHS += [5000, 8192, 65536, 65537, 30030, 2 * 10007]
EPS = {torch.complex64: 1.2e-7, torch.complex128: 2.3e-16}


def random_complex(*sizes: int, dtype: Any) -> torch.Tensor:
    real = torch.float32 if dtype == torch.complex64 else torch.float64
    return torch.complex(torch.randn(*sizes, dtype=real), torch.randn(*sizes, dtype=real))


@pytest.mark.parametrize("dtype", (torch.complex64, torch.complex128))
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("lines", (1, 5, 19))
def test_length(n: int, lines: int, dtype: Any) -> None:
    if n * lines > 200_000:
        pytest.skip("long lines are tested alone")
    generator = np.random.RandomState(n)
    x = generator.randn(lines, n) + 1j * generator.randn(lines, n)
    ours = torch.from_numpy(x).to(dtype)
    exact = np.fft.fft(ours.numpy().astype(np.complex128))
    error = np.abs(torch.fft.fft(ours).numpy() - exact)
    limit = EPS[dtype] * math.sqrt(n) * (4 + 2 * math.log2(n))
    assert error.max() <= limit
    assert np.abs(torch.fft.ifft(torch.fft.fft(ours)).numpy() - ours.numpy()).max() <= 40 * EPS[dtype]
    real = ours.real.contiguous()
    spectrum = np.fft.rfft(real.numpy().astype(np.float64))
    assert np.abs(torch.fft.rfft(real).numpy() - spectrum).max() <= limit
    assert np.abs(torch.fft.irfft(torch.fft.rfft(real), n).numpy() - real.numpy()).max() <= 40 * EPS[dtype]


@pytest.mark.parametrize("dim", (0, 1, 2))
def test_layouts(dim: int) -> None:
    x = random_complex(18, 35, 20, dtype=torch.complex128)
    expected = np.fft.fft(x.numpy(), axis=dim)
    for t in (x, x.transpose(0, 2).contiguous().transpose(0, 2), x[:, :, None].expand(18, 35, 3, 20)[:, :, 1]):
        np.testing.assert_allclose(torch.fft.fft(t, dim=dim).numpy(), expected, atol=1e-12)
    strided = torch.randn(36, 70, 40)[::2, ::2, ::2]
    np.testing.assert_allclose(
        torch.fft.rfft(strided, dim=dim).numpy(), np.fft.rfft(strided.numpy(), axis=dim), atol=1e-4
    )
    flipped = torch.fft.rfft(strided.double(), dim=dim)
    np.testing.assert_allclose(
        torch.fft.irfft(flipped, strided.shape[dim], dim=dim).numpy(), strided.numpy(), atol=1e-12
    )


def test_imaginary_parts_without_meaning() -> None:
    """The first element of half a spectrum stands for a real number, and so does the last one of an even length."""
    for n in (6, 7):
        half = random_complex(n // 2 + 1, dtype=torch.complex128)
        plain = half.clone()
        plain[0] = plain[0].real.clone()
        if n % 2 == 0:
            plain[-1] = plain[-1].real.clone()
        assert torch.equal(torch.fft.irfft(half, n), torch.fft.irfft(plain, n))


def test_threads_change_nothing() -> None:
    before = torch.get_num_threads()
    cases = [random_complex(1, 1 << 16, dtype=torch.complex64), random_complex(300, 1000, dtype=torch.complex64)]
    try:
        for x in cases:
            torch.set_num_threads(1)
            alone = torch.fft.fft(x)
            torch.set_num_threads(4)
            assert torch.equal(alone, torch.fft.fft(x))
    finally:
        torch.set_num_threads(before)


def test_large_prime_is_not_quadratic() -> None:
    """A prime of a million takes about as long as ten times a tenth of it."""
    times = {}
    for n in (100_003, 1_000_003):
        x = random_complex(n, dtype=torch.complex64)
        torch.fft.fft(x)
        start = time.perf_counter()
        torch.fft.fft(x)
        times[n] = time.perf_counter() - start
    assert times[1_000_003] < 60 * times[100_003] + 0.05


def test_many_lengths() -> None:
    """Plans that are forgotten are made anew."""
    x = random_complex(3, 700, dtype=torch.complex128)
    expected = [torch.fft.fft(x[:, :n]) for n in (5, 77, 700)]
    for n in range(1, 700, 3):
        torch.fft.fft(x[:, :n])
    torch.fft.fft(torch.randn(1 << 22))
    for n, value in zip((5, 77, 700), expected):
        assert torch.equal(torch.fft.fft(x[:, :n]), value)


def test_istft_inverts_stft() -> None:
    x = torch.randn(3, 2000, dtype=torch.float64)
    window = torch.hann_window(64, dtype=torch.float64)
    for kwargs in ({"hop_length": 16}, {"hop_length": 20, "win_length": 50}, {"normalized": True}):
        w = window if "win_length" not in kwargs else torch.hann_window(50, dtype=torch.float64)
        s = torch.stft(x, 64, window=w, return_complex=True, **kwargs)
        back = torch.istft(s, 64, window=w, length=1900, **kwargs)
        torch.testing.assert_close(back, x[:, :1900], rtol=1e-10, atol=1e-10)


def test_windows(both: Any) -> None:
    for name in ("bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser", "nuttall"):
        for arguments in ("0", "1", "2", "8", "9", "9, sym=False", "8, sym=False, dtype=torch.float64"):
            both(f"result = torch.signal.windows.{name}({arguments})")
    both("result = torch.signal.windows.general_cosine(9, a=[0.4, 0.3, 0.2, 0.1])")
    both("result = torch.signal.windows.general_hamming(9, alpha=0.7, sym=False)")
    both("result = torch.signal.windows.kaiser(9, beta=3.5)")
    both("result = torch.signal.windows.exponential(9, tau=2.0, center=1.0, sym=False)")
    both("result = torch.signal.windows.gaussian(9, std=2.0)")


@pytest.mark.parametrize(
    "call",
    (
        "hann(-1)",
        "hann(5, dtype=torch.int64)",
        "hann(5, dtype=torch.float16)",
        "exponential(5, tau=-1.0)",
        "exponential(5, center=1.0)",
        "gaussian(5, std=0.0)",
        "kaiser(5, beta=-1.0)",
        "general_cosine(5, a=[])",
        "general_cosine(5, a=2.0)",
    ),
)
def test_wrong_windows(call: str, both: Any) -> None:
    both(
        f"""
try:
    torch.signal.windows.{call}
    result = "no error"
except Exception as error:
    result = type(error).__name__
"""
    )
