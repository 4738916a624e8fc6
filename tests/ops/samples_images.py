"""Records of convolutions, pooling, resampling and their like."""

from __future__ import annotations

import numpy as np
from numpy import inf, nan

from .records import ALL, COMPLEX, FLOATS, WIDE, D, Op, S, T, V

_IMAGES = ("contiguous", "channels_last", "sliced")
_PLAIN = ("contiguous", "transposed", "sliced")
_PROD = {
    "float16": (8e-3, 8e-3),
    "bfloat16": (4e-2, 4e-2),
    "float32": (1e-5, 1e-5),
    "float64": (1e-11, 1e-12),
    "complex64": (2e-5, 2e-5),
    "complex128": (1e-11, 1e-11),
}


def L(values: object) -> T:
    return V(values, "int64", grad=False)


def _op(name: str, samples: list, bad: tuple = (), **facts: object) -> Op:
    facts.setdefault("call", f"F.{name}")
    facts.setdefault("layouts", _IMAGES)
    facts.setdefault("tolerances", _PROD)
    facts.setdefault("out", False)
    facts.setdefault("inplace", False)
    facts.setdefault("grad", WIDE)
    return Op(name, samples, errors=list(bad), **facts)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- convolution
OPS = [
    _op(
        "conv3d",
        [
            S(T(1, 2, 4, 4, 4), T(3, 2, 2, 2, 2), T(3)),
            S(T(1, 2, 4, 4, 4), T(3, 2, 2, 2, 2), None, 2, 1),
            S(T(1, 2, 3, 4, 5), T(4, 1, 2, 3, 1), None, (1, 2, 1), (0, 1, 1), (1, 1, 2), 2),
            S(T(1, 1, 3, 3, 3), T(2, 1, 2, 3, 2), padding="same"),
            S(T(1, 1, 3, 3, 3), T(2, 1, 2, 2, 2), padding="valid"),
            S(T(2, 3, 3, 3), T(2, 2, 2, 2, 2)),
            S(T(1, 1, 2, 2, 2), T(1, 1, 2, 2, 1)),
        ],
        (
            S(T(1, 2, 4, 4, 4), T(3, 3, 2, 2, 2)),
            S(T(1, 2, 1, 4, 4), T(3, 2, 2, 2, 2)),
            S(T(1, 2, 4, 4, 4), T(3, 2, 2, 2, 2), None, 2, "same"),
            S(T(2, 4, 4), T(3, 2, 2, 2, 2)),
        ),
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64", "complex64"),
    ),
    *[
        _op(
            f"conv{n}d",
            [S(T(1, 2, *[3] * n), T(2, 2, *[2] * n), T(2)), S(T(1, 2, *[3] * n), T(2, 1, *[2] * n), None, 1, 1, 1, 2)],
            variant="complex",
            dtypes=COMPLEX,
            grad=COMPLEX,
        )
        for n in (1, 2)
    ],
    *[
        _op(
            f"conv_transpose{n}d",
            [
                S(T(2, 3, *[4] * n), T(3, 2, *[3] * n), T(2)).for_(WIDE + COMPLEX),
                S(T(2, 3, *[4] * n), T(3, 2, *[3] * n), None, 2, 1, 1),
                S(T(1, 4, *[3] * n), T(4, 2, *[2] * n), T(4), 2, 0, 0, 2),
                S(T(1, 2, *[3] * n), T(2, 1, *[2] * n), None, 1, 0, 0, 1, 2),
                S(T(1, 2, *[3] * n), T(2, 1, *[2] * n), None, 1, 0, 1, 1, 2),
                S(T(2, *[3] * n), T(2, 2, *[2] * n)),
                S(T(1, 1, *[2] * n), T(1, 1, *[2] * n)),
            ],
            (
                S(T(2, 3, *[4] * n), T(4, 3, *[3] * n)),
                S(T(2, 3, *[4] * n), T(3, 4, *[3] * n), None, 1, 0, 1),
                S(T(2, 3, *[4] * n), T(3, 4, *[3] * n), T(3)),
                S(T(3), T(3, 4, *[3] * n)),
            ),
            dtypes=WIDE + COMPLEX,
            grad=("float32", "float64", "complex64"),
        )
        for n in (1, 2, 3)
    ],
    _op(
        "conv_tbc",
        [S(T(5, 2, 3), T(3, 3, 4), T(4)), S(T(5, 2, 3), T(3, 3, 4), T(4), 2), S(T(2, 1, 2), T(1, 2, 1), T(1))],
        (S(T(5, 2, 3), T(3, 2, 4), T(4)), S(T(5, 2), T(3, 2, 4), T(4)), S(T(5, 2, 3), T(3, 3, 4), T(3))),
        call="torch.conv_tbc",
        layouts=_PLAIN,
        out=True,
    ),
    _op(
        "bilinear",
        [
            S(T(3, 4), T(3, 5), T(2, 4, 5), T(2)),
            S(T(2, 3, 2), T(2, 3, 2), T(2, 2, 2)),
            S(T(2), T(3), T(2, 2, 3), T(2)),
            S(T(0, 2), T(0, 3), T(2, 2, 3)).once(),
        ],
        (S(T(3, 4), T(3, 5), T(2, 4, 4)), S(T(3, 4), T(2, 5), T(2, 4, 5)), S(T(3, 4), T(3, 5), T(2, 4, 5), T(3))),
        layouts=_PLAIN,
        dtypes=FLOATS + COMPLEX,
        grad=WIDE,
    ),
    _op(
        "unfold",
        [
            S(T(2, 3, 4, 5), 2),
            S(T(2, 3, 4, 5), (2, 3), 1, (1, 0), (2, 1)),
            S(T(1, 2, 5, 5), 2, 2, 1),
            S(T(3, 4, 5), 3),
            S(T(0, 3, 4, 5), 2),
            S(T(1, 1, 3, 3), 3, 1, 3, 2),
        ],
        (S(T(4, 5), 2), S(T(1, 1, 2, 2), 3), S(T(1, 1, 3, 3), 2, 0), S(T(1, 1, 3, 3), 2, 1, -1)),
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64", "complex64"),
        variant="windows",
        covers=("im2col",),
    ),
    _op(
        "fold",
        [
            S(T(2, 12, 12), (4, 5), 2),
            S(T(2, 12, 12), (4, 5), (2, 2), 1, 0, 1),
            S(T(1, 8, 9), 5, 2, 2, 1, 2),
            S(T(8, 4), 3, 2),
            S(T(1, 4, 8), 3, 2, 1, 1, (1, 2)),
        ],
        (S(T(2, 12, 11), (4, 5), 2), S(T(2, 11, 12), (4, 5), 2), S(T(12), (4, 5), 2), S(T(1, 4, 4), (3, 3, 3), 2)),
        layouts=_PLAIN,
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64", "complex64"),
        covers=("col2im",),
    ),
]

