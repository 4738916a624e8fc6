"""Records of the losses of margins, distributions and sequences, of attention, recurrent networks and draws."""

from __future__ import annotations

from .records import FLOATS, WIDE, I, Op, S, T, V

_RED = ("none", "mean", "sum")
_PLAIN = ("contiguous", "transposed", "sliced")
_TOLERANCES = {
    "float16": (2e-3, 2e-3),
    "bfloat16": (2e-2, 2e-2),
    "float32": (1e-5, 2e-6),
    "float64": (1e-10, 1e-12),
}


def L(values: object) -> T:
    """An int64 tensor."""
    return V(values, "int64", grad=False)


def _loss(name: str, make: object, errors: list, **facts: object) -> Op:
    samples = [sample for reduction in _RED for sample in make(reduction)]  # type: ignore[operator]
    facts.setdefault("tolerances", _TOLERANCES)
    facts.setdefault("dtypes", WIDE)
    facts.setdefault("layouts", _PLAIN)
    return Op(name, samples, call=f"F.{name}", out=False, errors=errors, **facts)  # type: ignore[arg-type]


OPS = [
    _loss(
        "multi_margin_loss",
        lambda r: [
            S(T(3, 4), I(3, high=4), reduction=r),
            S(T(3, 4), I(3, high=4), p=2, margin=0.7, reduction=r),
            S(T(3, 4), I(3, high=4), weight=T(4, low=0.1, grad=False), reduction=r),
            S(T(4), L(2), reduction=r),
            S(T(4), L([2]), reduction=r),
        ],
        [
            S(T(3, 4), L([0, 1])),
            S(T(3, 4), L([0, 1, 4])),
            S(T(3, 4), L([0, 1, -1])),
            S(T(3, 4), L([0, 1, 1]), p=3),
            S(T(3, 4), V([0, 1, 1], "int32", grad=False)),
            S(T(3, 4), L([0, 1, 1]), weight=T(3)),
            S(T(3, 4), L([0, 1, 1]), weight=T(4, 1)),
            S(T(3, 4), L([0, 1, 1]), weight=T(4, dtype="float64")),
            S(T(3, 0), L([0, 0, 0])),
            S(T(2, 3, 4), L([0, 0])),
        ],
        gradgradcheck=False,
    ),
    _loss(
        "multilabel_margin_loss",
        lambda r: [
            S(T(3, 4), L([[0, 1, -1, 2], [3, -1, 0, 0], [-1, 0, 0, 0]]), reduction=r),
            S(T(4), L([2, 0, 1, -1]), reduction=r),
        ],
        [
            S(T(3, 4), L([0, 1, -1, 2])),
            S(T(1, 4), L([[0, 4, -1, 2]])),
            S(T(1, 4), L([[0, -2, -1, 2]])),
            S(T(1, 4), L([[0, 1, -1]])),
            S(T(2, 0), T(2, 0, dtype="int64", grad=False)),
        ],
        gradgradcheck=False,
    ),
    _loss(
        "multilabel_soft_margin_loss",
        lambda r: [
            S(T(3, 4), T(3, 4, low=0, high=1), reduction=r),
            S(T(3, 4), T(3, 4, low=0, high=1), T(4, low=0.1), reduction=r),
            S(T(4), T(4, low=0, high=1), reduction=r),
        ],
        [S(T(3, 4), T(3, 4), reduction="bad"), S(T(), T())],
        dtypes=FLOATS,
    ),
    _loss(
        "triplet_margin_with_distance_loss",
        lambda r: [S(T(3, 4), T(3, 4), T(3, 4), reduction=r), S(T(3, 4), T(3, 4), T(3, 4), swap=True, reduction=r)],
        [S(T(3, 4), T(3, 4), T(3, 4), margin=-1.0), S(T(3, 4), T(4), T(3, 4)), S(T(3), T(3), T(3), reduction="bad")],
        gradgradcheck=False,
    ),
    # The gradient is that of scores under a log_softmax, not the derivative for log_probs.
    _loss(
        "ctc_loss",
        lambda r: [
            S(T(6, 2, 4, low=-3, high=-0.1), L([[1, 2], [2, 3]]), [6, 5], [2, 1], reduction=r),
            S(
                T(6, 2, 4, low=-3, high=-0.1),
                V([1, 1, 3], "int64", grad=False, layout=False),
                [6, 5],
                [2, 1],
                reduction=r,
            ),
            S(T(6, 2, 4, low=-3, high=-0.1), L([[1, 2], [2, 0]]), L([6, 5]), L([2, 2]), 3, reduction=r),
            S(T(6, 2, 4, low=-3, high=-0.1), L([[1, 2], [2, 3]]), [1, 5], [2, 1], reduction=r, zero_infinity=True),
            S(T(6, 4, low=-3, high=-0.1), L([1, 2]), L(6), L(2), reduction=r),
        ],
        [
            S(T(6, 2, 4), L([[1, 2], [2, 3]]), [7, 5], [2, 1]),
            S(T(6, 2, 4), L([[1, 2], [2, 3]]), [6, 5], [3, 1]),
            S(T(6, 2, 4), L([1, 2, 3]), [6, 5], [2, 2]),
            S(T(6, 2, 4), L([[1, 2], [2, 3]]), [6, 5, 5], [2, 1]),
            S(T(6, 2, 4), L([[1, 2], [2, 3]]), [6, -1], [2, 1]),
            S(T(6, 2, 4), L([[1, 2], [2, 3]]), [6, 5], [2, 1], 4),
            S(T(6, 2, 4), L([[1, 2], [2, 3]]), T(2), L([2, 1])),
            S(T(0, 2, 4), L([[1, 2], [2, 3]]), [0, 0], [2, 1]),
        ],
        covers=("_ctc_loss", "_ctc_loss_backward"),
        gradcheck=False,
        gradgradcheck=False,
        meta=False,
    ),
    Op(
        "scaled_dot_product_attention",
        [
            S(T(2, 3, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 8)),
            S(T(2, 3, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 6)),
            S(T(2, 3, 4, 8), T(2, 3, 4, 8), T(2, 3, 4, 8), is_causal=True),
            S(T(2, 3, 6, 8), T(2, 3, 4, 8), T(2, 3, 4, 8), is_causal=True, scale=0.3),
            S(T(2, 4, 3, 8), T(2, 2, 5, 8), T(2, 2, 5, 8), enable_gqa=True),
            S(T(3, 4, 8), T(3, 5, 8), T(3, 5, 8)),
            S(T(4, 8), T(5, 8), T(5, 8)),
            S(T(2, 2, 3, 4, 8), T(2, 2, 3, 5, 8), T(2, 2, 3, 5, 8)),
            S(T(2, 3, 4, 8), T(1, 3, 5, 8), T(5, 8)),
            S(
                T(1, 2, 3, 8),
                T(1, 2, 4, 8),
                T(1, 2, 4, 8),
                V([[True, True, False, True]] * 2 + [[False] * 4], "bool", grad=False),
            ),
            S(T(1, 2, 3, 8), T(1, 2, 4, 8), T(1, 2, 4, 8), T(3, 4, grad=False)),
            S(T(2, 2, 3, 8), T(2, 2, 4, 8), T(2, 2, 4, 8), T(2, 1, 1, 4, grad=False), is_causal=True),
            S(T(1, 2, 3, 8), T(1, 2, 4, 8), T(1, 2, 4, 8), T(3, 4)),
            S(T(1, 1, 2, 3), T(1, 1, 0, 3), T(1, 1, 0, 3)).once(),
        ],
        call="F.scaled_dot_product_attention",
        dtypes=FLOATS,
        layouts=("contiguous", "transposed", "sliced"),
        out=False,
        tolerances=_TOLERANCES,
        errors=[
            S(T(8), T(8), T(8)),
            S(T(2, 3, 4, 8), T(2, 3, 5, 7), T(2, 3, 5, 8)),
            S(T(2, 3, 4, 8), T(2, 3, 5, 8, dtype="float64"), T(2, 3, 5, 8)),
            S(T(2, 6, 4, 8), T(2, 4, 5, 8), T(2, 4, 5, 8), enable_gqa=True),
            S(T(2, 6, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 8)),
            S(T(2, 3, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 8), T(4, 6)),
            S(T(2, 3, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 8), T(4, 5, dtype="float64")),
            S(T(2, 3, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 8), T(5)),
            S(T(2, 3, 4, 8), T(2, 3, 5, 8), T(2, 3, 5, 8), dropout_p=1.5),
        ],
        covers=(
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention_for_cpu_backward",
            "_scaled_dot_product_attention_math",
        ),
    ),
]


