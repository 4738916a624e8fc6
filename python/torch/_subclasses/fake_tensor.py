"""Tensors without data that know a device. Not supported: tensors of the device meta have no data either."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class UnsupportedFakeTensorException(RuntimeError):
    """An operator can't do without data. Never raised here."""


class DynamicOutputShapeException(RuntimeError):
    """The shape of a result depends on data. Never raised here."""


class DataDependentOutputException(RuntimeError):
    """A result depends on data. Never raised here."""


class FakeTensor(torch.Tensor):
    """Class of tensors without data that know a device, of which there are none. For ``isinstance``."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("FakeTensor is not supported; tensors of the device meta have no data")


class FakeTensorMode(TorchDispatchMode):
    """Not supported.

    Raises:
        NotImplementedError: always; ``with torch.device("meta")`` makes tensors without data.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            'FakeTensorMode is not supported; with torch.device("meta") tensors have shapes and no data'
        )


def is_fake(x: object) -> bool:
    """Whether a tensor is a FakeTensor: never."""
    return isinstance(x, FakeTensor)


@contextlib.contextmanager
def unset_fake_temporarily() -> Iterator[None]:
    """Inside, no FakeTensorMode is on: none ever is."""
    yield
