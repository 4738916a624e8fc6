"""torch.from_file: tensors over mapped files; Tensor.map2_, torch.range and settings of warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import is_ours

MAKE = "import os, tempfile\npath = os.path.join(tempfile.mkdtemp(), 'numbers')\nopen(path, 'wb').write({data!r})\n"
FLOATS = MAKE.format(data=np.arange(6, dtype=np.float32).tobytes())


@pytest.mark.parametrize(
    "call",
    [
        "path, size=6",
        "path, False, 4",
        "path, None, 6, dtype=torch.int32",
        "path",
        "path, None, None",
        "path, True, 3, dtype=torch.float64",
        "path, size=2, requires_grad=True",
        "path, size=2, device='cpu', pin_memory=False, layout=torch.strided",
        "filename=path, shared=False, size=2",
    ],
)
def test_values(call: str, both: Any) -> None:
    both(f"{FLOATS}x = torch.from_file({call})\nresult = (x, x.requires_grad, x.storage_offset(), x.is_contiguous())")


@pytest.mark.parametrize(
    "call",
    ["path, False, 9", "path + 'x', False, 3", "path, False, -1", "path, size=2, foo=1", "", "path, size=1, dtype=3"],
)
def test_errors(call: str, both: Any) -> None:
    assert both(f"{FLOATS}result = torch.from_file({call})")[0] == "error"


def test_shared_writes_reach_the_file(both: Any) -> None:
    both(
        f"{FLOATS}x = torch.from_file(path, True, 4)\nx += 10\n"
        "result = (torch.from_file(path, size=6), os.path.getsize(path))"
    )


def test_private_writes_stay(both: Any) -> None:
    both(f"{FLOATS}x = torch.from_file(path, False, 4)\nx += 10\nresult = (x, torch.from_file(path, size=6))")


def test_shared_files_are_made_and_enlarged(both: Any) -> None:
    both(
        f"{FLOATS}x = torch.from_file(path, True, 9)\ny = torch.from_file(path + 'new', True, 2)\n"
        "result = (x, y, os.path.getsize(path), os.path.getsize(path + 'new'))"
    )


@pytest.mark.skipif(not is_ours(), reason="the reference stands in")
def test_other_devices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abcd")
    with pytest.raises(NotImplementedError, match="on the CPU only, got device meta"):
        torch.from_file(str(tmp_path / "f"), size=1, device="meta")


def test_file_may_be_closed_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(bytes(range(8)))
    x = torch.from_file(str(path), size=8, dtype=torch.uint8)
    path.unlink()
    assert x.tolist() == list(range(8))


# ---------------------------------------------------------------- map2_


@pytest.mark.parametrize(
    "call",
    [
        "torch.zeros(3).map2_(torch.ones(3), torch.arange(3.0), lambda a, b, c: a + 2 * b + 3 * c)",
        "torch.zeros(2, 3).map2_(torch.ones(1), torch.arange(3.0), lambda a, b, c: b - c)",
        "torch.zeros(3, dtype=torch.int64).map2_(torch.ones(3, dtype=torch.int64), torch.arange(3), lambda a, b, c: b + c)",
        "torch.zeros(3).map2_(x=torch.ones(3), y=torch.arange(3.0), callable=lambda a, b, c: c)",
        "torch.zeros(3).map2_(torch.ones(2), torch.arange(3.0), lambda a, b, c: a)",
        "torch.zeros(3).map2_(torch.ones(3).double(), torch.arange(3.0), lambda a, b, c: a)",
        "torch.zeros(3).map2_(torch.ones(3), torch.arange(3.0), 3)",
        "torch.zeros(3, requires_grad=True).map2_(torch.ones(3), torch.arange(3.0), lambda a, b, c: a)",
        "torch.zeros(3).map2_(torch.ones(3, requires_grad=True), torch.arange(3.0), lambda a, b, c: a)",
        "torch.zeros(3).map2_(torch.ones(3), torch.arange(3.0), lambda a, b, c: 'x')",
    ],
)
def test_map2(call: str, both: Any) -> None:
    both(f"result = {call}")


# ---------------------------------------------------------------- range


@pytest.mark.parametrize(
    "arguments",
    [
        "1, 4",
        "4, 1, -1",
        "0, 1, 0.3",
        "1, 4, 0",
        "4, 1",
        "0, float('nan')",
        "0, float('inf')",
        "0, 2, dtype=torch.int64",
        "0, 1, out=torch.empty(0, dtype=torch.int32)",
        "start=0, end=2, device='meta'",
        "0, 1, requires_grad=True",
        "5",
        "0, 2, foo=1",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_range(arguments: str, both: Any) -> None:
    both(f"import warnings\nwarnings.simplefilter('ignore')\nresult = torch.range({arguments})")


def test_range_is_deprecated() -> None:
    with pytest.warns(UserWarning, match="torch.range is deprecated"):
        torch.range(0, 2)


# ---------------------------------------------------------------- warnings that are given once

ONCE = """
import warnings
import numpy
array = numpy.zeros(3)
array.flags.writeable = False
before = torch.is_warn_always_enabled()
torch.set_warn_always({always})
try:
    torch.from_numpy(array)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.from_numpy(array)
        torch.frombuffer(b"abcd", dtype=torch.uint8)
        torch.frombuffer(b"abcd", dtype=torch.uint8)
    result = (before, torch.is_warn_always_enabled(), [str(w.message)[:24] for w in caught if "NumPy" in str(w.message)])
finally:
    torch.set_warn_always(False)
"""


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_warn_always(always: bool, both: Any) -> None:
    both(ONCE.format(always=always))


def test_warn_always_takes_a_bool(both: Any) -> None:
    both("result = torch.set_warn_always(1)")


# ---------------------------------------------------------------- names of arguments


def test_copy_knows_its_source_as_other(both: Any) -> None:
    both("result = torch.zeros(3).copy_(other=torch.ones(3))")
    both("result = torch.zeros(3).copy_(src=torch.ones(3))")


def test_dtype_functions_take_keywords(both: Any) -> None:
    both("result = str(torch.promote_types(type1=torch.int64, type2=torch.float16))")
    both("result = str(torch.result_type(tensor=torch.ones(2), other=1))")
    both("result = torch.result_type(tensor1=torch.ones(2), other=1)")


def test_addmv_in_place(both: Any) -> None:
    both("x = torch.zeros(2)\ny = torch.addmv_(x, torch.ones(2, 3), torch.ones(3), alpha=2)\nresult = (x, y is x)")


def test_results_of_histogram_print_their_names(both: Any) -> None:
    both("result = repr(torch.histogram(torch.arange(4.0), 2))")
    both("result = repr(torch.histogramdd(torch.ones(3, 2), [2, 2]))")
