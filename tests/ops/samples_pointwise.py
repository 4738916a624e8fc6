"""Records of the elementwise ops."""

from __future__ import annotations

from .records import (
    ALL,
    BINARY_ERRORS,
    BOOL,
    COMPLEX,
    FLOATS,
    INTS,
    NUMERIC,
    REAL,
    UNARY_ERRORS,
    WIDE,
    B,
    Dtype,
    Format,
    Op,
    S,
    T,
    V,
    binary,
    unary,
)

_GRAD = ("float32", "float64", "complex64", "complex128")
_HALF = {"float16": (4e-3, 2e-3), "bfloat16": (2e-2, 1e-2)}
_COMPLEX = {"complex64": (2e-5, 1e-5), "complex128": (1e-11, 1e-12)}
_LOOSE = {**_HALF, **_COMPLEX, "float32": (1e-5, 1e-6)}


def _unary(
    name: str, low: float = -2.5, high: float = 2.5, dtypes: tuple = ALL, special: str = "mild", **facts: object
) -> Op:
    facts.setdefault("errors", list(UNARY_ERRORS))
    facts.setdefault("tolerances", {**_COMPLEX, **_HALF})
    return Op(
        name,
        unary(low, high, special),
        dtypes=dtypes,
        strides=facts.pop("strides", True),
        grad=facts.pop("grad", tuple(d for d in _GRAD if d in dtypes)),
        **facts,
    )


def _binary(
    name: str,
    dtypes: tuple = ALL,
    special: str = "mild",
    scalars: tuple = (2, -1, 1.5),
    nonzero: bool = False,
    low: float = -2.5,
    high: float = 2.5,
    more: tuple = (),
    **facts: object,
) -> Op:
    facts.setdefault("errors", list(BINARY_ERRORS))
    facts.setdefault("tolerances", {**_COMPLEX, **_HALF})
    samples = binary(special, scalars, nonzero, low, high) + list(more)
    return Op(
        name,
        samples,
        dtypes=dtypes,
        strides=facts.pop("strides", True),
        grad=facts.pop("grad", tuple(d for d in _GRAD if d in dtypes)),
        **facts,
    )


