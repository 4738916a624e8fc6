"""Torch: tensors, automatic differentiation and neural networks, following PyTorch's API."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from torch import _C
from torch._C import (  # noqa: F401
    Generator,
    Size,
    can_cast,
    default_generator,
    device,
    dtype,
    enable_grad,
    get_default_device,
    get_default_dtype,
    get_num_threads,
    inference_mode,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    layout,
    memory_format,
    no_grad,
    promote_types,
    result_type,
    set_anomaly_enabled,
    set_default_device,
    set_grad_enabled,
    set_num_threads,
)
from torch.version import __version__

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

strided = _C.strided
contiguous_format = legacy_contiguous_format = _C.contiguous_format
preserve_format = _C.preserve_format
channels_last = _C.channels_last
channels_last_3d = _C.channels_last_3d

inf = __builtins__["float"]("inf") if isinstance(__builtins__, dict) else __builtins__.float("inf")
nan = -(inf - inf)
pi = 3.141592653589793
e = 2.718281828459045
newaxis = None

# Every generated function of the operator table is a function of torch; of the in-place ones, and of those that only
# derivatives call, PyTorch has few.
_IN_PLACE_FUNCTIONS = set(
    """abs_ acos_ acosh_ alpha_dropout_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ asinh_
    atan_ atanh_ bernoulli_ ceil_ celu_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_
    detach_ dropout_
    elu_ embedding_renorm_ erf_ erfc_ exp2_ exp_ expm1_ feature_alpha_dropout_ feature_dropout_ fill_ fix_ floor_ frac_
    gcd_ hardswish_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ mish_ nan_to_num_ neg_ negative_ rad2deg_
    random_ reciprocal_ relu_ resize_as_ round_ rrelu_ rsqrt_ selu_ sigmoid_ silu_ sin_ sinc_ sinh_ sqrt_ square_ tan_
    tanh_ threshold_ trunc_ xlogy_ zero_""".split()
)
_NOT_FUNCTIONS = {
    "_to_copy",
    "_unsafe_view",
    "index",
    "native_batch_norm_backward",
    "native_layer_norm_backward",
    "nll_loss_backward",
    "nll_loss_forward",
}
globals().update(
    {
        k: v
        for k, v in vars(_C._VariableFunctions).items()
        if not k.startswith("__")
        and (k.startswith("_") or not k.endswith("_") or k in _IN_PLACE_FUNCTIONS)
        and k not in _NOT_FUNCTIONS
    }
)

from torch import autograd  # noqa: E402
from torch._C import as_tensor, asarray, from_numpy, frombuffer, tensor  # noqa: E402
from torch._statistics import gradient, histogram, histogramdd, unravel_index  # noqa: E402
from torch._tensor import DisableTorchFunction, DisableTorchFunctionSubclass, Tensor  # noqa: E402
from torch.functional import (  # noqa: E402
    atleast_1d,
    atleast_2d,
    atleast_3d,
    block_diag,
    broadcast_shapes,
    broadcast_tensors,
    cartesian_prod,
    chain_matmul,
    einsum,
    from_dlpack,
    get_device,
    is_complex,
    is_conj,
    is_floating_point,
    is_inference,
    is_neg,
    is_nonzero,
    is_same_size,
    is_signed,
    is_storage,
    is_tensor,
    lu,
    meshgrid,
    nonzero,
    norm,
    numel,
    range,
    resize_as_,
    set_default_dtype,
    set_printoptions,
    split,
    tensordot,
    to_dlpack,
    tril_indices,
    triu_indices,
    typename,
    unique,
    unique_consecutive,
)
from torch.random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state  # noqa: E402

if TYPE_CHECKING:
    from torch import nn, optim, utils  # noqa: F401


def compile(*args: Any, **kwargs: Any) -> Any:
    """Not supported yet."""
    raise NotImplementedError("torch.compile is not supported yet; the function runs as it is")


def use_deterministic_algorithms(mode: Any, *, warn_only: Any = False) -> None:
    """Kernels here are deterministic whatever the mode; accepted for both values."""
    global _deterministic
    _deterministic = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> Any:
    """What :func:`use_deterministic_algorithms` was told."""
    return _deterministic != 0


def is_deterministic_algorithms_warn_only_enabled() -> Any:
    """Whether :func:`use_deterministic_algorithms` was told to warn only."""
    return _deterministic == 1


def set_deterministic_debug_mode(debug_mode: Any) -> None:
    """The same as :func:`use_deterministic_algorithms`: 0 or "default", 1 or "warn", 2 or "error"."""
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
    """What :func:`set_deterministic_debug_mode` was told, as a number."""
    return _deterministic


_deterministic = 0


def get_device_module(device: Any = None) -> Any:  # noqa: F811
    """The module of a device's kind: ``torch.cpu`` or ``torch.cuda``."""
    kind = get_default_device().type if device is None else _C.device(device).type
    if kind not in ("cpu", "cuda"):
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
    """An accelerator has no memory left. Never raised here: there is none."""


class AcceleratorError(RuntimeError):
    """An accelerator reports an error. Never raised here: there is none."""


def get_num_interop_threads() -> Any:
    """Threads that run operators side by side: one."""
    return 1


def set_num_interop_threads(n: Any) -> None:
    """Operators run one after another; only 1 is possible."""
    if n != 1:
        raise NotImplementedError("set_num_interop_threads: operators run one after another, only 1 is supported")


def set_flush_denormal(mode: Any) -> Any:
    """Denormal numbers are never flushed. Returns False: not supported."""
    return False


def set_float32_matmul_precision(precision: str) -> None:
    """Products of float32 matrices are computed in float32 on the CPU whatever the precision asked for."""
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"unknown precision {precision!r}: expected 'highest', 'high' or 'medium'")
    global _matmul_precision
    _matmul_precision = precision


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` was told."""
    return _matmul_precision


_matmul_precision = "highest"


def _assert(condition: Any, message: str) -> None:
    assert condition, message


# Loaded when first used, so that `import torch` stays light.
_LAZY_MODULES = {
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
    "_ops",
}
_LAZY_NAMES = {
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
    "is_autocast_enabled": "torch.amp.autocast_mode",
    "is_autocast_cpu_enabled": "torch.amp.autocast_mode",
    "get_autocast_dtype": "torch.amp.autocast_mode",
    "get_autocast_cpu_dtype": "torch.amp.autocast_mode",
    "get_autocast_gpu_dtype": "torch.amp.autocast_mode",
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
    "BoolTensor": "torch._legacy_types",
    "set_default_tensor_type": "torch._legacy_types",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY_NAMES:
        value = getattr(importlib.import_module(_LAZY_NAMES[name]), name)
        globals()[name] = value
        return value
    if name in _LAZY_MODULES:
        try:
            return importlib.import_module("torch." + name)
        except ModuleNotFoundError as error:
            if error.name != "torch." + name:
                raise
    raise AttributeError(f"module 'torch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((set(globals()) | _LAZY_NAMES.keys()) - {"Any", "TYPE_CHECKING", "annotations"})
