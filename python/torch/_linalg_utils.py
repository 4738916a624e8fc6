"""Names of linear algebra that PyTorch has removed: each says what to call instead."""

from __future__ import annotations

from typing import Any, NoReturn

_REMOVED = "This function was deprecated since version 1.9 and is now removed: torch.{} is now {}."


def lstsq(input: Any, A: Any, *, out: Any = None) -> NoReturn:
    """Removed: see :func:`torch.linalg.lstsq`.

    Example:

        >>> torch.linalg.lstsq(torch.eye(2), torch.ones(2, 1)).solution
        tensor([[1.],
                [1.]])
    """
    raise RuntimeError(_REMOVED.format("lstsq", "torch.linalg.lstsq(A, input).solution, with its arguments reversed"))


def eig(self: Any, eigenvectors: bool = False, *, e: Any = None, v: Any = None) -> NoReturn:
    """Removed: see :func:`torch.linalg.eig`.

    Example:

        >>> torch.linalg.eig(torch.eye(2)).eigenvalues
        tensor([1.+0.j, 1.+0.j])
    """
    raise RuntimeError(_REMOVED.format("eig", "torch.linalg.eig or torch.linalg.eigvals, whose results are complex"))


def symeig(input: Any, eigenvectors: bool = False, upper: bool = True, *, out: Any = None) -> NoReturn:
    """Removed: see :func:`torch.linalg.eigh`.

    Example:

        >>> torch.linalg.eigvalsh(torch.eye(2))
        tensor([1., 1.])
    """
    raise RuntimeError(_REMOVED.format("symeig", "torch.linalg.eigh or torch.linalg.eigvalsh, which read UPLO='L'"))


def solve(input: Any, A: Any, *, out: Any = None) -> NoReturn:
    """Removed: see :func:`torch.linalg.solve`.

    Example:

        >>> torch.linalg.solve(torch.eye(2), torch.ones(2))
        tensor([1., 1.])
    """
    raise RuntimeError(_REMOVED.format("solve", "torch.linalg.solve(A, input), with its arguments reversed"))


def matrix_rank(input: Any, tol: Any = None, symmetric: bool = False, *, out: Any = None) -> NoReturn:
    """Removed: see :func:`torch.linalg.matrix_rank`.

    Example:

        >>> torch.linalg.matrix_rank(torch.eye(2))
        tensor(2)
    """
    raise RuntimeError(_REMOVED.format("matrix_rank", "torch.linalg.matrix_rank, whose symmetric is called hermitian"))
