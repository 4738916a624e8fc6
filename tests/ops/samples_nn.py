"""Records of matrix products, convolutions, normalisations, embeddings and losses."""

from __future__ import annotations

from .records import ALL, COMPLEX, FLOATS, INTS, WIDE, B, Dtype, I, Op, S, T, V

_SOLID = ("contiguous", "transposed", "sliced", "expanded")
_PLAIN = ("contiguous", "transposed", "sliced")
_IMAGES = ("contiguous", "channels_last", "sliced")
_PROD = {
    "float16": (8e-3, 8e-3),
    "bfloat16": (4e-2, 4e-2),
    "float32": (1e-5, 1e-5),
    "float64": (1e-11, 1e-12),
    "complex64": (2e-5, 2e-5),
    "complex128": (1e-11, 1e-11),
}
_G = ("float32", "float64", "complex64")
_NUM = FLOATS + INTS + COMPLEX


def L(values: object) -> T:
    return V(values, "int64", grad=False)


def _matrix(name: str, samples: list, **facts: object) -> Op:
    facts.setdefault("dtypes", _NUM)
    facts.setdefault("grad", _G)
    facts.setdefault("tolerances", _PROD)
    return Op(name, samples, **facts)  # type: ignore[arg-type]


OPS = [
    _matrix(
        "mm",
        [
            S(T(3, 4), T(4, 5)),
            S(T(1, 4), T(4, 1)),
            S(T(0, 4), T(4, 5)),
            S(T(3, 0), T(0, 5)),
            S(T(17, 33), T(33, 19)),
            S(T(3, 4), T(4, 0)),
        ],
        errors=[
            S(T(3, 4), T(5, 4)),
            S(T(3), T(3, 4)),
            S(T(2, 3, 4), T(4, 5)),
            S(T(3, 4), T(4, 5, dtype="float64")),
            S(T(3, 4), 2.0),
            S(B(2, 2), B(2, 2)),
        ],
    ),
    _matrix(
        "bmm",
        [S(T(2, 3, 4), T(2, 4, 5)), S(T(0, 3, 4), T(0, 4, 5)), S(T(2, 3, 0), T(2, 0, 5)), S(T(3, 9, 8), T(3, 8, 7))],
        errors=[
            S(T(2, 3, 4), T(3, 4, 5)),
            S(T(2, 3, 4), T(2, 5, 4)),
            S(T(3, 4), T(4, 5)),
            S(T(2, 3, 4), T(2, 4, 5, dtype="float64")),
        ],
    ),
    _matrix(
        "matmul",
        [
            S(T(3, 4), T(4, 5)),
            S(T(4), T(4)),
            S(T(3, 4), T(4)),
            S(T(4), T(4, 5)),
            S(T(2, 3, 4), T(4, 5)),
            S(T(2, 3, 4), T(2, 4, 5)),
            S(T(2, 1, 3, 4), T(5, 4, 2)),
            S(T(2, 3, 4), T(4)),
            S(T(4), T(2, 4, 3)),
            S(T(0, 3), T(3, 2)),
            S(T(3, 0), T(0)),
            S(T(0), T(0)),
            S(T(3, 4), T(2, 4, 5)),
        ],
        errors=[
            S(T(3, 4), T(5, 4)),
            S(T(), T(3)),
            S(T(3), T(4)),
            S(T(2, 3, 4), T(3, 4, 5)),
            S(T(3, 4), T(4, 5, dtype="float64")),
            S(T(3), 2.0),
        ],
        covers=("__matmul__", "linalg_matmul"),
    ),
    _matrix(
        "addmm",
        [
            S(T(3, 5), T(3, 4), T(4, 5)),
            S(T(5), T(3, 4), T(4, 5)),
            S(T(), T(3, 4), T(4, 5)),
            S(T(3, 5), T(3, 4), T(4, 5), beta=2, alpha=3),
            S(T(3, 5), T(3, 4), T(4, 5), beta=0),
            S(T(3, 5), T(3, 0), T(0, 5)),
            S(T(3, 1), T(3, 4), T(4, 5)),
        ],
        errors=[
            S(T(3, 4), T(3, 4), T(4, 5)),
            S(T(3, 5), T(3, 4), T(5, 5)),
            S(T(3, 5), T(3, 4), T(4)),
            S(T(3, 5, dtype="float64"), T(3, 4), T(4, 5)),
        ],
    ),
    _matrix(
        "addmv",
        [
            S(T(3), T(3, 4), T(4)),
            S(T(), T(3, 4), T(4)),
            S(T(3), T(3, 4), T(4), beta=2, alpha=3),
            S(T(3), T(3, 0), T(0)),
            S(T(3), T(3, 4), T(4), beta=0),
            S(T(1), T(3, 4), T(4), beta=2),
            S(T(0), T(0, 4), T(4)),
        ],
        errors=[S(T(4), T(3, 4), T(4)), S(T(3), T(3, 4), T(3)), S(T(3, dtype="float64"), T(3, 4), T(4))],
    ),
    _matrix(
        "addr",
        [
            S(T(3, 4), T(3), T(4)),
            S(T(4), T(3), T(4)),
            S(T(3, 4), T(3), T(4), beta=2, alpha=3),
            S(T(3, 4), T(3), T(4), beta=0),
            S(T(3, 4), T(3), T(4), alpha=0),
            S(T(0, 4), T(0), T(4)),
        ],
        errors=[S(T(3, 4), T(4), T(4)), S(T(3, 4), T(3, 1), T(4))],
    ),
    _matrix(
        "baddbmm",
        [
            S(T(2, 3, 5), T(2, 3, 4), T(2, 4, 5)),
            S(T(5), T(2, 3, 4), T(2, 4, 5)),
            S(T(2, 3, 5), T(2, 3, 4), T(2, 4, 5), beta=2, alpha=3),
            S(T(2, 3, 5), T(2, 3, 0), T(2, 0, 5)),
        ],
        errors=[S(T(2, 3, 4), T(2, 3, 4), T(2, 4, 5)), S(T(2, 3, 5), T(3, 4), T(4, 5))],
    ),
    _matrix(
        "mv",
        [S(T(3, 4), T(4)), S(T(0, 4), T(4)), S(T(3, 0), T(0)), S(T(17, 33), T(33))],
        errors=[S(T(3, 4), T(3)), S(T(3), T(3)), S(T(3, 4), T(4, dtype="float64"))],
    ),
    _matrix(
        "dot",
        [S(T(4), T(4)), S(T(0), T(0)), S(T(67), T(67))],
        errors=[S(T(3), T(4)), S(T(3, 1), T(3)), S(T(3), T(3, dtype="float64")), S(T(), T())],
    ),
    _matrix("vdot", [S(T(4), T(4)), S(T(0), T(0))], errors=[S(T(3), T(4))]),
    _matrix("inner", [S(T(4), T(4)), S(T(3, 4), T(2, 4)), S(T(), T(3)), S(T(3, 4), T(4))], errors=[S(T(3), T(4))]),
    Op(
        "outer",
        [S(T(3), T(4)), S(T(0), T(4)), S(T(1), T(1))],
        dtypes=ALL,
        grad=_G,
        tolerances=_PROD,
        errors=[S(T(3, 1), T(4)), S(T(), T(3))],
        covers=("ger",),
    ),
    _matrix(
        "einsum",
        [
            S("ij,jk->ik", T(3, 4), T(4, 5)),
            S("ij->ji", T(3, 4)),
            S("ii", T(3, 3)),
            S("ii->i", T(3, 3)),
            S("bij,bjk->bik", T(2, 3, 4), T(2, 4, 5)),
            S("i,j->ij", T(3), T(4)),
            S("ij->", T(3, 4)),
            S("bihd,bjhd->bhij", T(2, 3, 2, 4), T(2, 3, 2, 4)),
            S("...ij,...jk->...ik", T(2, 3, 4), T(2, 4, 5)),
            S("ij,j", T(3, 4), T(4)),
            S("i,i,i->i", T(3), T(3), T(3)),
            S("ab,bc,cd->ad", T(2, 3), T(3, 4), T(4, 2)),
        ],
        errors=[
            S("ij,jk->ik", T(3, 4), T(5, 5)),
            S("ij", T(3)),
            S("ij->k", T(3, 4)),
            S("ij,jk->ik", T(3, 4)),
            S("i->ii", T(3)),
            S("i,j->i->j", T(3), T(3)),
            S("i1->i", T(3, 3)),
        ],
        gradcheck=True,
        out=False,
    ),
    _matrix(
        "linear",
        [
            S(T(3, 4), T(5, 4)),
            S(T(3, 4), T(5, 4), T(5)),
            S(T(4), T(5, 4), T(5)),
            S(T(2, 3, 4), T(5, 4), T(5)),
            S(T(0, 4), T(5, 4), T(5)),
            S(T(3, 0), T(5, 0), T(5)),
            S(T(3, 4), T(4)),
            S(T(33, 17), T(19, 17), T(19)),
        ],
        call="F.linear",
        errors=[S(T(3, 4), T(5, 3)), S(T(3, 4), T(5, 4), T(4)), S(T(3, 4), T(5, 4, dtype="float64"))],
        out=False,
    ),
    _matrix(
        "tensordot",
        [S(T(3, 4), T(4, 5), 1), S(T(2, 3, 4), T(3, 4, 5), 2), S(T(2, 3), T(3, 2), ([0, 1], [1, 0]))],
        errors=[S(T(3, 4), T(5, 4), 1)],
    ),
    _matrix("kron", [S(T(2, 3), T(3, 2)), S(T(2), T(3))], out=False),
    Op(
        "cdist",
        [S(T(3, 4), T(5, 4)), S(T(2, 3, 4), T(2, 5, 4), 1.0)],
        dtypes=WIDE,
        gradgradcheck=False,
        tolerances={"float32": (1e-4, 1e-4), "float64": (1e-8, 1e-8)},
        errors=[S(T(3, 4), T(5, 3))],
        out=False,
    ),
    Op("normalize", [S(T(3, 4)), S(T(3, 4), 1.0, 0)], dtypes=WIDE, call="F.normalize", tolerances=_PROD, out=False),
]


