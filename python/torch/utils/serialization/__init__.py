"""Settings of :func:`torch.save` and :func:`torch.load`."""

from torch.utils.serialization import config as config

__all__ = ["config"]
