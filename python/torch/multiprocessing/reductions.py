"""How tensors and storages go to other processes: by a handle of shared memory, not by their values.

Registered for what the standard library's queues, pipes and process arguments are pickled with.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.reduction
import os
import threading
import weakref
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
from torch import _C
from torch._utils import _rebuild_meta_tensor_no_storage
from torch.storage import TypedStorage, UntypedStorage

__all__ = [
    "StorageWeakRef",
    "SharedCache",
    "shared_cache",
    "fd_id",
    "init_reductions",
    "rebuild_tensor",
    "rebuild_storage_fd",
    "rebuild_storage_filename",
    "rebuild_storage_empty",
    "rebuild_typed_storage",
    "rebuild_meta_tensor",
    "rebuild_sparse_coo_tensor",
    "rebuild_sparse_compressed_tensor",
    "reduce_tensor",
    "reduce_storage",
    "reduce_typed_storage",
    "reduce_sparse_tensor",
    "storage_from_cache",
]


class StorageWeakRef:
    """Refers to a storage without keeping it: equal for the same block of memory.

    Args:
        storage: an untyped or typed storage.
    """

    __slots__ = ["cdata", "_life"]

    def __init__(self, storage: Any) -> None:
        storage = getattr(storage, "_untyped_storage", storage)
        self.cdata = storage._cdata
        self._life = _C._storage_life(storage)

    def expired(self) -> bool:
        """Whether the storage is gone."""
        return _C._storage_life_ended(self._life)

    def __hash__(self) -> int:
        return self.cdata

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorageWeakRef) and self.cdata == other.cdata


class SharedCache:
    """The storages over shared memory that this process knows, by what identifies the memory."""

    def __init__(self) -> None:
        self._storages: weakref.WeakValueDictionary[Any, UntypedStorage] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # another thread may have held it

    def get(self, key: Any) -> UntypedStorage | None:
        with self._lock:
            return self._storages.get(key)

    def __setitem__(self, key: Any, storage: UntypedStorage) -> None:
        with self._lock:
            self._storages[key] = storage

    def __len__(self) -> int:
        return len(self._storages)


shared_cache = SharedCache()


def fd_id(fd: int) -> tuple[int, int]:
    """What identifies the file behind a descriptor."""
    info = os.fstat(fd)
    return info.st_ino, info.st_dev


def storage_from_cache(cls: Any, key: Any) -> UntypedStorage | None:
    """The storage that this process has over the memory of ``key``, if any."""
    return shared_cache.get(key)


def check_may_be_sent(tensor: torch.Tensor) -> None:
    """RuntimeError for tensors whose history would be lost on the way."""
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
            "crossing process boundaries. If you just want to transfer the data, call detach() on the tensor "
            "before serializing (e.g., putting it on the queue)."
        )


# ---- storages ----


def rebuild_storage_fd(cls: Any, df: Any, size: int) -> UntypedStorage:
    fd = df.detach()
    try:
        key = fd_id(fd)
        storage = shared_cache.get(key)
        if storage is None:
            storage = _C._storage_map_shared(fd, size)
            shared_cache[key] = storage
        return storage
    finally:
        os.close(fd)


def rebuild_storage_filename(cls: Any, manager: Any, handle: Any, size: int) -> UntypedStorage:
    path = os.fsdecode(handle)
    try:
        info = os.stat(path)
    except FileNotFoundError:
        raise RuntimeError(
            f"the shared memory file <{path}> is gone: the process that sent the tensor has ended, and all that it "
            "started. Keep it until the tensor has been received"
        ) from None
    key = (info.st_ino, info.st_dev)
    storage = shared_cache.get(key)
    if storage is not None:
        os.unlink(path)  # each handle is a name of its own
        return storage
    storage = _C._storage_map_shared(path, size)
    shared_cache[key] = storage
    return storage


def rebuild_storage_empty(cls: Any) -> UntypedStorage:
    return UntypedStorage(0)


def reduce_storage(storage: UntypedStorage) -> Any:
    """Handle of the memory of a storage, which moves to shared memory where it is not there yet."""
    from torch.multiprocessing import _shared_files

    if storage.device.type != "cpu":
        raise RuntimeError(f"only storages of the CPU can be sent to other processes, not of {storage.device}")
    if storage.nbytes() == 0:
        return rebuild_storage_empty, (type(storage),)
    handle = _C._storage_shared_handle(storage)
    if handle is None:
        try:
            storage.share_memory_()
        except RuntimeError:
            if storage.resizable():
                raise
        handle = _C._storage_shared_handle(storage)
    if handle is None:
        # The receiver gets a copy: an array views this memory, which must stay where it is; or a loader's worker has
        # sent it, by a descriptor that was not kept.
        storage = storage.clone().share_memory_()
        handle = _C._storage_shared_handle(storage)
    if isinstance(handle, int):
        shared_cache[fd_id(handle)] = storage
        return rebuild_storage_fd, (type(storage), multiprocessing.reduction.DupFd(handle), storage.nbytes())
    info = os.stat(handle)
    shared_cache[info.st_ino, info.st_dev] = storage
    return rebuild_storage_filename, (type(storage), b"", os.fsencode(_shared_files.link(handle)), storage.nbytes())


def rebuild_typed_storage(storage: UntypedStorage, dtype: torch.dtype) -> TypedStorage:
    return TypedStorage(wrap_storage=storage, dtype=dtype)


def reduce_typed_storage(storage: TypedStorage) -> Any:
    return rebuild_typed_storage, (storage._untyped_storage, storage.dtype)


# ---- tensors ----


def rebuild_tensor(cls: Any, storage: Any, metadata: tuple) -> torch.Tensor:
    offset, size, stride, requires_grad, dtype = metadata
    memory = getattr(storage, "_untyped_storage", storage)
    tensor = _C._tensor_from_storage(memory, dtype, offset, size, stride)
    if cls is torch.nn.Parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_() if requires_grad else tensor


def rebuild_meta_tensor(cls: Any, dtype: torch.dtype, size: tuple, stride: tuple, requires_grad: bool) -> torch.Tensor:
    tensor = _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)
    return torch.nn.Parameter(tensor, requires_grad) if cls is torch.nn.Parameter else tensor


def rebuild_sparse_coo_tensor(func: Any, parts: tuple, size: Any, is_coalesced: bool, requires_grad: bool) -> Any:
    tensor = torch.sparse_coo_tensor(*parts, size, is_coalesced=is_coalesced)
    return tensor.requires_grad_() if requires_grad else tensor


def rebuild_sparse_compressed_tensor(func: Any, parts: tuple, size: Any, layout: Any, requires_grad: bool) -> Any:
    tensor = torch.sparse_compressed_tensor(*parts, size, layout=layout)
    return tensor.requires_grad_() if requires_grad else tensor


def reduce_sparse_tensor(tensor: torch.Tensor) -> Any:
    from torch._sparse_tensors import parts_of

    parts = tuple(parts_of(tensor.detach()).values())
    size, requires_grad = tuple(tensor.size()), tensor.requires_grad
    if tensor.layout == torch.sparse_coo:
        return rebuild_sparse_coo_tensor, (None, parts, size, tensor.is_coalesced(), requires_grad)
    return rebuild_sparse_compressed_tensor, (None, parts, size, tensor.layout, requires_grad)


def reduce_tensor(tensor: torch.Tensor) -> Any:
    """Handle of the memory of a tensor, and how the tensor lies in it. Tensors of one storage share it there too."""
    from torch.utils.hooks import warn_if_has_hooks

    check_may_be_sent(tensor)
    warn_if_has_hooks(tensor)
    cls = type(tensor)
    if tensor.layout is not torch.strided:
        return reduce_sparse_tensor(tensor)
    if tensor.is_meta:
        metadata = (tensor.dtype, tuple(tensor.size()), tensor.stride(), tensor.requires_grad)
        return rebuild_meta_tensor, (cls, *metadata)
    geometry = (tensor.storage_offset(), tuple(tensor.size()), tensor.stride(), tensor.requires_grad, tensor.dtype)
    return rebuild_tensor, (cls, tensor.untyped_storage(), geometry)


def init_reductions() -> None:
    """Registers all of these. Subclasses of Tensor go as they are pickled elsewhere, over a shared storage."""
    for cls in (torch.Tensor, torch.nn.Parameter):
        ForkingPickler.register(cls, reduce_tensor)
    ForkingPickler.register(UntypedStorage, reduce_storage)
    ForkingPickler.register(TypedStorage, reduce_typed_storage)
