"""Names of ``torch._C`` that programs ask for and that need no C++. Read when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import torch
import torch.jit
from torch import _C
from torch._library.fake_impl import get_ctx as _get_ctx  # noqa: F401
from torch._library.keys import (
    AutoDispatchBelowAutograd as _AutoDispatchBelowAutograd,  # noqa: F401
    DispatchKey as DispatchKey,
    DispatchKeySet as DispatchKeySet,
    ExcludeDispatchKeyGuard as _ExcludeDispatchKeyGuard,  # noqa: F401
    Tag as Tag,
)
from torch._library.schema import (
    AliasInfo as _AliasInfo,  # noqa: F401
    Argument as Argument,
    FunctionSchema as FunctionSchema,
    parse_schema as parse_schema,
)
from torch.futures import Future as Future
from torch.utils._python_dispatch import (
    _get_current_dispatch_mode,
    _get_dispatch_stack_at as _get_dispatch_stack_at,
    _len_torch_dispatch_stack as _len_torch_dispatch_stack,
)

_GLIBCXX_USE_CXX11_ABI = True
_has_cuda = _has_mps = _has_xpu = has_cuda = has_mps = has_xpu = has_cudnn = False
has_lapack = has_openmp = True
has_mkl = False


def _log_api_usage_once(event: str) -> None:
    """Nothing is logged."""


def _log_api_usage_metadata(event: str, metadata: Any) -> None:
    """Nothing is logged."""


# ---------------------------------------------------------------- TorchScript, which there is not


class _Nothing:
    """Class of objects of TorchScript, of which there are none. For ``isinstance``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"torch._C.{type(self).__name__} is not supported: there is no TorchScript")


def _absent_class(name: str, base: type = _Nothing) -> type:
    return type(name, (base,), {"__module__": "torch._C", "__doc__": _Nothing.__doc__})


Graph = _absent_class("Graph")
Node = _absent_class("Node")
Value = _absent_class("Value")
Block = _absent_class("Block")
ScriptObject = _absent_class("ScriptObject")
ScriptModule = torch.jit.ScriptModule
ScriptFunction = torch.jit.ScriptFunction
ScriptMethod = _absent_class("ScriptMethod")
ScriptDict = _absent_class("ScriptDict")
ScriptList = _absent_class("ScriptList")
CompilationUnit = torch.jit.CompilationUnit
JITException = torch.jit.Error
PyTorchFileReader = _absent_class("PyTorchFileReader")
PyTorchFileWriter = _absent_class("PyTorchFileWriter")
FileCheck = _absent_class("FileCheck")
LiteScriptModule = _absent_class("LiteScriptModule")

Type = _absent_class("Type")
for _name in "Any Tensor Int Float Bool String List Dict Tuple Optional Union None Number Complex DeviceObj".split():
    globals()[_name + "Type"] = _absent_class(_name + "Type", Type)


def _get_tracing_state() -> None:
    """The state of tracing: there is none."""


def _is_tracing() -> bool:
    """Whether the caller is being traced: never."""
    return False


