"""Settings of the tests on generated examples (hypothesis): how many, and the same ones every time unless many are asked for."""

from __future__ import annotations

import os
from typing import Any, Callable

from conftest import is_sanitized
from hypothesis import HealthCheck, settings

DEFAULT = 3000
TOTAL = int(os.environ.get("TORCH_PROPERTY_EXAMPLES", 1000 if is_sanitized() else DEFAULT))


def examples(share: float) -> Callable[[Any], Any]:
    """Decorator: this part of all the examples that a run of tests/properties makes.

    ``TORCH_PROPERTY_EXAMPLES`` says how many those are; another number than the usual one gives other examples each time.
    """
    return settings(
        max_examples=max(2, round(TOTAL * share)),
        derandomize=TOTAL <= DEFAULT,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
