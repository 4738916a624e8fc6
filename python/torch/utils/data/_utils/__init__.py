"""The parts of the data loader."""

from __future__ import annotations

import atexit
from typing import Any

from torch._utils import ExceptionWrapper  # noqa: F401

IS_WINDOWS = False
MP_STATUS_CHECK_INTERVAL = 5.0
"""Seconds that a worker gets to end by itself."""

python_exit_status = False
"""Whether the interpreter is ending: no time then to wait for workers."""


def _set_python_exit_flag() -> None:
    global python_exit_status
    python_exit_status = True


atexit.register(_set_python_exit_flag)


def __getattr__(name: str) -> Any:
    if name == "HAS_NUMPY":
        import importlib.util

        return importlib.util.find_spec("numpy") is not None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


from torch.utils.data._utils import collate, fetch, pin_memory, signal_handling, worker  # noqa: E402, F401
