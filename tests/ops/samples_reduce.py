"""Records of the reductions and scans."""

from __future__ import annotations

from .records import ALL, COMPLEX, FLOATS, INTS, NUMERIC, REAL, WIDE, D, Dtype, Op, S, T, V

_GRAD = ("float32", "float64", "complex64", "complex128")
_SUMS = {
    "float16": (4e-3, 4e-3),
    "bfloat16": (2e-2, 2e-2),
    "float32": (5e-6, 3e-6),
    "complex64": (2e-5, 1e-5),
    "complex128": (1e-11, 1e-12),
    "float64": (1e-11, 1e-12),
}
_PRODS = {**_SUMS, "float32": (2e-5, 1e-5), "bfloat16": (4e-2, 2e-2), "float16": (8e-3, 4e-3)}


def dims(
    low: float = -2.5, high: float = 2.5, spec: type = T, several: bool = True, keepdim: bool = True, **kw: object
) -> list:
    """Samples of a reduction over all, one or several dimensions, with and without ``keepdim``."""

    def t(*shape: int) -> T:
        return spec(*shape, low=low, high=high) if spec is T else spec(*shape)

    made = [
        S(t(3, 4), **kw),
        S(t(), **kw),
        S(t(5), **kw),
        S(t(3, 4), 0, **kw),
        S(t(3, 4), 1, **kw),
        S(t(3, 4), -1, **kw),
        S(t(2, 3, 4), 1, **kw),
        S(t(), 0, **kw),
        S(t(), -1, **kw),
        S(t(2, 67), 1, **kw),
        S(t(67, 2), 0, **kw),
        S(t(0, 3), 1, **kw),
    ]
    if keepdim:
        made += [S(t(3, 4), 0, True, **kw), S(t(2, 3, 4), dim=2, keepdim=True, **kw)]
    if several:
        made += [
            S(t(2, 3, 4), (0, 2), **kw),
            S(t(2, 3, 4), [1, 2], True, **kw),
            S(t(2, 3, 4), (), **kw),
            S(t(2, 3, 4, 5), (1, -1), **kw),
            S(t(2, 3, 4, 5), (0, 2, 3), **kw),
        ]
    return made


BAD_DIMS = [S(T(3, 4), 2), S(T(3, 4), -3), S(T(3, 4), "a"), S(T(), 1)]
BAD_SETS = [*BAD_DIMS, S(T(3, 4), (0, 0)), S(T(3, 4), (0, -2)), S(T(3, 4), (0, 5))]
NO_IDENTITY = [S(T(0)), S(T(0, 3), 0)]
NAN = V([1.0, float("nan"), -2.0, float("inf")])

