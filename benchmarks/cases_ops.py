"""Cases of single operators by family: layouts and dtypes of pointwise work and reductions, indexing, sorting and
scans, linear algebra. Imported by ``cases.py``; the same rules hold."""

# ruff: noqa: B008  (the defaults bind a case's tensors when the case is made)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable


def pointwise_layouts() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Elementwise work on a million elements of other dtypes and layouts."""
    import torch

    torch.manual_seed(0)
    n = 1000
    x, y = torch.rand(n, n) + 0.1, torch.rand(n, n) + 0.1
    row, column = x[:1], x[:, :1].contiguous()
    yield "add row", lambda: x + row
    yield "add column", lambda: x + column
    yield "row + column", lambda: row + column
    yield "mul column float64", lambda a=x.double(), b=column.double(): a * b
    yield "where column", lambda mask=column > 0.6: torch.where(mask, x, y)
    wide = torch.rand(n, 2 * n)
    yield "add strided by 2", lambda a=wide[:, ::2]: a + y
    yield "exp strided by 2", lambda a=wide[:, ::2]: a.exp()
    yield "mul rows of 500", lambda a=x[:, 100:600], b=y[:, 100:600]: a * b
    yield "add transposed both", lambda: x.t() + y.t()
    yield "sub transposed one", lambda: x - y.t()
    yield "copy strided by 2", lambda a=wide[:, ::2]: a.contiguous()
    yield "permute copy", lambda a=torch.rand(100, 100, 100).permute(2, 0, 1): a.contiguous()
    image = torch.rand(8, 64, 40, 50)
    yield "add channels", lambda b=torch.rand(64, 1, 1): image + b
    yield (
        "add channels_last",
        lambda a=image.contiguous(memory_format=torch.channels_last), b=torch.rand(64, 1, 1): a + b,
    )
    for name, dtype in (
        ("float64", torch.float64),
        ("bfloat16", torch.bfloat16),
        ("float16", torch.float16),
        ("complex64", torch.complex64),
    ):
        a, b = x.to(dtype), y.to(dtype)
        yield f"add {name}", lambda a=a, b=b: a + b
        yield f"mul {name}", lambda a=a, b=b: a * b
        yield f"div {name}", lambda a=a, b=b: a / b
        yield f"exp {name}", lambda a=a: a.exp()
        if not dtype.is_complex:
            yield f"tanh {name}", lambda a=a: a.tanh()
            yield f"gt {name}", lambda a=a, b=b: a > b
            yield f"relu {name}", lambda a=a: a.relu()
    for name, dtype in (
        ("int64", torch.int64),
        ("int32", torch.int32),
        ("int16", torch.int16),
        ("uint8", torch.uint8),
    ):
        a, b = torch.randint(1, 100, (n, n), dtype=dtype), torch.randint(1, 100, (n, n), dtype=dtype)
        yield f"add {name}", lambda a=a, b=b: a + b
        yield f"mul {name}", lambda a=a, b=b: a * b
        yield f"floor_divide {name}", lambda a=a, b=b: a // b
        yield f"remainder {name}", lambda a=a, b=b: a % b
        yield f"eq {name}", lambda a=a, b=b: a == b
        yield f"to float32 {name}", lambda a=a: a.to(torch.float32)
    i, j = torch.randint(0, 100, (n, n)), torch.randint(0, 30, (n, n))
    yield "add int64 and float32", lambda: i + x
    yield "bitwise_and int64", lambda: i & j
    yield "shift int64", lambda: i << j
    yield "clamp int64", lambda: i.clamp(10, 50)
    p, q = x > 0.6, y > 0.6
    yield "and bool", lambda: p & q
    yield "or bool", lambda: p | q
    yield "not bool", lambda: ~p
    yield "xor bool", lambda: p ^ q
    yield "mul bool and float32", lambda: p * x
    yield "isnan", lambda: x.isnan()
    yield "isfinite", lambda: x.isfinite()
    for name in ("abs", "neg", "floor", "round", "sign", "sin", "cos", "tan", "atan", "log1p", "expm1", "erf", "rsqrt"):
        yield name, lambda f=getattr(torch, name): f(x)
    for name in ("maximum", "atan2", "fmod", "remainder", "hypot", "copysign", "logaddexp"):
        yield name, lambda f=getattr(torch, name): f(x, y)
    yield "pow 2", lambda: x**2
    yield "pow tensor", lambda: x**y
    yield "lerp", lambda: x.lerp(y, 0.3)
    yield "addcmul", lambda: torch.addcmul(x, x, y, value=0.5)
    out = torch.empty(n, n)
    yield "add out", lambda: torch.add(x, y, out=out)
    yield "fill_", lambda: out.fill_(1.0)
    yield "copy_", lambda: out.copy_(x)
    yield from activations()


def reduce_layouts() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Reductions of a million elements of other dtypes, dimensions and layouts."""
    import torch

    torch.manual_seed(0)
    n = 1000
    x = torch.randn(n, n)
    cube = torch.randn(100, 100, 100)
    for name in ("sum", "mean", "prod", "amax", "max", "argmin", "std", "norm", "all", "any", "count_nonzero"):
        yield f"{name} of all", lambda f=getattr(torch, name): f(x)
    for dim in (0, 1):
        for name in ("sum", "mean", "prod", "amin", "max", "argmax", "std", "logsumexp", "all", "count_nonzero"):
            yield f"{name} dim {dim}", lambda f=getattr(torch, name), dim=dim: f(x, dim)
        yield f"norm dim {dim}", lambda dim=dim: x.norm(dim=dim)
        yield f"norm p 1 dim {dim}", lambda dim=dim: x.norm(p=1, dim=dim)
    yield "sum dim 1 of 3", lambda: cube.sum(1)
    yield "sum dims 0 and 2 of 3", lambda: cube.sum((0, 2))
    yield "amax dims 0 and 1 of 3", lambda: cube.amax((0, 1))
    yield "sum dim 1 of 10", lambda a=torch.randn(100_000, 10): a.sum(1)
    yield "mean dim 1 of 64", lambda a=torch.randn(16_000, 64): a.mean(1)
    yield "max dim 1 of 10", lambda a=torch.randn(100_000, 10): a.max(1)
    yield "var dim 1 of 64", lambda a=torch.randn(16_000, 64): a.var(1)
    yield "sum transposed dim 1", lambda: x.t().sum(1)
    yield "sum strided by 2", lambda a=torch.randn(n, 2 * n)[:, ::2]: a.sum(1)
    yield "sum all strided by 2", lambda a=torch.randn(n, 2 * n)[:, ::2]: a.sum()
    yield "amax rows of 500", lambda: x[:, 100:600].amax(1)
    for name, dtype in (("float64", torch.float64), ("bfloat16", torch.bfloat16), ("float16", torch.float16)):
        a = x.to(dtype)
        yield f"sum of all {name}", lambda a=a: a.sum()
        for dim in (0, 1):
            yield f"sum dim {dim} {name}", lambda a=a, dim=dim: a.sum(dim)
            yield f"mean dim {dim} {name}", lambda a=a, dim=dim: a.mean(dim)
            yield f"max dim {dim} {name}", lambda a=a, dim=dim: a.max(dim)
            yield f"var dim {dim} {name}", lambda a=a, dim=dim: a.var(dim)
        yield f"softmax {name}", lambda a=a: a.softmax(1)
    z = torch.complex(x, x)
    yield "sum of all complex64", lambda: z.sum()
    yield "sum dim 1 complex64", lambda: z.sum(1)
    for name, dtype in (("int64", torch.int64), ("int32", torch.int32), ("uint8", torch.uint8)):
        a = torch.randint(0, 100, (n, n), dtype=dtype)
        yield f"sum of all {name}", lambda a=a: a.sum()
        for dim in (0, 1):
            yield f"sum dim {dim} {name}", lambda a=a, dim=dim: a.sum(dim)
            yield f"amax dim {dim} {name}", lambda a=a, dim=dim: a.amax(dim)
        yield f"argmax dim 1 {name}", lambda a=a: a.argmax(1)
    mask = x > 0
    yield "sum bool", lambda: mask.sum()
    yield "sum dim 0 bool", lambda: mask.sum(0)
    yield "sum dim 1 bool", lambda: mask.sum(1)
    for name, m in (("true", torch.ones(n, n, dtype=torch.bool)), ("false", torch.zeros(n, n, dtype=torch.bool))):
        yield f"all bool, all {name}", lambda m=m: m.all()
        yield f"any bool dim 1, all {name}", lambda m=m: m.any(1)
        yield f"any bool dim 0, all {name}", lambda m=m: m.any(0)
    yield from normalisations()


