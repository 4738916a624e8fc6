"""Convolution, pooling, interpolation, windows, bags of rows and losses of sequences and margins: results and gradients as on
the CPU over dtypes and layouts, and what is reported where an index is out of range."""

from __future__ import annotations

import ctypes
import math
from typing import Any, Callable

import pytest
import torch
from emulation import emulated as emulated, needs_device
from test_reduce import close
from torch.nn import functional as F

pytestmark = needs_device

HALVES = [torch.float16, torch.bfloat16]
FLOATS = [torch.float32, torch.float64, *HALVES]


def image(dtype: torch.dtype, *shape: int, last: bool = False) -> torch.Tensor:
    """Values without neighbours that are equal, so that maxima have one place."""
    n = math.prod(shape)
    made = ((torch.arange(n) * 7919 % 997).double() / 250 - 2).to(dtype).view(shape)
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return made.contiguous(memory_format=formats[len(shape)]) if last else made


def same(run: Callable[..., Any], *operands: torch.Tensor, scale: float = 8) -> None:
    """Results and gradients of floating-point operands."""
    given = []
    for device in ("cpu", "cuda"):
        there = [t.detach().to(device) for t in operands]
        for t in there:
            if t.is_floating_point() or t.is_complex():
                t.requires_grad_()
        result = run(*there)
        results = result if isinstance(result, tuple) else (result,)
        first = results[0]
        gradients = []
        if first.requires_grad:
            weight = image(first.dtype, *first.shape) if first.dim() else torch.ones((), dtype=first.dtype)
            first.backward(weight.to(device))
            gradients = [t.grad for t in there if t.grad is not None]
        given.append((results, gradients))
    (expected, slopes), (ours, our_slopes) = given
    assert len(our_slopes) == len(slopes)
    for one, other in zip([*ours, *our_slopes], [*expected, *slopes]):
        assert one.device.type == "cuda" and one.is_contiguous() == other.is_contiguous()
        close(one.detach(), other.detach(), scale)


WINDOWS: list[dict[str, Any]] = [
    dict(kernel_size=2),
    dict(kernel_size=3, stride=2, padding=1),
    dict(kernel_size=3, stride=1, padding=1, ceil_mode=True),
    dict(kernel_size=2, stride=3, ceil_mode=True),
]


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_pooling(dtype: torch.dtype, last: bool) -> None:
    for spatial, means, maxima in ((2, F.avg_pool2d, F.max_pool2d), (3, F.avg_pool3d, F.max_pool3d)):
        x = image(dtype, 2, 3, *(7, 6, 5)[:spatial], last=last)
        for how in WINDOWS:
            same(lambda t: means(t, **how), x)
            same(lambda t: means(t, **how, count_include_pad=False), x)
            same(lambda t: means(t, **how, divisor_override=5), x)
            same(lambda t: maxima(t, **how), x)
            same(lambda t: maxima(t, **how, return_indices=True), x)
        same(lambda t: maxima(t, 2, dilation=2, stride=1), x)
    line = image(dtype, 2, 3, 11)
    same(lambda t: F.avg_pool1d(t, 3, 2, 1), line)
    same(lambda t: F.max_pool1d(t, 3, 2, 1), line)
    same(lambda t: F.lp_pool1d(t.abs() + 0.1, 2.0, 3), line, scale=64)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_adaptive_pooling(dtype: torch.dtype, last: bool) -> None:
    x = image(dtype, 2, 3, 7, 6, last=last)
    for size in ((1, 1), (3, 2), (7, 3), (9, 8)):
        same(lambda t: F.adaptive_avg_pool2d(t, size), x)
        same(lambda t: F.adaptive_max_pool2d(t, size, return_indices=True), x)
    volume = image(dtype, 2, 3, 5, 4, 3, last=last)
    same(lambda t: F.adaptive_avg_pool3d(t, (2, 3, 4)), volume)
    same(lambda t: F.adaptive_max_pool3d(t, (2, 3, 1)), volume)
    samples = image(torch.float64, 2, 3, 2).abs().remainder(1).to(dtype)
    pool = torch.nn.functional.fractional_max_pool2d
    same(lambda t: pool(t, 2, output_size=(3, 4), _random_samples=samples.to(t.device)), x)


