"""Names of the places where kernels of an operator are kept, and tags of operators."""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Optional, Union


class Tag(enum.Enum):
    """What holds for an operator."""

    core = 0
    cudagraph_unsafe = 1
    data_dependent_output = 2
    dynamic_output_shape = 3
    flexible_layout = 4
    generated = 5
    inplace = 6
    inplace_view = 7
    maybe_aliasing_or_mutating = 8
    needs_contiguous_strides = 9
    needs_exact_strides = 10
    needs_fixed_stride_order = 11
    nondeterministic_bitwise = 12
    nondeterministic_seeded = 13
    out = 14
    out_variant = 15
    pointwise = 16
    pt2_compliant_tag = 17
    reduction = 18
    view_copy = 19


_BACKENDS = "CPU CUDA HIP XLA MPS IPU XPU HPU VE Lazy MTIA MAIA PrivateUse1 PrivateUse2 PrivateUse3 Meta".split()
_PREFIXES = "Autograd Autocast Sparse SparseCsr Quantized NestedTensor".split()

DispatchKey = enum.Enum(  # type: ignore[misc]
    "DispatchKey",
    [
        *"Undefined CompositeExplicitAutogradNonFunctional CompositeExplicitAutograd CompositeImplicitAutograd".split(),
        *"CompositeImplicitAutogradNestedTensor Autograd Autocast AutogradOther Conjugate Negative ZeroTensor".split(),
        *"BackendSelect ADInplaceOrView Python PythonDispatcher PythonTLSSnapshot PreDispatch Functionalize".split(),
        *"FuncTorchBatched FuncTorchGradWrapper FuncTorchVmapMode FuncTorchDynamicLayerFrontMode".split(),
        *"FuncTorchDynamicLayerBackMode FuncTorchBatchedDecomposition Dense Sparse SparseCsr Quantized".split(),
        *"NestedTensor AutogradFunctionality".split(),
        *_BACKENDS,
        *(prefix + backend for prefix in _PREFIXES for backend in _BACKENDS),
    ],
    module="torch",
)

ALIASES = {"AutogradCPU": "Autograd", "AutogradMeta": "Autograd", "AutogradCUDA": "Autograd", "Default": ""}


def key_name(key: Any) -> str:
    """The name of a key given by name or member; the names known are those of :data:`DispatchKey`."""
    name = key if isinstance(key, str) else key.name
    if name not in DispatchKey.__members__:
        raise RuntimeError(f"could not parse dispatch key: {name}")
    return name


class DispatchKeySet:
    """A set of dispatch keys."""

    def __init__(self, keys: Union[Any, Iterable[Any]] = ()) -> None:
        members = keys if isinstance(keys, (set, frozenset, list, tuple)) else [keys]
        self._names = frozenset(key_name(key) for key in members)

    def add(self, key: Any) -> DispatchKeySet:
        """The set with one more."""
        return DispatchKeySet(self._names | {key_name(key)})

    def remove(self, key: Any) -> DispatchKeySet:
        """The set without one."""
        return DispatchKeySet(self._names - {key_name(key)})

    def has(self, key: Any) -> bool:
        """Whether a key is in it."""
        return key_name(key) in self._names

    def __or__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(self._names | other._names)

    def __and__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(self._names & other._names)

    def __sub__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(self._names - other._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DispatchKeySet) and self._names == other._names

    def __hash__(self) -> int:
        return hash(self._names)

    def __iter__(self) -> Iterator[Any]:
        return iter(DispatchKey[name] for name in sorted(self._names))

    def __repr__(self) -> str:
        return f"DispatchKeySet({', '.join(sorted(self._names))})"


class _Excluded(threading.local):
    keys: frozenset[str] = frozenset()


excluded = _Excluded()


class ExcludeDispatchKeyGuard:
    """Context manager: inside, operators written in Python pass over kernels of some keys."""

    def __init__(self, keys: DispatchKeySet) -> None:
        self._keys = keys._names
        self._autocast: Optional[Any] = None

    def __enter__(self) -> None:
        self._before = excluded.keys
        excluded.keys = self._before | self._keys
        if any(name.startswith("Autocast") for name in self._keys):
            import torch

            self._autocast = torch.autocast("cpu", enabled=False)
            self._autocast.__enter__()

    def __exit__(self, *exc: object) -> None:
        excluded.keys = self._before
        if self._autocast is not None:
            self._autocast.__exit__(None, None, None)


class AutoDispatchBelowAutograd(ExcludeDispatchKeyGuard):
    """Context manager for kernels of the key Autograd: inside, operators go to the kernels of their device."""

    def __init__(self) -> None:
        super().__init__(DispatchKeySet("Autograd"))
        self._grad: Optional[Any] = None

    def __enter__(self) -> None:
        import torch

        super().__enter__()
        self._grad = torch.no_grad()
        self._grad.__enter__()

    def __exit__(self, *exc: object) -> None:
        assert self._grad is not None
        self._grad.__exit__(None, None, None)
        super().__exit__(*exc)