# Ops of one tensor: name, domain, dtypes.
OPS = [
    _unary("neg", dtypes=FLOATS + INTS + COMPLEX, special="full"),
    _unary("abs", dtypes=FLOATS + INTS + COMPLEX, special="full"),
    _unary("sign", dtypes=REAL, special="full"),
    _unary("exp", special="full"),
    _unary("exp2", special="full"),
    _unary("expm1", dtypes=ALL),
    _unary("log", 0.1, 5.0, special="full"),
    _unary("log2", 0.1, 5.0, special="full"),
    _unary("log10", 0.1, 5.0, special="full"),
    _unary("log1p", -0.5, 5.0),
    _unary("sqrt", 0.1, 5.0, special="full"),
    _unary("rsqrt", 0.1, 5.0, special="full"),
    _unary("square", special="mild", dtypes=ALL),
    _unary("reciprocal", 0.3, 4.0, special="mild"),
    _unary("sin"),
    _unary("cos"),
    _unary("tan", -1.2, 1.2, special=""),
    _unary("asin", -0.9, 0.9),
    _unary("acos", -0.9, 0.9),
    _unary("atan"),
    _unary("sinh"),
    _unary("cosh"),
    _unary("tanh", dtypes=ALL),
    _unary("asinh"),
    _unary("acosh", 1.2, 5.0),
    _unary("atanh", -0.9, 0.9),
    _unary("sigmoid"),
    _unary("erf", dtypes=REAL),
    _unary("erfc", dtypes=REAL),
    _unary("erfinv", -0.95, 0.95, dtypes=REAL),
    _unary(
        "lgamma",
        0.2,
        6.0,
        dtypes=REAL,
        tolerances={**_HALF, "float32": (1e-5, 2e-6), "float64": (1e-11, 1e-12)},
        gradgradcheck=False,
    ),
    _unary(
        "digamma",
        0.2,
        6.0,
        dtypes=REAL,
        special="",
        gradgradcheck=False,
        tolerances={**_HALF, "float32": (1e-5, 2e-6), "float64": (1e-11, 1e-12)},
        grad_tolerances={"float64": (1e-10, 1e-11)},  # PyTorch's trigamma has ten digits; see test_exact.py
    ),
    _unary("floor", dtypes=NUMERIC, special="full"),
    _unary("ceil", dtypes=NUMERIC, special="full"),
    _unary("trunc", dtypes=NUMERIC, special="full"),
    _unary("frac", dtypes=FLOATS, special="mild"),
    Op(
        "round",
        unary(-9, 9, "full")
        + [S(T(3, 4, low=-99, high=99), decimals=d).for_(WIDE) for d in (1, 2, -1)]
        + [S(V([0.5, 1.5, 2.5, -0.5, -1.5, 3.5])).for_(FLOATS).rough()],
        dtypes=NUMERIC,
        strides=True,
        errors=UNARY_ERRORS[:3],
    ),
    _unary("isnan", grad=()),
    _unary("isinf", grad=()),
    _unary("isfinite", grad=()),
    _unary("logical_not", grad=(), special="mild"),
    _unary("bitwise_not", dtypes=INTS + BOOL, grad=(), errors=[*UNARY_ERRORS, S(T(3))]),
    _unary("relu", dtypes=NUMERIC, special="full"),
    _unary("real", dtypes=ALL, call="torch.real", out=False),
    _unary(
        "imag",
        dtypes=COMPLEX,
        call="torch.imag",
        special="",
        errors=[S(T(3))],
        out=False,
        grad=COMPLEX,
        gradcheck=False,
    ),
    _unary("conj", dtypes=ALL, strides=False, out=False, errors=[]),
    _unary("angle", dtypes=ALL, strides=False),
    _unary("conj_physical", dtypes=ALL, strides=False, errors=[]),
    _unary("resolve_conj", dtypes=ALL, errors=[]),
    _unary("positive", dtypes=FLOATS + INTS + COMPLEX, special=""),
    _unary("sgn", dtypes=ALL, gradgradcheck=False),
    _unary("signbit", dtypes=REAL, grad=(), special="full"),
    _unary("deg2rad", dtypes=REAL, special=""),
    _unary("rad2deg", dtypes=REAL, special=""),
    _unary("sinc", special="mild", dtypes=ALL, tolerances=_LOOSE, gradgradcheck=False),
    _unary("isreal", grad=()),
    _unary("isposinf", dtypes=REAL, grad=()),
    _unary("isneginf", dtypes=REAL, grad=()),
    Op(
        "logit",
        unary(0.1, 0.9, "") + [S(T(3, 4, low=-0.5, high=1.5), eps=0.1)],
        tolerances={"float16": (2e-2, 2e-3), "bfloat16": (6e-2, 2e-2)},
        dtypes=REAL,
        strides=True,
        errors=UNARY_ERRORS[1:3],
    ),
    Op(
        "nan_to_num",
        unary(special="full") + [S(T(special="full"), 1.0, 2.0, -2.0).without_grad().for_(FLOATS)],
        dtypes=ALL,
        strides=True,
        errors=UNARY_ERRORS[1:3],
    ),
]

