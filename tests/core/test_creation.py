"""Tensors from Python data, arrays and buffers, against the reference: values, dtypes, shapes, error classes."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest
import torch
from conftest import is_ours

PREPARE = """
import array, decimal, fractions
class Sequence:
    def __len__(self): return 2
    def __getitem__(self, i):
        if i > 1: raise IndexError
        return i
class Index:
    def __index__(self): return 3
class Float:
    def __float__(self): return 3.5
a = np.arange(3.)
locked = np.arange(3.); locked.flags.writeable = False
f = torch.arange(3.)
"""

EXPRESSIONS = """
torch.tensor(1)
torch.tensor(True)
torch.tensor(1.5)
torch.tensor(1j)
torch.tensor([])
torch.tensor([[],[]])
torch.tensor([[]]*0)
torch.tensor([1,2.0])
torch.tensor([True,2])
torch.tensor([True,2.0])
torch.tensor([1,1j])
torch.tensor([[1,2],[3]])
torch.tensor([[1,2],3])
torch.tensor([1,[2]])
torch.tensor([[1],[2,3]])
torch.tensor([1,2,None])
torch.tensor(None)
torch.tensor('a')
torch.tensor(['a'])
torch.tensor(['a'],dtype=torch.float32)
torch.tensor([None],dtype=torch.float32)
torch.tensor(b'abc')
torch.tensor(bytearray(b'abc'))
torch.tensor(memoryview(b'abc'))
torch.tensor(array.array('i',[1,2]))
torch.tensor({1,2})
torch.tensor({1:2})
torch.tensor(range(3))
torch.tensor(Sequence())
torch.tensor(Index())
torch.tensor(Float())
torch.tensor([Float()])
torch.tensor([Float()],dtype=torch.float32)
torch.tensor([Index()],dtype=torch.int32)
torch.tensor(2**63)
torch.tensor(2**63-1)
torch.tensor(-2**63)
torch.tensor(2**64)
torch.tensor([2**63])
torch.tensor([2**63],dtype=torch.float64)
torch.tensor([2**70],dtype=torch.float64)
torch.tensor([2**63, 1.0])
torch.tensor(300,dtype=torch.uint8)
torch.tensor([300],dtype=torch.uint8)
torch.tensor(-1,dtype=torch.uint8)
torch.tensor([-1],dtype=torch.uint8)
torch.tensor([-129],dtype=torch.int8)
torch.tensor([40000],dtype=torch.int16)
torch.tensor([65535, -65535],dtype=torch.uint16)
torch.tensor([65536],dtype=torch.uint16)
torch.tensor([2**32 - 1, -1],dtype=torch.uint32)
torch.tensor([2**32],dtype=torch.uint32)
torch.tensor([2**64 - 1, 0],dtype=torch.uint64)
torch.tensor([2**64],dtype=torch.uint64)
torch.tensor([-1],dtype=torch.uint64)
torch.tensor([2**63],dtype=torch.int64)
torch.tensor(2**63)
torch.full((2,), 2**64 - 1,dtype=torch.uint64)
torch.full((2,), 2**63)
torch.full((2,), -1,dtype=torch.uint32)
torch.scalar_tensor(2**63,dtype=torch.uint64)
torch.empty(2,dtype=torch.uint16).fill_(65535)
torch.tensor([1]) + 2**63
torch.tensor([1.]) + 2**63
torch.tensor([2**31],dtype=torch.int32)
torch.tensor([1e40],dtype=torch.float32)
torch.tensor([1e6],dtype=torch.float16)
torch.tensor([1.9],dtype=torch.int32)
torch.tensor([-1.9],dtype=torch.int64)
torch.tensor([float('nan')],dtype=torch.int64)
torch.tensor([float('inf')],dtype=torch.int64)
torch.tensor([1e30],dtype=torch.int64)
torch.tensor([300.5],dtype=torch.uint8)
torch.tensor([1j],dtype=torch.float32)
torch.tensor([1j],dtype=torch.int32)
torch.tensor([2.5,0],dtype=torch.bool)
torch.tensor([1j],dtype=torch.bool)
torch.tensor([1+2j],dtype=torch.complex64)
torch.tensor([1,2.5],dtype=torch.complex64)
torch.tensor([1],requires_grad=True)
torch.tensor([1.],requires_grad=True)
torch.tensor([1.],requires_grad=1)
torch.tensor([1.],requires_grad='a')
torch.tensor([1.],dtype='float32')
torch.tensor([1.],dtype=float)
torch.tensor([1.],dtype=int)
torch.tensor([1.],dtype=bool)
torch.tensor([1.],dtype=complex)
torch.tensor([1.],torch.float64)
torch.tensor([1.],device='meta')
torch.tensor([1.],device='cpu:0').device
torch.tensor()
torch.tensor(data=[1])
torch.tensor([1],foo=1)
torch.tensor([1],pin_memory=True)
torch.tensor([1],pin_memory=False)
torch.ops.aten._pin_memory(torch.tensor([1]))
torch.tensor(torch.tensor([1.,2.]))
torch.tensor([torch.tensor(1.),torch.tensor(2.)])
torch.tensor([torch.tensor(1),torch.tensor(2.)])
torch.tensor([torch.tensor([1.,2.]),torch.tensor([2.,3.])])
torch.tensor([torch.tensor([1.]),torch.tensor([2.])])
torch.tensor([torch.tensor(1.,dtype=torch.float64)])
torch.tensor([torch.tensor(1.,requires_grad=True)])
torch.tensor([torch.tensor(1.,requires_grad=True), 2])
torch.tensor(torch.tensor(1.,requires_grad=True))
torch.tensor(np.float32(1))
torch.tensor(np.float64(1))
torch.tensor(np.int32(1))
torch.tensor(np.bool_(1))
torch.tensor(np.complex64(1))
torch.tensor(np.float16(1))
torch.tensor([np.float32(1)])
torch.tensor([np.float64(1)])
torch.tensor([np.float64(1),2])
torch.tensor([np.int32(1)])
torch.tensor([np.int32(1),np.int64(2)])
torch.tensor([np.bool_(1)])
torch.tensor([np.float32(1), 2.0])
torch.tensor([np.float16(1), np.float32(2)])
torch.tensor([np.int8(1), 2])
torch.tensor([1, np.int8(1)])
torch.tensor(np.arange(3))
torch.tensor(np.arange(3)[::-1])
torch.tensor(np.arange(3,dtype='>i4'))
torch.tensor(np.array(['a']))
torch.tensor(np.array([1,None],dtype=object))
torch.tensor(np.array([1,2],dtype=object))
torch.tensor(np.array(3.0))
torch.tensor([np.arange(3),np.arange(3)])
torch.tensor([np.arange(3),np.arange(2)])
torch.tensor([np.array(1.),np.array(2.)])
torch.tensor([np.arange(3.),[1,2,3]])
torch.tensor(np.datetime64('2020-01-01'))
torch.tensor(np.zeros((2,0,3)))
torch.tensor([decimal.Decimal('1.5')])
torch.tensor(decimal.Decimal('1.5'))
torch.tensor([fractions.Fraction(1,2)],dtype=torch.float64)
torch.tensor([[1,2],[3,4]],dtype=torch.int8)
torch.tensor([[[1],[2]],[[3],[4,5]]])
torch.tensor(((1,2),[3,4]))
torch.tensor([(),()])
torch.tensor([[1,2],'ab'])
torch.tensor(['ab',[1,2]])
torch.tensor(torch.Size([1,2]))
torch.tensor([torch.Size([1,2])])
torch.tensor(slice(1))
torch.tensor(object())
torch.tensor([object()])
torch.tensor(lambda: 1)
torch.tensor([True,False],dtype=torch.float32)
torch.tensor([1,2],dtype=torch.bfloat16)
torch.Tensor()
torch.Tensor(2,3).shape
torch.Tensor([2,3])
torch.Tensor((2,3))
torch.Tensor(torch.Size([2,3])).shape
torch.Tensor(5).shape
torch.Tensor(5.0)
torch.Tensor(2.0,3)
torch.Tensor(-1)
torch.Tensor(torch.tensor(3.))
torch.Tensor(torch.tensor([3.,2]))
torch.Tensor(torch.tensor([3,2]))
torch.Tensor([[1,2],[3,4.5]])
torch.Tensor(np.arange(3))
torch.Tensor(np.arange(3.))
torch.Tensor(np.arange(3,dtype=np.float32))
torch.Tensor(None)
torch.Tensor('a')
torch.Tensor([1,2],dtype=torch.int32)
torch.Tensor([1,2],device='cpu')
torch.Tensor([True])
torch.Tensor(2,3,device='cpu').shape
torch.Tensor([[1,2],[3]])
torch.Tensor(range(3))
torch.Tensor(True)
torch.Tensor(1j)
torch.Tensor(2,'a')
torch.Tensor(np.int64(3)).shape
torch.FloatTensor([1,2])
torch.LongTensor([1,2.5])
torch.LongTensor(3).shape
torch.LongTensor(torch.tensor([1.]))
torch.ByteTensor([1,2])
torch.BoolTensor([1,0])
torch.DoubleTensor(2,3).dtype
torch.HalfTensor([1.])
torch.IntTensor(np.array([1,2],dtype=np.int64))
torch.IntTensor([2**40])
isinstance(torch.ones(2),torch.FloatTensor)
torch.ones(2).type()
torch.FloatTensor.dtype
torch.ones(2).new([1,2])
torch.ones(2,dtype=torch.int32).new(2,3).shape
torch.ones(2).new_tensor([1,2])
torch.ones(2,dtype=torch.int32).new_tensor([1.5,2])
torch.ones(2,dtype=torch.int32).new_tensor(torch.ones(2))
torch.ones(2).new_tensor([1,2],dtype=torch.int32,requires_grad=False)
torch.ones(2).new_tensor(1)
torch.as_tensor([1,2])
torch.as_tensor(a,dtype=torch.float32)
torch.as_tensor(locked)
torch.as_tensor(3)
torch.as_tensor(np.float32(2))
torch.as_tensor(a[::-1])
torch.as_tensor([1],device='meta')
torch.asarray(a,copy=False,dtype=torch.float32)
torch.asarray([1],copy=False)
torch.asarray(5,copy=False)
torch.asarray(bytearray(b'abcd'))
torch.asarray(b'abcd')
torch.asarray(torch.UntypedStorage(0))
torch.asarray(torch.UntypedStorage(0),dtype=torch.uint8)
torch.asarray(memoryview(bytearray(b'abcd')))
torch.asarray(bytearray(b'abcd'),dtype=torch.int32)
torch.asarray(bytearray(b'abcd'),dtype=torch.int64)
torch.asarray(torch.ones(2).untyped_storage(),dtype=torch.int32)
torch.asarray(torch.UntypedStorage(0),dtype=torch.uint8)
torch.asarray(torch.UntypedStorage(6),dtype=torch.int32)[:0]
torch.asarray([1.,2.],dtype=torch.int32)
torch.asarray(np.float32(1))
torch.asarray('abc')
torch.asarray(None)
torch.asarray(a, device='meta')
torch.asarray(a, device='meta', copy=False)
torch.asarray(torch.ones(2,requires_grad=True))
torch.asarray(torch.ones(2,requires_grad=True),requires_grad=False)
torch.asarray(torch.ones(2,requires_grad=True)*2,requires_grad=True)
torch.asarray(torch.ones(2,requires_grad=True),dtype=torch.float64)
torch.asarray(torch.ones(2,requires_grad=True),dtype=torch.float64,requires_grad=True)
torch.asarray(locked)
torch.asarray(a[::-1])
torch.asarray(a,requires_grad=True)
torch.asarray([1],requires_grad=True)
torch.from_numpy(a)
torch.from_numpy(locked)
torch.from_numpy([1])
torch.from_numpy(np.float32(1))
torch.from_numpy(np.array(1.))
torch.from_numpy(a[::-1])
torch.from_numpy(a[::2])
torch.from_numpy(a.astype('>f8'))
torch.from_numpy(np.array(['a']))
torch.from_numpy(np.array([1],dtype=np.longdouble))
torch.from_numpy(np.array([1],dtype=object))
torch.from_numpy(np.array([1],dtype='M8[s]'))
torch.from_numpy(np.array([(1,2)],dtype=[('a','i4'),('b','i4')]))
torch.from_numpy(np.array([(1,2)],dtype=[('a','i4'),('b','i4')])['b'])
torch.from_numpy(np.zeros((2,0,3))).shape
torch.from_numpy(np.broadcast_to(np.arange(3.),(2,3))).stride()
torch.from_numpy(np.arange(3,dtype=np.complex64))
torch.from_numpy(np.frombuffer(b'12345678',dtype=np.uint8)[1:5].view(np.int32))
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32)
torch.frombuffer(b'abcdefgh',dtype=torch.int32)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,count=1,offset=4)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,count=3)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,offset=8)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,offset=-1)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,offset=1)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,offset=1,count=1)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,count=0)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,count=-2)
torch.frombuffer(bytearray(b''),dtype=torch.int32)
torch.frombuffer(bytearray(b'abcdefg'),dtype=torch.int32)
torch.frombuffer([1],dtype=torch.int32)
torch.frombuffer(bytearray(b'abcdefgh'))
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.float32,requires_grad=True)
torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,requires_grad=True)
torch.ones(2,requires_grad=True).numpy()
torch.ones(2,requires_grad=True).numpy(force=True)
torch.ones(2,dtype=torch.bfloat16).numpy()
torch.ones(2,dtype=torch.bfloat16).numpy(force=True)
torch.ones(2,device='meta').numpy()
torch.ones(2,device='meta').numpy(force=True)
torch.ones(2,device='meta').tolist()
torch.ones(2,device='meta').item()
torch.ones(1,device='meta').item()
torch.ones(2).item()
torch.ones(0).item()
float(torch.ones(2))
int(torch.tensor(float('nan')))
int(torch.tensor(1e30))
float(torch.tensor(1j))
bool(torch.ones(2))
bool(torch.ones(0))
complex(torch.tensor(1.))
int(torch.tensor(1.9))
torch.tensor(3).__index__()
torch.tensor(3.).__index__()
torch.tensor([3]).__index__()
torch.tensor([3,4]).__index__()
torch.tensor(True).__index__()
np.asarray(torch.ones(2,requires_grad=True))
torch.ones(2,device='meta').__dlpack_device__()
torch.ones(2).__dlpack__(stream=1)
torch.ones(2).__dlpack__(stream='a')
torch.from_dlpack(a)
torch.from_dlpack(locked)
torch.from_dlpack([1])
torch.from_dlpack(a, device='cpu')
""".strip().split("\n")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_as_the_reference(both: Any, expression: str) -> None:
    both(f"{PREPARE}\nresult = {expression}")


def test_shared_memory(both: Any) -> None:
    both(PREPARE + "t = torch.as_tensor(a); t[0] = 7; a[1] = 8; result = (t, a)")
    both(PREPARE + "t = torch.asarray(a); t[0] = 7; c = torch.asarray(a, copy=True); a[1] = 8; result = (t, c)")
    both(
        PREPARE
        + "result = (torch.as_tensor(f) is f, torch.asarray(f) is f, torch.as_tensor(f, dtype=torch.float64) is f)"
    )
    both(PREPARE + "n = f.numpy(); n[0] = 5; f[1] = 6; result = (n, f)")
    both(PREPARE + "n = f[1:].view(2, 1).expand(2, 3).numpy(); f[1] = 6; result = (n, n.strides)")
    both(PREPARE + "b = bytearray(8); t = torch.frombuffer(b, dtype=torch.int16); t[1] = 258; result = bytes(b)")
    both(
        PREPARE
        + "s = np.from_dlpack(f); s_ = torch.from_dlpack(a); s_[0] = 9; result = (s, a, f.__dlpack_device__() == (1, 0))"
    )
    both(PREPARE + "c = f.t().__dlpack__(); g = torch.from_dlpack(c); g[0] = 4; result = f")
    both(PREPARE + "c = f.__dlpack__(); torch.from_dlpack(c); torch.from_dlpack(c)")
    both(PREPARE + "m = torch.arange(6.).view(2, 3); result = np.from_dlpack(m.t())")


def test_lists_that_change_while_they_are_read() -> None:
    class Evil:
        def __init__(self, victim: list) -> None:
            self.victim = victim

        def __float__(self) -> float:
            self.victim.clear()
            return 1.0

    for make in (lambda v: v, lambda v: [v]):
        victim: list = []
        victim.extend([Evil(victim), *range(1000)])
        with pytest.raises((RuntimeError, ValueError)):
            torch.tensor(make(victim), dtype=torch.float32)


def test_read_only_memory_stays_as_it_is() -> None:
    if not is_ours():
        pytest.skip("PyTorch writes into read-only memory")
    import numpy as np

    array = np.arange(4.0)
    array.flags.writeable = False
    t = torch.asarray(array)
    for write in (
        lambda: t.add_(1),
        lambda: t.__setitem__(0, 5.0),
        lambda: t.fill_(1),
        lambda: t[1:].copy_(t[:-1].clone()),
    ):
        with pytest.raises(RuntimeError, match="read-only"):
            write()
    with pytest.raises(RuntimeError, match="read-only"):
        torch.frombuffer(b"12345678", dtype=torch.uint8)[0] = 1
    assert array.tolist() == [0, 1, 2, 3] and not t.numpy().flags.writeable


def test_lifetimes() -> None:
    import numpy as np

    t = torch.from_numpy(np.full(1000, 7.0))
    n = torch.full((1000,), 3.0).numpy()
    d = np.from_dlpack(torch.full((1000,), 4.0))
    f = torch.frombuffer(bytearray(b"\x01" * 1000), dtype=torch.uint8)
    junk = [np.zeros(1000) for _ in range(50)]
    gc.collect()
    assert t.sum().item() == 7000 and n.sum() == 3000 and d.sum() == 4000 and f.sum().item() == 1000 and junk
    array = np.zeros(3)
    before = sys.getrefcount(array)
    view = torch.from_numpy(array)[1:]
    assert sys.getrefcount(array) > before
    del view
    assert sys.getrefcount(array) == before


def test_memory_that_others_see_does_not_move() -> None:
    x = torch.zeros(4)
    n = x.numpy()
    with pytest.raises(RuntimeError, match="resizable"):
        x.resize_(100000)
    n[0] = 3
    assert x[0].item() == 3
    if is_ours():  # PyTorch never lets go again
        del n
        assert x.resize_(100000).shape == (100000,)
    b = bytearray(8)
    t = torch.frombuffer(b, dtype=torch.uint8)
    if is_ours():
        with pytest.raises(BufferError):
            b.extend(b"more")
    assert t.shape == (8,)
