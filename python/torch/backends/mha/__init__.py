"""The fast path of multi-head attention. There is one path; the switch keeps its value and changes nothing."""

from __future__ import annotations

_enabled = True


def get_fastpath_enabled() -> bool:
    """What :func:`set_fastpath_enabled` was told."""
    return _enabled


def set_fastpath_enabled(value: bool) -> None:
    """Keeps the value."""
    global _enabled
    _enabled = value
