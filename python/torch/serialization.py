"""``torch.save`` and ``torch.load``: objects with tensors in files.

A file is a ZIP archive without compression: ``data.pkl`` holds the pickled object, in which a storage is a reference
``('storage', class, key, location, number of elements)``, and ``data/<key>`` holds the bytes of that storage, aligned
to 64 bytes so that files can be mapped into memory. Files are exchanged with PyTorch in both directions, also in the
older format of several pickles followed by raw storages.
"""

from __future__ import annotations

import contextlib
import copyreg
import enum
import io
import os
import pickle
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import IO, Any, Optional, Union

import torch
from torch import _weights_only_unpickler
from torch._zip_archive import ZipReader, ZipWriter, is_zip
from torch.storage import TypedStorage, UntypedStorage, storage_class, storage_dtype

FILE_LIKE = Union[str, "os.PathLike[str]", IO[bytes]]
MAP_LOCATION = Optional[Union[Callable[[Any, str], Any], torch.device, str, dict[str, str]]]

__all__ = [
    "LoadEndianness",
    "add_safe_globals",
    "clear_safe_globals",
    "default_restore_location",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "location_tag",
    "register_package",
    "safe_globals",
    "save",
    "set_crc32_options",
    "set_default_load_endianness",
]

FileLike = Union[str, "os.PathLike[str]", IO[bytes]]
MapLocation = Optional[Union[Callable[[Any, str], Any], torch.device, str, dict[str, str]]]

DEFAULT_PROTOCOL = 2
_ALIGNMENT = 64


class LoadEndianness(enum.Enum):
    """Byte order assumed for files that do not say theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_default_load_endianness: Optional[LoadEndianness] = None


def get_default_load_endianness() -> Optional[LoadEndianness]:
    """Byte order assumed for files that do not say theirs; None is the machine's."""
    return _default_load_endianness


def set_default_load_endianness(endianness: Optional[LoadEndianness]) -> None:
    """Sets the byte order assumed for files that do not say theirs."""
    global _default_load_endianness
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError(
            f"set_default_load_endianness: expected a LoadEndianness or None, got {type(endianness).__name__}"
        )
    _default_load_endianness = endianness


def get_crc32_options() -> bool:
    """Whether :func:`save` writes checksums: always True."""
    return True


def set_crc32_options(compute_crc32: bool) -> None:
    """Checksums are always written, since :func:`load` relies on them; False is a NotImplementedError."""
    if not compute_crc32:
        raise NotImplementedError("set_crc32_options(False): files without checksums are not written")


# ---- what weights-only loading accepts ----


def add_safe_globals(safe_globals: list[_weights_only_unpickler.SafeGlobal]) -> None:
    """Lets ``load(..., weights_only=True)`` use these classes and functions.

    Args:
        safe_globals: functions and classes, or pairs of one and the name ``"module.name"`` that files have for it.
    """
    _weights_only_unpickler.add_safe_globals(safe_globals)


def get_safe_globals() -> list[_weights_only_unpickler.SafeGlobal]:
    """What :func:`add_safe_globals` has added."""
    return _weights_only_unpickler.get_safe_globals()


def clear_safe_globals() -> None:
    """Takes back all that :func:`add_safe_globals` has added."""
    _weights_only_unpickler.clear_safe_globals()


class safe_globals(_weights_only_unpickler.SafeGlobals):  # noqa: N801 (a function to its users)
    """Context manager with the effect of :func:`add_safe_globals` for a block."""


