"""torch.save and torch.load on disk: atomic writes, mapping, places, trust, and files that are damaged or hostile."""

from __future__ import annotations

import collections
import io
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch


def saved(obj: Any, **options: Any) -> bytes:
    f = io.BytesIO()
    torch.save(obj, f, **options)
    return f.getvalue()


def load(data: bytes, **options: Any) -> Any:
    return torch.load(io.BytesIO(data), **options)


def repacked(data: bytes, **changes: Any) -> bytes:
    """The archive with other contents in some records (None leaves a record out); underscores stand for slashes."""
    changes = {name.replace("__", "/"): value for name, value in changes.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as a, zipfile.ZipFile(out, "w") as b:
        for n in a.namelist():
            value = changes.get(n.partition("/")[2], a.read(n))
            if value is not None:
                b.writestr(n, value)
    return out.getvalue()


# ---- disk ----


def test_paths(tmp_path: Path) -> None:
    x = torch.arange(5.0)
    for path in (tmp_path / "a.pt", str(tmp_path / "b.with.dots.pt"), tmp_path / "noend"):
        torch.save(x, path)
        assert torch.equal(torch.load(path), x)
        with open(path, "rb") as f:
            assert torch.equal(torch.load(f), x)
    with open(tmp_path / "c", "wb") as f:
        torch.save(x, f)
    assert torch.equal(torch.load(tmp_path / "c"), x)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pt", "b.with.dots.pt", "c", "noend"]


def test_write_is_atomic(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(torch.ones(3), path)
    before = path.read_bytes()

    class Fails:
        def __reduce__(self) -> Any:
            raise ZeroDivisionError("cannot be pickled")

    with pytest.raises(ZeroDivisionError):
        torch.save([torch.zeros(1000), Fails()], path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.pt"]


def test_write_keeps_mode_and_follows_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real.pt", tmp_path / "link.pt"
    torch.save(torch.ones(1), real)
    real.chmod(0o640)
    link.symlink_to(real)
    torch.save(torch.zeros(2), link)
    assert link.is_symlink() and torch.equal(torch.load(real), torch.zeros(2))
    assert real.stat().st_mode & 0o777 == 0o640


def test_write_errors(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        torch.save(torch.ones(1), tmp_path / "missing" / "x.pt")
    with pytest.raises(IsADirectoryError):
        torch.save(torch.ones(1), tmp_path)
    with pytest.raises(AttributeError):
        torch.save(torch.ones(1), 5)
    with pytest.raises(ValueError, match="protocol"):
        torch.save(torch.ones(1), tmp_path / "x", pickle_protocol=99)
    x = torch.ones(4)
    with pytest.raises(RuntimeError, match="different types"):
        torch.save([x, x.view(torch.int32)], io.BytesIO())
    assert not list(tmp_path.iterdir())


def test_read_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "none.pt")
    with pytest.raises(EOFError):
        load(b"")
    with pytest.raises(AttributeError, match="seekable"):
        torch.load(5)
    with pytest.raises(pickle.UnpicklingError):
        load(b"no checkpoint at all")
    with pytest.raises(TypeError, match="unexpected keyword"):
        load(saved(1), nosuch=1)
    with pytest.raises(RuntimeError, match="pickle_module"):
        load(saved(1), weights_only=True, pickle_module=pickle)


def test_unbuffered_and_unseekable_targets(tmp_path: Path) -> None:
    x = {"w": torch.arange(1000.0)}
    with open(tmp_path / "raw", "wb", buffering=0) as f:
        torch.save(x, f)
    assert torch.equal(torch.load(tmp_path / "raw")["w"], x["w"])

    class Sink:  # nothing but write
        data = b""

        def write(self, piece: Any) -> int:
            self.data += bytes(piece)
            return memoryview(piece).nbytes

    sink = Sink()
    torch.save(x, sink)
    assert torch.equal(load(sink.data)["w"], x["w"])


def test_mmap(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    b = torch.arange(100000.0)
    torch.save({"all": b, "part": b[10:20], "i": torch.arange(7)}, path)
    before = path.read_bytes()
    x = torch.load(path, mmap=True)
    assert torch.equal(x["all"], b) and torch.equal(x["i"], torch.arange(7))
    assert x["all"].data_ptr() % 64 == 0
    x["part"].fill_(-1)
    assert x["all"][10].item() == -1 and path.read_bytes() == before
    path.unlink()
    assert x["all"].sum().item() == pytest.approx(b.sum().item() - b[10:20].sum().item() - 10)
    with pytest.raises(ValueError, match="mmap"):
        torch.load(io.BytesIO(before), mmap=True)


def test_map_location() -> None:
    data = saved({"a": torch.ones(2), "b": torch.zeros(3)})
    assert load(data, map_location="cpu")["a"].device.type == "cpu"
    meta = load(data, map_location="meta")
    assert meta["a"].is_meta and meta["a"].shape == (2,)
    seen = []

    def place(storage: Any, location: str) -> Any:
        seen.append((type(storage).__name__, storage.nbytes(), location))
        return storage if len(seen) == 1 else None

    assert torch.equal(load(data, map_location=place)["b"], torch.zeros(3))
    assert seen == [("UntypedStorage", 8, "cpu"), ("UntypedStorage", 12, "cpu")]
    with pytest.raises(TypeError, match="map_location"):
        load(data, map_location=5)
    cuda = repacked(
        data,
        **{
            "data.pkl": zipfile.ZipFile(io.BytesIO(data))
            .read("archive/data.pkl")
            .replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
        },
    )
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        load(cuda)
    assert load(cuda, map_location={"cuda:0": "cpu"})["a"].device.type == "cpu"
    assert load(cuda, map_location=torch.device("cpu"))["a"].device.type == "cpu"


# ---- trust ----


class Point:
    def __init__(self, x: int = 0) -> None:
        self.x = x


class Slotted:
    __slots__ = ("a",)

    def __init__(self) -> None:
        self.a = torch.ones(1)


class Sub(torch.Tensor):
    pass


def test_safe_globals() -> None:
    data = saved({"p": Point(3), "t": torch.ones(1)})
    with pytest.raises(
        pickle.UnpicklingError, match="(?s)Weights only load failed.*Unsupported global: GLOBAL .*Point"
    ) as error:
        load(data)
    assert "add_safe_globals" in str(error.value)
    assert load(data, weights_only=False)["p"].x == 3
    with torch.serialization.safe_globals([Point]):
        assert load(data)["p"].x == 3
        assert torch.serialization.get_safe_globals() == [Point]
    assert torch.serialization.get_safe_globals() == []
    name = f"{Point.__module__}.Point"
    assert torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data)) == [name]
    with torch.serialization.safe_globals([(dict, "some.other.Name")]):
        with pytest.raises(pickle.UnpicklingError):
            load(data)
    torch.serialization.add_safe_globals([Point, Slotted])
    try:
        assert load(data)["p"].x == 3
        assert torch.equal(load(saved(Slotted(), pickle_protocol=2)).a, torch.ones(1))
    finally:
        torch.serialization.clear_safe_globals()
    with pytest.raises(TypeError):
        torch.serialization.add_safe_globals([5])


def test_subclasses_need_to_be_allowed() -> None:
    data = saved(torch.ones(2).as_subclass(Sub))
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global"):
        load(data)
    with torch.serialization.safe_globals([Sub]):
        assert type(load(data)) is Sub


def test_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Point(3))
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert load(data).x == 3
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(RuntimeError, match="Only one of"):
        load(data)
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    with pytest.raises(pickle.UnpicklingError):
        load(data)


def test_containers_beyond_the_reference() -> None:
    obj = {"f": frozenset((1, 2)), "s": torch.UntypedStorage([1, 2, 3]), "c": collections.Counter("aab")}
    for old in (False, True):
        x = load(saved(obj, _use_new_zipfile_serialization=not old))
        assert x["f"] == obj["f"] and x["c"] == obj["c"]
        assert isinstance(x["s"], torch.UntypedStorage) and x["s"].tolist() == [1, 2, 3]


# ---- damage ----


def rich_checkpoint() -> tuple[bytes, Any]:
    obj = collections.OrderedDict(
        a=torch.arange(50.0), b=torch.arange(10), n=[1, 2.5, "text", None], p=torch.nn.Parameter(torch.ones(3))
    )
    return saved(obj), obj


def same(a: Any, b: Any) -> bool:
    return list(a) == list(b) and all(
        torch.equal(a[k], b[k]) if isinstance(b[k], torch.Tensor) else a[k] == b[k] for k in b
    )


def test_damage_is_named() -> None:
    data, _ = rich_checkpoint()
    at = data.index(torch.arange(50.0).numpy().tobytes())
    broken = data[: at + 20] + b"\x55" + data[at + 21 :]
    with pytest.raises(RuntimeError, match=r"record 'data/0' is damaged: its checksum"):
        load(broken)
    at = data.index(b"ccollections")
    with pytest.raises(RuntimeError, match=r"record 'data.pkl' is damaged"):
        load(data[:at] + b"X" + data[at + 1 :])
    with pytest.raises(RuntimeError, match="damaged or truncated"):
        load(data[: len(data) // 2])
    with pytest.raises(RuntimeError, match="data/1"):
        load(repacked(data, data__1=None))
    with pytest.raises(RuntimeError, match="data/1"):
        load(repacked(data, data__1=b"abc"))
    with pytest.raises(RuntimeError, match="data.pkl"):
        load(repacked(data, **{"data.pkl": None}))
    with pytest.raises(ValueError, match="byte order"):
        load(repacked(data, byteorder=b"middle"))


@pytest.mark.parametrize("old", [False, True])
def test_random_damage(old: bool) -> None:
    """Files with wrong bytes or without their end give an exception, or the right object where the damage is in padding."""
    data, obj = rich_checkpoint()
    if old:
        data = saved(obj, _use_new_zipfile_serialization=False)
    rng = random.Random(1)
    refused = 0
    for _ in range(1500):
        broken = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        if rng.random() < 0.2:
            del broken[rng.randrange(len(broken)) :]
        try:
            value = load(bytes(broken))
        except (RuntimeError, pickle.UnpicklingError, ValueError, EOFError, NotImplementedError):
            refused += 1
        else:
            assert old or same(value, obj)  # the old format has no checksums
    assert refused > 500


def test_claimed_sizes_are_not_believed() -> None:
    """Directory entries that claim terabytes, stored or compressed."""
    data, _ = rich_checkpoint()
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as a, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as b:
        for n in a.namelist():
            b.writestr(n, a.read(n))
    for raw in (data, packed.getvalue()):
        at = raw.rindex(b"archive/data/0") - 46
        assert raw[at : at + 4] == b"PK\x01\x02"
        lying = raw[: at + 24] + struct.pack("<I", 0xFFFFFF00) + raw[at + 28 :]
        with pytest.raises(RuntimeError, match="data/0"):
            load(lying)


def test_duplicate_records_are_refused() -> None:
    data, _ = rich_checkpoint()
    out = io.BytesIO(data)
    with pytest.warns(UserWarning), zipfile.ZipFile(out, "a") as z:
        z.writestr("archive/data/0", b"other")
    with pytest.raises(RuntimeError, match="unexpected record"):
        load(out.getvalue())


def test_torchscript_archive_is_named() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("m/constants.pkl", b"")
        z.writestr("m/data.pkl", b"")
    with pytest.raises(NotImplementedError, match="TorchScript"):
        load(out.getvalue())


def test_os_error_is_passed_on() -> None:
    class Full(io.RawIOBase):
        def write(self, data: Any) -> int:
            raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        torch.save(torch.ones(1000), Full())
