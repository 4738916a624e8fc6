"""Elementwise kernels, copies and filling: values as on the CPU, for every dtype and layout, and which kernel ran."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import pytest
import torch
from emulation import emulated as emulated, needs_device

pytestmark = needs_device

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
COMPLEX = [torch.complex64, torch.complex128]
ALL = [torch.bool, *INTS, *FLOATS, *COMPLEX]


def values(dtype: torch.dtype, *shape: int, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    if dtype.is_complex or dtype.is_floating_point:
        return (torch.randn(shape, dtype=torch.complex128 if dtype.is_complex else torch.float64) * 2).to(dtype)
    return torch.randint(0, 2 if dtype == torch.bool else 50, shape).to(dtype)


def close(ours: torch.Tensor, expected: torch.Tensor, ulps: float = 8) -> None:
    assert ours.device.type == "cuda" and ours.dtype == expected.dtype and ours.shape == expected.shape
    assert ours.stride() == expected.stride()
    back = ours.cpu()
    if back.dtype.is_floating_point or back.dtype.is_complex:
        tolerance = ulps * torch.finfo(back.dtype).eps
        torch.testing.assert_close(back, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        assert torch.equal(back, expected)


LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "contiguous": lambda t: t,
    "transposed": lambda t: t.transpose(0, 1),
    "sliced": lambda t: t[:, ::2],
    "shifted": lambda t: t.flatten()[1:].view(-1),  # not aligned to 16 bytes
    "expanded": lambda t: t[:1].expand(4, *t.shape[1:]),
    "column": lambda t: t[:, 3:4],
    "empty": lambda t: t[:0],
    "0-dim": lambda t: t[0, 0],
    "channels_last": lambda t: (
        t.view(1, *t.shape, 1).expand(2, -1, -1, 3).contiguous(memory_format=torch.channels_last)
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_layouts(dtype: torch.dtype, layout: str) -> None:
    a, b = values(dtype, 37, 70), values(dtype, 37, 70, seed=1)
    view = LAYOUTS[layout]
    x, y = view(a.cuda()), view(b.cuda())
    close(x + y, view(a) + view(b))
    close(x * 3, view(a) * 3)
    close(x == y, view(a) == view(b))
    close(torch.where(x == y, x, y), torch.where(view(a) == view(b), view(a), view(b)))
    close(x.clone(), view(a).clone())
    if layout != "expanded":
        expected, changed = a.clone(), a.cuda()
        view(expected).mul_(view(b))
        view(changed).mul_(y)
        close(changed, expected)


SHAPES = [
    ((5, 1, 7), (1, 6, 7)),
    ((7,), (4, 6, 7)),
    ((4, 1), (1, 9)),
    ((2, 3, 1, 5, 1), (3, 4, 1, 6)),
    ((), (3, 4)),
    ((1,), (8,)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting(shapes: Any) -> None:
    a, b = (values(torch.float32, *shape, seed=i) for i, shape in enumerate(shapes))
    close(a.cuda() - b.cuda(), a - b)
    close(torch.maximum(b.cuda(), a.cuda()), torch.maximum(b, a))


@pytest.mark.parametrize(
    "pair",
    list(itertools.permutations([torch.bool, torch.uint8, torch.int64, *FLOATS[1:], torch.complex64], 2)),
    ids=str,
)
def test_promotion(pair: Any) -> None:
    a, b = (values(dtype, 6, 9, seed=i) for i, dtype in enumerate(pair))
    close(a.cuda() * b.cuda(), a * b)
    close(a.cuda() + 2, a + 2)
    close(a.cuda() * 1.5, a * 1.5)
    close(b.cuda() + torch.tensor(3), b + torch.tensor(3))
    out = torch.empty(6, 9, dtype=torch.promote_types(*pair), device="cuda")
    close(torch.add(a.cuda(), b.cuda(), out=out), torch.add(a, b))


UNARY = """abs neg sign sgn floor ceil trunc round frac reciprocal square sqrt rsqrt exp exp2 expm1 log log2 log10 log1p sin
cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma angle conj_physical isnan
isinf isfinite signbit logical_not bitwise_not relu""".split()
NN = """gelu silu elu leaky_relu softplus logsigmoid hardswish hardsigmoid mish hardtanh relu6 softsign tanhshrink hardshrink
softshrink selu celu""".split()
BINARY = """add sub mul div remainder fmod pow maximum minimum fmax fmin atan2 hypot logaddexp logaddexp2 copysign xlogy nextafter
heaviside eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_left_shift
bitwise_right_shift floor_divide gcd lcm""".split()


def compare(function: Callable[..., torch.Tensor], *given: torch.Tensor, ulps: float) -> None:
    try:
        expected = function(*given)
    except (RuntimeError, NotImplementedError) as error:
        with pytest.raises(type(error)):
            function(*(t.cuda() for t in given))
        return
    close(function(*(t.cuda() for t in given)), expected, ulps)


SPECIAL = torch.tensor(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.5, -7.25, 30.0, float("inf"), float("-inf"), float("nan")]
)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_unary(name: str, dtype: torch.dtype) -> None:
    a = values(dtype, 300)
    if dtype.is_floating_point:
        a = torch.cat([a, SPECIAL.to(dtype)])
    if name in ("erfinv", "asin", "acos", "atanh", "log", "log2", "log10", "sqrt", "rsqrt") and dtype.is_floating_point:
        a = a.clamp(-1, 1) if name in ("erfinv", "asin", "acos", "atanh") else a.abs()
    compare(getattr(torch, name), a, ulps=400 if dtype.is_complex or name in ("lgamma", "digamma") else 32)


@pytest.mark.parametrize("name", NN)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_activations(name: str, dtype: torch.dtype) -> None:
    function = getattr(torch.nn.functional, name)
    a = values(dtype, 300).requires_grad_()
    x = a.detach().cuda().requires_grad_()
    close(function(x), function(a), 64)
    weights = values(dtype, 300, seed=2)
    function(a).mul(weights).backward(torch.ones(300, dtype=dtype))
    function(x).mul(weights.cuda()).backward(torch.ones(300, dtype=dtype, device="cuda"))
    assert a.grad is not None and x.grad is not None
    close(x.grad, a.grad, 64)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_binary(name: str, dtype: torch.dtype) -> None:
    a, b = values(dtype, 200), values(dtype, 200, seed=1)
    if not (dtype.is_floating_point or dtype.is_complex):
        b = b + 1 if dtype != torch.bool else torch.ones_like(b)  # divisors
        if "shift" in name or name == "pow":
            b = b % 5
    compare(getattr(torch, name), a, b, ulps=4000 if name == "pow" else 64)


def test_three_operands() -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.complex64):
        a, b, c = (values(dtype, 30, seed=i) for i in range(3))
        x, y, z = a.cuda(), b.cuda(), c.cuda()
        close(torch.addcmul(x, y, z, value=2), torch.addcmul(a, b, c, value=2))
        close(torch.addcdiv(x, y, z, value=0.5), torch.addcdiv(a, b, c, value=0.5), 64)
        close(torch.lerp(x, y, 0.25), torch.lerp(a, b, 0.25))
    close(torch.clamp(values(torch.int32, 30).cuda(), 5, 20), torch.clamp(values(torch.int32, 30), 5, 20))
    close(torch.nan_to_num(SPECIAL.cuda(), 9.0), torch.nan_to_num(SPECIAL, 9.0))


def test_which_kernels_run(emulated: Any) -> None:
    a = torch.ones(1000, device="cuda")
    half = a.half()
    emulated.launches()
    cases: list[tuple[Callable[[], Any], list[str]]] = [
        (lambda: a + a, ["Add_f32_f32"]),
        (lambda: half * 2, ["Mul_f32_f16"]),
        (lambda: a > 0, ["Gt_f32_f32"]),
        (lambda: a + half, ["Add_f32_any"]),
        (lambda: a.view(10, 100).t() + a.view(100, 10), ["Add_f32_any"]),
        (lambda: a.view(10, 100).t().exp(), ["Exp_f32_f32"]),  # dense: gone through as it lies
        (lambda: a.double(), ["Identity_f32_any"]),
        (lambda: a.clone(), []),  # the driver copies
        (lambda: torch.zeros(5, device="cuda"), []),
        (lambda: torch.full((5,), 2, device="cuda"), ["Identity_i64_i64"]),
        (lambda: a[::2].clone(), ["Identity_i32_any"]),  # 4 bytes each, whatever they are
    ]
    for call, kernels in cases:
        call()
        assert emulated.launches() == kernels


def test_the_end_of_a_block_and_beyond() -> None:
    for n in (1, 3, 4, 2047, 2048, 2049, 4096, 5000):
        a = values(torch.float32, n)
        close(a.cuda() + 1, a + 1)
        h = values(torch.float16, n + 1)[1:]
        close(h.cuda() * h.cuda(), h * h)
        x = torch.zeros(n + 9, device="cuda")
        x[4 : n + 4] += 1  # writes nothing beside it
        assert x.cpu().tolist() == [0.0] * 4 + [1.0] * n + [0.0] * 5


@pytest.mark.parametrize(
    "pair", list(itertools.product([torch.bool, *INTS[:1], *INTS[3:], *FLOATS, *COMPLEX], repeat=2)), ids=str
)
def test_copies_convert(pair: Any) -> None:
    source, target = pair
    a = values(source, 5, 8)
    for layout in ("contiguous", "transposed", "sliced"):
        view = LAYOUTS[layout](a)
        expected = view.to(target, copy=True)
        close(view.cuda().to(target), expected)
        close(view.to(device="cuda", dtype=target), expected)
        back = view.cuda().to(device="cpu", dtype=target)
        assert back.dtype == target and torch.equal(back, expected)
        place = torch.zeros(8, 8, dtype=target, device="cuda")[: view.shape[0], : view.shape[1]]
        place.copy_(view)
        assert torch.equal(place.cpu(), expected)
        host = torch.zeros(8, 8, dtype=target)[: view.shape[0], : view.shape[1]]
        assert torch.equal(host.copy_(view.cuda()), expected)


def test_types_without_arithmetic_are_moved() -> None:
    for dtype in (torch.float8_e4m3fn, torch.uint16, torch.uint64):
        a = torch.arange(12).to(dtype).view(3, 4)
        x = a.cuda()
        assert torch.equal(x.t().contiguous().cpu().view(torch.uint8), a.t().contiguous().view(torch.uint8))


def test_gradients_cross_devices() -> None:
    a = torch.randn(3, 4, requires_grad=True)
    b = torch.randn(4).cuda().requires_grad_()
    c = (a.cuda() * 2).exp()
    c.cpu().backward(torch.ones(3, 4))
    assert a.grad is not None and torch.allclose(a.grad, 2 * torch.exp(2 * a.detach()))
    (b * b).to(torch.float64).cpu().backward(torch.ones(4, dtype=torch.float64))
    assert b.grad is not None and b.grad.device == b.device and torch.equal(b.grad.cpu(), 2 * b.detach().cpu())


def test_printing_and_values() -> None:
    x = torch.ones(2, 2, device="cuda")
    assert repr(x) == "tensor([[1., 1.],\n        [1., 1.]], device='cuda:0')"
    assert x.tolist() == [[1, 1], [1, 1]] and x[0, 1].item() == 1.0 and bool(x[0, 0] == 1)
    assert x.is_cuda and x.get_device() == 0 and x.cuda() is x and x.to("cuda") is x and x.to(0) is x
    assert x.cpu().device.type == "cpu" and torch.empty_like(x).device == x.device
