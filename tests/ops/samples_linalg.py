"""Records of the functions on matrices.

Random matrices of this size have condition numbers up to some hundred, and the two sides use different LAPACKs: results
agree to that many units in the last place.  Vectors that are determined up to sign or phase only (eigenvectors, singular
vectors) are compared by shape and strides here, and by what they satisfy in ``test_linalg.py``.
"""

from __future__ import annotations

from .records import COMPLEX, FLOATS, INTS, Op, S, T, V

_DTYPES = ("float32", "float64", "complex64", "complex128")
_GRAD = ("float64", "complex128")
_TOL = {"float32": (3e-4, 1e-4), "complex64": (3e-4, 1e-4), "float64": (1e-9, 1e-10), "complex128": (1e-9, 1e-10)}
_LAYOUTS = ("contiguous", "transposed", "sliced", "mixed")
_PIVOTS = V([1, 2, 3], "int32", layout=False)
# Of Hermitian or triangular matrices one triangle is read, but gradients are those of whole matrices: test_linalg.py
# differentiates them numerically.
_ONE_TRIANGLE: dict = {"gradcheck": False, "gradgradcheck": False}
_SINGULAR = V([[1.0, 2.0], [2.0, 4.0]])
_NEGATIVE = V([[-1.0, 0.0], [0.0, -1.0]])
_NONSQUARE = [S(T(4, 3)), S(T(2, 3, 4)), S(T(3)), S(T())]
_INTEGER = [S(T(3, 3, dtype="int32"))]
# Near a factorization's. Far from it, products and with them the rounding in numeric differences are huge.
_REFLECTIONS, _FACTORS = T(4, 3, low=-0.5, high=0.5), T(3, low=0.5, high=1.0)


def M(*shape: int, **facts: object) -> T:
    """Positive-definite matrices, which are also the well-conditioned ones."""
    return T(*shape, spd=True, **facts)


def squares(make: type = T, **kwargs: object) -> list:
    """Square matrices, in batches, empty, none."""
    return [
        S(make(*shape), **kwargs) for shape in ((3, 3), (2, 3, 3), (1, 1), (2, 2, 2, 2), (0, 0), (0, 3, 3), (2, 0, 0))
    ]


def rectangles(**kwargs: object) -> list:
    return [
        S(T(*shape), **kwargs) for shape in ((4, 3), (3, 4), (2, 4, 3), (2, 3, 4), (3, 3), (0, 3), (3, 0), (0, 3, 4))
    ]


def op(name: str, samples: list, **facts: object) -> Op:
    """A record of a name of torch.linalg, or of one of torch."""
    given = {
        "dtypes": _DTYPES,
        "grad": _GRAD,
        "tolerances": _TOL,
        "layouts": _LAYOUTS,
        "strides": True,
        "grad_scale": 100.0,
        **facts,
    }
    if name.startswith("linalg_"):
        given.setdefault("call", f"torch.linalg.{name[7:]}")
    return Op(name, samples, **given)  # type: ignore[arg-type]


