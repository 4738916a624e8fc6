"""Smaller modules that packages import: versions, result types, sizes, loggers."""

from __future__ import annotations

from typing import Any

import torch
from snippets import agree

SETUP = """
import torch
from torch.torch_version import TorchVersion
from torch.fx.experimental.symbolic_shapes import guard_int, guard_size_oblivious, has_free_symbols, statically_known_true, sym_and, sym_eq
from torch.nn.utils._named_member_accessor import NamedMemberAccessor, swap_tensor
def swapped():
    m = torch.nn.Sequential(torch.nn.Linear(2, 2))
    w = torch.nn.Parameter(torch.zeros(2, 2))
    before = swap_tensor(m[0], "weight", w)
    other = NamedMemberAccessor(m).swap_tensor("0.weight", before)
    return before.shape, m[0].weight is before, other is w, NamedMemberAccessor(m).get_tensor("0.weight") is before
v = TorchVersion("2.13.0+cpu")
names = "max min sort topk median mode kthvalue cummax aminmax frexp linalg_svd linalg_eigh linalg_qr linalg_slogdet linalg_lstsq linalg_solve_ex linalg_lu_factor lu_unpack slogdet geqrf".split()
"""
EXPRESSIONS = """
    v > "1.10", v >= (2, 13), v == (2, 13), v < "2.13.1", v == "parrot", v > "parrot", v == None, v != "2.13.0+cpu", v == "2.13.0+cpu"
    v > 3
    v <= "2.13", v in ("2.13.0+cpu",), v.split("+"), hash(v) == hash("2.13.0+cpu"), v == 2, v != (2, 0), isinstance(v, str), repr(v)
    type(torch.__version__), torch.__version__ >= (2, 8), torch.__version__ < "3"
    [getattr(torch.return_types, name).__name__ for name in names]
    isinstance(torch.max(torch.ones(2, 2), 0), torch.return_types.max), torch.return_types.sort((1, 2)).values
    torch.return_types.nowhere
    guard_int(3), guard_size_oblivious(3 == 4), has_free_symbols(3), statically_known_true(2 > 1), sym_and(True, False), sym_eq((1, 2), (1, 2))
    torch._VF.add(torch.ones(1), 1)
    torch._assert_async(torch.tensor(1)), torch._shape_as_tensor(torch.ones(2, 3)), torch._C._get_accelerator()
    torch._assert_async(torch.tensor(0))
    torch._assert_async(torch.ones(2))
    swapped()
    swap_tensor(torch.nn.Linear(2, 2), "nowhere", torch.ones(1))
    swap_tensor(torch.nn.Linear(2, 2), "a.b", torch.ones(1))
"""


def test_as_in_pytorch(both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS)


def test_names_of_the_compiled_module() -> None:
    assert not hasattr(torch._C, "whatever") and not hasattr(torch._C._nn, "whatever")
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU).add("AutogradCPU")
    assert keys.has(torch._C.DispatchKey.CPU) and not keys.has("Meta")
    assert torch._C._dispatch_has_kernel_for_dispatch_key("aten::add.Tensor", "CPU")
    x = torch.ones(2)
    assert torch._C._is_alias_of(x, x[1:]) and not torch._C._is_alias_of(x, x.clone())
    assert torch.Tag.pointwise in torch.ops.aten.sin.default.tags
