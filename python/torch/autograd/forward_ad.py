"""Forward-mode differentiation by dual numbers. Not supported: :func:`torch.func.jvp` computes the same."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import torch

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent."""

    primal: torch.Tensor
    tangent: Optional[torch.Tensor]


def _refuse(name: str) -> Any:
    raise NotImplementedError(f"torch.autograd.forward_ad.{name} is not supported; torch.func.jvp computes the same")


def enter_dual_level() -> int:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    return _refuse("enter_dual_level")


def exit_dual_level(*, level: Optional[int] = None) -> None:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    _refuse("exit_dual_level")


def make_dual(tensor: Any, tangent: Any, *, level: Optional[int] = None) -> Any:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    return _refuse("make_dual")


def unpack_dual(tensor: Any, *, level: Optional[int] = None) -> UnpackedDualTensor:
    """A tensor and its tangent, which is None: no tensor has one."""
    return UnpackedDualTensor(tensor, None)


class dual_level:  # noqa: N801
    """Not supported.

    Raises:
        NotImplementedError: when it is entered.
    """

    def __enter__(self) -> Any:
        return _refuse("dual_level")

    def __exit__(self, *exc: object) -> None: ...
