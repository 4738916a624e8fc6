"""The older names of what is in :mod:`torch.hub`."""

from torch.hub import load_state_dict_from_url as load_url, tqdm as tqdm

__all__ = ["load_url"]