# Activations of torch.nn.functional (or torch): real floating dtypes.
OPS += [
    Op(
        "leaky_relu",
        unary(special="mild") + [S(T(3, 4), 0.2), S(T(3, 4), negative_slope=-0.5)],
        call="F.leaky_relu",
        strides=True,
        tolerances=_HALF,
        errors=[S(T(3), "a"), S(T(3), None)],
    ),
    Op(
        "elu",
        unary(special="mild") + [S(T(3, 4), 0.5), S(T(3, 4), alpha=2.0)],
        call="F.elu",
        strides=True,
        tolerances=_LOOSE,
        errors=[S(T(3), "a"), S(T(3, dtype="int64"))],
    ),
    Op(
        "selu",
        unary(special="mild"),
        call="torch.selu",
        strides=True,
        tolerances=_LOOSE,
        errors=[S(T(3, dtype="int64"))],
    ),
    Op(
        "celu",
        unary(special="mild") + [S(T(3, 4), 0.5)],  # PyTorch rounds 1 / alpha to float32 in the gradient
        call="torch.celu",
        strides=True,
        tolerances=_LOOSE,
        errors=[S(T(3, dtype="int64")), S(T(3), 0.0)],
    ),
    Op(
        "gelu",
        unary(special="")
        + [
            S(T(3, 4), approximate="tanh"),
            S(V([float("nan"), 0.0, -0.0, 1.0, -1.0, 30.0, -30.0, 1e4])).without_grad(),
            S(V([float("nan"), 0.0, -0.0, 1.0, -1.0, 30.0, -30.0, 1e4]), approximate="tanh").without_grad(),
        ],
        call="F.gelu",
        strides=True,
        tolerances=_LOOSE,
        errors=[S(T(3), approximate="x"), S(T(3, dtype="int64"))],
    ),
    Op(
        "silu",
        unary(special="mild"),
        call="F.silu",
        strides=True,
        tolerances=_LOOSE,
        errors=[S("a"), S(T(3, dtype="int64"))],
    ),
    Op("mish", unary(special="mild"), call="F.mish", strides=True, tolerances=_LOOSE, errors=[S(T(3, dtype="int64"))]),
    Op(
        "softplus",
        unary(special="mild") + [S(T(3, 4), 2.0, 3.0), S(T(3, 4), beta=0.5)],
        call="F.softplus",
        strides=True,
        tolerances=_LOOSE,
        errors=[S(T(3, dtype="int64"))],
    ),
    Op(
        "hardtanh",
        unary(special="mild") + [S(T(3, 4), -0.5, 0.7)],
        call="F.hardtanh",
        strides=True,
        errors=[S(T(3), 2.0, 1.0)],
    ),
    Op("relu6", unary(-3, 9, "mild"), call="F.relu6", strides=True, errors=[]),
    Op(
        "hardsigmoid",
        unary(-5, 5, "mild"),
        call="F.hardsigmoid",
        grad_tolerances={"float64": (4e-9, 0.0)},  # PyTorch's slope is 1 / 6 in float32; see test_exact.py
        gradgradcheck=False,
        strides=True,
        errors=[S(T(3, dtype="int64"))],
    ),
    Op(
        "hardswish",
        unary(-5, 5, "mild"),
        call="F.hardswish",
        strides=True,
        errors=[S(T(3, dtype="int64"))],
        gradgradcheck=False,
    ),
    Op(
        "threshold",
        [
            S(T(3, 4), 0.5, 3.0),
            S(T(3, 4), 0.5, -3.0).for_(FLOATS),
            S(T(0), 0.0, 1.0),
            S(T(), 0.1, 20.0),
            S(T(2, 3, 4), 0, 0),
        ],
        call="F.threshold",
        dtypes=NUMERIC,
        strides=True,
        errors=[S(T(3), 0.5)],
    ),
    Op(
        "logsigmoid",
        unary(special="mild"),
        call="F.logsigmoid",
        strides=False,
        tolerances=_LOOSE,
        covers=("log_sigmoid",),
        errors=[S(T(3, dtype="int64"))],
    ),
    Op("softsign", unary(special="mild"), call="F.softsign", strides=True, dtypes=FLOATS),
    Op(
        "tanhshrink",
        unary(special="mild"),
        call="F.tanhshrink",
        strides=True,
        dtypes=FLOATS,
        tolerances={
            "float32": (1e-5, 1e-6),
            "float64": (1e-11, 1e-12),
            "float16": (2e-2, 3e-3),
            "bfloat16": (5e-2, 2e-2),
        },
    ),
    Op("hardshrink", unary(special="mild") + [S(T(3, 4), 1.0)], call="F.hardshrink", strides=True),
    Op(
        "softshrink",
        unary(special="mild") + [S(T(3, 4), 1.0)],
        call="F.softshrink",
        strides=True,
        errors=[S(T(3), -1.0)],
    ),
    Op(
        "prelu",
        [S(T(3, 4), T(1)), S(T(3, 4), T(4)), S(T(2, 4, 3), T(4)), S(T(0, 4), T(4)), S(T(5), T(1))],
        call="F.prelu",
        layouts=("contiguous", "transposed", "sliced"),
        errors=[S(T(3, 4), T(3)), S(T(3, 4), T(2, 2))],
        gradgradcheck=True,
    ),
    Op(
        "glu",
        [S(T(3, 4)), S(T(4, 3), 0), S(T(2, 6, 2), 1), S(T(0, 4))],
        call="F.glu",
        tolerances=_LOOSE,
        errors=[S(T(3, 3)), S(T())],
    ),
]

