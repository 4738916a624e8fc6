"""Operators by name; see torch._ops."""

import sys

from torch import _ops

sys.modules[__name__] = _ops.ops
