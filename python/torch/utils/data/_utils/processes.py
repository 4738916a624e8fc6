"""Worker processes of a loader: starting them, the line to each, their ends."""

from __future__ import annotations

import faulthandler
import gc
import mmap
import multiprocessing.reduction
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch._utils import ExceptionWrapper
from torch.utils.data._utils import signal_handling, worker
from torch.utils.data._utils.transport import Channel

_WATCH_INTERVAL = 0.25  # seconds between two looks at what a busy worker does


class WorkerEnded(Exception):
    """A worker process has ended unasked.

    Attributes:
        worker: its number.
        pid: its process id.
        exit_code: negative for a signal; None if unknown.
        number: of the batch that it was loading, None if none.
        position: of the sample in this batch; None if it was not loading a sample.
        stack: its last Python stack, as far as known.
    """

    def __init__(
        self, worker: int, pid: int, exit_code: int | None, number: int | None, position: int | None, stack: str
    ) -> None:
        super().__init__(f"worker {worker}")
        self.worker = worker
        self.pid = pid
        self.exit_code = exit_code
        self.number = number
        self.position = position
        self.stack = stack


class Recorder:
    """Memory that a worker shares with its loader, in which it notes what it does: it can be read when it is dead.

    Words of 64 bits: position of the sample, number of the batch, epoch that the loader is at, whether a batch is being
    loaded, bytes of the stack that follows. Behind all this faulthandler writes its own where a signal ends the worker.
    """

    _SIZE = 65536
    _STACK = 256
    _WORDS = 5

    def __init__(self, descriptor: int | None = None) -> None:
        if descriptor is None:
            descriptor = os.memfd_create("torch worker", os.MFD_CLOEXEC)
            os.ftruncate(descriptor, self._SIZE)
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, self._SIZE)
        self.words = memoryview(self._memory)[: 8 * self._WORDS].cast("q")
        self.words[0] = -1

    def __reduce__(self) -> Any:
        return _rebuild_recorder, (multiprocessing.reduction.DupFd(self._descriptor),)

    def watch_signals(self) -> None:
        """In the worker: a signal that ends it leaves the stack here."""
        os.lseek(self._descriptor, self._SIZE, os.SEEK_SET)
        faulthandler.enable(file=self._descriptor, all_threads=False)

    def begun(self, epoch: int, number: int) -> bool:
        if epoch != self.words[2]:
            return False
        self.words[1] = number
        self.words[3] = 1
        return True

    def done(self) -> None:
        self.words[3] = 0

    def note_stack(self, frame: Any) -> None:
        """In the worker: notes where a thread is."""
        lines = []
        while frame is not None:
            code = frame.f_code
            lines.append(f"  File {code.co_filename!r}, line {frame.f_lineno}, in {code.co_name}")
            frame = frame.f_back
        text = "\n".join(lines).encode("utf-8", "replace")[: self._SIZE - self._STACK]
        self._memory[self._STACK : self._STACK + len(text)] = text
        self.words[4] = len(text)

    def read(self) -> tuple[int | None, int | None, str]:
        """In the loader: (number of the batch, position of the sample, stack)."""
        position, number, _, busy, length = self.words
        stack = os.pread(self._descriptor, 1 << 16, self._SIZE).decode("utf-8", "replace")
        if not stack and busy:
            stack = self._memory[self._STACK : self._STACK + length].decode("utf-8", "replace")
        stack = "\n".join(_user_lines(stack))
        if not busy:
            return None, None, stack
        return number, position if position >= 0 else None, stack

    def close(self) -> None:
        if self._descriptor >= 0:
            self.words.release()
            os.close(self._descriptor)
            self._descriptor = -1


def _user_lines(stack: str) -> Iterator[str]:
    """The part of a stack, innermost first, that is not this loader's own."""
    for line in stack.splitlines():
        if worker.__file__ in line:
            return
        yield line


def _rebuild_recorder(duplicate: Any) -> Recorder:
    return Recorder(duplicate.detach())


def _watch(parent: int, recorder: Recorder, main_thread: int) -> None:
    """In a thread of the worker: ends it with the process that it works for; looks from time to time what it does."""
    poller = select.poll()
    try:
        poller.register(os.pidfd_open(parent))
    except ProcessLookupError:
        os._exit(1)
    except (AttributeError, OSError):
        pass  # no such thing here: the parent of this process tells
    original = os.getppid()
    while True:
        if poller.poll(_WATCH_INTERVAL * 1000) or os.getppid() != original:
            os.kill(os.getpid(), signal.SIGKILL)
        if recorder.words[3]:
            recorder.note_stack(sys._current_frames().get(main_thread))


