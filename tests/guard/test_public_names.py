"""Public names: those that we offer exist in PyTorch too, under the same path and of the same kind, with docs and signatures."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
import torch
from conftest import is_ours

MODULES = [
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.init",
    "torch.nn.utils",
    "torch.optim",
    "torch.optim.lr_scheduler",
    "torch.autograd",
    "torch.utils.data",
    "torch.random",
    "torch.cuda",
    "torch.serialization",
    "torch.linalg",
    "torch.testing",
    "torch.autograd.graph",
    "torch.autograd.function",
    "torch.utils.dlpack",
    "torch.utils.checkpoint",
    "torch.nn.parameter",
    "torch.nn.modules",
    "torch.special",
    "torch.sparse",
    "torch.fft",
    "torch.signal.windows",
    "torch.types",
    "torch.distributions",
    "torch.distributions.constraints",
    "torch.distributions.transforms",
    "torch.distributions.utils",
    "torch.overrides",
]
# Names that every program expects at the top.
EXPECTED = """Tensor Size Generator device dtype layout memory_format finfo iinfo float16 bfloat16 float32 float64 uint8 uint16 uint32 uint64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 qint8 quint8 qint32 int8 int16 int32 int64 bool complex64 complex128 half float double short int long cfloat cdouble
strided contiguous_format channels_last preserve_format tensor as_tensor from_numpy from_dlpack frombuffer asarray is_tensor is_floating_point is_complex numel save load manual_seed seed initial_seed get_rng_state set_rng_state
default_generator no_grad enable_grad inference_mode set_grad_enabled is_grad_enabled is_inference_mode_enabled set_num_threads get_num_threads get_default_dtype set_default_dtype set_printoptions promote_types result_type can_cast
nn optim autograd utils cuda random ops __version__ e pi inf nan newaxis strided typename broadcast_shapes unique_consecutive""".split()
TENSOR = """T mT H grad grad_fn requires_grad is_leaf data shape dtype device layout ndim itemsize nbytes is_cuda is_meta real imag backward detach detach_ retain_grad retains_grad register_hook requires_grad_ numpy tolist item clone
contiguous is_contiguous cpu cuda to type type_as stride size dim numel nelement element_size storage_offset untyped_storage data_ptr copy_ fill_ zero_ resize_ set_ new_zeros new_ones new_full new_empty new_tensor apply_ map_
share_memory_ is_shared pin_memory is_pinned __array__ __dlpack__ __dlpack_device__ __torch_function__ _version _base _is_view as_subclass expand_as view_as""".split()


def names(module: Any) -> list:
    listed = getattr(module, "__all__", None)
    return sorted(listed if listed is not None else [n for n in dir(module) if not n.startswith("_")])


def ours_of(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except ImportError:
        pytest.skip(f"{path} is not in this stage")


@pytest.mark.parametrize("path", MODULES)
def test_names_exist_in_pytorch(path: str, oracle: Any) -> None:
    """Nothing public of ours is unknown to PyTorch, where programs written for us would not run."""
    mine = names(ours_of(path))
    module = importlib.import_module(path)
    mine = [n for n in mine if not inspect.ismodule(getattr(module, n, None)) and n != "annotations"]
    answer = oracle.ask(
        [
            {
                "code": f"import importlib\nm = importlib.import_module({path!r})\nresult = [hasattr(m, n) for n in {mine!r}]"
            }
        ]
    )[0]
    if answer[0] == "error":
        pytest.fail(f"PyTorch has no module {path}: {answer[2]}")
    unknown = [name for name, (_, has) in zip(mine, answer[1][1]) if not has]
    helpers = {
        "Any",
        "Callable",
        "Optional",
        "Union",
        "Sequence",
        "Iterable",
        "Iterator",
        "Mapping",
        "List",
        "Dict",
        "Tuple",
        "TYPE_CHECKING",
        "overload",
        "cast",
        "Number",
        "NamedTuple",
        "TypeVar",
        "Generic",
    }
    assert not [n for n in unknown if n not in helpers], f"{path} offers names that PyTorch does not have: {unknown}"


def test_expected_names() -> None:
    assert not [name for name in EXPECTED if not hasattr(torch, name)]


def test_expected_tensor_names() -> None:
    x = torch.ones(1)
    assert not [name for name in TENSOR if not hasattr(type(x), name)]


def test_tensor_methods_exist_in_pytorch(oracle: Any) -> None:
    mine = [n for n in dir(torch.Tensor) if not n.startswith("_")]
    answer = oracle.ask([{"code": f"result = [hasattr(torch.Tensor, n) for n in {mine!r}]"}])[0]
    unknown = {name for name, (_, has) in zip(mine, answer[1][1]) if not has}
    assert unknown <= {"to_device"}, unknown  # of the Python array API standard


@pytest.mark.skipif(not is_ours(), reason="the reference stands in")
def test_functions_are_documented() -> None:
    bare = [
        n
        for n in dir(torch)
        if not n.startswith("_")
        and inspect.isbuiltin(getattr(torch, n))
        and not (getattr(torch, n).__doc__ or "").strip()
    ]
    assert not bare, bare


@pytest.mark.skipif(not is_ours(), reason="the reference stands in")
def test_signatures() -> None:
    """inspect.signature answers for ops and methods."""
    for function in (
        torch.add,
        torch.sum,
        torch.zeros,
        torch.Tensor.add,
        torch.Tensor.view,
        torch.nn.functional.conv2d,
        torch.nn.functional.relu,
        torch.cat,
    ):
        assert inspect.signature(function).parameters, function


def test_modules_are_found_lazily() -> None:
    import subprocess
    import sys

    for text in (
        "torch.nn.functional.relu",
        "torch.optim.SGD",
        "torch.utils.data.DataLoader",
        "torch.autograd.grad",
        "torch.nn.init.xavier_uniform_",
        "torch.cuda.is_available",
        "torch.random.manual_seed",
        "torch.autograd.functional",
        "torch.utils.checkpoint",
    ):
        done = subprocess.run([sys.executable, "-c", f"import torch; {text}"], capture_output=True, text=True)
        assert done.returncode == 0, (text, done.stderr[-500:])


def test_type_stubs_are_marked() -> None:
    from pathlib import Path

    assert (Path(torch.__file__).parent / "py.typed").exists()
