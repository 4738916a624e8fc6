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
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import IO, Any, Optional, Union

import torch
from torch import _serialization_places, _weights_only_unpickler
from torch._atomic_write import replacing
from torch._serialization_places import (
    MAP_LOCATION as MAP_LOCATION,
    default_restore_location as default_restore_location,
    location_tag as location_tag,
    register_package as register_package,
    validate_cuda_device as validate_cuda_device,
    validate_hpu_device as validate_hpu_device,
)
from torch._weights_only_unpickler import StorageType as StorageType
from torch._zip_archive import DamagedRecord, ZipReader, ZipWriter, is_zip
from torch.storage import TypedStorage, UntypedStorage, storage_class, storage_dtype
from torch.utils.serialization import config

FILE_LIKE = Union[str, "os.PathLike[str]", IO[bytes]]

__all__ = [
    "SourceChangeWarning",
    "mkdtemp",
    "register_package",
    "check_module_version_greater_or_equal",
    "validate_cuda_device",
    "validate_hpu_device",
    "location_tag",
    "default_restore_location",
    "normalize_storage_type",
    "storage_to_tensor_type",
    "save",
    "load",
    "StorageType",
    "LoadEndianness",
    "get_crc32_options",
    "set_crc32_options",
    "get_default_load_endianness",
    "set_default_load_endianness",
    "get_default_mmap_options",
    "set_default_mmap_options",
    "clear_safe_globals",
    "get_safe_globals",
    "add_safe_globals",
    "safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "skip_data",
]

FileLike = Union[str, "os.PathLike[str]", IO[bytes]]
Storage = Union[TypedStorage, UntypedStorage]

DEFAULT_PROTOCOL = 2
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # of the format before version 1.6
PROTOCOL_VERSION = 1001
STORAGE_KEY_SEPARATOR = ","
try:
    from mmap import MAP_PRIVATE as MAP_PRIVATE, MAP_SHARED as MAP_SHARED
except ImportError:  # a system without them
    MAP_PRIVATE, MAP_SHARED = None, None  # type: ignore[assignment]


class SourceChangeWarning(Warning):
    """Kept for programs that filter it: the source of saved modules is not compared."""


class LoadEndianness(enum.Enum):
    """Byte order assumed for files that do not say theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


def get_default_load_endianness() -> Optional[LoadEndianness]:
    """Byte order assumed for files that do not say theirs; None is the machine's."""
    return config.load.endianness


def set_default_load_endianness(endianness: Optional[LoadEndianness]) -> None:
    """Sets the byte order assumed for files that do not say theirs."""
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError(
            f"set_default_load_endianness: expected a LoadEndianness or None, got {type(endianness).__name__}"
        )
    config.load.endianness = endianness


def get_default_mmap_options() -> Optional[int]:
    """How ``load(..., mmap=True)`` maps files: ``mmap.MAP_PRIVATE`` or ``mmap.MAP_SHARED``."""
    return config.load.mmap_flags


class set_default_mmap_options:  # noqa: N801 (a function to its users)
    """Sets how ``load(..., mmap=True)`` maps files; a ``with`` block takes it back at its end.

    Args:
        flags: ``mmap.MAP_PRIVATE`` keeps changes to the tensors in memory, ``mmap.MAP_SHARED`` writes them to the file.
    """

    def __init__(self, flags: int) -> None:
        if MAP_PRIVATE is None:
            raise RuntimeError("changing the default mmap options is not supported on this system")
        if flags not in (MAP_PRIVATE, MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, "
                f"but got {flags}"
            )
        self._before = config.load.mmap_flags
        config.load.mmap_flags = flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        config.load.mmap_flags = self._before


def get_crc32_options() -> bool:
    """Whether :func:`save` writes checksums."""
    return bool(config.save.compute_crc32)


def set_crc32_options(compute_crc32: bool) -> None:
    """Sets whether :func:`save` writes checksums. Damage to files without them is not found by :func:`load`."""
    config.save.compute_crc32 = bool(compute_crc32)


class _SkipData(threading.local):
    active = False


_skip_data = _SkipData()


class skip_data:  # noqa: N801 (a function to its users)
    """Context manager: :func:`save` leaves room for the bytes of storages but does not write them, :func:`load` makes
    storages of zeros without reading any.

    Files written so have no checksums, since somebody else fills in the bytes.

    Args:
        materialize_fake_tensors: for tensors without data that stand for others; there are none of them here, so that
            it makes no difference.
    """

    def __init__(self, materialize_fake_tensors: bool = False) -> None:
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self) -> None:
        self._before = _skip_data.active
        _skip_data.active = True

    def __exit__(self, *exc: object) -> None:
        _skip_data.active = self._before


# ---- odds and ends ----


@contextlib.contextmanager
def mkdtemp() -> Iterator[str]:
    """A folder that is gone after the block."""
    with tempfile.TemporaryDirectory() as path:
        yield path


