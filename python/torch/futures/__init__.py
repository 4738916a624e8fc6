"""``torch.futures``: results that come later, set by one thread and awaited by others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Optional, TypeVar

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")
S = TypeVar("S")


class Future(Generic[T]):
    """A value or an exception that somebody sets once. ``devices`` names accelerators, of which there are none."""

    def __init__(self, *, devices: Optional[list[Any]] = None) -> None:
        import torch

        for device in devices or []:
            if torch.device(device).index is None:
                raise ValueError(f"Expected devices to have indices, got {device}")
        self._condition = threading.Condition()
        self._done = False
        self._result: Any = None
        self._error: Optional[BaseException] = None
        self._callbacks: list[Callable[[Any], Any]] = []

    def done(self) -> bool:
        """Whether the result, or an exception, is there."""
        return self._done

    def wait(self) -> T:
        """Waits for the result; raises the exception if one was set."""
        with self._condition:
            self._condition.wait_for(lambda: self._done)
        return self.value()

    def value(self) -> T:
        """The result, which must be there; raises the exception if one was set."""
        if not self._done:
            raise RuntimeError("Future.value: the future is not completed, wait() waits for it")
        if self._error is not None:
            raise self._error
        return self._result

    def _complete(self, result: Any, error: Optional[BaseException]) -> None:
        with self._condition:
            if self._done:
                raise RuntimeError(
                    "Attempting to mark a completed Future as complete again. Note that a Future can only be "
                    "marked completed once."
                )
            self._result, self._error, self._done = result, error, True
            callbacks, self._callbacks = self._callbacks, []
            self._condition.notify_all()
        for callback in callbacks:
            callback(self)

    def set_result(self, result: T) -> None:
        """Sets the result and runs what waits for it."""
        self._complete(result, None)

    def set_exception(self, result: Exception) -> None:
        """Sets an exception, which :meth:`wait` and :meth:`value` raise."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._complete(None, result)

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Calls ``callback(future)`` when the future is done, at once if it is. What it raises is printed only."""

        def guarded(future: Future[T]) -> None:
            try:
                callback(future)
            except Exception:  # noqa: BLE001
                import traceback

                traceback.print_exc()

        self._when_done(guarded)

    def _when_done(self, callback: Callable[[Any], Any]) -> None:
        with self._condition:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback: Callable[[Future[T]], S]) -> Future[S]:
        """A future of what ``callback(future)`` will return when this one is done."""
        following: Future[S] = Future()

        def run(future: Future[T]) -> None:
            try:
                result = callback(future)
            except Exception as error:  # noqa: BLE001
                said = f"Got the following error when running the callback: {type(error).__name__}: {error}"
                following.set_exception(RuntimeError(said))
            else:
                following.set_result(result)

        self._when_done(run)
        return following


def collect_all(futures: list[Future[Any]]) -> Future[list[Future[Any]]]:
    """A future of the list of futures, done when all of them are; the first exception among them is its own."""
    together: Future[list[Future[Any]]] = Future()
    remaining, lock = [len(futures)], threading.Lock()

    def one_done(_: Future[Any]) -> None:
        with lock:
            remaining[0] -= 1
            last = remaining[0] == 0
        if last:
            finish()

    def finish() -> None:
        error = next((f._error for f in futures if f._error is not None), None)
        together._complete(None if error is not None else list(futures), error)

    if not futures:
        finish()
    for future in futures:
        future._when_done(one_done)
    return together


def wait_all(futures: list[Future[Any]]) -> list[Any]:
    """Waits for all futures; returns their results or raises the first exception."""
    return [future.wait() for future in collect_all(futures).wait()]
