"""The choice among implementations of attention."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import Any

from torch import _absent

__all__ = ["SDPBackend", "WARN_FOR_UNFUSED_KERNELS", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False  # there are no others to choose from
__getattr__ = _absent.names_of(__name__)


class SDPBackend(enum.IntEnum):
    """Implementations of scaled_dot_product_attention in PyTorch. Here there is one for all of them."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """Within, attention is computed by one of ``backends``: whichever these are, by the one that is here.

    Args:
        backends: an :class:`SDPBackend` or a list of them.
        set_priority: the list is in order of preference. Default: ``False``
    """
    if isinstance(backends, SDPBackend):
        backends = [backends]
    if not isinstance(backends, list) or not all(isinstance(backend, SDPBackend) for backend in backends):
        raise AssertionError("Backend must be an instance of SDPBackend or a list of SDPBackend instances")
    yield