def there_and_back(call: Callable[..., Any], *inputs: Any) -> Callable[[], Any]:
    """A call and its gradients, from a gradient of ones that is made beforehand."""
    import torch

    seed = torch.ones_like(call(*inputs))

    def run() -> None:
        call(*inputs).backward(seed)
        for x in inputs:
            x.grad = None

    return run


def normalisations() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Ops along rows or channels, forwards and both ways."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    for tag, rows, width in (("1e4", 20, 500), ("1e6", 1000, 1000), ("1e7", 10_000, 1000)):
        x = torch.randn(rows, width, requires_grad=True)
        fixed = x.detach()
        w, b = torch.randn(width, requires_grad=True), torch.randn(width, requires_grad=True)
        v, c = w.detach(), b.detach()
        target = torch.randint(0, width, (rows,))
        yield f"softmax {tag}", lambda x=fixed: x.softmax(1)
        yield f"softmax {tag} fwd+bwd", there_and_back(lambda x: x.softmax(1), x)
        yield f"log_softmax {tag} fwd+bwd", there_and_back(lambda x: x.log_softmax(1), x)
        yield f"softmax dim 0 {tag} fwd+bwd", there_and_back(lambda x: x.softmax(0), x)
        yield f"cross_entropy {tag}", lambda x=fixed, t=target: F.cross_entropy(x, t)
        yield f"cross_entropy {tag} fwd+bwd", there_and_back(lambda x, t=target: F.cross_entropy(x, t), x)
        yield f"layer_norm {tag}", lambda x=fixed, v=v, c=c, n=width: F.layer_norm(x, (n,), v, c)
        yield (
            f"layer_norm {tag} fwd+bwd",
            there_and_back(lambda x, w, b, n=width: F.layer_norm(x, (n,), w, b), x, w, b),
        )
        yield f"rms_norm {tag}", lambda x=fixed, v=v, n=width: F.rms_norm(x, (n,), v)
        yield f"rms_norm {tag} fwd+bwd", there_and_back(lambda x, w, n=width: F.rms_norm(x, (n,), w), x, w)
        yield f"normalize {tag} fwd+bwd", there_and_back(lambda x: F.normalize(x, dim=1), x)
        yield f"logsumexp {tag} fwd+bwd", there_and_back(lambda x: x.logsumexp(1), x)
        yield f"var {tag} fwd+bwd", there_and_back(lambda x: x.var(1), x)
        images = fixed[:, :400].reshape(-1, 20, 10, 10) if rows == 20 else fixed[:, :800].reshape(-1, 32, 5, 5)
        images = images.clone().requires_grad_()
        channels = images.shape[1]
        g, h = torch.randn(channels, requires_grad=True), torch.randn(channels, requires_grad=True)
        mean, var = torch.zeros(channels), torch.ones(channels)
        for layout in ("", " channels_last"):
            z = images.detach()
            if layout:
                z = z.contiguous(memory_format=torch.channels_last)
            z.requires_grad_()
            yield (
                f"batch_norm{layout} {tag} fwd+bwd",
                there_and_back(lambda x, g, h, m=mean, s=var: F.batch_norm(x, m, s, g, h, training=True), z, g, h),
            )
            yield (
                f"batch_norm{layout} {tag} eval",
                lambda x=z.detach(), g=g.detach(), h=h.detach(), m=mean, s=var: F.batch_norm(x, m, s, g, h),
            )
            yield f"group_norm{layout} {tag} fwd+bwd", there_and_back(lambda x, g, h: F.group_norm(x, 4, g, h), z, g, h)


