"""Attention whose scores and mask are functions of the places of query and key.

The functions are called with tensors of places that broadcast, for some rows of scores at a time: they see what they
would see element by element, as long as they are written with tensor operations.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, NamedTuple, Optional, TypedDict

import torch

__all__ = [
    "AuxOutput",
    "AuxRequest",
    "BlockMask",
    "FlexKernelOptions",
    "and_masks",
    "create_block_mask",
    "create_mask",
    "flex_attention",
    "noop_mask",
    "or_masks",
]

_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """What :func:`flex_attention` shall return besides: ``lse``, the logarithms of the sums; ``max_scores``."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What :func:`flex_attention` was asked to return besides; ``None`` is what it was not asked for."""

    lse: Optional[torch.Tensor] = None
    max_scores: Optional[torch.Tensor] = None


class FlexKernelOptions(TypedDict, total=False):
    """Options of kernels for other devices. Accepted and not needed here."""

    num_warps: int
    num_stages: int
    BLOCK_M: int
    BLOCK_N: int
    PRESCALE_QK: bool
    ROWS_GUARANTEED_SAFE: bool
    BLOCKS_ARE_CONTIGUOUS: bool
    WRITE_DQ: bool
    FORCE_USE_FLEX_ATTENTION: bool
    USE_TMA: bool
    BACKEND: str


def noop_mask(batch: Any, head: Any, token_q: Any, token_kv: Any) -> torch.Tensor:
    """Let every query see every key."""
    return batch.new_ones(size=(), dtype=torch.bool, device=batch.device)


def _mask_of_part(*places: Any) -> torch.Tensor:
    """The function of a part of a mask, which no longer knows the places in the whole."""
    raise RuntimeError("Cannot use mask_mod from a sliced BlockMask: set mask_mod of the part")