_EXTRA_ALPHA = (
    S(T(3, 4), T(3, 4), alpha=2),
    S(T(3, 4), T(4), alpha=-1).for_(d for d in ALL if d != "bool"),
    S(T(3, 4), 3, alpha=2),
)
OPS += [
    _binary(
        "add",
        special="full",
        more=_EXTRA_ALPHA,
        errors=[*BINARY_ERRORS, S(T(3, dtype="int64"), T(3, dtype="int64"), alpha=1.5)],
    ),
    _binary(
        "sub",
        dtypes=NUMERIC + COMPLEX,
        special="full",
        more=_EXTRA_ALPHA,
        errors=[*BINARY_ERRORS, S(B(3), B(3)), S(B(3), True)],
        covers=("subtract",),
    ),
    _binary(
        "rsub", dtypes=NUMERIC + COMPLEX, more=_EXTRA_ALPHA, errors=[S(B(3), B(3)), S(T(3), T(4))], call="torch.rsub"
    ),
    _binary("mul", special="full", covers=("multiply",)),
    Op(
        "div",
        binary("mild", (2, -1, 1.5), True) + [S(T(3, 4), 0.0).without_grad().for_(FLOATS)],
        dtypes=ALL,
        strides=True,
        grad=_GRAD,
        tolerances={**_COMPLEX, **_HALF},
        covers=("divide", "true_divide"),
        errors=[*BINARY_ERRORS, S(T(3), T(3), rounding_mode="up")],
    ),
    *[
        Op(
            "div",
            [s for s in binary("", (2, -3), True, rounding_mode=mode)]
            + [S(V([7.0, -7.0, 7.5, -7.5, 0.0]), V([2.0, 2.0, -2.0, -2.5, 3.0]), rounding_mode=mode).rough()]
            + [S(T(special="mild/column"), T(special="mild/row"), rounding_mode=mode).without_grad().for_(FLOATS)],
            variant=mode,
            dtypes=NUMERIC,
            strides=True,
            errors=[
                S(T(3, dtype="int64"), V([1, 0, 2], "int64"), rounding_mode=mode),
                S(T(3), T(4), rounding_mode=mode),
            ],
        )
        for mode in ("floor", "trunc")
    ],
    Op(
        "floor_divide",
        binary("", (2, -3), True) + [S(T(special="mild/column"), T(special="mild/row")).without_grad().for_(FLOATS)],
        dtypes=NUMERIC,
        strides=True,
        grad=(),
        errors=[*BINARY_ERRORS, S(T(3, dtype="int64"), V([1, 0, 2], "int64"))],
        gradcheck=False,
    ),
    Op(
        "remainder",
        binary("", (2, -3, 1.5), True)
        + [
            S(T(special="mild/column"), T(special="mild/row")).without_grad().for_(FLOATS),
            S(7, T(5, nonzero=True)).without_grad(),
        ],
        dtypes=NUMERIC,
        strides=True,
        errors=[*BINARY_ERRORS, S(T(3, dtype="int64"), V([1, 0, 2], "int64"))],
    ),
    Op(
        "fmod",
        binary("", (2, -3, 1.5), True)
        + [S(T(special="mild/column"), T(special="mild/row")).without_grad().for_(FLOATS)],
        dtypes=NUMERIC,
        strides=True,
        errors=[*BINARY_ERRORS, S(T(3, dtype="int64"), V([1, 0, 2], "int64"))],
    ),
    Op(
        "pow",
        [
            S(T(3, 4, low=0.2, high=3), T(3, 4, low=0, high=3)),
            S(T(3, 4, low=0.2, high=3), T(4, low=0, high=3)),
            S(T(3, 4), 2),
            S(T(3, 4), 3),
            S(T(3, 4), 1),
            S(T(3, 4), 0),
            S(T(0), 2),
            S(T(), 2),
            S(T(67), 2),
            S(T(3, 4, low=0.2, high=3), 0.5).for_(FLOATS + COMPLEX),
            S(T(3, 4, low=0.2, high=3), -1).for_(FLOATS + COMPLEX),
            S(T(3, 4, low=0.2, high=3), -0.5).for_(FLOATS + COMPLEX),
            S(T(3, 4, low=0.2, high=3), 2.5).for_(FLOATS + COMPLEX),
            S(T(3, 4, low=0.2, high=3), -2).for_(FLOATS + COMPLEX),
            S(2, T(3, 4, low=0, high=3)).any_order(),
            S(1, T(3, low=0, high=3)),
            S(2.5, T(3, 4, low=0, high=3)).for_(FLOATS).any_order(),
            S(T(special="mild/column"), T(special="mild/row")).without_grad().for_(FLOATS),
        ],
        dtypes=FLOATS + INTS + COMPLEX,
        strides=True,
        grad=_GRAD,
        tolerances={**_LOOSE, "float64": (1e-11, 1e-12)},
        errors=[S(T(3), T(4)), S(T(3), "a"), S(T(3, dtype="int64"), -1), S(T(3, dtype="int32"), -2)],
    ),
    Op(
        "float_power",
        [S(T(3, 4, low=0.2, high=3), 2.5), S(T(3, 4, low=0.2, high=3), T(3, 4)), S(2, T(3, 4)), S(T(0), 2), S(T(), 3)],
        dtypes=FLOATS + COMPLEX,
        strides=True,
        grad=("float64",),
        tolerances={"complex128": (1e-11, 1e-12), "float64": (1e-11, 1e-12)},
    ),
    _binary("maximum", dtypes=REAL, scalars=(), special="full"),
    _binary("minimum", dtypes=REAL, scalars=(), special="full"),
    _binary("fmax", dtypes=REAL, scalars=(), special="full"),
    _binary("fmin", dtypes=REAL, scalars=(), special="full"),
    _binary("atan2", dtypes=REAL, scalars=(), special="mild", nonzero=True, tolerances=_LOOSE, covers=("arctan2",)),
    _binary("hypot", dtypes=FLOATS, scalars=(), special="mild", nonzero=True),
    _binary(
        "logaddexp",
        dtypes=FLOATS + COMPLEX,
        grad=("float32", "float64", "complex64", "complex128"),
        scalars=(),
        special="mild",
        tolerances=_LOOSE,
    ),
    _binary("logaddexp2", dtypes=FLOATS, scalars=(), special="mild", tolerances=_LOOSE),
    _binary("copysign", dtypes=REAL, special="full", nonzero=True),
    _binary(
        "nextafter", dtypes=("bfloat16", "float32", "float64"), scalars=(), special="full", grad=(), gradcheck=False
    ),
    _binary("xlogy", dtypes=REAL, low=0.2, high=4, scalars=(2, 1.5), special="mild", tolerances=_LOOSE),
    _binary("heaviside", dtypes=REAL, scalars=(), grad=(), gradcheck=False),
    _binary("gcd", dtypes=INTS, scalars=(), special="mild", grad=()),
    _binary("lcm", dtypes=INTS, scalars=(), special="mild", grad=()),
    _binary("eq", grad=(), special="full"),
    _binary("ne", grad=(), special="full", covers=("not_equal",)),
    *[
        _binary(name, dtypes=REAL, grad=(), special="full", errors=[*BINARY_ERRORS, S(T(3, dtype="complex64"), 1)])
        for name in ("lt", "le", "gt", "ge")
    ],
    *[_binary(name, grad=(), scalars=(), special="mild") for name in ("logical_and", "logical_or", "logical_xor")],
    *[
        _binary(
            name,
            dtypes=INTS + BOOL,
            grad=(),
            scalars=(3, True),
            special="full",
            errors=[*BINARY_ERRORS, S(T(3), T(3)), S(T(3), 1)],
        )
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ],
    *[
        Op(
            name,
            [
                S(T(3, 4, low=0, high=5), T(3, 4, low=0, high=4)),
                S(T(3, 4), T(4, low=0, high=4)),
                S(T(3, 4), 2),
                S(T(0), 1),
                S(T(), T(3, low=0, high=3)),
                S(T(67), T(67, low=0, high=5)),
            ],
            dtypes=INTS,
            strides=True,
            grad=(),
            errors=[S(T(3), T(3)), S(T(3, dtype="int64"), T(4, dtype="int64"))],
            covers=(alias,),
        )
        for name, alias in (("bitwise_left_shift", "__lshift__"), ("bitwise_right_shift", "__rshift__"))
    ],
    *[
        Op(
            name,
            [S(T(3, 4), T(3, 4)), S(T(5), 2), S(T(0), 1)],
            call=f"Tensor.{name}",
            dtypes=INTS,
            strides=True,
            grad=(),
            errors=[S(T(3, dtype="int64"), T(4, dtype="int64"))],
        )
        for name in ("__and__", "__or__", "__xor__")
    ],
    Op(
        "isclose",
        [
            S(T(3, 4), T(3, 4)),
            S(V([1.0, 2.0, 3.0]), V([1.0, 2.00001, 3.1])),
            S(T(special="mild/column"), T(special="mild/row")),
            S(T(special="mild/column"), T(special="mild/row"), equal_nan=True),
            S(T(3, 4), T(4), rtol=0.5, atol=0.1),
        ],
        dtypes=FLOATS + INTS + BOOL,
        grad=(),
        strides=False,
        errors=[S(T(3), T(3, dtype="float64"))],
    ),
    Op(
        "allclose",
        [S(T(3, 4), T(3, 4)), S(V([1.0, 2.0]), V([1.0, 2.0])), S(T(0), T(0))],
        dtypes=FLOATS + INTS,
        grad=(),
        meta=False,
        errors=[S(T(3), T(3, dtype="float64"))],
    ),
    Op(
        "equal",
        [S(T(3, 4), T(3, 4)), S(V([1.0, 2.0]), V([1.0, 2.0])), S(T(0), T(0)), S(T(3), T(2)), S(T(3, 4), T(4))],
        dtypes=ALL,
        grad=(),
        meta=False,
        errors=[S(T(3), "a")],
    ),
]

