"""Quasi-random numbers: points that fill the unit cube more evenly than random ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Optional

import torch

__all__ = ["SobolEngine"]


@cache
def _direction_numbers() -> tuple[Any, Any]:
    """Polynomials and first direction numbers of Joe and Kuo, from the table that SciPy has."""
    try:
        import numpy
        import scipy.stats
    except ImportError as error:
        raise NotImplementedError(
            "SobolEngine takes its direction numbers from SciPy, which is not installed"
        ) from error
    table = numpy.load(Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
    return table["poly"], table["vinit"]


def _initial_state(dimension: int, bits: int) -> torch.Tensor:
    """The direction numbers of each dimension, as integers of ``bits`` binary digits."""
    polynomials, first = _direction_numbers()
    state = torch.zeros(dimension, bits, dtype=torch.long)
    state[0] = torch.tensor([1 << (bits - 1 - j) for j in range(bits)])
    for d in range(1, dimension):
        polynomial = int(polynomials[d])
        degree = polynomial.bit_length() - 1
        m = [int(value) for value in first[d, :degree]]
        for j in range(degree, bits):
            value = m[j - degree]
            for k in range(1, degree + 1):
                if (polynomial >> (degree - k)) & 1:
                    value ^= m[j - k] << k
            m.append(value)
        state[d] = torch.tensor([m[j] << (bits - 1 - j) for j in range(bits)])
    return state


class SobolEngine:
    """The Sobol sequence of up to 21201 dimensions, scrambled if wished.

    Args:
        dimension: of the points.
        scramble: whether to scramble the sequence, by a random linear map of the digits and a shift.
            Default: ``False``
        seed: of the scrambling.

    Example:

        >>> torch.quasirandom.SobolEngine(dimension=2).draw(3)
        tensor([[0.0000, 0.0000],
                [0.5000, 0.5000],
                [0.7500, 0.2500]])
    """

    MAXBIT = 30
    MAXDIM = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: Optional[int] = None) -> None:
        if dimension > self.MAXDIM or dimension < 1:
            raise ValueError(f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]")
        self.seed = seed
        self.scramble = scramble
        self.dimension = dimension
        self.sobolstate = _initial_state(dimension, self.MAXBIT)
        self.shift = torch.zeros(dimension, dtype=torch.long)
        if scramble:
            self._scramble()
        self.quasi = self.shift.clone(memory_format=torch.contiguous_format)
        self._first_point = (self.quasi / 2**self.MAXBIT).reshape(1, -1)
        self.num_generated = 0

    def _scramble(self) -> None:
        generator = None
        if self.seed is not None:
            generator = torch.Generator()
            generator.manual_seed(self.seed)
        bits = self.MAXBIT
        powers = torch.pow(2, torch.arange(0, bits))
        self.shift = torch.mv(torch.randint(2, (self.dimension, bits), generator=generator), powers)
        digits = torch.randint(2, (self.dimension, bits, bits), generator=generator).tril()
        digits.diagonal(dim1=-2, dim2=-1).fill_(1)
        # Digit p of a number, counted from the highest, becomes the parity of its digits that row p names.
        rows = (digits * powers.flip(0)).sum(-1)
        parity = self.sobolstate[:, :, None] & rows[:, None, :]
        for width in (16, 8, 4, 2, 1):
            parity = parity ^ (parity >> width)
        self.sobolstate = ((parity & 1) * powers.flip(0)).sum(-1)

    def _points(self, first: int, n: int) -> torch.Tensor:
        """Points number ``first`` to ``first + n - 1``, as integers."""
        number = torch.arange(first, first + n)
        gray = number ^ (number >> 1)
        found = self.shift.expand(n, self.dimension).clone()
        for bit in range(int(first + n - 1).bit_length() if n else 0):
            found ^= ((gray >> bit) & 1)[:, None] * self.sobolstate[:, bit]
        return found

    def draw(self, n: int = 1, out: Optional[torch.Tensor] = None, dtype: Optional[torch.dtype] = None) -> torch.Tensor:
        """The next ``n`` points, as a tensor of ``n`` rows.

        Args:
            n: how many. Default: 1
            out: the tensor to write them to.
            dtype: of the result. Default: the default dtype
        """
        dtype = torch.get_default_dtype() if dtype is None else dtype
        points = self._points(self.num_generated, n)
        if n:
            self.quasi = points[-1].clone()
        self.num_generated += n
        result = points.to(dtype) / 2**self.MAXBIT
        if out is None:
            return result
        return out.resize_as_(result).copy_(result)

    def draw_base2(
        self, m: int, out: Optional[torch.Tensor] = None, dtype: Optional[torch.dtype] = None
    ) -> torch.Tensor:
        """The next ``2 ** m`` points; the sequence is balanced after a power of two.

        Args:
            m: the exponent.
            out: the tensor to write them to.
            dtype: of the result. Default: the default dtype
        """
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1) != 0:
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}. "
                "If you still want to do this, please use 'SobolEngine.draw()' instead."
            )
        return self.draw(n=n, out=out, dtype=dtype)

    def reset(self) -> SobolEngine:
        """Go back to the first point."""
        self.quasi = self.shift.clone()
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Pass over ``n`` points.

        Args:
            n: how many.
        """
        self.num_generated += n
        self.quasi = self._points(self.num_generated - 1, 1)[0]
        return self

    def __repr__(self) -> str:
        given = [f"dimension={self.dimension}"]
        if self.scramble:
            given.append("scramble=True")
        if self.seed is not None:
            given.append(f"seed={self.seed}")
        return f"{self.__class__.__name__}({', '.join(given)})"
