"""torch.Tensor: the compiled base class and what is better said in Python."""

from __future__ import annotations

from typing import Any, Optional

from torch import _C
from torch._C import TensorBase


def _lazy(module: str, name: str) -> Any:
    """A method that lives in a module imported at its first call."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        import importlib

        return getattr(importlib.import_module(module), name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _rebuild_from_type_v2(func: Any, new_type: Any, args: Any, state: Any) -> Any:
    """Constructor that pickles name for instances of subclasses and for tensors with attributes."""
    from torch import _tensor_pickle

    return _tensor_pickle.rebuild_from_type(func, new_type, args, state)


class DisableTorchFunctionSubclass:
    """Context manager: inside, ``__torch_function__`` of tensor subclasses is not called."""

    def __enter__(self) -> None:
        self._previous = _C._set_torch_function_enabled(False)

    def __exit__(self, *args: object) -> None:
        _C._set_torch_function_enabled(self._previous)


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Context manager: inside, no ``__torch_function__`` is called."""


for _class in (DisableTorchFunctionSubclass, DisableTorchFunction):
    _class.__module__ = "torch._C"
    setattr(_C, _class.__name__, _class)


class Tensor(TensorBase, metaclass=_C._TensorMeta):
    """A multi-dimensional array of numbers of one type, with gradients.

    ``Tensor(*sizes)`` gives an uninitialised tensor of the default dtype, ``Tensor(data)`` one of the data;
    :func:`torch.tensor`, :func:`torch.zeros` and their kin are the usual ways to make one.
    """

    __module__ = "torch"
    __array_priority__ = 1000

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Default for subclasses: run the function and make its tensor results instances of ``cls``."""
        if not all(issubclass(cls, t) for t in types):
            return NotImplemented
        previous = _C._set_torch_function_enabled(False)
        try:
            result = func(*args, **(kwargs or {}))
        finally:
            _C._set_torch_function_enabled(previous)
        return _as_subclass(result, cls, func)

    __torch_dispatch__ = None

    def __repr__(self, *, tensor_contents: Optional[str] = None) -> str:
        from torch import _tensor_str

        return _tensor_str._str(self, tensor_contents=tensor_contents)

    def __format__(self, spec: str) -> str:
        from torch import _tensor_str

        return _tensor_str._format(self, spec)

    __reduce_ex__ = _lazy("torch._tensor_pickle", "reduce_ex")
    __deepcopy__ = _lazy("torch._tensor_pickle", "deepcopy")
    __setstate__ = _lazy("torch._tensor_pickle", "setstate")
    storage = _lazy("torch._tensor_pickle", "typed_storage")
    storage_type = _lazy("torch._tensor_pickle", "storage_type")

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Tensor:
        import torch

        if array.dtype == bool:
            array = array.astype("uint8")
        return torch.from_numpy(array)

    def __rsub__(self, other: Any) -> Tensor:
        import torch

        return torch.rsub(self, other)

    def __rdiv__(self, other: Any) -> Tensor:
        return self.reciprocal() * other

    def __dir__(self) -> list[str]:
        return sorted(set(dir(type(self))) | set(self.__dict__))

    def type(self, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
        """Without argument the legacy type's name ("torch.FloatTensor"), else the tensor converted to it."""
        from torch import _legacy_types

        if dtype is None:
            return _legacy_types.type_name(self)
        return self.to(_legacy_types.dtype_of(dtype))

    def norm(self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """See :func:`torch.norm`."""
        import torch

        return torch.norm(self, p, dim, keepdim, dtype=dtype)

    def lu(self, pivot: bool = True, get_infos: bool = False) -> Any:
        """See :func:`torch.lu`."""
        import torch

        return torch.lu(self, pivot, get_infos)

    def lstsq(self, other: Any) -> Any:
        """Removed: see :func:`torch.linalg.lstsq`."""
        from torch import _linalg_utils

        return _linalg_utils.lstsq(self, other)

    def eig(self, eigenvectors: bool = False) -> Any:
        """Removed: see :func:`torch.linalg.eig`."""
        from torch import _linalg_utils

        return _linalg_utils.eig(self, eigenvectors)

    def symeig(self, eigenvectors: bool = False) -> Any:
        """Removed: see :func:`torch.linalg.eigh`."""
        from torch import _linalg_utils

        return _linalg_utils.symeig(self, eigenvectors)

    def solve(self, other: Any) -> Any:
        """Removed: see :func:`torch.linalg.solve`."""
        from torch import _linalg_utils

        return _linalg_utils.solve(self, other)

    def unique(
        self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
    ) -> Any:
        """See :func:`torch.unique`."""
        import torch

        return torch.unique(self, sorted, return_inverse, return_counts, dim)

    def is_shared(self) -> bool:
        """False: memory is not shared between processes yet."""
        return False

    def share_memory_(self) -> Tensor:
        """Not supported yet."""
        raise NotImplementedError("share_memory_: tensors in memory shared between processes are not supported yet")

    def untyped_storage(self) -> Any:
        """The block of memory under the tensor, a :class:`torch.UntypedStorage`."""
        import torch.storage  # noqa: F401  # brings the class that storages are instances of

        return super().untyped_storage()

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """See :func:`torch.nonzero`."""
        import torch

        return torch.nonzero(self, as_tuple=as_tuple)

    def is_same_size(self, other: Tensor) -> bool:
        """Whether both have the same shape."""
        return self.shape == other.shape

    def roll(self, shifts: Any, dims: Any = ()) -> Tensor:
        """See :func:`torch.roll`."""
        return _C._VariableFunctions.roll(self, shifts, dims)

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """See :func:`torch.movedim`."""
        return _C._VariableFunctions.movedim(self, source, destination)

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """See :func:`torch.moveaxis`."""
        return _C._VariableFunctions.movedim(self, source, destination)

    apply_ = _lazy("torch._tensor_apply", "apply_")
    map_ = _lazy("torch._tensor_apply", "map_")

    @property
    def is_leaf_(self) -> bool:
        return self.is_leaf


def _as_subclass(result: Any, cls: type, func: Any) -> Any:
    if cls is Tensor or func in _PLAIN_RESULTS:
        return result
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if type(result) in (tuple, list):
        return type(result)(_as_subclass(r, cls, func) for r in result)
    return result


_PLAIN_RESULTS: set[Any] = set()

del Tensor.is_leaf_
_C._set_tensor_class(Tensor)
