"""The forms in which losses take their reduction."""

from __future__ import annotations

import warnings

__all__: list[str] = []

_ENUM = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """Return the number that the ops take for ``"none"``, ``"mean"`` or ``"sum"``."""
    value = _ENUM.get(reduction)
    if value is not None:
        return value
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        return 1
    raise ValueError(f"{reduction} is not a valid value for reduction: it is 'none', 'mean' or 'sum'")


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """Return the reduction that the deprecated pair of flags means; None stands for True."""
    size_average = True if size_average is None else size_average
    reduce = True if reduce is None else reduce
    result = "none" if not reduce else "mean" if size_average else "sum"
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{result}' instead.",
            stacklevel=3,
        )
    return result


def legacy_get_enum(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> int:
    """Return the number of :func:`get_enum` for the deprecated pair of flags."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))
