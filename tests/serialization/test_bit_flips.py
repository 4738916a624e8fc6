"""Single bits of a file are turned around, one at a time: torch.load says so, or the bit is one that no reader uses."""

from __future__ import annotations

import collections
import io
import pickle
import random
import struct
import zipfile
from collections.abc import Iterator

import torch

POSITIONS = 1000

# Bytes whose change cannot change what is loaded, since nothing is taken from them. The contents of all records, their
# names, places, sizes and checksums are not among them.
HARMLESS = {
    "padding in front of a record, which aligns it",
    "copies of size and checksum around a record; those of the directory count",
    "dates, versions and file attributes",
    "room for a comment behind the last name of the directory",
    "numbers of disks and copies of counts at the end",
}


def uses(data: bytes) -> Iterator[tuple[int, int, str]]:
    """The parts of an archive: begin, end, use."""
    padding, copies, dates, room, ends = (
        next(h for h in HARMLESS if h.startswith(word)) for word in ("padding", "copies", "dates", "room", "numbers")
    )
    for entry in zipfile.ZipFile(io.BytesIO(data)).infolist():
        at = entry.header_offset
        name, extra = struct.unpack_from("<2H", data, at + 26)
        yield at, at + 4, "signature"
        yield at + 4, at + 6, dates
        yield at + 6, at + 8, "flags"
        yield at + 8, at + 10, "method"
        yield at + 10, at + 14, dates
        yield at + 14, at + 26, copies
        yield at + 26, at + 30, "lengths"
        yield at + 30, at + 30 + name, "name"
        yield at + 30 + name, at + 30 + name + extra, padding
        begin = at + 30 + name + extra
        yield begin, begin + entry.file_size, f"contents of {entry.filename}"
        yield begin + entry.file_size, begin + entry.file_size + 16, copies
    at = data.index(b"PK\x01\x02")
    while data[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<3H", data, at + 28)
        yield at, at + 4, "signature"
        yield at + 4, at + 8, dates
        yield at + 8, at + 12, "flags and method"
        yield at + 12, at + 16, dates
        last = data[at + 46 + name + extra + comment :][:4] != b"PK\x01\x02"
        yield at + 16, at + 30, "checksum, sizes, length of the name"
        yield at + 30, at + 34, room if last else "lengths"
        yield at + 34, at + 42, dates
        yield at + 42, at + 46, "place"
        yield at + 46, at + 46 + name, "name"
        at += 46 + name + extra + comment
    yield at, len(data), ends


def test_every_bit_of_a_thousand_positions() -> None:
    obj = collections.OrderedDict(
        [("layer.weight", torch.arange(300.0).reshape(10, 30)), ("layer.bias", torch.arange(10)), ("epoch", 7)]
        + [("views", [torch.arange(40.0)[3:9], "text"]), ("half", torch.ones(5).half())]
    )
    file = io.BytesIO()
    torch.save(obj, file)
    data = file.getvalue()
    use = ["nothing"] * len(data)
    for begin, end, what in uses(data):
        use[begin:end] = [what] * (end - begin)
    assert "nothing" not in use
    expected = repr(obj)
    harmless: collections.Counter[str] = collections.Counter()
    detected = 0
    for position in sorted(random.Random(2).sample(range(len(data)), POSITIONS)):
        for bit in range(8):
            broken = bytearray(data)
            broken[position] ^= 1 << bit
            try:
                found = torch.load(io.BytesIO(broken))
            except (RuntimeError, pickle.UnpicklingError, ValueError, NotImplementedError):
                detected += 1
                continue
            assert repr(found) == expected, f"bit {bit} of byte {position} ({use[position]}) changed what is loaded"
            assert use[position] in HARMLESS, f"bit {bit} of byte {position} ({use[position]}) was not noticed"
            harmless[use[position]] += 1
    print(f"{detected} of {8 * POSITIONS} flips detected, harmless: {dict(harmless)}")
    assert detected + sum(harmless.values()) == 8 * POSITIONS
