"""8-bit floats: storage, exact conversions, and the refusal of arithmetic; dtypes of which only the bytes are known."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch

FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
STORED = (*FLOAT8, "float4_e2m1fn_x2")
OPAQUE = (
    *("qint8", "quint8", "qint32", "quint4x2", "quint2x4", "bits1x8", "bits2x4", "bits4x2", "bits8", "bits16"),
    *(f"{sign}int{bits}" for sign in ("u", "") for bits in range(1, 8)),
)

pytestmark = pytest.mark.core


@pytest.mark.parametrize("target", ["float32", "float64", "float16", "bfloat16", "int32", "int64", "bool", "complex64"])
@pytest.mark.parametrize("name", FLOAT8)
def test_every_value_is_read_as_by_the_reference(both: Any, name: str, target: str) -> None:
    finite = "" if target not in ("int32", "int64") else "\nx = x[x.float().abs() < 2 ** 31]"
    both(f"x = torch.arange(256).to(torch.uint8).view(torch.{name}){finite}\nresult = x.to(torch.{target})")


# The border cases of rounding from float32: every value of the format, the middle between neighbours, and the floats
# next to those; the same around the largest number, and denormals, infinities and NaNs.
BORDERS = """
v = torch.arange(256).to(torch.uint8).view(torch.{name}).float()
v = v[v.isfinite()].double().sort(stable=True).values
mid = (v[1:] + v[:-1]) / 2
top = v.abs().max()
edge = torch.stack([top * (1 + k / 64) for k in range(65)])
x = torch.cat([v, mid, edge, -edge, edge / 2 ** 20]).float()
bits = x.view(torch.int32)
x = torch.cat([x, (bits + 1).view(torch.float32), (bits - 1).view(torch.float32)])
special = [0.0, -0.0, float('inf'), -float('inf'), float('nan'), 1e-45, -1e-45, 1e-40, 3.4028235e38, -3.4028235e38]
x = torch.cat([x, -x, torch.tensor(special)])
"""


@pytest.mark.parametrize("name", FLOAT8)
def test_rounding_at_every_border(both: Any, name: str) -> None:
    both(BORDERS.format(name=name) + f"result = x.to(torch.{name}).view(torch.uint8)")
    both(BORDERS.format(name=name) + f"result = x.double().to(torch.{name}).view(torch.uint8)")


@pytest.mark.parametrize("source", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", FLOAT8)
def test_all_16_bit_floats(both: Any, name: str, source: str) -> None:
    make = f"x = torch.arange(-32768, 32768).to(torch.int16).view(torch.{source})"
    both(f"{make}\nresult = x.to(torch.{name}).view(torch.uint8)")


@pytest.mark.parametrize("name", FLOAT8)
def test_random_bits_and_other_sources(both: Any, name: str) -> None:
    to = f".to(torch.{name}).view(torch.uint8)"
    both(
        f"torch.manual_seed(5); x = torch.randint(-2**31, 2**31 - 1, (200000,)).int().view(torch.float32)\nresult = x{to}"
    )
    both(f"torch.manual_seed(6); result = (torch.randn(10000, dtype=torch.float64) * 100){to}")
    both(f"result = [torch.arange(-600, 600){to}, torch.tensor([True, False]){to}, torch.tensor([2 + 3j, -1]){to}]")
    every = f"torch.arange(256).to(torch.uint8).view(torch.{name})"
    both(f"result = {every}.to(torch.float8_e5m2).view(torch.uint8)")


@pytest.mark.parametrize("name", FLOAT8)
def test_strided_and_long_conversions_agree_with_short_ones(name: str) -> None:
    dtype = getattr(torch, name)
    x = torch.randn(64, 2050)
    whole = x.to(dtype)
    assert torch.equal(whole.view(torch.uint8), torch.stack([row.to(dtype).view(torch.uint8) for row in x]))
    assert torch.equal(x.t().to(dtype).view(torch.uint8), whole.view(torch.uint8).t())
    assert torch.equal(x[:, ::2].to(dtype).view(torch.uint8), whole.view(torch.uint8)[:, ::2])
    assert torch.equal(whole.t().float(), whole.float().t())


SNIPPETS = {
    "facts": "d = torch.{name}; result = [d.is_floating_point, d.is_complex, d.is_signed, d.itemsize, str(d)]",
    "finfo": "f = torch.finfo(torch.{name}); result = [f.bits, f.eps, f.max, f.min, f.tiny, f.smallest_normal, f.resolution, f.dtype, repr(f)]",
    "no complex": "torch.{name}.to_complex()",
    "zeros": "result = torch.zeros(3, dtype=torch.{name}).view(torch.uint8)",
    "ones": "result = torch.ones(3, dtype=torch.{name}).view(torch.uint8)",
    "full": "result = [torch.full((2,), v, dtype=torch.{name}).view(torch.uint8) for v in (1.3, -7, True, float('nan'))]",
    "full beyond": "torch.full((2,), 1e39, dtype=torch.{name})",
    "fill one beyond": "result = torch.full((1,), 1e39, dtype=torch.{name}).view(torch.uint8)",
    "full complex": "torch.full((2,), 1j, dtype=torch.{name})",
    "tensor": "result = torch.tensor([[1, 2.7], [-0.3, 500]], dtype=torch.{name}).view(torch.uint8)",
    "eye": "result = torch.eye(3, dtype=torch.{name}).view(torch.uint8)",
    "repr": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = [repr(x), repr(x.repeat(2, 1)), repr(x[0]), repr(x[:0])]",
    "numbers": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = [x.tolist(), x[0].item(), float(x[1]), int(x[1]), bool(x[0])]",
    "numpy": "torch.ones(2).to(torch.{name}).numpy()",
    "add": "x = torch.ones(2).to(torch.{name}); x + x",
    "add number": "x = torch.ones(2).to(torch.{name}); x + 1",
    "add float": "x = torch.ones(2).to(torch.{name}); x + torch.ones(2)",
    "add to float": "x = torch.ones(2).to(torch.{name}); torch.ones(2).add_(x)",
    "neg": "-torch.ones(2).to(torch.{name})",
    "exp": "torch.ones(2).to(torch.{name}).exp()",
    "less": "x = torch.ones(2).to(torch.{name}); x < x",
    "sum": "torch.ones(2).to(torch.{name}).sum()",
    "sum as float": "result = torch.tensor([1, 2, 0.5]).to(torch.{name}).sum(dtype=torch.float32)",
    "max": "torch.ones(2).to(torch.{name}).max()",
    "sort": "torch.ones(2).to(torch.{name}).sort()",
    "relu": "torch.ones(2).to(torch.{name}).relu()",
    "cumsum": "torch.ones(2).to(torch.{name}).cumsum(0)",
    "mean": "torch.ones(2).to(torch.{name}).mean()",
    "fft": "torch.fft.fft(torch.ones(4).to(torch.{name}))",
    "real fft": "torch.fft.irfft(torch.ones(4).to(torch.{name}))",
    "rand": "torch.rand(2, dtype=torch.{name})",
    "randn": "torch.randn(2, dtype=torch.{name})",
    "arange": "torch.arange(2, dtype=torch.{name})",
    "linspace": "torch.linspace(0, 1, 3, dtype=torch.{name})",
    "mul": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = (x * x).view(torch.uint8)",
    "eq": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = [x == x, x != x.roll(1), torch.equal(x, x.clone())]",
    "isnan": "result = torch.tensor([1, float('nan')]).to(torch.{name}).isnan()",
    "any": "result = torch.tensor([1, 2, 0.5]).to(torch.{name}).any()",
    "where": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = torch.where(torch.tensor([True, False, True]), x, x.roll(1)).view(torch.uint8)",
    "cat": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = [torch.cat([x, x]).view(torch.uint8), torch.stack([x, x]).view(torch.uint8)]",
    "cat mixed": "x = torch.ones(2).to(torch.{name}); torch.cat([x, torch.ones(2)])",
    "index": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); i = torch.tensor([2, 0]); result = [x[i].view(torch.uint8), x[x.float() > 0.7].view(torch.uint8), x.index_select(0, i).view(torch.uint8)]",
    "write": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); x[0] = 3.0; x[1:] = torch.tensor([4, 8.0]); result = x.view(torch.uint8)",
    "fill": "x = torch.ones(2, 3).to(torch.{name}); x.t()[1].fill_(3.3); x[0].zero_(); result = x.view(torch.uint8)",
    "movement": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = [x.expand(2, 3).t().contiguous().view(torch.uint8), x.clone().view(torch.uint8), x.roll(1).view(torch.uint8), x.repeat_interleave(2).view(torch.uint8)]",
    "bytes": "result = [torch.arange(4, dtype=torch.uint8).view(torch.{name}).view(torch.uint8), torch.zeros(8, dtype=torch.{name}).view(torch.float32)]",
    "copy": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = torch.zeros(3).copy_(x)",
    "out": "o = torch.empty(3, dtype=torch.{name}); torch.add(torch.ones(3), 0.6, out=o); result = o.view(torch.uint8)",
    "gradient through": "x = torch.ones(3, requires_grad=True); x.to(torch.{name}).float().sum().backward(); result = x.grad",
    "gradient of": "x = torch.ones(3).to(torch.{name}).requires_grad_(); (x.float() * 3).sum().backward(); result = [str(x.grad.dtype), x.grad.float()]",
    "promotion": "torch.promote_types(torch.{name}, torch.float32)",
    "promotion of bool": "torch.promote_types(torch.bool, torch.{name})",
    "result type": "result = str(torch.result_type(torch.ones(2).to(torch.{name}), 1.0))",
    "can cast": "result = [torch.can_cast(torch.{name}, torch.float32), torch.can_cast(torch.float32, torch.{name}), torch.can_cast(torch.{name}, torch.int8), torch.can_cast(torch.int8, torch.{name})]",
    "meta": "x = torch.empty(2, 3, dtype=torch.{name}, device='meta'); result = [list(x.shape), str(x.t().dtype)]",
    "like": "x = torch.ones(2).to(torch.{name}); result = [str(torch.zeros_like(x).dtype), str(x.new_zeros(3).dtype), torch.ones_like(x).float()]",
    "type name": "result = torch.ones(2).to(torch.{name}).type()",
    "frombuffer": "result = torch.frombuffer(bytearray(b'abcd'), dtype=torch.{name}).view(torch.uint8)",
    "deepcopy": "import copy; x = torch.tensor([1, 2, 0.5]).to(torch.{name}); result = copy.deepcopy(x).view(torch.uint8)",
    "embedding": "x = torch.tensor([[1, 2, 0.5]]).to(torch.{name}); result = torch.nn.functional.embedding(torch.tensor([0, 0]), x).view(torch.uint8)",
    "assert_close": "x = torch.tensor([1, 2, 0.5]).to(torch.{name}); torch.testing.assert_close(x, x.clone())",
    "default": "torch.set_default_dtype(torch.{name})",
    "iteration": "result = [len(torch.ones(3).to(torch.{name}).split(1)), len(list(torch.ones(3).to(torch.{name})))]",
    "typed storage": "s = torch.tensor([1, 2, 0.5]).to(torch.{name}).storage(); result = [s.tolist(), str(s.dtype), len(s)]",
}  # fmt: skip


@pytest.mark.parametrize("name", FLOAT8)
@pytest.mark.parametrize("case", SNIPPETS)
def test_behaves_as_the_reference(both: Any, case: str, name: str) -> None:
    both(SNIPPETS[case].replace("{name}", name))


OPAQUE_SNIPPETS = {
    "facts": "d = torch.{name}; result = [d.is_floating_point, d.is_complex, d.itemsize, str(d)]",
    "signed": "result = torch.{name}.is_signed",
}


@pytest.mark.parametrize("name", (*OPAQUE, "float4_e2m1fn_x2", "complex32"))
@pytest.mark.parametrize("case", OPAQUE_SNIPPETS)
def test_opaque_dtype_objects(both: Any, case: str, name: str) -> None:
    both(OPAQUE_SNIPPETS[case].replace("{name}", name))


def test_complex32_is_a_name_with_bytes(both: Any) -> None:
    both("d = torch.complex32; result = [d is torch.chalf, str(d.to_real()), str(d.to_complex()), torch.finfo(d).bits]")
    both("result = [torch.can_cast(torch.complex32, torch.float32), torch.can_cast(torch.float32, torch.complex32)]")
    both("result = torch.arange(8, dtype=torch.uint8).view(torch.complex32).clone().view(torch.uint8)")
    with pytest.raises((NotImplementedError, RuntimeError)):
        torch.zeros(2, dtype=torch.complex32) + 1


FLOAT4 = {
    "bytes": "result = x.view(torch.uint8)",
    "clone": "result = x.clone().view(torch.uint8)",
    "layout": "result = x.expand(2, 5).t().contiguous().view(torch.uint8)",
    "cat": "result = torch.cat([x, x]).view(torch.uint8)",
    "zeros": "result = [torch.zeros(3, dtype=x.dtype).view(torch.uint8), x.clone().zero_().view(torch.uint8)]",
    "repr": "result = [repr(x), repr(x.view(1, 5))]",
    "eq": "result = x == x",
    "float": "x.float()",
    "from float": "torch.ones(2).to(x.dtype)",
    "to uint8": "x.to(torch.uint8)",
    "item": "x[1].item()",
    "tensor": "torch.tensor([1.0], dtype=x.dtype)",
    "full": "torch.full((2,), 1.0, dtype=x.dtype)",
    "add": "x + x",
    "numpy": "x.numpy()",
    "finfo": "torch.finfo(x.dtype).eps",
    "frombuffer": "result = torch.frombuffer(bytearray(b'abc'), dtype=x.dtype).view(torch.uint8)",
    "sizes": "result = [x.numel(), x.itemsize, x.nbytes]",
}


@pytest.mark.parametrize("case", FLOAT4)
def test_float4_is_bytes(both: Any, case: str) -> None:
    both("x = torch.arange(5, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)\n" + FLOAT4[case])


@pytest.mark.parametrize("name", (*STORED, "bits8", "bits16", "uint4", "int4", "qint32"))
def test_memory_of_every_stored_dtype(name: str) -> None:
    dtype = getattr(torch, name)
    raw = torch.arange(24, dtype=torch.uint8)
    x = raw.view(dtype)
    assert torch.equal(x.clone().view(torch.uint8), raw)
    assert torch.equal(copy.deepcopy(x).view(torch.uint8), raw)
    assert torch.equal(torch.cat([x, x[:0]]).view(torch.uint8), raw)
    assert torch.equal(torch.stack([x, x])[1].view(torch.uint8), raw)
    assert x.to(dtype) is x and not torch.zeros(3, dtype=dtype).view(torch.uint8).any()
    file = io.BytesIO()
    torch.save({"x": x, "part": x[2:4]}, file)
    loaded = torch.load(io.BytesIO(file.getvalue()))
    assert loaded["x"].dtype == dtype and torch.equal(loaded["x"].view(torch.uint8), raw)
    assert loaded["part"].untyped_storage()._cdata == loaded["x"].untyped_storage()._cdata


@pytest.mark.parametrize("name", STORED)
def test_files_are_exchanged(both: Any, oracle: Any, name: str) -> None:
    make = f"import io; x = torch.arange(64, dtype=torch.uint8).view(torch.{name})[3:40:2]"
    read = "x = torch.load(io.BytesIO(data)); result = [str(x.dtype), list(x.shape), x.stride(0), x.contiguous().view(torch.uint8)]"
    answer = oracle.run(f"{make}; f = io.BytesIO(); torch.save(x, f); result = f.getvalue()")
    assert answer[0] == "ok", answer
    both("import io\n" + read, data=answer[1][1])
    file = io.BytesIO()
    torch.save(torch.arange(64, dtype=torch.uint8).view(getattr(torch, name))[3:40:2], file)
    both("import io\n" + read, data=file.getvalue())


@pytest.mark.parametrize("name", FLOAT8)
def test_pickle_and_dlpack(name: str) -> None:
    import pickle

    x = torch.arange(8, dtype=torch.uint8).view(getattr(torch, name))
    assert torch.equal(x, x)
    for back in (pickle.loads(pickle.dumps(x)), torch.from_dlpack(x)):
        assert back.dtype == x.dtype and torch.equal(back.view(torch.uint8), x.view(torch.uint8))
    sizes = torch.tensor([1.0, 2.0]).to(x.dtype)
    assert torch.equal(sizes, sizes.clone()) and not torch.equal(sizes, sizes.roll(1))
