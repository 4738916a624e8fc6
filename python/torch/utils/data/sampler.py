"""Orders in which samples are visited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

import torch

__all__ = [
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "BatchSampler",
]

_T_co = TypeVar("_T_co", covariant=True)


def _is_count(value: Any) -> bool:
    """Return whether ``value`` is a positive int; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


class Sampler(Generic[_T_co]):
    """Base class of samplers. A subclass defines ``__iter__``, which yields indices, and mostly ``__len__``."""

    def __iter__(self) -> Iterator[_T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """Visits the samples in their order.

    Args:
        data_source: the dataset.
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Visits the samples at random.

    Args:
        data_source: the dataset.
        replacement: draw each sample from all, so that some may come again. Default: ``False``
        num_samples: how many are drawn. Default: the length of the dataset
        generator: where the numbers come from. Default: a new one with a seed drawn from the global generator
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={self.replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            empty = "" if self.num_samples else ": there is nothing to draw from"
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}{empty}"
            )

    @property
    def num_samples(self) -> int:
        # The length of the dataset may change.
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _blocks(self) -> Iterator[torch.Tensor]:
        """Yield the indices, many at a time."""
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            seed = int(torch.empty((), dtype=torch.int64).random_().item())
            generator = torch.Generator()
            generator.manual_seed(seed)
        if self.replacement:
            # 32 at a time: the stream of numbers is that of PyTorch.
            for _ in range(self.num_samples // 32):
                yield torch.randint(high=n, size=(32,), dtype=torch.int64, generator=generator)
            rest = self.num_samples % 32
            yield torch.randint(high=n, size=(rest,), dtype=torch.int64, generator=generator)
        else:
            for _ in range(self.num_samples // n):
                yield torch.randperm(n, generator=generator)
            rest = self.num_samples % n
            if rest or self.generator is not None:  # a caller's generator moves on either way
                permutation = torch.randperm(n, generator=generator)
                yield permutation[:rest]

    def __iter__(self) -> Iterator[int]:
        for block in self._blocks():
            yield from block.tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Visits given samples at random, each once.

    Args:
        indices: the samples.
        generator: where the permutation comes from. Default: the global generator
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for index in torch.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[index]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Draws the samples with given probabilities.

    Args:
        weights: one number for each sample, proportional to its probability.
        num_samples: how many are drawn.
        replacement: draw each sample from all, so that some may come again. Default: ``True``
        generator: where the numbers come from. Default: the global generator
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        if not _is_count(num_samples):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        tensor = torch.as_tensor(weights, dtype=torch.double)
        if tensor.dim() != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(tensor.shape)}")
        self.weights = tensor
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = torch.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list]):
    """Collects the indices of another sampler in lists.

    Args:
        sampler: the other sampler, or any iterable.
        batch_size: the length of the lists.
        drop_last: leave out the last list where it is shorter.

    Examples::

        >>> list(BatchSampler(range(10), batch_size=4, drop_last=False))
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not _is_count(batch_size):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list]:
        iterator = iter(self.sampler)
        size = self.batch_size
        while batch := list(islice(iterator, size)):
            if len(batch) < size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        length = len(self.sampler)  # type: ignore[arg-type]
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)
