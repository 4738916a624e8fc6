"""The file format before version 1.6: pickles one after the other, then the bytes of the storages.

The parts are a magic number, a protocol version, facts on the machine, the object, the list of storage keys, and for
each key the number of elements (int64) and the elements.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
from typing import IO, Any

from torch import _weights_only_unpickler
from torch.serialization import MapLocation, StorageSource, StorageTable, refused, trusting_load
from torch.storage import TypedStorage, UntypedStorage

_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_PROTOCOL = 1001


def save_old_format(obj: Any, file: Any, pickle_module: Any, protocol: int) -> None:
    """Writes an object; smaller than a ZIP archive for small tensors, so pickled storages have this form."""
    table = StorageTable()

    class Pickler(pickle_module.Pickler):  # type: ignore[name-defined,misc]
        def persistent_id(self, value: Any) -> Any:
            reference = table.reference(value)
            return None if reference is None else (*reference, None)  # None: no view of another storage

    facts = {
        "protocol_version": _OLD_PROTOCOL,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    for part in (_OLD_MAGIC, _OLD_PROTOCOL, facts):
        pickle_module.dump(part, file, protocol=protocol)
    Pickler(file, protocol).dump(obj)
    entries = list(table.entries())
    pickle_module.dump([key for key, _, _ in entries], file, protocol=protocol)
    file.flush()
    for _, storage, itemsize in entries:
        file.write((storage.nbytes() // itemsize).to_bytes(8, "little"))
        file.write(memoryview(storage.cpu()))


class _OldSource(StorageSource):
    """Storages are made when mentioned and filled at the end, when their bytes come."""

    def __init__(self, map_location: MapLocation, limit: int) -> None:
        super().__init__(map_location)
        self._limit = limit  # the bytes of all storages together cannot exceed the file's
        self._raw: dict[str, tuple[UntypedStorage, int, int, str]] = {}

    def read(self, key: str, nbytes: int, itemsize: int) -> UntypedStorage:
        self._limit -= nbytes
        if self._limit < 0:
            raise RuntimeError("torch.load: the file is shorter than its storages: it is damaged or truncated")
        return UntypedStorage(nbytes)

    def persistent_load(self, reference: Any) -> Any:
        if isinstance(reference, tuple) and reference and reference[0] in ("module", b"module"):
            return reference[1]  # the class of a module; its source is not compared
        key, dtype, location, numel, typed = self._checked(reference)
        if key not in self._raw:
            self._raw[key] = (self.read(key, numel * dtype.itemsize, 1), dtype.itemsize, numel, location)
        view = reference[5] if len(reference) > 5 else None
        if view is not None:
            raise NotImplementedError(
                "torch.load: views of storages, as files before version 0.4 have them, are not supported"
            )
        storage = self._raw[key][0]
        return TypedStorage(wrap_storage=storage, dtype=dtype) if typed else storage

    def fill(self, keys: Any, data: memoryview) -> int:
        """Copies the storages' bytes, and returns how many bytes of the file they take."""
        if not isinstance(keys, list) or sorted(keys) != sorted(self._raw):
            raise RuntimeError("torch.load: the file's list of storages does not fit its object")
        at = 0
        for key in keys:
            storage, itemsize, numel, location = self._raw[key]
            count = int.from_bytes(data[at : at + 8], "little", signed=True)
            piece = data[at + 8 : at + 8 + numel * itemsize]
            if count != numel or len(piece) != numel * itemsize:
                raise RuntimeError(f"torch.load: storage {key} is damaged or truncated")
            at += 8 + len(piece)
            storage._read_into(functools.partial(_copy_bytes, piece))
            if self._restore(storage, location) is not storage:
                raise NotImplementedError(
                    "torch.load: files of the format before version 1.6 are only loaded to the CPU"
                )
        return at


def _copy_bytes(source: memoryview, target: memoryview) -> None:
    target[:] = source


class _Pickles:
    """Reads pickles that follow each other in memory."""

    def __init__(
        self, data: bytes, source: _OldSource, weights_only: bool, pickle_module: Any, arguments: dict[str, Any]
    ) -> None:
        self.position = 0
        self._data = data
        self._stream = None if weights_only else io.BytesIO(data)
        self._source = source
        self._pickle_module = pickle_module
        self._arguments = arguments

    def next(self) -> Any:
        if self._stream is not None:
            value = trusting_load(self._stream, self._source, self._pickle_module, self._arguments)
            self.position = self._stream.tell()
            return value
        encoding = self._arguments.get("encoding", "utf-8")
        unpickler = _weights_only_unpickler.Unpickler(self._data, self.position, encoding)
        unpickler.persistent_load = self._source.persistent_load
        value = unpickler.load()
        self.position = unpickler.position
        return value

    def check_head(self) -> None:
        """Reads the magic number, the version and the facts on the machine."""
        try:
            magic = self.next()
        except Exception:  # anything may be raised when something else is read as a pickle
            magic = None
        if magic != _OLD_MAGIC:
            raise pickle.UnpicklingError(
                "torch.load: the file is neither a ZIP archive nor of the format before version 1.6: it is "
                "damaged, or not written by torch.save"
            )
        version = self.next()
        if version != _OLD_PROTOCOL:
            raise RuntimeError(f"Invalid protocol version: {version}")
        facts = self.next()
        if not isinstance(facts, dict) or facts.get("little_endian") is not (sys.byteorder == "little"):
            raise NotImplementedError(
                "torch.load: files of the format before version 1.6 must have this machine's byte order"
            )


def load_old_format(
    file: IO[bytes], map_location: MapLocation, weights_only: bool, pickle_module: Any, arguments: dict[str, Any]
) -> Any:
    start = file.tell()
    data = file.read()
    if not data:
        raise EOFError("Ran out of input: the file is empty")
    if data[257:262] == b"ustar":
        raise NotImplementedError("torch.load: the tar format of versions before 0.1.10 is not supported")
    source = _OldSource(map_location, len(data))
    pickles = _Pickles(data, source, weights_only, pickle_module, arguments)
    pickles.check_head()
    try:
        result = pickles.next()
        keys = pickles.next()
    except pickle.UnpicklingError as error:
        if not weights_only:
            raise
        raise refused(error) from None
    size = source.fill(keys, memoryview(data)[pickles.position :])
    file.seek(start + pickles.position + size)  # several objects may follow each other
    return result