# -------------------------------------------------------------------------------------------------- pooling
_POOL_INTS = ("int32", "int64", "uint8")


def _max_pool(n: int) -> Op:
    size = (6, 7, 5)[:n]
    return _op(
        f"max_pool{n}d",
        [
            S(D(2, 3, *size), 2),
            S(D(2, 3, *size), 3, 2),
            S(D(1, 2, *size), (2, 3, 2)[:n], (2, 1, 1)[:n], (1, 1, 0)[:n]),
            S(D(1, 2, *[7] * n), 3, 1, 1, 2),
            S(D(1, 1, *[7] * n), 3, 2, 1, 1, True),
            S(D(3, *size), 2),
            S(D(0, 3, *size), 2).for_(("float32", "float64")),
            S(D(1, 2, *[5] * n), 2, return_indices=True),
            S(D(1, 2, *[5] * n), 3, 2, 1, return_indices=True),
            S(D(1, 20, *[4] * n), 2, return_indices=True),
            S(D(1, 1, *[3] * n), 2),
            S(V(np.resize([0.5, nan, 1.0, -inf, -inf, inf], (1, 1, *[4] * n))), 2).for_(FLOATS).without_grad(),
        ],
        (
            S(T(3), 2),
            S(T(1, 1, *[4] * n), 0),
            S(T(1, 1, *[4] * n), 2, 2, 2),
            S(T(1, 1, *[1] * n), 2),
            S(T(1, 1, *[4] * n), (2, 2, 2, 2)),
            S(T(1, 1, *[4] * n), 2, 0),
            S(T(1, 1, *[4] * n), 2, 1, -1),
            S(T(1, 1, *[4] * n), 2, 1, 0, 0),
        ),
        dtypes=FLOATS if n == 1 else FLOATS + _POOL_INTS,
        covers=(f"max_pool{n}d_with_indices",),
    )


