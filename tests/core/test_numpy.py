"""NumPy's numbers, dtypes and arrays where Python's and torch's are expected; memory that must not be written."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
import torch
from conftest import is_ours

pytestmark = pytest.mark.core
ours_only = pytest.mark.skipif(
    not is_ours(), reason="PyTorch takes only its own dtypes, and writes into read-only memory"
)

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
DTYPES += [name for name in ("uint16", "uint32", "uint64") if is_ours() and hasattr(torch, name)]


@ours_only
@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name: str) -> None:
    """numpy.dtype objects and scalar types, wherever a dtype is an argument."""
    expected = getattr(torch, name)
    x = torch.ones(2)
    for dtype in (np.dtype(name), np.dtype(name).type):
        assert torch.zeros(2, dtype=dtype).dtype == expected
        assert torch.tensor([1], dtype=dtype).dtype == expected
        assert torch.asarray(np.ones(2), dtype=dtype).dtype == expected
        assert x.to(dtype).dtype == x.to(dtype=dtype).dtype == x.type(dtype).dtype == expected
        assert x.to("cpu", dtype).dtype == expected
        assert torch.promote_types(dtype, torch.bool) == expected and torch.can_cast(torch.bool, dtype)
        assert torch.empty(0).new_zeros(3, dtype=dtype).dtype == expected
        if name != "bool":
            info = torch.iinfo(dtype) if np.issubdtype(dtype, np.integer) else torch.finfo(dtype)
            assert info.bits == torch.empty(0, dtype=expected).real.element_size() * 8
    assert torch.full((2,), 1, dtype=np.dtype(name)).cumsum(0, dtype=np.float64).dtype == torch.float64
    assert torch.nn.Linear(2, 2, dtype=np.float64).weight.dtype == torch.float64


@pytest.mark.parametrize(
    "dtype", [np.floating, np.dtype(">f4"), np.dtype("U3"), np.dtype("datetime64[s]"), np.ndarray, "float32"]
)
def test_what_is_no_dtype(dtype: Any) -> None:
    for code in (
        lambda: torch.zeros(2, dtype=dtype),
        lambda: torch.tensor([1.0], dtype=dtype),
        lambda: torch.promote_types(dtype, dtype),
    ):
        with pytest.raises(TypeError):
            code()


def test_numbers(both: Callable) -> None:
    """Scalars of NumPy as the other operand, as sizes, dimensions, indices and parameters."""
    both("""
import numpy as np
x = torch.arange(6.0).reshape(2, 3)
result = []
for number in (np.float32(2), np.float64(2.5), np.int64(2), np.int8(2)):
    result += [x + number, x * number, x / number, x - number, number * x, x > number, x ** number, torch.add(x, number), x.clone().fill_(number)]
    result += [torch.full((2,), number), torch.where(x > 2, x, number), x.clamp(number), torch.tensor([number, number]), torch.asarray(number)]
    result += [torch.arange(6).reshape(2, 3) + number, x.masked_fill(x > 2, number), x.new_full((1,), number)]
for n in (np.int64(1), np.int32(1), np.uint8(1)):
    result += [x[n], x[:, n], x[n:], x.sum(n), x.narrow(0, 0, n), torch.zeros(n, 2), x.unsqueeze(n), x.reshape(n, 6), x.roll(n, 0), x.topk(n, 1)[0]]
result += [x.norm(np.float64(2)), torch.add(x, x, alpha=np.float64(2)), torch.nn.functional.leaky_relu(-x, np.float64(0.5)), x.std(np.int64(1))]
y = x.clone(); y[np.int64(0), np.int64(1)] = np.float32(9); y[np.array([0, 1]), np.array(2)] = np.float64(8); result.append(y)
result += [torch.nn.functional.dropout(x, np.float64(0.0)), torch.nn.Linear(np.int64(3), np.int64(2)).weight.shape, len(x.split(np.int64(1)))]
""")


@ours_only
def test_operators_between_arrays_and_tensors() -> None:
    """``__array_priority__`` gives tensors in both orders, with NumPy's dtypes; comparisons other than equality refuse."""
    import operator as o

    a, t = np.arange(1, 4), torch.arange(2, 5, dtype=torch.int32)
    for f in (
        o.add,
        o.sub,
        o.mul,
        o.truediv,
        o.floordiv,
        o.mod,
        o.pow,
        o.and_,
        o.or_,
        o.xor,
        o.lshift,
        o.rshift,
        o.matmul,
    ):
        for left, right in ((a, t), (t, a), (a[:1], t[0]), (t[0], a[:1])):
            if f is o.matmul and 0 in (left.ndim, right.ndim):
                continue
            found, expected = f(left, right), np.asarray(f(np.asarray(left), np.asarray(right)))
            assert isinstance(found, torch.Tensor)
            np.testing.assert_array_equal(found.numpy(), expected)
            assert found.numpy().dtype == expected.dtype
    assert (a == t).tolist() == (t == a).tolist() == [False] * 3
    with pytest.raises(TypeError):
        a < t  # noqa: B015
    with pytest.raises(RuntimeError, match="requires grad"):
        a + t.float().requires_grad_()


