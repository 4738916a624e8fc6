"""Modules on several devices."""

from torch import _absent
from torch.nn.parallel.data_parallel import DataParallel, data_parallel

__all__ = ["DataParallel", "data_parallel"]
__getattr__ = _absent.names_of(__name__)