def get_unsafe_globals_in_checkpoint(f: FileLike) -> list[str]:
    """Names of classes and functions in a file that ``weights_only=True`` would refuse, ``"module.name"`` each."""
    with _opened(f) as file:
        if not is_zip(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        return _weights_only_unpickler.unsafe_globals(ZipReader(file).read("data.pkl"))


# ---- devices ----

_Tagger = Callable[[Any], Optional[str]]
_Restorer = Callable[[Any, str], Any]
_packages: list[tuple[int, _Tagger, _Restorer]] = []


def register_package(priority: int, tagger: _Tagger, deserializer: _Restorer) -> None:
    """Adds a kind of device to what files can name.

    Args:
        priority: lower ones are asked first.
        tagger: returns the location of a storage (``"cuda:0"``), or None if it is not its own.
        deserializer: called with a storage and a location, returns the storage moved there, or None.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda entry: entry[0])


def _get_layout(name: str) -> torch.layout:
    """The layout that files name, such as ``"torch.sparse_coo"``."""
    layout = getattr(torch, name[len("torch.") :], None) if name.startswith("torch.") else None
    if not isinstance(layout, torch.layout):
        raise RuntimeError(f"unknown layout {name!r}")
    return layout


def _reduce_layout(layout: torch.layout) -> tuple[Callable[[str], torch.layout], tuple[str]]:
    return _get_layout, (str(layout),)


copyreg.pickle(torch.layout, _reduce_layout)  # type: ignore[arg-type]  # as files of PyTorch name a layout


def _device_tag(storage: Any) -> Optional[str]:
    return str(storage.device)


def _restore_to_device(storage: Any, location: str) -> Any:
    device = torch.device(location)
    if device.type == storage.device.type:
        return storage
    if device.type == "meta":
        return UntypedStorage(storage.nbytes(), device="meta")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
            "storages to the CPU."
        )
    return storage.to(device)


register_package(30, _device_tag, _restore_to_device)


def location_tag(storage: Any) -> str:
    """Where a storage is, as files say it: ``"cpu"``, ``"cuda:0"``."""
    for _, tagger, _ in _packages:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError(f"don't know how to determine the data location of {type(storage).__name__}")


def default_restore_location(storage: Any, location: str) -> Any:
    """The storage moved to where the file says it was."""
    for _, _, deserializer in _packages:
        result = deserializer(storage, location)
        if result is not None:
            return result
    raise RuntimeError(
        f"don't know how to restore the data location of {type(storage).__name__} (tagged with {location})"
    )


def _restorer(map_location: MapLocation) -> _Restorer:
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        table = map_location
        return lambda storage, location: default_restore_location(storage, str(table.get(location, location)))
    if isinstance(map_location, (str, torch.device)):
        target = str(map_location)
        return lambda storage, location: default_restore_location(storage, target)
    if not callable(map_location):
        raise TypeError(
            f"torch.load: map_location must be a device, a dict, a function or None, got {type(map_location).__name__}"
        )
    choose = map_location

    def restore(storage: Any, location: str) -> Any:
        result = choose(storage, location)
        return default_restore_location(storage, location) if result is None else result

    return restore


# ---- files ----


def _is_path(f: Any) -> bool:
    return isinstance(f, (str, os.PathLike))


@contextlib.contextmanager
def _opened(f: FileLike) -> Iterator[IO[bytes]]:
    """A file to read from, closed at the end if it was opened here."""
    if _is_path(f):
        with open(os.fspath(f), "rb") as file:  # type: ignore[arg-type]
            yield file
        return
    missing = [name for name in ("read", "readline", "tell", "seek") if not hasattr(f, name)]
    if missing:
        raise AttributeError(
            f"torch.load: expected a path or a file opened in binary mode, got {type(f).__name__} without "
            f"{', '.join(missing)}. You can only torch.load from a file that is seekable. Please pre-load the data "
            "into a buffer like io.BytesIO and try to load from it instead."
        )
    yield f  # type: ignore[misc]


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[IO[bytes]]:
    """A file whose contents take the place of `path` at the end; until then, and on errors, `path` is as it was."""
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        if os.path.isdir(target):
            raise IsADirectoryError(f"torch.save: {path} is a directory")
        with open(target, "wb") as file:  # a device or a pipe
            yield file
        return
    parent, name = os.path.split(target)
    if not os.path.isdir(parent or "."):
        raise RuntimeError(f"Parent directory {parent} does not exist.")
    temporary = os.path.join(parent, f".{name[:100]}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        file = open(temporary, "xb")
    except PermissionError:
        if not os.access(target, os.W_OK):
            raise
        with open(target, "wb") as file:  # the file may be written, but not its directory
            yield file
        return
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


# ---- saving ----


class StorageTable:
    """The storages met while pickling, in order, each under the key that the file gives it."""

    def __init__(self) -> None:
        self._by_block: dict[int, tuple[str, UntypedStorage, Optional[torch.dtype]]] = {}

    def reference(self, obj: Any) -> Optional[tuple[Any, ...]]:
        if isinstance(obj, TypedStorage):
            storage, dtype, kind = obj._untyped_storage, obj.dtype, storage_class(obj.dtype)
        elif isinstance(obj, UntypedStorage):
            storage, dtype, kind = obj, None, UntypedStorage
        else:
            return None
        key, _, known = self._by_block.setdefault(storage._cdata, (str(len(self._by_block)), storage, dtype))
        if dtype is not None and known is not None and known != dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types "
                f"({known} and {dtype}); clone() one of them"
            )
        numel = storage.nbytes() // (dtype.itemsize if dtype is not None else 1)
        # one string object for each location, so that the pickle names it once
        return ("storage", kind, key, sys.intern(location_tag(storage)), numel)

    def entries(self) -> Iterator[tuple[str, UntypedStorage, int]]:
        """Key, memory and bytes of an element of each."""
        for key, storage, dtype in self._by_block.values():
            yield key, storage, dtype.itemsize if dtype is not None else 1


def _pickled(obj: Any, pickle_module: Any, protocol: int) -> tuple[bytes, StorageTable]:
    table = StorageTable()

    class Pickler(pickle_module.Pickler):  # type: ignore[name-defined,misc]
        def persistent_id(self, value: Any) -> Any:
            return table.reference(value)

    buffer = io.BytesIO()
    Pickler(buffer, protocol).dump(obj)
    return buffer.getvalue(), table


def _write(obj: Any, file: Any, archive: str, pickle_module: Any, protocol: int, with_byteorder: bool) -> None:
    data, table = _pickled(obj, pickle_module, protocol)
    writer = ZipWriter(file, archive, _ALIGNMENT)
    writer.write("data.pkl", data)
    writer.write(".format_version", b"1")
    writer.write(".storage_alignment", str(_ALIGNMENT).encode())
    if with_byteorder:
        writer.write("byteorder", sys.byteorder.encode())
    for key, storage, _ in table.entries():
        writer.write(f"data/{key}", memoryview(storage.cpu()))
    writer.write("version", b"3\n")
    writer.write(".data/serialization_id", writer.content_id())
    writer.finish()


def save(
    obj: object,
    f: FileLike,
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Writes an object to a file.

    A path is written atomically: the file appears under its name when it is complete and on disk, and a failure leaves
    an existing file untouched. Tensors that share memory share it in the file.

    Args:
        obj: anything that can be pickled; tensors, containers of them, state dicts.
        f: a path or a file opened for writing in binary mode.
        pickle_module: module with a ``Pickler``.
        pickle_protocol: of ``data.pkl``.
        _use_new_zipfile_serialization: False writes the format before version 1.6.

    Example:

        >>> import io
        >>> file = io.BytesIO()
        >>> torch.save({"weight": torch.ones(2)}, file)
    """
    if not (isinstance(pickle_protocol, int) and 1 <= pickle_protocol <= pickle.HIGHEST_PROTOCOL):
        raise ValueError(
            f"torch.save: pickle_protocol must be 1 ... {pickle.HIGHEST_PROTOCOL}, got {pickle_protocol!r}"
        )
    archive = "archive"
    if _is_path(f):
        archive = os.path.splitext(os.path.basename(os.fspath(f)))[0] or archive  # type: ignore[arg-type]
    elif not hasattr(f, "write"):
        raise AttributeError(
            f"torch.save: expected a path or a file opened for writing in binary mode, got {type(f).__name__}"
        )
    with _replacing(os.fspath(f)) if _is_path(f) else contextlib.nullcontext(f) as file:  # type: ignore[arg-type]
        if _use_new_zipfile_serialization:
            _write(obj, file, archive, pickle_module, pickle_protocol, not _disable_byteorder_record)
        else:
            from torch._serialization_old import save_old_format

            save_old_format(obj, file, pickle_module, pickle_protocol)


# ---- loading ----


class StorageSource:
    """Where the bytes of a storage come from: allocates and fills it at its first mention."""

    def __init__(self, map_location: MapLocation) -> None:
        self._restore = _restorer(map_location)
        self._loaded: dict[str, UntypedStorage] = {}

    def read(self, key: str, nbytes: int, itemsize: int) -> UntypedStorage:
        raise NotImplementedError

    def persistent_load(self, reference: Any) -> Any:
        key, dtype, location, numel, typed = self._checked(reference)
        storage: Any = self._loaded.get(key)
        if storage is None:
            unit = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
            storage = self._restore(self.read(key, numel * dtype.itemsize, unit), location)
            storage = getattr(storage, "_untyped_storage", storage)
            self._loaded[key] = storage
        return TypedStorage(wrap_storage=storage, dtype=dtype) if typed else storage

    @staticmethod
    def _checked(reference: Any) -> tuple[str, torch.dtype, str, int, bool]:
        def wrong(why: str) -> pickle.UnpicklingError:
            return pickle.UnpicklingError(
                f"torch.load: the file refers to a storage in a way that is not understood: {why}"
            )

        if not isinstance(reference, tuple) or len(reference) < 5:
            raise wrong("expected ('storage', class, key, location, size)")
        kind, cls, key, location, numel = reference[:5]
        if isinstance(kind, bytes):
            kind = kind.decode("ascii", "replace")
        if kind != "storage":
            raise wrong(f"unknown kind {kind!r}")
        name = getattr(cls, "name", None) or getattr(cls, "__name__", None)
        dtype = storage_dtype(name) if isinstance(name, str) else None
        if dtype is None:
            raise wrong(f"{cls!r} is no storage class")
        if not isinstance(key, str) or not isinstance(location, str):
            raise wrong("key and location must be texts")
        if not isinstance(numel, int) or numel < 0:
            raise wrong(f"the number of elements is {numel!r}")
        return key, dtype, location, numel, name != "UntypedStorage"


class _ZipSource(StorageSource):
    def __init__(self, reader: ZipReader, map_location: MapLocation, mapped: Optional[UntypedStorage]) -> None:
        super().__init__(map_location)
        self._reader = reader
        self._mapped = mapped
        self._swap = _byteorder_of(reader) != sys.byteorder
        # a map location of "meta" alone needs no data at all
        self._skip_data = isinstance(map_location, (str, torch.device)) and torch.device(map_location).type == "meta"

    def read(self, key: str, nbytes: int, itemsize: int) -> UntypedStorage:
        name = f"data/{key}"
        size = self._reader.size(name)
        if size < nbytes:
            raise RuntimeError(
                f"torch.load: record {name!r} holds {size} bytes, but the object needs {nbytes}: the file is damaged"
            )
        if self._skip_data:
            return UntypedStorage(size, device="meta")
        if self._mapped is not None and self._reader.is_stored(name):
            start = self._reader.data_offset(name)
            storage = self._mapped[start : start + size]
        else:
            storage = UntypedStorage(size)
            self._reader.read_into(name, storage)
        if self._swap and itemsize > 1:
            if self._mapped is not None:
                raise RuntimeError("torch.load: a file of the other byte order cannot be loaded with mmap=True")
            storage._byteswap(itemsize)
        return storage


def _byteorder_of(reader: ZipReader) -> str:
    if "byteorder" in reader:
        order = reader.read("byteorder").decode("ascii", "replace")
        if order not in ("little", "big"):
            raise ValueError(f"torch.load: unknown byte order {order!r} in the file")
        return order
    assumed = get_default_load_endianness()
    if assumed is None or assumed is LoadEndianness.NATIVE:
        return sys.byteorder
    return "little" if assumed is LoadEndianness.LITTLE else "big"


def trusting_load(data: IO[bytes], source: StorageSource, pickle_module: Any, arguments: dict[str, Any]) -> Any:
    class Unpickler(pickle_module.Unpickler):  # type: ignore[name-defined,misc]
        def find_class(self, module: str, name: str) -> Any:
            if module in ("torch", "torch.storage") and name.endswith("Storage"):
                dtype = storage_dtype(name)
                if dtype is not None:
                    return _weights_only_unpickler.StorageType(name, dtype)
            return super().find_class(module, name)

        def persistent_load(self, reference: Any) -> Any:
            return source.persistent_load(reference)

    return Unpickler(data, **arguments).load()


_REFUSED = (
    "Weights only load failed. If you trust the source of this file, there are two options:\n"
    "(1) Loading with `weights_only=False` will likely succeed, but it can result in arbitrary code execution. Do it\n"
    "    only if you got the file from a trusted source.\n"
    "(2) Allow the classes and functions that the file needs, as described below.\n"
    "WeightsUnpickler error: "
)


def refused(error: pickle.UnpicklingError) -> pickle.UnpicklingError:
    """What :func:`load` raises when weights-only loading fails."""
    return pickle.UnpicklingError(f"{_REFUSED}{error}")


def _load_object(
    data: bytes, source: StorageSource, weights_only: bool, pickle_module: Any, arguments: dict[str, Any]
) -> Any:
    if not weights_only:
        return trusting_load(io.BytesIO(data), source, pickle_module, arguments)
    try:
        return _weights_only_unpickler.load(data, source.persistent_load, arguments.get("encoding", "utf-8"))
    except pickle.UnpicklingError as error:
        raise refused(error) from None


_UNPICKLER_ARGUMENTS = {"encoding", "errors", "fix_imports", "buffers"}


def load(
    f: FileLike,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: Optional[bool] = None,
    mmap: Optional[bool] = None,
    **pickle_load_args: Any,
) -> Any:
    """Reads an object that :func:`save` (or PyTorch) has written.

    Checksums are compared, so a damaged file is an error that names the damaged record.

    Args:
        f: a path or a file opened for reading in binary mode that can seek.
        map_location: where storages go: a device for all of them, a dict from the saved location to another, a function
            ``(storage, location) -> storage or None``; None brings them back to where they were.
        pickle_module: module with an ``Unpickler``, for ``weights_only=False``.
        weights_only: True (the default, unless ``pickle_module`` is given) builds only tensors, containers, numbers and
            texts, and what :func:`add_safe_globals` allows. False runs any code that the file contains.
        mmap: True maps the file into memory instead of reading it; changes to the tensors stay in memory. Checksums of
            storages are then not compared. Needs a path.
        pickle_load_args: passed on to the ``Unpickler`` (``encoding``).

    Raises:
        pickle.UnpicklingError: the file needs what ``weights_only=True`` does not allow, or is no valid pickle.
        RuntimeError: the file is damaged, or a device is missing.
        EOFError: the file is empty.

    Example:

        >>> import io
        >>> file = io.BytesIO()
        >>> torch.save({"weight": torch.ones(2)}, file)
        >>> _ = file.seek(0)
        >>> torch.load(file)
        {'weight': tensor([1., 1.])}
    """
    if weights_only is None:
        weights_only = _default_weights_only(pickle_module)
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if mmap and not _is_path(f):
        raise ValueError("f must be a file path in order to use the mmap argument")
    unknown = sorted(pickle_load_args.keys() - ({"encoding"} if weights_only else _UNPICKLER_ARGUMENTS))
    if unknown and pickle_module is None:
        raise TypeError(f"torch.load() got an unexpected keyword argument {unknown[0]!r}")
    arguments = {"encoding": "utf-8", **pickle_load_args}
    with _opened(f) as file:
        if not is_zip(file):
            if mmap:
                raise RuntimeError(
                    "mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True)`"
                )
            from torch._serialization_old import load_old_format

            return load_old_format(file, map_location, weights_only, pickle_module or pickle, arguments)
        reader = ZipReader(file)
        if "constants.pkl" in reader:
            raise NotImplementedError("torch.load: this is a TorchScript archive; torch.jit.load is not supported yet")
        mapped = UntypedStorage.from_file(os.fspath(f), False, reader.file_size) if mmap else None  # type: ignore[arg-type]
        source = _ZipSource(reader, map_location, mapped)
        return _load_object(reader.read("data.pkl"), source, weights_only, pickle_module or pickle, arguments)


def _default_weights_only(pickle_module: Any) -> bool:
    def switched_on(name: str) -> bool:
        return os.environ.get(name, "0").lower() in ("1", "y", "yes", "true")

    force, forbid = switched_on("TORCH_FORCE_WEIGHTS_ONLY_LOAD"), switched_on("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    if force and forbid:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should be set, but both "
            "were set."
        )
    if force:
        return True
    return pickle_module is None and not forbid