def _conv(name: str, shapes: list, bad: list, **facts: object) -> Op:
    return Op(name, shapes, call=f"F.{name}", tolerances=_PROD, out=False, errors=bad, grad=WIDE, **facts)  # type: ignore[arg-type]


OPS += [
    _conv(
        "conv1d",
        [
            S(T(2, 3, 8), T(4, 3, 3)),
            S(T(2, 3, 8), T(4, 3, 3), T(4)),
            S(T(2, 3, 8), T(4, 3, 3), T(4), 2, 1),
            S(T(2, 4, 8), T(4, 2, 3), None, 1, 1, 1, 2),
            S(T(2, 3, 9), T(4, 3, 3), padding="same"),
            S(T(2, 3, 9), T(4, 3, 3), None, 1, 0, 2),
            S(T(3, 8), T(4, 3, 3)),
            S(T(0, 3, 8), T(4, 3, 3)),
        ],
        [
            S(T(2, 3, 8), T(4, 2, 3)),
            S(T(2, 3, 2), T(4, 3, 3)),
            S(T(2, 3, 8), T(4, 3, 3), T(3)),
            S(T(3), T(4, 3, 3)),
            S(T(2, 3, 8), T(4, 3, 3), None, 0),
        ],
        layouts=_SOLID,
    ),
    _conv(
        "conv2d",
        [
            S(T(2, 3, 6, 7), T(4, 3, 3, 3)),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), T(4)),
            S(T(2, 3, 6, 7), T(4, 3, 3, 2), T(4), 2, 1),
            S(T(1, 3, 6, 7), T(4, 3, 3, 3), T(4), (2, 1), (0, 2)),
            S(T(2, 4, 6, 6), T(4, 2, 3, 3), None, 1, 1, 1, 2),
            S(T(2, 4, 6, 6), T(4, 1, 3, 3), T(4), 1, 1, 1, 4),
            S(T(1, 3, 7, 7), T(2, 3, 3, 3), None, 1, 0, 2),
            S(T(1, 3, 6, 6), T(2, 3, 1, 1)),
            S(T(1, 2, 5, 5), T(2, 2, 3, 3), padding="same"),
            S(T(1, 2, 5, 5), T(2, 2, 3, 3), padding="valid"),
            S(T(3, 6, 7), T(4, 3, 3, 3)),
            S(T(0, 3, 6, 7), T(4, 3, 3, 3)),
            S(T(1, 1, 5, 5), T(1, 1, 5, 5)),
        ],
        [
            S(T(2, 3, 6, 7), T(4, 2, 3, 3)),
            S(T(2, 3, 2, 2), T(4, 3, 3, 3)),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), T(3)),
            S(T(2, 3), T(4, 3, 3, 3)),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), None, 0),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), None, 1, -1),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), None, 1, 0, 0),
            S(T(2, 4, 6, 7), T(4, 2, 3, 3), None, 1, 0, 1, 3),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3, dtype="float64")),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), padding="bad"),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), None, 2, "same"),
            S(T(2, 3, 6, 7), T(4, 3, 3, 3), None, (1, 1, 1)),
        ],
        layouts=("contiguous", "channels_last", "sliced", "transposed"),
        covers=("convolution",),
    ),
    Op(
        "pad",
        [
            S(T(3, 4), (1, 2)),
            S(T(3, 4), (1, 2, 0, 1), "constant", 1.5),
            S(T(3, 4), (-1, 0)),
            S(T(1, 2, 3, 4), (1, 1, 2, 0)),
            S(T(2, 3, 4), (1, 2), "reflect"),
            S(T(2, 3, 4), (1, 2), "replicate"),
            S(T(2, 3, 4), (1, 2), "circular"),
            S(T(1, 2, 3, 4), (1, 2, 1, 1), "reflect"),
            S(T(1, 2, 3, 4), (1, 2, 1, 1), "replicate"),
            S(T(0, 4), (1, 1)),
        ],
        call="F.pad",
        layouts=_PLAIN,
        dtypes=WIDE,
        out=False,
        errors=[
            S(T(3), (1,)),
            S(T(3), (1, 1, 1, 1)),
            S(T(3), (-4, 0)),
            S(T(2, 3, 4), (4, 0), "reflect"),
            S(T(3), (1, 1), "zz"),
            S(T(3), "a"),
        ],
    ),
    Op(
        "batch_norm",
        [
            S(T(4, 3), T(3, grad=False), T(3, low=0.5, grad=False), T(3), T(3), True),
            S(T(4, 3), T(3, grad=False), T(3, low=0.5, grad=False), T(3), T(3), False),
            S(T(4, 3), None, None, training=True),
            S(T(2, 3, 5, 5), T(3, grad=False), T(3, low=0.5, grad=False), T(3), T(3), True, 0.3, 1e-3),
            S(T(2, 3, 5), None, None, T(3), T(3), True),
            S(T(2, 3, 5, 5), T(3, grad=False), T(3, low=0.5, grad=False)),
        ],
        call="F.batch_norm",
        layouts=("contiguous", "channels_last", "sliced"),
        out=False,
        grad_scale=100,
        tolerances={**_PROD, "float32": (5e-5, 1e-5)},
        errors=[
            S(T(1, 3), T(3), T(3), training=True),
            S(T(4, 3), T(4), T(4)),
            S(T(3), T(3), T(3)),
            S(T(4, 3), None, None),
        ],
        covers=("native_batch_norm",),
    ),
    Op(
        "layer_norm",
        [
            S(T(3, 4), (4,)),
            S(T(3, 4), (4,), T(4), T(4)),
            S(T(2, 3, 4), (3, 4), T(3, 4), T(3, 4), 1e-3),
            S(T(4), (4,)),
            S(T(0, 4), (4,)),
            S(T(2, 5, 40), (40,), T(40)),
            S(T(2, 4, 3, 5), (5,), T(5), T(5)),
            S(T(2, 3, 2, 2, 4), (2, 4)),
            S(T(3, 4), [4], None, T(4)).once(),
        ],
        call="F.layer_norm",
        layouts=_PLAIN,
        out=False,
        grad_scale=50,
        tolerances={**_PROD, "float32": (3e-5, 1e-5), "float16": (1e-2, 1e-2)},
        errors=[S(T(3, 4), (3,)), S(T(3, 4), (4,), T(3)), S(T(3, 4), ()), S(T(3, 4), (2, 3, 4))],
        covers=("native_layer_norm",),
    ),
    Op(
        "native_group_norm",
        [
            S(T(2, 4, 3), T(4), T(4), 2, 4, 3, 2, 1e-5),
            S(T(2, 4, 3, 2), None, None, 2, 4, 6, 4, 1e-3),
            S(T(2, 6), T(6), None, 2, 6, 1, 3, 1e-5),
            S(T(4, 3), None, None, 2, 2, 3, 1, 1e-5),
        ],
        layouts=_PLAIN,
        out=False,
        dtypes=WIDE,
        grad_scale=50,
        tolerances=_PROD,
        errors=[
            S(T(2, 4, 3), None, None, 2, 4, 4, 2, 1e-5),
            S(T(2, 4, 3), None, None, 2, 4, 3, 3, 1e-5),
            S(T(2, 4, 3), T(3), None, 2, 4, 3, 2, 1e-5),
        ],
        gradgradcheck=False,
    ),
    Op(
        "rms_norm",
        [S(T(3, 4), (4,)), S(T(3, 4), (4,), T(4))],
        call="F.rms_norm",
        layouts=_PLAIN,
        out=False,
        dtypes=WIDE,
        grad_scale=50,
        tolerances=_PROD,
        errors=[S(T(3, 4), (3,))],
        gradgradcheck=False,
    ),
    Op(
        "group_norm",
        [S(T(2, 4, 3), 2), S(T(2, 4, 3, 3), 2, T(4), T(4)), S(T(2, 4), 4), S(T(2, 6, 5), 3, T(6), None, 1e-3)],
        call="F.group_norm",
        layouts=("contiguous", "sliced"),
        out=False,
        grad_scale=100,
        tolerances={**_PROD, "float32": (5e-5, 1e-5), "float16": (1e-2, 1e-2)},
        errors=[S(T(2, 4, 3), 3), S(T(2, 4, 3), 2, T(3)), S(T(2, 4, 3), 0), S(T(4), 2)],
        covers=("native_group_norm",),
    ),
    *[
        Op(
            name,
            [
                S(T(3, 4), 1),
                S(T(3, 4), 0),
                S(T(2, 3, 4), -2),
                S(T(), 0),
                S(T(5), 0),
                S(T(0, 3), 1),
                S(T(3, 0), 1),
                S(T(3, 4), 1, dtype=Dtype("float64")),
                S(V([[1000.0, 0.0], [-1000.0, 5.0]]), 1),
                S(T(2, 70), 1),
                S(V([[float("inf"), 1.0], [float("nan"), 1.0]]), 1).without_grad(),
            ],
            dtypes=FLOATS,
            tolerances={**_PROD, "float32": (5e-6, 1e-6)},
            errors=[S(T(3, 4), 2), S(T(3, 4), -3), S(T(3, dtype="int64"), 0)],
            covers=(f"_{name}",),
            call=f"torch.{name}",
        )
        for name in ("softmax", "log_softmax")
    ],
    Op("softmin", [S(T(3, 4), 1)], call="F.softmin", out=False, tolerances=_PROD),
    Op(
        "embedding",
        [
            S(I(3, high=5), T(5, 4)),
            S(I(2, 3, high=5), T(5, 4)),
            S(L(2), T(5, 4)),
            S(I(0, high=5), T(5, 4)).once(),
            S(L([0, 2, 2]), T(5, 4), 2).rough(),
            S(L([0, 2, 2, 1]), T(5, 4), scale_grad_by_freq=True).rough(),
            S(V([1, 2], "int32", grad=False), T(5, 4)),
        ],
        call="F.embedding",
        dtypes=FLOATS,
        layouts=_PLAIN,
        out=False,
        errors=[S(L([5]), T(5, 4)), S(L([-1]), T(5, 4)), S(V([0.5]), T(5, 4)), S(L([0]), T(5)), S(L([0]), T(5, 4), 7)],
    ),
]

