"""Records of views and of ops that only move elements."""

from __future__ import annotations

from .records import ALL, COMPLEX, VIEW_LAYOUTS, WIDE, Dtype, Op, S, T, V

_GRAD = ("float32", "float64", "complex64")


def _view(name: str, samples: list, **facts: object) -> Op:
    facts.setdefault("dtypes", ALL)
    facts.setdefault("grad", _GRAD)
    facts.setdefault("call", f"Tensor.{name}")
    facts.setdefault("layouts", VIEW_LAYOUTS)
    return Op(name, samples, strides=True, out=False, **facts)  # type: ignore[arg-type]


OPS = [
    _view("view", [S(T(3, 4), 12).plain(), S(T(3, 4), (2, 6)).plain(), S(T(3, 4), -1).plain(), S(T(3, 4), 4, -1).plain(), S(T(), 1).plain(), S(T(1), ()).plain(),
                   S(T(0), 0, 3), S(T(2, 0), 0, 2), S(T(2, 3, 4), 6, 4).plain(), S(T(2, 3, 4), 2, 3, 2, 2), S(T(2, 3, 4), [2, 3, 4])],
          errors=[S(T(3, 4), 5), S(T(3, 4), -1, -1), S(T(3, 4), 5, -1), S(T(0), -1, 0), S(T(3, 4), "a"), S(T(3, 4), -2, 6)]),
    _view("view", [S(T(3, 4, dtype="float32"), Dtype("int32")), S(T(3, 4, dtype="float32"), Dtype("float16")).plain(), S(T(3, 4, dtype="float32"), Dtype("float64")).plain(),
                   S(T(4, dtype="complex64"), Dtype("float32")).plain(), S(T(4, dtype="bool"), Dtype("uint8"))], variant="dtype", dtypes=("float32",), grad=(), gradcheck=False,
          errors=[S(T(3, 3), Dtype("float64")), S(T(), Dtype("float64"))]),
    _view("view_as", [S(T(3, 4), T(2, 6)).plain(), S(T(), T(1)).plain()], errors=[S(T(3, 4), T(5))]),
    _view("reshape", [S(T(3, 4), 12), S(T(3, 4), (2, 6)), S(T(3, 4), -1), S(T(3, 4), 4, -1), S(T(), 1), S(T(1), ()), S(T(0), 0, 3), S(T(2, 3, 4), 6, 4), S(T(2, 3, 4), 3, 8)],
          errors=[S(T(3, 4), 5), S(T(3, 4), -1, -1), S(T(0), -1, 0)]),
    _view("reshape_as", [S(T(3, 4), T(2, 6))], errors=[S(T(3, 4), T(5))]),
    _view("ravel", [S(T(3, 4)), S(T()), S(T(0, 3))]),
    _view("transpose", [S(T(3, 4), 0, 1), S(T(2, 3, 4), 0, -1), S(T(2, 3, 4), 1, 1), S(T(), 0, 0), S(T(), 0, -1), S(T(0, 3), 0, 1)], errors=[S(T(3, 4), 0, 2), S(T(3, 4), -3, 0), S(T(3, 4), 0)]),
    _view("swapaxes", [S(T(3, 4), 0, 1), S(T(2, 3, 4), 0, -1)], errors=[S(T(3, 4), 0, 2)]),
    _view("swapdims", [S(T(3, 4), 0, 1)], errors=[S(T(3, 4), 0, 2)]),
    _view("permute", [S(T(3, 4), 1, 0), S(T(2, 3, 4), (2, 0, 1)), S(T(2, 3, 4), -1, 0, 1), S(T(), ()), S(T(0, 3), 1, 0)],
          errors=[S(T(3, 4), 0), S(T(3, 4), 0, 0), S(T(3, 4), 0, 2), S(T(3, 4), (0, 1, 2))]),
    _view("movedim", [S(T(2, 3, 4), 0, 2), S(T(2, 3, 4), (0, 1), (2, 0)), S(T(2, 3, 4), -1, 0)], errors=[S(T(2, 3), 0, 5), S(T(2, 3), (0, 0), (0, 1)), S(T(2, 3), (0,), (0, 1))], covers=("moveaxis",)),
    _view("t", [S(T(3, 4)), S(T(5)), S(T()), S(T(0, 3))], errors=[S(T(2, 3, 4))]),
    _view("adjoint", [S(T(3, 4)), S(T(2, 3, 4))], dtypes=ALL, errors=[S(T(3))], call="torch.adjoint"),
    _view("squeeze", [S(T(3, 1, 4)), S(T(3, 1, 4), 1), S(T(3, 1, 4), 0), S(T(1, 3, 1), (0, 2)), S(T(1, 3, 1), (0, 1)), S(T()), S(T(), 0), S(T(1, 0, 1)), S(T(3, 1, 4), -2)],
          errors=[S(T(3, 1), 2), S(T(3, 1), (0, 0)), S(T(3, 1), -3)]),
    _view("unsqueeze", [S(T(3, 4), 0), S(T(3, 4), 1), S(T(3, 4), 2), S(T(3, 4), -1), S(T(3, 4), -3), S(T(), 0), S(T(), -1), S(T(0), 0)], errors=[S(T(3, 4), 3), S(T(3, 4), -4), S(T(3))]),
    _view("expand", [S(T(3, 1), 3, 4), S(T(1), 5), S(T(3, 1), -1, 4), S(T(4), 2, 3, 4), S(T(), 3), S(T(1, 3), (0, 3)), S(T(3, 1), [2, 3, 4]), S(T(1, 4), 0, -1)],
          errors=[S(T(3), 4), S(T(3, 1), 4), S(T(3), -1, 3), S(T(3, 4), 3, -2)]),
    _view("expand_as", [S(T(3, 1), T(3, 4)), S(T(4), T(2, 4))], errors=[S(T(3), T(4))]),
    _view("broadcast_to", [S(T(3, 1), (3, 4)), S(T(), (2, 2))], errors=[S(T(3), (4,))]),
    Op("broadcast_tensors", [S(T(3, 1), T(4)), S(T(), T(2)), S(T(0), T(1))], dtypes=ALL, grad=_GRAD, strides=True, errors=[S(T(3), T(4))], out=False),
    _view("flatten", [S(T(2, 3, 4)), S(T(2, 3, 4), 1), S(T(2, 3, 4), 0, 1), S(T(2, 3, 4), -2, -1), S(T()), S(T(5)), S(T(0, 3)), S(T(2, 3, 4), 1, 1)], errors=[S(T(2, 3), 1, 0), S(T(2, 3), 2)]),
    _view("unflatten", [S(T(6), 0, (2, 3)), S(T(2, 12), 1, (3, -1)), S(T(2, 12), -1, [2, 2, 3])], errors=[S(T(6), 0, (4, 2)), S(T(6), 1, (2, 3)), S(T(6), 0, (-1, -1)), S(T(6), 0, ())]),
    _view("select", [S(T(3, 4), 0, 1), S(T(3, 4), 1, -1), S(T(2, 3, 4), -1, 2), S(T(5), 0, 0)], errors=[S(T(3, 4), 0, 3), S(T(3, 4), 2, 0), S(T(3, 4), 0, -4), S(T(), 0, 0), S(T(0, 3), 0, 0)]),
    _view("narrow", [S(T(5, 4), 0, 1, 3), S(T(5, 4), 1, 0, 0), S(T(5, 4), -1, 2, 2), S(T(5), 0, -2, 2), S(T(5), 0, 5, 0)], errors=[S(T(5), 0, 3, 4), S(T(5), 0, 6, 0), S(T(5), 1, 0, 1), S(T(5), 0, 0, -1), S(T(), 0, 0, 1)]),
    _view("diagonal", [S(T(3, 4)), S(T(3, 4), 1), S(T(3, 4), -2), S(T(2, 3, 4), 0, 1, 2), S(T(2, 3, 4), 1, 0, -1), S(T(3, 4), 9), S(T(0, 3))], errors=[S(T(3, 4), 0, 0, 0), S(T(3)), S(T(3, 4), 0, 0, 2)]),
    _view("unbind", [S(T(3, 4)), S(T(3, 4), 1), S(T(2, 3, 4), -1), S(T(0, 3)), S(T(5))], errors=[S(T()), S(T(3), 1)]),
    _view("split", [S(T(7, 2), 3), S(T(7, 2), (3, 4)), S(T(2, 6), 2, 1), S(T(2, 6), [1, 2, 3], -1), S(T(0, 2), 3), S(T(5), 5), S(T(5), 9), S(T(0), 0)],
          errors=[S(T(7), (3, 3)), S(T(7), -1), S(T(7), 0), S(T(7), 2, 1), S(T(), 1), S(T(7), (8, -1))], covers=("split_with_sizes",)),
    _view("split_with_sizes", [S(T(7, 2), (3, 4)), S(T(2, 6), [1, 2, 3], -1)], errors=[S(T(7), (3, 3))]),
    _view("tensor_split", [S(T(7, 2), 3), S(T(7, 2), (1, 3)), S(T(2, 6), 4, 1)], errors=[S(T(7), 0), S(T(), 1)]),
    _view("chunk", [S(T(7, 2), 3), S(T(2, 6), 4, 1), S(T(5), 9), S(T(0, 3), 2)], errors=[S(T(7), 0), S(T(7), 2, 1), S(T(), 1)]),
    _view("as_strided", [S(T(3, 4), (2, 2), (1, 2)).plain(), S(T(3, 4), (2, 2), (4, 1), 1).plain(), S(T(3, 4), (3, 3), (1, 1)).plain(), S(T(12), (0, 3), (3, 1)).plain(), S(T(12), (), (), 3).plain(),
                         S(T(12), (2, 3), (0, 1)).plain()],
          errors=[S(T(3, 4), (4, 4), (4, 1)), S(T(3, 4), (2, 2), (1,)), S(T(3, 4), (2, 2), (-1, 1)), S(T(3, 4), (2, 2), (1, 1), -1), S(T(3, 4), (-1, 2), (1, 1)), S(T(3, 4), (2,), (2**62,))]),
    _view("view_as_real", [S(T(3, 4)), S(T()), S(T(0))], dtypes=COMPLEX, grad=COMPLEX, call="torch.view_as_real", errors=[S(T(3))], gradcheck=True),
    _view("view_as_complex", [S(T(3, 2)).plain(), S(T(2)), S(T(0, 2)), S(T(3, 4, 2)).plain()], dtypes=WIDE, call="torch.view_as_complex", errors=[S(T(3)), S(T()), S(T(3, 2, dtype="int64"))]),
    _view("detach", [S(T(3, 4)), S(T()), S(T(0))], grad=(), gradcheck=False),
    _view("alias", [S(T(3, 4))], call="torch.ops.aten.alias", grad=(), gradcheck=False),
    _view("unfold", [S(T(7), 0, 3, 2), S(T(3, 6), 1, 2, 1), S(T(2, 5), -1, 5, 1), S(T(), 0, 1, 1), S(T(5), 0, 0, 1)], errors=[S(T(5), 0, 6, 1), S(T(5), 0, 2, 0), S(T(5), 0, -1, 1), S(T(5), 1, 2, 1)]),
    _view("unsafe_chunk", [S(T(7, 2), 3)], errors=[S(T(7), 0)], gradcheck=False), _view("unsafe_split", [S(T(7, 2), 3)], errors=[S(T(7), -1)], gradcheck=False),
    *[Op(name, [S(T(3)), S(T()), S(T(2, 3)), S([T(2), T()])], dtypes=ALL, grad=_GRAD, strides=True, out=False) for name in ("atleast_1d", "atleast_2d", "atleast_3d")],
]

