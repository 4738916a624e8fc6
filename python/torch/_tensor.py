"""torch.Tensor: the compiled base class and what is better said in Python."""

from __future__ import annotations

from typing import Any, Optional

from torch import _C
from torch._C import TensorBase
from torch._override import overridable


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
        import numpy

        import torch

        array = numpy.asarray(array)  # operators give numbers where there are no dimensions
        if array.dtype == bool:
            array = array.astype("uint8")
        return torch.from_numpy(array)

    def __array_namespace__(self, *, api_version: Optional[str] = None) -> Any:
        """The functions of the Python array API standard (2024.12) for tensors, as a module."""
        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"__array_namespace__: api_version {api_version!r} is not supported, 2024.12 is")
        import torch._array_api

        return torch._array_api

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """The tensor on a device; the array API's name for ``to(device)``."""
        if stream is not None:
            raise NotImplementedError("to_device: streams are not supported")
        return self.to(device)

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

        return tuple(torch.lu(self, pivot, get_infos))

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

    def unique_consecutive(self, return_inverse: bool = False, return_counts: bool = False, dim: Any = None) -> Any:
        """See :func:`torch.unique_consecutive`."""
        import torch

        return torch.unique_consecutive(self, return_inverse, return_counts, dim)

    def histogram(
        self, bins: Any, *, range: Any = None, weight: Optional[Tensor] = None, density: bool = False  # noqa: A002
    ) -> Any:
        """See :func:`torch.histogram`."""
        import torch

        return torch.histogram(self, bins, range=range, weight=weight, density=density)

    def where(self, condition: Any, other: Any) -> Tensor:
        """Elements of the tensor where ``condition`` holds, of ``other`` elsewhere."""
        import torch

        return torch.where(condition, self, other)

    def resize_as_(self, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
        """Changes the shape in place to that of another tensor."""
        import torch

        if memory_format is torch.preserve_format:
            last = the_template.is_contiguous(memory_format=torch.channels_last)
            memory_format = torch.channels_last if last else torch.contiguous_format
        return self.resize_(the_template.shape, memory_format=memory_format)

    def is_shared(self) -> bool:
        """Whether the memory is shared with other processes."""
        return self.untyped_storage().is_shared()

    def share_memory_(self) -> Tensor:
        """Moves the memory to where processes made by fork share it; returns the tensor."""
        self.untyped_storage().share_memory_()
        return self

    def is_nonzero(self) -> bool:
        """See :func:`torch.is_nonzero`."""
        import torch

        return torch.is_nonzero(self)

    def dim_order(self, *, ambiguity_check: Any = False) -> tuple[int, ...]:
        """Dimensions from the one with the largest stride to the one with the smallest."""
        from torch import _tensor_layout

        return _tensor_layout.dim_order(self, ambiguity_check)

    def module_load(self, other: Tensor, assign: bool = False) -> Tensor:
        """What ``Module.load_state_dict`` puts in this tensor's place if modules swap their parameters."""
        if assign:
            return other.detach()
        return self.copy_(other).detach()

    def reinforce(self, reward: Any) -> None:
        """Removed from PyTorch long ago; always raises."""
        raise RuntimeError("reinforce() was removed. Use torch.distributions instead.")

    def resize(self, *sizes: Any) -> Tensor:
        """Deprecated: the elements in another shape of the same size."""
        from torch import _tensor_layout

        return _tensor_layout.resized(self, sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes)

    def resize_as(self, tensor: Tensor) -> Tensor:
        """Deprecated: the elements in the shape of another tensor of the same size."""
        from torch import _tensor_layout

        return _tensor_layout.resized(self, tensor.size(), "resize_as")

    def const_data_ptr(self) -> int:
        """Address of the first element, for reading only."""
        return self.data_ptr()

    @property
    def volatile(self) -> bool:
        """False; had a meaning long ago."""
        return False

    @property
    def grad_dtype(self) -> Any:
        """The dtype of gradients, which is that of the tensor."""
        return self.dtype

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self.dim() else self

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

    def polygamma(self, n: int) -> Tensor:
        """See :func:`torch.polygamma`."""
        return _C._VariableFunctions.polygamma(n, self)

    def polygamma_(self, n: int) -> Tensor:
        """In-place :meth:`polygamma`."""
        return _C._VariableFunctions.polygamma(n, self, out=self)

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


def _as_subclass(result: Any, cls: type, func: Any) -> Any:
    if cls is Tensor or func in _PLAIN_RESULTS:
        return result
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) else result.as_subclass(cls)
    if isinstance(result, (tuple, list)) and not isinstance(result, _C.Size):
        return type(result)(_as_subclass(r, cls, func) for r in result)
    return result


for _name, _method in list(vars(Tensor).items()):
    if type(_method) is type(_lazy):
        _method.__name__ = _name
        _method.__qualname__ = f"Tensor.{_name}"
        setattr(Tensor, _name, overridable(_method))

# Attributes that hold another tensor, which keeps its own class.
_PLAIN_RESULTS: set[Any] = {
    Tensor.grad.__get__,  # type: ignore[attr-defined]
    Tensor._grad.__get__,  # type: ignore[attr-defined]
    Tensor._base.__get__,  # type: ignore[attr-defined]
}

_C._set_tensor_class(Tensor)
