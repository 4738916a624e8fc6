"""Records of Fourier transforms, short-time transforms and windows."""

from __future__ import annotations

from .records import COMPLEX, INTS, WIDE, Dtype, Op, S, T

_GRAD = WIDE + COMPLEX
_TOLERANCES = {
    "float32": (2e-5, 2e-5),
    "float64": (1e-11, 1e-11),
    "complex64": (2e-5, 2e-5),
    "complex128": (1e-11, 1e-11),
    **{name: (2e-5, 2e-5) for name in (*INTS, "bool")},
}
_NORMS = ("forward", "backward", "ortho")


def _one(name: str, real: bool = False) -> Op:
    """One dimension: lengths of every kind (powers, products, primes, one), cut and filled up, every dimension."""
    return Op(
        f"fft_{name}",
        [
            S(T(8)),
            S(T(5)),
            S(T(3, 7)),
            S(T(3, 4), 6),
            S(T(3, 8), n=5),
            S(T(4, 3, 2), dim=0),
            S(T(2, 6, 3), None, 1),
            S(T(2), 1),
            S(T(30)).without_grad(),
            S(T(37)).without_grad().for_(WIDE + COMPLEX),
            S(T(20, 64)).without_grad(),
            S(T(9, 5, 11), dim=1).without_grad(),
            S(T(2, 94)).without_grad(),
            *(S(T(6), norm=norm) for norm in _NORMS),
        ],
        call=f"torch.fft.{name}",
        dtypes=WIDE + INTS + (() if real else COMPLEX),
        grad=WIDE if real else _GRAD,
        tolerances=_TOLERANCES,
        strides=True,
        inplace=False,
        errors=[
            S(T()),
            S(T(4), 0),
            S(T(4), dim=1),
            S(T(4), norm="other"),
            S(T(0)),
            S(T(4, dtype="float16")),
            *([S(T(4, dtype="complex64"))] if real else []),
        ],
    )


def _several(name: str, two: bool, real: bool = False) -> Op:
    samples = [
        S(T(4, 6)),
        S(T(3, 5)),
        S(T(2, 3, 4)),
        S(T(3, 4), s=(5, 3)),
        S(T(2, 4, 3), dim=(0, 1)),
        S(T(2, 4, 3), dim=(2, 0)),
        S(T(3, 4), (2, -1)),
        *(S(T(4, 3), norm=norm) for norm in _NORMS),
        S(T(12, 9, 20, low=-0.5, high=0.5)).without_grad().for_(WIDE + (() if real else COMPLEX)),
    ]
    if not two:
        samples += [S(T(5)), S(T(2, 3, 2, 3), dim=(1, 2, 3)), S(T(2, 4, 3), s=(3, 2)), S(T(2, 3, 4), dim=-2)]
    return Op(
        f"fft_{name}",
        samples,
        call=f"torch.fft.{name}",
        dtypes=WIDE + INTS + (() if real else COMPLEX),
        grad=WIDE if real else _GRAD,
        tolerances=_TOLERANCES,
        strides=True,
        inplace=False,
        out=name != "ihfftn",  # PyTorch leaves the out= of one dimension as it is
        errors=[
            S(T(4, 4), (2, 2, 2)),
            S(T(4, 4), (2, 0)),
            S(T(4, 4), dim=(0, 0)),
            S(T(4, 4), s=(2,), dim=(0, 1)),
            S(T(4, 4), norm="other"),
            S(T(4, 4, dtype="float16")),
            *([S(T(4, 4, dtype="complex64"))] if real else []),
            *([S(T(4))] if two else []),
        ],
    )


def _frequencies(name: str) -> Op:
    return Op(
        f"fft_{name}",
        [S(5), S(6), S(1), S(2), S(8, 0.25), S(7, d=2.0, dtype=Dtype("float64"))],
        call=f"torch.fft.{name}",
        dtypes=("float32",),
        grad=(),
        gradcheck=False,
        gradgradcheck=False,
        inplace=False,
        errors=[S(5, dtype=Dtype("int64")), S("a")],
    )


def _shift(name: str) -> Op:
    return Op(
        f"fft_{name}",
        [S(T(5)), S(T(4)), S(T(3, 4)), S(T(3, 4), (1,)), S(T(2, 5, 4), dim=(0, 2)), S(T(3, 4), 0)],
        call=f"torch.fft.{name}",
        dtypes=WIDE + INTS + COMPLEX,
        grad=_GRAD,
        inplace=False,
        out=False,
        errors=[S(T(3), 2), S("a")],
    )


