"""The Python array API standard, version 2024.12, over torch's tensors.

What ``x.__array_namespace__()`` returns. The functions have the names, signatures and meanings of the standard where
torch's own differ from it; those that agree are torch's. Tensors keep torch's operators, which follow the standard
except in what ``docs/array-api.md`` lists. Extensions: :mod:`linalg` and :mod:`fft`.
"""

from torch import e, inf, nan, newaxis, pi  # noqa: F401
from torch._array_api import fft, linalg  # noqa: F401
from torch._array_api._creation import *
from torch._array_api._dtypes import *
from torch._array_api._dtypes import __array_namespace_info__  # noqa: F401
from torch._array_api._elementwise import *
from torch._array_api._manipulation import *
from torch._array_api._reductions import *
from torch._array_api._searching import *
from torch._array_api.linalg import matmul, matrix_transpose, tensordot, vecdot  # noqa: F401

__array_api_version__ = "2024.12"