def _avg_pool(n: int) -> Op:
    size = (6, 7, 5)[:n]
    more = (
        [] if n == 1 else [S(T(1, 1, *[6] * n), 2, 2, 0, False, True, 3), S(T(1, 1, *[5] * n), 3, 2, 1, True, False, 5)]
    )
    return _op(
        f"avg_pool{n}d",
        [
            S(T(2, 3, *size), 2),
            S(T(2, 3, *size), 3, 2),
            S(T(1, 2, *size), (2, 3, 2)[:n], (2, 1, 1)[:n], (1, 1, 0)[:n]),
            S(T(1, 2, *size), 3, 1, 1, False, False),
            S(T(1, 1, *[7] * n), 3, 2, 1, True),
            S(T(1, 1, *[7] * n), 3, 2, 1, True, False),
            S(T(3, *size), 2),
            S(T(0, 3, *size), 2),
            S(T(1, 20, *[4] * n), 2),
            S(T(1, 1, *[3] * n), 2),
            *more,
        ],
        (
            S(T(3), 2),
            S(T(1, 1, *[4] * n), 0),
            S(T(1, 1, *[4] * n), 2, 2, 2),
            S(T(1, 1, *[1] * n), 2),
            *([] if n == 1 else [S(T(1, 1, *[4] * n), 2, 2, 0, False, True, 0)]),
        ),
        dtypes=FLOATS if n < 3 else WIDE,
        call="torch.avg_pool1d" if n == 1 else f"F.avg_pool{n}d",
        out=n > 1,
    )


def _adaptive(kind: str, n: int) -> Op:
    size = (6, 7, 5)[:n]
    make = D if kind == "max" else T
    samples = [
        S(make(2, 3, *size), 1),
        S(make(2, 3, *size), (2, 3, 4)[:n]),
        S(make(3, *size), 4),
        S(make(1, 2, *[3] * n), 5),
        S(make(1, 20, *[4] * n), 3),
        S(make(2, 2, *[2] * n), 2),
    ]
    if n > 1:
        samples.append(S(make(2, 3, *size), (None, 2, 2)[:n]))
    if kind == "max":
        samples.append(S(make(2, 3, *size), 3, return_indices=True))
    return _op(
        f"adaptive_{kind}_pool{n}d",
        samples,
        (S(T(3), 2), S(T(1, 1, *[4] * n), -1), S(T(1, 1, *[4] * n), (1, 2, 3, 4))),
    )


