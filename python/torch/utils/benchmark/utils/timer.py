"""``torch.utils.benchmark.utils.timer``."""

from torch.utils.benchmark._timer import *  # noqa: F403
