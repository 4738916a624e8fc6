"""The file format before version 0.1.10: a tar archive of storages, tensors and the object that refers to them.

``storages`` is a pickled number of storages, for each a pickled (key, location, class), the number of elements (int64)
and the elements, and at its end a pickled list of storages that are parts of others: (key, key of the whole, first
element, elements). ``tensors`` is a pickled number of tensors, for each a pickled (key, key of the storage, class), the
number of dimensions (int64), sizes, strides and the offset. ``pickle`` is the object, in which tensors are references
by their keys.
"""

from __future__ import annotations

import io
import struct
import tarfile
from pickle import UnpicklingError
from typing import Any

from torch._legacy_types import _NAMES as TENSOR_CLASSES
from torch._serialization_old import OldSource, Pickles
from torch._utils import _rebuild_tensor
from torch._weights_only_unpickler import shown
from torch.serialization import MAP_LOCATION
from torch.storage import TypedStorage, storage_dtype

_MOST_DIMENSIONS = 64


def _key(value: Any) -> int:
    """Keys are numbers, also written as texts."""
    if isinstance(value, int) or (isinstance(value, (str, bytes)) and len(value) < 32 and value.strip().isdigit()):
        return int(value)
    raise UnpicklingError(f"torch.load: {shown(value)} is no key of a storage or tensor")


def _damaged(what: str) -> RuntimeError:
    return RuntimeError(f"torch.load: {what}: the file is damaged")


class _Objects:
    """The storages and tensors of a file by their keys; pickles refer to them."""

    def __init__(self) -> None:
        self.known: dict[int, Any] = {}

    def persistent_load(self, reference: Any) -> Any:
        if isinstance(reference, tuple) and reference:
            return reference[0]  # the class of a container, with its source
        found = self.known.get(_key(reference))
        if found is None:
            raise UnpicklingError(f"torch.load: the object refers to {shown(reference)}, which is not in the file")
        return found


def _member(archive: tarfile.TarFile, name: str, limit: int) -> bytes:
    try:
        entry = archive.getmember(name)
        file = archive.extractfile(entry) if entry.isreg() and not entry.issparse() and entry.size <= limit else None
    except (KeyError, tarfile.TarError) as error:
        raise _damaged(f"the archive has no readable {name!r} ({error})") from None
    if file is None:
        raise _damaged(f"{name!r} in the archive is no plain file")
    data = file.read()
    if len(data) != entry.size:
        raise _damaged(f"{name!r} in the archive is truncated")
    return data


def _count(value: Any, what: str) -> int:
    if not isinstance(value, int) or value < 0:
        raise _damaged(f"the number of {what} is {shown(value)}")
    return value


def _parts(value: Any, count: int, what: str) -> Any:
    if not isinstance(value, tuple) or len(value) != count:
        raise _damaged(f"the description of a {what} has another form than expected")
    return value


def _read_storages(pickles: Pickles, source: OldSource, objects: _Objects) -> None:
    for _ in range(_count(pickles.next(), "storages")):
        key, location, cls = _parts(pickles.next(), 3, "storage")
        name = getattr(cls, "name", None) or getattr(cls, "__name__", None)
        dtype = storage_dtype(name) if isinstance(name, str) else None
        if dtype is None or not isinstance(location, str):
            raise _damaged(f"{shown(cls)} is no storage class")
        (numel,) = struct.unpack("<q", memoryview(pickles.data)[pickles.position :][:8].tobytes().ljust(8, b"\0"))
        raw = source.read(str(key), _count(numel, "elements") * dtype.itemsize, 1)
        pickles.position += source.fill_one(raw, memoryview(pickles.data)[pickles.position :], str(key), dtype, numel)
        restored = source.restore(raw, location)
        restored = getattr(restored, "_untyped_storage", restored)
        objects.known[_key(key)] = TypedStorage(wrap_storage=restored, dtype=dtype)
    views = pickles.next()
    if not isinstance(views, list):
        raise _damaged("the list of parts of storages has another form than expected")
    for view in views:
        key, whole, first, numel = _parts(view, 4, "part of a storage")
        storage = objects.persistent_load(whole)
        if not isinstance(storage, TypedStorage):
            raise _damaged("a part of a storage belongs to something else")
        part = source.part(storage._untyped_storage, storage.dtype.itemsize, (key, first, numel))
        objects.known[_key(key)] = TypedStorage(wrap_storage=part, dtype=storage.dtype)


def _read_tensors(pickles: Pickles, objects: _Objects) -> None:
    for _ in range(_count(pickles.next(), "tensors")):
        key, storage_key, _ = _parts(pickles.next(), 3, "tensor")
        storage = objects.persistent_load(storage_key)
        (ndim,) = struct.unpack("<i4x", pickles.take(8))
        if not isinstance(storage, TypedStorage) or not 0 <= ndim <= _MOST_DIMENSIONS:
            raise _damaged("the description of a tensor is not understood")
        numbers = struct.unpack(f"<{2 * ndim + 1}q", pickles.take(16 * ndim + 8))
        objects.known[_key(key)] = _rebuild_tensor(storage, numbers[-1], numbers[:ndim], numbers[ndim : 2 * ndim])


def load_tar(
    data: bytes, map_location: MAP_LOCATION, weights_only: bool, pickle_module: Any, arguments: dict[str, Any]
) -> Any:
    objects = _Objects()
    source = OldSource(map_location, len(data))
    classes = {f"torch.{name}": dtype for name, dtype in TENSOR_CLASSES.items()}

    def pickles(name: str) -> Pickles:
        return Pickles(_member(archive, name, len(data)), objects, weights_only, pickle_module, arguments, classes)

    try:
        archive = tarfile.open(fileobj=io.BytesIO(data), mode="r:")
    except tarfile.TarError as error:
        raise _damaged(f"the tar archive cannot be read ({error})") from None
    with archive:
        try:
            _read_storages(pickles("storages"), source, objects)
            _read_tensors(pickles("tensors"), objects)
        except (TypeError, ValueError, struct.error) as error:  # numbers that are none
            raise _damaged(f"the description of storages and tensors is not understood ({error})") from None
        return pickles("pickle").next()