OPS += [_max_pool(n) for n in (1, 2, 3)] + [_avg_pool(n) for n in (1, 2, 3)]
OPS += [_adaptive(kind, n) for kind in ("avg", "max") for n in (1, 2, 3)]
OPS += [
    _op(
        "fractional_max_pool2d",
        [
            S(D(2, 3, 6, 7), 2, output_size=3, _random_samples=T(2, 3, 2, low=0, high=0.99, grad=False)),
            S(D(1, 2, 7, 6), (2, 3), (4, 3), _random_samples=T(1, 2, 2, low=0, high=0.99, grad=False)),
            S(D(2, 6, 6), 2, output_ratio=(0.5, 0.5), _random_samples=T(1, 2, 2, low=0, high=0.99, grad=False)),
            S(D(1, 1, 6, 6), 2, 3, None, True, T(1, 1, 2, low=0, high=0.99, grad=False)),
            S(D(1, 1, 3, 3), 2, (1, 2), _random_samples=T(1, 1, 2, low=0, high=0.99, grad=False)),
        ],
        (
            S(T(1, 1, 4, 4), 2),
            S(T(1, 1, 4, 4), 5, 3),
            S(T(1, 1, 4, 4), 2, 4),
            S(T(4), 2, 2, _random_samples=T(1, 1, 2)),
            S(T(1, 1, 4, 4), 2, 2, _random_samples=T(1, 1, 3)),
        ),
        layouts=_PLAIN,
        dtypes=WIDE,
    ),
    _op(
        "fractional_max_pool3d",
        [
            S(D(1, 2, 5, 6, 7), 2, output_size=3, _random_samples=T(1, 2, 3, low=0, high=0.99, grad=False)),
            S(D(2, 5, 6, 7), (2, 3, 2), (2, 3, 4), _random_samples=T(1, 2, 3, low=0, high=0.99, grad=False)),
            S(
                D(1, 1, 4, 4, 4),
                2,
                output_ratio=(0.5, 0.5, 0.6),
                _random_samples=T(1, 1, 3, low=0, high=0.99, grad=False),
            ),
            S(D(1, 1, 4, 4, 4), 2, 2, None, True, T(1, 1, 3, low=0, high=0.99, grad=False)),
        ],
        (S(T(1, 1, 4, 4, 4), 2), S(T(1, 1, 4, 4, 4), 5, 3)),
        layouts=_PLAIN,
        dtypes=WIDE,
    ),
    _op(
        "fractional_max_pool2d",
        [S(D(2, 3, 6, 7), 2, 3), S(D(2, 6, 7), 2, output_ratio=(0.5, 0.6))],
        variant="drawn",
        dtypes=("float32", "float64"),
        layouts=("contiguous",),
        random=True,
        gradcheck=False,
        gradgradcheck=False,
        meta=False,
    ),
    _op(
        "max_unpool1d",
        [
            S(T(2, 2, 3), L([[[0, 3, 5], [1, 2, 4]], [[1, 2, 5], [0, 2, 4]]]), 2),
            S(T(1, 2), L([[0, 4]]), 3, 2, 0, [5]),
            S(T(1, 1, 2), L([[[0, 3]]]), 2, output_size=[1, 1, 5]),
        ],
        (S(T(1, 1, 2), L([[[0, 9]]]), 2), S(T(1, 1, 2), L([[[0, 3]]]), 2, output_size=[9])),
        layouts=("contiguous", "sliced"),
    ),
    _op(
        "max_unpool2d",
        [
            S(T(1, 1, 2, 2), L([[[[0, 3], [8, 15]]]]), 2),
            S(T(1, 2, 2), L([[[0, 3], [8, 15]]]), 2, 2, 0, (5, 4)),
            S(T(1, 1, 2, 2), L([[[[0, 3], [8, 15]]]]), 2, 2, 0, (1, 1, 4, 5)),
            S(T(2, 1, 1, 1), L([[[[0]]], [[[3]]]]), 2),
        ],
        (
            S(T(1, 1, 2, 2), L([[[[0, 3], [8, 99]]]]), 2),
            S(T(1, 1, 2, 2), L([[[0, 3], [8, 15]]]), 2),
            S(T(1, 1, 2, 2), L([[[[0, 3], [8, 15]]]]), 2, 2, 0, (9, 9)),
            S(T(1, 1, 1, 1), V([[[[0]]]], "int32", grad=False), 2),
        ),
        layouts=("contiguous", "sliced"),
    ),
    _op(
        "max_unpool3d",
        [
            S(T(1, 1, 1, 2, 2), L([[[[[0, 3], [9, 15]]]]]), 2),
            S(T(1, 1, 2, 2), L([[[[0, 3], [9, 15]]]]), 2, 2, 0, (2, 4, 5)),
        ],
        (S(T(1, 1, 1, 2, 2), L([[[[[0, 3], [9, 99]]]]]), 2), S(T(1, 2, 2), L([[[0, 3], [9, 15]]]), 2)),
        layouts=("contiguous", "sliced"),
    ),
    *[
        _op(
            f"lp_pool{n}d",
            [
                S(T(2, 3, *[5] * n, low=0.5), 2, 2),
                S(T(1, 2, *[5] * n, low=0.5), 3, 3 if n == 1 else (3, 2, 2)[:n], 2),
                S(T(1, 1, *[5] * n, low=0.5), 1.5, 3, 2, True),
                S(T(2, *[4] * n, low=0.5), 2, 2),
            ],
            (S(T(1, 1, *[1] * n), 2.0, 2),),
            dtypes=WIDE,
            tolerances={"float32": (5e-5, 5e-5), "float64": (1e-10, 1e-10)},
        )
        for n in (1, 2, 3)
    ],
    _op(
        "local_response_norm",
        [
            S(T(2, 4, 5), 2),
            S(T(2, 5, 3, 4), 3, 1e-2, 0.5, 2.0),
            S(T(1, 3, 2, 2, 2), 2),
            S(T(0, 3, 2), 2),
            S(T(1, 4, 3), 1),
        ],
        (S(T(2, 3), 2),),
        dtypes=WIDE,
    ),
]

