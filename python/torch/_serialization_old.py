"""The file format before version 1.6: pickles one after the other, then the bytes of the storages.

The parts are a magic number, a protocol version, facts on the machine, the object, the list of storage keys, and for
each key the number of elements (int64) and the elements.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
from typing import IO, Any, Optional

import torch
from torch import _weights_only_unpickler
from torch._utils import _checks_sparse_tensors_later
from torch.serialization import (
    MAGIC_NUMBER,
    MAP_LOCATION,
    PROTOCOL_VERSION,
    StorageSource,
    StorageTable,
    refused,
    trusting_load,
)
from torch.storage import TypedStorage, UntypedStorage


def save_old_format(obj: Any, file: Any, pickle_module: Any, protocol: int) -> None:
    """Writes an object; smaller than a ZIP archive for small tensors, so pickled storages have this form."""
    table = StorageTable()

    class Pickler(pickle_module.Pickler):  # type: ignore[name-defined,misc]
        def persistent_id(self, value: Any) -> Any:
            reference = table.reference(value)
            return None if reference is None else (*reference, None)  # None: no view of another storage

    facts = {
        "protocol_version": PROTOCOL_VERSION,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    for part in (MAGIC_NUMBER, PROTOCOL_VERSION, facts):
        pickle_module.dump(part, file, protocol=protocol)
    Pickler(file, protocol).dump(obj)
    entries = list(table.entries())
    pickle_module.dump([key for key, _, _ in entries], file, protocol=protocol)
    file.flush()
    for _, storage, itemsize in entries:
        file.write((storage.nbytes() // itemsize).to_bytes(8, "little"))
        file.write(memoryview(storage.cpu()))


class OldSource(StorageSource):
    """Storages are made when mentioned and filled at the end, when their bytes come."""

    def __init__(self, map_location: MAP_LOCATION, limit: int) -> None:
        super().__init__(map_location)
        self._limit = limit  # the bytes of all storages together cannot exceed the file's
        self._entries: dict[str, tuple[UntypedStorage, Any, torch.dtype, int]] = {}  # memory, where it goes
        self.swap = False

    def read(self, key: str, nbytes: int, itemsize: int) -> UntypedStorage:
        self._limit -= nbytes
        if self._limit < 0:
            raise RuntimeError("torch.load: the file is shorter than its storages: it is damaged or truncated")
        return UntypedStorage(nbytes)

    def persistent_load(self, reference: Any) -> Any:
        if isinstance(reference, tuple) and reference and reference[0] in ("module", b"module"):
            return reference[1]  # the class of a module; its source is not compared
        key, dtype, location, numel, typed = self._checked(reference)
        if key not in self._entries:
            raw = self.read(key, numel * dtype.itemsize, 1)
            restored = self.restore(raw, location)
            self._entries[key] = (raw, getattr(restored, "_untyped_storage", restored), dtype, numel)
        storage = self._entries[key][1]
        if len(reference) > 5 and reference[5] is not None:
            storage = self.part(storage, dtype.itemsize, reference[5])
        return TypedStorage(wrap_storage=storage, dtype=dtype) if typed else storage

    @staticmethod
    def part(storage: UntypedStorage, itemsize: int, view: Any) -> UntypedStorage:
        """A storage that is a part of another, as in files before version 0.4: (key, first element, elements)."""
        if not isinstance(view, tuple) or len(view) != 3 or not all(type(n) is int and n >= 0 for n in view[1:]):
            raise pickle.UnpicklingError("torch.load: the file's description of a part of a storage is not understood")
        first, end = view[1] * itemsize, (view[1] + view[2]) * itemsize
        if end > storage.nbytes():
            raise RuntimeError("torch.load: a part of a storage reaches beyond its end: the file is damaged")
        return storage[first:end]

    def fill(self, keys: Any, data: memoryview) -> int:
        """Copies the storages' bytes, and returns how many bytes of the file they take."""
        fits = isinstance(keys, list) and len(keys) == len(self._entries)
        if not fits or not all(isinstance(key, str) for key in keys) or set(keys) != set(self._entries):
            raise RuntimeError("torch.load: the file's list of storages does not fit its object")
        at = 0
        for key in keys:
            raw, storage, dtype, numel = self._entries[key]
            at += self.fill_one(raw, data[at:], key, dtype, numel)
            if storage is not raw and storage.device.type != "meta":
                storage.copy_(raw)
        return at

    def fill_one(self, storage: UntypedStorage, data: memoryview, key: str, dtype: torch.dtype, numel: int) -> int:
        count = int.from_bytes(data[:8], "little" if self.swap is (sys.byteorder == "big") else "big", signed=True)
        piece = data[8 : 8 + numel * dtype.itemsize]
        if count != numel or len(piece) != numel * dtype.itemsize:
            raise RuntimeError(f"torch.load: storage {key} is damaged or truncated")
        storage._read_into(functools.partial(_copy_bytes, piece))
        unit = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
        if self.swap and unit > 1:
            storage._byteswap(unit)
        return 8 + len(piece)