# Ops of three tensors and clamps.
OPS += [
    Op(
        "clamp",
        [
            S(T(3, 4), -1, 1),
            S(T(3, 4), min=0),
            S(T(3, 4), max=1),
            S(T(0), 0, 1),
            S(T(), -1, 1),
            S(T(67), 1, 2),
            S(T(3, 4), T(3, 4), T(3, 4)),
            S(T(3, 4), T(4), None),
            S(T(3, 4), min=T(3, 1)),
            S(T(3, 4), max=T()),
            S(T(3, 4), 2, 1),
            S(T(special="mild"), -1, 1).without_grad(),
            S(T(3, 4), -0.5, 1.5).for_(FLOATS),
            S(T(2, 3, 4, 5), T(3, 1, 5), T(4, 5)),
        ],
        dtypes=NUMERIC,
        strides=True,
        covers=("clip",),
        errors=[S(T(3)), S(T(3), T(4)), S(T(3), "a"), S(T(3, dtype="complex64"), 0, 1)],
    ),
    Op(
        "clamp_min",
        [S(T(3, 4), 0), S(T(3, 4), T(3, 4)), S(T(0), 0), S(T(), 0), S(T(3, 4), T(4))],
        dtypes=NUMERIC,
        strides=True,
        errors=[S(T(3)), S(T(3), T(4))],
    ),
    Op(
        "clamp_max",
        [S(T(3, 4), 0), S(T(3, 4), T(3, 4)), S(T(0), 0), S(T(), 0), S(T(3, 4), T(4))],
        dtypes=NUMERIC,
        strides=True,
        errors=[S(T(3)), S(T(3), T(4))],
    ),
    Op(
        "where",
        [
            S(B(3, 4), T(3, 4), T(3, 4)),
            S(B(4), T(3, 4), T()),
            S(B(3, 1), T(1, 4), T(3, 4)),
            S(B(), T(3), T(3)),
            S(B(0), T(0), T(0)),
            S(B(67), T(67), T(67)),
            S(B(3, 4), T(3, 4), 2),
            S(B(3, 4), 1, T(3, 4)),
            S(B(3, 4), 1.0, 2.0),
            S(B(3, 4), 1, 0),
            S(B(3, 4), T(3, 4), T(3, 4, dtype="float64")),
            S(B(3, 4), T(3, 4), T(dtype="float64")),
            S(B(2, 3, 4, 5), T(3, 1, 5), T(4, 5)),
        ],
        dtypes=ALL,
        strides=True,
        grad=_GRAD,
        errors=[S(T(3), T(3), T(3)), S(B(3), T(4), T(3)), S(B(3), "a", T(3)), S(T(3, dtype="int64"), T(3), T(3))],
    ),
    Op(
        "where",
        [S(B(3, 4)), S(T(5, low=-1, high=1)), S(B(0)), S(B())],
        variant="indices",
        dtypes=ALL,
        grad=(),
        meta=False,
        out=False,
        layouts=("contiguous", "transposed", "sliced"),
    ),
    Op(
        "lerp",
        [
            S(T(3, 4), T(3, 4), 0.3),
            S(T(3, 4), T(4), 0.7),
            S(T(3, 4), T(3, 4), T(3, 4, low=0, high=1)),
            S(T(0), T(0), 0.5),
            S(T(), T(), 1.5),
            S(T(3, 1), T(4), T(3, 4)),
            S(T(67), T(67), 0.25),
        ],
        dtypes=FLOATS + COMPLEX,
        strides=True,
        grad=_GRAD,
        tolerances={**_HALF, **_COMPLEX},
        errors=[
            S(T(3), T(4), 0.5),
            S(T(3), T(3)),
            S(T(3), T(3, dtype="float64"), 0.5),
            S(T(3, dtype="int64"), T(3, dtype="int64"), 0.5),
        ],
    ),
    Op(
        "addcmul",
        [
            S(T(3, 4), T(3, 4), T(3, 4)),
            S(T(3, 4), T(4), T(3, 1)),
            S(T(3, 4), T(3, 4), T(3, 4), value=2),
            S(T(0), T(0), T(0)),
            S(T(), T(), T()),
            S(T(67), T(67), T(67)),
        ],
        dtypes=FLOATS + INTS + COMPLEX,
        strides=True,
        grad=_GRAD,
        tolerances={**_HALF, **_COMPLEX},
        errors=[S(T(3), T(4), T(3)), S(T(3), T(3))],
    ),
    Op(
        "addcdiv",
        [
            S(T(3, 4), T(3, 4), T(3, 4, nonzero=True)),
            S(T(3, 4), T(4), T(3, 1, nonzero=True)),
            S(T(3, 4), T(3, 4), T(3, 4, nonzero=True), value=2),
            S(T(0), T(0), T(0)),
            S(T(), T(), T(nonzero=True)),
        ],
        dtypes=FLOATS + COMPLEX,
        strides=True,
        grad=_GRAD,
        tolerances={**_LOOSE, **_HALF},
        errors=[S(T(3), T(4), T(3)), S(T(3, dtype="int64"), T(3, dtype="int64"), T(3, dtype="int64"))],
    ),
    Op(
        "masked_fill",
        [
            S(T(3, 4), B(3, 4), 2),
            S(T(3, 4), B(4), 0),
            S(T(3, 1), B(1, 4), 1),
            S(T(3, 4), B(), 1),
            S(T(0), B(0), 1),
            S(T(), B(), 1),
            S(T(3, 4), B(3, 4), T()),
            S(T(67), B(67), 1),
        ],
        call="Tensor.masked_fill",
        dtypes=ALL,
        strides=False,
        grad=_GRAD,
        errors=[S(T(3), B(4), 1.0), S(T(3), T(3), 1.0), S(T(3), B(3), T(2))],
    ),
    Op(
        "clone",
        [S(T(3, 4)), S(T()), S(T(0)), S(T(2, 3, 4, 5)), S(T(2, 3, 4, 5), memory_format=Format("contiguous_format"))],
        dtypes=ALL,
        strides=True,
        grad=_GRAD,
        errors=[S("a")],
    ),
    Op(
        "contiguous",
        [S(T(3, 4)), S(T()), S(T(0)), S(T(2, 3, 4, 5))],
        call="Tensor.contiguous",
        dtypes=ALL,
        strides=True,
        grad=_GRAD,
    ),
    Op(
        "mvlgamma",
        [S(T(3, 4, low=2, high=5), 2)],
        dtypes=WIDE,
        tolerances={"float32": (1e-5, 1e-5), "float64": (1e-11, 1e-12)},
        gradgradcheck=False,
    ),
    Op(
        "polar",
        [S(T(3, 4, low=0.1), T(3, 4)), S(T(0), T(0)), S(T(low=0.1), T(3)).without_grad()],
        dtypes=WIDE,
        gradcheck=True,
        tolerances=_LOOSE,
        errors=[S(T(3), T(4))],
    ),
    Op(
        "complex",
        [S(T(3, 4), T(3, 4)), S(T(0), T(0)), S(T(), T(3))],
        dtypes=WIDE,
        errors=[S(T(3), T(3, dtype="float64")), S(T(3, dtype="int64"), T(3, dtype="int64"))],
    ),
]

