"""Files of versions before 1.6: pickles followed by storages, with parts of storages, other byte orders and places; and
the tar archives of the first versions. The reference reads the same files."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import tarfile
from typing import Any

import pytest
import torch
import torch._utils
from torch.serialization import MAGIC_NUMBER, PROTOCOL_VERSION

pytestmark = pytest.mark.core


class Ref:
    """What is pickled as a persistent reference."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Named:
    """Pickled as a name of torch."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> str:
        return self.name


class Pickler(pickle._Pickler):  # the one in Python can write a name without having it
    def persistent_id(self, value: Any) -> Any:
        return value.value if isinstance(value, Ref) else None

    def save_global(self, obj: Any, name: Any = None) -> None:
        if isinstance(obj, Named):
            module, _, name = f"torch.{obj.name}".rpartition(".")
            self.write(f"c{module}\n{name}\n".encode())
            self.memoize(obj)
        else:
            super().save_global(obj, name)


def pickled(value: Any) -> bytes:
    out = io.BytesIO()
    Pickler(out, 2).dump(value)
    return out.getvalue()


class Rebuild:
    """A tensor over a storage reference, as old files have it."""

    def __init__(self, storage: Ref, offset: int, size: tuple, stride: tuple) -> None:
        self.args = (storage, offset, size, stride)

    def __reduce__(self) -> Any:
        return torch._utils._rebuild_tensor, self.args


# ---- pickles and storages ----


def old_file(obj: Any, storages: dict[str, bytes], itemsize: int, little: bool = sys.byteorder == "little") -> bytes:
    facts = {
        "protocol_version": PROTOCOL_VERSION,
        "little_endian": little,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    parts = [pickled(p) for p in (MAGIC_NUMBER, PROTOCOL_VERSION, facts, obj, list(storages))]
    for data in storages.values():
        parts += [struct.pack("<q" if little else ">q", len(data) // itemsize), data]
    return b"".join(parts)


def storage(key: str, numel: int, view: Any = None, cls: str = "FloatStorage", location: str = "cpu") -> Ref:
    return Ref(("storage", Named(cls), key, location, numel, view))


def with_parts() -> bytes:
    part = storage("7", 6, ("8", 2, 3))
    obj = {
        "whole": Rebuild(storage("7", 6), 0, (2, 3), (3, 1)),
        "part": Rebuild(part, 0, (3,), (1,)),
        "again": Rebuild(storage("7", 6, ("8", 2, 3)), 1, (2,), (1,)),
    }
    return old_file(obj, {"7": struct.pack("<6f", *range(6))}, 4)


READ = "import io\nx = torch.load(io.BytesIO(data), weights_only={safe}{more})\n"


@pytest.mark.parametrize("safe", [True, False])
def test_parts_of_storages(both: Any, safe: bool) -> None:
    both(READ.format(safe=safe, more="") + "result = [x['whole'], x['part'], x['again']]", data=with_parts())
    x = torch.load(io.BytesIO(with_parts()), weights_only=safe)
    x["part"].fill_(9)
    assert x["whole"].tolist() == [[0, 1, 9], [9, 9, 5]] and x["again"].tolist() == [9, 9]


@pytest.mark.parametrize("view", [("8", 4, 3), ("8", -1, 2), ("8", 0, 2**62), ("8", 2), "text", ("8", "a", 1)])
def test_parts_beyond_their_storage(view: Any) -> None:
    data = old_file(Rebuild(storage("7", 6, view), 0, (1,), (1,)), {"7": bytes(24)}, 4)
    with pytest.raises((RuntimeError, pickle.UnpicklingError)):
        torch.load(io.BytesIO(data))


def test_other_byte_order() -> None:
    obj = [Rebuild(storage("1", 3), 0, (3,), (1,))]
    for little in (True, False):
        data = old_file(obj, {"1": struct.pack("<3f" if little else ">3f", 1, 2, 3)}, 4, little)
        assert torch.load(io.BytesIO(data))[0].tolist() == [1, 2, 3]
    obj = [Rebuild(storage("1", 1, cls="ComplexFloatStorage"), 0, (1,), (1,))]
    data = old_file(obj, {"1": struct.pack(">2f", 1, 2)}, 8, False)
    assert torch.load(io.BytesIO(data))[0].tolist() == [1 + 2j]


def test_places(both: Any) -> None:
    data = old_file([Rebuild(storage("1", 3, location="cuda:0"), 0, (3,), (1,))], {"1": struct.pack("<3f", 1, 2, 3)}, 4)
    for place in ("'cpu'", "torch.device('cpu')", "{'cuda:0': 'cpu'}", "lambda s, location: s"):
        both(READ.format(safe=True, more=f", map_location={place}") + "result = x", data=data)
    both(
        READ.format(safe=True, more=", map_location='meta'") + "result = [str(x[0].device), list(x[0].shape)]",
        data=data,
    )
    both(READ.format(safe=True, more=""), data=data, contains=("Attempting to deserialize object on a CUDA device",))
    of_cuda = storage("1", 3, cls="cuda.FloatStorage", location="cuda:0")
    data = old_file([Rebuild(of_cuda, 0, (3,), (1,))], {"1": struct.pack("<3f", 1, 2, 3)}, 4)
    for safe in (True, False):
        both(READ.format(safe=safe, more=", map_location='cpu'") + "result = x", data=data)


def test_objects_one_after_the_other(both: Any) -> None:
    f = io.BytesIO()
    for i in range(3):
        torch.save({"i": i, "t": torch.full((i,), 1.5)}, f, _use_new_zipfile_serialization=False)
    code = "import io\nf = io.BytesIO(data); result = [torch.load(f) for _ in range(3)]"
    both(code, data=f.getvalue())


# ---- tar ----


def tar_file(storages: bytes, tensors: bytes, obj: bytes, names: tuple = ("storages", "tensors", "pickle")) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for name, data in zip(names, (storages, tensors, obj)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_tensor(key: int, storage_key: int, cls: str, sizes: tuple, strides: tuple, offset: int) -> bytes:
    head = pickled((key, storage_key, Named(cls)))
    return head + struct.pack(f"<q{2 * len(sizes) + 1}q", len(sizes), *sizes, *strides, offset)


def tar_parts() -> tuple[bytes, bytes, bytes]:
    storages = pickled(2)
    storages += pickled((11, "cpu", Named("FloatStorage"))) + struct.pack("<q6f", 6, *range(6))
    storages += pickled((12, "cpu", Named("LongStorage"))) + struct.pack("<q2q", 2, 5, -6)
    storages += pickled([(13, 11, 2, 3)])
    tensors = pickled(3) + tar_tensor(21, 11, "FloatTensor", (3, 2), (1, 3), 0)
    tensors += tar_tensor(22, 12, "LongTensor", (2,), (1,), 0) + tar_tensor(23, 13, "FloatTensor", (2,), (1,), 1)
    return storages, tensors, pickled({"w": Ref("21"), "n": [Ref("22"), 1.5], "part": Ref("23"), "w again": Ref("21")})


def test_tar(both: Any) -> None:
    data = tar_file(*tar_parts())
    # from a path: the reference does not look for tar archives in memory
    code = """
