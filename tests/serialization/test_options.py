"""What torch.save and torch.load do besides their arguments: skip_data, mapping, alignment, checksums, byte orders, and the
smaller names of torch.serialization, compared with the reference."""

from __future__ import annotations

import io
import mmap
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.serialization import config


def saved(obj: Any, **options: Any) -> bytes:
    f = io.BytesIO()
    torch.save(obj, f, **options)
    return f.getvalue()


NAMES = {
    "public": "result = sorted(s.__all__)",
    "present": "result = [hasattr(s, n) for n in ('MAP_LOCATION', 'FileLike', 'Storage', 'DEFAULT_PROTOCOL', 'STORAGE_KEY_SEPARATOR', 'MAP_PRIVATE')]",
    "numbers": "result = [s.MAGIC_NUMBER, s.PROTOCOL_VERSION, s.DEFAULT_PROTOCOL, s.STORAGE_KEY_SEPARATOR]",
    "endianness": "result = [[e.name, e.value] for e in s.LoadEndianness] + [str(s.get_default_load_endianness())]",
    "bad endianness": "s.set_default_load_endianness('little')",
    "version": "import types\nm = types.SimpleNamespace(__name__='m', __version__='1.9.2'); f = s.check_module_version_greater_or_equal\nresult = [f(m, v) for v in ((1, 9), (1, 10), (2, 0), (1, 9, 2), (1, 9, 3))]",
    "version malformed": "import types\nm = types.SimpleNamespace(__name__='m', __version__='x'); s.check_module_version_greater_or_equal(m, (1, 0))",
    "version malformed taken": "import types\nm = types.SimpleNamespace(__name__='m', __version__='x'); result = s.check_module_version_greater_or_equal(m, (1, 0), False)",
    "cuda": "s.validate_cuda_device('cuda:0')",
    "cuda of cpu": "s.validate_cuda_device('cpu')",
    "hpu": "s.validate_hpu_device('hpu:0')",
    "storage type": "result = s.normalize_storage_type(torch.FloatStorage) is torch.FloatStorage",
    "StorageType": "result = str(s.StorageType('FloatStorage').dtype)",
    "tags": "result = [s.location_tag(torch.ones(1).untyped_storage()), s.location_tag(torch.ones(1, device='meta').untyped_storage())]",
    "restore": "x = torch.ones(1).untyped_storage(); result = [s.default_restore_location(x, 'cpu') is x, str(s.default_restore_location(x, 'meta').device)]",
    "restore to nowhere": "s.default_restore_location(torch.ones(1).untyped_storage(), 'nowhere')",
    "restore to cuda": "s.default_restore_location(torch.ones(1).untyped_storage(), 'cuda:0')",
    "mkdtemp": "import os\nwith s.mkdtemp() as d: a = os.path.isdir(d)\nresult = [a, os.path.exists(d)]",
    "warning": "result = [c.__name__ for c in s.SourceChangeWarning.__mro__]",
    "crc": "a = s.get_crc32_options(); s.set_crc32_options(False); b = s.get_crc32_options(); s.set_crc32_options(True); result = [a, b]",
    "mmap options": "import mmap\na = s.get_default_mmap_options() == mmap.MAP_PRIVATE\nwith s.set_default_mmap_options(mmap.MAP_SHARED): b = s.get_default_mmap_options() == mmap.MAP_SHARED\nresult = [a, b, s.get_default_mmap_options() == mmap.MAP_PRIVATE]",
    "bad mmap options": "s.set_default_mmap_options(77)",
    "unsafe of nothing": "s.get_unsafe_globals_in_checkpoint(io.BytesIO(b'abc'))",
    "unsafe": "f = io.BytesIO(); torch.save({'t': torch.ones(1), 'm': torch.nn.Linear(1, 1), 'c': io.BytesIO}, f); f.seek(0); result = sorted(s.get_unsafe_globals_in_checkpoint(f))",
    "config": "from torch.utils.serialization import config as c\nresult = [c.load.mmap, c.load.endianness, c.load.mmap_flags, c.load.calculate_storage_offsets, c.save.compute_crc32, c.save.storage_alignment, c.save.use_pinned_memory_for_d2h]",
    "config of no name": "from torch.utils.serialization import config as c\nc.load.nothing = 1",
    "config patch": "from torch.utils.serialization import config as c\nwith c.patch({'load.mmap': True}): a = c.load.mmap\nresult = [a, c.load.mmap]",
    "skip_data old format": "with s.skip_data(): torch.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)",
    "pickle module and weights only": "f = io.BytesIO(); torch.save(1, f); f.seek(0); import pickle; torch.load(f, pickle_module=pickle, weights_only=True)",
    "directory": "torch.load('/')",
    "nothing": "torch.load(None)",
    "save to nothing": "torch.save(1, None)",
    "save to no name": "torch.save(1, '')",
    "mmap of memory": "f = io.BytesIO(); torch.save(1, f); f.seek(0); torch.load(f, mmap=True)",
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_names(both: Any, case: str) -> None:
    both("import io, torch.serialization as s\n" + NAMES[case])


def test_unsafe_names_that_are_remembered() -> None:
    data = saved([torch.nn.Linear(1, 1), torch.nn.Linear(1, 1), Box(1)], pickle_protocol=4)
    names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    assert names == sorted(["torch.nn.modules.linear.Linear", f"{__name__}.Box"])


SKIPPED = """
import io, zipfile, torch.serialization as s
f = io.BytesIO()
with s.skip_data():
    torch.save({'a': torch.ones(3), 'b': torch.arange(1000)}, f)
"""


def test_skip_data_leaves_room(both: Any) -> None:
    both(SKIPPED + "result = [[i.filename, i.file_size] for i in zipfile.ZipFile(f).infolist()]")
    both(SKIPPED + "f.seek(0); result = torch.load(f)")


def test_skipped_data_can_be_filled_in(oracle: Any) -> None:
    f = io.BytesIO()
    with torch.serialization.skip_data():
        torch.save({"a": torch.empty(3)}, f)
    data = bytearray(f.getvalue())
    entry = next(i for i in zipfile.ZipFile(io.BytesIO(data)).infolist() if i.filename.endswith("/data/0"))
    start = entry.header_offset + 30 + sum(data[entry.header_offset + 26 : entry.header_offset + 30 : 2])
    start += 256 * sum(data[entry.header_offset + 27 : entry.header_offset + 31 : 2])
    data[start : start + 12] = torch.tensor([1.0, 2.0, 3.0]).numpy().tobytes()
    assert torch.load(io.BytesIO(data))["a"].tolist() == [1, 2, 3]
    answer = oracle.run("import io; result = torch.load(io.BytesIO(data))['a'].tolist()", data=bytes(data))
    assert answer[0] == "ok", answer


def test_loading_without_data() -> None:
    data = saved({"a": torch.ones(3), "b": torch.nn.Parameter(torch.ones(2))})
    with torch.serialization.skip_data():
        x = torch.load(io.BytesIO(data))
    assert x["a"].tolist() == [0, 0, 0] and x["b"].shape == (2,)
    assert torch.load(io.BytesIO(data))["a"].tolist() == [1, 1, 1]


def test_files_without_checksums(oracle: Any) -> None:
    answer = oracle.run(
        "import io; torch.serialization.set_crc32_options(False); f = io.BytesIO(); torch.save({'a': torch.arange(9.)}, f)\n"
        "torch.serialization.set_crc32_options(True); result = f.getvalue()"
    )
    with config.patch("save.compute_crc32", False):
        ours = saved({"a": torch.arange(9.0)})
    for data in (answer[1][1], ours):
        assert not any(i.CRC for i in zipfile.ZipFile(io.BytesIO(data)).infolist())
        assert torch.equal(torch.load(io.BytesIO(data))["a"], torch.arange(9.0))
    read = oracle.run("import io; result = torch.load(io.BytesIO(data))['a'].tolist()", data=ours)
    assert read[0] == "ok", read


@pytest.mark.parametrize("alignment", [1, 8, 512, 4096])
def test_alignment(both: Any, alignment: int) -> None:
    with config.patch("save.storage_alignment", alignment):
        data = saved([torch.full((1000,), 3.0), torch.full((2000,), 4.0)])
    for value, n in ((3.0, 1000), (4.0, 2000)):
        assert data.index(torch.full((n,), value).numpy().tobytes()) % alignment == 0
    both("import io; result = torch.load(io.BytesIO(data))", data=data)
    with config.patch("save.storage_alignment", 0), pytest.raises(ValueError, match="alignment"):
        saved(1)


def test_shared_mapping_writes_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"a": torch.zeros(4)}, path)
    with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        x = torch.load(path, mmap=True)
    x["a"].fill_(7)
    del x
    with pytest.raises(RuntimeError, match="damaged.*tensor 'a'"):
        torch.load(path)  # the checksum is still that of the zeros
    assert torch.load(path, mmap=True)["a"].tolist() == [7, 7, 7, 7]
    with config.patch({"load.mmap": True}):
        y = torch.load(path)
    y["a"].zero_()
    assert torch.load(path, mmap=True)["a"].tolist() == [7, 7, 7, 7]


