"""The benchmark cases. Imported by both interpreters; uses only what both offer.

``GROUPS[name]`` is a function that yields (case name, callable); a callable is one call to be timed. Setup
happens when the generator reaches the case and is not timed.
"""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from cases_ops import GROUPS as OPERATOR_GROUPS

Case = tuple  # (name, callable)


def overhead() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Calls on 8 elements: what a call costs before it does anything."""
    import torch

    x, y = torch.randn(8), torch.randn(8)
    yield "x + x", lambda: x + x
    yield "x * 2.0", lambda: x * 2.0
    yield "x.add_(y)", lambda: x.add_(y)
    yield "x.sum()", lambda: x.sum()
    yield "x.view(-1)", lambda: x.view(-1)
    yield "x[3]", lambda: x[3]
    yield "x[1:5]", lambda: x[1:5]
    yield "torch.empty(8)", lambda: torch.empty(8)
    one = torch.tensor(1.0)
    yield "item", lambda: one.item()
    yield "relu", lambda: torch.relu(x)
    linear, batch = torch.nn.Linear(8, 8), torch.randn(1, 8)
    yield "Linear(8, 8)", lambda: linear(batch)
    a, b = torch.randn(8, requires_grad=True), torch.randn(8)

    def small_backward() -> None:
        (a * b + a).sum().backward()
        a.grad = None

    yield "(x*y+x).sum().backward()", small_backward


def overhead_more() -> Iterator[tuple[str, Callable[[], Any]]]:
    """More small calls, told but not part of the target."""
    import torch
    import torch.nn.functional as F

    x, y = torch.randn(8), torch.randn(8)
    m = torch.randn(8, 8)
    w = torch.randn(8, requires_grad=True)
    yield "w + w with grad", lambda: w + w
    yield "m @ m", lambda: m @ m
    yield "m[:, 1]", lambda: m[:, 1]
    yield "m.t()", lambda: m.t()
    yield "m.reshape(-1)", lambda: m.reshape(-1)
    yield "m.max(1)", lambda: m.max(1)
    yield "m.mean(1)", lambda: m.mean(1)
    yield "m.softmax(1)", lambda: m.softmax(1)
    yield "torch.cat([x, y])", lambda: torch.cat([x, y])
    yield "torch.stack([x, y])", lambda: torch.stack([x, y])
    yield "torch.zeros(8)", lambda: torch.zeros(8)
    yield "torch.tensor([1., 2., 3.])", lambda: torch.tensor([1.0, 2.0, 3.0])
    yield "x.clone()", lambda: x.clone()
    yield "x.to(float64)", lambda: x.to(torch.float64)
    yield "x.shape", lambda: x.shape
    yield "x > 0", lambda: x > 0
    yield "x.exp()", lambda: x.exp()
    yield "F.mse_loss", lambda: F.mse_loss(x, y)

    def assign() -> None:
        m[0, 0] = 1.0

    yield "m[0, 0] = 1.0", assign

    def no_grad() -> None:
        with torch.no_grad():
            pass

    yield "with no_grad()", no_grad


def pointwise() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Elementwise work, new result each time."""
    import torch
    import torch.nn.functional as F

    for size in (10_000, 1_000_000, 10_000_000):
        torch.manual_seed(0)
        x, y = torch.rand(size) + 0.1, torch.rand(size) + 0.1
        mask = x > 0.6
        tag = f"1e{len(str(size)) - 1}"
        yield f"add {tag}", lambda x=x, y=y: x + y
        yield f"mul {tag}", lambda x=x, y=y: x * y
        yield f"mul scalar {tag}", lambda x=x: x * 2.0
        yield f"div {tag}", lambda x=x, y=y: x / y
        yield f"exp {tag}", lambda x=x: x.exp()
        yield f"log {tag}", lambda x=x: x.log()
        yield f"tanh {tag}", lambda x=x: x.tanh()
        yield f"sigmoid {tag}", lambda x=x: x.sigmoid()
        yield f"gelu {tag}", lambda x=x: F.gelu(x)
        yield f"relu {tag}", lambda x=x: x.relu()
        yield f"sqrt {tag}", lambda x=x: x.sqrt()
        yield f"pow 2.5 {tag}", lambda x=x: x**2.5
        yield f"where {tag}", lambda x=x, y=y, mask=mask: torch.where(mask, x, y)
        yield f"gt {tag}", lambda x=x, y=y: x > y
        yield f"clamp {tag}", lambda x=x: x.clamp(0.2, 0.8)
        yield f"to bfloat16 {tag}", lambda x=x: x.to(torch.bfloat16)
        yield f"to float64 {tag}", lambda x=x: x.to(torch.float64)
        yield f"add_ {tag}", lambda x=x, y=y: x.add_(y, alpha=1e-9)
        rows = x[: size // 100 * 100].view(-1, 100)
        bias = y[:100]
        yield f"add row {tag}", lambda rows=rows, bias=bias: rows + bias
        across = x[:10_000].view(100, 100) if size == 10_000 else x[: (int(size**0.5)) ** 2].view(int(size**0.5), -1)
        yield f"add transposed {tag}", lambda across=across: across + across.t()


def reduce() -> Iterator[tuple[str, Callable[[], Any]]]:
    import torch

    torch.manual_seed(0)
    flat, square = torch.randn(10_000_000), torch.randn(4096, 1024)
    small = torch.randn(1024, 1024)
    yield "sum 1e7", lambda: flat.sum()
    yield "sum dim 0 4096x1024", lambda: square.sum(0)
    yield "sum dim 1 4096x1024", lambda: square.sum(1)
    yield "mean dim 1", lambda: square.mean(1)
    yield "max dim 1", lambda: square.max(1)
    yield "amax dim 1", lambda: square.amax(1)
    yield "argmax dim 1", lambda: square.argmax(1)
    yield "var dim 1", lambda: square.var(1)
    yield "norm", lambda: square.norm()
    yield "logsumexp dim 1", lambda: square.logsumexp(1)
    yield "softmax dim 1 1024x1024", lambda: small.softmax(1)
    yield "log_softmax dim 1", lambda: small.log_softmax(1)
    yield "softmax dim 0", lambda: small.softmax(0)
    yield "cumsum dim 1", lambda: small.cumsum(1)
    yield "layer_norm 1024x768", lambda x=torch.randn(1024, 768): torch.nn.functional.layer_norm(x, (768,))
    yield (
        "batch_norm 16x64x28x28",
        lambda x=torch.randn(16, 64, 28, 28): torch.nn.functional.batch_norm(x, None, None, training=True),
    )
    yield "sort 1e5", lambda x=torch.randn(100_000): x.sort()
    yield "topk 10 of 1000x1000", lambda x=torch.randn(1000, 1000): x.topk(10)
    yield "nonzero 1e6", lambda x=torch.randn(1_000_000) > 0: x.nonzero()
    yield "masked_select 1e6", lambda x=torch.randn(1_000_000): x[x > 0]
    yield "gather 1e6", lambda x=small, i=torch.randint(0, 1024, (1024, 1024)): x.gather(1, i)
    yield "index_select rows", lambda x=square, i=torch.randint(0, 4096, (2048,)): x[i]
    yield "transpose copy 2000x2000", lambda x=torch.randn(2000, 2000): x.t().contiguous()
    yield "cat 4 x 1e6", lambda x=[torch.randn(1_000_000)] * 4: torch.cat(x)
    yield "randn 1e6", lambda: torch.randn(1_000_000)
    yield "dropout 1e6", lambda x=torch.randn(1_000_000): torch.nn.functional.dropout(x, 0.5)


def matmul() -> Iterator[tuple[str, Callable[[], Any]]]:
    import torch

    torch.manual_seed(0)
    for n in (64, 128, 256, 512, 1024):
        a, b = torch.randn(n, n), torch.randn(n, n)
        yield f"mm {n}", lambda a=a, b=b: torch.mm(a, b)


def matmul_more() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Other products, told but not part of the target."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    for n in (8, 16, 32):
        a, b = torch.randn(n, n), torch.randn(n, n)
        yield f"mm {n}", lambda a=a, b=b: torch.mm(a, b)
    x, w, bias = torch.randn(64, 784), torch.randn(512, 784), torch.randn(512)
    yield "linear 64x784x512", lambda: F.linear(x, w, bias)
    yield "mm transposed 512", lambda a=torch.randn(512, 512), b=torch.randn(512, 512): a @ b.t()
    yield "mm float64 512", lambda a=torch.randn(512, 512).double(), b=torch.randn(512, 512).double(): a @ b
    yield "mm bfloat16 256", lambda a=torch.randn(256, 256).bfloat16(), b=torch.randn(256, 256).bfloat16(): a @ b
    yield "bmm 64 x 64^3", lambda a=torch.randn(64, 64, 64), b=torch.randn(64, 64, 64): a @ b
    yield "mv 2048", lambda a=torch.randn(2048, 2048), b=torch.randn(2048): a @ b
    yield (
        "einsum bihd,bjhd",
        lambda a=torch.randn(2, 64, 4, 32), b=torch.randn(2, 64, 4, 32): torch.einsum("bihd,bjhd->bhij", a, b),
    )


def conv() -> Iterator[tuple[str, Callable[[], Any]]]:
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    yield (
        "conv 3x3 64ch 28^2 b4",
        lambda x=torch.randn(4, 64, 28, 28), w=torch.randn(64, 64, 3, 3): F.conv2d(x, w, padding=1),
    )
    yield "conv 1x1 256->64 28^2", lambda x=torch.randn(4, 256, 28, 28), w=torch.randn(64, 256, 1, 1): F.conv2d(x, w)
    yield (
        "conv 7x7 s2 stem 112^2",
        lambda x=torch.randn(2, 3, 112, 112), w=torch.randn(64, 3, 7, 7): F.conv2d(x, w, stride=2, padding=3),
    )
    yield (
        "conv depthwise 3x3",
        lambda x=torch.randn(4, 64, 28, 28), w=torch.randn(64, 1, 3, 3): F.conv2d(x, w, padding=1, groups=64),
    )
    yield (
        "conv LeNet 5x5 b64",
        lambda x=torch.randn(64, 1, 28, 28), w=torch.randn(6, 1, 5, 5): F.conv2d(x, w, padding=2),
    )
    yield "max_pool2d 16x64x28x28", lambda x=torch.randn(16, 64, 28, 28): F.max_pool2d(x, 2)
    yield "avg_pool2d 16x64x28x28", lambda x=torch.randn(16, 64, 28, 28): F.avg_pool2d(x, 2)
    x = torch.randn(4, 32, 28, 28, requires_grad=True)
    w = torch.randn(32, 32, 3, 3, requires_grad=True)

    def both_ways() -> None:
        F.conv2d(x, w, padding=1).sum().backward()
        x.grad = w.grad = None

    yield "conv 3x3 32ch fwd+bwd", both_ways


def attention() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Attention of 8 heads of 64, forward and backward."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    torch.manual_seed(0)
    for length, dtype, options in (
        (512, torch.float32, {"is_causal": True}),
        (2048, torch.float32, {"is_causal": True}),
        (2048, torch.float32, {}),
        (512, torch.float32, {"is_causal": True, "dropout_p": 0.1}),
        (512, torch.bfloat16, {"is_causal": True}),
    ):
        q, k, v = (torch.randn(1, 8, length, 64).to(dtype).requires_grad_() for _ in range(3))
        grad = torch.randn(1, 8, length, 64).to(dtype)

        def both_ways(given: tuple = (q, k, v), grad: torch.Tensor = grad, options: dict = options) -> None:
            torch.autograd.grad(scaled_dot_product_attention(*given, **options), given, grad)

        yield " ".join([f"length {length}", str(dtype).removeprefix("torch."), *options]), both_ways


def training() -> Iterator[tuple[str, Callable[[], Any]]]:
    """One step: forward, loss, backward, update."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    x = torch.linspace(-3.14, 3.14, 2000)
    xx, y = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3])), torch.sin(x)
    poly = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0, 1))
    poly_loss, poly_step = nn.MSELoss(reduction="sum"), torch.optim.SGD(poly.parameters(), lr=1e-7)

    def tutorial() -> None:
        loss = poly_loss(poly(xx), y)
        poly_step.zero_grad()
        loss.backward()
        poly_step.step()

    yield "tutorial regression", tutorial

    images, labels = torch.randn(64, 784), torch.randint(0, 10, (64,))
    for name, make in (
        ("SGD", lambda p: torch.optim.SGD(p, lr=0.01)),
        ("Adam", lambda p: torch.optim.Adam(p, lr=1e-3)),
    ):
        mlp = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
        optimizer, loss_fn = make(mlp.parameters()), nn.CrossEntropyLoss()

        def step(mlp: Any = mlp, optimizer: Any = optimizer, loss_fn: Any = loss_fn) -> None:
            optimizer.zero_grad()
            loss_fn(mlp(images), labels).backward()
            optimizer.step()

        yield f"MLP 784-512-512-10 b64 {name}", step

    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    pictures = torch.randn(64, 1, 28, 28)
    lenet_step, lenet_loss = torch.optim.SGD(lenet.parameters(), lr=0.01), nn.CrossEntropyLoss()

    def lenet_train() -> None:
        lenet_step.zero_grad()
        lenet_loss(lenet(pictures), labels).backward()
        lenet_step.step()

    yield "LeNet b64", lenet_train


def training_more() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Small models, told but not part of the target."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    small = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    x, y = torch.randn(8, 32), torch.randn(8, 1)
    for name, make in (
        ("SGD", lambda p: torch.optim.SGD(p, lr=0.01)),
        ("Adam", lambda p: torch.optim.Adam(p, lr=1e-3)),
    ):
        optimizer = make(small.parameters())

        def step(optimizer: Any = optimizer) -> None:
            optimizer.zero_grad()
            nn.functional.mse_loss(small(x), y).backward()
            optimizer.step()

        yield f"MLP 3x32 b8 {name}", step
    w = torch.randn(8, requires_grad=True)

    def chain() -> None:
        z = w
        for _ in range(100):
            z = z * 1.01
        z.sum().backward()
        w.grad = None

    yield "chain of 100 mul, fwd+bwd", chain


def optimizers() -> Iterator[tuple[str, Callable[[], Any]]]:
    """A step of many small parameters, with default options."""
    import torch

    torch.manual_seed(0)
    for name, make in (
        ("SGD", lambda p: torch.optim.SGD(p, lr=0.01)),
        ("Adam", lambda p: torch.optim.Adam(p)),
        ("AdamW", lambda p: torch.optim.AdamW(p)),
    ):
        params = [torch.nn.Parameter(torch.randn(64)) for _ in range(150)]
        for p in params:
            p.grad = torch.randn(64)
        optimizer = make(params)
        yield f"{name}.step of 150 x 64", lambda optimizer=optimizer: optimizer.step()


def data() -> Iterator[tuple[str, Callable[[], Any]]]:
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, RandomSampler, TensorDataset

    torch.manual_seed(0)
    dataset = TensorDataset(torch.randn(10_000, 784), torch.randint(0, 10, (10_000,)))
    shuffled, ordered = DataLoader(dataset, batch_size=64, shuffle=True), DataLoader(dataset, batch_size=64)

    def epoch(loader: Any) -> int:
        return sum(1 for _ in loader)

    yield "TensorDataset 1e4x784 b64 shuffled", lambda: epoch(shuffled)
    yield "TensorDataset 1e4x784 b64 in order", lambda: epoch(ordered)

    class Rows(torch.utils.data.Dataset):
        def __init__(self) -> None:
            self.rows = torch.randn(5000, 32)

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, i: int) -> Any:
            return self.rows[i], i

    for count, shape in ((1000, (10,)), (64, (28, 28)), (16, (3, 224, 224))):
        rows = list(np.ones((count, *shape), dtype=np.float32))
        size = "x".join(map(str, shape))
        yield f"tensor of {count} arrays {size}", lambda rows=rows: torch.tensor(rows)
        yield f"from_numpy(stack) of {count} arrays {size}", lambda rows=rows: torch.from_numpy(np.stack(rows))

    own = DataLoader(Rows(), batch_size=50)
    yield "own Dataset 5000x32 b50", lambda: epoch(own)
    yield "RandomSampler 1e5", lambda: list(RandomSampler(range(100_000)))


def rows() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Epochs over tensors, of the size of MNIST."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset, random_split

    torch.manual_seed(0)
    dataset = TensorDataset(torch.randn(60_000, 784), torch.randint(0, 10, (60_000,)))
    part = random_split(dataset, [50_000, 10_000])[0]
    for name, loader in (
        ("in order", DataLoader(dataset, batch_size=64)),
        ("shuffled", DataLoader(dataset, batch_size=64, shuffle=True)),
        ("part of random_split, shuffled", DataLoader(part, batch_size=64, shuffle=True)),
    ):
        yield f"TensorDataset 60000x784 b64 {name}", lambda loader=loader: sum(1 for _ in loader)


def workers() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Epochs over datasets in Python with two worker processes, their start included."""
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset

    torch.manual_seed(0)

    class Data(Dataset):
        def __init__(self, count: int, get: Callable[[int], Any]) -> None:
            self.count, self.get = count, get

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, i: int) -> Any:
            return self.get(i)

    small, large = torch.randn(2048, 3, 32, 32), np.random.rand(32, 3, 224, 224).astype(np.float32)

    def normalized(i: int) -> Any:
        return (small[i] - small[i].mean()) / small[i].std(), i % 10

    for name, data, batch in (
        ("numbers, b8", Data(6400, lambda i: i), 8),
        ("images 32x32 normalized, b64", Data(2048, normalized), 64),
        ("NumPy images 224x224, b32", Data(640, lambda i: large[i % 32] * 2), 32),
        ("dictionaries, b32", Data(3200, lambda i: {"x": torch.ones(10), "y": float(i), "name": "row"}), 32),
    ):
        loader = DataLoader(data, batch_size=batch, num_workers=2)
        yield f"2 workers: {name}", lambda loader=loader: sum(1 for _ in loader)