def _small(*shape: int) -> T:
    """Small, so that gates of complex numbers keep away from the poles of their functions."""
    return T(*shape, low=-1.0, high=1.0)


def _weights(gates: int, input: int, hidden: int, state: int = 0) -> list:
    shapes = [(gates * hidden, input), (gates * hidden, state or hidden), (gates * hidden,), (gates * hidden,)]
    return [T(*shape, low=-0.25, high=0.25) for shape in [*shapes, *([(state, hidden)] if state else [])]]


def _recurrent(name: str, gates: int) -> list:
    def states(*shape: int) -> object:
        return [_small(*shape), _small(*shape)] if gates == 4 else _small(*shape)

    cell = f"{name}_cell"
    samples = [
        S(_small(3, 2, 5), states(1, 2, 4), _weights(gates, 5, 4), True, 1, 0.0, False, False, False),
        S(_small(2, 3, 5), states(1, 2, 4), _weights(gates, 5, 4)[:2], False, 1, 0.0, False, False, True),
        S(
            _small(3, 2, 5),
            states(4, 2, 3),
            [w for width in (5, 5, 6, 6) for w in _weights(gates, width, 3)],
            True,
            2,
            0.0,
            True,
            True,
            False,
        ),
        S(_small(6, 5), L([3, 2, 1]), states(1, 3, 4), _weights(gates, 5, 4), True, 1, 0.0, False, False),
        S(_small(6, 5), L([3, 2, 1]), states(2, 3, 4), _weights(gates, 5, 4) * 2, True, 1, 0.0, False, True),
        # Enough rows to be computed as one layer.
        S(_small(4, 4, 2), states(2, 4, 2), _weights(gates, 2, 2) * 2, True, 1, 0.0, False, True, False),
        S(_small(16, 2), L([4, 4, 3, 3, 2]), states(2, 4, 2), _weights(gates, 2, 2) * 2, True, 1, 0.0, False, True),
    ]
    if gates == 4:
        samples.append(
            S(
                _small(3, 2, 5),
                [_small(1, 2, 3), _small(1, 2, 4)],
                _weights(4, 5, 4, 3),
                True,
                1,
                0.0,
                False,
                False,
                False,
            )
        )
    facts: dict = {"dtypes": WIDE, "layouts": ("contiguous", "transposed"), "out": False, "tolerances": _TOLERANCES}
    return [
        Op(
            name,
            samples,
            errors=[
                S(_small(0, 2, 5), states(1, 2, 4), _weights(gates, 5, 4), True, 1, 0.0, False, False, False),
                S(_small(3, 2, 5), states(1, 2, 4), _weights(gates, 5, 4)[:3], True, 1, 0.0, False, False, False),
            ],
            meta=False,
            **facts,
        ),
        Op(
            cell,
            [
                S(_small(2, 5), states(2, 4), *_weights(gates, 5, 4)),
                S(_small(2, 5), states(2, 4), *_weights(gates, 5, 4)[:2]),
            ],
            errors=[
                S(_small(2, 6), states(2, 4), *_weights(gates, 5, 4)),
                S(_small(2, 5), states(3, 4), *_weights(gates, 5, 4)),
                S(_small(2, 5), states(2, 3), *_weights(gates, 5, 4)),
            ],
            **facts,
        ),
    ]


