"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any, Optional

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.distribution import Distribution
from torch.distributions.utils import _standard_normal, lazy_property

__all__ = ["MultivariateNormal"]


def _batch_mv(bmat: Tensor, bvec: Tensor) -> Tensor:
    """Products of matrices and vectors, with batch dimensions that broadcast."""
    return torch.matmul(bmat, bvec.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(bL: Tensor, bx: Tensor) -> Tensor:
    """``x^T (L L^T)^-1 x`` with batch dimensions that broadcast.

    Dimensions that only the vectors have become columns of one triangular solve, so that the factors are not copied.
    """
    n = bx.size(-1)
    batch = bL.shape[:-2]
    shape = torch.broadcast_shapes(bx.shape[:-1], batch)
    own = shape[: len(shape) - len(batch)]
    rest = shape[len(own) :]
    columns = bx.expand(shape + (n,)).reshape((own.numel(),) + rest + (n,)).movedim(0, -1)
    solved = torch.linalg.solve_triangular(bL, columns, upper=False)
    return solved.pow(2).sum(-2).movedim(-1, 0).reshape(shape)


def _precision_to_scale_tril(P: Tensor) -> Tensor:
    """The Cholesky factor of the inverse of ``P``, without forming the inverse."""
    # With J reversing the order and J P J = A A^T, U = J A J is upper triangular and P = U U^T: U^-T is the factor.
    factor = torch.linalg.cholesky(torch.flip(P, (-2, -1)))
    transposed = torch.flip(factor, (-2, -1)).mT
    identity = torch.eye(P.shape[-1], dtype=P.dtype, device=P.device)
    return torch.linalg.solve_triangular(transposed, identity, upper=False)


class _OfCovariance:
    """Mixin: a covariance, given as such, as its inverse or as its Cholesky factor; the others follow from it."""

    _unbroadcasted_scale_tril: Tensor
    _batch_shape: torch.Size
    _event_shape: torch.Size

    @staticmethod
    def _the_one_given(error: type[Exception], **matrices: Optional[Tensor]) -> tuple[str, Tensor]:
        """Name and value of the only matrix that is given."""
        given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
        if len(given) != 1:
            raise error("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        return given[0]

    @staticmethod
    def _factor_of(name: str, matrix: Tensor) -> Tensor:
        """The Cholesky factor of the covariance, from the matrix of that name."""
        if name == "scale_tril":
            return matrix
        return torch.linalg.cholesky(matrix) if name == "covariance_matrix" else _precision_to_scale_tril(matrix)

    def _matrix(self, value: Tensor) -> Tensor:
        return value.expand(self._batch_shape + 2 * self._event_shape[-1:])

    @lazy_property
    def scale_tril(self) -> Tensor:
        """Cholesky factor of the covariance."""
        return self._matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        return self._matrix(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._matrix(torch.cholesky_inverse(self._unbroadcasted_scale_tril))


class MultivariateNormal(_OfCovariance, Distribution):
    """Vectors that are normally distributed, with a covariance.

    Exactly one of the three matrices is given; ``scale_tril`` costs least, since it is what the computations use.

    Args:
        loc: the mean
        covariance_matrix: the covariance
        precision_matrix: its inverse
        scale_tril: its Cholesky factor

    Example::

        >>> MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.zeros(2))
        tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Optional[Tensor] = None,
        precision_matrix: Optional[Tensor] = None,
        scale_tril: Optional[Tensor] = None,
        validate_args: Optional[bool] = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = self._the_one_given(
            ValueError, covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril
        )
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{what} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = torch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        self.loc = loc.expand(batch_shape + (-1,))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = self._factor_of(name, matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> MultivariateNormal:
        new = self._expanded(
            MultivariateNormal, batch_shape, _instance, loc=1, covariance_matrix=2, scale_tril=2, precision_matrix=2
        )
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = torch.Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _standard_normal(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def _half_log_det(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()

    def entropy(self) -> Tensor:
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return entropy.expand(self._batch_shape)
