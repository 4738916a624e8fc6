"""torch.cpu: the functions and streams that modules of accelerators have."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "expression",
    [
        "[torch.cpu.device_count(), torch.cpu.is_available(), torch.cpu.current_device(), torch.cpu.synchronize()]",
        "[type(torch.cpu.current_stream()).__name__, torch.cpu.current_stream().wait_stream(torch.cpu.Stream(priority=1))]",
        "[torch.cpu.Event().query(), torch.cpu.Event().record(), torch.cpu.Event().wait(), torch.cpu.Event().synchronize()]",
        "torch.cpu.Stream().synchronize()",
        "torch.cpu.nothing",
        "torch.GradScaler is torch.amp.GradScaler",
    ],
)
def test_as_in_pytorch(expression: str, both: Any) -> None:
    both(f"result = {expression}")


def test_block(both: Any) -> None:
    both("with torch.cpu.stream(torch.cpu.Stream()) as found:\n    result = (torch.ones(2) + 1, found)")
