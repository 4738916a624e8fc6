"""Mixed precision on the device, and tensors of the device as other programs see them."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
import torch
from emulation import emulated as emulated, needs_device
from torch import nn

pytestmark = needs_device


def test_regions() -> None:
    m, x = nn.Linear(4, 4).cuda(), torch.ones(2, 4, device="cuda")
    assert torch.get_autocast_dtype("cuda") == torch.float16 and not torch.is_autocast_enabled("cuda")
    with torch.autocast("cuda"):
        assert torch.is_autocast_enabled("cuda") and torch.is_autocast_enabled() and m(x).dtype == torch.float16
        assert m.cpu()(torch.ones(2, 4)).dtype == torch.float32  # the CPU is left alone
        m.cuda()
        with torch.autocast("cuda", enabled=False):
            assert m(x).dtype == torch.float32
        with torch.autocast("cuda", dtype=torch.bfloat16):
            assert m(x).dtype == torch.bfloat16
            assert torch.cat([m(x), x]).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert m(x).dtype == torch.float32
    with pytest.warns(FutureWarning), torch.cuda.amp.autocast():
        assert m(x).dtype == torch.float16
    assert not torch.is_autocast_enabled("cuda") and m(x).dtype == torch.float32


def test_training_with_scaled_gradients() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)).cuda()
    optimizer, scaler = torch.optim.SGD(model.parameters(), 0.05), torch.amp.GradScaler("cuda")
    x, losses = torch.randn(16, 4, device="cuda"), []
    for _ in range(20):
        optimizer.zero_grad()
        with torch.autocast("cuda", dtype=torch.float16):
            loss = nn.functional.mse_loss(model(x).float(), x[:, :1])
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0] and scaler.get_scale() == 65536
    optimizer.zero_grad()
    before = [p.detach().clone() for p in model.parameters()]
    scaler.scale(model(x).sum() * float("inf")).backward()
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == 32768 and all(torch.equal(p, q) for p, q in zip(before, model.parameters()))


def test_pickle() -> None:
    x = torch.arange(6.0, device="cuda").view(2, 3)
    for y in (pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(x.t()))):
        assert y.device == x.device and y.sum().item() == 15
    file = io.BytesIO()
    torch.save(x, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert torch.load(file, map_location="cpu").tolist() == x.tolist()


def test_dlpack(emulated: Any) -> None:
    x = torch.arange(6.0, device="cuda")[1:].view(1, 5)
    assert x.__dlpack_device__() == (2, 0)
    y = torch.from_dlpack(x)
    assert y.data_ptr() == x.data_ptr() and y.device == x.device and y.tolist() == x.tolist()
    y.fill_(1)
    assert x.tolist() == y.tolist()
    waits = emulated.calls("cuStreamWaitEvent")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        z = torch.from_dlpack(x)  # made on the stream that it is used on
        x.__dlpack__(stream=-1), x.__dlpack__(stream=stream.cuda_stream)
        assert emulated.calls("cuStreamWaitEvent") == waits
        x.__dlpack__(stream=1)
        assert emulated.calls("cuStreamWaitEvent") == waits + 1
    del x, y
    assert z.sum().item() == 5
    with pytest.raises(BufferError, match="ambiguous"):
        z.__dlpack__(stream=0)
    assert torch.from_dlpack(z, device="cpu").device.type == "cpu"


def test_legacy_types() -> None:
    x = torch.ones(2, device="cuda")
    assert x.type() == "torch.cuda.FloatTensor" and x.long().type() == "torch.cuda.LongTensor"
    assert x.type("torch.cuda.DoubleTensor").dtype == torch.float64 and x.type("torch.cuda.DoubleTensor").is_cuda
    assert x.type("torch.FloatTensor").device.type == "cpu" and x.type(torch.int64).is_cuda
    assert torch.ones(2).type("torch.cuda.HalfTensor").device == x.device and x.type(x.type()) is x
