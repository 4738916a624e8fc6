"""Torch: tensors, automatic differentiation and neural networks, following PyTorch's API."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from torch import _C, _absent
from torch._C import (  # noqa: F401
    Generator as Generator,
    Size as Size,
    StorageBase as StorageBase,
    can_cast as can_cast,
    default_generator as default_generator,
    device as device,
    dtype as dtype,
    enable_grad as enable_grad,
    get_default_device as get_default_device,
    get_default_dtype as get_default_dtype,
    get_num_threads as get_num_threads,
    inference_mode as inference_mode,
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
    is_anomaly_enabled as is_anomaly_enabled,
    is_grad_enabled as is_grad_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled,
    is_warn_always_enabled as is_warn_always_enabled,
    layout as layout,
    memory_format as memory_format,
    no_grad as no_grad,
    promote_types as promote_types,
    result_type as result_type,
    set_anomaly_enabled as set_anomaly_enabled,
    set_default_device as set_default_device,
    set_grad_enabled as set_grad_enabled,
    set_num_threads as set_num_threads,
    set_warn_always as set_warn_always,
)
from torch.torch_version import TorchVersion as _TorchVersion
from torch.version import __version__ as _version

__version__ = _TorchVersion(_version)

# dtypes, with the names of C as well
bool = _C.bool
uint8 = _C.uint8
uint16 = _C.uint16
uint32 = _C.uint32
uint64 = _C.uint64
int8 = _C.int8
int16 = short = _C.int16
int32 = int = _C.int32
int64 = long = _C.int64
float16 = half = _C.float16
bfloat16 = _C.bfloat16
float32 = float = _C.float32
float64 = double = _C.float64
complex64 = cfloat = _C.complex64
complex128 = cdouble = _C.complex128
float8_e4m3fn = _C.float8_e4m3fn
float8_e5m2 = _C.float8_e5m2
float8_e4m3fnuz = _C.float8_e4m3fnuz
float8_e5m2fnuz = _C.float8_e5m2fnuz
float8_e8m0fnu = _C.float8_e8m0fnu
# of these only the bytes are stored
float4_e2m1fn_x2 = _C.float4_e2m1fn_x2
qint8, quint8, qint32, quint4x2, quint2x4 = _C.qint8, _C.quint8, _C.qint32, _C.quint4x2, _C.quint2x4
bits1x8, bits2x4, bits4x2, bits8, bits16 = _C.bits1x8, _C.bits2x4, _C.bits4x2, _C.bits8, _C.bits16
uint1, uint2, uint3, uint4, uint5, uint6, uint7 = (getattr(_C, f"uint{_bits}") for _bits in (1, 2, 3, 4, 5, 6, 7))
complex32 = chalf = _C.complex32
int1, int2, int3, int4, int5, int6, int7 = (getattr(_C, f"int{_bits}") for _bits in (1, 2, 3, 4, 5, 6, 7))

strided = _C.strided
sparse_coo = _C.sparse_coo
sparse_csr = _C.sparse_csr
sparse_csc = _C.sparse_csc
sparse_bsr = _C.sparse_bsr
sparse_bsc = _C.sparse_bsc
jagged = _C.jagged
_mkldnn = _C._mkldnn
contiguous_format = legacy_contiguous_format = _C.contiguous_format
preserve_format = _C.preserve_format
channels_last = _C.channels_last
channels_last_3d = _C.channels_last_3d

inf = __builtins__["float"]("inf") if isinstance(__builtins__, dict) else __builtins__.float("inf")
nan = -(inf - inf)
pi = 3.141592653589793
e = 2.718281828459045
newaxis = None

# Every function of the operator table is a function of torch, but for those that only derivatives and modules call.
_NOT_FUNCTIONS = {
    "_foreach_add_",
    "_to_copy",
    "_unsafe_view",
    "index",
    "native_batch_norm_backward",
    "native_layer_norm_backward",
    "nll_loss_backward",
    "nll_loss_forward",
    "sparse_sampled_addmm",
}
globals().update(
    {k: v for k, v in vars(_C._VariableFunctions).items() if not k.startswith("__") and k not in _NOT_FUNCTIONS}
)

from torch import autograd as autograd  # noqa: E402
from torch._C import (  # noqa: E402
    as_tensor as as_tensor,
    asarray as asarray,
    from_numpy as from_numpy,
    frombuffer as frombuffer,
    tensor as tensor,
)
from torch._statistics import (  # noqa: E402
    gradient as gradient,
    histogram as histogram,
    histogramdd as histogramdd,
    unravel_index as unravel_index,
)
from torch._tensor import (  # noqa: E402
    DisableTorchFunction as DisableTorchFunction,
    DisableTorchFunctionSubclass as DisableTorchFunctionSubclass,
    Tensor as Tensor,
)
from torch.functional import (  # noqa: E402
    atleast_1d as atleast_1d,
    atleast_2d as atleast_2d,
    atleast_3d as atleast_3d,
    block_diag as block_diag,
    broadcast_shapes as broadcast_shapes,
    broadcast_tensors as broadcast_tensors,
    cartesian_prod as cartesian_prod,
    chain_matmul as chain_matmul,
    einsum as einsum,
    from_dlpack as from_dlpack,
    from_file as from_file,
    get_device as get_device,
    is_complex as is_complex,
    is_conj as is_conj,
    is_floating_point as is_floating_point,
    is_inference as is_inference,
    is_neg as is_neg,
    is_nonzero as is_nonzero,
    is_same_size as is_same_size,
    is_signed as is_signed,
    is_storage as is_storage,
    is_tensor as is_tensor,
    lu as lu,
    meshgrid as meshgrid,
    nonzero as nonzero,
    norm as norm,
    numel as numel,
    range as range,
    resize_as_ as resize_as_,
    set_default_dtype as set_default_dtype,
    set_printoptions as set_printoptions,
    split as split,
    tensordot as tensordot,
    to_dlpack as to_dlpack,
    tril_indices as tril_indices,
    triu_indices as triu_indices,
    typename as typename,
    unique as unique,
    unique_consecutive as unique_consecutive,
)
from torch.random import (  # noqa: E402
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)

if TYPE_CHECKING:  # what is found at run time only: the operators, and what is imported when first used
    from torch import (
        amp as amp,
        backends as backends,
        cpu as cpu,
        cuda as cuda,
        distributions as distributions,
        fft as fft,
        linalg as linalg,
        nn as nn,
        ops as ops,
        optim as optim,
        overrides as overrides,
        random as random,
        serialization as serialization,
        signal as signal,
        special as special,
        storage as storage,
        testing as testing,
        utils as utils,
    )
    from torch._C import *  # type: ignore[assignment]
    from torch._compile import compile as compile
    from torch._functorch.vmap import vmap as vmap
    from torch._higher_order_ops import cond as cond, while_loop as while_loop
    from torch._legacy_types import set_default_tensor_type as set_default_tensor_type
    from torch._linalg_utils import (
        eig as eig,
        lstsq as lstsq,
        matrix_rank as matrix_rank,
        solve as solve,
        symeig as symeig,
    )
    from torch._lobpcg import lobpcg as lobpcg
    from torch._lowrank import pca_lowrank as pca_lowrank, svd_lowrank as svd_lowrank
    from torch._sym import (
        sym_float as sym_float,
        sym_fresh_size as sym_fresh_size,
        sym_int as sym_int,
        sym_ite as sym_ite,
        sym_max as sym_max,
        sym_min as sym_min,
        sym_not as sym_not,
        sym_sum as sym_sum,
    )
    from torch._type_info import finfo as finfo, iinfo as iinfo
    from torch.amp._state import (
        autocast_decrement_nesting as autocast_decrement_nesting,
        autocast_increment_nesting as autocast_increment_nesting,
        clear_autocast_cache as clear_autocast_cache,
        get_autocast_dtype as get_autocast_dtype,
        is_autocast_cache_enabled as is_autocast_cache_enabled,
        is_autocast_enabled as is_autocast_enabled,
        set_autocast_cache_enabled as set_autocast_cache_enabled,
        set_autocast_dtype as set_autocast_dtype,
        set_autocast_enabled as set_autocast_enabled,
    )
    from torch.amp.autocast_mode import autocast as autocast
    from torch.serialization import load as load, save as save
    from torch.storage import TypedStorage as TypedStorage, UntypedStorage as UntypedStorage


def use_deterministic_algorithms(mode: Any, *, warn_only: Any = False) -> None:
    """Accepted for both values: kernels on the CPU are deterministic whatever the mode.

    On CUDA, convolutions take the ways of cuDNN that are, and sums at repeated indices are made in the order of the
    elements, which takes longer.

    Example:

        >>> torch.use_deterministic_algorithms(True)
        >>> torch.are_deterministic_algorithms_enabled()
        True
        >>> torch.use_deterministic_algorithms(False)
    """
    from torch.backends import cudnn

    global _deterministic
    _deterministic = (1 if warn_only else 2) if mode else 0
    _C._set_deterministic_algorithms(_deterministic != 0)
    cudnn._tell()


def are_deterministic_algorithms_enabled() -> Any:
    """What :func:`use_deterministic_algorithms` was told.

    Example:

        >>> torch.are_deterministic_algorithms_enabled()
        False
    """
    return _deterministic != 0


def is_deterministic_algorithms_warn_only_enabled() -> Any:
    """Whether :func:`use_deterministic_algorithms` was told to warn only.

    Example:

        >>> torch.is_deterministic_algorithms_warn_only_enabled()
        False
    """
    return _deterministic == 1


def set_deterministic_debug_mode(debug_mode: Any) -> None:
    """The same as :func:`use_deterministic_algorithms`: 0 or "default", 1 or "warn", 2 or "error".

    Example:

        >>> torch.set_deterministic_debug_mode("default")
        >>> torch.get_deterministic_debug_mode()
        0
    """
    names = {"default": 0, "warn": 1, "error": 2}
    if isinstance(debug_mode, str):
        if debug_mode not in names:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, or `error`, but got {debug_mode}"
            )
        debug_mode = names[debug_mode]
    elif debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> Any:
    """What :func:`set_deterministic_debug_mode` was told, as a number.

    Example:

        >>> torch.get_deterministic_debug_mode()
        0
    """
    return _deterministic


_deterministic = 0


def get_device_module(device: Any = None) -> Any:  # noqa: F811
    """The module of a device's kind: ``torch.cpu``, ``torch.cuda`` and the like.

    Example:

        >>> torch.get_device_module("cpu").__name__
        'torch.cpu'
    """
    kind = get_default_device().type if device is None else _C.device(device).type
    if kind not in ("cpu", "cuda", "xpu", "mps", "mtia"):
        raise RuntimeError(f"Invalid device_type: device {kind!r} has no module in torch")
    return importlib.import_module(f"torch.{kind}")


class SymInt:
    """Class of symbolic integers, of which there are none: sizes are ``int``. For ``isinstance``."""

    def __init__(self, *args: Any) -> None:
        raise NotImplementedError("symbolic sizes are not supported")


class SymFloat:
    """Class of symbolic floats, of which there are none. For ``isinstance``."""

    __init__ = SymInt.__init__


class SymBool:
    """Class of symbolic bools, of which there are none. For ``isinstance``."""

    __init__ = SymInt.__init__


class OutOfMemoryError(RuntimeError):
    """An accelerator has no memory left."""


class AcceleratorError(RuntimeError):
    """An accelerator, or its driver, reports an error."""


def get_num_interop_threads() -> Any:
    """Threads that run operators side by side: one.

    Example:

        >>> torch.get_num_interop_threads() >= 1
        True
    """
    return 1


def set_num_interop_threads(n: Any) -> None:
    """Operators run one after another; only 1 is possible.

    Example:

        >>> torch.set_num_interop_threads(1)
        >>> torch.get_num_interop_threads()
        1
    """
    if n != 1:
        raise NotImplementedError("set_num_interop_threads: operators run one after another, only 1 is supported")


def set_flush_denormal(mode: Any) -> Any:
    """Denormal numbers are never flushed. Returns False: not supported.

    Example:

        >>> changed = torch.set_flush_denormal(False)
    """
    return False


def set_float32_matmul_precision(precision: str) -> None:
    """Products of float32 matrices on a GPU may be computed in TF32, unless it is "highest"; on the CPU in float32.

    Example:

        >>> torch.set_float32_matmul_precision("highest")
        >>> torch.get_float32_matmul_precision()
        'highest'
    """
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"unknown precision {precision!r}: expected 'highest', 'high' or 'medium'")
    global _matmul_precision
    _matmul_precision = precision
    from torch.backends import cuda as cuda_switches

    cuda_switches.matmul._follow(precision)


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` was told.

    Example:

        >>> torch.get_float32_matmul_precision()
        'highest'
    """
    return _matmul_precision