def _copy_bytes(source: memoryview, target: memoryview) -> None:
    target[:] = source


class Pickles:
    """Reads pickles that follow each other in memory."""

    def __init__(
        self,
        data: bytes,
        source: Any,
        weights_only: bool,
        pickle_module: Any,
        arguments: dict[str, Any],
        names: Optional[dict[str, Any]] = None,
    ) -> None:
        self.position = 0
        self.data = data
        self._stream = None if weights_only else io.BytesIO(data)
        self._source = source
        self._pickle_module = pickle_module
        self._arguments = arguments
        self._names = names

    def next(self) -> Any:
        if self._stream is not None:
            self._stream.seek(self.position)
            value = trusting_load(self._stream, self._source, self._pickle_module, self._arguments)
            self.position = self._stream.tell()
            return value
        encoding = self._arguments.get("encoding", "utf-8")
        unpickler = _weights_only_unpickler.Unpickler(self.data, self.position, encoding, self._names)
        unpickler.persistent_load = self._source.persistent_load
        try:
            value = unpickler.load()
        except pickle.UnpicklingError as error:
            raise refused(error) from None
        self.position = unpickler.position
        return value

    def take(self, size: int) -> memoryview:
        """Bytes between pickles."""
        piece = memoryview(self.data)[self.position : self.position + size]
        if size < 0 or len(piece) != size:
            raise RuntimeError("torch.load: the file is truncated")
        self.position += size
        return piece


def _check_head(pickles: Pickles) -> bool:
    """Reads the magic number, the version and the facts on the machine; whether the byte order is the other one."""
    try:
        magic = pickles.next()
    except Exception:  # anything may be raised when something else is read as a pickle
        magic = None
    if magic != MAGIC_NUMBER:
        raise pickle.UnpicklingError(
            "torch.load: the file is neither a ZIP archive nor of the format before version 1.6: it is "
            "damaged, or not written by torch.save"
        )
    version = pickles.next()
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {_weights_only_unpickler.shown(version)}")
    facts = pickles.next()
    little = facts.get("little_endian") if isinstance(facts, dict) else None
    if not isinstance(little, bool):
        raise RuntimeError("torch.load: the file does not say its byte order: it is damaged")
    return little is not (sys.byteorder == "little")


def load_old_format(
    file: IO[bytes], map_location: MAP_LOCATION, weights_only: bool, pickle_module: Any, arguments: dict[str, Any]
) -> Any:
    start = file.tell()
    data = file.read()
    if not data:
        raise EOFError("Ran out of input: the file is empty")
    if data[257:262] == b"ustar":
        from torch._serialization_tar import load_tar

        return load_tar(data, map_location, weights_only, pickle_module, arguments)
    source = OldSource(map_location, len(data))
    pickles = Pickles(data, source, weights_only, pickle_module, arguments)
    source.swap = _check_head(pickles)
    with _checks_sparse_tensors_later() as check_sparse_tensors:
        result = pickles.next()
        keys = pickles.next()
        size = source.fill(keys, memoryview(data)[pickles.position :])
        check_sparse_tensors()
    file.seek(start + pickles.position + size)  # several objects may follow each other
    return result