OPS += [
    op for name, gates in (("rnn_tanh", 1), ("rnn_relu", 1), ("gru", 3), ("lstm", 4)) for op in _recurrent(name, gates)
]

OPS += [
    Op(
        "poisson",
        [S(V([[0.0, 0.5, 3.0], [9.9, 30.0, 200.0]])), S(T(0))],
        dtypes=FLOATS,
        layouts=_PLAIN,
        random=True,
        gradcheck=False,
        gradgradcheck=False,
        out=False,
        errors=[S(V([-1.0])), S(V([float("nan")])), S(L([1]))],
    ),
    Op(
        "binomial",
        [
            S(V([[0.0, 5.0, 10.0], [50.0, 100.0, 1000.0]]), V([[0.5, 0.9, 0.3], [0.8, 0.2, 0.5]])),
            S(V([3.0, 40.0]), V(0.4)),
            S(V([5.0, 5.0, 5.0, -1.0]), V([0.0, 1.0, float("nan"), 0.5])),
        ],
        dtypes=WIDE,
        layouts=_PLAIN,
        random=True,
        gradcheck=False,
        gradgradcheck=False,
        out=False,
        errors=[S(L([3]), V([0.5])), S(V([3.0]), V([0.5], "float64"))],
    ),
    Op(
        "_standard_gamma",
        [S(V([[0.3, 1.0, 2.5], [30.0, 1e-3, 1e4]])), S(T(0)), S(V([0.0]))],
        dtypes=WIDE,
        layouts=_PLAIN,
        random=True,
        grad=(),
        gradcheck=False,
        gradgradcheck=False,
        out=False,
        errors=[S(L([1]))],
    ),
    Op(
        "_sample_dirichlet",
        [S(V([[0.3, 1.0, 2.5], [30.0, 1.5, 100.0]])), S(V([0.5, 2.0]))],
        dtypes=WIDE,
        layouts=_PLAIN,
        random=True,
        grad=(),
        gradcheck=False,
        gradgradcheck=False,
        out=False,
        errors=[S(L([1]))],
    ),
]