_matmul_precision = "highest"


def _assert(condition: Any, message: str) -> None:
    if _C._has_torch_function(condition):
        from torch.overrides import handle_torch_function

        handle_torch_function(_assert, (condition,), condition, message)
        return
    assert condition, message


# Loaded when first used, so that `import torch` stays light.
_LAZY_MODULES = {
    "__config__",
    "accelerator",
    "ao",
    "masked",
    "mps",
    "mtia",
    "nested",
    "onnx",
    "quantization",
    "quasirandom",
    "xpu",
    "backends",
    "cpu",
    "cuda",
    "distributions",
    "jit",
    "linalg",
    "nn",
    "optim",
    "overrides",
    "ops",
    "return_types",
    "serialization",
    "signal",
    "special",
    "storage",
    "testing",
    "types",
    "utils",
    "_utils",
    "fft",
    "amp",
    "library",
    "multiprocessing",
    "hub",
    "fx",
    "compiler",
    "profiler",
    "distributed",
    "sparse",
    "func",
    "export",
    "futures",
    "classes",
    "_ops",
    "_VF",
    "_custom_ops",
    "_decomp",
    "_guards",
    "_logging",
    "torch_version",
    "_dynamo",
    "_functorch",
    "_higher_order_ops",
    "_inductor",
    "_jit_internal",
    "_library",
    "_subclasses",
}
_LAZY_NAMES = {
    "compile": "torch._compile",
    "_disable_dynamo": "torch._compile",
    "Tag": "torch._library.keys",
    "DispatchKey": "torch._library.keys",
    "FunctionSchema": "torch._library.schema",
    "Argument": "torch._library.schema",
    "Future": "torch.futures",
    "vmap": "torch._functorch.vmap",
    **dict.fromkeys(("ScriptModule", "ScriptObject"), "torch._c_names"),
    "_assert_async": "torch._checks",
    "_shape_as_tensor": "torch._checks",
    "cond": "torch._higher_order_ops",
    "while_loop": "torch._higher_order_ops",
    **dict.fromkeys("sym_float sym_fresh_size sym_int sym_ite sym_max sym_min sym_not sym_sum".split(), "torch._sym"),
    "svd_lowrank": "torch._lowrank",
    "pca_lowrank": "torch._lowrank",
    "lobpcg": "torch._lobpcg",
    "lstsq": "torch._linalg_utils",
    "eig": "torch._linalg_utils",
    "symeig": "torch._linalg_utils",
    "solve": "torch._linalg_utils",
    "matrix_rank": "torch._linalg_utils",
    "_check": "torch._checks",
    "_check_is_size": "torch._checks",
    "_check_index": "torch._checks",
    "_check_value": "torch._checks",
    "_check_type": "torch._checks",
    "_check_not_implemented": "torch._checks",
    "_check_tensor_all": "torch._checks",
    "_check_with": "torch._checks",
    "autocast": "torch.amp.autocast_mode",
    "ScriptModule": "torch.jit",
    "ScriptFunction": "torch.jit",
    "_amp_foreach_non_finite_check_and_unscale_": "torch.amp.grad_scaler",
    "_amp_update_scale_": "torch.amp.grad_scaler",
    "is_autocast_enabled": "torch.amp._state",
    "set_autocast_enabled": "torch.amp._state",
    "get_autocast_dtype": "torch.amp._state",
    "set_autocast_dtype": "torch.amp._state",
    "is_autocast_cache_enabled": "torch.amp._state",
    "set_autocast_cache_enabled": "torch.amp._state",
    "clear_autocast_cache": "torch.amp._state",
    "autocast_increment_nesting": "torch.amp._state",
    "autocast_decrement_nesting": "torch.amp._state",
    "is_autocast_cpu_enabled": "torch.amp._state",
    "set_autocast_cpu_enabled": "torch.amp._state",
    "get_autocast_cpu_dtype": "torch.amp._state",
    "set_autocast_cpu_dtype": "torch.amp._state",
    "get_autocast_gpu_dtype": "torch.amp._state",
    "set_autocast_gpu_dtype": "torch.amp._state",
    "is_autocast_ipu_enabled": "torch.amp._state",
    "set_autocast_ipu_enabled": "torch.amp._state",
    "get_autocast_ipu_dtype": "torch.amp._state",
    "set_autocast_ipu_dtype": "torch.amp._state",
    "is_autocast_xla_enabled": "torch.amp._state",
    "set_autocast_xla_enabled": "torch.amp._state",
    "get_autocast_xla_dtype": "torch.amp._state",
    "set_autocast_xla_dtype": "torch.amp._state",
    "GradScaler": "torch.amp",
    "save": "torch.serialization",
    "load": "torch.serialization",
    "finfo": "torch._type_info",
    "iinfo": "torch._type_info",
    "UntypedStorage": "torch.storage",
    "TypedStorage": "torch.storage",
    "FloatStorage": "torch.storage",
    "DoubleStorage": "torch.storage",
    "HalfStorage": "torch.storage",
    "BFloat16Storage": "torch.storage",
    "LongStorage": "torch.storage",
    "IntStorage": "torch.storage",
    "ShortStorage": "torch.storage",
    "CharStorage": "torch.storage",
    "ByteStorage": "torch.storage",
    "BoolStorage": "torch.storage",
    "ComplexFloatStorage": "torch.storage",
    "ComplexDoubleStorage": "torch.storage",
    "FloatTensor": "torch._legacy_types",
    "DoubleTensor": "torch._legacy_types",
    "HalfTensor": "torch._legacy_types",
    "BFloat16Tensor": "torch._legacy_types",
    "LongTensor": "torch._legacy_types",
    "IntTensor": "torch._legacy_types",
    "ShortTensor": "torch._legacy_types",
    "CharTensor": "torch._legacy_types",
    "ByteTensor": "torch._legacy_types",
    "spmm": "torch._sparse_tensors",
    "dsmm": "torch._sparse_tensors",
    "sparse_coo_tensor": "torch._sparse_tensors",
    "sparse_compressed_tensor": "torch._sparse_tensors",
    "sparse_csr_tensor": "torch._sparse_tensors",
    "sparse_csc_tensor": "torch._sparse_tensors",
    "sparse_bsr_tensor": "torch._sparse_tensors",
    "sparse_bsc_tensor": "torch._sparse_tensors",
    "BoolTensor": "torch._legacy_types",
    "set_default_tensor_type": "torch._legacy_types",
    "set_vital": "torch._vitals",
}
_ABSENT = {"Event", "PyTorchFileReader", "PyTorchFileWriter", "Stream", "TensorType"}