OPS += [
    Op("cat", [S([T(3, 4), T(2, 4)]), S([T(3, 4), T(3, 1)], 1), S([T(3, 4), T(3, 4), T(3, 4)], dim=-1), S([T(5)]), S([T(0), T(3, 4)]), S([T(0), T(0)]), S((T(2, 3), T(2, 3)), 0),
               S([T(2, 3), T(2, 3, dtype="float64")]), S([T(2), T(3, dtype="bool")]), S([T(2, 3, 4, 5), T(2, 1, 4, 5)], 1), S([T(0, 4), T(3, 4)])],
       dtypes=ALL, grad=_GRAD, covers=("concat", "concatenate"), errors=[S([]), S([T(3), T(3, 3)]), S([T(3, 4), T(2, 3)]), S([T(3), T(3)], 1), S([T(), T()]), S(T(3)), S([T(3), None]), S([T(3), 1.0])]),
    Op("stack", [S([T(3, 4), T(3, 4)]), S([T(3, 4), T(3, 4)], 1), S([T(3, 4), T(3, 4)], -1), S([T(), T()]), S([T(0), T(0)]), S([T(2), T(2, dtype="float64")])], dtypes=ALL, grad=_GRAD,
       errors=[S([]), S([T(3), T(4)]), S([T(3), T(3)], 2), S([T(3), T(3)], -3)]),
    Op("hstack", [S([T(3), T(4)]), S([T(3, 1), T(3, 2)]), S([T(), T()])], dtypes=ALL, grad=_GRAD, errors=[S([]), S([T(3, 1), T(2, 1)])], covers=("column_stack",)),
    Op("vstack", [S([T(3), T(3)]), S([T(2, 3), T(1, 3)]), S([T(), T()])], dtypes=ALL, grad=_GRAD, errors=[S([T(3), T(4)])], covers=("row_stack",)),
    Op("dstack", [S([T(3), T(3)]), S([T(2, 3), T(2, 3)])], dtypes=ALL, grad=_GRAD, errors=[S([T(3), T(4)])]),
    Op("flip", [S(T(5), (0,)), S(T(3, 4), (0,)), S(T(3, 4), (1,)), S(T(3, 4), (0, 1)), S(T(2, 3, 4), (0, -1)), S(T(), ()), S(T(0, 3), (0,)), S(T(3, 4), ())], dtypes=ALL, grad=_GRAD,
       errors=[S(T(3, 4), (2,)), S(T(3, 4), (0, 0)), S(T(3))]),
    Op("fliplr", [S(T(3, 4))], dtypes=ALL, grad=_GRAD, errors=[S(T(3))]), Op("flipud", [S(T(3, 4)), S(T(3))], dtypes=ALL, grad=_GRAD, errors=[S(T())]),
    Op("rot90", [S(T(3, 4)), S(T(3, 4), 2), S(T(2, 3, 4), 3, (1, 2))], dtypes=ALL, grad=_GRAD, errors=[S(T(3)), S(T(3, 4), 1, (0, 0))]),
    Op("roll", [S(T(5), 2), S(T(3, 4), 1), S(T(3, 4), 1, 0), S(T(3, 4), (1, -1), (0, 1)), S(T(3, 4), -5, 1), S(T(0), 1), S(T(), 1), S(T(3, 4), 0, 0)], dtypes=ALL, grad=_GRAD,
       errors=[S(T(3, 4), (1, 2), 0), S(T(3, 4), 1, 2), S(T(3, 4), (1, 2))]),
    Op("repeat", [S(T(3), 2), S(T(3, 4), 2, 1), S(T(3), 2, 3), S(T(), 4), S(T(3), (0,)), S(T(3, 4), 1, 1), S(T(0), 2)], call="Tensor.repeat", dtypes=ALL, grad=_GRAD, errors=[S(T(3, 4), 2), S(T(3), -1)]),
    Op("tile", [S(T(3), (2,)), S(T(3, 4), (2,)), S(T(3), (2, 2)), S(T(), (3,)), S(T(3, 4), ())], dtypes=ALL, grad=_GRAD, errors=[S(T(3), (-1,))]),
    Op("repeat_interleave", [S(T(3), 2), S(T(3, 4), 2), S(T(3, 4), 2, 0), S(T(3, 4), V([1, 0, 2], "int64", grad=False), 0), S(T(0), 2), S(T(), 3), S(T(2, 3), 3, dim=1)], dtypes=ALL, grad=_GRAD,
       meta=False, errors=[S(T(3), -1), S(T(3), V([1, 2], "int64")), S(T(3), V([-1, 1, 1], "int64")), S(T(3), V([1.0, 1.0, 1.0]))], out=False),
    *[Op(name, [S(T(3, 4)), S(T(3, 4), 1), S(T(3, 4), -1), S(T(2, 3, 3)), S(T(4, 3), -9), S(T(4, 3), 9), S(T(0, 3))], dtypes=ALL, grad=_GRAD, errors=[S(T(3)), S(T())]) for name in ("tril", "triu")],
    Op("diag", [S(T(3)), S(T(3), 1), S(T(3), -2), S(T(3, 4)), S(T(3, 4), 1), S(T(0)), S(T(3, 4), -1)], dtypes=ALL, grad=_GRAD, errors=[S(T(2, 2, 2)), S(T())]),
    Op("diag_embed", [S(T(3)), S(T(2, 3)), S(T(2, 3), 1), S(T(2, 3), 0, 0, 2)], dtypes=ALL, grad=_GRAD, errors=[S(T(3), 0, 0, 0), S(T(), 0)]),
    Op("diagflat", [S(T(3)), S(T(2, 2)), S(T(2), 1), S(T())], dtypes=ALL, grad=_GRAD),
    Op("meshgrid", [S(T(3), T(4), indexing="ij"), S(T(3), T(4), indexing="xy"), S(T(), T(2), indexing="ij")], dtypes=ALL, grad=_GRAD, errors=[S(T(2, 2), T(2), indexing="ij"), S(T(3), T(2), indexing="zz")], out=False),
    Op("constant_pad_nd", [S(T(3, 4), (1, 2)), S(T(3, 4), (1, 2, 0, 1), 1.5), S(T(3, 4), (-1, 0)), S(T(0, 4), (1, 1))], dtypes=ALL, grad=_GRAD, errors=[S(T(3), (1,)), S(T(3), (1, 1, 1, 1)), S(T(3), (-4, 0))]),
    Op("block_diag", [S(T(2, 3), T(1, 1), T(2))], dtypes=ALL, grad=_GRAD, out=False),
    Op("cartesian_prod", [S(T(3), T(2))], dtypes=ALL, grad=_GRAD, errors=[S(T(2, 2))], out=False),
]
