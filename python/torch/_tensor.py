"""torch.Tensor: the compiled base class and what is better said in Python."""

from __future__ import annotations

from typing import Any, Optional

from torch import _C
from torch._C import TensorBase
from torch._override import overridable


def _lazy(module: str, name: str) -> Any:
    """A method that lives in a module imported at its first call."""

    found: Any = None

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal found
        if found is None:
            import importlib

            found = getattr(importlib.import_module(module), name)
        return found(self, *args, **kwargs)

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
    """Context manager: inside, no ``__torch_function__`` is called, of subclasses or of modes."""

    def __enter__(self) -> None:
        super().__enter__()
        self._modes = _C._set_torch_function_modes_enabled(False)

    def __exit__(self, *args: object) -> None:
        _C._set_torch_function_modes_enabled(self._modes)
        super().__exit__(*args)


for _class in (DisableTorchFunctionSubclass, DisableTorchFunction):
    _class.__module__ = "torch._C"
    setattr(_C, _class.__name__, _class)


class Tensor(TensorBase, metaclass=_C._TensorMeta):  # type: ignore[metaclass]
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

    @staticmethod
    def _make_subclass(
        cls: Any,
        data: Tensor,
        require_grad: bool = False,
        *,
        dispatch_strides: bool = False,
        dispatch_device: bool = False,
        device_for_backend_keys: Any = None,
    ) -> Any:
        """The memory of ``data`` as an instance of ``cls``, outside the graph."""
        if dispatch_strides or device_for_backend_keys is not None:
            raise NotImplementedError(
                "_make_subclass: strides and devices that the class answers for are not supported"
            )
        result = TensorBase._make_subclass(cls, data, require_grad)
        if cls.__torch_dispatch__ is not None:
            from torch import _tensor_subclasses

            result._set_interposed(_tensor_subclasses.interposes(cls))
        return result

    @staticmethod
    def _make_wrapper_subclass(cls: Any, size: Any, *args: Any, **kwargs: Any) -> Any:
        """An instance of ``cls`` without data, whose operators go to ``__torch_dispatch__``."""
        from torch import _tensor_subclasses

        return _tensor_subclasses.make_wrapper_subclass(cls, size, *args, **kwargs)

    def as_subclass(self, cls: Any) -> Any:
        """The tensor as an instance of a subclass of Tensor; gradients flow through.

        Example:

            >>> class Named(torch.Tensor):
            ...     pass
            >>> type(torch.ones(2).as_subclass(Named)).__name__
            'Named'
        """
        # The class is the caller's choice: __torch_function__ of the old one is not asked.
        previous = _C._set_torch_function_enabled(False)
        try:
            result = super().as_subclass(cls)
        finally:
            _C._set_torch_function_enabled(previous)
        if cls.__torch_dispatch__ is not None:
            from torch import _tensor_subclasses

            result._set_interposed(_tensor_subclasses.interposes(cls))
        return result

    def __repr__(self, *, tensor_contents: Optional[str] = None) -> str:
        from torch import _tensor_str

        return _tensor_str._str(self, tensor_contents=tensor_contents)

    def __format__(self, spec: str) -> str:
        from torch import _tensor_str

        return _tensor_str._format(self, spec)

    __reduce_ex__ = _lazy("torch._tensor_pickle", "reduce_ex")
    __deepcopy__ = _lazy("torch._tensor_pickle", "deepcopy")
    __setstate__ = _lazy("torch._tensor_pickle", "setstate")

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
        """The tensor on a device; the array API's name for ``to(device)``.

        Raises:
            NotImplementedError: a stream is given.

        Example:

            >>> torch.ones(2).to_device("cpu")
            tensor([1., 1.])
        """
        if stream is not None:
            raise NotImplementedError("to_device: streams are not supported")
        return self.to(device)

    def __rdiv__(self, other: Any) -> Tensor:
        return self.reciprocal() * other

    def __dir__(self) -> list[str]:
        return sorted(set(dir(type(self))) | set(self.__dict__))

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Without argument the legacy type's name ("torch.FloatTensor"), else the tensor converted to it.

        Example:

            >>> torch.tensor([1.0]).type()
            'torch.FloatTensor'
            >>> torch.tensor([1.5]).type(torch.int64)
            tensor([1])
        """
        from torch import _legacy_types

        if dtype is None:
            return _legacy_types.type_name(self)
        device = _legacy_types.device_of(dtype)
        if device == self.device.type or (device == "cpu" and not self.is_cuda):
            device = None  # it stays on its own
        return self.to(device, _legacy_types.dtype_of(dtype), non_blocking)

    def norm(self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """See :func:`torch.norm`.

        Example:

            >>> torch.tensor([3.0, 4.0]).norm()
            tensor(5.)
        """
        import torch

        return torch.norm(self, p, dim, keepdim, dtype=dtype)

    def lu(self, pivot: bool = True, get_infos: bool = False) -> Any:
        """See :func:`torch.lu`.

        Example:

            >>> LU, pivots = torch.tensor([[4.0, 2.0], [2.0, 3.0]]).lu()
            >>> LU
            tensor([[4.0000, 2.0000],
                    [0.5000, 2.0000]])
        """
        import torch

        return tuple(torch.lu(self, pivot, get_infos))

    def lstsq(self, other: Any) -> Any:
        """Removed: see :func:`torch.linalg.lstsq`.

        Example:

            >>> torch.linalg.lstsq(torch.eye(2), torch.ones(2, 1)).solution
            tensor([[1.],
                    [1.]])
        """
        from torch import _linalg_utils

        return _linalg_utils.lstsq(self, other)

    def eig(self, eigenvectors: bool = False) -> Any:
        """Removed: see :func:`torch.linalg.eig`.

        Example:

            >>> torch.linalg.eig(torch.eye(2)).eigenvalues
            tensor([1.+0.j, 1.+0.j])
        """
        from torch import _linalg_utils

        return _linalg_utils.eig(self, eigenvectors)

    def symeig(self, eigenvectors: bool = False) -> Any:
        """Removed: see :func:`torch.linalg.eigh`.

        Example:

            >>> torch.linalg.eigvalsh(torch.eye(2))
            tensor([1., 1.])
        """
        from torch import _linalg_utils

        return _linalg_utils.symeig(self, eigenvectors)

    def solve(self, other: Any) -> Any:
        """Removed: see :func:`torch.linalg.solve`.

        Example:

            >>> torch.linalg.solve(torch.eye(2), torch.ones(2))
            tensor([1., 1.])
        """
        from torch import _linalg_utils

        return _linalg_utils.solve(self, other)

    def unique(
        self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
    ) -> Any:
        """See :func:`torch.unique`.

        Example:

            >>> torch.tensor([3, 1, 3, 2]).unique()
            tensor([1, 2, 3])
        """
        import torch

        return torch.unique(self, sorted, return_inverse, return_counts, dim)

    def unique_consecutive(self, return_inverse: bool = False, return_counts: bool = False, dim: Any = None) -> Any:
        """See :func:`torch.unique_consecutive`.

        Example:

            >>> torch.tensor([1, 1, 2, 1]).unique_consecutive()
            tensor([1, 2, 1])
        """
        import torch

        return torch.unique_consecutive(self, return_inverse, return_counts, dim)

    def histogram(
        self,
        bins: Any,
        *,
        range: Any = None,
        weight: Optional[Tensor] = None,
        density: bool = False,  # noqa: A002
    ) -> Any:
        """See :func:`torch.histogram`.

        Example:

            >>> torch.tensor([1.0, 2.0, 1.0]).histogram(4, range=(0.0, 3.0)).hist
            tensor([0., 2., 1., 0.])
        """
        import torch

        return torch.histogram(self, bins, range=range, weight=weight, density=density)

    def where(self, condition: Any, other: Any) -> Tensor:
        """Elements of the tensor where ``condition`` holds, of ``other`` elsewhere.

        Example:

            >>> x = torch.tensor([-1.0, 0.5])
            >>> x.where(x > 0, torch.tensor(0.0))
            tensor([0.0000, 0.5000])
        """
        import torch

        return torch.where(condition, self, other)

    def resize_as_(self, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
        """Changes the shape in place to that of another tensor.

        Example:

            >>> torch.arange(6).resize_as_(torch.zeros(2, 2))
            tensor([[0, 1],
                    [2, 3]])
        """
        import torch

        if self.layout != torch.strided:
            return self.resize_as_sparse_(the_template)
        if memory_format is torch.preserve_format:
            last = the_template.is_contiguous(memory_format=torch.channels_last)
            memory_format = torch.channels_last if last else torch.contiguous_format
        return self.resize_(the_template.shape, memory_format=memory_format)

    def is_shared(self) -> bool:
        """Whether the memory is shared with other processes.

        Example:

            >>> torch.ones(2).is_shared()
            False
        """
        return self.untyped_storage().is_shared()

    def share_memory_(self) -> Tensor:
        """Moves the memory to where processes made by fork share it; returns the tensor.

        Example:

            >>> torch.ones(2).share_memory_().is_shared()
            True
        """
        self.untyped_storage().share_memory_()
        return self

    def is_nonzero(self) -> bool:
        """See :func:`torch.is_nonzero`.

        Example:

            >>> torch.tensor([2.0]).is_nonzero()
            True
        """
        import torch

        return torch.is_nonzero(self)

    def dim_order(self, *, ambiguity_check: Any = False) -> tuple[int, ...]:
        """Dimensions from the one with the largest stride to the one with the smallest.

        Example:

            >>> torch.zeros(2, 3).dim_order()
            (0, 1)
            >>> torch.zeros(2, 3).t().dim_order()
            (1, 0)
        """
        from torch import _tensor_layout

        return _tensor_layout.dim_order(self, ambiguity_check)

    def module_load(self, other: Tensor, assign: bool = False) -> Tensor:
        """What ``Module.load_state_dict`` puts in this tensor's place if modules swap their parameters.

        Example:

            >>> x = torch.zeros(2)
            >>> x.module_load(torch.ones(2))
            tensor([1., 1.])
        """
        if assign:
            return other.detach()
        return self.copy_(other).detach()

    def reinforce(self, reward: Any) -> None:
        """Removed from PyTorch long ago.

        Raises:
            RuntimeError: always.

        Example:

            >>> try:
            ...     torch.ones(1).reinforce(0)
            ... except RuntimeError:
            ...     print("removed")
            removed
        """
        raise RuntimeError("reinforce() was removed. Use torch.distributions instead.")

    def resize(self, *sizes: Any) -> Tensor:
        """Deprecated: the elements in another shape of the same size.

        Example:

            >>> torch.arange(6).reshape(2, 3)
            tensor([[0, 1, 2],
                    [3, 4, 5]])
        """
        from torch import _tensor_layout

        return _tensor_layout.resized(self, sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes)

    def resize_as(self, tensor: Tensor) -> Tensor:
        """Deprecated: the elements in the shape of another tensor of the same size.

        Example:

            >>> torch.arange(6).reshape_as(torch.zeros(2, 3))
            tensor([[0, 1, 2],
                    [3, 4, 5]])
        """
        from torch import _tensor_layout

        return _tensor_layout.resized(self, tensor.size(), "resize_as")

    def const_data_ptr(self) -> int:
        """Address of the first element, for reading only.

        Example:

            >>> x = torch.ones(2)
            >>> x.const_data_ptr() == x.data_ptr()
            True
        """
        return self.data_ptr()

    @property
    def _cdata(self) -> int:
        """A number that two objects have in common when they are the same tensor, for which some packages look."""
        return id(self)  # a tensor has one Python object only

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
        """The block of memory under the tensor, a :class:`torch.UntypedStorage`.

        Example:

            >>> torch.ones(2).untyped_storage().nbytes()
            8
        """
        import torch.storage  # noqa: F401  # brings the class that storages are instances of

        return super().untyped_storage()

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """See :func:`torch.nonzero`.

        Example:

            >>> torch.tensor([0, 5, 6]).nonzero()
            tensor([[1],
                    [2]])
        """
        import torch

        return torch.nonzero(self, as_tuple=as_tuple)

    def is_same_size(self, other: Tensor) -> bool:
        """Whether both have the same shape.

        Example:

            >>> torch.zeros(2, 3).is_same_size(torch.ones(2, 3))
            True
        """
        return self.shape == other.shape

    def polygamma(self, n: int) -> Tensor:
        """See :func:`torch.polygamma`.

        Example:

            >>> torch.tensor([1.0, 2.0]).polygamma(1)
            tensor([1.6449, 0.6449])
        """
        return _C._VariableFunctions.polygamma(n, self)

    def polygamma_(self, n: int) -> Tensor:
        """In-place :meth:`polygamma`.

        Example:

            >>> torch.tensor([1.0, 2.0]).polygamma_(1)
            tensor([1.6449, 0.6449])
        """
        return _C._VariableFunctions.polygamma(n, self, out=self)

    def roll(self, shifts: Any, dims: Any = ()) -> Tensor:
        """See :func:`torch.roll`.

        Example:

            >>> torch.arange(5).roll(2)
            tensor([3, 4, 0, 1, 2])
        """
        return _C._VariableFunctions.roll(self, shifts, dims)

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """See :func:`torch.movedim`.

        Example:

            >>> torch.zeros(2, 3, 5).movedim(0, -1).shape
            torch.Size([3, 5, 2])
        """
        return _C._VariableFunctions.movedim(self, source, destination)

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """See :func:`torch.moveaxis`.

        Example:

            >>> torch.zeros(2, 3, 5).moveaxis(0, -1).shape
            torch.Size([3, 5, 2])
        """
        return _C._VariableFunctions.movedim(self, source, destination)

    def to_sparse(
        self, sparse_dim: Optional[int] = None, *, layout: Any = None, blocksize: Any = None, dense_dim: Any = None
    ) -> Tensor:
        """The tensor in COO layout with ``sparse_dim`` dimensions listed (default: all), or in another ``layout``.

        ``blocksize`` and ``dense_dim`` belong to the other layouts.

        Example:

            >>> torch.tensor([[0.0, 2.0], [0.0, 0.0]]).to_sparse()
            tensor(indices=tensor([[0],
                                   [1]]),
                   values=tensor([2.]),
                   size=(2, 2), nnz=1, layout=torch.sparse_coo)
        """
        from torch import _sparse_tensors

        given = {"sparse_dim": sparse_dim, "layout": layout, "blocksize": blocksize, "dense_dim": dense_dim}
        return _sparse_tensors.to_sparse(self, **{key: value for key, value in given.items() if value is not None})

    def to_sparse_coo(self) -> Tensor:
        """The tensor in COO layout.

        Example:

            >>> torch.eye(2).to_sparse_coo().indices()
            tensor([[0, 1],
                    [0, 1]])
        """
        from torch import _sparse_tensors

        return _sparse_tensors.to_sparse_coo(self)

    def to_sparse_csr(self, dense_dim: Optional[int] = None) -> Tensor:
        """The matrix in CSR layout; the last ``dense_dim`` dimensions are those of its entries.

        Example:

            >>> torch.tensor([[0, 2], [3, 0]]).to_sparse_csr().crow_indices()
            tensor([0, 1, 2])
        """
        from torch import _sparse_tensors

        return _sparse_tensors.to_sparse_csr(self, dense_dim)

    def to_sparse_csc(self, dense_dim: Optional[int] = None) -> Tensor:
        """The matrix in CSC layout; the last ``dense_dim`` dimensions are those of its entries.

        Example:

            >>> torch.tensor([[0, 2], [3, 0]]).to_sparse_csc().row_indices()
            tensor([1, 0])
        """
        from torch import _sparse_tensors

        return _sparse_tensors.to_sparse_csc(self, dense_dim)

    def to_sparse_bsr(self, blocksize: Any, dense_dim: Optional[int] = None) -> Tensor:
        """The matrix in BSR layout. Only for tensors that have it.

        Example:

            >>> begins, places, blocks = torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1, 2, 2)
            >>> torch.sparse_bsr_tensor(begins, places, blocks).to_sparse_bsr((2, 2)).layout
            torch.sparse_bsr
        """
        from torch import _sparse_tensors

        return _sparse_tensors.to_sparse_bsr(self, blocksize, dense_dim)

    def to_sparse_bsc(self, blocksize: Any, dense_dim: Optional[int] = None) -> Tensor:
        """The matrix in BSC layout. Only for tensors that have it.

        Example:

            >>> begins, places, blocks = torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1, 2, 2)
            >>> torch.sparse_bsc_tensor(begins, places, blocks).to_sparse_bsc((2, 2)).layout
            torch.sparse_bsc
        """
        from torch import _sparse_tensors

        return _sparse_tensors.to_sparse_bsc(self, blocksize, dense_dim)

    def apply_(self, callable: Any) -> Tensor:
        """Replaces each element by what ``callable(element)`` returns. Slow: for small tensors on the CPU only.

        Raises:
            RuntimeError: the tensor requires grad.
            TypeError: it is not on the CPU, or the function returns no number.

        Example:

            >>> torch.tensor([1.0, 2.0]).apply_(lambda v: v * 10)
            tensor([10., 20.])
        """
        from torch import _tensor_apply

        return _tensor_apply.apply_(self, callable)

    def map_(self, tensor: Tensor, callable: Any) -> Tensor:
        """Replaces each element by ``callable(element, other)`` with the element of ``tensor``, expanded, beside it.

        Raises:
            TypeError: ``tensor`` has another dtype.
            RuntimeError: its shape does not expand to that of ``self``, or one of both requires grad.

        Example:

            >>> torch.tensor([1.0, 2.0]).map_(torch.tensor([3.0, 4.0]), lambda a, b: a * b)
            tensor([3., 8.])
        """
        from torch import _tensor_apply

        return _tensor_apply.map_(self, tensor, callable)

    def map2_(self, x: Tensor, y: Tensor, callable: Any) -> Tensor:
        """Replaces each element by ``callable(element, a, b)`` with those of ``x`` and ``y``, expanded, beside it.

        Raises:
            TypeError: ``x`` or ``y`` has another dtype.
            RuntimeError: the shape of one does not expand to that of ``self``, or one of the three requires grad.

        Example:

            >>> x = torch.tensor([1.0, 2.0])
            >>> x.map2_(x + 2, x + 4, lambda a, b, c: a * b + c)
            tensor([ 8., 14.])
        """
        from torch import _tensor_apply

        return _tensor_apply.map2_(self, x, y, callable)

    def storage(self) -> Any:
        """The memory under the tensor, counted in elements of its dtype: a :class:`torch.TypedStorage`. Deprecated.

        Example:

            >>> torch.tensor([1.0, 2.0]).untyped_storage().nbytes()
            8
        """
        from torch import _tensor_pickle

        return _tensor_pickle.typed_storage(self)

    def storage_type(self) -> Any:
        """The class of storages of this dtype: :class:`torch.FloatStorage` and its kin.

        Example:

            >>> torch.tensor([1.0]).storage_type().__name__
            'FloatStorage'
        """
        from torch import _tensor_pickle

        return _tensor_pickle.storage_type(self)


def _as_subclass(result: Any, cls: type, func: Any) -> Any:
    if cls is Tensor or func in _PLAIN_RESULTS:
        return result
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) else result.as_subclass(cls)
    if isinstance(result, (tuple, list)) and not isinstance(result, _C.Size):
        return type(result)(_as_subclass(r, cls, func) for r in result)
    return result


for _name, _method in list(vars(Tensor).items()):
    if type(_method) is type(_lazy) and _name != "as_subclass":
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
