"""Times on a GPU, beside those of the PyTorch of the same machine.

python benchmarks/cuda.py --reference /path/to/python    ratios ours/theirs, group by group; fails where a goal is missed
python benchmarks/cuda.py --worker                        the times of the torch that this python imports, as JSON

A case that raises counts as missed: its group says so.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

# Goals of the geometric mean of ours/theirs.
GOALS = {
    "launch": 0.6,
    "pointwise": 0.95,
    "reductions, softmax, norms": 0.95,
    "matmul": 1.02,
    "convolutions of ResNet-50": 1.05,
    "attention bfloat16": 1.1,
    "AdamW": 0.8,
    "training": 0.9,
    "first operation of a process": 1.0,
}
BANDWIDTH = 0.85  # of a copy, for elementwise ops of 10^8 elements
ROUNDS = 3

Case = tuple[str, str, Callable[[Any], Callable[[], Any]]]  # group, name, what makes the function that is timed


def cases() -> Iterator[Case]:
    yield "launch", "x + x", lambda t: lambda x=t.ones(1, device="cuda"): x + x
    for n in (10**6, 10**7, 10**8):
        x_of = lambda t, n=n: t.rand(n).cuda()  # noqa: E731
        yield "pointwise", f"copy {n:.0e}", lambda t, f=x_of: lambda x=f(t): x.clone()
        yield "pointwise", f"add {n:.0e}", lambda t, f=x_of: lambda x=f(t): x + x
        yield "pointwise", f"exp {n:.0e}", lambda t, f=x_of: lambda x=f(t): x.exp()
        yield "pointwise", f"gelu {n:.0e}", lambda t, f=x_of: lambda x=f(t): t.nn.functional.gelu(x)
        rows_of = lambda t, n=n: t.rand(n // 1000, 1000).cuda()  # noqa: E731
        group = "reductions, softmax, norms"
        yield group, f"sum {n:.0e}", lambda t, f=x_of: lambda x=f(t): x.sum()
        yield group, f"sum of rows {n:.0e}", lambda t, f=rows_of: lambda x=f(t): x.sum(1)
        yield group, f"sum of columns {n:.0e}", lambda t, f=rows_of: lambda x=f(t): x.sum(0)
        yield group, f"softmax {n:.0e}", lambda t, f=rows_of: lambda x=f(t): x.softmax(1)
        yield group, f"layer_norm {n:.0e}", lambda t, f=rows_of: lambda x=f(t): t.nn.functional.layer_norm(x, (1000,))
    for n in (512, 1024, 2048, 4096, 8192):
        for kind in ("float32", "TF32", "bfloat16"):
            yield "matmul", f"{kind} {n}", lambda t, n=n, kind=kind: product(t, n, kind)
    # channels in, channels out, kernel, stride, size of the image
    for i, o, k, s, size in (
        (3, 64, 7, 2, 224),
        (64, 64, 3, 1, 56),
        (64, 256, 1, 1, 56),
        (128, 128, 3, 1, 28),
        (256, 1024, 1, 1, 14),
        (512, 512, 3, 1, 7),
    ):
        make = lambda t, a=(i, o, k, s, size): convolution(t, *a)  # noqa: E731
        yield "convolutions of ResNet-50", f"{i} -> {o}, {k}x{k}", make
    for length in (512, 2048, 8192):
        yield "attention bfloat16", f"length {length}", lambda t, n=length: attention(t, n)
    yield "AdamW", "150 of 10^4", lambda t: optimizer(t, [10_000] * 150)
    yield "AdamW", "1 GB", lambda t: optimizer(t, [1 << 26] * 4)
    yield "training", "MLP", lambda t: training(t, "mlp")
    yield "training", "ResNet-18", lambda t: training(t, "resnet18")
    yield "training", "ResNet-50", lambda t: training(t, "resnet50")
    yield "training", "GPT-2 small bfloat16", lambda t: training(t, "gpt2")


def product(t: Any, n: int, kind: str) -> Callable[[], Any]:
    dtype = t.bfloat16 if kind == "bfloat16" else t.float32
    a, b = t.rand(n, n).cuda().to(dtype), t.rand(n, n).cuda().to(dtype)

    def run() -> Any:
        t.backends.cuda.matmul.allow_tf32 = kind == "TF32"
        return a @ b

    return run


def convolution(t: Any, i: int, o: int, k: int, s: int, size: int) -> Callable[[], Any]:
    layer = t.nn.Conv2d(i, o, k, s, k // 2, bias=False).cuda()
    x = t.rand(32, i, size, size).cuda().requires_grad_()

    def run() -> None:
        layer(x).sum().backward()

    return run


def attention(t: Any, n: int) -> Callable[[], Any]:
    q, k, v = (t.rand(4, 16, n, 64).cuda().bfloat16().requires_grad_() for _ in range(3))

    def run() -> None:
        t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).sum().backward()

    return run


def optimizer(t: Any, sizes: list[int]) -> Callable[[], Any]:
    parameters = [t.nn.Parameter(t.zeros(n).cuda()) for n in sizes]
    for p in parameters:
        p.grad = t.ones_like(p)
    return t.optim.AdamW(parameters).step


def training(t: Any, kind: str) -> Callable[[], Any]:
    import models

    if kind == "mlp":
        model, shape, classes = models.mlp(784, 1024, 1024, 10), (256, 784), 10
    elif kind == "resnet18":
        model, shape, classes = models.resnet18("large", 1000), (64, 3, 224, 224), 1000
    elif kind == "resnet50":
        model, shape, classes = models.resnet50(1000), (32, 3, 224, 224), 1000
    else:
        model, shape, classes = models.GPT(12, 768, 12, 50257, 1024), (8, 1024), 50257
    dtype = t.bfloat16 if kind == "gpt2" else t.float32
    model = model.cuda().to(dtype)
    steps = t.optim.AdamW(model.parameters())
    x = t.randint(0, classes, shape).cuda() if kind == "gpt2" else t.rand(shape).cuda()
    target = t.randint(0, classes, shape if kind == "gpt2" else shape[:1]).cuda()

    def run() -> None:
        steps.zero_grad()
        out = model(x)
        t.nn.functional.cross_entropy(out.reshape(-1, classes).float(), target.reshape(-1)).backward()
        steps.step()

    return run


def milliseconds(t: Any, run: Callable[[], Any]) -> float:
    """The best of some batches that last 50 ms or more each."""
    for _ in range(3):
        run()
    t.cuda.synchronize()
    best, count = math.inf, 1
    for _ in range(12):
        begin = time.perf_counter()
        for _ in range(count):
            run()
        t.cuda.synchronize()
        spent = time.perf_counter() - begin
        best = min(best, spent / count * 1000)
        if spent < 0.05:
            count = max(count + 1, int(count * 0.06 / max(spent, 1e-6)))
    return best


def worker() -> None:
    begin = time.perf_counter()
    import torch

    torch.ones(1, device="cuda").add(1).item()
    print(json.dumps(["first operation of a process", "x + 1", (time.perf_counter() - begin) * 1000]), flush=True)
    for group, name, make in cases():
        found: Any
        try:
            found = milliseconds(torch, make(torch))
        except Exception as error:
            found = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps([group, name, found]), flush=True)
        torch.cuda.empty_cache()


def times(python: str, environment: dict[str, str]) -> dict[tuple[str, str], Any]:
    done = subprocess.run(
        [python, __file__, "--worker"], env=environment, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {(group, name): found for group, name, found in lines}


def merge(best: dict[tuple[str, str], Any], found: dict[tuple[str, str], Any]) -> None:
    for case, value in found.items():
        before = best.get(case)
        both = isinstance(before, float) and isinstance(value, float)
        best[case] = min(before, value) if both else value


def report(ours: dict[tuple[str, str], Any], theirs: dict[tuple[str, str], Any]) -> bool:
    """Prints the groups; whether all goals are met."""
    good = True
    for group, goal in GOALS.items():
        logs, failures = [], []
        for case in ours.keys() | theirs.keys():
            if case[0] != group:
                continue
            mine, other = ours.get(case, "no answer"), theirs.get(case, "no answer")
            if isinstance(mine, float) and isinstance(other, float):
                logs.append(math.log(mine / other))
                print(f"    {case[1]:24} {mine:10.4f} ms {other:10.4f} ms  {mine / other:.2f}")
            else:
                failures.append(f"    {case[1]:24} {mine if isinstance(mine, str) else other}")
        print("\n".join(failures)) if failures else None
        mean = math.exp(sum(logs) / len(logs)) if logs else math.inf
        met = mean <= goal and not failures
        good &= met
        print(f"{group}: {mean:.2f}, goal {goal}: {'met' if met else 'MISSED'}")
    copy = ours.get(("pointwise", "copy 1e+08"))
    for name, tensors in (("add", 2), ("exp", 2), ("gelu", 2)):
        one = ours.get(("pointwise", f"{name} 1e+08"))
        if isinstance(one, float) and isinstance(copy, float):
            share = copy / one * tensors / 2
            good &= share >= BANDWIDTH
            print(f"{name}: {share:.0%} of the bandwidth of a copy, goal {BANDWIDTH:.0%}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--reference", help="a python whose torch is PyTorch with CUDA")
    args = parser.parse_args()
    if args.worker:
        worker()
        return 0
    if not args.reference:
        parser.error("--reference is needed")
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ours: dict[tuple[str, str], Any] = {}
    theirs: dict[tuple[str, str], Any] = {}
    for _ in range(ROUNDS):
        merge(ours, times(sys.executable, dict(os.environ)))
        merge(theirs, times(args.reference, plain))
    return 0 if report(ours, theirs) else 1


if __name__ == "__main__":
    sys.exit(main())