def _joined(mask_mods: tuple, join: Callable, start: bool) -> Callable:
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")

    def joined(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> torch.Tensor:
        result = b.new_full((), start, dtype=torch.bool)
        for mod in mask_mods:
            result = join(result, mod(b, h, q_idx, kv_idx))
        return result

    return joined


def and_masks(*mask_mods: Callable) -> Callable:
    """Return the mask of what all of ``mask_mods`` allow."""
    return _joined(mask_mods, torch.logical_and, True)


def or_masks(*mask_mods: Callable) -> Callable:
    """Return the mask of what any of ``mask_mods`` allows."""
    return _joined(mask_mods, torch.logical_or, False)


def _places(batch: int, heads: int, queries: torch.Tensor, keys: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Batches, heads, queries and keys, each along a dimension of its own."""
    device = queries.device
    return (
        torch.arange(batch, device=device).view(-1, 1, 1, 1),
        torch.arange(heads, device=device).view(-1, 1, 1),
        queries.view(-1, 1),
        keys,
    )


def create_mask(
    mod_fn: Callable, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None
) -> torch.Tensor:
    """Return the values of a mask, or of a function of scores for scores of 0, as a tensor (B, H, Q_LEN, KV_LEN).

    Args:
        mod_fn: a function of batch, head, query and key, and for scores of the score before them.
        B, H: numbers of batches and heads; ``None`` is 1.
        Q_LEN, KV_LEN: numbers of queries and keys.
        device: where the tensor is.
    """
    size = (B or 1, H or 1, Q_LEN, KV_LEN)
    count = sum(1 for p in inspect.signature(mod_fn).parameters.values() if p.default is inspect.Parameter.empty)
    places = _places(*size[:2], torch.arange(Q_LEN, device=device), torch.arange(KV_LEN, device=device))
    if count == 4:
        return mod_fn(*places).expand(size).contiguous()
    if count == 5:
        scores = torch.zeros(size, device=device)
        return torch.where(torch.isneginf(mod_fn(scores, *places).expand(size)), False, True)
    raise AssertionError(f"Expected 4 or 5 positional args, got {count}")


def _ordered(dense: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How many blocks of each row there are, and the blocks: those that are there first."""
    dense = dense.int()
    order = torch.argsort(dense, dim=-1, descending=True, stable=True)
    return dense.sum(-1).int(), order.int().contiguous()


def _dense(counts: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """1 where there is a block: the inverse of :func:`_ordered`."""
    there = torch.arange(indices.size(-1), device=indices.device) < counts.unsqueeze(-1)
    return torch.zeros_like(indices).scatter_(-1, indices.long(), there.int())


class BlockMask:
    """A mask by blocks of queries and keys: which are seen in part, where ``mask_mod`` decides, and which in full.

    For each row of blocks ``kv_num_blocks`` tells how many blocks there are and ``kv_indices`` which; both have
    batches and heads as first dimensions. ``q_num_blocks`` and ``q_indices`` are the same by columns.

    Args:
        seq_lengths: numbers of queries and keys.
        kv_num_blocks, kv_indices: the blocks seen in part.
        full_kv_num_blocks, full_kv_indices: the blocks seen in full, if they are kept apart.
        q_num_blocks, q_indices, full_q_num_blocks, full_q_indices: both by columns.
        BLOCK_SIZE: queries and keys of a block. Default: (128, 128)
        mask_mod: the mask as a function of batch, head, query and key.
        dq_write_order, dq_write_order_full, dq_kv_order, dq_kv_order_spt: for kernels that are not here.
    """

    def __init__(
        self,
        seq_lengths: tuple[int, int],
        kv_num_blocks: torch.Tensor,
        kv_indices: torch.Tensor,
        full_kv_num_blocks: torch.Tensor | None,
        full_kv_indices: torch.Tensor | None,
        q_num_blocks: torch.Tensor | None,
        q_indices: torch.Tensor | None,
        full_q_num_blocks: torch.Tensor | None,
        full_q_indices: torch.Tensor | None,
        BLOCK_SIZE: tuple[int, int] = (_DEFAULT_SPARSE_BLOCK_SIZE, _DEFAULT_SPARSE_BLOCK_SIZE),
        mask_mod: Callable = noop_mask,
        *,
        dq_write_order: torch.Tensor | None = None,
        dq_write_order_full: torch.Tensor | None = None,
        dq_kv_order: torch.Tensor | None = None,
        dq_kv_order_spt: bool | None = None,
    ) -> None:
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError("full_kv_num_blocks and full_kv_indices must be both provided or omitted")
        if any(x is not None for x in (dq_write_order, dq_write_order_full, dq_kv_order, dq_kv_order_spt)):
            raise NotImplementedError("BlockMask: the order in which gradients of queries are written is not supported")
        self.seq_lengths = seq_lengths
        self.kv_num_blocks = kv_num_blocks
        self.kv_indices = kv_indices
        self.full_kv_num_blocks = full_kv_num_blocks
        self.full_kv_indices = full_kv_indices
        self.q_num_blocks = q_num_blocks
        self.q_indices = q_indices
        self.full_q_num_blocks = full_q_num_blocks
        self.full_q_indices = full_q_indices
        self.BLOCK_SIZE = BLOCK_SIZE
        self.mask_mod = mask_mod

    _TENSORS = (
        "kv_num_blocks kv_indices full_kv_num_blocks full_kv_indices "
        "q_num_blocks q_indices full_q_num_blocks full_q_indices"
    ).split()

    @classmethod
    def from_kv_blocks(
        cls,
        kv_num_blocks: torch.Tensor,
        kv_indices: torch.Tensor,
        full_kv_num_blocks: torch.Tensor | None = None,
        full_kv_indices: torch.Tensor | None = None,
        BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
        mask_mod: Callable | None = None,
        seq_lengths: tuple[int, int] | None = None,
        compute_q_blocks: bool = True,
    ) -> BlockMask:
        """Make a mask from its blocks by rows.

        Args:
            kv_num_blocks, kv_indices: the blocks seen in part.
            full_kv_num_blocks, full_kv_indices: the blocks seen in full.
            BLOCK_SIZE: queries and keys of a block. Default: 128
            mask_mod: the mask as a function. Default: everything in the blocks is seen
            seq_lengths: numbers of queries and keys. Default: as many as the blocks have
            compute_q_blocks: find the blocks by columns as well. Default: ``True``
        """
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError("full_kv_num_blocks and full_kv_indices must be both provided or omitted")
        size = BLOCK_SIZE if isinstance(BLOCK_SIZE, tuple) else (BLOCK_SIZE, BLOCK_SIZE)
        if seq_lengths is None:
            seq_lengths = (kv_indices.shape[-2] * size[0], kv_indices.shape[-1] * size[1])
        by_columns: list = [None] * 4
        if compute_q_blocks:
            by_columns[:2] = _ordered(_dense(kv_num_blocks, kv_indices).transpose(-2, -1))
            if full_kv_num_blocks is not None and full_kv_indices is not None:
                by_columns[2:] = _ordered(_dense(full_kv_num_blocks, full_kv_indices).transpose(-2, -1))
        return cls(
            seq_lengths,
            kv_num_blocks,
            kv_indices,
            full_kv_num_blocks,
            full_kv_indices,
            *by_columns,
            BLOCK_SIZE=size,
            mask_mod=noop_mask if mask_mod is None else mask_mod,
        )

    def as_tuple(self, flatten: bool = True) -> tuple:
        """Return lengths, tensors, sizes of a block and the function, the pairs among them flattened."""
        unused = (None,) * 4
        tensors = tuple(getattr(self, name) for name in self._TENSORS)
        if flatten:
            return (*self.seq_lengths, *tensors, *unused, *self.BLOCK_SIZE, self.mask_mod)
        return (self.seq_lengths, *tensors, *unused, self.BLOCK_SIZE, self.mask_mod)

    def _with(self, change: Callable[[torch.Tensor], torch.Tensor]) -> list:
        tensors = [getattr(self, name) for name in self._TENSORS]
        return [None if t is None else change(t) for t in tensors]

    def to(self, device: Any) -> BlockMask:
        """Return the mask with its tensors on ``device``."""
        moved = self._with(lambda t: t.to(device))
        return BlockMask(self.seq_lengths, *moved, BLOCK_SIZE=self.BLOCK_SIZE, mask_mod=self.mask_mod)

    def __getitem__(self, index: Any) -> BlockMask:
        index = index if isinstance(index, tuple) else (index,)
        # All dimensions stay.
        kept = tuple(slice(i, i + 1 or None) if isinstance(i, int) else i for i in index)
        part = self._with(lambda t: t[kept])[:4]
        return BlockMask.from_kv_blocks(
            *part,
            BLOCK_SIZE=self.BLOCK_SIZE,
            mask_mod=_mask_of_part,
            seq_lengths=self.seq_lengths,
        )

    def _adjust(self, new_q_len: int, new_kv_len: int) -> BlockMask:
        """Return the mask of the first queries and keys, by the same function."""
        lengths = (new_q_len, new_kv_len)
        rows, columns = (-(-length // size) for length, size in zip(lengths, self.BLOCK_SIZE))
        some = _ordered(_dense(self.kv_num_blocks, self.kv_indices)[..., :rows, :columns])
        full: tuple = (None, None)
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            full = _ordered(_dense(self.full_kv_num_blocks, self.full_kv_indices)[..., :rows, :columns])
        return BlockMask.from_kv_blocks(
            *some, *full, BLOCK_SIZE=self.BLOCK_SIZE, mask_mod=self.mask_mod, seq_lengths=lengths
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Batches, heads, queries and keys."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """The number of elements of the whole mask."""
        return torch.Size(self.shape).numel()

    def to_dense(self) -> torch.Tensor:
        """Return a matrix of blocks: 1 where a block is seen, be it in part."""
        dense = _dense(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            dense = dense | _dense(self.full_kv_num_blocks, self.full_kv_indices)
        return dense

    def sparsity(self) -> float:
        """The percentage of elements that are in no block."""
        blocks = int(self.kv_num_blocks.sum())
        if self.full_kv_num_blocks is not None:
            blocks += int(self.full_kv_num_blocks.sum())
        return 100 * (1 - blocks * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1] / self.numel())

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """Draw the blocks of at most ``limit`` matrices."""
        rows, columns = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        dense = self.to_dense()
        matrices = dense.reshape(-1, *dense.shape[-2:])
        step = [max(1, -(-size // most)) for size, most in zip(dense.shape[-2:], (rows, columns))]
        drawn = []
        for number, matrix in enumerate(matrices[:limit]):
            place: list[int] = []
            rest = number
            for size in reversed(dense.shape[:-2]):
                rest, at = divmod(rest, size)
                place.insert(0, at)
            grid = torch.nn.functional.pad(
                matrix, (0, -matrix.size(1) % step[1], 0, -matrix.size(0) % step[0])
            ).unflatten(1, (-1, step[1]))
            shares = grid.unflatten(0, (-1, step[0])).float().mean((1, 3))
            lines = ["".join("██" if s == 1 else "░░" if s > 0 else "  " for s in row) for row in shares.tolist()]
            drawn.append("\n".join([str(tuple(place)), *lines]))
        text = "\n\n".join(drawn).rstrip() + "\n"
        if matrices.size(0) > limit:
            text += (
                "\n...\nTo print out more, set BlockMask.to_string(limit=N)\n"
                "You can also index (BlockMask[batch, head]) to choose a specific batch or head\n"
            )
        return text

    def __repr__(self) -> str:
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n{self.to_string()})"


def create_block_mask(
    mask_mod: Callable,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
    separate_full_blocks: bool = True,
    compute_dq_write_order: bool = False,
    dq_kv_order: bool = True,
) -> BlockMask:
    """Find the blocks of a mask.

    Args:
        mask_mod: the mask as a function of batch, head, query and key.
        B, H: numbers of batches and heads; ``None`` is 1, for masks that do not depend on them.
        Q_LEN, KV_LEN: numbers of queries and keys.
        device: where the mask is.
        BLOCK_SIZE: queries and keys of a block. Default: 128
        separate_full_blocks: keep apart the blocks that are seen in full. Default: ``True``
        compute_dq_write_order, dq_kv_order: for kernels that are not here.

    Example::

        >>> from torch.nn.attention.flex_attention import create_block_mask
        >>> create_block_mask(lambda b, h, q, kv: q >= kv, None, None, 256, 256).sparsity()
        25.0
    """
    if compute_dq_write_order:
        raise NotImplementedError("create_block_mask: compute_dq_write_order is not supported")
    size = BLOCK_SIZE if isinstance(BLOCK_SIZE, tuple) else (BLOCK_SIZE, BLOCK_SIZE)
    # One row of blocks at a time, so that the whole mask is never in memory.
    keys = torch.arange(KV_LEN, device=device)
    some, every = [], []
    for start in range(0, Q_LEN, size[0]):
        queries = torch.arange(start, min(start + size[0], Q_LEN), device=device)
        row = mask_mod(*_places(B or 1, H or 1, queries, keys)).expand(B or 1, H or 1, len(queries), KV_LEN)
        row = torch.nn.functional.pad(row, (0, -KV_LEN % size[1], 0, size[0] - len(queries))).unflatten(
            -1, (-1, size[1])
        )
        some.append(row.any(-1).any(-2))
        every.append(row.all(-1).all(-2))
    seen, full = torch.stack(some, -2), torch.stack(every, -2)
    if not separate_full_blocks:
        return BlockMask.from_kv_blocks(
            *_ordered(seen), BLOCK_SIZE=size, mask_mod=mask_mod, seq_lengths=(Q_LEN, KV_LEN)
        )
    return BlockMask.from_kv_blocks(
        *_ordered(seen & ~full), *_ordered(full), BLOCK_SIZE=size, mask_mod=mask_mod, seq_lengths=(Q_LEN, KV_LEN)
    )


def _check(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: BlockMask | None, gqa: bool) -> None:
    if query.dim() != 4 or key.dim() != 4 or value.dim() != 4:
        raise NotImplementedError("NYI: query, key, and value must be 4D tensors")
    if not query.dtype == key.dtype == value.dtype:
        raise ValueError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype}, key.dtype: {key.dtype}, and value.dtype: {value.dtype} instead."
        )
    if query.size(-1) != key.size(-1):
        raise ValueError(
            f"Expect query and key to have the same embedding dimension, got {query.shape} and {key.shape}"
        )
    if not gqa and query.size(1) != key.size(1):
        raise ValueError(
            "Expect query and key/value to have the same number of heads but got "
            f"Hq={query.size(1)} and Hkv={key.size(1)}. Try setting enable_gqa=True for GQA."
        )
    if gqa and query.size(1) % key.size(1) != 0:
        raise ValueError(
            f"Expect number of query heads to be a multiple of kv heads for GQA but got Hq={query.size(1)} and "
            f"Hkv={key.size(1)}."
        )
    if query.size(0) != key.size(0) and key.size(0) != 1:
        raise ValueError(
            f"Expect query and key/value to have the same batch size, got {query.size(0)} and {key.size(0)}"
        )
    if mask is not None:
        lengths = (query.size(2), key.size(2))
        if mask.seq_lengths != lengths:
            raise ValueError(
                f"block_mask was created for block_mask.shape={mask.shape} but got q_len={lengths[0]} and "
                f"kv_len={lengths[1]}: create a block mask for these lengths"
            )
        for own, size in zip(mask.shape[:2], query.shape[:2]):
            if own not in (1, size):
                raise ValueError(f"block_mask of shape {mask.shape} does not fit a query of shape {tuple(query.shape)}")


def flex_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    score_mod: Callable | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: FlexKernelOptions | None = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """Compute attention with scores changed by a function, of the pairs that a mask allows.

    Rows of scores are computed some at a time, and again in backward, so that memory grows linearly with the lengths;
    keys that no row of them may see are left out.

    Args:
        query: of shape (B, Hq, L, E).
        key: of shape (B, Hkv, S, E).
        value: of shape (B, Hkv, S, Ev).
        score_mod: a function of scores, batch, head, query and key. Default: the scores as they are
        block_mask: which keys a query sees. Default: all
        scale: what scores are multiplied by. Default: 1 / sqrt(E)
        enable_gqa: there are fewer heads of keys than of queries. Default: ``False``
        return_lse: return the logarithms of the sums too, as ``return_aux`` with ``lse``. Default: ``False``
        kernel_options: accepted; for kernels of other devices.
        return_aux: what to return besides, as an :class:`AuxOutput`.

    Example::

        >>> from torch.nn.attention.flex_attention import flex_attention
        >>> q = torch.zeros(1, 2, 5, 8)
        >>> flex_attention(q, q, q, score_mod=lambda score, b, h, i, j: score - 0.1 * (i - j).abs()).shape
        torch.Size([1, 2, 5, 8])
    """
    _check(query, key, value, block_mask, enable_gqa)
    if return_aux is not None and return_lse:
        raise ValueError(
            "Cannot specify both return_lse and return_aux. return_lse is deprecated, please use "
            "return_aux=AuxRequest(lse=True) instead."
        )
    batch, heads, length = query.shape[:3]
    factor = query.size(-1) ** -0.5 if scale is None else scale
    key, value = (t.expand(batch, -1, -1, -1) for t in (key, value))
    if enable_gqa:
        key, value = (t.repeat_interleave(heads // t.size(1), 1) for t in (key, value))
    wide = torch.promote_types(query.dtype, torch.float32)
    rows, columns = (_DEFAULT_SPARSE_BLOCK_SIZE, 1) if block_mask is None else block_mask.BLOCK_SIZE
    seen = None if block_mask is None else block_mask.to_dense().flatten(0, -3).any(0)

    def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, i: torch.Tensor, j: torch.Tensor) -> tuple:
        scores = (q @ k.transpose(-2, -1)).to(wide) * factor
        places = _places(batch, heads, i, j)
        if score_mod is not None:
            scores = score_mod(scores, *places).to(wide).expand(scores.shape)
        if block_mask is not None:
            scores = scores.masked_fill(~block_mask.mask_mod(*places), -torch.inf)
        lse = scores.logsumexp(-1)
        # A query that sees no key gets zeros.
        weights = (scores - lse.masked_fill(lse == -torch.inf, 0).unsqueeze(-1)).exp()
        return (weights.to(v.dtype) @ v), lse, scores.detach().amax(-1) if scores.size(-1) else lse

    from torch.utils.checkpoint import checkpoint

    parts = []
    every = torch.arange(key.size(2), device=query.device)
    for number, start in enumerate(range(0, length, rows)):
        stop, j = min(start + rows, length), every
        k, v = key, value
        if seen is not None and not bool(seen[number].all()):
            j = every[seen[number].repeat_interleave(columns)[: len(every)]]
            k, v = key[:, :, j], value[:, :, j]
        parts.append(
            checkpoint(
                attend,
                query[:, :, start:stop],
                k,
                v,
                torch.arange(start, stop, device=query.device),
                j,
                use_reentrant=False,
                preserve_rng_state=False,
            )
        )
    if not parts:
        return value.new_zeros((batch, heads, 0, value.size(-1)))
    out, lse, most = (torch.cat(of_all, 2) for of_all in zip(*parts))
    if return_lse:
        return out, lse
    if return_aux is not None:
        return out, AuxOutput(lse if return_aux.lse else None, most if return_aux.max_scores else None)
    return out
