"""Cases known to be slower than PyTorch, and why: ``run.py --check`` lets them pass and reports show the cause."""

_CAUSES = {
    "MKL's iterations are faster than OpenBLAS's on small and middling matrices (up to 1.5)": (
        "linalg / svdvals 1000x4x4",
        "linalg / svdvals 100x8x8",
        "linalg / svd 64x64",
        "linalg / eig 64x64",
        "linalg / eig 1000x4x4",
        "linalg / eig 100x8x8",
        "linalg / eigh 64x64",
        "linalg / eigh 100x8x8",
        "linalg / eigh 1000x4x4",
        "linalg / eigvalsh 64x64",
        "linalg / eigvalsh 100x8x8",
        "linalg / eigvalsh 1000x4x4",
        "linalg / eigvalsh 64x64x64",
    ),
    "blocked factorizations of OpenBLAS from 13 rows on, against MKL's (up to 1.7)": (
        "linalg / lstsq 256x256",
        "linalg / lstsq 64x64",
        "linalg / lstsq 64x64x64",
        "linalg / lstsq 100x8x8",
        "linalg / cholesky_solve 256x256",
        "linalg / lu_solve 64x64x64",
        "linalg / qr 64x64",
        "linalg / qr 64x64x64",
        "linalg / det float64 100x64x64",
    ),
    "loading the right-hand sides of tiny systems is not unrolled yet (up to 1.4)": (
        "linalg / inv 1000x4x4",
        "linalg / solve 1000x4x4",
        "linalg / lu_solve 1000x4x4",
    ),
    "rows of 100 elements: folding the lanes of each costs as much as adding them (1.4)": (
        "reduce (layouts) / sum dims 0 and 2 of 3",
        "reduce (layouts) / sum dim 1 of 10",
    ),
    "sums are made in double, with a conversion for each float (1.0 to 1.2)": (
        "reduce / sum dim 1 4096x1024",
        "reduce / mean dim 1",
        "reduce (layouts) / sum dim 0",
        "reduce (layouts) / sum dim 1 complex64",
    ),
    "rows begin within a cache line, which whole AVX-512 registers cross (1.3)": (
        "pointwise (layouts) / mul rows of 500",
    ),
    "made of several passes over int64 temporaries (up to 2.5)": (
        "sort / unique_consecutive",
        "sort / histogram",
    ),
    "all of a row is sorted by keys of 64 bits (1.4)": ("sort / topk 10 int64",),
    "two passes, the first for the extremes (1.3)": ("sort / bincount 1e6", "sort / bincount weights"),
    "places are made and read again as a list of int64 (1.2)": (
        "indexing / index_select dim 1",
        "indexing / index_add dim 1",
        "indexing / scatter_add 1e6 to 1e3",
        "indexing / scatter dim 1",
    ),
}

SLOWER: dict[str, str] = {case: cause for cause, cases in _CAUSES.items() for case in cases}