def activations() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Activations both ways, dtypes and joins, at several sizes."""
    import torch
    import torch.nn.functional as F

    for size in (10_000, 1_000_000, 10_000_000):
        torch.manual_seed(0)
        x = torch.randn(size, requires_grad=True)
        fixed, other = x.detach(), torch.randn(size)
        tag = f"1e{len(str(size)) - 1}"
        for f in (F.gelu, F.silu, F.relu, F.softplus, F.leaky_relu, torch.tanh, torch.sigmoid):
            yield f"{f.__name__} {tag} fwd+bwd", there_and_back(f, x)
        yield f"gelu tanh {tag} fwd+bwd", there_and_back(lambda x: F.gelu(x, approximate="tanh"), x)
        yield f"dropout {tag} fwd+bwd", there_and_back(lambda x: F.dropout(x, 0.1), x)
        yield f"mse_loss {tag} fwd+bwd", there_and_back(lambda x, y=other: F.mse_loss(x, y), x)
        for name in ("float64", "float16", "int64", "uint8", "bool"):
            kind = getattr(torch, name)
            source = fixed.to(kind)
            yield f"{name} to float32 {tag}", lambda a=source: a.to(torch.float32)
            yield f"float32 to {name} {tag}", lambda a=fixed, kind=kind: a.to(kind)
        half = fixed.bfloat16()
        yield f"bfloat16 to float32 {tag}", lambda a=half: a.float()
        yield f"clone {tag}", lambda a=fixed: a.clone()
        yield f"fill_ {tag}", lambda a=fixed.clone(): a.fill_(1.5)
        yield f"zeros {tag}", lambda n=size: torch.zeros(n)
        yield f"cat {tag}", lambda a=fixed, b=other: torch.cat([a, b])
        yield f"stack {tag}", lambda a=fixed, b=other: torch.stack([a, b])
        yield f"split and sum {tag}", lambda a=fixed: [p.sum() for p in a.split(size // 10)]
        wide = fixed.view(-1, 100)
        yield f"cat dim 1 {tag}", lambda a=wide: torch.cat([a, a], 1)
        yield f"transpose copy {tag}", lambda a=wide: a.t().contiguous()
        mask = fixed > 0
        yield f"masked_fill {tag}", lambda a=fixed, m=mask: a.masked_fill(m, 0.0)
        yield f"cumsum {tag}", lambda a=fixed: a.cumsum(0)
        yield f"mul_ scalar {tag}", lambda a=fixed.clone(): a.mul_(1.0)
        yield f"addcmul_ {tag}", lambda a=fixed.clone(), b=other: a.addcmul_(b, b, value=1e-9)
    image = torch.rand(8, 64, 56, 56)
    last = image.contiguous(memory_format=torch.channels_last)
    yield "to channels_last", lambda: image.contiguous(memory_format=torch.channels_last)
    yield "from channels_last", lambda: last.contiguous()


def indexing() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Reads and writes by index and mask."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    n = 1024
    x, y = torch.randn(n, n), torch.randn(n, n)
    flat, big = torch.randn(1_000_000), torch.randn(4_000_000)
    place = torch.randint(0, n, (n, n))
    some = torch.randint(0, n, (512,))
    spread = torch.randint(0, 1_000_000, (1_000_000,))
    for dim in (0, 1):
        yield f"gather dim {dim}", lambda dim=dim: x.gather(dim, place)
        yield f"scatter dim {dim}", lambda dim=dim: x.scatter(dim, place, y)
        yield f"scatter value dim {dim}", lambda dim=dim: x.scatter(dim, place, 1.0)
        yield f"scatter_add dim {dim}", lambda dim=dim: x.scatter_add(dim, place, y)
        yield f"scatter_reduce amax dim {dim}", lambda dim=dim: x.scatter_reduce(dim, place, y, "amax")
        yield f"index_select dim {dim}", lambda dim=dim: x.index_select(dim, some)
        part = y[:512] if dim == 0 else y[:, :512].contiguous()
        yield f"index_add dim {dim}", lambda dim=dim, part=part: x.index_add(dim, some, part)
        yield f"index_copy dim {dim}", lambda dim=dim, part=part: x.index_copy(dim, some, part)
        yield f"index_fill dim {dim}", lambda dim=dim: x.index_fill(dim, some, 1.0)
    yield "gather 1e6 of 1e6", lambda: flat.gather(0, spread)
    yield "gather int32 index", lambda p=place.int(): x.gather(1, p)
    yield "gather float64", lambda a=x.double(): a.gather(1, place)
    yield "scatter_add 1e6 to 1e3", lambda a=torch.zeros(1000), i=spread % 1000: a.scatter_add(0, i, flat)
    yield "scatter_add int64", lambda a=x.long(), b=y.long(): a.scatter_add(1, place, b)
    yield "index_select 1e6 of 1e6", lambda: flat.index_select(0, spread)
    yield "index_select dim 1 of 3", lambda a=torch.randn(64, 128, 128), i=some[:64] % 128: a.index_select(1, i)
    yield "index_select dim 2 of 3", lambda a=torch.randn(64, 128, 128), i=some[:64] % 128: a.index_select(2, i)
    yield "index_select bfloat16 dim 1", lambda a=x.bfloat16(): a.index_select(1, some)
    yield "index_add 1e6 to 1e3", lambda a=torch.zeros(1000), i=spread % 1000: a.index_add(0, i, flat)
    yield "take", lambda: big.take(spread)
    yield "take_along_dim", lambda: x.take_along_dim(place, 1)
    yield "x[i] rows", lambda: x[some]
    yield "x[i] 1e6", lambda: flat[spread]
    yield "x[i] 2d index", lambda i=torch.randint(0, n, (64, 32)): x[i]
    yield "x[:, i]", lambda: x[:, some]
    yield "x[i, j]", lambda i=spread % n, j=spread.flip(0) % n: x[i, j]
    yield "x[i, :, j]", lambda a=torch.randn(100, 100, 100), i=some % 100, j=some.flip(0) % 100: a[i, :, j]
    yield "x[i[:, None], j]", lambda: x[some[:, None], some]
    mask = x > 0
    rare = x > 2
    yield "x[mask]", lambda: x[mask]
    yield "x[rare]", lambda: x[rare]
    yield "x[row mask]", lambda m=x[:, 0] > 0: x[m]
    yield "masked_select", lambda: x.masked_select(mask)
    yield "masked_select broadcast", lambda m=x[0] > 0: x.masked_select(m)
    yield "masked_fill", lambda: x.masked_fill(mask, 1.0)
    yield "masked_fill_ rare", lambda: x.masked_fill_(rare, 2.5)
    yield "masked_fill broadcast", lambda m=x[:1] > 0: x.masked_fill(m, 1.0)
    yield "masked_scatter", lambda: x.masked_scatter(mask, y)
    yield "where", lambda: torch.where(mask, x, y)
    yield "where scalar", lambda: torch.where(mask, x, 0.0)
    yield "nonzero", lambda: mask.nonzero()
    yield "nonzero rare", lambda: rare.nonzero()
    yield "nonzero float32", lambda a=x * rare: a.nonzero()
    yield "nonzero as_tuple", lambda: mask.nonzero(as_tuple=True)
    target, values = torch.zeros(n, n), torch.randn(1_000_000)
    i, j = spread % n, spread.flip(0) % n

    def write_rows() -> None:
        target[some] = x[:512]

    def write_columns() -> None:
        target[:, some] = 1.0

    def write_pairs() -> None:
        target[i, j] = values

    def write_mask() -> None:
        target[mask] = 1.0

    yield "x[i] = rows", write_rows
    yield "x[:, i] = value", write_columns
    yield "x[i, j] = values", write_pairs
    yield "x[mask] = value", write_mask
    yield "index_put accumulate", lambda: target.index_put_((i, j), values, accumulate=True)
    yield "index_put rows accumulate", lambda: target.index_put_((some,), x[:512], accumulate=True)
    yield "put_", lambda: target.put_(spread, values)
    yield "slice copy", lambda: target[:, 100:900].copy_(x[:, 100:900])
    yield "slice step copy", lambda: target[::2, ::2].copy_(x[:512, :512])
    yield "tril", lambda: x.tril()
    yield "flip dim 1", lambda: x.flip(1)
    yield "roll dim 1", lambda: x.roll(100, 1)
    yield "cat dim 1", lambda: torch.cat([x, y], 1)
    yield "stack dim 2", lambda: torch.stack([x, y], 2)
    yield "repeat_interleave", lambda a=x[:256]: a.repeat_interleave(4, 0)
    yield "one_hot", lambda a=some % 100: F.one_hot(a, 100)
    for width in (16, 64, 512):
        table = torch.randn(20_000, width, requires_grad=True)
        words = torch.randint(0, 20_000, (64, 32))

        def both_ways(table: Any = table, words: Any = words) -> None:
            F.embedding(words, table).sum().backward()
            table.grad = None

        fixed = table.detach()
        yield f"embedding 20000 x {width}", lambda table=fixed, words=words: F.embedding(words, table)
        yield f"embedding 20000 x {width} fwd+bwd", both_ways
        starts = torch.arange(0, 2048, 16)
        for mode in ("sum", "mean", "max"):
            yield (
                f"embedding_bag {mode} x {width}",
                lambda t=fixed, w=words.flatten(), s=starts, mode=mode: F.embedding_bag(w, t, s, mode=mode),
            )


def sort() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Sorting, selecting, counting and scans."""
    import torch

    torch.manual_seed(0)
    x, rows, small = torch.randn(1_000_000), torch.randn(1000, 1000), torch.randn(10_000, 100)
    whole = torch.randint(0, 1000, (1_000_000,))
    yield "sort 1e6", lambda: x.sort()
    yield "sort 1e3", lambda a=x[:1000].clone(): a.sort()
    yield "sort float64 1e5", lambda a=x[:100_000].double(): a.sort()
    yield "sort int64 1e6", lambda: whole.sort()
    yield "sort int64 wide 1e5", lambda a=torch.randint(-(2**60), 2**60, (100_000,)): a.sort()
    yield "sort bfloat16 1e5", lambda a=x[:100_000].bfloat16(): a.sort()
    yield "sort uint8 1e6", lambda a=(whole % 256).to(torch.uint8): a.sort()
    yield "sort sorted 1e6", lambda a=x.sort()[0]: a.sort()
    yield "sort stable descending 1e5", lambda a=x[:100_000].clone(): a.sort(stable=True, descending=True)
    yield "sort dim 1 1000x1000", lambda: rows.sort(1)
    yield "sort dim 0 1000x1000", lambda: rows.sort(0)
    yield "sort dim 1 10000x100", lambda: small.sort(1)
    yield "sort dim 1 100000x8", lambda a=torch.randn(100_000, 8): a.sort(1)
    yield "argsort dim 1", lambda: rows.argsort(1)
    yield "argsort int64 1e6", lambda: whole.argsort()
    yield "sort 1e7", lambda a=torch.randn(10_000_000): a.sort()
    yield "sort int32 1e6", lambda a=whole.int(): a.sort()
    yield "topk 10 int32", lambda a=whole.int().view(1000, 1000): a.topk(10)
    yield "kthvalue int64 dim 1", lambda a=whole.view(1000, 1000): a.kthvalue(500)
    yield "unique int32 1e6 of 1e3", lambda a=whole.int(): a.unique()
    yield "msort", lambda: rows.msort()
    for k in (1, 10, 100, 500):
        yield f"topk {k} of 1000x1000", lambda k=k: rows.topk(k)
    yield "topk 10 of 1e6", lambda: x.topk(10)
    yield "topk 10 smallest dim 0", lambda: rows.topk(10, 0, largest=False)
    yield "topk 5 of 10000x100", lambda: small.topk(5)
    yield "topk 10 int64", lambda a=whole.view(1000, 1000): a.topk(10)
    yield "kthvalue 500", lambda: rows.kthvalue(500)
    yield "kthvalue of 1e6", lambda: x.kthvalue(500_000)
    yield "median of 1e6", lambda: x.median()
    yield "median dim 1", lambda: rows.median(1)
    yield "nanmedian dim 1", lambda: rows.nanmedian(1)
    yield "quantile dim 1", lambda q=torch.tensor([0.1, 0.5, 0.9]): rows.quantile(q, dim=1)
    yield "mode dim 1", lambda a=whole.view(1000, 1000): a.mode(1)
    yield "unique 1e6 of 1e3", lambda: whole.unique()
    yield "unique 1e5 inverse counts", lambda a=whole[:100_000]: a.unique(return_inverse=True, return_counts=True)
    yield "unique float32 1e5", lambda a=x[:100_000]: a.unique()
    yield "unique dim 0", lambda a=torch.randint(0, 5, (5000, 4)): a.unique(dim=0)
    yield "unique_consecutive", lambda a=whole.sort()[0]: a.unique_consecutive()
    edges = torch.linspace(-3, 3, 1000)
    yield "searchsorted 1e6 in 1e3", lambda: torch.searchsorted(edges, x)
    yield "searchsorted in order", lambda a=x.sort()[0]: torch.searchsorted(edges, a)
    yield "searchsorted rows", lambda s=rows.sort(1)[0], v=rows[:, :100].contiguous(): torch.searchsorted(s, v)
    yield "bucketize right int32", lambda: torch.bucketize(x, edges, right=True, out_int32=True)
    yield "isin", lambda a=whole[:100_000], b=torch.arange(0, 1000, 7): torch.isin(a, b)
    yield "cumsum 1e6", lambda: x.cumsum(0)
    for dim in (0, 1):
        for name in ("cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"):
            yield f"{name} dim {dim}", lambda f=getattr(torch, name), dim=dim: f(rows, dim)
    yield "cumsum float64", lambda a=rows.double(): a.cumsum(1)
    yield "cumsum int64", lambda: whole.cumsum(0)
    yield "cumsum bool", lambda a=rows > 0: a.cumsum(1)
    yield "diff", lambda: rows.diff(dim=1)
    yield "histc 100 of 1e6", lambda: x.histc(100, -3, 3)
    yield "histogram", lambda: torch.histogram(x, 100, range=(-3, 3))
    yield "bincount 1e6", lambda: whole.bincount()
    yield "bincount weights", lambda: whole.bincount(x)
    yield "multinomial", lambda p=torch.rand(100, 1000): p.multinomial(10)
    yield "randperm 1e5", lambda: torch.randperm(100_000)


