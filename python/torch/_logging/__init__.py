"""Loggers of compilers, by name."""

from __future__ import annotations

import functools
import logging
from typing import Any, Optional

__all__ = ["getArtifactLogger", "set_logs", "trace_structured", "warning_once"]


def getArtifactLogger(module_qname: str, artifact_name: str) -> logging.Logger:  # noqa: N802
    """The logger of one subject of a module."""
    return logging.getLogger(f"{module_qname}.__{artifact_name}")


def set_logs(*, all: Optional[int] = None, modules: Optional[dict[str, Any]] = None, **kwargs: Any) -> None:  # noqa: A002
    """Sets levels: of everything, of modules by name, of parts of torch such as ``dynamo``; True means DEBUG."""
    levels = dict(modules or {})
    levels.update({f"torch._{name}": level for name, level in kwargs.items()})
    if all is not None:
        levels["torch"] = all
    for name, level in levels.items():
        logging.getLogger(name).setLevel(
            logging.DEBUG if level is True else logging.NOTSET if level is False else level
        )


@functools.lru_cache(None)
def warning_once(logger_obj: logging.Logger, *args: Any, **kwargs: Any) -> None:
    """Logs a warning, the same one only once."""
    logger_obj.warning(*args, **kwargs)


def trace_structured(name: str, *args: Any, **kwargs: Any) -> None:
    """Logs a record of compiling: nothing is compiled."""
