"""Names for devices of other makers, which cannot be added here."""

from __future__ import annotations

from typing import Any

__all__ = ["generate_methods_for_privateuse1_backend", "rename_privateuse1_backend"]


def rename_privateuse1_backend(backend_name: str) -> None:
    """Not supported: there is no device but the CPU.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("rename_privateuse1_backend: devices of other makers are not supported")


def generate_methods_for_privateuse1_backend(
    for_tensor: bool = True,
    for_module: bool = True,
    for_packed_sequence: bool = True,
    for_storage: bool = False,
    unsupported_dtype: Any = None,
) -> None:
    """Not supported: there is no device but the CPU.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("generate_methods_for_privateuse1_backend: devices of other makers are not supported")