OPS = [
    # ---- Cholesky
    op(
        "linalg_cholesky",
        squares(M) + [S(M(3, 3), upper=True), S(M(2, 3, 3), upper=True)],
        covers=("linalg_cholesky_ex",),
        **_ONE_TRIANGLE,
        errors=[*_NONSQUARE, *_INTEGER, S(_NEGATIVE), S(V([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]))],
    ),
    op(
        "linalg_cholesky_ex",
        squares(M) + [S(M(3, 3), upper=True)],
        errors=[S(_NEGATIVE, check_errors=True)],
        **_ONE_TRIANGLE,
    ),
    op("cholesky", squares(M) + [S(M(3, 3), True)], errors=[*_NONSQUARE, S(_NEGATIVE)], **_ONE_TRIANGLE),
    op(
        "cholesky_solve",
        [
            S(T(3, 2), M(3, 3)),
            S(T(2, 3, 2), M(3, 3)),
            S(T(3, 2), M(2, 3, 3)),
            S(T(3, 2), M(3, 3), upper=True),
            S(T(0, 2), M(0, 0)),
            S(T(3, 0), M(3, 3)),
        ],
        errors=[S(T(4, 2), M(3, 3)), S(T(3), M(3, 3)), S(T(3, 2), M(3, 3, dtype="float64"))],
        **_ONE_TRIANGLE,
    ),
    op(
        "cholesky_inverse",
        [S(M(3, 3)), S(M(2, 3, 3)), S(M(3, 3), True), S(M(0, 0)), S(M(0, 3, 3))],
        errors=[*_NONSQUARE, S(V([[0.0, 0.0], [0.0, 0.0]]))],
        **_ONE_TRIANGLE,
    ),
    # ---- LU
    op(
        "linalg_lu",
        rectangles(),
        grad_scale=1000.0,
        errors=[S(T(3)), S(T(3, 3), pivot=False), *_INTEGER],
    ),
    op(
        "linalg_lu_factor",
        rectangles(),
        covers=("linalg_lu_factor_ex", "_lu_with_info"),
        grad_scale=1000.0,
        errors=[S(T(3)), S(T(3, 3), pivot=False), S(_SINGULAR)],
    ),
    op(
        "linalg_lu_factor_ex",
        rectangles() + [S(_SINGULAR).without_grad()],
        grad_scale=1000.0,
        errors=[S(_SINGULAR, check_errors=True)],
    ),
    op("lu", [S(T(3, 3)), S(T(2, 4, 3)), S(T(3, 3), True, True)], out=False, grad_scale=1000.0, errors=[S(T(3))]),
    op(
        "lu_unpack",
        [
            S(T(3, 3), _PIVOTS),
            S(T(3, 3), V([3, 3, 3], "int32", layout=False)),
            S(T(4, 3), V([4, 2, 3], "int32", layout=False)),
            S(T(3, 4), V([2, 3, 3], "int32", layout=False)),
            S(T(2, 3, 3), V([[1, 2, 3], [3, 3, 3]], "int32", layout=False)),
            S(T(3, 3), _PIVOTS, unpack_data=False).without_grad(),
            S(T(3, 3), _PIVOTS, unpack_pivots=False),
        ],
        errors=[
            S(T(3, 3), V([1, 2, 9], "int32", layout=False)),
            S(T(3, 3), V([1, 2, 3], "int64", layout=False)),
            S(T(3), _PIVOTS),
        ],
    ),
    op(
        "linalg_lu_solve",
        [
            S(M(3, 3), _PIVOTS, T(3, 2)),
            S(M(3, 3), V([2, 3, 3], "int32", layout=False), T(3, 2)),
            S(M(3, 3), V([2, 3, 3], "int32", layout=False), T(3, 2), adjoint=True),
            S(M(3, 3), V([2, 3, 3], "int32", layout=False), T(2, 3), left=False),
            S(M(3, 3), V([2, 3, 3], "int32", layout=False), T(2, 3), left=False, adjoint=True),
            S(M(3, 3), _PIVOTS, T(2, 3, 2)),
            S(M(2, 3, 3), V([[1, 2, 3], [3, 2, 3]], "int32", layout=False), T(3, 2)),
        ],
        errors=[
            S(M(3, 3), V([1, 2, 9], "int32", layout=False), T(3, 2)),
            S(M(3, 3), V([1, 2, 3], "int64", layout=False), T(3, 2)),
            S(M(3, 3), V([1, 2], "int32", layout=False), T(3, 2)),
            S(M(3, 3), _PIVOTS, T(4, 2)),
            S(M(3, 3), _PIVOTS, T(3)),
        ],
    ),
    op("lu_solve", [S(T(3, 2), M(3, 3), _PIVOTS), S(T(2, 3, 2), M(3, 3), _PIVOTS)], errors=[S(T(3), M(3, 3), _PIVOTS)]),
    *[
        op(name, squares(), covers=covers, errors=[*_NONSQUARE, *_INTEGER])
        for name, covers in (
            ("linalg_det", ("_linalg_det",)),
            ("det", ()),
            ("linalg_slogdet", ("_linalg_slogdet",)),
            ("slogdet", ()),
        )
    ],
    op(
        "logdet",
        [
            S(M(3, 3)),
            S(M(2, 3, 3)),
            S(M(0, 0)),
            S(_NEGATIVE),
            S(V([[-1.0, 0.0], [0.0, 1.0]])).for_(("float64",)).without_grad(),
        ],
        errors=_NONSQUARE,
    ),
    # ---- inverses and systems
    *[op(name, squares(M), errors=[*_NONSQUARE, *_INTEGER, S(_SINGULAR)]) for name in ("linalg_inv", "inverse")],
    op("linalg_inv_ex", squares(M), errors=[S(_SINGULAR, check_errors=True)]),
    op(
        "linalg_solve",
        [
            S(M(3, 3), T(3, 2)),
            S(M(3, 3), T(3)),
            S(M(2, 3, 3), T(3, 2)),
            S(M(2, 3, 3), T(2, 3)),
            S(M(2, 3, 3), T(3)),
            S(M(3, 3), T(2, 3, 2)),
            S(M(2, 1, 3, 3), T(4, 3, 1)),
            S(M(3, 3), T(2, 3), left=False),
            S(M(2, 3, 3), T(4, 3), left=False),
            S(M(0, 0), T(0, 2)),
            S(M(0, 3, 3), T(0, 3, 2)),
            S(M(3, 3), T(3, 0)),
        ],
        covers=("_linalg_solve_ex",),
        errors=[
            S(M(3, 3), T(4)),
            S(M(3, 3), T(4, 2)),
            S(M(3, 3), T()),
            S(T(3, 4), T(3, 2)),
            S(M(3, 3), T(3), left=False),
            S(_SINGULAR, T(2, 1)),
            S(M(3, 3), T(3, 2, dtype="float64")),
            S(M(2, 3, 3), T(3, 3, 2)),
        ],
    ),
    op(
        "linalg_solve_ex",
        [S(M(3, 3), T(3, 2)), S(M(2, 3, 3), T(2, 3))],
        errors=[S(_SINGULAR, T(2, 1), check_errors=True)],
    ),
    op(
        "linalg_solve_triangular",
        [
            S(M(3, 3), T(3, 2), upper=True),
            S(M(3, 3), T(3, 2), upper=False),
            S(T(3, 3), T(3, 2), upper=True, unitriangular=True),
            S(M(3, 3), T(2, 3), upper=True, left=False),
            S(T(3, 3), T(2, 3), upper=False, left=False, unitriangular=True),
            S(M(2, 3, 3), T(3, 2), upper=False),
            S(M(3, 3), T(2, 3, 2), upper=False),
            S(M(0, 0), T(0, 2), upper=True),
        ],
        errors=[
            S(M(3, 3), T(4, 2), upper=True),
            S(M(3, 3), T(3), upper=True),
            S(M(3, 3), T(3, 2)),
            S(T(3, 4), T(3, 2), upper=True),
        ],
    ),
    op(
        "triangular_solve",
        [
            S(T(3, 2), M(3, 3)),
            S(T(3, 2), M(3, 3), False),
            S(T(3, 2), M(3, 3), True, True),
            S(T(3, 2), T(3, 3), False, True, True),
            S(T(3, 2), M(2, 3, 3)),
        ],
        errors=[S(T(3, 2), T(3, 4)), S(T(3), M(3, 3))],
    ),
    op(
        "linalg_ldl_factor",
        [S(M(3, 3)), S(M(2, 3, 3)), S(M(3, 3), hermitian=True), S(T(0, 0)), S(V([[0.0, 1.0], [1.0, 0.0]]))],
        covers=("linalg_ldl_factor_ex",),
        grad=(),
        errors=[*_NONSQUARE, *_INTEGER, S(V([[0.0, 0.0], [0.0, 0.0]]))],
    ),
    op("linalg_ldl_factor_ex", [S(M(3, 3)), S(V([[0.0, 0.0], [0.0, 0.0]]))], grad=()),
    op(
        "linalg_ldl_solve",
        [
            S(M(3, 3), _PIVOTS, T(3, 2)),
            S(M(3, 3), _PIVOTS, T(3, 2), hermitian=True),
            S(M(3, 3), V([3, -3, -3], "int32", layout=False), T(2, 3, 2)),
        ],
        grad=(),
        errors=[
            S(M(3, 3), V([1, 2], "int32", layout=False), T(3, 2)),
            S(M(3, 3), _PIVOTS, T(3)),
            S(M(3, 3), _PIVOTS, T(3, 2, dtype="float64")),
        ],
    ),
    op(
        "linalg_lstsq",
        [
            S(T(4, 3), T(4, 2)),
            S(T(4, 3), T(4)),
            S(T(3, 4), T(3, 2)),
            S(T(2, 4, 3), T(2, 4, 2)),
            S(T(2, 4, 3), T(2, 4)),
            *[S(T(4, 3), T(4, 2), driver=driver) for driver in ("gels", "gelsy", "gelsd", "gelss")],
            *[S(T(2, 5, 3), T(2, 5), driver=driver) for driver in ("gels", "gelsd", "gelss")],
            S(T(3, 4), T(3, 2), driver="gelss"),
            S(T(3, 4), T(3, 2), rcond=0.5, driver="gelss").without_grad(),
            S(T(4, 3), T(4, 2), 1e-3, driver="gelsd"),
            S(T(0, 0), T(0, 2)),
            S(T(4, 0), T(4, 2)),
        ],
        covers=("_linalg_lstsq",),
        strides=False,
        grad_scale=1000.0,
        out=False,
        errors=[
            S(T(4, 3), T(3, 2)),
            S(T(4, 3), T(4, 2), driver="gelsx"),
            S(T(3), T(3)),
            S(T(4, 3), T()),
            S(T(4, 3), T(4, 2, dtype="float64")),
            S(T(4, 3), T(2, 4, 2)),
        ],
    ),
    # ---- orthogonal factors
    op(
        "linalg_qr",
        rectangles()
        + [
            S(T(3, 4), "complete"),
            S(T(4, 3), "complete").without_grad(),
            S(T(4, 3), "r").without_grad(),
            S(T(3, 4), "r").without_grad(),
        ],
        grad_scale=1000.0,
        errors=[S(T(3)), S(T(3, 3), "x"), *_INTEGER],
    ),
    op("qr", [S(T(4, 3)), S(T(3, 4)), S(T(2, 4, 3), False).without_grad()], grad_scale=1000.0, errors=[S(T(3))]),
    op("geqrf", rectangles(), grad=(), errors=[S(T(3)), *_INTEGER]),
    *[
        op(
            name,
            [
                S(_REFLECTIONS, _FACTORS),
                S(_REFLECTIONS, T(2)),
                S(T(2, 4, 3), T(2, 3)),
                S(T(3, 3), T(3)),
                S(T(4, 0), T(0)).without_grad(),
                S(T(0, 3, 2), T(0, 2)).without_grad(),
            ],
            grad_scale=1000.0,
            errors=[
                S(T(3, 4), T(2)),
                S(T(4, 3), T(4)),
                S(T(3), T(3)),
                S(T(2, 4, 3), T(3)),
                S(T(4, 3), T(3, dtype="float64")),
            ],
        )
        for name in ("linalg_householder_product", "orgqr")
    ],
    op(
        "ormqr",
        [
            S(_REFLECTIONS, _FACTORS, T(4, 2)),
            S(_REFLECTIONS, _FACTORS, T(4, 2), True, True),
            S(_REFLECTIONS, _FACTORS, T(2, 4), False),
            S(_REFLECTIONS, _FACTORS, T(2, 4), False, True),
            S(T(2, 4, 2), T(2, 2), T(2, 4, 3)),
        ],
        grad_scale=1000.0,
        errors=[
            S(T(4, 3), T(2), T(4, 2)),
            S(T(4, 3), T(3), T(3, 2)),
            S(T(4), T(3), T(4, 2)),
            S(T(4, 3), T(3, dtype="float64"), T(4, 2)),
        ],
    ),
    # ---- eigenvalues and singular values
    op(
        "linalg_eigh",
        squares() + [S(T(3, 3), "U")],
        values=False,
        grad=(),
        covers=("_linalg_eigh",),
        errors=[*_NONSQUARE, *_INTEGER, S(T(3, 3), "x"), S(V([[float("nan")] * 3] * 3))],
    ),
    op("linalg_eigvalsh", squares() + [S(T(3, 3), UPLO="U")], errors=[*_NONSQUARE, *_INTEGER], **_ONE_TRIANGLE),
    op("linalg_eig", squares(), values=False, grad=(), errors=[*_NONSQUARE, S(V([[float("inf")] * 2] * 2))]),
    op(
        "linalg_eigvals",
        [S(M(3, 3)), S(M(2, 3, 3)), S(T(0, 0)), S(T(0, 3, 3))],
        values=False,
        grad=(),
        covers=("_linalg_eigvals",),
        errors=_NONSQUARE,
    ),
    op(
        "linalg_svd",
        rectangles() + rectangles(full_matrices=False),
        values=False,
        grad=(),
        covers=("_linalg_svd",),
        errors=[S(T(3)), *_INTEGER, S(T(3, 3), driver="gesvd"), S(V([[float("nan")] * 2] * 2))],
    ),
    op("linalg_svdvals", rectangles(), errors=[S(T(3)), *_INTEGER, S(T(3, 3), driver="gesvd")]),
    op(
        "svd",
        [S(T(4, 3)), S(T(2, 3, 4)), S(T(4, 3), False), S(T(4, 3), True, False)],
        values=False,
        grad=(),
        strides=False,
        errors=[S(T(3))],
    ),
    # ---- functions of matrices
    *[
        op(
            name,
            [*squares(), S(T(3, 3, low=-20, high=20)).without_grad(), S(T(3, 3, low=-1e-3, high=1e-3))],
            grad_scale=1000.0,
            errors=[*_NONSQUARE, *_INTEGER],
        )
        for name in ("linalg_matrix_exp", "matrix_exp")
    ],
    *[
        op(
            name,
            [S(T(3, 3, low=-1, high=1), n) for n in (0, 1, 2, 3, 5)]
            + [S(M(3, 3), n) for n in (-1, -2)]
            + [S(T(2, 3, 3), 3), S(T(0, 0), 2), S(T(0, 3, 3), 2)],
            strides=False,
            grad_scale=1000.0,
            errors=[S(T(4, 3), 2), S(T(3), 2), S(_SINGULAR, -1), S(T(3, 3), 1.5)],
        )
        for name in ("linalg_matrix_power", "matrix_power")
    ],
    op(
        "linalg_pinv",
        rectangles()
        + [
            S(M(3, 3), hermitian=True).rough(),
            S(T(4, 3), rtol=0.4).without_grad(),
            S(T(4, 3), atol=0.5).without_grad(),
            S(T(4, 3), 0.4).without_grad(),
            S(T(2, 4, 3), rtol=V([0.1, 0.4], "float64", layout=False)).without_grad(),
            S(T(4, 3), V(0.3, "float64", layout=False)).without_grad(),
        ],
        grad_scale=1000.0,
        errors=[S(T(3)), *_INTEGER, S(T(4, 3), hermitian=True)],
    ),
    op("pinverse", [S(T(4, 3)), S(T(3, 4)), S(T(4, 3), 0.3).without_grad()], grad_scale=1000.0, errors=[S(T(3))]),
    op(
        "linalg_matrix_rank",
        rectangles()
        + [
            S(_SINGULAR),
            S(M(3, 3), hermitian=True),
            S(T(4, 3), 1.5),
            S(T(4, 3), tol=V(1.5, "float64", layout=False)),
            S(T(4, 3), atol=1.0),
            S(T(4, 3), rtol=0.4),
            S(T(2, 4, 3), atol=V([0.1, 2.0], "float64", layout=False)),
            S(T(4, 3), atol=0.1, rtol=0.5),
        ],
        grad=(),
        errors=[S(T(3)), *_INTEGER],
    ),
    op(
        "linalg_cond",
        [S(M(3, 3)), S(M(2, 3, 3)), S(T(4, 3)), S(T(4, 3), -2), S(T(0, 0)), S(_SINGULAR, 1).without_grad()]
        + [S(M(3, 3), p) for p in (1, -1, 2, -2, float("inf"), -float("inf"), "fro", "nuc")],
        strides=False,
        grad_scale=1000.0,
        gradgradcheck=False,
        errors=[S(T(3)), S(T(3, 3), "bad"), S(T(4, 3), "fro"), S(T(3, 3), 3)],
    ),
    # ---- norms
    op(
        "linalg_matrix_norm",
        [
            S(T(4, 3)),
            S(T(2, 4, 3)),
            S(T(4, 3), keepdim=True),
            S(T(2, 4, 3), "nuc", (0, 2)),
            S(T(2, 4, 3), 2, (2, 0), True),
        ]
        + [S(T(4, 3), p) for p in (1, -1, 2, -2, float("inf"), -float("inf"), "fro", "nuc")]
        + [S(T(2, 4, 3), p, (0, 1), True) for p in (1, float("inf"))],
        strides=False,
        gradgradcheck=False,
        errors=[S(T(3)), S(T(3, 3), 3), S(T(3, 3), "x"), S(T(3, 3), 1, (0,)), S(T(3, 3), 1, (0, 0)), *_INTEGER],
    ),
    op(
        "linalg_norm",
        [
            S(T(4, 3)),
            S(T(5)),
            S(T(2, 4, 3)),
            S(T(4, 3), 2),
            S(T(4, 3), "nuc"),
            S(T(5), 3),
            S(T(4, 3), 1, 0),
            S(T(2, 4, 3), "fro", (0, 1), True),
        ],
        strides=False,
        gradgradcheck=False,
        errors=[S(T(2, 4, 3), 2), S(T(4, 3), 3), S(T(3), "fro"), S(T(2, 4, 3), 2, (0, 1, 2))],
    ),
    op(
        "frobenius_norm",
        [S(T(4, 3), 0), S(T(2, 4, 3), (0, 2)), S(T(4, 3), (0, 1), True)],
        strides=False,
        gradgradcheck=False,
        errors=[S(T(2, 4, 3), (0, 1, 2))],
    ),
    op(
        "nuclear_norm",
        [S(T(4, 3)), S(T(2, 4, 3)), S(T(4, 3), True), S(T(2, 4, 3), (0, 2))],
        strides=False,
        gradgradcheck=False,
        errors=[S(T(3)), S(T(2, 3), (0,))],
    ),
    # ---- products
    op("linalg_matmul", [S(T(3, 4), T(4, 2)), S(T(2, 3, 4), T(4)), S(T(3), T(3))], errors=[S(T(3, 4), T(3, 4))]),
    op(
        "linalg_multi_dot",
        [
            S([T(3, 4), T(4, 2)]),
            S([T(3), T(3, 4), T(4, 2)]),
            S([T(5, 2), T(2, 6), T(6, 3), T(3, 4)]),
            S([T(3), T(3)]),
            S([T(2, 3), T(3)]),
        ],
        strides=False,
        errors=[S([T(3)]), S([T(2, 3), T(4, 5)]), S([T(2, 3), T(3), T(3, 2)]), S([T(2, 3, 3), T(3, 2)]), S([])],
    ),
    op(
        "chain_matmul",
        [S(T(3, 4), T(4, 2)), S(T(5, 2), T(2, 6), T(6, 3))],
        strides=False,
        errors=[S(), S(T(3, 4), T(4))],
        out=False,
    ),
    op(
        "linalg_vecdot",
        [S(T(3), T(3)), S(T(4, 3), T(4, 3)), S(T(4, 3), T(3)), S(T(4, 3), T(4, 1), dim=0), S(T(0, 3), T(0, 3))],
        dtypes=_DTYPES,
        strides=False,
        errors=[S(T(3), T(3, dtype="float64")), S(T(4, 3), T(3, 4))],
    ),
    op(
        "linalg_cross",
        [S(T(4, 3), T(4, 3)), S(T(3, 4), T(3, 4), dim=0), S(T(4, 3), T(1, 3)), S(T(3), T(3)), S(T(0, 3), T(0, 3))],
        dtypes=(*FLOATS, *INTS, *COMPLEX),
        strides=False,
        errors=[S(T(3), T(4, 3)), S(T(4), T(4)), S(T(3), T(3), dim=1), S(T(3), T(3, dtype="float64"))],
    ),
    op(
        "cross",
        [S(T(4, 3), T(4, 3)), S(T(3, 4), T(3, 4)), S(T(3, 4), T(3, 4), dim=0)],
        dtypes=(*FLOATS, *COMPLEX),
        strides=False,
        errors=[S(T(4), T(4))],
    ),
    op(
        "linalg_diagonal",
        [S(T(4, 3)), S(T(2, 4, 3)), S(T(2, 4, 3), offset=1), S(T(2, 4, 3), dim1=0, dim2=1)],
        errors=[S(T(3))],
    ),
    op(
        "linalg_vander",
        [S(T(3)), S(T(2, 3)), S(T(3), N=5), S(T(3), N=2)],
        dtypes=(*_DTYPES, "int64"),
        strides=False,
        errors=[S(T(3), N=1), S(T(3), N=0), S(T(3, dtype="bool")), S(T())],
    ),
    op(
        "vander",
        [S(T(3)), S(T(3), 5), S(T(3), 2, True), S(T(3), 0).without_grad(), S(T(3), 1).without_grad()],
        dtypes=(*_DTYPES, "int64"),
        strides=False,
        errors=[S(T(3), -1), S(T(2, 2))],
    ),
    op(
        "linalg_tensorinv",
        [S(T(4, 6, 8, 3)).without_grad(), S(T(6, 2, 3), ind=1), S(T(2, 2, 4))],
        strides=False,
        grad_scale=1e4,
        errors=[S(T(6, 2, 2), ind=1), S(T(6, 2, 3), ind=0)],
    ),
    op(
        "linalg_tensorsolve",
        [S(T(2, 3, 6), T(2, 3)), S(T(6, 4, 4, 3, 2), T(4, 3, 2), dims=(0, 2)).without_grad()],
        strides=False,
        grad_scale=1e4,
        errors=[S(T(6, 4, 4, 3, 2), T(4, 3, 2)), S(T(2, 2), T())],
    ),
    # ---- covariance
    op(
        "cov",
        [
            S(T(3, 5)),
            S(T(5)),
            S(T(3, 5), correction=0),
            S(T(3, 4), fweights=V([1, 2, 3, 1], "int64", grad=False, layout=False)),
            S(T(3, 4), aweights=V([0.5, 1.0, 2.0, 1.5], "float64", grad=False, layout=False)).for_(_GRAD),
            S(
                T(3, 4),
                fweights=V([1, 2, 3, 1], "int64", grad=False, layout=False),
                aweights=V([0.5, 1.0, 2.0, 1.5], "float64", grad=False, layout=False),
            ).for_(_GRAD),
        ],
        strides=False,
        errors=[
            S(T(2, 2, 2)),
            S(T(3, dtype="bool")),
            S(T(3), fweights=V([1, -1, 2], "int64")),
            S(T(3), fweights=V([1, 1], "int64")),
            S(T(3), aweights=V([1, 1, 1], "int64")),
        ],
    ),
    op("corrcoef", [S(T(3, 5)), S(T(5))], strides=False, gradgradcheck=False, errors=[S(T(2, 2, 2))]),
]
