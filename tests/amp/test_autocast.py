"""Autocast on the CPU against the oracle: each listed op by the dtype of its operands, regions, gradients, functions."""

from __future__ import annotations

import threading
import warnings

import pytest
import torch

# An expression for every op that PyTorch's autocast knows on the CPU and that is here. `a`, `b`, `c` are 4 x 4 matrices of
# the dtype under test, `spd` is positive definite; F, la and fft are the namespaces.
LOWER = {
    "addbmm": "torch.addbmm(a, b[None], c[None])",
    "addmm": "torch.addmm(a, b, c)",
    "baddbmm": "torch.baddbmm(a[None], b[None], c[None])",
    "bmm": "torch.bmm(a[None], b[None])",
    "conv1d": "F.conv1d(a[None], b[..., None], c[0])",
    "conv1d.padding": "F.conv1d(a[None], b[..., None], padding='same')",
    "conv2d": "F.conv2d(a[None, None], b[None, None, :2, :2])",
    "conv2d.padding": "F.conv2d(a[None, None], b[None, None, :3, :3], padding='same')",
    "conv3d": "F.conv3d(a[None, None, None], b[None, None, None, :2, :2])",
    "conv3d.padding": "F.conv3d(a[None, None, None], b[None, None, None, :1, :1], padding='valid')",
    "conv_tbc": "torch.conv_tbc(a[None], b[None], c[0])",
    "conv_transpose1d": "F.conv_transpose1d(a[None], b[..., None])",
    "conv_transpose2d": "F.conv_transpose2d(a[None, None], b[None, None, :2, :2])",
    "conv_transpose3d": "F.conv_transpose3d(a[None, None, None], b[None, None, None, :2, :2])",
    "einsum": "torch.einsum('ij,kj->ik', a, b)",
    "linear": "F.linear(a, b, c[0])",
    "matmul": "a @ b[0]",
    "method": "a.matmul(b)",
    "mm": "torch.mm(a, b)",
    "boxed": "torch.ops.aten.mm.default(a, b)",
    "multi_dot": "la.multi_dot([a, b, c])",
    "prelu": "F.prelu(a - 1, b[0])",
    "scaled_dot_product_attention": "F.scaled_dot_product_attention(a[None], b[None], c[None])",
    "tensordot": "torch.tensordot(a, b, 1)",
    "vecdot": "la.vecdot(a, b)",
}
FLOAT32 = {
    "adaptive_avg_pool3d": "F.adaptive_avg_pool3d(a[None, None], 2)",
    "adaptive_max_pool3d": "F.adaptive_max_pool3d(a[None, None], (1, 2, 2))",
    "avg_pool3d": "F.avg_pool3d(a[None, None], (1, 2, 2))",
    "binary_cross_entropy": "F.binary_cross_entropy(a.sigmoid(), b.sigmoid())",
    "binary_cross_entropy_with_logits": "F.binary_cross_entropy_with_logits(a, b.sigmoid())",
    "cdist": "torch.cdist(a, b)",
    "cholesky": "torch.linalg.cholesky(spd)",
    "cholesky_ex": "la.cholesky_ex(spd)",
    "cholesky_inverse": "torch.cholesky_inverse(spd.tril())",
    "cholesky_solve": "torch.cholesky_solve(b, spd.tril())",
    "cond": "la.cond(spd)",
    "cond.p_str": "la.cond(spd, 'fro')",
    "cosine_embedding_loss": "F.cosine_embedding_loss(a, b, torch.ones(4))",
    "cross_entropy": "F.cross_entropy(a, labels)",
    "ctc_loss": "F.ctc_loss(a[:, None] - 2, labels[None, :2] * 0 + 1, (4,), (2,))",
    "eig": "la.eig(spd)[0].abs()",
    "eigh": "la.eigh(spd)[0]",
    "eigvals": "la.eigvals(spd).abs()",
    "eigvalsh": "la.eigvalsh(spd)",
    "fft": "fft.fft(a)",
    "fft2": "fft.fft2(a)",
    "fftn": "fft.fftn(a)",
    "fractional_max_pool2d": "F.fractional_max_pool2d(a[None, None], 2, (2, 2), _random_samples=torch.full((1, 1, 2), 0.5))",
    "fractional_max_pool3d": "F.fractional_max_pool3d(a[None, None, None].expand(1, 1, 4, 4, 4), 2, (2, 2, 2), "
    "_random_samples=torch.full((1, 1, 3), 0.5))",
    "geqrf": "torch.geqrf(spd)",
    "grid_sampler": "torch.grid_sampler(a[None, None], b.view(1, 4, 2, 2), 0, 0, False)",
    "grid_sampler_2d": "F.grid_sample(a[None, None], b.view(1, 4, 2, 2), align_corners=False)",
    "hfft": "fft.hfft(a)",
    "hinge_embedding_loss": "F.hinge_embedding_loss(a, torch.ones(4))",
    "householder_product": "la.householder_product(spd, a[0])",
    "huber_loss": "F.huber_loss(a, b)",
    "ifft": "fft.ifft(a)",
    "ifft2": "fft.ifft2(a)",
    "ifftn": "fft.ifftn(a)",
    "ihfft": "fft.ihfft(a)",
    "inv": "la.inv(spd)",
    "inv_ex": "la.inv_ex(spd)",
    "inverse": "torch.inverse(spd)",
    "irfft": "fft.irfft(a)",
    "irfft2": "fft.irfft2(a)",
    "irfftn": "fft.irfftn(a)",
    "kl_div": "F.kl_div(a, b + 2, reduction='batchmean')",
    "l1_loss": "F.l1_loss(a, b)",
    "lstsq": "la.lstsq(spd, b).solution",
    "margin_ranking_loss": "F.margin_ranking_loss(a[0], b[0], torch.ones(4))",
    "matrix_rank": "la.matrix_rank(spd)",
    "max_pool3d": "F.max_pool3d(a[None, None], (1, 2, 2))",
    "max_unpool2d": "F.max_unpool2d(a[None, None], torch.arange(16).view(1, 1, 4, 4), 1, 1)",
    "max_unpool3d": "F.max_unpool3d(a[None, None, None], torch.arange(16).view(1, 1, 1, 4, 4), 1, 1)",
    "mse_loss": "F.mse_loss(a, b)",
    "multi_margin_loss": "F.multi_margin_loss(a, labels)",
    "multilabel_margin_loss": "F.multilabel_margin_loss(a, labels[None].expand(4, 4))",
    "nanquantile": "torch.nanquantile(a, 0.5)",
    "nll_loss": "F.nll_loss(a, labels)",
    "nll_loss2d": "F.nll_loss(a[None, :, :, None], labels[None, :, None])",
    "orgqr": "torch.orgqr(spd, a[0])",
    "ormqr": "torch.ormqr(spd, a[0], b)",
    "pinverse": "torch.pinverse(spd)",
    "poisson_nll_loss": "F.poisson_nll_loss(a, b)",
    "polar": "torch.polar(a, b)",
    "prod": "a.prod()",
    "prod.dim": "a.prod(1)",
    "qr": "la.qr(spd)[1].abs()",
    "quantile": "torch.quantile(a, 0.5)",
    "quantile.tensor": "torch.quantile(a, b[0, :2].sigmoid(), 1)",
    "reflection_pad1d": "F.pad(a[None], (1, 1), mode='reflect')",
    "reflection_pad2d": "F.pad(a[None], (1, 1, 1, 1), mode='reflect')",
    "replication_pad1d": "F.pad(a[None], (1, 1), mode='replicate')",
    "replication_pad2d": "F.pad(a[None], (1, 1, 1, 1), mode='replicate')",
    "replication_pad3d": "F.pad(a[None, None], (1, 1, 1, 1, 0, 0), mode='replicate')",
    "rfft": "fft.rfft(a)",
    "rfft2": "fft.rfft2(a)",
    "rfftn": "fft.rfftn(a)",
    "smooth_l1_loss": "F.smooth_l1_loss(a, b)",
    "soft_margin_loss": "F.soft_margin_loss(a, b)",
    "solve": "la.solve(spd, b)",
    "stft": "torch.stft(a, 4, return_complex=True, window=torch.ones(4))",
    "svd": "la.svd(spd)[1]",
    "svdvals": "la.svdvals(spd)",
    "tensorinv": "la.tensorinv(spd.view(4, 2, 2), 1)",
    "tensorsolve": "la.tensorsolve(spd, b[0])",
    "torch.cholesky": "torch.cholesky(spd)",
    "torch.qr": "torch.qr(spd)[1].abs()",
    "torch.svd": "torch.svd(spd)[1]",
    "trace": "torch.trace(a)",
    "triangular_solve": "torch.triangular_solve(b, spd)[0]",
    "triplet_margin_loss": "F.triplet_margin_loss(a, b, c)",
    "view_as_complex": "torch.view_as_complex(a.view(4, 2, 2))",
}
PROMOTE = {
    "cat": "torch.cat([a, b])",
    "cat with float32": "torch.cat([a, b.float()])",
    "cat with the region's": "torch.cat([a, b.to(low)])",
    "cat with integers": "torch.cat([a, b.int()])",
    "index_copy": "torch.index_copy(a, 0, labels, b)",
    "stack": "torch.stack([a, b])",
    "stack with float32": "torch.stack([a, b.float()])",
}
# Ops that compute in what they are given, or do so in parts.
AS_IS = {
    "addmv": "torch.addmv(c[0], a, b[0])",
    "addr": "torch.addr(c, a[0], b[0])",
    "batch_norm": "F.batch_norm(a, None, None, training=True)",
    "chain_matmul": "la.multi_dot([a, b, c])",
    "corrcoef": "torch.corrcoef(spd)",
    "cosine_similarity": "F.cosine_similarity(a, b)",
    "cov": "torch.cov(a)",
    "embedding": "F.embedding(labels, a)",
    "inner": "torch.inner(a, b)",
    "interpolate": "F.interpolate(a[None], 8, mode='linear')",
    "kron": "torch.kron(a, b)",
    "lu": "la.lu(spd.float())[2]",
    "lu_solve": "torch.lu_solve(b.float(), *la.lu_factor(spd.float()))",
    "matrix_exp": "torch.matrix_exp(a.float())",
    "matrix_norm": "la.matrix_norm(spd.float(), 2)",
    "matrix_power": "la.matrix_power(a, 3)",
    "multilabel_soft_margin_loss": "F.multilabel_soft_margin_loss(a.float(), b.float())",
    "nuclear_norm": "la.matrix_norm(spd.float(), 'nuc')",
    "slogdet": "la.slogdet(spd.float())[1]",
    "solve_triangular": "la.solve_triangular(spd.float(), b.float(), upper=True)",
    "unfold": "F.unfold(a[None, None], 2)",
    "add": "a + b",
    "addmm_": "a.clone().addmm_(b, c)",
    "bilinear": "F.bilinear(a, b, c[None].expand(4, 4, 4))",
    "circular": "F.pad(a[None], (1, 1), mode='circular')",
    "complex": "torch.mm(torch.complex(a.float(), b.float()), torch.complex(a.float(), b.float()))",
    "constant_pad": "F.pad(a, (1, 1))",
    "dot": "torch.dot(a[0], b[0])",
    "integers": "torch.mm(labels[None], labels[:, None])",
    "layer_norm": "F.layer_norm(a, (4,))",
    "mm out": "torch.mm(a, b, out=torch.empty_like(a))",
    "mv": "torch.mv(a, b[0])",
    "norm": "la.norm(a)",
    "outer": "torch.outer(a[0], b[0])",
    "softmax": "torch.softmax(a, 1)",
    "sum": "a.sum(1)",
}

