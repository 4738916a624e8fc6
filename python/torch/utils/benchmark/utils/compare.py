"""``torch.utils.benchmark.utils.compare``."""

from torch.utils.benchmark._compare import *  # noqa: F403
