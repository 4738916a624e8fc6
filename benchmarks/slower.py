"""Cases slower than PyTorch: ``run.py --check`` lets them pass, and reports show the cause and the ratio measured.

Ratios are of minima on one thread of a machine that did other work too, with AVX-512; what is left out was below 1.05.
"""

_MEASURED: dict[str, dict[str, float]] = {
    "float32 too is computed in double, to 4 ulp; PyTorch computes it in float32": {
        "special / igamma": 2.80,
        "special / ndtri": 2.05,
        "special / legendre 10": 1.94,
    },
    "OpenBLAS's LAPACK against MKL's: not profiled": {
        "linalg / qr 64x64x64": 1.19,
        "linalg / eig 64x64x64": 2.18,
        "linalg / lstsq 64x64x64": 2.16,
        "linalg / lstsq 256x256": 1.68,
        "linalg / cholesky_solve 256x256": 1.41,
        "linalg / eig 64x64": 1.40,
        "linalg / lstsq 64x64": 1.37,
        "linalg / svd 64x64x64": 1.37,
        "linalg / svdvals 1000x4x4": 1.34,
        "linalg / lstsq 100x8x8": 1.27,
        "linalg / svdvals 100x8x8": 1.24,
        "linalg / eigh 64x64": 1.23,
        "linalg / lu_solve 64x64x64": 1.22,
        "linalg / svdvals 64x64x64": 1.21,
        "linalg / det float64 100x64x64": 1.19,
        "linalg / eigh 256x256": 1.18,
        "linalg / eigvalsh 1000x4x4": 1.15,
        "linalg / eigvalsh 100x8x8": 1.15,
        "linalg / eigh 100x8x8": 1.13,
        "linalg / qr 64x64": 1.13,
        "linalg / eigvalsh 64x64": 1.12,
        "linalg / eig 1000x4x4": 1.08,
        "linalg / eigh 1000x4x4": 1.07,
        "linalg / svd 64x64": 1.06,
        "linalg / eigh 64x64x64": 1.05,
    },
    "systems of 4 rows: not profiled": {
        "linalg / inv 1000x4x4": 1.66,
        "linalg / solve 1000x4x4": 1.62,
        "linalg / lu_solve 1000x4x4": 1.14,
    },
    "not profiled": {
        "pointwise (layouts) / mul rows of 500": 1.23,
        "pointwise (layouts) / maximum": 1.15,
        "pointwise (layouts) / add uint8": 1.08,
        "reduce (layouts) / sum dim 1 of 3": 1.12,
        "reduce (layouts) / sum dims 0 and 2 of 3": 1.11,
        "reduce (layouts) / sum dim 1 float64": 1.11,
        "reduce (layouts) / mean dim 1 float64": 1.09,
        "reduce (layouts) / amax dim 1 int32": 1.06,
        "reduce (layouts) / sum dim 0": 1.05,
        "reduce (layouts) / mean dim 0 float64": 1.05,
        "indexing / index_select dim 1 of 3": 1.08,
        "indexing / scatter dim 0": 1.08,
        "special / log_ndtr": 1.05,
    },
}

SLOWER: dict[str, str] = {
    case: f"{cause} ({ratio:.2f})" for cause, cases in _MEASURED.items() for case, ratio in cases.items()
}