def linalg() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Factorizations and solutions: single matrices of 8, 64 and 256, batches of small ones."""
    import torch

    L = torch.linalg
    shapes = ((), 8), ((), 64), ((), 256), ((1000,), 4), ((100,), 8), ((64,), 64)
    for batch, n in shapes:
        torch.manual_seed(0)
        a = torch.randn(*batch, n, n) + 2 * torch.eye(n)
        s = a @ a.mT + torch.eye(n)
        b, v = torch.randn(*batch, n, 4), torch.randn(*batch, n, 1)
        tall, tall_b = torch.randn(*batch, 2 * n, n), torch.randn(*batch, 2 * n, 2)
        lower, root = L.cholesky(s), L.lu_factor(a)
        tag = "x".join(str(k) for k in (*batch, n, n))
        yield f"inv {tag}", lambda a=a: L.inv(a)
        yield f"det {tag}", lambda a=a: L.det(a)
        yield f"slogdet {tag}", lambda a=a: L.slogdet(a)
        yield f"solve {tag}", lambda a=a, b=b: L.solve(a, b)
        yield f"lu_factor {tag}", lambda a=a: L.lu_factor(a)
        yield f"lu_solve {tag}", lambda r=root, v=v: L.lu_solve(*r, v)
        yield f"cholesky {tag}", lambda s=s: L.cholesky(s)
        yield f"cholesky_solve {tag}", lambda v=v, f=lower: torch.cholesky_solve(v, f)
        yield f"solve_triangular {tag}", lambda f=lower, b=b: L.solve_triangular(f, b, upper=False)
        yield f"qr {tag}", lambda a=a: L.qr(a)
        yield f"svd {tag}", lambda a=a: L.svd(a, full_matrices=False)
        yield f"svdvals {tag}", lambda a=a: L.svdvals(a)
        yield f"eigh {tag}", lambda s=s: L.eigh(s)
        yield f"eigvalsh {tag}", lambda s=s: L.eigvalsh(s)
        yield f"lstsq {tag}", lambda a=tall, b=tall_b: L.lstsq(a, b)
        if n <= 64:
            yield f"eig {tag}", lambda a=a: L.eig(a)
            yield f"pinv {tag}", lambda a=a: L.pinv(a)
            yield f"matrix_exp {tag}", lambda a=a: L.matrix_exp(a)
        yield f"matrix_power 3 {tag}", lambda a=a: L.matrix_power(a, 3)
        yield f"bmm {tag}", lambda a=a, s=s: a @ s
    d = torch.randn(100, 64, 64).double()
    yield "solve float64 100x64x64", lambda b=torch.randn(100, 64, 4).double(): L.solve(d, b)
    yield "inv float64 100x64x64", lambda: L.inv(d)
    yield "det float64 100x64x64", lambda: L.det(d)
    c = torch.complex(torch.randn(64, 64), torch.randn(64, 64))
    yield "solve complex64 64x64", lambda b=c[:, :4].contiguous(): L.solve(c, b)
    yield "inv complex64 64x64", lambda: L.inv(c)
    w = torch.randn(64, 64, requires_grad=True)

    def inverse() -> None:
        L.inv(w).sum().backward()
        w.grad = None

    yield "inv 64x64 fwd+bwd", inverse
    p, q = torch.randn(1000, 3), torch.randn(1000, 3)
    yield "cross 1000x3", lambda: L.cross(p, q)
    yield "vector_norm dim 1 1000x3", lambda: L.vector_norm(p, dim=1)
    yield "matrix_norm 256", lambda a=torch.randn(256, 256): L.matrix_norm(a)
    yield "cdist 500x500x16", lambda a=torch.randn(500, 16), b=torch.randn(500, 16): torch.cdist(a, b)
    yield "trace 256", lambda a=torch.randn(256, 256): a.trace()
    yield "outer 1000", lambda a=torch.randn(1000): torch.outer(a, a)
    yield "kron 16x16", lambda a=torch.randn(16, 16): torch.kron(a, a)
    yield "multi_dot", lambda a=torch.randn(100, 10), b=torch.randn(10, 100): L.multi_dot([a, b, a])


GROUPS = {
    "pointwise (layouts)": pointwise_layouts,
    "reduce (layouts)": reduce_layouts,
    "indexing": indexing,
    "sort": sort,
    "linalg": linalg,
}