_absent.install()


def _more_of_c(name: str) -> Any:
    """Names of torch._C that are written in Python."""
    if name == "_functorch":
        return importlib.import_module("torch._C._functorch")
    from torch import _c_names

    if name.startswith("__") or not hasattr(_c_names, name):
        raise AttributeError(f"module 'torch._C' has no attribute {name!r}")
    return getattr(_c_names, name)


def _more_of_nn(name: str) -> Any:
    from torch import _c_names

    if name != "_parse_to":
        raise AttributeError(f"module 'torch._C._nn' has no attribute {name!r}")
    return _c_names._parse_to


_C.__getattr__ = _more_of_c
_C._nn.__getattr__ = _more_of_nn  # type: ignore[attr-defined]
_C.__path__ = []  # so that modules below it can be imported: those of the list, and _functorch


def __getattr__(name: str) -> Any:
    if name in _LAZY_NAMES:
        value = getattr(importlib.import_module(_LAZY_NAMES[name]), name)
        globals()[name] = value
        return value
    if name in _ABSENT:
        return _absent.names_of("torch")(name)
    if name.startswith("_foreach_"):
        return getattr(importlib.import_module("torch._foreach"), name)
    if name == "torch":  # some programs write torch.torch
        return importlib.import_module("torch")
    if name in _LAZY_MODULES:
        try:
            return importlib.import_module("torch." + name)
        except ModuleNotFoundError as error:
            if error.name != "torch." + name:
                raise
    raise AttributeError(f"module 'torch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((set(globals()) | _LAZY_NAMES.keys()) - {"Any", "TYPE_CHECKING", "annotations"})
