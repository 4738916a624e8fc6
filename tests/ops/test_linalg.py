"""What factorizations satisfy, and gradients of functions that do not depend on signs and phases of vectors."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from conftest import is_ours

L = torch.linalg
DTYPES = (torch.float32, torch.float64, torch.complex64, torch.complex128)
WIDE = (torch.float64, torch.complex128)
SHAPES = ((5, 5), (3, 4, 4), (6, 3), (3, 6), (2, 2, 5, 3))


def close(a: Any, b: Any) -> None:
    narrow = a.dtype in (torch.float32, torch.complex64)
    torch.testing.assert_close(a, b, rtol=2e-4 if narrow else 1e-10, atol=2e-4 if narrow else 1e-10)


def random(*shape: int, dtype: Any = torch.float64, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    real = torch.float32 if dtype in (torch.float32, torch.complex64) else torch.float64
    values = torch.randn(*shape, dtype=real)
    return torch.complex(values, torch.randn(*shape, dtype=real)) if dtype.is_complex else values


def hermitian(a: Any) -> Any:
    return a + a.mH


def identity_like(a: Any) -> Any:
    return torch.eye(a.shape[-1], dtype=a.dtype).expand_as(a)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("full", [False, True])
def test_svd(dtype: Any, shape: tuple, full: bool) -> None:
    a = random(*shape, dtype=dtype)
    u, s, vh = L.svd(a, full_matrices=full)
    k = s.shape[-1]
    close((u[..., :k] * s.unsqueeze(-2).to(dtype)) @ vh[..., :k, :], a)
    close(u.mH @ u, identity_like(u.mH @ u))
    close(vh @ vh.mH, identity_like(vh @ vh.mH))
    assert (s[..., 1:] <= s[..., :-1]).all() and (s >= 0).all()
    close(L.svdvals(a), s)
    u, s, v = torch.svd(a, some=not full)
    close((u[..., :k] * s.unsqueeze(-2).to(dtype)) @ v[..., :k].mH, a)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 5), (3, 4, 4), (2, 2, 3, 3)])
@pytest.mark.parametrize("uplo", ["L", "U", "l"])
def test_eigh(dtype: Any, shape: tuple, uplo: str) -> None:
    a = hermitian(random(*shape, dtype=dtype))
    other = torch.full_like(a, 9)  # the triangle that is not read
    given = a.tril() + other.triu(1) if uplo.upper() == "L" else a.triu() + other.tril(-1)
    w, v = L.eigh(given, uplo)
    close((v * w.unsqueeze(-2).to(dtype)) @ v.mH, a)
    close(v.mH @ v, identity_like(a))
    close(L.eigvalsh(given, uplo), w)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 5), (3, 4, 4), (2, 2, 3, 3)])
def test_eig(dtype: Any, shape: tuple) -> None:
    a = random(*shape, dtype=dtype)
    w, v = L.eig(a)
    close(a.to(v.dtype) @ v, v * w.unsqueeze(-2))
    close(v.abs().square().sum(-2), torch.ones_like(w.real))
    values = L.eigvals(a)
    distance = (values.unsqueeze(-1) - w.unsqueeze(-2)).abs()
    assert (distance.amin(-1) < 1e-3).all() and (distance.amin(-2) < 1e-3).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(dtype: Any, shape: tuple, mode: str) -> None:
    a = random(*shape, dtype=dtype)
    q, r = L.qr(a, mode)
    close(q @ r, a)
    close(q.mH @ q, identity_like(q.mH @ q))
    close(r, r.triu())
    close(L.qr(a, "r").R, L.qr(a).R)
    if shape[-2] >= shape[-1]:
        close(torch.orgqr(*torch.geqrf(a)), L.qr(a).Q)


@pytest.mark.parametrize("dtype", DTYPES)
def test_ldl(dtype: Any) -> None:
    for symmetric in (False, True):
        b = random(2, 6, 6, dtype=dtype)
        a = b + (b.mT if symmetric else b.mH)
        x = random(2, 6, 3, dtype=dtype, seed=1)
        factors = L.ldl_factor(a, hermitian=not symmetric)
        close(L.ldl_solve(*factors, a @ x, hermitian=not symmetric), x)


@pytest.mark.parametrize("dtype", WIDE)
def test_large_batches_agree_with_single_matrices(dtype: Any) -> None:
    """Batches are split over threads."""
    a = random(300, 20, 20, dtype=dtype)
    for name in ("inv", "det", "svdvals", "eigvalsh", "cholesky"):
        of = a @ a.mH + torch.eye(20, dtype=dtype) if name in ("cholesky", "eigvalsh") else a
        together = getattr(L, name)(of)
        one_by_one = torch.stack([getattr(L, name)(m) for m in of])
        assert torch.equal(together, one_by_one), name


# ------------------------------------------------------------------------------------------------ gradients
GAUGE_FREE = {
    "eigh values": lambda a: L.eigh(hermitian(a)).eigenvalues,
    "eigh projector": lambda a: (lambda w, v: v[..., :2] @ v[..., :2].mH)(*L.eigh(hermitian(a))),
    "eigh both": lambda a: (lambda w, v: (v * w.exp().unsqueeze(-2)) @ v.mH)(*L.eigh(hermitian(a))),
    "eig values": lambda a: (lambda w: torch.stack([w.real.square().sum(-1), w.abs().sum(-1)]))(L.eig(a).eigenvalues),
    "eig both": lambda a: (lambda w, v: torch.view_as_real((v * w.unsqueeze(-2)) @ L.inv(v)))(*L.eig(a)),
    "eig vectors": lambda a: L.eig(a).eigenvectors.abs().square().sum(-2) + L.eig(a).eigenvectors.abs().sum(-2),
    "eigvals": lambda a: L.eigvals(a).abs().sum(-1),
}


def factor(a: Any) -> Any:
    """A lower triangle with a positive diagonal, as Cholesky factors are."""
    return a.tril(-1) + torch.diag_embed(3 + a.diagonal(dim1=-2, dim2=-1).real.tanh().to(a.dtype))


ONE_TRIANGLE = {
    "cholesky": lambda a: L.cholesky(a @ a.mH + torch.eye(a.shape[-1], dtype=a.dtype)),
    "cholesky upper": lambda a: L.cholesky(a @ a.mH + torch.eye(a.shape[-1], dtype=a.dtype), upper=True),
    "cholesky_solve": lambda a: torch.cholesky_solve(a.mH, factor(a)),
    "cholesky_solve upper": lambda a: torch.cholesky_solve(a.mH, factor(a).mH, upper=True),
    "cholesky_inverse": lambda a: torch.cholesky_inverse(factor(a)),
    "cholesky_inverse upper": lambda a: torch.cholesky_inverse(factor(a).mH, upper=True),
    "eigvalsh": lambda a: L.eigvalsh(a + a.mH, UPLO="U"),
    "pinv": lambda a: L.pinv(a + a.mH, hermitian=True),
}
SVD = {
    "svd values": lambda a: L.svd(a).S,
    "svdvals": lambda a: L.svdvals(a),
    "svd left": lambda a: (lambda u: u[..., :2] @ u[..., :2].mH)(L.svd(a, full_matrices=False).U),
    "svd right": lambda a: (lambda vh: vh[..., :2, :].mH @ vh[..., :2, :])(L.svd(a, full_matrices=False).Vh),
    "svd polar": lambda a: (lambda u, s, vh: u @ vh)(*L.svd(a, full_matrices=False)),
    "svd all": lambda a: (lambda u, s, vh: (u * s.exp().unsqueeze(-2)) @ vh)(*L.svd(a, full_matrices=False)),
    "svd full": lambda a: (
        lambda u, s, vh: (u[..., : s.shape[-1]] * s.exp().unsqueeze(-2)) @ vh[..., : s.shape[-1], :]
    )(*L.svd(a)),
    "nuclear norm": lambda a: L.matrix_norm(a, "nuc"),
    "spectral norm": lambda a: L.matrix_norm(a, 2),
    "cond": lambda a: L.cond(a),
    "pinv": lambda a: L.pinv(a),
}


def checked(f: Any, a: Any) -> None:
    a.requires_grad_()
    assert torch.autograd.gradcheck(f, (a,), eps=1e-6, atol=1e-5, rtol=1e-3)
    assert torch.autograd.gradgradcheck(f, (a,), eps=1e-6, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("name", GAUGE_FREE)
def test_gradients_of_eigen_decompositions(name: str, dtype: Any) -> None:
    for shape in ((3, 3), (2, 3, 3)):
        checked(GAUGE_FREE[name], random(*shape, dtype=dtype, seed=3))


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("name", SVD)
def test_gradients_of_singular_values(name: str, dtype: Any) -> None:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        checked(SVD[name], random(*shape, dtype=dtype, seed=3))


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("name", ONE_TRIANGLE)
def test_gradients_where_one_triangle_is_read(name: str, dtype: Any) -> None:
    for shape in ((3, 3), (2, 3, 3)):
        checked(ONE_TRIANGLE[name], random(*shape, dtype=dtype, seed=3))


@pytest.mark.parametrize("name", [*GAUGE_FREE, *SVD])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients_are_the_oracles(name: str, dtype: str, both: Any) -> None:
    """The same snippet on both sides: the table's functions by their place in this file."""
    import inspect
    import linecache

    table = "GAUGE_FREE" if name in GAUGE_FREE else "SVD"
    lines = inspect.getsource(sys.modules[__name__])
    start = lines.index(f"{table} = {{")
    definition = lines[start : lines.index("\n}\n", start) + 3]
    linecache.checkcache()
    both(
        "L = torch.linalg\n"
        "hermitian = lambda a: a + a.mH\n"
        f"{definition}"
        f"a = (torch.arange(12, dtype=torch.float64).square().cos() * 2).reshape(4, 3).to(torch.{dtype})\n"
        f"a = a + 1j * a.flip(0) if {dtype == 'complex128'} else a\n"
        f"a = a[:3] if {name in GAUGE_FREE} else a\n"
        "a = a.clone().requires_grad_()\n"
        f"y = {table}[{name!r}](a)\n"
        "(y.abs() if y.is_complex() else y).sum().backward()\n"
        "result = a.grad",
        scale=1e5,
        strides=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        "torch.linalg.eigh(a).eigenvectors.real.sum().backward()",
        "torch.linalg.eig(a).eigenvectors.real.sum().backward()",
        "torch.linalg.svd(a).U.real.sum().backward()",
    ],
)
def test_losses_that_depend_on_phases_are_refused(code: str, both: Any) -> None:
    both(
        f"torch.manual_seed(0); a = torch.complex(torch.randn(3, 3), torch.randn(3, 3)).requires_grad_(); {code}",
        contains=("ill-defined",),
    )