def check_module_version_greater_or_equal(
    module: Any, req_version_tuple: tuple[int, ...], error_if_malformed: bool = True
) -> bool:
    """Whether ``module.__version__`` is at least the given one; a version that is not made of numbers is an error, or a
    warning and taken for new enough."""
    try:
        numbers = [type(part)(own) for part, own in zip(req_version_tuple, module.__version__.split("."))]
    except ValueError:
        text = (
            f"'{module.__name__}' module version string is malformed '{module.__version__}' and cannot be compared "
            f"with tuple {req_version_tuple}"
        )
        if error_if_malformed:
            raise RuntimeError(text) from None
        warnings.warn(text + ", but continuing assuming that requirement is met", stacklevel=2)
        return True
    return tuple(numbers) >= tuple(req_version_tuple)


def normalize_storage_type(storage_type: Any) -> Any:
    """The class of torch of the same name: ``torch.FloatStorage``."""
    return getattr(torch, storage_type.__name__)


def storage_to_tensor_type(storage: Any) -> Any:
    """The class of tensors over a typed storage: ``torch.FloatTensor``."""
    return getattr(torch, _storage_type_name(storage).replace("Storage", "Tensor"))


def _storage_type_name(storage: Any) -> str:
    return storage.pickle_storage_type() if isinstance(storage, TypedStorage) else type(storage).__name__


def _is_zipfile(f: IO[bytes]) -> bool:
    return is_zip(f)


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


# ---- layouts ----


def _get_layout(name: str) -> torch.layout:
    """The layout that files name, such as ``"torch.sparse_coo"``."""
    layouts = {str(value): value for value in vars(torch).values() if isinstance(value, torch.layout)}
    found = layouts.get(name) if isinstance(name, str) else None
    if found is None:
        raise RuntimeError(f"unknown layout {_weights_only_unpickler.shown(name)}")
    return found


def _reduce_layout(layout: torch.layout) -> tuple[Callable[[str], torch.layout], tuple[str]]:
    return _get_layout, (str(layout),)


copyreg.pickle(torch.layout, _reduce_layout)  # type: ignore[arg-type]  # as files of PyTorch name a layout


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


# ---- saving ----


_STORAGES = (TypedStorage, UntypedStorage)


class StorageTable:
    """The storages met while pickling, in order, each under the key that the file gives it."""

    def __init__(self) -> None:
        self._by_block: dict[int, tuple[str, UntypedStorage, Optional[torch.dtype]]] = {}

    def reference(self, obj: Any) -> Optional[tuple[Any, ...]]:
        if not isinstance(obj, _STORAGES):  # asked of every object in the pickle
            return None
        if isinstance(obj, TypedStorage):
            storage, dtype, kind = obj._untyped_storage, obj.dtype, storage_class(obj.dtype)
        else:
            storage, dtype, kind = obj, None, UntypedStorage
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
        persistent_id = staticmethod(table.reference)

    buffer = io.BytesIO()
    Pickler(buffer, protocol).dump(obj)
    return buffer.getvalue(), table


def _write(obj: Any, file: Any, archive: str, pickle_module: Any, protocol: int, with_byteorder: bool) -> None:
    data, table = _pickled(obj, pickle_module, protocol)
    alignment, skips = config.save.storage_alignment, _skip_data.active
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 14:
        raise ValueError(f"torch.save: the alignment of storages must be 1 ... 16384 bytes, got {alignment!r}")
    writer = ZipWriter(file, archive, alignment, checksums=get_crc32_options() and not skips)
    writer.write("data.pkl", data)
    writer.write(".format_version", b"1")
    writer.write(".storage_alignment", str(alignment).encode())
    if with_byteorder:
        writer.write("byteorder", sys.byteorder.encode())
    for key, storage, _ in table.entries():
        if skips:
            writer.reserve(f"data/{key}", storage.nbytes())
        else:
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
    if _skip_data.active and not _use_new_zipfile_serialization:
        raise RuntimeError("Cannot use skip_data=True with _use_new_zipfile_serialization=False")
    with replacing(os.fspath(f)) if _is_path(f) else contextlib.nullcontext(f) as file:  # type: ignore[arg-type]
        if _use_new_zipfile_serialization:
            _write(obj, file, archive, pickle_module, pickle_protocol, not _disable_byteorder_record)
        else:
            from torch._serialization_old import save_old_format

            save_old_format(obj, file, pickle_module, pickle_protocol)


# ---- loading ----