import os, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'x.tar')
    with open(path, 'wb') as f:
        f.write(data)
    x = torch.load(path, weights_only=False)
result = [x['w'], x['n'], x['part'], x['w'] is x['w again']]
"""
    both(code, data=data)
    x = torch.load(io.BytesIO(data))  # more than the reference: it reads tar archives only if they are trusted
    assert x["w"].tolist() == [[0, 3], [1, 4], [2, 5]] and x["w"] is x["w again"]
    x["part"].fill_(-1)
    assert x["w"].tolist() == [[0, -1], [1, -1], [2, 5]]


def test_hostile_tar() -> None:
    storages, tensors, obj = tar_parts()
    system = b"cos\nsystem\nX\x04\x00\x00\x00true\x85R."
    one = pickled(1)
    bad = {
        "code in the object": (storages, tensors, system),
        "code in the tensors": (storages, system, obj),
        "code in the storages": (system, tensors, obj),
        "many storages": (pickled(2**60), tensors, obj),
        "a number that is none": (pickled("x"), tensors, obj),
        "a negative number": (storages, pickled(-1), obj),
        "huge storage": (one + pickled((1, "cpu", Named("FloatStorage"))) + struct.pack("<q", 2**60), tensors, obj),
        "negative storage": (one + pickled((1, "cpu", Named("FloatStorage"))) + struct.pack("<q", -1), tensors, obj),
        "truncated storage": (storages[: len(storages) // 2], tensors, obj),
        "no storage class": (one + pickled((1, "cpu", Named("float32"))) + bytes(8) + pickled([]), tensors, obj),
        "a key that is none": (
            one + pickled(("a", "cpu", Named("FloatStorage"))) + bytes(8) + pickled([]),
            tensors,
            obj,
        ),
        "part of nothing": (pickled(0) + pickled([(1, 2, 0, 1)]), tensors, obj),
        "part beyond": (storages[: -len(pickled([(13, 11, 2, 3)]))] + pickled([(13, 11, 5, 3)]), tensors, obj),
        "tensor beyond": (storages, one + tar_tensor(1, 11, "FloatTensor", (7,), (1,), 0), obj),
        "negative stride": (storages, one + tar_tensor(1, 11, "FloatTensor", (2,), (-1,), 1), obj),
        "overflowing sizes": (storages, one + tar_tensor(1, 11, "FloatTensor", (2**62, 8), (0, 0), 0), obj),
        "many dimensions": (storages, one + pickled((1, 11, Named("FloatTensor"))) + struct.pack("<q", 10**6), obj),
        "tensor over a tensor": (storages, tensors + b"", pickled({"x": Ref("99")})),
        "reference to nonsense": (storages, tensors, pickled(Ref("a"))),
        "empty": (b"", b"", b""),
    }
    for name, parts in bad.items():
        with pytest.raises((RuntimeError, pickle.UnpicklingError)):
            torch.load(io.BytesIO(tar_file(*parts)))
            pytest.fail(name)
    good = tar_file(storages, tensors, obj)
    with pytest.raises(RuntimeError, match="damaged"):
        torch.load(io.BytesIO(tar_file(storages, tensors, obj, ("storages", "tensors", "other"))))
    for end in (512, 600, 1500, 2100):
        with pytest.raises((RuntimeError, pickle.UnpicklingError)):
            torch.load(io.BytesIO(good[:end]))
    link = io.BytesIO()
    with tarfile.open(fileobj=link, mode="w:") as archive:
        info = tarfile.TarInfo("storages")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(RuntimeError, match="no plain file"):
        torch.load(io.BytesIO(link.getvalue()))
