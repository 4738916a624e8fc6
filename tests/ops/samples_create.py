"""Records of the ops that make tensors, and of the random ones (shape, dtype and stream)."""

from __future__ import annotations

from .records import ALL, COMPLEX, FLOATS, INTS, NUMERIC, REAL, WIDE, Dtype, I, Op, S, T, V

F32 = ("float32",)
_NONE: dict = {"grad": (), "gradcheck": False}
BAD_SIZES = [S(-1), S((2, -3)), S("a"), S(1.5), S((2, 1.5)), S(2**62, 2**62), S(2**60)]


def _sizes(*more: object) -> list:
    made = [
        S(3, 4, *more),
        S((3, 4), *more),
        S([2, 3], *more),
        S(0, *more),
        S((), *more),
        S(1, *more),
        S((2, 0, 3), *more),
    ]
    return made if not more else made[1:3] + made[4:5] + made[6:]


def _typed(*args: object) -> list:
    return [S(*args, dtype=Dtype(d)) for d in ALL]


OPS = [
    Op(
        "empty",
        [*_sizes(), *_typed((2, 3)), S((2, 3, 4, 5))],
        dtypes=F32,
        values=False,
        strides=True,
        errors=BAD_SIZES,
        **_NONE,
    ),
    *[
        Op(name, [*_sizes(), *_typed((2, 3))], dtypes=F32, strides=True, errors=BAD_SIZES, **_NONE)
        for name in ("zeros", "ones")
    ],
    Op(
        "full",
        [*_sizes(7), *_sizes(2.5), *_sizes(True), S((2, 3), 1j), *[S((2, 3), 3, dtype=Dtype(d)) for d in ALL]],
        dtypes=F32,
        strides=True,
        errors=[S((2, -3), 1), S((2,), "a"), S((2,)), S((2**62,), 1)],
        **_NONE,
    ),
    Op(
        "empty_strided",
        [S((2, 3), (1, 2)), S((), ()), S((2, 3), (3, 1), dtype=Dtype("int64")), S((0, 3), (1, 1))],
        dtypes=F32,
        values=False,
        strides=True,
        errors=[S((2, 3), (1,)), S((-1,), (1,)), S((2,), (-1,))],
        **_NONE,
    ),
    Op(
        "arange",
        [
            S(5),
            S(5.0),
            S(2, 7),
            S(0, 1, 0.25),
            S(1, 10, 3),
            S(10, 0, -2),
            S(0),
            S(3, 3),
            S(0.5, 3),
            S(5, dtype=Dtype("float32")),
            S(5, dtype=Dtype("int32")),
            S(0, 5, 2, dtype=Dtype("float64")),
            S(start=1, end=4),
            S(7, dtype=Dtype("bfloat16")),
        ],
        dtypes=F32,
        errors=[S(0, 5, 0), S(0, 5, -1), S(5, 0, 1), S("a"), S(float("nan")), S(float("inf")), S(0, 1e30)],
        **_NONE,
    ),
    Op(
        "linspace",
        [
            S(0, 1, 5),
            S(-3, 10, 7),
            S(0, 1, 1),
            S(0, 1, 0),
            S(3, -3, 4),
            S(0, 10, 11, dtype=Dtype("int64")),
            S(0, 1, 50, dtype=Dtype("float64")),
            S(0, 1, 33, dtype=Dtype("float16")),
            S(2, 2, 3),
        ],
        dtypes=F32,
        errors=[S(0, 1, -1), S(0, 1), S("a", 1, 3)],
        **_NONE,
    ),
    Op(
        "logspace",
        [S(0, 2, 5), S(-1, 1, 4, 2.0), S(0, 1, 0)],
        dtypes=F32,
        errors=[S(0, 1, -1)],
        tolerances={"float32": (1e-5, 1e-6)},
        **_NONE,
    ),
    Op(
        "eye",
        [S(3), S(3, 4), S(4, 2), S(0), S(2, dtype=Dtype("int64")), S(2, dtype=Dtype("bool")), S(3, 0)],
        dtypes=F32,
        errors=[S(-1), S(2, -1), S("a")],
        **_NONE,
    ),
    Op("scalar_tensor", [S(2.5), S(2, dtype=Dtype("int64"))], dtypes=F32, **_NONE),
    *[
        Op(
            name,
            [
                S(T(3, 4)),
                S(T()),
                S(T(0)),
                S(T(2, 3, 4, 5)),
                S(T(2, 3), dtype=Dtype("float64")),
                S(T(2, 3), dtype=Dtype("int64")),
            ],
            dtypes=ALL,
            strides=True,
            values=name != "empty_like",
            errors=[S(1), S([1.0])],
            **_NONE,
        )
        for name in ("zeros_like", "ones_like", "empty_like")
    ],
    Op(
        "full_like",
        [S(T(3, 4), 3), S(T(), 2), S(T(0), 1), S(T(2, 3), 1.5, dtype=Dtype("float64"))],
        dtypes=ALL,
        strides=True,
        errors=[S(T(3)), S(T(3), "a")],
        **_NONE,
    ),
    *[
        Op(
            name,
            [S(T(2), (3, 4)), S(T(2), 3, 4), S(T(), ()), S(T(2), (0,)), S(T(2), (2, 3), dtype=Dtype("float64"))],
            call=f"Tensor.{name}",
            dtypes=ALL,
            values=name != "new_empty",
            errors=[S(T(2), (-1,)), S(T(2), "a")],
            **_NONE,
        )
        for name in ("new_zeros", "new_ones", "new_empty")
    ],
    Op(
        "new_full",
        [S(T(2), (3, 4), 3), S(T(), (), 1), S(T(2), (2,), 1.5, dtype=Dtype("float64"))],
        call="Tensor.new_full",
        dtypes=ALL,
        errors=[S(T(2), (-1,), 1)],
        **_NONE,
    ),
    Op(
        "new_tensor",
        [S(T(2), [1, 0, 1]), S(T(2), 1), S(T(2), [[1.0], [2.0]])],
        call="Tensor.new_tensor",
        dtypes=ALL,
        errors=[S(T(2), "a")],
        meta=False,
        **_NONE,
    ),
    Op(
        "new_empty_strided",
        [S(T(2), (2, 3), (1, 2))],
        call="Tensor.new_empty_strided",
        dtypes=ALL,
        values=False,
        strides=True,
        **_NONE,
    ),
    Op(
        "tensor",
        [
            S([1, 2, 3]),
            S([1.0, 2.5]),
            S([[1, 2], [3, 4]]),
            S(3),
            S(2.5),
            S(True),
            S([True, False]),
            S([]),
            S([[]]),
            S(1j),
            S([1, 2.5]),
            S([True, 2]),
            S([1 + 2j, 0]),
            S((1, 2)),
            S([[[]]]),
            S([float("nan"), float("inf")]),
            S(T(3)),
            S([T(), T()]),
            *[S([0, 1, 2], dtype=Dtype(d)) for d in ALL],
            S([1.7, -0.5], dtype=Dtype("int64")),
            S(2**40),
        ],
        dtypes=F32,
        errors=[
            S([1, [2]]),
            S([[1, 2], [3]]),
            S("a"),
            S(None),
            S([None]),
            S(["a"]),
            S({}),
            S([1j], dtype=Dtype("float32")),
            S(2**70),
            S([2**64]),
            S([1, "a"]),
            S([T(2), T(2)]),
            S(300, dtype=Dtype("uint8")),
        ],
        meta=False,
        covers=("as_tensor", "asarray"),
        **_NONE,
    ),
    Op(
        "as_tensor",
        [S([1, 2, 3]), S(T(3)), S(2.5), S([1, 2], dtype=Dtype("float64"))],
        dtypes=F32,
        errors=[S("a"), S([1, [2]])],
        meta=False,
        **_NONE,
    ),
    Op("tril_indices", [S(3, 4), S(3, 3, 1), S(0, 3)], dtypes=F32, errors=[S(-1, 2)], **_NONE),
    Op("triu_indices", [S(3, 4), S(3, 3, -1)], dtypes=F32, errors=[S(-1, 2)], **_NONE),
    Op(
        "one_hot",
        [S(I(5, high=4)), S(I(2, 3, high=4), 6), S(I(0, high=1), 3), S(V(2, "int64"))],
        call="F.one_hot",
        dtypes=F32,
        errors=[S(V([-1], "int64")), S(V([4], "int64"), 3), S(T(3)), S(V([], "int64"))],
        meta=False,
        **_NONE,
    ),
]

