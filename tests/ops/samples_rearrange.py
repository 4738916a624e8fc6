"""Records of shapes, copies of views and writes into them."""

from __future__ import annotations

from .records import ALL, INTS, VIEW_LAYOUTS, Dtype, I, Op, S, T, V

_GRAD = ("float32", "float64", "complex64")


def _shape(name: str, samples: list, **facts: object) -> Op:
    facts.setdefault("dtypes", ALL)
    facts.setdefault("grad", _GRAD)
    facts.setdefault("layouts", VIEW_LAYOUTS)
    return Op(name, samples, **facts)  # type: ignore[arg-type]


OPS = [
    _shape(
        "adjoint",
        [S(T(3, 4)), S(T(2, 3, 4)), S(T(0, 3))],
        errors=[S(T(3))],
        out=False,
        variant="more",
    ),
    _shape(
        "argwhere",
        [S(T(3, 4, nonzero=False)), S(V([0, 1, 0, 2])), S(T()), S(T(0, 3))],
        grad=(),
        gradcheck=False,
        meta=False,
        variant="more",
    ),
    _shape(
        "column_stack",
        [S([T(3), T(3, 2)]), S([T(), T()]), S([T(2, 3), T(2, 1)]), S((T(3),))],
        errors=[S([T(3), T(2)]), S([])],
        variant="more",
    ),
    _shape(
        "combinations",
        [S(T(4)), S(T(4), 3), S(T(4), 2, True), S(T(4), 1), S(T(4), 0), S(T(2), 3), S(T(0), 2), S(T(2), 3, True)],
        errors=[S(T(2, 2)), S(T(3), -1)],
    ),
    _shape("diagflat", [S(T(3)), S(T(2, 2)), S(T(2), 1), S(T(2), -2), S(T())], errors=[S("a")], variant="more"),
    _shape(
        "fill_diagonal_",
        [
            S(T(3, 3), 2),
            S(T(2, 4), 1),
            S(T(7, 3), 1, True).plain(),
            S(T(7, 3), 1),
            S(T(9, 2), 2, wrap=True).plain(),
            S(T(2, 2, 2), 1),
            S(T(0, 0), 1),
        ],
        call="Tensor.fill_diagonal_",
        layouts=("contiguous", "transposed", "sliced"),
        errors=[S(T(3), 1), S(T(2, 3, 2), 1)],
        grad=(),
        gradcheck=False,
        out=False,
    ),
    *(
        _shape(
            name,
            [
                S(T(4, 4, 4), 2),
                S(T(4, 4, 4), 4),
                S(T(4, 6, 2), 1),
                S(T(4, 4, 4), [1, 3]),
                S(T(4, 4, 4), (2,)),
                S(T(4, 4, 4), []),
            ],
            errors=[S(T(), 1), S(T(3, 3, 3), 2), S(T(3, 3, 3), 0)],
            strides=True,
            out=False,
        )
        for name in ("hsplit", "vsplit", "dsplit")
    ),
    _shape("unsafe_chunk", [S(T(5, 2), 2), S(T(5, 2), 2, 1), S(T(5), 7)], out=False, variant="more"),
    _shape(
        "unsafe_split", [S(T(5, 2), 2), S(T(5, 2), 2, 1)], errors=[S(T(5), -1), S(T(), 1)], out=False, variant="more"
    ),
    _shape("unsafe_split_with_sizes", [S(T(5, 2), [2, 3]), S(T(5, 2), [1, 1], 1)], errors=[S(T(5), [1, 1])], out=False),
    _shape(
        "tensor_split",
        [
            S(T(5, 2), V([1, 3], "int64", grad=False, layout=False)),
            S(T(5, 2), V(2, "int64", grad=False, layout=False)),
            S(T(2, 6), V(4, "int64", grad=False, layout=False), 1),
        ],
        errors=[S(T(5), V([1.0])), S(T(5), V([[1, 2]], "int64"))],
        variant="tensor",
        meta=False,
        out=False,
    ),
    _shape(
        "rot90",
        [S(T(3, 4), k) for k in (0, 1, 2, 3, 5, -1)]
        + [S(T(2, 3, 4), 1, [1, 2]), S(T(2, 3, 4), 3, (-1, 0)), S(T(0, 2))],
        errors=[S(T(3)), S(T(3, 2), 1, [0]), S(T(3, 2), 1, [0, 0]), S(T(3, 2), 1, [0, 5])],
        strides=True,
        variant="more",
    ),
    _shape(
        "fill",
        [S(T(3, 4), 2), S(T(3), T(grad=True, layout=False)), S(T(0), 1)],
        errors=[S(T(3), T(3)), S(T(3), "a")],
        inplace=False,
    ),
    _shape(
        "empty_permuted",
        [S((2, 3, 4), (0, 2, 1)), S((2, 3), (1, 0)), S((), ())],
        errors=[S((2, 3), (0,)), S((2, 3), (0, 0)), S((2, 3), (0, 5))],
        dtypes=("float32",),
        grad=(),
        gradcheck=False,
        values=False,
        strides=True,
        out=False,
    ),
    _shape(
        "nonzero_static",
        [S(V([1, 0, 2, 0, 3]), size=n) for n in (0, 1, 3, 5)] + [S(T(3, 4), size=15, fill_value=7), S(T(), size=2)],
        errors=[S(T(3), size=-1)],
        grad=(),
        gradcheck=False,
        out=False,
    ),
    _shape(
        "select_scatter",
        [S(T(3, 4), T(4), 0, 1), S(T(3, 4), T(3), 1, -1), S(T(2, 3, 4), T(2, 4), 1, 0)],
        errors=[S(T(3, 4), T(3), 0, 1), S(T(3, 4), T(4), 0, 5)],
        variant="more",
    ),
    _shape(
        "slice_scatter",
        [S(T(4), T(2), 0, 1, 3), S(T(3, 4), T(3, 2), 1, 0, 4, 2), S(T(3, 4), T(3, 4)), S(T(3, 4), T(2, 4), 0, -2)],
        errors=[S(T(4), T(3), 0, 1, 3), S(T(4), T(2), 0, 1, 3, 0)],
        variant="more",
    ),
    _shape(
        "diagonal_scatter",
        [S(T(3, 3), T(3)), S(T(3, 4), T(3), 1), S(T(2, 3, 4), T(3, 2), 0, 0, 2)],
        errors=[S(T(3, 3), T(2))],
        variant="more",
    ),
    _shape(
        "as_strided_scatter",
        [S(T(4), T(2), (2,), (2,), 1).plain(), S(T(3, 4), T(2, 2), (2, 2), (4, 1)).plain()],
        grad=(),  # PyTorch 2.13 takes the gradient of self from the wrong places; gradcheck tells
        errors=[S(T(4), T(3), (2,), (2,), 1)],
    ),
    _shape("narrow_copy", [S(T(4, 3), 0, 1, 2), S(T(4, 3), 1, -2, 1)], errors=[S(T(4), 0, 3, 4), S(T(), 0, 0, 0)]),
    _shape("alias_copy", [S(T(3, 4)), S(T())]),
    _shape("detach_copy", [S(T(3, 4)), S(T())], grad=(), gradcheck=False),
    _shape("as_strided_copy", [S(T(3, 4), (2, 2), (1, 2)).plain(), S(T(6), (2,), (2,), 1).plain()]),
    _shape("diagonal_copy", [S(T(3, 4)), S(T(3, 4), 1), S(T(2, 3, 4), 0, 2, 0)]),
    _shape("expand_copy", [S(T(3, 1), (3, 4)), S(T(3), (2, -1))]),
    _shape("permute_copy", [S(T(2, 3, 4), (2, 0, 1)), S(T(), ())]),
    _shape("select_copy", [S(T(3, 4), 0, 1), S(T(3, 4), -1, -1)]),
    _shape("slice_copy", [S(T(5, 2), 0, 1, 4, 2), S(T(5, 2))]),
    _shape("split_copy", [S(T(5, 2), 2), S(T(5, 2), 1, 1)], out=False),
    _shape("split_with_sizes_copy", [S(T(5, 2), [2, 3])], out=False),
    _shape("squeeze_copy", [S(T(1, 3, 1)), S(T(1, 3, 1), 0), S(T(1, 3, 1), (0, 2))]),
    _shape("t_copy", [S(T(3, 4)), S(T(3)), S(T())]),
    _shape("transpose_copy", [S(T(2, 3, 4), 0, 2)]),
    _shape("unbind_copy", [S(T(3, 2)), S(T(3, 2), 1)], out=False),
    _shape("unfold_copy", [S(T(7), 0, 3, 2), S(T(2, 5), 1, 2, 1)]),
    _shape("unsqueeze_copy", [S(T(3), 0), S(T(3), -1)]),
    _shape(
        "view_as_complex_copy", [S(T(3, 2)), S(T(2, 4, 2))], dtypes=("float32", "float64"), grad=("float32", "float64")
    ),
    _shape(
        "view_as_real_copy", [S(T(3)), S(T(2, 2))], dtypes=("complex64", "complex128"), grad=("complex64", "complex128")
    ),
    _shape("view_copy", [S(T(3, 4), (2, 6)).plain(), S(T(3, 4), (-1,)).plain()]),
    _shape(
        "view_copy",
        [S(T(3, 4, dtype="float32"), Dtype("int32"))],
        variant="dtype",
        dtypes=("float32",),
        grad=(),
        gradcheck=False,
    ),
    _shape("to_dense", [S(T(3, 4)), S(T(3, 4), Dtype("float64"))], call="Tensor.to_dense", strides=True, out=False),
    Op(
        "unravel_index",
        [S(I(5, high=24), (2, 3, 4)), S(I(2, 3, high=24), (4, 6)), S(I(3, high=30), (4, 6)), S(I(high=5), 7)],
        dtypes=INTS,
        errors=[S(T(3), (2, 3)), S(I(3, high=4), (-1, 3))],
        grad=(),
        gradcheck=False,
        out=False,
        meta=False,
    ),
]
