"""Records of indexing, gathering, scattering and sorting."""

from __future__ import annotations

from .records import ALL, BOOL, FLOATS, INTS, NUMERIC, REAL, WIDE, B, D, I, Op, S, T, V

_GRAD = ("float32", "float64", "complex64")
_SOLID = ("contiguous", "transposed", "sliced")
_SUMS = {"float16": (4e-3, 4e-3), "bfloat16": (2e-2, 2e-2), "complex64": (2e-5, 1e-5)}


def L(values: object) -> T:
    """A fixed index tensor."""
    return V(values, "int64", grad=False)


# x[...] in all its kinds: what stands between the brackets.
INDICES = [
    0, -1, (1, 2), (slice(None), 1), slice(1, 3), slice(None, None, 2), slice(3, 1), slice(-2, None), Ellipsis, (Ellipsis, 0), (0, Ellipsis), None, (None, 1), (slice(None), None),
    True, False, (), [0, 2], [True, False, True, True], L([0, 2, 2]), L([[0, 1], [2, -1]]), L(1), V([True, False, True, True], "bool"), B(4, 5, 6), B(4, 5), (L([0, 1]), L([1, 2])),
    (L([0, 1]), slice(None), L([1, 2])), (slice(None), L([0, 3]), slice(1, 4)), (Ellipsis, L([0, 3])), (slice(None), slice(None), L([[0], [5]])), (L([[0], [1]]), L([0, 2, 4])), (None, L([0, 1]), None, 2),
    (1, L([0, 1])), (L([0, 1]), 1, L([0, 1])), (slice(None), V([True, False, True, False, True], "bool")), (V([True, False, True, False], "bool"), L([1, 2])), L([]), V([False] * 4, "bool"),
    (slice(None), [0, 1], [1, 0]), ([0, 1], [1, 0], [2, 3]), (slice(0, 0),), V([0, 3], "int32", grad=False), (0, 1, 2),
    (slice(None, None, 3), slice(1, None, 2), -1), (Ellipsis, slice(1, 3), None), (L([-1, 0]), Ellipsis), B(), (Ellipsis, Ellipsis),
]
BAD_INDICES = [4, -5, (0, 0, 0, 0), L([4]), L([-5]), (L([0, 1]), L([0, 1, 2])), B(3), B(4, 4), "a", 1.5, slice(None, None, -1), slice(None, None, 0), V([0.5]),
               (0, 0, 6), (slice(None), 5), {}, V([0, 1], "complex64")]

