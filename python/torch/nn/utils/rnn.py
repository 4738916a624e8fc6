"""Sequences of different lengths, padded or packed.

A packed batch holds, for each step of time, the elements of the sequences that are still going on; the sequences are
in order of decreasing length.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpad_sequence",
    "pack_sequence",
    "unpack_sequence",
]


class PackedSequence_(NamedTuple):
    data: torch.Tensor
    batch_sizes: torch.Tensor
    sorted_indices: torch.Tensor | None
    unsorted_indices: torch.Tensor | None


class PackedSequence(PackedSequence_):
    """A packed batch, made by :func:`pack_padded_sequence` or :func:`pack_sequence`.

    Attributes:
        data: the elements, step by step.
        batch_sizes: the number of sequences at each step, an int64 tensor on the CPU.
        sorted_indices: the order of the sequences by length, as places in the original batch; None if it was in order.
        unsorted_indices: the inverse of it.
    """

    def __new__(
        cls,
        data: torch.Tensor,
        batch_sizes: torch.Tensor | None = None,
        sorted_indices: torch.Tensor | None = None,
        unsorted_indices: torch.Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:  # the parts as one tuple
            data, batch_sizes = data  # type: ignore[attr-defined]
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence and pack_padded_sequence in "
                "nn.utils.rnn. https://docs.pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Convert the data as :meth:`torch.Tensor.to` does; the indices follow to its device."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        moved = [None if i is None else i.to(data.device) for i in (self.sorted_indices, self.unsorted_indices)]
        return type(self)(data, self.batch_sizes, *moved)

    def cpu(self) -> PackedSequence:
        return self.to("cpu")

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        return self.to(*(args or ("cuda",)), **kwargs)

    def double(self) -> PackedSequence:
        return self.to(dtype=torch.double)

    def float(self) -> PackedSequence:
        return self.to(dtype=torch.float)

    def half(self) -> PackedSequence:
        return self.to(dtype=torch.half)

    def long(self) -> PackedSequence:
        return self.to(dtype=torch.long)

    def int(self) -> PackedSequence:
        return self.to(dtype=torch.int)

    def short(self) -> PackedSequence:
        return self.to(dtype=torch.short)

    def char(self) -> PackedSequence:
        return self.to(dtype=torch.int8)

    def byte(self) -> PackedSequence:
        return self.to(dtype=torch.uint8)

    def pin_memory(self) -> PackedSequence:
        moved = [None if i is None else i.pin_memory() for i in (self.sorted_indices, self.unsorted_indices)]
        return type(self)(self.data.pin_memory(), self.batch_sizes, *moved)

    @property
    def is_cuda(self) -> bool:
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        return self.data.is_pinned()


def invert_permutation(permutation: torch.Tensor | None) -> torch.Tensor | None:
    """Return the permutation that undoes ``permutation``."""
    if permutation is None:
        return None
    places = torch.arange(permutation.numel(), device=permutation.device)
    return torch.empty_like(permutation).scatter_(0, permutation, places.to(permutation.dtype))


def _places(batch_sizes: list[int], batch: int) -> torch.Tensor:
    """Return where each element of a packed batch is in a padded one, its first two dimensions joined."""
    return torch.cat([torch.arange(step * batch, step * batch + n) for step, n in enumerate(batch_sizes)])


def pack_padded_sequence(
    input: torch.Tensor, lengths: torch.Tensor | list[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch.

    Args:
        input: of shape (T, N, *), or (N, T, *) if ``batch_first``.
        lengths: of the sequences.
        batch_first: whether the batch comes before the time. Default: ``False``
        enforce_sorted: demand that lengths decrease, rather than sort. Default: ``True``
    """
    order = None
    sorted_lengths = torch.as_tensor(lengths, dtype=torch.int64, device="cpu")
    if not enforce_sorted:
        sorted_lengths, order = torch.sort(sorted_lengths, descending=True)
        order = order.to(input.device)
        input = input.index_select(0 if batch_first else 1, order)
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if batch_first:
        input = input.transpose(0, 1)
    longest, batch = input.shape[:2]
    counts = sorted_lengths.tolist()
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={batch})"
        )
    if min(counts) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if any(first < second for first, second in zip(counts, counts[1:])):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if counts[0] > longest:
        raise RuntimeError(
            f"pack_padded_sequence: the padded sequences have {longest} steps, but lengths ask for {counts[0]}"
        )
    sizes = [sum(1 for n in counts if n > step) for step in range(counts[0])]
    data = input.reshape(longest * batch, *input.shape[2:]).index_select(0, _places(sizes, batch).to(input.device))
    return PackedSequence(data, torch.tensor(sizes), order, None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Undo :func:`pack_padded_sequence`: return the padded batch and the lengths.

    Args:
        sequence: the packed batch.
        batch_first: whether the batch comes before the time. Default: ``False``
        padding_value: what fills up. Default: 0.0
        total_length: steps of the result. Default: the length of the longest sequence
    """
    data, batch_sizes, _, restore = sequence
    sizes = batch_sizes.tolist()
    steps, batch = len(sizes), sizes[0]
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        steps = total_length
    padded = data.new_full((steps * batch, *data.shape[1:]), padding_value)
    padded = padded.index_copy(0, _places(sizes, batch).to(data.device), data).view(steps, batch, *data.shape[1:])
    lengths = torch.tensor([sum(1 for n in sizes if n > place) for place in range(batch)])
    if batch_first:
        padded = padded.transpose(0, 1)
    if restore is not None:
        padded = padded.index_select(0 if batch_first else 1, restore)
        lengths = lengths[restore.cpu()]
    return padded, lengths


def pad_sequence(
    sequences: torch.Tensor | list[torch.Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> torch.Tensor:
    """Join sequences of different lengths into one padded batch.

    Args:
        sequences: tensors of shape (L, *).
        batch_first: whether the batch comes before the time. Default: ``False``
        padding_value: what fills up. Default: 0.0
        padding_side: ``"right"`` or ``"left"``. Default: ``"right"``
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    items = list(sequences.unbind(0)) if isinstance(sequences, torch.Tensor) else list(sequences)
    if not items:
        raise RuntimeError("received an empty list of sequences")
    longest = max(item.size(0) for item in items)
    rows = []
    for item in items:
        fill = item.new_full((longest - item.size(0), *item.shape[1:]), padding_value)
        rows.append(torch.cat([item, fill] if padding_side == "right" else [fill, item]))
    return torch.stack(rows, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: torch.Tensor, lengths: torch.Tensor, batch_first: bool = False
) -> list[torch.Tensor]:
    """Undo :func:`pad_sequence`: return the sequences, cut to ``lengths``."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows.unbind(0), lengths.tolist())]


def pack_sequence(sequences: list[torch.Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths; ``enforce_sorted`` demands that lengths decrease, rather than sort."""
    lengths = torch.as_tensor([sequence.size(0) for sequence in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[torch.Tensor]:
    """Undo :func:`pack_sequence`."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
