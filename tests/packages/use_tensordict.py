"""TensorDict: indexing, stacking, nesting, TensorDictModule and Sequential, tensorclass, memory-mapped save and load."""

import tempfile

import torch
from figures import gradients, show
from tensordict import TensorDict, tensorclass
from tensordict.nn import TensorDictModule, TensorDictSequential

IMPORT = "tensordict"

torch.manual_seed(0)
data = TensorDict({"a": torch.randn(4, 3), "b": {"c": torch.arange(4)}}, batch_size=[4])
show("index", data[1:3]["a"])
show("nested", data["b", "c"], 0.0)
show("stack", torch.stack([data, data])["a"])
show("cat", torch.cat([data, data[:1]])["b", "c"], 0.0)
show("apply", data.apply(lambda x: x + 1)["a"])
show("reshape", data.reshape(2, 2)["a"])
first = TensorDictModule(torch.nn.Linear(3, 5), in_keys=["a"], out_keys=["hidden"])
second = TensorDictModule(torch.nn.Linear(5, 2), in_keys=["hidden"], out_keys=["out"])
model = TensorDictSequential(first, second)
found = model(data)
found["out"].square().sum().backward()
show("out", found["out"])
show("gradients", gradients(model))


@tensorclass
class Point:
    x: torch.Tensor
    y: torch.Tensor


points = Point(x=torch.randn(3), y=torch.ones(3, 2), batch_size=[3])
show("class", points[1:].x)
with tempfile.TemporaryDirectory() as folder:
    data.detach().memmap(folder)
    show("mapped", TensorDict.load_memmap(folder)["a"])
