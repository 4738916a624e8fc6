"""Worker threads of a loader. They have the methods of :class:`~torch.utils.data._utils.processes.Processes`."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from torch.utils.data._utils import worker


class Threads:
    """The worker threads of one loader.

    Args:
        tasks: one for each worker.
    """

    def __init__(self, tasks: list[worker.Task]) -> None:
        self._epoch = 0
        self._answers: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._messages: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in tasks]
        self._open = set(range(len(tasks)))
        self.workers = [
            threading.Thread(target=self._run, args=(task,), name=f"DataLoader worker {task.worker_id}", daemon=True)
            for task in tasks
        ]
        for thread in self.workers:
            thread.start()

    def _run(self, task: worker.Task) -> None:
        number = task.worker_id
        worker._thread_state.info = worker.WorkerInfo(
            id=number,
            num_workers=task.num_workers,
            seed=task.base_seed + number,
            dataset=task.dataset,
            rng=worker.generators(task.base_seed, number),
            worker_method="thread",
        )
        where = f"in DataLoader worker thread {number}"
        loop = worker.Loop(task, where, lambda epoch, _: epoch == self._epoch)
        loop.initialize()
        while True:
            message = self._messages[number].get()
            if message is None:
                return
            answer = loop.answer(message)
            if answer is not None:
                self._answers.put((number, answer))
            del message, answer

    def begin_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def post(self, number: int, message: Any) -> None:
        self._messages[number].put(message)

    def receive(self, timeout: float | None) -> tuple[int, Any] | None:
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def finish(self, number: int) -> None:
        if number in self._open:
            self._open.discard(number)
            self._messages[number].put(None)

    def close(self, grace: float) -> None:
        """Ends the threads; one that is busy for longer than ``grace`` seconds ends after what it does."""
        self._epoch = -1
        for number in list(self._open):
            self.finish(number)
        deadline = time.monotonic() + grace
        for thread in self.workers:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
