"""What code in a worker process can learn about it."""

from __future__ import annotations

from typing import Any

_worker_info: Any = None


def get_worker_info() -> Any:
    """Return what is known about the worker process that the caller runs in; None in the main process."""
    return _worker_info