class StorageSource:
    """Where the bytes of a storage come from: allocates and fills it at its first mention."""

    def __init__(self, map_location: MAP_LOCATION) -> None:
        self.restore = _serialization_places.restorer(map_location)
        self._skips = _skip_data.active
        self._loaded: dict[str, UntypedStorage] = {}

    def read(self, key: str, nbytes: int, itemsize: int) -> UntypedStorage:
        raise NotImplementedError

    def check(self, obj: Any) -> None:
        """Raises if bytes that `obj` was made of turned out to be damaged."""

    def persistent_load(self, reference: Any) -> Any:
        key, dtype, location, numel, typed = self._checked(reference)
        storage: Any = self._loaded.get(key)
        if storage is None:
            unit = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
            storage = self.restore(self.read(key, numel * dtype.itemsize, unit), location)
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
            raise wrong(f"unknown kind {_weights_only_unpickler.shown(kind)}")
        name = getattr(cls, "name", None) or getattr(cls, "__name__", None)
        dtype = storage_dtype(name) if isinstance(name, str) else None
        if dtype is None:
            raise wrong(f"{_weights_only_unpickler.shown(cls)} is no storage class")
        if not isinstance(key, str) or not isinstance(location, str):
            raise wrong("key and location must be texts")
        if not isinstance(numel, int) or numel < 0:
            raise wrong(f"the number of elements is {_weights_only_unpickler.shown(numel)}")
        return key, dtype, location, numel, name != "UntypedStorage"


class _ZipSource(StorageSource):
    def __init__(self, reader: ZipReader, map_location: MAP_LOCATION, mapped: Optional[UntypedStorage]) -> None:
        super().__init__(map_location)
        self._reader = reader
        self._mapped = mapped
        self._swap = _byteorder_of(reader) != sys.byteorder
        self._to_meta = _serialization_places.needs_no_data(map_location)
        self._damaged: dict[str, DamagedRecord] = {}

    def read(self, key: str, nbytes: int, itemsize: int) -> UntypedStorage:
        name = f"data/{key}"
        size = self._reader.size(name)
        if size < nbytes:
            raise RuntimeError(
                f"torch.load: record {name!r} holds {size} bytes, but the object needs {nbytes}: the file is damaged"
            )
        if self._to_meta:
            return UntypedStorage(size, device="meta")
        if self._skips:
            return torch.zeros(size, dtype=torch.uint8).untyped_storage()
        if self._mapped is not None and self._reader.is_stored(name):
            start = self._reader.data_offset(name)
            storage = self._mapped[start : start + size]
        else:
            storage = UntypedStorage(size)
            try:
                self._reader.read_into(name, storage)
            except DamagedRecord as error:  # told when the names of the tensors in it are known
                self._damaged.setdefault(key, error)
        if self._swap and itemsize > 1:
            if self._mapped is not None:
                raise RuntimeError("torch.load: a file of the other byte order cannot be loaded with mmap=True")
            storage._byteswap(itemsize)
        return storage

    def check(self, obj: Any) -> None:
        for key, error in self._damaged.items():
            storage = self._loaded.get(key)
            names = [] if storage is None else _names_of_tensors(obj, storage._cdata)
            if not names:
                raise error
            shown = ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
            raise RuntimeError(f"{error}; in it is the tensor {shown}")


def _names_of_tensors(obj: Any, block: int) -> list[str]:
    """Where in an object there are tensors over a block of memory: ``"model.layer.weight"``."""
    found: list[str] = []
    seen: set[int] = set()
    rest: list[tuple[str, Any]] = [("", obj)]
    while rest:
        path, value = rest.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        parts: Any = ()
        if isinstance(value, torch.Tensor):
            if value.layout != torch.strided:
                from torch._sparse_tensors import parts_of

                parts = parts_of(value).items()
            elif not value.is_meta and value.untyped_storage()._cdata == block:
                found.append(path or "tensor")
        elif isinstance(value, dict):
            parts = value.items()
        elif isinstance(value, (list, tuple)):
            parts = enumerate(value)
        elif isinstance(value, (TypedStorage, UntypedStorage)):
            if value._cdata == block:
                found.append(path or "storage")
        elif isinstance(value, torch.nn.Module):
            parts = value.state_dict(keep_vars=True).items()
        else:
            parts = getattr(value, "__dict__", {}).items()
        rest += reversed([(f"{path}.{key}" if path else str(key), part) for key, part in parts])
    return found


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
            if module in _weights_only_unpickler.STORAGE_MODULES and name.endswith("Storage"):
                if storage_dtype(name) is not None:
                    return StorageType(name)
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
        source.check(None)  # damage explains it better
        raise refused(error) from None


_UNPICKLER_ARGUMENTS = {"encoding", "errors", "fix_imports", "buffers"}


def load(
    f: FileLike,
    map_location: MAP_LOCATION = None,
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
        mmap: True maps the file into memory instead of reading it; changes to the tensors stay in memory, unless
            :func:`set_default_mmap_options` says otherwise. Checksums of storages are then not compared. Needs a path.
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
    if mmap is None:
        mmap = config.load.mmap
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
        reader.check_small_records()
        mapped = None
        if mmap:
            shared = config.load.mmap_flags is not None and config.load.mmap_flags == MAP_SHARED
            mapped = UntypedStorage.from_file(os.fspath(f), shared, reader.file_size)  # type: ignore[arg-type]
        source = _ZipSource(reader, map_location, mapped)
        result = _load_object(reader.read("data.pkl"), source, weights_only, pickle_module or pickle, arguments)
        source.check(result)
        return result


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
