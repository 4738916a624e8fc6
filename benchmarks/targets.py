"""What is promised: rows of the summary with the groups they take in, and the largest ours/PyTorch allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Target:
    """``mean`` limits the geometric mean of the cases' ratios, ``worst`` the ratio of any one; None: no limit.
    ``once``: measured with one thread and all instructions only."""

    row: str
    groups: tuple[str, ...]
    mean: Optional[float] = None
    worst: Optional[float] = None
    once: bool = False


TARGETS = (
    Target("overhead", ("overhead",), 0.3, 0.6),
    Target(
        "memory-bound operators",
        ("pointwise", "pointwise (layouts)", "reduce", "reduce (layouts)", "indexing", "sort"),
        0.7,
        1.0,
    ),
    Target("matmul", ("matmul",), 0.95, 1.1),
    Target("convolution and pooling", ("conv",), 0.95, 1.1),
    Target("attention", ("attention",), 0.8, 1.0),
    Target("training steps", ("training",), 0.6, 0.95),
    Target("inference of one sample", ("inference",), 0.7, 1.0),
    Target("compiled, against PyTorch's compiled", ("compile",), 1.0, None),
    Target("first call of a compiled function", ("first call",), 0.05, None, once=True),
    Target("saving and loading", ("files",), 0.7, 1.0, once=True),
    Target("memory", ("memory",), 0.9, 1.0, once=True),
    Target("start-up", ("import",), 0.2, 0.3, once=True),
    Target("loading data: tensors", ("rows",), 0.06, 0.1, once=True),
    Target("loading data: two workers", ("workers",), 0.9, 1.0, once=True),
    Target("linear algebra", ("linalg",), 1.0, None, once=True),
    Target("Fourier transforms", ("fft",), 1.0, None, once=True),
    Target("special functions", ("special",), 1.0, None, once=True),
    Target("data, others", ("data",), 1.0, None, once=True),
)

# Training with two threads while another job holds one of two processors: times its quiet time.
SHARED_CORE = 2.2
