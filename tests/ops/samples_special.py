"""Records of special functions and their kin."""

from __future__ import annotations

import math

from .records import FLOATS, INTS, REAL, UNARY_ERRORS, WIDE, Op, S, T, V, binary, unary

# float32 here is rounded from double; the oracle computes in float32.
_LOOSE = {
    "float16": (4e-3, 2e-3),
    "bfloat16": (2e-2, 1e-2),
    "float32": (2e-5, 2e-6),
    "float64": (1e-11, 1e-12),
    "complex64": (2e-5, 1e-5),
    "complex128": (1e-11, 1e-12),
}
_WIDE_INTS = WIDE + INTS


def _special(name: str, low: float = -2.5, high: float = 2.5, special: str = "", **facts: object) -> Op:
    samples = [*unary(low, high, special), *facts.pop("more", ())]
    facts.setdefault("dtypes", _WIDE_INTS)
    facts.setdefault("tolerances", _LOOSE)
    facts.setdefault("errors", [*UNARY_ERRORS, S(T(3, dtype="complex64"))])
    if "grad" not in facts:
        facts.update(grad=(), gradcheck=False, gradgradcheck=False)
    return Op(
        f"special_{name}",
        samples,
        call=f"torch.special.{name}",
        strides=facts.pop("strides", True),
        inplace=False,
        **facts,
    )


_OK = {"grad": WIDE}
# PyTorch has NaN for Bessel functions of infinity, and about 8 digits of J and Y and of Ai far below 0:
# tests/accuracy has exact values.
_ROUGH = {"float32": (2e-5, 2e-6), "float64": (2e-7, 2e-8)}
_NEAR = V([0.0, 1.0, 2.0, 4.5, math.nan])
_BEYOND = V([0.0, 1.0, 2.0, 5.0, 8.0, 12.5, 40.0, 100.0, math.inf, math.nan])

