"""Comparing encoded results (see :mod:`wire`) of two sides, with a report that says where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

import numpy as np
import wire

# (relative, absolute) difference allowed by dtype.  Half types: two units in the last place.
TOLERANCES = {
    "float16": (2e-3, 1e-4),
    "bfloat16": (1.6e-2, 1e-3),
    "float32": (3e-6, 1e-6),
    "float64": (1e-12, 1e-13),
    "complex64": (5e-6, 2e-6),
    "complex128": (2e-12, 1e-12),
}


def tolerance(dtype: str, own: Optional[Mapping[str, tuple]] = None) -> tuple:
    if own and dtype in own:
        return own[dtype]
    return TOLERANCES.get(dtype, (0.0, 0.0))


def effective_strides(record: tuple) -> tuple:
    """Strides that matter: those of dimensions with more than one element (none when the tensor is empty)."""
    sizes, strides = record[2], record[3]
    if 0 in sizes:
        return ()
    return tuple(stride for size, stride in zip(sizes, strides) if size > 1)


def differ_values(ours: np.ndarray, theirs: np.ndarray, rtol: float, atol: float) -> Optional[str]:
    if ours.dtype.kind not in "fc":
        bad = np.asarray(ours != theirs)
    else:
        with np.errstate(all="ignore"):
            if ours.dtype.kind == "c":
                ours, theirs = (np.stack([a.real, a.imag]) for a in (ours, theirs))
            wide_ours, wide_theirs = ours.astype(np.float64), theirs.astype(np.float64)
            close = np.abs(wide_ours - wide_theirs) <= atol + rtol * np.abs(wide_theirs)
            same = (wide_ours == wide_theirs) | (np.isnan(wide_ours) & np.isnan(wide_theirs))
            bad = ~(same | (close & np.isfinite(wide_theirs)))
    if not bad.any():
        return None
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"{int(bad.sum())} of {bad.size} values differ; at {where}: ours {ours[where]!r}, oracle's {theirs[where]!r}"


def _is_error(value: tuple) -> bool:
    """Whether a snippet gave ``(type(error).__name__, str(error))``: our text may say more than the oracle's."""
    if value[0] != "U" or [item[0] for item in value[1]] != ["v", "v"]:
        return False
    name, text = (item[1] for item in value[1])
    return isinstance(name, str) and name.endswith("Error") and isinstance(text, str)


def differ(
    ours: tuple,
    theirs: tuple,
    *,
    strides: bool = False,
    own: Optional[Mapping[str, tuple]] = None,
    values: bool = True,
    path: str = "result",
    scale: float = 1.0,
) -> Optional[str]:
    """None when the two encoded values agree, else a sentence about the first difference."""
    if ours[0] != theirs[0]:
        return f"{path}: ours is {short(ours)}, oracle's is {short(theirs)}"
    tag = ours[0]
    if tag == "T":
        if ours[1] != theirs[1]:
            return f"{path}: dtype {ours[1]}, oracle's {theirs[1]}"
        if tuple(ours[2]) != tuple(theirs[2]):
            return f"{path}: shape {tuple(ours[2])}, oracle's {tuple(theirs[2])}"
        if strides and effective_strides(ours) != effective_strides(theirs):
            return f"{path}: strides {ours[3]}, oracle's {theirs[3]} (shape {ours[2]})"
        if values:
            rtol, atol = tolerance(ours[1], own)
            found = differ_values(wire.as_values(ours), wire.as_values(theirs), rtol * scale, atol * scale)
            return f"{path}: {found}" if found else None
        return None
    if tag == "sparse":
        if ours[1] != theirs[1]:
            return f"{path}: (layout, dtype, shape, coalesced) {ours[1]}, oracle's {theirs[1]}"
        return differ(ours[2], theirs[2], own=own, values=values, path=path, scale=scale)
    if _is_error(ours) and _is_error(theirs):
        (name, text), (their_name, their_text) = ((item[1] for item in side[1]) for side in (ours, theirs))
        if name != their_name:
            return f"{path}: raises {name} ({text!r}), oracle {their_name} ({their_text!r})"
        lost = [line for line in their_text.splitlines() if line.strip(" .\t") not in text]
        return f"{path}: raises {name} without the words {lost} in {text!r}" if lost else None
    if tag in ("L", "U"):
        if len(ours[1]) != len(theirs[1]):
            return f"{path}: {len(ours[1])} items, oracle's {len(theirs[1])}"
        if tag == "U" and (ours[2] or ()) != (theirs[2] or ()):
            return f"{path}: fields {ours[2]}, oracle's {theirs[2]}"
        for i, (a, b) in enumerate(zip(ours[1], theirs[1])):
            found = differ(a, b, strides=strides, own=own, values=values, path=f"{path}[{i}]", scale=scale)
            if found:
                return found
        return None
    if tag == "D":
        if set(ours[1]) != set(theirs[1]):
            return f"{path}: keys {sorted(ours[1])}, oracle's {sorted(theirs[1])}"
        for key in ours[1]:
            found = differ(
                ours[1][key],
                theirs[1][key],
                strides=strides,
                own=own,
                values=values,
                path=f"{path}[{key!r}]",
                scale=scale,
            )
            if found:
                return found
        return None
    if tag == "v" and isinstance(ours[1], (float, complex)) and isinstance(theirs[1], (float, complex)):
        found = differ_values(np.asarray(ours[1]), np.asarray(theirs[1]), 1e-6, 1e-7)
        return f"{path}: {found}" if found else None
    if tag == "v" and type(ours[1]) is not type(theirs[1]):
        return f"{path}: {ours[1]!r}, oracle's {theirs[1]!r}"
    return None if ours == theirs else f"{path}: {short(ours)}, oracle's {short(theirs)}"


def short(value: Any) -> str:
    """A readable form of an encoded value for messages."""
    tag = value[0]
    if tag == "T":
        return f"{value[1]}{list(value[2])}"
    if tag in ("L", "U"):
        return f"{'list' if tag == 'L' else 'tuple'} of {len(value[1])}"
    if tag == "error":
        return f"{value[1][0]}: {value[2][:160]}"
    return repr(value[1])[:200]
