"""Building blocks of neural networks."""

from __future__ import annotations

import importlib
from typing import Any

from torch.nn import functional, init  # noqa: F401
from torch.nn.modules import *  # noqa: F403
from torch.nn.modules import Module  # noqa: F401
from torch.nn.parameter import (  # noqa: F401
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
)


def factory_kwargs(kwargs: dict | None) -> dict:
    """Return the arguments among ``kwargs`` that tell where and how a tensor is made: device and dtype.

    ``kwargs`` may hold them directly or under the key ``"factory_kwargs"``; other keys are an error.
    """
    if kwargs is None:
        return {}
    names = {"device", "dtype", "memory_format"}
    unknown = kwargs.keys() - names - {"factory_kwargs"}
    if unknown:
        raise TypeError(f"unexpected kwargs {unknown}")
    result = dict(kwargs.get("factory_kwargs", {}))
    for name in names & kwargs.keys():
        if name in result:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
        result[name] = kwargs[name]
    return result


def __getattr__(name: str) -> Any:
    # Imported at first use: nothing of these is needed to define and train a model.
    if name in ("DataParallel", "parallel", "utils", "attention", "grad", "common_types", "quantized"):
        if name == "DataParallel":
            return importlib.import_module("torch.nn.parallel").DataParallel
        try:
            return importlib.import_module(f"torch.nn.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"torch.nn.{name}":
                raise
    raise AttributeError(f"module 'torch.nn' has no attribute '{name}'")