_R: dict = {"random": True, "meta": True, "grad": (), "gradcheck": False, "strides": True}
OPS += [
    Op(
        "rand",
        [*_sizes(), S(3, dtype=Dtype("float64")), S(40), S((2, 3), dtype=Dtype("float16"))],
        dtypes=F32,
        errors=[*BAD_SIZES[:5], S(3, dtype=Dtype("int64"))],
        **_R,
    ),
    Op(
        "randn",
        [
            *_sizes(),
            S(3, dtype=Dtype("float64")),
            S(40),
            S((2, 3), dtype=Dtype("bfloat16")),
            S(40, dtype=Dtype("complex64")),
            S(3, dtype=Dtype("complex128")),
        ],
        dtypes=F32,
        errors=[*BAD_SIZES[:5], S(3, dtype=Dtype("int64"))],
        tolerances={"float32": (1e-5, 1e-6)},
        **_R,
    ),
    Op(
        "randint",
        [
            S(10, (3, 4)),
            S(2, 5, (7,)),
            S(-5, 5, (2, 3)),
            S(2**40, (5,)),
            S(10, (3,), dtype=Dtype("float32")),
            S(10, (3,), dtype=Dtype("int32")),
            S(0, 2, (5,), dtype=Dtype("bool")),
        ],
        dtypes=F32,
        errors=[S(0, (3,)), S(5, 2, (3,)), S(10, (-1,)), S(10)],
        **_R,
    ),
    Op(
        "randperm",
        [S(10), S(0), S(1), S(100), S(10, dtype=Dtype("int32")), S(10, dtype=Dtype("float32"))],
        dtypes=F32,
        errors=[S(-1), S("a"), S(300, dtype=Dtype("uint8"))],
        **_R,
    ),
    *[
        Op(
            name,
            [S(T(3, 4)), S(T()), S(T(0)), S(T(40))],
            dtypes=FLOATS + COMPLEX,
            errors=[S(T(3, dtype="int64"))],
            tolerances={"float32": (1e-5, 1e-6)},
            **_R,
        )
        for name in ("rand_like", "randn_like")
    ],
    Op("randint_like", [S(T(3, 4), 10), S(T(5), 1, 4)], dtypes=NUMERIC, errors=[S(T(3), 0)], **_R),
    Op(
        "normal",
        [S(T(3, 4), T(3, 4, low=0.1)), S(0.0, T(4, low=0.1)), S(T(4), 2.0), S(0.0, 1.0, (3, 4))],
        dtypes=WIDE,
        errors=[S(0.0, -1.0, (3,)), S(T(3), T(4, low=0.1)), S(T(3), -1.0)],
        tolerances={"float32": (1e-5, 1e-6)},
        **_R,
    ),
    Op(
        "bernoulli",
        [S(T(3, 4, low=0, high=1)), S(T(low=0, high=1)), S(T(0)), S(T(3, 4), 0.3)],
        dtypes=FLOATS,
        errors=[S(V([2.0])), S(V([-0.5])), S(T(3), 1.5)],
        **{**_R, "strides": False},
    ),
    Op(
        "multinomial",
        [
            S(T(5, low=0.1, high=1), 3),
            S(T(2, 5, low=0.1, high=1), 3),
            S(T(5, low=0.1, high=1), 20, True),
            S(T(5, low=0.1, high=1), 1),
        ],
        dtypes=WIDE,
        layouts=("contiguous", "transposed", "sliced"),
        errors=[
            S(T(3, low=0.1), 4),
            S(T(2, 2, 2), 1),
            S(V([-1.0, 1.0]), 1),
            S(V([0.0, 0.0]), 1),
            S(T(3, low=0.1), 0),
            S(T(3, dtype="int64"), 1),
        ],
        **_R,
    ),
    *[
        Op(
            name,
            [S(T(3, 4), *args), S(T(), *args), S(T(0), *args), S(T(40), *args)],
            call=f"Tensor.{name}",
            dtypes=dtypes,
            layouts=("contiguous", "transposed", "sliced"),
            errors=errors,
            tolerances={"float32": (1e-5, 1e-6)},
            **_R,
        )
        for name, args, dtypes, errors in (
            ("normal_", (), FLOATS + COMPLEX, [S(T(3), 0.0, -1.0), S(T(3, dtype="int64"))]),
            ("normal_", (2.0, 3.0), FLOATS + COMPLEX, []),
            ("uniform_", (), FLOATS + COMPLEX, [S(T(3), 2.0, 1.0), S(T(3, dtype="int64"))]),
            ("uniform_", (-1, 3), FLOATS + COMPLEX, []),
            ("bernoulli_", (), REAL, [S(T(3), 1.5), S(T(3), -0.1)]),
            ("bernoulli_", (0.3,), REAL, []),
            ("random_", (), FLOATS + INTS, [S(T(3), 5, 2), S(T(3), 0)]),
            ("random_", (10,), FLOATS + INTS, []),
            ("random_", (2, 7), FLOATS + INTS, []),
            ("exponential_", (), FLOATS, [S(T(3), 0.0), S(T(3), -1.0), S(T(3, dtype="int64"))]),
            ("exponential_", (2.5,), FLOATS, []),
            ("geometric_", (0.4,), FLOATS + INTS, [S(T(3), 0.0), S(T(3), 1.5)]),
            ("cauchy_", (), FLOATS, [S(T(3), 0.0, -1.0)]),
            ("log_normal_", (), FLOATS, [S(T(3), 0.0, -1.0)]),
        )
    ],
    Op(
        "dropout",
        [
            S(T(3, 4), 0.5, True),
            S(T(3, 4), 0.0, True),
            S(T(3, 4), 1.0, True),
            S(T(3, 4), 0.5, False),
            S(T(0), 0.5, True),
            S(T(), 0.3, True),
        ],
        call="F.dropout",
        dtypes=FLOATS,
        random=True,
        strides=True,
        gradcheck=False,
        errors=[S(T(3), 1.5), S(T(3), -0.1)],
        out=False,
    ),
    *[
        Op(
            name,
            [S(T(2, 3, 4), 0.5, True), S(T(2, 3, 4), 0.5, False)],
            call=f"F.{name}",
            dtypes=FLOATS,
            random=True,
            gradcheck=False,
            errors=[S(T(3), 1.5)],
            out=False,
        )
        for name in ("alpha_dropout",)
    ],
]
# Several records of one op need names of their own.
_seen: dict = {}
for _op in OPS:
    _seen[_op.name] = _seen.get(_op.name, 0) + 1
    if _seen[_op.name] > 1 and not _op.variant:
        _op.variant = f"case{_seen[_op.name]}"