OPS = [
    _special("bessel_j0", -4.9, 4.9, more=[S(_NEAR).for_(WIDE)], dtypes=WIDE, tolerances=_ROUGH),
    _special("bessel_j1", -4.9, 4.9, more=[S(_NEAR).for_(WIDE)], dtypes=WIDE, tolerances=_ROUGH),
    _special("bessel_y0", 0.1, 4.9, more=[S(_NEAR).for_(WIDE)], dtypes=WIDE, tolerances=_ROUGH),
    _special("bessel_y1", 0.1, 4.9, more=[S(_NEAR).for_(WIDE)], dtypes=WIDE, tolerances=_ROUGH),
    _special("modified_bessel_i0", -9, 9),
    _special("modified_bessel_i1", -9, 9),
    _special("modified_bessel_k0", 0.1, 9, more=[S(_BEYOND).for_(WIDE)]),
    _special("modified_bessel_k1", 0.1, 9, more=[S(_BEYOND).for_(WIDE)]),
    _special("scaled_modified_bessel_k0", 0.1, 9, more=[S(_BEYOND).for_(WIDE)]),
    _special("scaled_modified_bessel_k1", 0.1, 9, more=[S(_BEYOND).for_(WIDE)]),
    _special("spherical_bessel_j0", -9, 9, more=[S(_BEYOND).for_(WIDE)]),
    _special("airy_ai", -2, 9, tolerances={**_LOOSE, "float32": (2e-4, 2e-5)}, dtypes=WIDE),
    Op(
        "i0",
        unary(-9, 9, "mild"),
        dtypes=FLOATS + INTS,
        tolerances={**_LOOSE, "float16": (4e-3, 4e-3)},
        strides=True,
        errors=[*UNARY_ERRORS, S(T(3, dtype="complex64"))],
    ),
    _special("i0e", -12, 12, dtypes=FLOATS + INTS, **_OK),
    _special("i1", -5, 5, dtypes=FLOATS + INTS, more=[S(V([0.0, 1.0, -8.5]))], **_OK),
    _special("i1e", -12, 12, dtypes=FLOATS + INTS, **_OK),
    _special("erfcx", -2, 20, special="mild", **_OK),
    _special("ndtr", -4, 4, special="mild", dtypes=FLOATS + INTS, **_OK),
    _special("log_ndtr", -9, 4, special="mild", dtypes=WIDE + INTS, **_OK),
    _special("ndtri", 0.01, 0.99, more=[S(V([0.0, 1.0, 0.5, -0.5, 1e-6])).without_grad().for_(WIDE)], **_OK),
    _special("entr", 0.1, 4, special="mild", dtypes=FLOATS + INTS, **_OK),
    Op(
        "special_xlog1py",
        binary("mild", (2, 1.5), low=0.2, high=4),
        call="torch.special.xlog1py",
        dtypes=REAL,
        tolerances=_LOOSE,
        strides=True,
        inplace=False,
        errors=[S(T(3, 4), T(5)), S(T(3), "a")],
    ),
    Op(
        "special_zeta",
        [
            S(T(3, 4, low=1.2, high=6, grad=False), T(3, 4, low=0.3, high=6)),
            S(T(3, 4, low=1.2, high=6, grad=False), T(4, low=0.3, high=6)),
            S(T(3, 4, low=1.2, high=6, grad=False), 2.5).without_grad(),
            S(3.0, T(3, 4, low=0.3, high=6)),
            S(V([1.0, 0.5, 2.0, 3.0, 2.5, 2.0]), V([2.0, 2.0, -1.5, -0.5, -1.5, 0.0])).without_grad().for_(WIDE),
        ],
        call="torch.special.zeta",
        dtypes=WIDE,
        tolerances=_LOOSE,
        strides=True,
        inplace=False,
        gradgradcheck=False,
        errors=[S(T(3, 4), T(5)), S(T(3), "a")],
    ),
    Op(
        "polygamma",
        [S(n, T(3, 4, low=0.3, high=6)) for n in (0, 1, 2, 3, 5)]
        + [S(2, T(low=0.3, high=6)), S(3, T(0)), S(1, T(67, low=0.5, high=40))],
        dtypes=FLOATS + INTS,
        tolerances={**_LOOSE, "float64": (1e-8, 1e-9)},
        strides=True,
        inplace=False,
        errors=[S(-1, T(3)), S(2, T(3, dtype="complex64")), S(1.5, T(3)), S(T(3), 2)],
    ),
    *(
        Op(
            name,
            [
                S(T(3, 4, low=0.2, high=9, grad=False), T(3, 4, low=0.2, high=9)),
                S(T(3, 1, low=0.2, high=9, grad=False), T(4, low=0.2, high=9)),
                S(T(67, low=20, high=90, grad=False), T(67, low=20, high=90)),
                S(T(0, grad=False), T(0)),
                S(
                    V([0.0, 0.0, 1.0, 2.0, -1.0, math.inf, math.inf, 2.0, math.nan]),
                    V([1.0, 0.0, 0.0, -1.0, 1.0, 2.0, math.inf, math.inf, 1.0]),
                )
                .without_grad()
                .for_(WIDE),
            ],
            dtypes=FLOATS,
            # PyTorch has about 9 digits for large arguments; tests/accuracy has exact values
            tolerances={**_LOOSE, "float32": (1e-4, 1e-5), "float64": (2e-8, 2e-9)},
            strides=True,
            gradgradcheck=False,
            gradcheck=True,
            errors=[S(T(3, dtype="int64"), T(3, dtype="int64")), S(T(3), 2.0), S(T(3, 4), T(5))],
        )
        for name in ("igamma", "igammac")
    ),
    *(
        Op(
            f"special_{name}",
            [S(T(3, 4, low=low, high=high), n) for n in (-1, 0, 1, 2, 5, 9, 2.7)]
            + [
                S(T(3, 1, low=low, high=high), T(4, low=0, high=6)),
                S(0.75, T(4, low=0, high=6)),
                S(V([1.0, -1.0, 0.0, 0.5]), V([3.0, 4.0, 7.0, 8.0])).for_(WIDE),
            ],
            call=f"torch.special.{name}",
            dtypes=WIDE,
            tolerances={"float32": (1e-4, 1e-4), "float64": (1e-11, 1e-11)},
            strides=True,
            inplace=False,
            grad=(),
            gradcheck=False,
            gradgradcheck=False,
            errors=[S(T(3, 4), T(5)), S(T(3, dtype="complex64"), 2), S(T(3), "a")],
        )
        for name, low, high in (
            ("chebyshev_polynomial_t", -2, 2),
            ("chebyshev_polynomial_u", -2, 2),
            ("chebyshev_polynomial_v", -2, 2),
            ("chebyshev_polynomial_w", -2, 2),
            ("shifted_chebyshev_polynomial_t", -1, 2),
            ("shifted_chebyshev_polynomial_u", -1, 2),
            ("shifted_chebyshev_polynomial_v", -1, 2),
            ("shifted_chebyshev_polynomial_w", -1, 2),
            ("hermite_polynomial_h", -3, 3),
            ("hermite_polynomial_he", -3, 3),
            ("laguerre_polynomial_l", -1, 5),
            ("legendre_polynomial_p", -2, 2),
        )
    ),
    Op(
        "ldexp",
        [S(T(3, 4), T(3, 4)), S(T(3, 4), T(4, dtype="int64", low=0, high=5)), S(T(), T(3)), S(T(0), T(0))],
        dtypes=FLOATS + ("complex64", "complex128"),
        tolerances=_LOOSE,
        strides=True,
        errors=[S(T(3, 4), T(5)), S(T(3), None)],
    ),
    Op(
        "frexp",
        [
            S(T(3, 4, low=-9, high=9)),
            S(T()),
            S(T(0)),
            S(V([0.0, -0.0, 1.0, 0.5, -3.0, 1e-30, 1e30])).without_grad().for_(WIDE),
        ],
        dtypes=FLOATS,
        inplace=False,
        out=False,
        gradgradcheck=False,
        errors=[S(T(3, dtype="int64")), S(T(3, dtype="complex64")), S("a")],
    ),
    Op(
        "rrelu",
        [
            S(T(3, 4)),
            S(T(3, 4), 0.2, 0.3),
            S(T(5), 0.1, 0.4, True).for_(WIDE),
            S(T(67), training=True).for_(WIDE),
            S(T(0)),
        ],
        call="torch.rrelu",
        random=True,
        gradcheck=False,
        gradgradcheck=False,
        tolerances=_LOOSE,
        errors=[S(T(3), 0.5, 0.2), S(T(3), 0.1, math.inf)],
    ),
]
