"""One process, several devices. With none beside the CPU, the module is called as it is."""

from __future__ import annotations

from typing import Any

from torch.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


def _check_devices(device_ids: Any, output_device: Any) -> None:
    if device_ids or output_device is not None:
        raise NotImplementedError(
            f"DataParallel: there are no devices to share the batch, got device_ids={device_ids}, "
            f"output_device={output_device}"
        )


class DataParallel(Module):
    """Calls ``module`` with a part of the batch on each device. Without such devices, as here, with all of it.

    The module's parameters are named ``module.NAME``.

    Args:
        module: the module.
        device_ids: the devices; none but ``None`` or an empty list are supported.
        output_device: where the results are gathered; not supported.
        dim: the dimension of the batch. Default: 0
    """

    module: Module

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        _check_devices(device_ids, output_device)
        self.module = module
        self.device_ids: list = []
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict | None = None,
) -> Any:
    """Call ``module`` once as :class:`DataParallel` does."""
    _check_devices(device_ids, output_device)
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))
