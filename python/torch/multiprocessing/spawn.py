"""Running one function in several processes, with errors that reach the caller."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import sys
import time
import traceback
import warnings
from typing import Any, Callable

from torch import _C

ENV_VAR_PARALLEL_START = "TORCH_MP_PARALLEL_START"

# A traceback that is longer loses its beginning: the pipe must take it without a reader.
_TRACE_LIMIT = 32768

__all__ = [
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "spawn",
    "start_processes",
]


class ProcessException(Exception):
    """A process did not end well. ``error_index`` says which, ``pid`` and ``error_pid`` are its process id."""

    __slots__ = ["error_index", "error_pid"]

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.pid = pid
        self.error_pid = pid

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The function raised an exception, whose traceback is in the message."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg, error_index, error_pid)


class ProcessExitedException(ProcessException):
    """The process was ended by a signal, or left with a code other than 0."""

    __slots__ = ["exit_code", "signal_name"]

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


def _wrap(fn: Callable, i: int, args: tuple, errors: Any) -> None:
    # Nobody is left to wait for this process when its parent has gone.
    _C._prctl_pr_set_pdeathsig(signal.SIGINT)
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass  # the parent has got it too, or this is how its end is told
    except Exception:
        errors.send(traceback.format_exc()[-_TRACE_LIMIT:])
        sys.exit(1)


class ProcessContext:
    """The processes that :func:`start_processes` has started.

    Attributes:
        processes: the :class:`multiprocessing.Process` objects.
        sentinels: their sentinels, by which :func:`multiprocessing.connection.wait` notices their ends.
    """

    def __init__(self, processes: list, error_pipes: list) -> None:
        self.processes = processes
        self._error_pipes = error_pipes
        self._running = {process.sentinel: index for index, process in enumerate(processes)}

    @property
    def sentinels(self) -> list[int]:
        return [process.sentinel for process in self.processes]

    def pids(self) -> list[int]:
        """Their process ids."""
        return [int(process.pid) for process in self.processes]

    def _end_all(self, grace_period: float | None) -> None:
        deadline = None if grace_period is None else time.monotonic() + grace_period
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        for process in self.processes:
            process.join(30 if deadline is None else max(0.0, deadline - time.monotonic()))
        for process in self.processes:
            if process.is_alive():
                process.kill()
                process.join()

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Waits until one process fails, or all have ended, or the time is over.

        After a failure the other processes are ended as well, and the failure is raised here.

        Args:
            timeout: seconds to wait; None for no limit.
            grace_period: seconds that the other processes get after a failure, before they are killed.

        Returns:
            Whether all have ended; if not, call again.
        """
        if not self._running:
            return True
        ready = multiprocessing.connection.wait(list(self._running), timeout=timeout)
        failed = None
        for sentinel in ready:
            index = self._running.pop(sentinel)  # type: ignore[arg-type]
            self.processes[index].join()
            if failed is None and self.processes[index].exitcode != 0:
                failed = index
        if failed is None:
            return not self._running
        self._end_all(grace_period)
        process, pipe = self.processes[failed], self._error_pipes[failed]
        try:
            trace = pipe.recv() if pipe.poll() else None
        except EOFError:
            trace = None
        if trace is not None:
            text = f"\n\n-- Process {failed} terminated with the following error:\n{trace}"
            raise ProcessRaisedException(text, failed, process.pid)
        code = process.exitcode
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"<Unknown signal {-code}>"
            raise ProcessExitedException(
                f"process {failed} terminated with signal {name}", failed, process.pid, code, name
            )
        raise ProcessExitedException(f"process {failed} terminated with exit code {code}", failed, process.pid, code)


class SpawnContext(ProcessContext):
    """The processes that :func:`spawn` has started without waiting for them."""


def start_processes(
    fn: Callable,
    args: tuple = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Runs ``fn(i, *args)`` in ``nprocs`` processes, ``i`` counting them.

    Args:
        fn: a function at the top level of a module, unless the start method is ``"fork"``.
        args: its further arguments.
        nprocs: number of processes.
        join: wait for all, and raise what one of them raises.
        daemon: end them with this process; they cannot then have children.
        start_method: ``"spawn"``, ``"fork"`` or ``"forkserver"``.

    Returns:
        None with ``join=True``, else a :class:`ProcessContext`.
    """
    context = multiprocessing.get_context(start_method)
    processes, pipes = [], []
    try:
        for index in range(nprocs):
            near, far = context.Pipe(duplex=False)
            process = context.Process(target=_wrap, args=(fn, index, args, far), daemon=daemon)  # type: ignore[attr-defined]
            process.start()
            far.close()
            processes.append(process)
            pipes.append(near)
    except BaseException:
        for process in processes:
            process.kill()
        raise
    started = (SpawnContext if start_method == "spawn" else ProcessContext)(processes, pipes)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable,
    args: tuple = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Runs ``fn(i, *args)`` in ``nprocs`` new interpreters; see :func:`start_processes`."""
    if start_method != "spawn":
        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}). To use a different start_method use: "
            "torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon, start_method="spawn")