def test_numpy_functions_of_tensors(both: Callable) -> None:
    for code in ("np.sin(t)", "np.add(t, 1)", "np.concatenate([t, t])", "np.stack([t, t])", "np.asarray(t)",
                 "np.array(t, dtype='i4')", "np.argmax(t)", "np.allclose(t, t)", "list(np.nditer(t.numpy()))", "np.float64(t[0])"):  # fmt: skip
        both(f"import numpy as np\nt = torch.arange(3.0)\nresult = {code}")


def read_only(shape: Any = (2, 3), dtype: str = "float32") -> np.ndarray:
    array = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    array.flags.writeable = False
    return array


WRITES = {
    "add_": lambda t: t.add_(1),
    "iadd": lambda t: t.__iadd__(t),
    "mul_ in a view": lambda t: t.t()[1:].mul_(2),
    "exp_": lambda t: t.exp_(),
    "fill_": lambda t: t.fill_(1),
    "zero_": lambda t: t.zero_(),
    "copy_": lambda t: t.copy_(torch.ones(2, 3)),
    "set item": lambda t: t.__setitem__(0, 5.0),
    "set element": lambda t: t.__setitem__((0, 1), 5.0),
    "set by mask": lambda t: t.__setitem__(t > 1, 5.0),
    "set by index": lambda t: t.__setitem__(torch.tensor([0]), torch.ones(3)),
    "index_put_": lambda t: t.index_put_((torch.tensor([0]),), torch.tensor(1.0), accumulate=True),
    "index_add_": lambda t: t.index_add_(0, torch.tensor([0]), torch.ones(1, 3)),
    "index_fill_": lambda t: t.index_fill_(0, torch.tensor([0]), 1),
    "index_copy_": lambda t: t.index_copy_(0, torch.tensor([0]), torch.ones(1, 3)),
    "masked_fill_": lambda t: t.masked_fill_(t > 1, 0),
    "masked_scatter_": lambda t: t.masked_scatter_(t > 1, torch.ones(6)),
    "scatter_": lambda t: t.scatter_(0, torch.zeros(1, 3, dtype=torch.int64), 1.0),
    "scatter_add_": lambda t: t.scatter_add_(0, torch.zeros(1, 3, dtype=torch.int64), torch.ones(1, 3)),
    "put_": lambda t: t.put_(torch.tensor([0]), torch.tensor([1.0])),
    "normal_": lambda t: t.normal_(),
    "uniform_": lambda t: t.uniform_(),
    "random_": lambda t: t.random_(),
    "bernoulli_": lambda t: t.bernoulli_(),
    "triu_": lambda t: t.triu_(),
    "cumsum_": lambda t: t.cumsum_(0),
    "clamp_": lambda t: t.clamp_(0, 1),
    "addmm_": lambda t: t.addmm_(torch.ones(2, 2), torch.ones(2, 3)),
    "fill_diagonal_": lambda t: t.fill_diagonal_(1),
    "apply_": lambda t: t.apply_(lambda x: x + 1),
    "add out": lambda t: torch.add(t, 1, out=t),
    "cat out": lambda t: torch.cat([torch.ones(1, 3), torch.ones(1, 3)], out=t),
    "matmul out": lambda t: torch.matmul(torch.ones(2, 2), torch.ones(2, 3), out=t),
    "sum out": lambda t: torch.sum(torch.ones(2, 2, 3), 0, out=t),
    "sort out": lambda t: torch.sort(torch.ones(2, 3), out=(t, torch.empty(2, 3, dtype=torch.int64))),
    "ones out": lambda t: torch.ones(2, 3, out=t),
    "randn out": lambda t: torch.randn(2, 3, out=t),
    "eye out": lambda t: torch.eye(2, 3, out=t),
    "data": lambda t: t.data.add_(1),
    "detach": lambda t: t.detach().add_(1),
    "foreach": lambda t: torch._foreach_add_([t], 1),
    "init": lambda t: torch.nn.init.zeros_(t),
    "storage": lambda t: t.untyped_storage().fill_(0),
    "storage item": lambda t: t.untyped_storage().__setitem__(0, 1),
    "storage copy": lambda t: t.untyped_storage().copy_(torch.ones(6).untyped_storage()),
    "view as another dtype": lambda t: t.view(torch.int32).add_(1),
    "by DLPack": lambda t: torch.from_dlpack(t).add_(1),
}