# Dtype changes: the target is the argument, the source the dtype under test.
OPS += [
    Op(
        "to",
        [S(T(3, 4, low=0, high=9), Dtype(d)) for d in ALL]
        + [
            S(T(), Dtype("float64")),
            S(T(0), Dtype("int32")),
            S(T(67), Dtype("float32")),
            S(T(3, low=0, high=9), dtype=Dtype("float16"), copy=True),
            S(T(3, 4), "cpu"),
            S(T(3, 4), "cpu", Dtype("float64")),
            S(T(3, 4), T(2, dtype="float64")),
        ],
        call="Tensor.to",
        dtypes=ALL,
        strides=True,
        grad=("float32", "float64"),
        gradcheck=False,
        gradgradcheck=False,
        covers=(
            "_to_copy",
            "type",
            "type_as",
            "float",
            "double",
            "half",
            "bfloat16",
            "int",
            "long",
            "short",
            "char",
            "byte",
            "bool",
        ),
        errors=[S(T(3), "nodevice"), S(T(3), "cuda:x")],
    ),
    *[
        Op(
            name,
            [S(T(3, 4, low=0, high=9)), S(T()), S(T(0))],
            call=f"Tensor.{name}",
            dtypes=ALL,
            strides=True,
            grad=(),
            gradcheck=False,
        )
        for name in ("float", "double", "half", "bfloat16", "int", "long", "short", "char", "byte", "bool")
    ],
    Op(
        "type_as",
        [S(T(3, 4, low=0, high=9), T(2, dtype=d)) for d in ("float32", "int64", "bool", "complex64")],
        call="Tensor.type_as",
        dtypes=ALL,
        strides=True,
        grad=(),
        gradcheck=False,
        errors=[S(T(3), 1)],
    ),
    Op(
        "copy_",
        [
            S(
                T(3, 4),
                T(3, 4, low=0, high=9, dtype=d),
            )
            for d in ("float32", "int64", "bool")
        ]
        + [S(T(3, 4), T(4)), S(T(), T()), S(T(0), T(0))],
        call="Tensor.copy_",
        dtypes=ALL,
        grad=(),
        gradcheck=False,
        layouts=("contiguous", "transposed", "sliced"),
        covers=("copy",),
        errors=[S(T(3), T(4)), S(T(3), "a")],
    ),
    *[
        Op(
            name,
            [S(T(3, 4), v) for v in (2, 0)] + [S(T(0), 1), S(T(), 1)],
            call=f"Tensor.{name}",
            dtypes=ALL,
            grad=(),
            gradcheck=False,
            layouts=("contiguous", "transposed", "sliced"),
            errors=[S(T(3), "a"), S(T(3), T(2))],
        )
        for name in ("fill_",)
    ],
    Op(
        "zero_",
        [S(T(3, 4)), S(T(0)), S(T())],
        call="Tensor.zero_",
        dtypes=ALL,
        grad=(),
        gradcheck=False,
        layouts=("contiguous", "transposed", "sliced"),
    ),
]