def test_default_byte_order() -> None:
    data = saved({"a": torch.tensor([1.0])}, _disable_byteorder_record=True)
    assert torch.load(io.BytesIO(data))["a"].item() == 1.0
    torch.serialization.set_default_load_endianness(torch.serialization.LoadEndianness.BIG)
    try:
        assert torch.load(io.BytesIO(data))["a"].item() != 1.0
        assert torch.load(io.BytesIO(saved({"a": torch.tensor([1.0])})))["a"].item() == 1.0
    finally:
        torch.serialization.set_default_load_endianness(None)


def test_registered_packages() -> None:
    seen = []

    def restore(storage: Any, location: str) -> Any:
        seen.append(location)
        return storage if location.startswith("shelf") else None

    before = list(torch._serialization_places._packages)
    torch.serialization.register_package(5, lambda storage: "shelf:3" if storage.nbytes() == 12 else None, restore)
    try:
        data = saved([torch.ones(3), torch.ones(2)])
        assert [t.tolist() for t in torch.load(io.BytesIO(data))] == [[1, 1, 1], [1, 1]]
    finally:
        torch._serialization_places._packages[:] = before
    assert seen == ["shelf:3", "cpu"]
    with pytest.raises(RuntimeError, match="shelf:3"):
        torch.load(io.BytesIO(data))
    assert torch.load(io.BytesIO(data), map_location={"shelf:3": "cpu"})[0].tolist() == [1, 1, 1]