@ours_only
@pytest.mark.filterwarnings("ignore:The given")
@pytest.mark.parametrize("write", WRITES)
def test_read_only_arrays_are_not_written(write: str) -> None:
    array = read_only()
    before = array.copy()
    for tensor in (torch.from_numpy(array), torch.asarray(array), torch.as_tensor(array), torch.from_dlpack(array)):
        if not hasattr(torch, "_foreach_add_") and write == "foreach":
            pytest.skip("not in this stage")
        with pytest.raises(RuntimeError, match="read-only"):
            WRITES[write](tensor)
    assert (array == before).all()


@ours_only
@pytest.mark.filterwarnings("ignore:The given")
def test_read_only_tensors_are_otherwise_as_others() -> None:
    tensor = torch.from_numpy(read_only())
    assert not tensor.numpy().flags.writeable and not tensor[0].numpy().flags.writeable
    copy = tensor.clone()
    copy += 1
    assert copy.sum() == tensor.sum() + 6
    weight = torch.ones(3, requires_grad=True)
    (tensor * weight).sum().backward()
    assert weight.grad.tolist() == tensor.sum(0).tolist()
    parameter = torch.nn.Parameter(tensor)
    parameter.sum().backward()
    with pytest.raises(RuntimeError, match="read-only"):
        torch.optim.SGD([parameter], lr=0.1).step()
    with pytest.raises(BufferError, match="read-only"):
        tensor.__dlpack__()
    model = torch.nn.Linear(3, 2)
    model.load_state_dict({"weight": tensor, "bias": torch.zeros(2)})  # copies
    model.weight.data.add_(1)
    assert read_only().tolist() == tensor.tolist()


@ours_only
def test_the_warning_comes_once() -> None:
    import subprocess
    import sys

    code = """
import numpy as np, torch
a = np.ones(2); a.flags.writeable = False
for _ in range(3):
    torch.from_numpy(a)
try:
    torch.from_numpy(a).add_(1)
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("not writable") == 1
    assert "add_" in done.stdout and "read-only" in done.stdout


def test_lists_of_arrays(both: Callable) -> None:
    """Arrays of one dtype and layout are copied as blocks, all others element by element; both give the same."""
    both("""
import numpy as np
a = np.arange(6, dtype=np.float32).reshape(2, 3)
result = [torch.tensor([a, a + 1]), torch.tensor([a.T, a.T]), torch.tensor([a[:, ::2], a[:, ::-2]]), torch.tensor([a, a.astype(np.float64)]),
          torch.tensor([a, a], dtype=torch.int16), torch.tensor([[a, a], [a, a]]), torch.tensor((a[0], [1, 2, 3])), torch.tensor([a[0, 0], a[0, 1]]),
          torch.tensor([np.zeros((0, 2)), np.zeros((0, 2))]), torch.tensor([np.array(1), np.array(2)]), torch.tensor([a > 2, a > 3]),
          torch.as_tensor([a, a]), torch.asarray([a, a])]
""")
    both("import numpy as np\ntorch.tensor([np.ones(2), np.ones(3)])")
    both("import numpy as np\ntorch.tensor([np.ones((2, 2)), np.ones(2)])")
    both("import numpy as np\ntorch.tensor([np.ones(2), 1.0])")
    both("import numpy as np\ntorch.tensor([np.array(['a']), np.array(['b'])])")


def test_numpy_of_a_tensor_that_needs_a_gradient() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad"):
        x.numpy()
    with torch.no_grad():
        assert np.shares_memory(x.numpy(), x.detach().numpy()) and np.asarray(x).tolist() == [1, 1]
