"""Storages: the blocks of memory under tensors.

:class:`UntypedStorage` is a block of bytes. :class:`TypedStorage` counts the same memory in elements of a dtype; it and
the classes named after dtypes (``FloatStorage`` ...) stay for the sake of saved files and older programs.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any, Optional, Union

import torch
from torch import _C

__all__ = ["TypedStorage", "UntypedStorage"]


class UntypedStorage(_C.StorageBase):
    """A block of bytes on a device, shared by the tensors that view it.

    ``UntypedStorage(n)`` has ``n`` undefined bytes, ``UntypedStorage([1, 2])`` the given ones. There is one object for
    each block of memory: ``t.untyped_storage() is t[1:].untyped_storage()``.
    """

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    def __repr__(self) -> str:
        info = f"[{_full_name(type(self))}(device={self.device}) of size {len(self)}]"
        if self.device.type == "meta":
            return "...\n" + info
        return "".join(f" {byte}\n" for byte in self.tolist()) + info

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    def __copy__(self) -> UntypedStorage:
        return self.clone()

    def __deepcopy__(self, memo: dict[Any, Any]) -> UntypedStorage:
        # copies are known by the memory block, so that tensors that share it share its copy
        copies = memo.setdefault("torch", {})
        if self._cdata not in copies:
            copies[self._cdata] = self.clone()
        return copies[self._cdata]

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_from_bytes, (_as_bytes(self),)

    def untyped(self) -> UntypedStorage:
        """The storage itself."""
        return self

    def type(self) -> str:
        """Full name of the class."""
        return _full_name(type(self))

    def get_device(self) -> int:
        """Index of the device; -1 on the CPU."""
        return -1 if self.device.index is None else self.device.index

    def cpu(self) -> UntypedStorage:
        """The storage itself if it is on the CPU, else a copy there."""
        return self.to("cpu")

    def to(self, device: Any, non_blocking: bool = False) -> UntypedStorage:
        """The storage itself if it is on ``device``, else a copy there."""
        if torch.device(device).type == self.device.type:
            return self
        return self._as_tensor(torch.uint8).to(device).untyped_storage()

    def new(self) -> UntypedStorage:
        """An empty storage of the same kind."""
        return UntypedStorage(0, device=self.device)

    def byteswap(self, dtype: torch.dtype) -> None:
        """Reverses the bytes of each number in place, as if the memory held elements of ``dtype``."""
        self._byteswap(dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize)

    def is_pinned(self, device: Any = None) -> bool:
        """Whether devices read the memory by themselves."""
        return self.device.type == "cpu" and self._as_tensor(torch.uint8).is_pinned()

    def pin_memory(self, device: Any = "cuda") -> UntypedStorage:
        """A copy in pinned memory; the storage itself if it lies there."""
        if self.device.type != "cpu":
            raise TypeError(f"cannot pin '{self.device}' only CPU memory can be pinned")
        return self if self.is_pinned() else self._as_tensor(torch.uint8).pin_memory().untyped_storage()

    # ---- memory of several processes ----

    def is_shared(self) -> bool:
        """Whether the memory is shared with other processes."""
        return _C._storage_is_shared(self)

    def share_memory_(self) -> UntypedStorage:
        """Moves the memory to where other processes can have it: children made by fork, and those that get the storage,
        or a tensor on it, through a queue or pipe. See :func:`torch.multiprocessing.set_sharing_strategy`."""
        _C._storage_share(self, *_path_of_new_memory())
        return self

    @classmethod
    def _new_shared(cls, size: int, *, device: Any = "cpu") -> UntypedStorage:
        """New storage of zeros in shared memory."""
        if torch.device(device).type != "cpu":
            raise NotImplementedError(f"_new_shared: only memory of the CPU can be shared, not of {device}")
        return _C._storage_new_shared(size, *_path_of_new_memory())

    @classmethod
    def _new_using_fd_cpu(cls, size: int) -> UntypedStorage:
        return _C._storage_new_shared(size)

    @classmethod
    def _new_using_filename_cpu(cls, size: int) -> UntypedStorage:
        from torch.multiprocessing import _shared_files

        return _C._storage_new_shared(size, _shared_files.new_path())

    def _get_shared_fd(self) -> int:
        """The storage's own file descriptor of its memory."""
        _C._storage_share(self)
        handle = _C._storage_shared_handle(self)
        if not isinstance(handle, int):
            raise RuntimeError("this storage is shared in another way than by a file descriptor")
        return handle

    def _share_fd_cpu_(self) -> tuple[int, int]:
        """Shares the memory: (file descriptor, bytes). The descriptor is the caller's."""
        return os.dup(self._get_shared_fd()), self.nbytes()

    @classmethod
    def _new_shared_fd_cpu(cls, fd: int, size: int) -> UntypedStorage:
        """Maps shared memory of a file descriptor, which stays the caller's."""
        return _C._storage_map_shared(fd, size)

    def _share_filename_cpu_(self) -> tuple[bytes, bytes, int]:
        """Shares the memory in a file: (nothing, name, bytes). Whoever maps the file takes it over."""
        from torch.multiprocessing import _shared_files

        _C._storage_share(self, _shared_files.new_path())
        handle = _C._storage_shared_handle(self)
        if not isinstance(handle, str):
            raise RuntimeError("this storage is shared in another way than by a file name")
        return b"", os.fsencode(_shared_files.link(handle)), self.nbytes()

    @classmethod
    def _new_shared_filename_cpu(cls, manager: bytes, handle: bytes, size: int) -> UntypedStorage:
        """Maps a file that :meth:`_share_filename_cpu_` has named, and takes it over."""
        return _C._storage_map_shared(handle, size)

    def _as_tensor(self, dtype: torch.dtype) -> torch.Tensor:
        return _C._tensor_from_storage(self, dtype, 0, (self.nbytes() // dtype.itemsize,), (1,))


_C._register_storage_class(UntypedStorage)


def _path_of_new_memory() -> tuple[str, ...]:
    """The path that shared memory gets by the sharing strategy in use, if it gets one."""
    # Shared tensors are to be sent as such also by programs that use the standard multiprocessing.
    from torch import multiprocessing

    if multiprocessing.get_sharing_strategy() == "file_descriptor":
        return ()
    from torch.multiprocessing import _shared_files

    return (_shared_files.new_path(),)


class TypedStorage:
    """Memory counted in elements of a dtype.

    Args:
        args: as for :class:`UntypedStorage`, a number of elements or their values.
        wrap_storage: memory to be used instead.
        dtype: of the elements; the default dtype if not given.
        device: of new memory.
    """

    _untyped_storage: UntypedStorage
    dtype: torch.dtype

    def __new__(
        cls,
        *args: Any,
        wrap_storage: Optional[UntypedStorage] = None,
        dtype: Optional[torch.dtype] = None,
        device: Any = None,
        _internal: bool = False,
    ) -> TypedStorage:
        own = getattr(cls, "_class_dtype", None)
        if own is not None and dtype is not None:
            raise RuntimeError(f"{cls.__name__}.__new__: the dtype of this class is fixed to {own}")
        self = object.__new__(TypedStorage)
        self.dtype = own or dtype or torch.get_default_dtype()
        if wrap_storage is not None:
            if args:
                raise RuntimeError(f"{cls.__name__}: no positional arguments are allowed beside wrap_storage")
            if not isinstance(wrap_storage, UntypedStorage):
                raise TypeError(
                    f"{cls.__name__}: wrap_storage must be an UntypedStorage, got {type(wrap_storage).__name__}"
                )
            self._untyped_storage = wrap_storage
        elif not args:
            self._untyped_storage = UntypedStorage(0, device=device or "cpu")
        elif len(args) > 1:
            raise RuntimeError(f"{cls.__name__}: expected at most one positional argument, got {len(args)}")
        elif isinstance(args[0], int):
            self._untyped_storage = UntypedStorage(args[0] * self.dtype.itemsize, device=device or "cpu")
        else:
            self._untyped_storage = torch.tensor(args[0], dtype=self.dtype, device=device).untyped_storage()
        return self

    @property
    def device(self) -> torch.device:
        return self._untyped_storage.device

    @property
    def is_cuda(self) -> bool:
        return self._untyped_storage.is_cuda

    @property
    def _cdata(self) -> int:
        return self._untyped_storage._cdata

    def untyped(self) -> UntypedStorage:
        """The memory without a dtype."""
        return self._untyped_storage

    def _tensor(self) -> torch.Tensor:
        return self._untyped_storage._as_tensor(self.dtype)

    def __len__(self) -> int:
        return self.size()

    def size(self) -> int:
        """Number of elements."""
        return self.nbytes() // self.element_size()

    def nbytes(self) -> int:
        return self._untyped_storage.nbytes()

    def element_size(self) -> int:
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        return self._untyped_storage.data_ptr()

    def _position(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} out of range for storage of size {len(self)}")
        return index

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not isinstance(index, int):
            raise TypeError(f"can't index a {type(self).__name__} with {type(index).__name__}")
        return self._tensor()[self._position(index)].item()

    def __setitem__(self, index: Union[int, slice], value: Any) -> None:
        if not isinstance(index, (int, slice)):
            raise TypeError(f"can't index a {type(self).__name__} with {type(index).__name__}")
        self._tensor()[index if isinstance(index, slice) else self._position(index)] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return self._tensor().tolist()

    def is_shared(self) -> bool:
        """See :meth:`UntypedStorage.is_shared`."""
        return self._untyped_storage.is_shared()

    def share_memory_(self) -> TypedStorage:
        """See :meth:`UntypedStorage.share_memory_`."""
        self._untyped_storage.share_memory_()
        return self

    @classmethod
    def _new_shared(cls, size: int, *, dtype: Optional[torch.dtype] = None, device: Any = "cpu") -> TypedStorage:
        """New storage of zeros in shared memory."""
        dtype = getattr(cls, "_class_dtype", None) or dtype or torch.get_default_dtype()
        return TypedStorage(wrap_storage=UntypedStorage._new_shared(size * dtype.itemsize, device=device), dtype=dtype)

    def fill_(self, value: Any) -> TypedStorage:
        self._tensor().fill_(value)
        return self

    def copy_(self, source: Any, non_blocking: bool = False) -> TypedStorage:
        """Copies the elements of a storage of the same length, converting them."""
        if isinstance(source, TypedStorage):
            self._tensor().copy_(source._tensor(), non_blocking)
        else:
            self._untyped_storage.copy_(source, non_blocking)
        return self

    def resize_(self, size: int) -> TypedStorage:
        self._untyped_storage.resize_(size * self.element_size())
        return self

    def _wrap(self, storage: UntypedStorage) -> TypedStorage:
        return TypedStorage(wrap_storage=storage, dtype=self.dtype)

    def clone(self) -> TypedStorage:
        return self._wrap(self._untyped_storage.clone())

    def cpu(self) -> TypedStorage:
        return self._wrap(self._untyped_storage.cpu())

    def __copy__(self) -> TypedStorage:
        return self.clone()

    def __deepcopy__(self, memo: dict[Any, Any]) -> TypedStorage:
        return self._wrap(self._untyped_storage.__deepcopy__(memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_from_bytes, (_as_bytes(self),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypedStorage) and self._cdata == other._cdata and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self._cdata, self.dtype))

    def __repr__(self) -> str:
        info = f"[{_full_name(TypedStorage)}(dtype={self.dtype}, device={self.device}) of size {len(self)}]"
        if self.device.type == "meta":
            return "...\n" + info
        return "".join(f" {value}\n" for value in self.tolist()) + info

    def type(self) -> str:
        """Name of the class of storages of this dtype: ``"torch.FloatStorage"``."""
        return _full_name(storage_class(self.dtype) if self.dtype in _STORAGE_NAMES else TypedStorage)

    def pickle_storage_type(self) -> str:
        """Name of the class that saved files give for this dtype: ``"FloatStorage"``."""
        return _STORAGE_NAMES[self.dtype]

    _pickle_storage_type = pickle_storage_type

    @classmethod
    def from_buffer(cls, *args: Any, **kwargs: Any) -> TypedStorage:
        """Copy of a buffer's bytes: ``FloatStorage.from_buffer(buffer, byte_order)``."""
        dtype = getattr(cls, "_class_dtype", None) or kwargs.pop("dtype", None) or torch.get_default_dtype()
        if len(args) == 2:
            args, kwargs = args[:1], {"byte_order": args[1], **kwargs}
        kwargs.setdefault("byte_order", "native")
        return TypedStorage(wrap_storage=UntypedStorage.from_buffer(*args, dtype=dtype, **kwargs), dtype=dtype)

    @classmethod
    def from_file(cls, filename: str, shared: bool = False, size: int = 0) -> TypedStorage:
        """Maps ``size`` elements of a file; see :meth:`UntypedStorage.from_file`."""
        dtype = getattr(cls, "_class_dtype", None) or torch.get_default_dtype()
        mapped = UntypedStorage.from_file(filename, shared, size * dtype.itemsize)
        return TypedStorage(wrap_storage=mapped, dtype=dtype)


class _DTypeStorageMeta(type):
    _class_dtype: torch.dtype

    @property
    def dtype(cls) -> torch.dtype:
        return cls._class_dtype

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TypedStorage) and instance.dtype == cls._class_dtype


# Other dtypes have no classes: their tensors are saved over untyped storages.
_STORAGE_NAMES: dict[torch.dtype, str] = {
    torch.float64: "DoubleStorage",
    torch.float32: "FloatStorage",
    torch.float16: "HalfStorage",
    torch.bfloat16: "BFloat16Storage",
    torch.int64: "LongStorage",
    torch.int32: "IntStorage",
    torch.int16: "ShortStorage",
    torch.int8: "CharStorage",
    torch.uint8: "ByteStorage",
    torch.bool: "BoolStorage",
    torch.complex128: "ComplexDoubleStorage",
    torch.complex64: "ComplexFloatStorage",
}


def _make_storage_class(name: str, dtype: torch.dtype) -> Any:
    namespace = {"_class_dtype": dtype, "__module__": "torch", "__doc__": f"Memory counted in elements of {dtype}."}
    # not a subclass of TypedStorage for isinstance (the metaclass decides that), but with its class methods
    return _DTypeStorageMeta(name, (TypedStorage,), namespace)


_STORAGE_CLASSES: dict[str, Any] = {name: _make_storage_class(name, dtype) for dtype, name in _STORAGE_NAMES.items()}
DoubleStorage = _STORAGE_CLASSES["DoubleStorage"]
FloatStorage = _STORAGE_CLASSES["FloatStorage"]
HalfStorage = _STORAGE_CLASSES["HalfStorage"]
BFloat16Storage = _STORAGE_CLASSES["BFloat16Storage"]
LongStorage = _STORAGE_CLASSES["LongStorage"]
IntStorage = _STORAGE_CLASSES["IntStorage"]
ShortStorage = _STORAGE_CLASSES["ShortStorage"]
CharStorage = _STORAGE_CLASSES["CharStorage"]
ByteStorage = _STORAGE_CLASSES["ByteStorage"]
BoolStorage = _STORAGE_CLASSES["BoolStorage"]
ComplexDoubleStorage = _STORAGE_CLASSES["ComplexDoubleStorage"]
ComplexFloatStorage = _STORAGE_CLASSES["ComplexFloatStorage"]


def storage_class(dtype: torch.dtype) -> Any:
    """The class that saved files name for storages of ``dtype``."""
    return _STORAGE_CLASSES[_STORAGE_NAMES[dtype]]


def storage_dtype(name: str) -> Optional[torch.dtype]:
    """dtype of a class that a saved file names; uint8 for ``UntypedStorage``, None if there is no such class."""
    if name == "UntypedStorage":
        return torch.uint8
    known = _STORAGE_CLASSES.get(name)
    return None if known is None else known.dtype


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _as_bytes(storage: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(storage, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def _load_from_bytes(data: bytes) -> Any:
    """What pickled storages name as their constructor."""
    return torch.load(io.BytesIO(data), weights_only=False)
