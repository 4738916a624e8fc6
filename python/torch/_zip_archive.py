"""ZIP archives as ``torch.save`` writes them: records stored one after the other, each aligned.

The layout follows the ZIP specification (PKWARE APPNOTE 6.3) with what PyTorch's readers expect: a common folder,
records without compression, their bytes aligned by padding in the header, sizes behind the bytes, always a 64-bit
directory. The reader takes any archive without encryption, compressed or not.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import IO, Any

from torch._C import _crc32

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_CENTRAL_HEADER = struct.Struct("<4s6H3I5H2I")
_LIMIT_32 = 0xFFFFFFFF
_FLAGS = 0x0808  # sizes follow the data; names are UTF-8
_DATE = 0x21  # 1980-01-01, so that equal objects give equal files
# DEFLATE cannot shrink data by more than this factor
_MAX_RATIO = 1040
# What compressed records may expand to, all together: this many bytes, and so many for each byte of the file. Zeros
# shrink by a thousand, numbers of networks hardly at all.
_EXPANDED_BYTES, _EXPANDED_RATIO = 1 << 26, 100
_SMALL = 4096  # bytes of a record that is read though nothing is taken from it, or written with its headers at once


class DamagedRecord(RuntimeError):
    """The bytes of a record are not those that were written."""


def is_zip(file: IO[bytes]) -> bool:
    """Whether the file goes on with a ZIP archive; its position stays."""
    at = file.tell()
    head = file.read(4)
    file.seek(at)
    return head == _LOCAL_MAGIC


class ZipWriter:
    """Writes records in one pass, so that the file need not seek.

    Without `checksums` all fields for them are zero, by which readers know.
    """

    def __init__(self, file: Any, folder: str, alignment: int, checksums: bool = True) -> None:
        self._file = file
        self._folder = folder
        self._alignment = alignment
        self._checksums = checksums
        self._at = 0
        self._entries: list[tuple[bytes, int, int, int]] = []  # name, crc, size, offset

    def _put(self, data: Any) -> None:
        size = memoryview(data).nbytes
        written = self._file.write(data)
        if isinstance(written, int) and written != size:  # a raw file may write less
            view = memoryview(data).cast("B")
            while written < size:
                more = self._file.write(view[written:])
                if not more:
                    raise OSError(f"torch.save: only {written} of {size} bytes could be written")
                written += more
        self._at += size

    def _put_room(self, size: int) -> None:
        """Zeros, as a hole in the file where it can have one."""
        try:
            self._file.seek(size, 1)
            self._at += size
        except (AttributeError, OSError):
            zeros = bytes(min(size, 1 << 20))
            while size > 0:
                self._put(zeros[:size])
                size -= len(zeros)

    def write(self, name: str, data: Any) -> None:
        self._write(name, memoryview(data).nbytes, data)

    def reserve(self, name: str, size: int) -> None:
        """Writes a record whose bytes are filled in later, by somebody else."""
        self._write(name, size, None)

    def _write(self, name: str, size: int, data: Any) -> None:
        encoded = f"{self._folder}/{name}".encode()
        offset = self._at
        large = size >= _LIMIT_32 or offset >= _LIMIT_32
        extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
        # a field "FB" of the length that brings the data to a multiple of the alignment
        padding = -(offset + _LOCAL_HEADER.size + len(encoded) + len(extra) + 4) % self._alignment
        extra += struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        field = _LIMIT_32 if large else 0
        fixed = _LOCAL_HEADER.pack(_LOCAL_MAGIC, 0, _FLAGS, 0, 0, _DATE, 0, field, field, len(encoded), len(extra))
        crc = _crc32(data) if self._checksums and data is not None else 0
        behind = struct.pack("<4sIQQ" if large else "<4sIII", b"PK\x07\x08", crc, size, size)
        before = fixed + encoded + extra
        if data is None:
            self._put(before)
            self._put_room(size)
            self._put(behind)
        elif size <= _SMALL:  # in one piece: many records are small
            self._put(b"".join((before, data, behind)))
        else:
            self._put(before)
            self._put(data)
            self._put(behind)
        self._entries.append((encoded, crc, size, offset))

    def content_id(self) -> bytes:
        """Forty digits that depend on the names and contents written so far."""
        names, contents = 0, 0
        for name, crc, size, _ in self._entries:
            names = (names * 1000003 + zlib.crc32(name)) % 10**20
            contents = (contents * 1000003 + crc + size) % 10**20
        return f"{names:020d}{contents:020d}".encode()

    def finish(self) -> None:
        start = self._at
        directory = []
        for name, crc, size, offset in self._entries:
            large = [v for v in (size, size, offset) if v >= _LIMIT_32]
            extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
            size_field, offset_field = min(size, _LIMIT_32), min(offset, _LIMIT_32)
            directory.append(_CENTRAL_HEADER.pack(
                b"PK\x01\x02", 0, 0, _FLAGS, 0, 0, _DATE, crc, size_field, size_field,
                len(name), len(extra), 0, 0, 0, 0, offset_field,
            ) + name + extra)  # fmt: skip
        self._put(b"".join(directory))
        size, count, end = self._at - start, len(self._entries), self._at
        self._put(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 30, 45, 0, 0, count, count, size, start))
        self._put(struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1))
        self._put(struct.pack(
            "<4s4H2IH", b"PK\x05\x06", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF),
            min(size, _LIMIT_32), min(start, _LIMIT_32), 0,
        ))  # fmt: skip


class ZipReader:
    """Reads records by their name below the archive's common folder. Errors are RuntimeErrors that name the record."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        file.seek(0, 2)
        self.file_size = file.tell()
        try:
            self._zip = zipfile.ZipFile(file)
            entries = self._zip.infolist()
        except Exception as error:  # zipfile raises several kinds for damaged directories
            raise RuntimeError(
                "torch.load: PytorchStreamReader failed reading zip archive: failed finding central directory "
                f"({error}): the file is damaged or truncated"
            ) from None
        folder = entries[0].filename.partition("/")[0] + "/" if entries else ""
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            name = entry.filename[len(folder) :]
            if not entry.filename.startswith(folder) or name in self._entries:
                raise RuntimeError(f"torch.load: unexpected record {entry.filename!r}: the file is damaged")
            self._entries[name] = entry
        self._check_places()
        # files can be written without checksums: then all are zero
        self._checksums = any(entry.CRC for entry in entries)

    def _check_places(self) -> None:
        """Records lie apart in the file, and do not unpack to much more than it: a small file stays a small load."""
        at, expanded, last = 0, 0, ""
        for name, entry in sorted(self._entries.items(), key=lambda item: item[1].header_offset):
            if entry.header_offset < at:
                raise RuntimeError(
                    f"torch.load: record {name!r} begins inside of record {last!r}: the file is damaged"
                    if last
                    else f"torch.load: record {name!r} lies outside of the file: it is damaged"
                )
            at, last = entry.header_offset + _LOCAL_HEADER.size + entry.compress_size, name
            if at > self.file_size:
                raise RuntimeError(f"torch.load: record {name!r} reaches beyond the end of the file: it is truncated")
            if entry.compress_type != zipfile.ZIP_STORED:
                expanded += entry.file_size
        if expanded > _EXPANDED_BYTES + _EXPANDED_RATIO * self.file_size:
            largest = max(self._entries, key=lambda name: self._entries[name].file_size)
            raise RuntimeError(
                f"torch.load: the compressed records of a file of {self.file_size} bytes claim to hold {expanded} "
                f"bytes, {largest!r} most of them: more than is believed"
            )

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = self._entries.get(name)
        if entry is None:
            raise RuntimeError(
                f"torch.load: the file has no record {name!r}: it is damaged, or not written by torch.save"
            )
        if entry.flag_bits & 1:
            raise RuntimeError(f"torch.load: record {name!r} is encrypted")
        stored = entry.compress_type == zipfile.ZIP_STORED
        possible = entry.compress_size if stored else entry.compress_size * _MAX_RATIO + 64
        if (
            entry.file_size > possible
            or entry.compress_size > self.file_size
            or (stored and entry.file_size != possible)
        ):
            raise RuntimeError(
                f"torch.load: record {name!r} claims {entry.file_size} bytes, which the file cannot hold"
            )
        return entry

    def check_small_records(self) -> None:
        """Compares headers and checksums of what is not read otherwise: versions and marks of some bytes."""
        for name in self._entries:
            if not name.startswith("data/"):
                self.data_offset(name)
                if self.size(name) <= _SMALL:
                    self.read(name)

    def size(self, name: str) -> int:
        return self._entry(name).file_size

    def is_stored(self, name: str) -> bool:
        return self._entry(name).compress_type == zipfile.ZIP_STORED

    def data_offset(self, name: str) -> int:
        """Where the bytes of a stored record begin in the file."""
        entry = self._entry(name)
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        if len(header) != _LOCAL_HEADER.size or header[:4] != _LOCAL_MAGIC:
            raise RuntimeError(f"torch.load: the header of record {name!r} is damaged")
        fields = _LOCAL_HEADER.unpack(header)
        start = entry.header_offset + _LOCAL_HEADER.size + fields[-2] + fields[-1]
        own_name = self._file.read(fields[-2]).decode("utf-8" if fields[2] & 0x800 else "cp437", "replace")
        if fields[2:4] != (entry.flag_bits, entry.compress_type) or own_name != entry.orig_filename:
            raise RuntimeError(f"torch.load: the header of record {name!r} does not fit the file's directory")
        if start + entry.file_size > self.file_size:
            raise RuntimeError(f"torch.load: record {name!r} reaches beyond the end of the file: it is truncated")
        return int(start)

    def read(self, name: str) -> bytes:
        entry = self._entry(name)
        if not self.is_stored(name):
            return self._decompressed(name, entry)
        self._file.seek(self.data_offset(name))
        data = self._file.read(entry.file_size)
        self._check(name, entry, data)
        return data

    def read_into(self, name: str, storage: Any) -> None:
        """Fills a storage of the record's size, without a copy in between."""
        entry = self._entry(name)
        if not self.is_stored(name):
            data = self._decompressed(name, entry)
            storage._read_into(lambda view: view.__setitem__(slice(None), data))
            return
        self._file.seek(self.data_offset(name))
        storage._read_into(self._fill)
        self._check(name, entry, memoryview(storage))

    def _fill(self, view: memoryview) -> None:
        readinto = getattr(self._file, "readinto", None)
        at = 0
        while at < len(view):
            if readinto is not None:
                count = readinto(view[at:])
            else:
                piece = self._file.read(min(len(view) - at, 1 << 24))
                count = len(piece)
                view[at : at + count] = piece
            if not count:
                return  # the checksum tells
            at += count

    def _decompressed(self, name: str, entry: zipfile.ZipInfo) -> bytes:
        try:
            return self._zip.read(entry)
        except Exception as error:
            raise DamagedRecord(f"torch.load: record {name!r} is damaged: {error}") from None

    def _check(self, name: str, entry: zipfile.ZipInfo, data: Any) -> None:
        size = memoryview(data).nbytes
        if size != entry.file_size:
            raise DamagedRecord(f"torch.load: record {name!r} is truncated: {size} of {entry.file_size} bytes")
        crc = _crc32(data)
        if self._checksums and crc != entry.CRC:
            raise DamagedRecord(
                f"torch.load: record {name!r} is damaged: its checksum (CRC-32) is {crc:08x}, expected {entry.CRC:08x}"
            )