def _run(task: worker.Task, channel: Channel, recorder: Recorder, parent: int, forked: bool) -> None:
    """The life of a worker process."""
    if forked:
        gc.freeze()  # objects that nobody collects stay on the pages that they share with the parent
    signal_handling._set_worker_signal_handlers()
    torch.set_num_threads(1)
    recorder.watch_signals()
    threading.Thread(target=_watch, args=(parent, recorder, threading.get_ident()), daemon=True).start()
    worker.seed_globally(task.base_seed, task.worker_id)
    worker._worker_info = worker.WorkerInfo(
        id=task.worker_id, num_workers=task.num_workers, seed=task.base_seed + task.worker_id, dataset=task.dataset
    )
    where = f"in DataLoader worker process {task.worker_id}"
    loop = worker.Loop(task, where, recorder.begun, recorder.words)
    loop.initialize()
    try:
        while True:
            message = channel.receive()
            if message is None:
                break
            answer = loop.answer(message)
            if answer is not None:
                try:
                    channel.send(answer)
                except (BrokenPipeError, ConnectionResetError):
                    break
                except Exception:  # it cannot be pickled, or finds no memory
                    channel.send((*answer[:2], _sendable(answer[2], where), None))
            recorder.done()
            del message, answer
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the loader is gone, or wants no more
    channel.close()


def _sendable(data: Any, where: str) -> ExceptionWrapper:
    """In an except clause: what to send in place of data that cannot be sent."""
    if isinstance(data, ExceptionWrapper):
        data.exc_type = RuntimeError  # its class is known in the worker only; the text has its name
        return data
    return ExceptionWrapper(where=where)


class Processes:
    """The worker processes of one loader.

    Args:
        context: of :mod:`multiprocessing`.
        tasks: one for each worker.
    """

    def __init__(self, context: Any, tasks: list[worker.Task]) -> None:
        self.workers: list[Any] = []
        self._channels: list[Channel] = []
        self._recorders: list[Recorder] = []
        self._poller = select.poll()
        self._of_descriptor: dict[int, int] = {}  # negative: -1 - worker, for the end of its process
        self._ends: dict[int, int] = {}
        self._open: set[int] = set()
        forked = context.get_start_method() == "fork"
        try:
            for task in tasks:
                self._start(context, task, forked)
        except BaseException:
            self.close(0)
            raise

    def _start(self, context: Any, task: worker.Task, forked: bool) -> None:
        number = task.worker_id
        near, far = Channel.pair()
        recorder = Recorder()
        self._channels.append(near)
        self._recorders.append(recorder)
        process = context.Process(target=_run, args=(task, far, recorder, os.getpid(), forked))
        process.daemon = True
        try:
            process.start()
        finally:
            far.close()
        self.workers.append(process)
        self._open.add(number)
        self._of_descriptor[near.fileno()] = number
        self._poller.register(near.fileno(), select.POLLIN)
        try:
            end = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            return  # the end of the line tells too, unless a child of the worker holds it open
        self._ends[number] = end
        self._of_descriptor[end] = -1 - number
        self._poller.register(end, select.POLLIN)

    def begin_epoch(self, epoch: int) -> None:
        """What workers have still to do for an earlier epoch is left out."""
        for recorder in self._recorders:
            recorder.words[2] = epoch

    def post(self, number: int, message: Any) -> None:
        """Sends a message to a worker without waiting."""
        channel = self._channels[number]
        channel.post(message)
        self._listen(channel)

    def _listen(self, channel: Channel) -> None:
        self._poller.modify(channel.fileno(), select.POLLIN | (select.POLLOUT if channel.waiting() else 0))

    def receive(self, timeout: float | None) -> tuple[int, Any] | None:
        """The next message of any worker with its number; None if none comes within ``timeout`` seconds.

        Raises:
            WorkerEnded: a worker has ended without being asked to.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            wait = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000))
            ready = self._poller.poll(wait)
            if not ready:
                return None
            ended = None
            for descriptor, events in ready:
                number = self._of_descriptor[descriptor]
                if number < 0:
                    ended = -1 - number if ended is None else ended
                    continue
                if events & select.POLLOUT:
                    self._channels[number].flush()
                    self._listen(self._channels[number])
                if events & ~select.POLLOUT:
                    try:
                        return number, self._channels[number].receive(wait=False)
                    except BlockingIOError:
                        continue
                    except EOFError:
                        self._ended(number)
            if ended is not None:
                try:  # what it sent before it ended
                    return ended, self._channels[ended].receive(wait=False)
                except (BlockingIOError, EOFError):
                    self._ended(ended)

    def _ended(self, number: int) -> None:
        process = self.workers[number]
        process.join(1)
        code = process.exitcode
        batch, position, stack = self._recorders[number].read()
        raise WorkerEnded(number, process.pid, code, batch, position, stack)

    def finish(self, number: int) -> None:
        """Has a worker end by itself."""
        if number in self._open:
            self._open.discard(number)
            channel = self._channels[number]
            self._poller.unregister(channel.fileno())
            if number in self._ends:
                self._poller.unregister(self._ends[number])
                os.close(self._ends.pop(number))
            channel.post(None)
            channel.close()

    def close(self, grace: float) -> None:
        """Ends all workers, those that have not ended after ``grace`` seconds by force."""
        for number in list(self._open):
            self.finish(number)
        deadline = time.monotonic() + grace
        for process in self.workers:
            process.join(max(0.0, deadline - time.monotonic()))
        stubborn = [process for process in self.workers if process.is_alive()]
        for process in stubborn:
            process.terminate()
        deadline = time.monotonic() + 0.2
        for process in stubborn:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        for recorder in self._recorders:
            recorder.close()
        self._recorders = []
