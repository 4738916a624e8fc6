"""The modules, one file a family."""

from torch.nn.modules import (
    activation,
    batchnorm,
    container,
    conv,
    dropout,
    flatten,
    linear,
    loss,
    normalization,
    pooling,
    rnn,
    sparse,
)
from torch.nn.modules.activation import *
from torch.nn.modules.batchnorm import *
from torch.nn.modules.container import *
from torch.nn.modules.conv import *
from torch.nn.modules.dropout import *
from torch.nn.modules.flatten import *
from torch.nn.modules.linear import *
from torch.nn.modules.loss import *
from torch.nn.modules.module import Module
from torch.nn.modules.normalization import *
from torch.nn.modules.pooling import *
from torch.nn.modules.rnn import *
from torch.nn.modules.sparse import *

__all__ = ["Module"]
for _family in (
    activation,
    batchnorm,
    container,
    conv,
    dropout,
    flatten,
    linear,
    loss,
    normalization,
    pooling,
    rnn,
    sparse,
):
    __all__ += [name for name in _family.__all__ if name != "NonDynamicallyQuantizableLinear"]