_RED = ("none", "mean", "sum")


def _loss(name: str, make: object, errors: list, dtypes: tuple = FLOATS, more: tuple = (), **facts: object) -> Op:
    samples = [sample for reduction in _RED for sample in make(reduction)]  # type: ignore[operator]
    facts.setdefault("tolerances", {**_PROD, "float32": (1e-5, 2e-6)})
    return Op(
        name, samples + list(more), call=f"F.{name}", dtypes=dtypes, out=False, layouts=_PLAIN, errors=errors, **facts
    )  # type: ignore[arg-type]


_BAD_REDUCTION = S(T(3, 4), T(3, 4), reduction="bad")
OPS += [
    _loss(
        "mse_loss",
        lambda r: [S(T(3, 4), T(3, 4), reduction=r), S(T(), T(), reduction=r), S(T(0), T(0), reduction=r)],
        [_BAD_REDUCTION, S(T(3), T(4))],
    ),
    _loss(
        "l1_loss",
        lambda r: [S(T(3, 4), T(3, 4), reduction=r), S(T(), T(), reduction=r)],
        [_BAD_REDUCTION, S(T(3), T(4))],
    ),
    _loss(
        "smooth_l1_loss",
        lambda r: [S(T(3, 4), T(3, 4), reduction=r), S(T(3, 4), T(3, 4), reduction=r, beta=0.5)],
        [_BAD_REDUCTION, S(T(3), T(4)), S(T(3), T(3), beta=-1.0)],
    ),
    _loss(
        "huber_loss",
        lambda r: [S(T(3, 4), T(3, 4), reduction=r), S(T(3, 4), T(3, 4), reduction=r, delta=0.5)],
        [_BAD_REDUCTION, S(T(3), T(4)), S(T(3), T(3), delta=-1.0)],
    ),
    _loss(
        "binary_cross_entropy",
        lambda r: [
            S(T(3, 4, low=0.05, high=0.95), T(3, 4, low=0.05, high=0.95, grad=False), reduction=r),
            S(
                T(3, 4, low=0.05, high=0.95),
                T(3, 4, low=0, high=1, grad=False),
                T(3, 4, low=0.1, grad=False),
                reduction=r,
            ),
            S(V([0.0, 1.0, 0.5]), V([0.0, 1.0, 1.0], grad=False), reduction=r).without_grad(),
        ],
        [
            _BAD_REDUCTION,
            S(T(3, low=0, high=1), T(4, low=0, high=1)),
            S(V([2.0]), V([1.0])),
            S(V([-0.1]), V([1.0])),
            S(V([float("nan")]), V([1.0])),
            S(T(3, low=0, high=1), T(3, dtype="float64", low=0, high=1)),
        ],
    ),
    _loss(
        "binary_cross_entropy_with_logits",
        lambda r: [
            S(T(3, 4), T(3, 4, low=0, high=1, grad=False), reduction=r),
            S(T(3, 4), T(3, 4, low=0, high=1, grad=False), T(3, 4, low=0.1, grad=False), reduction=r),
            S(T(3, 4), T(3, 4, low=0, high=1, grad=False), reduction=r, pos_weight=T(4, low=0.5, grad=False)),
            S(V([100.0, -100.0, 0.0]), V([1.0, 1.0, 0.0], grad=False), reduction=r),
        ],
        [_BAD_REDUCTION, S(T(3), T(4)), S(T(3), T(3, 1))],
    ),
    _loss(
        "nll_loss",
        lambda r: [
            S(T(3, 4), I(3, high=4), reduction=r),
            S(T(3, 4), I(3, high=4), T(4, low=0.1, grad=False), reduction=r),
            S(T(3, 4), L([1, -100, 0]), reduction=r),
            S(T(3, 4), L([1, 2, 0]), reduction=r, ignore_index=2),
            S(T(2, 4, 3), I(2, 3, high=4), reduction=r),
            S(T(2, 4, 3, 2), I(2, 3, 2, high=4), reduction=r),
            S(T(4), L(2), reduction=r),
            S(T(3, 4), L([-100] * 3), reduction=r),
        ],
        [
            S(T(3, 4), L([4, 0, 0])),
            S(T(3, 4), L([-1, 0, 0])),
            S(T(3, 4), L([0, 0])),
            S(T(3, 4), T(3)),
            S(T(3, 4), L([0, 1, 2]), T(3)),
            S(T(3, 4), L([0, 1, 2]), reduction="bad"),
            S(T(2, 4, 3), L([0, 1])),
        ],
    ),
    _loss(
        "cross_entropy",
        lambda r: [
            S(T(3, 4), I(3, high=4), reduction=r),
            S(T(3, 4), I(3, high=4), T(4, low=0.1, grad=False), reduction=r),
            S(T(3, 4), L([1, -100, 0]), reduction=r),
            S(T(3, 4), I(3, high=4), reduction=r, label_smoothing=0.1),
            S(T(3, 4), T(3, 4, low=0, high=1), reduction=r),
            S(T(2, 4, 3), I(2, 3, high=4), reduction=r),
            S(T(4), L(2), reduction=r),
            S(T(3, 4), I(3, high=4), T(4, low=0.1, grad=False), reduction=r, label_smoothing=0.2),
            S(T(3, 4), T(3, 4, low=0, high=1), reduction=r, label_smoothing=0.1),
        ],
        [
            S(T(3, 4), L([4, 0, 0])),
            S(T(3, 4), L([-1, 0, 0])),
            S(T(3, 4), L([0, 0])),
            S(T(3, 4), T(3)),
            S(T(3, 4), T(3, 5)),
            S(T(3, 4), L([0, 1, 2]), label_smoothing=2.0),
            S(T(3, 4), L([0, 1, 2]), reduction="bad"),
            S(T(3, 4), V([0, 1, 2], "int32", grad=False)),
        ],
        covers=("cross_entropy_loss",),
    ),
    _loss(
        "kl_div",
        lambda r: [
            S(T(3, 4), T(3, 4, low=0.1, high=1), reduction=r),
            S(T(3, 4), T(3, 4), reduction=r, log_target=True),
        ],
        [_BAD_REDUCTION, S(T(3), T(4))],
    ),
    _loss(
        "hinge_embedding_loss",
        lambda r: [S(T(3, 4), V([[1.0, -1.0, 1.0, -1.0]], grad=False), reduction=r)],
        [_BAD_REDUCTION],
        dtypes=WIDE,
    ),
    _loss(
        "margin_ranking_loss", lambda r: [S(T(3), T(3), V([1.0, -1.0, 1.0], grad=False), reduction=r)], [], dtypes=WIDE
    ),
    _loss(
        "soft_margin_loss",
        lambda r: [S(T(3), V([1.0, -1.0, 1.0], grad=False), reduction=r)],
        [],
        dtypes=WIDE,
        gradgradcheck=True,
    ),
    _loss("poisson_nll_loss", lambda r: [S(T(3), T(3, low=0.1), reduction=r)], [], dtypes=WIDE),
    _loss("gaussian_nll_loss", lambda r: [S(T(3), T(3), T(3, low=0.1), reduction=r)], [], dtypes=WIDE, meta=False),
    _loss(
        "cosine_embedding_loss",
        lambda r: [S(T(3, 4), T(3, 4), V([1.0, -1.0, 1.0], grad=False), reduction=r)],
        [],
        dtypes=WIDE,
        gradgradcheck=False,
    ),
    _loss(
        "triplet_margin_loss",
        lambda r: [S(T(3, 4), T(3, 4), T(3, 4), reduction=r)],
        [],
        dtypes=WIDE,
        gradgradcheck=False,
    ),
]
