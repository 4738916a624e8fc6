"""DLPack: exchange of memory with other array libraries."""

from torch.functional import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
