"""torch.testing: assert_close accepts, refuses and says the same as the reference's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

CALLS = """
T([1.]), T([1.])
T([1., 2.]), T([1., 2.1])
T([1., 2., 3.]), T([1., 2.1, 4])
T([[1., 2.], [3, 4]]), T([[1., 2.1], [3, 9]])
T(1.), T(2.)
T([1, 2]), T([1, 3])
T([True]), T([False])
T([1., 2.]), T([1., 2.], dtype=torch.float64)
T([1., 2.]), T([1., 2.1], dtype=torch.float64), check_dtype=False
T([1., 2.]), T([1., 2., 3])
T([1.]), [1.]
[T(1.), T(2.)], [T(1.), T(3.)]
{'a': T(1.)}, {'a': T(2.)}
{'a': T(1.)}, {'b': T(2.)}
[T(1.)], [T(1.), T(2.)]
1.0, 1.1
1, 2
1.0, 1
True, False
1j, 2j
'a', 'b'
None, None
None, T(1.)
T(float('nan')), T(float('nan'))
T(float('nan')), T(float('nan')), equal_nan=True
T([float('inf')]), T([float('inf')])
T([float('inf'), 1.]), T([1., 1.])
np.array([1., 2.]), np.array([1., 3.])
np.float32(1), np.float32(2)
T([1., 2.]), T([1., 2.1]), msg='foo'
T([1., 2.]), T([1., 2.1]), msg=lambda m: 'X ' + m
T([1., 2.]), T([1., 2.1]), rtol=0.1, atol=0
T([1., 2.]), T([1., 2.1]), rtol=0.1
T([1., 2.]), T([1., 2.1]), rtol=1e-9, atol=1e-9
torch.ones(2, 3).t(), torch.ones(3, 2), check_stride=True
torch.ones(2, device='meta'), torch.ones(2)
torch.ones(2, device='meta'), torch.ones(2, device='meta')
torch.ones(0), torch.ones(0)
torch.nn.Parameter(T([1.])), T([1.])
torch.nn.Parameter(T([1.])), T([1.]), allow_subclasses=False
T([1 + 1j]), T([1 + 2j])
T([1., float('nan')]), T([1., 2.])
T([1.], dtype=torch.float16), T([1.002], dtype=torch.float16)
T([1.], dtype=torch.bfloat16), T([1.02], dtype=torch.bfloat16)
T([1], dtype=torch.uint8), T([255], dtype=torch.uint8)
[1.0, [2.0, 3.0]], [1.0, [2.0, 4.0]]
{'a': [1.0, 2.0]}, {'a': [1.0, 3.0]}
(1.0,), [1.0]
torch.ones(3, 4, 5), torch.ones(3, 4, 5) * 2
{1}, {1}
""".strip().split("\n")


@pytest.mark.parametrize("call", CALLS)
def test_assert_close_says_the_same(both: Any, call: str) -> None:
    both(
        "T = torch.tensor\ntry:\n"
        f"    torch.testing.assert_close({call}); result = 'close'\n"
        "except Exception as error: result = (type(error).__name__, str(error))"
    )


def test_negative_tolerance() -> None:
    with pytest.raises((ValueError, RuntimeError)):
        torch.testing.assert_close(torch.zeros(1), torch.zeros(1), rtol=-1, atol=0)


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.int8,
        torch.uint8,
        torch.int64,
        torch.bool,
    ],
)
def test_make_tensor(dtype: torch.dtype) -> None:
    x = torch.testing.make_tensor(20, 30, dtype=dtype, device="cpu")
    assert x.shape == (20, 30) and x.dtype == dtype and x.is_contiguous()
    assert len({str(v) for v in x.flatten().tolist()}) > 1
    y = torch.testing.make_tensor(
        (4, 6), dtype=dtype, device="cpu", noncontiguous=True, exclude_zero=dtype is not torch.bool
    )
    assert y.shape == (4, 6) and not y.is_contiguous()
    assert dtype is torch.bool or bool((y != 0).all())
    if dtype.is_floating_point:
        z = torch.testing.make_tensor(1000, dtype=dtype, device="cpu", low=2, high=3, requires_grad=True)
        assert z.requires_grad and 2 <= z.min().item() and z.max().item() <= 3
    elif dtype in (torch.int8, torch.int64):
        assert -9 <= x.min().item() and x.max().item() < 10


def test_make_tensor_errors() -> None:
    for options in (
        {"low": 3, "high": 3},
        {"low": float("nan")},
        {"noncontiguous": True, "memory_format": torch.channels_last},
    ):
        with pytest.raises(ValueError):
            torch.testing.make_tensor(3, dtype=torch.float32, device="cpu", **options)
    with pytest.raises(ValueError):
        torch.testing.make_tensor(3, dtype=torch.int64, device="cpu", requires_grad=True)
