"""Signals in and about worker processes.

The loader itself sees a worker's end on its socket; the registry of process ids here is for loaders of other libraries,
which learn of it by SIGCHLD.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

_SIGCHLD_handler_set = False
_worker_pids: dict[int, tuple[int, ...]] = {}


def _set_worker_signal_handlers() -> None:
    """In a worker: Ctrl-C is the loader's matter, which then ends its workers; SIGTERM ends the worker, whatever the
    program that it was forked from does about it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda number, frame: None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _set_worker_pids(loader_id: int, pids: tuple[int, ...]) -> None:
    """Registers the workers of a loader."""
    _worker_pids[loader_id] = tuple(pids)


def _remove_worker_pids(loader_id: int) -> None:
    """Forgets the workers of a loader."""
    _worker_pids.pop(loader_id, None)


def describe_end(exit_code: int | None) -> str:
    """``"is killed by signal: Killed"`` or ``"exited with code 3"``."""
    if exit_code is not None and exit_code < 0:
        try:
            name = signal.strsignal(-exit_code) or f"signal {-exit_code}"
        except ValueError:
            name = f"signal {-exit_code}"
        return f"is killed by signal: {name}"
    return "has ended" if exit_code is None else f"exited with code {exit_code}"


def _error_if_any_worker_fails() -> None:
    """RuntimeError where a registered worker has ended by a signal or with an error."""
    for loader_id, pids in list(_worker_pids.items()):
        for pid in pids:
            try:
                # WNOWAIT: the process stays there for whoever started it.
                result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                continue
            if result is None or (result.si_code == os.CLD_EXITED and result.si_status == 0):
                continue
            code = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
            _worker_pids.pop(loader_id, None)
            raise RuntimeError(f"DataLoader worker (pid {pid}) {describe_end(code)}. ")


def _set_SIGCHLD_handler() -> None:
    """Has the main thread look after registered workers whenever a child process ends."""
    global _SIGCHLD_handler_set
    if _SIGCHLD_handler_set or threading.current_thread() is not threading.main_thread():
        return
    before: Any = signal.getsignal(signal.SIGCHLD)

    def handler(number: int, frame: Any) -> None:
        _error_if_any_worker_fails()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGCHLD, handler)
    _SIGCHLD_handler_set = True