OPS = [
    Op(
        "sum",
        dims()
        + [
            S(T(0)),
            S(T(0, 3), 0),
            S(T(0, 3)),
            S(T(3, 4), dtype=Dtype("float64")),
            S(T(3, 4), 1, dtype=Dtype("float32")),
            S(NAN).for_(FLOATS),
            S(T(300, 7), 0),
            S(T(5000)),
        ],
        dtypes=ALL,
        grad=_GRAD,
        tolerances=_SUMS,
        errors=BAD_SETS,
    ),
    Op(
        "nansum",
        [s for s in dims() if s.args[1:] != ((),)] + [S(V([1.0, float("nan"), 3.0])).for_(FLOATS)],
        dtypes=REAL,
        grad=("float32", "float64"),
        tolerances=_SUMS,
        errors=BAD_SETS,
    ),
    Op(
        "mean",
        dims() + [S(NAN).for_(FLOATS), S(T(0)), S(T(3, 4), dtype=Dtype("float64")), S(T(300, 7), 0)],
        dtypes=FLOATS + COMPLEX,
        grad=_GRAD,
        tolerances=_SUMS,
        errors=[*BAD_SETS, S(T(3, dtype="int64"))],
    ),
    Op("nanmean", [s for s in dims() if s.args[1:] != ((),)], dtypes=FLOATS, tolerances=_SUMS),
    Op(
        "prod",
        dims(0.5, 1.5, several=False)
        + [
            S(T(0)),
            S(T(0, 3), 0),
            S(V([1.0, 0.0, 2.0])),
            S(V([0.0, 0.0, 2.0])),
            S(V([[1.0, 0.0], [3.0, 2.0]]), 1),
            S(T(3, 4), 1, dtype=Dtype("float64")),
        ],
        dtypes=ALL,
        grad=_GRAD,
        tolerances=_PRODS,
        errors=BAD_DIMS,
        gradgradcheck=True,
        grad_scale=20,
    ),
    Op(
        "hash_tensor",
        [
            S(T(3, 4)),
            S(T(3, 4), 1),
            S(T(2, 3, 4), (0, 2), keepdim=True),
            S(T(2, 3, 4), -2, mode=0),
            S(T(300, 7), 0),
            S(T(3, 0), 0),
            S(T()),
            S(NAN).for_(FLOATS),
        ],
        dtypes=REAL,
        grad=(),
        errors=[*BAD_SETS, S(T(0)), S(T(3, 0), 1), S(T(3), mode=1)],
    ),
    *[
        Op(
            name,
            dims(spec=D, several=False)
            + [
                S(D(3, 4), D(3, 4)),
                S(D(3, 4), D(4)),
                S(NAN).for_(FLOATS),
                S(V([[1.0, float("nan")], [2.0, 3.0]]), 1).for_(FLOATS),
            ],
            dtypes=REAL,
            layouts=("contiguous", "transposed", "sliced"),
            errors=[*BAD_DIMS, *NO_IDENTITY, S(T(3), T(4))],
        )
        for name in ("max", "min")
    ],
    *[
        Op(
            name,
            dims(spec=D)
            + [S(NAN).for_(FLOATS), S(V([1.0, 3.0, 3.0])).rough(), S(V([[1.0, 1.0], [2.0, 3.0]]), 1).rough()],
            dtypes=REAL,
            layouts=("contiguous", "transposed", "sliced"),
            errors=[*BAD_SETS, *NO_IDENTITY],
        )
        for name in ("amax", "amin")
    ],
    *[
        Op(
            name,
            dims(spec=D, several=False)
            + [
                S(NAN).for_(FLOATS),
                S(D(3, 4), None, True),
                S(T(3, 3, low=0, high=1)).for_(INTS),
                S(V([2, 7, 7, 1])),
                S(V([2, 1, 1, 7])),
            ],
            dtypes=NUMERIC,
            grad=(),
            errors=[*BAD_DIMS, *NO_IDENTITY],
        )
        for name in ("argmax", "argmin")
    ],
    *[
        Op(
            name,
            dims(low=-1, high=1) + [S(T(0)), S(T(0, 3), 0), S(NAN).for_(FLOATS)],
            dtypes=ALL,
            grad=(),
            errors=BAD_SETS,
        )
        for name in ("all", "any")
    ],
    *[
        Op(
            name,
            [s.without_grad() if s.args[1:] == ((),) else s for s in dims()]
            + [
                S(T(3, 4), unbiased=False),
                S(T(3, 4), 1, correction=0),
                S(T(3, 4), 1, correction=2),
                S(T(2, 3, 4), dim=(0, 1), correction=0, keepdim=True),
                S(T(1)),
                S(T(0)),
                S(NAN).for_(FLOATS),
                S(T(300, 7, low=100, high=101), 0),
            ],
            dtypes=FLOATS,
            tolerances={**_SUMS, "float32": (2e-5, 2e-6), "float16": (1e-2, 5e-3), "bfloat16": (5e-2, 3e-2)},
            grad_scale=50,
            layouts=("contiguous", "transposed", "sliced", "expanded"),
            errors=[*BAD_SETS, S(T(3, dtype="int64"))],
            gradcheck=True,
            gradgradcheck=False,
        )
        for name in ("var", "std", "var_mean", "std_mean")
    ],
    Op(
        "norm",
        [
            S(T(3, 4, nonzero=True)),
            S(T(3, 4, nonzero=True), 2),
            S(T(3, 4, nonzero=True), 1),
            S(T(3, 4), float("inf")),
            S(T(3, 4), -float("inf")),
            S(T(3, 4), 0),
            S(T(3, 4, nonzero=True), 3),
            S(T(3, 4, nonzero=True), 2, 1),
            S(T(3, 4, nonzero=True), 2, 0, True),
            S(T(2, 3, 4, nonzero=True), 2, (0, 2)),
            S(T(3, 4, nonzero=True), "fro"),
            S(T(nonzero=True)),
            S(T(0)),
            S(T(3, 4, nonzero=True), 2.5, 1),
        ],
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64"),
        tolerances={**_SUMS, "float32": (1e-5, 1e-5), "float16": (5e-3, 5e-3)},
        gradgradcheck=False,
        covers=("linalg_vector_norm",),
        errors=[S(T(3, 4), 2, 2), S(T(3, 4), "bad"), S(T(3, dtype="int64"))],
    ),
    Op(
        "logsumexp",
        [s for s in dims() if (len(s.args) > 1 and s.args[1] != ()) or s.kwargs]
        + [S(T(3, 4), (0, 1)), S(V([[float("inf"), 1.0], [-float("inf"), -float("inf")]]), 1).without_grad()],
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64", "complex64", "complex128"),
        tolerances=_SUMS,
        errors=[*BAD_SETS, S(T(3))],
    ),
    Op(
        "count_nonzero",
        [
            S(T(3, 4, low=-1, high=1)),
            S(T(3, 4, low=-1, high=1), 0),
            S(T(2, 3, 4, low=-1, high=1), (0, 2)),
            S(T()),
            S(T(0)),
            S(T(0, 3), 0),
        ],
        dtypes=ALL,
        grad=(),
        errors=BAD_DIMS,
    ),
    Op(
        "cumsum",
        [
            S(T(5), 0),
            S(T(3, 4), 0),
            S(T(3, 4), 1),
            S(T(2, 3, 4), -2),
            S(T(), 0),
            S(T(0), 0),
            S(T(0, 3), 1),
            S(T(3, 4), 1, dtype=Dtype("float64")),
            S(NAN, 0).for_(FLOATS),
            S(T(70), 0),
        ],
        dtypes=ALL,
        grad=_GRAD,
        tolerances=_SUMS,
        errors=[*BAD_DIMS, S(T(3))],
    ),
    Op(
        "cumprod",
        [
            S(T(5, low=0.5, high=1.5), 0),
            S(T(3, 4, low=0.5, high=1.5), 0),
            S(T(3, 4, low=0.5, high=1.5), 1),
            S(T(2, 3, 4, low=0.5, high=1.5), -2),
            S(T(), 0),
            S(T(0), 0),
            S(V([1.0, 0.0, 2.0, 3.0]), 0),
            S(V([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]), 1),
        ],
        dtypes=ALL,
        grad=("float32", "float64", "complex128"),
        tolerances=_PRODS,
        errors=[*BAD_DIMS, S(T(3))],
        gradgradcheck=True,
        grad_scale=20,
    ),
    *[
        Op(
            name,
            [
                S(D(5), 0),
                S(D(3, 4), 0),
                S(D(3, 4), 1),
                S(D(2, 3, 4), -2),
                S(D(), 0),
                S(D(0), 0),
                S(NAN, 0).for_(FLOATS),
            ],
            dtypes=REAL,
            layouts=("contiguous", "transposed", "sliced"),
            errors=BAD_DIMS,
        )
        for name in ("cummax", "cummin")
    ],
    Op(
        "logcumsumexp",
        [S(T(5), 0), S(T(3, 4), 1), S(T(), 0), S(T(0), 0)],
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64", "complex64", "complex128"),
        tolerances=_PRODS,
        errors=BAD_DIMS,
    ),
    Op(
        "median",
        [S(D(5)), S(D(0)), S(D(3, 5)), S(D(3, 5), 1), S(D(3, 4), 0), S(D(2, 3, 5), 2, True), S(NAN).for_(FLOATS)],
        dtypes=NUMERIC,
        layouts=("contiguous", "transposed", "sliced"),
        errors=BAD_DIMS[:3],
    ),
    Op(
        "aminmax",
        [S(D(3, 4)), S(D(3, 4), dim=1), S(D(3, 4), dim=0, keepdim=True), S(D())],
        dtypes=REAL,
        layouts=("contiguous", "transposed", "sliced"),
        errors=[S(T(0)), S(T(3), dim=2)],
    ),
    Op("dist", [S(T(3, 4), T(3, 4)), S(T(3, 4), T(4), 1)], dtypes=WIDE, tolerances=_SUMS, gradgradcheck=False),
    Op(
        "trace",
        [S(T(3, 3)), S(T(2, 4)), S(T(0, 0))],
        dtypes=FLOATS + INTS + COMPLEX,
        grad=_GRAD,
        tolerances=_SUMS,
        errors=[S(T(3)), S(T(2, 2, 2))],
    ),
    Op(
        "diff",
        [S(T(5)), S(T(3, 4), 1, 0), S(T(3, 4), 2)],
        dtypes=NUMERIC,
        tolerances=_SUMS,
        errors=[S(T()), S(T(3), 1, 3)],
    ),
    Op("histc", [S(T(20), 5, -2, 2)], dtypes=WIDE, grad=(), errors=[S(T(3), 0)]),
    Op(
        "bincount",
        [S(T(10, low=0, high=5)), S(T(0)), S(T(4, low=0, high=3), minlength=9)],
        dtypes=INTS,
        grad=(),
        meta=False,
        errors=[S(T(3)), S(V([-1, 2], "int64")), S(T(2, 2, dtype="int64"))],
    ),
]
