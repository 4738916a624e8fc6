"""save_file, load_file, safe_open with slices, save_model and load_model with shared weights, all dtypes."""

import tempfile
from pathlib import Path

import torch
from figures import show
from safetensors import safe_open
from safetensors.torch import load, load_file, load_model, save, save_file, save_model

IMPORT = "safetensors.torch"

torch.manual_seed(0)
folder = Path(tempfile.mkdtemp())
dtypes = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()
tensors = {name: (torch.randn(5, 7) * 10).to(getattr(torch, name)) for name in dtypes}
tensors["empty"], tensors["scalar"] = torch.empty(0, 3), torch.tensor(2.5)
save_file(tensors, folder / "all.safetensors", metadata={"of": "figures"})
for name, value in load_file(folder / "all.safetensors").items():
    show(name, value, 0.0)
    assert value.dtype == tensors[name].dtype and torch.equal(value, tensors[name])
show("bytes", list(save(tensors)[:64]), 0.0)
assert torch.equal(load(save(tensors))["float32"], tensors["float32"])
with safe_open(folder / "all.safetensors", framework="pt") as file:
    show("keys", ",".join(sorted(file.keys())))
    show("slice", file.get_slice("float32")[1:3], 0.0)
    show("metadata", file.metadata()["of"])


class Tied(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 6)
        self.head = torch.nn.Linear(6, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.embedding(x))


model, other = Tied(), Tied()
save_model(model, str(folder / "model.safetensors"))
show("missing", [len(part) for part in load_model(other, str(folder / "model.safetensors"))])
show("output", other(torch.arange(11)))
assert torch.equal(other(torch.arange(11)), model(torch.arange(11)))