@pytest.mark.parametrize("dtype", WIDE)
def test_det_of_singular_matrices(dtype: Any) -> None:
    """The gradient is the matrix of cofactors, whatever the rank."""
    for values in ([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]], [[1.0, 2, 3], [2, 4, 6], [3, 6, 9]], [[0.0] * 3] * 3):
        a = torch.tensor(values, dtype=dtype) * (1 + 0.5j if dtype.is_complex else 1)
        cofactors = torch.empty_like(a)
        for r in range(3):
            for c in range(3):
                rows, columns = [i for i in range(3) if i != r], [i for i in range(3) if i != c]
                minor = a[rows][:, columns]
                cofactors[r, c] = (-1) ** (r + c) * (minor[0, 0] * minor[1, 1] - minor[0, 1] * minor[1, 0])
        a.requires_grad_()
        L.det(a).backward(torch.ones((), dtype=dtype))
        close(a.grad, cofactors.conj())


# ------------------------------------------------------------------------------------------------ errors
@pytest.mark.parametrize(
    "code,words",
    [
        ("torch.linalg.cholesky(-torch.eye(2).expand(3, 2, 2))", "Batch element 0"),
        ("torch.linalg.inv(torch.stack([torch.eye(2), torch.ones(2, 2)]))", "Batch element 1"),
        ("torch.linalg.solve(torch.zeros(2, 2), torch.ones(2))", "singular"),
        ("torch.linalg.svd(torch.full((2, 2), float('nan')))", "non-finite"),
        ("torch.linalg.lstsq(torch.full((3, 2), float('nan')), torch.ones(3), driver='gelsd')", ""),
        ("torch.linalg.eigh(torch.full((3, 3), float('nan')))", "failed to converge"),
    ],
)
def test_numerical_failures_are_linalg_errors(code: str, words: str, both: Any) -> None:
    both(f"result = {code}", contains=(words,))
    with pytest.raises(L.LinAlgError, match=words):
        eval(code)
    assert issubclass(L.LinAlgError, RuntimeError)


