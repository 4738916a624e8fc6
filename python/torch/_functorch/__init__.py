"""Function transforms under their private path; see :mod:`torch.func`."""