OPS = [
    Op("getitem", [S(T(4, 5, 6), index) for index in INDICES] + [S(T(), ()), S(T(), None), S(T(), Ellipsis), S(T(), True), S(T(5), L([])), S(T(0, 3), slice(None)), S(T(0, 3), L([])), S(T(0), B(0)), S(T(), B())],
       call="Tensor.__getitem__", dtypes=ALL, grad=("float32", "float64"), strides=True, layouts=("contiguous", "transposed", "sliced", "expanded"), covers=("index", "slice", "__getitem__"),
       errors=[S(T(4, 5, 6), index) for index in BAD_INDICES] + [S(T(), 0), S(T(0), 0), S(T(), slice(None))], meta=False, out=False),
    Op("setitem", [S(T(4, 5, 6), index, 1) for index in INDICES] + [
        S(T(4, 5, 6), 0, T(5, 6)), S(T(4, 5, 6), 0, T(6)), S(T(4, 5, 6), slice(1, 3), T(1, 5, 6)), S(T(4, 5, 6), L([0, 2]), T(2, 5, 6)), S(T(4, 5, 6), L([0, 2]), T(6)),
        S(T(4, 5, 6), B(4), T(5, 6)), S(T(4, 5, 6), B(4, 5, 6), T()), S(T(4, 5, 6), (slice(None), L([1, 3])), T(4, 2, 6)), S(T(4, 5, 6), (L([0, 1]), slice(None), L([1, 2])), T(2, 5)),
        S(T(4, 5, 6), (L([0, 1]), L([1, 2])), T(2, 6)), S(T(), (), 3), S(T(), Ellipsis, T()), S(T(4, 5, 6), (Ellipsis, 0), T(4, 5)), S(T(4, 5, 6), None, 2), S(T(4), slice(None), T(1, 4)),
        S(T(4, 5, 6), V([True, False, True, True], "bool"), T(3, 1, 6))],
       call="Tensor.__setitem__", dtypes=ALL, grad=(), gradcheck=False, layouts=("contiguous", "transposed", "sliced"), covers=("index_put", "_index_put_impl", "__setitem__"), meta=False, out=False,
       errors=[S(T(4, 5, 6), index, 1.0) for index in BAD_INDICES] + [S(T(4, 5), 0, T(4)), S(T(4, 5), slice(None), T(5, 5)), S(T(4, 5), L([0, 1]), T(3, 5)), S(T(4, 5), 0, "a"), S(T(4, 5), 0, None),
                                                                   S(T(4, 5), B(4, 5), T(30)), S(T(4), 0, T(2))]),
    Op("index_put", [S(T(4, 5), (L([0, 2]),), T(2, 5)), S(T(4, 5), (L([0, 2]), L([1, 1])), T(2)), S(T(4, 5), (L([0, 0]),), T(2, 5), True), S(T(4, 5), (B(4, 5),), T())],
       dtypes=ALL, grad=_GRAD, layouts=_SOLID, errors=[S(T(4, 5), (L([4]),), T(5)), S(T(4, 5), (L([0]),), T(1, 4)), S(T(4), (L([0]),), T(1, dtype="float64"))], meta=True, out=False, covers=("index_put_",)),
    Op("gather", [S(T(3, 4), 0, I(2, 4, high=3)), S(T(3, 4), 1, I(3, 2, high=4)), S(T(3, 4), -1, I(2, 3, high=4)), S(T(5), 0, I(7, high=5)), S(T(2, 3, 4), 1, I(2, 2, 4, high=3)), S(T(), 0, L(0)),
                  S(T(3), 0, L([])), S(T(3), 0, I(0, high=1))], dtypes=ALL, grad=_GRAD,
       errors=[S(T(3, 4), 0, L([[3]])), S(T(3, 4), 0, L([[-1]])), S(T(3, 4), 2, L([[0]])), S(T(3, 4), 0, L([0])), S(T(3, 4), 0, V([[0.0]])), S(T(3, 4), 0, I(2, 5, high=3)), S(T(3, 4), 0, V([[0]], "int8"))]),
    *[Op(name, [S(T(3, 4), 0, I(2, 4, high=3), T(2, 4)), S(T(3, 4), 1, I(3, 2, high=4), T(3, 2)), S(T(3, 4), 1, I(3, 2, high=4), T(3, 4)).without_grad(), S(T(5), 0, I(7, high=5), T(7)), S(T(), 0, L(0), T()), S(T(3), 0, I(0, high=1), T(0)), S(T(2, 3, 4), 1, I(2, 2, 4, high=3), T(2, 2, 4))],
         dtypes=ALL, grad=_GRAD, layouts=_SOLID, tolerances=_SUMS,
         errors=[S(T(3, 4), 0, L([[3]]), T(1, 1)), S(T(3, 4), 0, L([[-1]]), T(1, 1)), S(T(3, 4), 2, L([[0]]), T(1, 1)), S(T(3, 4), 0, L([[0]]), T(1, 1, dtype="float64")), S(T(3, 4), 0, I(2, 4, high=3), T(1, 4)),
                 S(T(3, 4), 0, V([[0.0]]), T(1, 1)), S(T(3, 4), 0, L([0]), T(1))]) for name in ("scatter_add",)],
    Op("scatter", [S(T(3, 4), 0, L([[0, 1, 2, 0], [1, 2, 0, 1]]), T(2, 4)), S(T(3, 4), 1, L([[0, 1], [2, 3], [3, 0]]), T(3, 2)), S(T(3, 4), 1, L([[0, 1], [2, 3], [3, 0]]), T(3, 4)).without_grad(), S(T(5), 0, L([4, 0]), 2), S(T(3, 4), 0, L([[0, 1, 2, 0]]), 1.0), S(T(), 0, L(0), T()),
                   S(T(3), 0, I(0, high=1), T(0))], dtypes=ALL, grad=_GRAD, layouts=_SOLID,
       errors=[S(T(3, 4), 0, L([[3]]), T(1, 1)), S(T(3, 4), 0, L([[-1]]), 1.0), S(T(3, 4), 0, L([[0]]), T(1, 1, dtype="float64")), S(T(3, 4), 2, L([[0]]), 1.0), S(T(3, 4), 0, L([[0]]), T(1, 1), reduce="bad")]),
    Op("scatter", [S(T(3, 4), 0, L([[0, 1, 2, 0], [0, 2, 0, 1]]), T(2, 4), reduce=r) for r in ("add", "multiply")], variant="reduce", dtypes=NUMERIC, grad=(), gradcheck=False, layouts=_SOLID, tolerances=_SUMS),
    Op("scatter_reduce", [S(T(3, 4), 0, L([[0, 1, 2, 0], [0, 2, 0, 1]]), D(2, 4), r) for r in ("sum", "prod", "mean", "amax", "amin")] + [S(T(3, 4), 0, L([[0, 1, 2, 0]]), D(1, 4), "sum", include_self=False)],
       dtypes=FLOATS, layouts=_SOLID, gradgradcheck=False, tolerances=_SUMS, errors=[S(T(3, 4), 0, L([[0]]), T(1, 1), "bad"), S(T(3, 4), 0, L([[3]]), T(1, 1), "sum")]),
    Op("index_select", [S(T(4, 5), 0, I(3, high=4)), S(T(4, 5), 1, L([0, 0, 4])), S(T(2, 3, 4), -1, I(2, high=4)), S(T(5), 0, L([])), S(T(), 0, L([0])), S(T(4, 5), 0, L(2)), S(T(4, 5), 0, V([1, 2], "int32", grad=False))],
       dtypes=ALL, grad=_GRAD, errors=[S(T(4, 5), 0, L([4])), S(T(4, 5), 0, L([-1])), S(T(4, 5), 2, L([0])), S(T(4, 5), 0, L([[0]])), S(T(4, 5), 0, V([0.5]))]),
    Op("index_add", [S(T(4, 5), 0, L([0, 2, 0]), T(3, 5)), S(T(4, 5), 1, L([4, 1]), T(4, 2)), S(T(4, 5), 0, L([1]), T(1, 5), alpha=2), S(T(5), 0, L([]), T(0)), S(T(2, 3, 4), 1, L([0, 2]), T(2, 2, 4))],
       dtypes=ALL, grad=_GRAD, layouts=_SOLID, tolerances=_SUMS, errors=[S(T(4, 5), 0, L([4]), T(1, 5)), S(T(4, 5), 0, L([0, 1]), T(3, 5)), S(T(4, 5), 2, L([0]), T(1, 5)), S(T(4, 5), 0, L([0]), T(1, 4)), S(T(4), 0, L([0]), T(1, dtype="float64"))]),
    Op("index_fill", [S(T(4, 5), 0, L([0, 2]), 1), S(T(4, 5), 1, L([4]), T()), S(T(5), 0, L([]), 1), S(T(), 0, L([0]), 1), S(T(4, 5), 0, L([-1]), 1)], dtypes=ALL, grad=_GRAD, layouts=_SOLID,
       errors=[S(T(4, 5), 0, L([4]), 1.0), S(T(4, 5), 2, L([0]), 1.0), S(T(4, 5), 0, V([0.5]), 1.0), S(T(4), 0, L([0]), T(2))]),
    Op("index_copy", [S(T(4, 5), 0, L([0, 2]), T(2, 5)), S(T(4, 5), 1, L([4, 1]), T(4, 2)), S(T(5), 0, L([]), T(0)), S(T(4), 0, L(1), T())], dtypes=ALL, grad=_GRAD, layouts=_SOLID,
       errors=[S(T(4, 5), 0, L([4]), T(1, 5)), S(T(4, 5), 0, L([0, 1]), T(3, 5)), S(T(4, 5), 2, L([0]), T(1, 5)), S(T(4), 0, L([0]), T(1, dtype="float64"))]),
    Op("masked_select", [S(T(3, 4), B(3, 4)), S(T(3, 4), B(4)), S(T(), B()), S(T(0), B(0)), S(T(3, 1), B(1, 4))], dtypes=ALL, grad=_GRAD, meta=False, errors=[S(T(3), B(4)), S(T(3), T(3))]),
    Op("masked_scatter", [S(T(3, 4), B(3, 4), T(12)), S(T(3, 4), B(4), T(3, 4))], call="Tensor.masked_scatter", dtypes=ALL, grad=_GRAD, layouts=_SOLID, errors=[S(T(3), V([True] * 3, "bool"), T(1)), S(T(3), T(3), T(3))]),
    Op("nonzero", [S(T(3, 4, low=-1, high=1)), S(T(5, low=-1, high=1)), S(T()), S(T(0)), S(T(0, 3)), S(T(3, 4, low=-1, high=1), as_tuple=True), S(V([0.0, 1.0, 0.0]))], dtypes=ALL, grad=(), meta=False, call="torch.nonzero"),
    Op("argwhere", [S(T(3, 4, low=-1, high=1)), S(T())], dtypes=ALL, grad=(), meta=False),
    Op("take_along_dim", [S(T(3, 4), I(3, 2, high=4), 1), S(T(3, 4), I(1, 4, high=3), 0), S(T(3, 4), I(5, high=12))], dtypes=ALL, grad=_GRAD, errors=[S(T(3, 4), I(2, high=3), 1), S(T(3, 4), V([[0.5]]), 1)]),
    Op("take", [S(T(3, 4), I(5, high=12)), S(T(3, 4), I(2, 2, high=12, low=-12)), S(T(5), L([])), S(T(), L(0))], dtypes=ALL, grad=_GRAD, errors=[S(T(3, 4), L([12])), S(T(3, 4), L([-13])), S(T(3), V([0.5])), S(T(0), L([0]))]),
    Op("put", [S(T(3, 4), L([0, 5]), T(2)), S(T(3, 4), L([0, 0]), T(2), True)], dtypes=ALL, grad=(), gradcheck=False, layouts=_SOLID, errors=[S(T(3), L([3]), T(1))]),
    Op("select_scatter", [S(T(3, 4), T(4), 0, 1), S(T(3, 4), T(3), 1, -1)], dtypes=ALL, grad=WIDE, layouts=_SOLID, errors=[S(T(3, 4), T(3), 0, 1)]),
    Op("slice_scatter", [S(T(4, 4), T(2, 4), 0, 1, 3)], dtypes=ALL, grad=WIDE, layouts=_SOLID, errors=[S(T(4, 4), T(3, 4), 0, 1, 3)]),
    Op("diagonal_scatter", [S(T(3, 3), T(3))], dtypes=ALL, grad=_GRAD, layouts=_SOLID, errors=[S(T(3, 3), T(2))]),
    Op("sort", [S(D(5)), S(D(3, 4)), S(D(3, 4), 0), S(D(3, 4), 1, True), S(D(2, 3, 4), dim=1, descending=True), S(D()), S(D(0)), S(V([2, 1, 2, 1, 0]), stable=True).rough(), S(V([2, 1, 2, 1, 0]), stable=True, descending=True).rough(),
                S(D(70)), S(V([float("nan"), 1.0, -float("inf"), float("inf")])).for_(FLOATS), S(D(0, 3), 1)], dtypes=REAL, layouts=_SOLID, errors=[S(T(3), 1), S(T(3), "a")]),
    Op("argsort", [S(D(5)), S(D(3, 4), 0), S(D(3, 4), 1, True), S(D()), S(D(0)), S(V([2, 1, 2, 1, 0]), stable=True)], dtypes=REAL, grad=(), layouts=_SOLID, errors=[S(T(3), 1)]),
    Op("msort", [S(D(5)), S(D(3, 4))], dtypes=REAL, layouts=_SOLID),
    Op("topk", [S(D(5), 2), S(D(3, 4), 3), S(D(3, 4), 2, 0), S(D(3, 4), 2, 1, False), S(D(5), 0), S(D(), 1), S(D(5), 5), S(D(70), 10)], dtypes=NUMERIC, layouts=_SOLID, errors=[S(T(3), 4), S(T(3), -1), S(T(3), 1, 1)]),
    Op("kthvalue", [S(D(5), 2), S(D(3, 4), 3, 0), S(D(3, 4), 1, 1, True)], dtypes=NUMERIC, layouts=_SOLID, errors=[S(T(3), 4), S(T(3), 0)]),
    Op("unique", [S(T(10, low=0, high=3)), S(T(3, 4, low=0, high=3), return_inverse=True, return_counts=True), S(T(0)), S(V([3, 1, 3]))], dtypes=INTS + WIDE + BOOL, grad=(), meta=False, covers=("_unique2",)),
    Op("searchsorted", [S(V([1.0, 3.0, 5.0, 7.0]), T(3, 4, low=0, high=9)), S(V([1.0, 3.0, 5.0, 7.0]), T(5, low=0, high=9), right=True), S(V([1.0, 3.0, 5.0]), 4)], dtypes=NUMERIC, grad=(), layouts=("contiguous",), errors=[S(T(2, 3), T(3, 3))]),
    Op("bucketize", [S(T(3, 4, low=0, high=9), V([1.0, 3.0, 5.0, 7.0])), S(4, V([1.0, 3.0, 5.0]), right=True)], dtypes=NUMERIC, grad=(), layouts=("contiguous",)),
    Op("item", [S(T()), S(T(1)), S(T(1, 1))], call="Tensor.item", dtypes=ALL, grad=(), meta=False, gradcheck=False, errors=[S(T(3)), S(T(0))], covers=("_local_scalar_dense",)),
    Op("tolist", [S(T(2, 3)), S(T()), S(T(0))], call="Tensor.tolist", dtypes=ALL, grad=(), meta=False, gradcheck=False),
]