def test_maxima_of_integers_and_of_nan() -> None:
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
        x = (torch.arange(60) * 37 % 50).to(dtype).view(1, 3, 4, 5)
        ours = F.max_pool2d(x.cuda(), 3, 2, 1, return_indices=True)
        for one, other in zip(ours, F.max_pool2d(x, 3, 2, 1, return_indices=True)):
            assert torch.equal(one.cpu(), other)
    x = torch.full((1, 1, 4, 4), -math.inf)
    x[0, 0, 1, 1] = math.nan
    ours = F.max_pool2d(x.cuda(), 2, return_indices=True)
    expected = F.max_pool2d(x, 2, return_indices=True)
    assert torch.equal(ours[1].cpu(), expected[1]) and ours[0].isnan().sum() == 1


def test_gradients_of_means_have_an_order() -> None:
    x = image(torch.float32, 2, 3, 9, 9).cuda().requires_grad_()
    slopes = [torch.autograd.grad(F.avg_pool2d(x, 3, 1, 1).square().sum(), x)[0] for _ in range(2)]
    assert torch.equal(*slopes)


MODES = ["nearest", "nearest-exact", "bilinear", "bicubic"]


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_interpolation(mode: str, dtype: torch.dtype, last: bool) -> None:
    x = image(dtype, 2, 3, 7, 5, last=last)
    for size in ((14, 10), (3, 9), (7, 5), (1, 1)):
        same(lambda t: F.interpolate(t, size=size, mode=mode), x)
        if mode in ("bilinear", "bicubic"):
            same(lambda t: F.interpolate(t, size=size, mode=mode, align_corners=True), x)
            same(lambda t: F.interpolate(t, size=size, mode=mode, antialias=True), x)
    same(lambda t: F.interpolate(t, scale_factor=1.7, mode=mode), x)
    same(lambda t: F.interpolate(t, scale_factor=(0.6, 2.5), mode=mode, recompute_scale_factor=False), x)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_interpolation_of_lines_and_volumes(dtype: torch.dtype) -> None:
    for mode in ("nearest", "nearest-exact", "trilinear", "area"):
        same(lambda t: F.interpolate(t, size=(2, 7, 4), mode=mode), image(dtype, 2, 3, 4, 5, 3))
    for mode in ("nearest", "linear", "area"):
        same(lambda t: F.interpolate(t, size=9, mode=mode), image(dtype, 2, 3, 5))


def test_bytes_are_taken_from_the_nearest_only() -> None:
    x = torch.arange(60, dtype=torch.uint8).view(1, 3, 4, 5)
    assert torch.equal(F.interpolate(x.cuda(), size=(7, 3)).cpu(), F.interpolate(x, size=(7, 3)))
    with pytest.raises(NotImplementedError):
        F.interpolate(x.cuda(), size=(7, 3), mode="bilinear")


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_sampling_at_places(padding: str, dtype: torch.dtype) -> None:
    grid = image(dtype, 2, 5, 4, 2) * 0.7
    for corners in (False, True):
        for mode in ("nearest", "bilinear", "bicubic"):
            for last in (False, True):
                x = image(dtype, 2, 3, 6, 7, last=last)
                same(lambda t, g: F.grid_sample(t, g, mode, padding, corners), x, grid, scale=64)
        volume, places = image(dtype, 2, 3, 4, 5, 6), image(dtype, 2, 3, 2, 4, 3) * 0.7
        for mode in ("nearest", "bilinear"):
            same(lambda t, g: F.grid_sample(t, g, mode, padding, corners), volume, places, scale=64)
    many = image(dtype, 1, 70, 4, 4)  # channels are shared out
    same(lambda t, g: F.grid_sample(t, g, "bilinear", padding, False), many, image(dtype, 1, 2, 3, 2), scale=64)