EVERY = """
import torch.nn.functional as F, torch.linalg as la, torch.fft as fft
# exact in every dtype
values = [(torch.arange(16.0) * k % 7 - 3).view(4, 4) / 4 for k in (3, 5, 11)]
labels = torch.tensor([0, 2, 1, 3])
def one(dtype):
    a, b, c = (v.to(dtype) for v in values)
    spd = (values[0] + values[0].T + 4 * torch.eye(4)).to(dtype)
    with torch.autocast("cpu", dtype=low):
        try:
            return EXPRESSION
        except Exception as error:
            return "raises"
result = [one(dtype) for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64)]
"""


@pytest.mark.parametrize("low", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", [*LOWER, *FLOAT32, *PROMOTE, *AS_IS])
def test_every_listed_op(both, name, low) -> None:
    expression = {**LOWER, **FLOAT32, **PROMOTE, **AS_IS}[name]
    code = EVERY.replace("EXPRESSION", expression).replace("dtype=low", f"dtype=torch.{low}")
    both(f"low = torch.{low}\n" + code, strides=False, scale=4)


def test_the_lists_here_are_complete(oracle) -> None:
    """Each op that the oracle's autocast knows and that is here has its column in the schema."""
    request = {"code": "result = torch._C._dispatch_get_registrations_for_dispatch_key('AutocastCPU')", "names": {}}
    kind, answer, *_ = oracle.ask([request])[0]
    assert kind == "ok"
    listed = {name[1].split("::")[1].split(".")[0] for name in answer[1]}
    here = {op["base"] for op in torch._C._op_table()}
    casts = {op["base"] for op in torch._C._op_table() if op["cast"]}
    # Ours splits these otherwise: pad takes the modes itself, nll_loss_nd is what F.nll_loss calls.
    assert (listed & here) - casts == set()


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"])
def test_recurrent_modules(both, kind) -> None:
    both(
        f"""
torch.manual_seed(0)
m, x = torch.nn.{kind}(4, 4), torch.linspace(0, 1, 12).view(3, 4)
with torch.autocast("cpu"):
    out = m(x)
flat = [t for o in (out if isinstance(out, tuple) else (out,)) for t in (o if isinstance(o, tuple) else (o,))]
result = [(t.dtype, t.float()) for t in flat]
""",
        strides=False,
        scale=4000,  # float32 numbers computed from products in bfloat16
    )


MODEL = """
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.LayerNorm(8), torch.nn.GELU(), torch.nn.Linear(8, 3))
x, y = torch.linspace(-1, 1, 24).view(4, 6), torch.tensor([0, 1, 2, 0])
with torch.autocast("cpu", dtype=torch.DTYPE):
    out = model(x)
    loss = torch.nn.functional.cross_entropy(out, y)
loss.backward()
result = [out, loss.detach().to(torch.DTYPE), loss.dtype, *(p.grad.to(torch.DTYPE) for p in model.parameters()),
          *(p.grad.dtype for p in model.parameters())]
"""


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_training_step(both, dtype) -> None:
    both(MODEL.replace("DTYPE", dtype), strides=False, scale=4)


def test_region_and_state() -> None:
    x = torch.ones(2, 2)
    assert not torch.is_autocast_enabled("cpu")
    with torch.autocast("cpu") as region:
        assert region.fast_dtype is torch.bfloat16 and region.device == "cpu"
        assert torch.is_autocast_enabled("cpu") and (x @ x).dtype is torch.bfloat16
        with torch.autocast("cpu", enabled=False):
            assert not torch.is_autocast_enabled("cpu") and (x @ x).dtype is torch.float32
        with torch.autocast("cpu", torch.float16):
            assert (x @ x).dtype is torch.float16 and torch.get_autocast_dtype("cpu") is torch.float16
        assert (x @ x).dtype is torch.bfloat16 and torch.get_autocast_dtype("cpu") is torch.bfloat16
    assert (x @ x).dtype is torch.float32


def test_state_functions(both) -> None:
    both(
        """
import warnings
warnings.simplefilter("ignore")
result = [torch.is_autocast_enabled(), torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"),
          torch.get_autocast_dtype("cuda"), torch.get_autocast_dtype("xla"), torch.is_autocast_cache_enabled(),
          torch.get_autocast_gpu_dtype(), torch.get_autocast_cpu_dtype(), torch.is_autocast_cpu_enabled(),
          torch.amp.is_autocast_available("cpu"), torch.amp.is_autocast_available("meta"),
          torch.amp.is_autocast_available("cuda")]
torch.set_autocast_enabled("cuda", True); result.append(torch.is_autocast_enabled())
torch.set_autocast_enabled(False); result.append(torch.is_autocast_enabled("cuda"))
torch.set_autocast_dtype("cpu", torch.float16); result.append(torch.get_autocast_dtype("cpu"))
torch.set_autocast_dtype("cpu", torch.bfloat16)
torch.set_autocast_enabled("cpu", True)
result.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
torch.set_autocast_enabled("cpu", False)
result += [torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()]
"""
    )


@pytest.mark.parametrize(
    "code",
    [
        "torch.autocast(3)",
        "torch.autocast('nothing')",
        "torch.autocast('meta')",
        "torch.is_autocast_enabled('nothing')",
        "torch.get_autocast_dtype('meta')",
        "torch.amp.custom_fwd(lambda ctx: ctx)",
        "torch.amp.custom_fwd(lambda ctx: ctx, device_type=3)",
        "torch.autocast()",
    ],
)
def test_wrong_calls(both, code) -> None:
    assert both(f"result = {code}")[0] == "error"


def test_unsupported_regions_warn_and_do_nothing() -> None:
    x = torch.ones(2, 2)
    for arguments in (("cuda",), ("cpu", torch.float32), ("cpu", torch.float64)):
        with pytest.warns(UserWarning, match="Disabling"), torch.autocast(*arguments):
            assert (x @ x).dtype is torch.float32
    with pytest.warns(FutureWarning), torch.cpu.amp.autocast():
        assert (x @ x).dtype is torch.bfloat16
    with pytest.warns(FutureWarning), pytest.warns(UserWarning, match="CUDA"), torch.cuda.amp.autocast():
        assert (x @ x).dtype is torch.float32


def test_decorator_and_exceptions() -> None:
    @torch.autocast("cpu")
    def product(x):
        """Doc."""
        return x @ x

    assert product(torch.ones(2, 2)).dtype is torch.bfloat16 and product.__doc__ == "Doc."
    with pytest.raises(ZeroDivisionError), torch.autocast("cpu"):
        raise ZeroDivisionError
    assert not torch.is_autocast_enabled("cpu")


def test_parameters_are_converted_once_in_a_region() -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Conversions(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.count += "_to_copy" in str(func)
            return func(*args, **(kwargs or {}))

    weight, x = torch.ones(3, 3, requires_grad=True), torch.ones(3, 3, dtype=torch.bfloat16)
    with torch.autocast("cpu"):
        first = weight @ x
        assert (weight @ x).grad_fn.next_functions[0][0] is first.grad_fn.next_functions[0][0]
        with torch.no_grad():
            assert not (weight @ x).requires_grad
        assert (weight @ x).requires_grad  # what was converted without gradients does not serve
        with torch.no_grad():
            weight.mul_(2)
        assert (weight @ x)[0, 0] == 6  # nor what the parameter was before
    with torch.autocast("cpu", cache_enabled=False):
        a, b = weight @ x, weight @ x
        assert a.grad_fn.next_functions[0][0] is not b.grad_fn.next_functions[0][0]
    with torch.autocast("cpu"), Conversions() as mode:
        weight @ x
        weight @ x
    assert mode.count == 2  # a mode sees every conversion


def test_other_threads_have_their_own_state() -> None:
    seen = []
    with torch.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype))
        thread.start()
        thread.join()
    assert seen == [torch.float32]


CUSTOM = """
class Product(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu"CAST)
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a.mm(b)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        seen.append((torch.is_autocast_enabled("cpu"), grad.mm(b.t()).dtype if grad.dtype == b.dtype else grad.dtype))
        return grad.float().mm(b.float().t()), a.float().t().mm(grad.float())

seen = []
a, b = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
with torch.autocast("cpu"):
    out = Product.apply(a, b)
out.sum().backward()
outside = Product.apply(a, b)
result = [out.dtype, a.grad.dtype, seen, outside.dtype]
"""


@pytest.mark.parametrize("cast", ["", ", cast_inputs=torch.float32", ", cast_inputs=torch.float16"])
def test_custom_functions(both, cast) -> None:
    both(CUSTOM.replace("CAST", cast))


def test_deprecated_names() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning):
            torch.is_autocast_cpu_enabled()
        with pytest.raises(FutureWarning):
            torch.cuda.amp.custom_fwd(lambda ctx: ctx)
