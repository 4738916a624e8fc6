"""Sharing a dataset out among processes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """Visits the share of the samples that belongs to one of several processes.

    Args:
        dataset: the dataset, of the same length everywhere.
        num_replicas: number of processes.
        rank: number of this process, from 0.
        shuffle: visit the samples at random, all processes agreeing on the order. Default: ``True``
        seed: of the order; the same everywhere. Default: 0
        drop_last: leave out samples rather than visit some twice where the shares are not even. Default: ``False``

    Call :meth:`set_epoch` before each epoch, else the order is the same in all of them.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise NotImplementedError(
                "DistributedSampler: give num_replicas and rank; taking them from torch.distributed is not "
                "supported yet"
            )
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        length = len(dataset)
        self.num_samples = length // num_replicas if drop_last else math.ceil(length / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            generator = torch.Generator()
            generator.manual_seed(self.seed + self.epoch)
            indices = torch.randperm(len(self.dataset), generator=generator).tolist()
        else:
            indices = list(range(len(self.dataset)))
        if not self.drop_last and indices:
            # Some once more, so that the shares are even.
            missing = self.total_size - len(indices)
            indices += (indices * math.ceil(missing / len(indices)))[:missing]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Change the order to that of ``epoch``."""
        self.epoch = epoch
