"""The functions of the operator table by name, below those of torch."""

from __future__ import annotations

import sys
import types
from typing import Any

import torch


class VFModule(types.ModuleType):
    """The module; its attributes are the functions."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch._C._VariableFunctions, name)


sys.modules[__name__] = VFModule(__name__)
