"""Linear algebra and Fourier transforms on a device: errors, batches, gradients; test_op_table.py compares values."""

from __future__ import annotations

import pytest
import torch
from emulation import needs_device

pytestmark = needs_device


def matrices(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(*shape, dtype=dtype)


def test_singular_matrices_raise_as_on_the_cpu() -> None:
    singular = torch.zeros(2, 3, 3)
    singular[0] = torch.eye(3)
    for call in (
        torch.linalg.inv,
        torch.linalg.cholesky,
        torch.linalg.lu_factor,
        lambda a: torch.linalg.solve(a, torch.ones(3, 1, device=a.device)),
        lambda a: torch.linalg.eigh(a / 0),
        lambda a: torch.linalg.svd(a / 0),
        lambda a: torch.linalg.lstsq(a / 0, torch.ones(2, 3, 1, device=a.device)),
        lambda a: torch.cholesky_inverse(a),
    ):
        with pytest.raises(RuntimeError) as expected:
            call(singular)
        with pytest.raises(RuntimeError) as ours:
            call(singular.cuda())
        assert type(ours.value) is type(expected.value)
        assert str(ours.value).replace("cuda:0 ", "") == str(expected.value)
    assert torch.linalg.inv_ex(singular.cuda())[1].tolist() == torch.linalg.inv_ex(singular)[1].tolist()


def test_devices_of_operands_must_agree() -> None:
    a, b = torch.eye(3, device="cuda"), torch.ones(3, 1)
    for call in (torch.linalg.solve, torch.linalg.lstsq, lambda x, y: torch.linalg.solve_triangular(x, y, upper=True)):
        with pytest.raises(RuntimeError, match="same device.*cuda:0 and cpu"):
            call(a, b)


@pytest.mark.parametrize("shape", [(1, 4, 4), (5, 4, 4), (3, 300, 300)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_batches_large_and_small(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """Batches of small matrices take other functions of the libraries than large or single ones."""
    a = matrices(*shape, dtype=dtype)
    spd = a @ a.mH + shape[-1] * torch.eye(shape[-1], dtype=dtype)
    b = matrices(*shape[:-1], 2, dtype=dtype)
    lower = spd.tril()

    def alike(ours: torch.Tensor, expected: torch.Tensor) -> None:
        assert ours.is_cuda
        torch.testing.assert_close(ours.cpu(), expected, rtol=1e-9, atol=1e-9)

    alike(torch.linalg.solve(spd.cuda(), b.cuda()), torch.linalg.solve(spd, b))
    alike(torch.linalg.cholesky(spd.cuda()), torch.linalg.cholesky(spd))
    alike(torch.linalg.eigvalsh(spd.cuda()), torch.linalg.eigvalsh(spd))
    alike(
        torch.linalg.solve_triangular(lower.cuda(), b.cuda(), upper=False),
        torch.linalg.solve_triangular(lower, b, upper=False),
    )
    alike(torch.linalg.slogdet(spd.cuda())[1], torch.linalg.slogdet(spd)[1])
    values, vectors = torch.linalg.eigh(spd.cuda())
    alike(vectors @ torch.diag_embed(values).to(dtype) @ vectors.mH, spd)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 5, 3)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_factors_give_the_matrix_again(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    a = matrices(*shape, dtype=dtype).cuda()
    for full in (False, True):
        u, s, vh = torch.linalg.svd(a, full_matrices=full)
        k = s.shape[-1]
        assert torch.allclose(u[..., :k] * s.unsqueeze(-2).to(dtype) @ vh[..., :k, :], a)
        assert torch.allclose(vh @ vh.mH, torch.eye(vh.shape[-2], dtype=dtype, device="cuda"), atol=1e-9)
    for mode in ("reduced", "complete"):
        q, r = torch.linalg.qr(a, mode)
        assert torch.allclose(q @ r, a)
        assert torch.allclose(q.mH @ q, torch.eye(q.shape[-1], dtype=dtype, device="cuda"), atol=1e-9)
    p, lower, upper = torch.linalg.lu(a)
    assert torch.allclose(p @ lower @ upper, a)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_eigenvectors(dtype: torch.dtype) -> None:
    a = matrices(3, 5, 5, dtype=dtype).cuda()
    values, vectors = torch.linalg.eig(a)
    assert torch.allclose(a.to(torch.complex128) @ vectors, vectors * values.unsqueeze(-2))


@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss"])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)], ids=str)
def test_least_squares(driver: str, shape: tuple[int, int]) -> None:
    a, b = matrices(2, *shape), matrices(2, shape[0], 2)
    ours = torch.linalg.lstsq(a.cuda(), b.cuda(), driver=driver)
    expected = torch.linalg.lstsq(a, b, driver=driver)
    for mine, other in zip(ours, expected):
        torch.testing.assert_close(mine.cpu(), other, rtol=1e-9, atol=1e-9)
    poor = a.clone()
    poor[:, :, 0] = poor[:, :, 1]
    if driver != "gels":
        ours, expected = (
            torch.linalg.lstsq(poor.cuda(), b.cuda(), driver=driver),
            torch.linalg.lstsq(poor, b, driver=driver),
        )
        assert ours.rank.tolist() == expected.rank.tolist()
        torch.testing.assert_close(ours.solution.cpu(), expected.solution, rtol=1e-9, atol=1e-9)


def test_gradients() -> None:
    a = matrices(3, 3).cuda().requires_grad_()
    b = matrices(3, 2).cuda().requires_grad_()
    check = torch.autograd.gradcheck
    assert check(torch.linalg.solve, (a, b))
    assert check(torch.linalg.slogdet, (a,))
    assert check(lambda t: torch.linalg.svdvals(t), (a,))
    assert check(lambda t: torch.linalg.cholesky(t @ t.mT + torch.eye(3, dtype=t.dtype, device="cuda")), (a,))
    assert check(torch.fft.rfft, (a,))
    assert check(lambda t: torch.fft.irfft(torch.complex(t, t), 4), (a,))
    assert check(torch.special.i0e, (a,))


def test_pivots_are_checked() -> None:
    lu = torch.eye(3, device="cuda")
    wrong = torch.tensor([1, 2, 9], dtype=torch.int32, device="cuda")
    with pytest.raises(RuntimeError, match="between 1 and LU.size"):
        torch.linalg.lu_solve(lu, wrong, lu)
    with pytest.raises(RuntimeError, match="between 1 and LU.size.*but one is 9"):
        torch.lu_unpack(lu, wrong)[0].cpu()
    assert torch.linalg.inv(lu).equal(lu)  # the process goes on


def test_transforms_leave_their_operands_alone() -> None:
    """The library may write to the operand of a transform to real numbers."""
    x = torch.fft.rfft(matrices(4, 6, 10)).cuda()
    kept = x.clone()
    for dims in ((-1,), (0, 2), (0, 1, 2)):
        torch.testing.assert_close(torch.fft.irfftn(x, dim=dims).cpu(), torch.fft.irfftn(kept.cpu(), dim=dims))
        assert torch.equal(x, kept)


def test_transforms_of_many_dimensions() -> None:
    x = matrices(2, 3, 4, 3, 2, dtype=torch.complex128)
    torch.testing.assert_close(torch.fft.fftn(x.cuda()).cpu(), torch.fft.fftn(x))
    torch.testing.assert_close(torch.fft.rfftn(x.real.cuda()).cpu(), torch.fft.rfftn(x.real))
    moved = x.permute(3, 0, 4, 1, 2)[:, :, ::1]
    torch.testing.assert_close(torch.fft.ifftn(moved.cuda(), dim=(1, 3)).cpu(), torch.fft.ifftn(moved, dim=(1, 3)))


def test_plans_are_kept_and_go() -> None:
    """More shapes than plans that are kept, and the first of them again."""
    x = matrices(1100, 3)
    for n in (*range(1, 1100), 1, 2, 3):
        found = torch.fft.rfft(x[:n].cuda())
        assert n > 5 or torch.allclose(found.cpu(), torch.fft.rfft(x[:n]))