def test_removed_functions_say_what_to_call(both: Any) -> None:
    for name in ("lstsq", "eig", "symeig", "solve", "matrix_rank"):
        arguments = "(torch.eye(2), torch.eye(2))" if name in ("lstsq", "solve") else "(torch.eye(2))"
        both(f"torch.{name}{arguments}", contains=("torch.linalg",))


def test_no_derivative(both: Any) -> None:
    both("torch.geqrf(torch.rand(3, 3, requires_grad=True))[0].sum().backward()", contains=("geqrf", "not implemented"))
    both("torch.geqrf(torch.rand(3, 3, requires_grad=True))[1].sum().backward()", contains=("geqrf", "not implemented"))


def test_nuclear_norms(both: Any) -> None:
    for call in (
        "torch.norm(x, 'nuc', (1, 2))",
        "x[0].norm('nuc')",
        "torch.norm(x, 'nuc', dim=(0, 2), keepdim=True)",
        "x.norm('nuc', 0)",
    ):
        both(f"x = torch.arange(24.0).cos().reshape(2, 3, 4); result = {call}", scale=10)


def test_orthogonal_initialisation(both: Any) -> None:
    for shape in ((5, 3), (3, 5), (2, 3, 4)):
        both(f"torch.manual_seed(0); result = torch.nn.init.orthogonal_(torch.empty({shape}))", scale=10)