class _Switches:
    """What the switches of TorchScript's compiler were set to. They have no effect: there is no compiler."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def setter(self, name: str, default: Any) -> Callable[[Any], Any]:
        def set_(value: Any) -> Any:
            before = self.values.get(name, default)
            self.values[name] = value
            return before

        set_.__name__ = set_.__qualname__ = name
        return set_

    def getter(self, name: str, default: Any) -> Callable[[], Any]:
        return lambda: self.values.get(name, default)


_switches = _Switches()
for _name in "profiling_executor profiling_mode".split():
    globals()[f"_jit_set_{_name}"] = _switches.setter(_name, True)
for (
    _name
) in "texpr_fuser_enabled nvfuser_enabled nvfuser_guard_mode nvfuser_single_node_mode nvfuser_horizontal_mode".split():
    globals()[f"_jit_set_{_name}"] = _switches.setter(_name, False)
_jit_set_bailout_depth = _switches.setter("bailout_depth", 20)
_jit_set_num_profiled_runs = _switches.setter("num_profiled_runs", 1)
for _name in ("cpu", "gpu"):
    globals()[f"_jit_override_can_fuse_on_{_name}"] = _switches.setter(f"can_fuse_on_{_name}", False)
    globals()[f"_jit_can_fuse_on_{_name}"] = _switches.getter(f"can_fuse_on_{_name}", False)
_jit_texpr_fuser_enabled = _switches.getter("texpr_fuser_enabled", False)
_jit_nvfuser_enabled = _switches.getter("nvfuser_enabled", False)


# ---------------------------------------------------------------- dispatch


def _are_functorch_transforms_active() -> bool:
    """Whether the caller runs inside a transform of torch.func."""
    from torch._functorch import state

    return state.depth() > 0


def _get_dispatch_mode(which: Any = None) -> Any:
    """The innermost TorchDispatchMode."""
    return _get_current_dispatch_mode() if which is None else None


def _dispatch_has_kernel_for_dispatch_key(name: str, key: Any) -> bool:
    """Whether an operator has a kernel for a key."""
    qualified, _, overload = name.partition(".")
    namespace, _, short = qualified.partition("::")
    op = getattr(getattr(getattr(torch.ops, namespace), short), overload or "default")
    return op.has_kernel_for_dispatch_key(key)


def _dispatch_has_kernel(name: str) -> bool:
    """Whether there is an operator of a name."""
    from torch._library import dispatch

    qualified, _, overload = name.partition(".")
    if qualified.startswith("aten::"):
        return _C._find_op(qualified[len("aten::") :], overload or "default") is not None
    return dispatch.find(name) is not None


def _dispatch_dump(name: str) -> str:
    """The kernels of an operator, as text."""
    from torch._library import dispatch

    op = dispatch.resolve(name)
    kernels = "".join(f"{key}: {kernel!r}\n" for key, kernel in sorted(op.kernels.items()))
    return f"name: {op.name()}\nschema: {op._schema}\n{kernels}"


def _jit_get_schemas_for_operator(name: str) -> list[Any]:
    """Schemas of the overloads of an operator."""
    namespace, _, short = name.partition("::")
    packet = getattr(getattr(torch.ops, namespace), short, None)
    return [] if packet is None else [getattr(packet, overload)._schema for overload in packet.overloads()]


# ---------------------------------------------------------------- tensors and devices


def _is_alias_of(data: Any, other: Any) -> bool:
    """Whether two tensors share memory."""
    return data.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _get_privateuse1_backend_name() -> str:
    """Name of devices of other makers."""
    return "privateuseone"


def _get_default_device() -> str:
    """Kind of the device that tensors are made on by default."""
    return torch.get_default_device().type


def _get_accelerator(check: Optional[bool] = None) -> Any:
    """The accelerator in use: the CPU, as there is none."""
    return torch.device("cpu")


def _get_cudnn_enabled() -> bool:
    """Whether cuDNN may be used."""
    return torch.backends.cudnn.enabled


def _get_deterministic_algorithms() -> bool:
    """What ``torch.use_deterministic_algorithms`` was told."""
    return torch.are_deterministic_algorithms_enabled()


def _get_cpu_capability() -> str:
    """The instruction set in use."""
    return torch.backends.cpu.get_cpu_capability()


def _set_math_sdp_allow_fp16_bf16_reduction(value: Any) -> None:
    """Attention accumulates in float32 whatever is asked for."""


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Optional[Any], Optional[Any], bool, Optional[Any]]:
    """Device, dtype, non_blocking and memory format from the arguments of ``Tensor.to`` and ``Module.to``."""
    names: tuple[str, ...] = ("device", "dtype", "non_blocking", "copy")
    found = {"device": None, "dtype": None, "non_blocking": False, "memory_format": kwargs.pop("memory_format", None)}
    values = list(args)
    if "tensor" in kwargs:
        values.insert(0, kwargs.pop("tensor"))
    if values and isinstance(values[0], torch.Tensor):
        other = values.pop(0)
        found["device"], found["dtype"] = other.device, other.dtype
        names = names[2:]
    elif values and isinstance(values[0], torch.dtype):
        names = names[1:]
    if len(values) > len(names):
        raise TypeError(f"to() received too many arguments: {args}")
    given = dict(zip(names, values))
    for key, value in kwargs.items():
        if key in given or key not in ("device", "dtype", "non_blocking", "copy"):
            raise TypeError(f"to() received an invalid combination of arguments: {key!r}")
        given[key] = value
    given.pop("copy", None)
    if given.get("device") is not None:
        given["device"] = torch.device(given["device"])
    if given.get("dtype") is not None and not isinstance(given["dtype"], torch.dtype):
        raise TypeError(f"to() received an invalid dtype: {given['dtype']!r}")
    return tuple({**found, **given}.values())  # type: ignore[return-value]
