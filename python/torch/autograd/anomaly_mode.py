"""Anomaly mode: which forward call made a backward fail or give NaN."""

from __future__ import annotations

import warnings
from types import TracebackType

from torch import _C

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Switches anomaly mode on or off; as a context manager it sets the earlier state at the end.

    While it is on, every recorded op notes the Python stack of its call. When a node fails in backward, a warning
    shows the stack of the forward call; with `check_nan` a NaN in a gradient is such a failure (RuntimeError). Slow:
    for debugging.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = _C.is_anomaly_enabled()
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        _C.set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        _C.set_anomaly_enabled(self.prev, self.prev_check_nan)


class detect_anomaly:
    """Context manager: anomaly mode inside, see `set_detect_anomaly`."""

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = _C.is_anomaly_enabled()
        self.check_nan = check_nan
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.prev = _C.is_anomaly_enabled()
        self.prev_check_nan = _C.is_anomaly_check_nan_enabled()
        _C.set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        _C.set_anomaly_enabled(self.prev, self.prev_check_nan)