# ----------------------------------------------------------------------------------------------- resampling
_BILINEAR = [
    S(T(1, 2, 3, 4), size=(5, 6), mode=mode, align_corners=align)
    for mode in ("bilinear", "bicubic")
    for align in (False, True)
]
OPS += [
    _op(
        "interpolate",
        [
            S(T(1, 2, 3, 4), scale_factor=2),
            S(T(1, 2, 3, 4), size=(5, 6)),
            S(T(2, 3, 6, 7), size=(4, 3)),
            S(T(2, 3, 5, 7), scale_factor=(0.5, 1.7)),
            S(T(2, 3, 5, 7), scale_factor=1.3, recompute_scale_factor=True),
            S(T(2, 3, 5), scale_factor=2.5),
            S(T(1, 2, 3, 2, 4), size=(2, 5, 3)),
            S(T(1, 20, 3, 4), size=(5, 6)),
            S(T(1, 2, 3, 4), size=(3, 4)),
            S(T(1, 1, 1, 1), size=4),
        ],
        (
            S(T(1, 2, 3, 4)),
            S(T(1, 2, 3, 4), size=2, scale_factor=2),
            S(T(1, 2, 3, 4), size=(2,)),
            S(T(1, 2, 3, 4), size=(2, 2), mode="zz"),
            S(T(1, 2, 3, 4), size=2, align_corners=True),
            S(T(1, 2, 3, 4), size=0),
            S(T(1, 2, 0, 4), size=2),
            S(T(1, 2, 3, 4), size=2, recompute_scale_factor=True),
            S(T(1, 2, 3), size=2, mode="bilinear"),
            S(T(1, 2, 3, 4), size=2, mode="linear"),
            S(T(1, 2, 3), size=2, mode="bicubic"),
            S(T(1, 2), size=2),
            S(T(1, 2, 3, 4), size=2, antialias=True),
            S(T(1, 2, 3), size=2, mode="linear", antialias=True),
            S(T(1, 2, 3, 4, dtype="int64"), size=2),
            S(T(1, 2, 3, 4), size="a"),
        ),
        dtypes=FLOATS + ("uint8",),
        covers=("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"),
    ),
    _op(
        "interpolate",
        [
            S(T(1, 2, 3, 4), scale_factor=2, mode="nearest-exact"),
            S(T(2, 3, 6, 7), size=(4, 3), mode="nearest-exact"),
            S(T(2, 3, 5), scale_factor=1.7, mode="nearest-exact"),
            S(T(1, 2, 3, 2, 4), size=(2, 5, 3), mode="nearest-exact"),
        ],
        variant="exact",
        dtypes=FLOATS + ("uint8",),
        covers=("_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d"),
    ),
    _op(
        "interpolate",
        [
            *_BILINEAR,
            S(T(2, 3, 6, 7), size=(4, 3), mode="bilinear"),
            S(T(2, 3, 5, 7), scale_factor=(0.5, 1.7), mode="bilinear"),
            S(T(2, 3, 5, 7), scale_factor=1.3, mode="bicubic"),
            S(T(2, 3, 5, 7), scale_factor=1.3, mode="bilinear", recompute_scale_factor=True, align_corners=True),
            S(T(2, 3, 5), size=7, mode="linear"),
            S(T(2, 3, 5), scale_factor=0.7, mode="linear", align_corners=True),
            S(T(1, 2, 3, 2, 4), size=(2, 5, 3), mode="trilinear"),
            S(T(1, 2, 3, 2, 4), scale_factor=2, mode="trilinear", align_corners=True),
            S(T(1, 20, 3, 4), size=(5, 6), mode="bilinear"),
            S(T(1, 1, 1, 1), size=3, mode="bilinear"),
            S(T(1, 1, 2, 2), size=1, mode="bicubic", align_corners=True),
            S(T(1, 2, 3, 4), size=(3, 4), mode="bilinear"),
            S(T(0, 2, 3, 4), size=(5, 6), mode="bilinear"),
        ],
        variant="smooth",
        covers=("upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_trilinear3d"),
        tolerances={**_PROD, "float32": (2e-5, 2e-5)},
    ),
    _op(
        "interpolate",
        [S(T(2, 3, 6, 7), size=(4, 3), mode="area"), S(T(2, 3, 5), scale_factor=1.7, mode="area")],
        variant="area",
        dtypes=WIDE,
    ),
    _op(
        "interpolate",
        [
            S(T(1, 2, 9, 8), size=(3, 5), mode=mode, antialias=True, align_corners=align)
            for mode in ("bilinear", "bicubic", "lanczos")
            for align in ((False,) if mode == "lanczos" else (False, True))
        ]
        + [
            S(T(1, 2, 5, 4), size=(7, 9), mode="bicubic", antialias=True),
            S(T(1, 2, 7, 8), scale_factor=0.4, mode="bilinear", antialias=True),
        ],
        variant="antialias",
        dtypes=WIDE,
        covers=("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "_upsample_lanczos2d_aa"),
    ),
    *[
        _op(
            "grid_sample",
            [
                S(
                    T(2, 3, 4, 5),
                    T(2, 3, 2, 2, low=-1.4, high=1.4),
                    mode=mode,
                    padding_mode=padding,
                    align_corners=align,
                )
                .once()
                .for_(WIDE)
                for padding in ("zeros", "border", "reflection")
                for align in (False, True)
            ]
            + [S(T(1, 1, 3, 2), T(1, 1, 3, 2, low=-1.2, high=1.2), mode, align_corners=True).once().for_(WIDE)],
            variant=mode,
            dtypes=WIDE,
            covers=("grid_sampler", "grid_sampler_2d"),
            gradgradcheck=False,
            tolerances={**_PROD, "float32": (2e-5, 2e-5)},
        )
        for mode in ("bilinear", "nearest", "bicubic")
    ],
    _op(
        "grid_sample",
        [
            S(
                T(1, 2, 3, 4, 5),
                T(1, 2, 3, 2, 3, low=-1.4, high=1.4),
                mode=mode,
                padding_mode=padding,
                align_corners=align,
            )
            .once()
            .for_(WIDE)
            for mode in ("bilinear", "nearest")
            for padding in ("zeros", "border", "reflection")
            for align in (False, True)
        ],
        (
            S(T(1, 2, 3, 4), T(2, 3, 3, 2), align_corners=True),
            S(T(1, 2, 3, 4), T(1, 3, 3, 3), align_corners=True),
            S(T(1, 2, 3), T(1, 3, 2), align_corners=True),
            S(T(1, 2, 3, 4), T(1, 3, 3, 2), "zz", align_corners=True),
            S(T(1, 2, 3, 4), T(1, 3, 3, 2), "nearest", "zz", align_corners=True),
            S(T(1, 2, 3, 4, 5), T(1, 3, 3, 3, 3), "bicubic", align_corners=True),
            S(T(1, 2, 0, 4), T(1, 3, 3, 2), align_corners=True),
            S(T(1, 2, 3, 4), T(1, 3, 3, 2, dtype="float64"), align_corners=True),
        ),
        variant="volumes",
        dtypes=WIDE,
        covers=("grid_sampler_3d",),
        gradgradcheck=False,
        tolerances={**_PROD, "float32": (2e-5, 2e-5)},
    ),
    _op(
        "affine_grid",
        [
            S(T(2, 2, 3), [2, 3, 4, 5], False),
            S(T(2, 2, 3), [2, 3, 4, 5], True),
            S(T(1, 3, 4), [1, 1, 2, 3, 4], False),
            S(T(1, 3, 4), [1, 1, 2, 1, 4], True).for_(WIDE),
        ],
        (
            S(T(2, 2, 3, dtype="int64"), [2, 3, 4, 5], False),
            S(T(2, 2, 2), [2, 3, 4, 5], False),
            S(T(2, 2, 3), [2, 3, 4], False),
            S(T(2, 2, 3), [2, 3, 0, 5], False),
            S(T(3, 2, 3), [2, 3, 4, 5], False),
        ),
        layouts=_PLAIN,
        covers=("affine_grid_generator",),
        meta=False,
    ),
    _op(
        "pixel_shuffle",
        [
            S(T(2, 8, 3, 2), 2),
            S(T(9, 2, 2), 3),
            S(T(1, 2, 4, 2, 1), 2),
            S(T(0, 4, 2, 2), 2).without_grad(),
            S(T(1, 3, 2, 2), 1),
        ],
        (S(T(2, 2), 2), S(T(1, 3, 2, 2), 2), S(T(1, 4, 2, 2), 0)),
        call="torch.pixel_shuffle",
        dtypes=ALL,
        out=True,
    ),
    _op(
        "pixel_unshuffle",
        [S(T(2, 2, 6, 4), 2), S(T(1, 3, 3), 3), S(T(1, 2, 1, 4, 2), 2), S(T(1, 3, 2, 2), 1)],
        (S(T(2, 2), 2), S(T(1, 3, 3, 2), 2), S(T(1, 4, 2, 2), 0)),
        call="torch.pixel_unshuffle",
        dtypes=ALL,
        out=True,
    ),
    *[
        _op(
            name,
            [S(T(2, 6, 3, 2), 2), S(T(1, 6, 4), 3), S(T(2, 4, 1, 2), 1)],
            (S(T(2, 2), 2), S(T(1, 3, 2, 2), 2), S(T(1, 4, 2, 2), 0)),
            call=f"torch.{name}",
            dtypes=ALL,
            out=name == "channel_shuffle",
            gradcheck=name == "channel_shuffle",
            gradgradcheck=name == "channel_shuffle",
            grad=WIDE if name == "channel_shuffle" else (),
        )
        for name in ("channel_shuffle", "native_channel_shuffle")
    ],
]

# ------------------------------------------------------------------------------------ look-up, norms, dropout
_BAGS = ("contiguous", "sliced", "transposed")
OPS += [
    _op(
        "embedding_bag",
        [
            *[S(L([[0, 2], [1, 1]]), T(5, 4), mode=mode) for mode in ("sum", "mean", "max")],
            *[S(L([0, 2, 1, 4]), T(5, 4), L([0, 2, 2]), mode=mode) for mode in ("sum", "mean", "max")],
            *[
                S(L([0, 2, 1, 4]), T(5, 4), L([0, 2, 4]), mode=mode, include_last_offset=True)
                for mode in ("sum", "mean")
            ],
            *[S(L([[0, 2], [1, 1]]), T(5, 4), mode=mode, padding_idx=1) for mode in ("sum", "mean", "max")],
            S(L([[0, 2], [1, 1]]), T(5, 4), mode="sum", per_sample_weights=T(2, 2)),
            S(L([0, 2, 1]), T(5, 4), L([0, 2]), mode="sum", per_sample_weights=T(3), padding_idx=-3),
            S(L([[0, 2], [2, 1]]), T(5, 4), mode="sum", scale_grad_by_freq=True).rough().once(),
            S(V([[0, 2], [1, 1]], "int32", grad=False), T(5, 4)),
            S(V([0, 2, 1], "int32", grad=False), T(5, 4), L([0, 1])),
        ],
        (
            S(L([[0, 5]]), T(5, 4)),
            S(L([[0, -1]]), T(5, 4)),
            S(L([[0, 1]]), T(5)),
            S(L([[0, 1]]), T(5, 4), L([0])),
            S(L([0, 1]), T(5, 4)),
            S(L([0, 1]), T(5, 4), L([1])),
            S(L([0, 1]), T(5, 4), L([0, 3])),
            S(L([[0, 1]]), T(5, 4), mode="zz"),
            S(L([[0, 1]]), T(5, 4), mode="max", scale_grad_by_freq=True),
            S(L([[0, 1]]), T(5, 4), mode="mean", per_sample_weights=T(1, 2)),
            S(L([[0, 1]]), T(5, 4), mode="sum", per_sample_weights=T(2)),
            S(L([[0, 1]]), T(5, 4, dtype="int64")),
            S(L([[[0, 1]]]), T(5, 4)),
            S(L([[0, 1]]), T(5, 4), padding_idx=7),
        ),
        layouts=_BAGS,
        covers=("_embedding_bag",),
        gradgradcheck=False,
        meta=False,
    ),
    _op(
        "embedding_renorm_",
        [
            S(T(4, 3), L([0, 2, 2]), 0.5, 2.0),
            S(T(4, 3), L([1]), 100.0, 2.0),
            S(T(4, 3), L([[0, 1], [3, 1]]), 0.7, 1.0),
            S(T(4, 3), L([3]), 0.7, float("inf")),
            S(T(4, 3), L([3]), 0.7, 3.0),
        ],
        (S(T(4), L([0]), 1.0, 2.0), S(T(4, 3), L([4]), 1.0, 2.0), S(T(4, 3, dtype="int64"), L([0]), 1.0, 2.0)),
        call="torch.embedding_renorm_",
        layouts=("contiguous", "transposed"),
        grad=(),
        gradcheck=False,
        gradgradcheck=False,
    ),
    _op(
        "pairwise_distance",
        [
            S(T(3, 4), T(3, 4)),
            S(T(3, 4), T(3, 4), 1.0),
            S(T(3, 4), T(4), 3.0, 1e-3, True),
            S(T(4), T(4)),
            S(T(3, 4), T(3, 4), float("inf")),
        ],
        (S(T(3, 4), T(3, 5)), S(T(3), "a")),
        layouts=_PLAIN,
    ),
    _op(
        "cosine_similarity",
        [
            S(T(3, 4), T(3, 4)),
            S(T(3, 4), T(3, 4), 0),
            S(T(2, 3, 4), T(3, 4), -1),
            S(T(2, 3, 4), T(1, 1, 4), 2),
            S(T(3, 1), T(3, 4)),
            S(T(4), T(4), 0, 10.0).without_grad(),  # see "on purpose" in docs/compatibility.md
            S(V([[0.0, 0.0], [1.0, 0.0]]), V([[1.0, 2.0], [2.0, 0.0]])).without_grad(),
            S(T(3, 4), T(3, 4, dtype="float64")).for_(("float64",)),
            S(T(3, 4), T(3, 4, dtype="bfloat16")).for_(("float32",)),
        ],
        (S(T(3, 4), T(3, 5)), S(T(3, 4), T(3, 4), 2), S(T(3, 4, dtype="int64"), T(3, 4, dtype="int64"))),
        layouts=_PLAIN,
    ),
    _op(
        "instance_norm",
        [
            S(T(2, 3, 5)),
            S(T(2, 3, 4, 4), None, None, T(3), T(3)),
            S(T(2, 3, 5), T(3, grad=False), T(3, low=0.5, grad=False), T(3), T(3)),
            S(T(2, 3, 5), T(3, grad=False), T(3, low=0.5, grad=False), T(3), T(3), False),
            S(T(1, 2, 2, 3, 2), momentum=0.3, eps=1e-3),
        ],
        (S(T(2, 3, 1)), S(T(2, 3, 4), use_input_stats=False), S(T(2, 3, 4), None, None, T(2))),
        grad_scale=100,
        tolerances={**_PROD, "float32": (5e-5, 1e-5), "float16": (1e-2, 1e-2)},
    ),
    *[
        _op(
            name,
            [
                S(T(2, 4, *[3] * n), training=True),
                S(T(2, 4, *[3] * n), 0.3, True),
                S(T(2, 4, *[3] * n), 1.0, True),
                S(T(2, 4, *[3] * n), 0.0, True),
                S(T(2, 4, *[3] * n), 0.7, False),
                S(T(4, *[3] * n), 0.5, True),
            ],
            (S(T(2, 4, *[3] * n), -0.1), S(T(2, 4, *[3] * n), 1.1)),
            dtypes=WIDE,
            layouts=("contiguous",),
            random=True,
            gradcheck=False,
            gradgradcheck=False,
            covers=covers,
            variant="channels",
        )
        for name, n, covers in (
            ("dropout1d", 1, ("feature_dropout",)),
            ("dropout2d", 2, ("feature_dropout",)),
            ("dropout3d", 3, ("feature_dropout",)),
            ("alpha_dropout", 1, ()),
            ("feature_alpha_dropout", 2, ()),
        )
    ],
    _op(
        "native_dropout",
        [S(T(3, 4), 0.5, True), S(T(3, 4), 0.3, False), S(T(3, 4), 1.0, True), S(T(0), 0.5, True)],
        (S(T(3, 4), 1.5, True),),
        call="torch.native_dropout",
        dtypes=WIDE,
        layouts=("contiguous",),
        random=True,
        gradcheck=False,
        gradgradcheck=False,
    ),
]