class Box:
    def __init__(self, inside: Any) -> None:
        self.inside = inside


NESTED = {
    "w": lambda t: {"w": t},
    "model.layers.1": lambda t: {"model": {"layers": [1, t]}},
    "inside.w": lambda t: Box({"w": t}),
    "layer.weight": lambda t: torch.nn.ModuleDict({"layer": linear_of(t)}),
    "tensor": lambda t: t,
    "a.0": lambda t: {"a": (t.view(2, 25), t)},
}


def linear_of(t: torch.Tensor) -> torch.nn.Module:
    layer = torch.nn.Linear(1, 50, bias=False)
    layer.weight = torch.nn.Parameter(t.view(50, 1))
    return layer


@pytest.mark.parametrize("name", NESTED)
def test_damage_names_the_tensor(name: str) -> None:
    t = torch.arange(50.0)
    data = bytearray(saved(NESTED[name](t)))
    data[bytes(data).index(t.numpy().tobytes()) + 30] ^= 4
    with pytest.raises(RuntimeError, match=rf"record 'data/0' is damaged: its checksum .* the tensor '{name}'"):
        torch.load(io.BytesIO(data), weights_only=False)


def test_damage_of_parts_of_sparse_tensors_and_of_many() -> None:
    t = torch.arange(40.0) + 100
    data = bytearray(saved({"s": t.to_sparse()}))
    data[bytes(data).index(t.numpy().tobytes())] ^= 1
    with pytest.raises(RuntimeError, match="the tensor 's.values'"):
        torch.load(io.BytesIO(data))
    data = bytearray(saved([t[i:] for i in range(5)]))
    data[bytes(data).index(t.numpy().tobytes())] ^= 1
    with pytest.raises(RuntimeError, match="the tensor '0', '1', '2', ..."):
        torch.load(io.BytesIO(data))


def test_folders_of_a_path(tmp_path: Path) -> None:
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        torch.save(1, "here.pt")
        torch.save(2, Path("here.pt"))
        assert torch.load("here.pt") == 2 and os.listdir(".") == ["here.pt"]
    finally:
        os.chdir(before)
