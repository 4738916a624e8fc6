"""Products of matrices group by group."""

from __future__ import annotations

import torch


def grouped_mm(
    mat_a: torch.Tensor,
    mat_b: torch.Tensor,
    *,
    offs: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Multiply groups of matrices of several sizes.

    A matrix of two dimensions holds the groups one behind the other, along the dimension that the other matrix has for
    each group anew; ``offs`` tells where they end:

    - (M, K) and (G, K, N): groups of rows of the first; the result is (M, N).
    - (G, M, K) and (K, N): groups of columns of the second; the result is (M, N).
    - (M, K) and (K, N): groups along K; the result is (G, M, N).
    - (G, M, K) and (G, K, N): as :func:`torch.bmm`.

    Args:
        mat_a, mat_b: the matrices, of dtype bfloat16, float16 or float32.
        offs: the ends of the groups, of dtype int32, in order.
        bias: not supported, as in PyTorch.
        out_dtype: no other than that of the matrices.

    Example:

        >>> a, b, ends = torch.ones(5, 4), torch.ones(2, 4, 8), torch.tensor([1, 5], dtype=torch.int32)
        >>> torch.nn.functional.grouped_mm(a, b, offs=ends).shape
        torch.Size([5, 8])
    """
    for name, matrix in (("mat_a", mat_a), ("mat_b", mat_b)):
        if matrix.dtype not in (torch.bfloat16, torch.float16, torch.float32):
            raise RuntimeError(f"Expected {name} to be Float32, BFloat16 or Float16 matrix, got {matrix.dtype}")
        if matrix.dim() not in (2, 3):
            raise RuntimeError(f"{name} has to be 2 or 3d, got {matrix.dim()}d")
    if mat_a.dtype != mat_b.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {mat_a.dtype} != {mat_b.dtype}")
    if mat_a.size(-1) != mat_b.size(-2):
        raise RuntimeError(
            f"contraction dimension of mat_a and mat_b must match, got {list(mat_a.shape)} and {list(mat_b.shape)}"
        )
    if (offs is None) != (mat_a.dim() == mat_b.dim() == 3):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if out_dtype not in (None, mat_a.dtype):
        raise RuntimeError("Grouped gemm output dtype must match `mat_a` dtype")
    if offs is None:
        return torch.bmm(mat_a, mat_b)
    if offs.dtype != torch.int32:
        raise RuntimeError(f"Offsets have to be int32, got {offs.dtype}")
    groups = next((matrix.size(0) for matrix in (mat_a, mat_b) if matrix.dim() == 3), offs.numel())
    if offs.dim() != 1 or offs.numel() != groups:
        raise RuntimeError(f"matrix batch sizes have to match: {groups} groups, offs of shape {list(offs.shape)}")
    ends = offs.tolist()
    length = mat_a.size(0) if mat_b.dim() == 3 else mat_b.size(1) if mat_a.dim() == 3 else mat_a.size(1)
    starts = [0, *ends[:-1]]
    if any(not 0 <= start <= end <= length for start, end in zip(starts, ends)):
        raise RuntimeError(f"offs must be in order and within the {length} elements of the groups, got {ends}")
    pairs = list(enumerate(zip(starts, ends)))
    if mat_a.dim() == 2 and mat_b.dim() == 2:
        return torch.stack([mat_a[:, start:end] @ mat_b[start:end] for _, (start, end) in pairs])
    rows = mat_b.dim() == 3
    parts = [
        mat_a[start:end] @ mat_b[group] if rows else mat_a[group] @ mat_b[:, start:end] for group, (start, end) in pairs
    ]
    # What belongs to no group is zero.
    last = ends[-1] if ends else 0
    shape = (length - last, mat_b.size(2)) if rows else (mat_a.size(1), length - last)
    return torch.cat([*parts, mat_a.new_zeros(shape)], 0 if rows else 1)