# ------------------------------------------------------------------------------------------------ low rank
def test_lowrank() -> None:
    a = random(20, 4) @ random(4, 15, seed=1)
    for of in (a, a.mT, a.expand(2, 20, 15)):
        u, s, v = torch.svd_lowrank(of, 4)
        close((u * s.unsqueeze(-2)) @ v.mT, of)
        close(s, L.svdvals(of)[..., :4])
    u, s, v = torch.svd_lowrank(a, 4, M=a.mean(0))
    close((u * s) @ v.mT, a - a.mean(0))
    u, s, v = torch.pca_lowrank(a, 4)
    close((u * s) @ v.mT, a - a.mean(0))
    with pytest.raises(ValueError, match="min"):
        torch.svd_lowrank(a, 16)


# ------------------------------------------------------------------------------------------------ the process
@pytest.mark.skipif(not is_ours(), reason="the reference stands in")
def test_lapack_is_opened_at_the_first_call_and_starts_no_threads() -> None:
    code = (
        "import os, torch\n"
        "opened = lambda: 'openblas' in open('/proc/self/maps').read()\n"
        "a = torch.rand(8, 8); (a @ a).sum().item(); torch.linalg.vector_norm(a)\n"
        "assert not opened()\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "torch.linalg.svd(torch.rand(200, 200))\n"
        "assert opened()\n"
        "assert len(os.listdir('/proc/self/task')) == before\n"
        "assert 'OPENBLAS_NUM_THREADS' not in os.environ"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("method", ["basic", "ortho"])
@pytest.mark.parametrize("largest", [True, False])
def test_lobpcg(method: str, largest: bool) -> None:
    a = random(2, 30, 30)
    a = a @ a.mT
    values, vectors = torch.lobpcg(a, k=3, largest=largest, method=method, niter=-1)
    exact = L.eigvalsh(a)
    close(values, exact.flip(-1)[:, :3] if largest else exact[:, :3])
    torch.testing.assert_close(a @ vectors, vectors * values.unsqueeze(-2), rtol=1e-4, atol=1e-4)
    b = torch.diag(torch.arange(1.0, 31, dtype=torch.float64))
    values, vectors = torch.lobpcg(a[0], k=2, B=b, largest=largest, method=method, niter=-1)
    exact = L.eigvalsh(b.rsqrt().nan_to_num(posinf=0) @ a[0] @ b.rsqrt().nan_to_num(posinf=0))
    close(values, exact.flip(-1)[:2] if largest else exact[:2])


def test_lobpcg_gradients() -> None:
    a = random(12, 12)
    start = random(12, 2, seed=1)

    def f(a: Any) -> Any:
        w, v = torch.lobpcg(hermitian(a) / 2, k=2, X=start, niter=-1, tol=1e-13)
        return w, v.abs()

    assert torch.autograd.gradcheck(f, (a.requires_grad_(),), atol=1e-5)
    with pytest.raises(ValueError, match="3 x"):
        torch.lobpcg(torch.eye(5), k=2)