def test_windows_as_columns() -> None:
    for dtype in (*FLOATS, torch.complex64):
        for last in (False, True):
            x = image(dtype, 2, 3, 7, 6, last=last)
            same(lambda t: F.unfold(t, (3, 2), dilation=(1, 2), padding=(1, 0), stride=2), x)
            same(lambda t: F.unfold(t, 3), x[0])
        columns = image(dtype, 2, 3 * 6, 4 * 2)
        same(lambda t: F.fold(t, (7, 4), (3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1)), columns)
    whole = torch.arange(2 * 3 * 5 * 4).view(2, 3, 5, 4)
    assert torch.equal(F.unfold(whole.cuda(), 2).cpu(), F.unfold(whole, 2))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("index", [torch.int32, torch.int64], ids=str)
def test_bags(mode: str, dtype: torch.dtype, index: torch.dtype) -> None:
    table = image(dtype, 10, 5)
    rows, starts = torch.tensor([1, 4, 4, 9, 0, 3, 1], dtype=index), torch.tensor([0, 3, 3, 7], dtype=index)

    def bags(t: torch.Tensor, **how: Any) -> torch.Tensor:
        return F.embedding_bag(rows.to(t.device), t, starts.to(t.device), mode=mode, **how)

    same(bags, table)
    same(lambda t: bags(t, include_last_offset=True), table)
    same(lambda t: bags(t, padding_idx=4), table)
    if mode == "sum":
        factors = image(dtype, 7)
        same(lambda t, f: bags(t, per_sample_weights=f), table, factors)


def test_bags_out_of_range(emulated: Any) -> None:
    table, starts = torch.ones(4, 3, device="cuda"), torch.tensor([0], device="cuda")
    for rows in ([0, 4], [-1]):
        with pytest.raises(IndexError, match="out of range|out of bounds"):
            F.embedding_bag(torch.tensor(rows, device="cuda"), table, starts)
            torch.cuda.synchronize()


