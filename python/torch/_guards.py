"""What compilers keep about the program they compile. There is none."""

from __future__ import annotations

from typing import Any


def detect_fake_mode(inputs: Any = None) -> None:
    """The FakeTensorMode that is on: none."""


def active_fake_mode() -> None:
    """The innermost FakeTensorMode that is on: none."""


class TracingContext:
    """What is being compiled: nothing."""

    @staticmethod
    def try_get() -> None:
        """The context, if something is being compiled."""

    @staticmethod
    def get() -> Any:
        """The context.

        Raises:
            RuntimeError: nothing is being compiled.
        """
        raise RuntimeError("TracingContext.get() must be called within an ongoing trace.")
