"""The benchmark cases. Imported by both interpreters; uses only what both offer.

``GROUPS[name]`` is a function that yields (case name, callable) or (case name, callable, work); a callable is one call to
be timed. Setup happens when the generator reaches the case and is not timed. ``work`` is what the call has to do at least,
("bytes", moved) or ("flops", counted), for a share of what the machine can do.
"""

from __future__ import annotations

from typing import Any, Callable

import cases_compile
import cases_compute
import cases_data
import cases_elementwise
import cases_functions
import cases_ops
import cases_overhead
import cases_training

GROUPS: dict[str, Callable[[], Any]] = {
    name: group
    for module in (
        cases_overhead,
        cases_elementwise,
        cases_ops,
        cases_compute,
        cases_training,
        cases_compile,
        cases_functions,
        cases_data,
    )
    for name, group in module.GROUPS.items()
}