def _window(name: str, *more: S) -> Op:
    return Op(
        f"{name}_window",
        [
            S(0),
            S(1),
            S(2),
            S(5),
            S(16),
            S(7, False),
            S(9, periodic=False, dtype=Dtype("float64")),
            S(6, dtype=Dtype("float64")),
            *more,
        ],
        dtypes=("float32",),
        grad=(),
        gradcheck=False,
        gradgradcheck=False,
        inplace=False,
        out=False,
        tolerances={"float32": (2e-6, 1e-6), "float64": (1e-12, 1e-13)},
        errors=[S(-1), S(5, dtype=Dtype("int64")), S(5, dtype=Dtype("complex64"))],
    )


OPS = [
    _one("fft"),
    _one("ifft"),
    _one("rfft", real=True),
    _one("irfft"),
    _one("hfft"),
    _one("ihfft", real=True),
    *(_several(name + suffix, suffix == "2") for name in ("fft", "ifft", "irfft", "hfft") for suffix in "2n"),
    *(_several(name + suffix, suffix == "2", real=True) for name in ("rfft", "ihfft") for suffix in "2n"),
    _frequencies("fftfreq"),
    _frequencies("rfftfreq"),
    _shift("fftshift"),
    _shift("ifftshift"),
    Op(
        "stft",
        [
            S(T(40), 8, return_complex=True),
            S(T(2, 40), 8, 3, 6, T(6, low=0.2, high=1, layout=False), return_complex=True),
            S(T(40), 8, center=False, normalized=True, return_complex=True).plain(),
            S(T(40), 8, onesided=False, pad_mode="constant", return_complex=True),
            S(T(40), 8, 2, return_complex=False),
            S(T(40), 8, win_length=4, center=False, align_to_window=True, return_complex=True).plain(),
            S(T(40), 8, 4, window=T(8, low=0.2, high=1, layout=False), return_complex=True),
        ],
        call="torch.stft",
        dtypes=WIDE,
        grad=WIDE,
        tolerances=_TOLERANCES,
        inplace=False,
        out=False,
        errors=[
            S(T(40), 8),
            S(T(40), 0, return_complex=True),
            S(T(40), 8, 0, return_complex=True),
            S(T(40), 8, 2, 9, return_complex=True),
            S(T(40), 8, window=T(5), return_complex=True),
            S(T(40), 80, center=False, return_complex=True),
            S(T(2, 2, 40), 8, center=False, return_complex=True),
            S(T(40, dtype="int64"), 8, center=False, return_complex=True),
            S(T(40), 8, align_to_window=True, return_complex=True),
            S(T(40, dtype="complex64"), 8, onesided=True),
        ],
    ),
    Op(
        "istft",
        [
            S(T(5, 9), 8),
            S(T(2, 5, 9), 8, 2),
            S(T(5, 9), 8, 2, 6, T(6, dtype="float64", low=0.3, high=1, layout=False)).for_(("complex128",)),
            S(T(5, 9), 8, length=13),
            S(T(5, 9), 8, length=25),
            S(T(5, 9), 8, center=False),
            S(T(5, 9), 8, normalized=True),
            S(T(8, 9), 8, onesided=False),
            S(T(8, 9), 8, onesided=False, return_complex=True),
        ],
        call="torch.istft",
        dtypes=COMPLEX,
        grad=COMPLEX,
        tolerances=_TOLERANCES,
        inplace=False,
        out=False,
        errors=[
            S(T(5, 9), 8),
            S(T(5, 9, dtype="complex64"), 10),
            S(T(5, 9, dtype="complex64"), 8, 9),
            S(T(5, 9, dtype="complex64"), 8, 2, 9),
            S(T(5, 9, dtype="complex64"), 8, return_complex=True),
            S(T(5, 9, dtype="complex64"), 8, onesided=False),
            S(T(5, 9, dtype="complex64"), 8, window=T(5)),
        ],
    ),
    _window("bartlett"),
    _window("blackman"),
    _window("hann"),
    _window("hamming", S(6, True, 0.4), S(6, False, alpha=0.4, beta=0.3)),
    _window("kaiser", S(6, True, 3.0), S(6, periodic=False, beta=5.0)),
]
