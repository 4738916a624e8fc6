"""Tensors whose in-place operators are functional below. Not supported."""

from __future__ import annotations

from typing import Any

import torch


class FunctionalTensor(torch.Tensor):
    """Class of tensors of functionalization, of which there are none. For ``isinstance``."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("FunctionalTensor is not supported")


class FunctionalTensorMode:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("FunctionalTensorMode is not supported")
