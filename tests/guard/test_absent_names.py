"""Names that can be imported and mentioned but are not supported: each exists in PyTorch, and none pretends to work."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
import torch
from conftest import is_ours

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference stands in")

if is_ours():
    from torch import _absent

    MODULES = sorted(_absent._table())
else:
    MODULES = []


def test_names_are_pytorchs(oracle: Any) -> None:
    wanted = {module: sorted(_absent._table()[module].entries) for module in MODULES}
    code = f"""
import importlib, warnings
warnings.simplefilter("ignore")
result = []
for path, names in {wanted!r}.items():
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError:
        result.append(path)
        continue
    for name in names:
        if not hasattr(module, name):
            result.append(f"{{path}}.{{name}}")
"""
    answer = oracle.ask([{"code": code}])[0]
    assert answer[0] != "error", answer
    unknown = [text for _, text in answer[1][1]]
    assert not unknown, unknown


@pytest.mark.parametrize("path", MODULES)
def test_names_can_be_had_and_refuse(path: str) -> None:
    module = importlib.import_module(path)
    for name, entry in _absent._table()[path].entries.items():
        value = getattr(module, name)
        if "=" in entry.text or "Error" in entry.text or "Exception" in entry.text:
            continue
        assert callable(value), name
        with pytest.raises(entry.error[0]) as raised:
            value()
        assert type(raised.value) is entry.error[0]
        if inspect.isclass(value) and issubclass(value, object):
            derived = type("Derived", (value,), {"__init__": lambda self: None})
            with pytest.raises(entry.error[0]):
                derived()


def test_other_names_are_unknown() -> None:
    import torch.distributed.fsdp as fsdp

    with pytest.raises(AttributeError, match="has no attribute 'whatever'"):
        _ = fsdp.whatever
    with pytest.raises(ImportError):
        importlib.import_module("torch.distributed.whatever")
    assert not hasattr(torch.cuda, "whatever")


def test_nothing_is_available() -> None:
    assert not torch.distributed.is_available() and not torch.distributed.is_initialized()
    for device in (torch.cuda, torch.xpu, torch.mps, torch.mtia, torch.accelerator):
        assert not device.is_available() and device.device_count() == 0
    assert torch.accelerator.current_accelerator() is None
    with pytest.raises(NotImplementedError, match="torch.distributed.get_rank is not supported yet"):
        torch.distributed.get_rank()
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.cuda.current_device()


@pytest.mark.parametrize("kind", ["xpu", "mps", "hpu", "mtia", "xla", "privateuseone"])
def test_other_devices_have_names_only(kind: str) -> None:
    device = torch.device(kind, 1)
    assert device != torch.device("cpu") and str(device) == f"{kind}:1" and device.type == kind
    for make in (
        lambda: torch.ones(2, device=kind),
        lambda: torch.ones(2).to(kind),
        lambda: torch.tensor([1], device=kind),
    ):
        with pytest.raises((AssertionError, NotImplementedError)):
            make()
    assert not torch.ones(2).device == device


def test_one_name_is_one_object() -> None:
    from torch.distributed.fsdp import FullyShardedDataParallel
    from torch.distributed.fsdp.fully_sharded_data_parallel import FullyShardedDataParallel as same

    assert FullyShardedDataParallel is same and issubclass(same, torch.nn.Module)
    assert repr(torch.distributed.ReduceOp.SUM) == "ReduceOp.SUM"


def test_onnx_keeps_what_is_registered() -> None:
    from torch.onnx.symbolic_helper import parse_args

    @parse_args("v", "i")
    def write(g: Any, x: Any, n: int) -> Any:
        return x

    torch.onnx.register_custom_op_symbolic("own::write", write, 11)
    assert torch.onnx._SYMBOLIC["own::write", 11] is write
    torch.onnx.unregister_custom_op_symbolic("own::write", 11)
    assert not torch.onnx._SYMBOLIC
    with pytest.raises(torch.onnx.OnnxExporterError, match="must match the format domain::name"):
        torch.onnx.register_custom_op_symbolic("write", write, 11)


def test_no_device_is_a_context_that_does_nothing() -> None:
    with torch.cuda.device(None), torch.cuda.device(-1), torch.cuda.device_of(torch.ones(1)), torch.cuda.stream(None):
        pass
    with pytest.raises(RuntimeError, match="compiled without CUDA support"), torch.cuda.device(0):
        pass


def test_switches_keep_their_values() -> None:
    with torch.backends.cudnn.flags(enabled=False, benchmark=True):
        assert not torch.backends.cudnn.enabled and torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.enabled and not torch.backends.cudnn.benchmark
    with torch.backends.cuda.sdp_kernel(enable_flash=False):
        assert not torch.backends.cuda.flash_sdp_enabled()
    assert torch.backends.cuda.flash_sdp_enabled()
    assert torch.backends.mha.get_fastpath_enabled()
    assert "CPU capability usage" in torch.__config__.show() and "USE_MKL=OFF" in torch.__config__.show()
