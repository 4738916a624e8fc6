"""The safetensors package on this torch, where it is installed: files by the format's own description, and back."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch

safetensors = pytest.importorskip("safetensors")
st = pytest.importorskip("safetensors.torch")

DTYPES = {
    "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64, "BOOL": torch.bool,
    "U8": torch.uint8, "U16": torch.uint16, "U32": torch.uint32, "U64": torch.uint64, "I8": torch.int8,
    "I16": torch.int16, "I32": torch.int32, "I64": torch.int64, "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "F8_E8M0": torch.float8_e8m0fnu,
}  # fmt: skip


def raw(t: torch.Tensor) -> bytes:
    return t.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.safetensors"
    x = (torch.arange(48, dtype=torch.uint8) % 2).view(DTYPES[name]).clone()
    st.save_file({"x": x}, path, metadata={"made": "here"})
    data = path.read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    assert header["x"]["dtype"] == name and header["__metadata__"] == {"made": "here"}
    begin, end = header["x"]["data_offsets"]
    assert data[8 + size + begin : 8 + size + end] == raw(x)
    back = st.load_file(path)["x"]
    assert back.dtype == x.dtype and raw(back) == raw(x)


def test_models_and_slices(tmp_path: Path) -> None:
    layer = torch.nn.Linear(3, 3)
    model = torch.nn.ModuleDict({"a": layer, "b": layer, "norm": torch.nn.BatchNorm1d(3)})
    st.save_model(model, str(tmp_path / "m.safetensors"))
    other = torch.nn.Linear(3, 3)
    twin = torch.nn.ModuleDict({"a": other, "b": other, "norm": torch.nn.BatchNorm1d(3)})
    missing, unexpected = st.load_model(twin, str(tmp_path / "m.safetensors"))
    assert not missing and not unexpected and torch.equal(twin["b"].weight, layer.weight)
    st.save_file({"w": torch.arange(12.0).reshape(3, 4), "none": torch.zeros(0, 2)}, tmp_path / "w.safetensors")
    with safetensors.safe_open(tmp_path / "w.safetensors", "pt", device="cpu") as f:
        assert sorted(f.keys()) == ["none", "w"] and f.get_tensor("none").shape == (0, 2)
        assert f.get_slice("w")[1:, ::1][:, :2].tolist() == [[4, 5], [8, 9]]
    assert st.load(st.save({"x": torch.ones(2)}))["x"].tolist() == [1, 1]


def test_refusals(tmp_path: Path) -> None:
    x = torch.ones(4)
    with pytest.raises(RuntimeError, match="share memory"):
        st.save_file({"a": x, "b": x[1:]}, tmp_path / "x")
    with pytest.raises(ValueError, match="non contiguous"):
        st.save_file({"a": torch.ones(2, 3).t()}, tmp_path / "x")
    with pytest.raises(ValueError, match="sparse"):
        st.save_file({"a": torch.eye(2).to_sparse()}, tmp_path / "x")
