"""The functions of :mod:`torch.utils._pytree` under their second name.

In PyTorch these need the package optree, a faster implementation. Here there is one implementation for both names.
"""

from __future__ import annotations

from torch.utils._pytree import *  # noqa: F403
from torch.utils._pytree import (  # noqa: F401
    __all__ as __all__,
    _broadcast_to_and_flatten as _broadcast_to_and_flatten,
    _is_leaf as _is_leaf,
    _private_register_pytree_node as _private_register_pytree_node,
    _register_pytree_node as _register_pytree_node,
)
