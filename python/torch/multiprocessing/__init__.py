"""The standard library's :mod:`multiprocessing`, in which tensors travel as handles of shared memory.

What a process puts in a queue or a pipe, or gives to another one as an argument, is then seen by both: no values are
copied, and writes of one side reach the other.

Two strategies: ``"file_descriptor"``, the default, uses nameless memory, of which nothing stays behind however the
processes end and which /dev/shm does not limit, and holds a file descriptor for each shared storage.
``"file_system"`` uses files in /dev/shm and holds no descriptors; a guard process removes what killed processes leave.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import *  # noqa: F403
from typing import Any

from torch._C import _get_thread_name, _prctl_pr_set_pdeathsig, _set_thread_name  # noqa: F401
from torch.multiprocessing.reductions import init_reductions

__all__ = ["set_sharing_strategy", "get_sharing_strategy", "get_all_sharing_strategies"]
__all__ += multiprocessing.__all__  # type: ignore[attr-defined]

_all_sharing_strategies = {"file_descriptor", "file_system"}
_sharing_strategy = "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Sets how storages that are shared from now on can be reached by other processes.

    Args:
        new_strategy: ``"file_descriptor"`` or ``"file_system"``.
    """
    global _sharing_strategy
    if new_strategy not in _all_sharing_strategies:
        raise AssertionError(
            f"unknown sharing strategy {new_strategy!r}: expected one of {sorted(_all_sharing_strategies)}"
        )
    if new_strategy == "file_system":
        from torch.multiprocessing import _shared_files

        _shared_files.folder()  # children made by fork share it
    _sharing_strategy = new_strategy


def get_sharing_strategy() -> str:
    """The strategy in use."""
    return _sharing_strategy


def get_all_sharing_strategies() -> set[str]:
    """The strategies that there are."""
    return _all_sharing_strategies


init_reductions()

from torch.multiprocessing.spawn import (  # noqa: E402
    ENV_VAR_PARALLEL_START,  # noqa: F401
    ProcessContext,  # noqa: F401
    ProcessExitedException,  # noqa: F401
    ProcessRaisedException,  # noqa: F401
    SpawnContext,  # noqa: F401
    spawn,
    start_processes,
)


def __getattr__(name: str) -> Any:
    if name in ("pool", "queue"):
        import importlib

        return importlib.import_module("torch.multiprocessing." + name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
