"""Storages: one object for each block of memory, bytes and elements, geometry over them, mapped files."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
import torch

SNIPPETS = {
    "identity": "x = torch.ones(3); s = x.untyped_storage(); result = (s is x.untyped_storage(), s is x[1:].untyped_storage(), s._cdata == x[1:].untyped_storage()._cdata)",
    "bytes": "s = torch.UntypedStorage([1, 2, 255, 256, -1]); result = (s.tolist(), len(s), s.nbytes(), s[0], s[-1], s.element_size(), list(s))",
    "write": "s = torch.UntypedStorage(5); s.fill_(3); s[0] = 9; s[1:3] = 7; result = s.tolist()",
    "slice shares": "s = torch.UntypedStorage([1, 2, 3, 4]); t = s[1:3]; t[0] = 9; result = (s.tolist(), t.tolist())",
    "copy": "s = torch.UntypedStorage([1, 2]); t = torch.UntypedStorage(2); t.copy_(s); u = s.clone(); u[0] = 5; result = (t.tolist(), s.tolist())",
    "resize": "s = torch.UntypedStorage([1, 2, 3]); s.resize_(2); result = (s.tolist(), s.nbytes(), s.resizable())",
    "under a tensor": "x = torch.zeros(2, dtype=torch.int32); x.untyped_storage()[0] = 5; x.untyped_storage()[4:8] = 1; result = x",
    "from_buffer": "result = [torch.UntypedStorage.from_buffer(b'12345678', dtype=d, byte_order=o).tolist() for d in (torch.int16, torch.float64, torch.uint8) for o in ('big', 'little', 'native')]",
    "from_buffer part": "result = torch.UntypedStorage.from_buffer(b'12345678', dtype=torch.int16, byte_order='native', count=2, offset=2).tolist()",
    "typed": "s = torch.FloatStorage([1, 2.5]); s[0] = 4; result = (s.tolist(), s.dtype, s.size(), s.nbytes(), s.element_size(), s[1], s.type(), isinstance(s, torch.FloatStorage), isinstance(s, torch.IntStorage))",
    "typed of tensors": "x = torch.arange(4, dtype=torch.int16); s = x[1:].storage(); s[0] = 9; result = (x, s.tolist(), s.size(), x.storage_type().__name__)",
    "typed wrap": "s = torch.TypedStorage(wrap_storage=torch.UntypedStorage([0, 0, 128, 63]), dtype=torch.float32); result = (s.tolist(), s.untyped().tolist())",
    "to": "s = torch.UntypedStorage([1, 2]); result = (s.to(device='cpu', non_blocking=True).tolist(), s.is_pinned())",
    "base": "result = (torch.StorageBase is torch._C.StorageBase, isinstance(torch.UntypedStorage(1), torch.StorageBase), isinstance(torch.FloatStorage(1), torch.StorageBase))",
    "tensor of storage": "result = (torch.Tensor(torch.FloatStorage([1, 2])), torch.FloatTensor(torch.UntypedStorage([0, 0, 128, 63])))",
    "set_": "x = torch.zeros(0); x.set_(torch.arange(6.).untyped_storage(), 1, (2, 2), (2, 1)); result = (x, x.stride(), x.storage_offset())",
    "set_ whole": "x = torch.zeros(0); result = (x.set_(torch.arange(3.).untyped_storage()), x.set_(torch.ones(2, 2).t()), x.stride(), x.set_())",
    "set_ keywords": "x = torch.zeros(0); result = x.set_(source=torch.arange(6.).untyped_storage(), storage_offset=1, size=(2,), stride=(2,))",
    "repr": "s = torch.UntypedStorage([1, 2]); result = (repr(s), repr(torch.FloatStorage([1.5])), repr(torch.UntypedStorage(2, device='meta')))",
    "deepcopy": "import copy; x = torch.arange(4.); s, y, z = copy.deepcopy((x.untyped_storage(), x, x[1:])); s[3] = 64; y[1] = 7; result = (x, y, z)",
    "deepcopy of tensors": "import copy; x = torch.ones(2, requires_grad=True); x.grad = torch.ones(2); x.mark = [1]; y = copy.deepcopy(x); result = (y, y.grad, y.mark, y.mark is x.mark, y.requires_grad)",
    "copy of tensors": "import copy; x = torch.ones(2); x.mark = 5; y = copy.copy(x); y[0] = 3; result = (x, y is x, y.mark)",
    "deepcopy of results": "import copy; copy.deepcopy(torch.ones(1, requires_grad=True) * 2)",
    "index error": "torch.UntypedStorage(3)[3]",
    "step": "torch.UntypedStorage(3)[::2]",
    "index type": "torch.UntypedStorage(3)['a']",
    "negative size": "torch.UntypedStorage(-1)",
    "text": "torch.UntypedStorage('a')",
    "sizes differ": "torch.UntypedStorage(3).copy_(torch.UntypedStorage(4))",
    "typed index": "torch.FloatStorage(3)[3]",
    "typed slice": "torch.FloatStorage(3)[0:1]",
    "set_ beyond": "result = torch.zeros(0).set_(torch.ones(2).untyped_storage(), 0, (3,), (1,)).untyped_storage().nbytes()",
    "set_ beyond foreign memory": "x = torch.from_numpy(np.zeros(2)); torch.zeros(0, dtype=torch.float64).set_(x.untyped_storage(), 0, (3,), (1,))",
    "set_ far": "torch.zeros(0).set_(torch.ones(2).untyped_storage(), 2**62, (1,), (1,))",
    "set_ offset": "torch.zeros(0).set_(torch.ones(2).untyped_storage(), -1, (1,), (1,))",
    "set_ sizes": "torch.zeros(0).set_(torch.ones(2).untyped_storage(), 0, (1,), (1, 1))",
    "set_ negative size": "torch.zeros(0).set_(torch.ones(2).untyped_storage(), 0, (-3,), (1,))",
    "set_ negative stride": "torch.zeros(0).set_(torch.ones(2).untyped_storage(), 1, (2,), (-1,))",
    "set_ dtype": "torch.zeros(0).set_(torch.ones(2, dtype=torch.int32))",
    "set_ typed": "torch.zeros(0).set_(torch.IntStorage([1]))",
    "set_ leaf": "torch.ones(2, requires_grad=True).set_(torch.ones(2).untyped_storage())",
    "no such file": "torch.UntypedStorage.from_file('/no/such/file', False, 10)",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_as_the_reference(both: Any, name: str) -> None:
    both(SNIPPETS[name])


def test_object_lives_as_long_as_it_is_held() -> None:
    x = torch.ones(3)
    s = x.untyped_storage()
    del x
    gc.collect()
    assert s.nbytes() == 12
    part = s[4:8]
    del s
    gc.collect()
    assert part.tolist() == [0, 0, 128, 63]
    with pytest.raises(RuntimeError, match="resizable"):
        part.resize_(100)


def test_mapped_files(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(bytes(range(8)))
    private = torch.UntypedStorage.from_file(path, False, 8)
    private[0] = 99
    assert path.read_bytes()[0] == 0 and private.tolist()[:2] == [99, 1]
    shared = torch.UntypedStorage.from_file(str(path), True, 16)
    shared[8] = 7
    del shared
    assert path.read_bytes() == bytes(range(8)) + b"\x07" + bytes(7)
    with pytest.raises(RuntimeError, match="smaller than"):
        torch.UntypedStorage.from_file(path, False, 1000)
    with pytest.raises((RuntimeError, TypeError)):
        torch.UntypedStorage.from_file(tmp_path, False, 1)
    typed = torch.IntStorage.from_file(str(path), False, 2)
    assert typed.tolist() == [50462976, 117835012]
