"""The parts of the data loader."""

from torch.utils.data._utils import collate, fetch, pin_memory, worker  # noqa: F401
