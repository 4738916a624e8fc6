"""``torch.utils.deterministic.fill_uninitialized_memory``."""

from __future__ import annotations

import sys
import types

__all__: list = []


class _Deterministic(types.ModuleType):
    @property
    def fill_uninitialized_memory(self) -> bool:
        """Whether new memory is filled where deterministic algorithms are asked for: it is not."""
        return False

    @fill_uninitialized_memory.setter
    def fill_uninitialized_memory(self, mode: bool) -> None:
        if mode:
            raise NotImplementedError("fill_uninitialized_memory: torch.empty is never filled")


sys.modules[__name__].__class__ = _Deterministic
