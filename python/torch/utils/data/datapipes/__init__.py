"""Chains of steps that make samples: ``IterableWrapper(paths).shuffle().map(read).batch(8)``."""

from torch.utils.data.datapipes import iter, map  # noqa: A004, F401
