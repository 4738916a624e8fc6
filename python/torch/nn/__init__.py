"""Building blocks of neural networks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from torch.nn import functional as functional, init as init
from torch.nn.modules import *  # noqa: F403
from torch.nn.modules import Module as Module
from torch.nn.parameter import (
    Buffer as Buffer,
    Parameter as Parameter,
    UninitializedBuffer as UninitializedBuffer,
    UninitializedParameter as UninitializedParameter,
)

if TYPE_CHECKING:  # torch.nn.modules collects its names at run time
    from torch.nn import utils as utils
    from torch.nn.modules.activation import *
    from torch.nn.modules.adaptive import *
    from torch.nn.modules.batchnorm import *
    from torch.nn.modules.channelshuffle import *
    from torch.nn.modules.container import *
    from torch.nn.modules.conv import *
    from torch.nn.modules.distance import *
    from torch.nn.modules.dropout import *
    from torch.nn.modules.flatten import *
    from torch.nn.modules.fold import *
    from torch.nn.modules.instancenorm import *
    from torch.nn.modules.linear import *
    from torch.nn.modules.loss import *
    from torch.nn.modules.normalization import *
    from torch.nn.modules.padding import *
    from torch.nn.modules.pixelshuffle import *
    from torch.nn.modules.pooling import *
    from torch.nn.modules.rnn import *
    from torch.nn.modules.sparse import *
    from torch.nn.modules.transformer import *
    from torch.nn.modules.upsampling import *


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
    if name == "LinearCrossEntropyOptions":
        return importlib.import_module("torch.nn.modules").LinearCrossEntropyOptions
    if name in ("DataParallel", "parallel", "utils", "attention", "grad", "common_types", "quantized"):
        if name == "DataParallel":
            return importlib.import_module("torch.nn.parallel").DataParallel
        try:
            return importlib.import_module(f"torch.nn.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"torch.nn.{name}":
                raise
    raise AttributeError(f"module 'torch.nn' has no attribute '{name}'")
