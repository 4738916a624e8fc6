"""torch.utils.checkpoint beside the basics: autocast in the second run, debug, device states, sequences of modules."""

from __future__ import annotations

import pytest
import torch
from torch.utils import checkpoint as module
from torch.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


@pytest.mark.parametrize("reentrant", [False, True])
def test_the_second_run_has_the_autocast_of_the_first(reentrant) -> None:
    seen: list = []

    def f(x):
        y = x @ x
        seen.append(y.dtype)
        return (y * y).float().sum()

    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        out = checkpoint(f, x, use_reentrant=reentrant)
    out.backward()
    assert seen == [torch.bfloat16] * 2 and x.grad.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")


def test_debug_names_the_operators() -> None:
    calls: list = []

    def f(x):
        calls.append(0)
        return x.sin().exp() if len(calls) == 1 else x.cos()[:1].exp()

    out = checkpoint(f, torch.ones(2, requires_grad=True), use_reentrant=False, debug=True)
    with pytest.raises(CheckpointError) as error:
        out.sum().backward()
    assert "aten.sin.default" in str(error.value) and "aten.cos.default" in str(error.value)
    calls.clear()
    with module.set_checkpoint_debug_enabled(True):
        out = checkpoint(f, torch.ones(2, requires_grad=True), use_reentrant=False)
    with pytest.raises(CheckpointError, match="operators of the recomputation"):
        out.sum().backward()
    calls.clear()
    out = checkpoint(f, torch.ones(2, requires_grad=True), use_reentrant=False)
    with pytest.raises(CheckpointError, match="debug=True"):
        out.sum().backward()
    with pytest.raises(ValueError):
        checkpoint(f, torch.ones(2), use_reentrant=False, debug=True, context_fn=lambda: module.noop_context_fn())


def test_device_states(both) -> None:
    both(
        """
from torch.utils import checkpoint as c
result = [c.get_device_states(torch.ones(2), [torch.ones(1)], 3), c.set_device_states([], []),
          c.DefaultDeviceType.get_device_type(), [p.name for p in c.CheckpointPolicy],
          c.SelectiveCheckpointContext(is_recompute=True).is_recompute]
"""
    )
    with pytest.raises(NotImplementedError):
        module.create_selective_checkpoint_contexts(lambda *a, **k: None)
    with pytest.warns(UserWarning, match="requires_grad=True"):
        module.check_backward_validity([torch.ones(1)])


@pytest.mark.parametrize("reentrant", [False, True])
def test_sequences(reentrant) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(*[torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5)) for _ in range(5)])
    x = torch.rand(3, 4, requires_grad=True)
    grads = []
    for run in (lambda: net(x), lambda: checkpoint_sequential(net, 3, x, use_reentrant=reentrant)):
        torch.manual_seed(1)
        net.zero_grad()
        run().sum().backward()
        grads.append([p.grad.clone() for p in net.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads))