def fft() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Fourier transforms: single lines of several kinds of length, batches, two dimensions."""
    import torch

    torch.manual_seed(0)
    for n in (256, 1024, 1000, 1009, 65536, 10007, 1 << 20):
        z = torch.complex(torch.randn(n), torch.randn(n))
        yield f"fft {n}", lambda z=z: torch.fft.fft(z)
    for n in (1024, 1000, 1 << 20):
        x = torch.randn(n)
        half = torch.fft.rfft(x)
        yield f"rfft {n}", lambda x=x: torch.fft.rfft(x)
        yield f"irfft {n}", lambda half=half: torch.fft.irfft(half)
    wide = torch.complex(torch.randn(4096).double(), torch.randn(4096).double())
    yield "fft 4096 complex128", lambda: torch.fft.fft(wide)
    for count, n in ((100, 100), (64, 1024), (4096, 64), (64, 1009)):
        z = torch.complex(torch.randn(count, n), torch.randn(count, n))
        x = torch.randn(count, n)
        yield f"fft {count} x {n}", lambda z=z: torch.fft.fft(z)
        yield f"rfft {count} x {n}", lambda x=x: torch.fft.rfft(x)
        yield f"fft {count} x {n} along 0", lambda z=z: torch.fft.fft(z, dim=0)
    image = torch.randn(8, 256, 256)
    plane = torch.complex(torch.randn(1000, 1000), torch.randn(1000, 1000))
    yield "fft2 1000 x 1000", lambda: torch.fft.fft2(plane)
    yield "rfft2 8 x 256 x 256", lambda: torch.fft.rfft2(image)
    sound, window = torch.randn(4, 160_000), torch.hann_window(400)
    yield "stft 4 x 160000", lambda: torch.stft(sound, 400, 160, window=window, return_complex=True)


def special() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Special functions of 1e5 numbers."""
    import torch

    torch.manual_seed(0)
    x, a = torch.rand(100_000) * 8 + 0.1, torch.rand(100_000) * 8 + 0.1
    for name in ("i0", "i1e", "bessel_j0", "modified_bessel_k0", "erfcx", "log_ndtr", "digamma", "sinc", "entr"):
        yield name, lambda f=getattr(torch.special, name): f(x)
    yield "ndtri", lambda: torch.special.ndtri(x / 10)
    yield "polygamma 2", lambda: torch.polygamma(2, x)
    yield "zeta", lambda: torch.special.zeta(x + 1, a)
    yield "igamma", lambda: torch.igamma(a, x)
    yield "legendre 10", lambda: torch.special.legendre_polynomial_p(x / 10, 10)


GROUPS: dict[str, Callable[[], Iterator[tuple[str, Callable[[], Any]]]]] = {
    "overhead": overhead,
    "overhead (more)": overhead_more,
    "pointwise": pointwise,
    "reduce": reduce,
    "matmul": matmul,
    "matmul (more)": matmul_more,
    "conv": conv,
    "attention": attention,
    "training": training,
    "training (more)": training_more,
    "optimizers": optimizers,
    "data": data,
    "rows": rows,
    "workers": workers,
    "fft": fft,
    "special": special,
    **OPERATOR_GROUPS,
}
