"""``torch.utils.benchmark.utils.common``."""

from torch.utils.benchmark._common import *  # noqa: F403
from torch.utils.benchmark._common import set_torch_threads as set_torch_threads
