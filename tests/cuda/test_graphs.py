"""CUDA graphs: what they do again, their memory, random numbers, and what cannot be captured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from emulation import emulated as emulated, needs_device
from torch import nn

pytestmark = needs_device


def test_replay_reads_and_writes_the_same_tensors(emulated: Any) -> None:
    x = torch.ones(4, device="cuda")
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g):
        y = x * 2 + 1
        z = y @ x.view(4, 1).expand(4, 3)
    emulated.launches()
    for value in (3.0, -1.0):
        x.fill_(value)
        emulated.launches()
        g.replay()
        assert emulated.launches()  # the kernels that were captured
        assert y.tolist() == [2 * value + 1] * 4 and z.tolist() == [4 * (2 * value + 1) * value] * 3
    g.reset()
    with pytest.raises(RuntimeError, match="without a preceding successful capture"):
        g.replay()


def test_other_streams_join_by_events() -> None:
    x, side = torch.ones(4, device="cuda"), torch.cuda.Stream()
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g):
        own = torch.cuda.current_stream()
        side.wait_stream(own)
        with torch.cuda.stream(side):
            y = x + 1
        own.wait_stream(side)
        z = y + 1
    assert not torch.cuda.is_current_stream_capturing()
    x.fill_(5)
    g.replay()
    assert z.tolist() == [7] * 4


def test_memory_is_apart() -> None:
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g):
        y = torch.ones(3 << 20, device="cuda")
        gone = torch.ones(3 << 20, device="cuda")
        address = gone.data_ptr()
        del gone
    others = [torch.empty(3 << 20, device="cuda") for _ in range(3)]
    assert address not in [t.data_ptr() for t in others]
    torch.cuda.empty_cache()
    g.replay()  # what it writes to is still mapped
    assert y.sum().item() == 3 << 20
    shared = torch.cuda.CUDAGraph()
    with torch.cuda.graph(shared, pool=g.pool()):
        again = torch.ones(3 << 20, device="cuda")
    assert again.data_ptr() == address and shared.pool() == g.pool()
    del y, again, others
    g.reset(), shared.reset()
    torch.cuda.empty_cache()
    held = torch.cuda.memory_reserved()
    with torch.cuda.graph(g, pool=torch.cuda.graph_pool_handle()):
        torch.ones(3 << 20, device="cuda")
    assert torch.cuda.memory_reserved() > held
    g.reset()
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() == held


def test_random_numbers_go_on() -> None:
    def draw() -> list[torch.Tensor]:
        return [torch.rand(5, device="cuda"), nn.functional.dropout(torch.ones(40, device="cuda"), 0.5)]

    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g):
        captured = draw()
    torch.cuda.manual_seed(3)
    wanted = [t.tolist() for _ in range(2) for t in draw()]
    torch.cuda.manual_seed(3)
    found = []
    for _ in range(2):
        g.replay()
        found += [t.tolist() for t in captured]
    assert found == wanted and found[0] != found[2]


def test_what_cannot_be_captured() -> None:
    x, g = torch.ones(2, device="cuda"), torch.cuda.CUDAGraph()
    with pytest.raises(RuntimeError, match="non-default stream"):
        g.capture_begin()
    with pytest.raises(RuntimeError, match="CUDA error"), torch.cuda.graph(g):
        (x + 1).sum().item()
    assert not torch.cuda.is_current_stream_capturing()
    g.reset()
    generator = torch.Generator("cuda")
    with pytest.raises(RuntimeError, match="not from one that is given"), torch.cuda.graph(g):
        torch.rand(3, device="cuda", generator=generator)
    g.reset()
    with torch.cuda.graph(g):
        y = x + 1
    with pytest.raises(RuntimeError, match="already owns a captured graph"), torch.cuda.graph(g):
        pass
    g.replay()
    assert y.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="Unknown capture error mode"):
        torch.cuda.CUDAGraph().capture_begin(capture_error_mode="never")


def test_a_failed_block_leaves_no_capture() -> None:
    g = torch.cuda.CUDAGraph()
    with pytest.raises(KeyError), torch.cuda.graph(g):
        torch.ones(2, device="cuda")
        raise KeyError
    assert not torch.cuda.is_current_stream_capturing() and torch.ones(2, device="cuda").sum().item() == 2


def test_debug_dump(tmp_path: Path) -> None:
    g, x = torch.cuda.CUDAGraph(), torch.ones(2, device="cuda")
    g.enable_debug_mode()
    with torch.cuda.graph(g):
        x + 1
    g.debug_dump(str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.dot").read_text().startswith("digraph")


def test_training_steps_by_a_graph() -> None:
    def model() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)).cuda()

    data = torch.randn(5, 3, 4)
    eager, graphed = model(), model()
    optimizers = [torch.optim.SGD(m.parameters(), 0.1) for m in (eager, graphed)]
    x, g = data[0].cuda(), torch.cuda.CUDAGraph()
    graphed(x).square().mean().backward()  # the gradients' memory is not the graph's
    optimizers[1].zero_grad(set_to_none=False)
    with torch.cuda.graph(g):
        optimizers[1].zero_grad(set_to_none=False)
        graphed(x).square().mean().backward()
        optimizers[1].step()
    for batch in data:
        optimizers[0].zero_grad()
        eager(batch.cuda()).square().mean().backward()
        optimizers[0].step()
        x.copy_(batch)
        g.replay()
    for a, b in zip(eager.parameters(), graphed.parameters()):
        assert torch.allclose(a, b, atol=1e-6)


def test_graphed_callables() -> None:
    torch.manual_seed(0)
    eager = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).cuda()
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).cuda()
    sample = torch.randn(3, 4, device="cuda", requires_grad=True)
    graphed = torch.cuda.make_graphed_callables(module, (sample,))
    assert graphed is module
    for _ in range(3):
        x = torch.randn(3, 4, device="cuda")
        a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
        ya, yb = eager(a), graphed(b)
        assert torch.allclose(ya, yb, atol=1e-6)
        ya.square().sum().backward()
        yb.square().sum().backward()
        assert torch.allclose(a.grad, b.grad, atol=1e-5)
        for p, q in zip(eager.parameters(), graphed.parameters()):
            assert torch.allclose(p.grad, q.grad, atol=1e-5)
    graphed.eval()
    assert graphed(x[:2]).shape == (2, 2)  # in the other mode the module itself runs
    first, second = torch.cuda.make_graphed_callables((torch.sin, torch.cos), ((sample,), (sample,)))
    y = torch.randn(3, 4, device="cuda", requires_grad=True)
    assert torch.allclose(second(first(y)), y.sin().cos(), atol=1e-6)
    with pytest.raises(TypeError, match="have to be tensors"):
        torch.cuda.make_graphed_callables(torch.sin, (1.0,))