def test_limit_on_the_norms_of_rows() -> None:
    rows = torch.tensor([[0, 3], [3, 5]])
    for dtype in FLOATS:
        for power in (2.0, 1.0, 3.0, math.inf):
            a = image(dtype, 6, 300)
            ours = a.cuda()
            torch.embedding_renorm_(ours, rows.cuda(), 1.5, power)
            close(ours, torch.embedding_renorm_(a.clone(), rows, 1.5, power), 8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_sequences(reduction: str, dtype: torch.dtype) -> None:
    scores = image(dtype, 12, 3, 5)
    lengths, labels = torch.tensor([12, 9, 4]), torch.tensor([3, 5, 4])
    targets = torch.tensor([1, 1, 2, 4, 3, 2, 1, 1, 2, 2, 2, 2])  # the last one needs more steps than it has
    padded = torch.tensor([[1, 1, 2, 0, 0], [4, 3, 2, 1, 1], [2, 2, 2, 2, 0]])

    def loss(x: torch.Tensor, to: torch.Tensor, **how: Any) -> torch.Tensor:
        return F.ctc_loss(x.log_softmax(2), to.to(x.device), lengths, labels, reduction=reduction, **how)

    for to in (targets, padded, targets.int()):
        same(lambda x: loss(x, to, zero_infinity=True), scores, scale=64)
    lengths, labels = lengths[:2], labels[:2]  # a label may be the blank's number before
    same(lambda x: loss(x, torch.tensor([1, 3, 2, 0, 0, 1, 3, 0]), blank=4), scores[:, :2], scale=64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_margins(reduction: str, dtype: torch.dtype) -> None:
    x = image(dtype, 5, 300)
    right = torch.tensor([3, 0, 299, 7, 7])
    weight = image(dtype, 300).abs()
    for p in (1, 2):
        same(lambda t: F.multi_margin_loss(t, right.to(t.device), p=p, reduction=reduction), x)
        same(
            lambda t: F.multi_margin_loss(
                t, right.to(t.device), p=p, margin=0.5, weight=weight.to(t.device), reduction=reduction
            ),
            x,
        )
    labels = torch.full((5, 300), -1)
    labels[0, :3] = torch.tensor([4, 290, 1])
    labels[1, :4] = torch.tensor([7, 7, 0, 3])
    labels[3] = torch.arange(300)
    same(lambda t: F.multilabel_margin_loss(t, labels.to(t.device), reduction=reduction), x)


def test_random_slopes() -> None:
    x = image(torch.float32, 1000)
    ours = F.rrelu(x.cuda(), 0.25, 0.5, training=True).cpu()
    assert torch.equal(ours[x > 0], x[x > 0])
    slopes = (ours / x)[x < 0]
    assert slopes.min() >= 0.25 and slopes.max() <= 0.5 and slopes.std() > 0.05


CONVOLUTIONS: list[dict[str, Any]] = [
    dict(),
    dict(stride=2, padding=1),
    dict(padding=2, dilation=2),
    dict(groups=2, padding=1),
    dict(groups=4, padding=1, stride=2),  # depthwise
]


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_convolution(dtype: torch.dtype, last: bool) -> None:
    x = image(dtype, 2, 4, 9, 8, last=last)
    for how in CONVOLUTIONS:
        w = image(dtype, 8, 4 // how.get("groups", 1), 3, 3, last=last) * 0.25
        bias = image(dtype, 8)
        same(lambda t, v, b: F.conv2d(t, v, b, **how), x, w, bias, scale=64)
        same(lambda t, v: F.conv2d(t, v, **how), x, w, scale=64)
    transposed: list[dict[str, Any]] = [dict(), dict(stride=2, padding=1, output_padding=1), dict(groups=2, stride=3)]
    for how in transposed:
        w = image(dtype, 4, 6, 3, 3) * 0.25
        bias = image(dtype, 6 * how.get("groups", 1))
        same(lambda t, v, b: F.conv_transpose2d(t, v, b, **how), x, w, bias, scale=64)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_convolution_of_lines_and_volumes(dtype: torch.dtype) -> None:
    line, volume = image(dtype, 2, 4, 11), image(dtype, 2, 4, 5, 6, 4)
    same(lambda t, v: F.conv1d(t, v, stride=2, padding=1), line, image(dtype, 6, 4, 3), scale=64)
    same(lambda t, v: F.conv1d(t, v, padding="same"), line, image(dtype, 6, 4, 4), scale=64)
    same(lambda t, v: F.conv_transpose1d(t, v, stride=2), line, image(dtype, 4, 6, 3), scale=64)
    for last in (False, True):
        deep = image(dtype, 2, 4, 5, 6, 4, last=last)
        same(lambda t, v: F.conv3d(t, v, padding=1, groups=2), deep, image(dtype, 6, 2, 3, 3, 3), scale=64)
    same(lambda t, v: F.conv_transpose3d(t, v, stride=2), volume, image(dtype, 4, 2, 2, 3, 2), scale=64)


def test_convolution_twice_differentiated() -> None:
    x, w = image(torch.float64, 1, 2, 5, 5).cuda().requires_grad_(), image(torch.float64, 3, 2, 3, 3).cuda()
    assert torch.autograd.gradgradcheck(lambda t, v: F.conv2d(t, v, padding=1), (x, w.requires_grad_()))


def test_convolution_of_integers_and_complex_numbers() -> None:
    x, w = torch.arange(2 * 3 * 6 * 5).view(2, 3, 6, 5), torch.arange(2 * 3 * 3 * 3).view(2, 3, 3, 3) - 20
    assert torch.equal(F.conv2d(x.cuda(), w.cuda(), padding=1).cpu(), F.conv2d(x, w, padding=1))
    a, b = (torch.complex(image(torch.float64, *s), image(torch.float64, *s).flip(0)) for s in (x.shape, w.shape))
    same(lambda t, v: F.conv2d(t, v, stride=2), a, b)


@pytest.fixture
def ways(emulated: Any) -> Callable[[], list[str]]:
    """What the stand-in for cuDNN ran since the last time, and by which way: 0 with tensor cores, 1 without an order of sums."""
    library = emulated._library
    library.emulated_convolutions.restype = ctypes.c_char_p
    library.emulated_convolutions()
    return lambda: library.emulated_convolutions().decode().split()


def convolve(dtype: torch.dtype, size: int = 6) -> None:
    x, w = image(dtype, 1, 2, size, size).cuda().requires_grad_(), image(dtype, 2, 2, 3, 3).cuda().requires_grad_()
    F.conv2d(x, w).sum().backward()


def test_ways_that_switches_leave(ways: Callable[[], list[str]]) -> None:
    flags = torch.backends.cudnn.flags
    convolve(torch.float32)
    assert sorted(ways()) == ["forward:0", "grad_input:0", "grad_weight:0"]
    with flags(enabled=True, allow_tf32=False):
        convolve(torch.float32)
        convolve(torch.float16)  # whose products are no less exact there
        assert sorted(ways()) == [
            "forward:0",
            "forward:1",
            *(f"grad_{t}:{k}" for t in ("input", "weight") for k in "01"),
        ]
    with flags(enabled=True, allow_tf32=False, deterministic=True):
        convolve(torch.float32)
        assert sorted(ways()) == ["forward:2", "grad_input:2", "grad_weight:2"]
    with flags(enabled=False):
        convolve(torch.float32)
        assert ways() == []
    torch.use_deterministic_algorithms(True)
    try:
        with flags(enabled=True, allow_tf32=False):
            convolve(torch.float64)
        assert sorted(ways()) == ["forward:0", "grad_input:0", "grad_weight:0"]
        with flags(enabled=True, allow_tf32=False):
            convolve(torch.float32)
        assert sorted(ways()) == ["forward:2", "grad_input:2", "grad_weight:2"]
    finally:
        torch.use_deterministic_algorithms(False)


def test_ways_are_timed_once(ways: Callable[[], list[str]]) -> None:
    x, w = image(torch.float32, 1, 2, 13, 13).cuda(), image(torch.float32, 2, 2, 3, 3).cuda()
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, benchmark_limit=2):
        F.conv2d(x, w)
        tried = ways()
        assert set(tried) == {"forward:0", "forward:1"} and len(tried) == 5
        F.conv2d(x, w)
        assert len(ways()) == 1


def test_a_convolution_without_a_way_is_our_own(emulated: Any, ways: Callable[[], list[str]]) -> None:
    emulated._library.emulated_no_convolutions(1)
    try:
        same(lambda t, v: F.conv2d(t, v), image(torch.float32, 1, 2, 15, 15), image(torch.float32, 2, 2, 3, 3))
        assert ways() == [] and "Conv_f64_any" in emulated.launches()
    finally:
        emulated._library.emulated_no_convolutions(0)


def test_cudnn_is_told_of(emulated: Any) -> None:
    cudnn = torch.backends.cudnn
    assert cudnn.is_available() and cudnn.version() == 91000
    assert cudnn.is_acceptable(torch.ones(1, device="cuda")) and not cudnn.is_acceptable(torch.ones(1))


def test_channels_last_are_convolved_as_they_lie(emulated: Any) -> None:
    x, w = (image(torch.bfloat16, *shape, last=True).cuda() for shape in ((2, 4, 9, 8), (6, 4, 3, 3)))
    grad = image(torch.bfloat16, 2, 6, 7, 6, last=True).cuda()
    x.requires_grad_()
    emulated.launches()
    y = F.conv2d(x, w)
    slope = torch.autograd.grad(y, x, grad)[0]
    assert y.is_contiguous(memory_format=torch.channels_last) and slope.stride() == x.stride()
    assert emulated.launches() == []
